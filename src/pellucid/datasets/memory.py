"""How much memory DuckDB may take, and where it puts what does not fit."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from weakref import finalize

from pellucid.records import dataclass

__all__ = ["MemoryLimit", "connection_settings", "memory_limited"]

SPILLED = "pellucid-duckdb-"
"""What folders begin with, followed by the number of the process that made them."""
JUST_MADE = 60.0
"""Seconds in which a folder that nobody holds may belong to a process that is about to hold it."""


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

    A job opens its connections in many places, of which none but this one has to do with memory. What earlier processes
    left behind because they were killed is removed at its beginning.
    """
    _remove_abandoned(Path(tempfile.gettempdir()))
    with _held_folder() as folder:
        token = _LIMIT.set(MemoryLimit(bytes=size, folder=folder))
        try:
            yield
        finally:
            _LIMIT.reset(token)


def connection_settings() -> dict[str, str | bool | int | float | list[str]]:
    """The settings of DuckDB that follow from the limit in force."""
    limit = _LIMIT.get()
    if limit is None:
        # The default would leave a folder .tmp where the process runs.
        return {"temp_directory": _folder_of_library_calls(os.getpid())}
    if limit.bytes is None:
        return {"temp_directory": limit.folder}
    return {"temp_directory": limit.folder, "memory_limit": f"{limit.bytes}B"}


@contextmanager
def _held_folder() -> Iterator[str]:
    """A folder that only this user reads, held while the block lasts and removed with it."""
    process = os.getpid()
    folder = tempfile.mkdtemp(prefix=f"{SPILLED}{process}-")
    held = _hold(Path(folder))
    try:
        yield folder
    finally:
        if os.getpid() == process:  # a fork that ends leaves it to the process that still spills there
            shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            os.close(held)


@cache
def _folder_of_library_calls(process: int) -> str:
    """A folder as long as the process, whose relations may spill whenever they are used."""
    holding = _held_folder()
    folder = holding.__enter__()
    finalize(_folder_of_library_calls, holding.__exit__, None, None, None)
    return folder


def _hold(folder: Path) -> int | None:
    """Lock a folder until its descriptor is closed, by the system if need be; None where another process holds it.

    Numbers of processes would not do: they are given again, and differ between containers that share the folder.
    """
    try:
        import fcntl
    except ImportError:  # Windows, where abandoned folders are left to the system
        return None
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor
    return None


def _remove_abandoned(parent: Path) -> None:
    """Remove folders of processes that were killed; those of other users, and what is in use, stay."""
    for folder in parent.glob(f"{SPILLED}*-*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime < JUST_MADE or folder.is_symlink():
                continue
            held = _hold(folder)
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)
