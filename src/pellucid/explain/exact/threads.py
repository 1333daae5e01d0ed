"""Pieces of work on several threads, whose results are used one after the other in the order of the pieces.

NumPy and SciPy let other threads work during their calls, so that pieces of large arrays take a part of the time. As
results are used in order, sums of them do not depend on the number of threads.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from pellucid.processors import available_cpus

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["allowed_threads", "used_in_order"]

T = TypeVar("T")
R = TypeVar("R")


def allowed_threads() -> int:
    """Threads that this process may use: ``OMP_NUM_THREADS`` where it is set, or one for each processor it may use.

    Several worker processes of a job have that variable, as the threads of models and of linear algebra heed it.
    """
    told = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if told.isdecimal() and int(told):
        return int(told)
    return available_cpus()


def used_in_order(items: Iterable[T], work: Callable[[T], R], use: Callable[[T, R], None], threads: int) -> None:
    """``use(item, work(item))`` for each item, in their order.

    Parameters
    ----------
    items
        Taken by the thread that calls, at most ``threads`` ahead of the one whose result is used, so that no more
        results wait.
    work
        Called by ``threads`` threads at the same time; its exceptions are raised here, and those of any call end all.
    use
        Called by the thread that calls.

    Examples
    --------
    >>> found = []
    >>> used_in_order([3, 1, 2], lambda item: item * item, lambda item, square: found.append((item, square)), 2)
    >>> found
    [(3, 9), (1, 1), (2, 4)]
    """
    if threads == 1:
        for item in items:
            use(item, work(item))
        return
    from concurrent.futures import ThreadPoolExecutor

    given: deque[tuple[T, Future[R]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="pellucid-trees")
    try:
        for item in items:
            given.append((item, pool.submit(work, item)))
            if len(given) > threads:
                _use_first(given, use)
        while given:
            _use_first(given, use)
    finally:
        # After a fault or Ctrl-C nothing is begun, and only what is being worked on is waited for.
        pool.shutdown(wait=True, cancel_futures=True)


def _use_first(given: deque[tuple[T, Future[R]]], use: Callable[[T, R], None]) -> None:
    item, future = given.popleft()
    use(item, future.result())
