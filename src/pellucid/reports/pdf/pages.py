"""A document as the plain values that the template walks: every text legible, every table laid out, charts drawn.

Texts reach the template as values of a JSON file, never as source, so that none of them can be read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any, assert_never

from pellucid.records import dataclass
from pellucid.reports.document import (
    Block,
    Bullets,
    Cell,
    Chart,
    Code,
    Disclosure,
    Document,
    Facts,
    Finding,
    Findings,
    MarkedText,
    Notice,
    Paragraph,
    Picture,
    Section,
    Table,
)
from pellucid.reports.drawing import Drawing, draw
from pellucid.reports.meanings import cell_of, note_of, once, terms_of
from pellucid.reports.pdf.pictures import as_file, format_of, is_printable
from pellucid.reports.pdf.table_layout import lay_out
from pellucid.reports.pdf.texts import CELL, NAME, code, legible, prose
from pellucid.reports.sections import sections_of
from pellucid.reports.signs import NOTICES, key_of

__all__ = ["Pages", "pages_of"]

DRAWN_ROWS = 40
"""Rows of the numbers of a chart that are printed below it."""

MOST_CONTENTS = 20
"""Lines of a table of contents that holds two levels."""

DENSE_WIDTH, DENSE_HEIGHT = 700, 0.55
"""Of a dense chart: pixels, which the line of the page shows smaller, and share of its height on a screen."""

FURTHER = "_further-findings"
"""Label of the appendix; no anchor begins with an underscore."""

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pages:
    """What the template is given: a tree of plain values, and the images that it names."""

    tree: Node
    images: Mapping[str, bytes]


def pages_of(document: Document) -> Pages:
    """What to print of ``document``; a chart or a picture that cannot be shown is a notice in its place."""
    writer = _Writer(frozenset(section.anchor for section in sections_of(document)))
    sections = [writer.section(section) for section in document.sections]
    if writer.further:
        sections.append(
            {
                "title": "Appendix: further findings",
                "label": FURTHER,
                "blocks": [{"kind": "further", "items": writer.further}],
                "sections": [],
            }
        )
    tree = {
        "title": prose(document.title, NAME) or "Report",
        "subtitle": prose(document.subtitle, CELL),
        "sections": sections,
        "depth": 2 if len(sections_of(document)) <= MOST_CONTENTS else 1,
        "terms": [list(term) for term in sorted(once(writer.terms), key=lambda term: (term[0].casefold(), term))],
    }
    return Pages(tree, writer.images)


@dataclass(slots=True)
class _Writer:
    """Walks a document once, in reading order; images and the meanings of terms are gathered on the way."""

    anchors: frozenset[str]
    images: dict[str, bytes] = field(default_factory=dict)
    terms: dict[tuple[str, str], None] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    further: list[Node] = field(default_factory=list)

    def section(self, section: Section) -> Node:
        # An anchor can be a label once; one that was met before leads to its first section.
        label = "" if section.anchor in self.labels else section.anchor
        self.labels.add(section.anchor)
        return {
            "title": prose(section.title, NAME) or "Untitled",
            "label": label,
            "blocks": self._blocks(section.blocks),
            "sections": [self.section(child) for child in section.sections],
        }

    def _blocks(self, blocks: Iterable[Block]) -> list[Node]:
        return [node for block in blocks for node in self._block(block)]

    def _block(self, block: Block) -> list[Node]:
        match block:
            case Findings():
                return [self._findings(block)]
            case Table():
                return [self._table(block)]
            case Chart():
                return self._chart(block)
            case Picture():
                return [self._picture(block)]
            case Disclosure():
                title = prose(block.title, NAME)
                return [{"kind": "disclosure", "title": title, "blocks": self._blocks(block.blocks)}]
            case _:
                return [_text_node(block)]

    def _findings(self, block: Findings) -> Node:
        items = [self._finding(finding) for finding in block.items]
        key = key_of(finding.tone for finding in block.items)
        shown, more = items[: block.shown], items[block.shown :]
        # Pages of sentences would stand between what was found first and the numbers; they end the report.
        self.further += more
        said = f"{len(more):,} further {'finding stands' if len(more) == 1 else 'findings stand'} on page"
        return {"kind": "findings", "items": shown, "more": said if more else "", "further": FURTHER, "key": key}

    def _finding(self, finding: Finding) -> Node:
        return {
            "text": prose(finding.text),
            "tone": finding.tone,
            "certainty": prose(finding.certainty, NAME),
            "label": finding.anchor if finding.anchor in self.anchors else "",
        }

    def _table(self, table: Table) -> Node:
        table = legible(table)
        rows = [[cell_of(cell) for cell in row] for row in table.rows]
        # Meanings stand once, at the end of the report: the same metrics come back in many tables.
        self.terms.update(dict.fromkeys(terms_of(table)))
        parts = [
            {
                "size": part.size,
                "widths": part.widths,
                "head": [{"text": table.columns[c].title, "align": table.columns[c].align} for c in part.columns],
                "rows": [[_cell(row[c], c) for c in part.columns] for row in rows],
            }
            for part in lay_out(table)
        ]
        key = key_of(cell.tone for row in rows for cell in row if cell.tone != "neutral")
        return {"kind": "table", "caption": table.caption, "parts": parts, "key": key}

    def _chart(self, chart: Chart) -> list[Node]:
        drawing = draw(_closer(chart) if chart.dense else chart)
        if isinstance(drawing, Notice):
            return [_text_node(drawing), *([] if chart.table is None else [self._table(chart.table)])]
        return [self._figure(chart, drawing), *self._drawn_numbers(chart.table)]

    def _figure(self, chart: Chart, drawing: Drawing) -> Node:
        return {
            "kind": "chart",
            "title": prose(chart.title, CELL),
            "description": prose(chart.description),
            # A table of the numbers drawn says it already, and a dense chart itself.
            "caption": prose(chart.description) if chart.table is None and not chart.dense else "",
            "image": self._image("svg", drawing.svg.encode()),
            "width": drawing.width,
            "height": drawing.height,
        }

    def _drawn_numbers(self, table: Table | None) -> list[Node]:
        if table is None:
            return []
        if len(table.rows) <= DRAWN_ROWS:
            return [self._table(table)]
        head = Table(caption=table.caption, columns=table.columns, rows=table.rows[:DRAWN_ROWS])
        left_out = f"{DRAWN_ROWS} of {len(table.rows):,} rows are printed; the web page and the notebook hold all."
        return [self._table(head), _text_node(Notice("information", left_out))]

    def _picture(self, picture: Picture) -> Node:
        if not is_printable(picture.data, picture.media_type):
            named = picture.caption or picture.description
            return _text_node(Notice("missing", f"The picture “{named}” cannot be read."))
        return {
            "kind": "picture",
            "image": self._image("json", as_file(picture.data)),
            "format": format_of(picture.media_type),
            "description": prose(picture.description or picture.caption),
            "caption": prose(picture.caption, CELL),
        }

    def _image(self, kind: str, data: bytes) -> str:
        name = f"image-{len(self.images)}.{kind}"
        self.images[name] = data
        return name


def _closer(chart: Chart) -> Chart:
    """The chart with less space between its rows, and wide enough for texts beside its marks."""
    size = {"width": DENSE_WIDTH, "autosize": {"type": "fit-x", "contains": "padding"}}
    height = chart.specification.get("height")
    if isinstance(height, int | float):
        size["height"] = round(DENSE_HEIGHT * height)
    return replace(chart, specification={**chart.specification, **size})


def _cell(cell: Cell, position: int) -> Node:
    return {"text": cell.text, "tone": cell.tone, "note": note_of(cell, position)}


def _text_node(block: Paragraph | Bullets | Notice | Facts | MarkedText | Code) -> Node:
    match block:
        case Paragraph():
            return {"kind": "paragraph", "text": prose(block.text)}
        case Bullets():
            return {"kind": "bullets", "items": [prose(item) for item in block.items], "numbered": block.numbered}
        case Notice():
            return {"kind": "notice", "tone": block.kind, "label": NOTICES[block.kind], "text": prose(block.text)}
        case Facts():
            return {"kind": "facts", "items": [[prose(name, CELL), prose(value, CELL)] for name, value in block.items]}
        case MarkedText():
            runs = [_run(text, value, block.limit) for text, value in block.runs]
            return {"kind": "marked", "runs": runs, "caption": prose(block.caption, CELL)}
        case Code():
            language = block.language if re.fullmatch(r"[a-z]{1,12}", block.language) else ""
            return {"kind": "code", "text": code(block.text), "language": language}
        case _:
            assert_never(block)


def _run(text: str, value: float, limit: float) -> Node:
    strength = min(1.0, abs(value) / limit) if limit > 0 else 0.0
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return {"text": prose(text), "sign": sign, "strength": round(strength, 3)}
