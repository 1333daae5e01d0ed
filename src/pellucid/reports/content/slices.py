"""Groups of several facets at once, and groups within segments of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pellucid.nouns import counted
from pellucid.records import dataclass
from pellucid.reports.content.bias import largest_first
from pellucid.reports.content.context import Context, brief
from pellucid.reports.content.judging import is_clear, sentence_of, size_of, tone_of
from pellucid.reports.content.metric_tables import compared_groups_chart, metric_table, overview_table
from pellucid.reports.document import Block, Disclosure, Finding, Notice, Paragraph, Section
from pellucid.reports.reading import Group, Metric, listed, mapping, number_in, read_metrics, read_stages
from pellucid.results.group_names import named

__all__ = ["hidden_slices", "intersections_section", "largest_slices", "segments_section"]

CHARTED = 12
LISTED = 50
DETAILED = 6
NAMES = ("DPL", "DPPL", "DI", "AD")
OUTCOMES = ("DPL", "DPPL")


@dataclass(frozen=True, slots=True)
class _Slice:
    """A group of some of the rows, or of several facets; ``where`` names the rows, if not all."""

    where: str
    group: Group
    anchor: str


def _slices(context: Context) -> list[_Slice]:
    found = [_Slice("", _crossed(entry), "intersections") for entry in listed(context.details.get("intersections"))]
    for i, segment in enumerate(listed(context.details.get("segments")), start=1):
        groups = (group for stage in read_stages(segment)[0] for group in stage.groups)
        found += [_Slice(_segment_name(segment), group, f"segment-{i}") for group in groups]
    return found


def largest_slices(context: Context) -> list[Finding]:
    """The clearest disparity of outcomes among intersections and among segments, where no facet has as large a one."""
    known = [metric for stage in context.stages for group in stage.groups for metric in group.metrics]
    found: dict[bool, tuple[float, Finding]] = {}
    for part in _slices(context):
        for metric in part.group.metrics:
            largest = max((size_of(other) for other in known if other.name == metric.name), default=0.0)
            is_segment, size = bool(part.where), size_of(metric)
            if metric.name not in OUTCOMES or not is_clear(metric) or size <= largest:
                continue
            if size > found.get(is_segment, (0.0, None))[0]:
                said = sentence_of(part.group, metric)
                text = f"Within the segment {part.where}: {said}" if is_segment else said
                found[is_segment] = (
                    size,
                    Finding(text=text, tone=tone_of(metric), certainty="clear", anchor=part.anchor),
                )
    return [finding for _, (_, finding) in sorted(found.items())]


def hidden_slices(context: Context) -> str:
    """How many intersections and groups of segments are not shown in full; empty where all are."""
    parts = [part for part in _slices(context) if any(metric.suppressed for metric in part.group.metrics)]
    crossed = {part.group.value for part in parts if not part.where}
    inside = {(part.where, part.group.name) for part in parts if part.where}
    said = [counted(len(crossed), "intersection")] if crossed else []
    said += [counted(len(inside), "group within segments", "groups within segments")] if inside else []
    return " and ".join(said)


def intersections_section(context: Context) -> Section | None:
    """Groups of several facets at once; None where they were not asked for."""
    groups = [_crossed(entry) for entry in listed(context.details.get("intersections"))]
    if not groups:
        return None
    introduction = (
        "Rows that belong to the groups of several facets at once, each against all other rows. A disparity here may "
        "be larger than that of either facet alone."
    )
    blocks: list[Block] = [Paragraph(introduction), *_compared(context, groups, "Intersections of facets")]
    for group in largest_first(groups, "DPPL")[:DETAILED]:
        table = metric_table(context, group, brief(group.value, 200))
        blocks.append(Disclosure(title=f"All metrics of {table.caption}", blocks=(table,)))
    return Section(title="Intersections of groups", anchor="intersections", blocks=tuple(blocks))


def _crossed(entry: Mapping[str, Any]) -> Group:
    facets = mapping(entry.get("facets"))
    metrics: list[Metric] = []
    for stage in ("pre_training_bias_metrics", "post_training_bias_metrics"):
        metrics += read_metrics(entry.get(stage, []), "intersections", [])
    name = " and ".join(named(brief(facet, 40), brief(value, 40)) for facet, value in facets.items())
    return Group(facet="Rows with", value=name, metrics=tuple(metrics))


def _compared(context: Context, groups: Sequence[Group], caption: str) -> list[Block]:
    names = [name for name in NAMES if any(metric.name == name for group in groups for metric in group.metrics)]
    ranked = largest_first(groups, "DPPL" if "DPPL" in names else "DPL")
    shown = [name for name in names if name in ("DPL", "DPPL", "DI")][:2]
    chart = compared_groups_chart(context, ranked[:CHARTED], shown, f"{caption}, the largest disparities first")
    entries = [(group.value, _size(group), group.metrics) for group in ranked[:LISTED]]
    blocks: list[Block] = [chart] if chart is not None else []
    blocks.append(overview_table(context, entries, names, caption))
    if len(ranked) > LISTED:
        blocks.append(Paragraph(f"{counted(len(ranked) - LISTED, 'smaller disparity', 'smaller ones')} not listed."))
    return blocks


def _size(group: Group) -> float | None:
    return next((metric.rows for metric in group.metrics if metric.rows is not None), None)


def segments_section(context: Context) -> Section | None:
    """The groups within each segment; None where there are no segments."""
    segments = listed(context.details.get("segments"))
    if not segments:
        return None
    parts = [_segment(context, segment, f"segment-{i}") for i, segment in enumerate(segments, start=1)]
    introduction = "Slices of the rows, each analysed on its own: a disparity may hide in one of them."
    return Section(title="Segments", anchor="segments", blocks=(Paragraph(introduction),), sections=tuple(parts))


def _segment_name(segment: Mapping[str, Any]) -> str:
    alias, values = segment.get("display_alias"), str(segment.get("segment"))
    name = str(alias) if alias else "all other rows" if values == "__default__" else values
    return f"{brief(segment.get('name_or_index'), 40)}: {brief(name, 60)}"


def _segment(context: Context, segment: Mapping[str, Any], anchor: str) -> Section:
    title = _segment_name(segment)
    rows = number_in(segment.get("rows"))
    blocks: list[Block] = []
    if rows is None and segment.get("suppressed") is True:
        blocks.append(Notice("suppressed", "This segment holds too few rows to be shown."))
    elif rows is not None:
        blocks.append(Paragraph(f"{counted(rows, 'row')}."))
    if isinstance(segment.get("error"), str):
        blocks.append(Notice("missing", f"Not analysed: {segment['error']}"))
    stages, problems = read_stages(segment)
    blocks += [Notice("missing", problem) for problem in problems]
    merged: dict[str, list[Metric]] = {}
    for group in (group for stage in stages for group in stage.groups):
        merged.setdefault(group.name, []).extend(group.metrics)
    groups = [Group(facet="", value=name, metrics=tuple(metrics)) for name, metrics in merged.items()]
    if groups:
        blocks += _compared(context, groups, "Groups within this segment")
    return Section(title=title, anchor=anchor, blocks=tuple(blocks))
