"""Histogram gradient boosting of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.exact.tree_ensemble import LEAF, Integers, Tree, TreeEnsemble, TreeLink, ensemble_of
from pellucid.models.tree_readers.refusal import refuse

__all__ = ["read_histogram_boosting"]


def read_histogram_boosting(model: Any, name: str) -> TreeEnsemble:
    """Boosted trees that compare in double precision.

    Raises
    ------
    ModelError
        Categories that are text.
    """
    known = _known_categories(model)
    refuse(_unreadable(known), name)
    original = _original_positions(model)
    trees = [
        _tree(predictor, output, original, known)
        # scikit-learn publishes the number of trees, not the trees.
        for stage in model._predictors  # noqa: SLF001
        for output, predictor in enumerate(stage)
    ]
    return ensemble_of(
        trees,
        intercept=model._baseline_prediction[0],  # noqa: SLF001
        features=int(model.n_features_in_),
        link=_link(model),
    )


def _known_categories(model: Any) -> list[npt.NDArray[Any]]:
    """Sorted categories of the features that have some, in the order in which the trees see them: first."""
    if model.is_categorical_ is None:
        return []
    encoder = model._preprocessor.named_transformers_["encoder"]  # noqa: SLF001
    return [np.asarray(categories) for categories in encoder.categories_]


def _unreadable(known: list[npt.NDArray[Any]]) -> Iterator[str]:
    texts = [categories for categories in known if categories.dtype.kind not in "biuf"]
    if texts:
        yield f"it knows categories by value (such as {texts[0][0]!r}), and its trees only see their codes"


def _original_positions(model: Any) -> Integers:
    """Position of each of the trees' features in the rows; categories stand first for the trees."""
    if model.is_categorical_ is None:
        return np.arange(model.n_features_in_)
    return np.argsort(~model.is_categorical_, kind="stable")


def _link(model: Any) -> TreeLink:
    if not hasattr(model, "classes_"):
        return "log" if model.loss in {"gamma", "poisson"} else "identity"
    return "logit" if len(model.classes_) == 2 else "softmax"


def _tree(predictor: Any, output: int, original: Integers, known: list[npt.NDArray[Any]]) -> Tree:
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"].astype(np.bool_)
    missing_left = nodes["missing_go_to_left"].astype(np.bool_)
    categories = {
        int(node): known[nodes["feature_idx"][node]][_codes(predictor, nodes["bitset_idx"][node])]
        for node in np.flatnonzero(~is_leaf & nodes["is_categorical"].astype(np.bool_))
    }
    # An unknown category goes where a missing cell goes, so name those that go the other way.
    turned = np.isin(np.arange(len(nodes)), list(categories)) & missing_left
    for node in np.flatnonzero(turned).tolist():
        every = known[nodes["feature_idx"][node]]
        categories[node] = every[~np.isnan(every) & ~np.isin(every, categories[node])]
    return Tree(
        feature=np.where(is_leaf, LEAF, original[nodes["feature_idx"]]),
        threshold=nodes["num_threshold"].astype(np.float64),
        left=np.where(turned, nodes["right"], nodes["left"]).astype(np.int64),
        right=np.where(turned, nodes["left"], nodes["right"]).astype(np.int64),
        missing_left=missing_left & ~turned,
        values=np.where(is_leaf, nodes["value"], 0.0)[:, None],
        output=output,
        categories={node: found.tolist() for node, found in categories.items()},
    )


def _codes(predictor: Any, row: int) -> Integers:
    """Codes that go left: the bits of eight 32-bit words."""
    words = predictor.raw_left_cat_bitsets[row]
    return np.flatnonzero(np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little"))
