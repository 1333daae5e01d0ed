"""A report opened again from the results of a job, to be read and continued in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, TypeVar

from pellucid.errors import InputError, Problem, did_you_mean
from pellucid.records import dataclass
from pellucid.reports.document import Block, Chart, Disclosure, Document, MarkedText, Picture, Table
from pellucid.reports.notebook.shown import ShownChart, ShownMarkedText, ShownPicture, ShownTable
from pellucid.reports.reading import mapping, number_in, read_stages
from pellucid.reports.sections import sections_of

__all__ = ["LoadedReport", "load_report", "parts_of"]

Part = TypeVar("Part", Chart, Table, Picture, MarkedText)


@dataclass(frozen=True, slots=True, repr=False)
class LoadedReport:
    """A report with its numbers.

    Parts are asked for by the anchor of their section and their number in it, counted from 1 for each kind, as the
    cells of a report's notebook do.

    Parameters
    ----------
    document
        What the report says.
    analysis
        What stands in ``analysis.json``, unrounded.
    """

    document: Document
    analysis: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<report “{self.document.title}”: {', '.join(parts_of(self.document))}>"

    def chart(self, section: str, number: int = 1) -> ShownChart:
        """A chart of a section.

        Raises
        ------
        InputError
            There is no such section, or it has fewer charts.
        """
        return ShownChart(self._part(Chart, "chart", section, number))

    def table(self, section: str, number: int = 1) -> ShownTable:
        """A table of a section.

        Raises
        ------
        InputError
            There is no such section, or it has fewer tables.
        """
        return ShownTable(self._part(Table, "table", section, number))

    def picture(self, section: str, number: int = 1) -> ShownPicture:
        """A picture of a section.

        Raises
        ------
        InputError
            There is no such section, or it has fewer pictures.
        """
        return ShownPicture(self._part(Picture, "picture", section, number))

    def marked_text(self, section: str, number: int = 1) -> ShownMarkedText:
        """A marked text of a section.

        Raises
        ------
        InputError
            There is no such section, or it has fewer marked texts.
        """
        return ShownMarkedText(self._part(MarkedText, "marked text", section, number))

    def bias_metrics(self, *, library: str | None = None) -> Any:
        """A data frame with one row per bias metric, of ``library`` or of the first one installed.

        Columns: facet, value_or_threshold, stage, metric, value, low, high, p_value, state, finding.

        Raises
        ------
        MissingExtra
            No data frame library is installed.
        """
        from pellucid.results.tables import frame_of

        stages, _ = read_stages(self.analysis)
        records = [
            {
                "facet": group.facet,
                "value_or_threshold": group.value,
                "stage": stage.name,
                "metric": metric.name,
                "value": metric.value,
                "low": metric.low,
                "high": metric.high,
                "p_value": metric.p_value,
                "state": metric.state,
                "finding": metric.finding,
            }
            for stage in stages
            for group in stage.groups
            for metric in group.metrics
        ]
        return frame_of(records, library=library)

    def global_shap_values(self, *, library: str | None = None) -> Any:
        """A data frame with one row per output and feature: label, feature, value.

        Raises
        ------
        MissingExtra
            No data frame library is installed.
        """
        from pellucid.results.tables import frame_of

        outputs = mapping(mapping(self.analysis.get("explanations")).get("kernel_shap"))
        records = [
            {"label": label, "feature": feature, "value": number_in(value)}
            for label, output in outputs.items()
            for feature, value in mapping(mapping(output).get("global_shap_values")).items()
        ]
        return frame_of(records, library=library)

    def _part(self, kind: type[Part], named: str, section: str, number: int) -> Part:
        sections = parts_of(self.document)
        if section not in sections:
            fix = f"Use the anchor of a section: {did_you_mean(section, list(sections))}"
            raise InputError(Problem("section", section, fix=fix))
        parts = [part for part in sections[section] if isinstance(part, kind)]
        if not 1 <= number <= len(parts):
            plural = f"{named}{'' if len(parts) == 1 else 's'}"
            raise InputError(Problem("number", number, fix=f"Section {section!r} has {len(parts)} {plural}."))
        return parts[number - 1]


def load_report(folder: str | Path = ".") -> LoadedReport:
    """Open the report of a job again.

    Parameters
    ----------
    folder
        That holds ``analysis.json``, and ``pellucid.json`` beside it; or ``comparison.json``.

    Raises
    ------
    DataError
        ``folder`` holds no results.
    """
    from pellucid.reports.comparison import COMPARISON, build_comparison, comparison_from
    from pellucid.reports.content.building import build_document
    from pellucid.reports.source import ANALYSIS, read_source

    comparison = Path(folder) / COMPARISON
    if comparison.is_file() and not (Path(folder) / ANALYSIS).exists():
        return LoadedReport(build_comparison(comparison_from(comparison)))
    source = read_source(Path(folder))
    return LoadedReport(build_document(source), source.analysis)


def parts_of(document: Document) -> dict[str, list[Block]]:
    """What a notebook shows by a cell of code, by the anchor of its section, in reading order."""
    found: dict[str, list[Block]] = {}
    for section in sections_of(document):
        found.setdefault(section.anchor, []).extend(_shown(section.blocks))
    return found


def _shown(blocks: Iterable[Block]) -> Iterable[Block]:
    for block in blocks:
        if isinstance(block, Disclosure):
            yield from _shown(block.blocks)
        elif isinstance(block, Chart):
            yield block
            # The numbers drawn follow their chart.
            if block.table is not None:
                yield block.table
        elif isinstance(block, Table | Picture | MarkedText):
            yield block
