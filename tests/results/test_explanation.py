"""Explanations as frozen values, tables and pages."""

import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import polars as pl
import pytest

import pellucid
from pellucid import ConfigError, MissingExtra

ROWS = np.array([[1.0, 2.0], [3.0, 0.0]])
ZERO = np.zeros((1, 2))


def explained(rows=ROWS, **options):
    return pellucid.explain(lambda rows: np.asarray(rows) @ np.array([1.0, -2.0]), rows, baseline=ZERO, **options)


def noisy():
    """Sampled values of twelve features, with standard errors."""
    rows = np.random.default_rng(0).normal(size=(20, 12))
    model = lambda rows: np.sin(rows @ np.arange(12)) + 3 * rows[:, 0]  # noqa: E731
    return pellucid.explain(model, rows, budget={"samples": 60}, estimator="leverage")


def test_an_explanation_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        explained().seed = 1


def test_an_explanation_prints_as_one_line_however_many_numbers_it_holds():
    assert repr(explained()) == ("Explanation(rows=2, features=2, outputs=1, estimator='enumeration', n_model_calls=5)")
    curves = pellucid.partial_dependence(lambda rows: rows[:, 0], ROWS, ["column_1"], grid_resolution=2)
    assert repr(curves) == "PartialDependence(features=['column_1'], outputs=['label0'], n_model_calls=4)"


def test_the_long_table_has_a_row_per_row_output_and_feature():
    table = explained().to_frame()
    assert table.to_dict("list") == {
        "row": [0, 0, 1, 1],
        "output": ["label0"] * 4,
        "feature": ["column_0", "column_1"] * 2,
        "value": [1.0, -4.0, 3.0, 0.0],
        "standard_error": [0.0] * 4,
        "low": [1.0, -4.0, 3.0, 0.0],
        "high": [1.0, -4.0, 3.0, 0.0],
    }


def test_the_long_table_goes_through_outputs_before_features_within_a_row():
    two = pellucid.explain(lambda rows: np.stack([rows[:, 0], rows[:, 1]], axis=1), ROWS[:1], baseline=ZERO)
    table = two.to_frame()
    assert table["output"].tolist() == ["label0", "label0", "label1", "label1"]
    assert table["value"].tolist() == [1.0, 0.0, 0.0, 2.0]


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_the_table_is_of_the_library_of_the_rows(library):
    assert isinstance(explained(library.DataFrame({"a": [1.0], "b": [2.0]})).to_frame(), library.DataFrame)


def test_intervals_reach_196_standard_errors_to_both_sides():
    found = noisy()
    table = found.to_frame()
    assert found.standard_errors.max() > 0
    widths = (table["high"] - table["low"]).tolist()
    assert widths == pytest.approx((2 * 1.959964 * table["standard_error"]).tolist(), rel=1e-6)


def test_global_importance_ranks_the_mean_absolute_values():
    first, second = explained().global_importance()
    assert (first.feature, first.rank, first.value, first.corrected) == ("column_0", 1, 2.0, 2.0)
    assert (second.feature, second.rank, second.value, second.tied) == ("column_1", 2, 2.0, True)
    assert (first.standard_error, first.interval) == (0.0, (2.0, 2.0))
    assert [found.value for found in explained().global_importance("mean_sq")] == [8.0, 5.0]
    assert [found.value for found in explained().global_importance("median")] == [2.0, -2.0]


def test_importances_of_sampled_values_are_freed_of_noise_and_have_intervals():
    strongest, *others = noisy().global_importance()
    assert (strongest.feature, strongest.tied) == ("column_0", False)
    assert all(found.corrected < found.value for found in others)
    assert all(found.interval[0] <= found.corrected <= found.interval[1] for found in others)
    assert any(found.tied for found in others)


def test_an_unknown_way_of_aggregation_is_refused():
    with pytest.raises(ConfigError) as raised:
        explained().global_importance("mean_absolute")
    assert str(raised.value) == "method: got 'mean_absolute'. Use a way of aggregation; did you mean 'mean_abs'?"


def test_a_notebook_shows_features_by_importance_and_escapes_names():
    page = explained(pd.DataFrame({"<a>": [1.0], "b": [2.0]}))._repr_html_()
    assert "1 row, 2 features" in page
    assert "&lt;a&gt;" in page
    assert "<a>" not in page
    assert page.index(">b<") < page.index("&lt;a&gt;")


def test_without_shap_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(MissingExtra) as raised:
        explained().to_shap()
    assert str(raised.value) == "shap is not installed. Run: pip install shap"


def test_with_shap_its_own_explanation_is_made():
    found = explained().to_shap()
    assert found.values.shape == (2, 2)
    assert found.data.tolist() == ROWS.tolist()
