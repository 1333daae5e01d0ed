"""The flip test of jobs and library calls on Spark: found by its workers, equal to that of this machine."""

import json
import venv

import numpy as np
import polars as pl
import pytest

import pellucid
from pellucid.api.job import run_job
from pellucid.bias.neighbours import SENT_ROWS
from pellucid.engines import spark_pool

pytestmark = pytest.mark.slow

ROWS = 2 * SENT_ROWS


def people():
    rng = np.random.default_rng(6)
    numbers = rng.integers(0, 500, (ROWS, 3))  # some people are equally near
    return pl.DataFrame(
        {
            **{f"number {i}": numbers[:, i] for i in range(3)},
            "member": rng.random(ROWS) < 0.2,
            "sex": rng.choice(["F", "M"], ROWS, p=[0.7, 0.3]),
            "region": rng.choice(["north", "south"], ROWS),
            "approved": (rng.random(ROWS) < 0.4).astype(int),
            "predicted": (rng.random(ROWS) < 0.45).astype(int),
        }
    )


@pytest.fixture
def asked(monkeypatch):
    """How many pools were opened on Spark, and how many units they were given."""
    counted = {"pools": 0, "units": 0}
    submit, opened = spark_pool.SparkPool.submit, spark_pool.SparkPool.__post_init__

    def noted_submit(self, unit):
        counted["units"] += 1
        return submit(self, unit)

    def noted_opened(self):
        counted["pools"] += 1
        opened(self)

    monkeypatch.setattr(spark_pool.SparkPool, "submit", noted_submit)
    monkeypatch.setattr(spark_pool.SparkPool, "__post_init__", noted_opened)
    return counted


CONFIG = {
    "dataset_type": "application/x-parquet",
    "label": "approved",
    "predicted_label": "predicted",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}],
    "excluded_columns": ["region"],
    "methods": {"post_training_bias": {"methods": ["FT", "DPPL"]}},
}


def test_a_job_writes_the_same_files_as_on_this_machine(spark, tmp_path, asked):
    people().write_parquet(tmp_path / "rows.parquet", row_group_size=5000)
    config = {**CONFIG, "segment_config": [{"name_or_index": "region", "segments": [["north"]]}]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    for engine in ("local", "spark"):
        data = str(tmp_path / "rows.parquet")
        run_job(tmp_path / "config.json", data=data, output=tmp_path / engine, engine=engine)
    for name in ("analysis.json", "pellucid.json"):
        assert (tmp_path / "spark" / name).read_text() == (tmp_path / "local" / name).read_text()
    rows_of_women = people().filter(sex="F").height
    assert asked == {"pools": 1, "units": -(-rows_of_women // SENT_ROWS)}  # segments are too small to be sent


def test_where_the_workers_lack_the_packages_this_machine_does_the_work_and_notes_it(spark, tmp_path, monkeypatch):
    people().write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))

    def run(engine):
        data = str(tmp_path / "rows.parquet")
        return run_job(tmp_path / "config.json", data=data, output=tmp_path / engine, engine=engine, report=False)

    expected = run("local")
    venv.create(tmp_path / "bare")
    monkeypatch.setattr(spark.sparkContext, "pythonExec", str(tmp_path / "bare" / "bin" / "python"))
    found = run("spark")
    assert (tmp_path / "spark" / "analysis.json").read_text() == (tmp_path / "local" / "analysis.json").read_text()
    assert found.notes[:-1] == expected.notes
    assert found.notes[-1].startswith(
        "The machine that started the job did the flip test. The Python of Spark's workers lacks the module "
    )
    assert json.loads((tmp_path / "spark" / "pellucid.json").read_text())["dataset"]["notes"] == [*found.notes]


def test_a_library_call_on_a_frame_of_spark_gives_what_any_other_frame_gives(spark, asked):
    frame = people().drop("region").sort("number 0", "number 1", "number 2")
    names = {"label": "approved", "positive": 1, "predicted": "predicted", "facets": {"sex": "F"}, "metrics": ["FT"]}
    expected = pellucid.bias(frame, **names)
    divided = spark.createDataFrame(frame.to_arrow()).repartition(3).sort("number 0", "number 1", "number 2")
    assert pellucid.bias(divided, **names).to_dict() == expected.to_dict()
    assert asked["pools"] == 1
