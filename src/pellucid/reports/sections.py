"""The sections of a document, one after the other."""

from __future__ import annotations

from collections.abc import Iterable

from pellucid.reports.document import Document, Section

__all__ = ["sections_of"]


def sections_of(document: Document) -> list[Section]:
    """All sections, in reading order."""
    return [section for top in document.sections for section in _with_children(top)]


def _with_children(section: Section) -> Iterable[Section]:
    yield section
    for child in section.sections:
        yield from _with_children(child)
