"""Tabular masker: a player is a column or a group of columns; an absent one shows the values of a background row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, DataError, Problem, did_you_mean
from pellucid.explain.maskers.masked_rows import MaskedRows, by_player, codes
from pellucid.explain.maskers.projections import Projections
from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = ["TabularMasker", "players_of"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Column = npt.NDArray[Any]


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
            Problem("features_to_explain", name, fix=_fix_of_no_player(name, players, owner))
            for name in only
            if name not in players
        ]
    if problems:
        raise ConfigError(problems)
    return players if only is None else {name: players[name] for name in players if name in set(only)}


def _fix_of_no_player(name: str, players: Mapping[str, Sequence[str]], owner: Mapping[str, str]) -> str:
    if name in owner:
        return f"The column is explained with others as the group {owner[name]!r}. Name the group."
    return f"Name columns or groups that are explained; {did_you_mean(name, list(players))}"


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
    def owner(self) -> list[int]:
        """Player of every column, by position; the number of the players for a column of no player."""
        return [self.player_of_column.get(name, self.players) for name in self.explained.names]

    @cached_property
    def typed(self) -> dict[str, tuple[Column, Column]]:
        """Columns of the rows and of the background, in one type each."""
        return {
            name: alike(self.explained.columns[name], self.background.columns[name]) for name in self.explained.names
        }

    @cached_property
    def numbers(self) -> tuple[Floats, Floats] | None:
        """Rows and background as matrices, where all columns are numbers that doubles hold."""
        pairs = list(self.typed.values())
        if not all(_held_by_doubles(column) for pair in pairs for column in pair):
            return None
        explained, background = (np.column_stack([pair[side].astype(np.float64) for pair in pairs]) for side in (0, 1))
        return explained, background

    @cached_property
    def marks(self) -> tuple[Integers, Integers]:
        """Whole numbers that are equal where cells of a column are, of the rows and of the background, as matrices."""
        if self.numbers is not None:
            # Zeros have two signs, and missing values many bits.
            return _bits(*(np.where(np.isnan(side), np.nan, side + 0.0) for side in self.numbers))
        together = np.column_stack([codes(np.concatenate(pair))[0] for pair in self.typed.values()])
        return together[: self.rows], together[self.rows :]

    @cached_property
    def projections(self) -> Projections:
        """Which coalitions show the same, as far as it was found out."""
        return Projections()

    def playing(self, rows: Sequence[int]) -> Booleans:
        """Every row has all players, shape (rows, players)."""
        return np.ones((len(rows), self.players), dtype=bool)

    def active(self, rows: Sequence[int]) -> Booleans:
        """Which players differ from any background row, shape (rows, players)."""
        explained, background = self.numbers or self.marks
        differs = ~_equals(explained[np.asarray(rows, dtype=np.intp)], background[0])
        differs |= ~_equals(background, background[0]).all(axis=0)
        return by_player(differs, self.owner, self.players)

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
            coalitions=asked.coalitions,
            owner=self.owner,
            rows=distinct,
            row=(np.cumsum(occurs) - 1).take(asked.rows),
            all_columns=self.typed,
            all_marks=self.marks,
            all_bits=None if self.numbers is None else _bits(*self.numbers),
            copies=self.inputs_per_coalition,
            projections=self.projections,
        )


def _bits(explained: Floats, background: Floats) -> tuple[Integers, Integers]:
    return explained.view(np.int64), background.view(np.int64)


def _equals(column: Column, value: Any) -> Booleans:
    """Which numbers equal another one; a missing one equals a missing one."""
    return np.asarray((column == value) | ((column != column) & (value != value)))


def _held_by_doubles(column: Column) -> bool:
    if column.dtype.kind in "iu":
        return not len(column) or bool(column.max() < EXACT and column.min() > -EXACT)
    return column.dtype.kind in "bf" and column.dtype.itemsize <= 8
