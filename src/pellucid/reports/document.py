"""What a report says, before it is a page, print or a notebook: sections of blocks that every renderer knows.

Texts are plain and unescaped: names and values of the data stand in them as they are, and it is for a renderer to write
them so that they do no harm. Numbers are texts already, rounded for reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pellucid.records import dataclass

__all__ = [
    "Align",
    "Block",
    "Bullets",
    "Cell",
    "Chart",
    "Code",
    "Column",
    "Disclosure",
    "Document",
    "Facts",
    "Finding",
    "Findings",
    "MarkedText",
    "Notice",
    "Paragraph",
    "Picture",
    "Section",
    "Table",
    "Tone",
]

Align = Literal["left", "right"]
Tone = Literal["neutral", "worse", "better", "uncertain", "suppressed"]
"""What a number or a sentence means for the group it speaks of; never told by color alone."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of short texts; numbered where the order matters."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """What a reader must not miss.

    Parameters
    ----------
    kind
        ``warning``: before the numbers are believed; ``suppressed``: counts too small to be shown; ``missing``: a part
        that could not be rendered, and why; ``information``: good to know.
    """

    kind: Literal["warning", "suppressed", "missing", "information"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence on who is treated how, by how much and how sure.

    Parameters
    ----------
    certainty
        In words, such as "clear" or "insufficient evidence".
    anchor
        Of the section that holds the numbers; empty where there is none.
    """

    text: str
    tone: Tone
    certainty: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings, the most important first; those after the first ``shown`` are shown on demand."""

    items: tuple[Finding, ...]
    shown: int = 6


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values, such as a label and its positive outcome."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table; ``meaning`` explains its heading on demand."""

    title: str
    align: Align = "left"
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table; ``meaning`` is shown on demand (formula, direction, how to read it)."""

    text: str
    tone: Tone = "neutral"
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose first cell names its row.

    Parameters
    ----------
    caption
        What it shows, as a sentence or a title.
    rows
        Each as long as ``columns``; a text is a cell without more to say.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart.

    Parameters
    ----------
    title
        What it shows.
    specification
        Vega-Lite, its data inline; ``width`` is "container" where the chart may be as wide as the page.
    description
        What a reader who does not see the chart has to know.
    table
        The numbers drawn, on demand; None where a table beside the chart holds them.
    dense
        Whether it is one of several, whose rows print draws closer together, so that they share a page. All that its
        description says is written in it.
    """

    title: str
    specification: Mapping[str, Any]
    description: str
    table: Table | None = None
    dense: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image made of pixels, such as a photograph with a heat map."""

    data: bytes
    media_type: Literal["image/png", "image/jpeg"]
    description: str
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedText:
    """A text whose parts push a prediction up or down.

    Parameters
    ----------
    runs
        Parts of the text in order, with their attribution; 0 where a part has none.
    limit
        Attribution of the strongest mark, above 0.
    """

    runs: tuple[tuple[str, float], ...]
    limit: float
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """Text in its own layout, such as a configuration."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """Blocks that are shown on demand, and in print under their title."""

    title: str
    blocks: tuple[Block, ...]


Block = Paragraph | Bullets | Notice | Findings | Facts | Table | Chart | Picture | MarkedText | Code | Disclosure


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report under a heading.

    Parameters
    ----------
    anchor
        Its name in addresses: lower-case letters, digits and hyphens; unique in the document.
    """

    title: str
    anchor: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole report.

    Parameters
    ----------
    subtitle
        What was analysed, in one line.
    sections
        The first is the first screen: what was found.
    name
        Stem of its files.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    name: str = "report"
