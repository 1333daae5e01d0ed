"""Trees of LightGBM boosters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pellucid.explain.exact.tree_ensemble import LEAF, Tree, TreeEnsemble, TreeLink, ensemble_of
from pellucid.models.tree_readers.refusal import refuse

__all__ = ["read_lightgbm"]

_LINKS: Mapping[str, TreeLink] = {
    "binary": "logit",
    "cross_entropy": "logit",
    "custom": "identity",
    "fair": "identity",
    "gamma": "log",
    "huber": "identity",
    "lambdarank": "identity",
    "mape": "identity",
    "multiclass": "softmax",
    "multiclassova": "logit",
    "poisson": "log",
    "quantile": "identity",
    "rank_xendcg": "identity",
    "regression": "identity",
    "regression_l1": "identity",
    "tweedie": "log",
}


def read_lightgbm(model: Any, name: str) -> TreeEnsemble:
    """The trees of a ``lightgbm.Booster`` or ``lightgbm.LGBMModel``; after early stopping up to the best iteration.

    Raises
    ------
    ModelError
        Linear leaves, categories by value, unknown objectives.
    """
    booster = getattr(model, "booster_", model)
    dump = booster.dump_model()
    objective, *options = str(dump.get("objective") or "custom").split(" ")
    refuse(_unreadable(dump, objective, options), name)
    outputs = int(dump["num_tree_per_iteration"])
    scale = _steepness(options)
    if dump["average_output"]:
        scale /= len(dump["tree_info"]) / outputs
    trees = [_tree(tree["tree_structure"], int(tree["tree_index"]) % outputs, scale) for tree in dump["tree_info"]]
    return ensemble_of(
        trees,
        intercept=np.zeros(outputs),
        features=int(dump["max_feature_idx"]) + 1,
        whole_categories=True,
        link=_LINKS[objective],
    )


def _unreadable(dump: Mapping[str, Any], objective: str, options: list[str]) -> Iterator[str]:
    if objective not in _LINKS or "sqrt" in options:
        shown = " ".join([objective, *options])
        yield f"of its objective {shown!r} it is not known how leaves become predictions"
    if not dump["tree_info"]:
        yield "it has no trees"
    if dump["pandas_categorical"]:
        yield "it knows categories by value, and its trees only see their codes"
    if any("leaf_features" in leaf for tree in dump["tree_info"] for leaf in _nodes(tree["tree_structure"])):
        yield "its leaves are linear functions (linear_tree)"


def _steepness(options: list[str]) -> float:
    """LightGBM may multiply scores before the sigmoid."""
    return next((float(option.partition(":")[2]) for option in options if option.startswith("sigmoid:")), 1.0)


def _nodes(root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every node below ``root``, itself first, a parent before its children."""
    nodes = [root]
    for node in nodes:
        nodes += [node[child] for child in ("left_child", "right_child") if child in node]
    return nodes


def _tree(root: Mapping[str, Any], output: int, scale: float) -> Tree:
    nodes = _nodes(root)
    number = {id(node): position for position, node in enumerate(nodes)}
    values = [scale * node["leaf_value"] if "left_child" not in node else 0.0 for node in nodes]
    return Tree(
        feature=np.array([node.get("split_feature", LEAF) for node in nodes]),
        threshold=np.array([_threshold(node) for node in nodes]),
        left=np.array([number.get(id(node.get("left_child")), 0) for node in nodes]),
        right=np.array([number.get(id(node.get("right_child")), 0) for node in nodes]),
        missing_left=np.array([_missing_left(node) for node in nodes]),
        values=np.array(values)[:, None],
        output=output,
        zero_is_missing=np.array([node.get("missing_type") == "Zero" and not _categorical(node) for node in nodes]),
        categories={
            position: [float(category) for category in node["threshold"].split("||")]
            for position, node in enumerate(nodes)
            if _categorical(node)
        },
    )


def _categorical(node: Mapping[str, Any]) -> bool:
    return bool(node.get("decision_type") == "==")


def _threshold(node: Mapping[str, Any]) -> float:
    return 0.0 if _categorical(node) else float(node.get("threshold", 0.0))


def _missing_left(node: Mapping[str, Any]) -> bool:
    """A missing category goes right; a missing number as the node says, or as zero does if it says nothing."""
    if _categorical(node):
        return False
    if node.get("missing_type") == "None":
        return _threshold(node) >= 0
    return bool(node.get("default_left", False))
