"""``pellucid run`` with ``--engine`` and ``--workers``: the same files, and a job that was killed goes on."""

import json
import os
import signal
import subprocess
import sys

import pytest
from waiting import alive, wait_until

from pellucid.explain.plan import BLOCK_ROWS

MODEL = """
import os, time
from pathlib import Path
import numpy as np

def held(rows):
    late = Path("hold-late-rows").exists() and rows[:, 5].max() > 100
    alone = Path("hold-until-three").exists() and len({line.split()[0] for line in open("asked.txt")}) < 3
    return late or alone

def slow(rows):
    rows = np.asarray(rows, dtype=float)
    with open("asked.txt", "a") as file:
        file.write(f"{os.getpid()} {len(rows)}\\n")
    while held(rows):
        time.sleep(0.05)
    return np.tanh(rows[:, 0] * rows[:, 1] / 20) + rows[:, 2] * rows[:, 3] / 30 + rows[:, 4] - rows[:, 5]
"""
ROWS = 12 * BLOCK_ROWS
HEADERS = ["id", "a", "b", "c", "d", "e", "f"]


@pytest.fixture
def job(workplace):
    """A job of twelve units of one block; three of them are late rows."""
    workplace.file("models_of_engines.py", MODEL)
    cells = [[(i * (j + 2)) % (j + 5) for j in range(5)] + [i % 7 + 200 * (i >= ROWS * 3 / 4)] for i in range(ROWS)]
    lines = [",".join([f"r{i}", *map(str, row)]) for i, row in enumerate(cells)]
    workplace.file("rows.csv", "\n".join(lines) + "\n")
    document = {
        "dataset_type": "text/csv",
        "headers": HEADERS,
        "joinsource_name_or_index": "id",
        "methods": {
            "shap": {"baseline": [[0.5] * 6] * 40, "num_samples": 60, "save_local_shap_values": True},
            "pdp": {"features": ["a"], "grid_resolution": 3},
        },
        "predictor": {"model": "models_of_engines:slow"},
    }
    workplace.file("job.json", json.dumps(document))
    return workplace


def arguments(output, *more):
    return ["run", "job.json", "--data", "rows.csv", "--output", output, "--no-report", *more]


def asked(job):
    lines = (job.folder / "asked.txt").read_text().splitlines()
    return {line.split()[0] for line in lines}, sum(int(line.split()[1]) for line in lines)


def files(job, output):
    names = ("analysis.json", "pellucid.json", "explanations_shap/out.csv")
    return [(job.folder / output / name).read_text() for name in names]


def test_an_engine_that_is_none_is_told(job):
    ended = job.command(*arguments("output", "--engine", "sparc"))
    assert (ended.code, ended.err) == (
        2,
        "--engine: got 'sparc'. Use 'local' or 'spark'; did you mean 'spark'?\n",
    )


def test_workers_are_for_this_machine_only(job):
    ended = job.command(*arguments("output", "--engine", "spark", "--workers", "2"))
    assert ended.code == 2
    assert ended.err == (
        "--workers: got 2. Workers are processes of this machine. How many Spark has is for its master to say, as in "
        "local[4].\n"
    )


@pytest.mark.slow
def test_any_number_of_workers_writes_the_same_bytes(job):
    assert job.process(*arguments("one", "--workers", "1")).code == 0
    processes, alone = asked(job)
    assert len(processes) == 1
    (job.folder / "asked.txt").unlink()
    job.file("pellucid.toml", "[engine]\nworkers = 3\n")
    job.file("hold-until-three", "")
    assert job.process(*arguments("three")).code == 0
    processes, shared = asked(job)
    assert len(processes) == 3
    assert shared == alone
    assert files(job, "one") == files(job, "three")


@pytest.mark.slow
def test_a_job_that_was_killed_goes_on_where_it_was(job):
    assert job.process(*arguments("whole", "--workers", "1")).code == 0
    _, everything = asked(job)
    (job.folder / "asked.txt").unlink()
    job.file("hold-late-rows", "")
    command = [sys.executable, "-c", "from pellucid.cli.main import entry; entry()"]
    killed = subprocess.Popen([*command, *arguments("output", "--workers", "2")], cwd=job.folder, env=dict(os.environ))
    kept = job.folder / "output" / ".resume"
    wait_until(lambda: len(list(kept.rglob("shap-*.npz"))) >= 4 or killed.poll() is not None)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    finished = len(list(kept.rglob("shap-*.npz")))
    assert 4 <= finished < 12
    workers, _ = asked(job)
    wait_until(lambda: not any(alive(int(worker)) for worker in workers))
    (job.folder / "asked.txt").unlink()
    (job.folder / "hold-late-rows").unlink()
    ended = job.process(*arguments("output", "--workers", "1"))
    assert ended.code == 0
    assert f"{BLOCK_ROWS * finished:,} of {ROWS:,} rows were explained by an earlier run and not again." in ended.out
    _, again = asked(job)
    assert again < everything * (12 - finished + 1) / 12
    assert files(job, "output") == files(job, "whole")
    assert not kept.exists()
