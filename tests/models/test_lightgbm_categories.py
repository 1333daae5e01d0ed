"""Pandas categories of every kind reach LightGBM as its own predict reads them, or are refused with what to do."""

import itertools
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pellucid
from pellucid.errors import ModelError
from pellucid.models.lightgbm_categories import categories_of_features
from pellucid.models.load import load_model
from pellucid.models.loading import Loading
from pellucid.models.objects import as_model
from pellucid.protocols.model import Batch

RNG = np.random.default_rng(0)
ROWS = 400
SIZES = ["small", "medium", "large"]
COLUMNS = {
    "text": pd.Categorical(RNG.choice(SIZES, ROWS)),
    "ordered text": pd.Categorical(RNG.choice(SIZES, ROWS), categories=SIZES, ordered=True),
    "truth": pd.Categorical(RNG.choice([True, False], ROWS)),
    "ordered truth": pd.Categorical(RNG.choice([True, False], ROWS), ordered=True),
    "ordered integers": pd.Categorical(RNG.choice([10, 20, 40], ROWS), ordered=True),
    "fractions": pd.Categorical(RNG.choice([0.5, 1.5], ROWS)),
    "never small": pd.Categorical(RNG.choice(SIZES[1:], ROWS), categories=SIZES, ordered=True),
}
CONSTANT = pd.Categorical(["all"] * ROWS)
AGE = RNG.integers(18, 80, ROWS).astype(float)
ZIP, CHILDREN = RNG.integers(0, 40, ROWS), RNG.integers(0, 3, ROWS)
NOISE = RNG.normal(size=ROWS) / 4


def trained(**columns):
    """A fitted classifier and its frame, in which every column counts."""
    frame = pd.DataFrame(columns)
    score = sum((frame[name].cat.codes if hasattr(frame[name], "cat") else frame[name] / 30) for name in frame)
    labels = (score + NOISE > score.mean()).astype(int)
    options = {"n_estimators": 8, "min_child_samples": 5, "verbose": -1, "n_jobs": 1}
    return lightgbm.LGBMClassifier(**options).fit(frame, labels), frame


def asked(frame, column):
    """Rows with every category of a column, a missing cell and an unknown one: as cells, and as LightGBM wants them."""
    kind = frame[column].dtype
    unknown = "huge" if kind.categories.dtype == object or kind.categories.dtype == "str" else 77
    cells = [*kind.categories, None, unknown]
    rows = frame.iloc[[0] * len(cells)].reset_index(drop=True)
    known = rows.assign(**{column: pd.Categorical([*kind.categories, None, None], dtype=kind)})
    columns = {name: np.array(rows[name].astype(object).tolist(), dtype=object) for name in rows}
    return Batch({**columns, column: np.array(cells, dtype=object)}), known


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("given", ["estimator", "booster", "file"])
def test_every_category_is_read_as_lightgbm_reads_it(kind, given, tmp_path: Path) -> None:
    estimator, frame = trained(age=AGE, size=COLUMNS[kind], one=CONSTANT)
    batch, known = asked(frame, "size")
    if given == "file":
        estimator.booster_.save_model(tmp_path / "model.txt")
        model = load_model(str(tmp_path / "model.txt"), threads=1)
    else:
        model = as_model(estimator if given == "estimator" else estimator.booster_, Loading("shop", threads=1))
    expected = estimator.predict_proba(known)[:, 1]
    assert len(set(expected.tolist())) > 1
    np.testing.assert_array_equal(model.predict(batch).values[:, -1], expected)


def test_ordered_categories_stand_beside_unordered_ones_and_numbers() -> None:
    estimator, frame = trained(rank=COLUMNS["ordered integers"], size=COLUMNS["text"], age=AGE, again=COLUMNS["truth"])
    found = pellucid.explain(estimator, frame[:30], baseline=frame[30:50], seed=1)
    np.testing.assert_allclose(found.predictions[:, -1], estimator.predict_proba(frame[:30])[:, 1], rtol=0, atol=1e-12)


def test_integers_that_were_named_as_categories_are_no_values_of_pandas() -> None:
    frame = pd.DataFrame({"zip": ZIP, "size": COLUMNS["ordered text"]})
    labels = (frame["zip"] % 2 + frame["size"].cat.codes > 1).astype(int)
    estimator = lightgbm.LGBMClassifier(n_estimators=5, min_child_samples=2, verbose=-1, n_jobs=1)
    estimator.fit(frame, labels, categorical_feature=["zip"])
    model = as_model(estimator.booster_, Loading("shop", threads=1))
    assert model.categories == {"size": SIZES}
    rows = Batch({"zip": frame["zip"].to_numpy(), "size": frame["size"].astype(object).to_numpy()})
    np.testing.assert_array_equal(model.predict(rows).values[:, 0], estimator.predict_proba(frame)[:, 1])


def test_categories_that_may_belong_to_a_number_are_refused_with_what_works() -> None:
    estimator, frame = trained(children=CHILDREN, size=COLUMNS["ordered text"])
    rows = frame.astype({"size": object})
    with pytest.raises(ModelError) as refused:
        pellucid.explain(estimator, rows[:5], baseline=rows[5:9])
    assert str(refused.value) == (
        "LGBMClassifier: holds pandas categories of a column ('small', 'medium', 'large') and does not say of which: "
        "'children', 'size' hold codes of ordered categories or whole numbers. Give a function that makes the frame it "
        "was trained on and asks it, such as `lambda rows: model.predict_proba(rows.astype(training_frame.dtypes))`."
    )
    found = pellucid.explain(
        lambda rows: estimator.predict_proba(rows.astype(frame.dtypes)), frame[:5], baseline=frame[5:9]
    )
    np.testing.assert_allclose(found.predictions[:, -1], estimator.predict_proba(frame[:5])[:, 1], rtol=0, atol=1e-12)


def test_a_frame_at_hand_tells_which_columns_are_categories() -> None:
    estimator, frame = trained(children=CHILDREN, size=COLUMNS["ordered text"])
    found = pellucid.explain(estimator, frame[:5], baseline=frame[5:9])
    np.testing.assert_allclose(found.predictions[:, -1], estimator.predict_proba(frame[:5])[:, 1], rtol=0, atol=1e-12)
    curve = pellucid.partial_dependence(estimator, frame, "size")["size"]
    assert curve.points.tolist() == sorted(SIZES)


def test_categories_that_fit_no_feature_are_refused() -> None:
    with pytest.raises(ModelError, match=r"^shop: holds pandas categories of a column \('a', 'b'\), which fit none of"):
        categories_of_features(["age"], ["[18:79]"], [["a", "b"]], "shop")


CELLS = {"category": "-1:1:0", "ordered": "[0:1]", "number": "[0.5:7]", "unused": "none", "count": "[0:1]"}


@given(st.lists(st.sampled_from(sorted(CELLS)), max_size=6))
def test_an_answer_is_the_only_one_that_changes_a_prediction(kinds):
    """Against all ways to give the lists to features in order, one by one."""
    names = [f"{place} {kind}" for place, kind in enumerate(kinds)]
    cells = [CELLS[kind] for kind in kinds]
    known = [[f"{name} a", f"{name} b"] for name in names if name.endswith(("category", "ordered"))]
    ways = [
        {place: tuple(values) for place, values in zip(chosen, known, strict=True)}
        for chosen in itertools.combinations(range(len(kinds)), len(known))
        if all(cells[place] != CELLS["number"] for place in chosen)
        and all(place in chosen for place, kind in enumerate(kinds) if kind == "category")
        and (kinds.count("category") != len(known) or all(kinds[place] in ("category", "unused") for place in chosen))
    ]
    of_used = {frozenset((place, v) for place, v in way.items() if kinds[place] != "unused") for way in ways}
    if len(of_used) > 1:
        with pytest.raises(ModelError):
            categories_of_features(names, cells, known, "shop")
        return
    found = categories_of_features(names, cells, known, "shop")
    assert {names.index(name): tuple(values) for name, values in found.items()} in ways
