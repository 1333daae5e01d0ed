"""Local values that wait for their totals: in memory while they are few, in a file that nobody sees beyond."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType

import numpy as np
import numpy.typing as npt

from pellucid.explain.attributions import Attributions
from pellucid.explain.loadings import Aggregation
from pellucid.explain.local_rows import LocalRows, rows_of_a_piece
from pellucid.jobs.explanations.writers import disk_faults_told

__all__ = ["IN_MEMORY", "SpilledRows"]

Floats = npt.NDArray[np.float64]

IN_MEMORY = 32 * 2**20
"""Bytes from which rows go to the file."""


class SpilledRows:
    """Values, errors and what else global values need of all rows, read back as often as needed, some rows at a time.

    A context manager: what is on disk goes with the block.

    Parameters
    ----------
    aggregation
        What the rows are for.
    folder
        Where the file is made, if it is needed; None for the folder of temporary files. It takes 32 bytes per row,
        feature and output.
    """

    def __init__(self, aggregation: Aggregation, folder: Path | None = None) -> None:
        self._aggregation = aggregation
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY, dir=None if folder is None else str(folder))  # noqa: SIM115 - closed by __exit__
        self._players = self._outputs = 0

    def __enter__(self) -> SpilledRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def outputs(self) -> int:
        """Outputs of the model."""
        return self._outputs

    def add(self, found: Attributions) -> None:
        """Add some rows, whose blocks are not before those of earlier ones.

        Raises
        ------
        DataError
            The disk is full.
        """
        rows, self._players, self._outputs = found.values.shape
        loadings = found.loadings_for(self._aggregation)
        of_rows = (found.base_values, found.noise_shares, found.learnt, found.blocks)
        odd_parts = np.zeros(found.values.shape) if found.odd_parts is None else found.odd_parts
        parts = (found.values, found.standard_errors, loadings, odd_parts, *of_rows)
        together = np.concatenate([np.asarray(part, dtype=float).reshape(rows, -1) for part in parts], axis=1)
        with disk_faults_told():
            self._file.write(together.tobytes())

    def pieces(self) -> Iterator[LocalRows]:
        """All rows, in pieces whose length does not depend on how they were added."""
        size = self._players * self._outputs
        for block in self._blocks_of_rows():
            values, errors, loadings, odd_parts = (
                block[:, start : start + size].reshape(len(block), self._players, self._outputs)
                for start in range(0, 4 * size, size)
            )
            noise_shares, learnt, blocks = block[:, -3:].T
            yield LocalRows(values, errors, loadings, odd_parts, learnt == 1, noise_shares, blocks.astype(np.intp))

    def base_values(self) -> Iterator[Floats]:
        """Base values of all rows, in the same pieces, shape (rows, outputs)."""
        size = self._players * self._outputs
        for block in self._blocks_of_rows():
            yield block[:, 4 * size : 4 * size + self._outputs]

    def _blocks_of_rows(self) -> Iterator[Floats]:
        width = 4 * self._players * self._outputs + self._outputs + 3
        step = rows_of_a_piece(self._players, self._outputs)
        start = 0
        while True:
            self._file.seek(start)  # others may have read in between
            read = self._file.read(step * width * 8)
            if not read:
                return
            start += len(read)
            yield np.frombuffer(read).reshape(-1, width)
