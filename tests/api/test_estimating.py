"""``pellucid estimate``: from the configuration alone, and with data and model at hand."""

import json
import re
import sys

import pytest

from pellucid.api.estimating import estimate
from pellucid.api.job import run_job
from pellucid.cli.main import main
from pellucid.errors import ConfigError

NAMES = ["a", "b", "c", "d", "label"]
MODEL = """
import numpy as np


def predict(rows: np.ndarray):
    return 1 / (1 + np.exp(-rows.sum(axis=1)))
"""


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Writes a configuration, with data and a model beside it: ``job(shap={...})``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "summing_model.py").write_text(MODEL)
    lines = [f"{i % 7},{i % 5},{i % 3},0,{i % 2}" for i in range(200)]
    (tmp_path / "rows.csv").write_text("\n".join([",".join(NAMES), *lines]))

    def write(*, headers=None, **methods):
        document = {
            "dataset_type": "text/csv",
            "label": "label",
            "methods": methods,
            "predictor": {"model": "summing_model:predict"},
            **({} if headers is None else {"headers": headers}),
        }
        (tmp_path / "analysis_config.json").write_text(json.dumps(document))
        return tmp_path / "analysis_config.json"

    return write


SHAP = {"baseline": [[0, 0, 0, 0]], "num_samples": 100}


def test_the_configuration_alone_gives_wide_ranges(job):
    found = estimate(job(shap=SHAP, headers=NAMES), rows=1e6)
    assert (found.workload.players, found.workload.background.high) == (4, 1)
    assert found.workload.coalitions.high == 14  # all coalitions of four features but the empty and the full one
    assert found.cost.total.inputs.high == 1e6 * 14 + 1e6 + 1
    assert found.cost.total.seconds is None


def test_data_narrow_the_ranges_to_what_the_job_asks(job):
    config = job(shap=SHAP)
    found = estimate(config, data="rows.csv", records_per_second=1000)
    assert found.workload.rows == 200
    asked = run_job(config, data="rows.csv", output="out", workers=1).explanations.shap.model_rows
    assert found.cost.total.inputs.low <= asked <= found.cost.total.inputs.high
    assert found.cost.total.inputs.high < estimate(config, rows=200, features=4).cost.total.inputs.high


def test_a_probe_measures_the_model(job):
    found = estimate(job(shap=SHAP), data="rows.csv", probe=True)
    assert found.machines.records_per_second > 0
    assert any(note.startswith("Measured with 100 rows: about ") for note in found.notes)


def test_rows_of_the_future_take_the_place_of_those_counted(job):
    assert estimate(job(shap=SHAP), data="rows.csv", rows=1e9).workload.rows == 1e9


def test_all_that_is_wrong_is_told_at_once(job):
    with pytest.raises(ConfigError) as error:
        estimate(job(shap=SHAP), rows=-1, samples=0, workers=0, probe=True)
    assert str(error.value).splitlines() == [
        "--rows: got -1. Use a number above 0.",
        "--samples: got 0. Use a number above 0.",
        "--workers: got 0. Use a number above 0.",
        "--probe: The model is asked with rows of the data; give --data.",
    ]
    with pytest.raises(ConfigError) as error:
        estimate(job(shap=SHAP))
    assert str(error.value) == "--rows: Say how many rows there will be, such as --rows 1e9, or give --data."
    with pytest.raises(ConfigError) as error:
        estimate(job(shap=SHAP), rows=5)
    assert str(error.value) == (
        "headers: The configuration does not tell how many features there are. Say it with --features, or give --data."
    )


def test_fewer_samples_and_a_smaller_baseline_are_offered(job):
    found = estimate(
        job(shap={"num_clusters": 100, "num_samples": 2000}), rows=1e6, features=30, records_per_second=1e4
    )
    assert [text for text, _ in found.cheaper] == [
        "num_samples 200 in the place of 2,000",
        "a baseline of 10 rows in the place of 100",
    ]
    assert all(cost.total.seconds.high < found.cost.total.seconds.high for _, cost in found.cheaper)


def shown(monkeypatch, capsys, *arguments):
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(sys, "argv", ["pellucid", "estimate", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code, capsys.readouterr()


def test_the_command_shows_every_step_and_the_total(job, monkeypatch, capsys):
    config = job(shap=SHAP, pdp={"grid_resolution": 10}, headers=NAMES)
    options = ("--rows", "1e9", "--workers", "200", "--records-per-second", "5000")
    code, output = shown(monkeypatch, capsys, config, *options)
    assert code == 0
    first, *lines = output.out.splitlines()
    assert re.sub(r"\s+", " ", first) == (
        "1,000,000,000 rows, 4 features, 2 to 14 samples per row, a baseline of 1 row, 200 workers, "
        "5,000 records per second by each"
    )
    assert [line.split("  ")[0] for line in lines if line.startswith(("SHAP", "partial", "total"))] == [
        "SHAP",
        "partial dependence",
        "total",
    ]
    assert "a worker is lost" not in output.err


def test_what_more_workers_do_not_shorten_is_told(job):
    bias = {"methods": ["DPPL", "FT"]}
    config = job(shap=SHAP, post_training_bias=bias)
    facet = {"facet": [{"name_or_index": "a"}], "label_values_or_threshold": [1], "headers": NAMES}
    config.write_text(json.dumps({**json.loads(config.read_text()), **facet}))
    asked = "The predictions that bias is measured on are asked by one process, however many workers."
    flip_test = (
        "The time of the flip test is not estimated, nor part of the total. flip_test_sample shortens it; its memory "
        "is that of all rows."
    )
    notes = estimate(config, rows=1e6, records_per_second=1000, workers=4).notes
    assert asked in notes
    assert flip_test in notes
    assert asked not in estimate(config, rows=1e6, records_per_second=1000).notes


def test_json_holds_both_ends_of_every_range(job, monkeypatch, capsys):
    code, output = shown(monkeypatch, capsys, job(shap=SHAP, headers=NAMES), "--rows", "1000", "--json")
    document = json.loads(output.out)
    assert code == 0
    assert document["total"]["inputs"] == [0.2 * 3000 + 1, 15_001]
    assert document["total"]["seconds"] is None


def test_a_wrong_number_ends_with_2(job, monkeypatch, capsys):
    code, output = shown(monkeypatch, capsys, job(shap=SHAP), "--rows", "-3")
    assert code == 2
    assert "--rows: got -3.0. Use a number above 0." in output.err
