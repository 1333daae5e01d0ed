"""Explanations that shap made, read as ours."""

from types import SimpleNamespace

import numpy as np
import pytest

import pellucid
from pellucid import ConfigError
from pellucid.results.explanation import Explanation


def made_by_shap(**attributes):
    """What is read of a ``shap.Explanation``."""
    given = {
        "values": np.array([[1.0, -2.0], [3.0, 0.0]]),
        "base_values": np.array([0.5, 0.5]),
        "data": np.array([[10.0, 20.0], [30.0, 40.0]]),
        "feature_names": ["age", "job"],
        "output_names": None,
    }
    return SimpleNamespace(**(given | attributes))


def test_values_and_base_values_are_kept_and_add_up_to_predictions():
    found = Explanation.from_shap(made_by_shap())
    assert found.values[:, :, 0].tolist() == [[1.0, -2.0], [3.0, 0.0]]
    assert found.base_values.tolist() == [[0.5], [0.5]]
    assert found.predictions.tolist() == [[-0.5], [3.5]]
    assert (found.features, found.outputs) == (("age", "job"), ("label0",))
    assert {name: column.tolist() for name, column in found.data.items()} == {"age": [10, 30], "job": [20, 40]}
    assert found.estimator == "shap"


def test_standard_errors_are_not_known_and_it_is_said_so():
    found = Explanation.from_shap(made_by_shap())
    assert np.isnan(found.standard_errors).all()
    assert found.notes == (
        "The values were computed by shap, which gives no standard errors: their intervals are not known.",
    )


def test_importances_are_the_plain_aggregates_in_their_order():
    found = Explanation.from_shap(made_by_shap())
    first, second = found.global_importance()
    assert (first.feature, first.value, first.rank, second.feature, second.value) == ("age", 2.0, 1, "job", 1.0)
    assert np.isnan([first.standard_error, *first.interval]).all()
    assert [one.value for one in found.global_importance("median")] == [2.0, -1.0]
    assert [one.value for one in found.global_importance("mean_sq")] == [5.0, 2.0]


def test_a_median_below_zero_ranks_by_its_size():
    found = Explanation.from_shap(made_by_shap(values=np.array([[1.0, -3.0], [1.0, -2.0]])))
    assert [(one.feature, one.value) for one in found.global_importance("median")] == [("job", -2.5), ("age", 1.0)]


def test_the_importances_are_those_of_an_explanation_of_ours():
    rows = np.random.default_rng(0).normal(size=(20, 3))
    ours = pellucid.explain(lambda rows: rows @ [1.0, -2.0, 0.5], rows, baseline=np.zeros((1, 3)))
    again = Explanation.from_shap(
        made_by_shap(values=ours.values, base_values=ours.base_values, data=rows, feature_names=None)
    )
    for way in ("mean_abs", "median", "mean_sq"):
        expected = [(one.feature, one.rank, pytest.approx(one.value)) for one in ours.global_importance(way)]
        assert [(one.feature, one.rank, one.value) for one in again.global_importance(way)] == expected


@pytest.mark.parametrize("base_values", [0.5, [0.5], [0.5, 0.5], [[0.5], [0.5]]])
def test_base_values_may_be_one_number_or_one_a_row(base_values):
    assert Explanation.from_shap(made_by_shap(base_values=base_values)).base_values.tolist() == [[0.5], [0.5]]


def test_several_outputs_keep_their_names():
    values = np.arange(12.0).reshape(2, 2, 3)
    found = Explanation.from_shap(
        made_by_shap(values=values, base_values=[0.0, 1.0, 2.0], output_names=["a", "b", "c"])
    )
    assert found.outputs == ("a", "b", "c")
    assert found.base_values.tolist() == [[0.0, 1.0, 2.0]] * 2
    assert found.predictions[0].tolist() == [3.0, 6.0, 9.0]


def test_a_single_row_is_an_explanation_of_one_row():
    one = Explanation.from_shap(made_by_shap(values=[1.0, 2.0], base_values=0.5, data=[3.0, 4.0]))
    assert one.values.shape == (1, 2, 1)
    assert one.predictions.tolist() == [[3.5]]
    several = made_by_shap(values=[[1.0, 2.0, 3.0]] * 2, base_values=[0.0, 0.0, 1.0], data=[3.0, 4.0])
    assert Explanation.from_shap(several).predictions.tolist() == [[2.0, 4.0, 7.0]]


def test_a_single_row_without_cells_is_told_by_the_names_of_its_outputs():
    one = made_by_shap(
        values=[[1.0, -1.0], [2.0, -2.0]], base_values=[0.25, 0.75], data=None, output_names=["no", "yes"]
    )
    found = Explanation.from_shap(one)
    assert (found.features, found.outputs) == (("age", "job"), ("no", "yes"))
    assert found.values.tolist() == [[[1.0, -1.0], [2.0, -2.0]]]
    assert found.predictions.tolist() == [[3.25, -2.25]]


def test_names_and_data_may_be_missing():
    found = Explanation.from_shap(made_by_shap(data=None, feature_names=None))
    assert found.features == ("column_0", "column_1")
    assert found.data == {}
    found.plot.beeswarm()


def test_tables_and_plots_work_without_errors():
    found = Explanation.from_shap(made_by_shap())
    assert found.to_frame()["value"].tolist() == [1.0, -2.0, 3.0, 0.0]
    for chart in (
        found.plot.importance(),
        found.plot.beeswarm(),
        found.plot.waterfall(0),
        found.plot.dependence("age"),
    ):
        chart.to_dict(validate=True)
    assert "age" in found._repr_html_()


NOT_NUMBERS = "Give a shap.Explanation whose values and base values are arrays of numbers; those of texts are not."

SHAPES = "Use values of shape (rows, features) or (rows, features, outputs)."
INTERACTIONS = "Use one base value for each of the 2 outputs; interaction values cannot be read."


@pytest.mark.parametrize(
    ("attributes", "lines"),
    [
        ({"values": [["a", "b"]]}, [f"explanation.values: got 'list'. {NOT_NUMBERS}"]),
        ({"base_values": None}, [f"explanation.base_values: got 'NoneType'. {NOT_NUMBERS}"]),
        (
            {"values": np.zeros((2, 2, 2, 2))},
            [f"explanation.values: got 'shape (2, 2, 2, 2)'. {SHAPES}"],
        ),
        (
            {"values": np.zeros((3, 2, 2)), "base_values": np.zeros(3), "data": None},
            [f"explanation.base_values: got 'shape (3,)'. {INTERACTIONS}"],
        ),
        (
            {"base_values": np.zeros(3), "data": np.zeros((2, 3)), "feature_names": ["a"]},
            [
                "explanation.base_values: got 'shape (3,)'. Use one base value, or one for each of the 2 rows.",
                "explanation.data: got 'shape (2, 3)'. Use data of shape (2, 2), as the values.",
                "explanation.feature_names: got 1. Use 2 names.",
            ],
        ),
    ],
    ids=["text", "no base", "shape", "interactions", "all at once"],
)
def test_what_cannot_be_read_is_refused(attributes, lines):
    with pytest.raises(ConfigError) as raised:
        Explanation.from_shap(made_by_shap(**attributes))
    assert str(raised.value).splitlines() == lines


def test_an_explanation_of_shap_itself_goes_there_and_back():
    import shap

    rows = np.array([[1.0, 2.0], [3.0, 0.0]])
    ours = pellucid.explain(lambda rows: rows @ [1.0, -2.0], rows, baseline=np.zeros((1, 2)))
    theirs = ours.to_shap()
    assert isinstance(theirs, shap.Explanation)
    back = Explanation.from_shap(theirs)
    assert back.values.tolist() == ours.values.tolist()
    assert back.predictions.tolist() == ours.predictions.tolist()
    one = Explanation.from_shap(theirs[0])
    assert one.values[0].tolist() == ours.values[0].tolist()
