"""XGBoost boosters: JSON and UBJSON files, and objects in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError, require
from pellucid.models.answers import class_scores, labels_of, library_errors, scores_of
from pellucid.models.categories import coded, unknown_refused
from pellucid.models.inputs import in_order_of, matrix, of_width
from pellucid.models.loading import Loading
from pellucid.protocols.model import Batch, Scores
from pellucid.records import dataclass

__all__ = ["XGBoostModel", "categories_of_xgboost", "load_xgboost", "xgboost_model"]


@dataclass(frozen=True, slots=True, eq=False)
class XGBoostModel:
    """A booster. Its objective decides what it answers.

    ``binary:logistic`` gives the probability of the second class, ``multi:softprob`` that of each class,
    ``multi:softmax`` the number of the class as a label; all others give what XGBoost gives. Missing cells are nan,
    which trees send their own way. After early stopping the best iteration is used, as XGBoost's
    interface for scikit-learn does, and not all trees, as ``Booster.predict`` does.

    Parameters
    ----------
    booster
        The ``xgboost.Booster``.
    name
        Begins every message about the model.
    objective
        Name of the objective, such as ``binary:logistic``.
    linear
        Whether the booster is ``gblinear``, which cannot predict in place.
    categories
        Values of the features whose categories are stored in the model, in the order of their codes; text is allowed in
        them. Other features of categories hold codes, as in training.
    threads
        Threads of one prediction.
    """

    booster: Any
    name: str
    objective: str
    linear: bool
    categories: Mapping[str, tuple[str | int, ...]]
    threads: int

    def predict(self, batch: Batch) -> Scores:
        """Scores of every row of ``batch``, in order."""
        features = self.booster.feature_names
        batch = in_order_of(batch, features, self.name) if features else batch
        rows = self._rows(of_width(batch, self.booster.num_features(), self.name))
        with library_errors(self.name, "predicting"):
            answer = self._answer(rows)
        if self.objective == "multi:softmax":
            return labels_of(answer.astype(np.int64), len(batch), self.name)
        if self.objective == "multi:softprob":
            return class_scores(answer, range(answer.shape[1]), len(batch), self.name)
        return scores_of(answer, len(batch), self.name)

    def _rows(self, batch: Batch) -> npt.NDArray[np.float32]:
        batch, unknown = coded(batch, self.categories)
        unknown_refused(unknown, self.categories, self.name)
        # XGBoost compares in single precision, so that more would be converted by it.
        return matrix(batch, self.name, np.float32)

    def _answer(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        best = self.booster.attr("best_iteration")
        trees = (0, 0) if best is None else (0, int(best) + 1)
        if not self.linear:
            return np.asarray(self.booster.inplace_predict(rows, iteration_range=trees, validate_features=False))
        xgboost = require("xgboost", extra="xgboost")
        whole = xgboost.DMatrix(rows, nthread=self.threads)
        return np.asarray(self.booster.predict(whole, validate_features=False))


def xgboost_model(booster: Any, loading: Loading) -> XGBoostModel:
    """The adapter of a booster in memory, whose number of threads it sets.

    Raises
    ------
    ModelError
        The booster is not trained.
    """
    with library_errors(loading.name, "reading the booster"):
        booster.set_param({"nthread": loading.threads})
        learner = json.loads(booster.save_config())["learner"]
        categories = categories_of_xgboost(booster)
    return XGBoostModel(
        booster,
        loading.name,
        objective=learner["objective"]["name"],
        linear=learner["gradient_booster"]["name"] == "gblinear",
        categories=categories,
        threads=loading.threads,
    )


def load_xgboost(path: Path, loading: Loading) -> XGBoostModel:
    """A booster from a file of ``Booster.save_model``.

    Raises
    ------
    ModelError
        The file is no model of the installed XGBoost.
    MissingExtra
        XGBoost is not installed.
    """
    xgboost = require("xgboost", extra="xgboost")
    contents = path.read_bytes()
    booster = xgboost.Booster()
    try:
        with library_errors(loading.name, "loading"):
            # Of a file XGBoost would guess the format by the extension, and SageMaker's has none.
            booster.load_model(bytearray(contents))
    except ModelError as error:
        if contents[:1] == b"{":
            raise
        raise ModelError(
            f"{error}. It is neither JSON nor UBJSON. XGBoost before 1.6 wrote a binary format that XGBoost since 3.1"
            " cannot read: load the file with XGBoost 2 and save it as .ubj."
        ) from error
    return xgboost_model(booster, loading)


def categories_of_xgboost(booster: Any) -> dict[str, tuple[str | int, ...]]:
    """Values of the categories of each feature, where the booster knows them."""
    if "c" not in (booster.feature_types or ()):
        return {}
    gradient_booster = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
    trees = gradient_booster.get("gbtree", gradient_booster)["model"]
    encoded = trees.get("cats", {}).get("enc", [])
    named = zip(booster.feature_names or (), encoded, strict=False)
    return {name: _values(known) for name, known in named if known["values"]}


def _values(encoded: Mapping[str, list[int]]) -> tuple[str | int, ...]:
    """Categories as XGBoost stores them: whole numbers, or the signed bytes of all texts in a row."""
    if "offsets" not in encoded:
        return tuple(encoded["values"])
    text = bytes(byte % 256 for byte in encoded["values"])
    ends = encoded["offsets"]
    # XGBoost 3.2 cuts texts that are not ASCII; what is left of them equals no cell, which is then refused.
    return tuple(text[start:end].decode("utf-8", "replace") for start, end in pairwise(ends))
