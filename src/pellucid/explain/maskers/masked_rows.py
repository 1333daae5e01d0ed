"""Inputs of coalitions before background rows: built cell by cell where the model is asked, told apart before that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.maskers.cells import cells_shown, columns_shown
from pellucid.explain.maskers.projections import FEW, Merged, Projections
from pellucid.explain.maskers.words import Words, stretches
from pellucid.protocols.game import runs
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = ["MaskedRows", "by_player", "codes"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Column = npt.NDArray[Any]

IN_CACHE = 2048
"""Inputs that are built at a time: what is read and written again stays near the processor."""
MANY = 256
"""Coalitions of a row from which on it pays to find out whether other rows have the same."""
TOLD_APART = 4096
"""Inputs of which cells are told apart faster than words can be made of them."""
SIDE_BY_SIDE = 4
"""Most cells that are copied as one: 32 bytes, beyond which copies of one size are no faster."""
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


def by_player(columns: Booleans, owner: Sequence[int], players: int) -> Booleans:
    """Whether any column of each player is true, the last axis being columns first, then players.

    >>> by_player(np.array([[True, False, False]]), [0, 0, 1], 2)
    array([[ True, False]])
    """
    if list(owner) == list(range(players)):
        return columns
    of_columns = np.asarray(owner)
    return np.stack([columns[..., of_columns == player].any(axis=-1) for player in range(players)], axis=-1)


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
    all_marks
        Whole numbers that are equal where cells of a column are, of all rows and of the background.
    all_bits
        Bits of the cells in the same order, where all of these are numbers that doubles hold.
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
    all_marks: tuple[Integers, Integers]
    all_bits: tuple[Integers, Integers] | None
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

    def merged(self) -> tuple[Integers, Merged] | None:
        """Inputs that stand for others, and whom each stands for; None where hardly any does.

        Found are inputs of the same row before the same background row, by what these have in common.
        """
        if self.copies == 1:
            return None
        parts = runs(self.row)
        if len(parts) == len(self.coalitions) or self.differing.sum(axis=2).min() > FEW:
            return None
        first, shown = [], []
        for shared in self._by_coalitions(parts):
            coalitions, rows = self.coalitions[shared[0]], self.row[[part.start for part in shared]]
            some, of_pair = self.projections.of(coalitions, self.differing[rows].reshape(-1, coalitions.shape[1]))
            of_rows = [some[place] for place in of_pair.tolist()]
            start = np.array([part.start for part in shared])[:, None] * self.copies + np.arange(self.copies)
            size = [len(one.first) for one in of_rows]
            positions = np.concatenate([one.first for one in of_rows])
            first.append(positions * self.copies + np.repeat(start.ravel(), size))
            shown += [(shared[pair // self.copies], one) for pair, one in enumerate(of_rows)]
        left = np.concatenate(first)
        return (left, Merged(shown, self.copies, len(self.coalitions))) if len(left) <= MERGED * len(self) else None

    def _by_coalitions(self, parts: Sequence[slice]) -> list[list[slice]]:
        """Rows one after another that are asked for the same coalitions."""
        groups: list[list[slice]] = []
        last = b""
        for part in parts:
            cells = self.coalitions[part].tobytes()
            if groups and cells == last:
                groups[-1].append(part)
            else:
                groups.append([part])
                last = cells
        return groups

    @cached_property
    def differing(self) -> Booleans:
        """Which players a row and a background row have unlike values of, shape (rows, copies, players)."""
        explained, background = self.marks
        return by_player(explained[:, None] != background, self.owner, self.coalitions.shape[1])

    def batch(self, inputs: Integers | None = None) -> Batch:
        """The inputs, or those at the positions given."""
        if self.all_bits is not None:
            explained, background = self.all_bits
            bits = explained[self.rows], background
            cells = (self._all_of(*bits) if inputs is None else self._some_of(*bits, inputs)).view(np.float64)
            types = [explained.dtype for explained, _ in self.all_columns.values()]
            return Batch.of_matrix(tuple(self.all_columns), cells, types)
        coalition, copy = self._coalition_and_copy(np.arange(len(self)) if inputs is None else inputs)
        which = cells_shown(self.present, self.row, coalition, copy, rows=len(self.rows), copies=self.copies)
        return Batch.of_cells(columns_shown(self.columns, which))

    def _coalition_and_copy(self, inputs: Integers) -> tuple[Integers, Integers]:
        """Coalition and background row of some inputs."""
        if self.copies == 1:
            return inputs, np.zeros_like(inputs)
        # Numbers of 32 bits hold every position, and are divided many times as fast.
        coalition = (inputs.astype(np.uint32) // np.uint32(self.copies)).astype(np.intp)
        return coalition, inputs - coalition * self.copies

    def _all_of(self, explained: Integers, background: Integers) -> Integers:
        """What all inputs show of tables of the rows that are masked and of the background, shape (inputs, columns)."""
        found = np.empty((len(self), self.present.shape[1]), dtype=np.int64)
        for part, _, each in stretches(self.row):
            if self.copies > 1 or each < MANY:
                self._mix(explained, background, part, found)
                continue
            for shared in self._by_coalitions([slice(at, at + each) for at in range(part.start, part.stop, each)]):
                if len(shared) > 1:
                    self._look_up(explained, background, shared, found)
                else:
                    self._mix(explained, background, shared[0], found)
        return found

    def _look_up(self, explained: Integers, background: Integers, shared: Sequence[slice], found: Integers) -> None:
        """Enter what rows with the same coalitions show, before a single background row.

        Cells side by side are copied as one, from a table of all that can be shown there: each row has its own, and
        where in it the cells are found is worked out once for all of them.
        """
        present, columns = self.present[shared[0]], len(background[0])
        together = math.gcd(columns, SIDE_BY_SIDE)
        shapes, cells = 2**together, np.dtype((np.void, together * found.itemsize))
        shown = np.arange(shapes)[:, None] >> np.arange(together) & 1
        own = explained[self.row[[part.start for part in shared]]].reshape(len(shared), -1, 1, together)
        tables = np.where(shown, own, background.reshape(-1, 1, together)).reshape(len(shared), -1).view(cells)
        bits = (1 << np.arange(together)).astype(np.uint8)
        shape_shown = present.view(np.uint8).reshape(len(present), -1, together) @ bits
        place = shape_shown + shapes * np.arange(columns // together)
        for part, table in zip(shared, tables, strict=True):
            # Out of range there is nothing; without the look at it, cells are copied straight to their place.
            np.take(table, place, out=found[part].view(cells), mode="clip")

    def _mix(self, explained: Integers, background: Integers, part: slice, found: Integers) -> None:
        """Enter what some coalitions show.

        Chosen bit by bit, since a choice between numbers is slow where nobody can foresee it.
        """
        present, row = self.present[part].view(np.int8), self.row[part]
        cells, apart = found.reshape(-1, *background.shape)[part], explained[:, None] ^ background
        at_once = max(1, IN_CACHE // self.copies)
        for start in range(0, len(cells), at_once):
            some = cells[start : start + at_once]
            all_bits_where_shown = (-present[start : start + at_once]).astype(np.int64)
            np.take(apart, row[start : start + at_once], axis=0, out=some, mode="clip")
            np.bitwise_and(some, all_bits_where_shown[:, None], out=some)
            np.bitwise_xor(some, background, out=some)

    def _some_of(self, explained: Integers, background: Integers, inputs: Integers) -> Integers:
        """What some inputs show, shape (inputs, columns); see `_mix`."""
        apart = (explained[:, None] ^ background).reshape(-1, background.shape[1])
        found = np.empty((len(inputs), apart.shape[1]), dtype=np.int64)
        present, taken = self.present.view(np.int8), np.empty((min(len(inputs), IN_CACHE), apart.shape[1]), np.int64)
        for start in range(0, len(inputs), IN_CACHE):
            part = found[start : start + IN_CACHE]
            other = taken[: len(part)]
            coalition, copy = self._coalition_and_copy(inputs[start : start + IN_CACHE])
            np.take(apart, self.row.take(coalition) * self.copies + copy, axis=0, out=part, mode="clip")
            np.negative(present.take(coalition, axis=0), out=other)
            np.bitwise_and(part, other, out=part)
            np.take(background, copy, axis=0, out=other, mode="clip")
            np.bitwise_xor(part, other, out=part)
        return found

    @cached_property
    def columns(self) -> dict[str, tuple[Column, Column]]:
        """Values of the rows that are masked and of the background, by name."""
        return {name: (explained[self.rows], absent) for name, (explained, absent) in self.all_columns.items()}

    @cached_property
    def marks(self) -> tuple[Integers, Integers]:
        """Marks of the rows that are masked, shape (rows, columns), and of the background."""
        explained, background = self.all_marks
        return explained[self.rows], background

    def words(self, inputs: Integers | None = None) -> npt.NDArray[np.int64]:
        """Equal exactly where the inputs are equal, shape (inputs, words)."""
        if inputs is not None and len(inputs) <= TOLD_APART:
            return self._some_of(*self.marks, inputs)
        return Words(self.present, self.row, *self.marks).of(inputs)
