"""A job on bias loads and starts nothing that it does not need: most of the time of a small one is loading."""

import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

RUN = """
import atexit, gc, json, os, sys
from pellucid.cli.main import entry

def tell():
    state = {"modules": sorted(sys.modules), "threshold": gc.get_threshold(), "frozen": gc.get_freeze_count()}
    json.dump(state | {"environment": dict(os.environ)}, sys.stderr)

atexit.register(tell)
sys.argv = ["pellucid", "run", "analysis_config.json", "--data", "people.csv", "--no-report"]
entry()
"""

FOREIGN = {
    "altair",
    "duckdb",
    "http",
    "jinja2",
    "matplotlib",
    "narwhals",
    "pandas",
    "polars",
    "pyarrow",
    "rich",
    "scipy",
    "skimage",
    "sklearn",
    "ssl",
    "typer",
}
OWN = {"pellucid.charts", "pellucid.models", "pellucid.reports", "pellucid.jobs.explanations", "pellucid.text_units"}
OWN |= {"pellucid.api.evidence", "pellucid.api.reporting", "pellucid.bias.neighbours", "pellucid.config.faults"}
OWN |= {"pellucid.datasets.database", "pellucid.datasets.json_document", "pellucid.results.forecast"}
OWN |= {"pellucid.cli.commands", "pellucid.datasets.join", "pellucid.engines.frames", "pellucid.results.evidence"}


def state_at_the_end(workplace, **environment):
    """What a job on bias left in its process."""
    ended = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=workplace.folder,
        env={name: value for name, value in os.environ.items() if name != "COLUMNS"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Written in" in ended.stdout
    return json.loads(ended.stderr)


def test_a_job_on_bias_loads_neither_explanations_nor_reports_nor_other_kinds_of_tables(workplace):
    loaded = state_at_the_end(workplace)["modules"]
    assert [name for name in loaded if name in OWN or name.partition(".")[0] in FOREIGN] == []


def test_garbage_is_looked_for_as_usual_once_a_job_runs(workplace):
    state = state_at_the_end(workplace)
    assert state["threshold"] == [700, 10, 10]
    assert state["frozen"] > 10_000


@pytest.mark.parametrize(("name", "value"), [("PYDANTIC_DISABLE_PLUGINS", "logfire"), ("OPENBLAS_THREAD_TIMEOUT", "9")])
def test_programs_that_the_job_starts_find_the_settings_of_libraries_as_they_were(workplace, name, value):
    assert name not in state_at_the_end(workplace)["environment"]
    assert state_at_the_end(workplace, **{name: value})["environment"][name] == value


@pytest.mark.slow
def test_evidence_names_the_engine_that_counted_though_not_all_of_its_package_is_loaded(workplace):
    ended = workplace.process("run", "analysis_config.json", "--data", "people.csv")
    evidence = json.loads((workplace.folder / "output" / "evidence.json").read_text())
    assert ended.code == 0
    assert evidence["versions"]["duckdb"] == version("duckdb")


@pytest.mark.parametrize(
    ("closed", "config", "code"),
    [(">&-", "analysis_config.json", 0), ("<&- >&- 2>&-", "analysis_config.json", 0), ("2>&-", "none.json", 2)],
    ids=["output", "all", "errors"],
)
def test_a_stream_that_is_closed_is_no_fault(workplace, closed, config, code):
    job = f"run {config} --data people.csv --no-report"
    command = f"{sys.executable} -c 'from pellucid.cli.main import entry; entry()' {job} {closed}"
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(command, shell=True, cwd=workplace.folder, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")
    assert (workplace.folder / "output" / "analysis.json").exists() == (code == 0)
