"""Files are read by statements; what else DuckDB's package has is loaded where it is used."""

import sys
from itertools import pairwise

import duckdb
import pytest

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
