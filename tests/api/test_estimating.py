"""``pellucid estimate``: from the configuration alone, and with data and model at hand."""

import json
import re
import sys

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from pellucid.api.estimating import estimate
from pellucid.api.estimating_rate import rate_of
from pellucid.api.job import run_job
from pellucid.cli.main import main
from pellucid.errors import ConfigError, InputError
from pellucid.jobs.explanations.clusters import MOST_CLUSTERS
from pellucid.jobs.workload import Range
from pellucid.protocols.model import Batch, Scores

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
    assert found.cost.total.inputs.high == 1e6 * 14 + 1e6 + 245  # the base once for each unit of 4,096 rows
    assert found.cost.total.seconds is None


@pytest.mark.parametrize(
    ("shap", "block_rows"),
    [
        ({}, 512),
        ({"estimator": "permutation"}, 64),
        ({"estimator": "surrogate"}, 64),
        ({"num_samples": None, "budget": {"seconds": 60}}, 64),
        ({"text_config": {"language": "english", "granularity": "token"}}, 64),
    ],
)
def test_blocks_grow_with_the_rows_where_those_of_the_job_do(job, shap, block_rows):
    asked = {name: value for name, value in {**SHAP, **shap}.items() if value is not None}
    assert estimate(job(shap=asked, headers=NAMES), rows=1e6).workload.block_rows == block_rows


def test_a_budget_that_the_estimator_cannot_keep_is_told_as_by_the_job(job):
    shap = {"baseline": [[0, 0, 0, 0]], "estimator": "permutation", "budget": {"precision": 0.01}}
    with pytest.raises(ConfigError) as caught:
        estimate(job(shap=shap, headers=NAMES), rows=1e6)
    assert str(caught.value) == (
        "methods.shap.budget.precision: got 0.01. The estimator 'permutation' cannot add samples until it is precise. "
        "Use 'auto' or 'leverage'."
    )


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


def test_a_model_is_measured_in_large_batches_unless_they_would_take_long():
    class Noting:
        def __init__(self):
            self.asked = []

        def predict(self, rows):
            self.asked.append(len(rows))
            return Scores(np.zeros((len(rows), 1)))

    rows = Batch({"a": np.arange(95.0)})
    quick, slow = Noting(), Noting()
    rate, size = rate_of(quick, rows, 1e9)
    assert rate > 0
    assert quick.asked[0] == 1_000
    assert size == quick.asked[-1]
    assert (rate_of(slow, rows, 400.0), slow.asked) == ((400.0, 95), [])


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


@pytest.fixture
def wide_job(tmp_path, job):
    """64 rows of 13 features, none of which is 0 but one feature of the first two rows."""
    names = [*"abcdefghijklm", "label"]
    lines = [",".join(["0" if i < 2 else "1", *["1"] * 12, str(i % 2)]) for i in range(64)]

    def write(**shap):
        config = job(shap={"baseline": [[0] * 13], **shap})
        (tmp_path / "rows.csv").write_text("\n".join([",".join(names), *lines]))
        return config

    return write


def test_with_data_fewer_samples_are_offered_in_the_place_of_those_configured(wide_job):
    found = estimate(wide_job(num_samples=300), data="rows.csv")
    assert [text for text, _ in found.cheaper] == ["num_samples 52 in the place of 300"]


def test_all_coalitions_of_a_few_rows_are_counted_where_the_job_asks_them(wide_job):
    # By default 2 x 13 + 2048 samples; two rows of 64 have 12 features that differ, and are asked all 2^12 - 2.
    mean = (2 * 4094 + 62 * 2074) / 64
    assert estimate(wide_job(), data="rows.csv").workload.coalitions == Range(0.9 * mean, 1.1 * mean)
    # A number that somebody set is kept to.
    assert estimate(wide_job(num_samples=2074), data="rows.csv").workload.coalitions == Range(0.9 * 2074, 1.1 * 2074)
    assert estimate(wide_job(), data="rows.csv", samples=2074).workload.coalitions == Range(0.9 * 2074, 1.1 * 2074)


# --- baselines in files -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("headers", [NAMES, None])
@pytest.mark.parametrize("first", ["", "a,b,c,d\n"])
def test_rows_of_a_baseline_file_are_counted_with_and_without_a_header_row(job, headers, first):
    config = job(shap={**SHAP, "baseline": "base.csv"}, headers=headers)
    config.with_name("base.csv").write_text(f"{first}0,0,0,0\n1,2,1,0\n2,2,2,2\n")
    found = estimate(config, rows=1e6, features=4)
    assert found.workload.background == Range(3, 3)


@pytest.mark.parametrize("data", [None, "rows.csv"])
def test_a_baseline_file_that_is_not_there_is_told_as_by_the_job(job, data):
    config = job(shap={**SHAP, "baseline": "bsae.csv"}, headers=NAMES)
    config.with_name("rows.csv").write_text("1,2,3,4,0\n2,2,3,4,1\n")
    with pytest.raises(InputError) as told_by_job:
        run_job(config, data="rows.csv", output="out")
    with pytest.raises(InputError) as told:
        estimate(config, data=data, rows=1e6)
    assert str(told.value) == str(told_by_job.value)
    assert str(told.value).startswith("methods.shap.baseline: got 'bsae.csv'. ")


def test_a_baseline_with_another_number_of_columns_is_told_as_by_the_job(job):
    config = job(shap={**SHAP, "baseline": "base.csv"}, headers=NAMES)
    config.with_name("base.csv").write_text("a,b\n0,0\n")
    for work in (lambda: estimate(config, rows=1e6), lambda: run_job(config, data="rows.csv", output="out")):
        with pytest.raises(InputError) as told:
            work()
        assert str(told.value) == (
            "methods.shap.baseline: got 'base.csv'. It has another number of columns. Give the 4 features of the "
            "model, no label, in this order: a, b, c, d."
        )


def test_a_baseline_at_an_address_that_cannot_be_read_from_here_is_taken_as_small(job):
    found = estimate(job(shap={**SHAP, "baseline": "memory://nowhere/base.csv"}, headers=NAMES), rows=1e6)
    assert found.workload.background == Range(1, 100)
    assert any(
        note.startswith("methods.shap.baseline: got 'memory://nowhere/base.csv'. ")
        and note.endswith(" The baseline is taken to have 1 to 100 rows.")
        for note in found.notes
    )


def test_headers_of_json_records_end_with_the_labels(job):
    config = job(shap=SHAP, headers=["a", "b", "c", "d", "approved"])
    config.write_text(
        json.dumps({**json.loads(config.read_text()), "dataset_type": "application/jsonlines", "features": "x"})
    )
    assert estimate(config, rows=1e6).workload.players == 4


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
        "The time of the flip test is not part of the total: it depends on how the rows lie to each other; --data "
        "measures it."
    )
    notes = estimate(config, rows=1e6, records_per_second=1000, workers=4).notes
    assert asked in notes
    assert flip_test in notes
    assert asked not in estimate(config, rows=1e6, records_per_second=1000).notes


def test_json_holds_both_ends_of_every_range(job, monkeypatch, capsys):
    code, output = shown(monkeypatch, capsys, job(shap=SHAP, headers=NAMES), "--rows", "1000", "--json")
    document = json.loads(output.out)
    assert code == 0
    assert document["total"]["inputs"] == [0.2 * 3000 + 8, 15_008]
    assert document["total"]["seconds"] is None


def test_a_wrong_number_ends_with_2(job, monkeypatch, capsys):
    code, output = shown(monkeypatch, capsys, job(shap=SHAP), "--rows", "-3")
    assert code == 2
    assert "--rows: got -3.0. Use a number above 0." in output.err


# --- the flip test ----------------------------------------------------------------------------------------------------
def with_bias(job, *, predicted="label", lines=None, **keys):
    """A job on bias of 200 rows."""
    config = job(post_training_bias={"methods": ["FT"]})
    document = json.loads(config.read_text())
    document |= {"predicted_label": predicted, "facet": [{"name_or_index": "d"}], "label_values_or_threshold": [1]}
    config.write_text(json.dumps({**document, "column_types": {"d": "categorical"}, **keys}))
    if lines:
        config.with_name("rows.csv").write_text("\n".join([",".join(NAMES), *lines]))
    return config


def test_with_data_the_flip_test_has_a_time_that_is_part_of_the_total(job):
    lines = [f"{i % 7},{i % 5},{i % 3},{i % 2},{i % 2}" for i in range(200)]
    found = estimate(with_bias(job, lines=lines), data="rows.csv")
    step = next(step for step in found.cost.steps if step.name == "flip test")
    assert 0 < step.seconds.low < step.seconds.high < found.cost.total.seconds.high
    assert any(
        re.fullmatch(
            r"Measured for the flip test of 2 groups: one processor compares a row with 100 others in [\d,]+ µs\. "
            r"flip_test_sample shortens it\.",
            note,
        )
        for note in found.notes
    )
    more = estimate(with_bias(job, lines=lines), data="rows.csv", rows=2e9)
    assert next(step for step in more.cost.steps if step.name == "flip test").seconds.high > 1000


def test_a_flip_test_that_cannot_compare_texts_takes_no_time(job):
    lines = [f"{i % 7},{'xyz'[i % 3]},{i % 3},{i % 2},{i % 2}" for i in range(200)]
    found = estimate(with_bias(job, lines=lines), data="rows.csv")
    assert next(step for step in found.cost.steps if step.name == "flip test").seconds.high == 0
    assert "The flip test has no value: it compares numbers, and 'b' is none." in found.notes


# --- what is asked less, or more --------------------------------------------------------------------------------------
def test_a_model_with_a_formula_is_asked_for_the_rows_themselves(job):
    rows = np.random.default_rng(1).normal(size=(200, 4))
    lines = [",".join(map(repr, row)) + f",{i % 2}" for i, row in enumerate(rows.tolist())]
    config = job(shap={**SHAP, "baseline": [[0, 0, 0, 0], [1, 1, 1, 1]]})
    joblib.dump(LinearRegression().fit(rows, rows @ [1, 2, 3, 4]), "linear.joblib")
    config.write_text(json.dumps({**json.loads(config.read_text()), "predictor": {"model": "linear.joblib"}}))
    config.with_name("rows.csv").write_text("\n".join([",".join(NAMES), *lines]))
    found = estimate(config, data="rows.csv", allow_pickle=True)
    asked = run_job(config, data="rows.csv", output="out", workers=1, allow_pickle=True).explanations.shap.model_rows
    assert found.cost.total.inputs == Range(asked, asked)
    told = "Values are exact, by the formula for linear models; rows for which it does not hold are sampled."
    assert told in found.notes
    assert found.cheaper == ()  # a formula needs no samples
    unread = estimate(config, data="rows.csv")
    assert unread.cost.total.inputs.high > asked
    assert any(note.startswith("Whether the model has a formula is not known") for note in unread.notes)


def test_a_baseline_that_is_to_be_computed_is_computed_here_as_well(job):
    rows = np.random.default_rng(1).normal(size=(200, 4))
    lines = [",".join(map(repr, row)) + f",{i % 2}" for i, row in enumerate(rows.tolist())]
    joblib.dump(LinearRegression().fit(rows, rows @ [1, 2, 3, 4]), "linear.joblib")
    for shap, background in (({"num_clusters": 3}, Range(3, 3)), ({}, Range(1, MOST_CLUSTERS))):
        config = job(shap=shap)
        config.write_text(json.dumps({**json.loads(config.read_text()), "predictor": {"model": "linear.joblib"}}))
        config.with_name("rows.csv").write_text("\n".join([",".join(NAMES), *lines]))
        found = estimate(config, data="rows.csv", allow_pickle=True)
        result = run_job(config, data="rows.csv", output="out", workers=1, allow_pickle=True)
        assert found.workload.background == background
        assert found.cost.total.inputs.low <= result.explanations.shap.model_rows <= found.cost.total.inputs.high
        assert found.cost.total.inputs.high <= 200 + background.high


def test_a_function_has_no_formula_and_it_is_said(job):
    notes = estimate(job(shap=SHAP), data="rows.csv").notes
    assert (
        "Values are sampled, without a formula: only models whose inside can be read have one, and a function or a "
        "server does not show it."
    ) in notes


def test_a_surrogate_is_asked_for_one_input_per_coalition(job):
    lines = [f"{i % 7}.5,{i % 5}.5,{i % 3}.5,{i % 4}.5,{i % 2}" for i in range(200)]
    background = [[i, i / 2, -i, 1] for i in range(50)]
    shap = {"baseline": background, "estimator": "surrogate", "surrogate": {"training_calls": 300}}
    config = job(shap=shap)
    config.with_name("rows.csv").write_text("\n".join([",".join(NAMES), *lines]))
    asked = run_job(config, data="rows.csv", output="out", workers=1).explanations
    beside = asked.details["kernel_shap"]["surrogate"]
    every = asked.shap.model_rows + beside["training_model_rows"] + beside["audit"]["model_rows"]
    inputs = estimate(config, data="rows.csv").cost.total.inputs
    assert inputs.low <= every <= inputs.high
    sampled = estimate(job(shap={"baseline": background, "estimator": "leverage"}), data="rows.csv").cost.total
    assert inputs.high < sampled.inputs.high


def test_accumulated_effects_are_two_more_inputs_per_row_and_feature(job):
    pdp = {"grid_resolution": 10, "features": ["a", "b"]}
    plain, more = (estimate(job(pdp={**pdp, **ale}), data="rows.csv").cost.total for ale in ({}, {"ale": True}))
    assert more.inputs.high - plain.inputs.high == 200 * 2 * 2


# --- images and time series -------------------------------------------------------------------------------------------
COUNTING = """
from pathlib import Path
import numpy as np

def noted(asked):
    with Path("asked").open("a") as file:
        file.write(f"{len(asked)}\\n")

def colors(images):
    noted(images)
    return images.mean(axis=(1, 2)) / 255

def boxes(images):
    noted(images)
    return [[[0, 0.9, 0, 0, 0.5, 1], [1, 0.8, 0.5, 0, 1, 1], [-1] * 6] for _ in images]

def forecast(records):
    noted(records)
    return [np.array([one.target.sum()]) for one in records]
"""


DAYS = [f"2024-01-0{day}" for day in range(1, 10)]


def asked_by_job(config, tmp_path, **keys):
    run_job(config, output=tmp_path / "out", **keys)
    return sum(map(int, (tmp_path / "asked").read_text().split()))


@pytest.mark.parametrize(("kind", "model"), [("IMAGE_CLASSIFICATION", "colors"), ("OBJECT_DETECTION", "boxes")])
def test_what_images_ask_is_counted(tmp_path, monkeypatch, kind, model):
    image = pytest.importorskip("PIL.Image")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "counting_model", raising=False)
    (tmp_path / "counting_model.py").write_text(COUNTING)
    (tmp_path / "photos").mkdir()
    for number in range(3):
        tiles = np.random.default_rng(number).integers(0, 255, (2, 4, 3), dtype=np.uint8)
        pixels = tiles.repeat(16, axis=0).repeat(8, axis=1)
        image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
    config = tmp_path / "analysis_config.json"
    shap = {"image_config": {"model_type": kind, "num_segments": 8}, "num_samples": 40, "baseline": "photos/0.png"}
    document = {"dataset_type": "application/x-image", "methods": {"shap": shap}}
    predictor = {"model": f"counting_model:{model}", "content_type": "image/png", "label_headers": ["a", "b", "c"]}
    config.write_text(json.dumps({**document, "dataset_uri": "photos", "predictor": predictor}))
    found = estimate(config, data="photos", records_per_second=10)
    asked = asked_by_job(config, tmp_path)
    assert found.cost.total.inputs.low <= asked <= found.cost.total.inputs.high
    assert "Counted in the data: 3 images." in found.notes
    alone = estimate(config, rows=3, records_per_second=10)
    assert alone.cost.total.inputs == found.cost.total.inputs


def test_what_time_series_ask_is_counted_item_by_item(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "counting_model", raising=False)
    (tmp_path / "counting_model.py").write_text(COUNTING)
    items = [{"id": name, "y": list(range(length)), "start": DAYS[:length]} for name, length in (("A", 5), ("B", 9))]
    (tmp_path / "series.json").write_text(json.dumps(items))
    method = {"direction": "chronological", "granularity": "timewise"}
    config = tmp_path / "analysis_config.json"
    document = {
        "dataset_type": "application/json",
        "time_series_data_config": {
            "target_time_series": "[].y",
            "item_id": "[].id",
            "timestamp": "[].start",
            "dataset_format": "item_records",
        },
        "methods": {"asymmetric_shapley_value": method},
        "predictor": {"model": "counting_model:forecast"},
    }
    config.write_text(json.dumps(document))
    found = estimate(config, data="series.json")
    asked = asked_by_job(config, tmp_path, data="series.json")
    assert found.cost.total.inputs == Range(asked, asked)
    assert estimate(config, data="series.json", rows=200).cost.total.inputs.high == 100 * (asked - 2) + 2
    with pytest.raises(ConfigError) as error:
        estimate(config, rows=5)
    assert str(error.value) == (
        "--data: analysis_config.json is for time series. What a time series asks of the model depends on its steps; "
        "give --data, and --rows for more items."
    )
