"""DuckDB without the parts of its package that take longer to load than a small file to count."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any

from pellucid.records import dataclass

__all__ = ["LateConnection", "duckdb_engine", "with_relations"]


def duckdb_engine() -> ModuleType:
    """The module with DuckDB's connections and errors.

    The compiled part of the package has both, and loads in a third of the time of the whole. Where there is no
    module of that name, the package is loaded as a whole.
    """
    try:
        return import_module("_duckdb")
    except ImportError:
        return import_module("duckdb")


def with_relations(connection: Any) -> Any:
    """The same connection, which makes relations too: loading the whole package gives these methods to all."""
    import duckdb  # noqa: F401 - see above

    return connection


@dataclass(frozen=True, eq=False)
class LateConnection:
    """A connection that is made when it is first used: files may be counted without any.

    Parameters
    ----------
    connect
        Makes it.
    """

    connect: Callable[[], Any]

    @cached_property
    def _connection(self) -> Any:
        return self.connect()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
