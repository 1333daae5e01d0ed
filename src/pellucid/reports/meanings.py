"""What a page says on demand about columns and cells, where nothing can be asked: beside a value, or among terms."""

from __future__ import annotations

from collections.abc import Iterable

from pellucid.reports.document import Cell, Table

__all__ = ["cell_of", "note_of", "once", "terms_of"]

NOTE = 60
"""Characters of a meaning that are printed below their value; what is longer is a term."""


def cell_of(cell: str | Cell) -> Cell:
    """A cell, whichever way it was given."""
    return Cell(text=cell) if isinstance(cell, str) else cell


def note_of(cell: Cell, position: int) -> str:
    """What is printed below the value of a cell: its meaning if that is short, as an interval is.

    The first cell names its row, and its meaning is a term; so is why a value is suppressed, the same for many.

    Examples
    --------
    >>> note_of(Cell(text="25 %", meaning="20 % to 31 %"), 1)
    '20 % to 31 %'
    >>> note_of(Cell(text="DPL", meaning="a difference"), 0)
    ''
    """
    if position == 0 or cell.tone == "suppressed" or len(cell.meaning) > NOTE:
        return ""
    return cell.meaning


def terms_of(table: Table) -> list[tuple[str, str]]:
    """Terms of a table with their meanings, each pair once, in the order of the table."""
    found = [(column.title, column.meaning) for column in table.columns]
    for row in table.rows:
        for position, (column, cell) in enumerate(zip(table.columns, map(cell_of, row), strict=True)):
            if not note_of(cell, position):
                by_itself = position == 0 or cell.tone == "suppressed"
                found.append((cell.text if by_itself else column.title, cell.meaning))
    return [term for term in dict.fromkeys(found) if term[1]]


def once(terms: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each meaning once, under the longest of its terms, which holds the abbreviation too.

    Examples
    --------
    >>> once([("DPL", "a difference"), ("Difference in positive labels (DPL)", "a difference"), ("p", "a chance")])
    [('Difference in positive labels (DPL)', 'a difference'), ('p', 'a chance')]
    """
    longest: dict[str, str] = {}
    for term, meaning in terms:
        if len(term) > len(longest.get(meaning, "")):
            longest[meaning] = term
    return [(term, meaning) for meaning, term in longest.items()]
