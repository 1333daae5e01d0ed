"""Exact medians and quantiles of more numbers than memory holds: found digit by digit, as a radix sort would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

__all__ = ["order_statistics", "quantiles"]

Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]

DIGIT = 8
"""Bits found in one pass: 8 passes over the numbers, and 256 counts per column and rank."""
SIGN = np.uint64(1 << 63)


def quantiles(pieces: Callable[[], Iterable[Floats]], rows: int, shares: Sequence[float]) -> Floats:
    """Quantiles of every column, linear between order statistics as NumPy's are.

    Parameters
    ----------
    pieces
        Gives all rows anew at every call, in pieces of shape (rows, columns), without nan.
    rows
        Number of all rows, at least 1.
    shares
        Each in [0, 1].

    Returns
    -------
    Shape (shares, columns).

    Examples
    --------
    >>> column = np.array([[4.0], [1.0], [3.0], [2.0]])
    >>> quantiles(lambda: [column[:3], column[3:]], 4, [0.5, 0.0]).ravel().tolist()
    [2.5, 1.0]
    """
    places = (rows - 1) * np.asarray(shares, dtype=float)
    below = np.floor(places).astype(np.int64)
    above = np.minimum(below + 1, rows - 1)
    found = order_statistics(pieces, [*below.tolist(), *above.tolist()])
    low, high = found[: len(places)], found[len(places) :]
    part = (places - below)[:, None]
    # From the nearer end, so that the two ends themselves come out exactly.
    return np.asarray(np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part)))


def order_statistics(pieces: Callable[[], Iterable[Floats]], ranks: Sequence[int]) -> Floats:
    """The numbers of the given ranks of every column, 0 being the smallest.

    Parameters
    ----------
    pieces
        As for `quantiles`.
    ranks
        Each less than the number of rows.

    Returns
    -------
    Shape (ranks, columns).
    """
    held = list(islice(pieces(), 2))
    if len(held) == 1:
        return _numbers(np.sort(_keys(held[0]), axis=0)[list(ranks)])
    found: Keys | None = None
    left: npt.NDArray[np.int64] | None = None
    for shift in range(64 - DIGIT, -1, -DIGIT):
        counts = _counts(pieces, found, shift)
        columns = len(next(iter(counts.values()))) if found is None else found.shape[1]
        if found is None or left is None:
            found = np.zeros((len(ranks), columns), dtype=np.uint64)
            left = np.repeat(np.asarray(ranks, dtype=np.int64)[:, None], columns, axis=1)
        for place in np.ndindex(found.shape):
            passed = counts[int(found[place])][place[1]].cumsum()
            digit = int(np.searchsorted(passed, left[place], side="right"))
            left[place] -= passed[digit - 1] if digit else 0
            found[place] = (int(found[place]) << DIGIT) | digit
    if found is None:
        raise ValueError("A number has at least one digit.")
    return _numbers(found)


def _counts(
    pieces: Callable[[], Iterable[Floats]], prefixes: Keys | None, shift: int
) -> dict[int, npt.NDArray[np.int64]]:
    """How often each digit follows each prefix, by prefix, shape (columns, digits)."""
    counts: dict[int, npt.NDArray[np.int64]] = {}
    for piece in pieces():
        keys = _keys(piece)
        for column in range(keys.shape[1]):
            cells = keys[:, column]
            digits = ((cells >> np.uint64(shift)) & np.uint64(2**DIGIT - 1)).astype(np.int64)
            before = None if prefixes is None else cells >> np.uint64(shift + DIGIT)
            for prefix in [0] if prefixes is None else np.unique(prefixes[:, column]).tolist():
                chosen = digits if before is None else digits[before == np.uint64(prefix)]
                of_prefix = counts.setdefault(prefix, np.zeros((keys.shape[1], 2**DIGIT), dtype=np.int64))
                of_prefix[column] += np.bincount(chosen, minlength=2**DIGIT)
    return counts


def _keys(numbers: Floats) -> Keys:
    """Whole numbers in the order of ``numbers``: the bits of a float, turned round below zero."""
    bits = np.ascontiguousarray(numbers, dtype=np.float64).view(np.uint64)
    return np.where(bits & SIGN, ~bits, bits | SIGN)


def _numbers(keys: Keys) -> Floats:
    return np.where(keys & SIGN, keys & ~SIGN, ~keys).view(np.float64)
