"""Post-training bias with a live model, end to end: the same numbers wherever the model runs."""

import io
import json
import sys
import tarfile
from importlib.resources import files
from pathlib import Path

import duckdb
import numpy as np
import pytest
import xgboost

from pellucid.api.inspection import inspect
from pellucid.api.job import run_job
from pellucid.api.model_access import ModelSource
from pellucid.api.model_identity import model_identity
from pellucid.errors import InputError, ModelError
from pellucid.models.serving.shadow import serving_command, shadow_server

sys.path.insert(0, str(Path(__file__).parents[1] / "models" / "http"))

from faulty_server import DROP, Reply, once_each, serve

FEATURES = ("age", "education-num", "hours-per-week", "female")
ROWS = 3000

INFERENCE = """
import xgboost

def model_fn(folder):
    return xgboost.Booster(model_file=folder + "/income.ubj")

def predict_fn(rows, model):
    return model.inplace_predict(rows, validate_features=False)
"""

SCORING = """
import numpy as np
import xgboost
from pathlib import Path

MODEL = xgboost.Booster(model_file=str(Path(__file__).with_name("income.ubj")))

def score(rows: np.ndarray):
    return MODEL.inplace_predict(rows, validate_features=False)
"""


@pytest.fixture(scope="module")
def adult(tmp_path_factory):
    """A folder with rows of the demo's data, as numbers and as they are, and a model of them."""
    folder = tmp_path_factory.mktemp("adult")
    source = str(files("pellucid") / "demo" / "adult.parquet")
    columns = (
        'age::INT AS age, "education-num"::INT AS "education-num", "hours-per-week"::INT AS "hours-per-week", '
        "(sex = 'Female')::INT AS female"
    )
    rows = duckdb.sql(f"SELECT {columns}, (income = '>50K')::INT AS rich FROM '{source}' LIMIT {ROWS}")
    rows.write_csv(str(folder / "adult.csv"))
    found = rows.fetchnumpy()
    matrix = xgboost.DMatrix(np.column_stack([found[name] for name in FEATURES]), found["rich"], feature_names=FEATURES)
    model = xgboost.train({"objective": "binary:logistic", "nthread": 1}, matrix, 20)
    model.save_model(folder / "income.ubj")
    (folder / "adult_scoring.py").write_text(SCORING)
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(folder / "income.ubj", "income.ubj")
        code = tarfile.TarInfo("code/inference.py")
        code.size = len(INFERENCE)
        archive.addfile(code, io.BytesIO(INFERENCE.encode()))
    return folder


CONFIG = {
    "dataset_type": "text/csv",
    "dataset_uri": "adult.csv",
    "label": "rich",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "female", "value_or_threshold": [1]}],
    "methods": {
        "pre_training_bias": {"methods": ["DPL"]},
        "post_training_bias": {"methods": ["DPPL", "DI", "AD", "RD", "TE", "FT"]},
    },
    "predictor": {"model_name": "income"},
}


def config_in(folder, name="analysis_config.json", **keys):
    path = folder / name
    path.write_text(json.dumps({**CONFIG, **keys}))
    return path


@pytest.fixture(scope="module")
def expected(adult, tmp_path_factory):
    """The numbers of the model in this process, against which every other way is held."""
    output = tmp_path_factory.mktemp("expected")
    return run_job(config_in(adult), output=output, models={"income": str(adult / "income.ubj")}).document


def metric(document, name):
    metrics = document["post_training_bias_metrics"]["facets"]["female"][0]["metrics"]
    return next(entry["value"] for entry in metrics if entry["name"] == name)


def test_the_numbers_are_those_of_predictions_in_the_data(adult, expected, tmp_path):
    rows = duckdb.sql(f"SELECT * FROM '{adult / 'adult.csv'}'").fetchnumpy()
    booster = xgboost.Booster(model_file=str(adult / "income.ubj"))
    scores = booster.inplace_predict(np.column_stack([rows[name] for name in FEATURES]), validate_features=False)
    predicted = (scores > 0.5).astype(int)
    women, men = rows["female"] == 1, rows["female"] == 0
    assert metric(expected, "DPPL") == pytest.approx(predicted[men].mean() - predicted[women].mean(), abs=1e-12)
    lines = (adult / "adult.csv").read_text().splitlines()
    ends = ["predicted", *map(str, predicted.tolist())]
    text = "\n".join(f"{line},{end}" for line, end in zip(lines, ends, strict=True))
    (tmp_path / "adult.csv").write_text(text + "\n")
    config = config_in(tmp_path, predicted_label="predicted")
    assert run_job(config, output=tmp_path / "out").document == expected


def test_the_same_numbers_from_our_server_at_an_endpoint(adult, expected, tmp_path):
    config = config_in(adult, "endpoint.json", predictor={"endpoint_name": "income"})
    command = serving_command(str(adult / "income.ubj"), features=FEATURES)
    with shadow_server(command, log=tmp_path / "log") as url:
        result = run_job(config, output=tmp_path / "out", endpoints={"income": url})
        again = run_job(config_in(adult), output=tmp_path / "out", models={"income": url})
    assert result.document == again.document == expected
    assert result.notes[-1].startswith("Model: ")
    assert f" {ROWS:,} records, " in result.notes[-1]
    assert result.warnings == ()


def test_the_same_numbers_from_an_archive_with_its_own_script(adult, expected, tmp_path):
    archive = str(adult / "model.tar.gz")
    result = run_job(config_in(adult), output=tmp_path, models={"income": archive})
    assert result.document == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["analysis.json", "model-server.log", "pellucid.json"]


def test_the_same_numbers_from_a_server_started_by_a_command(adult, expected, tmp_path):
    names = json.dumps(FEATURES).replace('"', '\\"')
    command = f'{sys.executable} -m pellucid.models.serving {adult / "income.ubj"} --port {{port}} --features "{names}"'
    result = run_job(config_in(adult), output=tmp_path, models={"income": f"command:{command}"})
    assert result.document == expected


def test_the_same_numbers_from_a_function(adult, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(adult)
    config = config_in(adult, "function.json", predictor={"model": "adult_scoring:score"})
    assert run_job(config, output=tmp_path).document == expected


def test_the_same_numbers_from_a_pipeline_that_takes_text(adult, tmp_path):
    skops = pytest.importorskip("skops.io")
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    rows = pd.read_csv(adult / "adult.csv")
    rows["sex"] = np.where(rows.pop("female") == 1, "Female", "Male")
    rows["rich"] = np.where(rows["rich"] == 1, "yes", "no")
    encoder = make_column_transformer((OneHotEncoder(), ["sex"]), remainder="passthrough")
    pipeline = make_pipeline(encoder, LogisticRegression(max_iter=5000)).fit(rows.drop(columns="rich"), rows["rich"])
    skops.dump(pipeline, tmp_path / "income.skops")
    rows.to_csv(tmp_path / "adult.csv", index=False)
    keys = {
        "label_values_or_threshold": ["yes"],
        "facet": [{"name_or_index": "sex", "value_or_threshold": ["Female"]}],
    }
    live = config_in(tmp_path, predictor={"model": "income.skops"}, **keys)
    found = run_job(live, output=tmp_path / "live").document
    rows["predicted"] = pipeline.predict(rows.drop(columns="rich"))
    rows.to_csv(tmp_path / "adult.csv", index=False)
    known = config_in(tmp_path, "known.json", predicted_label="predicted", **keys)
    assert found == run_job(known, output=tmp_path / "known").document


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_server_that_fails_now_and_then_gives_the_same_numbers(adult, expected, tmp_path):
    booster = xgboost.Booster(model_file=str(adult / "income.ubj"))

    def answer(body):
        rows = np.array([[float(cell) for cell in line.split(",")] for line in body.decode().split("\n")])
        return "\n".join(map(str, booster.inplace_predict(rows, validate_features=False))).encode()

    def fault(number, body):
        if number % 5 == 0:
            return Reply(b"now and then", 500)
        return DROP if number % 7 == 0 else None

    predictor = {"endpoint_name": "income", "batch_records": 50, "backoff_seconds": 0.001}
    config = config_in(adult, "faulty.json", predictor=predictor)
    with serve(answer, once_each(fault)) as server:
        result = run_job(config, output=tmp_path, endpoints={"income": server.url})
    assert result.document == expected
    assert " 0 retries" not in result.notes[-1]


def always(body):
    return b"\n".join([b"0.75"] * len(body.split(b"\n")))


def refused_after(requests):
    """A server that refuses everything after so many requests."""

    def fault(number, body):
        return Reply(b"gone", 403) if number > requests else None

    return fault


def echo(body):
    """The first number of each record is its row: 1 for a multiple of 3."""
    rows = [line.split(",")[0] for line in body.decode().split("\n")]
    return "\n".join("1" if int(row) % 3 == 0 else "0" for row in rows).encode()


MANY = 70_000


def numbered(form, folder):
    """``MANY`` rows whose label says whether their number is a multiple of 3, and the keys that read them."""
    relation = duckdb.sql(f"SELECT range AS id, range % 2 AS sex, (range % 3 = 0)::INT AS y FROM range({MANY})")
    keys = {"label": "y", "facet": [{"name_or_index": "sex", "value_or_threshold": [1]}]}
    predictor = {"endpoint_name": "echo", "content_type": "text/csv"}
    if form == "csv":
        relation.write_csv(str(folder / "rows.csv"))
        return {"dataset_type": "text/csv", "dataset_uri": "rows.csv", "predictor": predictor, **keys}
    if form == "parquet":
        relation.write_parquet(str(folder / "rows.parquet"), row_group_size=10_000)
        found = {"dataset_type": "application/x-parquet", "dataset_uri": "rows.parquet"}
        return {**found, "predictor": predictor, **keys}
    if form == "json lines":
        duckdb.sql(f"COPY (SELECT [id, sex] AS f, y FROM relation) TO '{folder / 'rows.jsonl'}' (FORMAT json)")
        found = {"dataset_type": "application/jsonlines", "dataset_uri": "rows.jsonl", "features": "f"}
        return {**found, "headers": ["id", "sex", "y"], "predictor": predictor, **keys}
    # The facets come in another order, and lack every row whose number ends with 9.
    relation.project("id, y").write_csv(str(folder / "rows.csv"))
    relation.filter("id % 10 < 9").project("id, sex").order("hash(id)").write_csv(str(folder / "facets.csv"))
    found = {"dataset_type": "text/csv", "dataset_uri": "rows.csv", "facet_dataset_uri": "facets.csv"}
    relation.project("id, id AS number, y").write_csv(str(folder / "rows.csv"))
    return {**found, "joinsource_name_or_index": "id", "predictor": predictor, **keys}


@pytest.mark.parametrize("form", ["csv", "parquet", "json lines", "joined"])
def test_each_prediction_stands_beside_its_row_in_every_format(form, tmp_path):
    keys = {"methods": {"post_training_bias": {"methods": ["AD", "DCA"]}}, **numbered(form, tmp_path)}
    (tmp_path / "config.json").write_text(json.dumps({"label_values_or_threshold": [1], **keys}))
    with serve(echo) as server:
        result = run_job(tmp_path / "config.json", output=tmp_path / "out", endpoints={"echo": server.url})
    assert result.report.rows == (MANY * 9 // 10 if form == "joined" else MANY)
    confusion = result.report.details()["model_performance"]["confusion_matrix"]
    assert confusion["0"]["1"] == confusion["1"]["0"] == 0
    assert confusion["1"]["1"] == pytest.approx(result.report.rows / 3, abs=1)


def sent_columns(tmp_path, **keys):
    """Names and cells of the first record that a model is asked with."""
    (tmp_path / "rows.csv").write_text("age,id,w,sex,region,y\n" + "30,7,1.5,F,north,1\n41,8,1.0,M,south,0\n" * 50)
    config = {
        "dataset_type": "text/csv",
        "dataset_uri": "rows.csv",
        "label": "y",
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}],
        "group_variable": "region",
        "methods": {"post_training_bias": {"methods": ["DPPL"]}},
        "predictor": {"endpoint_name": "any"},
        **keys,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    with serve(always) as server:
        run_job(tmp_path / "config.json", output=tmp_path / "out", endpoints={"any": server.url})
        return server.requests[0][2].decode().split("\n")[0]


def test_a_model_is_sent_features_in_the_order_of_the_data_with_facet_and_group_and_never_the_label(tmp_path):
    assert sent_columns(tmp_path) == '30,7,1.5,"F","north"'


def test_a_model_is_not_sent_excluded_columns_weights_or_the_join_column(tmp_path):
    assert sent_columns(tmp_path, weights="w", excluded_columns=["id", 4]) == '30,"F"'
    (tmp_path / "facets.csv").write_text("id,sex2\n7,F\n8,M\n")
    keys = {"facet_dataset_uri": "facets.csv", "joinsource_name_or_index": "id"}
    facet = [{"name_or_index": "sex2", "value_or_threshold": ["F"]}]
    assert sent_columns(tmp_path, facet=facet, **keys) == '30,1.5,"F","north"'


def test_records_that_are_skipped_are_left_out_and_counted(adult, tmp_path):
    def fault(number, body):
        return Reply(b"no such age", 400) if any(line.startswith(b"90,") for line in body.split(b"\n")) else None

    predictor = {"endpoint_name": "income", "on_record_error": "skip", "save_predictions": True}
    config = config_in(adult, "skip.json", predictor=predictor, methods={"post_training_bias": {"methods": ["DPPL"]}})
    rejected = duckdb.sql(f"SELECT count(*) FROM '{adult / 'adult.csv'}' WHERE age = 90").fetchall()[0][0]
    with serve(always, fault) as server:
        result = run_job(config, output=tmp_path, endpoints={"income": server.url})
    assert rejected > 1
    assert result.report.rows == ROWS - rejected
    assert result.warnings == (
        f"{rejected} rows are left out of the analysis: the model rejected what was sent for it.",
    )
    kept = duckdb.sql(
        f"SELECT count(*), count(score), count(predicted_label) FROM '{tmp_path / 'predictions.parquet'}'"
    )
    assert kept.fetchall() == [(ROWS, ROWS - rejected, ROWS - rejected)]


def test_wrong_values_are_told_before_a_model_is_asked(adult, tmp_path):
    facet = [{"name_or_index": "female", "value_or_threshold": [7]}]
    config = config_in(adult, "wrong.json", facet=facet, predictor={"endpoint_name": "income"})
    with serve(echo) as server, pytest.raises(InputError) as caught:
        run_job(config, output=tmp_path, endpoints={"income": server.url})
    assert [problem.where for problem in caught.value.problems] == ["facet[0].value_or_threshold"]
    assert server.requests == []


def test_keys_that_do_not_fit_each_other_are_told_before_anything_is_sent(adult, tmp_path):
    predictor = {"endpoint_name": "income", "probability": "score", "content_type": "application/jsonlines"}
    config = config_in(
        adult, "keys.json", predictor=predictor | {"content_template": '{"f": $features}', "accept_type": "text/csv"}
    )
    with pytest.raises(InputError) as caught:
        run_job(config, output=tmp_path, endpoints={"income": "http://127.0.0.1:1"})
    assert str(caught.value) == (
        "predictor.probability: got 'score'. Answers in text/csv need a zero-based index of a column."
    )


def test_a_model_needs_a_column_that_is_not_excluded(adult, tmp_path):
    config = config_in(adult, "nothing.json", excluded_columns=list(FEATURES))
    with pytest.raises(InputError) as caught:
        run_job(config, output=tmp_path, models={"income": "income.ubj"})
    assert str(caught.value) == (
        "excluded_columns: got ['age', 'education-num', 'hours-per-week', 'female']. Nothing is left that the model "
        "could be asked with. Keep the columns that it was trained on."
    )


def test_what_is_said_of_the_labels_type_holds_for_predictions_too(adult, tmp_path):
    rows = (adult / "adult.csv").read_text().replace(",0\n", ",1.0\n").replace(",1\n", ",2.0\n")
    (tmp_path / "adult.csv").write_text(rows)
    predictor = {"model": str(adult / "income.ubj"), "label_headers": ["1", "2"]}
    keys = {"column_types": {"rich": "categorical"}, "label_values_or_threshold": [2.0], "predictor": predictor}
    methods = {"post_training_bias": {"methods": ["DPPL"]}}
    result = run_job(config_in(tmp_path, methods=methods, **keys), output=tmp_path / "out")
    assert [column.kind for column in result.report.columns if column.role != "facet"] == ["categorical"] * 2


def test_a_failed_job_keeps_what_was_predicted_and_the_results_of_an_earlier_one(adult, expected, tmp_path):
    predictor = {"endpoint_name": "income", "batch_records": 100, "max_retries": 0, "max_concurrency": 1}
    config = config_in(adult, "stops.json", predictor=predictor)
    (tmp_path / "analysis.json").write_text("earlier")
    with serve(always, refused_after(10)) as server:
        with pytest.raises(ModelError):
            run_job(config, output=tmp_path, endpoints={"income": server.url})
        assert (tmp_path / "analysis.json").read_text() == "earlier"
        server.fault = None
        longer = config_in(adult, "stops.json", predictor=predictor | {"timeout_seconds": 30})
        result = run_job(longer, output=tmp_path, endpoints={"income": server.url})
    asked = sum(len(body.split(b"\n")) for _, _, body in server.requests[11:])
    assert asked == ROWS - 1000
    assert result.notes[-1] == "1,000 of 3,000 rows were predicted by an earlier run and not asked again."
    assert not (tmp_path / ".resume").exists()


def test_predictions_of_another_model_are_never_used(adult, tmp_path):
    predictor = {"endpoint_name": "income", "batch_records": 100, "max_concurrency": 1}
    config = config_in(adult, "other.json", predictor=predictor)
    with serve(always, refused_after(10)) as server, serve(always) as other:
        with pytest.raises(ModelError):
            run_job(config, output=tmp_path, endpoints={"income": server.url})
        result = run_job(config, output=tmp_path, endpoints={"income": other.url})
    assert sum(len(body.split(b"\n")) for _, _, body in other.requests) == ROWS
    assert result.notes[-1].startswith("Model: ")


def test_predictions_of_a_model_file_whose_contents_changed_are_never_used(tmp_path):
    model = tmp_path / "income.ubj"
    model.write_bytes(b"one")
    source = ModelSource("predictor.model", str(model))
    before = model_identity(source, None, None)
    assert model_identity(source, None, None) == before
    model.write_bytes(b"two")
    assert model_identity(source, None, None) != before


def test_a_project_file_says_where_models_are(adult, expected, tmp_path, monkeypatch):
    (tmp_path / "analysis_config.json").write_text(json.dumps({**CONFIG, "dataset_uri": str(adult / "adult.csv")}))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "income.ubj").write_bytes((adult / "income.ubj").read_bytes())
    (tmp_path / "pellucid.toml").write_text('[models]\nincome = "models/income.ubj"\n')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert run_job(tmp_path / "analysis_config.json", output=elsewhere / "out").document == expected


def test_a_threshold_below_zero_cuts_margins_and_not_labels(adult, tmp_path):
    rows = (adult / "adult.csv").read_text().replace(",0\n", ",0.0\n").replace(",1\n", ",1.0\n")
    (tmp_path / "adult.csv").write_text(rows)

    def margin(body):
        return b"\n".join(b"-1" if line[-1:] == b"0" else b"1" for line in body.split(b"\n"))

    keys = {"methods": {"post_training_bias": {"methods": ["DPPL"]}}, "predictor": {"endpoint_name": "income"}}
    config = config_in(tmp_path, probability_threshold=-0.5, label_values_or_threshold=[0.5], **keys)
    with serve(margin) as server:
        found = run_job(config, output=tmp_path / "out", endpoints={"income": server.url}).document
    assert metric(found, "DPPL") == -1


def test_a_probe_asks_for_a_hundred_records_at_most(adult):
    config = config_in(adult, "probe.json", predictor={"endpoint_name": "income"})
    with serve(always) as server:
        found = inspect(config, endpoints={"income": server.url})
    assert sum(len(body.split(b"\n")) for _, _, body in server.requests) == found.probe.records == 100
    assert found.problems == ()
    assert found.probe.labels == (1, 1, 1, 1, 1)
    assert found.probe.exchange.request_body.count(b"\n") == 4
    assert (found.probe.cost.rows, found.probe.cost.calls > 0) == (ROWS, True)
