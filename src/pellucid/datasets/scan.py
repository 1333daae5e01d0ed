"""Rows that a statement of DuckDB yields whenever they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pellucid.datasets.duckdb_engine import with_relations
from pellucid.records import dataclass

__all__ = ["Scan", "relation_of"]


@dataclass(frozen=True, eq=False)
class Scan:
    """A SELECT statement of a DuckDB connection, counted as it is, and a relation where one is needed.

    Parameters
    ----------
    connection
        What runs the statement.
    statement
        The SELECT; it is run as often as rows are asked for.
    types
        DuckDB's names of the types of the columns, by column, in order.
    """

    connection: Any
    statement: str
    types: Mapping[str, str]

    @cached_property
    def relation(self) -> Any:
        """The rows as a `duckdb.DuckDBPyRelation`; loads the rest of DuckDB's package."""
        return with_relations(self.connection).sql(self.statement)


def relation_of(rows: Any) -> Any:
    """The lazy frame of ``rows``, which are one or a `Scan`."""
    return rows.relation if isinstance(rows, Scan) else rows
