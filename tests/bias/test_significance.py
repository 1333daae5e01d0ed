"""P-values: in agreement with the interval beside them, however small, and adjusted by Holm's rule."""

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pellucid.bias.intervals import class_imbalance, newcombe_difference
from pellucid.bias.significance import holm, p_value_by_inversion
from pellucid.critical_value import critical_value

COUNTS = st.integers(0, 500)


def p_of_difference(x_a: int, n_a: int, x_d: int, n_d: int) -> float:
    return p_value_by_inversion(lambda z: newcombe_difference(x_a, n_a, x_d, n_d, z), 0.0)


def test_the_p_value_of_a_score_interval_is_that_of_the_score_test():
    # z = (200 - 100) / sqrt(300) under the null of equal shares.
    p_value = p_value_by_inversion(lambda z: class_imbalance(200, 100, z), 0.0)
    assert p_value == pytest.approx(math.erfc(100 / math.sqrt(300) / math.sqrt(2)), rel=1e-9)


def test_a_p_value_too_small_for_a_float_is_given_as_the_smallest_of_full_precision():
    assert p_of_difference(9_000, 10_000, 1_000, 10_000) == pytest.approx(9.2e-308, rel=0.01)


@given(COUNTS, COUNTS, COUNTS, COUNTS, st.floats(0.5, 0.9999))
def test_p_is_below_1_minus_level_exactly_when_the_interval_excludes_parity(x_a, rest_a, x_d, rest_d, level):
    assume(x_a + rest_a and x_d + rest_d)
    p_value = p_of_difference(x_a, x_a + rest_a, x_d, x_d + rest_d)
    assume(abs(p_value - (1 - level)) > 1e-9)
    interval = newcombe_difference(x_a, x_a + rest_a, x_d, x_d + rest_d, critical_value(level))
    assert (p_value < 1 - level) == (0.0 not in interval)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_swapping_the_groups_keeps_the_p_value(x_a, rest_a, x_d, rest_d):
    assume(x_a + rest_a and x_d + rest_d)
    a, d = (x_a, x_a + rest_a), (x_d, x_d + rest_d)
    assert p_of_difference(*a, *d) == pytest.approx(p_of_difference(*d, *a), rel=1e-6)


def test_equal_shares_have_the_p_value_1():
    assert p_of_difference(30, 100, 60, 200) == 1.0


def test_p_values_do_not_stop_at_the_precision_of_1_minus_p():
    assert 1e-200 < p_of_difference(6000, 10_000, 4000, 10_000) < 1e-150


def test_the_smallest_p_value_is_not_0():
    assert p_of_difference(900_000, 1_000_000, 100_000, 1_000_000) == pytest.approx(9e-308, rel=0.1)


# --- many hypotheses -------------------------------------------------------------------------------------------------
def test_holm_on_an_example_by_hand():
    adjusted = holm({"DPL": 0.01, "RD": 0.04, "AD": 0.03, "CI": 0.005})
    assert adjusted == pytest.approx({"DPL": 0.03, "RD": 0.06, "AD": 0.06, "CI": 0.02})
    assert list(adjusted) == ["DPL", "RD", "AD", "CI"]


def test_holm_of_nothing_is_nothing_and_of_one_is_itself():
    assert holm({}) == {}
    assert holm({"DPL": 0.2}) == {"DPL": 0.2}


@given(st.dictionaries(st.integers(), st.floats(0, 1), min_size=1))
def test_adjusted_p_values_are_no_smaller_at_most_1_and_in_the_same_order(p_values):
    adjusted = holm(p_values)
    ranked = sorted(p_values, key=p_values.__getitem__)
    assert all(p_values[key] <= adjusted[key] <= 1 for key in p_values)
    assert all(adjusted[one] <= adjusted[next_] for one, next_ in pairwise(ranked))


@given(st.dictionaries(st.integers(), st.floats(0, 1), min_size=1))
def test_holm_rejects_whatever_bonferroni_rejects(p_values):
    adjusted = holm(p_values)
    assert all(adjusted[key] <= min(1.0, len(p_values) * p) for key, p in p_values.items())
