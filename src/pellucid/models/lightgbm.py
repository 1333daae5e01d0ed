"""LightGBM boosters: text files of ``Booster.save_model``, and objects in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pellucid.errors import require
from pellucid.models.answers import class_scores, library_errors, scores_of
from pellucid.models.categories import coded
from pellucid.models.inputs import in_order_of, matrix, of_width, trained_names
from pellucid.models.lightgbm_categories import categories_of_features
from pellucid.models.loading import Loading
from pellucid.protocols.model import Batch, Scores
from pellucid.records import dataclass

__all__ = ["LightGBMModel", "categories_of_lightgbm", "lightgbm_model", "load_lightgbm", "without_blanks"]


@dataclass(frozen=True, slots=True, eq=False)
class LightGBMModel:
    """A booster: the probability of the second of two classes or of each of more, or the prediction of a regression.

    Parameters
    ----------
    booster
        The ``lightgbm.Booster``.
    name
        Begins every message about the model.
    categories
        Values of the features that were a pandas categorical column in training, in the order of their codes; text is
        allowed in them. A value that is none of them is missing to LightGBM.
    threads
        Threads of one prediction.
    """

    booster: Any
    name: str
    categories: Mapping[str, Sequence[Any]]
    threads: int

    def predict(self, batch: Batch) -> Scores:
        """Scores of every row of ``batch``, in order."""
        features = trained_names(self.booster.feature_name())
        if features:
            batch = in_order_of(without_blanks(batch), features, self.name)
        codes, _ = coded(of_width(batch, self.booster.num_feature(), self.name), self.categories)
        rows = matrix(codes, self.name)
        with library_errors(self.name, "predicting"):
            answer = self.booster.predict(rows, num_threads=self.threads)
        if self.booster.num_model_per_iteration() > 1:
            return class_scores(answer, range(answer.shape[1]), len(batch), self.name)
        return scores_of(answer, len(batch), self.name)


def without_blanks(batch: Batch) -> Batch:
    """The names as LightGBM writes them, with underscores in the place of blanks."""
    if not any(" " in name for name in batch.names):
        return batch
    return batch.selected({name.replace(" ", "_"): name for name in batch.names})


def lightgbm_model(booster: Any, loading: Loading) -> LightGBMModel:
    """The adapter of a booster in memory.

    Raises
    ------
    ModelError
        It cannot be told which features its categories belong to.
    """
    with library_errors(loading.name, "reading the booster"):
        return LightGBMModel(booster, loading.name, categories_of_lightgbm(booster, loading), loading.threads)


def load_lightgbm(path: Path, loading: Loading) -> LightGBMModel:
    """A booster from a text file.

    Raises
    ------
    ModelError
        The file is no LightGBM model.
    MissingExtra
        LightGBM is not installed.
    """
    lightgbm = require("lightgbm", extra="lightgbm")
    with library_errors(loading.name, "loading"):
        booster = lightgbm.Booster(model_file=str(path))
    return lightgbm_model(booster, loading)


def categories_of_lightgbm(booster: Any, loading: Loading) -> dict[str, Sequence[Any]]:
    """Values of the categories of each feature that was a pandas categorical column.

    Raises
    ------
    ModelError
        It cannot be told which features these are.
    """
    known = booster.pandas_categorical or []
    if not known:
        return {}
    text = booster.model_to_string(num_iteration=1)
    line = next(line for line in text.splitlines() if line.startswith("feature_infos="))
    ranges = line.removeprefix("feature_infos=").split(" ")
    return categories_of_features(booster.feature_name(), ranges, known, loading.name, loading.categorical)
