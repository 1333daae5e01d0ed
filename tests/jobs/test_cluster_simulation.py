"""A simulated cluster: laws of scheduling, and the order in which processes really work."""

import json
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import wait_until

from pellucid.api.job import run_job
from pellucid.explain.plan import BLOCK_ROWS
from pellucid.jobs.cluster_simulation import Cluster, draw_durations, simulate

DURATIONS = st.lists(st.floats(0.1, 10), min_size=1, max_size=40).map(np.array)


def run(durations, cluster, records=0.0, seed=0):
    return simulate(np.asarray(durations, dtype=float), records, cluster, np.random.default_rng(seed))


# --- laws -------------------------------------------------------------------------------------------------------------
@given(DURATIONS, st.integers(1, 8), st.integers(1, 4))
def test_no_schedule_beats_equal_shares_or_the_longest_unit(durations, workers, ahead):
    found = run(durations, Cluster(workers=workers, ahead=ahead))
    assert found.seconds >= max(durations.sum() / workers, durations.max()) * (1 - 1e-12)
    assert found.seconds <= durations.sum() * (1 + 1e-12)
    assert found.busy == pytest.approx(durations.sum() / (workers * found.seconds))


@given(DURATIONS)
def test_one_worker_takes_the_sum(durations):
    assert run(durations, Cluster(workers=1, startup_seconds=3)).seconds == pytest.approx(3 + durations.sum())


def test_a_slow_unit_holds_up_those_that_are_too_far_ahead():
    durations = [10, *[1] * 8]
    assert run(durations, Cluster(workers=2, ahead=1)).seconds == 13  # two beside it, the other six after it
    assert run(durations, Cluster(workers=2, ahead=100)).seconds == 10


def test_an_endpoint_answers_no_faster_for_more_workers():
    limited = [run(np.ones(40), Cluster(workers=w, records_per_second=100), records=100).seconds for w in (1, 4, 40)]
    assert limited == [40, 40, 40]
    assert run(np.ones(40), Cluster(workers=4, records_per_second=1000), records=100).seconds == 10


def test_what_a_lost_worker_did_is_done_again():
    calm, lossy = Cluster(workers=4, startup_seconds=1), Cluster(workers=4, startup_seconds=1, lost_per_hour=120)
    without, with_losses = run(np.ones(200), calm), run(np.ones(200), lossy)
    assert without.lost == 0
    assert with_losses.lost > 0
    assert with_losses.seconds > without.seconds
    assert with_losses.busy < without.busy


def test_units_that_outlive_their_workers_are_refused_not_tried_for_ever():
    with pytest.raises(ValueError, match="Workers are lost too often"):
        run([3600 * 6], Cluster(workers=1, lost_per_hour=1))


def test_equal_seeds_give_equal_times():
    cluster = Cluster(workers=3, spread=0.3, stragglers=0.1, lost_per_hour=60)
    first, second = (
        simulate(draw_durations(50, 2.0, cluster, rng), 0, cluster, rng).results
        for rng in (np.random.default_rng(7), np.random.default_rng(7))
    )
    assert first.tolist() == second.tolist()


def test_durations_have_the_mean_and_the_stragglers_asked_for():
    cluster = Cluster(workers=1, spread=0.2, stragglers=0.1, straggler_factor=3)
    drawn = draw_durations(100_000, 2.0, cluster, np.random.default_rng(0))
    assert drawn.mean() == pytest.approx(2.0 * (0.9 + 0.1 * 3), rel=0.01)


# --- processes --------------------------------------------------------------------------------------------------------
MODEL = """
import time
from pathlib import Path

import numpy as np


def predict(rows: np.ndarray):
    unit = int(rows[:, 0].max()) - 1
    if unit >= 0:
        Path(FOLDER, f"begun-{unit}").touch()
        while not Path(FOLDER, f"done-{unit}").exists():
            time.sleep(0.005)
    return rows.sum(axis=1)
"""


def job_of(units, folder):
    """A job of so many units of one block, each of which works from ``begun-`` until ``done-`` with its number."""
    names = [f"x{i}" for i in range(12)]
    lines = [",".join([str(unit + 1), *["1"] * 11]) for unit in range(units) for _ in range(BLOCK_ROWS)]
    (folder / "rows.csv").write_text("\n".join([",".join(names), *lines]))
    shap = {"baseline": [[0] * 12] * 40, "num_samples": 60}
    document = {"dataset_type": "text/csv", "methods": {"shap": shap}, "predictor": {"model": "waiting_model:predict"}}
    (folder / "analysis_config.json").write_text(json.dumps(document))
    (folder / "waiting_model.py").write_text(MODEL.replace("FOLDER", repr(str(folder))))


def begins_of(durations, cluster):
    """When each unit is begun: one that lasted for ever would end so much later."""
    for_ever = 1e9
    return [run([*durations[:unit], for_ever], cluster).seconds - for_ever for unit in range(len(durations))]


def follow(durations, cluster, folder):
    """End units in the order that the simulation says; the units that did not work as it says meanwhile."""
    begins, wrong = begins_of(durations, cluster), []
    ends = [begin + duration for begin, duration in zip(begins, durations, strict=True)]

    def begun(unit):
        return (folder / f"begun-{unit}").exists()

    for ended in sorted(range(len(durations)), key=lambda unit: ends[unit]):
        wait_until(lambda now=ends[ended]: all(begun(unit) for unit, begin in enumerate(begins) if begin < now))
        wrong += [unit for unit, begin in enumerate(begins) if begin > ends[ended] and begun(unit)]
        (folder / f"done-{ended}").touch()
    return wrong


def conducted(durations, cluster, folder, wrong):
    """What `follow` finds, in ``wrong``; however it ends, the job does too."""
    wrong.append("not followed to the end")
    try:
        wrong[:] = follow(durations, cluster, folder)
    finally:
        for unit in range(len(durations)):
            (folder / f"done-{unit}").touch()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_processes_work_on_units_in_the_order_that_the_simulation_says(workers, tmp_path, monkeypatch):
    durations = [1.0, 1.5, 9.25, 1.0, 1.5, 1.0, 1.0, 3.5, 1.0, 1.0, 1.5, 1.0]  # the third holds up those far behind it
    job_of(len(durations), tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delitem(sys.modules, "waiting_model", raising=False)
    wrong = []
    conductor = threading.Thread(target=conducted, args=(durations, Cluster(workers=workers), tmp_path, wrong))
    conductor.start()
    data, output = str(tmp_path / "rows.csv"), tmp_path / "out"
    run_job(tmp_path / "analysis_config.json", data=data, output=output, workers=workers)
    conductor.join()
    assert wrong == []
