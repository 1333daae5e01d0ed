"""Texts of a document as they are printed: of bounded length, and breakable where no line would hold a word."""

from __future__ import annotations

from pellucid.reports.document import Cell, Column, Table
from pellucid.reports.legible import clamped, isolated
from pellucid.reports.meanings import cell_of
from pellucid.reports.pdf.table_layout import breakable

__all__ = ["CELL", "NAME", "code", "legible", "prose"]

NAME, CELL, PROSE = 160, 320, 2000
"""Characters of a heading, of a cell and of a paragraph beyond which their middle is left out."""

WORD, LINE = 28, 96
"""Characters of a word in a sentence, and of a line of code, that are never broken."""


def prose(text: str, limit: int = PROSE) -> str:
    """A sentence or a heading."""
    return isolated(breakable(clamped(text, limit), longest=WORD))


def code(text: str) -> str:
    """Text in its own layout."""
    return breakable(text, longest=LINE)


def legible(table: Table) -> Table:
    """The table with the texts that will be printed, from which its columns get their widths."""
    columns = tuple(Column(title=_short(c.title), align=c.align, meaning=prose(c.meaning)) for c in table.columns)
    rows = tuple(tuple(_legible(cell_of(cell)) for cell in row) for row in table.rows)
    return Table(caption=prose(table.caption, CELL), columns=columns, rows=rows)


def _legible(cell: Cell) -> Cell:
    return Cell(text=_short(cell.text), tone=cell.tone, meaning=prose(cell.meaning))


def _short(text: str) -> str:
    return isolated(breakable(clamped(text, CELL)))
