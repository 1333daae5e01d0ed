"""Work in this process, or in several on this machine where that is worth starting them."""

from __future__ import annotations

import math
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import field
from typing import Any

from pellucid.engines.work import answered, result_of
from pellucid.errors import ModelError
from pellucid.explain.one_thread import one_thread
from pellucid.protocols.pool import Pending, Recipe
from pellucid.records import dataclass

__all__ = ["WORTH_STARTING", "LocalPool", "local_pool"]

WORTH_STARTING = 6.0
"""Seconds of work that must be left, by the times of the first units, for further processes: each takes about two to
start and to load its model."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), "1")


@dataclass(slots=True, eq=False)
class LocalPool:
    """Does units here, or hands them to processes.

    Parameters
    ----------
    work
        Does a unit in this process.
    recipe
        How another process sets up the same work; None where none can.
    workers
        Processes to start; None for one per processor, if the times of the first units say that it is worth it.
    processors
        Processors of this machine that may be used.
    total
        Number of all units.
    """

    work: Callable[[Any], Any]
    recipe: Recipe | None
    workers: int | None
    processors: int
    total: int
    _given: int = field(default=0, init=False)
    _fastest: float = field(default=math.inf, init=False)
    _executor: Any = field(default=None, init=False)
    _recipe: bytes = field(default=b"", init=False)

    @property
    def depth(self) -> int:
        """Units worth giving before the result of the first is asked for."""
        return 0 if self._executor is None else 2 * self.at_once

    @property
    def at_once(self) -> int:
        """Units that are worked on at the same time."""
        return 1 if self._executor is None else int(self._executor._max_workers)  # noqa: SLF001 - it tells no other way

    def submit(self, unit: Any) -> Pending:
        """Give a unit to do; the first is done at once unless a number of workers was asked for."""
        self._given += 1
        if self._executor is None and self.recipe is not None and (self.workers or 0) > 1 and self.total > 1:
            self._start(min(self.workers or 1, self.total))
        if self._executor is not None:
            return _Handed(self._executor.submit(answered, self._recipe, pickle.dumps(unit)))
        begun = time.monotonic()
        with one_thread():
            result = self.work(unit)
        self._start_if_worth_it(time.monotonic() - begun)
        done: Future[Any] = Future()
        done.set_result(result)
        return done

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=True)

    def _start_if_worth_it(self, seconds: float) -> None:
        if self.workers is not None or self.recipe is None or self.processors < 2:
            return
        self._fastest, left = min(self._fastest, seconds), self.total - self._given
        # The first unit imports and builds what the others find ready: alone it counts only where that cannot be all.
        if (self._given > 1 or seconds > WORTH_STARTING) and left * self._fastest > WORTH_STARTING:
            self._start(min(self.processors, left))

    def _start(self, workers: int) -> None:
        from joblib.externals.loky import ProcessPoolExecutor

        self._recipe = pickle.dumps(self.recipe)
        self._executor = ProcessPoolExecutor(
            workers, timeout=60, initializer=_begin, initargs=(os.getpid(),), env=dict(ONE_THREAD)
        )
        with _signals_left():
            self._executor.submit(os.getpid)  # starts the processes, which inherit what is ignored here


@contextmanager
def local_pool(
    work: Callable[[Any], Any], recipe: Recipe | None, *, workers: int | None, processors: int, total: int
) -> Iterator[LocalPool]:
    """A pool on this machine, whose processes end with the block; see `LocalPool`."""
    pool = LocalPool(work, recipe, workers, processors, total)
    try:
        yield pool
    finally:
        pool.close()


@dataclass(frozen=True, slots=True, eq=False)
class _Handed:
    """A unit that a process works on."""

    future: Future[bytes]

    def result(self) -> Any:
        from joblib.externals.loky.process_executor import BrokenProcessPool

        try:
            answer = self.future.result()
        except BrokenProcessPool:
            raise ModelError(
                "A worker process ended in the middle of its work, most likely because memory ran out. "
                "Use fewer of them with --workers; what is finished is not explained again."
            ) from None
        return result_of(answer)


@contextmanager
def _signals_left() -> Iterator[None]:
    """Processes started in this context leave Ctrl-C to this one, which ends them."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread, where no signal arrives
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin(parent: int) -> None:
    """Leave Ctrl-C to the process that started this one, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
