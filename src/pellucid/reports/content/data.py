"""What was analysed: rows used and left out, columns and what they were read as, labels and groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pellucid.charts.shares import Share, distribution
from pellucid.nouns import counted
from pellucid.reports.content.context import Context, brief
from pellucid.reports.document import (
    Block,
    Bullets,
    Cell,
    Chart,
    Column,
    Disclosure,
    Facts,
    Notice,
    Paragraph,
    Section,
    Table,
)
from pellucid.reports.numbers import count, number, percent
from pellucid.reports.reading import listed, mapping, number_in, texts
from pellucid.results.group_names import shown_value

__all__ = ["data_section"]

MANY_COLUMNS = 12
CHARTED_VALUES = 20
_LONG_NUMBER = re.compile(r"^-?\d+\.\d{7,}(e-?\d+)?$")
HIDDEN = Cell(text="suppressed", tone="suppressed", meaning="Too few people: nobody must be identifiable.")
KINDS = {
    "categorical": "categories",
    "continuous": "a number: groups lie on either side of a threshold",
}
TYPES = {"float": "number", "integer": "whole number", "boolean": "true or false"}
"""Types of columns in words; what is not here says itself."""
PARTS = {"label": "label", "predicted label": "prediction", "facet": "sensitive column"}


def data_section(context: Context) -> Section:
    """The data overview."""
    parts = (_rows, _images, _read_as, _distributions, _columns, _notes)
    blocks: list[Block] = [block for part in parts for block in part(context)]
    if not blocks:
        note = "These files do not say what was read. Metrics and explanations below stand as they were written."
        blocks = [Notice("missing", note)]
    return Section(title="The data", anchor="data", blocks=tuple(blocks))


def _rows(context: Context) -> Iterator[Block]:
    if context.rows is None:
        return
    left_out = listed(mapping(context.details.get("dataset")).get("left_out"))
    gone = [(part, number_in(part.get("rows")) or 0.0) for part in left_out]
    facts = [("Rows analysed", count(context.rows)), ("Rows left out", count(sum(rows for _, rows in gone)))]
    facts += [(f"Left out: {part.get('cause')}", count(rows)) for part, rows in gone]
    yield Facts(tuple(facts))
    if not gone:
        labels = "; rows without a label count as not favourable" if context.stages else ""
        yield Paragraph(f"Every row that was read takes part{labels}.")


def _images(context: Context) -> Iterator[Block]:
    explained = mapping(context.explanations.get("image_shap"))
    if explained:
        yield Facts((("Images explained", count(len(listed(explained.get("images"))))),))


def _read_as(context: Context) -> Iterator[Block]:
    columns = listed(context.details.get("columns"))
    if not columns:
        return
    yield Table(
        caption="What the columns of the bias analysis were read as",
        columns=(
            Column(title="Column"),
            Column(title="Part"),
            Column(title="Type"),
            Column(
                title="Read as",
                meaning="Categories are compared value by value; a number is cut at its threshold. Numbers of many "
                "different values are read as continuous unless the configuration says otherwise.",
            ),
            Column(title="Different values", align="right"),
            Column(title="Missing", align="right"),
        ),
        rows=tuple(_read_row(column) for column in columns),
    )


def _read_row(column: Mapping[str, Any]) -> tuple[str | Cell, ...]:
    kind = str(column.get("kind"))
    given = " (given)" if column.get("overridden") is True else ""
    role = str(column.get("role"))
    return (
        str(column.get("column")),
        PARTS.get(role, role),
        _type(column),
        f"{KINDS.get(kind, kind)}{given}",
        count(number_in(column.get("distinct"))),
        count(number_in(column.get("missing"))),
    )


# --- labels and groups -----------------------------------------------------------------------------------------------
def _distributions(context: Context) -> Iterator[Block]:
    for entry in listed(mapping(context.details.get("dataset")).get("distributions")):
        values = [(_shown(value.get("value")), number_in(value.get("rows"))) for value in listed(entry.get("values"))]
        other, missing = number_in(entry.get("other_rows")), number_in(entry.get("missing"))
        if other or entry.get("other_rows", 0) is None:
            values.append(("any other value", other))
        if missing:
            values.append(("no value", missing))
        if values:
            yield _distribution(str(entry.get("column")), str(entry.get("role")), values, context.rows)


def _shown(value: object) -> str:
    """A value of a column; of a number with many digits, those that matter."""
    text = str(value)
    return number(float(text)) if _LONG_NUMBER.match(text) else brief(shown_value(text))


def _distribution(column: str, role: str, values: Sequence[tuple[str, float | None]], rows: float | None) -> Chart:
    total = rows or sum(number or 0.0 for _, number in values)
    charted = _charted(values)
    title = f"{PARTS.get(role, role).capitalize()}: {brief(column)}"
    shares = [
        Share(group=brief(column), category=value, share=None if number is None else number / total, rows=number)
        for value, number in charted
        if total
    ]
    specification = distribution(shares, axis_title="Share of all rows")
    return Chart(
        title=title,
        specification=specification,
        description=f"{title}. {specification.get('description', '')}",
        table=Table(
            caption=title,
            columns=(Column(title="Value"), Column(title="Rows", align="right"), Column(title="Share", align="right")),
            rows=tuple(
                (value, HIDDEN, HIDDEN) if number is None else (value, count(number), percent(number, total))
                for value, number in values
            ),
        ),
    )


def _charted(values: Sequence[tuple[str, float | None]]) -> list[tuple[str, float | None]]:
    """The most frequent values, all others together; not known how many these are where some are not shown."""
    if len(values) <= CHARTED_VALUES + 1:
        return list(values)
    rest = [rows for _, rows in values[CHARTED_VALUES:]]
    other = None if None in rest else sum(rows for rows in rest if rows is not None)
    return [*values[:CHARTED_VALUES], ("any other value", other)]


# --- all columns -----------------------------------------------------------------------------------------------------
def _columns(context: Context) -> Iterator[Block]:
    columns = listed(mapping(context.details.get("dataset")).get("columns"))
    if not columns:
        return
    table = Table(
        caption="All columns of the data",
        columns=(Column(title="Column"), Column(title="Type"), Column(title="Part in this analysis")),
        rows=tuple(
            (str(column.get("column")), _type(column), _parts(texts(column.get("parts")))) for column in columns
        ),
    )
    if len(columns) <= MANY_COLUMNS:
        yield table
    else:
        yield Disclosure(title=f"All {counted(len(columns), 'column')}", blocks=(table,))


def _type(column: Mapping[str, Any]) -> str:
    found = str(column.get("type") or "-")
    return TYPES.get(found, found)


def _parts(parts: Sequence[str]) -> str:
    named = [PARTS.get(part, part) for part in parts]
    return ", ".join(named) if named else "none"


def _notes(context: Context) -> Iterator[Block]:
    notes = texts(mapping(context.details.get("dataset")).get("notes"))
    if notes:
        yield Disclosure(title="What was decided while reading", blocks=(Bullets(tuple(notes)),))
