"""Batches whose rows lie side by side already: what they hold, and who gets the matrix itself."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pellucid.api.rows import batch_of
from pellucid.errors import DataError
from pellucid.models.inputs import cells, frame, matrix
from pellucid.models.python_callable import PythonModel
from pellucid.protocols.model import Batch

TYPES = [np.int64, np.float64, np.bool_]


def mixed():
    """A whole number, a number with decimals and a truth value, twice."""
    return np.array([[30, 9.5, 1], [40, np.nan, 0]])


def by_column(batch):
    return Batch({name: np.array(values) for name, values in batch.columns.items()})


def test_columns_have_the_types_that_were_given():
    columns = Batch.of_matrix(["age", "wage", "owner"], mixed(), TYPES).columns
    assert {name: values.dtype for name, values in columns.items()} == dict(zip(columns, TYPES, strict=True))
    assert [columns["age"].tolist(), columns["owner"].tolist()] == [[30, 40], [True, False]]
    assert np.array_equal(columns["wage"], [9.5, np.nan], equal_nan=True)


@pytest.mark.parametrize(
    ("given_type", "column_type"),
    [(np.float32, np.float64), (np.int8, np.int64), (np.uint16, np.int64), (np.bool_, np.bool_)],
)
def test_without_types_columns_have_the_widest_type_of_their_kind(given_type, column_type):
    batch = Batch.of_matrix(["a"], np.ones((2, 1), dtype=given_type))
    assert batch.columns["a"].dtype == column_type


def test_some_of_the_rows_lie_side_by_side_too():
    batch = Batch.of_matrix(["age", "wage", "owner"], mixed(), TYPES)
    assert (len(batch), len(batch[1:]), len(batch[np.array([1, 1, 0])])) == (2, 1, 3)
    assert batch[1:].columns["age"].tolist() == [40]
    assert batch[np.array([1, 1, 0])].matrix[:, 0].tolist() == [40, 40, 30]
    assert by_column(batch)[:1].matrix is None


def test_another_process_gets_the_matrix_once():
    batch = pickle.loads(pickle.dumps(Batch.of_matrix(["age", "wage", "owner"], mixed(), TYPES)))
    assert np.array_equal(batch.matrix, mixed(), equal_nan=True)
    assert batch.columns["owner"].tolist() == [True, False]


def test_names_types_and_columns_must_be_equally_many():
    with pytest.raises(DataError) as caught:
        Batch.of_matrix(["a", "a"], np.ones((3, 2)))
    assert str(caught.value) == (
        "matrix: got '2 names, 2 types, cells of shape (3, 2)'. "
        "Give one name and type, all names different, per column."
    )
    for names, values, types in (
        (["a"], np.ones((3, 2)), None),
        (["a"], np.ones(3), None),
        (["a"], np.ones((3, 1)), TYPES),
    ):
        with pytest.raises(DataError, match=r"^matrix: got "):
            Batch.of_matrix(names, values, types)


def test_only_numbers_lie_side_by_side():
    with pytest.raises(DataError) as caught:
        Batch.of_matrix(["a"], np.array([["x"]], dtype=object))
    assert str(caught.value) == "matrix: got 'object'. Give numbers, whose columns are int64, float64 or bool."
    with pytest.raises(DataError, match=r"^matrix: got 'float32, float64'"):
        Batch.of_matrix(["a"], np.ones((1, 1)), [np.float32])


def test_a_library_gets_the_matrix_itself_where_the_type_is_its_own():
    given_rows = np.ones((5, 2), dtype=np.float32)
    batch = Batch.of_matrix(["a", "b"], given_rows)
    assert matrix(batch, "model", np.float32) is given_rows
    assert np.shares_memory(matrix(batch[1:3], "model", np.float32), given_rows)
    assert matrix(batch, "model", np.float64).dtype == np.float64


def test_a_function_of_the_user_may_write_into_its_rows():
    def spoil_array(rows):
        rows *= 0
        return rows.sum(axis=1)

    def spoil_frame(rows):
        rows.loc[:, "a"] = 0.0
        return rows["a"]

    batch = Batch.of_matrix(["a", "b"], np.ones((3, 2)))
    PythonModel(spoil_array, "spoil", "array").predict(batch)
    PythonModel(spoil_frame, "spoil", "frame").predict(batch)
    assert (batch.matrix == 1).all()


ROWS = arrays.array_shapes(min_dims=2, max_dims=2, max_side=6)
NUMBERS = st.one_of(
    arrays.arrays(np.float64, ROWS, elements=st.floats(allow_subnormal=False)),
    arrays.arrays(np.float32, ROWS, elements=st.floats(width=32)),
    arrays.arrays(np.int64, ROWS),
    arrays.arrays(np.bool_, ROWS),
)


@given(NUMBERS)
def test_every_form_of_the_rows_is_that_of_their_columns(values):
    batch = Batch.of_matrix([f"f{place}" for place in range(values.shape[1])], values)
    columns = by_column(batch)
    assert np.array_equal(matrix(batch, "model"), matrix(columns, "model"), equal_nan=True)
    with np.errstate(over="ignore"):
        single = matrix(batch, "model", np.float32)
        assert np.array_equal(single, matrix(columns, "model", np.float32), equal_nan=True)
    assert single.flags.c_contiguous
    assert np.array_equal(cells(batch, "model"), cells(columns, "model"), equal_nan=True)
    pd.testing.assert_frame_equal(frame(batch), frame(columns))


@given(arrays.arrays(np.int64, (4, 3), elements=st.integers(-(2**53), 2**53)))
def test_a_frame_holds_whole_numbers_where_floats_carried_them(values):
    names, types = ["a", "b", "c"], [np.int64, np.float64, np.int64]
    batch = Batch.of_matrix(names, values.astype(np.float64), types)
    pd.testing.assert_frame_equal(
        frame(batch), pd.DataFrame({"a": values[:, 0], "b": values[:, 1] * 1.0, "c": values[:, 2]})
    )


def test_an_array_of_the_user_stays_one_and_is_a_copy():
    rows = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(3, 2))
    batch = batch_of(rows, "data")
    assert batch.matrix.dtype == np.float32
    assert batch.matrix.flags.c_contiguous
    rows[:] = 0
    assert batch.columns["column_1"].tolist() == [1, 3, 5]
    assert batch.columns["column_1"].dtype == np.float64
