"""Tables and marked texts as HTML that a notebook shows: no script, no style sheet, every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pellucid.reports.document import Cell, Column, MarkedText, Table
from pellucid.reports.legible import clamped, isolated, visible
from pellucid.reports.meanings import cell_of, note_of, terms_of
from pellucid.reports.signs import SIGNS, key_of

__all__ = ["marked_text_html", "table_html", "table_text"]

LONGEST = 320
"""Characters of a cell beyond which its middle is left out."""

CELL = "padding:2px 10px;vertical-align:top;text-align:left;max-width:36em;overflow-wrap:break-word"
NUMBER = "padding:2px 10px;vertical-align:top;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums"
LINE = "border-top:1px solid rgba(128,128,128,0.3)"


def table_html(table: Table) -> str:
    """The table, under it what its signs and terms mean."""
    rows = [[cell_of(cell) for cell in row] for row in table.rows]
    head = "".join(f'<th scope="col" style="{_style(column)}">{_text(column.title)}</th>' for column in table.columns)
    body = "".join(_row(row, table.columns) for row in rows)
    caption = f'<caption style="text-align:left;font-weight:bold">{_text(table.caption)}</caption>'
    key = key_of(cell.tone for row in rows for cell in row if cell.tone != "neutral")
    signs = " · ".join(f"{SIGNS[tone]} {meaning}" for tone, meaning in key)
    return (
        f'<table style="border-collapse:collapse">{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        + (f"<p><small>{signs}</small></p>" if signs else "")
        + _terms(terms_of(table))
    )


def table_text(table: Table) -> str:
    """The table where HTML is not shown."""
    lines = [[column.title for column in table.columns]]
    lines += [[cell_of(cell).text for cell in row] for row in table.rows]
    plain = [" | ".join(_plain(text) for text in line) for line in lines]
    return "\n".join([_plain(table.caption), *plain])


def marked_text_html(block: MarkedText) -> str:
    """The text with its marks: their sign by letter and line, their strength by shade."""
    runs = "".join(_run(text, value, block.limit) for text, value in block.runs)
    caption = f"<p><b>{_text(block.caption)}</b></p>" if block.caption else ""
    key = "+ and a solid line: pushes the prediction up; − and a dotted line: pushes it down. Stronger is darker."
    return (
        f"<div>{caption}<p style='line-height:1.9;overflow-wrap:anywhere'>{runs}</p><p><small>{key}</small></p></div>"
    )


def _run(text: str, value: float, limit: float) -> str:
    shown = escape(visible(text)).replace("\n", "<br>")
    if not value:
        return f"<bdi>{shown}</bdi>"
    strength = min(1.0, abs(value) / limit) if limit > 0 else 0.0
    color, line, sign = ("47,127,191", "solid", "+") if value > 0 else ("200,96,31", "dotted", "−")
    style = f"background:rgba({color},{0.06 + 0.38 * strength:.2f});border-bottom:2px {line} rgb({color})"
    return f'<span style="{style}"><bdi>{shown}</bdi><sup>{sign}</sup></span>'


def _row(row: Sequence[Cell], columns: Sequence[Column]) -> str:
    cells = "".join(
        f'<th scope="row" style="{_style(column)};font-weight:normal">{_cell(cell, 0)}</th>'
        if position == 0
        else f'<td style="{_style(column)}">{_cell(cell, position)}</td>'
        for position, (cell, column) in enumerate(zip(row, columns, strict=True))
    )
    return f'<tr style="{LINE}">{cells}</tr>'


def _style(column: Column) -> str:
    return NUMBER if column.align == "right" else CELL


def _cell(cell: Cell, position: int) -> str:
    sign = "" if cell.tone == "neutral" else f"{SIGNS[cell.tone]}&nbsp;"
    note = note_of(cell, position)
    return f"{sign}{_text(cell.text)}" + (f"<br><small>{_text(note)}</small>" if note else "")


def _text(text: str) -> str:
    return f"<bdi>{escape(_plain(text))}</bdi>" if not text.isascii() else escape(_plain(text))


def _plain(text: str) -> str:
    return " ".join(isolated(visible(clamped(text, LONGEST))).split())


def _terms(meanings: Sequence[tuple[str, str]]) -> str:
    if not meanings:
        return ""
    items = "".join(f"<dt><b>{_text(term)}</b></dt><dd>{_text(meaning)}</dd>" for term, meaning in meanings)
    return f"<details><summary>Terms</summary><dl>{items}</dl></details>"
