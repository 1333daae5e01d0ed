"""The metrics as functions of counts: their formulas on numbers to check by hand, and the laws they keep."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pellucid.bias.metrics import METRICS, POST_TRAINING, PRE_TRAINING, READING_ORDER
from pellucid.counts import Counts

FORMULAS = [metric for metric in METRICS.values() if metric.compute is not None]
BY_STRATUM = ("CDDL", "CDDPL")
NEGATED = ("CI", "DPL", "DPPL", "DCA", "DCR", "RD", "SD", "DAR", "DRR", "AD", "TE")
UNCHANGED = ("JS", "LP", "TVD", "KS", "GE")
SIGNED_SHARES = ("CI", "DPL", "CDDL", "DPPL", "RD", "SD", "DAR", "DRR", "AD", "CDDPL")

CELL = st.integers(0, 60)
GROUP = st.builds(Counts, tp=CELL, fp=CELL, fn=CELL, tn=CELL).filter(lambda group: group.n)
FULL = st.builds(Counts, *[st.integers(1, 60)] * 4)
STRATA = st.lists(st.tuples(*[CELL] * 8), min_size=1, max_size=5)


def stratified(counts):
    """The same counts as the only stratum."""
    return Counts(*(np.array([cell]) for cell in (counts.tp, counts.fp, counts.fn, counts.tn)))


def value(name, a, d):
    metric = METRICS[name]
    return metric.compute(stratified(a), stratified(d)) if metric.conditional else metric.compute(a, d)


# --- the tables ------------------------------------------------------------------------------------------------------
def test_the_names_are_clarifys_in_its_order():
    assert [metric.name for metric in PRE_TRAINING] == ["CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL"]
    assert [metric.name for metric in POST_TRAINING] == [
        "DPPL", "DI", "DCA", "DCR", "RD", "SD", "DAR", "DRR", "AD", "CDDPL", "TE", "FT", "GE"
    ]  # fmt: skip


def test_descriptions_are_printed_in_clarifys_spelling():
    assert METRICS["KL"].description == "Kullback-Liebler Divergence (KL)"
    assert METRICS["LP"].description == "L-p Norm (LP)"
    assert METRICS["TVD"].description == "Total Variation Distance (TVD)"


# --- by hand ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CI", 0.2),  # (12 - 8) / 20
        ("DPL", 0.25),  # 6/12 - 2/8
        ("DPPL", 0.125),  # 6/12 - 3/8
        ("DI", 0.75),
        ("DCA", 1 / 3),  # 6/6 - 2/3
        ("DCR", 0.2),  # 6/5 - 6/6
        ("DAR", 4 / 6 - 1 / 3),
        ("AD", 8 / 12 - 5 / 8),
        ("RD", 4 / 6 - 1 / 2),
        ("SD", 4 / 6 - 4 / 6),
        ("DRR", 4 / 5 - 4 / 6),
        ("TE", 1 / 2 - 2 / 2),
    ],
)
def test_metrics_of_twelve_and_eight_rows(name, expected):
    a, d = Counts(tp=4, fp=2, fn=2, tn=4), Counts(tp=1, fp=2, fn=1, tn=4)
    assert value(name, a, d) == pytest.approx(expected)


# --- laws ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NEGATED)
@given(a=GROUP, d=GROUP)
def test_exchanging_the_groups_negates_a_difference(name, a, d):
    assert value(name, a, d) == -value(name, d, a)


@pytest.mark.parametrize("name", UNCHANGED)
@given(a=GROUP, d=GROUP)
def test_exchanging_the_groups_leaves_distances_unchanged(name, a, d):
    assume(METRICS[name].undefined(a, d) is None)
    assert value(name, a, d) == pytest.approx(value(name, d, a), abs=1e-12)


@given(a=FULL, d=FULL)
def test_exchanging_the_groups_inverts_disparate_impact(a, d):
    assert value("DI", a, d) == pytest.approx(1 / value("DI", d, a))


@given(a=FULL, d=FULL)
def test_exchanging_the_groups_negates_conditional_disparity_where_all_cells_are_filled(a, d):
    for name in BY_STRATUM:
        assert value(name, a, d) == pytest.approx(-value(name, d, a), abs=1e-12)


@pytest.mark.parametrize("metric", FORMULAS, ids=lambda metric: metric.name)
@given(a=GROUP, d=GROUP, times=st.integers(2, 5))
def test_copies_of_all_rows_change_no_value(metric, a, d, times):
    assume(metric.undefined(a, d) is None)
    many = [Counts(group.tp * times, group.fp * times, group.fn * times, group.tn * times) for group in (a, d)]
    assert value(metric.name, *many) == pytest.approx(value(metric.name, a, d), abs=1e-12)


@given(a=FULL, d=FULL)
def test_distances_of_two_outcomes_are_multiples_of_the_difference(a, d):
    gap = abs(value("DPL", a, d))
    assert value("KS", a, d) == pytest.approx(gap, abs=1e-12)
    assert value("TVD", a, d) == pytest.approx(gap, abs=1e-12)
    assert value("LP", a, d) == pytest.approx(math.sqrt(2) * gap, abs=1e-12)


@given(a=FULL, d=FULL)
def test_divergences_keep_pinskers_inequality(a, d):
    gap = value("DPL", a, d)
    assert value("KL", a, d) >= 2 * gap**2 - 1e-12
    assert 0.5 * gap**2 - 1e-12 <= value("JS", a, d) < math.log(2)


@given(a=GROUP, d=GROUP)
def test_values_stay_in_their_ranges(a, d):
    for name in SIGNED_SHARES:
        assert -1 <= value(name, a, d) <= 1, name
    assert 0 <= value("DI", a, d) <= math.inf
    assert 0 <= value("TVD", a, d) < 1
    assert 0 <= value("KS", a, d) < 1
    if METRICS["GE"].undefined(a, d) is None:
        assert -1e-12 <= value("GE", a, d) <= ((a + d).n - 1) / 2 + 1e-9


@given(STRATA, st.randoms())
def test_the_order_of_strata_does_not_matter(strata, random):
    def disparities(cells):
        table = np.array(cells).T
        a, d = Counts(*table[:4]), Counts(*table[4:])
        return [METRICS[name].compute(a, d) for name in BY_STRATUM]

    shuffled = random.sample(strata, len(strata))
    assert disparities(shuffled) == pytest.approx(disparities(strata), abs=1e-12)


@given(STRATA)
def test_a_stratum_without_rows_does_not_matter(strata):
    def disparities(cells):
        table = np.array(cells).T
        return METRICS["CDDL"].compute(Counts(*table[:4]), Counts(*table[4:]))

    assert disparities([*strata, (0,) * 8]) == pytest.approx(disparities(strata), abs=1e-12)


@pytest.mark.parametrize("metric", FORMULAS, ids=lambda metric: metric.name)
@given(pairs=st.lists(st.tuples(GROUP, GROUP), min_size=1, max_size=4))
def test_arrays_are_computed_as_their_numbers_are(metric, pairs):
    def column(groups, cell):
        numbers = np.array([getattr(group, cell) for group in groups], dtype=float)
        return numbers[:, None] if metric.conditional else numbers

    a, d = (Counts(*(column(groups, cell) for cell in ("tp", "fp", "fn", "tn"))) for groups in zip(*pairs, strict=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = metric.compute(a, d)
    assert found.shape == (len(pairs),)
    for got, (one, other) in zip(found, pairs, strict=True):
        if metric.undefined(one, other) is None:
            assert got == pytest.approx(value(metric.name, one, other), abs=1e-12)


def test_every_metric_has_one_place_in_the_reading_order():
    assert sorted(READING_ORDER) == sorted(METRICS)
