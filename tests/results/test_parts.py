"""Rows, features, outputs and cohorts of an explanation, chosen as shap's users are used to; and where shap differs."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import pellucid
from pellucid.errors import ConfigError
from pellucid.results.explanation import Explanation
from pellucid.results.parts import positions_of_rows

PEOPLE = pd.DataFrame(
    {"age": [20.0, 30.0, 40.0, 50.0, 60.0], "sex": ["F", "F", "M", "M", "M"], "hours": [10.0, 40.0, 40.0, 30.0, 20.0]}
)


def score(rows):
    return rows["age"] / 10 + 2 * (rows["sex"] == "F") + rows["hours"] * rows["age"] / 1000


@pytest.fixture(scope="module")
def found():
    return pellucid.explain(score, PEOPLE, baseline=PEOPLE[3:])


@pytest.fixture(scope="module")
def flowers():
    measured = load_iris(as_frame=True)
    model = LogisticRegression(max_iter=1000).fit(measured.data, measured.target_names[measured.target])
    return pellucid.explain(model, measured.data[::15], baseline=measured.data[::30])


@pytest.fixture(scope="module")
def sampled():
    """Rows of one block that share coalitions, so that their errors move together."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 12))

    def wavy(rows):
        return np.sin(rows).prod(axis=1, where=np.arange(12) < 5) + rows @ np.arange(12)

    return pellucid.explain(wavy, rows, baseline=rows[:4], budget={"samples": 100})


def test_a_row_is_chosen_by_its_position_and_the_axes_stay(found):
    last = found[-1]
    assert last.values.shape == (1, 3, 1)
    assert last.values.tolist() == found.values[4:].tolist()
    assert {name: column.tolist() for name, column in last.data.items()} == {
        "age": [60.0],
        "sex": ["M"],
        "hours": [20.0],
    }
    assert (len(found), len(last), [len(row) for row in found]) == (5, 1, [1] * 5)


def test_rows_are_chosen_by_a_condition(found):
    assert found[PEOPLE["age"] > 35].predictions.tolist() == found.predictions[2:].tolist()
    assert found[[0, 4]].base_values.tolist() == found.base_values[[0, 4]].tolist()
    assert found[1:3].estimators == found.estimators[1:3]


def test_global_importances_are_those_of_the_rows_that_are_left(found):
    first = {one.feature: one for one in found[0].global_importance()}
    for place, feature in enumerate(found.features):
        assert first[feature].value == pytest.approx(abs(found.values[0, place, 0]))
        assert first[feature].interval == pytest.approx((first[feature].value,) * 2)


def test_errors_of_rows_of_a_block_are_not_taken_for_independent(sampled):
    whole = {one.feature: one.standard_error for one in sampled[:].global_importance()}
    assert whole == {one.feature: one.standard_error for one in sampled.global_importance()}
    half = sampled[:20]
    for place, feature in enumerate(sampled.features):
        (one,) = (one for one in half.global_importance() if one.feature == feature)
        assert one.value == pytest.approx(np.abs(half.values[:, place, 0]).mean())
        errors = half.standard_errors[:, place, 0]
        assert one.standard_error > np.sqrt((errors**2).sum()) / len(errors)  # were they independent


def test_features_are_chosen_by_name_and_ranked_among_themselves(found):
    two = found[:, ["sex", "age"]]
    assert two.values.tolist() == found.values[:, [1, 0]].tolist()
    assert [(one.rank, one.feature) for one in two.global_importance()] == [
        (rank, one.feature)
        for rank, one in enumerate((one for one in found.global_importance() if one.feature != "hours"), start=1)
    ]
    assert two.notes[-1] == "2 of 3 features are kept, whose values do not add up to predictions."
    assert [step.feature for step in steps(two)] == ["sex", "age", "features left out"]
    assert sum(step.value for step in steps(two)) == pytest.approx(found.predictions[0, 0] - found.base_values[0, 0])
    assert [step.feature for step in steps(found)] == ["age", "sex", "hours"]


def steps(explanation):
    from pellucid.results.plotted import steps_of

    return steps_of(explanation, 0, 0)


def test_outputs_are_chosen_by_name_or_position(flowers):
    one = flowers[..., "virginica"]
    assert one.outputs == ("virginica",)
    assert one.values.tolist() == flowers.values[:, :, 2:].tolist()
    assert flowers[0, :, -1].predictions.tolist() == flowers.predictions[:1, 2:].tolist()
    assert one.global_importance() == tuple(
        importance for importance in flowers.global_importance() if importance.output == "virginica"
    )
    assert one.to_shap().values.shape == (10, 4)


def test_cohorts_are_the_rows_by_the_values_of_a_column_the_largest_first(found):
    parts = found.cohorts("sex")
    assert list(parts) == ["M", "F"]
    assert parts["F"].values.tolist() == found.values[:2].tolist()
    by_age = found.cohorts(pd.cut(PEOPLE["age"], [0, 35, 100], labels=["young", "old"]))
    assert {cohort: len(part) for cohort, part in by_age.items()} == {"old": 3, "young": 2}
    assert list(found.cohorts(["a", None, "a", float("nan"), "b"])) == ["a", "b", None]


def test_a_part_of_a_part_is_the_part(flowers, sampled):
    assert flowers[2:8][1].values.tolist() == flowers[3].values.tolist()
    assert flowers[:, [0, 2]][4:6].global_importance() == flowers[4:6, [0, 2]].global_importance()
    # rows of one block without what is known of whole blocks
    assert sampled[:20][:10].global_importance() == sampled[:10].global_importance()


def test_what_shap_explained_has_parts_too(flowers):
    back = Explanation.from_shap(flowers.to_shap())
    part = back[:5, :, "setosa"]
    np.testing.assert_allclose(part.values, flowers.values[:5, :, :1])
    values = {one.feature: one.value for one in part.global_importance()}
    for place, feature in enumerate(back.features):
        assert values[feature] == pytest.approx(np.abs(back.values[:5, place, 0]).mean())


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (9, "rows: got 9. Use positions of rows from 0 to 4, a slice, or a truth value for each row."),
        (
            "age",
            (
                "rows: got 'age'. Features come second: found[:, 'age']. Use positions of rows from 0 to 4, a "
                "slice, or a truth value for each row."
            ),
        ),
        (
            [True, False],
            "rows: got [True, False]. Use positions of rows from 0 to 4, a slice, or a truth value for each row.",
        ),
        (
            slice(7, 9),
            (
                "rows: got []. At least one row is needed. Use positions of rows from 0 to 4, a slice, or a truth "
                "value for each row."
            ),
        ),
        (
            (0, "agee"),
            "features: got 'agee'. Use names, or positions from 0 to 2; did you mean 'age'?",
        ),
        ((0, []), "features: got []. Name at least one."),
        ((..., 1), "outputs: got 1. Use names, or positions from 0 to 0; there are 'label0'."),
        ((0, 0, 0, 0), "key: got 4. Use at most three: rows, features, outputs."),
    ],
)
def test_what_there_is_not_is_told(found, key, message):
    with pytest.raises(ConfigError) as raised:
        found[key]
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("sexx", "by: got 'sexx'. Use a column of the rows, or give the cohort of each row; did you mean 'sex'?"),
        ([1, 2], "by: got '2 values'. Give the name of a column, or one cohort for each of 5 rows."),
        (3, "by: got 3. Give the name of a column, or one cohort for each of 5 rows."),
    ],
)
def test_cohorts_that_are_none_are_told(found, by, message):
    with pytest.raises(ConfigError) as raised:
        found.cohorts(by)
    assert str(raised.value) == message


def test_a_column_of_many_values_makes_no_cohorts():
    rows = np.arange(42.0).reshape(21, 2)
    found = pellucid.explain(lambda rows: rows[:, 0], rows, baseline=rows[:1])
    with pytest.raises(ConfigError) as raised:
        found.cohorts("column_0")
    assert str(raised.value) == (
        "by: got 'column_0'. It has 21 different values. Give the cohort of each row instead, such as "
        "pandas.cut(rows['age'], [0, 30, 60, 120])."
    )


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            lambda found: found.abs,
            (
                "'Explanation' object has no attribute 'abs', which shap's has: abs(found.values) are its sizes, "
                "found.global_importance() their means with intervals"
            ),
        ),
        (
            lambda found: found.feature_names,
            "'Explanation' object has no attribute 'feature_names', which shap's has: found.features",
        ),
        (lambda found: found.nothing, "'Explanation' object has no attribute 'nothing'"),
        (
            lambda found: found.plot.bar,
            "'ExplanationPlots' object has no attribute 'bar', which shap has: importance()",
        ),
        (
            lambda found: pellucid.TreeExplainer,
            (
                "module 'pellucid' has no attribute 'TreeExplainer', which shap has: call pellucid.explain(model, "
                "rows, baseline=background)"
            ),
        ),
        (
            lambda found: pellucid.plots,
            (
                "module 'pellucid' has no attribute 'plots', which shap has: call pellucid.explain(model, rows, "
                "baseline=background), and what it returns has plots: found.plot"
            ),
        ),
        (lambda found: pellucid.nothing, "module 'pellucid' has no attribute 'nothing'"),
    ],
)
def test_names_that_shap_uses_lead_to_ours(found, named, message):
    with pytest.raises(AttributeError) as raised:
        named(found)
    assert str(raised.value) == message


def test_explanations_are_copied_and_stored(found):
    assert copy.copy(found).values is found.values
    assert pickle.loads(pickle.dumps(found[0])).values.tolist() == found[0].values.tolist()


@given(st.integers(1, 6), st.data())
def test_rows_are_chosen_as_numpy_chooses_them(rows, data):
    positions = st.integers(-rows, rows - 1)
    key = data.draw(
        positions
        | st.lists(positions, min_size=1)
        | st.lists(st.booleans(), min_size=rows, max_size=rows).filter(any)
        | st.builds(slice, st.none() | positions).filter(lambda key: len(range(rows)[key]) > 0)
    )
    numpys = np.atleast_1d(np.arange(rows)[np.array(key) if isinstance(key, list) else key])
    assert positions_of_rows(key, rows).tolist() == numpys.tolist()


def test_a_waterfall_without_a_row_is_of_the_first(found):
    assert found[3].plot.waterfall().to_dict() == found.plot.waterfall(3).to_dict()
