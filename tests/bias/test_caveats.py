"""Caveats: what a reader is told before the numbers."""

import polars as pl

from pellucid import bias
from pellucid.api.library import table_of
from pellucid.bias.analysis import analyse
from pellucid.config.bias_request import BiasRequest, FacetRequest


def warnings(columns, facets, *, positive=1, **options):
    return list(bias(pl.DataFrame(columns), label="y", positive=positive, facets=facets, **options).warnings)


def test_plain_data_need_no_caveat():
    assert warnings({"f": ["F", "M"] * 30, "y": [0, 1, 1] * 20}, {"f": "F"}) == []


def test_a_label_that_is_compared_with_itself_is_told():
    columns = {"f": ["F", "M"] * 30, "y": [0, 1, 1] * 20}
    assert warnings(columns, {"y": 1}) == [
        (
            "'y' is both the label and a facet: the label is compared with itself, which says nothing about bias. Name "
            "another column as the facet."
        )
    ]
    assert warnings(columns, {"f": "F"}, predicted="y") == [
        (
            "'y' is both the label and the predicted label: the label is compared with itself, which says nothing "
            "about a model. Name the column that holds its predictions."
        )
    ]


def test_two_values_taken_for_an_interval_select_the_opposite_group():
    columns = {"f": [0.0, 1.0, 1.0] * 20, "y": [0, 1] * 30}
    assert warnings(columns, {"f": 0}) == [
        (
            "'f' holds two values, 0.0 and 1.0, but Clarify's rule reads it as continuous "
            "(floats are always continuous): the value given is a threshold, "
            "and the interval (0.0, 1.0] selects the 40 rows with f = 1.0. "
            'To compare the values themselves, set "column_types": {"f": "categorical"}.'
        )
    ]
    assert warnings(columns, {"f": 0}, column_types={"f": "categorical"}) == []


def test_an_interval_that_selects_one_row_says_one():
    [warning] = warnings({"f": [0.0, 0.0, 1.0], "y": ["a", "b", "a"]}, {"f": 0}, positive="a")
    assert "the interval (0.0, 1.0] selects the one row with f = 1.0. " in warning


def test_few_rows_make_an_interval_of_0_and_1():
    columns = {"f": [0, 1] * 10, "y": ["a", "b", "b", "a"] * 5}
    assert warnings(columns, {"f": 1}, positive="a") == [
        (
            "'f' holds two values, 0 and 1, but Clarify's rule reads it as continuous (few rows): the value given is a "
            "threshold, and the interval (empty) selects no row at all. "
            'To compare the values themselves, set "column_types": {"f": "categorical"}.'
        ),
        (
            "No row of 'f' lies above the threshold given; a threshold t selects the rows above t, "
            "up to the largest value."
        ),
    ]


MANY_NUMBERS = {"f": [i % 12 for i in range(600)], "y": [0, 1] * 300}  # 12 of 600 are 2 %, less than 5
MEANT = (
    "'f' holds 12 different whole numbers, but Clarify's rule reads it as categorical (fewer than 5 % of the rows are "
    "distinct): the value given selects only the rows with f = 1. "
    'If it is meant as a threshold, set "column_types": {"f": "continuous"}.'
)


def test_one_of_many_whole_numbers_may_be_meant_as_a_threshold():
    assert warnings(MANY_NUMBERS, {"f": 1}) == [MEANT]
    assert warnings(MANY_NUMBERS, {"f": 1}, column_types={"f": "categorical"}) == []
    assert warnings(MANY_NUMBERS | {"f": [i % 10 for i in range(600)]}, {"f": 1}) == []


def test_several_values_are_not_meant_as_a_threshold_though_another_facet_of_the_column_may_be():
    assert warnings(MANY_NUMBERS, {"f": [1, 2]}) == []
    facets = tuple(FacetRequest(column="f", values=values) for values in ((1,), (1, 2)))
    request = BiasRequest(label="y", positive=(1,), facets=facets, pre_training=("DPL",))
    assert analyse(request, table_of(pl.DataFrame(MANY_NUMBERS))).warnings == (MEANT,)


def test_the_number_given_for_a_label_of_many_may_be_meant_as_a_threshold():
    grades = {"f": ["a", "b"] * 300, "y": [i % 12 for i in range(600)]}
    assert warnings(grades, {"f": "a"}) == [MEANT.replace("'f'", "'y'").replace("f =", "y =").replace('"f"', '"y"')]
    assert warnings(grades, {"f": "a"}, positive=[1, 2]) == []


def test_a_facet_given_twice_is_told():
    facets = tuple(FacetRequest(column="f", values=values) for values in ((1, 2), (2, 1), (), ()))
    request = BiasRequest(label="y", positive=(1,), facets=facets, pre_training=("DPL",))
    twice = "the results hold the same metrics twice. Leave one of the two out."
    assert analyse(request, table_of(pl.DataFrame(MANY_NUMBERS))).warnings == (
        f"facet[1] asks for f = 2,1, as facet[0] does: {twice}",
        f"facet[3] asks for every value of 'f', as facet[2] does: {twice}",
    )


def test_missing_values_are_counted_and_what_becomes_of_them_is_said():
    columns = {
        "f": [None, *["F", "M"] * 30],
        "y": ["a", None, *["a", "b"] * 29, "a"],
        "p": ["a", None, None, *["a", "b"] * 29],
    }
    assert warnings(columns, {"f": "F"}, positive="a", predicted="p") == [
        "1 row has no value in 'y': it counts as not positive.",
        "2 rows have no value in 'p': they count as not positive.",
        "1 row has no value in 'f': it counts among all others, in no group of its own.",
    ]


def test_fractions_cut_to_whole_numbers_are_told():
    columns = {"f": ["F", "M"] * 10, "y": list(range(20)), "p": [k + 0.5 for k in range(20)]}
    assert warnings(columns, {"f": "F"}, positive=5, predicted="p") == [
        (
            "'y' holds whole numbers and 'p' fractions: as in Clarify, predictions are cut to whole numbers before "
            "they are compared with the threshold."
        )
    ]


def test_fractions_of_both_or_whole_numbers_of_both_are_compared_as_they_are():
    fractions, numbers = [i + 0.5 for i in range(40)], list(range(40))
    for column in (fractions, numbers):
        both = {"f": ["F", "M"] * 20, "y": column, "p": column[::-1]}
        assert warnings(both, {"f": "F"}, positive=9, predicted="p", metrics=["DPPL"]) == []


def test_an_interval_that_selects_both_values_names_both():
    columns = {"f": [1.0, 2.0, 2.0] * 20, "y": [0, 1] * 30}
    assert "the interval (0.0, 2.0] selects the 60 rows with f = 1.0 or 2.0." in warnings(columns, {"f": 0})[0]


def test_two_values_declared_continuous_were_not_guessed():
    columns = {"f": [0, 1] * 300, "y": [0, 1, 1] * 200}
    assert warnings(columns, {"f": 0}, column_types={"f": "continuous"}) == []


def test_a_missing_score_is_predicted_0_which_may_be_the_positive_label():
    columns = {"f": ["F", "M"] * 40, "y": [0, 1, 1, 0] * 20, "p": [None, 0.2, 0.9, 0.9] * 20}
    assert warnings(columns, {"f": "F"}, predicted="p") == ["20 rows have no value in 'p': they count as not positive."]
    found = bias(pl.DataFrame(columns), label="y", positive=0, facets={"f": "F"}, predicted="p")
    assert found.warnings == ("20 rows have no value in 'p': they count as predicted 0, which is positive.",)
    values = {metric.name: metric.value for stage in found.stages for metric in stage.facets[0].metrics}
    assert values["DPPL"] == 0  # 20 of 40 in both groups: of F only those without a score


def test_a_fraction_that_is_cut_to_the_opposite_value_is_told():
    columns = {"f": ["F", "M"] * 30, "y": [1, 0, 0] * 20}
    found = bias(pl.DataFrame(columns), label="y", positive=0.5, facets={"f": "F"})
    assert list(found.warnings) == [
        (
            "No row of 'y' has 0.5: as in Clarify, fractions are cut to whole numbers, which selects y = 0 (40 rows). "
            'If a threshold is meant, set "column_types": {"y": "continuous"}.'
        )
    ]
    # Two of three rows have 0, in both groups; Clarify prints the value as it was given.
    assert any("has y = 0 about as often as all others: 66.7 %" in finding for finding in found.findings)
    assert found.to_dict()["pre_training_bias_metrics"]["label_value_or_threshold"] == "0.5"
    above = bias(pl.DataFrame(columns), label="y", positive=0.5, facets={"f": "F"}, column_types={"y": "continuous"})
    assert list(above.warnings) == []


def test_several_fractions_that_are_cut_are_told_together():
    columns = {"f": [0, 1, 2] * 40, "y": ["a", "b"] * 60}
    assert warnings(columns, {"f": [0.5, 1.5]}, positive="a") == [
        (
            "No row of 'f' has 0.5 or 1.5: as in Clarify, fractions are cut to whole numbers, which selects f = 0 or 1 "
            "(80 rows)."
        )
    ]
