"""Local values in several files, as Clarify writes them on several machines; of tables each has its own header line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import DataError, Problem
from pellucid.jobs.explanations.writers import LocalValues, local_values_file

__all__ = ["ROWS_PER_PART", "LineParts", "LocalValueParts", "line_parts", "lines_file", "local_value_parts"]

ROWS_PER_PART = 65_536
"""Rows from which a further part begins, unless said otherwise."""


class LocalValueParts:
    """Writes ``out.csv/part-00000.csv`` and so on, with the rows in their order.

    Parameters
    ----------
    folder
        ``out.csv``, which is there.
    features, join
        As for `LocalValues`.
    stack
        Closes the file that is open.
    rows_per_part
        Rows from which a further part begins.
    """

    def __init__(
        self, folder: Path, features: Sequence[str], join: str | None, stack: ExitStack, rows_per_part: int
    ) -> None:
        self._folder, self._features, self._join, self._stack = folder, features, join, stack
        self._rows_per_part = rows_per_part
        self._parts = self._rows = 0
        self._file: LocalValues | None = None

    def write(
        self, values: npt.NDArray[np.float64], labels: Sequence[str], identities: npt.NDArray[Any] | None
    ) -> None:
        """Lines of some rows; see `LocalValues.write`."""
        if self._file is None or self._rows >= self._rows_per_part:
            self._stack.close()
            path = self._folder / f"part-{self._parts:05d}.csv"
            self._file = self._stack.enter_context(local_values_file(path, self._features, self._join))
            self._parts, self._rows = self._parts + 1, 0
        self._file.write(values, labels, identities)
        self._rows += len(values)


@contextmanager
def local_value_parts(
    folder: Path, features: Sequence[str], join: str | None, *, rows_per_part: int = ROWS_PER_PART
) -> Iterator[LocalValueParts]:
    """The folder of local values, whose files are closed with the block."""
    folder.mkdir()
    with ExitStack() as stack:
        yield LocalValueParts(folder, features, join, stack, rows_per_part)


class LineParts:
    """Writes ``out.jsonl/part-00000.jsonl`` and so on, with the lines in their order.

    Parameters
    ----------
    folder
        ``out.jsonl``, which is there.
    stack
        Closes the file that is open.
    rows_per_part
        Lines from which a further part begins.
    """

    def __init__(self, folder: Path, stack: ExitStack, rows_per_part: int) -> None:
        self._folder, self._stack, self._rows_per_part = folder, stack, rows_per_part
        self._lines = 0
        self._file: IO[str] | None = None

    def write(self, line: str) -> int:
        """Write a line, which ends with a line break.

        Raises
        ------
        DataError
            The file cannot be opened.
        """
        if self._file is None or self._lines % self._rows_per_part == 0:
            self._stack.close()
            path = self._folder / f"part-{self._lines // self._rows_per_part:05d}.jsonl"
            self._file = self._stack.enter_context(lines_file(path))
        self._lines += 1
        return self._file.write(line)


@contextmanager
def line_parts(folder: Path, *, rows_per_part: int = ROWS_PER_PART) -> Iterator[LineParts]:
    """The folder of local values of texts, whose files are closed with the block."""
    folder.mkdir()
    with ExitStack() as stack:
        yield LineParts(folder, stack, rows_per_part)


@contextmanager
def lines_file(path: Path) -> Iterator[IO[str]]:
    """A file of lines.

    Raises
    ------
    DataError
        It cannot be opened.
    """
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        fix = f"{error.strerror or error}. Give a folder that can be written with --output."
        raise DataError(Problem("--output", fix=fix)) from None
    with file:
        yield file
