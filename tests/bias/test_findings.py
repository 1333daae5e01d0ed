"""Sentences, as a reader who never opens a terminal reads them: who, by how much, in which direction, how sure."""

import pytest

from pellucid.bias.findings import SENTENCES, Subject, _impact, finding
from pellucid.bias.flip_test import Flips
from pellucid.bias.metrics import METRICS
from pellucid.counts import Counts
from pellucid.results.bias import Statistics

A, D = Counts(tp=300, fp=50, fn=60, tn=400), Counts(tp=100, fp=10, fn=40, tn=300)


def subject(a=A, d=D, flips=None):
    return Subject(group="sex = F", others="all others", outcome="hired = 1", strata="region", a=a, d=d, flips=flips)


def said(metric, a=A, d=D):
    return finding(metric, METRICS[metric].compute(a, d), None, subject(a, d))


def statistics(interval, *, n=(810, 450), reason=None):
    state = "ok" if reason is None else "insufficient_evidence"
    return Statistics(interval=interval, p_value=None, p_value_unadjusted=None, n=n, state=state, reason=reason)


def test_every_metric_has_a_sentence():
    assert SENTENCES.keys() == METRICS.keys()


WORSE_AND_BETTER = {
    "CI": ("sex = F makes up 35.7 % of the rows.", "sex = F makes up 64.3 % of the rows."),
    "DPL": (
        "sex = F has hired = 1, 13.3 points less often than all others: 31.1 % against 44.4 %.",
        "sex = F has hired = 1, 13.3 points more often than all others: 44.4 % against 31.1 %.",
    ),
    "DPPL": (
        "sex = F is predicted hired = 1, 18.8 points less often than all others: 24.4 % against 43.2 %.",
        "sex = F is predicted hired = 1, 18.8 points more often than all others: 43.2 % against 24.4 %.",
    ),
    "DI": (
        (
            "sex = F is predicted hired = 1, 0.566 times as often as all others, below the usual warning line of 0.8: "
            "24.4 % against 43.2 %."
        ),
        (
            "sex = F is predicted hired = 1, 1.77 times as often as all others, which puts all others at 0.566, "
            "below the usual warning line of 0.8: 43.2 % against 24.4 %."
        ),
    ),
    "DCA": (
        (
            "Measured by what was observed, sex = F is given fewer positive predictions than all others: "
            "1.27 against 1.03 rows observed positive for each row predicted positive."
        ),
        (
            "Measured by what was observed, sex = F is given more positive predictions than all others: "
            "1.03 against 1.27 rows observed positive for each row predicted positive."
        ),
    ),
    "DCR": (
        (
            "Measured by what was observed, sex = F is given more negative predictions than all others: "
            "0.912 against 0.978 rows observed negative for each row predicted negative."
        ),
        (
            "Measured by what was observed, sex = F is given fewer negative predictions than all others: "
            "0.978 against 0.912 rows observed negative for each row predicted negative."
        ),
    ),
    "RD": (
        (
            "The model recognises rows with hired = 1 in sex = F 11.9 points less often than in all others: "
            "71.4 % against 83.3 %."
        ),
        (
            "The model recognises rows with hired = 1 in sex = F 11.9 points more often than in all others: "
            "83.3 % against 71.4 %."
        ),
    ),
    "SD": (
        (
            "The model recognises rows without hired = 1 in sex = F 7.9 points more often than in all others: "
            "96.8 % against 88.9 %."
        ),
        (
            "The model recognises rows without hired = 1 in sex = F 7.9 points less often than in all others: "
            "88.9 % against 96.8 %."
        ),
    ),
    "DAR": (
        "A positive prediction is right for sex = F 5.2 points more often than for all others: 90.9 % against 85.7 %.",
        "A positive prediction is right for sex = F 5.2 points less often than for all others: 85.7 % against 90.9 %.",
    ),
    "DRR": (
        "A negative prediction is right for sex = F 1.3 points more often than for all others: 88.2 % against 87.0 %.",
        "A negative prediction is right for sex = F 1.3 points less often than for all others: 87.0 % against 88.2 %.",
    ),
    "AD": (
        "The model is right for sex = F 2.5 points more often than for all others: 88.9 % against 86.4 %.",
        "The model is right for sex = F 2.5 points less often than for all others: 86.4 % against 88.9 %.",
    ),
    "TE": (
        (
            "Errors about sex = F are more often false rejections than errors about all others: "
            "4 against 1.2 false rejections for each false acceptance."
        ),
        (
            "Errors about sex = F are less often false rejections than errors about all others: "
            "1.2 against 4 false rejections for each false acceptance."
        ),
    ),
    "TVD": (
        (
            "The shares of hired = 1 in sex = F and in all others lie 0.133 apart, "
            "on a scale where 0 means the same shares in both, whoever has more."
        ),
    )
    * 2,
    "GE": ("Over all rows, benefits are spread with a generalised entropy of 0.0672, where 0 is equal benefit.",) * 2,
}


@pytest.mark.parametrize("metric", WORSE_AND_BETTER)
def test_a_sentence_says_who_is_worse_off_whichever_group_it_is(metric):
    assert (said(metric), said(metric, a=D, d=A)) == WORSE_AND_BETTER[metric]


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        ("DPL", "sex = F has hired = 1 about as often as all others: 31.1 % against 31.1 %."),
        ("DI", "sex = F is predicted hired = 1 as often as all others: 24.4 % against 24.4 %."),
        (
            "DCA",
            (
                "Measured by what was observed, sex = F is given as many positive predictions as all others: "
                "1.27 against 1.27 rows observed positive for each row predicted positive."
            ),
        ),
        ("AD", "The model is right for sex = F about as often as for all others: 88.9 % against 88.9 %."),
        (
            "TE",
            (
                "Errors about sex = F are false rejections as often as errors about all others: "
                "4 against 4 false rejections for each false acceptance."
            ),
        ),
    ],
)
def test_equal_groups(metric, sentence):
    assert said(metric, a=D, d=D) == sentence


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (0.128, "12.8 points larger among rows without hired = 1 than among rows with it"),
        (-0.128, "12.8 points smaller among rows without hired = 1 than among rows with it"),
        (0.0001, "about the same among rows without hired = 1 as among rows with it"),
    ],
)
def test_conditional_disparity(value, size):
    found = finding("CDDL", value, None, subject())
    assert found == f"Compared within each region, the share of sex = F is {size}."


def test_conditional_disparity_of_predictions():
    assert finding("CDDPL", 0.5, None, subject()) == (
        "Compared within each region, the share of sex = F is 50.0 points larger "
        "among rows not predicted hired = 1 than among rows predicted so."
    )


def test_the_flip_test_counts_people():
    assert finding("FT", -1 / 45, None, subject(flips=Flips(rows=1450, to_negative=10, to_positive=30))) == (
        "Of 1,450 rows of sex = F, 30 are rejected where similar rows of all others are accepted, "
        "and 10 are accepted where similar ones are rejected."
    )


def test_one_row_for_each_row_is_one_row():
    even = Counts(tp=300, fp=60, fn=60, tn=400)
    assert said("DCA", a=even).endswith(
        "positive predictions than all others: 1.27 against 1 row observed positive for each row predicted positive."
    )
    assert said("TE", a=even).endswith(": 4 against 1 false rejection for each false acceptance.")


def test_one_row_that_flips_is_one_row():
    assert finding("FT", 1.0, None, subject(flips=Flips(rows=1, to_negative=1, to_positive=0))) == (
        "Of 1 row of sex = F, 0 are rejected where similar rows of all others are accepted, "
        "and 1 is accepted where similar ones are rejected."
    )


def test_infinite_values_are_words():
    nobody = Counts(fn=40, tn=300)
    assert said("DI", a=nobody) == "sex = F is predicted hired = 1 at times, all others never: 24.4 % against 0.0 %."
    assert said("DCA", d=nobody) == (
        "Measured by what was observed, sex = F is given fewer positive predictions than all others: "
        "infinitely many against 1.03 rows observed positive for each row predicted positive."
    )


def test_a_rate_of_no_rows_says_that_there_are_none():
    assert said("DAR", d=Counts(fn=40, tn=300)) == (
        "A positive prediction is right for sex = F 85.7 points less often than for all others: "
        "0.0 % (there are none) against 85.7 %."
    )


# --- how sure --------------------------------------------------------------------------------------------------------
def test_the_interval_is_turned_as_the_sentence_is():
    found = finding("DPL", 0.133, None, subject(), statistics((0.078, 0.187)))
    assert found.endswith("31.1 % against 44.4 % (95 % interval 7.8 to 18.7 points; n = 450 of 1,260).")
    found = finding("DPL", -0.133, None, subject(A, D), statistics((-0.187, -0.078)))
    assert found.endswith("(95 % interval 7.8 to 18.7 points; n = 450 of 1,260).")


def test_an_interval_across_parity_says_so():
    found = finding("DPL", 0.05, None, subject(), statistics((-0.01, 0.11)))
    assert found.endswith("(95 % interval -1.0 to 11.0 points; n = 450 of 1,260; no difference is possible too).")
    found = finding("DI", 0.9, None, subject(), statistics((0.7, 1.1)), level=0.9)
    assert found.endswith("(DI 0.9, 90 % interval 0.7 to 1.1; n = 450 of 1,260; no difference is possible too).")


@pytest.mark.parametrize(
    ("metric", "ends"), [("DPL", "3.0 points less to 1.0 points more"), ("SD", "1.0 points less to 3.0 points more")]
)
def test_about_as_often_has_an_interval_with_directions(metric, ends):
    found = finding(metric, 0.0, None, subject(), statistics((-0.01, 0.03)))
    assert f"(95 % interval {ends}; n = 450 of 1,260; no difference is possible too)." in found


def test_insufficient_evidence_comes_first_and_what_was_counted_after_it():
    found = finding("AD", 0.1, None, subject(), statistics(None, reason="accuracy rests on 3 rows"))
    assert found == (
        "Insufficient evidence: accuracy rests on 3 rows. As counted, the model is right for sex = F 10.0 points less "
        "often than for all others: 88.9 % against 86.4 % (n = 450 of 1,260)."
    )


@pytest.mark.parametrize(
    ("a", "d", "error", "reason"),
    [
        (A, Counts(), "Facet set is empty.", "no row belongs to it"),
        (
            Counts(),
            D,
            "Negative facet set is empty.",
            "every row belongs to it, which leaves nobody to compare it with",
        ),
        (A, D, "Group variable is empty or not provided", "Group variable is empty or not provided"),
    ],
)
def test_a_metric_without_a_value_says_why(a, d, error, reason):
    assert finding("DPL", None, error, subject(a, d)) == f"DPL could not be computed for sex = F: {reason}."


# --- what rounding must not say ---------------------------------------------------------------------------------------
RARE_A, RARE_D = Counts(tp=80, tn=199_920), Counts(tp=20, tn=199_980)


def test_of_rare_events_one_is_not_as_often_as_four():
    sure = statistics((0.000204, 0.000404), n=(200_000, 200_000))
    assert finding("DPL", 0.0003, None, subject(RARE_A, RARE_D), sure) == (
        "sex = F has hired = 1, 0.030 points less often than all others: 0.010 % against 0.040 % "
        "(95 % interval 0.020 to 0.040 points; n = 200,000 of 400,000)."
    )


def test_of_what_hardly_ever_fails_one_failure_is_not_as_often_as_four():
    nearly = Counts(tp=199_920, fn=80), Counts(tp=199_980, fn=20)
    assert said("RD", *nearly) == (
        "The model recognises rows with hired = 1 in sex = F 0.030 points more often than in all others: "
        "99.990 % against 99.960 %."
    )


def test_a_rate_that_is_not_zero_is_not_written_as_zero_beside_a_large_one():
    assert said("DPL", Counts(tp=500, tn=500), Counts(tp=1, tn=99_999)) == (
        "sex = F has hired = 1, 50.0 points less often than all others: < 0.1 % against 50.0 %."
    )
    assert said("DPL", Counts(tp=500, tn=500), Counts(tp=99_999, tn=1)).endswith(": > 99.9 % against 50.0 %.")


def test_none_and_all_are_written_as_they_are():
    assert said("DPL", Counts(tn=20), Counts(tp=20)).endswith(
        "100.0 points more often than all others: 100.0 % against 0.0 %."
    )


def test_a_group_of_a_handful_among_many_is_not_none_of_the_rows():
    assert said("CI", Counts(tn=399_997), Counts(tn=3)) == "sex = F makes up 0.00075 % of the rows."


def test_a_ratio_just_below_the_warning_line_does_not_read_as_the_line():
    a, d = Counts(tp=5_000, tn=5_000), Counts(tp=3_999, tn=6_001)
    sure = statistics((0.7749, 0.82504), n=(10_000, 10_000))
    assert finding("DI", 0.7998, None, subject(a, d), sure) == (
        "sex = F is predicted hired = 1, 0.7998 times as often as all others, below the usual warning line of 0.8: "
        "40.0 % against 50.0 % (DI 0.7998, 95 % interval 0.775 to 0.825; n = 10,000 of 20,000)."
    )
    assert "at 0.7998, below the usual warning line of 0.8" in said("DI", a=d, d=a)


def test_a_ratio_of_exactly_four_fifths_is_not_below_the_line_though_its_floats_are():
    # (1 / 3) / (5 / 12) = 4 / 5, which binary fractions make 0.7999999999999999.
    a, d = Counts(tp=5, tn=7), Counts(tp=1, tn=2)
    assert (
        said("DI", a, d) == "sex = F is predicted hired = 1, 0.8 times as often as all others: 33.3 % against 41.7 %."
    )
    assert said("DI", d, a) == (
        "sex = F is predicted hired = 1, 1.25 times as often as all others: 41.7 % against 33.3 %."
    )


def test_equal_ratios_of_weighted_rows_are_equal_though_their_last_digits_are_not():
    a = Counts(tp=2, fp=1, fn=3, tn=4)
    d = Counts(tp=2 * 0.1, fp=1 * 0.1, fn=3 * 0.1, tn=4 * 0.1)
    assert METRICS["DI"].compute(a, d) != 1
    assert "predicted hired = 1 as often as all others" in said("DI", a, d)
    assert METRICS["DCA"].compute(a, d) != 0
    assert "as many positive predictions as all others" in said("DCA", a, d)
    assert METRICS["DCR"].compute(a, d) != 0
    assert "as many negative predictions as all others" in said("DCR", a, d)
    assert METRICS["TE"].compute(a, d) != 0
    assert "false rejections as often as errors about all others" in said("TE", a, d)


def test_nearly_as_often_is_not_once_as_often():
    assert "0.9996 times as often" in said("DI", Counts(tp=5_000, tn=5_000), Counts(tp=4_998, tn=5_002))


def test_the_size_of_a_ratio_difference_and_its_interval_are_told_in_the_metric_itself():
    told = finding("DCA", 0.25, None, subject(), statistics((-0.125, 0.5)))
    assert "(DCA 0.25, 95 % interval -0.125 to 0.5; n = 450 of 1,260; no difference is possible too)." in told


def test_a_ratio_to_no_row_is_infinitely_many():
    assert "infinitely many against 3 false rejections" in said("TE", Counts(fp=2, fn=6), Counts(fn=4))


def test_ratios_that_differ_are_told_apart():
    assert said("DCR", Counts(tn=199_920, fn=80), Counts(tn=199_980, fp=21)) == (
        "Measured by what was observed, sex = F is given fewer negative predictions than all others: "
        "1 against 0.9996 rows observed negative for each row predicted negative."
    )


def test_a_ratio_of_thousands_is_written_out_not_as_a_power_of_ten():
    assert (_impact(1234.5), _impact(999.96), _impact(0.5)) == ("1,234", "1,000", "0.5")
