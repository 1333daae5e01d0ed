"""What is shown, as values: lines and tables that a terminal gets in colour and folded, and a file as plain text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Column", "Grid", "Item", "Line", "Row", "plain_text", "show"]

ASKS_FOR_RICH = ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE")
"""Variables that ask for a width or for colours wherever the output goes."""
GAP = "  "


class Line(NamedTuple):
    """A paragraph, or a cell of a table.

    Parameters
    ----------
    text
        Shown as it is, never as markup; must be clean of commands to a terminal.
    style
        As rich names it, such as ``bold``.
    faint
        End of the text, shown dimmed.
    """

    text: str
    style: str = ""
    faint: str = ""


class Item(NamedTuple):
    """A paragraph behind a mark."""

    mark: str
    line: Line
    style: str = ""


class Column(NamedTuple):
    """A column of a table.

    Parameters
    ----------
    right
        Aligned to the right, as numbers are.
    whole
        Never folded.
    least
        Its smallest width, in characters.
    """

    title: str
    right: bool = False
    whole: bool = False
    least: int = 0


class Row(NamedTuple):
    """Cells of one row of a table, and the style of all of them."""

    cells: tuple[Line, ...]
    style: str = ""


class Grid(NamedTuple):
    """A table without lines.

    Parameters
    ----------
    indent
        Characters to its left.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    title: str = ""
    indent: int = 0


if TYPE_CHECKING:
    Part = Line | Item | Grid | RenderableType


def show(parts: Sequence[Part]) -> None:
    """Print to the standard output, by rich on a terminal and as plain text elsewhere.

    Plain text has every paragraph and row of a table on a line of its own, however long, to be searched and copied.

    Parameters
    ----------
    parts
        `Line`, `Item`, `Grid`; anything else is rich's own, which prints all of them then.
    """
    if _are_plain(parts) and not sys.stdout.isatty() and not any(map(os.environ.get, ASKS_FOR_RICH)):
        sys.stdout.write(plain_text(parts))
        sys.stdout.flush()  # a full disk or a reader that has gone is found here, not when the program has ended
        return
    from pellucid.cli.terminal import rendered, results

    results().print(rendered(parts))


def _are_plain(parts: Sequence[Part]) -> TypeGuard[Sequence[Line | Item | Grid]]:
    return all(isinstance(part, Line | Item | Grid) for part in parts)


def plain_text(parts: Iterable[Line | Item | Grid]) -> str:
    """The parts as text, ending with the end of a line.

    Examples
    --------
    >>> numbers = Grid((Column("metric"), Column("value", right=True)), (Row((Line("DPL"), Line("0.25"))),), indent=2)
    >>> print(plain_text([Line("Bias report", style="bold"), Item("!", Line("few rows")), numbers]), end="")
    Bias report
    ! few rows
      metric  value
      DPL      0.25
    """
    return "".join(f"{line}\n" for part in parts for line in _lines(part))


def _lines(part: Line | Item | Grid) -> list[str]:
    if isinstance(part, Line):
        return [f"{part.text}{part.faint}"]
    if isinstance(part, Item):
        return [f"{part.mark} {part.line.text}{part.line.faint}"]
    titles = [column.title for column in part.columns]
    cells = [titles, *([cell.text.replace("\n", " ") for cell in row.cells] for row in part.rows)]
    widths = [max(column.least, *(_width(row[place]) for row in cells)) for place, column in enumerate(part.columns)]
    rows = [_row(row, part.columns, widths) for row in cells]
    return [f"{' ' * part.indent}{line}" for line in ([part.title] if part.title else []) + rows]


def _row(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    shown = []
    for text, column, width in zip(cells, columns, widths, strict=True):
        padding = " " * (width - _width(text))
        shown.append(f"{padding}{text}" if column.right else f"{text}{padding}")
    return GAP.join(shown).rstrip()


def _width(text: str) -> int:
    """Columns of a terminal that a text takes: two for a wide character, none for one that joins the one before."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
