"""Predictions for all rows of a data set, in order, with what a job before has left."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import field
from itertools import chain
from typing import Protocol, runtime_checkable

import numpy as np

from pellucid.jobs.prediction_store import PredictionStore
from pellucid.protocols.model import Batch, Model, Scores
from pellucid.records import dataclass

__all__ = ["StreamingModel", "predict_all", "stacked"]

FIRST_ROWS = 1024
MOST_ROWS = 65_536
WANTED_SECONDS = 1.0
"""Work that a killed job may lose."""


@runtime_checkable
class StreamingModel(Protocol):
    """A model that works on several batches at a time, such as one behind HTTP."""

    def predict_stream(self, parts: Iterable[tuple[int, Batch]]) -> Iterator[Scores]:
        """Scores in row order, in pieces that never span two parts; a part is rows and the number of the first."""
        ...


@dataclass(slots=True, eq=False)
class _Part:
    """Some rows of a batch, and the scores found or obtained for them so far."""

    start: int
    batch: Batch
    scores: list[Scores]
    rows: int = 0
    saved: int = 0

    @property
    def full(self) -> bool:
        return self.rows == len(self.batch)


@dataclass(slots=True, eq=False)
class _Planned:
    """A batch and its parts; complete when they cover its rows."""

    rows: int
    parts: list[_Part] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return sum(part.rows for part in self.parts) == self.rows


def predict_all(model: Model, batches: Iterable[Batch], store: PredictionStore | None = None) -> Iterator[Scores]:
    """Scores of every batch, one by one, in order.

    The model is asked in pieces of about a second at most, each kept in ``store`` as soon as it is there; those that an
    earlier run has left are not asked for. A model that streams is given the next batches before the last is answered.

    Parameters
    ----------
    batches
        Rows in order, cut in the same places in every run.
    store
        Where predictions are kept; without one nothing is.

    Yields
    ------
    Scores
        One for each batch, of as many rows.

    Raises
    ------
    ModelError
        The model has no score for a row. What was obtained before is in the store.
    DataError
        The store cannot be written.

    Examples
    --------
    >>> class Age:
    ...     def predict(self, batch):
    ...         return Scores(batch.columns["age"][:, None] / 100)
    >>> batches = [Batch({"age": np.array([25, 50])}), Batch({"age": np.array([75])})]
    >>> [scores.values.ravel().tolist() for scores in predict_all(Age(), batches)]
    [[0.25, 0.5], [0.75]]
    """
    numbered = _numbered(iter(batches))
    for start, batch in numbered:
        kept = _kept_whole(start, batch, store)
        if kept is None:
            yield from _predicted(model, chain([(start, batch)], numbered), store)
            return
        yield kept


def stacked(pieces: list[Scores]) -> Scores:
    """Pieces of scores one below the other; without any, no rows and no columns."""
    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        return Scores(np.empty((0, 0)))
    outputs = pieces[0].outputs if all(piece.outputs == pieces[0].outputs for piece in pieces) else None
    labels = [piece.labels for piece in pieces if piece.labels is not None]
    if len({part.dtype.kind for part in labels}) > 1:
        labels = [part.astype(object) for part in labels]
    return Scores(
        np.concatenate([piece.values for piece in pieces]), outputs, np.concatenate(labels) if labels else None
    )


def _numbered(batches: Iterator[Batch]) -> Iterator[tuple[int, Batch]]:
    start = 0
    for batch in batches:
        yield start, batch
        start += len(batch)


def _kept_whole(start: int, batch: Batch, store: PredictionStore | None) -> Scores | None:
    """Scores of a batch that an earlier run finished."""
    pieces: list[Scores] = []
    done = 0
    while store is not None and done < len(batch):
        kept = store.find(start + done, batch[done:])
        if kept is None:
            return None
        pieces.append(kept)
        done += len(kept.values)
    if store is None or not pieces:
        return None
    store.rows_used += done
    return stacked(pieces)


def _predicted(model: Model, numbered: Iterator[tuple[int, Batch]], store: PredictionStore | None) -> Iterator[Scores]:
    plan: deque[_Planned] = deque()
    awaited: deque[_Part] = deque()
    missing = _missing(numbered, store, plan, awaited)
    pieces = model.predict_stream(missing) if isinstance(model, StreamingModel) else _in_pieces(model, missing)
    last_saved = time.monotonic()
    try:
        for scores in pieces:
            part = awaited[0]
            if store is not None and not np.isfinite(scores.values).all():
                # A record without a score is asked for again by the next run.
                _save(part, store)
                part.saved += len(scores.values)
            part.scores.append(scores)
            part.rows += len(scores.values)
            if store is not None and (part.full or time.monotonic() - last_saved >= WANTED_SECONDS):
                _save(part, store)
                last_saved = time.monotonic()
            if part.full:
                awaited.popleft()
            while plan and plan[0].complete:
                yield stacked([scores for part in plan.popleft().parts for scores in part.scores])
    finally:
        if store is not None and awaited:
            _save(awaited[0], store)
    while plan:
        yield stacked([scores for part in plan.popleft().parts for scores in part.scores])


def _missing(
    numbered: Iterator[tuple[int, Batch]],
    store: PredictionStore | None,
    plan: deque[_Planned],
    awaited: deque[_Part],
) -> Iterator[tuple[int, Batch]]:
    """The rows that nothing is kept for; notes in ``plan`` how the batches are put together."""
    for start, batch in numbered:
        planned = _Planned(len(batch))
        plan.append(planned)
        done = 0
        while done < len(batch):
            if store is not None and (kept := store.find(start + done, batch[done:])) is not None:
                rows = len(kept.values)
                part = _Part(start + done, batch[done : done + rows], [kept], rows=rows, saved=rows)
                planned.parts.append(part)
                store.rows_used += rows
            else:
                until = store.next_start(start + done) if store is not None else None
                rows = len(batch) - done if until is None else min(len(batch), until - start) - done
                part = _Part(start + done, batch[done : done + rows], [])
                planned.parts.append(part)
                awaited.append(part)
                yield part.start, part.batch
            done += rows


def _in_pieces(model: Model, parts: Iterable[tuple[int, Batch]]) -> Iterator[Scores]:
    """Ask a model that takes one batch at a time, in batches of about a second at most."""
    rows = FIRST_ROWS
    for _, batch in parts:
        done = 0
        while done < len(batch):
            piece = batch[done : done + rows]
            begun = time.perf_counter()
            scores = model.predict(piece)
            seconds = time.perf_counter() - begun
            yield scores
            done += len(piece)
            if len(piece) == rows:
                rows = max(1, min(MOST_ROWS, 4 * rows, int(rows * WANTED_SECONDS / max(seconds, 1e-6))))


def _save(part: _Part, store: PredictionStore) -> None:
    """Keep what was obtained for a part since the last time."""
    if part.saved == part.rows:
        return
    new, rows = [], part.rows
    for scores in reversed(part.scores):
        if rows <= part.saved:
            break
        new.append(scores)
        rows -= len(scores.values)
    store.add(part.start + part.saved, part.batch[part.saved : part.rows], stacked(new[::-1]))
    part.saved = part.rows
