"""Counting the rows of a plain CSV file by some of its columns, block by block, without making text of its cells.

A file without quotes and carriage returns has one reading only: a comma ends a cell, a line feed ends a row. Each block
shows itself that every row has as many cells as there are columns. Cells are compared as 64-bit numbers, eight bytes
each; a table of the cells met so far gives each its code, and every cell is compared with the one it gets the code of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.counts import Value
from pellucid.records import dataclass

__all__ = ["Coded", "Stretch", "Unusual", "count_rows", "stretches"]

Words = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]
Block = tuple[npt.NDArray[np.uint8], int]
"""A buffer, and the number of its first bytes that are whole rows; more bytes follow them."""

BLOCK_BYTES = 2**20
"""Bytes looked at together: few enough for the cache, many enough that the interpreter takes little of the time."""
LONGEST_CELL = 64
MOST_TEXTS = 250
"""Distinct cells of a column; a column with more is not one that rows are counted by in this way."""
MOST_COLUMNS = 7
"""Codes of one byte each, side by side in a signed number of 64 bits."""
COMMA, LINE_FEED, FIRST_NOT_ASCII = ord(","), ord("\n"), 0x80
NOT_PLAIN = (ord('"'), ord("\r"))
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LEAST_BITS, MOST_BITS = 10, 16
"""Of the number of a bucket: most columns have so few texts that small tables do, which take less time to make."""
ODD = 0x9E3779B97F4A7C15
"""Powers of it, modulo 2**64, are odd numbers without a pattern."""
NO_TEXT = np.uint64(2**64 - 1)
"""Not UTF-8, and so in no cell."""
BYTES_KEPT = np.array([(1 << 8 * kept) - 1 for kept in range(9)], dtype=np.uint64)


class Unusual(Exception):
    """The file holds something whose reading is left to a CSV reader."""


class Coded:
    """The distinct cells of a column that were met so far, with the code of what each is counted as.

    Parameters
    ----------
    place
        Of the column.
    counted_as
        Of the text of a cell; raises `Unusual` for texts it does not read.
    """

    def __init__(self, place: int, counted_as: Callable[[str], Value]) -> None:
        self.place = place
        self._counted_as = counted_as
        self.values: list[Value] = []
        """By code."""
        self._codes_of_values: dict[tuple[type, Value], int] = {}
        self._texts: list[tuple[tuple[int, ...], int]] = []  # the words and the code of each
        self._attempt = 0
        self._arrange(words=1)

    def codes(self, words: list[Words]) -> Integers:
        """The code of each cell, shape (rows,); cells are shorter than what follows the last of ``words``."""
        if len(words) > len(self._met):
            self._arrange(len(words))
        while True:
            bucket = self._bucket(words)
            unknown = self._met[0].take(bucket) != words[0]
            for met, word in zip(self._met[1:], words[1:], strict=False):
                unknown |= met.take(bucket) != word
            for met in self._met[len(words) :]:  # none of these cells is so long
                unknown |= met.take(bucket) != 0
            first = int(unknown.argmax())
            if not unknown[first]:
                return self._codes.take(bucket)
            self._add(tuple(int(word[first]) for word in words))

    def _bucket(self, words: Sequence[Words]) -> Integers:
        mixed = words[0] * self._factors[0]
        for word, factor in zip(words[1:], self._factors[1:], strict=False):
            mixed ^= word * factor
        mixed >>= np.uint64(64 - self._bits)
        return mixed.astype(np.int64)

    def _add(self, words: tuple[int, ...]) -> None:
        if len(self._texts) == MOST_TEXTS:
            raise Unusual
        value = self._counted_as(b"".join(word.to_bytes(8, "little") for word in words).rstrip(b"\0").decode())
        typed = (type(value), value)  # 1 and True are different values
        if typed not in self._codes_of_values:
            self._codes_of_values[typed] = len(self.values)
            self.values.append(value)
        self._texts.append((words, self._codes_of_values[typed]))
        if not self._placed(*self._texts[-1]):
            self._attempt += 1
            self._arrange(len(self._met))

    def _arrange(self, words: int) -> None:
        """Find factors by which every text gets a bucket of its own."""
        while True:
            self._bits = min(LEAST_BITS + self._attempt, MOST_BITS)
            self._factors = [np.uint64(pow(ODD, 1 + self._attempt * 16 + i, 2**64)) for i in range(words)]
            self._met = [np.full(2**self._bits, NO_TEXT) for _ in range(words)]
            self._codes = np.zeros(2**self._bits, dtype=np.int64)
            if all(self._placed(*text) for text in self._texts):
                return
            self._attempt += 1

    def _placed(self, words: tuple[int, ...], code: int) -> bool:
        """Whether the bucket of a text was free."""
        padded = [*words, *[0] * (len(self._met) - len(words))]
        bucket = int(self._bucket([np.array([word], dtype=np.uint64) for word in padded])[0])
        if self._met[0][bucket] != NO_TEXT:
            return False
        for met, word in zip(self._met, padded, strict=True):
            met[bucket] = word
        self._codes[bucket] = code
        return True


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole rows of a file, from one byte up to another; ``has_header`` if the first is no row of data."""

    path: str
    begin: int
    end: int
    has_header: bool


def stretches(path: str, most: int, *, has_header: bool) -> list[Stretch]:
    """A file cut between its rows into at most so many parts.

    Raises
    ------
    Unusual
        It begins with a byte order mark, or has a row longer than the buffer.
    OSError
        The file cannot be read.
    """
    cuts = [0]
    with Path(path).open("rb") as file:
        if file.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK:
            raise Unusual
        size = file.seek(0, 2)
        for i in range(1, most):
            around = file.seek(max(size * i // most, cuts[-1]))
            row = file.readline(BLOCK_BYTES)
            if len(row) == BLOCK_BYTES:
                raise Unusual
            cuts.append(around + len(row))
    cuts.append(size)
    return [Stretch(path, begin, end, has_header and not begin) for begin, end in pairwise(cuts) if begin < end]


def count_rows(stretch: Stretch, width: int, columns: Sequence[Coded]) -> dict[tuple[Value, ...], int]:
    """Number of rows of each combination of what ``columns`` are counted as.

    Parameters
    ----------
    width
        Cells of every row, at least 2.
    columns
        At least 1 and at most `MOST_COLUMNS`.

    Raises
    ------
    Unusual
        The file is not plain, or a column is not one of few short cells.
    OSError
        The file cannot be read.
    """
    found: list[tuple[Integers, Integers]] = []
    marks = np.empty((2, BLOCK_BYTES + 1), dtype=bool)
    for buffer, size in _blocks(stretch):
        if not size:
            continue
        ends = _ends_of_cells(buffer[:size], width, marks[:, :size])
        together = np.zeros(len(ends), dtype=np.int64)
        for i, column in enumerate(columns):
            together |= column.codes(_words(buffer, ends, column.place)) << np.int64(8 * i)
        found.append(np.unique(together, return_counts=True))
        if len(found) == 64:
            found = [_added(found)]
    combinations, rows = _added(found)
    return {
        tuple(column.values[combination >> 8 * i & 0xFF] for i, column in enumerate(columns)): int(n)
        for combination, n in zip(combinations.tolist(), rows, strict=True)
    }


def _added(parts: Sequence[tuple[Integers, Integers]]) -> tuple[Integers, Integers]:
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    combinations, which = np.unique(np.concatenate([found for found, _ in parts]), return_inverse=True)
    rows = np.zeros(len(combinations), dtype=np.int64)
    np.add.at(rows, which, np.concatenate([n for _, n in parts]))
    return combinations, rows


def _blocks(stretch: Stretch) -> Iterator[Block]:
    """The rows in one buffer, which is filled again and again."""
    room = bytearray(BLOCK_BYTES + LONGEST_CELL + 8)
    buffer = np.frombuffer(room, dtype=np.uint8)
    kept, left, skip_first = 0, stretch.end - stretch.begin, stretch.has_header
    with Path(stretch.path).open("rb", buffering=0) as file:
        file.seek(stretch.begin)
        while read := file.readinto(memoryview(room)[kept : min(BLOCK_BYTES, kept + left)]):
            left -= read
            filled = kept + read
            size = room.rfind(b"\n", 0, filled) + 1
            if not size and filled == BLOCK_BYTES:
                raise Unusual  # a row longer than the buffer
            begin = room.find(b"\n", 0, size) + 1 if skip_first and size else 0
            skip_first = skip_first and not size
            yield buffer[begin:], size - begin
            kept = filled - size
            room[:kept] = room[size:filled]
    if kept and not skip_first:
        room[kept] = LINE_FEED
        yield buffer, kept + 1


def _ends_of_cells(block: npt.NDArray[np.uint8], width: int, marks: npt.NDArray[np.bool_]) -> Integers:
    """Where each cell ends, shape (rows, width); ``marks``, of shape (2, bytes), are written to."""
    is_end, is_line_feed = marks
    _refuse_what_is_not_plain(block, is_end)
    np.equal(block, LINE_FEED, out=is_line_feed)
    np.equal(block, COMMA, out=is_end)
    np.logical_or(is_end, is_line_feed, out=is_end)
    places = np.flatnonzero(is_end)
    rows = int(np.count_nonzero(is_line_feed))
    # As many ends as so many rows have, and line feeds where they end: so there is none anywhere else.
    if len(places) != rows * width:
        raise Unusual
    ends = places.reshape(rows, width)
    if not is_line_feed[ends[:, -1]].all():
        raise Unusual
    return ends


def _refuse_what_is_not_plain(block: npt.NDArray[np.uint8], marks: npt.NDArray[np.bool_]) -> None:
    text: Any = block
    if block.max() >= FIRST_NOT_ASCII:
        try:
            str(memoryview(text), "utf-8")
        except UnicodeDecodeError:
            raise Unusual from None
    if block.min() == 0 or any(np.equal(block, mark, out=marks).any() for mark in NOT_PLAIN):
        raise Unusual


def _words(buffer: npt.NDArray[np.uint8], ends: Integers, place: int) -> list[Words]:
    """The cells of a column as numbers of eight bytes each, filled up with zeros."""
    end = ends[:, place]
    if place:
        begin = ends[:, place - 1] + 1
    else:
        begin = np.zeros(len(ends), dtype=np.int64)
        begin[1:] = ends[:-1, -1] + 1
    length = end - begin
    longest = int(length.max())
    if longest > LONGEST_CELL:
        raise Unusual
    anywhere = np.ndarray((len(buffer) - 7,), dtype="<u8", buffer=buffer, strides=(1,))
    words = []
    for start in range(0, max(longest, 1), 8):
        kept = np.minimum(length, 8) if not start else np.clip(length - start, 0, 8)
        words.append(anywhere[begin + start] & BYTES_KEPT.take(kept))
    return words
