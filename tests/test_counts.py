"""Counts and cubes: they add up, divide as Clarify divides, and know one order of values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.counts import ByThreshold, ByValue, Counts, Cube, difference, ratio

KEYS = [ByValue("sex"), ByThreshold("age", 40)]
CELLS = st.tuples(st.sampled_from(["F", "M", None]), st.sampled_from([-1, 0, 1, None]))
CUBES = st.lists(st.tuples(CELLS, st.integers(1, 9)), max_size=12).map(
    lambda cells: Cube.of(KEYS, [cell for cell, _ in cells], [rows for _, rows in cells])
)


# --- division --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("part", "whole", "quotient"), [(1, 4, 0.25), (2, 0, math.inf), (-2, 0, -math.inf), (0, 0, 0.0), (0.0, 5, 0.0)]
)
def test_a_quotient_of_nothing_is_infinite_or_zero(part, whole, quotient):
    assert ratio(part, whole) == quotient
    assert ratio(np.array([part]), np.array([whole])).tolist() == [quotient]


def test_two_infinities_differ_by_nothing():
    assert repr(difference(math.inf, math.inf)) == "0"
    assert difference(math.inf, 1.0) == math.inf
    assert difference(1.0, math.inf) == -math.inf
    assert difference(np.array([math.inf, 3.0]), np.array([math.inf, 1.0])).tolist() == [0.0, 2.0]


# --- counts ----------------------------------------------------------------------------------------------------------
def test_counts_know_their_margins():
    group = Counts(tp=8, fp=1, fn=9, tn=22)
    assert (group.n, group.positive, group.negative) == (40, 17, 23)
    assert (group.predicted_positive, group.predicted_negative, group.correct) == (9, 31, 30)
    assert group.predictions_as_labels() == Counts(fn=9, tn=31)


def test_counts_of_labels_have_no_predictions():
    assert Counts.of_labels(positive=3, negative=4) == Counts(fn=3, tn=4)


# --- cubes -----------------------------------------------------------------------------------------------------------
def test_cells_come_in_one_order_whatever_the_order_they_were_given_in():
    cube = Cube.of([ByValue("x")], [("b",), (None,), (2,), ("a",), (1.5,), (2,)], rows=[1, 1, 1, 1, 1, 1])
    assert cube.cells() == [((1.5,), 1), ((2,), 2), (("a",), 1), (("b",), 1), ((None,), 1)]


def test_totals_are_rows_by_value():
    cube = Cube.of(KEYS, [("F", 1), ("M", 1), ("F", None)], rows=[2, 3, 4])
    assert cube.totals("sex") == {"F": 6, "M": 3}
    assert cube.totals("age") == {1: 5, None: 4}


def test_a_column_that_is_not_counted_is_a_key_error():
    with pytest.raises(KeyError, match="income"):
        Cube.of(KEYS, [], []).dimension("income")


def test_extremes_widen_as_cubes_are_added():
    morning = Cube.of(KEYS, [("F", 1)], [1], extremes={KEYS[1]: (41, 60)})
    evening = Cube.of(KEYS, [("F", 1)], [1], extremes={KEYS[1]: (18, 50)})
    assert (morning + evening + Cube.of(KEYS, [], [])).dimension("age").extremes == (18, 60)


def test_cubes_of_different_keys_do_not_add_up():
    with pytest.raises(ValueError, match=r"^cubes of different keys do not add up$"):
        Cube.of(KEYS, [], []) + Cube.of(KEYS[:1], [], [])


@given(CUBES, CUBES, CUBES)
def test_addition_knows_no_order(one, two, three):
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + Cube.of(KEYS, [], []) == one


@given(CUBES, CUBES)
def test_no_row_is_lost(one, two):
    assert (one + two).rows.sum() == one.rows.sum() + two.rows.sum()


def test_cubes_are_equal_only_if_nothing_differs():
    def cube(sex="F", rows=3, weight=1.5, squared=0.75, largest=9.0):
        key = ByThreshold("age", 5)
        return Cube.of(
            [ByValue("sex"), key],
            [(sex, 1)],
            [rows],
            weight=[weight],
            weight_squared=[squared],
            extremes={key: (1.0, largest)},
        )

    assert cube() == cube()
    for other in (cube(sex="M"), cube(rows=4), cube(weight=2.0), cube(squared=0.8), cube(largest=10.0)):
        assert cube() != other
    assert cube() != "a cube"
