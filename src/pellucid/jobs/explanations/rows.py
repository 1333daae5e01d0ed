"""Rows of a data set in pieces of equal length, however they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from pellucid.protocols.model import Batch

__all__ = ["joined", "pieces_of", "reading", "sampled"]


@contextmanager
def reading(batches: Iterator[Batch]) -> Iterator[Iterator[Batch]]:
    """Batches for the length of the block; what their engine holds is let go with it, also where the block fails."""
    try:
        yield batches
    finally:
        close = getattr(batches, "close", None)
        if close is not None:
            close()


def pieces_of(batches: Iterable[Batch], rows: int) -> Iterator[Batch]:
    """The same rows in pieces of ``rows``, the last one shorter.

    >>> [len(piece) for piece in pieces_of([Batch({"a": np.arange(3)}), Batch({"a": np.arange(4)})], 2)]
    [2, 2, 2, 1]
    """
    waiting: list[Batch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) < rows:
            continue
        together = joined(waiting)
        whole = len(together) // rows * rows
        for start in range(0, whole, rows):
            yield together[start : start + rows]
        waiting = [together[whole:]] if whole < len(together) else []
    if any(map(len, waiting)):
        yield joined(waiting)


def sampled(batches: Iterable[Batch], total: int, rows: int, seed: int) -> Batch:
    """At most ``rows`` of ``total`` rows, drawn without replacement, in their order."""
    chosen = np.arange(total)
    if total > rows:
        chosen = np.sort(np.random.default_rng([seed, total]).choice(total, rows, replace=False))
    start, parts = 0, []
    for batch in batches:
        inside = chosen[(chosen >= start) & (chosen < start + len(batch))]
        parts.append(batch[inside - start])
        start += len(batch)
    return joined(parts)


def joined(batches: list[Batch]) -> Batch:
    """Batches one below the other, at least one."""
    if len(batches) == 1:
        return batches[0]
    columns = {}
    for name in batches[0].names:
        parts = [batch.columns[name] for batch in batches]
        if len({part.dtype for part in parts}) > 1 and any(part.dtype.kind in "bO" for part in parts):
            parts = [part.astype(object) for part in parts]
        columns[name] = np.concatenate(parts)
    return Batch(columns)
