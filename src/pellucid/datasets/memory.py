"""How much memory DuckDB may take, and where it puts what does not fit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["MemoryLimit", "connection_settings", "has_own_limit", "memory_limited"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryLimit:
    """What every connection is opened with.

    Parameters
    ----------
    bytes
        Memory of each connection; None for DuckDB's own limit, most of the machine's memory.
    folder
        Where rows go that do not fit.
    """

    bytes: int | None
    folder: str


_LIMIT: ContextVar[MemoryLimit | None] = ContextVar("memory limit of the job", default=None)


@contextmanager
def memory_limited(size: int | None) -> Iterator[None]:
    """Within this context no connection takes more than ``size`` bytes, and what is spilled is removed at its end.

    A job opens its connections in many places, of which none but this one has to do with memory.
    """
    with tempfile.TemporaryDirectory(prefix="pellucid-duckdb-", ignore_cleanup_errors=True) as folder:
        token = _LIMIT.set(MemoryLimit(bytes=size, folder=folder))
        try:
            yield
        finally:
            _LIMIT.reset(token)


def has_own_limit() -> bool:
    """Whether the user said how much memory may be taken, which is a promise that DuckDB alone can keep."""
    limit = _LIMIT.get()
    return limit is not None and limit.bytes is not None


def connection_settings() -> dict[str, str | bool | int | float | list[str]]:
    """The settings of DuckDB that follow from the limit in force."""
    limit = _LIMIT.get()
    if limit is None:
        # The default would leave a folder .tmp where the process runs.
        return {"temp_directory": f"{tempfile.gettempdir()}/pellucid-duckdb"}
    if limit.bytes is None:
        return {"temp_directory": limit.folder}
    return {"temp_directory": limit.folder, "memory_limit": f"{limit.bytes}B"}
