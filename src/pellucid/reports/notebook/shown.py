"""Parts of a report as a notebook shows them, which stay live: a chart is Vega-Lite, a table a data frame."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any

from pellucid.records import dataclass
from pellucid.reports.document import Cell, Chart, MarkedText, Picture, Table
from pellucid.reports.drawing import Drawing, draw, drawn_specification
from pellucid.reports.legible import visible
from pellucid.reports.notebook.tables import marked_text_html, table_html, table_text
from pellucid.results.rounding import significant

__all__ = ["Shown", "ShownChart", "ShownMarkedText", "ShownPicture", "ShownTable", "shown"]

Bundle = dict[str, Any]
"""The same content by media type; an editor shows the richest it knows."""


@dataclass(frozen=True, slots=True, repr=False)
class ShownChart:
    """A chart of the report.

    Attributes
    ----------
    chart
        Its title, Vega-Lite specification, description and, where it has one, the table of its numbers.
    """

    chart: Chart

    def __repr__(self) -> str:
        return visible(f"{self.chart.title}: {self.chart.description}")

    def _repr_mimebundle_(self, **_: object) -> Bundle:
        drawing = draw(self.chart)
        if not isinstance(drawing, Drawing):
            return {"text/plain": visible(drawing.text)}
        live = drawn_specification(self.chart.specification)
        return {_media_type(live): live, "image/svg+xml": drawing.svg, "text/plain": repr(self)}

    def to_altair(self) -> Any:
        """The chart as one of Altair, to be changed."""
        import altair as alt

        return alt.Chart.from_dict(drawn_specification(self.chart.specification))


def _media_type(specification: Bundle) -> str:
    version = re.search(r"/v(\d+)", str(specification.get("$schema", "")))
    return f"application/vnd.vegalite.v{version[1] if version else 6}+json"


@dataclass(frozen=True, slots=True, repr=False)
class ShownTable:
    """A table of the report.

    Attributes
    ----------
    table
        Its caption, columns and rows.
    """

    table: Table

    def __repr__(self) -> str:
        return table_text(self.table)

    def _repr_mimebundle_(self, **_: object) -> Bundle:
        return {"text/html": table_html(self.table), "text/plain": repr(self)}

    def to_frame(self, *, library: str | None = None) -> Any:
        """The table as a data frame of texts, as they are printed, of ``library`` or of the first one installed.

        Raises
        ------
        MissingExtra
            No data frame library is installed.
        """
        import numpy as np

        from pellucid.results.tables import frame_of_columns

        columns: dict[str, Any] = {}
        for position, column in enumerate(self.table.columns):
            cells = [row[position] for row in self.table.rows]
            texts = np.array([cell.text if isinstance(cell, Cell) else cell for cell in cells], dtype=np.object_)
            # Two columns of one title are two columns.
            columns[column.title if column.title not in columns else f"{column.title} ({position + 1})"] = texts
        return frame_of_columns(columns, library=library)


@dataclass(frozen=True, slots=True, repr=False)
class ShownPicture:
    """A picture of the report.

    Attributes
    ----------
    picture
        Its bytes, media type and description.
    """

    picture: Picture

    def __repr__(self) -> str:
        return visible(self.picture.caption or self.picture.description)

    def _repr_mimebundle_(self, **_: object) -> Bundle:
        return {self.picture.media_type: b64encode(self.picture.data).decode(), "text/plain": repr(self)}


@dataclass(frozen=True, slots=True, repr=False)
class ShownMarkedText:
    """A text of the report whose parts push a prediction up or down.

    Attributes
    ----------
    marked
        Its parts with their attributions.
    """

    marked: MarkedText

    def __repr__(self) -> str:
        parts = (f"{text}[{significant(value, 3, '+')}]" if value else text for text, value in self.marked.runs)
        return visible("".join(parts))

    def _repr_mimebundle_(self, **_: object) -> Bundle:
        return {"text/html": marked_text_html(self.marked), "text/plain": repr(self)}


Shown = ShownChart | ShownTable | ShownPicture | ShownMarkedText


def shown(block: Chart | Table | Picture | MarkedText) -> Shown:
    """``block`` as a notebook shows it."""
    match block:
        case Chart():
            return ShownChart(block)
        case Table():
            return ShownTable(block)
        case Picture():
            return ShownPicture(block)
        case MarkedText():
            return ShownMarkedText(block)
