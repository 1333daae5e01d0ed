"""Rows with a formula beside rows without one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget
from pellucid.explain.maskers.tabular import players_of
from pellucid.explain.plan import Plan
from pellucid.jobs.explanations.exact_rows import ExactRows, bounded_by_samples, with_exact_rows
from pellucid.jobs.explanations.request import ShapRequest
from pellucid.jobs.explanations.shap_job import ShapTask, ShapUnit, explained_unit, units_expected
from pellucid.protocols.model import Batch

FIRST = 192


def sampled(left):
    """Every row's value is 100 and its position."""
    return Attributions(
        values=(100.0 + left)[:, None, None],
        standard_errors=np.ones((len(left), 1, 1)),
        base_values=np.zeros((len(left), 1)),
        predictions=(100.0 + left)[:, None],
        samples=np.full(len(left), 9),
        blocks=(FIRST + np.arange(len(left))) // 64,
        estimators=("leverage",) * len(left),
        model_rows=10 * len(left),
    )


@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_each_row_keeps_its_place_whether_a_formula_holds_or_not(holds):
    rows = len(holds)
    exact = ExactRows(np.array(holds), np.arange(rows)[:, None, None] * 1.0, np.zeros((rows, 1)), "exact: trees", 7)
    found = with_exact_rows(exact, FIRST, 64, sampled)
    expected = [float(row) if held else 100.0 + row for row, held in enumerate(holds)]
    assert found.values[:, 0, 0].tolist() == expected
    assert found.predictions[:, 0].tolist() == expected
    assert found.standard_errors[:, 0, 0].tolist() == [0.0 if held else 1.0 for held in holds]
    assert list(found.estimators) == ["exact: trees" if held else "leverage" for held in holds]
    assert found.samples.tolist() == [0 if held else 9 for held in holds]
    assert (np.diff(found.blocks) >= 0).all()
    assert found.model_rows == 7 + 10 * holds.count(False)


def test_a_bound_on_the_whole_job_is_one_on_each_row():
    # Each row twice, to see whether its formula holds and beside its coalitions, and the same for each of 16 bases.
    budget = Budget(model_calls=1000 * (2 + 5 * 2) + 2 * 16 * 2, samples=50)
    assert bounded_by_samples(budget, total=1000, inputs_per_coalition=2, bases=16) == Budget(samples=5)
    one_less = Budget(model_calls=1000 * (2 + 5 * 2) + 2 * 16 * 2 - 1)
    assert bounded_by_samples(one_less, total=1000, inputs_per_coalition=2, bases=16) == Budget(samples=4)
    few = Budget(model_calls=1000 * (2 + 5 * 2) + 2 * 16 * 2, samples=3)
    assert bounded_by_samples(few, total=1000, inputs_per_coalition=2, bases=16) == Budget(samples=3)
    assert bounded_by_samples(Budget(samples=3), total=1000, inputs_per_coalition=2, bases=16) == Budget(samples=3)


@pytest.mark.parametrize("budget", [Budget(), Budget(model_calls=140 * 40)], ids=["default", "model calls"])
def test_a_unit_has_the_same_values_whichever_rows_its_formula_holds_for(budget):
    rng = np.random.default_rng(0)
    rows = Batch({name: rng.normal(size=140) for name in "abc"})
    zero = Batch({name: np.zeros(2) + place for place, name in enumerate("abc")})
    request = ShapRequest(
        players=players_of(rows.names), plan=Plan(budget=budget), link="identity", aggregation="mean_abs",
        num_clusters=None, save_local=False,
    )  # fmt: skip
    task = ShapTask(features=rows.names, total=268, baseline=zero, request=request, by_formula=True)
    unit = ShapUnit(first=128, rows=rows)

    def score(batch):
        return (batch.columns["a"] * batch.columns["b"] + batch.columns["c"])[:, None]

    every = explained_unit(unit, task, score, clock=lambda: 0.0)
    holds = rng.random(140) < 0.6

    def exactly(asked, games):
        assert len(asked) == games.rows == 140
        values = every.attributions.values
        return ExactRows(
            holds, np.where(holds[:, None, None], values, np.nan), every.attributions.base_values, "f", 142
        )

    mixed = explained_unit(unit, task, score, clock=lambda: 0.0, exactly=exactly)
    assert mixed.attributions.values == pytest.approx(every.attributions.values, abs=1e-12)
    assert mixed.attributions.estimators.count("f") == holds.sum()
    assert (every.common_base, mixed.common_base) == (True, False)
    assert units_expected(replace(task, total=5_000), lambda: unit.rows) == 3  # of 2,048 rows


def test_rows_without_a_formula_are_asked_what_the_bound_on_the_job_allows_each_row_of_it():
    rng = np.random.default_rng(1)
    rows = Batch({name: rng.normal(size=140) for name in "abcdefgh"})
    zero = Batch({name: np.zeros(2) + place for place, name in enumerate("abcdefgh")})
    # All 268 rows twice and 40 coalitions before 2 background rows each; these twice for each of 5 blocks as well.
    budget = Budget(model_calls=268 * (2 + 40 * 2) + 2 * 5 * 2)
    request = ShapRequest(
        players=players_of(rows.names), plan=Plan(budget=budget), link="identity", aggregation="mean_abs",
        num_clusters=None, save_local=False,
    )  # fmt: skip
    task = ShapTask(features=rows.names, total=268, baseline=zero, request=request, by_formula=True)
    holds = np.arange(140) % 2 == 0
    asked = []

    def score(batch):
        asked.append(len(batch))
        return (batch.columns["a"] * batch.columns["b"] + batch.columns["c"])[:, None]

    def exactly(_, games):
        ends = games.ends(range(140))
        return ExactRows(holds, np.zeros((140, 8, 1)), ends.values[:, 0], "f", ends.model_rows)

    found = explained_unit(ShapUnit(first=128, rows=rows), task, score, clock=lambda: 0.0, exactly=exactly)
    assert found.attributions.samples.tolist() == [0 if held else 40 for held in holds]
    assert found.attributions.model_rows == sum(asked) <= 140 * (1 + 1) + 70 * 40 * 2 + 2 * 3 * 2
