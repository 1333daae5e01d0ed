"""What decides how a table is laid out on a narrow screen."""

from __future__ import annotations

from pellucid.reports.document import Table
from pellucid.reports.meanings import cell_of

__all__ = ["is_stacked"]

NARROW = 42
"""Characters that stand side by side on a screen of 390 pixels."""

GAP, BUTTON, SIGN, WHOLE, SENTENCE = 3, 3, 2, 24, 60
"""Characters: between columns, of the button of a meaning, of a sign, of a number never broken, of a sentence."""


def is_stacked(table: Table) -> bool:
    """Whether the rows of a table become cards on a narrow screen, since its columns would not stand side by side.

    Examples
    --------
    >>> from pellucid.reports.document import Column
    >>> columns = tuple(Column(title=title) for title in ("Value", "Rows", "Share"))
    >>> is_stacked(Table(caption="", columns=columns, rows=(("Female", "10,771", "33.1 %"),)))
    False
    >>> is_stacked(Table(caption="", columns=columns, rows=(("Female", "a sentence " * 9, "33.1 %"),)))
    True
    """
    return sum(GAP + _least(table, position) for position in range(len(table.columns))) > NARROW


def _least(table: Table, position: int) -> int:
    """Characters below which a column would break words or numbers, or set a sentence as a pillar."""
    column = table.columns[position]
    widest = _longest_word(column.title) + (BUTTON if column.meaning else 0)
    for row in table.rows:
        cell = cell_of(row[position])
        whole = column.align == "right" and len(cell.text) <= WHOLE
        least = len(cell.text) if whole else _longest_word(cell.text)
        if len(cell.text) > SENTENCE:
            least = max(least, WHOLE)
        least += BUTTON if cell.meaning and cell.tone != "suppressed" else 0
        widest = max(widest, least + (SIGN if cell.tone != "neutral" else 0))
    return widest


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)
