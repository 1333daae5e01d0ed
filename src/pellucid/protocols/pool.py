"""Who does the parts of a long computation: this process, others on the machine, or a cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

__all__ = ["Pending", "Pool", "Recipe", "Workers", "in_order"]


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


Workers = Callable[[Recipe], AbstractContextManager[Pool]]
"""Other processes: opens a pool of them that does the work of a recipe, and ends with the block."""


def in_order(pool: Pool, units: Iterable[Any]) -> Iterator[Any]:
    """The results of units in their order, no more of them under way than keep the pool busy.

    Raises
    ------
    PellucidError
        A unit failed; later ones may be under way.
    """
    window: deque[Pending] = deque()
    for unit in units:
        window.append(pool.submit(unit))
        if len(window) > pool.depth:
            yield window.popleft().result()
    while window:
        yield window.popleft().result()
