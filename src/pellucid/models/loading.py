"""What every loader of a model file is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field

from pellucid.errors import ModelError, UnusableModel
from pellucid.processors import available_cpus
from pellucid.records import dataclass

__all__ = ["Loading", "opening"]


@dataclass(frozen=True, slots=True)
class Loading:
    """How a model is to be loaded.

    Parameters
    ----------
    name
        What the user called the model; every message about it begins so.
    allow_pickle
        Whether files may be loaded that run code of theirs.
    threads
        Threads that one prediction may use, at least 1.
    categorical
        Columns of the rows at hand that are categories of pandas.
    """

    name: str
    allow_pickle: bool = False
    threads: int = field(default_factory=available_cpus)
    categorical: tuple[str, ...] = ()


@contextmanager
def opening() -> Iterator[None]:
    """Within this context a model that cannot be loaded is wrong input.

    Raises
    ------
    UnusableModel
        It cannot be loaded; the error of the library stays attached as the cause.
    """
    try:
        yield
    except UnusableModel:
        raise
    except ModelError as error:
        raise UnusableModel(str(error)) from error.__cause__
