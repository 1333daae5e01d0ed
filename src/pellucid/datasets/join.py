"""Joins of the main data set with facets and predictions: by position, or by a column that identifies the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pellucid.datasets.sources import LeftOut
from pellucid.datasets.sql import identifier
from pellucid.errors import ConfigError, DataError, Problem, did_you_mean
from pellucid.records import dataclass

__all__ = ["JOIN_KEY", "Joined", "Side", "joined", "joined_by_column", "joined_by_position", "key_name"]

JOIN_KEY = "joinsource_name_or_index"
_ORDER = "row number in the main data set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two data sets to join.

    Parameters
    ----------
    relation
        Its rows.
    where
        Key of the configuration that holds its address.
    """

    relation: Any
    where: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns."""
        return tuple(self.relation.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Rows of two data sets side by side.

    Parameters
    ----------
    notes
        What was decided while joining, and what was left out, in sentences.
    left_out
        The same in numbers.
    """

    relation: Any
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()


def key_name(join: str | int, sides: Sequence[Side]) -> str:
    """The name of the join column, which every data set must have; an index counts in the first one.

    Raises
    ------
    ConfigError
        A data set has no such column; all such data sets are named.
    """
    main = sides[0]
    if isinstance(join, int) and not 0 <= join < len(main.columns):
        fix = f"Use an index from 0 to {len(main.columns) - 1}, or a column name."
        raise ConfigError(Problem(JOIN_KEY, join, fix=fix))
    name = main.columns[join] if isinstance(join, int) else join
    missing = "The data set of {} has no such column; {}"
    problems = [
        Problem(JOIN_KEY, name, fix=missing.format(side.where, did_you_mean(name, side.columns)))
        for side in sides
        if name not in side.columns
    ]
    if problems:
        raise ConfigError(problems)
    return name


def joined(connection: Any, left: Side, right: Side, key: str | None, wanted: Mapping[str, str]) -> Joined:
    """Rows of ``left`` with columns of ``right`` beside them, and what was left out.

    Parameters
    ----------
    connection
        The DuckDB connection of both relations.
    key
        The join column; None matches the rows by position.
    wanted
        Columns of ``right`` and what they are called in the result.

    Raises
    ------
    DataError
        The rows cannot be matched.
    """
    if key is None:
        return joined_by_position(connection, left, right, wanted)
    return joined_by_column(connection, left, right, key, wanted)


def joined_by_position(connection: Any, left: Side, right: Side, wanted: Mapping[str, str]) -> Joined:
    """Rows of ``left`` with the ``wanted`` columns of ``right``, the first row with the first and so on.

    Raises
    ------
    DataError
        The numbers of rows differ.
    """
    left_rows, right_rows = _rows(left.relation), _rows(right.relation)
    if left_rows != right_rows:
        fix = f"It has {right_rows:,} rows, {left.where} has {left_rows:,}. Give equal numbers of rows, or {JOIN_KEY}."
        raise DataError(Problem(right.where, fix=fix))
    main, other = _views(left, right)
    relation = connection.sql(f"SELECT {_selected(left, wanted)} FROM {main} AS l POSITIONAL JOIN {other} AS r")
    note = f"{right.where}: its rows were matched with those of {left.where} by position."
    return Joined(relation=relation, notes=(note,))


def joined_by_column(connection: Any, left: Side, right: Side, key: str, wanted: Mapping[str, str]) -> Joined:
    """Inner join on ``key``: rows of ``left`` in their order with the ``wanted`` columns of ``right``.

    Raises
    ------
    DataError
        ``key`` is not unique in ``right``, its types cannot be compared, or no row has a partner.
    """
    condition, notes = _condition(left, right, key)
    _refuse_duplicates(right, key)
    main, other = _views(left, right)
    (matched,) = connection.sql(f"SELECT count(*) FROM {main} AS l JOIN {other} AS r ON {condition}").fetchall()[0]
    (alone,) = connection.sql(f"SELECT count(*) FROM {main} AS l ANTI JOIN {other} AS r ON {condition}").fetchall()[0]
    (unused,) = connection.sql(f"SELECT count(*) FROM {other} AS r ANTI JOIN {main} AS l ON {condition}").fetchall()[0]
    if not matched:
        examples = [relation.limit(3).fetchall() for relation in _keys(left, right, key)]
        spellings = f"{_list(examples[0])} there, {_list(examples[1])} here"
        fix = f"No row of {right.where} has the {key} of a row of {left.where}: {spellings}. Use one spelling in both."
        raise DataError(Problem(JOIN_KEY, key, fix=fix))
    left_out = [_left_out(left, right, key, alone)] if alone else []
    left_out += [_left_out(right, left, key, unused)] if unused else []
    notes += tuple(part.note for part in left_out)
    order = identifier(_ORDER)
    numbered = f"(SELECT *, row_number() OVER () AS {order} FROM {main})"
    matches = f"{numbered} AS l JOIN {other} AS r ON {condition} ORDER BY l.{order}"
    relation = connection.sql(f"SELECT {_selected(left, wanted)} FROM {matches}")
    return Joined(relation=relation, notes=notes, left_out=tuple(left_out))


def _rows(relation: Any) -> int:
    return int(relation.aggregate("count(*)").fetchall()[0][0])


def _views(left: Side, right: Side) -> tuple[str, str]:
    """Both relations under names that SQL can use; the name of ``right`` keeps a second join apart from the first."""
    names = f"left of {right.where}", right.where
    for name, side in zip(names, (left, right), strict=True):
        side.relation.create_view(name)
    return identifier(names[0]), identifier(names[1])


def _selected(left: Side, wanted: Mapping[str, str]) -> str:
    mine = [f"l.{identifier(name)}" for name in left.columns]
    return ", ".join(mine + [f"r.{identifier(name)} AS {identifier(new)}" for name, new in wanted.items()])


def _keys(left: Side, right: Side, key: str) -> tuple[Any, Any]:
    return left.relation.project(identifier(key)), right.relation.project(identifier(key))


def _condition(left: Side, right: Side, key: str) -> tuple[str, tuple[str, ...]]:
    """SQL that compares the keys; integers are compared with text as they would be written."""
    types = [str(relation.types[0]) for relation in _keys(left, right, key)]
    name = identifier(key)
    texts = [kind == "VARCHAR" for kind in types]
    if texts[0] == texts[1]:
        return f"l.{name} = r.{name}", ()
    number = types[0] if texts[1] else types[1]
    if "INT" not in number:
        fix = f"It is {types[0]} in {left.where} and {types[1]} in {right.where}. Write it in one way in both."
        raise DataError(Problem(JOIN_KEY, key, fix=fix))
    note = f"{JOIN_KEY}: {key} is a number in one data set and text in the other; it was compared as text."
    return f"CAST(l.{name} AS VARCHAR) = CAST(r.{name} AS VARCHAR)", (note,)


def _refuse_duplicates(right: Side, key: str) -> None:
    name = identifier(key)
    grouped = right.relation.filter(f"{name} IS NOT NULL").aggregate(f"{name}, count(*) AS times", name)
    found = grouped.filter("times > 1").order(f"times DESC, {name}").limit(3).fetchall()
    if found:
        named = ", ".join(f"{value!r} ({times} times)" for value, times in found)
        fix = f"In {right.where} it must identify one row, but occurs more than once: {named}. Remove the duplicates."
        raise DataError(Problem(JOIN_KEY, key, fix=fix))


def _left_out(side: Side, other: Side, key: str, rows: int) -> LeftOut:
    return LeftOut(where=side.where, rows=rows, cause=f"{key} is missing or does not occur in {other.where}")


def _list(rows: Sequence[Sequence[Any]]) -> str:
    return ", ".join(repr(row[0]) for row in rows)
