"""Tabular masker: a player is a column or a group of columns; an absent one shows the values of a background row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, DataError, Problem, did_you_mean
from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch, Repeated
from pellucid.records import dataclass

__all__ = ["TabularMasker", "players_of"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Column = npt.NDArray[Any]

IN_CACHE = 2048
"""Inputs that are built at a time: what is read and written again stays near the processor."""
FEW = 4096
"""Inputs of which cells are told apart faster than words can be made of them."""
WORD = 2**50
"""Below this, words are added up by the fast product of matrices of doubles, and differences stay exact."""
EXACT = 2**53
"""Below this a double holds every whole number."""


def players_of(
    names: Sequence[str],
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    only: Sequence[str] | None = None,
) -> dict[str, tuple[str, ...]]:
    """Players by name, each with its columns, in the order of the columns.

    Parameters
    ----------
    names
        Columns of the model.
    groups
        Columns that act as one player, such as those of a one-hot encoding, by the player's name.
    only
        Players to explain; the columns of all others keep the value of the explained row.

    Raises
    ------
    ConfigError
        A group names an unknown column, one that another group has, no column at all, or has the name of a column
        outside of it; or ``only`` names no player.

    Examples
    --------
    >>> players_of(["age", "sex=F", "sex=M"], groups={"sex": ["sex=F", "sex=M"]})
    {'age': ('age',), 'sex': ('sex=F', 'sex=M')}
    """
    groups = groups or {}
    owner: dict[str, str] = {}
    problems: list[Problem] = []
    for group, columns in groups.items():
        problems += _faults_of_group(group, columns, names, owner)
        owner.update((column, group) for column in columns)
    players: dict[str, tuple[str, ...]] = {}
    for name in names:
        player = owner.get(name, name)
        players.setdefault(player, (name,) if player == name and name not in owner else tuple(groups[player]))
    if only is not None:
        problems += [
            Problem(
                "features_to_explain",
                name,
                fix=f"Name columns or groups that are explained; {did_you_mean(name, list(players))}",
            )
            for name in only
            if name not in players
        ]
    if problems:
        raise ConfigError(problems)
    return players if only is None else {name: players[name] for name in players if name in set(only)}


def _faults_of_group(
    group: str, columns: Sequence[str], names: Sequence[str], owner: Mapping[str, str]
) -> list[Problem]:
    where = f"feature_groups.{group}"
    problems = [] if columns else [Problem(where, list(columns), fix="Name at least one column.")]
    if group in names and group not in columns:
        problems.append(Problem(where, fix="A column outside the group has this name. Give the group another one."))
    for column in columns:
        if column not in names:
            problems.append(Problem(where, column, fix=f"Use a column of the model; {did_you_mean(column, names)}"))
        elif column in owner:
            fix = f"The column belongs to group {owner[column]!r} already. Name each column once."
            problems.append(Problem(where, column, fix=fix))
    return problems


def alike(rows: Column, background: Column) -> tuple[Column, Column]:
    """Both columns in one type that changes no value: whole numbers stay whole where both hold nothing else.

    >>> [column.dtype.name for column in alike(np.array([1, 2]), np.array([3.0]))]
    ['int64', 'int64']
    >>> alike(np.array([1, 2]), np.array([None, "b"], dtype=object))[0].tolist()
    [1, 2]
    >>> alike(np.array([True]), np.array([0, 1]))[1].tolist()
    [False, True]
    """
    if rows.dtype == background.dtype:
        return rows, background
    if rows.dtype.kind in "iu" and background.dtype.kind == "f" and _all_whole(background):
        return rows, background.astype(rows.dtype)
    if rows.dtype.kind == "b" and background.dtype.kind in "iuf" and np.isin(background, (0, 1)).all():
        return rows, background.astype(bool)
    if rows.dtype.kind in "iuf" and background.dtype.kind in "iuf":
        common = np.promote_types(rows.dtype, background.dtype)
        return rows.astype(common), background.astype(common)
    return rows.astype(object), background.astype(object)


def _all_whole(numbers: Column) -> bool:
    return bool(np.all(np.isfinite(numbers) & (numbers == np.trunc(numbers)) & (np.abs(numbers) < EXACT)))


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
class TabularMasker:
    """Rows to explain, background rows, and which columns act together.

    Columns of no player keep the value of the explained row.

    Parameters
    ----------
    explained
        Rows to explain.
    background
        Rows that show what an absent player looks like, at least one, with the same columns.
    columns_of
        Columns of every player, as `players_of` gives them.

    Raises
    ------
    DataError
        The background is empty or lacks a column, or has one too many.

    Examples
    --------
    >>> explained, background = (Batch({"age": np.array([age]), "job": np.array([job], dtype=object)})
    ...                          for age, job in ((30, "cook"), (50, "baker")))
    >>> masker = TabularMasker(explained, background, players_of(explained.names))
    >>> masked = masker.masked(Asked.of(0, np.array([[True, False]]))).batch()
    >>> {name: column.tolist() for name, column in masked.columns.items()}
    {'age': [30], 'job': ['baker']}
    """

    explained: Batch
    background: Batch
    columns_of: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        names, known = self.explained.names, self.background.names
        problems = [
            Problem("baseline", fix=f"Column {name!r} is missing. Give every feature of the model, in order.")
            for name in names
            if name not in known
        ]
        problems += [
            Problem("baseline", name, fix=f"Use the features of the model only; {did_you_mean(name, names)}")
            for name in known
            if name not in names
        ]
        if not problems and not len(self.background):
            problems.append(Problem("baseline", [], fix="Give at least one row."))
        if problems:
            raise DataError(problems)

    @property
    def rows(self) -> int:
        """Number of rows to explain."""
        return len(self.explained)

    @property
    def players(self) -> int:
        """Number of players."""
        return len(self.columns_of)

    @property
    def inputs_per_coalition(self) -> int:
        """Number of background rows."""
        return len(self.background)

    @property
    def cells_per_input(self) -> int:
        """Number of columns."""
        return len(self.explained.names)

    @property
    def has_common_base(self) -> bool:
        """Whether every column belongs to a player, so that nothing of the row is left in the empty coalition."""
        return len(self.player_of_column) == len(self.explained.names)

    @cached_property
    def player_of_column(self) -> dict[str, int]:
        """Position of the player of every column that has one."""
        return {name: i for i, columns in enumerate(self.columns_of.values()) for name in columns}

    @cached_property
    def typed(self) -> dict[str, tuple[Column, Column]]:
        """Columns of the rows and of the background, in one type each."""
        return {
            name: alike(self.explained.columns[name], self.background.columns[name]) for name in self.explained.names
        }

    def playing(self, rows: Sequence[int]) -> Booleans:
        """Every row has all players, shape (rows, players)."""
        return np.ones((len(rows), self.players), dtype=bool)

    def active(self, rows: Sequence[int]) -> Booleans:
        """Which players differ from any background row, shape (rows, players)."""
        differs = np.zeros((len(rows), self.players), dtype=bool)
        of_rows = np.asarray(rows, dtype=np.intp)
        for name, player in self.player_of_column.items():
            explained, background = self.typed[name]
            differs[:, player] |= _differs(explained[of_rows], background)
        return differs

    def unmasked(self, rows: Sequence[int]) -> Batch:
        """The rows themselves."""
        of_rows = np.asarray(rows, dtype=np.intp)
        return Batch({name: self.typed[name][0][of_rows] for name in self.explained.names})

    def masked(self, asked: Asked) -> MaskedRows:
        """Every coalition before every background row, coalition after coalition."""
        occurs = np.zeros(self.rows, dtype=bool)
        occurs[asked.rows] = True
        distinct = np.flatnonzero(occurs)
        return MaskedRows(
            present=self._columns_present(asked.coalitions),
            row=(np.cumsum(occurs) - 1)[asked.rows],
            columns={name: (self.typed[name][0][distinct], self.typed[name][1]) for name in self.explained.names},
            copies=self.inputs_per_coalition,
        )

    def _columns_present(self, coalitions: Booleans) -> Booleans:
        """Which columns show the explained row, shape (coalitions, columns)."""
        owner = [self.player_of_column.get(name, self.players) for name in self.explained.names]
        if owner == list(range(self.players)):
            return coalitions
        # One more player, always present, owns the columns of no player.
        return np.column_stack([coalitions, np.ones(len(coalitions), dtype=bool)])[:, owner]


@dataclass(frozen=True, eq=False)
class MaskedRows:
    """Inputs of some coalitions, not yet built.

    Parameters
    ----------
    present
        Which columns show the explained row, shape (coalitions, columns).
    row
        Position of each coalition's row in ``columns``.
    columns
        Values of the rows and of the background, by name.
    copies
        Number of background rows.
    """

    present: Booleans
    row: Integers
    columns: Mapping[str, tuple[Column, Column]]
    copies: int

    def __len__(self) -> int:
        return len(self.present) * self.copies

    def batch(self, inputs: Integers | None = None) -> Batch:
        """The inputs, or those at the positions given."""
        if self.side_by_side is not None:
            cells = self._all_cells() if inputs is None else self._cells(inputs)
            return Batch.of_matrix(
                tuple(self.columns), cells, [explained.dtype for explained, _ in self.columns.values()]
            )
        if inputs is None:
            rows, copies = self.row[:, None], np.arange(self.copies)[None, :]
            shown = self.present[:, None]
        else:
            coalition, copies = np.divmod(inputs, self.copies)
            shown, rows = self.present[coalition], self.row[coalition]
        columns: dict[str, Column] = {}
        repeated: dict[str, Repeated] = {}
        for i, (name, (explained, background)) in enumerate(self.columns.items()):
            if explained.dtype.kind != "O":
                columns[name] = np.where(shown[..., i], explained[rows], background[copies]).ravel()
                continue
            # Moving objects about costs more than moving their places.
            objects = np.concatenate([explained, background])
            which = np.where(shown[..., i], rows, len(explained) + copies).ravel()
            columns[name] = objects[which]
            if name in self.of_texts:
                repeated[name] = Repeated(objects, which)
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
        all_bits_where_shown = -self.present.view(np.int8)
        for start in range(0, len(inputs), IN_CACHE):
            part = cells[start : start + IN_CACHE]
            coalition, copy = np.divmod(inputs[start : start + IN_CACHE], self.copies)
            np.take(apart, self.row[coalition] * self.copies + copy, axis=0, out=part, mode="clip")
            np.bitwise_and(part, all_bits_where_shown[coalition], out=part)
            np.bitwise_xor(part, background[copy] if self.copies > 1 else background, out=part)
        return cells.view(np.float64)

    @cached_property
    def bits(self) -> tuple[Integers, Integers]:
        """Bits of the background, and in which of them every row is unlike it, shape (rows, copies, columns)."""
        explained, background = (side.view(np.int64) for side in self.side_by_side or ())
        return background, explained[:, None] ^ background

    @cached_property
    def of_texts(self) -> set[str]:
        """Columns that hold texts and nothing else, none missing."""
        return {name for name, pair in self.columns.items() if all(_are_texts(column) for column in pair)}

    @cached_property
    def side_by_side(self) -> tuple[Column, Column] | None:
        """Rows and background as matrices, where all columns are numbers that doubles hold."""
        pairs = list(self.columns.values())
        if not all(_held_by_doubles(column) for pair in pairs for column in pair):
            return None
        explained, background = (np.column_stack([pair[side].astype(np.float64) for pair in pairs]) for side in (0, 1))
        return explained, background

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
        if inputs is not None and self.side_by_side is not None and len(inputs) <= FEW:
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

    def _words_of_all(self, columns: slice, explained: Floats, background: Floats) -> Floats:
        """One word of every input, shape (inputs,): that of the background row, and what the row's own cells add."""
        first, others = background[0], background[1:] - background[0]
        added, of_background = explained - first, background.sum(axis=1)
        found = np.empty((len(self.present), self.copies))
        for start in range(0, len(found), IN_CACHE):
            part = slice(start, start + IN_CACHE)
            shown = self.present[part, columns].astype(np.float64)
            of_rows = np.einsum("cj,cj->c", shown, added[self.row[part]])
            found[part] = of_rows[:, None] + of_background
            if len(others):
                found[part, 1:] -= shown @ others.T
        return found.ravel()


def _held_by_doubles(column: Column) -> bool:
    if column.dtype.kind in "iu":
        return not len(column) or bool(column.max() < EXACT and column.min() > -EXACT)
    return column.dtype.kind in "bf" and column.dtype.itemsize <= 8


def _differs(column: Column, background: Column) -> Booleans:
    """Which cells are unlike any of the background, shape (rows,)."""
    if column.dtype.kind == "O":
        number, _ = codes(np.concatenate([column, background]))
        column, background = number[: len(column)], number[len(column) :]
    if not _equals(background, background[0]).all():
        return np.ones(len(column), dtype=bool)
    return ~_equals(column, background[0])


def _equals(column: Column, value: Any) -> Booleans:
    """Which numbers equal another one; a missing one equals a missing one."""
    return np.asarray((column == value) | ((column != column) & (value != value)))


def _are_texts(column: Column) -> bool:
    return column.dtype.kind == "O" and set(map(type, column.tolist())) == {str}
