"""Who does the parts of a long computation: this process, others on the machine, or a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["Pending", "Pool", "Recipe"]


class Recipe(Protocol):
    """How the work is set up; it is pickled, and set up once in every process that works."""

    def opened(self) -> Callable[[Any], Any]:
        """The work: takes a unit, gives its result.

        Raises
        ------
        PellucidError
            What the work needs cannot be had in this process.
        """
        ...


class Pending(Protocol):
    """The result of a unit, now or later."""

    def result(self) -> Any:
        """The result, as soon as it is there.

        Raises
        ------
        PellucidError
            What the work raised, or there is nothing left to do it.
        """
        ...


class Pool(Protocol):
    """Does units of work; which one is done where, and when, changes no result."""

    @property
    def depth(self) -> int:
        """Units worth giving before the result of the first is asked for; 0 where each is done as it is given."""
        ...

    @property
    def at_once(self) -> int:
        """Units that are worked on at the same time."""
        ...

    def submit(self, unit: Any) -> Pending:
        """Give a unit to do."""
        ...
