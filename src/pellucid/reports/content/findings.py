"""The first screen: is someone treated worse, by how much, how sure, and what drives the predictions."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.nouns import counted
from pellucid.records import dataclass
from pellucid.reports.content.context import Context, brief, numbered, outcome_of
from pellucid.reports.content.explanations import drivers
from pellucid.reports.content.judging import certainty_of, is_clear, sentence_of, size_of, tone_of
from pellucid.reports.content.metric_texts import DIFFERENCES
from pellucid.reports.content.slices import hidden_slices, largest_slices
from pellucid.reports.document import Block, Bullets, Disclosure, Facts, Finding, Findings, Notice, Paragraph, Section
from pellucid.reports.numbers import count, number
from pellucid.reports.reading import Group, Metric, listed, mapping, texts
from pellucid.results.rounding import digits_beside, is_below

__all__ = ["RankedMetric", "findings_section", "hidden_groups", "ranked"]

OUTCOMES = ("DPPL", "CDDPL", "RD", "FT", "DPL", "CDDL")
"""Metrics that say whether members of a group are treated worse, not whether the model is right."""

CONDITIONAL = ("CDDL", "CDDPL")
"""Differences within strata, whose size cannot be compared with that of the others."""

NOT_JUDGED = "no difference in outcomes was computed, or none may be shown"

MOST = 40
SHOWN_WARNINGS = 3
WARNING_LINE = 0.8
"""The four-fifths rule of US employment law."""


@dataclass(frozen=True, slots=True)
class RankedMetric:
    """A metric of a group; ``anchor`` is that of the section of its facet."""

    group: Group
    metric: Metric
    anchor: str


def findings_section(context: Context) -> Section:
    """What was found, in sentences."""
    found = ranked(context)
    items = [_finding(context, one) for one in found[:MOST]]
    driving, slices = drivers(context), largest_slices(context)
    blocks: list[Block] = [*_problems(context), Paragraph(_summary(context, found))]
    if items or driving:
        # What is shown first holds each kind of answer: who, among whom most of all, and what drives the predictions.
        blocks.append(Findings((*items[:3], *slices, *driving[:2], *items[3:], *driving[2:])))
    if len(found) > MOST:
        more = counted(len(found) - MOST, "further comparison stands", "further comparisons stand")
        blocks.append(Paragraph(f"{more} in the tables below."))
    blocks += [*_hidden(context), *_about(context)]
    return Section(title="What was found", anchor="findings", blocks=tuple(blocks))


def ranked(context: Context) -> list[RankedMetric]:
    """Differences between groups and others: clear ones first, those that may be chance last, each by size."""
    places = {facet: place for place, facet in enumerate(context.facets, start=1)}
    found = [
        RankedMetric(group, metric, f"facet-{places[group.facet]}")
        for stage in context.stages
        for group in stage.groups
        for metric in group.metrics
        if metric.name in DIFFERENCES and metric.value is not None
    ]
    return sorted(found, key=lambda one: (_doubt(one.metric), one.metric.name in CONDITIONAL, -size_of(one.metric)))


def _doubt(metric: Metric) -> int:
    order = ["clear", "certainty not known", "measured", "insufficient evidence", "may be chance"]
    return order.index(certainty_of(metric))


def _finding(context: Context, found: RankedMetric) -> Finding:
    text = sentence_of(found.group, found.metric) + _four_fifths(found)
    return Finding(text=text, tone=tone_of(found.metric), certainty=certainty_of(found.metric), anchor=found.anchor)


def _four_fifths(found: RankedMetric) -> str:
    """Disparate impact beside the difference that it is the ratio of."""
    ratio = next((metric for metric in found.group.metrics if metric.name == "DI"), None)
    if found.metric.name != "DPPL" or ratio is None or ratio.value is None or not is_below(ratio.value, WARNING_LINE):
        return ""
    if ratio.state and not is_clear(ratio):
        return ""
    return f" That is {_beside(ratio.value)} times as often, below the usual warning line of {WARNING_LINE}."


def _beside(ratio: float) -> str:
    """A ratio that does not read as the warning line where it is below.

    >>> _beside(0.5), _beside(0.7998)
    ('0.500', '0.7998')
    """
    digits = digits_beside(ratio, WARNING_LINE)
    return number(ratio) if digits == 3 else f"{ratio:.{digits}g}"


# --- in one paragraph ------------------------------------------------------------------------------------------------
def _summary(context: Context, found: list[RankedMetric]) -> str:
    if not context.stages:
        return _without_bias(context)
    groups = list(dict.fromkeys(group.name for stage in context.stages for group in stage.groups))
    judged = [name for name in groups if any(one.group.name == name and one.metric.name in OUTCOMES for one in found)]
    worse = _groups_where(found, "worse")
    better = [name for name in _groups_where(found, "better") if name not in worse]
    known = any(metric.state for stage in context.stages for group in stage.groups for metric in group.metrics)
    clearly = "clearly " if known else ""
    if not judged:
        whom = f"the group compared, {brief(groups[0])}," if len(groups) == 1 else "a group compared"
        first = f"Nothing says whether {whom} is worse off than all others: {NOT_JUDGED}."
    elif len(judged) == 1:
        said = f"is {clearly}worse off" if worse else f"is not {clearly}worse off"
        respect = " in at least one respect" if worse else ""
        first = f"The group compared, {brief(judged[0])}, {said} than all others{respect}."
    elif worse:
        first = (
            f"{len(worse):,} of {counted(len(judged), 'group')} compared {'is' if len(worse) == 1 else 'are'} {clearly}"
            f"worse off than all others in at least one respect: {numbered(worse)}."
        )
    else:
        first = f"None of the {counted(len(judged), 'group')} compared is {clearly}worse off than all others."
    parts = [first]
    unjudged = [name for name in groups if name not in judged]
    if judged and unjudged:
        parts.append(f"Nothing is said of {numbered(unjudged)}: {NOT_JUDGED}.")
    if better and len(groups) > 1:
        parts.append(f"{'Clearly more' if known else 'More'} favourable results: {numbered(better)}.")
    unsure = _insufficient(context)
    if unsure:
        parts.append(f"The evidence is insufficient to judge {numbered(unsure)} in at least one respect.")
    if not known:
        parts.append("These results hold no intervals, so that nothing can be said on how sure the numbers are.")
    return " ".join(parts)


def _without_bias(context: Context) -> str:
    methods = mapping(context.asked.get("methods"))
    if any(stage in methods for stage in ("pre_training_bias", "post_training_bias")) or not methods:
        return "No bias metric was computed: the configuration asks for none, or the file that holds them is missing."
    said = "Bias was not asked for, so that nothing is said here on whether anybody is treated worse."
    return f"This report says what drives the predictions. {said}" if context.explanations else said


def _groups_where(found: list[RankedMetric], tone: str) -> list[str]:
    names = (one.group.name for one in found if one.metric.name in OUTCOMES and tone_of(one.metric) == tone)
    return list(dict.fromkeys(names))


def _insufficient(context: Context) -> list[str]:
    names = (
        group.name
        for stage in context.stages
        for group in stage.groups
        for metric in group.metrics
        if metric.name in OUTCOMES and metric.state == "insufficient_evidence" and not metric.error
    )
    return list(dict.fromkeys(names))


def _about(context: Context) -> Iterator[Block]:
    facts = tuple(_facts(context))
    if facts:
        yield Facts(facts)


def _facts(context: Context) -> Iterator[tuple[str, str]]:
    if context.rows is not None:
        yield "Rows analysed", count(context.rows)
    outcome = outcome_of(context)
    if outcome:
        yield "Favourable outcome", outcome
    if context.stages:
        compared = dict.fromkeys(group.name for stage in context.stages for group in stage.groups)
        yield "Groups compared, each with all other rows", numbered(list(compared), 8)
        measured = {"pre_training": "the labels", "post_training": "the predictions"}
        yield "Bias measured in", " and ".join(measured[stage.name] for stage in context.stages)
    if context.details.get("confidence_level") is not None and context.stages:
        yield "Intervals", f"{context.level} confidence"


# --- what must be known first ----------------------------------------------------------------------------------------
def _problems(context: Context) -> Iterator[Block]:
    if context.problems:
        first = "Parts of these results are missing or were changed after they had been written. "
        yield Notice("missing", first + context.problems[0])
        if context.problems[1:]:
            title = f"{counted(len(context.problems) - 1, 'further problem')} with the files"
            yield Disclosure(title=title, blocks=(Bullets(context.problems[1:]),))
    warnings = texts(context.details.get("warnings"))
    for text in warnings[:SHOWN_WARNINGS]:
        yield Notice("warning", text)
    if len(warnings) > SHOWN_WARNINGS:
        more = tuple(warnings[SHOWN_WARNINGS:])
        yield Disclosure(title=f"{counted(len(more), 'further warning')}", blocks=(Bullets(more),))


def _hidden(context: Context) -> Iterator[Block]:
    hidden, slices = hidden_groups(context), hidden_slices(context)
    if hidden or slices:
        named = "; ".join(filter(None, [numbered(hidden, 8), slices]))
        yield Notice(
            "suppressed",
            f"Numbers that tell, or let compute, counts of fewer than {context.minimum} rows are not shown, so that "
            f"nobody can be identified: {named}.",
        )
    elif context.stages and not listed(context.details.get("groups")):
        yield Notice(
            "information",
            "The counts of the groups are not known from these files, so that numbers which rest on few people could "
            "only be left out where a metric names its number of rows.",
        )


def hidden_groups(context: Context) -> list[str]:
    """Groups of which something is not shown, with what it is."""
    found: dict[str, list[str]] = {}
    for stage in context.stages:
        for group in stage.groups:
            gone = [metric.name for metric in group.metrics if metric.suppressed and metric.name != "GE"]
            if gone:
                part = "labels" if stage.name == "pre_training" else "predictions"
                every = len(gone) == len([metric for metric in group.metrics if metric.name != "GE"])
                found.setdefault(group.name, []).append(f"{part}" if every else f"{part} in part")
    return [f"{name} ({', '.join(parts)})" for name, parts in found.items()]
