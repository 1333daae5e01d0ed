"""Numbers by which inputs are told apart, worked out from what was masked: the inputs themselves need not be built.

An input is a word: a whole number with one digit for each column, in a base of as many values as the column has. What
the cells of the explained row add to the word of the background row is a product of matrices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pellucid.protocols.game import runs
from pellucid.records import dataclass

__all__ = ["Stretch", "Words", "stretches"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

IN_CACHE = 2048
"""Inputs that are worked on at a time: what is read and written again stays near the processor."""
EXACT = 2**50
"""Below this, digits are added up by the fast product of matrices of doubles, and differences stay exact."""
WORD = 2**62
"""Below this, a whole number holds a word."""
SMALL_PART = 1 / 16
"""Share of the inputs below which numbers are added up for these only, as products of matrices are that much faster."""


class Stretch(NamedTuple):
    """Games one after another that are asked for equally many coalitions.

    Parameters
    ----------
    part
        Where their coalitions stand.
    games
        Which games, shape (games,).
    each
        Coalitions of a game.
    """

    part: slice
    games: Integers
    each: int


def stretches(games: Integers) -> list[Stretch]:
    """All coalitions, game by game.

    Parameters
    ----------
    games
        Game of every coalition, shape (coalitions,).

    Examples
    --------
    >>> [(stretch.part, stretch.games.tolist(), stretch.each) for stretch in stretches(np.array([4, 4, 7, 7, 5]))]
    [(slice(0, 4, None), [4, 7], 2), (slice(4, 5, None), [5], 1)]
    """
    begins = np.array([part.start for part in runs(games)], dtype=np.intp)
    each, of_run = np.diff(begins, append=len(games)), games[begins]
    return [
        Stretch(slice(int(begins[same][0]), int(begins[same][-1] + each[same][-1])), of_run[same], int(each[same][0]))
        for same in runs(each)
    ]


class Digits(NamedTuple):
    """A part of a word: a number with one digit for each column.

    Parameters
    ----------
    columns
        Which columns.
    explained, background
        Digits at their places, of the rows that are masked and of the background, shape (rows, columns).
    word, place
        The word, and what the part is multiplied by in it.
    """

    columns: slice
    explained: Floats
    background: Floats
    word: int
    place: int


@dataclass(frozen=True, eq=False)
class Words:
    """Words of the inputs of coalitions, each before every background row.

    Parameters
    ----------
    present
        Which columns show the explained row, shape (coalitions, columns).
    row
        Row of every coalition, shape (coalitions,).
    explained, background
        Marks, equal where cells of a column are, of the rows that are masked and of the background, shape
        (rows, columns).
    """

    present: Booleans
    row: Integers
    explained: Integers
    background: Integers

    def of(self, inputs: Integers | None = None) -> npt.NDArray[np.int64]:
        """Words of all inputs or of those at the positions given, shape (inputs, words)."""
        numbers = self._numbers(inputs)
        found = np.zeros((numbers.shape[1], self.digits[-1].word + 1), dtype=np.int64)
        for digits, of_part in zip(self.digits, numbers, strict=True):
            found[:, digits.word] += of_part.astype(np.int64) * digits.place
        return found

    @property
    def copies(self) -> int:
        """Number of background rows."""
        return len(self.background)

    @cached_property
    def digits(self) -> list[Digits]:
        """The parts of all words, of which there are as few as hold all columns."""
        ranks, distinct = _ranks(np.concatenate([self.explained, self.background]))
        parts = _within(distinct, EXACT)
        values = [math.prod(distinct[part]) for part in parts]
        found = []
        for word, of_word in enumerate(_within(values, WORD)):
            for part in range(of_word.start, of_word.stop):
                columns = parts[part]
                digits = ranks[:, columns] * np.cumprod([1.0, *distinct[columns][:-1]])
                place = math.prod(values[of_word.start : part])
                found.append(Digits(columns, digits[: -self.copies], digits[-self.copies :], word, place))
        return found

    def _numbers(self, inputs: Integers | None) -> Floats:
        """What the digits of inputs add up to, shape (parts of words, inputs)."""
        if inputs is None:
            return self._of_games(np.zeros(len(self.row), dtype=np.intp), self.copies)
        first = self._first_copies(inputs)
        if first is not None:
            return self._of_games(first, len(inputs) // len(first))
        if len(inputs) < SMALL_PART * len(self.row) * self.copies:
            return self._of_some(inputs)
        return self._numbers(None).take(inputs, axis=1)

    def _first_copies(self, inputs: Integers) -> Integers | None:
        """The first background row of each coalition, if inputs are before equally many of them, one after another."""
        coalitions = len(self.row)
        each, rest = divmod(len(inputs), coalitions)
        if rest or not each:
            return None
        first = inputs[::each] - self.copies * np.arange(coalitions)
        if first.min() < 0 or first.max() + each > self.copies:
            return None
        expected = inputs[::each, None] + np.arange(each)
        return first if np.array_equal(inputs.reshape(coalitions, each), expected) else None

    def _of_games(self, first: Integers, copies: int) -> Floats:
        """The same of inputs before so many background rows from a first one, which every coalition has.

        That is the number of the background row, and what the row's own cells add.
        """
        found = np.empty((len(self.digits), len(self.row), copies))
        for part, games, each in stretches(self.row * self.copies + first):
            present = self.present[part].reshape(len(games), each, -1)
            numbers = found[:, part].reshape(len(found), *present.shape[:2], copies)
            row, first_copy = np.divmod(games, self.copies)
            shown_there = first_copy[:, None] + np.arange(copies)
            at_once = max(1, IN_CACHE // each)
            for start in range(0, len(games), at_once):
                some = slice(start, start + at_once)
                shown = present[some].astype(np.float64)
                for (columns, explained, background, *_), of_part in zip(self.digits, numbers[:, some], strict=True):
                    absent = background[None] if copies == self.copies else background[shown_there[some]]
                    added = (explained[row[some], None] - absent).swapaxes(1, 2)
                    np.matmul(shown[:, :, columns], added, out=of_part)
                    of_part += absent.sum(axis=2)[:, None]
        return found.reshape(len(found), -1)

    def _of_some(self, inputs: Integers) -> Floats:
        """The same of a few inputs."""
        found = np.empty((len(self.digits), len(inputs)))
        for start in range(0, len(inputs), IN_CACHE):
            some = slice(start, start + IN_CACHE)
            coalition, copy = np.divmod(inputs[some], self.copies)
            shown, row = self.present.take(coalition, axis=0).astype(np.float64), self.row.take(coalition)
            for (columns, explained, background, *_), numbers in zip(self.digits, found[:, some], strict=True):
                added = explained.take(row, axis=0) - background.take(copy, axis=0)
                np.einsum("ij,ij->i", shown[:, columns], added, out=numbers)
                numbers += background.sum(axis=1).take(copy)
        return found


def _ranks(numbers: Integers) -> tuple[Integers, list[int]]:
    """The rank of each number among the distinct ones of its column, and how many these are, by column."""
    columns = np.ascontiguousarray(numbers.T)
    order = columns.argsort(axis=1)
    ordered = np.take_along_axis(columns, order, axis=1)
    of_ordered = (np.diff(ordered, axis=1, prepend=ordered[:, :1]) != 0).cumsum(axis=1)
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, of_ordered, axis=1)
    return ranks.T, (of_ordered[:, -1] + 1).tolist()


def _within(factors: Sequence[int], bound: int) -> list[slice]:
    """Consecutive factors, each below the bound, whose product stays below it.

    >>> _within([2, 3, 5, 4], 10)
    [slice(0, 2, None), slice(2, 3, None), slice(3, 4, None)]
    """
    parts, product = [slice(0, 0)], 1
    for place, factor in enumerate(factors):
        if product * factor >= bound:
            parts.append(slice(place, place))
            product = 1
        parts[-1] = slice(parts[-1].start, place + 1)
        product *= factor
    return parts
