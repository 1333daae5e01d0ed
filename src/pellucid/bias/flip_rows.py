"""The flip test of one analysis: the one metric that needs rows, which are read when it is asked for."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.bias.flip_test import Flips, count_flips
from pellucid.bias.groups import Group
from pellucid.bias.selection import Chosen
from pellucid.config.bias_request import BiasRequest
from pellucid.errors import AnalysisError, MissingExtra
from pellucid.protocols.pool import Workers
from pellucid.protocols.table import Table

__all__ = ["FlipRows"]

NOT_NUMERIC = "FlipTest does not support non-numeric columns"
MIXED_WITH_GAPS = "Input contains NaN"

LARGEST_INTEGER = 2.0**63
"""From here on whole floats are no integers of 64 bits."""


class FlipRows:
    """The rows as the flip test needs them, read when first asked for.

    Parameters
    ----------
    workers
        Other processes that find the neighbours. Where they lack a package, this process does, ``progress`` is told
        and ``notes`` say so; the numbers are the same.

    Attributes
    ----------
    notes
        What is to be told of how the work was done; complete when all groups were compared.
    """

    def __init__(
        self,
        table: Table,
        predicted: Chosen,
        workers: Workers | None = None,
        progress: Callable[[str], None] = lambda step: None,
    ) -> None:
        self.table = table
        self._predicted = predicted
        self._workers = workers
        self._progress = progress
        self.notes: tuple[str, ...] = ()
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
            whole = whole and bool((np.abs(matrix) < LARGEST_INTEGER).all() and (matrix == np.rint(matrix)).all())
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
        seed = [request.seed, zlib.crc32(f"{group.column}\0{group.printed}".encode())]
        try:
            return self._counted(matrix, member, sample=request.flip_test_sample, seed=seed)
        except AnalysisError as error:
            return error

    def _counted(
        self, matrix: npt.NDArray[Any], member: npt.NDArray[np.bool_], *, sample: int | None, seed: list[int]
    ) -> Flips:
        a, d = matrix[~member], matrix[member]

        def counted(workers: Workers | None) -> Flips:
            positive_a, positive_d = self.positive[~member], self.positive[member]
            rng = np.random.default_rng(seed)
            return count_flips(a, positive_a, d, positive_d, sample=sample, rng=rng, workers=workers)

        try:
            return counted(self._workers)
        except MissingExtra as error:
            if self._workers is None:
                raise
            self._workers = None
            self._progress(f"flip test on this machine. {error}")
            self.notes = (*self.notes, f"The machine that started the job did the flip test. {error}")
            return counted(None)
