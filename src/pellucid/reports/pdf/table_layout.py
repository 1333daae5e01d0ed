"""How a table fits the page: the size of its text, the widths of its columns, and its parts where it is too wide.

Widths are in points and estimated from the text, on the wide side, so that no cell is wider than its column.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from pellucid.records import dataclass
from pellucid.reports.document import Cell, Column, Table
from pellucid.reports.meanings import cell_of, note_of

__all__ = ["PAGE_WIDTH", "Part", "breakable", "lay_out"]

PAGE_WIDTH = 470.0
"""Of the text of a page: A4 with margins of 22 mm."""

SIZES = (9.0, 8.0, 7.2)
"""Of the text of a table; a table that is too wide in the last one is set in parts."""

PADDING = 10.0
SHORT = 14
"""Characters of a word that is never broken in a table."""

LINES = 6
"""Half lines of a page beyond which a text takes no more from the other columns."""

NOTE_SIZE = 0.88
"""Of the text of a note below a value, in terms of that of its table."""

NUMBER = re.compile(r"[-+−<>≤≥≈±]?\s?[\d.,]+\s?%?")
SEAM = re.compile(r"(?<=[_./,:;=|&?\\-])(?=[^\W_])|(?<=[a-z])(?=[A-Z])")

MARKS = "[\u0300-\u036f\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]*"
CHUNK = f"(?:.{MARKS}(?:(?<=\u200d).{MARKS})*){{1,%d}}"
"""So many characters, an accent or a joined emoji counting with the one it belongs to."""


@dataclass(frozen=True, slots=True)
class Part:
    """Columns of a table that are set side by side.

    Parameters
    ----------
    columns
        Their positions; the first column of the table is in every part.
    widths
        In points, one for each.
    size
        Of the text, in points.
    """

    columns: tuple[int, ...]
    widths: tuple[float, ...]
    size: float


@dataclass(frozen=True, slots=True)
class _Needs:
    """The least width of a column, and the one for its longest text on one line, notes on two."""

    least: float
    full: float


def breakable(text: str, *, longest: int = SHORT) -> str:
    r"""``text`` with places to break inside words longer than ``longest``: at seams of names, else anywhere.

    Examples
    --------
    >>> breakable("hours_per_week_of_work").split("\u200b")
    ['hours_', 'per_', 'week_', 'of_', 'work']
    >>> breakable("12,345,678,901.5")
    '12,345,678,901.5'
    """
    if len(text) <= longest:
        return text
    return re.sub(rf"\S{{{longest + 1},}}", lambda word: _seamed(word.group(), longest), text)


def _seamed(word: str, longest: int) -> str:
    if NUMBER.fullmatch(word) and len(word) < 2 * longest:
        return word
    return "\u200b".join(chunk for piece in SEAM.split(word) for chunk in re.findall(CHUNK % longest, piece, re.DOTALL))


def width_of(text: str, size: float) -> float:
    """Points that ``text`` takes on one line at most, about."""
    return size * sum(_em(character) for character in text)


def _em(character: str) -> float:
    if character.isascii():
        if character in "mwMW@%&#":
            return 0.92
        return 0.7 if character.isupper() else 0.3 if character in " .,:;'|!ijl" else 0.53
    if character == "\u200b" or unicodedata.combining(character):
        return 0.0
    return 1.1 if unicodedata.east_asian_width(character) in "WF" else 0.75


def lay_out(table: Table) -> tuple[Part, ...]:
    """The parts in which ``table`` is set, in the largest text in which it fits the page, if there is one."""
    columns = tuple(range(len(table.columns)))
    for size in SIZES:
        needs = [_needs(table, column, size) for column in columns]
        if sum(need.least for need in needs) <= PAGE_WIDTH:
            return (Part(columns, _shared(needs), size),)
    needs = [_needs(table, column, SIZES[-1]) for column in columns]
    return tuple(
        Part(chosen, _shared([needs[column] for column in chosen]), SIZES[-1])
        for chosen in _packed([need.least for need in needs])
    )


def _needs(table: Table, position: int, size: float) -> _Needs:
    column: Column = table.columns[position]
    cells: list[Cell] = [cell_of(row[position]) for row in table.rows]
    texts = [column.title, *(cell.text for cell in cells)]
    notes = [note_of(cell, position) for cell in cells]
    whole = column.align == "right"
    least = max(_least(text, size, whole=whole and at > 0) for at, text in enumerate(texts))
    noted = max((_least(note, NOTE_SIZE * size, whole=False) for note in notes), default=0.0)
    extra = PADDING + (1.3 * size if any(cell.tone != "neutral" for cell in cells) else 0.0)
    lines = [*(width_of(text, size) for text in texts), *(width_of(note, NOTE_SIZE * size) / 2 for note in notes)]
    full = min(max(lines), LINES * PAGE_WIDTH / 2)
    return _Needs(max(least, noted) + extra, max(least, noted, full) + extra)


def _least(text: str, size: float, *, whole: bool) -> float:
    """The width of the longest part of ``text`` that is not broken; a short ``whole`` text is not broken at all."""
    if whole and len(text) <= SHORT + 6:
        return width_of(text, size)
    return max((width_of(word, size) for word in re.split(r"[\s\u200b]+", breakable(text))), default=0.0)


def _shared(needs: Sequence[_Needs]) -> tuple[float, ...]:
    """Widths of columns that stand side by side: what each needs, and of what is left by how much its text takes."""
    more = sum(need.full - need.least for need in needs)
    left = PAGE_WIDTH - sum(need.least for need in needs)
    share = min(1.0, left / more) if more > 0 else 0.0
    widths = [need.least + share * (need.full - need.least) for need in needs]
    # A table nearly as wide as the page lines up with the text around it.
    stretch = PAGE_WIDTH / sum(widths) if sum(widths) > 0.6 * PAGE_WIDTH else 1.0
    return tuple(round(width * stretch, 2) for width in widths)


def _packed(least: Sequence[float]) -> list[tuple[int, ...]]:
    """Columns in as few parts as hold them, each after the first column, and the parts about as wide as each other."""
    fewest = len(_filled(least, PAGE_WIDTH))
    even = least[0] + sum(least[1:]) / fewest
    limits = (even + (PAGE_WIDTH - even) * step / 8 for step in range(8))
    filled = (_filled(least, limit) for limit in limits)
    return next((parts for parts in filled if len(parts) == fewest), _filled(least, PAGE_WIDTH))


def _filled(least: Sequence[float], limit: float) -> list[tuple[int, ...]]:
    """Columns in parts that are filled up to ``limit`` points, one after the other."""
    parts: list[list[int]] = [[0]]
    used = least[0]
    for column in range(1, len(least)):
        if used + least[column] > limit and len(parts[-1]) > 1:
            parts.append([0])
            used = least[0]
        parts[-1].append(column)
        used += least[column]
    return [tuple(part) for part in parts]
