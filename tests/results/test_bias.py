"""Reports: Clarify's JSON, our file beside it, and the table."""

import json
import math

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from pellucid import bias
from pellucid.results.bias import MetricResult, number_for_json

COLUMNS = {"sex": ["F"] * 50 + ["M"] * 50, "hired": [1] * 10 + [0] * 40 + [1] * 30 + [0] * 20, "p": [0, 1] * 50}


def report(frame=None, **options):
    arguments = {"label": "hired", "positive": 1, "facets": {"sex": "F"}, "predicted": "p", "features": []}
    return bias(pl.DataFrame(COLUMNS) if frame is None else frame, **(arguments | options))


def test_sections_and_keys_stand_in_the_order_of_clarify():
    found = report(metrics=["DPL", "DPPL"]).to_dict()
    assert list(found) == ["version", "post_training_bias_metrics", "pre_training_bias_metrics"]
    section = found["pre_training_bias_metrics"]
    assert list(section) == ["label", "facets", "label_value_or_threshold"]
    assert (section["label"], section["label_value_or_threshold"]) == ("hired", "1")
    entry = section["facets"]["sex"][0]["metrics"][0]
    assert list(entry) == ["name", "description", "value", "interval", "p_value", "n", "state", "finding"]
    assert entry["description"] == "Difference in Positive Proportions in Labels (DPL)"
    assert entry["n"] == {"a": 50, "d": 50}


def test_a_report_prints_as_one_line():
    assert repr(report(metrics=["DPL", "DPPL"])) == "BiasReport(rows=100, facets=['sex'], metrics=2, warnings=0)"


def test_a_metric_without_a_value_has_null_and_the_error_after_it():
    entry = MetricResult(name="CDDL", description="...", value=None, error="Group variable is empty or not provided")
    assert list(entry.to_dict().items())[2:] == [
        ("value", None),
        ("error", "Group variable is empty or not provided"),
    ]


@pytest.mark.parametrize(
    ("number", "written"),
    [(math.inf, '"Infinity"'), (-math.inf, '"-Infinity"'), (0, "0"), (0.1, "0.1"), (None, "null")],
)
def test_numbers_as_json(number, written):
    assert json.dumps(number_for_json(number)) == written


def test_the_whole_report_is_strict_json():
    for part in (report(), report(facets="sex", facet_intersections=True)):
        for document in (part.to_dict(), part.details()):
            assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_details_hold_what_has_no_place_in_clarifys_file():
    details = report(metrics=["DPL", "AD"]).details()
    assert list(details) == [
        "rows", "confidence_level", "seed", "warnings", "columns", "groups", "dataset", "p_values_unadjusted",
        "model_performance",
    ]  # fmt: skip
    assert details["columns"][2] == {
        "column": "sex",
        "role": "facet",
        "type": "text",
        "kind": "categorical",
        "distinct": 2,
        "rows": 100,
        "missing": 0,
        "overridden": False,
    }


@pytest.mark.parametrize(
    ("frame", "kind"), [(pd.DataFrame, pd.DataFrame), (pl.DataFrame, pl.DataFrame), (pa.table, pa.Table)]
)
def test_the_table_comes_in_the_library_of_the_data(frame, kind):
    table = report(frame(COLUMNS), metrics=["DPL", "DI"]).to_frame()
    assert isinstance(table, kind)
    columns = list(table.column_names) if kind is pa.Table else list(table.columns)
    assert columns == [
        "facet", "value_or_threshold", "stage", "metric", "value", "low", "high", "p_value", "state", "finding"
    ]  # fmt: skip


def test_the_notebook_table_escapes_what_stands_in_the_data():
    columns = COLUMNS | {"sex": ["<b>"] * 50 + ["M"] * 50}
    page = report(pl.DataFrame(columns), facets={"sex": "<b>"})._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>\n" not in page.replace("<b>Bias report</b>", "")
