"""Counting by Polars, which parses CSV twice as fast as DuckDB, where a file needs none of DuckDB's care.

Polars pads short lines, cuts long ones and takes stray quotes as they come, all in silence. So the bytes are looked at
first. A file without quotes and carriage returns has one reading only: a comma ends a cell, a line feed ends a row. It
has the right number of cells in every line if no last cell is missing and if there are as many commas as so many rows
have. Whatever is not as plain as that is DuckDB's to read, and to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from pellucid.counts import ByValue, Cube, Key, Value
from pellucid.datasets.csv_layout import CsvLayout
from pellucid.datasets.csv_types import CellType
from pellucid.datasets.header_row import MISSING
from pellucid.datasets.memory import has_own_limit
from pellucid.datasets.scan import Scan

__all__ = ["PlainCsv", "plain_csv"]

WORTH_POLARS = 250_000_000
"""Bytes below which loading Polars takes longer than it saves."""
CHUNK = 2**18
"""Bytes looked at together, which stay in the processor's cache."""
COMMA, LINE_FEED = np.uint8(ord(",")), np.uint8(ord("\n"))
NOT_PLAIN = (b'"', b"\r", b"\0")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
_TRUTH = {"true": True, "false": False}


class _Unusual(Exception):
    """The files hold something whose reading is DuckDB's."""


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

    def cube(self, keys: Sequence[Key]) -> Cube | None:
        """The rows counted by values; None where DuckDB has to count them."""
        if not keys or not all(isinstance(key, ByValue) for key in keys):
            return None
        columns = [key.column for key in keys]
        counts: dict[tuple[str | None, ...], int] = {}
        try:
            for path, has_header in zip(self.layout.files.paths, self.layout.header, strict=True):
                for texts, rows in self._counted(path, columns, has_header=has_header):
                    counts[texts] = counts.get(texts, 0) + rows
            types = [self.types[column] for column in columns]
            cells = [tuple(map(_value, texts, types)) for texts in counts]
        except _Unusual:
            return None
        return Cube.of(keys, cells, list(counts.values()))

    def _counted(
        self, path: str, columns: Sequence[str], *, has_header: bool
    ) -> list[tuple[tuple[str | None, ...], int]]:
        """Every combination of texts in ``columns`` of a file, and its number of rows."""
        import polars as pl

        commas, lines = _separators(path)
        names = [f"c{i}" for i in range(len(self.layout.columns))]
        wanted = [names[self.layout.columns.index(column)] for column in columns]
        try:
            frame = pl.scan_csv(
                path,
                has_header=False,
                skip_rows=int(has_header),
                schema=dict.fromkeys(names, pl.String),
                quote_char=None,
                glob=False,
            )
            last_missing = pl.col(names[-1]).is_null().any().alias("last missing")
            found = frame.group_by(wanted).agg(pl.len().alias("rows"), last_missing).collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _Unusual from error
        rows = int(found["rows"].sum())
        expected = rows + has_header, (rows + has_header) * (len(names) - 1)
        if found["last missing"].any() or (lines, commas) != expected:
            raise _Unusual
        return list(zip(found.select(wanted).iter_rows(), found["rows"].to_list(), strict=True))


def plain_csv(layout: CsvLayout, types: Mapping[str, CellType], scan: Scan | None = None) -> PlainCsv | None:
    """The files for Polars to count; None where they or Polars are not on this machine, and where it does not pay."""
    files = layout.files
    if files.filesystem is not None or any(path.lower().endswith(".gz") for path in files.paths):
        return None
    if files.size() < WORTH_POLARS or has_own_limit() or find_spec("polars") is None:
        return None
    if any(len(row) != len(layout.columns) or not row[-1] for row in layout.sample):
        return None  # a last cell may be missing, which cannot be told from a short line
    return PlainCsv(layout, types, scan)


def _separators(path: str) -> tuple[int, int]:
    """Number of commas and of lines in a file."""
    buffer = bytearray(CHUNK)
    seen = np.frombuffer(buffer, dtype=np.uint8)
    commas = lines = 0
    last = LINE_FEED
    with Path(path).open("rb", buffering=0) as file:
        if file.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK:
            raise _Unusual
        file.seek(0)
        while size := file.readinto(buffer):
            if any(buffer.find(mark, 0, size) >= 0 for mark in NOT_PLAIN):
                raise _Unusual
            part = seen[:size]
            commas += int(np.count_nonzero(part == COMMA))
            lines += int(np.count_nonzero(part == LINE_FEED))
            last = part[-1]
    return commas, lines + int(last != LINE_FEED)


def _value(text: str | None, cell_type: CellType) -> Value:
    """The cell as DuckDB reads it, where it is written in the commonest way."""
    missing = text is None or text in MISSING
    if cell_type == "VARCHAR":
        return None if missing else text
    if cell_type == "BIGINT" and not missing and _INTEGER.fullmatch(str(text)):
        return int(str(text))
    if cell_type == "DOUBLE" and (missing or _DECIMAL.fullmatch(str(text))):
        return None if missing else float(str(text))
    if cell_type == "BOOLEAN" and (missing or str(text).lower() in _TRUTH):
        return None if missing else _TRUTH[str(text).lower()]
    raise _Unusual
