"""Work on a Spark cluster: units go out in rounds of Arrow rows, and each worker process sets the work up once."""

from __future__ import annotations

import pickle
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import field
from typing import Any, cast
from uuid import uuid4

from pellucid.engines.spark_errors import told
from pellucid.engines.spark_session import context_of
from pellucid.engines.work import answered_by, digest_of, result_of
from pellucid.protocols.pool import Pending, Recipe
from pellucid.records import dataclass

__all__ = ["SparkPool", "spark_pool"]

LONG_ROUND = 4.0
"""Seconds that a round should take at least: Spark needs some tenths of one to begin and end it."""
MOST_PER_SLOT = 16
MOST_BYTES = 2**25
LARGE = 2**20
"""Bytes of a recipe that is sent to every machine once, instead of with every round."""
ROUNDS = 2
"""Rounds under way, so that no worker waits for the slowest one of a round."""
COLUMNS = "number bigint, content binary"


@dataclass(slots=True, eq=False)
class _Round:
    """Units that go out together."""

    units: list[bytes] = field(default_factory=list)
    answers: Future[list[bytes]] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    """A recipe on its way to the workers.

    Parameters
    ----------
    content
        The recipe, pickled; or a broadcast variable that holds it.
    digest
        What tells it from others.
    """

    content: Any
    digest: bytes

    @classmethod
    def over(cls, session: Any, recipe: Recipe) -> _Sent:
        """The recipe, ready for the workers of a session."""
        digest, size = digest_of(recipe)
        context = context_of(session) if size > LARGE else None
        return cls(pickle.dumps(recipe) if context is None else context.broadcast(recipe), digest)

    def read(self) -> Recipe:
        """The recipe, on a worker."""
        if isinstance(self.content, bytes):
            return cast("Recipe", pickle.loads(self.content))  # noqa: S301 - written by our own driver
        return cast("Recipe", self.content.value)

    def withdraw(self) -> None:
        """Free what it takes on all machines."""
        if not isinstance(self.content, bytes):
            self.content.destroy()


@dataclass(slots=True, eq=False)
class SparkPool:
    """Does units on the workers of a session; Spark gives a unit to another worker where one is lost.

    Parameters
    ----------
    session
        Classic or Connect.
    recipe
        How a worker sets up the work.
    at_once
        Processors of the cluster.
    """

    session: Any
    recipe: _Sent
    at_once: int
    _size: int = field(init=False)
    _tag: str = field(default_factory=lambda: f"pellucid-{uuid4().hex}", init=False)
    _current: _Round = field(default_factory=_Round, init=False)
    _threads: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._size = self.at_once
        self._threads = ThreadPoolExecutor(ROUNDS, thread_name_prefix="pellucid-spark")

    @property
    def depth(self) -> int:
        """Units worth giving before the result of the first is asked for."""
        return ROUNDS * self._size

    def submit(self, unit: Any) -> Pending:
        """Give a unit to do; it goes out with its round."""
        of = self._current
        of.units.append(pickle.dumps(unit))
        asked = _Asked(self, of, len(of.units) - 1)
        if len(of.units) >= self._size or sum(map(len, of.units)) > MOST_BYTES:
            self.send()
        return asked

    def send(self) -> None:
        """Send the units of the current round."""
        of, self._current = self._current, _Round()
        frame = self._frame(of.units)
        of.answers = self._threads.submit(self._done, frame, len(of.units))
        of.units = []

    def close(self) -> None:
        """End what is under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with suppress(Exception):  # a session that has ended works on nothing
            self.session.interruptTag(self._tag)
        with suppress(Exception):  # nor does it hold anything
            self.recipe.withdraw()

    def _frame(self, units: list[bytes]) -> Any:
        import pyarrow as pa

        rows = pa.table({"number": pa.array(range(len(units)), pa.int64()), "content": pa.array(units, pa.binary())})
        with warnings.catch_warnings():
            # PySpark warns of every pandas 3, of which this needs nothing.
            warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
            return self.session.createDataFrame(rows).mapInArrow(_on_worker(self.recipe), COLUMNS)

    def _done(self, frame: Any, units: int) -> list[bytes]:
        begun = time.monotonic()
        with told():
            self.session.addTag(self._tag)
            rows = frame.toArrow().sort_by("number")
        answers: list[bytes] = rows.column("content").to_pylist()
        if time.monotonic() - begun < LONG_ROUND and units >= self._size:
            self._size = min(2 * self._size, MOST_PER_SLOT * self.at_once)
        return answers


@contextmanager
def spark_pool(session: Any, recipe: Recipe) -> Iterator[SparkPool]:
    """A pool on the workers of a session; what is under way ends with the block.

    Raises
    ------
    ModelError
        The recipe cannot be sent to other processes.
    """
    pool = SparkPool(session, _Sent.over(session, recipe), _processors(session))
    try:
        yield pool
    finally:
        pool.close()


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A unit of a round."""

    pool: SparkPool
    of: _Round
    place: int

    def result(self) -> Any:
        if self.of.answers is None:
            self.pool.send()
        if self.of.answers is None:
            raise RuntimeError("The round of a unit was not sent.")
        return result_of(self.of.answers.result()[self.place])


def _on_worker(recipe: _Sent) -> Callable[[Iterator[Any]], Iterator[Any]]:
    def work(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa

        for batch in batches:
            for number, content in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
                answer = answered_by(recipe.digest, recipe.read, content)
                columns = [pa.array([number], pa.int64()), pa.array([answer], pa.binary())]
                yield pa.RecordBatch.from_arrays(columns, names=["number", "content"])

    return work


def _processors(session: Any) -> int:
    context = context_of(session)
    if context is not None:
        return max(1, int(context.defaultParallelism))
    return max(1, int(session.conf.get("spark.sql.leafNodeDefaultParallelism", "8") or 8))
