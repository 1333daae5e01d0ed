"""Cells of many rows printed at once: one matrix of characters for a column, padded with NUL, which is left out later.

Printing a cell at a time costs more than everything else that a request of numbers costs. Characters are those of
``str`` and ``repr``; columns that cannot be printed so within `WIDEST_CELL` are left to the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["joined_rows", "printed_column"]

Characters = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

WIDEST_CELL = 64
"""Bytes of a cell; with longer ones most of a matrix would be padding."""
MOST_DECIMALS = 6
LARGEST_DIGITS = 10**15
"""Below this no two decimals are the same double, so the one that is found is the one that repr prints."""
SMALLEST_FIXED = 1e-4
"""Below this repr turns to powers of ten."""
SAMPLE = 64
LONGEST_FLOAT = 24
"""Characters of -2.2250738585072014e-308; no double needs more."""

_POWERS = 10 ** np.arange(MOST_DECIMALS + 1, dtype=np.uint64)
_MINUS, _POINT, _ZERO = (np.uint8(ord(character)) for character in "-.0")


def printed_column(values: npt.NDArray[Any], cell: Callable[[Any], str]) -> Characters | None:
    r"""Cells of a column, shape (rows, characters); None where they have to be printed one by one.

    Parameters
    ----------
    values
        At least one.
    cell
        How one value is printed: numbers by ``repr``, whatever it does with the others.

    Examples
    --------
    >>> [bytes(cell).replace(b"\0", b"") for cell in printed_column(np.array([7, -12]), repr)]
    [b'7', b'-12']
    """
    if values.dtype == np.bool_:
        return _looked_up([cell(False), cell(True)], values.astype(np.intp))
    if values.dtype.kind in "iu":
        return _whole(values)
    if values.dtype == np.float64:
        return _decimal(values, cell(np.nan))
    return _repeated(values, cell) if values.dtype == object else None


def joined_rows(pieces: Sequence[bytes | Characters], rows: int, between: bytes) -> bytes | None:
    """Pieces of every row one after the other, and ``between`` from each row to the next.

    Parameters
    ----------
    pieces
        Bytes that are the same in all rows, or cells of `printed_column`.

    Returns
    -------
    bytes or None
        None where the pieces that are the same in all rows hold NUL themselves.

    Examples
    --------
    >>> joined_rows([b"[", printed_column(np.array([7, -12]), repr), b"]"], 2, b", ")
    b'[7], [-12]'
    """
    if any(isinstance(piece, bytes) and b"\0" in piece for piece in pieces):
        return None
    parts = [np.frombuffer(piece, np.uint8) if isinstance(piece, bytes) else piece for piece in [*pieces, between]]
    whole = np.empty((rows, sum(part.shape[-1] for part in parts)), dtype=np.uint8)
    start = 0
    for part in parts:
        whole[:, start : start + part.shape[-1]] = part
        start += part.shape[-1]
    return whole.tobytes().translate(None, b"\0")[: -len(between)]


def _whole(values: npt.NDArray[np.integer[Any]]) -> Characters:
    """Whole numbers: a place for the sign where there is one, and digits."""
    negative = values < 0
    if not negative.any():
        return _digits(values.astype(np.uint64))
    # The absolute value of the smallest number is only right once it has no sign.
    digits = _digits(np.abs(values.astype(np.int64)).view(np.uint64))
    return np.concatenate([(negative * _MINUS)[:, None], digits], axis=1)


def _digits(values: npt.NDArray[np.uint64]) -> Characters:
    """Digits of unsigned numbers, shape (rows, digits of the largest); zeros in front are NUL."""
    largest = int(values.max())
    left: npt.NDArray[np.unsignedinteger[Any]] = values.astype(np.uint32) if largest < 2**32 else values
    width = len(str(largest))
    digits = np.empty((len(values), width), dtype=np.uint8)
    for place in reversed(range(width)):
        rest = left // 10
        digit = (left - rest * 10).astype(np.uint8) + _ZERO
        digits[:, place] = digit if place == width - 1 else digit * (left != 0)
        left = rest
    return digits


def _decimal(values: Floats, missing: str) -> Characters | None:
    """Floats of few decimals by their digits, the others by ``repr``; None where these seem to be the most."""
    first = values[:SAMPLE]
    if 2 * ((_shortest(np.abs(first))[0] < 0) & ~np.isnan(first)).sum() > len(first):
        return None
    decimals, digits = _shortest(np.abs(values))
    places = np.maximum(decimals, 0)
    whole = _digits(digits // _POWERS[places])
    most = max(1, int(decimals.max()))
    point = 1 + whole.shape[1]
    cells = np.empty((len(values), point + 1 + most), dtype=np.uint8)
    cells[:, 0] = np.signbit(values) * _MINUS
    cells[:, 1:point] = whole
    cells[:, point] = _POINT
    fraction = (digits % _POWERS[places] * _POWERS[most - places]).astype(np.uint32)
    for place in reversed(range(most)):
        rest = fraction // 10
        digit = (fraction - rest * 10).astype(np.uint8) + _ZERO
        cells[:, point + 1 + place] = digit if place == 0 else digit * (place < places)
        fraction = rest
    others = np.flatnonzero(decimals < 0)
    return _with_printed(cells, others, values[others], missing) if len(others) else cells


def _shortest(size: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """For each number how many decimals it has, -1 where these are too many, and its digits without the point."""
    decimals = np.full(len(size), -1, dtype=np.int64)
    digits = np.zeros(len(size), dtype=np.uint64)
    left = np.flatnonzero((size < LARGEST_DIGITS) & ((size >= SMALLEST_FIXED) | (size == 0)))
    for places in range(MOST_DECIMALS + 1):
        scale = float(_POWERS[places])
        numbers = np.rint(size[left] * scale)
        found = (numbers / scale == size[left]) & (numbers < LARGEST_DIGITS)
        decimals[left[found]], digits[left[found]] = places, numbers[found].astype(np.uint64)
        left = left[~found]
        if not len(left):
            break
    return decimals, digits


def _with_printed(cells: Characters, others: npt.NDArray[np.intp], values: Floats, missing: str) -> Characters:
    """The cells, with ``values`` in the place of ``others``."""
    # One format for all, because a call for each would cost as much as its digits.
    printed = (f"%-{LONGEST_FLOAT}r" * len(values) % tuple(values.tolist())).encode()
    known = np.frombuffer(printed, dtype=np.uint8).reshape(len(values), LONGEST_FLOAT)
    wide = np.zeros((len(cells), max(cells.shape[1], LONGEST_FLOAT)), dtype=np.uint8)
    wide[:, : cells.shape[1]] = cells
    wide[others, :LONGEST_FLOAT] = known * (known != ord(" "))
    wide[others, LONGEST_FLOAT:] = 0
    absent = others[np.isnan(values)]
    wide[absent] = 0
    wide[absent, : len(missing)] = np.frombuffer(missing.encode(), dtype=np.uint8)
    return wide


def _repeated(values: npt.NDArray[Any], cell: Callable[[Any], str]) -> Characters | None:
    """Values of one type and missing ones, each distinct one printed once; None where cells are long."""
    listed = values.tolist()
    kinds = set(map(type, listed)) - {type(None)}
    # Equal values of two types are not printed alike, and neither are the two zeros of floats.
    if len(kinds) > 1 or not kinds <= {str, int, bool}:
        return None
    code = {value: position for position, value in enumerate(dict.fromkeys(listed))}
    return _looked_up(list(map(cell, code)), np.fromiter(map(code.__getitem__, listed), np.intp, len(listed)))


def _looked_up(printed: Sequence[str], places: npt.NDArray[np.intp]) -> Characters | None:
    known = [cell.encode() for cell in printed]
    width = max(1, *map(len, known))
    if width > WIDEST_CELL or any(b"\0" in cell for cell in known):
        return None
    table = np.array(known, dtype=f"S{width}").view(np.uint8).reshape(len(known), width)
    return table[places]
