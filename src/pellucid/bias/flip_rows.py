"""The flip test of one analysis: the one metric that needs rows, which are read when it is asked for."""

from __future__ import annotations

import zlib
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.bias.flip_test import Flips, count_flips
from pellucid.bias.groups import Group
from pellucid.bias.selection import Chosen
from pellucid.config.bias_request import BiasRequest
from pellucid.errors import AnalysisError
from pellucid.protocols.table import Table

__all__ = ["FlipRows"]

NOT_NUMERIC = "FlipTest does not support non-numeric columns"
MIXED_WITH_GAPS = "Input contains NaN"


class FlipRows:
    """The rows as the flip test needs them, read when first asked for."""

    def __init__(self, table: Table, predicted: Chosen) -> None:
        self.table = table
        self._predicted = predicted
        self._columns: tuple[str, ...] | None = None
        self._features: npt.NDArray[Any] = np.empty((0, 0))

    @cached_property
    def positive(self) -> npt.NDArray[np.bool_]:
        """Which rows are predicted positive, shape (rows,)."""
        return self._predicted.rows(self.table)

    def features(self, columns: tuple[str, ...]) -> npt.NDArray[Any]:
        """Shape (rows, columns); integers where scikit-learn searches them by the route of integers.

        It does where all columns hold integers or truth values, and where truth values stand beside whole floats.

        The last matrix is kept: all values of a facet are compared by the same columns.
        """
        if columns != self._columns:
            matrix: npt.NDArray[Any] = self.table.numbers(columns)
            types = {self.table.columns[column] for column in columns}
            whole = types == {"integer"} or "boolean" in types
            whole = whole and bool(np.isfinite(matrix).all() and (matrix == np.rint(matrix)).all())
            self._features = matrix.astype(np.int64) if whole else matrix
            self._columns = columns
        return self._features

    def flips(self, group: Group, request: BiasRequest) -> Flips | AnalysisError:
        """Compare the rows of the group with their neighbours outside it; the error is Clarify's where it has one."""
        features = tuple(column for column in request.features if column not in group.chosen)
        if any(self.table.columns[column] in ("text", "category") for column in features):
            return AnalysisError(NOT_NUMERIC)
        member = np.logical_and.reduce([chosen.rows(self.table) for chosen in group.chosen.values()])
        matrix = self.features(features)
        flags = [i for i, column in enumerate(features) if self.table.columns[column] == "boolean"]
        if np.isnan(matrix[:, flags]).any():  # to Clarify's reader, truth values with gaps are no truth values
            return AnalysisError(NOT_NUMERIC)
        mixed = 0 < len(flags) < len(features)
        if mixed and np.isnan(matrix[member]).any() and not np.isnan(matrix[~member]).any():
            return AnalysisError(MIXED_WITH_GAPS)  # the search words it so where gaps come up in what it is asked for
        try:
            return count_flips(
                matrix[~member],
                self.positive[~member],
                matrix[member],
                self.positive[member],
                sample=request.flip_test_sample,
                rng=np.random.default_rng([request.seed, zlib.crc32(f"{group.column}\0{group.printed}".encode())]),
            )
        except AnalysisError as error:
            return error
