"""Text on a terminal: what comes from data is shown as text, never as markup or as commands to the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pellucid.results.one_line import on_one_line
from pellucid.results.rounding import number, percent

if TYPE_CHECKING:
    from rich.console import Console, Group, RenderableType
    from rich.table import Table
    from rich.text import Text

    from pellucid.cli.page import Grid, Line, Part

__all__ = ["clean", "heading", "listed", "messages", "number", "percent", "plain_table", "rendered", "results", "tell"]

NUMBERS = ("rows", "values", "missing", "share")
"""Titles of columns that hold numbers."""


def clean(text: object) -> str:
    r"""``text`` with every character that does not print, line ends apart, written as its escape.

    Examples
    --------
    >>> clean("a\x1b[31mb\n")
    'a\\x1b[31mb\n'
    """
    return "\n".join(map(on_one_line, str(text).split("\n")))


def heading(text: str) -> Text:
    """A line above a part."""
    from rich.text import Text

    return Text(f"\n{clean(text)}", style="bold")


def listed(mark: str, text: Text, style: str = "") -> RenderableType:
    """A paragraph behind a mark."""
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=len(mark), no_wrap=True, style=style)
    row.add_column(ratio=1)
    row.add_row(Text(mark), text)
    return row


def plain_table(*titles: str) -> Table:
    """A table without lines, whose cells are folded rather than cut."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in titles:
        table.add_column(title, overflow="fold", justify="right" if title in NUMBERS else "left")
    return table


def rendered(parts: Sequence[Part]) -> Group:
    """Lines and tables as rich shows them."""
    from rich.console import Group

    return Group(*map(_rendered, parts))


def _rendered(part: Part) -> RenderableType:
    from rich.padding import Padding

    from pellucid.cli.page import Grid, Item, Line

    if isinstance(part, Line):
        return _text(part)
    if isinstance(part, Item):
        return listed(part.mark, _text(part.line), part.style)
    if isinstance(part, Grid):
        return Padding(_table(part), (0, 0, 0, part.indent)) if part.indent else _table(part)
    return part


def _text(line: Line) -> Text:
    from rich.text import Text

    return Text(line.text, style=line.style).append(line.faint, style="dim")


def _table(grid: Grid) -> Table:
    table = plain_table(*(column.title for column in grid.columns))
    for shown, column in zip(table.columns, grid.columns, strict=True):
        shown.justify = "right" if column.right else "left"
        shown.no_wrap, shown.min_width = column.whole, column.least or None
    if grid.title:
        table.title, table.title_justify, table.title_style = grid.title, "left", "italic"
    for row in grid.rows:
        table.add_row(*map(_text, row.cells), style=row.style)
    return table


def results() -> Console:
    """The console of what was asked for."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, soft_wrap=False)


def messages() -> Console:
    """The console of everything else: progress, warnings, faults."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def tell(text: str) -> None:
    """Write ``text`` to the error stream, each line as long as it is, so that it can be searched and copied."""
    sys.stderr.write(f"{clean(text)}\n")
    sys.stderr.flush()
