"""Whose library an ensemble of trees is of, and the reader for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pellucid.errors import ModelError
from pellucid.explain.exact.tree_ensemble import TreeEnsemble, TreeLink
from pellucid.models.answers import library_errors
from pellucid.models.tree_readers.forest import read_forest, read_gradient_boosting
from pellucid.models.tree_readers.histogram_boosting import read_histogram_boosting
from pellucid.models.tree_readers.lightgbm import read_lightgbm
from pellucid.models.tree_readers.xgboost import link_of_xgboost, read_xgboost

__all__ = ["link_of_trees", "read_trees"]

Reader = Callable[[Any, str], TreeEnsemble]

_READERS: Mapping[tuple[str, str], Reader] = {
    ("xgboost", "Booster"): read_xgboost,
    ("xgboost", "XGBModel"): read_xgboost,
    ("lightgbm", "Booster"): read_lightgbm,
    ("lightgbm", "LGBMModel"): read_lightgbm,
    ("sklearn", "BaseDecisionTree"): read_forest,
    ("sklearn", "ForestClassifier"): read_forest,
    ("sklearn", "ForestRegressor"): read_forest,
    ("sklearn", "BaseGradientBoosting"): read_gradient_boosting,
    ("sklearn", "BaseHistGradientBoosting"): read_histogram_boosting,
}
"""By library and base class, so that no library is imported to find out that a model is not of it."""


def read_trees(model: object, name: str) -> TreeEnsemble:
    """The trees of a fitted model, comparing cells exactly as its library does.

    The scores of the ensemble are the model's predictions before the inverse of the link: log-odds of a boosted
    classifier, probabilities of a forest. A classifier of two classes has one output, the second class.

    Parameters
    ----------
    model
        An XGBoost or LightGBM booster or its scikit-learn interface; or a decision tree, random forest, extra trees,
        gradient boosting or histogram gradient boosting of scikit-learn.
    name
        Begins every message about the model.

    Raises
    ------
    ModelError
        There is no reader for the model, or it does what plain trees cannot say. Such a model can be sampled.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> stump = DecisionTreeRegressor(max_depth=1).fit([[1.0], [2.0]], [10.0, 20.0])
    >>> read_trees(stump, "stump").scores(np.array([[1.0], [5.0]])).ravel()
    array([10., 20.])
    >>> read_trees(len, "len")
    Traceback (most recent call last):
    pellucid.errors.ModelError: len: builtin_function_or_method is no ensemble of trees that can be read. Explain by
    sampling.
    """
    reader = _reader_of(model)
    if reader is None:
        raise ModelError(
            f"{name}: {type(model).__name__} is no ensemble of trees that can be read. Explain by sampling."
        )
    with library_errors(name, "reading the trees"):
        return reader(model, name)


def link_of_trees(model: object, name: str) -> TreeLink | None:
    """Where the trees of a model add up, as far as that is known before they are read, which takes longer.

    Raises
    ------
    ModelError
        The model does not tell its settings.
    """
    if _reader_of(model) is not read_xgboost:
        return None
    with library_errors(name, "reading the settings"):
        return link_of_xgboost(model)


def _reader_of(model: object) -> Reader | None:
    named = ((ancestor.__module__.partition(".")[0], ancestor.__name__) for ancestor in type(model).__mro__)
    return next((_READERS[name] for name in named if name in _READERS), None)
