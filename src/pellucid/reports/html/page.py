"""A report as one web page that holds all it needs: it opens offline, in a notebook, from a mail, and in print."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import field
from functools import cache
from importlib.resources import files
from itertools import count

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pellucid.charts.theme import TONES
from pellucid.records import dataclass
from pellucid.reports.document import Block, Document, Picture
from pellucid.reports.html.charts import PageCharts, themes_json
from pellucid.reports.html.library import chart_library, source_hash
from pellucid.reports.html.tables import is_stacked
from pellucid.reports.html.texts import clipped, has_long_words, html_text
from pellucid.reports.signs import NOTICES, SIGNS
from pellucid.results.rounding import significant

__all__ = ["render_html"]

STYLES = ("page.css", "blocks.css", "print.css")
SCRIPTS = ("page.js", "tables.js", "charts.js")

TONES_TOLD = {tone: TONES[tone][0] for tone in SIGNS if tone != "neutral"}
"""Tones with a sign of their own, and what it means; a neutral number needs none."""


def render_html(document: Document) -> str:
    """The report as one page.

    The page loads nothing and sends nothing, and its Content-Security-Policy keeps it from doing so. Without
    JavaScript everything is readable and charts are pictures; with it they answer to the pointer and follow the theme.

    Parameters
    ----------
    document
        What the report says. The same document gives the same page.

    Returns
    -------
    str
        HTML, to be written as UTF-8.
    """
    environment = _environment()
    style, script = (_joined(names) for names in (STYLES, SCRIPTS))
    library = chart_library()
    return environment.get_template("page.html.j2").render(
        document=document,
        file_stem=re.sub(r"[^\w-]+", "-", document.name).strip("-") or "report",
        next_table=count(1).__next__,
        library=Markup(library.compressed),  # noqa: S704 - base64
        notes=Notes(),
        notices=NOTICES,
        policy=_policy(style, script, library.source_hash),
        prepare=PageCharts().prepare,
        script=Markup(script),  # noqa: S704 - a file of this package
        style=Markup(style),  # noqa: S704 - a file of this package
        themes=Markup(themes_json()),  # noqa: S704 - escaped there
        tones=TONES_TOLD,
    )


@dataclass(frozen=True, slots=True)
class Note:
    """What the page says on demand, and at its end in print: a meaning, or the whole of a long text."""

    number: int
    title: str
    text: str


@dataclass(slots=True)
class Notes:
    """The notes of a page, each once, numbered as they are first asked for."""

    _known: dict[tuple[str, str], Note] = field(default_factory=dict)

    def number(self, title: str, text: str) -> int:
        """Number of the note."""
        return self._known.setdefault((title, text), Note(len(self._known) + 1, title, text)).number

    def __iter__(self) -> Iterator[Note]:
        return iter(self._known.values())

    def __len__(self) -> int:
        return len(self._known)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pellucid.reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "address": _address,
        "clipped": clipped,
        "kind": _kind,
        "html": html_text,
        "signed": _signed,
        "strength": _strength,
    }
    environment.tests |= {"stacked": is_stacked, "wide": has_long_words}
    return environment


def _joined(names: tuple[str, ...]) -> str:
    folder = files("pellucid.reports.html") / "assets"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


def _policy(style: str, script: str, library_hash: str) -> str:
    """What the page may do: run its own scripts and show its own pictures; no request goes anywhere."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {source_hash(script)} {library_hash}",
            f"style-src {source_hash(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _kind(block: Block) -> str:
    return type(block).__name__


def _address(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{b64encode(picture.data).decode()}"


def _signed(value: float) -> str:
    """An attribution for reading, with its sign."""
    return significant(value, 3, "+").replace("-", "−")


def _strength(value: float, limit: float) -> int:
    """How strong a mark is, 1 to 4, by its share of the strongest."""
    return min(4, 1 + int(4 * abs(value) / limit))
