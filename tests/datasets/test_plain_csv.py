"""Large plain files are counted by Polars, and come out as DuckDB counts them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.api.preflight import table_over
from pellucid.counts import ByThreshold, ByValue
from pellucid.datasets import DatasetSource, read_dataset
from pellucid.datasets.csv_layout import csv_layout
from pellucid.datasets.locate import locate
from pellucid.datasets.memory import memory_limited
from pellucid.datasets.plain_csv import WORTH_POLARS, PlainCsv, plain_csv

HEADER = "sex,age,hired\n"
ROWS = "F,39,1\nM,50,0\nF,39,1\n"
KEYS = [ByValue("sex"), ByValue("age"), ByValue("hired")]


def source(path: Path) -> DatasetSource:
    return DatasetSource(uri=str(path), dataset_type="text/csv", label="hired", expected_names=("sex",))


def plain(path: Path) -> PlainCsv:
    """The file as it is handed to Polars, with the types that DuckDB's reader found."""
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


def test_sides_of_a_threshold_are_counted_by_duckdb(tmp_path):
    assert plain(file(tmp_path, HEADER + ROWS)).cube([ByValue("sex"), ByThreshold("age", 40)]) is None


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
    dataset, keys = read_dataset(source(path)), [ByValue(column) for column in columns]
    counted = plain(path).cube(keys)
    assert counted is None or counted == table_over(dataset).cube(keys)


def test_a_table_counts_in_the_quick_way_while_it_holds_the_rows_that_were_read(tmp_path):
    path = file(tmp_path, HEADER + ROWS)
    dataset = read_dataset(source(path))
    quick = replace(dataset, plain=replace(plain(path), scan=dataset.rows_of))
    file(tmp_path, HEADER + ROWS + ROWS)  # read again by each count
    assert table_over(quick).cube([ByValue("sex")]).rows.sum() == 6
    filtered = replace(quick, rows_of=quick.frame.filter("sex = 'F'"))
    assert table_over(filtered).cube([ByValue("sex")]).cells() == [(("F",), 4)]


def test_where_polars_does_not_pay_or_may_not_be_used_duckdb_counts(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(HEADER + ROWS)
    layout = csv_layout(source(path), locate(source(path)))
    types = plain(path).types
    assert plain_csv(layout, types) is None
    with path.open("r+b") as sparse:
        sparse.truncate(WORTH_POLARS)  # takes no room on the disk
    assert plain_csv(layout, types) is not None
    assert plain_csv(replace(layout, sample=(*layout.sample, ("F", "39", ""))), types) is None
    with memory_limited(2**30):
        assert plain_csv(layout, types) is None
    packed = path.rename(path.with_suffix(".csv.gz"))
    assert plain_csv(replace(layout, files=replace(layout.files, paths=(str(packed),))), types) is None
