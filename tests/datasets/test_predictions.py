"""Predictions beside the rows they belong to."""

import duckdb
import numpy as np
import pytest

from pellucid.datasets.predictions import with_predictions, write_predictions
from pellucid.datasets.sources import Dataset
from pellucid.errors import DataError, ModelError


def dataset(rows):
    frame = duckdb.connect().sql(f"SELECT range AS id FROM range({rows})")
    return Dataset(frame=frame, columns=("id",), features=("id",))


def rows_of(file):
    return duckdb.connect().sql(f"SELECT * FROM '{file}'").fetchall()


def test_columns_are_written_in_their_types_whatever_the_first_part_lacks(tmp_path):
    absent = np.array([None], dtype=object)
    first = {"label": absent, "n": np.ma.masked_array([7], [True]), "b": np.array([True]), "score": np.array([np.nan])}
    second = {"label": np.array(["yes"], dtype=object), "n": np.array([2]), "b": np.array([False]), "score": [0.5]}
    assert write_predictions([first, second | {"score": np.array([0.5])}], tmp_path / "new" / "p.parquet") == 2
    assert rows_of(tmp_path / "new" / "p.parquet") == [(None, None, True, None), ("yes", 2, False, 0.5)]


def test_each_prediction_stands_beside_its_row(tmp_path):
    rows = 200_000
    parts = ({"p": np.arange(start, start + 50_000)} for start in range(0, rows, 50_000))
    write_predictions(parts, tmp_path / "p.parquet")
    joined, without = with_predictions(dataset(rows), tmp_path / "p.parquet", "p")
    assert (joined.columns, joined.predicted_label, joined.features, without) == (("id", "p"), "p", ("id",), 0)
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


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DataError) as caught:
        write_predictions([{"p": np.array([1.0])}], tmp_path / "taken" / "p.parquet")
    assert str(caught.value).startswith(f"--output: got '{tmp_path / 'taken' / 'p.parquet'}'. It cannot be written: ")
