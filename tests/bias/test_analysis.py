"""Whole analyses of small tables: the worked examples, the edges of every rule, and Clarify's words for failures."""

import math

import polars as pl
import pytest

from pellucid.bias.analysis import analyse
from pellucid.bias.metrics import POST_TRAINING, PRE_TRAINING
from pellucid.config.bias_request import BiasRequest, FacetRequest
from pellucid.engines.frames import FrameTable
from pellucid.errors import AnalysisError, DataError

EMPTY_OUTCOME = "No instance of common facet found, dataset may be too small"
NOBODY_POSITIVE = (
    "No Label values are present in the predicted Label Column,"
    "Positive Predicted Index Series contains all False values"
)


def request(facets, *, positive=(1,), predicted=None, group=None, features=(), **options):
    return BiasRequest(
        label="y",
        positive=tuple(positive),
        facets=tuple(FacetRequest(column=column, values=tuple(values)) for column, values in facets),
        predicted_label=predicted,
        group_variable=group,
        features=tuple(features),
        pre_training=tuple(metric.name for metric in PRE_TRAINING),
        post_training=tuple(metric.name for metric in POST_TRAINING) if predicted else None,
        **{"statistics": False, "allow_unseen_values": True, **options},
    )


def report_of(columns, facets, **options):
    return analyse(request(facets, **options), FrameTable(pl.DataFrame(columns)))


def entries(report, stage="pre_training", facet="f", group=0):
    """Value or error text by metric."""
    section = report.to_dict()[f"{stage}_bias_metrics"]["facets"][facet][group]
    return {entry["name"]: entry.get("error", entry["value"]) for entry in section["metrics"]}


def printed(report, facet="f"):
    section = report.to_dict()["pre_training_bias_metrics"]
    return section["label_value_or_threshold"], [group["value_or_threshold"] for group in section["facets"][facet]]


def people(*cells):
    """Columns f, h, y and p of so many equal rows each."""
    rows = [row for *row, n in cells for _ in range(n)]
    return dict(zip("fhyp", map(list, zip(*rows, strict=True)), strict=True))


WORKED = people(
    ("F", "n", 1, 1, 8), ("F", "n", 1, 0, 9), ("F", "n", 0, 1, 1), ("F", "n", 0, 0, 22),
    ("F", "s", 1, 1, 4), ("F", "s", 1, 0, 5), ("F", "s", 0, 1, 2), ("F", "s", 0, 0, 19),
    ("M", "n", 1, 1, 20), ("M", "n", 1, 0, 6), ("M", "n", 0, 1, 5), ("M", "n", 0, 0, 24),
    ("M", "s", 1, 1, 10), ("M", "s", 1, 0, 4), ("M", "s", 0, 1, 3), ("M", "s", 0, 0, 28),
)  # fmt: skip
FEMALE = [("f", ["F"])]


# --- worked examples -------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def worked():
    return report_of(WORKED, FEMALE, predicted="p", group="h")


def test_the_worked_example_before_training(worked):
    assert entries(worked) == pytest.approx(
        {
            "CDDL": 0.03177486285795332,
            "CI": 0.17647058823529413,
            "DPL": 0.02857142857142858,
            "JS": 0.00043073871349322713,
            "KL": 0.0017311794805529787,
            "KS": 0.02857142857142858,
            "LP": 0.04040610178208844,
            "TVD": 0.02857142857142858,
        },
        abs=1e-15,
    )


def test_the_worked_example_after_training(worked):
    found = entries(worked, "post_training")
    assert found.pop("FT").startswith("Found array with 0 feature(s)")
    assert found == pytest.approx(
        {
            "AD": 0.06285714285714283,
            "CDDPL": 0.18582515480942413,
            "DAR": -0.010526315789473717,
            "DCA": -0.680701754385965,
            "DCR": -0.16774193548387095,
            "DI": 0.5639097744360901,
            "DPPL": 0.16571428571428573,
            "DRR": -0.09325513196480939,
            "GE": 0.11726642054444397,
            "RD": 0.28846153846153844,
            "SD": 0.06515151515151507,
            "TE": 3.416666666666667,
        },
        abs=1e-15,
    )


def test_metrics_stand_in_alphabetical_order(worked):
    names = [metric.name for stage in worked.stages for facet in stage.facets for metric in facet.metrics]
    assert names == sorted(names[:13]) + sorted(names[13:])


def test_the_flip_test_of_the_worked_example():
    columns = {
        "f": ["M"] * 10 + ["F"] * 5,
        "x": [0.0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 1.2, 2.2, 12.4, 11.6, 12.9],
        "y": ["no", "yes"] * 7 + ["no"],
        "p": ["no"] * 5 + ["yes"] * 5 + ["no", "yes", "no", "yes", "no"],
    }
    report = report_of(columns, FEMALE, positive=["yes"], predicted="p", features=["f", "x"])
    assert entries(report, "post_training")["FT"] == -0.2


def test_a_group_without_positives_loses_that_outcome_in_the_distances():
    columns = people(("a", 0, "yes", 0, 30), ("a", 0, "no", 0, 30), ("d", 0, "no", 0, 40))
    found = entries(report_of(columns, [("f", ["d"])], positive=["yes"], group="f"))
    assert found == pytest.approx(
        {
            "CI": 0.2,
            "DPL": 0.5,
            "KS": 0.5,
            "LP": 0.5,
            "TVD": 0.25,
            "JS": 0.04247475919884931,
            "KL": -0.34657359027997264,
            "CDDL": 0.4,
        }
    )


# --- which rows, and how they are printed ----------------------------------------------------------------------------
def ones_and_zeros(rows):
    return {"f": [k % 2 for k in range(rows)], "y": [int(k % 3 == 0) for k in range(rows)]}


@pytest.mark.parametrize("rows", [20, 40])
def test_whole_numbers_0_and_1_are_continuous_in_40_rows_or_fewer(rows):
    report = report_of(ones_and_zeros(rows), [("f", [1]), ("f", [0])])
    assert printed(report) == ("", ["", "(0, 1]"])
    found = entries(report)
    assert found.pop("CDDL") == "Group variable is empty or not provided"
    assert found.pop("CI") == "CI: facet set is empty. Check that x[facet] has non-zero length."
    assert entries(report, group=1)["CI"] == 0.0


def test_whole_numbers_0_and_1_are_categorical_from_41_rows():
    report = report_of(ones_and_zeros(41), [("f", [0])])
    assert printed(report) == ("1", ["0"])
    assert entries(report)["CI"] == pytest.approx((20 - 21) / 41)


def test_floats_0_and_1_are_always_continuous():
    columns = {"f": [float(k % 2) for k in range(101)] + [0.0], "y": [k % 2 for k in range(102)]}
    report = report_of(columns, [("f", [0]), ("f", [1])])
    assert printed(report) == ("1", ["(0.0, 1.0]", ""])
    assert entries(report)["CI"] == pytest.approx((52 - 50) / 102)
    assert entries(report, group=1)["DPL"] == "Facet set is empty."


AGES = {"f": [18, 25, 40, 40, 60, 75], "y": ["a", "b", "a", "b", "a", "b"]}


@pytest.mark.parametrize(
    ("threshold", "interval", "rows"),
    [
        (40, "(40, 75]", 2),
        (40.0, "(40.0, 75.0]", 2),
        ("40", "(40.0, 75.0]", 2),
        (17, "(17, 75]", 6),
        (75, "", 0),
        (80, "(75, 80]", 0),
        (-75, "(-75, 75]", 6),
    ],
)
def test_a_threshold_selects_the_rows_above_it(threshold, interval, rows):
    report = report_of(AGES, [("f", [threshold])], positive=["a"])
    assert printed(report) == ("a", [interval])
    assert report.groups[0].rows == rows


def test_the_largest_value_is_left_out_where_its_size_is_the_threshold():
    columns = {"f": [-5.0, -4.0, -3.0], "y": ["a", "b", "a"]}
    assert printed(report_of(columns, [("f", [3.0]), ("f", [-3.0])], positive=["a"])) == ("a", ["", "(-3.0, -3.0]"])


def test_text_of_whole_numbers_is_continuous():
    columns = {"f": ["10", "30", "200"], "y": ["a", "b", "a"]}
    assert printed(report_of(columns, [("f", [20])], positive=["a"])) == ("a", ["(20, 200]"])
    columns["f"][0] = None
    assert printed(report_of(columns, [("f", [30])], positive=["a"])) == ("a", ["30"])


def test_several_values_are_one_group_and_print_as_they_were_given():
    columns = {"f": [1, 2, 3] * 20, "y": [0, 1] * 30}
    report = report_of(columns, [("f", ["1", "2"]), ("f", [2, 1])])
    assert printed(report) == ("1", ["1,2", "2,1"])
    assert [group.rows for group in report.groups] == [40, 40]


@pytest.mark.parametrize(("value", "rows"), [(1, 2), (0, 3), ("true", 2), ("False", 3), (" TRUE ", 2)])
def test_truth_values_are_read_from_numbers_and_words(value, rows):
    columns = {"f": [True, False, None, True, False, False], "y": ["a", "b", "a", "b", "a", "b"]}
    report = report_of(columns, [("f", [value])], positive=["a"])
    assert (report.groups[0].rows, printed(report)[1]) == (rows, [str(value)])


def test_without_values_every_value_is_compared_in_order_of_appearance_a_missing_one_as_nan():
    columns = {"f": ["M", None, "F", "M", "F"], "y": ["a", "b", "a", "b", "a"]}
    report = report_of(columns, [("f", [])], positive=["a"])
    assert printed(report) == ("a", ["M", "nan", "F"])
    assert entries(report, group=1)["DPL"] == "Facet set is empty."
    assert [group.rows for group in report.groups] == [2, 0, 2]


def test_a_missing_facet_value_counts_among_all_others_and_a_missing_label_as_not_positive():
    columns = {"f": ["F", None, "M", "F"], "y": ["a", "a", None, None]}
    found = entries(report_of(columns, FEMALE, positive=["a"]))
    assert (found["CI"], found["DPL"]) == (0.0, 0.0)


# --- errors of single metrics ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (
            ["unknown"],
            {
                "CI": "CI: facet set is empty. Check that x[facet] has non-zero length.",
                "DPL": "Facet set is empty.",
                "DPPL": "Facet set is empty.",
                **dict.fromkeys(["DI", "AD", "TE", "FT"], "Facet set is empty"),
                **dict.fromkeys(["DCA", "DCR"], "DCO: Facet set is empty"),
                **dict.fromkeys(["DAR", "DRR"], "DLR: Facet set is empty"),
                **dict.fromkeys(["RD", "SD"], "DLA: Facet set is empty"),
                **dict.fromkeys(["KL", "JS", "LP", "TVD", "KS"], EMPTY_OUTCOME),
                "CDDL": 0.0,
                "CDDPL": 0.0,
            },
        ),
        (
            ["F", "M"],
            {
                "CI": "CI: negated facet set is empty. Check that x[~facet] has non-zero length.",
                "DPL": "Negative facet set is empty.",
                "DPPL": "Negative facet set is empty.",
                "DI": "Negated facet set is empty",
                **dict.fromkeys(["AD", "TE", "FT"], "Negated Facet set is empty"),
                **dict.fromkeys(["DCA", "DCR"], "DCO: Negated Facet set is empty"),
                **dict.fromkeys(["DAR", "DRR"], "DLR: Negated Facet set is empty"),
                **dict.fromkeys(["RD", "SD"], "DLA: Negated Facet set is empty"),
                **dict.fromkeys(["KL", "JS", "LP", "TVD", "KS"], EMPTY_OUTCOME),
                "CDDL": 0.0,
                "CDDPL": 0.0,
            },
        ),
    ],
)
def test_an_empty_group_says_so_metric_by_metric(values, texts):
    report = report_of(WORKED, [("f", values)], predicted="p", group="h")
    found = entries(report) | entries(report, "post_training")
    assert found.pop("GE") == pytest.approx(0.11726642054444397)
    assert found == texts


def test_conditional_metrics_need_both_outcomes():
    columns = people(("F", "n", 0, 1, 30), ("M", "n", 0, 1, 30))
    report = report_of(columns, FEMALE, predicted="p", group="h")
    assert entries(report)["CDDL"] == "No positive labels in set"
    assert entries(report, "post_training")["CDDPL"] == "No negative labels in set"
    assert entries(report)["DPL"] == 0.0


def test_text_strata_with_gaps_cannot_be_sorted():
    columns = people(("F", "n", 0, 1, 30), ("M", None, 1, 1, 30))
    found = entries(report_of(columns, FEMALE, group="h"))["CDDL"]
    assert found == "'<' not supported between instances of 'float' and 'str'"


def test_rows_without_a_stratum_vanish_from_numerator_and_total():
    columns = {
        "f": ["F", "F", "M", "M", "F", "F"],
        "h": [1.0, 1.0, 1.0, 1.0, None, float("nan")],
        "y": ["no", "no", "yes", "yes", "no", "yes"],
    }
    assert entries(report_of(columns, FEMALE, positive=["yes"], group="h"))["CDDL"] == 1.0


def test_text_features_have_no_flip_test():
    columns = WORKED | {"x": ["a"] * 170}
    report = report_of(columns, FEMALE, predicted="p", features=["f", "x"])
    assert entries(report, "post_training")["FT"] == "FlipTest does not support non-numeric columns"


def test_truth_values_with_gaps_have_no_flip_test():
    columns = WORKED | {"x": [True, None] * 85}
    report = report_of(columns, FEMALE, predicted="p", features=["f", "x"])
    assert entries(report, "post_training")["FT"] == "FlipTest does not support non-numeric columns"


def test_all_false_negatives_have_no_entropy():
    columns = people(("F", "n", 1, 0, 30), ("M", "n", 1, 0, 30))
    report = report_of(columns, FEMALE, predicted="p", on_degenerate="report")
    assert entries(report, "post_training")["GE"] == (
        "All predicted labels are false negatives. There should be at least one prediction that is not false negative."
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            [("F", "n", 1, 0, 30), ("M", "n", 1, 1, 20), ("M", "n", 0, 1, 10)],
            {"DI": 0.0, "DCA": "-Infinity", "DAR": 2 / 3},
        ),
        ([("M", "n", 1, 0, 30), ("F", "n", 1, 1, 20), ("F", "n", 0, 1, 10)], {"DI": "Infinity", "DCA": "Infinity"}),
        (
            [("F", "n", 1, 1, 30), ("F", "n", 0, 1, 10), ("M", "n", 0, 1, 20)],
            {"DCR": 0, "CDDPL": "No negative labels in set", "TE": 0.0},
        ),
    ],
)
def test_quotients_without_a_denominator(cells, expected):
    found = entries(report_of(people(*cells), FEMALE, predicted="p", group="h"), "post_training")
    assert {name: found[name] for name in expected} == expected


def test_the_largest_entropy():
    columns = people(("F", "n", 1, 0, 100), ("M", "n", 1, 0, 99), ("M", "n", 1, 1, 1))
    assert entries(report_of(columns, FEMALE, predicted="p"), "post_training")["GE"] == pytest.approx(99.5)


# --- failures of the whole -------------------------------------------------------------------------------------------
def failure(columns, facets, **options):
    with pytest.raises(AnalysisError) as error:
        report_of(columns, facets, **options)
    return error.value


def test_predictions_that_are_written_in_other_words_than_the_labels_are_told():
    columns = people(("F", "n", 1, "yes", 30), ("M", "n", 0, "no", 30))
    error = failure(columns, FEMALE, predicted="p")
    assert str(error) == (
        f"{NOBODY_POSITIVE}. No row of 'p' is predicted y = 1. Check label_values_or_threshold and "
        "probability_threshold, or set on_degenerate to 'report' to have the metrics that are defined. 'p' holds 'no', "
        "'yes', and 'y' 0, 1: write both with the same values."
    )


def test_nobody_predicted_positive_fails_as_clarify_does_and_hands_over_what_there_is():
    columns = people(("F", "n", 1, 0, 30), ("M", "n", 0, 0, 30))
    error = failure(columns, FEMALE, predicted="p")
    assert str(error) == (
        f"{NOBODY_POSITIVE}. No row of 'p' is predicted y = 1. Check label_values_or_threshold and "
        "probability_threshold, or set on_degenerate to 'report' to have the metrics that are defined."
    )
    assert entries(error.partial)["DPL"] == -1.0
    assert [stage.stage for stage in error.partial.stages] == ["pre_training"]


def test_on_request_nobody_predicted_positive_is_a_finding():
    columns = people(("F", "n", 1, 0, 30), ("M", "n", 0, 0, 30))
    found = entries(report_of(columns, FEMALE, predicted="p", on_degenerate="report"), "post_training")
    assert (found["DPPL"], found["DI"], found["DCA"], found["AD"]) == (0.0, 0.0, "-Infinity", 1.0)


def test_labels_and_predictions_of_different_kinds_fail():
    columns = {"f": ["F", "M"] * 30, "y": ["a", "b"] * 30, "p": [float(k) for k in range(60)]}
    error = failure(columns, FEMALE, positive=[5], predicted="p")
    assert str(error) == (
        "Predicted Label Column series datatype is not the same as Label Column series. "
        "'y' was read as categorical, 'p' as continuous. "
        "Give both the same type of values, or declare both columns in column_types."
    )


def test_label_values_are_needed():
    assert str(failure(WORKED, FEMALE, positive=[])) == (
        "Positive label values or thresholds are empty for Label column. "
        "Set label_values_or_threshold to the favourable outcome."
    )


def test_a_continuous_facet_needs_a_threshold():
    assert str(failure(AGES, [("f", [])], positive=["a"])) == (
        "Threshold values must be provided for continuous features. "
        "Give facet 'f' a threshold in value_or_threshold, or declare it categorical in column_types."
    )


def test_a_threshold_must_be_a_number():
    assert str(failure(AGES, [("f", ["old"])], positive=["a"])) == (
        "Facet/label value provided must be a single numeric threshold for continuous data. "
        "'f' was read as continuous, and 'old' is not a number; give a number, or declare the column categorical in "
        "column_types."
    )


def test_predictions_that_are_numbers_beside_labels_that_are_words_are_named():
    columns = AGES | {"p": [0.5, 1.5] * (len(AGES["y"]) // 2)}
    assert str(failure(columns, [("f", [40])], positive=["a"], predicted="p", column_types={"p": "continuous"})) == (
        "Facet/label value provided must be a single numeric threshold for continuous data. "
        "'p' was read as continuous, and 'a' is not a number; give a number, or declare the column categorical in "
        "column_types."
    )


def test_words_cannot_be_found_among_whole_numbers():
    assert str(failure(WORKED, FEMALE, positive=["yes"])) == (
        "could not convert string to float: 'yes'. Column 'y' holds numbers; give the values as they stand in the data."
    )


def test_missing_predictions_of_whole_numbers_fail_as_clarify_does():
    columns = {"f": ["F", "M"] * 10, "y": list(range(20)), "p": [None, *map(float, range(19))]}
    assert str(failure(columns, FEMALE, positive=[5], predicted="p")) == (
        "Cannot convert non-finite values (NA or inf) to integer. Rows without a value in 'p': 1. "
        "Give every row a prediction, or leave those rows out of the data set."
    )


def test_missing_columns_are_reported_together():
    with pytest.raises(DataError) as error:
        report_of({"f": ["F"], "y": [1], "age": [3]}, [("fe", [])], group="agge")
    assert str(error.value) == (
        "group_variable: got 'agge'. Use a column of the data set; did you mean 'age'?\n"
        "facet[0].name_or_index: got 'fe'. Use a column of the data set; did you mean 'f'?"
    )


def test_values_that_never_occur_are_refused_all_at_once():
    with pytest.raises(DataError) as error:
        report_of(WORKED, [("f", ["f"]), ("h", ["x", "n"])], positive=[2], allow_unseen_values=False)
    assert str(error.value) == (
        "label_values_or_threshold: got 2. No row of column 'y' has this value; there are 0, 1.\n"
        "facet[0].value_or_threshold: got 'f'. No row of column 'f' has this value; did you mean 'F'?\n"
        "facet[1].value_or_threshold: got 'x'. No row of column 'h' has this value; there are 'n', 's'."
    )


def test_no_rows_are_refused():
    with pytest.raises(DataError, match=r"^dataset: The data set has no rows; give one that has\.$"):
        report_of({"f": pl.Series([], dtype=pl.String), "y": pl.Series([], dtype=pl.Int64)}, FEMALE)


# --- more than two classes, and regression ---------------------------------------------------------------------------
def test_positive_classes_are_collapsed():
    columns = {"f": ["F", "M"] * 30, "y": ["low", "mid", "high"] * 20, "p": ["low", "high", "high"] * 20}
    report = report_of(columns, FEMALE, positive=["mid", "high"], predicted="p")
    assert report.to_dict()["post_training_bias_metrics"]["label_value_or_threshold"] == "mid,high"
    assert entries(report, "post_training")["AD"] == 0.0
    assert report.performance.confusion_matrix == {
        "high": {"high": 20.0, "low": 0.0, "mid": 0.0},
        "low": {"high": 0.0, "low": 20.0, "mid": 0.0},
        "mid": {"high": 20.0, "low": 0.0, "mid": 0.0},
    }


def test_a_threshold_makes_outcomes_of_numbers():
    columns = {"f": ["F", "F", "M", "M"], "y": [10.5, 30.0, 31.0, 50.0], "p": [31.0, 10.0, 60.0, 30.5]}
    report = report_of(columns, FEMALE, positive=[30], predicted="p")
    assert printed(report)[0] == "(30.0, 50.0]"
    assert (entries(report)["DPL"], entries(report, "post_training")["DPPL"]) == (1.0, 0.5)


def test_fractions_are_cut_where_labels_are_whole_numbers():
    columns = {"f": ["F", "F", "M", "M"], "y": [10, 30, 31, 50], "p": [30.9, 10.0, 60.0, 31.0]}
    report = report_of(columns, FEMALE, positive=[30], predicted="p")
    assert entries(report, "post_training")["DPPL"] == 1.0
    columns["y"] = [str(label) for label in columns["y"]]
    assert entries(report_of(columns, FEMALE, positive=[30], predicted="p"), "post_training")["DPPL"] == 1.0


@pytest.mark.parametrize("label", [[0, 1], [False, True], [0.0, 1.0]])
@pytest.mark.parametrize(("threshold", "gap"), [(0.5, 1.0), (0.2, 0.0), (0.9, 0.0)])
def test_scores_above_the_threshold_are_positive(label, threshold, gap):
    columns = {
        "f": ["F", "M"] * 30,
        "y": [value for value in label for _ in range(30)],
        "p": [0.4, 0.6] * 29 + [0.4, 0.95],
    }
    positive = [0] if isinstance(label[0], float) else [1]  # floats are continuous, and 0 is a threshold
    report = report_of(columns, FEMALE, positive=positive, predicted="p", probability_threshold=threshold)
    assert entries(report, "post_training")["DPPL"] == pytest.approx(gap if threshold < 0.9 else 1 / 30)


def test_float_predictions_of_float_labels_are_labels_not_scores():
    columns = {"f": ["F", "M"] * 30, "y": [0.0, 1.0, None] * 20, "p": [1.0, 1.0, 0.0, 1.0] * 15}
    report = report_of(columns, FEMALE, positive=[0], predicted="p", probability_threshold=2)
    assert printed(report)[0] == "(0.0, 1.0]"
    assert entries(report, "post_training")["DPPL"] == 0.5


@pytest.mark.parametrize("predicted", [["0", "1"], [False, True], [0.0, 1.0]])
def test_predictions_are_brought_to_the_type_of_the_labels(predicted):
    columns = {"f": ["F", "M"] * 30, "y": [0, 1] * 30, "p": predicted * 30}
    assert entries(report_of(columns, FEMALE, predicted="p"), "post_training")["DPPL"] == 1.0


# --- weights, intersections, more facets -----------------------------------------------------------------------------
def test_equal_weights_give_the_values_of_no_weights():
    plain = report_of(WORKED, FEMALE, predicted="p", group="h")
    weighted = report_of(WORKED | {"w": [2.0] * 170}, FEMALE, predicted="p", group="h", weights="w")
    for stage in ("pre_training", "post_training"):
        values = entries(plain, stage)
        assert entries(weighted, stage) == pytest.approx(values, abs=1e-14)


def test_intervals_widen_as_kishs_effective_rows_fall():
    def interval(weights):
        report = report_of(WORKED | {"w": weights}, FEMALE, weights="w", statistics=True)
        found = {metric.name: metric for metric in report.stages[0].facets[0].metrics}["DPL"].statistics.interval
        return found[1] - found[0]

    assert interval([2.0] * 170) == pytest.approx(interval([1.0] * 170))
    # weights of 1 and 3 in turn: (sum w)^2 / sum w^2 = 0.8 of the rows
    assert interval([1.0, 3.0] * 85) == pytest.approx(interval([1.0] * 170) / math.sqrt(0.8), rel=0.03)


def test_intersections_compare_the_rows_of_both_groups_with_all_others():
    report = report_of(WORKED, [("f", ["F"]), ("h", ["n"])], facet_intersections=True)
    (both,) = report.intersections
    values = {metric.name: metric.value for metric in both.stages[0].facets[0].metrics}
    assert both.facets == {"f": "F", "h": "n"}
    assert values["CI"] == pytest.approx((130 - 40) / 170)
    assert values["DPL"] == pytest.approx(49 / 130 - 17 / 40)


def test_facets_are_analysed_alone_and_one_column_may_be_asked_twice():
    report = report_of(WORKED, [("f", ["F"]), ("h", ["s"]), ("f", ["M"])])
    facets = report.to_dict()["pre_training_bias_metrics"]["facets"]
    assert [(name, [group["value_or_threshold"] for group in groups]) for name, groups in facets.items()] == [
        ("f", ["F", "M"]),
        ("h", ["s"]),
    ]
    assert entries(report, group=0)["DPL"] == -entries(report, group=1)["DPL"]


def test_a_threshold_that_no_prediction_exceeds_is_named_though_its_interval_is_empty():
    columns = {
        "f": ["a", "d"] * 50,
        "y": [float(i % 50) for i in range(100)],
        "p": [float(i % 50) / 2 + 0.25 for i in range(100)],
    }
    kinds = {"y": "continuous", "p": "continuous"}
    with pytest.raises(AnalysisError) as error:
        report_of(columns, [("f", ["d"])], positive=[49.0], predicted="p", column_types=kinds)
    assert error.value.message == NOBODY_POSITIVE
    assert error.value.fix.startswith("No row of 'p' is predicted y above 49. Check label_values_or_threshold")
