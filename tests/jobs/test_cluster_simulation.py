"""A simulated cluster: laws of scheduling, and what two processes really take."""

import json
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.api.job import run_job
from pellucid.explain.estimate import BLOCK_ROWS
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


# --- two processes ----------------------------------------------------------------------------------------------------
UNITS, SLOW = 8, (2, 5)
MODEL = """
import time

import numpy as np


def predict(rows: np.ndarray):
    time.sleep(len(rows) * (600e-6 if (rows[:, 0] == 2).any() else 200e-6))
    return rows.sum(axis=1)
"""


def seconds_between_results(folder, monkeypatch, workers):
    """Seconds from the first result to the last of a real job whose units 2 and 5 take three times as long."""
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    (folder / "sleeping_model.py").write_text(MODEL)
    names = [f"x{i}" for i in range(12)]
    lines = [",".join(["2" if unit in SLOW else "1", *["1"] * 11]) for unit in range(UNITS) for _ in range(BLOCK_ROWS)]
    (folder / "rows.csv").write_text("\n".join([",".join(names), *lines]))
    shap = {"baseline": [[0] * 12], "num_samples": 2072}
    document = {"dataset_type": "text/csv", "methods": {"shap": shap}, "predictor": {"model": "sleeping_model:predict"}}
    (folder / "analysis_config.json").write_text(json.dumps(document))
    seen = []

    def progress(step):
        if step.startswith("explaining") and "of" in step:
            seen.append(time.monotonic())

    run_job(
        folder / "analysis_config.json",
        data=str(folder / "rows.csv"),
        output=folder / f"out-{workers}",
        workers=workers,
        progress=progress,
    )
    assert len(seen) == UNITS
    return seen[-1] - seen[0]


@pytest.mark.slow
def test_two_processes_save_what_the_simulation_says(tmp_path, monkeypatch):
    """Within a quarter of the ratio: other work on the machine takes its part."""
    alone, together = (seconds_between_results(tmp_path, monkeypatch, workers) for workers in (1, 2))
    durations = [3.0 if unit in SLOW else 1.0 for unit in range(UNITS)]
    spans = [np.ptp(run(durations, Cluster(workers=workers)).results) for workers in (1, 2)]
    assert together / alone == pytest.approx(spans[1] / spans[0], rel=0.25)
