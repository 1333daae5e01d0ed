"""Intervals, p-values and states of whole metrics: agreement with the values, with each other, and with the truth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pellucid.bias.estimates import METHODS, Estimate, estimate
from pellucid.bias.evidence import RATES, evidence
from pellucid.bias.flip_test import Flips
from pellucid.bias.group_table import GroupTable
from pellucid.bias.metrics import METRICS
from pellucid.critical_value import critical_value

FROM_COUNTS = [name for name, metric in METRICS.items() if metric.compute is not None]
COMPARING = [name for name in FROM_COUNTS if METHODS[name].hypothesis is not None]
DIFFERENCES = ["CI", "DPL", "DPPL", "DCA", "DCR", "RD", "SD", "DAR", "DRR", "AD", "TE"]
SAME_LABELS = ["DPL", "KL", "JS", "LP", "TVD", "KS"]
NAMES = ("others", "women")

# Of the published worked example: women and men in regions n and s, by (observed, predicted).
EXAMPLE = np.array([[[[24, 5], [6, 20]], [[28, 3], [4, 10]]], [[[22, 1], [9, 8]], [[19, 2], [5, 4]]]])


def table(rows) -> GroupTable:
    rows = np.asarray(rows, dtype=np.int64)
    return GroupTable(rows, rows.astype(float), rows.astype(float))


def groups(a, d) -> GroupTable:
    """One stratum; each group as (tn, fp, fn, tp)."""
    return table(np.reshape([a, d], (2, 1, 2, 2)))


def value(name: str, counted: GroupTable) -> float:
    metric = METRICS[name]
    return float(metric.compute(*(counted.strata if metric.conditional else counted.groups)))


FILLED = arrays(np.int64, (2, 2, 2, 2), elements=st.integers(1, 400)).map(table)
ANY = arrays(np.int64, (2, 3, 2, 2), elements=st.integers(0, 60)).map(table)


# --- agreement -------------------------------------------------------------------------------------------------------
def test_every_metric_has_a_method():
    assert set(METHODS) == set(METRICS)
    assert {name for name in METRICS if name not in RATES} == {"CI", "GE", "FT"}


@pytest.mark.parametrize("name", FROM_COUNTS)
def test_the_interval_holds_the_value_that_clarify_prints(name):
    found = estimate(METRICS[name], table(10 * EXAMPLE))
    assert found.state == "ok"
    assert found.interval.low <= value(name, table(EXAMPLE)) <= found.interval.high


@given(FILLED)
@settings(max_examples=30, deadline=None)
def test_p_is_below_5_percent_exactly_when_the_95_percent_interval_excludes_parity(counted):
    for name in COMPARING:
        found = estimate(METRICS[name], counted)
        if abs(found.p_value - 0.05) > 1e-9:
            assert (found.p_value < 0.05) == (METRICS[name].parity not in found.interval), name


@given(FILLED)
@settings(max_examples=30, deadline=None)
def test_metrics_of_one_hypothesis_have_one_p_value(counted):
    assert len({estimate(METRICS[name], counted).p_value for name in SAME_LABELS}) == 1
    assert estimate(METRICS["DI"], counted).p_value == estimate(METRICS["DPPL"], counted).p_value


def test_metrics_of_one_hypothesis_name_it_alike_and_others_otherwise():
    named = {name: METHODS[name].hypothesis for name in METRICS}
    assert {named[name] for name in SAME_LABELS} == {"equal shares of positive labels"}
    assert named["DI"] == named["DPPL"] == "equal shares of positive predictions"
    assert len(set(named.values())) == len(METRICS) - 5 - 1


@given(FILLED)
@settings(max_examples=30, deadline=None)
def test_swapping_the_groups_negates_differences_and_keeps_their_p_value(counted):
    swapped = table(counted.rows[::-1])
    for name in DIFFERENCES:
        there, back = estimate(METRICS[name], counted), estimate(METRICS[name], swapped)
        assert (back.interval.low, back.interval.high) == pytest.approx((-there.interval.high, -there.interval.low))
        assert back.p_value == pytest.approx(there.p_value, rel=1e-5)


@given(FILLED)
@settings(max_examples=20, deadline=None)
def test_a_higher_level_contains_a_lower_one_and_both_contain_the_value(counted):
    for name in FROM_COUNTS:
        narrow, wide = (estimate(METRICS[name], counted, level=level).interval for level in (0.8, 0.99))
        slack = 1e-9 * (1 + abs(wide.high))
        assert wide.low <= narrow.low + slack <= value(name, counted) + 2 * slack, name
        assert value(name, counted) - 2 * slack <= narrow.high <= wide.high + slack, name


@pytest.mark.parametrize("name", sorted({*FROM_COUNTS} - {"KL", "JS"}))
def test_four_times_the_rows_halve_the_width(name):
    few, many = (estimate(METRICS[name], table(times * EXAMPLE)).interval for times in (500, 2000))
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(2, rel=0.05)


@given(ANY)
@settings(max_examples=60, deadline=None)
def test_empty_cells_give_honest_ends_and_never_nan(counted):
    for name in FROM_COUNTS:
        found = estimate(METRICS[name], counted, names=NAMES)
        assert (found.state == "ok") == (found.reason is None)
        assert found.state == "insufficient_evidence" or found.interval is not None
        if found.interval is not None:
            assert found.interval.low <= found.interval.high, name
        assert found.p_value is None or 0 < found.p_value <= 1


def test_general_entropy_compares_no_groups():
    found = estimate(METRICS["GE"], table(EXAMPLE))
    assert (found.p_value, found.hypothesis, found.state) == (None, None, "ok")


def test_a_distance_is_0_at_the_low_end_when_the_labels_may_be_equal():
    for name in ("KL", "JS", "LP", "TVD", "KS"):
        assert estimate(METRICS[name], table(EXAMPLE)).interval.low == 0.0


def test_distances_are_the_absolute_label_gap():
    counted = table(EXAMPLE[::-1])
    gap = estimate(METRICS["DPL"], counted).interval
    for name, factor in (("TVD", 1), ("KS", 1), ("LP", math.sqrt(2))):
        assert estimate(METRICS[name], counted).interval.high == pytest.approx(factor * max(-gap.low, gap.high))


def test_the_flip_test_takes_its_flips():
    found = estimate(METRICS["FT"], table(EXAMPLE), flips=Flips(rows=70, to_negative=3, to_positive=13))
    assert found.interval.high < 0
    assert found.p_value == pytest.approx(math.erfc(10 / math.sqrt(16) / math.sqrt(2)))


# --- weights ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", FROM_COUNTS)
def test_equal_weights_change_nothing(name):
    counted = table(10 * EXAMPLE)
    weighted = GroupTable(counted.rows, 3.5 * counted.weight, 3.5**2 * counted.weight)
    there, back = estimate(METRICS[name], counted), estimate(METRICS[name], weighted)
    assert (back.interval.low, back.interval.high) == pytest.approx((there.interval.low, there.interval.high))


def test_rows_of_unequal_weight_are_worth_fewer_rows():
    # Half of the rows weigh 1 and half 3: (sum w)^2 / sum w^2 = (2 n)^2 / (5 n) = 0.8 n.
    counted = table(10 * EXAMPLE)
    weighted = GroupTable(counted.rows, 2.0 * counted.rows, 5.0 * counted.rows)
    fewer = GroupTable(counted.rows, 0.8 * counted.rows, 0.8 * counted.rows)
    for name in FROM_COUNTS:
        there, back = estimate(METRICS[name], fewer).interval, estimate(METRICS[name], weighted).interval
        assert (back.low, back.high) == pytest.approx((there.low, there.high)), name


def test_a_reason_counts_effective_rows():
    counted = groups((50, 10, 20, 40), (30, 3, 8, 24))
    weighted = GroupTable(counted.rows, 2.0 * counted.rows, 5.0 * counted.rows)
    reason = "recall of women rests on 25.6 effective rows observed positive; at least 30 are needed"
    assert evidence(METRICS["RD"], weighted, names=NAMES) == reason


@pytest.mark.parametrize("weight", [0.1, 0.3, 0.7, 1 / 3])
def test_30_rows_of_any_equal_weight_are_enough(weight):
    counted = groups((50, 10, 20, 40), (30, 3, 8, 22))
    weighted = GroupTable(counted.rows, counted.rows * weight, counted.rows * weight**2)
    assert evidence(METRICS["RD"], weighted, names=NAMES) is None


def test_positive_predictions_on_few_rows_are_named():
    few = groups((50, 10, 20, 40), (30, 3, 4, 3))
    rate = "ratio of observed to predicted positives of women"
    assert reason("DCA", few) == f"{rate} rests on 6 rows predicted positive; at least 30 are needed"


def test_negative_predictions_on_few_rows_are_named():
    few = groups((50, 10, 20, 40), (10, 30, 2, 30))
    needed = "rests on 12 rows predicted negative; at least 30 are needed"
    assert reason("DRR", few) == f"negative predictive value of women {needed}"
    assert reason("DCR", few) == f"ratio of observed to predicted negatives of women {needed}"


def test_a_tenth_of_the_rows_in_sparse_strata_is_still_few_enough():
    rows = np.array([[[[225, 0], [225, 0]], [[50, 0], [0, 0]]], [[[225, 0], [225, 0]], [[50, 0], [0, 0]]]])
    assert evidence(METRICS["CDDL"], table(rows)) is None


def test_nearly_enough_rows_do_not_read_as_enough():
    counted = groups((50, 10, 20, 40), (30, 3, 8, 24))
    weighted = GroupTable(counted.rows, 2.0 * counted.rows, 4.268 * counted.rows)  # 32 * 4 / 4.268 = 29.991
    reason = "recall of women rests on just under 30 effective rows observed positive; at least 30 are needed"
    assert evidence(METRICS["RD"], weighted, names=NAMES) == reason


def test_slightly_too_many_sparse_rows_do_not_read_as_few_enough():
    # 104 of 1,000 rows lie in a stratum where nobody is observed positive.
    rows = np.array([[[[224, 0], [224, 0]], [[52, 0], [0, 0]]], [[[224, 0], [224, 0]], [[52, 0], [0, 0]]]])
    assert evidence(METRICS["CDDL"], table(rows)) == (
        "10.4 % of the rows lie in strata with fewer than 5 rows observed positive or observed negative; "
        "at most 10 % may"
    )


# --- strata ----------------------------------------------------------------------------------------------------------
def test_rows_without_a_stratum_are_left_out_of_conditional_metrics_only():
    counted = table(10 * EXAMPLE)
    extended = np.concatenate([counted.rows, np.full((2, 1, 2, 2), 25)], axis=1)
    with_missing = GroupTable(extended, extended * 1.0, extended * 1.0, without_stratum=True)
    for name in ("CDDL", "CDDPL"):
        assert estimate(METRICS[name], with_missing) == estimate(METRICS[name], counted)
    assert estimate(METRICS["DPL"], with_missing) != estimate(METRICS["DPL"], counted)


def test_conditional_metrics_without_any_stratum_are_insufficient_evidence():
    rows = np.full((2, 1, 2, 2), 25)
    found = estimate(METRICS["CDDL"], GroupTable(rows, rows * 1.0, rows * 1.0, without_stratum=True))
    assert (found.interval, found.reason) == (None, "no row has a value of the group variable")


# --- insufficient evidence -------------------------------------------------------------------------------------------
def reason(name: str, counted: GroupTable, **given_) -> str | None:
    found = estimate(METRICS[name], counted, names=NAMES, **given_)
    assert found.state == ("ok" if found.reason is None else "insufficient_evidence")
    return found.reason


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DPL", None),
        ("AD", None),
        ("RD", "recall of women rests on 7 rows observed positive; at least 30 are needed"),
        ("DI", None),
        ("DAR", "precision of women rests on 6 rows predicted positive; at least 30 are needed"),
    ],
)
def test_a_rate_on_few_rows_is_insufficient_evidence(name, expected):
    assert reason(name, groups((50, 10, 20, 40), (30, 3, 4, 3))) == expected


def test_all_rates_on_few_rows_are_named():
    assert reason("TE", groups((50, 10, 20, 40), (30, 3, 4, 3))) == (
        "ratio of false negatives to false positives of others rests on 10 false positives; at least 30 are needed, "
        "and ratio of false negatives to false positives of women rests on 3 false positives; at least 30 are needed"
    )


def test_the_least_number_of_rows_can_be_chosen():
    counted = groups((50, 10, 20, 40), (30, 3, 4, 3))
    assert reason("RD", counted, minimum_rows=7) is None
    assert reason("RD", counted, minimum_rows=8) == (
        "recall of women rests on 7 rows observed positive; at least 8 are needed"
    )


def test_an_infinite_impact_is_insufficient_evidence_with_an_interval():
    found = estimate(METRICS["DI"], groups((60, 0, 40, 0), (40, 20, 20, 20)), names=NAMES)
    assert found.reason == "no row of others is predicted positive, which leaves nothing to compare with"
    assert (found.interval.high, found.interval.low > 1) == (math.inf, True)


@pytest.mark.parametrize("name", ["KL", "JS", "LP", "TVD"])
def test_a_distance_that_leaves_out_a_label_is_insufficient_evidence(name):
    found = estimate(METRICS[name], groups((30, 0, 30, 0), (40, 0, 0, 0)), names=NAMES)
    assert found.reason == f"{name} leaves out the positive label, which no row of women has"
    assert found.interval is None


def test_the_largest_distance_stays_right_when_a_label_is_left_out():
    found = estimate(METRICS["KS"], groups((30, 0, 30, 0), (40, 0, 0, 0)))
    assert (found.state, 0.5 in found.interval) == ("ok", True)


def test_conditional_metrics_need_both_outcomes_in_the_strata():
    sparse = table([[[[60, 0], [40, 0]], [[40, 0], [2, 0]]], [[[50, 0], [20, 0]], [[30, 0], [1, 0]]]])
    assert reason("CDDL", sparse) == (
        "30 % of the rows lie in strata with fewer than 5 rows observed positive or observed negative; at most 10 % may"
    )


def test_an_undefined_metric_gives_clarifys_words():
    assert estimate(METRICS["DPL"], groups((30, 0, 30, 0), (0, 0, 0, 0))) == Estimate(
        None, None, "equal shares of positive labels", "insufficient_evidence", "Facet set is empty."
    )


def test_a_flip_test_that_was_not_made_is_insufficient_evidence():
    assert reason("FT", table(EXAMPLE)) == "flip test rests on 0 rows of women; at least 30 are needed"


# --- coverage --------------------------------------------------------------------------------------------------------
def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """A small version of ``benchmarks/coverage.py``: 200 draws of 1,600 rows from one population of moderate bias."""
    rng, draws, z = np.random.default_rng(20), 200, critical_value(0.95)
    shares = EXAMPLE / EXAMPLE.sum()
    held = dict.fromkeys(FROM_COUNTS, 0)
    for _ in range(draws):
        counted = table(rng.multinomial(1600, shares.ravel()).reshape(shares.shape))
        for name in FROM_COUNTS:
            interval = METHODS[name].prepare(counted)(z)
            held[name] += interval.low <= value(name, table(EXAMPLE)) <= interval.high
    # An interval that reaches down to 0 cannot miss a distance from above, so those five may hold it more often.
    most = {name: 1.0 if name in SAME_LABELS else 0.985 for name in FROM_COUNTS}
    assert {name: count / draws for name, count in held.items() if not 0.91 <= count / draws <= most[name]} == {}
