"""``pellucid run`` with ``--engine`` and ``--workers``: the same files, and a job that was killed goes on."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

MODEL = """
import os, time
import numpy as np

def slow(rows):
    rows = np.asarray(rows, dtype=float)
    with open("asked.txt", "a") as file:
        file.write(f"{os.getpid()} {len(rows)}\\n")
    time.sleep(0.05)
    return np.tanh(rows[:, 0] * rows[:, 1] / 20) + rows[:, 2] * rows[:, 3] / 30 + rows[:, 4] - rows[:, 5]
"""
ROWS = 384
HEADERS = ["id", "a", "b", "c", "d", "e", "f"]


@pytest.fixture
def job(workplace):
    """A job of twelve units of one block."""
    workplace.file("models_of_engines.py", MODEL)
    lines = [",".join([f"r{i}", *(str((i * (j + 2)) % (j + 5)) for j in range(6))]) for i in range(ROWS)]
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
    command = [sys.executable, "-c", "from pellucid.cli.main import entry; entry()"]
    killed = subprocess.Popen([*command, *arguments("output", "--workers", "2")], cwd=job.folder, env=dict(os.environ))
    kept = job.folder / "output" / ".resume"
    deadline = time.monotonic() + 30
    while len(list(kept.rglob("shap-*.npz"))) < 4 and time.monotonic() < deadline and killed.poll() is None:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    finished = len(list(kept.rglob("shap-*.npz")))
    assert 4 <= finished < 12
    time.sleep(2)  # its workers end with it
    (job.folder / "asked.txt").unlink()
    ended = job.process(*arguments("output", "--workers", "1"))
    assert ended.code == 0
    assert f"{32 * finished} of 384 rows were explained by an earlier run and not again." in ended.out
    _, again = asked(job)
    assert again < everything * (12 - finished + 1) / 12
    assert files(job, "output") == files(job, "whole")
    assert not kept.exists()
