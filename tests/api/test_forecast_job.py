"""Jobs on forecasts end to end: a linear forecaster behind HTTP and in this process, whose scores are known."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from pellucid.api.inspection import inspect
from pellucid.api.job import run_job
from pellucid.errors import ConfigError, ModelError

sys.path.insert(0, str(Path(__file__).parents[1] / "models" / "http"))

from faulty_server import Reply, serve

HORIZON = 2
DAYS = [f"2024-01-0{day}" for day in range(1, 7)]
SALES = {"A": [5, 6, 7, 9, None, None], "B": [2, 4, 8, 16, None, None]}
PRICES = {"A": [1.5, 2.0, 1.0, 2.5, 3.0, 1.0], "B": [4.0, 3.0, 2.0, 1.0, 0.0, 5.0]}
SIZES = {"A": 3, "B": 10}
TARGET_WEIGHTS = np.array([[0.1, 0.2, 0.3, 0.4], [0.0, 0.5, 0.0, 0.5]])
PRICE_WEIGHTS = np.array([[0, 0, 0, 0, -2, 0], [0.0, 0, 0, 0, 0, -3]])
SIZE_WEIGHTS = np.array([1.0, 0.25])
START = 7.0

CODE = f"""
import numpy as np

TARGET = np.array({TARGET_WEIGHTS.tolist()})
PRICE = np.array({PRICE_WEIGHTS.tolist()})
SIZE = np.array({SIZE_WEIGHTS.tolist()})

def forecast(records):
    return [{START} + TARGET @ one.target + PRICE @ one.related[0] + SIZE * one.static[0] for one in records]
"""

METHOD = {
    "direction": "chronological",
    "granularity": "fine_grained",
    "num_samples": 4,
    "baseline": {"static_covariates": {"A": [1], "B": [1]}},
}
SERVED = {
    "endpoint_name": "shop",
    "content_template": '{"instances": $records}',
    "record_template": '{"start": $start_time, "y": $target_time_series, "x": $related_time_series, '
    '"size": $static_covariates}',
    "time_series_predictor_config": {"forecast": "predictions[*].mean"},
}
ELEMENTS = [("sales", day) for day in DAYS[:4]] + [("price", day) for day in DAYS] + [("size", None)]


def linear(record):
    mean = START + TARGET_WEIGHTS @ record["y"] + PRICE_WEIGHTS @ record["x"][0] + SIZE_WEIGHTS * record["size"][0]
    return {"mean": mean.tolist()}


def answer(body):
    return json.dumps({"predictions": [linear(record) for record in json.loads(body)["instances"]]}).encode()


def steps(items=("A", "B")):
    return [
        {"shop": item, "day": day, "sales": SALES[item][i], "price": PRICES[item][i], "size": SIZES[item]}
        for item in items
        for i, day in enumerate(DAYS)
    ]


def written(folder, records, method=METHOD, predictor=SERVED, **changes):
    (folder / "sales.json").write_text(json.dumps(records))
    (folder / "shopmodel.py").write_text(CODE)
    config = {
        "dataset_type": "application/json",
        "dataset_uri": "sales.json",
        "time_series_data_config": {
            "dataset_format": "timestamp_records",
            "item_id": "[*].shop",
            "timestamp": "[*].day",
            "target_time_series": "[*].sales",
            "related_time_series": ["[*].price"],
            "static_covariates": ["[*].size"],
        },
        "methods": {"asymmetric_shapley_value": method},
        "predictor": predictor,
        **changes,
    }
    path = folder / "analysis_config.json"
    path.write_text(json.dumps(config))
    return path


@pytest.fixture(scope="module")
def shop():
    with serve(answer, content_type="application/json") as server:
        yield server


@pytest.fixture
def run(tmp_path, shop):
    def job(
        records=None, method=METHOD, predictor=SERVED, url=shop.url, strict=False, seed=None, report=False, **changes
    ):
        path = written(tmp_path, steps() if records is None else records, method, predictor, **changes)
        return run_job(path, output=tmp_path / "out", endpoints={"shop": url}, strict=strict, seed=seed, report=report)

    return job


def lines(result):
    [path] = [file for file in result.files if file.name == "out.jsonl"]
    return [json.loads(line) for line in path.read_text().splitlines()]


def details(result):
    [path] = [file for file in result.files if file.name == "pellucid.json"]
    return json.loads(path.read_text())["explanations"]["asymmetric_shapley_value"]


def closed_form(item):
    """Coefficient times difference from the baseline, element by element."""
    target = TARGET_WEIGHTS * np.array(SALES[item][:4], dtype=float)
    price = PRICE_WEIGHTS * np.array(PRICES[item])
    return np.vstack([target.T, price.T, SIZE_WEIGHTS * (SIZES[item] - 1)])


def scores(line):
    return np.array([entry["scores"] for entry in line["explanations"]])


@pytest.mark.parametrize("strict", [False, True])
def test_scores_of_a_linear_forecaster_are_coefficient_times_value(run, strict):
    result = run(strict=strict)
    for line in lines(result):
        assert scores(line) == pytest.approx(closed_form(line["item_id"]), abs=1e-10)
        assert line["offset"] == pytest.approx((START + SIZE_WEIGHTS).tolist(), abs=1e-10)


def test_the_files_are_those_of_clarify(run, tmp_path):
    result = run()
    place = "asymmetric_shapley_value/fine_grained_chronological/out.jsonl"
    assert json.loads((tmp_path / "out" / "analysis.json").read_text()) == {
        "version": "1.0",
        "explanations": {
            "asymmetric_shapley_value": {
                "direction": "chronological",
                "granularity": "fine_grained",
                "explanation_results_path": f"{tmp_path.as_posix()}/out/{place}",
            }
        },
    }
    first, second = lines(result)
    assert list(first) == ["explanations", "item_id", "offset"]
    assert [first["item_id"], second["item_id"]] == ["A", "B"]
    assert [(entry["feature_name"], entry.get("timestamp")) for entry in first["explanations"]] == ELEMENTS
    assert list(first["explanations"][0]) == ["feature_name", "scores", "timestamp"]
    assert list(first["explanations"][-1]) == ["feature_name", "scores"]


def test_strict_mode_writes_clarifys_files_only(run, tmp_path):
    assert [file.name for file in run(strict=True).files] == ["analysis.json", "out.jsonl"]


def test_timewise_scores_have_no_names_and_the_first_step_brings_the_covariates(run):
    for line in lines(
        run(method={key: METHOD[key] for key in ("direction", "baseline")} | {"granularity": "timewise"})
    ):
        expected = closed_form(line["item_id"])
        together = expected[4:10] + np.vstack([expected[:4], np.zeros((2, HORIZON))])
        together[0] += expected[10]
        assert [list(entry) for entry in line["explanations"]] == [["scores", "timestamp"]] * 6
        assert scores(line) == pytest.approx(together, abs=1e-10)


@pytest.mark.parametrize("direction", ["anti_chronological", "bidirectional"])
def test_other_directions_differ_by_where_the_covariates_join(run, direction):
    method = {"direction": direction, "granularity": "timewise", "baseline": METHOD["baseline"]}
    for line in lines(run(method=method)):
        expected = closed_form(line["item_id"])
        together = expected[4:10] + np.vstack([expected[:4], np.zeros((2, HORIZON))])
        share = expected[10] if direction == "anti_chronological" else expected[10] / 2
        together[-1] += share
        together[0] += expected[10] - share
        assert scores(line) == pytest.approx(together, abs=1e-10)


def test_headers_name_the_series(run):
    result = run(headers=["shop", "day", "Units sold", "Price in euros", "Square metres"])
    names = {entry["feature_name"] for entry in lines(result)[0]["explanations"]}
    assert names == {"Units sold", "Price in euros", "Square metres"}


def test_headers_of_another_number_are_refused(run):
    with pytest.raises(ConfigError) as raised:
        run(headers=["shop", "day", "sales"])
    assert str(raised.value) == (
        "headers: got ['shop', 'day', 'sales']. Headers in config do not match with the number of columns in the "
        "dataset. Give 5 names: item id, timestamp, target, each related series, each static covariate."
    )


def test_a_baseline_may_stand_in_a_file(run, tmp_path):
    (tmp_path / "absent.json").write_text(
        json.dumps({"target_time_series": "mean", "static_covariates": {"A": [1], "B": [1]}})
    )
    result = run(method=METHOD | {"baseline": "absent.json"})
    expected = TARGET_WEIGHTS * (np.array(SALES["A"][:4]) - np.mean(SALES["A"][:4]))
    assert scores(lines(result)[0])[:4] == pytest.approx(expected.T, abs=1e-10)


def test_a_file_that_holds_no_baseline_is_told(run, tmp_path):
    (tmp_path / "absent.json").write_text(json.dumps({"target_time_series": "median", "statics": {}}))
    with pytest.raises(ConfigError) as raised:
        run(method=METHOD | {"baseline": "absent.json"})
    assert [problem.where for problem in raised.value.problems] == [
        "methods.asymmetric_shapley_value.baseline.target_time_series",
        "methods.asymmetric_shapley_value.baseline.statics",
    ]


def test_a_function_in_this_process_gives_the_same_bytes(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    served = Path(run().files[-1]).read_bytes()
    local = run(predictor={"model": "shopmodel:forecast"})
    assert Path(local.files[-1]).read_bytes() == served


SCRIPT = f"""
import json
import numpy as np

TARGET = np.array({TARGET_WEIGHTS.tolist()})
PRICE = np.array({PRICE_WEIGHTS.tolist()})
SIZE = np.array({SIZE_WEIGHTS.tolist()})

def model_fn(model_dir):
    return {START}

def predict_fn(asked, start):
    return {{
        "predictions": [
            {{"mean": (start + TARGET @ one["y"] + PRICE @ one["x"][0] + SIZE * one["size"][0]).tolist()}}
            for one in asked["instances"]
        ]
    }}

def input_fn(body, content_type):
    return json.loads(body)

def output_fn(answer, accept):
    return json.dumps(answer)
"""


@pytest.mark.slow
def test_a_folder_with_an_inference_script_is_served_and_gives_the_same_bytes(run, tmp_path):
    expected = lines(run())
    model = tmp_path / "model"
    (model / "code").mkdir(parents=True)
    (model / "code" / "inference.py").write_text(SCRIPT)
    predictor = {name: value for name, value in SERVED.items() if name != "endpoint_name"} | {"model": "model"}
    result = run_job(written(tmp_path, steps(), predictor=predictor), output=tmp_path / "served")
    assert lines(result) == expected
    assert not result.warnings


def test_requests_hold_many_records_and_integers_stay_integers(run, shop):
    shop.requests.clear()
    result = run()
    bodies = [json.loads(body)["instances"] for _, _, body in shop.requests]
    assert max(len(body) for body in bodies) > 20
    assert bodies[0] == [{"start": "2024-01-01", "y": [5, 6, 7, 9], "x": [PRICES["A"]], "size": [3]}]
    assert shop.requests[0][2].startswith(b'{"instances": [{"start": "2024-01-01", "y": [5, 6, 7, 9], "x": [[1.5,')
    asked = sum(len(body) for body in bodies)
    assert asked == 2 + details(result)["model_records"]  # the first item is asked twice more, to see that it repeats


def test_a_server_that_takes_single_records_is_asked_with_single_records(run):
    def single(body):
        return json.dumps({"forecast": linear(json.loads(body)["item"])["mean"]}).encode()

    predictor = SERVED | {
        "content_template": '{"item": $record}',
        "time_series_predictor_config": {"forecast": "forecast"},
    }
    with serve(single, content_type="application/json") as server:
        result = run(predictor=predictor, url=server.url)
    assert scores(lines(result)[1]) == pytest.approx(closed_form("B"), abs=1e-10)


def test_details_hold_what_the_numbers_rest_on(run):
    found = details(run(seed=11))
    assert found["seed"] == 11
    assert found["scheme"] == "auto"
    assert found["additivity"]["largest_gap"] < 1e-12
    assert found["repeated_answer_difference"] == 0.0
    assert found["model_records"] < found["model_records_along_every_order"] / 2
    assert [item["exact"] for item in found["items"]] == [True, True]
    linear_forecast = linear({"y": SALES["A"][:4], "x": [PRICES["A"]], "size": [3]})["mean"]
    assert found["items"][0]["forecast"] == pytest.approx(linear_forecast, abs=1e-12)


def test_equal_seeds_give_equal_bytes_and_other_items_do_not_matter(run):
    method = METHOD | {"num_samples": 1}
    together = Path(run(method=method, seed=3).files[-1]).read_text().splitlines()
    alone = Path(run(steps("B"), method=method, seed=3).files[-1]).read_text().splitlines()
    assert alone == together[1:]


def test_items_with_faults_are_reported_and_the_others_explained(run):
    records = steps()
    records += [{"shop": "C", "day": day, "sales": 1, "price": 1, "size": 2} for day in (DAYS[0], DAYS[0])]
    records += [{"shop": "D", "day": day, "sales": 1, "price": 1, "size": 2} for day in DAYS[:4]]
    result = run(records)
    assert [line["item_id"] for line in lines(result)] == ["A", "B"]
    assert result.warnings == (
        (
            "2 of 4 items cannot be explained and are left out. 'C': Time stamp '2024-01-01' occurs more than once. "
            "Give one value per step. 'D': There is no baseline of its static covariates; there are 'A', 'B'. Give one."
        ),
    )
    assert [left["item_id"] for left in details(result)["left_out"]] == ["C", "D"]


def test_a_job_without_any_good_item_fails_with_all_reasons(run):
    with pytest.raises(ConfigError) as raised:
        run([{"shop": "C", "day": day, "sales": 1, "price": 1, "size": 2} for day in DAYS])
    assert str(raised.value) == (
        "item 'C': There is no baseline of its static covariates; there are 'A', 'B'. Give one."
    )


def test_forecasts_of_changing_length_leave_their_item_out(run):
    def shrinking(body):
        found = [linear(record)["mean"] for record in json.loads(body)["instances"]]
        means = [
            {"mean": mean if record["size"] != [3] or record["y"][-1] else mean[:1]}
            for mean, record in zip(found, json.loads(body)["instances"], strict=True)
        ]
        return json.dumps({"predictions": means}).encode()

    with serve(shrinking, content_type="application/json") as server:
        result = run(url=server.url)
    assert [line["item_id"] for line in lines(result)] == ["B"]
    assert result.warnings[-1] == (
        "1 of 2 items could not be explained. 'A': The model's forecasts for records of this item have different "
        "lengths, from 1 to 2 steps."
    )


def test_a_forecast_of_other_steps_than_the_data_leave_open_is_told(run):
    predictor = SERVED | {"time_series_predictor_config": {"forecast": "predictions[*].mean[:1]"}}
    result = run(predictor=predictor)
    assert [len(line["offset"]) for line in lines(result)] == [1, 1]
    assert result.warnings == (
        (
            "Scores are of all steps that the model forecasts: item 'A' leaves 2 steps open, and the model forecasts "
            "1, and so for 1 more."
        ),
    )


def test_without_a_future_the_model_says_how_far_it_forecasts(run):
    whole = [record for record in steps() if record["sales"] is not None]

    def short(body):
        records = [record | {"x": [[*record["x"][0], 0, 0]]} for record in json.loads(body)["instances"]]
        return json.dumps({"predictions": [linear(record) for record in records]}).encode()

    with serve(short, content_type="application/json") as server:
        found = run(whole, url=server.url)
    assert [len(line["explanations"]) for line in lines(found)] == [9, 9]
    assert not found.warnings


def test_a_record_that_the_model_rejects_ends_the_job_and_is_named_by_its_item(run):
    def rejecting(number, body):
        if any(record["size"] == [10] for record in json.loads(body)["instances"]):
            return Reply(b"no", status=400)
        return None

    with serve(answer, rejecting, "application/json") as server, pytest.raises(ModelError) as raised:
        run(url=server.url)
    assert str(raised.value).startswith(
        "Item 'B', with parts of its series replaced by the baseline: the model rejected this record with status 400"
    )


def test_rejected_records_may_leave_their_item_out(run):
    def rejecting(number, body):
        if any(record["size"] == [10] for record in json.loads(body)["instances"]):
            return Reply(b"no", status=400)
        return None

    with serve(answer, rejecting, "application/json") as server:
        result = run(url=server.url, predictor=SERVED | {"on_record_error": "skip"})
    assert [line["item_id"] for line in lines(result)] == ["A"]
    assert result.warnings[-1].startswith("1 of 2 items could not be explained. 'B': The model rejected ")


def test_a_model_that_answers_differently_every_time_is_told(run):
    count = iter(range(10**6))

    def noisy(body):
        found = [{"mean": [next(count), 0.0]} for _ in json.loads(body)["instances"]]
        return json.dumps({"predictions": found}).encode()

    with serve(noisy, content_type="application/json") as server:
        result = run(url=server.url)
    assert result.warnings == (
        (
            "The model's answers to one and the same record differ by up to 1: scores hold noise of that size, which "
            "standard errors do not cover. Fix the model's seed."
        ),
    )


def test_missing_values_reach_the_model_as_null(run):
    seen = []

    def tolerant(body):
        records = json.loads(body)["instances"]
        seen.extend(records)
        filled = [record | {"y": [0 if cell is None else cell for cell in record["y"]]} for record in records]
        return json.dumps({"predictions": [linear(record) for record in filled]}).encode()

    records = steps()
    records[1]["sales"] = None
    with serve(tolerant, content_type="application/json") as server:
        result = run(records, url=server.url)
    assert seen[0]["y"] == [5, None, 7, 9]
    assert scores(lines(result)[0])[1].tolist() == [0.0, 0.0]
    assert result.warnings == (
        (
            "Values are missing in 1 item, first in 'A'. They are sent as null; the score of such an element is the "
            "effect of its missing."
        ),
    )


def test_steps_that_seem_to_be_missing_are_told(run):
    records = [record | {"day": "2024-01-16"} if record["day"] == DAYS[-1] else record for record in steps()]
    assert run(records).warnings == (
        (
            "Steps of time seem to be missing in 2 items, first in 'A' after '2024-01-05'. The model is sent values in "
            "order, without their times."
        ),
    )


def test_results_of_an_earlier_job_do_not_stand_beside_the_new_ones(run, tmp_path):
    run()
    run(method={"direction": "chronological", "granularity": "timewise", "baseline": METHOD["baseline"]})
    assert [path.parent.name for path in tmp_path.rglob("out.jsonl")] == ["timewise_chronological"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"record_template": '{"start": "$start_time", "y": $target_time_series}'},
            "predictor.record_template: got",
        ),
        (
            {"record_template": '{"y": $target_time_series, "x": $related_series}'},
            (
                "predictor.record_template: got '$related_series'. Time series do not fill this; did you mean "
                "'$related_time_series'?"
            ),
        ),
        (
            {"protocol": "open-inference"},
            "predictor.protocol: got 'open-inference'. Time series are sent by templates.",
        ),
        (
            {"time_series_predictor_config": {"forecast": "predictions[*"}},
            "predictor.time_series_predictor_config.forecast: got 'predictions[*'. This is no JMESPath expression.",
        ),
        (
            {"content_type": "application/jsonlines"},
            "predictor.content_type: got 'application/jsonlines'. Time series need 'application/json'.",
        ),
    ],
)
def test_templates_that_cannot_be_used_are_refused_before_the_model_is_asked(run, changes, message, shop):
    before = len(shop.requests)
    with pytest.raises(ConfigError) as raised:
        run(predictor=SERVED | changes)
    assert str(raised.value).startswith(message)
    assert len(shop.requests) == before


def test_covariates_of_a_function_need_a_baseline(run):
    with pytest.raises(ConfigError) as raised:
        run(method={"direction": "chronological", "granularity": "timewise"}, predictor={"model": "shopmodel:forecast"})
    assert str(raised.value) == (
        "methods.asymmetric_shapley_value.baseline.static_covariates: The model is given static covariates: give one "
        "value per covariate for each."
    )


def test_a_model_file_is_no_forecasting_model(run):
    with pytest.raises(ConfigError) as raised:
        run(predictor={"model": "loans.onnx"})
    assert str(raised.value) == (
        "predictor.model: got 'loans.onnx'. Model files hold no forecasting models that could be asked with time "
        "series. Use the address of a server, or `module:attribute` of a function that takes a list of series records."
    )


def test_the_doctor_shows_what_was_read_sent_and_answered(tmp_path, shop):
    found = inspect(written(tmp_path, steps()), endpoints={"shop": shop.url})
    assert found.problems == ()
    assert found.forecasts.names == ("sales", "price", "size")
    assert found.forecasts.forecast == pytest.approx(
        linear({"y": SALES["A"][:4], "x": [PRICES["A"]], "size": [3]})["mean"]
    )
    assert json.loads(found.probe.exchange.request_body)["instances"][0]["y"] == [5, 6, 7, 9]
    assert found.notes == (
        "Time series: 2 items, 4 observed steps, 2 steps of the future, 1 related series, 1 static covariate.",
    )


def test_the_doctor_counts_the_records_that_the_job_will_ask_for(tmp_path, shop):
    path = written(tmp_path, steps())
    expected = inspect(path, endpoints={"shop": shop.url}).forecasts.records
    shop.requests.clear()
    run_job(path, output=tmp_path / "out", endpoints={"shop": shop.url})
    assert sum(len(json.loads(body)["instances"]) for _, _, body in shop.requests) == expected


def test_the_doctor_names_the_key_that_finds_no_forecast(tmp_path, shop):
    predictor = SERVED | {"time_series_predictor_config": {"forecast": "prediction[*].mean"}}
    [problem] = inspect(written(tmp_path, steps(), predictor=predictor), endpoints={"shop": shop.url}).problems
    assert problem.where == "predictor.time_series_predictor_config.forecast"
    assert problem.fix.startswith("got 'prediction[*].mean', which finds nothing in the answer; among its keys, ")


@pytest.mark.slow
def test_a_report_shows_the_series_and_draws_items_over_time(run, tmp_path):
    asked = {"asymmetric_shapley_value": METHOD, "report": {"name": "shops", "title": "Shops"}}
    result = run(methods=asked, report=True)
    assert {file.name for file in result.files} >= {"shops.html", "shops.pdf", "shops.ipynb"}
    page = (tmp_path / "out" / "shops.html").read_text()
    assert "What moves the forecasts" in page
    assert "Item B: mean score of each step over the forecast" in page
    evidence = json.loads((tmp_path / "out" / "evidence.json").read_text())
    assert "sales.json" in json.dumps(evidence)
    assert not result.warnings
