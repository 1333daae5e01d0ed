"""Files are read by statements; what else DuckDB's package has is loaded where it is used."""

import sys
from itertools import pairwise

import duckdb
import pytest

from pellucid.api.preflight import table_over
from pellucid.datasets import DatasetSource, read_dataset
from pellucid.datasets.duckdb_engine import duckdb_engine, with_relations
from pellucid.datasets.scan import Scan, relation_of


def test_a_package_without_a_compiled_part_of_that_name_is_loaded_as_a_whole(monkeypatch):
    assert issubclass(duckdb_engine().ParserException, duckdb.Error)
    monkeypatch.setitem(sys.modules, "_duckdb", None)
    assert duckdb_engine() is duckdb


def test_a_bare_connection_makes_relations_once_the_package_is_loaded():
    connection = with_relations(duckdb_engine().connect())
    assert connection.sql("SELECT 42").fetchall() == [(42,)]


def test_a_scan_is_one_relation_and_anything_else_is_its_own():
    scan = Scan(duckdb.connect(), "SELECT 1 AS x", {"x": "INTEGER"})
    assert relation_of(scan) is scan.relation
    assert scan.relation.fetchall() == [(1,)]
    assert relation_of(other := object()) is other


@pytest.mark.parametrize(("ending", "dataset_type"), [("csv", "text/csv"), ("parquet", "application/x-parquet")])
def test_the_types_of_a_scan_are_those_of_its_relation(tmp_path, ending, dataset_type):
    path = tmp_path / f"people.{ending}"
    columns = "i AS whole, CASE WHEN i > 1 THEN i END AS gap, i / 2 AS half, i > 1 AS truth, 'F' || i AS text"
    duckdb.sql(f"COPY (SELECT {columns} FROM range(4) t(i)) TO '{path}'")
    dataset = read_dataset(DatasetSource(uri=str(path), dataset_type=dataset_type))
    assert isinstance(dataset.rows_of, Scan)
    assert dict(dataset.rows_of.types) == dict(zip(dataset.frame.columns, map(str, dataset.frame.types), strict=True))
    assert dict(dataset.rows_of.types) == {
        "whole": "BIGINT",
        "gap": "DOUBLE",
        "half": "DOUBLE",
        "truth": "BOOLEAN",
        "text": "VARCHAR",
    }
    assert dataset.columns == tuple(dataset.rows_of.types)
    assert all(here is there for here, there in pairwise([dataset.frame, dataset.frame, dataset.rows_of.relation]))


def test_a_time_with_a_zone_is_read_as_the_time_in_utc_wherever_the_machine_is(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    path = tmp_path / "seen.parquet"
    moments = "(1, TIMESTAMPTZ '2024-05-01 23:30:00+00'), (2, NULL), (3, TIMESTAMPTZ '1960-01-01 12:00:00.25+02')"
    duckdb.sql(f"COPY (SELECT * FROM (VALUES {moments}) t(row, seen)) TO '{path}' (FORMAT parquet)")
    dataset = read_dataset(DatasetSource(uri=str(path), dataset_type="application/x-parquet"))
    cells = ["2024-05-01 23:30:00", None, "1960-01-01 10:00:00.250000"]
    assert dict(dataset.rows_of.types) == {"row": "INTEGER", "seen": "TIMESTAMP"}
    table = table_over(dataset)
    assert table.head(3, ["seen"]) == {"seen": cells}
    assert [batch.columns["seen"].tolist() for batch in table.batches(["seen"])] == [cells]
    assert table.first_seen("seen", [cells[2], cells[0]]) == [cells[0], cells[2]]
