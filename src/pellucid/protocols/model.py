"""What a model must be able to do: take rows, give scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Batch", "Model", "Scores"]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some rows of a data set, column by column, as they were read.

    Parameters
    ----------
    columns
        One array of shape (rows,) per feature, in the model's order: int64, float64 or bool for columns of numbers, and
        object arrays of str for text. Missing values are nan in float columns and None in object columns; whole numbers
        and booleans with missing values come as object arrays. Images are one column: (images, height, width, 3).
    """

    columns: Mapping[str, npt.NDArray[Any]]

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names, in order."""
        return tuple(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, rows: slice | npt.NDArray[Any]) -> Batch:
        return Batch({name: values[rows] for name, values in self.columns.items()})


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What a model says of a batch.

    Parameters
    ----------
    values
        Scores, shape (rows, outputs).
    outputs
        Names of the outputs, if the model knows them: class names of a classifier, in the order of the scores.
    labels
        Predicted labels, shape (rows,), where the model answers with labels; scores may then have no columns.
    """

    values: npt.NDArray[np.float64]
    outputs: Sequence[str] | None = None
    labels: npt.NDArray[Any] | None = None


class Model(Protocol):
    """A model, wherever it runs."""

    def predict(self, batch: Batch) -> Scores:
        """Scores of every row of ``batch``, in order.

        Raises
        ------
        ModelError
            The model does not answer, or answers something that is no score for every row.
        """
        ...
