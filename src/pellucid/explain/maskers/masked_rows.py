"""Inputs of coalitions before background rows: built cell by cell where the model is asked, told apart before that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.maskers.projections import FEW, Projections
from pellucid.protocols.game import runs
from pellucid.protocols.model import Batch, Repeated
from pellucid.records import dataclass

__all__ = ["MaskedRows", "codes"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Column = npt.NDArray[Any]

IN_CACHE = 2048
"""Inputs that are built at a time: what is read and written again stays near the processor."""
TOLD_APART = 4096
"""Inputs of which cells are told apart faster than words can be made of them."""
WORD = 2**50
"""Below this, words are added up by the fast product of matrices of doubles, and differences stay exact."""
MERGED = 0.95
"""Share of the inputs that has to be left for merging to be worth it."""


def codes(column: Column) -> tuple[Integers, int]:
    """A number from 0 for every distinct value, and how many there are; values of different types are different.

    >>> codes(np.array(["b", None, "b", 1, True], dtype=object))
    (array([0, 1, 0, 2, 3]), 4)
    """
    if column.dtype.kind != "O":
        values, inverse = np.unique(column, return_inverse=True)
        return inverse, len(values)
    seen: dict[Any, int] = {}
    # A nan is unequal to itself, so it is looked up under None's type and a mark instead.
    keys = ((type(value), value if value == value else "nan") for value in column.tolist())
    inverse = np.fromiter((seen.setdefault(key, len(seen)) for key in keys), dtype=np.intp, count=len(column))
    return inverse, len(seen)


@dataclass(frozen=True, eq=False)
class MaskedRows:
    """Inputs of some coalitions, not yet built.

    Parameters
    ----------
    coalitions
        Which players are present, shape (coalitions, players).
    owner
        Player of every column; a column of no player, which shows the explained row, has the number of the players.
    rows
        Positions of the rows that are masked.
    row
        Which of them each coalition has.
    all_columns
        Values of all rows and of the background, by name.
    all_numbers
        The same as matrices, where all columns are numbers that doubles hold.
    copies
        Number of background rows.
    projections
        What is known of these and of other coalitions.
    """

    coalitions: Booleans
    owner: Sequence[int]
    rows: Integers
    row: Integers
    all_columns: Mapping[str, tuple[Column, Column]]
    all_numbers: tuple[Floats, Floats] | None
    copies: int
    projections: Projections

    def __len__(self) -> int:
        return len(self.coalitions) * self.copies

    @cached_property
    def present(self) -> Booleans:
        """Which columns show the explained row, shape (coalitions, columns)."""
        if self._columns_are_players:
            return self.coalitions
        # One more player, always present, owns the columns of no player.
        return np.column_stack([self.coalitions, np.ones(len(self.coalitions), dtype=bool)])[:, self.owner]

    @property
    def _columns_are_players(self) -> bool:
        return list(self.owner) == list(range(self.coalitions.shape[1]))

    def merged(self) -> tuple[Integers, Integers] | None:
        """Inputs that stand for others, and for every input which of them it equals; None where hardly any does.

        Found are inputs of the same row before the same background row, by what these have in common.
        """
        parts = runs(self.row)
        if self.copies == 1 or len(parts) == len(self.coalitions) or self.differing.sum(axis=2).min() > FEW:
            return None
        which = np.empty((len(self.coalitions), self.copies), dtype=np.intp)
        first, listed = [], 0
        for shared in self._by_coalitions(parts):
            coalitions, rows = self.coalitions[shared[0]], self.row[[part.start for part in shared]]
            some, of_pair = self.projections.of(coalitions, self.differing[rows].reshape(-1, coalitions.shape[1]))
            size = np.array([len(one.first) for one in some])[of_pair]
            begin = (listed + np.cumsum(size) - size).reshape(-1, self.copies)
            listed += int(size.sum())
            kinds = np.stack([one.which for one in some], axis=1)
            for part, of_copy, at in zip(shared, of_pair.reshape(-1, self.copies), begin, strict=True):
                np.take(kinds, of_copy, axis=1, out=which[part], mode="clip")
                which[part] += at
            start = np.array([part.start for part in shared])[:, None] * self.copies + np.arange(self.copies)
            positions = np.concatenate([some[place].first for place in of_pair.tolist()])
            first.append(positions * self.copies + np.repeat(start.ravel(), size))
        return (np.concatenate(first), which.ravel()) if listed <= MERGED * len(self) else None

    def _by_coalitions(self, parts: Sequence[slice]) -> list[list[slice]]:
        """Rows one after another that are asked for the same coalitions."""
        groups: list[list[slice]] = []
        for part in parts:
            if groups and np.array_equal(self.coalitions[groups[-1][0]], self.coalitions[part]):
                groups[-1].append(part)
            else:
                groups.append([part])
        return groups

    @cached_property
    def differing(self) -> Booleans:
        """Which players a row and a background row have unlike values of, shape (rows, copies, players)."""
        if self.all_numbers is None:
            columns = np.concatenate([here[:, None] != absent for _, here, absent in self.places], axis=2)
        else:
            columns = self.bits[1] != 0
        if self._columns_are_players:
            return columns
        owner = np.asarray(self.owner)
        return np.stack([columns[:, :, owner == i].any(axis=2) for i in range(self.coalitions.shape[1])], axis=2)

    def batch(self, inputs: Integers | None = None) -> Batch:
        """The inputs, or those at the positions given."""
        if self.all_numbers is not None:
            cells = self._all_cells() if inputs is None else self._cells(inputs)
            types = [explained.dtype for explained, _ in self.all_columns.values()]
            return Batch.of_matrix(tuple(self.all_columns), cells, types)
        coalition, copy = np.divmod(np.arange(len(self)) if inputs is None else inputs, self.copies)
        row, absent = self.row[coalition], np.ascontiguousarray(~self.present.T)
        # Background rows stand behind the rows: a sum tells which of them, where a choice would be slow.
        further = len(self.rows) + copy - row
        columns: dict[str, Column] = {}
        repeated: dict[str, Repeated] = {}
        for (name, pair), of_coalitions in zip(self.columns.items(), absent, strict=True):
            values, which = np.concatenate(pair), further * of_coalitions.take(coalition)
            which += row
            columns[name] = values.take(which)
            if name in self.of_texts:
                repeated[name] = Repeated(values, which)
        return Batch(columns, repeated)

    def _all_cells(self) -> Column:
        """Cells of all inputs, shape (inputs, columns).

        Chosen bit by bit, since a choice between numbers is slow where nobody can foresee it.
        """
        background, apart = self.bits
        cells = np.empty((len(self.present), *apart.shape[1:]), dtype=np.int64)
        at_once = max(1, IN_CACHE // self.copies)
        for start in range(0, len(cells), at_once):
            part = slice(start, start + at_once)
            all_bits_where_shown = (-self.present[part].view(np.int8)).astype(np.int64)
            # Out of range there is nothing; without the look at it, rows are copied straight to their place.
            np.take(apart, self.row[part], axis=0, out=cells[part], mode="clip")
            np.bitwise_and(cells[part], all_bits_where_shown[:, None], out=cells[part])
            np.bitwise_xor(cells[part], background, out=cells[part])
        return cells.reshape(len(self), -1).view(np.float64)

    def _cells(self, inputs: Integers) -> Column:
        """Cells of some inputs, shape (inputs, columns); see `_all_cells`."""
        background, apart = self.bits
        apart = apart.reshape(-1, apart.shape[2])
        cells = np.empty((len(inputs), apart.shape[1]), dtype=np.int64)
        present, taken = self.present.view(np.int8), np.empty((min(len(inputs), IN_CACHE), apart.shape[1]), np.int64)
        for start in range(0, len(inputs), IN_CACHE):
            part = cells[start : start + IN_CACHE]
            other = taken[: len(part)]
            coalition, copy = np.divmod(inputs[start : start + IN_CACHE], self.copies)
            np.take(apart, self.row[coalition] * self.copies + copy, axis=0, out=part, mode="clip")
            other[:] = -present.take(coalition, axis=0)
            np.bitwise_and(part, other, out=part)
            np.take(background, copy, axis=0, out=other, mode="clip")
            np.bitwise_xor(part, other, out=part)
        return cells.view(np.float64)

    @cached_property
    def columns(self) -> dict[str, tuple[Column, Column]]:
        """Values of the rows that are masked and of the background, by name."""
        return {name: (explained[self.rows], absent) for name, (explained, absent) in self.all_columns.items()}

    @cached_property
    def bits(self) -> tuple[Integers, Integers]:
        """Bits of the background, and in which of them every row is unlike it, shape (rows, copies, columns)."""
        explained, background = (side.view(np.int64) for side in self.all_numbers or ())
        return background, explained[self.rows, None] ^ background

    @cached_property
    def of_texts(self) -> set[str]:
        """Columns that hold texts and nothing else, none missing."""
        return {name for name, pair in self.columns.items() if all(_are_texts(column) for column in pair)}

    @cached_property
    def places(self) -> list[tuple[slice, npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
        """Digits of every row and background row: columns of a word, then shape (rows, columns), (copies, columns).

        A word is a number with one digit per column, in a base of as many values as the column has here.
        """
        coded = [codes(np.concatenate(pair)) for pair in self.columns.values()]
        words: list[tuple[slice, npt.NDArray[np.float64], npt.NDArray[np.float64]]] = []
        start, place = 0, 1
        digits: list[npt.NDArray[np.float64]] = []
        for i, (number, distinct) in enumerate(coded):
            if place * distinct >= WORD:
                words.append(self._word(start, digits))
                start, place, digits = i, 1, []
            digits.append(number.astype(float) * place)
            place *= distinct
        return [*words, self._word(start, digits)]

    def _word(
        self, start: int, digits: Sequence[npt.NDArray[np.float64]]
    ) -> tuple[slice, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        together = np.column_stack(digits)
        return slice(start, start + len(digits)), together[: -self.copies], together[-self.copies :]

    def words(self, inputs: Integers | None = None) -> npt.NDArray[np.int64]:
        """Equal exactly where the inputs are equal, shape (inputs, words)."""
        if inputs is not None and self.all_numbers is not None and len(inputs) <= TOLD_APART:
            return self._cells(inputs).view(np.int64)
        found = np.empty((len(self) if inputs is None else len(inputs), len(self.places)), dtype=np.int64)
        for i, (columns, explained, background) in enumerate(self.places):
            if inputs is None:
                found[:, i] = self._words_of_all(columns, explained, background)
            else:
                found[:, i] = self._words_of(inputs, columns, explained, background)
        return found

    def _words_of(self, inputs: Integers, columns: slice, explained: Floats, background: Floats) -> Floats:
        """One word of some inputs, shape (inputs,); see `_words_of_all`. Those of a coalition stand together."""
        coalition, copy = np.divmod(inputs, self.copies)
        begins = np.flatnonzero(np.diff(coalition, prepend=-1))
        if len(begins) == len(inputs):
            return self._words_of_single(coalition, copy, columns, explained, background)
        ends = np.append(begins[1:], len(inputs))
        found: Floats = background.sum(axis=1)[copy]
        added, others = explained - background[0], (background - background[0]).T
        for start in range(0, len(begins), IN_CACHE):
            part = slice(start, start + IN_CACHE)
            of_part = slice(begins[part][0], ends[part][-1])
            which = coalition[begins[part]]
            shown = self.present[which, columns].astype(np.float64)
            of_games = np.einsum("cj,cj->c", shown, added[self.row[which]])[:, None] - shown @ others
            run = np.repeat(np.arange(len(which)), ends[part] - begins[part])
            found[of_part] += of_games[run, copy[of_part]]
        return found

    def _words_of_single(
        self, coalition: Integers, copy: Integers, columns: slice, explained: Floats, background: Floats
    ) -> Floats:
        """One word of one input for each of some coalitions, before the background rows given, shape (coalitions,)."""
        found: Floats = background.sum(axis=1)[copy]
        pairs = (explained[:, None] - background).reshape(-1, explained.shape[1])
        for start in range(0, len(found), IN_CACHE):
            part = slice(start, start + IN_CACHE)
            shown = self.present[coalition[part], columns]
            which = self.row[coalition[part]] * self.copies + copy[part]
            found[part] += np.einsum("cj,cj->c", shown, pairs.take(which, axis=0))
        return found

    def _words_of_all(self, columns: slice, explained: Floats, background: Floats) -> Floats:
        """One word of every input, shape (inputs,): that of the background row, and what the row's own cells add."""
        first = background[0]
        added, others, of_background = explained - first, first - background, background.sum(axis=1)
        of_copies = np.concatenate([others.T, np.ones((1, self.copies)), of_background[None]])
        found = np.empty((len(self.present), self.copies))
        for start in range(0, len(found), IN_CACHE):
            part = slice(start, start + IN_CACHE)
            shown = self.present[part, columns].astype(np.float64)
            of_rows = np.einsum("cj,cj->c", shown, added[self.row[part]])
            np.matmul(np.column_stack([shown, of_rows, np.ones(len(shown))]), of_copies, out=found[part])
        return found.ravel()


def _are_texts(column: Column) -> bool:
    return column.dtype.kind == "O" and set(map(type, column.tolist())) == {str}
