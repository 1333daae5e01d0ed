"""Estimators and pipelines with scikit-learn's interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from pellucid.errors import ModelError
from pellucid.models.answers import class_scores, labels_of, library_errors, read_answer
from pellucid.models.categories import categories_of
from pellucid.models.inputs import cells, frame, in_order_of, of_width, trained_names
from pellucid.models.lightgbm import without_blanks
from pellucid.models.python_callable import rows_for, rows_taken
from pellucid.models.text_callable import takes_texts, texts_of
from pellucid.protocols.model import Batch, Scores
from pellucid.records import dataclass

__all__ = ["EstimatorModel"]


@dataclass(frozen=True, slots=True, eq=False)
class EstimatorModel:
    """A fitted estimator or pipeline; it gets rows in the form in which it was fitted.

    Fitted on a data frame, it gets a pandas data frame with its columns in the order of training, text as text and
    missing cells as nan. Fitted on an array, it gets an array: of float64, or of objects if any column is text. A
    pipeline that begins with a vectorizer of texts gets a list of texts.

    A classifier with ``predict_proba`` gives the probability of the second of two classes, or of each of more. Other
    classifiers give labels, regressors their predictions.

    Parameters
    ----------
    estimator
        The fitted object.
    name
        Begins every message about the model.
    texts
        Whether it takes a list of texts, also where this does not show.
    categories
        Values of the columns that were pandas categories in training of a booster, in the order of their codes.
    known_only
        Whether other values in them are refused; else they are missing cells, as the library takes them.
    underscored
        Whether training wrote blanks in names as underscores, as LightGBM does.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> majority = DummyClassifier(strategy="prior").fit([[0], [0], [0], [0]], ["no", "no", "no", "yes"])
    >>> scores = EstimatorModel(majority, "majority").predict(Batch({"age": np.array([30, 40])}))
    >>> scores.values.ravel(), scores.outputs
    (array([0.25, 0.25]), ('yes',))
    """

    estimator: Any
    name: str
    texts: bool = False
    categories: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    known_only: bool = False
    underscored: bool = False

    def predict(self, batch: Batch) -> Scores:
        """Scores of every row of ``batch``, in order."""
        if hasattr(self.estimator, "predict_proba"):
            probabilities = self._call(self.estimator.predict_proba, batch)
            if isinstance(probabilities, list):
                raise ModelError(
                    f"{self.name}: classifies {len(probabilities)} targets at once. Give a model of one target."
                )
            return class_scores(probabilities, self._classes(), len(batch), self.name)
        answer = self._call(self.estimator.predict, batch)
        if self._classes() is not None:
            return labels_of(answer, len(batch), self.name)
        return read_answer(answer, len(batch), self.name)

    def _classes(self) -> list[Any] | None:
        classes = getattr(self.estimator, "classes_", None)
        return None if classes is None else list(classes)

    def _call(self, method: Any, batch: Batch) -> Any:
        rows = self._rows(method, batch)
        with library_errors(self.name, "predicting"):
            return method(rows)

    def _rows(self, method: Any, batch: Batch) -> Any:
        if self.texts or takes_texts(self.estimator):
            return texts_of(batch, self.name)
        names = trained_names(getattr(self.estimator, "feature_names_in_", None))
        if names:
            ordered = in_order_of(without_blanks(batch) if self.underscored else batch, names, self.name)
            refused_for = self.name if self.known_only else None
            return frame(ordered, categories_of(ordered, self.categories, refused_for=refused_for))
        width = getattr(self.estimator, "n_features_in_", None)
        if width is not None:
            return cells(of_width(batch, int(width), self.name), self.name)
        return rows_for(rows_taken(method), batch, self.name)
