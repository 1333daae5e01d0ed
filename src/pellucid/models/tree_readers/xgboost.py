"""Trees of XGBoost boosters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pellucid.explain.exact.additivity import Floats
from pellucid.explain.exact.tree_ensemble import LEAF, Tree, TreeEnsemble, TreeLink, ensemble_of
from pellucid.models.tree_readers.refusal import refuse

__all__ = ["link_of_xgboost", "read_xgboost"]

_LINKS: Mapping[str, TreeLink] = {
    "binary:logistic": "logit",
    "binary:logitraw": "identity",
    "count:poisson": "log",
    "multi:softmax": "softmax",
    "multi:softprob": "softmax",
    "rank:map": "identity",
    "rank:ndcg": "identity",
    "rank:pairwise": "identity",
    "reg:absoluteerror": "identity",
    "reg:gamma": "log",
    "reg:logistic": "logit",
    "reg:pseudohubererror": "identity",
    "reg:quantileerror": "identity",
    "reg:squarederror": "identity",
    "reg:squaredlogerror": "identity",
    "reg:tweedie": "log",
}


def read_xgboost(model: Any, name: str) -> TreeEnsemble:
    """The trees of an ``xgboost.Booster`` or ``xgboost.XGBModel``; after early stopping those up to the best iteration.

    Raises
    ------
    ModelError
        Linear boosters, trees of vectors, categories by value, unknown objectives, another value for missing cells.
    """
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    learner = json.loads(booster.save_raw("json"))["learner"]
    objective = learner["objective"]["name"]
    refuse(_unreadable(model, learner, objective), name)
    boosted = learner["gradient_booster"]
    # Trees that were dropped out in training count with a weight.
    weights = boosted.get("weight_drop")
    forest = boosted["gbtree"]["model"] if boosted["name"] == "dart" else boosted["model"]
    count = _trees_used(booster, forest)
    trees = [
        _tree(tree, output, 1.0 if weights is None else weights[position])
        for position, (tree, output) in enumerate(zip(forest["trees"][:count], forest["tree_info"], strict=False))
    ]
    return ensemble_of(
        trees,
        intercept=_intercept(learner, objective),
        features=int(learner["learner_model_param"]["num_feature"]),
        single_precision=True,
        whole_categories=True,
        link=_LINKS[objective],
    )


def link_of_xgboost(model: Any) -> TreeLink | None:
    """Where the trees add up, told by the settings alone; None where only reading the trees can tell."""
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    learner = json.loads(booster.save_config())["learner"]
    has_trees = learner["gradient_booster"]["name"] in {"gbtree", "dart"}
    return _LINKS.get(learner["objective"]["name"]) if has_trees else None


def _unreadable(model: Any, learner: Mapping[str, Any], objective: str) -> Iterator[str]:
    boosted = learner["gradient_booster"]
    if boosted["name"] not in {"gbtree", "dart"}:
        yield f"its booster is {boosted['name']!r}, which has no trees"
        return
    if objective not in _LINKS:
        yield f"of its objective {objective!r} it is not known how leaves become predictions"
    forest = boosted["gbtree"]["model"] if boosted["name"] == "dart" else boosted["model"]
    if not forest["trees"]:
        yield "it has no trees"
    if any(int(tree["tree_param"]["size_leaf_vector"]) > 1 for tree in forest["trees"]):
        yield "its leaves hold vectors (multi_strategy 'multi_output_tree')"
    if any(known["values"] for known in forest.get("cats", {}).get("enc", [])):
        yield "it knows categories by value, and its trees only see their codes"
    missing = getattr(model, "missing", None)
    if missing is not None and not np.isnan(missing):
        yield f"it takes {missing!r} for a missing cell"


def _trees_used(booster: Any, forest: Mapping[str, Any]) -> int:
    best = booster.attr("best_iteration")
    ends: list[int] = forest["iteration_indptr"]
    return ends[-1] if best is None else ends[int(best) + 1]


def _tree(tree: Mapping[str, Any], output: int, weight: float) -> Tree:
    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    is_leaf = left == -1
    conditions = np.array(tree["split_conditions"], dtype=np.float32)
    missing_left = np.array(tree["default_left"], dtype=np.bool_)
    categories = _categories(tree)
    # The categories of a node go right in XGBoost.
    turned = np.isin(np.arange(len(left)), list(categories))
    return Tree(
        feature=np.where(is_leaf, LEAF, np.array(tree["split_indices"])),
        # A row goes left where its cell is less than the condition.
        threshold=np.nextafter(conditions, np.float32(-np.inf)).astype(np.float64),
        left=np.where(turned, right, left),
        right=np.where(turned, left, right),
        missing_left=missing_left ^ turned,
        values=np.where(is_leaf, conditions.astype(np.float64) * weight, 0.0)[:, None],
        output=output,
        categories=categories,
    )


def _categories(tree: Mapping[str, Any]) -> dict[int, list[float]]:
    slices = zip(tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True)
    return {node: tree["categories"][start : start + size] for node, start, size in slices}


def _intercept(learner: Mapping[str, Any], objective: str) -> Floats:
    """The base score in margin, one for each output."""
    parameters = learner["learner_model_param"]
    outputs = max(int(parameters["num_class"]), int(parameters.get("num_target", 1)), 1)
    base = np.array(json.loads(parameters["base_score"]), dtype=np.float64)
    # It is stored as a prediction.
    if _LINKS[objective] == "logit":
        base = np.log(base / (1 - base))
    elif _LINKS[objective] == "log":
        base = np.log(base)
    return np.asarray(np.broadcast_to(base, outputs))
