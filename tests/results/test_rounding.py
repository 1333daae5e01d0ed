"""Numbers as people read them."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.results.rounding import count, interval, number, p_value, percent, points, share, significant


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_number_has_digits_that_say_nothing(value):
    shown = number(value)
    assert not re.search(r"e[+-]?\d|-0\.0*$|nan|inf(?!inite)", shown)
    if abs(value) < 1e15:
        assert len(shown) <= 20


@given(st.floats(min_value=1e-3, max_value=1e9))
def test_three_significant_digits_are_kept(value):
    read = float(number(value).replace(",", ""))
    assert read == pytest.approx(value, rel=0.0051)


@given(st.floats(0, 1))
def test_a_share_is_never_written_as_nothing_or_everything_unless_it_is(value):
    shown = share(value)
    if 1e-12 < value < 1 - 1e-12:
        assert shown not in ("0.0 %", "100.0 %")
    else:
        assert shown in ("0.0 %", "100.0 %")


@given(st.floats(-1, 1))
def test_points_carry_a_sign_unless_they_round_to_nothing(value):
    shown = points(value)
    assert shown == "0.0 points" if shown[0] == "0" else shown[0] == ("+" if value > 0 else "-")


@given(st.floats(0.001, 1))
def test_a_p_value_reads_on_its_own_side_of_five_percent(value):
    read = float(p_value(value))
    assert (read < 0.05) == (value < 0.05) or value == pytest.approx(0.05, rel=1e-11)
    assert read == pytest.approx(value, abs=0.0005)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(999.7), "1,000"),
        (number(1_234_567.8), "1,234,568"),
        (number(1000), "1,000"),
        (number(1e-6), "0.00000100"),
        (number(1e-17), "0.00"),
        (number(float("-inf")), "-infinite"),
        (number(0.33779060), "0.338"),
        (count(1_000_000), "1,000,000"),
        (count(12.0), "12"),
        (count(12_345.6), "12,346"),
        (count(float("nan")), "-"),
        (points(None), "-"),
        (points(float("nan")), "-"),
        (points(float("-inf")), "-infinite"),
        (share(float("nan")), "-"),
        (interval(0.5, float("inf")), "0.500 to infinite"),
        (interval(None, 0.5), "-"),
        (percent(0, 5), "0.0 %"),
        (p_value(0.0499), "0.0499"),
        (p_value(0.0503), "0.0503"),
        (p_value(0.05), "0.050"),
        (p_value(0.051), "0.051"),
        (p_value(5e-324), "< 0.001"),
    ],
)
def test_known_cases(shown, expected):
    assert shown == expected


def test_significant_digits_of_hundreds_and_thousands_are_written_out_not_as_powers_of_ten():
    assert [significant(value, 2) for value in (0.0996, 99.4, 99.6, 150.0, -12_345.6)] == [
        "0.1",
        "99",
        "100",
        "150",
        "-12,346",
    ]
    assert [significant(value, 3, "+") for value in (999.4, 999.6, -1234.5, 0.0)] == ["+999", "+1,000", "-1,234", "+0"]


def test_significant_digits_of_what_no_whole_number_holds_exactly_stay_a_power_of_ten():
    assert [significant(value, 3) for value in (1e15, math.inf, math.nan)] == ["1e+15", "inf", "nan"]
