"""Explanations and partial dependence as users of the library ask for them."""

import re
from itertools import combinations
from math import factorial

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import LinearSVC

import pellucid
from pellucid import ConfigError, DataError, ModelError

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(120, 4)).round(2)
AMOUNT = 2 * ROWS[:, 0] - ROWS[:, 1] + ROWS[:, 2] * ROWS[:, 3]
GRADE = np.digitize(AMOUNT, [-1, 1])
GOOD = (AMOUNT > 0).astype(int)
BACKGROUND, EXPLAINED = ROWS[:15], ROWS[60:63]
NAMES = ("column_0", "column_1", "column_2", "column_3")
EACH = ((0,), (1,), (2,), (3,))


def enumerated(predict, rows=EXPLAINED, background=BACKGROUND, players=EACH):
    """Shapley values by their definition, shape (rows, players, outputs)."""
    return np.array([[_value_of(predict, row, background, players, player) for player in players] for row in rows])


def _value_of(predict, row, background, players, player):
    others = [other for other in players if other != player]
    fixed = [column for column in range(len(row)) if not any(column in columns for columns in players)]

    def worth(coalition):
        masked = background.copy()
        for columns in (*coalition, tuple(fixed)):
            masked[:, list(columns)] = row[list(columns)]
        return np.asarray(predict(masked), dtype=float).reshape(len(masked), -1).mean(axis=0)

    n = len(players)
    return sum(
        factorial(size) * factorial(n - 1 - size) / factorial(n) * (worth((*some, player)) - worth(some))
        for size in range(n)
        for some in combinations(others, size)
    )


def log_odds(probabilities):
    return np.log(probabilities / (1 - probabilities))


def second_class(model):
    return lambda rows: model.predict_proba(rows)[:, 1]


# --- formulas --------------------------------------------------------------------------------------------------------
def test_a_linear_model_owes_each_feature_its_weight_times_the_distance_from_the_background():
    model = LinearRegression().fit(ROWS, AMOUNT)
    found = pellucid.explain(model, EXPLAINED, baseline=BACKGROUND)
    closed_form = model.coef_ * (EXPLAINED - BACKGROUND.mean(axis=0))
    assert np.abs(found.values[:, :, 0] - closed_form).max() < 1e-12
    assert found.estimator == "exact: linear"
    assert not found.standard_errors.any()
    assert found.samples.tolist() == [0, 0, 0]
    assert found.features == NAMES


def test_the_values_of_several_outputs_are_those_of_each():
    model = LinearRegression().fit(ROWS, np.column_stack([AMOUNT, -2 * AMOUNT]))
    found = pellucid.explain(model, EXPLAINED, baseline=BACKGROUND)
    assert found.outputs == ("label0", "label1")
    assert found.values[:, :, 1] == pytest.approx(-2 * found.values[:, :, 0])


EXACT = {
    "logistic regression, probability": (LogisticRegression(), GOOD, "identity", "exact: logistic"),
    "logistic regression, log-odds": (LogisticRegression(), GOOD, "logit", "exact: linear"),
    "scaled": (make_pipeline(StandardScaler(), LogisticRegression()), GOOD, "identity", "exact: logistic"),
    "forest": (RandomForestClassifier(5, max_depth=4, random_state=0), GOOD, "identity", "exact: trees"),
    "boosted, log-odds": (HistGradientBoostingClassifier(max_iter=5), GOOD, "logit", "exact: trees"),
    "boosted, probability": (HistGradientBoostingClassifier(max_iter=5), GOOD, "identity", "enumeration"),
    "mixed columns": (make_pipeline(PolynomialFeatures(), LogisticRegression()), GOOD, "identity", "enumeration"),
}


@pytest.mark.parametrize("case", EXACT)
def test_a_classifier_of_two_classes_is_explained_by_the_probability_of_the_second(case):
    estimator, target, link, method = EXACT[case]
    model = estimator.fit(ROWS, target)
    found = pellucid.explain(model, EXPLAINED, baseline=BACKGROUND, link=link)
    predict = second_class(model)
    truth = enumerated(predict if link == "identity" else lambda rows: log_odds(predict(rows)))
    assert found.values == pytest.approx(truth, abs=1e-10)
    assert (found.estimator, found.outputs) == (method, ("1",))


def test_a_forest_of_three_classes_is_explained_for_each():
    model = RandomForestClassifier(5, max_depth=4, random_state=0).fit(ROWS, GRADE)
    found = pellucid.explain(model, EXPLAINED, baseline=BACKGROUND)
    assert found.values == pytest.approx(enumerated(model.predict_proba), abs=1e-10)
    assert (found.estimator, found.outputs) == ("exact: trees", ("0", "1", "2"))


def test_boosters_are_exact_in_the_space_in_which_they_add_up():
    xgboost, lightgbm = pytest.importorskip("xgboost"), pytest.importorskip("lightgbm")
    regressor = xgboost.XGBRegressor(n_estimators=10).fit(ROWS, AMOUNT)
    found = pellucid.explain(regressor, EXPLAINED, baseline=BACKGROUND)
    assert found.values == pytest.approx(enumerated(regressor.predict), abs=1e-5)
    assert found.estimator == "exact: trees"
    classifier = lightgbm.LGBMClassifier(n_estimators=10, verbose=-1).fit(ROWS, GOOD)
    in_log_odds = pellucid.explain(classifier.booster_, EXPLAINED, baseline=BACKGROUND, link="logit")
    truth = enumerated(lambda rows: log_odds(classifier.booster_.predict(rows)))
    assert in_log_odds.values == pytest.approx(truth, abs=1e-10)
    assert in_log_odds.estimator == "exact: trees"


def test_log_odds_of_a_sure_booster_are_exact_as_far_as_its_single_precision_tells():
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.XGBClassifier(n_estimators=150, reg_lambda=0.1, min_child_weight=0).fit(ROWS, ROWS[:, 0] > 0)
    found = pellucid.explain(model, ROWS, link="logit")
    probability = second_class(model)(ROWS).astype(float)
    assert min(probability.min(), 1 - probability.max()) < 1e-3
    assert found.estimator == "exact: trees"
    assert 1 / (1 + np.exp(-found.predictions[:, 0])) == pytest.approx(probability, abs=1e-6)


def test_columns_find_the_features_of_the_model_whatever_their_order():
    frame = pd.DataFrame(ROWS, columns=list("abcd"))
    model = RandomForestRegressor(5, random_state=0).fit(frame[["d", "b", "a", "c"]], AMOUNT)
    found = pellucid.explain(model, frame[60:63], baseline=frame[:15])
    truth = enumerated(lambda rows: model.predict(pd.DataFrame(rows, columns=list("abcd"))[["d", "b", "a", "c"]]))
    assert found.features == ("a", "b", "c", "d")
    assert found.values == pytest.approx(truth, abs=1e-10)


class Cut(LinearRegression):
    """A linear regression that does not go below zero."""

    def predict(self, rows):
        return np.maximum(super().predict(rows), 0)


def test_a_class_of_the_user_is_never_taken_for_the_class_it_comes_from():
    model = Cut().fit(ROWS, AMOUNT)
    found = pellucid.explain(model, EXPLAINED, baseline=BACKGROUND)
    assert found.values == pytest.approx(enumerated(model.predict), abs=1e-10)
    assert found.estimator == "enumeration"
    assert found.notes[1] == ("No formula was used: Cut is a class of its own, which may predict in a way of its own.")


def test_rows_where_a_formula_does_not_add_up_to_the_prediction_are_sampled():
    model = LinearRegression().fit(ROWS, AMOUNT)
    # The prediction of one row is changed behind the formula's back.
    linear = model.predict
    model.predict = lambda rows: np.where(np.asarray(rows)[:, 0] == EXPLAINED[1, 0], 9.0, linear(rows))
    found = pellucid.explain(model, EXPLAINED, baseline=BACKGROUND)
    assert found.estimators == ("exact: linear", "enumeration", "exact: linear")
    assert found.predictions[1, 0] == 9.0
    assert found.values[1] == pytest.approx(enumerated(model.predict)[1], abs=1e-10)
    assert found.notes == (
        "Explained: 2 rows by exact: linear; 1 row by enumeration.",
        (
            "The formula for linear models does not add up to what the model predicts for 1 of 3 rows; so it was not "
            "used there."
        ),
    )


# --- groups and chosen features --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("model", "method"),
    [
        (LinearRegression().fit(ROWS, AMOUNT), "exact: linear"),
        (LogisticRegression().fit(ROWS, GOOD), "exact: logistic"),
        (RandomForestRegressor(5, random_state=0).fit(ROWS, AMOUNT), "exact: trees"),
    ],
    ids=["linear", "logistic", "forest"],
)
@pytest.mark.parametrize("choice", ["group", "some"])
def test_groups_act_as_one_feature_and_features_not_chosen_keep_their_values(model, method, choice):
    predict = second_class(model) if hasattr(model, "predict_proba") else model.predict
    if choice == "group":
        players, options = ((0,), (1, 2), (3,)), {"feature_groups": {"both": ["column_1", "column_2"]}}
        names = ("column_0", "both", "column_3")
    else:
        players, options, names = ((0,), (2,)), {"features": ["column_0", "column_2"]}, ("column_0", "column_2")
    found = pellucid.explain(model, EXPLAINED, baseline=BACKGROUND, **options)
    assert found.values == pytest.approx(enumerated(predict, players=players), abs=1e-10)
    # What is left of a tree's paths where other columns are fixed differs by row.
    method = "enumeration" if choice == "some" and method == "exact: trees" else method
    assert (found.features, found.estimator) == (names, method)
    assert found.base_values + found.values.sum(axis=1) == pytest.approx(predict(EXPLAINED)[:, None])


# --- functions and budgets -------------------------------------------------------------------------------------------
def wavy(rows):
    return np.sin(rows @ np.arange(1, rows.shape[1] + 1)) + rows[:, 0] * rows[:, 1] * rows[:, 2]


@settings(max_examples=15)
@given(st.integers(2, 7), st.integers(1, 60), st.integers(0, 5), st.sampled_from(["auto", "leverage", "border"]))
def test_values_add_up_to_the_prediction_minus_the_base(features, samples, seed, estimator):
    rows = np.random.default_rng(seed).normal(size=(3, max(features, 3)))
    found = pellucid.explain(
        wavy, rows, baseline=-rows[:2], budget={"samples": samples}, estimator=estimator, seed=seed
    )
    assert found.base_values + found.values.sum(axis=1) == pytest.approx(found.predictions)
    assert found.predictions[:, 0] == pytest.approx(wavy(rows))


@pytest.mark.parametrize(("mixed", "largest"), [(False, 65_536), (True, 254 * 512)])
def test_models_of_more_than_numbers_get_twice_as_many_rows_at_once(mixed, largest):
    # 254 coalitions of 8 features before 512 background rows, none of them alike.
    cells = np.arange(513)[:, None] + 1000.0 * np.arange(8)
    table = pd.DataFrame(cells, columns=[*"abcdefgh"]).astype({"h": str} if mixed else {})
    asked = []

    def score(frame):
        asked.append(len(frame))
        return frame["a"].to_numpy() * frame["b"].to_numpy()

    explained = pellucid.explain(score, table[:1], baseline=table[1:], exact=False)
    assert max(asked) == largest
    assert explained.n_model_calls == 254 * 512 + 512 + 1


@settings(max_examples=10)
@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 3))
def test_a_budget_of_samples_bounds_the_rows_asked(samples, rows, background):
    asked = []

    def counted(batch):
        asked.append(len(batch))
        return wavy(batch)

    table = np.random.default_rng(1).normal(size=(8, 10))
    found = pellucid.explain(counted, table[:rows], baseline=table[-background:], budget={"samples": samples})
    assert sum(asked) == found.n_model_calls <= rows * (samples + 2) * background


@pytest.mark.parametrize("chosen", [None, ["column_0", "column_2", "column_4", "column_6"]], ids=["all", "some"])
@pytest.mark.parametrize(("rows", "background", "samples"), [(1, 1, 1), (63, 5, 3), (130, 7, 2), (200, 2, 40)])
@pytest.mark.parametrize("estimator", ["auto", "leverage", "clarify", "border"])
def test_a_budget_of_model_calls_is_never_exceeded(estimator, rows, background, samples, chosen):
    asked = []

    def counted(batch):
        asked.append(len(batch))
        return wavy(batch)

    table = np.random.default_rng(1).normal(size=(rows + background, 10))
    bases = rows if chosen else -(-rows // 64)
    calls = rows * (samples * background + 1) + bases * background
    given = {"baseline": table[rows:], "estimator": estimator, "features": chosen}
    found = pellucid.explain(counted, table[:rows], budget={"model_calls": calls}, **given)
    assert sum(asked) == found.n_model_calls <= calls
    with pytest.raises(ConfigError, match=f"Use at least {rows * (background + 1) + bases * background}: "):
        pellucid.explain(counted, table[:rows], budget={"model_calls": rows * (background + 1)}, **given)


def test_whole_numbers_that_need_an_unsigned_type_reach_the_model_as_doubles_and_never_as_negative_ones():
    large = np.array([[2**63 + 2**20, 5], [3, 2**64 - 2**11]], dtype=np.uint64)
    for rows in (large, large.astype(object), pd.DataFrame(large, columns=["column_0", "column_1"])):
        found = pellucid.explain(lambda batch: np.asarray(batch, dtype=float)[:, 0], rows, baseline=rows[:1])
        assert found.predictions[:, 0].tolist() == [float(2**63 + 2**20), 3.0]


def test_an_equal_seed_gives_equal_bytes_on_every_kind_of_table():
    table = np.random.default_rng(1).normal(size=(40, 12))
    columns = {f"c{place}": column for place, column in enumerate(table.T)}

    def model(rows: np.ndarray):
        return wavy(rows)

    polars = pl.DataFrame(columns)
    kinds = [
        pd.DataFrame(columns),
        polars,
        polars.lazy(),
        polars.to_arrow(),
        duckdb.connect().from_arrow(polars.to_arrow()),
    ]
    first, *others = [pellucid.explain(model, kind, budget={"samples": 60}, seed=3) for kind in [table, *kinds]]
    assert all(other.values.tobytes() == first.values.tobytes() for other in others)
    assert all(other.standard_errors.tobytes() == first.standard_errors.tobytes() for other in others)
    another = pellucid.explain(model, table, budget={"samples": 60}, seed=4)
    assert (another.values != first.values).any()


@pytest.mark.parametrize("wants", ["array", "frame"])
@pytest.mark.parametrize("given_as", ["array", "frame"])
def test_a_function_is_asked_with_the_form_of_rows_that_it_takes(wants, given_as):
    function = {
        "array": lambda rows: rows[:, 0] * rows[:, 1],
        "frame": lambda rows: rows["column_0"] * rows["column_1"],
    }[wants]
    table = ROWS[:, :2] if given_as == "array" else pd.DataFrame(ROWS[:, :2], columns=["column_0", "column_1"])
    found = pellucid.explain(function, table[:2], baseline=np.zeros((1, 2)))
    assert found.values[:, :, 0] == pytest.approx(np.repeat(ROWS[:2, :1] * ROWS[:2, 1:2] / 2, 2, axis=1))


PEOPLE = pd.DataFrame(
    {
        "job": ["cook", "baker", None, "cook"] * 5,
        "owner": [True, False, True, True] * 5,
        "children": pd.array([0, None, 2, 3] * 5, dtype="Int64"),
        "age": [30, 40, 50, 60] * 5,
        "income": [1.5, np.nan, 2.5, 3.5] * 5,
    }
)


def test_cells_reach_the_model_as_they_were_read():
    seen = []

    def model(rows: pd.DataFrame):
        seen.append(rows)
        return (rows["job"] == "cook") * 2.0 + rows["owner"] + rows["age"] / 10 + rows["income"].isna()

    found = pellucid.explain(model, PEOPLE[:4], baseline=PEOPLE[1:2])
    kinds = {name: {frame[name].dtype.kind for frame in seen} for name in PEOPLE}
    assert (kinds["owner"], kinds["age"]) == ({"b"}, {"i"})
    assert kinds["income"] == {"f"}
    assert {cell for frame in seen for cell in frame["job"].dropna()} == {"cook", "baker"}
    assert found.values[0, :, 0].tolist() == pytest.approx([2.0, 1.0, 0.0, -1.0, -1.0])
    assert found.features == ("job", "owner", "children", "age", "income")


def test_a_pipeline_with_text_is_explained_by_the_columns_before_encoding():
    people = PEOPLE[["job", "age"]].fillna("none")
    encode = make_column_transformer((OneHotEncoder(), ["job"]), remainder="passthrough")
    model = make_pipeline(encode, LogisticRegression()).fit(people, people["age"] > 40)
    found = pellucid.explain(model, people[:4])
    assert (found.features, found.outputs, found.estimator) == (("job", "age"), ("True",), "exact: logistic")
    assert found.predictions[:, 0] == pytest.approx(model.predict_proba(people[:4])[:, 1])


def test_files_are_read_and_columns_chosen(tmp_path):
    frame = pd.DataFrame(ROWS, columns=list("abcd"))
    frame.assign(label=GOOD).to_csv(tmp_path / "rows.csv", index=False)
    model = LinearRegression().fit(frame, AMOUNT)
    found = pellucid.explain(model, tmp_path / "rows.csv", columns=list("abcd"), baseline=frame[:15])
    assert found.values == pytest.approx(pellucid.explain(model, frame, baseline=frame[:15]).values)


def test_without_a_background_100_rows_stand_for_absent_features():
    model = LinearRegression().fit(ROWS, AMOUNT)
    found = pellucid.explain(model, ROWS)
    assert found.n_model_calls == 220
    assert found.notes[1] == (
        "No background was given: absent features show the values of 100 of the 120 rows, drawn with the seed."
    )
    assert pellucid.explain(model, ROWS[:9]).notes[1] == (
        "No background was given: absent features show the values of all rows."
    )


def test_notes_say_what_few_samples_and_unmet_precision_mean():
    table = np.random.default_rng(1).normal(size=(2, 12))
    few = pellucid.explain(wavy, table, baseline=-table, budget={"samples": 8})
    assert few.notes[2:] == (
        (
            "8 samples are fewer than 2 M = 24 for M = 12 features: not every feature is tried both alone and last. "
            "The values only screen for large effects; use at least 48 samples."
        ),
        "2 of 2 sampled rows have no standard errors.",
    )
    unknown = pellucid.explain(wavy, table, baseline=-table, budget={"samples": 8, "precision": 0.1})
    assert unknown.notes[2:] == (*few.notes[2:], "2 of 2 rows did not reach the precision 0.1.")
    unmet = pellucid.explain(wavy, table, baseline=-table, budget={"samples": 60, "precision": 1e-6})
    assert re.fullmatch(
        r"2 of 2 rows did not reach the precision 1e-06; the largest relative error is [\d.]+\.", unmet.notes[-1]
    )


def test_values_that_are_as_precise_as_wanted_need_no_note_on_their_samples():
    cells = np.random.default_rng(1).integers(0, 2, (30, 12)).astype(float)
    found = pellucid.explain(wavy, cells[:20], baseline=cells[20:], budget={"precision": 0.1})
    assert found.samples.min() < 48  # games before single background rows have fewer players
    assert not any("samples are fewer" in note for note in found.notes)


@pytest.mark.parametrize("budget", [{"model_calls": 300}, {"seconds": 60}])
def test_a_budget_that_says_no_precision_is_told_which_it_allowed(budget):
    table = np.random.default_rng(1).normal(size=(3, 12))
    found = pellucid.explain(wavy, table, baseline=-table[:1], budget=budget)
    errors = np.sqrt((found.standard_errors**2).sum(axis=(1, 2)) / (found.values**2).sum(axis=(1, 2)))
    typical, most = (
        f"{percent:.0f}" if percent >= 10 else f"{percent:.2g}"
        for percent in (100 * np.median(errors), 100 * errors.max())
    )
    assert found.notes[-1] == (
        f"The budget allowed a relative standard error of {typical} % in the median row, and of {most} % at most."
    )
    exact = pellucid.explain(wavy, table[:, :4], baseline=-table[:1, :4], budget={"model_calls": 300})
    assert not any("The budget allowed" in note for note in exact.notes)


def test_progress_is_told():
    told = []
    table = np.random.default_rng(1).normal(size=(72, 3))
    pellucid.explain(wavy, table, progress=told.append)
    assert told.pop(0) == "explaining: 0 of 72 rows"
    first, last = (line for line in told if "predictions" not in line)  # which are told of where it takes long
    assert re.fullmatch(r"explaining: 64 of 72 rows, [\d,.]+ rows a second, [\d.]+ (s|min|h) left", first)
    assert re.fullmatch(r"explaining: 72 of 72 rows, [\d,.]+ rows a second", last)


# --- faults ----------------------------------------------------------------------------------------------------------
def test_all_wrong_options_are_reported_together():
    with pytest.raises(ConfigError) as raised:
        pellucid.explain(
            wavy, ROWS, link="logits", confidence_level=95, budget={"sample": 5}, estimator="leverag", seed=-1
        )
    assert str(raised.value).splitlines() == [
        "link: got 'logits'. Use a link; did you mean 'logit'?",
        "confidence_level: got 95. Use a number between 0 and 1.",
        "budget: got 'sample'. Use the bounds of a budget; did you mean 'samples'?",
        "estimator: got 'leverag'. Use one of the estimators; did you mean 'leverage'?",
        "seed: got -1. Use an integer of at least 0.",
    ]


FRAME = pd.DataFrame(ROWS, columns=["age", "income", "debts", "years"])
FITTED = LinearRegression().fit(FRAME, AMOUNT)
FAULTS = {
    "one row": (
        {"rows": FRAME[:1]},
        (
            "baseline: Give rows that show what an absent feature looks like; a single row to explain cannot stand "
            "for them."
        ),
    ),
    "no row": ({"rows": FRAME[:0]}, "rows: There is no row. Give at least one."),
    "no table": (
        {"rows": [[1, 2]]},
        (
            "rows: got 'list'. Give a data frame, a NumPy array of shape (rows, columns), an Arrow table, a DuckDB "
            "relation or a file's path."
        ),
    ),
    "a row of a frame": (
        {"rows": FRAME.iloc[0]},
        (
            "rows: got 'Series'. Give a data frame, a NumPy array of shape (rows, columns), an Arrow table, a DuckDB "
            "relation or a file's path. A single row of a frame is frame.iloc[[0]], a single column frame[['age']]."
        ),
    ),
    "texts": (
        {"rows": ["good", "bad"]},
        (
            "rows: got 'list'. Give a data frame, a NumPy array of shape (rows, columns), an Arrow table, a DuckDB "
            "relation or a file's path. Texts are explained by pellucid.explain_text."
        ),
    ),
    "array of texts": (
        {"rows": np.array(["good", "bad"])},
        (
            "rows: got 'an array of shape (2,)'. Give an array of shape (rows, columns); a single row is "
            "array[None, :]. Texts are explained by pellucid.explain_text."
        ),
    ),
    "array of three axes": (
        {"rows": FRAME, "baseline": np.zeros((1, 2, 2))},
        (
            "baseline: got 'an array of shape (1, 2, 2)'. Give an array of shape (rows, columns); a single row is "
            "array[None, :]."
        ),
    ),
    "label among the columns": (
        {"rows": FRAME.assign(label=1).drop(columns="age")},
        (
            "rows: Column 'age' is missing, which the model was trained on.\n"
            "rows: got 'label'. The column is no feature of the model; there are 'age', 'income', 'debts', 'years'. "
            "Leave it out, or name the model's columns by `columns`."
        ),
    ),
    "unknown column": (
        {"rows": FRAME, "columns": ["age", "incom"]},
        "columns: got 'incom'. Use a column of the rows; did you mean 'income'?",
    ),
    "unknown feature": (
        {"rows": FRAME, "features": ["ages"]},
        "features: got 'ages'. Name columns or groups that are explained; did you mean 'age'?",
    ),
    "no feature": (
        {"rows": FRAME, "features": []},
        "features: got []. Name at least one column or group, or leave it out.",
    ),
    "column twice": (
        {"rows": FRAME, "columns": ["age", "age"]},
        "columns: got 'age'. Name each column once.",
    ),
    "table without columns": (
        {"rows": pd.DataFrame(index=range(3))},
        "rows: There is no column. Give at least one.",
    ),
    "no column": ({"rows": np.empty((3, 0))}, "rows: There is no column. Give at least one."),
    "columns of one name": (
        {"rows": FRAME.set_axis(["age", "age", "debts", "years"], axis=1)},
        "rows: Expected unique column names, got: - 'age' 2 times. Give every column a name of its own.",
    ),
    "numbers for text": (
        {"rows": FRAME, "budget": 5, "seed": "0"},
        "budget: got 5. Give bounds by name, such as {\"samples\": 500}.\nseed: got '0'. Use an integer of at least 0.",
    ),
    "baseline of another width": (
        {"rows": FRAME, "baseline": np.zeros((2, 3))},
        "baseline: got 'an array of shape (2, 3)'. Give the 4 columns of the rows to explain, in their order.",
    ),
    "baseline without a column": (
        {"rows": FRAME, "baseline": FRAME.drop(columns="debts")},
        "baseline: Column 'debts' is missing. Give every feature of the model, in order.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_names_the_argument_and_the_fix(fault):
    arguments, message = FAULTS[fault]
    with pytest.raises((ConfigError, DataError)) as raised:
        pellucid.explain(FITTED, **arguments)
    assert str(raised.value) == message


def test_faults_of_the_model_are_told_by_the_model():
    with pytest.raises(ModelError) as raised:
        pellucid.explain(LinearRegression(), EXPLAINED, baseline=BACKGROUND)
    assert str(raised.value).startswith("LinearRegression: predicting failed with NotFittedError: ")
    with pytest.raises(ModelError) as raised:
        pellucid.explain(LinearRegression().fit(ROWS, AMOUNT), EXPLAINED[:, :2], baseline=BACKGROUND[:, :2])
    assert str(raised.value) == (
        "LinearRegression: takes 4 features, and gets 2: 'column_0', 'column_1'. Leave out columns that are no "
        "features by `excluded_columns`."
    )


def test_a_model_without_scores_or_without_probabilities_is_refused():
    labels = LinearSVC().fit(ROWS, GOOD)
    with pytest.raises(ModelError) as raised:
        pellucid.explain(labels, EXPLAINED, baseline=BACKGROUND)
    assert str(raised.value) == (
        "LinearSVC: answers with labels, and only scores can be explained. Give a function that returns them, such as "
        "the model's `predict_proba` or `decision_function`."
    )
    with pytest.raises(ModelError) as raised:
        pellucid.explain(lambda rows: rows[:, 0] * 0 + 2, EXPLAINED, baseline=BACKGROUND, link="logit")
    assert str(raised.value) == (
        "<lambda>: answers 2.0, which is no probability, so that it has no log-odds. Use link='identity'."
    )


# --- partial dependence ----------------------------------------------------------------------------------------------
def test_partial_dependence_is_the_mean_prediction_with_the_feature_at_each_point():
    people = pd.DataFrame({"job": ["cook", "baker", "cook", "cook"], "age": [20, 22, 26, 30]})
    model = lambda rows: rows["age"] + 10.0 * (rows["job"] == "cook")  # noqa: E731
    found = pellucid.partial_dependence(model, people, ["age", "job"], grid_resolution=2, individual=True)
    age, job = found["age"], found["job"]
    assert (age.kind, age.points.tolist(), age.distribution.tolist()) == ("numeric", [22.5, 27.5], [0.5, 0.5])
    assert age.predictions.tolist() == [[30.0, 35.0]]
    assert (job.kind, job.points.tolist(), job.distribution.tolist()) == (
        "categorical",
        ["baker", "cook"],
        [0.25, 0.75],
    )
    assert job.predictions.tolist() == [[24.5, 34.5]]
    assert job.individual[:, 0].tolist() == [[20.0, 30.0], [22.0, 32.0], [26.0, 36.0], [30.0, 40.0]]
    assert found.n_model_calls == 16
    table = found.to_frame()
    assert table.columns.tolist() == ["feature", "output", "point", "prediction", "distribution"]
    assert table["point"].tolist() == ["22.5", "27.5", "baker", "cook"]


def test_a_number_may_be_varied_over_the_values_that_occur():
    found = pellucid.partial_dependence(lambda rows: rows[:, 0], np.array([[1, 0], [1, 5], [3, 2]]), "column_0",
                                        categorical=["column_0"])  # fmt: skip
    assert found["column_0"].predictions.tolist() == [[1.0, 3.0]]


def test_all_faults_of_partial_dependence_are_reported_together():
    with pytest.raises(ConfigError) as raised:
        pellucid.partial_dependence(FITTED, FRAME, ["ages", "debts"], grid_resolution=0)
    assert str(raised.value).splitlines() == [
        "features: got 'ages'. Use a column of the model; did you mean 'age'?",
        "grid_resolution: got 0. Use an integer of at least 1.",
    ]


@pytest.mark.parametrize("resolution", ["15", 2.5, True, None])
def test_the_resolution_of_a_grid_is_a_whole_number(resolution):
    with pytest.raises(ConfigError) as raised:
        pellucid.partial_dependence(FITTED, FRAME, "age", grid_resolution=resolution)
    assert str(raised.value) == f"grid_resolution: got {resolution!r}. Use an integer of at least 1."


def of_three_outputs(rows):
    return np.stack([rows.sum(axis=1), np.tanh(rows[:, 0] * rows[:, 1]), rows[:, 2] ** 2], axis=1)


@pytest.mark.parametrize("model", ["function", "forest"])
@pytest.mark.parametrize(("chosen", "places"), [((2, 0), [2, 0]), (1, [1]), ("last", [2])])
def test_chosen_outputs_are_those_of_all(model, chosen, places):
    asked = of_three_outputs
    if model == "forest":
        asked = RandomForestClassifier(5, max_depth=3, random_state=0).fit(ROWS, np.arange(len(ROWS)) % 3)
    every = pellucid.explain(asked, EXPLAINED, baseline=BACKGROUND)
    named = every.outputs[-1] if chosen == "last" else chosen
    some = pellucid.explain(asked, EXPLAINED, baseline=BACKGROUND, outputs=named)
    assert some.outputs == tuple(every.outputs[place] for place in places)
    assert some.values.tolist() == every.values[:, :, places].tolist()
    assert some.base_values.tolist() == every.base_values[:, places].tolist()
    assert some.predictions.tolist() == every.predictions[:, places].tolist()
    assert (some.n_model_calls, some.estimator) == (every.n_model_calls, every.estimator)
    assert {found.output for found in some.global_importance()} == set(some.outputs)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ([], "outputs: got []. Name at least one output, or leave it out."),
        ([1, "label1"], "outputs: got [1, 'label1']. Name each output once."),
        (
            ["low", 3],
            (
                "outputs: got 'low'. Use the name of an output, or its position from 0 to 2; there are 'label0', "
                "'label1', 'label2'.\n"
                "outputs: got 3. Use the name of an output, or its position from 0 to 2; there are 'label0', 'label1', "
                "'label2'."
            ),
        ),
    ],
)
def test_outputs_that_the_model_does_not_have_are_named(outputs, message):
    with pytest.raises(ConfigError) as raised:
        pellucid.explain(of_three_outputs, EXPLAINED, baseline=BACKGROUND, outputs=outputs)
    assert str(raised.value) == message


def test_a_function_may_compute_in_place():
    def in_place(rows):
        rows *= 2
        return np.tanh(rows[:, 0] * rows[:, 1] + rows[:, 2] / 9)

    def pure(rows):
        return in_place(rows.copy())

    table = np.random.default_rng(0).normal(size=(70, 12))
    found, expected = (
        pellucid.explain(one, table, baseline=-table[:3], budget={"samples": 300}) for one in (in_place, pure)
    )
    assert found.values.tolist() == expected.values.tolist()
    assert table.tolist() == np.random.default_rng(0).normal(size=(70, 12)).tolist()


def test_the_second_form_of_a_function_sees_nothing_of_what_the_first_one_did():
    def of_frames(rows):
        rows *= 2
        return rows["column_0"] * rows["column_1"]

    found = pellucid.explain(of_frames, EXPLAINED, baseline=BACKGROUND)
    expected = pellucid.explain(lambda rows: 4 * rows[:, 0] * rows[:, 1], EXPLAINED, baseline=BACKGROUND)
    assert found.values == pytest.approx(expected.values)


@pytest.mark.parametrize("baseline", [[1, "cook", 2.5], (1, "cook", 2.5), [[1, "cook", 2.5]], [(1, "cook", 2.5)]])
def test_a_baseline_may_be_listed_as_in_a_configuration(baseline):
    people = pd.DataFrame({"age": [30, 40], "job": ["clerk", "cook"], "pay": [1.5, 2.0]})

    def score(rows: pd.DataFrame):
        assert rows.dtypes.map(str).tolist() == people.dtypes.map(str).tolist()
        return rows["age"] * (rows["job"] == "cook") + rows["pay"]

    found = pellucid.explain(score, people, baseline=baseline)
    expected = pellucid.explain(score, people, baseline=pd.DataFrame({"age": [1], "job": ["cook"], "pay": [2.5]}))
    assert found.values.tolist() == expected.values.tolist()


@pytest.mark.parametrize(
    ("baseline", "mean"),
    [("base.csv", 1.25), ("base.jsonl", 1.25), ([["007", "7"], [7, 8]], 1.25), (("007", "7"), 1.7)],
    ids=str,
)
def test_cells_of_a_baseline_without_types_are_read_as_those_of_the_rows(baseline, mean, tmp_path, monkeypatch):
    # Alone, 007 is a number, as it is not beside A1.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.csv").write_text("size,code\n7,007\n8,7\n")
    (tmp_path / "base.jsonl").write_text('{"code": "007", "size": "7"}\n{"code": 7, "size": 8}\n')
    people = pd.DataFrame({"code": ["A1", "007"], "size": [1, 2]})

    def score(rows: pd.DataFrame):
        assert rows.dtypes.map(str).tolist() == people.dtypes.map(str).tolist()
        return (rows["code"] == "007") + rows["size"] / 10

    found = pellucid.explain(score, people, baseline=baseline)
    assert found.base_values.ravel().tolist() == pytest.approx([mean, mean])


def test_a_column_of_several_kinds_of_cells_gets_those_of_a_baseline_as_they_are(tmp_path):
    people = pd.DataFrame({"code": pd.Series([1, "1", None], dtype=object), "size": [1.0, 2.0, 3.0]})
    seen = []

    def score(rows: pd.DataFrame):
        seen.extend(rows["code"].tolist())
        return rows["size"]

    pellucid.explain(score, people, baseline=[["1", "2"], [1, 2]])
    assert {(type(cell), cell) for cell in seen if cell == cell} == {(int, 1), (str, "1")}


@pytest.mark.parametrize(
    ("baseline", "message"),
    [
        (
            [[1, "x"], [2]],
            "baseline[1]: got [2]. Give 2 cells, one per feature of the model, in this order: 'age', 'job'.",
        ),
        (
            [[1, "x"], 2],
            "baseline[1]: got [2]. Give 2 cells, one per feature of the model, in this order: 'age', 'job'.",
        ),
        ([["old", "x"]], "baseline[0]: got 'old'. Column 'age' holds integer values. Use a number or null."),
    ],
    ids=str,
)
def test_faults_of_a_listed_baseline_are_told_with_their_row(baseline, message):
    with pytest.raises(ConfigError) as raised:
        pellucid.explain(lambda rows: rows["age"], pd.DataFrame({"age": [1], "job": ["a"]}), baseline=baseline)
    assert str(raised.value) == message


def test_an_array_of_one_axis_is_a_single_row():
    found = pellucid.explain(lambda rows: rows @ [1.0, 2.0], np.array([[3.0, 4.0]]), baseline=np.array([1.0, 1.0]))
    assert found.values.ravel().tolist() == [2.0, 6.0]


def test_a_listed_baseline_of_another_width_is_refused():
    with pytest.raises(DataError) as raised:
        pellucid.explain(lambda rows: rows[:, 0], np.array([[3.0, 4.0]]), baseline=[1.0, 1.0, 1.0])
    assert str(raised.value).startswith("baseline: ")


@pytest.mark.parametrize("annotated", [True, False])
def test_a_function_gets_the_categories_and_moments_of_a_pandas_frame(annotated):
    rows = pd.DataFrame(
        {
            "job": pd.Categorical(["pilot", None, "smith"], categories=["smith", "pilot"]),
            "grade": pd.Categorical([3, 9, 3]),
            "since": pd.to_datetime(["2020-05-01 00:00", "2021-01-01 12:30", None]),
            "hours": [1.5, 2.5, 3.5],
        }
    )
    baseline = rows.iloc[:1].assign(job=pd.Categorical(["clerk"]))

    def score(rows):
        assert rows["job"].cat.categories.tolist() == ["smith", "pilot", "clerk"]
        assert rows["grade"].dtype == pd.CategoricalDtype([3, 9])
        late = (rows["since"].dt.year > 2020).to_numpy() * 1.0
        return late + (rows["job"] == "clerk").to_numpy() * 10.0 + rows["hours"].to_numpy()

    if annotated:
        score.__annotations__["rows"] = pd.DataFrame
    found = pellucid.explain(score, rows, baseline=baseline)
    assert found.base_values[:, 0].tolist() == [11.5] * 3
    assert found.values[:, :, 0] == pytest.approx(np.array([[-10, 0, 0, 0], [-10, 0, 1, 1], [-10, 0, 0, 2]]))
    curves = pellucid.partial_dependence(lambda rows: rows["job"].cat.codes.to_numpy() * 1.0, rows, ["job"])
    assert (curves["job"].points.tolist(), curves["job"].predictions.tolist()) == (["pilot", "smith"], [[1.0, 0.0]])


def test_moments_of_a_zone_reach_a_function_as_moments_of_that_zone_in_summer_and_winter():
    since = pd.to_datetime(["2024-01-05 08:00", "2024-07-05 20:00", None]).tz_localize("Europe/Vienna")
    rows = pd.DataFrame({"since": since, "hours": [1.0, 2.0, 3.0]})

    def score(rows):
        assert rows["since"].dtype == since.dtype
        return rows["since"].dt.hour.fillna(0).to_numpy() + rows["hours"].to_numpy()

    found = pellucid.explain(score, rows, baseline=rows.iloc[:1])
    assert found.values[:, :, 0] == pytest.approx(np.array([[0, 0], [12, 1], [-8, 2]]))
    curve = pellucid.partial_dependence(score, rows, "since")["since"]
    assert curve.points.tolist() == ["2024-01-05 08:00:00+01:00", "2024-07-05 20:00:00+02:00"]
    assert curve.predictions.tolist() == [[10.0, 22.0]]


def test_a_baseline_without_the_zone_of_the_rows_is_not_moved_into_it():
    rows = pd.DataFrame({"since": pd.to_datetime(["2024-07-05 20:00"]).tz_localize("Europe/Vienna")})
    bare = pd.DataFrame({"since": pd.to_datetime(["2024-07-05 08:00"])})
    found = pellucid.explain(lambda rows: rows["since"].str[11:13].astype(float).to_numpy(), rows, baseline=bare)
    assert found.values.item() == 12.0


def test_a_model_that_answers_differently_each_time_is_told_where_a_question_is_asked_twice():
    draw = np.random.default_rng(4)

    def noisy(rows: np.ndarray):
        return rows.sum(axis=1) + draw.normal(size=len(rows))

    def steady(rows: np.ndarray):
        return rows[:, 0] * rows[:, 1] + rows[:, 2]

    rows = np.vstack([EXPLAINED, BACKGROUND[:1]])  # the last is the background itself, asked beside it
    told = [note for note in pellucid.explain(noisy, rows, baseline=BACKGROUND[:1]).notes if "differ by" in note]
    assert len(told) == 1
    assert re.fullmatch(
        r"The model's answers to the same rows differ by up to [\d.]+ from one time to the next\. SHAP values hold "
        r"such noise, those of all coalitions too, and standard errors do not cover it\. Fix the model's seed\.",
        told[0],
    )
    assert not [note for note in pellucid.explain(steady, rows, baseline=BACKGROUND[:1]).notes if "differ by" in note]
