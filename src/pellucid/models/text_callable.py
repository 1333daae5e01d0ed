"""Functions and estimators that take texts, one by one in a list, and no table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pellucid.errors import ModelError
from pellucid.models.answers import library_errors, read_answer
from pellucid.protocols.model import Batch, Scores
from pellucid.records import dataclass

__all__ = ["TextModel", "takes_texts", "texts_of"]


@dataclass(frozen=True, slots=True, eq=False)
class TextModel:
    """A function that takes a list of texts and returns scores of shape (texts,) or (texts, outputs).

    Parameters
    ----------
    name
        Begins every message about the model.

    Examples
    --------
    >>> import numpy as np
    >>> model = TextModel(lambda texts: [text.count("good") for text in texts], "count")
    >>> model.predict(Batch({"text": np.array(["good good", "bad"], dtype=object)})).values.ravel().tolist()
    [2.0, 0.0]
    """

    function: Callable[[list[str]], Any]
    name: str

    def predict(self, batch: Batch) -> Scores:
        """Scores of every row of ``batch``, in order."""
        texts = texts_of(batch, self.name)
        with library_errors(self.name, "predicting"):
            answer = self.function(texts)
        with library_errors(self.name, "reading the answer"):
            return read_answer(answer, len(batch), self.name)


def texts_of(batch: Batch, model: str) -> list[str]:
    """The one column of a batch as texts; a missing cell is an empty one.

    Raises
    ------
    ModelError
        The batch has more columns.
    """
    if len(batch.columns) != 1:
        raise ModelError(
            f"{model}: takes texts alone, and gets {len(batch.columns)} columns: {', '.join(map(repr, batch.names))}."
            " Leave the others out by `excluded_columns`, or give a pipeline that was fitted on all of them."
        )
    (column,) = batch.columns.values()
    return ["" if cell is None or cell != cell else str(cell) for cell in column.tolist()]


def takes_texts(estimator: Any) -> bool:
    """Whether an estimator of scikit-learn, or the first step of a pipeline, turns texts into numbers.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.linear_model import LogisticRegression
    >>> takes_texts(make_pipeline(TfidfVectorizer(), LogisticRegression())), takes_texts(LogisticRegression())
    (True, False)
    """
    steps = getattr(estimator, "steps", None)
    if steps:
        return takes_texts(steps[0][1])
    inner = getattr(estimator, "best_estimator_", getattr(estimator, "estimator", None))
    if inner is not None:
        return takes_texts(inner)
    return hasattr(estimator, "build_analyzer") and hasattr(estimator, "transform")
