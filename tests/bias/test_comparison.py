"""Two results side by side."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.bias.comparison import Estimate, compare_estimates, difference_of


def estimate(value, low, high, **more):
    return Estimate(value=value, interval=(low, high), **more)


def verdict(metric, first, second):
    return compare_estimates({"it": (metric, first, second)}, confidence_level=0.95)["it"].verdict


def test_margins_add_like_the_sides_of_a_right_angle():
    value, interval = difference_of(estimate(0.5, 0.2, 0.9), estimate(0.6, 0.3, 0.7))
    assert value == pytest.approx(0.1)
    assert interval == pytest.approx((0.1 - 0.5, 0.1 + math.hypot(0.1, 0.3)))  # 0.5 = hypot(0.3, 0.4)


def test_a_difference_from_an_interval_without_an_end_has_no_interval():
    value, interval = difference_of(estimate(0.5, 0.4, math.inf), estimate(0.75, 0.5, 1.0))
    assert (value, interval) == (0.25, None)


@given(st.tuples(*[st.floats(-1, 1)] * 2), st.tuples(*[st.floats(0.001, 0.5)] * 4))
def test_swapping_the_results_negates_the_difference(values, margins):
    a = estimate(values[0], values[0] - margins[0], values[0] + margins[1])
    b = estimate(values[1], values[1] - margins[2], values[1] + margins[3])
    (value, (low, high)), (swapped, (swapped_low, swapped_high)) = difference_of(a, b), difference_of(b, a)
    assert (swapped, swapped_low, swapped_high) == pytest.approx((-value, -high, -low))


def test_nearer_to_parity_is_better_on_either_side():
    far, near = estimate(0.30, 0.28, 0.32), estimate(0.05, 0.03, 0.07)
    assert verdict("DPL", far, near) == "better"
    assert verdict("DPL", near, far) == "worse"
    assert verdict("DPL", estimate(-0.30, -0.32, -0.28), near) == "changed sides"


def test_a_ratio_is_judged_by_how_many_times_not_by_how_much():
    # half as often is farther from parity than 1.5 times as often
    assert verdict("DI", estimate(0.5, 0.49, 0.51), estimate(1.5, 1.3, 1.7)) == "changed sides"
    assert verdict("DI", estimate(0.5, 0.48, 0.52), estimate(0.8, 0.78, 0.82)) == "better"
    assert verdict("DI", estimate(0.5, 0.48, 0.52), estimate(0.0, 0.0, 0.02)) == "worse"


def test_a_difference_within_its_margins_is_no_change():
    assert verdict("DPL", estimate(0.10, 0.05, 0.15), estimate(0.12, 0.07, 0.17)) == "no clear change"


def test_a_change_that_may_be_as_far_from_parity_on_the_other_side_is_neither_better_nor_worse():
    # 0.21 +- 0.156 apart, p = 0.008; together -0.01 +- 0.22, so that |second| < |first| is a matter of chance
    first, second = estimate(-0.11, -0.22, 0.0), estimate(0.10, -0.01, 0.21)
    assert verdict("DPL", first, second) == verdict("DPL", second, first) == "changed"
    ratios = estimate(0.8, 0.63, 1.01), estimate(1.28, 0.99, 1.58)
    assert verdict("DI", *ratios) == verdict("DI", *reversed(ratios)) == "changed"


def test_a_change_from_about_parity_is_further_from_it_where_errors_that_go_together_cannot_hide_that():
    near = estimate(0.02, -0.08, 0.12)
    # the sums of both values: 0.26 +- 0.20 lies above 0, 0.19 +- 0.20 does not
    assert verdict("DPL", near, estimate(0.24, 0.14, 0.34)) == "worse"
    assert verdict("DPL", near, estimate(0.17, 0.07, 0.27)) == "changed"
    assert verdict("DPL", estimate(0.24, 0.14, 0.34), near) == "better"
    assert verdict("DPL", near, estimate(-0.24, -0.34, -0.14)) == "worse"


def test_of_a_distance_that_has_no_other_side_a_clear_change_is_nearer_or_further():
    none, some = estimate(0.05, 0.0, 0.15), estimate(0.32, 0.14, 0.5)  # 0.27 > hypot(0.18, 0.10) = 0.206
    assert (verdict("KL", none, some), verdict("KL", some, none)) == ("worse", "better")


@pytest.mark.slow
def test_models_equally_far_from_parity_are_seldom_told_apart_even_on_the_same_rows():
    rng = np.random.default_rng(5)
    wrong, draws = 0, 4000
    for _ in range(draws):
        shared = rng.normal(0, 0.05)  # of the rows, the same in both
        values = [truth + shared + rng.normal(0, 0.01) for truth in (-0.09, 0.09)]
        found = verdict("DPL", *(estimate(v, v - 0.1, v + 0.1) for v in values))
        wrong += found in ("better", "worse")
    assert wrong / draws <= 0.05


def test_without_evidence_there_is_no_verdict():
    weak = estimate(0.9, 0.1, 1.0, sufficient=False)
    assert verdict("DPL", estimate(0.1, 0.09, 0.11), weak) == "insufficient evidence"
    assert verdict("DPL", Estimate(value=0.1), Estimate(value=0.9)) == "insufficient evidence"
    assert verdict("DI", estimate(0.5, 0.4, 0.6), estimate(math.inf, 1.0, math.inf)) == "insufficient evidence"


def test_what_was_computed_from_the_same_rows_differs_by_nothing():
    pairs = {"it": ("DPL", estimate(0.1, 0.0, 0.2), estimate(0.1, 0.0, 0.2))}
    found = compare_estimates(pairs, confidence_level=0.95, paired={"it": (0.0, (0.0, 0.0))})["it"]
    assert (found.value, found.interval, found.p_value, found.verdict) == (0.0, (0.0, 0.0), None, "equal")


def test_exact_values_that_differ_by_rounding_are_equal():
    assert verdict("DPL", estimate(0.3, 0.3, 0.3), estimate(0.1 + 0.2, 0.1 + 0.2, 0.1 + 0.2)) == "equal"
    assert verdict("DPL", estimate(0.3, 0.3, 0.3), estimate(0.3001, 0.3001, 0.3001)) == "worse"


@given(st.floats(0.01, 1), st.tuples(*[st.floats(0.001, 0.5)] * 4))
def test_a_p_value_is_below_5_percent_exactly_where_the_95_percent_interval_excludes_no_difference(value, margins):
    a = estimate(0.0, -margins[0], margins[1])
    for b in (estimate(value, value - margins[2], value + margins[3]), estimate(-value, -value - 0.1, -value + 0.2)):
        found = compare_estimates({"it": ("DPL", a, b)}, confidence_level=0.95)["it"]
        low, high = found.interval
        if min(abs(low), abs(high)) > 1e-9:
            assert (found.p_value < 0.05) == (not low <= 0 <= high)
            assert (found.verdict == "no clear change") == (low <= 0 <= high)


def test_the_more_is_compared_the_surer_each_change_must_be():
    pair = ("DPL", estimate(0.100, 0.080, 0.120), estimate(0.133, 0.113, 0.153))
    alone = compare_estimates({0: pair}, confidence_level=0.95)[0]
    among = compare_estimates(dict.fromkeys(range(20), pair), confidence_level=0.95)[0]
    assert alone.p_value == pytest.approx(0.0222, abs=0.001)
    assert (alone.verdict, among.verdict) == ("worse", "no clear change")
    assert among.p_value == pytest.approx(min(1, 20 * alone.p_value))


def test_intervals_of_differences_cover_the_truth():
    rng = np.random.default_rng(3)
    n, rates, covered, draws = 400, (0.2, 0.35), 0, 2000
    for _ in range(draws):
        shares = [rng.binomial(n, rate) / n for rate in rates]
        margins = [1.959964 * math.sqrt(share * (1 - share) / n) for share in shares]
        a, b = (estimate(s, s - m, s + m) for s, m in zip(shares, margins, strict=True))
        _, (low, high) = difference_of(a, b)
        covered += low <= rates[1] - rates[0] <= high
    assert 0.935 <= covered / draws <= 0.965
