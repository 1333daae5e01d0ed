"""Rows in Parquet that Spark counts; what needs the order of the rows is read as the local engine reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.counts import Cube, Key, Value
from pellucid.engines.batches import BATCH_ROWS
from pellucid.engines.frames import FrameTable
from pellucid.engines.spark_errors import told
from pellucid.protocols.model import Batch
from pellucid.protocols.table import ColumnType, LocalTable, Selection
from pellucid.records import dataclass

__all__ = ["SparkTable", "counted_alike", "readable_by_spark", "spark_frame"]

SPARK_TYPES = {
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
    "DOUBLE": "double",
    "INTEGER": "int",
    "SMALLINT": "smallint",
    "TINYINT": "tinyint",
    "VARCHAR": "string",
}
"""Types that the reader may have given a column, and what Spark calls them; any other one is as in the file."""
ALIKE = re.compile(
    r"(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER|FLOAT|DOUBLE|DECIMAL\(.*\)|BOOLEAN|VARCHAR|ENUM\(.*\)"
    r"|BLOB|DATE|TIMESTAMP|TIMESTAMP_S|TIMESTAMP_MS)"
)
"""Types whose cells Spark tells apart and gives as DuckDB does. It has no whole number above 2**63."""
UNREADABLE = re.compile(r"UUID|INTERVAL|TIME|TIME WITH TIME ZONE|TIME_NS|TIMESTAMP_NS")
"""Types that keep Spark from reading any column of a file of Parquet."""
LEAVES = re.compile(r"[^\[\](),\"]+")


def counted_alike(kind: str) -> bool:
    """Whether Spark has the same cells of a column that DuckDB calls ``kind``.

    >>> counted_alike("DECIMAL(9,2)"), counted_alike("UBIGINT"), counted_alike("INTEGER[]")
    (True, False, False)
    """
    return ALIKE.fullmatch(kind) is not None


def readable_by_spark(kind: str) -> bool:
    """Whether Spark reads files with a column that DuckDB calls ``kind``, or with a list or record of it.

    >>> readable_by_spark("TIMESTAMP WITH TIME ZONE"), readable_by_spark("TIME"), readable_by_spark("STRUCT(a UUID[])")
    (True, False, False)
    """
    if kind.startswith("ENUM("):
        return True
    leaves = [leaf.strip() for leaf in LEAVES.findall(kind)]
    return not any(UNREADABLE.fullmatch(leaf) or UNREADABLE.fullmatch(leaf.partition(" ")[2]) for leaf in leaves)


def spark_frame(session: Any, files: Sequence[str], types: Mapping[str, str]) -> Any:
    """A Spark frame over Parquet files, its columns in the types that the local reader decided.

    Parameters
    ----------
    files
        Paths or addresses that every machine of the cluster can read.
    types
        DuckDB's name of the type of every column that is wanted, in order.

    Raises
    ------
    DataError
        Spark cannot read the files.
    """
    with told():
        frame = session.read.parquet(*map(_address, files))
        stored = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
        columns = [_column(name, stored.get(name), kind) for name, kind in types.items()]
        return frame.selectExpr(*columns)


def _address(path: str) -> str:
    """S3 under the name that Hadoop gives it; a path of this machine as such, whatever Spark's default file system."""
    if "://" in path:
        return path.replace("s3://", "s3a://", 1)
    from pathlib import Path

    # Hadoop takes these characters for a pattern of names.
    uri = Path(path).absolute().as_posix()
    for character in "\\*?[]{}":
        uri = uri.replace(character, f"\\{character}")
    return f"file://{uri}"


def _column(name: str, stored: str | None, kind: str) -> str:
    quoted, wanted = "`" + name.replace("`", "``") + "`", SPARK_TYPES.get(kind)
    if kind == "TIMESTAMP" and stored == "timestamp":
        # The local reader gives moments in UTC. A cast would give them in the time zone of the session.
        seconds = f"CAST(unix_micros({quoted}) AS decimal(20, 0)) / 1000000"
        return f"TIMESTAMP_NTZ'1970-01-01 00:00:00' + make_dt_interval(0, 0, 0, {seconds}) AS {quoted}"
    return quoted if wanted is None or wanted == stored else f"CAST({quoted} AS {wanted}) AS {quoted}"


@dataclass(frozen=True)
class SparkTable:
    """A `Table` whose cubes Spark counts, but for those by columns of which it would have other cells.

    Parameters
    ----------
    local
        The same rows, read by the engine of this machine. What depends on their order, or wants the rows themselves,
        comes from here, and so is the same to the last bit.
    frame
        The Spark frame.
    alike
        Columns of which it has the same cells.
    """

    local: LocalTable
    frame: Any
    alike: frozenset[str]

    @cached_property
    def _counted(self) -> FrameTable:
        return FrameTable(self.frame, told)

    @property
    def columns(self) -> Mapping[str, ColumnType]:
        """Names and types of the columns, in order."""
        return self.local.columns

    def head(self, rows: int, columns: Sequence[str]) -> dict[str, list[Value]]:
        """The first ``rows`` rows of ``columns``; missing values are None."""
        return self.local.head(rows, columns)

    def cube(self, keys: Sequence[Key], *, weights: str | None = None) -> Cube:
        """Count the rows by ``keys`` in one pass of the cluster."""
        return self._counting(*(key.column for key in keys), *filter(None, [weights])).cube(keys, weights=weights)

    def distinct(self, column: str) -> int:
        """Number of distinct values of ``column``, missing ones left out."""
        return self._counting(column).distinct(column)

    def first_seen(self, column: str, values: Sequence[Value]) -> list[Value]:
        """``values``, all of which occur in ``column``, in order of their first row."""
        return self.local.first_seen(column, values)

    def mask(self, selection: Selection) -> npt.NDArray[np.bool_]:
        """Which rows are selected, shape (rows,)."""
        return self.local.mask(selection)

    def numbers(self, columns: Sequence[str]) -> npt.NDArray[np.float64]:
        """Numeric and boolean columns as numbers, shape (rows, columns); missing values are nan."""
        return self.local.numbers(columns)

    def batches(self, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """The rows of ``columns`` in order, at most ``rows`` at a time."""
        return self.local.batches(columns, rows)

    def where(self, selections: Sequence[Selection], *, negate: bool = False) -> SparkTable | LocalTable:
        """The rows that any of ``selections`` selects, or with ``negate`` all the others."""
        local = self.local.where(selections, negate=negate)
        if not self.alike.issuperset(selection.column for selection in selections):
            return local
        return SparkTable(local, self._counted.where(selections, negate=negate).frame, self.alike)

    def _counting(self, *columns: str) -> FrameTable | LocalTable:
        return self._counted if self.alike.issuperset(columns) else self.local
