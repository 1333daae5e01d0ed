"""The files of local values, as Clarify writes them: a baseline, and a line per row as soon as it is explained."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import DataError, Problem
from pellucid.protocols.model import Batch

__all__ = ["FOLDER", "LocalValues", "disk_faults_told", "local_values_file", "write_baseline"]

FOLDER = "explanations_shap"


def write_baseline(path: Path, baseline: Batch) -> None:
    """``baseline.csv``: the names of the features, then one line per row; missing cells are empty.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    columns = [column.tolist() for column in baseline.columns.values()]
    with disk_faults_told(), path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(baseline.names)
        writer.writerows([_cell(cell) for cell in row] for row in zip(*columns, strict=True))


class LocalValues:
    """Writes ``out.csv``: a column per feature and label, features first, then the join column.

    Parameters
    ----------
    file
        Open for text.
    features
        Names of the explained features.
    join
        Name of the column that identifies the rows, if there is one.
    """

    def __init__(self, file: Any, features: Sequence[str], join: str | None) -> None:
        self._file, self._writer = file, csv.writer(file, lineterminator="\n")
        self._features, self._join = features, join
        self._begun = False

    def write(
        self, values: npt.NDArray[np.float64], labels: Sequence[str], identities: npt.NDArray[Any] | None
    ) -> None:
        """Lines of some rows.

        Parameters
        ----------
        values
            Shape (rows, features, labels).
        labels
            Names of the outputs.
        identities
            Cells of the join column, shape (rows,).

        Raises
        ------
        DataError
            The file cannot be written.
        """
        if not self._begun:
            header = [f"{feature}_{label}" for label in labels for feature in self._features]
            self._writer.writerow([*header, *([] if self._join is None else [self._join])])
            self._begun = True
        rows = values.transpose(0, 2, 1).reshape(len(values), -1)
        with disk_faults_told():
            if identities is None or identities.dtype.kind in "iu":
                self._file.write(_lines_of_numbers(rows, identities))
            else:
                cells = map(_cell, identities.tolist())
                self._writer.writerows([*row, cell] for row, cell in zip(rows.tolist(), cells, strict=True))


@contextmanager
def disk_faults_told() -> Iterator[None]:
    """Within this context a disk that refuses becomes a `DataError`."""
    try:
        yield
    except OSError as error:
        fix = f"{error.strerror or error}. Give a folder that can be written with --output."
        raise DataError(Problem("--output", fix=fix)) from None


@contextmanager
def local_values_file(path: Path, features: Sequence[str], join: str | None) -> Iterator[LocalValues]:
    """The file of local values, open for the length of the block."""
    with path.open("w", encoding="utf-8", newline="") as file:
        yield LocalValues(file, features, join)


def _cell(value: Any) -> Any:
    return "" if value is None or value != value else value


def _lines_of_numbers(rows: npt.NDArray[np.float64], identities: npt.NDArray[np.integer] | None) -> str:
    """What a CSV writer would write; it looks for quotes in every cell, which takes a third of its time."""
    cells = map(float.__repr__, rows.ravel().tolist())
    columns: list[Iterator[str]] = [cells] * rows.shape[1]
    if identities is not None:
        columns.append(map(str, identities.tolist()))
    return "".join([f"{','.join(line)}\n" for line in zip(*columns, strict=True)])
