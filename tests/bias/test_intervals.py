"""Intervals of proportions: published values, laws, and ends that are honest where a count is empty."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pellucid.bias.intervals import (
    Interval,
    absolute,
    class_imbalance,
    newcombe_difference,
    newcombe_ratio,
    odds_bounds,
    paired_difference,
    paired_ratio_bounds,
    wilson,
)
from pellucid.critical_value import critical_value

Z95 = critical_value(0.95)
LEVELS = st.floats(0.5, 0.999)


def rounded(interval: Interval, digits: int = 4) -> tuple[float, float]:
    return round(interval.low, digits), round(interval.high, digits)


@st.composite
def proportions(draw: st.DrawFn) -> tuple[int, int]:
    rows = draw(st.integers(1, 3000))
    return draw(st.integers(0, rows)), rows


# --- published values ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("successes", "rows", "expected"),
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_on_the_examples_of_newcombe_1998(successes, rows, expected):
    assert rounded(wilson(successes, rows, Z95)) == expected


@pytest.mark.parametrize(
    ("a", "d", "expected"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
        ((10, 10), (0, 10), (0.6075, 1.0)),
    ],
)
def test_difference_on_the_examples_of_newcombe_1998(a, d, expected):
    assert rounded(newcombe_difference(*a, *d, Z95)) == expected


def test_paired_difference_on_airway_data_of_which_1_and_7_of_21_children_change():
    assert rounded(paired_difference(1, 7, 21, Z95), 3) == (-0.517, -0.026)


def test_paired_ratio_on_airway_data_where_2_of_21_children_react_before_and_8_after():
    # Bonett and Price with Wilson's bounds: n* = 9, z' = z sqrt(10 / 27) / (sqrt(8 / 33) + sqrt(2 / 99)).
    low, high = paired_ratio_bounds(1, 1, 7, Z95)
    assert rounded(Interval(float(low), float(high))) == (0.0677, 0.9227)


def test_critical_values_are_those_of_the_tables():
    assert [round(critical_value(level), 3) for level in (0.9, 0.95, 0.99)] == [1.645, 1.96, 2.576]


@pytest.mark.parametrize("level", [0, 1, 95, -0.5])
def test_a_level_outside_0_to_1_is_refused(level):
    with pytest.raises(ValueError, match=rf"^level: got {level}\. Use a number between 0 and 1, such as 0\.95\.$"):
        critical_value(level)


# --- empty and full counts -------------------------------------------------------------------------------------------
def test_ends_at_empty_counts_are_exact():
    assert wilson(0, 50, Z95).low == 0.0
    assert wilson(50, 50, Z95).high == 1.0
    assert wilson(0, 0, Z95) == Interval(0.0, 1.0)


def test_without_successes_in_a_the_ratio_may_be_infinite_but_has_a_low_end():
    interval = newcombe_ratio(30, 100, 0, 100, Z95)
    assert interval.high == math.inf
    assert 3 < interval.low < 30


def test_without_successes_in_d_the_ratio_may_be_0_but_has_a_high_end():
    interval = newcombe_ratio(0, 100, 30, 100, Z95)
    assert interval.low == 0.0
    assert 0 < interval.high < 0.5


def test_without_any_success_nothing_is_known_of_the_ratio():
    assert newcombe_ratio(0, 100, 0, 100, Z95) == Interval(0.0, math.inf)


def test_odds_against_nothing_have_no_upper_end():
    low, high = odds_bounds(10, 0, Z95)
    assert (float(high), round(float(low), 2)) == (math.inf, 2.6)


def test_odds_are_the_odds_of_the_proportion():
    share = wilson(30, 50, Z95)
    low, high = odds_bounds(30, 20, Z95)
    assert [float(low), float(high)] == pytest.approx([share.low / (1 - share.low), share.high / (1 - share.high)])


def test_a_paired_ratio_over_nothing_has_no_upper_end():
    low, high = paired_ratio_bounds(0, 12, 0, Z95)
    assert (float(high), bool(1 < low < math.inf)) == (math.inf, True)


def test_flips_that_never_happen_leave_an_interval_around_0():
    assert rounded(paired_difference(0, 0, 100, Z95), 3) == (-0.037, 0.037)


# --- laws ------------------------------------------------------------------------------------------------------------
@given(proportions(), proportions(), LEVELS)
def test_swapping_the_groups_negates_the_interval_of_a_difference(a, d, level):
    z = critical_value(level)
    there, back = newcombe_difference(*a, *d, z), newcombe_difference(*d, *a, z)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low), abs=1e-12)


@given(proportions(), proportions(), LEVELS)
def test_swapping_the_groups_inverts_the_interval_of_a_ratio(a, d, level):
    assume(a[0] and d[0])
    z = critical_value(level)
    there, back = newcombe_ratio(*d, *a, z), newcombe_ratio(*a, *d, z)
    assert back.low == pytest.approx(1 / there.high, rel=1e-6, abs=1e-12)


@given(proportions(), proportions(), LEVELS)
def test_the_ratio_excludes_1_exactly_when_the_difference_excludes_0(a, d, level):
    z = critical_value(level)
    difference, quotient = newcombe_difference(*a, *d, z), newcombe_ratio(*d, *a, z)
    assume(min(abs(difference.low), abs(difference.high)) > 1e-9)
    assert (0.0 in difference) == (1.0 in quotient)


@given(proportions(), proportions(), LEVELS)
def test_the_observed_value_lies_inside(a, d, level):
    z, close = critical_value(level), 1e-12
    difference = newcombe_difference(*a, *d, z)
    assert difference.low - close <= a[0] / a[1] - d[0] / d[1] <= difference.high + close
    if a[0]:
        quotient, value = newcombe_ratio(*d, *a, z), (d[0] / d[1]) / (a[0] / a[1])
        assert quotient.low * (1 - 1e-9) <= value <= quotient.high * (1 + 1e-9)


@given(proportions(), proportions(), LEVELS, LEVELS)
def test_a_higher_level_contains_a_lower_one(a, d, one, other):
    narrow, wide = sorted((critical_value(one), critical_value(other)))
    for interval in (
        lambda z: wilson(*a, z),
        lambda z: class_imbalance(a[1], d[1], z),
        lambda z: newcombe_difference(*a, *d, z),
        lambda z: newcombe_ratio(*d, *a, z),
    ):
        inner, outer = interval(narrow), interval(wide)
        assert outer.low <= inner.low + 1e-12
        assert outer.high >= inner.high or outer.high == pytest.approx(inner.high)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 2000), LEVELS)
def test_the_flip_test_excludes_0_exactly_when_mcnemars_test_rejects(to_negative, to_positive, others, level):
    z, changed = critical_value(level), to_negative + to_positive
    interval = paired_difference(to_negative, to_positive, changed + others, z)
    distance = abs(to_negative - to_positive) / math.sqrt(changed) if changed else 0.0
    assume(abs(distance - z) > 1e-6)
    assert (0.0 in interval) == (distance < z)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(51, 500))
def test_exchanging_the_directions_of_flips_negates_the_interval(to_negative, to_positive, rows):
    rows += to_negative + to_positive
    there = paired_difference(to_negative, to_positive, rows, Z95)
    back = paired_difference(to_positive, to_negative, rows, Z95)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low), abs=1e-9)


def test_four_times_the_rows_halve_the_width():
    def width(times: int) -> float:
        interval = newcombe_difference(300 * times, 1000 * times, 250 * times, 1000 * times, Z95)
        return interval.high - interval.low

    assert width(1) / width(4) == pytest.approx(2, rel=0.01)


def test_bounds_of_many_z_are_the_bounds_of_each():
    z = np.array([0.5, 1.0, 2.0])
    low, high = paired_ratio_bounds(20, 5, 9, z)
    for i, one in enumerate(z):
        assert [low[i], high[i]] == pytest.approx(np.ravel(paired_ratio_bounds(20, 5, 9, float(one))))


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_absolute_value_of_every_member_is_a_member_of_the_image(low, width, where):
    interval = Interval(low, low + width)
    image = absolute(interval)
    member = min(max(low + where * width, interval.low), interval.high)
    assert abs(member) in image
    assert (image.low == 0.0) == (0.0 in interval)
