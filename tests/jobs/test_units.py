"""Units of work: in order whatever the pool does, and taken from an earlier run where it did them."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.budget import Budget
from pellucid.explain.maskers.tabular import players_of
from pellucid.explain.partial_dependence import Grid
from pellucid.explain.plan import Plan
from pellucid.jobs.explanations.part_files import local_value_parts
from pellucid.jobs.explanations.pdp_job import PdpUnit
from pellucid.jobs.explanations.request import ShapRequest
from pellucid.jobs.explanations.shap_job import ShapTask, shap_units, units_expected
from pellucid.jobs.explanations.unit_store import UnitStore, task_identity
from pellucid.jobs.explanations.units import UnitWork, settled
from pellucid.protocols.model import Batch

FEATURES = ("a", "b", "c")
REQUEST = ShapRequest(
    players=players_of(FEATURES),
    plan=Plan(),
    link="identity",
    aggregation="mean_abs",
    num_clusters=None,
    save_local=False,
)
ROWS = Batch({name: np.random.default_rng(3).normal(size=200) for name in FEATURES})
TASK = ShapTask(features=FEATURES, total=200, baseline=Batch({name: np.zeros(1) for name in FEATURES}), request=REQUEST)


def product(batch):
    return np.prod(list(batch.columns.values()), axis=0)[:, None]


def units():
    return list(shap_units([ROWS], TASK, clock=lambda: 0.0, rows_at_once=64))


class Shuffled:
    """A pool that works on what it was given in an order of its own, when the first result is asked for."""

    at_once = 3

    def __init__(self, work, depth=0, seed=0):
        self.work, self.depth = work, depth
        self.given, self.results, self.done = [], {}, []
        self.order = random.Random(seed)

    def submit(self, unit):
        self.given.append(unit)
        return Later(self, unit)

    def finish(self):
        self.order.shuffle(self.given)
        for unit in self.given:
            self.results[id(unit)] = self.work(unit)
            self.done.append(unit.number)
        self.given = []


class Later:
    def __init__(self, pool, unit):
        self.pool, self.unit = pool, unit

    def result(self):
        if id(self.unit) not in self.pool.results:
            self.pool.finish()
        return self.pool.results[id(self.unit)]


def values(found):
    return np.concatenate([one.result.attributions.values for one in found])


# --- order ------------------------------------------------------------------------------------------------------------
@given(st.integers(0, 6), st.integers(0, 1000))
def test_results_come_in_the_order_of_the_rows_however_a_pool_works(depth, seed):
    found = list(settled(units(), Shuffled(UnitWork(TASK, product), depth, seed), UnitStore(None, "")))
    assert [one.unit.first for one in found] == [0, 64, 128, 192]
    expected = list(settled(units(), Shuffled(UnitWork(TASK, product)), UnitStore(None, "")))
    assert np.array_equal(values(found), values(expected))


def wide(columns, rows, active):
    """A job that alone asks the model, on rows of so many features, of which so many differ from the baseline."""
    names = tuple(f"x{i}" for i in range(columns))
    cells = np.zeros((rows, columns))
    for row, number in enumerate(np.broadcast_to(active, rows)):
        cells[row, :number] = row + 1
    baseline = Batch({name: np.zeros(1) for name in names})
    task = ShapTask(features=names, total=rows, baseline=baseline, request=replace(REQUEST, players=players_of(names)))
    return replace(task, asked_here=True), Batch({name: cells[:, i] for i, name in enumerate(names)})


def rows_of(task, rows, **plan):
    task = replace(task, request=replace(task.request, plan=Plan(**plan)))
    sizes = [len(unit.rows) for unit in shap_units([rows], task, clock=lambda: 0.0)]
    assert units_expected(task, lambda: rows[:8192]) == len(sizes)
    return sizes


def test_a_unit_of_rows_that_differ_in_all_features_is_a_block():
    task, rows = wide(20, 200, active=20)
    assert rows_of(task, rows) == [64, 64, 64, 8]  # of 2,088 coalitions each
    assert rows_of(task, rows, budget=Budget(samples=500)) == [128, 72]


def test_a_unit_is_as_large_as_what_its_rows_ask_for():
    task, rows = wide(20, 64 * 20, active=np.repeat([20, 9, 2], [64 * 2, 64 * 8, 64 * 10]))
    # 2,088 coalitions a row are more than wanted, 510 make two blocks a unit, and 2 let all the rest be one.
    assert rows_of(task, rows) == [64] * 2 + [128] * 4 + [640]


def test_units_of_a_job_that_other_processes_can_share_are_eight_or_more():
    task, rows = wide(6, 64 * 32, active=4)
    assert rows_of(replace(task, asked_here=False), rows) == [256] * 8
    assert rows_of(task, rows) == [64 * 32]  # 14 coalitions each


def test_a_unit_has_8192_rows_at_most():
    task, rows = wide(2, 20_000, active=2)
    assert rows_of(task, rows) == [8192, 8192, 3616]


def test_units_expected_of_many_rows_are_told_from_the_first():
    task, rows = wide(6, 8192, active=4)
    assert units_expected(replace(task, total=10 * 8192), lambda: rows) == 20  # two of 122,880 inputs


# --- what is kept -----------------------------------------------------------------------------------------------------
def run(folder, identity="model", pool_units=None, work=None, depth=2):
    pool = Shuffled(work or UnitWork(TASK, product), depth)
    found = list(settled(pool_units or units(), pool, UnitStore(folder, identity)))
    return found, sorted(pool.done)


def test_what_an_earlier_run_finished_is_not_done_again(tmp_path):
    first, done = run(tmp_path)
    assert done == [0, 1, 2, 3]
    second, done = run(tmp_path)
    assert done == []
    assert all(one.kept for one in second)
    assert np.array_equal(values(first), values(second))
    for one, again in zip(first, second, strict=True):
        assert one.result.attributions.estimators == again.result.attributions.estimators
        assert one.result.attributions.model_rows == again.result.attributions.model_rows
        assert one.result.attributions.loadings is again.result.attributions.loadings is None  # all is exact
        assert one.result.active.tolist() == again.result.active.tolist()
        assert one.result.common_base is again.result.common_base


def test_what_rows_bring_to_the_errors_of_global_values_is_kept_too(tmp_path):
    wide = tuple(f"x{place}" for place in range(12))
    rows = Batch({name: np.random.default_rng(place).normal(size=200) for place, name in enumerate(wide)})
    request = replace(REQUEST, players=players_of(wide), plan=Plan(budget=Budget(samples=100)))
    task = replace(TASK, features=wide, baseline=Batch({name: np.zeros(1) for name in wide}), request=request)
    parts = list(shap_units([rows], task, clock=lambda: 0.0, rows_at_once=64))
    first, done = run(tmp_path, pool_units=parts, work=UnitWork(task, product))
    assert len(done) == 4
    second, done = run(tmp_path, pool_units=parts, work=UnitWork(task, product))
    assert done == []
    for one, again in zip(first, second, strict=True):
        for name in ("loadings", "odd_parts"):
            kept, found = getattr(again.result.attributions, name), getattr(one.result.attributions, name)
            assert kept.any()
            assert kept.tobytes() == found.tobytes()


def test_results_of_another_format_are_not_taken_for_ones_of_this(tmp_path, monkeypatch):
    monkeypatch.setattr("pellucid.jobs.explanations.unit_store.FORMAT", 1)
    run(tmp_path)
    monkeypatch.undo()
    assert run(tmp_path)[1] == [0, 1, 2, 3]


def test_a_run_that_failed_keeps_the_units_before_and_goes_on_there(tmp_path):
    def fails(unit):
        if unit.first == 128:
            raise ValueError("no power")
        return UnitWork(TASK, product)(unit)

    with pytest.raises(ValueError, match="no power"):
        run(tmp_path, work=fails, depth=0)
    found, done = run(tmp_path)
    assert done == [2, 3]
    assert [one.kept for one in found] == [True, True, False, False]


def test_another_model_or_other_rows_are_done_anew(tmp_path):
    run(tmp_path)
    assert run(tmp_path, identity="another model")[1] == [0, 1, 2, 3]
    changed = units()
    rows = {**changed[1].rows.columns, "a": changed[1].rows.columns["a"] + 1}
    changed[1] = replace(changed[1], rows=Batch(rows))
    assert run(tmp_path, pool_units=changed)[1] == [1]


@pytest.mark.parametrize(
    "other",
    [
        replace(TASK, total=201),
        replace(TASK, baseline=Batch({name: np.ones(1) for name in FEATURES})),
        replace(TASK, request=replace(REQUEST, link="logit")),
        replace(TASK, request=replace(REQUEST, plan=Plan(seed=1))),
        replace(TASK, request=replace(REQUEST, players=players_of(FEATURES, groups={"g": ["a", "b"]}))),
    ],
)
def test_whatever_changes_values_changes_the_identity(other):
    assert task_identity(other) != task_identity(TASK)


def test_a_file_that_a_crash_cut_off_is_done_anew(tmp_path):
    run(tmp_path)
    file = sorted(tmp_path.rglob("*.npz"))[2]
    file.write_bytes(file.read_bytes()[:200])
    assert run(tmp_path)[1] == [2]


def test_sums_of_partial_dependence_are_kept_whatever_features_are_called(tmp_path):
    rows = Batch({"file": np.array([1.0, 2.0]), "a/b": np.array([3.0, 4.0])})
    grids = {name: Grid(np.array([0.0, 1.0]), np.array([0.5, 0.5])) for name in rows.names}

    def total(batch):
        return sum(batch.columns.values())[:, None]

    unit = PdpUnit(number=0, rows=rows, grids=grids)
    first, done = run(tmp_path, pool_units=[unit], work=UnitWork(None, total))
    again, not_done = run(tmp_path, pool_units=[unit], work=UnitWork(None, total))
    assert (done, not_done) == ([0], [])
    assert {name: found.sums.tolist() for name, found in again[0].result.items()} == {
        "file": [[7.0, 9.0]],
        "a/b": [[3.0, 5.0]],
    }
    other = {**grids, "file": Grid(np.array([0.0, 2.0]), np.array([0.5, 0.5]))}
    assert run(tmp_path, pool_units=[replace(unit, grids=other)], work=UnitWork(None, total))[1] == [0]
    assert first[0].kept is False


# --- part files -------------------------------------------------------------------------------------------------------
def test_part_files_begin_at_a_unit_once_the_one_before_has_enough_rows(tmp_path):
    identities = np.array(["r0", "r1", "r2", "r3", "r4"], dtype=object)
    values = np.arange(5.0).reshape(5, 1, 1)
    with local_value_parts(tmp_path / "out.csv", ["a"], "id", rows_per_part=2) as parts:
        for rows in (slice(0, 1), slice(1, 4), slice(4, 5)):
            parts.write(values[rows], ["label0"], identities[rows])
    written = sorted((tmp_path / "out.csv").iterdir())
    assert {file.name: file.read_text() for file in written} == {
        "part-00000.csv": "a_label0,id\n0.0,r0\n1.0,r1\n2.0,r2\n3.0,r3\n",
        "part-00001.csv": "a_label0,id\n4.0,r4\n",
    }
