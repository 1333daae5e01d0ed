"""Starting Spark: what is missing or does not answer is told, in bounded time, with what to do."""

import json
import os
import socket
import subprocess
import sys

import pytest
from waiting import SECONDS_OF_A_HANG

from pellucid.engines.spark_errors import told
from pellucid.engines.spark_session import check_java
from pellucid.errors import DataError, MissingExtra, PellucidError

COMMAND = [sys.executable, "-c", "from pellucid.cli.main import entry; entry()", "run"]
INSTEAD = "Install Java 17 or 21 (a package such as openjdk-17-jre-headless), or use --engine local."


def java(folder, said, code=0):
    """A command that says which Java it is."""
    command = folder / "bin" / "java"
    command.parent.mkdir(exist_ok=True)
    command.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit {code}\n")
    command.chmod(0o755)
    return command


# --- Java -------------------------------------------------------------------------------------------------------------
def test_without_java_it_is_said_what_to_install(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtra) as caught:
        check_java()
    assert str(caught.value) == f"Spark needs Java, and there is no command 'java'. {INSTEAD}"


@pytest.mark.parametrize(
    ("said", "shown"),
    [('openjdk version "1.8.0_392"', "Java 8"), ('openjdk version "11.0.21" 2023-10-17', "Java 11")],
)
def test_java_that_is_too_old_is_named(monkeypatch, tmp_path, said, shown):
    command = java(tmp_path, said)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(MissingExtra) as caught:
        check_java()
    assert str(caught.value) == f"Spark needs Java 17 or newer, and '{command}' is {shown}. {INSTEAD}"


def test_java_that_is_new_enough_is_accepted(monkeypatch, tmp_path):
    java(tmp_path, 'openjdk version "21.0.1" 2023-10-17')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    check_java()


def test_a_home_of_java_without_java_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(MissingExtra) as caught:
        check_java()
    assert str(caught.value).startswith(f"JAVA_HOME is '{tmp_path}', and Java cannot be run there: ")


# --- masters ----------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_master_that_does_not_answer_is_told(tmp_path):
    with socket.socket() as silent:  # nothing listens, and nobody else can
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        master = f"spark://127.0.0.1:{port}"
        (tmp_path / "pellucid.toml").write_text(f'[engine]\nmaster = "{master}"\n')
        ended = run(tmp_path)  # in a process without a session, which would be used
    assert ended.returncode == 2
    assert ended.stderr == (
        f"pellucid.toml [engine] master: got '{master}'. No master answers there "
        f"(127.0.0.1:{port}: Connection refused). Start it, correct the address, or use --engine local.\n"
    )


def run(folder, **environment):
    """A small job on Spark in a process of its own."""
    document = {
        "dataset_type": "text/csv",
        "label": "y",
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}],
        "methods": {"pre_training_bias": {"methods": ["CI"]}},
    }
    (folder / "config.json").write_text(json.dumps(document))
    (folder / "rows.csv").write_text("sex,y\n" + "F,1\nM,0\nM,1\n" * 20)
    return subprocess.run(
        [*COMMAND, "config.json", "--data", "rows.csv", "--engine", "spark", "--no-report"],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "1000", **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS_OF_A_HANG,
        check=False,
    )


@pytest.mark.slow
def test_a_master_of_the_defaults_is_used_and_told_where_spark_does_not_take_it(tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "spark-defaults.conf").write_text("spark.master  nonsense\n")
    ended = run(tmp_path, SPARK_CONF_DIR=str(tmp_path / "conf"))
    assert ended.returncode == 2
    assert ended.stderr.startswith("--engine: got 'spark'. Spark does not start: ")
    assert "Master must either be yarn or start with spark" in ended.stderr
    assert ended.stderr.endswith(", or use --engine local. What it printed is in output/.resume/spark.log.\n")


# --- what Spark says --------------------------------------------------------------------------------------------------
class Said(Exception):
    __module__ = "pyspark.errors"


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        (
            "...\nModuleNotFoundError: No module named 'pellucid.engines'\n",
            MissingExtra,
            "The Python of Spark's workers lacks the module 'pellucid'. Run there: pip install 'pellucid[spark]==",
        ),
        (
            "[PYTHON_VERSION_MISMATCH] Python in worker has different version",
            MissingExtra,
            "Spark's workers run another version of Python than 3.",
        ),
        (
            'java.io.IOException: Cannot run program "/opt/none/python": error=2, No such file or directory',
            MissingExtra,
            "Spark's workers have no '/opt/none/python' to run Python with. Point PYSPARK_PYTHON ",
        ),
        (
            "[PATH_NOT_FOUND] Path does not exist: file:/a.parquet.",
            DataError,
            "data set: Spark's workers cannot read the files. Put them where every machine of the cluster sees them ",
        ),
        (
            "org.apache.spark.SparkException: Job aborted\nCaused by: OutOfMemoryError: heap\n\tat a.b.c(D.java:1)",
            PellucidError,
            "Spark ended the job: Caused by: OutOfMemoryError: heap",
        ),
    ],
)
def test_failures_of_spark_are_told_with_what_to_do(said, kind, message):
    with pytest.raises(PellucidError) as caught, told():
        raise Said(said)
    assert type(caught.value) is kind
    assert str(caught.value).startswith(message)


def test_other_errors_pass_unchanged():
    with pytest.raises(KeyError), told():
        raise KeyError("x")


@pytest.mark.slow
def test_a_python_of_the_workers_without_packages_is_told(tmp_path):
    import venv

    venv.create(tmp_path / "bare")
    ended = run_explanation(tmp_path, PYSPARK_PYTHON=str(tmp_path / "bare" / "bin" / "python"))
    assert ended.returncode == 2
    assert ended.stderr.startswith("The Python of Spark's workers lacks the module ")
    assert "Traceback" not in ended.stderr


def run_explanation(folder, **environment):
    (folder / "model_of_session.py").write_text("def score(rows):\n    return rows[:, 0]\n")
    document = {
        "dataset_type": "text/csv",
        "methods": {"shap": {"baseline": [[0, 0]]}},
        "predictor": {"model": "model_of_session:score"},
    }
    (folder / "explain.json").write_text(json.dumps(document))
    (folder / "numbers.csv").write_text("a,b\n" + "1,2\n" * 40)
    return subprocess.run(
        [*COMMAND, "explain.json", "--data", "numbers.csv", "--engine", "spark", "--no-report"],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "1000", **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS_OF_A_HANG,
        check=False,
    )
