"""Explained texts as tables, for shap, and as a notebook shows them."""

import numpy as np
import pytest

from pellucid.errors import ConfigError
from pellucid.results.text_explanation import ExplainedText, TextExplanation, TextUnit


def text(whole, units, values, errors=None, **more):
    values = np.array(values, dtype=float)
    values = values if values.ndim == 2 else values[:, None]
    starts, at = [], 0
    for unit in units:
        at = whole.index(unit, at)
        starts.append(at)
        at += len(unit)
    return ExplainedText(
        text=whole,
        units=tuple(TextUnit(unit, start) for unit, start in zip(units, starts, strict=True)),
        values=values,
        standard_errors=np.zeros(values.shape)
        if errors is None
        else np.array(errors, dtype=float).reshape(values.shape),
        base_values=more.get("base", np.zeros(values.shape[1])),
        predictions=more.get("base", np.zeros(values.shape[1])) + values.sum(axis=0),
        method="leverage",
        samples=100,
    )


def explanation(*texts, outputs=("positive",), **keys):
    said = {
        "texts": texts,
        "outputs": outputs,
        "granularity": "token",
        "language": "en",
        "mask": "",
        "model_rows": 7,
        "seed": 0,
        "link": "identity",
        "confidence_level": 0.95,
    }
    return TextExplanation(**said | keys)


FOUND = explanation(
    text("so <good>", ["so", "<good>"], [0.25, 0.5], [0.0, 0.1]),
    text("not good", ["not", "good"], [-0.5, 0.25], [np.nan, 0.0]),
)


def test_a_table_has_a_row_for_every_unit_and_output():
    frame = FOUND.to_frame()
    assert list(frame.columns) == ["row", "output", "unit", "start", "value", "standard_error", "low", "high"]
    assert frame["row"].tolist() == [0, 0, 1, 1]
    assert frame["unit"].tolist() == ["so", "<good>", "not", "good"]
    assert frame["start"].tolist() == [0, 3, 0, 4]
    assert frame["high"].tolist()[:2] == pytest.approx([0.25, 0.5 + 0.1 * 1.959964])


def test_texts_without_units_leave_no_row_in_the_table():
    assert len(explanation(text("", [], np.empty((0, 1)))).to_frame()) == 0


def test_top_units_are_aggregated_over_all_occurrences_and_keep_their_case():
    found = explanation(
        text("good Good good", ["good", "Good", "good"], [0.5, 0.125, -0.25]), text("good", ["good"], [0.75])
    )

    def top(method):
        return [(one.unit, one.value, one.occurrences) for one in found.top_units(method=method)]

    assert top("mean_abs") == [("good", 0.5, 3), ("Good", 0.125, 1)]
    assert top("median") == [("good", 0.5, 3), ("Good", 0.125, 1)]
    assert top("mean_sq")[0][1] == pytest.approx((0.25 + 0.0625 + 0.5625) / 3)
    assert [one.unit for one in found.top_units(1)] == ["good"]
    with pytest.raises(ConfigError) as caught:
        found.top_units(method="mean_abbs")
    assert str(caught.value) == "method: got 'mean_abbs'. Use a way of aggregation; did you mean 'mean_abs'?"


def test_the_page_escapes_what_comes_from_the_data_and_tells_signs_by_more_than_color():
    page = explanation(
        text("<script>alert(1)</script> & bad", ["<script>alert(1)</script>", "bad"], [0.5, -0.5], [0.01, np.nan]),
        outputs=("<b>up</b>",),
        notes=("a < b",),
    )._repr_html_()
    assert "<script" not in page
    assert "<b>up</b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</span> &amp; <span" in page
    assert 'title="+0.5 ± 0.02"' in page
    assert 'title="-0.5"' in page
    assert page.count("border-bottom:2px solid") == 2  # the unit, and the legend
    assert page.count("border-bottom:2px dashed") == 2
    assert page.count(">+</sup>") == page.count(">\N{MINUS SIGN}</sup>") == 2
    assert "a &lt; b" in page


def test_a_text_without_units_says_so_and_many_texts_are_cut_in_the_open():
    page = explanation(*[text("", [], np.empty((0, 1)))] * 23)._repr_html_()
    assert page.count("No unit to explain.") == 20
    assert "The first 20 of 23 texts." in page


def test_one_text_is_one_text():
    page = explanation(text("bad", ["bad"], [-0.5]), model_rows=1)._repr_html_()
    assert "</b>: 1 text, explained by token; 1 text asked</p>" in page


def test_with_shap_its_own_explanation_holds_texts_of_any_length():
    found = explanation(
        text(" so good. ", ["so", "good", "."], [0.25, 0.5, 0.0]), text("bad", ["bad"], [-0.5])
    ).to_shap()
    assert ["".join(pieces) for pieces in found.data] == [" so good. ", "bad"]
    assert [values.tolist() for values in found.values] == [[0.25, 0.5, 0.0], [-0.5]]
    two = explanation(text("a b", ["a", "b"], [[1, 2], [3, 4]]), outputs=("no", "yes")).to_shap()
    assert two[0].values.tolist() == [[1, 2], [3, 4]]
    assert two.output_names == ["no", "yes"]
