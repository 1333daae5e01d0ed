"""Jobs on Spark: the numbers of the local engine to the last bit, whatever the format and the partitions."""

import json

import numpy as np
import polars as pl
import pytest

from pellucid.api.job import run_job
from pellucid.errors import ConfigError, ModelError

pytestmark = pytest.mark.slow

MODEL = """
import numpy as np

def chance(rows):
    rows = np.asarray(rows, dtype=float)
    return 1 / (1 + np.exp(-(rows[:, 0] / 20 - 2 + rows[:, 1] * rows[:, 2] / 50 + rows[:, 3])))
"""
FEATURES = ["age", "hours per.week", "children", "share"]
SHAP = {"baseline": [[40, 38, 1, 0.25]], "save_local_shap_values": True}


def people(rows):
    rng = np.random.default_rng(8)
    children = rng.integers(0, 5, rows)
    return pl.DataFrame(
        {
            "id": [f"p{i}" for i in range(rows)],
            "age": rng.integers(18, 80, rows),
            "hours per.week": rng.integers(10, 60, rows),
            "children": children,
            "share": np.round(rng.random(rows), 3),
            "sex": rng.choice(["F", "M"], rows),
            "region": pl.Series([None if i % 17 == 0 else "north`s" if i % 3 else "süd" for i in range(rows)]),
            "approved": (rng.random(rows) < 0.4).astype(int),
            "predicted": (rng.random(rows) < 0.45).astype(int),
        }
    )


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "model_of_spark_jobs.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def config(place, dataset_type, methods, **keys):
    document = {
        "dataset_type": dataset_type,
        "label": "approved",
        "predicted_label": "predicted",
        "label_values_or_threshold": [1],
        "facet": [
            {"name_or_index": "sex", "value_or_threshold": ["F"]},
            {"name_or_index": "age", "value_or_threshold": [40]},
        ],
        "group_variable": "region",
        "joinsource_name_or_index": "id",
        "excluded_columns": ["sex", "region"],
        "methods": methods,
        "predictor": {"model": "model_of_spark_jobs:chance"},
        **keys,
    }
    path = place / "config.json"
    path.write_text(json.dumps({key: value for key, value in document.items() if value is not None}))
    return path


BIAS = {"pre_training_bias": {"methods": "all"}, "post_training_bias": {"methods": "all"}}
SEGMENTS = [{"name_or_index": "region", "segments": [["north`s"]]}]
JSON_KEYS = {
    "label": "approved",
    "predicted_label": "predicted",
    "features": '[id, age, "hours per.week", children, share, sex, region]',
    "headers": ["id", *FEATURES, "sex", "region", "approved", "predicted"],
}


def write(frame, place, form):
    if form == "text/csv":
        frame.write_csv(place / "rows.csv")
    elif form == "application/jsonlines":
        frame.write_ndjson(place / "rows.jsonl")
    else:
        folder = place / "rows [1] of {2}, 50 %.parquet"  # patterns to Hadoop, a name to everyone else
        folder.mkdir()
        for number in range(3):
            frame[number * 90 : (number + 1) * 90].write_parquet(folder / f"part-{number}.parquet")
    return str(next(place.glob("rows*")))


def both(place, path, data, **keys):
    local = run_job(path, data=data, output=place / "local", **keys)
    spark = run_job(path, data=data, output=place / "spark", engine="spark", **keys)
    return local, spark


def text(place, name):
    return (place / name).read_text()


# --- formats ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("form", "keys"),
    [
        ("text/csv", {}),
        ("application/jsonlines", JSON_KEYS),
        ("application/x-parquet", {}),
    ],
)
def test_bias_and_explanations_equal_those_of_the_local_engine(spark, place, form, keys):
    data = write(people(230), place, form)
    methods = {**BIAS, "shap": SHAP, "pdp": {"grid_resolution": 4, "top_k_features": 2}}
    path = config(place, form, methods, segment_config=SEGMENTS, **keys)
    both(place, path, data)
    assert text(place, "spark/analysis.json") == text(place, "local/analysis.json")
    assert text(place, "spark/pellucid.json") == text(place, "local/pellucid.json")
    assert sorted(file.name for file in (place / "spark").iterdir()) == [
        "analysis.json",
        "explanations_shap",
        "pellucid.json",
    ]


def test_whole_numbers_with_a_gap_are_floats_on_spark_as_well(spark, place):
    frame = people(60).with_columns(children=pl.when(pl.int_range(60) == 7).then(None).otherwise("children"))
    frame.write_parquet(place / "rows.parquet")
    path = config(
        place,
        "application/x-parquet",
        BIAS,
        facet=[{"name_or_index": "children"}],
        column_types={"children": "categorical"},
    )
    both(place, path, str(place / "rows.parquet"))
    document = json.loads(text(place, "spark/analysis.json"))
    found = document["pre_training_bias_metrics"]["facets"]["children"]
    assert found == json.loads(text(place, "local/analysis.json"))["pre_training_bias_metrics"]["facets"]["children"]
    assert {entry["value_or_threshold"] for entry in found} == {"0.0", "1.0", "2.0", "3.0", "4.0", "nan"}


def test_bias_of_what_a_model_predicts_equals_that_of_the_local_engine(spark, place):
    data = write(people(120), place, "application/x-parquet")
    path = config(
        place,
        "application/x-parquet",
        {"post_training_bias": {"methods": "all"}},
        predicted_label=None,
        excluded_columns=["sex", "region", "predicted"],
    )
    both(place, path, data)
    assert text(place, "spark/analysis.json") == text(place, "local/analysis.json")
    assert text(place, "spark/pellucid.json") == text(place, "local/pellucid.json")


def test_data_that_spark_cannot_read_itself_go_through_the_folder_for_staging(spark, place):
    data = write(people(60), place, "text/csv")
    path = config(place, "text/csv", BIAS, predictor=None)
    (place / "pellucid.toml").write_text(f'[engine]\nstaging = "{place / "shared"}"\n')
    both(place, path, data)
    assert text(place, "spark/analysis.json") == text(place, "local/analysis.json")
    assert list((place / "shared").iterdir()) == []
    (place / "shared").rmdir()
    (place / "shared").write_text("no folder")
    with pytest.raises(ConfigError) as caught:
        run_job(path, data=data, output=place / "spark", engine="spark")
    assert str(caught.value) == (
        f"pellucid.toml [engine] staging: got '{place / 'shared'}'. File exists. Give a folder that every machine of "
        "the cluster sees and this one can write."
    )


# --- partitions -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("bytes_per_partition", ["4k", "128m"])
def test_numbers_do_not_depend_on_partitions(spark, place, bytes_per_partition):
    before = spark.conf.get("spark.sql.files.maxPartitionBytes")
    spark.conf.set("spark.sql.files.maxPartitionBytes", bytes_per_partition)
    try:
        frame = people(1000)
        frame.write_parquet(place / "rows.parquet", row_group_size=250)
        both(place, config(place, "application/x-parquet", BIAS), str(place / "rows.parquet"))
    finally:
        spark.conf.set("spark.sql.files.maxPartitionBytes", before)
    assert text(place, "spark/analysis.json") == text(place, "local/analysis.json")


# --- local values -----------------------------------------------------------------------------------------------------
def test_local_values_are_a_folder_of_part_files(spark, place):
    data = write(people(150), place, "text/csv")
    shap = {**SHAP, "baseline": [[40, 38, 1, 0.25]] * 100}
    excluded = ["sex", "region", "predicted"]
    path = config(place, "text/csv", {"shap": shap}, predicted_label=None, excluded_columns=excluded)
    both(place, path, data)
    parts = sorted((place / "spark" / "explanations_shap" / "out.csv").iterdir())
    assert [part.name for part in parts] == ["part-00000.csv"]
    assert parts[0].read_text() == text(place, "local/explanations_shap/out.csv")
    header = "age_label0,hours per.week_label0,children_label0,share_label0,id"
    assert parts[0].read_text().splitlines()[0] == header


def test_a_job_on_one_engine_replaces_the_results_of_one_on_the_other(spark, place):
    data = write(people(60), place, "text/csv")
    path = config(place, "text/csv", {"shap": SHAP})
    values = place / "output" / "explanations_shap" / "out.csv"
    run_job(path, data=data, output=place / "output", engine="spark")
    assert values.is_dir()
    run_job(path, data=data, output=place / "output")
    assert values.is_file()
    run_job(path, data=data, output=place / "output", engine="spark")
    assert values.is_dir()
    run_job(config(place, "text/csv", BIAS, predictor=None), data=data, output=place / "output", engine="spark")
    assert not values.exists()


# --- resume -----------------------------------------------------------------------------------------------------------
def test_what_one_engine_finished_the_other_does_not_explain_again(spark, place):
    data = write(people(100), place, "text/csv")
    shap = {**SHAP, "baseline": [[40, 38, 1, 0.25]] * 300}  # units of one block
    path = config(place, "text/csv", {"shap": shap})
    told = []

    def stop(step):
        told.append(step)
        if step.startswith("explaining: 64 of 100 rows"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_job(path, data=data, output=place / "output", engine="spark", progress=stop)
    result = run_job(path, data=data, output=place / "output", progress=told.append)
    assert "64 of 100 rows were explained by an earlier run and not again." in result.notes
    assert "explaining: 64 of 100 rows" in told
    assert not (place / "output" / ".resume").exists()
    undisturbed = run_job(path, data=data, output=place / "other")
    assert text(place, "output/pellucid.json") == text(place, "other/pellucid.json")
    assert undisturbed.document == result.document


# --- workers without what they need -----------------------------------------------------------------------------------
def test_a_model_that_only_the_driver_can_load_is_told_by_name(spark, place, monkeypatch):
    (place / "only_here.py").write_text(
        "import os\nif os.environ.get('ONLY_HERE') != 'yes':\n    raise OSError('no')\n" + MODEL
    )
    monkeypatch.setenv("ONLY_HERE", "yes")
    data = write(people(40), place, "text/csv")
    path = config(place, "text/csv", {"shap": SHAP}, predictor={"model": "only_here:chance"})
    with pytest.raises(ModelError, match=r"^A worker cannot load the model\. only_here:chance: "):
        run_job(path, data=data, output=place / "output", engine="spark")
