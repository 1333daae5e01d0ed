"""Columns of types that Spark has not, or holds in another way: jobs on Spark count them as on this machine."""

import json

import duckdb
import pytest

from pellucid import bias
from pellucid.api.job import run_job
from pellucid.errors import DataError

pytestmark = pytest.mark.slow

PLACE = "(i % 3)"
COLUMNS = {
    "more than a bigint": f"18446744073709551610::UBIGINT + {PLACE}::UBIGINT",
    "moment": f"TIMESTAMPTZ '2023-10-29 00:30:00+00' + INTERVAL {PLACE} HOUR",  # clocks go back in Berlin
    "date": f"DATE '2020-01-01' + {PLACE}::INTEGER",
    "time": f"TIME '10:00:00' + INTERVAL {PLACE} HOUR",
    "id": f"('00000000-0000-0000-0000-00000000000' || {PLACE})::UUID",
    "nanoseconds": f"(TIMESTAMP '2020-01-01' + INTERVAL {PLACE} HOUR)::TIMESTAMP_NS",
    "list": f"[{PLACE}]",
    "text": f"(['a', 'a ', 'A'])[{PLACE} + 1]",
}
CONFIG = {
    "dataset_type": "application/x-parquet",
    "label": "hired",
    "predicted_label": "predicted",
    "label_values_or_threshold": [1],
    "methods": {
        "pre_training_bias": {"methods": "all"},
        "post_training_bias": {"methods": ["DPPL", "CDDPL", "AD"]},
    },
}


@pytest.fixture
def by_engine(spark, tmp_path):
    """The text of the results of one job by engine: ``by_engine(columns, **keys)``."""
    spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")

    def run(names, **keys):
        given = ", ".join(f'{COLUMNS[name]} AS "{name}"' for name in names)
        rows = f"SELECT {given}, i % 4 AS team, (i % 2)::INTEGER AS hired, (i % 5 < 2)::INTEGER AS predicted"
        duckdb.sql(f"COPY ({rows} FROM range(120) rows(i)) TO '{tmp_path}/rows.parquet' (FORMAT parquet)")
        (tmp_path / "config.json").write_text(json.dumps({**CONFIG, **keys}))
        found = {}
        for engine in ("local", "spark"):
            folder = tmp_path / engine
            run_job(
                tmp_path / "config.json",
                data=str(tmp_path / "rows.parquet"),
                output=folder,
                engine=engine,
                report=False,
            )
            found[engine] = [(folder / name).read_text() for name in ("analysis.json", "pellucid.json")]
            assert not (folder / ".resume").exists()
        return found

    yield run
    spark.conf.unset("spark.sql.session.timeZone")


def test_facets_and_strata_of_every_type_have_the_same_cells(by_engine):
    facets = [{"name_or_index": name} for name in COLUMNS]
    for strata in ("more than a bigint", "time"):
        found = by_engine(COLUMNS, facet=facets, group_variable=strata)
        assert found["spark"] == found["local"]


def test_columns_that_spark_cannot_read_may_stand_beside_those_it_counts(by_engine):
    facets = [{"name_or_index": "team", "value_or_threshold": [1]}]
    segments = [{"name_or_index": "id", "segments": [["00000000-0000-0000-0000-000000000001"]]}]
    found = by_engine(["id", "text"], facet=facets, group_variable="text", segment_config=segments)
    assert found["spark"] == found["local"]


@pytest.mark.parametrize("cell", ["array(id % 2)", "map('town', id % 2)"])
def test_a_spark_frame_makes_no_facets_of_lists_and_maps(spark, cell):
    frame = spark.sql(f"SELECT {cell} AS place, id % 2 AS hired FROM range(20)")
    fix = r"Lists and objects make no groups in this kind of table\. Turn them into text, or use a part of them\.$"
    with pytest.raises(DataError, match=rf"^place: got .* The type of the column is (List|Map)\(.*\)\. {fix}"):
        bias(frame, label="hired", positive=1, facets="place", metrics="DPL")
