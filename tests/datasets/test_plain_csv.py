"""Large plain files are counted without a CSV reader, and come out as DuckDB counts them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.api.preflight import table_over
from pellucid.counts import ByThreshold, ByValue
from pellucid.datasets import DatasetSource, parts, read_dataset
from pellucid.datasets import plain_csv as plain_csv_module
from pellucid.datasets.csv_layout import csv_layout
from pellucid.datasets.locate import locate
from pellucid.datasets.plain_cells import (
    BLOCK_BYTES,
    LONGEST_CELL,
    MOST_COLUMNS,
    MOST_TEXTS,
    Coded,
    count_rows,
    stretches,
)
from pellucid.datasets.plain_csv import PlainCsv, plain_csv

HEADER = "sex,age,hired\n"
ROWS = "F,39,1\nM,50,0\nF,39,1\n"
KEYS = [ByValue("sex"), ByValue("age"), ByValue("hired")]


def source(path: Path) -> DatasetSource:
    return DatasetSource(uri=str(path), dataset_type="text/csv", label="hired", expected_names=("sex",))


def plain(path: Path) -> PlainCsv:
    """The file with the types that DuckDB's reader found."""
    dataset = read_dataset(source(path))
    types = dict(zip(dataset.columns, map(str, dataset.frame.types), strict=True))
    return PlainCsv(csv_layout(source(path), locate(source(path))), types)  # type: ignore[arg-type]


def file(folder: Path, text: str | bytes, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_cells_are_counted_and_typed(tmp_path):
    cube = plain(file(tmp_path, HEADER + ROWS)).cube(KEYS)
    assert cube is not None
    assert cube.cells() == [(("F", 39, 1), 2), (("M", 50, 0), 1)]


def test_part_files_add_up(tmp_path):
    file(tmp_path, HEADER + ROWS, "a.csv")
    file(tmp_path, ROWS, "b.csv")
    cube = plain(tmp_path).cube([ByValue("sex")])
    assert cube is not None
    assert cube.cells() == [(("F",), 4), (("M",), 2)]


UNUSUAL = """F,39
F,39,1,2
F,39,1,
F,39,

"F",39,1
F",39,1
F,39,1\r
F,39,1\rM,50,0
F,39,1\0
F,39.5,1
F,+39,1
F, 39,1
F,NA,1
F,1_0,1
F,1e3,1
F,9999999999999999999,1"""


@pytest.mark.parametrize("line", [*UNUSUAL.split("\n"), "F,39\nF,39,1,2"])
def test_a_file_with_anything_unusual_is_left_to_duckdb(tmp_path, line):
    usual = plain(file(tmp_path, HEADER + ROWS))
    file(tmp_path, f"{HEADER}{ROWS}{line}\n{ROWS}")
    assert usual.cube(KEYS) is None


@pytest.mark.parametrize("text", ["\ufeff" + HEADER + ROWS, (HEADER + "\xe9,39,1\n").encode("latin-1")])
def test_a_byte_order_mark_and_text_that_is_not_utf8_are_left_to_duckdb(tmp_path, text):
    usual = plain(file(tmp_path, HEADER + ROWS))
    file(tmp_path, text)
    assert usual.cube(KEYS) is None


def test_a_last_line_without_its_end_counts(tmp_path):
    cube = plain(file(tmp_path, (HEADER + ROWS).rstrip("\n"))).cube([ByValue("sex")])
    assert cube is not None
    assert cube.rows.sum() == 3


def test_sides_of_a_threshold_are_counted_with_the_ends_of_the_column(tmp_path):
    key = ByThreshold("age", 40)
    cube = plain(file(tmp_path, HEADER + ROWS + "F,40,1\n")).cube([ByValue("sex"), key])
    assert cube is not None
    assert cube.cells() == [(("F", -1), 2), (("F", 0), 1), (("M", 1), 1)]
    assert cube.dimension("age").extremes == (39, 50)


def test_a_missing_last_cell_is_told_from_a_line_that_is_too_short(tmp_path):
    text = "hired,sex\n1,F\n0,\n1,F\n"
    cube = plain(file(tmp_path, text)).cube([ByValue("sex")])
    assert cube is not None
    assert cube.cells() == [(("F",), 2), ((None,), 1)]
    usual = plain(file(tmp_path, text))
    file(tmp_path, text + "1\n")
    assert usual.cube([ByValue("sex")]) is None


def many_rows(blocks):
    """Text of more than so many blocks, whose rows have lengths of their own."""
    people = [f"{'FM'[i % 3 == 0]},{i % 50},{'x' * (i % 41)},{i % 2}" for i in range(1000)]
    text = "\n".join(people) + "\n"
    return "sex,age,note,hired\n" + text * (blocks * BLOCK_BYTES // len(text) + 1)


def test_rows_that_reach_over_the_end_of_a_block_are_counted_once(tmp_path):
    text = many_rows(blocks=3)
    path = file(tmp_path, text)
    keys = [ByValue("sex"), ByValue("note"), ByValue("hired"), ByThreshold("age", 20)]
    cube = plain(path).cube(keys)
    assert cube is not None
    assert cube.rows.sum() == text.count("\n") - 1
    assert cube == table_over(read_dataset(source(path))).cube(keys)


@pytest.mark.parametrize("text", ["F,1,2,\n", "F,1\n", '"F",1,,1\n', "F,1,,1\r\n", "F,1,,1\n\n"])
def test_a_fault_in_a_late_block_is_seen(tmp_path, text):
    usual = plain(file(tmp_path, many_rows(blocks=2)))
    assert usual.cube([ByValue("sex")]) is not None
    with (tmp_path / "people.csv").open("a") as late:
        late.write(text)
    keys = [ByValue("sex"), ByValue("hired")]
    assert usual.cube(keys) is None


def test_a_line_with_a_cell_too_many_beside_one_with_a_cell_too_few_is_seen(tmp_path):
    usual = plain(file(tmp_path, HEADER + ROWS))
    file(tmp_path, f"{HEADER}{ROWS}F,39\nF,39,1,2\n")
    assert usual.cube([ByValue("sex")]) is None


def long_lines(cells, length):
    return HEADER + "".join(f"{'F' * length}{i:04d},39,1\n" for i in range(cells))


@pytest.mark.parametrize(
    ("cells", "length", "counted"),
    [
        (MOST_TEXTS, 1, True),
        (MOST_TEXTS + 1, 1, False),
        (3, LONGEST_CELL - 4, True),
        (3, LONGEST_CELL - 3, False),
        (3, BLOCK_BYTES, False),
    ],
)
def test_columns_of_many_or_long_cells_are_left_to_duckdb(tmp_path, cells, length, counted):
    path = file(tmp_path, long_lines(cells, length))
    cube = plain(path).cube([ByValue("sex")])
    assert (cube is not None) == counted
    assert cube is None or cube == table_over(read_dataset(source(path))).cube([ByValue("sex")])


def test_cells_of_every_length_are_told_apart(tmp_path):
    """Each is the beginning of the next, so that nothing but its length tells one from the other."""
    names = ["", *("a" * n for n in range(1, LONGEST_CELL + 1))]
    path = file(tmp_path, "sex,hired\n" + "".join(f"{name},1\n" * (n + 1) for n, name in enumerate(names)))
    cube = plain(path).cube([ByValue("sex")])
    assert cube is not None
    assert dict(cube.cells()) == {(name or None,): n + 1 for n, name in enumerate(names)}


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.sampled_from(["F,39,1", "Male,5,0", "M,50,0"]), max_size=30),
    end=st.booleans(),
    most=st.integers(1, 6),
)
def test_threads_take_whole_rows_and_count_each_once(tmp_path_factory, rows, end, most):
    path = file(tmp_path_factory.mktemp("cut"), HEADER + "\n".join(rows) + "\n" * (end and bool(rows)))
    parts = stretches(str(path), most, has_header=True)
    text = path.read_bytes()
    pieces = [text[part.begin : part.end] for part in parts]
    assert b"".join(pieces) == text
    assert all(piece.endswith(b"\n") for piece in pieces[:-1])
    assert [part.has_header for part in parts] == [True, *[False] * (len(parts) - 1)]
    counted = [count_rows(part, 3, [Coded(0, str)]) for part in parts]
    assert sum((Counter(part) for part in counted), Counter()) == Counter((row.split(",")[0],) for row in rows)


def test_a_file_that_is_cut_for_threads_counts_alike(tmp_path, monkeypatch):
    text = many_rows(blocks=1)
    keys = [ByValue("sex"), ByValue("note"), ByThreshold("age", 20)]
    usual = plain(file(tmp_path, text))
    alone = usual.cube(keys)
    assert alone is not None
    monkeypatch.setattr(plain_csv_module, "PART_BYTES", 10_000)
    assert usual.cube(keys) == alone
    file(tmp_path, text + "F,1\n")
    assert usual.cube(keys) is None


@pytest.mark.parametrize("seed", range(5))
def test_every_text_keeps_a_code_of_its_own_however_many_share_their_bits(seed):
    """So many that some come to lie in one place of the table, which is then made anew."""
    numbers = np.random.default_rng(seed).permutation(10_000)[:MOST_TEXTS]
    words = np.array([int.from_bytes(f"{number:04d}".encode(), "little") for number in numbers], dtype=np.uint64)
    column = Coded(0, str)
    codes = column.codes([words])
    assert [column.values[code] for code in codes] == [f"{number:04d}" for number in numbers]
    longer = column.codes([words[:9], words[:9] * 0])
    assert longer.tolist() == codes[:9].tolist()


def test_no_keys_and_too_many_are_left_to_duckdb(tmp_path):
    usual = plain(file(tmp_path, HEADER + ROWS))
    assert usual.cube([ByValue("sex")] * MOST_COLUMNS) is not None
    assert usual.cube([ByValue("sex")] * (MOST_COLUMNS + 1)) is None
    assert usual.cube([]) is None


@pytest.mark.parametrize("threshold", [float("nan"), float("inf")])
def test_thresholds_that_are_no_numbers_are_left_to_duckdb(tmp_path, threshold):
    assert plain(file(tmp_path, HEADER + ROWS)).cube([ByThreshold("age", threshold)]) is None


def test_the_first_rows_are_those_that_duckdb_reads(tmp_path):
    path = file(tmp_path, HEADER + ROWS + "NA,7,0\n")
    columns = ["hired", "sex", "age"]
    assert plain(path).head(4, columns) == table_over(read_dataset(source(path))).head(4, columns)
    assert plain(path).head(2, ["sex"]) == {"sex": ["F", "M"]}
    assert plain(path).head(5, columns) is None  # the file may have more rows than were looked at
    usual = plain(path)
    assert replace(usual, types={**usual.types, "sex": "BIGINT"}).head(2, ["sex"]) is None


CELLS = {
    "text": st.sampled_from(["F", "M", " M", "Ω", "NA", "", "null", "0x10", "a;b"]),
    "integer": st.integers(-(10**20), 10**20).map(str) | st.sampled_from(["7", "007", "+7", " 7", "-0"]),
    "number": st.floats(allow_nan=True, allow_infinity=True).map(repr) | st.sampled_from(["1.50", "", ".5", "5."]),
    "truth": st.sampled_from(["true", "False", "TRUE", ""]),
}


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=3),
    data=st.data(),
)
def test_whatever_is_counted_equals_what_duckdb_counts(tmp_path_factory, kinds, data):
    rows = data.draw(st.lists(st.tuples(*(CELLS[kind] for kind in kinds)), min_size=1, max_size=8))
    columns = ["sex", *(f"c{i}" for i in range(1, len(kinds))), "hired"]
    text = "\n".join([",".join(columns), *(",".join([*row, "yes"]) for row in rows)])
    path = file(tmp_path_factory.mktemp("any"), text)
    table = table_over(read_dataset(source(path)))
    keys = [ByValue(column) for column in columns]
    keys += [ByThreshold(column, 7) for column in columns if table.columns[column] in ("integer", "float", "boolean")]
    counted = plain(path).cube(keys[:MOST_COLUMNS])
    assert counted is None or counted == table.cube(keys[:MOST_COLUMNS])
    first = plain(path).head(1, columns)
    assert first is None or first == table.head(1, columns)


def test_a_table_counts_in_the_quick_way_while_it_holds_the_rows_that_were_read(tmp_path):
    path = file(tmp_path, HEADER + ROWS)
    dataset = read_dataset(source(path))
    quick = replace(dataset, plain=replace(plain(path), scan=dataset.rows_of))
    file(tmp_path, HEADER + ROWS + ROWS)  # read again by each count
    assert table_over(quick).cube([ByValue("sex")]).rows.sum() == 6
    filtered = replace(quick, rows_of=quick.frame.filter("sex = 'F'"))
    assert table_over(filtered).cube([ByValue("sex")]).cells() == [(("F",), 4)]


def test_nothing_is_asked_of_duckdb_where_the_bytes_tell_all(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "LARGE", 0)
    dataset = read_dataset(source(file(tmp_path, HEADER + ROWS)))
    table = table_over(dataset)
    assert table.head(2, ["age"]) == {"age": [39, 50]}
    assert table.cube(KEYS).rows.sum() == 3
    assert "_connection" not in vars(dataset.rows_of.connection)
    assert table.head(4, ["age"]) == {"age": [39, 50, 39]}
    assert "_connection" in vars(dataset.rows_of.connection)


def test_packed_files_and_rows_of_one_cell_are_left_to_duckdb(tmp_path):
    path = file(tmp_path, HEADER + ROWS)
    layout = csv_layout(source(path), locate(source(path)))
    types = plain(path).types
    assert plain_csv(layout, types) is not None
    packed = path.rename(path.with_suffix(".csv.gz"))
    assert plain_csv(replace(layout, files=replace(layout.files, paths=(str(packed),))), types) is None
    assert plain_csv(replace(layout, columns=("sex",)), types) is None


def test_a_header_row_below_an_empty_line_is_not_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "LARGE", 0)
    dataset = read_dataset(source(file(tmp_path, "\n" + HEADER + ROWS)))
    assert table_over(dataset).cube([ByValue("sex")]).rows.sum() == 3
