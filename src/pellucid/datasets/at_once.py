"""Functions called at the same time: what ``concurrent.futures`` does, without the modules that it loads for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Thread
from typing import TypeVar

__all__ = ["called_at_once"]

T = TypeVar("T")


def called_at_once(functions: Sequence[Callable[[], T]]) -> list[T]:
    """What the functions return, in their order; the first is called by this thread and the others by one each.

    The first exception in the order of the functions is raised, when all have ended; Ctrl-C waits for none of them.

    Examples
    --------
    >>> called_at_once([lambda: 1, lambda: 2])
    [1, 2]
    """
    results: dict[int, T] = {}
    faults: dict[int, Exception] = {}

    def call(place: int) -> None:
        try:
            results[place] = functions[place]()
        except Exception as fault:  # noqa: BLE001 - it is raised below, in the thread that waits
            faults[place] = fault

    threads = [Thread(target=call, args=(place,), daemon=True) for place in range(1, len(functions))]
    for thread in threads:
        thread.start()
    if functions:
        call(0)
    for thread in threads:
        thread.join()
    for place in sorted(faults):
        raise faults[place]
    return [results[place] for place in range(len(functions))]
