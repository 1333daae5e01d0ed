"""`pellucid.bias` as it is called from a notebook: its arguments, its errors, and the laws that whole reports keep."""

from importlib.resources import files

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pellucid
from pellucid import bias
from pellucid.errors import AnalysisError, ConfigError, DataError, InputError

PEOPLE = pl.DataFrame({"sex": ["F"] * 50 + ["M"] * 50, "hired": [1] * 10 + [0] * 40 + [1] * 30 + [0] * 20})


def value(report, metric, group=0):
    return {found.name: found for stage in report.stages for found in stage.facets[group].metrics}[metric]


# --- the demo's data -------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def adult():
    return bias(
        str(files("pellucid") / "demo" / "adult.parquet"),
        label="income",
        positive=">50K",
        facets={"sex": "Female", "age": 40},
        predicted="predicted_income",
        metrics=["CI", "DPL", "DI", "RD", "CDDL"],
        group="marital-status",
    )


def test_the_demo_shows_the_gap_between_men_and_women(adult):
    assert adult.rows == 32_561
    assert value(adult, "CI").value == pytest.approx((21_790 - 10_771) / 32_561)
    assert value(adult, "DPL").value == pytest.approx(6_662 / 21_790 - 1_179 / 10_771)
    assert value(adult, "DPL").finding == (
        "sex = Female has income = >50K 19.6 points less often than all others: 10.9 % against 30.6 % "
        "(95 % interval 18.8 to 20.5 points; n = 10,771 of 32,561)."
    )


def test_the_demo_reads_the_ages_which_are_floats_as_an_interval(adult):
    assert adult.stages[1].facets[1].value_or_threshold == "(40.0, 90.0]"
    assert adult.warnings == ()


# --- arguments -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("facets", ["sex", ["sex"], {"sex": None}, {"sex": []}])
def test_facets_without_values_compare_every_value_with_all_others(facets):
    report = bias(PEOPLE, label="hired", positive=1, facets=facets, metrics="DPL")
    assert [facet.value_or_threshold for facet in report.stages[0].facets] == ["F", "M"]


@pytest.mark.parametrize("positive", [1, [1], (1,), np.int64(1), np.array([1]), "1", 1.0])
def test_one_value_needs_no_brackets(positive):
    report = bias(PEOPLE, label="hired", positive=positive, facets={"sex": "F"}, metrics="DPL")
    assert value(report, "DPL").value == pytest.approx(0.4)


def test_unknown_metrics_are_refused_with_the_nearest_name():
    with pytest.raises(ConfigError) as error:
        bias(PEOPLE, label="hired", positive=1, facets="sex", metrics=["DPLL", "RD"])
    assert str(error.value) == (
        "metrics[0]: got 'DPLL'. Use the name of a bias metric; did you mean 'DPL'?\n"
        "metrics: got ['RD']. These metrics compare predictions; name the column of predicted labels in 'predicted'."
    )


def test_shares_lie_between_0_and_1():
    with pytest.raises(ConfigError) as error:
        bias(PEOPLE, label="hired", positive=1, facets="sex", confidence_level=95, probability_threshold=0)
    assert str(error.value) == (
        "confidence_level: got 95. Use a number between 0 and 1.\n"
        "probability_threshold: got 0. Use a number between 0 and 1."
    )


def test_at_least_one_facet_is_needed():
    with pytest.raises(ConfigError, match=r"^facets: Name at least one sensitive column\.$"):
        bias(PEOPLE, label="hired", positive=1, facets={})


def test_values_that_never_occur_are_refused():
    with pytest.raises(DataError) as error:
        bias(PEOPLE, label="hired", positive=1, facets={"sex": "Female"})
    assert str(error.value) == (
        "facets['sex']: got 'Female'. No row of column 'sex' has this value; there are 'F', 'M'."
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"label": "Hired"}, "label: got 'Hired'. Use a column of the data set; did you mean 'hired'?"),
        ({"facets": ["sxe"]}, "facets: got 'sxe'. Use a column of the data set; did you mean 'sex'?"),
        ({"facets": {0: None}}, "facets: got 0. Use a text, and give the columns of the table such names."),
        ({"group": "gruop"}, "group: got 'gruop'. Use a column of the data set; there are 'sex', 'hired'."),
        ({"predicted": "guess"}, "predicted: got 'guess'. Use a column of the data set; there are 'sex', 'hired'."),
        ({"positive": 7}, "positive: got 7. No row of column 'hired' has this value; there are 0, 1."),
        (
            {"positive": []},
            "positive: got []. Name the label values that are the favourable outcome, or one threshold.",
        ),
        ({"positive": float("inf")}, "positive: got inf. Use a text or a finite number."),
        (
            {"facets": {"hired": [10**309]}},
            f"facets['hired']: got 1{'0' * 56} ... {'0' * 57}. Use a text or a finite number.",
        ),
        ({"metrics": []}, "metrics: got []. Name at least one metric, or leave the argument out."),
        ({"confidence_level": "high"}, "confidence_level: got 'high'. Use a number between 0 and 1."),
        ({"seed": -1}, "seed: got -1. Use an integer of at least 0."),
        ({"minimum_group_rows": 0}, "minimum_group_rows: got 0. Use an integer of at least 1."),
        (
            {"on_degenerate": "reprot"},
            "on_degenerate: got 'reprot'. Use one of the choices; did you mean 'report'?",
        ),
        (
            {"column_types": {"sex": "nominal"}},
            "column_types['sex']: got 'nominal'. Use one of the types; there are 'categorical', 'continuous'.",
        ),
    ],
)
def test_faults_are_named_by_the_argument(given, message):
    frame = pl.DataFrame({"sex": ["F", "M"] * 30, "hired": [0, 1, 1] * 20})
    with pytest.raises(InputError) as error:
        bias(frame, **{"label": "hired", "positive": [1], "facets": ["sex"], **given})
    assert str(error.value) == message


NOBODY = pl.DataFrame({"sex": ["F", "M"] * 30, "hired": [0, 1, 1] * 20, "guess": [0] * 60})
"""Nobody is predicted positive."""


def test_an_analysis_that_fails_as_clarifys_says_by_which_arguments_to_change_that():
    with pytest.raises(AnalysisError) as error:
        bias(NOBODY, label="hired", positive=1, facets="sex", predicted="guess")
    assert str(error.value).endswith(
        "No row of 'guess' is predicted hired = 1. Check positive and probability_threshold, or set on_degenerate to "
        "'report' to have the metrics that are defined."
    )
    report = bias(NOBODY, label="hired", positive=1, facets="sex", predicted="guess", on_degenerate="report")
    assert value(report, "DPPL").value == 0.0


@pytest.mark.parametrize("frame", [None, {"sex": ["F"]}, [1, 2], np.zeros((2, 2)), pl.Series([1])])
def test_what_is_no_table_is_refused(frame):
    with pytest.raises(ConfigError) as error:
        bias(frame, label="hired", positive=1, facets="sex")
    assert str(error.value) == (
        f"frame: got '{type(frame).__name__}'. Give a data frame, an Arrow table, a DuckDB relation, an Ibis or "
        "PySpark table, or a file's path."
    )


def test_two_columns_of_one_name_are_refused():
    frame = pd.DataFrame([["F", 1, "x"]], columns=["sex", "hired", "sex"])
    with pytest.raises(DataError) as error:
        bias(frame, label="hired", positive=1, facets="sex")
    assert str(error.value) == "frame: got ['sex']. Several columns have each of these names. Rename all but one."


def test_the_package_names_its_functions():
    assert {"bias"} <= set(pellucid.__all__)


# --- laws ------------------------------------------------------------------------------------------------------------
ROW = st.tuples(st.sampled_from("FM"), st.sampled_from("ns"), st.sampled_from("ab"), st.sampled_from("ab"))
ROWS = st.lists(ROW, min_size=2, max_size=40).filter(lambda rows: any(row[3] == "a" for row in rows))
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


def report_of(rows, *, stratum="n"):
    frame = pl.DataFrame(rows, schema=["f", "h", "y", "p"], orient="row")
    arguments = {"label": "y", "positive": "a", "predicted": "p", "group": "h", "features": [], "facets": {"f": ["F"]}}
    arguments["column_types"] = dict.fromkeys("fyp", "categorical")
    complete = [("F", stratum, "a", "a"), ("M", stratum, "b", "b")]  # so that no value is one that never occurs
    return bias(pl.concat([frame, pl.DataFrame(complete, schema=frame.schema, orient="row")]), **arguments)


@few
@given(ROWS, st.randoms())
def test_the_order_of_rows_does_not_matter(rows, random):
    assert report_of(random.sample(rows, len(rows))).to_dict() == report_of(rows).to_dict()


@few
@given(ROWS)
def test_names_of_strata_do_not_matter(rows):
    complete = [("F", "n", "a", "a"), ("M", "s", "b", "b")]
    renamed = [(f, {"n": "z", "s": "a"}[h], y, p) for f, h, y, p in [*rows, *complete]]
    mine, theirs = report_of([*rows, *complete]), report_of(renamed, stratum="z")
    for metric in ("CDDL", "CDDPL"):
        assert value(theirs, metric).value == pytest.approx(value(mine, metric).value, abs=1e-12)


@few
@given(ROWS)
def test_copies_of_all_rows_leave_values_and_narrow_intervals(rows):
    rows = [*rows, ("F", "n", "a", "a"), ("M", "n", "b", "b")]
    once, twice = report_of(rows), report_of(rows * 2 + [("F", "n", "a", "a"), ("M", "n", "b", "b")])
    for one, two in zip(once.stages[1].facets[0].metrics, twice.stages[1].facets[0].metrics, strict=True):
        assert two.value == pytest.approx(one.value, abs=1e-12)
        if one.name == "DPL":
            width = [found.statistics.interval[1] - found.statistics.interval[0] for found in (one, two)]
            assert width[1] < width[0]
