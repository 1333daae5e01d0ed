"""How a CSV file becomes typed columns: as pandas' reader, which is Clarify's, would have it."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.datasets import DatasetSource, compute_on, read_dataset, read_path, scan_errors_translated
from pellucid.errors import ConfigError, DataError


def csv_source(path: Path, **more) -> DatasetSource:
    return DatasetSource(uri=str(path), dataset_type="text/csv", **more)


def written(tmp_path: Path, text: str | bytes, name: str = "data.csv") -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def types_and_rows(path: Path) -> tuple[list[str], list[tuple]]:
    frame = read_path(str(path))
    return [str(kind) for kind in frame.types], frame.fetchall()


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "2"], "BIGINT", [1, 2]),
        (["007", " +5"], "BIGINT", [7, 5]),
        (["1", ""], "DOUBLE", [1.0, None]),
        (["1", "2.5"], "DOUBLE", [1.0, 2.5]),
        (["1e3", "inf"], "DOUBLE", [1000.0, float("inf")]),
        (["1.5", "NAN"], "DOUBLE", [1.5, None]),
        (["NA", "null"], "DOUBLE", [None, None]),
        (["True", "FALSE"], "BOOLEAN", [True, False]),
        (["true", "NA"], "BOOLEAN", [True, None]),
        (["T", "F"], "VARCHAR", ["T", "F"]),
        (["yes", "no"], "VARCHAR", ["yes", "no"]),
        (["True", "1"], "VARCHAR", ["True", "1"]),
        (["1_000", "2"], "VARCHAR", ["1_000", "2"]),
        (["0x10", "2"], "VARCHAR", ["0x10", "2"]),
        (["12", "abc"], "VARCHAR", ["12", "abc"]),
        (["99999999999999999999", "1"], "VARCHAR", ["99999999999999999999", "1"]),
        (["99999999999999999999", "1.5"], "VARCHAR", ["99999999999999999999", "1.5"]),
        (["-9223372036854775808", "1.5"], "DOUBLE", [-(2.0**63), 1.5]),
        (["1e20", "1.5"], "DOUBLE", [1e20, 1.5]),
        (["2020-01-01", "2020-01-02"], "VARCHAR", ["2020-01-01", "2020-01-02"]),
        ([" Male", "Male "], "VARCHAR", [" Male", "Male "]),
        (["None", "n/a"], "DOUBLE", [None, None]),
    ],
)
def test_the_type_of_a_column_is_decided_by_all_its_cells(tmp_path, cells, kind, values):
    path = written(tmp_path, "value,row\n" + "".join(f"{cell},{row}\n" for row, cell in enumerate(cells)))
    kinds, rows = types_and_rows(path)
    assert (kinds[0], [row[0] for row in rows]) == (kind, values)


NUMBERS = ["1", "0", "-3", "007", " 12", "12 ", "+5", "2.5", ".5", "1e3", "inf", str(2**63 - 1), str(-(2**63))]
WORDS = ["True", "false", "TRUE", "T", "yes", " ", "-", "0x1F", "1_0", "a,b", 'x"y', "two\nlines", "2020-01-01", "Ünï"]
MISSING = ["", "NA", "nan", "null", "None", " NA"]
CELLS = NUMBERS + WORDS + MISSING


@settings(max_examples=60, deadline=None)
@given(columns=st.lists(st.lists(st.sampled_from(CELLS), min_size=3, max_size=3), min_size=1, max_size=3))
def test_any_file_reads_as_pandas_reads_it(tmp_path_factory, columns):
    table = io.StringIO()
    cells = {f"c{index}": cells for index, cells in enumerate(columns)} | {"last": ["x", "y", "z"]}
    pd.DataFrame(cells).to_csv(table, index=False, lineterminator="\n")
    path = written(tmp_path_factory.mktemp("csv"), table.getvalue())
    expected = pd.read_csv(path)
    kinds, rows = types_and_rows(path)
    names = {"int64": "BIGINT", "float64": "DOUBLE", "bool": "BOOLEAN"}
    for index, name in enumerate(expected.columns):
        column = expected[name]
        values = [None if pd.isna(value) else value for value in column]
        assert [row[index] for row in rows] == values
        if not (column.dtype == object and all(isinstance(value, bool) for value in column.dropna())):
            assert kinds[index] == names.get(str(column.dtype), "VARCHAR")


def test_quoted_cells_may_hold_commas_quotes_and_line_breaks(tmp_path):
    path = written(tmp_path, 'text,n\n"a, ""b""\r\nc",1\n')
    assert types_and_rows(path)[1] == [('a, "b"\r\nc', 1)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_all_line_ends_and_a_byte_order_mark_are_read(tmp_path, end, mark):
    path = written(tmp_path, mark + f"sex,n{end}Male,1{end}Female,2{end}".encode())
    frame = read_path(str(path))
    assert (frame.columns, frame.fetchall()) == (["sex", "n"], [("Male", 1), ("Female", 2)])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("within", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("first", ["header", "data"])
def test_the_first_row_may_hold_line_breaks_of_another_kind(tmp_path, end, within, first):
    rows = ['Ada,"10 ""A"" Street"', "Bob,2", f'"Cy{within}Young",3']
    if first == "header":
        lines, headers = [f'name,"home{within}address"', *rows], None
    else:
        lines, headers = [*reversed(rows)], ("name", f"home{within}address")
    path = written(tmp_path, end.join([*lines, ""]))
    data = read_dataset(csv_source(path, headers=headers, label="name"))
    expected = [("Ada", '10 "A" Street'), ("Bob", "2"), (f"Cy{within}Young", "3")]
    assert data.columns == ("name", f"home{within}address")
    assert sorted(data.frame.fetchall()) == expected


@pytest.mark.parametrize(("separator", "called"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")])
@pytest.mark.parametrize("headers", [None, ("sex", "age", "hired")])
def test_another_separator_than_a_comma_is_told(tmp_path, separator, called, headers):
    lines = ["F;30;1", "M;40;0"] if headers else ["sex;age;hired", '"F";30;1']
    path = written(tmp_path, "\n".join(lines).replace(";", separator))
    with pytest.raises(DataError) as error:
        read_dataset(csv_source(path, headers=headers, label="hired"))
    first = lines[0].replace(";", separator)
    fix = f"Its cells are separated by {called}. Save the file with commas between them."
    assert str(error.value) == f"{path}: got {first!r}. {fix}"


def test_a_single_column_may_hold_semicolons(tmp_path):
    path = written(tmp_path, "text\nfine; really\nso; so\n")
    assert read_path(str(path)).fetchall() == [("fine; really",), ("so; so",)]


def test_a_compressed_file_is_read(tmp_path):
    path = written(tmp_path, gzip.compress(b"sex,n\nMale,1\n"), "data.csv.gz")
    assert read_path(str(path)).fetchall() == [("Male", 1)]


# --- header rows -----------------------------------------------------------------------------------------------------
def test_headers_name_the_columns_of_a_file_without_header_row(tmp_path):
    dataset = read_dataset(csv_source(written(tmp_path, "39,Male\n50,Female\n"), headers=("age", "sex"), label="sex"))
    assert (dataset.columns, dataset.rows, dataset.label, dataset.features) == (("age", "sex"), 2, "sex", ("age",))
    assert dataset.notes == ()


def test_a_first_row_equal_to_headers_is_not_counted(tmp_path):
    path = written(tmp_path, "age, sex\n39,Male\n")
    dataset = read_dataset(csv_source(path, headers=("age", "sex")))
    assert dataset.frame.fetchall() == [(39, "Male")]
    assert dataset.notes == (f"{path}: the first row equals headers and was skipped as a header row.",)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("headers", [None, ("age", "sex")])
def test_a_header_row_below_empty_lines_is_not_counted(tmp_path, end, headers):
    path = written(tmp_path, end.join(["", "", "age,sex", "39,Male", "", "50,Female", ""]))
    assert read_dataset(csv_source(path, headers=headers)).frame.fetchall() == [(39, "Male"), (50, "Female")]


def test_a_first_row_that_only_looks_like_a_header_row_is_counted_and_told(tmp_path):
    path = written(tmp_path, "Alter,Geschlecht\n39,m\n")
    dataset = read_dataset(csv_source(path, headers=("age", "sex")))
    assert dataset.frame.fetchall() == [("Alter", "Geschlecht"), ("39", "m")]
    assert dataset.notes == (
        (
            f"{path}: the first row ['Alter', 'Geschlecht'] looks like a header row but differs from headers; "
            "it was counted as data. Correct the key, or delete the row."
        ),
    )


def test_files_may_begin_with_different_numbers_of_empty_lines(tmp_path):
    for name, text in (
        ("a.csv", "\nage,sex\n39,Male\n"),
        ("b.csv", "age,sex\n50,Female\n"),
        ("c.csv", "\n\n51,Male\n"),
    ):
        written(tmp_path, text, name)
    dataset = read_dataset(csv_source(tmp_path))
    assert dataset.frame.fetchall() == [(39, "Male"), (50, "Female"), (51, "Male")]


def test_a_header_row_is_recognised_above_numbers(tmp_path):
    path = written(tmp_path, "age,sex\n39,Male\n")
    dataset = read_dataset(csv_source(path))
    assert dataset.columns == ("age", "sex")
    assert dataset.notes == (f"{path}: the first row was taken as header row.",)


def test_digits_among_data_are_no_names_of_columns(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read_dataset(csv_source(written(tmp_path, "1,0,5\n0,1,6\n"), label="0"))
    assert str(caught.value) == (
        "label: got '0'. Use a column of the data set; there are 'column_0', 'column_1', 'column_2'. "
        "For 'column_0', the column at index 0, write 0 without quotes."
    )
    counted = read_dataset(csv_source(written(tmp_path, "0,1,2\n1,0,5\n0,1,6\n"), label="0"))
    assert counted.columns == ("0", "1", "2")


def test_a_header_row_above_text_is_recognised_by_the_names_the_configuration_mentions(tmp_path):
    path = written(tmp_path, "race,sex\nWhite,Male\n")
    assert read_dataset(csv_source(path)).columns == ("column_0", "column_1")
    assert read_dataset(csv_source(path, expected_names=("sex",))).columns == ("race", "sex")
    assert read_dataset(csv_source(path, label="sex")).columns == ("race", "sex")


def test_columns_without_names_are_numbered(tmp_path):
    path = written(tmp_path, "39,Male\n50,Female\n")
    dataset = read_dataset(csv_source(path, label=1))
    assert (dataset.columns, dataset.label, dataset.rows) == (("column_0", "column_1"), "column_1", 2)
    assert dataset.notes == (f"{path}: no header row was recognised; the columns are named column_0 to column_1.",)


@pytest.mark.parametrize(
    ("headers", "how"),
    [
        (("sex", "age", "hired"), "the same names in another order"),
        (("age", "sex", "label"), "other names of columns"),
    ],
)
def test_headers_that_name_the_columns_of_the_first_row_otherwise_are_refused(tmp_path, headers, how):
    path = written(tmp_path, "age,sex,hired\n39,Male,1\n50,Female,0\n")
    assert message_of(ConfigError, csv_source(path, headers=headers)) == (
        f"headers: got {list(headers)}. The first row of {path} has {how}: ['age', 'sex', 'hired']. "
        "Name the columns as they stand there."
    )


def test_a_single_column_without_a_name_is_called_column_0(tmp_path):
    path = written(tmp_path, "39\n50\n")
    assert read_dataset(csv_source(path)).notes == (
        f"{path}: no header row was recognised; the column is named column_0.",
    )


def test_every_part_file_is_judged_for_a_header_row_on_its_own(tmp_path):
    written(tmp_path, "age,sex\n1,M\n", "data/a.csv")
    written(tmp_path, "2,F\n", "data/b.csv")
    written(tmp_path, "age,sex\n3,M\n", "data/sub/c.csv")
    written(tmp_path, "{}", "data/analysis_config.json")
    dataset = read_dataset(csv_source(tmp_path / "data"))
    assert dataset.frame.fetchall() == [(1, "M"), (2, "F"), (3, "M")]
    assert [Path(file).name for file in dataset.files] == ["a.csv", "b.csv", "c.csv"]


# --- what is refused -------------------------------------------------------------------------------------------------
def message_of(error: type[Exception], source: DatasetSource) -> str:
    with pytest.raises(error) as caught:
        read_dataset(source)
    return str(caught.value)


def test_all_ragged_lines_are_named(tmp_path):
    path = written(tmp_path, "a,b\n1,2\n3\n4,5,6\n")
    assert message_of(DataError, csv_source(path)) == (
        f"{path}, line 3: got '3'. The line has 1 cell for 2 columns; add the missing ones.\n"
        f"{path}, line 4: got '4,5,6'. The line has more than 2 cells; put quotes around a cell that holds a "
        "comma."
    )


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    path = written(tmp_path, b"age,name\n1,Ren\xe9\n")
    assert message_of(DataError, csv_source(path)) == (
        f"{path}, line 2: got 'age,name\\n1,Ren\u00e9\\n'. Byte 0xe9 is not UTF-8. "
        "Save the file as UTF-8, for example: iconv -f latin1 -t utf-8."
    )


def test_an_unclosed_quote_is_refused(tmp_path):
    path = written(tmp_path, 'a,b\n"x,1\ny,2\n')
    assert message_of(DataError, csv_source(path)) == (
        f"{path}, line 2: got '\"x,1\\ny,2\\n'. A quote is not closed or stands inside a cell. "
        "Double every quote inside a quoted cell."
    )


def test_an_empty_file_and_a_lone_header_row_are_refused(tmp_path):
    path = written(tmp_path, "")
    assert message_of(DataError, csv_source(path)) == (
        f"{path}: The file is empty. Leave it out, or write its rows into it."
    )
    path = written(tmp_path, "age,sex\n")
    assert message_of(DataError, csv_source(path, label="sex")) == (
        f"{path}: There is a header row and nothing below it. Write at least one row of data."
    )


def test_the_number_of_headers_must_fit(tmp_path):
    path = written(tmp_path, "39,Male\n")
    assert message_of(ConfigError, csv_source(path, headers=("age",))) == (
        "headers: Headers in config do not match with the number of columns in the dataset. "
        f"{path} has 2 columns, headers names 1. Name every column, the label included."
    )


@pytest.mark.parametrize(
    ("label", "headers", "message"),
    [
        (
            "sx",
            ("age", "sex"),
            "label: got 'sx'. Headers must contain label. Use a name in headers; did you mean 'sex'?",
        ),
        ("sx", None, "label: got 'sx'. Use a column of the data set; did you mean 'sex'?"),
        (2, None, "label: got 2. Use an index from 0 to 1, or a column name."),
    ],
)
def test_the_label_must_be_a_column(tmp_path, label, headers, message):
    path = written(tmp_path, "age,sex\n39,Male\n")
    assert message_of(ConfigError, csv_source(path, headers=headers, label=label)) == message


def test_data_without_features_is_refused(tmp_path):
    path = written(tmp_path, "y\n1\n")
    assert message_of(DataError, csv_source(path, label="y")) == (
        "dataset_uri: Data must contain features. All its columns are labels or the join column. "
        "Add the columns that describe the rows."
    )


def test_column_names_must_differ_in_more_than_case(tmp_path):
    path = written(tmp_path, "39,Male\n")
    assert message_of(DataError, csv_source(path, headers=("sex", "sex"))) == (
        "headers: got 'sex'. The column name stands there twice. Rename one of the two."
    )
    assert message_of(DataError, csv_source(path, headers=("sex", "Sex"))) == (
        "headers: got 'Sex'. The column name stands there beside 'sex', which differs only in case. "
        "Rename one of the two."
    )


def test_part_files_must_have_the_same_columns(tmp_path):
    written(tmp_path, "age,sex\n1,M\n", "data/a.csv")
    other = written(tmp_path, "age,gender\n1,M\n", "data/b.csv")
    assert message_of(DataError, csv_source(tmp_path / "data")) == (
        f"{other}: got ['age', 'gender']. Its columns differ from those of the other files, ['age', 'sex']. "
        "Use one set of columns."
    )


def test_a_path_without_header_row_is_refused(tmp_path):
    path = written(tmp_path, "39,Male\n")
    with pytest.raises(DataError) as caught:
        read_path(str(path))
    assert str(caught.value) == (
        f"{path}: got ['39', 'Male']. The first row does not look like column names. "
        "Write a header row, or give `headers` to read_dataset."
    )


# --- large files -----------------------------------------------------------------------------------------------------
LARGE_ROWS = 260_000


def large_file(tmp_path: Path, last: str) -> Path:
    """A file above the size from which types are taken from the first rows; ``last`` is the final cell of column n."""
    return written(tmp_path, "n,x,text\n" + f"12,1.5,{'t' * 190}\n" * (LARGE_ROWS - 1) + f"{last},2.5,end\n")


def total(dataset):
    column = dataset.frame.types[0]
    numbers = "sum(n)" if str(column) != "VARCHAR" else "sum(length(n))"
    return str(column), *dataset.frame.aggregate(f"count(*), count(n), {numbers}").fetchall()[0]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("13", ("BIGINT", LARGE_ROWS, LARGE_ROWS, 12 * LARGE_ROWS + 1)),
        ("12.5", ("DOUBLE", LARGE_ROWS, LARGE_ROWS, 12 * LARGE_ROWS + 0.5)),
        ("", ("DOUBLE", LARGE_ROWS, LARGE_ROWS - 1, 12 * LARGE_ROWS - 12)),
        ("abc", ("VARCHAR", LARGE_ROWS, LARGE_ROWS, 2 * LARGE_ROWS + 1)),
    ],
)
def test_a_late_cell_of_another_type_changes_the_type_of_the_column(tmp_path, last, expected):
    dataset = read_dataset(csv_source(large_file(tmp_path, last)))
    assert dataset.settle is not None
    assert compute_on(dataset, total) == expected


def test_a_late_ragged_line_of_a_large_file_is_named_by_the_scan(tmp_path):
    path = large_file(tmp_path, "1,2,3")
    dataset = read_dataset(csv_source(path))
    with pytest.raises(DataError) as caught, scan_errors_translated():
        compute_on(dataset, total)
    assert str(caught.value) == (
        f"{path}, line {LARGE_ROWS + 1}: got '1,2,3,2.5,end'. The line has more than 3 cells; "
        "put quotes around a cell that holds a comma."
    )


def test_columns_that_are_not_used_are_not_checked(tmp_path):
    dataset = read_dataset(csv_source(large_file(tmp_path, "abc")))
    assert dataset.frame.aggregate("sum(x)").fetchall() == [(1.5 * LARGE_ROWS + 1,)]


def test_missing_numbers_are_nan_for_numpy(tmp_path):
    frame = read_path(str(written(tmp_path, "n,row\n1,0\n,1\n")))
    assert np.isnan(np.ma.filled(frame.fetchnumpy()["n"], np.nan)).tolist() == [False, True]
