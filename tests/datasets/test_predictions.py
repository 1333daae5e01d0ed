"""Predictions beside the rows they belong to."""

import subprocess
import sys

import duckdb
import numpy as np
import pytest

from pellucid.datasets.predictions import PIECE_ROWS, _fingerprint, with_predictions, write_predictions
from pellucid.datasets.sources import Dataset
from pellucid.errors import DataError, ModelError


def dataset(rows):
    frame = duckdb.connect().sql(f"SELECT range AS id FROM range({rows})")
    return Dataset(rows_of=frame, columns=("id",), features=("id",))


def rows_of(file):
    return duckdb.connect().sql(f"SELECT * FROM '{file}'").fetchall()


def test_columns_are_written_in_their_types_whatever_the_first_part_lacks(tmp_path):
    absent = np.array([None], dtype=object)
    first = {"label": absent, "n": np.ma.masked_array([7], [True]), "b": np.array([True]), "score": np.array([np.nan])}
    second = {"label": np.array(["yes"], dtype=object), "n": np.array([2]), "b": np.array([False]), "score": [0.5]}
    assert write_predictions([first, second | {"score": np.array([0.5])}], tmp_path / "new" / "p.parquet") == 2
    assert rows_of(tmp_path / "new" / "p.parquet") == [(None, None, True, None), ("yes", 2, False, 0.5)]


@pytest.mark.parametrize("rows", [100_000, 2 * PIECE_ROWS, 2 * PIECE_ROWS + 100_000])
def test_each_prediction_stands_beside_its_row_whatever_the_number_of_pieces(tmp_path, rows):
    parts = ({"p": np.arange(start, min(rows, start + 50_000))} for start in range(0, rows, 50_000))
    assert write_predictions(parts, tmp_path / "p.parquet") == rows
    assert [path.name for path in tmp_path.iterdir()] == ["p.parquet"]
    joined, without = with_predictions(dataset(rows), tmp_path / "p.parquet", "p")
    assert (joined.columns, joined.predicted_label, joined.features, without) == (("id", "p"), "p", ("id",), 0)
    assert joined.frame.filter("id = p").aggregate("count(*)").fetchall() == [(rows,)]


def test_pieces_keep_the_types_of_the_first_part(tmp_path):
    missing = {"n": np.ma.masked_array(np.zeros(PIECE_ROWS, np.int64), True), "t": np.full(PIECE_ROWS, None)}
    write_predictions([missing, {"n": np.array([2]), "t": np.array(["yes"], dtype=object)}], tmp_path / "p.parquet")
    last = f"SELECT * FROM '{tmp_path / 'p.parquet'}' OFFSET {PIECE_ROWS - 1}"
    assert duckdb.connect().sql(last).fetchall() == [(None, None), (2, "yes")]


def test_the_fingerprint_of_a_file_tells_its_rows_and_their_places(tmp_path):
    columns = "VALUES (1, 0.5, NULL), (2, 0.25, 'a'), (3, 0.75, 'b')"
    others = {
        "swapped": "VALUES (2, 0.25, 'a'), (1, 0.5, NULL), (3, 0.75, 'b')",
        "one score": "VALUES (1, 0.5, NULL), (2, 0.26, 'a'), (3, 0.75, 'b')",
        "two scores swapped": "VALUES (1, 0.25, NULL), (2, 0.5, 'a'), (3, 0.75, 'b')",
        "one text": "VALUES (1, 0.5, 'a'), (2, 0.25, NULL), (3, 0.75, 'b')",
        "fewer": "VALUES (1, 0.5, NULL), (2, 0.25, 'a')",
    }
    connection = duckdb.connect()
    found = {}
    for name, rows in {"itself": columns, **others}.items():
        connection.execute(f"COPY ({rows}) TO '{tmp_path / 'p.parquet'}' (FORMAT parquet)")
        found[name] = [_fingerprint(connection, tmp_path / "p.parquet", start) for start in (0, 1)]
    assert len({number for numbers in found.values() for number in numbers}) == 2 * (1 + len(others))


WRITING = """
import resource, sys
from pathlib import Path
import numpy as np
from pellucid.datasets.predictions import write_predictions

def peak_after(millions):
    parts = ({"label": np.arange(50_000), "score": np.arange(50_000) / 7} for _ in range(20 * millions))
    write_predictions(parts, Path(sys.argv[1]))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

print(peak_after(2), peak_after(8))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="The unit of the peak differs.")
def test_memory_does_not_grow_with_the_rows(tmp_path):
    command = [sys.executable, "-c", WRITING, str(tmp_path / "p.parquet")]
    two, eight = map(int, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    assert eight - two < 32 * 1024


def test_a_folder_may_have_a_name_that_looks_like_a_pattern(tmp_path):
    file = tmp_path / "run[1] of Ann's" / "p.parquet"
    rows = 2 * PIECE_ROWS
    write_predictions([{"p": np.arange(PIECE_ROWS)}, {"p": np.arange(PIECE_ROWS, rows)}], file)
    joined, _ = with_predictions(dataset(rows), file, "p")
    assert joined.frame.filter("id = p").aggregate("count(*)").fetchall() == [(rows,)]


def test_rows_without_a_prediction_are_left_out_and_counted(tmp_path):
    write_predictions([{"p": np.ma.masked_array([5, 6, 7], [False, True, False])}], tmp_path / "p.parquet")
    joined, without = with_predictions(dataset(3), tmp_path / "p.parquet", "p")
    assert (joined.frame.fetchall(), joined.rows, without) == ([(0, 5), (2, 7)], 2, 1)


def test_another_number_of_rows_is_refused(tmp_path):
    write_predictions([{"p": np.array([1.0, 2.0])}], tmp_path / "p.parquet")
    with pytest.raises(DataError) as caught:
        with_predictions(dataset(3), tmp_path / "p.parquet", "p")
    assert str(caught.value) == (
        "data set: It has 3 rows now, and had 2 while they were predicted. Do not change it meanwhile."
    )


def test_nothing_to_predict_is_an_error(tmp_path):
    with pytest.raises(ModelError, match=r"^There are no rows to predict\.$"):
        write_predictions([], tmp_path / "p.parquet")


def test_an_error_of_what_is_read_is_not_taken_for_one_of_writing(tmp_path):
    def parts():
        yield {"p": np.array([1.0])}
        duckdb.connect().sql("SELECT 'seven'::INT").fetchall()

    with pytest.raises(duckdb.ConversionException):
        write_predictions(parts(), tmp_path / "p.parquet")


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DataError) as caught:
        write_predictions([{"p": np.array([1.0])}], tmp_path / "taken" / "p.parquet")
    assert str(caught.value).startswith(f"--output: got '{tmp_path / 'taken' / 'p.parquet'}'. It cannot be written: ")
