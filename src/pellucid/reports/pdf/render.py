"""A report as a PDF file that is typeset, tagged for screen readers, and the same bytes every time."""

from __future__ import annotations

import json
from importlib.resources import files as files_of

from pellucid.reports.document import Document
from pellucid.reports.legible import rewritten, spelled, visible
from pellucid.reports.pdf.glyphs import unprintable
from pellucid.reports.pdf.pages import pages_of
from pellucid.reports.pdf.typesetting import typeset

__all__ = ["render_pdf"]


def render_pdf(document: Document) -> bytes:
    """Typeset ``document``.

    Parameters
    ----------
    document
        Any document. A chart or a picture that cannot be drawn becomes a notice that names it.

    Returns
    -------
    bytes
        A PDF file that conforms to PDF/UA-1. It holds no date: equal documents give equal bytes, wherever the fonts
        that come along hold all their characters; for others, the fonts of the machine are used.
    """
    legible, system_fonts = _legible(document)
    pages = pages_of(legible)
    files = {"main.typ": _template(), "document.json": json.dumps(pages.tree).encode(), **pages.images}
    return typeset(files, system_fonts=system_fonts)


def _template() -> bytes:
    return files_of("pellucid.reports.pdf").joinpath("report.typ").read_bytes()


def _legible(document: Document) -> tuple[Document, bool]:
    """The document without characters that cannot be printed, and whether it needs fonts of the machine.

    They are replaced before charts are drawn and tables laid out, since their code points take more space.
    """
    seen = rewritten(document, visible)
    used: set[str] = set()

    def noted(text: str) -> str:
        used.update(text)
        return text

    rewritten(seen, noted)
    system_fonts, missing = unprintable(frozenset(used) - {"\n", "\t"})
    spellings = {ord(character): spelled(character) for character in missing}
    return (rewritten(seen, lambda text: text.translate(spellings)) if spellings else seen), system_fonts
