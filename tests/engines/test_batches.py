"""Rows handed to a model, some at a time, from every engine."""

import duckdb
import numpy as np
import polars as pl
import pytest

from pellucid.engines.frames import FrameTable


def test_a_batch_holds_columns_as_they_were_read(people):
    (batch,) = people.batches(["sex", "age", "income", "member", "children", "weight"])
    columns = batch.columns
    assert columns["sex"].tolist()[:4] == ["F", "M", "F", None]
    assert columns["age"].dtype == np.int64
    assert columns["income"].dtype == np.float64
    assert np.isnan(columns["income"][[2, 4, 10]]).all()
    assert columns["member"].tolist()[5:8] == [False, None, True]
    assert columns["children"].tolist()[:4] == [0, 2, None, 1]
    assert [type(value) for value in columns["children"].tolist()[:3]] == [int, int, type(None)]
    assert columns["weight"].dtype == np.float64


def test_rows_come_in_order_and_no_more_at_a_time_than_wanted(people):
    batches = list(people.batches(["age", "hired"], 5))
    assert [len(batch) for batch in batches] == [5, 5, 2]
    assert [batch.names for batch in batches] == [("age", "hired")] * 3
    ages = np.concatenate([batch.columns["age"] for batch in batches]).tolist()
    assert ages == [25, 40, 31, 58, 40, 19, 62, 33, 47, 25, 70, 40]


@pytest.mark.parametrize("library", ["duckdb", "polars"])
def test_many_rows_keep_their_order(library, tmp_path):
    rows = 300_000
    file = tmp_path / "rows.parquet"
    duckdb.sql(f"COPY (SELECT range AS id FROM range({rows})) TO '{file}' (ROW_GROUP_SIZE 20000)")
    frame = duckdb.connect().read_parquet(str(file)) if library == "duckdb" else pl.scan_parquet(file)
    batches = list(FrameTable(frame).batches(["id"]))
    assert max(map(len, batches)) <= 65_536
    assert np.array_equal(np.concatenate([batch.columns["id"] for batch in batches]), np.arange(rows))


def test_names_that_need_quotes_are_read():
    frame = duckdb.connect().sql('SELECT 1 AS "a ""b""", 2 AS "order"')
    (batch,) = FrameTable(frame).batches(['a "b"', "order"])
    assert {name: values.tolist() for name, values in batch.columns.items()} == {'a "b"': [1], "order": [2]}


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("date '2024-05-01'", "2024-05-01"),
        ("timestamp '2024-05-01 12:00:00'", "2024-05-01 12:00:00"),
        ("time '12:30:00'", "12:30:00"),
        ("[1, NULL]", "[1, None]"),
        ("[[1], []]", "[[1], []]"),
        ("MAP {'k': 1}", "{'k': 1}"),
        ("{'town': 'Ulm'}", "{'town': 'Ulm'}"),
        ("'F'::BLOB", "F"),
        ("uuid '12345678-1234-5678-1234-567812345678'", "12345678-1234-5678-1234-567812345678"),
        ("5::HUGEINT", 5.0),
        ("1.5::DECIMAL(9, 2)", 1.5),
        ("'F'::ENUM('F', 'M')", "F"),
    ],
)
@pytest.mark.parametrize("missing", [False, True])
def test_cells_are_those_that_a_configuration_names(cell, shown, missing):
    more = "UNION ALL SELECT 1, NULL" if missing else ""
    table = FrameTable(duckdb.connect().sql(f"SELECT 0 AS id, {cell} AS x {more}"))
    (batch,) = table.batches(["x", "id"])
    (alone,) = table.batches(["x"])
    assert batch.columns["x"].tolist()[0] == alone.columns["x"].tolist()[0] == table.head(1, ["x"])["x"][0] == shown
    assert batch.columns["id"].tolist() == [0, 1][: 1 + missing]
    assert len(alone) == 1 + missing


def test_nothing_is_left_behind_when_a_reader_stops_early():
    connection = duckdb.connect()
    batches = FrameTable(connection.sql("SELECT range AS id FROM range(10)")).batches(["id"], 3)
    next(batches)
    batches.close()
    assert connection.sql("SHOW TABLES").fetchall() == []


def test_a_reader_that_is_let_go_of_late_does_not_need_the_file_any_more(tmp_path):
    (tmp_path / "rows.csv").write_text("id\n1\n2\n3\n4\n")
    batches = FrameTable(duckdb.connect().read_csv(str(tmp_path / "rows.csv"))).batches(["id"], 2)
    assert next(batches).columns["id"].tolist() == [1, 2]
    (tmp_path / "rows.csv").unlink()
    batches.close()  # raises nothing, which would hide why the reader failed


def test_an_empty_table_has_no_batches():
    assert list(FrameTable(duckdb.connect().sql("SELECT 1 AS id WHERE false")).batches(["id"])) == []


def test_whole_numbers_that_need_an_unsigned_type_become_doubles_and_never_negative():
    large = pl.Series([3, 2**63 + 2**20], dtype=pl.UInt64)
    numbers = pl.DataFrame({"hash": large, "age": pl.Series([3, 4], dtype=pl.UInt64)})
    for native in (numbers, numbers.to_pandas(), duckdb.from_arrow(numbers.to_arrow())):
        (batch,) = FrameTable(native).batches(["hash", "age"])
        assert batch.columns["hash"].tolist() == [3.0, float(2**63 + 2**20)]
        assert (batch.columns["hash"].dtype, batch.columns["age"].dtype) == (np.float64, np.int64)


@pytest.mark.parametrize("backend", ["duckdb", "sqlite"])
def test_a_table_of_memory_is_read_by_the_database_that_it_is_bound_to(backend):
    ibis = pytest.importorskip("ibis", reason="Ibis is not installed")
    connection = getattr(ibis, backend).connect()
    given = ibis.memtable(pl.DataFrame({"sex": ["F", "M"], "age": [25, 40]}).to_arrow())
    empty = connection.create_table("people", schema=given.schema())
    (batch,) = FrameTable(empty.union(given)).batches(["sex", "age"])
    assert {name: values.tolist() for name, values in batch.columns.items()} == {"sex": ["F", "M"], "age": [25, 40]}


def test_a_table_of_memory_alone_is_read_by_the_database_that_ibis_takes_for_it():
    ibis = pytest.importorskip("ibis", reason="Ibis is not installed")
    (batch,) = FrameTable(ibis.memtable(pl.DataFrame({"age": [25, 40]}).to_arrow())).batches(["age"])
    assert batch.columns["age"].tolist() == [25, 40]
