"""Rows of a statement of DuckDB are counted as a frame of the same rows is, in every type that DuckDB has."""

import subprocess
import sys

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.counts import ByThreshold, ByValue
from pellucid.datasets import scan_errors_translated
from pellucid.datasets.scan import Scan
from pellucid.datasets.sql import identifier
from pellucid.engines.frames import FrameTable
from pellucid.engines.statements import StatementTable
from pellucid.errors import DataError
from pellucid.protocols.table import AnyOf

KINDS = {
    "TINYINT": st.integers(-3, 3),
    "BIGINT": st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2),
    "UBIGINT": st.integers(0, 2**64 - 1) | st.integers(0, 3),
    "HUGEINT": st.integers(-(2**100), 2**100) | st.integers(-2, 2),
    "FLOAT": st.floats(width=32) | st.sampled_from([0.1, 0.5, -0.0]),
    "DOUBLE": st.floats() | st.sampled_from([0.1, 0.5, -0.0, 2.0**53 + 2]),
    "DECIMAL(5,2)": st.integers(-200, 200).map(lambda hundredths: hundredths / 100),
    "BOOLEAN": st.booleans(),
    "VARCHAR": st.text(max_size=3).filter(lambda text: "\0" not in text),
    "DATE": st.dates().map(str),
    "ENUM('low', 'high')": st.sampled_from(["low", "high"]),
}
NUMERIC = [kind for kind in KINDS if kind not in ("VARCHAR", "DATE", "ENUM('low', 'high')")]


def table_of(columns):
    """The same rows as a statement and as a frame; ``columns`` are (DuckDB's type, cells) by name."""
    connection = duckdb.connect()
    declared = ", ".join(f"{identifier(name)} {kind}" for name, (kind, _) in columns.items())
    connection.execute(f"CREATE TABLE given ({declared})")
    places = ", ".join("?" * len(columns))
    for row in zip(*(cells for _, cells in columns.values()), strict=True):
        connection.execute(f"INSERT INTO given VALUES ({places})", row)
    return both(connection, "SELECT * FROM given")


def both(connection, statement):
    described = connection.execute(f"DESCRIBE {statement}").fetchall()
    scan = Scan(connection, statement, {name: kind for name, kind, *_ in described})
    counted = StatementTable(scan.connection, scan.statement, scan.types, lambda: scan.relation)
    return counted, FrameTable(connection.sql(statement))


@st.composite
def tables(draw):
    rows = draw(st.integers(0, 12))
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3))
    names = draw(st.sampled_from([("a", "b", "c"), ("k0", "v1", 'the "net" gain'), ("count", "select", "k1")]))
    return {
        name: (kind, draw(st.lists(KINDS[kind] | st.none(), min_size=rows, max_size=rows)))
        for name, kind in zip(names, kinds, strict=False)
    }


@settings(max_examples=60)
@given(columns=tables(), threshold=st.floats(allow_nan=False) | st.sampled_from([0.1, 0.5, 2.0**53 + 1]))
def test_a_statement_and_a_frame_of_the_same_rows_have_the_same_types_cells_and_cubes(columns, threshold):
    statement, frame = table_of(columns)
    assert statement.columns == frame.columns
    assert statement.row_count == frame.row_count
    assert repr(statement.head(5, list(columns))) == repr(frame.head(5, list(columns)))
    for name in columns:
        assert statement.distinct(name) == frame.distinct(name)
    values = [ByValue(name) for name in columns]
    sides = [ByThreshold(name, threshold) if kind in NUMERIC else ByValue(name) for name, (kind, _) in columns.items()]
    for keys in (values, sides):
        assert statement.cube(keys) == frame.cube(keys)


def test_what_needs_rows_is_answered_as_by_a_frame():
    columns = {"sex": ("VARCHAR", ["F", "M", None]), "age": ("INTEGER", [25, None, 70]), "w": ("DOUBLE", [1, 0.5, 2])}
    statement, frame = table_of(columns)
    women = AnyOf("sex", ("F",))
    assert statement.first_seen("sex", ["M", "F", None]) == ["F", "M", None]
    assert statement.mask(women).tolist() == [True, False, False]
    assert np.array_equal(statement.numbers(["age", "w"]), [[25, 1], [np.nan, 0.5], [70, 2]], equal_nan=True)
    assert [batch.columns["sex"].tolist() for batch in statement.batches(["sex"])] == [["F", "M", None]]
    assert statement.where([women], negate=True).head(9, ["age"]) == {"age": [None, 70]}
    assert statement.cube([ByValue("sex")], weights="w") == frame.cube([ByValue("sex")], weights="w")


def test_lists_are_selected_as_they_print():
    table, _ = both(duckdb.connect(), "SELECT unnest([[2], [1, 2], NULL, [2]]) AS x")
    assert table.first_seen("x", [None, "[1, 2]", "[2]"]) == ["[2]", "[1, 2]", None]
    assert table.mask(AnyOf("x", ("[2]",))).tolist() == [True, False, False, True]


def test_a_quicker_way_to_count_is_taken_where_it_has_an_answer():
    connection = duckdb.connect()
    rows = "SELECT 'F' AS sex"
    women = FrameTable(connection.sql("SELECT 'F' AS sex FROM range(7)")).cube([ByValue("sex")])
    for answer, counted in ((women, 7), (None, 1)):
        table = StatementTable(connection, rows, {"sex": "VARCHAR"}, lambda: None, counted=lambda keys, a=answer: a)
        assert table.cube([ByValue("sex")]).rows.sum() == counted


def test_faults_of_the_data_are_told_in_our_words():
    connection = duckdb.connect()
    table = StatementTable(
        connection, "SELECT error('late') AS x", {"x": "VARCHAR"}, lambda: None, scan_errors_translated
    )
    with pytest.raises(DataError, match="late"):
        table.cube([ByValue("x")])


def test_counting_loads_neither_a_library_of_frames_nor_the_whole_package_of_duckdb(tmp_path):
    path = tmp_path / "people.parquet"
    duckdb.sql(f"COPY (SELECT 'F' AS sex, 1 AS hired) TO '{path}' (FORMAT parquet)")
    code = f"""
import sys
from pellucid.api.preflight import table_over
from pellucid.counts import ByValue
from pellucid.datasets import DatasetSource, read_dataset
table = table_over(read_dataset(DatasetSource(uri={str(path)!r}, dataset_type="application/x-parquet")))
assert table.cube([ByValue("sex")]).cells() == [(("F",), 1)]
print(*(name for name in ("duckdb", "narwhals", "pyarrow") if name in sys.modules))
print(table.first_seen("sex", ["F"]))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "\n['F']\n"
