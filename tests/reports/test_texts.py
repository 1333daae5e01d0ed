"""The part of a report on explained texts: top words, and texts with their units marked."""

from dataclasses import replace

import pytest

from pellucid.reports.content.context import Context
from pellucid.reports.content.texts import texts_section
from pellucid.reports.document import Chart, MarkedText, Notice

RECORD = {
    "row": 4,
    "column": "review",
    "text": " Not good, <b>.",
    "units": [[1, 4], [5, 9], [11, 14]],
    "labels": {
        "liked": {
            "base_value": 0.5,
            "prediction": 0.25,
            "values": [-0.375, 0.125, 0.001],
            "standard_errors": [0.01, 0.02, 0.01],
        }
    },
}


def context(top=None, records=(RECORD,)):
    shap = {"liked": {"global_shap_values": {"review": 0.1}, "expected_value": 0.5}}
    if top is not None:
        shap["liked"]["global_top_shap_text"] = top
    return Context(
        analysis={"explanations": {"kernel_shap": shap}},
        details={"explanations": {"kernel_shap": {"texts": {"records": list(records)}}}},
        asked={},
        evidence=None,
        stages=(),
        minimum=10,
        problems=(),
    )


def blocks(found, kind):
    return [block for block in texts_section(found, ["liked"]).blocks if isinstance(block, kind)]


def test_units_are_marked_where_they_stand_and_those_that_may_be_zero_are_not():
    (marked,) = blocks(context(), MarkedText)
    assert marked.runs == (
        (" ", 0.0), ("Not", -0.375), (" ", 0.0), ("good", 0.125), (", ", 0.0), ("<b>", 0.0), (".", 0.0),
    )  # fmt: skip
    assert "".join(text for text, _ in marked.runs) == RECORD["text"]
    assert marked.limit == 0.375
    assert marked.caption == "Row 5 of the data: liked is 0.250; with every unit masked 0.500."


@pytest.mark.parametrize(("level", "shown"), [(0.95, 0.05), (0.99, 0.0)])
def test_whether_a_unit_may_be_zero_is_told_at_the_confidence_level_of_the_job(level, shown):
    good = {"values": [-0.375, 0.05, 0.001], "standard_errors": [0.01, 0.02, 0.01]}  # 2.5 standard errors from 0
    found = context(records=[RECORD | {"labels": {"liked": RECORD["labels"]["liked"] | good}}])
    (marked,) = blocks(replace(found, details=found.details | {"confidence_level": level}), MarkedText)
    assert dict(marked.runs)["good"] == shown


@pytest.mark.parametrize("top", [{"review": {"good": 0.5, "Not": 0.25}}, {"good": 0.5, "Not": 0.25}])
def test_top_words_are_drawn_whether_nested_under_their_column_or_not(top):
    (chart,) = blocks(context(top), Chart)
    assert chart.description == "The most important of 2 features are good 0.500 and Not 0.250."
    assert chart.title == f"Words{' in review' if 'review' in top else ''} that move liked most"


@pytest.mark.parametrize(
    "change",
    [
        {"units": [[1, 4], [3, 9], [11, 14]]},
        {"units": [[1, 4]]},
        {"text": None},
        {"labels": {"liked": RECORD["labels"]["liked"] | {"values": [1, "x", 2]}}},
        {"labels": {}},
    ],
)
def test_a_damaged_record_is_told_and_left_out(change):
    found = context(records=[RECORD | change, RECORD])
    assert [block.text for block in blocks(found, Notice)] == ["A marked text was edited or damaged, and is left out."]
    assert len(blocks(found, MarkedText)) == 1


def test_without_texts_there_is_no_such_part():
    assert texts_section(context(records=()), ["liked"]) is None
    assert texts_section(replace(context(records=()), details={}), ["liked"]) is None


def test_words_that_do_nothing_but_for_rounding_are_not_drawn():
    (chart,) = blocks(context({"review": {"good": 0.5, "bad": 0.2, "the": 3e-17, "a": 0.0}}), Chart)
    assert chart.description == "The most important of 2 features are good 0.500 and bad 0.200."


def test_a_text_whose_values_are_no_more_than_rounding_is_not_marked():
    label = RECORD["labels"]["liked"] | {"values": [4e-17, -2e-17, 0.0], "standard_errors": [0.0, 0.0, 0.0]}
    (marked,) = blocks(context(records=[RECORD | {"labels": {"liked": label}}]), MarkedText)
    assert {value for _, value in marked.runs} == {0.0}
