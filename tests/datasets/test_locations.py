"""Where data may be: files, folders and fsspec addresses; Parquet files; what runs without pandas and Arrow."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import fsspec
import narwhals as nw
import pandas as pd
import pytest

from pellucid.datasets import DatasetSource, read_dataset, read_path
from pellucid.errors import ConfigError, DataError


def message_of(error: type[Exception], source: DatasetSource) -> str:
    with pytest.raises(error) as caught:
        read_dataset(source)
    return str(caught.value)


def test_an_fsspec_folder_is_read_in_the_order_of_names():
    memory = fsspec.filesystem("memory")
    memory.pipe("/loans/b.csv", b"sex,n\nF,2\n")
    memory.pipe("/loans/a.csv", b"sex,n\nM,1\n")
    memory.pipe("/loans/analysis_config.json", b"{}")
    dataset = read_dataset(DatasetSource(uri="memory://loans", dataset_type="text/csv"))
    assert dataset.frame.fetchall() == [("M", 1), ("F", 2)]


@pytest.mark.parametrize("name", ["d[1].csv", "d*.csv", "d?.csv", "year=2024/d.csv", "it's.csv"])
def test_a_file_name_is_never_taken_for_a_pattern(tmp_path, name):
    for other in ("d1.csv", name):
        (tmp_path / other).parent.mkdir(exist_ok=True)
        (tmp_path / other).write_text(f"name,n\n{other},1\n")
    frame = read_path(str(tmp_path / name))
    assert (frame.columns, frame.fetchall()) == (["name", "n"], [(name, 1)])


def test_one_file_by_its_full_name_needs_no_extension(tmp_path):
    path = tmp_path / "adult.data"
    path.write_text("sex,n\nM,1\n")
    assert read_dataset(DatasetSource(uri=str(path), dataset_type="text/csv")).rows == 1


def test_a_missing_file_is_named_with_its_neighbour(tmp_path):
    (tmp_path / "loans.csv").write_text("sex,n\nM,1\n")
    uri = str(tmp_path / "loan.csv")
    assert message_of(DataError, DatasetSource(uri=uri, dataset_type="text/csv")) == (
        f"dataset_uri: got {uri!r}. There is no such file or folder; did you mean 'loans.csv'?"
    )


def test_a_folder_without_files_of_the_type_is_refused(tmp_path):
    (tmp_path / "loans.csv").write_text("sex,n\nM,1\n")
    assert message_of(DataError, DatasetSource(uri=str(tmp_path), dataset_type="application/x-parquet")) == (
        f"dataset_uri: got {str(tmp_path)!r}. No file in it ends in .parquet; there are 'loans.csv'."
    )


def test_unknown_types_and_protocols_are_refused():
    assert message_of(ConfigError, DatasetSource(uri="x", dataset_type="text/cvs")) == (
        "dataset_type: got 'text/cvs'. Use one of text/csv, application/jsonlines, application/json, "
        "application/x-parquet; did you mean 'text/csv'?"
    )
    assert message_of(DataError, DatasetSource(uri="foo://x", dataset_type="text/csv")) == (
        "dataset_uri: got 'foo://x'. The protocol foo:// is unknown. Use a local path; s3://, gs:// or another one of "
        "fsspec; or a database by duckdb://, sqlite:// or postgresql://."
    )


def test_whatever_a_file_system_raises_is_told_with_the_key_and_what_to_check():
    class Locked(fsspec.AbstractFileSystem):
        protocol = "locked"

        def info(self, path, **options):
            raise RuntimeError("Unable to locate credentials")

        ls = info

    fsspec.register_implementation("locked", Locked, clobber=True)
    assert message_of(DataError, DatasetSource(uri="locked://bank/loans.csv", dataset_type="text/csv")) == (
        "dataset_uri: got 'locked://bank/loans.csv'. It cannot be read: Unable to locate credentials. "
        "Check the address and your credentials."
    )


def test_an_address_with_nothing_behind_it_is_not_called_an_empty_folder():
    assert message_of(DataError, DatasetSource(uri="memory://nowhere/loans.csv", dataset_type="text/csv")) == (
        "dataset_uri: got 'memory://nowhere/loans.csv'. There is no such file or folder, or it cannot be reached. "
        "Check the address and your credentials."
    )


def test_a_protocol_whose_package_is_missing_says_how_to_get_it():
    code = (
        "import sys; sys.modules['s3fs'] = None\n"
        "from pellucid.datasets import DatasetSource, read_dataset\n"
        "from pellucid.errors import MissingExtra\n"
        "try:\n    read_dataset(DatasetSource(uri='s3://bucket/x', dataset_type='text/csv'))\n"
        "except MissingExtra as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        "dataset_uri: the package that reads s3:// is not installed. Run: pip install 'pellucid[s3]'"
    )


def parquet(path, query: str) -> str:
    duckdb.sql(f"COPY ({query}) TO '{path}'")
    return str(path)


def test_parquet_keeps_names_and_makes_integers_with_a_missing_cell_float(tmp_path):
    path = parquet(tmp_path / "d.parquet", "SELECT * FROM (VALUES (1, NULL, 'x'), (2, 3, 'y')) AS t (a, b, y)")
    dataset = read_dataset(DatasetSource(uri=path, dataset_type="application/x-parquet", label="y"))
    assert dataset.frame.fetchall() == [(1, None, "x"), (2, 3.0, "y")]
    assert [str(kind) for kind in dataset.frame.types] == ["INTEGER", "DOUBLE", "VARCHAR"]


def test_the_numbers_of_rows_that_pandas_stores_are_no_column(tmp_path):
    people = pd.DataFrame({"name": ["Zoë", "Al", "Bo", "Cy"], "age": [30, 17, 41, 50]})
    path = str(tmp_path / "adults.parquet")
    people[people["age"] >= 18].to_parquet(path)
    dataset = read_dataset(DatasetSource(uri=path, dataset_type="application/x-parquet"))
    assert (dataset.columns, dataset.features) == (("name", "age"), ("name", "age"))
    assert dataset.frame.fetchall() == [("Zoë", 30), ("Bo", 41), ("Cy", 50)]
    assert dataset.notes == (f"{path}: '__index_level_0__' was left out, the index of a pandas data frame.",)


def test_a_column_that_only_looks_like_an_index_of_pandas_stays(tmp_path):
    path = parquet(tmp_path / "d.parquet", "SELECT 7 AS __index_level_0__, 'x' AS y")
    dataset = read_dataset(DatasetSource(uri=path, dataset_type="application/x-parquet", label="y"))
    assert (dataset.features, dataset.notes) == (("__index_level_0__",), ())


def test_a_missing_integer_in_any_parquet_file_makes_the_column_float(tmp_path):
    parquet(tmp_path / "a.parquet", "SELECT 1 AS a, 1 AS b")
    parquet(tmp_path / "b.parquet", "SELECT NULL::INTEGER AS a, 2 AS b")
    dataset = read_dataset(DatasetSource(uri=str(tmp_path), dataset_type="application/x-parquet"))
    assert [str(kind) for kind in dataset.frame.types] == ["DOUBLE", "INTEGER"]


def test_parquet_files_must_have_equal_schemas(tmp_path):
    first = parquet(tmp_path / "a.parquet", "SELECT 1 AS a")
    second = parquet(tmp_path / "b.parquet", "SELECT 1 AS b")
    assert message_of(DataError, DatasetSource(uri=str(tmp_path), dataset_type="application/x-parquet")) == (
        f"{second}: got {{'b': 'INTEGER'}}. Its columns differ from those of {first}: {{'a': 'INTEGER'}}."
    )


def test_a_damaged_parquet_file_is_refused(tmp_path):
    path = tmp_path / "d.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"^.*d\.parquet: The file is not Parquet or is damaged: .* Write it again\.$"):
        read_path(str(path))


def test_a_frame_is_one_that_narwhals_takes(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("sex,n\nM,1\nF,2\n")
    frame = nw.from_native(read_path(str(path)))
    assert frame.group_by("sex").agg(nw.col("n").sum()).sort("sex").collect("pyarrow").to_dict(as_series=False) == {
        "sex": ["F", "M"],
        "n": [2, 1],
    }


def test_reading_needs_neither_pandas_nor_arrow(tmp_path):
    (tmp_path / "d.csv").write_text("sex,n\nM,1\n")
    (tmp_path / "d.jsonl").write_text('{"sex":"M","n":1}\n')
    (tmp_path / "d.json").write_text('[{"sex":"M","n":1}]')
    parquet(tmp_path / "d.parquet", "SELECT 'M' AS sex, 1 AS n")
    code = (
        "import sys; sys.modules.update(pandas=None, pyarrow=None, polars=None)\n"
        "from pellucid.datasets import read_path\n"
        f"print([read_path('{tmp_path}/d.' + kind).fetchall() for kind in ('csv', 'jsonl', 'json', 'parquet')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[[('M', 1)], [('M', 1)], [('M', 1)], [('M', 1)]]"
