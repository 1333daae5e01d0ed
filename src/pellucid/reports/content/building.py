"""The whole report: one document from what a job left behind."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.nouns import counted
from pellucid.reports.content.bias import facet_sections
from pellucid.reports.content.context import Context, brief, context_of
from pellucid.reports.content.data import data_section
from pellucid.reports.content.evidence import configuration_section, evidence_section
from pellucid.reports.content.explanations import explanations_section
from pellucid.reports.content.findings import findings_section
from pellucid.reports.content.limits import method_section, not_estimated_section
from pellucid.reports.content.performance import performance_section
from pellucid.reports.content.slices import intersections_section, segments_section
from pellucid.reports.document import Document, Section
from pellucid.reports.reading import mapping
from pellucid.reports.source import ReportSource

__all__ = ["build_document"]

TITLE, NAME = "Analysis Report", "report"
"""Where neither the caller nor the configuration says."""

SECTIONS: tuple[Callable[[Context], Section | None], ...] = (findings_section, data_section)
AFTER_BIAS: tuple[Callable[[Context], Section | None], ...] = (
    intersections_section,
    segments_section,
    performance_section,
    explanations_section,
    not_estimated_section,
    method_section,
    evidence_section,
    configuration_section,
)
"""Sections in their order, the facets between the two; a builder returns None where there is nothing to say."""


def build_document(source: ReportSource, *, title: str | None = None, name: str | None = None) -> Document:
    """The report on a result.

    Parameters
    ----------
    source
        What a job left behind, see `pellucid.reports.source.read_source`.
    title, name
        In the place of those in ``methods.report`` of the configuration.

    Returns
    -------
    Document
        Numbers that rest on too few rows are left out of it.
    """
    context = context_of(source)
    asked = mapping(mapping(context.asked.get("methods")).get("report"))
    found = [
        *(build(context) for build in SECTIONS),
        *facet_sections(context),
        *(build(context) for build in AFTER_BIAS),
    ]
    return Document(
        title=title or _text(asked.get("title")) or TITLE,
        subtitle=_subtitle(context),
        sections=tuple(section for section in found if section is not None),
        name=name or _text(asked.get("name")) or NAME,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) and value.strip() else ""


def _subtitle(context: Context) -> str:
    parts = []
    if context.rows is not None:
        parts.append(counted(context.rows, "row"))
    if context.facets:
        parts.append(f"bias by {', '.join(brief(facet, 40) for facet in context.facets[:6])}")
    if context.explanations:
        parts.append("explanations of the model")
    said = "; ".join(parts)
    return f"{said[:1].upper()}{said[1:]}." if said else "What a job left behind."
