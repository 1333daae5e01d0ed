"""Decision trees, forests and gradient boosting of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pellucid.explain.exact.additivity import Floats
from pellucid.explain.exact.tree_ensemble import LEAF, Tree, TreeEnsemble, TreeLink, ensemble_of
from pellucid.models.tree_readers.refusal import refuse

__all__ = ["read_forest", "read_gradient_boosting"]


def read_forest(model: Any, name: str) -> TreeEnsemble:
    """One decision tree or the mean of many: probabilities of classes, or predictions of a regression.

    Raises
    ------
    ModelError
        A classifier of several targets.
    """
    several = hasattr(model, "classes_") and model.n_outputs_ > 1
    refuse(["it classifies several targets at once"] if several else [], name)
    estimators = getattr(model, "estimators_", [model])
    trees = [_tree(estimator.tree_, _leaf_means(estimator) / len(estimators)) for estimator in estimators]
    return ensemble_of(
        trees,
        intercept=np.zeros(trees[0].values.shape[1]),
        features=int(model.n_features_in_),
        single_precision=True,
    )


def read_gradient_boosting(model: Any, name: str) -> TreeEnsemble:
    """Boosted regression trees on top of a constant.

    Raises
    ------
    ModelError
        They start from predictions of another model.
    """
    refuse(_unreadable(model), name)
    steps = model.learning_rate * _steepness(model)
    trees = [
        _tree(estimator.tree_, steps * _leaf_means(estimator), output)
        for stage in model.estimators_
        for output, estimator in enumerate(stage)
    ]
    # There is no public name for the constant of a multi-class model.
    start = model._raw_predict_init(np.zeros((1, model.n_features_in_), dtype=np.float32))[0]  # noqa: SLF001
    return ensemble_of(
        trees,
        intercept=_steepness(model) * start,
        features=int(model.n_features_in_),
        single_precision=True,
        link=_link(model),
    )


def _unreadable(model: Any) -> Iterator[str]:
    start = type(model.init_).__name__
    if not isinstance(model.init_, str) and start not in {"DummyClassifier", "DummyRegressor"}:
        yield f"it starts from the predictions of {start}"


def _link(model: Any) -> TreeLink:
    if not hasattr(model, "classes_"):
        return "identity"
    return "logit" if len(model.classes_) == 2 else "softmax"


def _steepness(model: Any) -> float:
    """Exponential loss reads scores as half the log-odds."""
    return 2.0 if model.loss == "exponential" else 1.0


def _leaf_means(estimator: Any) -> Floats:
    """Predictions of the nodes, shape (nodes, outputs)."""
    values: Floats = np.asarray(estimator.tree_.value, dtype=np.float64)
    if not hasattr(estimator, "classes_"):
        return np.asarray(values[:, :, 0])
    shares = values[:, 0] / values[:, 0].sum(axis=1, keepdims=True)
    return np.asarray(shares[:, 1:] if shares.shape[1] == 2 else shares)


def _tree(tree: Any, values: Floats, output: int = 0) -> Tree:
    # It rounds cells to float32 and compares them, by <=, with thresholds in double precision.
    return Tree(
        feature=np.where(tree.children_left == -1, LEAF, tree.feature),
        threshold=np.array(tree.threshold),
        left=np.array(tree.children_left),
        right=np.array(tree.children_right),
        missing_left=np.array(tree.missing_go_to_left, dtype=np.bool_),
        values=values,
        output=output,
    )
