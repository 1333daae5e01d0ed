"""Large CSV files that may be plain, counted in less than half of DuckDB's time and as DuckDB counts them.

Whatever is not as plain as `pellucid.datasets.plain_cells` demands, or not written in the commonest way, is DuckDB's to
read, and to refuse.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from pellucid.counts import ByThreshold, Cube, Key, Value
from pellucid.datasets.at_once import called_at_once
from pellucid.datasets.csv_layout import CsvLayout
from pellucid.datasets.csv_types import CellType
from pellucid.datasets.header_row import MISSING
from pellucid.datasets.plain_cells import MOST_COLUMNS, Coded, Stretch, Unusual, count_rows, stretches
from pellucid.datasets.scan import Scan
from pellucid.processors import available_cpus
from pellucid.records import dataclass

__all__ = ["PlainCsv", "plain_csv"]

Part = tuple[Mapping[tuple[Value, ...], int], Mapping[Key, Sequence[float]]]
"""The rows of each cell, and the numbers met of each column with a threshold."""

PART_BYTES = 2**25
"""Bytes that are worth a thread."""
MOST_THREADS = 4
"""Python itself runs in one at a time."""

_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class PlainCsv:
    """CSV files that may be plain; whether they are shows when they are counted.

    Parameters
    ----------
    layout
        The files and their columns.
    types
        Of the columns, as the first rows have them.
    scan
        The rows as DuckDB reads them, which must count alike.
    """

    layout: CsvLayout
    types: Mapping[str, CellType]
    scan: Scan | None = None

    def head(self, rows: int, columns: Sequence[str]) -> dict[str, list[Value]] | None:
        """The first ``rows`` rows of ``columns``; None where DuckDB has to read them."""
        sample = self.layout.sample[:rows]
        if len(sample) < rows or any(len(row) != len(self.layout.columns) for row in sample):
            return None
        places = [(name, self.layout.columns.index(name), self.types[name]) for name in columns]
        try:
            return {name: [_value(row[place], cell_type) for row in sample] for name, place, cell_type in places}
        except Unusual:
            return None

    def cube(self, keys: Sequence[Key]) -> Cube | None:
        """The rows counted by ``keys``; None where DuckDB has to count them."""
        if not 1 <= len(keys) <= MOST_COLUMNS:
            return None
        paths = self.layout.files.paths
        try:
            parts = [
                part
                for path, has_header in zip(paths, self.layout.header, strict=True)
                for part in stretches(path, _threads(self.layout.files.size()), has_header=has_header)
            ]
            counted = self._in_threads(parts, keys)
        except (Unusual, OSError):
            return None
        if not counted:
            return None
        ends = [_extremes(key, [numbers[key] for _, numbers in counted]) for key in counted[0][1]]
        return Cube.of(
            keys,
            [cell for cells, _ in counted for cell in cells],
            [n for cells, _ in counted for n in cells.values()],
            extremes=dict(end for end in ends if end is not None),
        )

    def _in_threads(self, parts: Sequence[Stretch], keys: Sequence[Key]) -> list[Part]:
        threads = min(len(parts), _threads(self.layout.files.size()))
        shares = [parts[place::threads] for place in range(threads)]
        found: list[Part] = [({}, {})] * len(parts)
        for place, counted in enumerate(called_at_once([partial(self._all_counted, share, keys) for share in shares])):
            found[place::threads] = counted
        return found

    def _all_counted(self, parts: Sequence[Stretch], keys: Sequence[Key]) -> list[Part]:
        return [self._counted(part, keys) for part in parts]

    def _counted(self, part: Stretch, keys: Sequence[Key]) -> Part:
        columns = self.layout.columns
        sides: dict[Key, _Sides] = {
            key: _Sides(key.threshold, self.types[key.column]) for key in keys if isinstance(key, ByThreshold)
        }
        counted_as = [sides.get(key) or _read_as(self.types[key.column]) for key in keys]
        coded = [Coded(columns.index(key.column), read) for key, read in zip(keys, counted_as, strict=True)]
        cells = count_rows(part, len(columns), coded)
        return cells, {key: side.numbers for key, side in sides.items()}


def plain_csv(layout: CsvLayout, types: Mapping[str, CellType], scan: Scan | None = None) -> PlainCsv | None:
    """The files to be counted as they lie; None where they are packed, or not on this machine."""
    files = layout.files
    if files.filesystem is not None or any(path.lower().endswith(".gz") for path in files.paths):
        return None
    # A row of one cell may be an empty line, which DuckDB reads in its own way; so are empty lines before a header row.
    return PlainCsv(layout, types, scan) if len(layout.columns) > 1 and not any(layout.blank_lines) else None


def _threads(size: int) -> int:
    return max(1, min(MOST_THREADS, available_cpus(), size // PART_BYTES))


def _extremes(key: Key, parts: Sequence[Sequence[float]]) -> tuple[Key, tuple[float, float]] | None:
    numbers = [number for part in parts for number in part]
    return (key, (min(numbers), max(numbers))) if numbers else None


class _Sides:
    """Tells the side of a threshold that cells are on.

    Attributes
    ----------
    numbers
        Those of all cells that were told so far.
    """

    def __init__(self, threshold: float, cell_type: CellType) -> None:
        self._threshold = threshold
        self._cell_type = cell_type
        self.numbers: list[float] = []

    def __call__(self, text: str) -> Value:
        if self._cell_type == "VARCHAR" or not math.isfinite(self._threshold):
            raise Unusual
        value = _value(text, self._cell_type)
        if value is None:
            return None
        number = int(value) if self._cell_type == "BIGINT" else float(value)
        self.numbers.append(number)
        return (float(number) > self._threshold) - (float(number) < self._threshold)


def _read_as(cell_type: CellType) -> Callable[[str], Value]:
    return lambda text: _value(text, cell_type)


def _value(text: str, cell_type: CellType) -> Value:
    """The cell as DuckDB reads it, where it is written in the commonest way."""
    missing = text in MISSING
    if cell_type == "VARCHAR":
        return None if missing else text
    if cell_type == "BIGINT" and not missing and _INTEGER.fullmatch(text):
        return int(text)
    if cell_type == "DOUBLE" and (missing or _DECIMAL.fullmatch(text)):
        return None if missing else float(text)
    if cell_type == "BOOLEAN" and (missing or text.lower() in _TRUTH):
        return None if missing else _TRUTH[text.lower()]
    raise Unusual
