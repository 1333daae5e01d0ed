"""A cluster of two workers on this machine, one of which is killed in the middle of a job."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from waiting import SECONDS_OF_A_HANG, wait_until

from pellucid.bias.flip_test import Flips
from pellucid.bias.neighbours import SENT_ROWS
from pellucid.explain.plan import BLOCK_ROWS

pytestmark = pytest.mark.slow

MODEL = """
import time
from pathlib import Path
import numpy as np

HOLD = Path(FOLDER, "hold-late-rows")

def chance(rows):
    rows = np.asarray(rows, dtype=float)
    while HOLD.exists() and rows[:, 5].max() > 1:
        time.sleep(0.05)
    return 1 / (1 + np.exp(-(rows[:, 0] * rows[:, 1] - rows[:, 2] + rows[:, 3] * rows[:, 4] * rows[:, 5])))
"""
ROWS = 20 * BLOCK_ROWS
COMMAND = [sys.executable, "-c", "from pellucid.cli.main import entry; entry()", "run"]


@pytest.fixture
def cluster(tmp_path):
    """The address of a master, and the processes of its two workers."""
    pyspark = pytest.importorskip("pyspark", reason="PySpark is not installed")
    if shutil.which("java") is None:
        pytest.skip("PySpark needs Java, which is not installed")
    spark_class = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(tmp_path / "work")}
    at = ["--host", "127.0.0.1", "--webui-port", "0"]
    started = []

    def start(name, *arguments):
        log = (tmp_path / f"{name}-{len(started)}.log").open("wb")
        command = [spark_class, f"org.apache.spark.deploy.{name.lower()}.{name}", *at, *arguments]
        with log:
            started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True))
        return started[-1]

    try:
        start("Master", "--port", "0")
        address = wait_until(lambda: re.search(r"spark://127\.0\.0\.1:\d+", (tmp_path / "Master-0.log").read_text()))[0]
        workers = [start("Worker", "--cores", "1", "--memory", "1g", address) for _ in range(2)]
        registered = [tmp_path / f"Worker-{place}.log" for place in (1, 2)]
        wait_until(lambda: all("Successfully registered" in log.read_text() for log in registered))
        yield address, workers
    finally:
        for process in started:
            end(process)


def end(process):
    """End a process with all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def write_job(folder):
    rng = np.random.default_rng(4)
    numbers = rng.random((ROWS, 6))
    numbers[ROWS * 3 // 4 :, 5] += 1.01  # the late rows
    lines = ["id,a,b,c,d,e,f", *(f"r{i}," + ",".join(f"{x:.3f}" for x in row) for i, row in enumerate(numbers))]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")
    (folder / "model_of_cluster.py").write_text(MODEL.replace("FOLDER", repr(str(folder))))
    (folder / "hold-late-rows").touch()
    document = {
        "dataset_type": "text/csv",
        "joinsource_name_or_index": "id",
        "methods": {
            "shap": {
                "baseline": [[0.5] * 6] * 33,  # units of one block of rows
                "num_samples": 60,
                "estimator": "leverage",
                "save_local_shap_values": True,
            }
        },
        "predictor": {"model": "model_of_cluster:chance"},
    }
    (folder / "config.json").write_text(json.dumps(document))


@pytest.fixture
def run(tmp_path):
    """Starts a job, which does not outlive the test."""
    started = []

    def start(*arguments):
        command = [*COMMAND, "config.json", "--data", "rows.csv", "--no-report", *arguments]
        environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "COLUMNS": "200"}
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        started.append(subprocess.Popen(command, cwd=tmp_path, env=environment, start_new_session=True, **output))
        return started[-1]

    yield start
    for process in started:
        end(process)
        process.stdout.close()


def test_a_job_ends_with_the_right_numbers_though_a_worker_is_killed(cluster, run, tmp_path):
    address, (_, second) = cluster
    write_job(tmp_path)
    (tmp_path / "pellucid.toml").write_text(f'[engine]\nmaster = "{address}"\n')
    job = run("--engine", "spark", "--output", "spark")
    kept = tmp_path / "spark" / ".resume"
    wait_until(lambda: job.poll() is not None or len(list(kept.rglob("shap-*.npz"))) >= 4)
    assert job.poll() is None, job.stdout.read()
    second.send_signal(signal.SIGKILL)
    assert len(list(kept.rglob("shap-*.npz"))) < ROWS // BLOCK_ROWS  # there is work left that it had
    (tmp_path / "hold-late-rows").unlink()
    said, _ = job.communicate(timeout=SECONDS_OF_A_HANG)
    assert job.returncode == 0, said

    local = run("--workers", "1", "--output", "local")
    said, _ = local.communicate(timeout=SECONDS_OF_A_HANG)
    assert local.returncode == 0, said
    for name in ("analysis.json", "pellucid.json"):
        assert (tmp_path / "spark" / name).read_text() == (tmp_path / "local" / name).read_text()
    parts = sorted((tmp_path / "spark" / "explanations_shap" / "out.csv").iterdir())
    together = "".join(part.read_text() for part in parts)
    assert together == (tmp_path / "local" / "explanations_shap" / "out.csv").read_text()
    assert len(together.splitlines()) == ROWS + 1


# --- the flip test ----------------------------------------------------------------------------------------------------
BALLOT = """
import os, time
from pathlib import Path

class Waiting:
    \"\"\"Votes as the recipe given, but not before a file says so.\"\"\"

    def __init__(self, recipe, folder):
        self.recipe, self.folder = recipe, folder

    def opened(self):
        vote = self.recipe.opened()

        def answer(block):
            Path(self.folder, f"begun-{os.getpid()}").touch()
            while not Path(self.folder, "go on").exists():
                time.sleep(0.05)
            return vote(block)

        return answer
"""
FLIPS = """
import sys
from pathlib import Path
import numpy as np
from pellucid.bias.flip_test import count_flips
from pellucid.engines.spark_pool import spark_pool
from pellucid.engines.spark_session import SparkSettings, spark_session
from recipe_of_cluster import Waiting

if __name__ == "__main__":
    rows = np.load("rows.npz")
    with spark_session(SparkSettings(master=sys.argv[1]), log=Path("spark.log")) as session:
        session.sparkContext.addPyFile("recipe_of_cluster.py")
        workers = lambda recipe: spark_pool(session, Waiting(recipe, str(Path.cwd())))
        print(count_flips(rows["a"], rows["positive_a"], rows["d"], rows["positive_d"], workers=workers), flush=True)
"""


def test_the_flip_test_is_that_of_scikit_learn_though_a_worker_is_killed_in_the_middle(cluster, tmp_path):
    address, (_, second) = cluster
    rng = np.random.default_rng(5)
    a, d = rng.integers(0, 90, (3000, 3)), rng.integers(0, 90, (5 * SENT_ROWS, 3))
    accepted, predicted = rng.random(len(a)) < 0.5, rng.random(len(d)) < 0.4
    np.savez(tmp_path / "rows.npz", a=a, d=d, positive_a=accepted, positive_d=predicted)
    (tmp_path / "recipe_of_cluster.py").write_text(BALLOT)
    (tmp_path / "flips.py").write_text(FLIPS)
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True}
    script = subprocess.Popen([sys.executable, "flips.py", address], cwd=tmp_path, env=environment, **output)
    try:
        wait_until(lambda: script.poll() is not None or len(list(tmp_path.glob("begun-*"))) >= 2)
        assert script.poll() is None, script.stdout.read()
        os.killpg(second.pid, signal.SIGKILL)
        (tmp_path / "go on").touch()
        said, _ = script.communicate(timeout=SECONDS_OF_A_HANG)
    finally:
        end(script)
        script.stdout.close()
    assert script.returncode == 0, said
    neighbours = KNeighborsClassifier(5).fit(a, accepted).predict(d)
    to_negative, to_positive = np.count_nonzero(predicted & ~neighbours), np.count_nonzero(~predicted & neighbours)
    assert said.splitlines()[-1] == repr(Flips(len(d), int(to_negative), int(to_positive), len(d)))
