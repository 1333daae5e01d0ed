"""What was not estimated and why; how everything was computed, and what it does not say."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.nouns import counted
from pellucid.reports.content.context import Context, brief, numbered
from pellucid.reports.content.findings import hidden_groups
from pellucid.reports.document import Block, Bullets, Column, Notice, Paragraph, Section, Table
from pellucid.reports.reading import Group, Metric, listed, mapping

__all__ = ["method_section", "not_estimated_section"]

MOST = 60


def not_estimated_section(context: Context) -> Section:
    """Every number that is missing or must not be relied on, with the reason."""
    rows = list(_missing(context))
    blocks: list[Block] = []
    if rows:
        columns = (Column(title="What"), Column(title="Of whom"), Column(title="Why"))
        blocks.append(Table(caption="Not computed, or not to be relied on", columns=columns, rows=tuple(rows[:MOST])))
    if len(rows) > MOST:
        blocks.append(Paragraph(f"{counted(len(rows) - MOST, 'further line')} stand in the result files."))
    hidden = hidden_groups(context)
    if hidden:
        said = f"Numbers by which fewer than {context.minimum} rows could be told apart: {numbered(hidden, 20)}."
        blocks.append(Notice("suppressed", said))
    if not blocks:
        blocks.append(Paragraph("Everything that was asked for was computed, and nothing rests on too few rows."))
    return Section(title="What was not estimated, and why", anchor="not-estimated", blocks=tuple(blocks))


def _missing(context: Context) -> Iterator[tuple[str, str, str]]:
    """Metrics that lack a value for the same reason in one line, with all groups that it holds for."""
    found: dict[tuple[str, str], list[str]] = {}
    for stage in context.stages:
        for group in stage.groups:
            for names, reason in _of_group(group):
                found.setdefault((names, reason), []).append(group.name)
    for (names, reason), groups in found.items():
        yield names, numbered(groups, 8), reason
    for plot in listed(context.explanations.get("pdp")):
        if isinstance(plot.get("error"), str):
            yield "partial dependence", brief(plot.get("feature_name")), str(plot["error"])


def _of_group(group: Group) -> Iterator[tuple[str, str]]:
    reasons: dict[str, list[str]] = {}
    for metric in group.metrics:
        reason = _reason(metric)
        if reason:
            reasons.setdefault(reason, []).append(metric.name)
    for reason, names in reasons.items():
        yield ", ".join(names), reason


def _reason(metric: Metric) -> str:
    if metric.suppressed:
        return ""
    if metric.error:
        return f"not computed: {metric.error}"
    if metric.state == "insufficient_evidence":
        return f"insufficient evidence: {metric.reason}"
    return "" if metric.value is not None else "the file holds no value"


def method_section(context: Context) -> Section:
    """The method in plain words, and its limits."""
    parts = [*_bias_method(context), *_explanation_method(context), *_suppression_method(context)]
    blocks: tuple[Block, ...] = (Paragraph("What the numbers mean, and what they do not say, stands above them."),)
    if parts:
        blocks = (Paragraph("How to read this report, and what it cannot say."), Bullets(tuple(parts)))
    return Section(title="Method and limits", anchor="method", blocks=blocks)


def _bias_method(context: Context) -> Iterator[str]:
    if not context.stages:
        return
    yield (
        "A sensitive group is compared with all other rows. Observed and predicted outcomes are reduced to favourable "
        "or not. Metrics are those of Amazon SageMaker Clarify, computed as its jobs compute them."
    )
    if context.details.get("confidence_level") is not None:
        yield (
            f"An interval holds the values that the data allow at {context.level} confidence, were the rows a random "
            "sample of those that matter. P-values are adjusted for all comparisons of the report (Holm). A difference "
            "is called clear where its adjusted p-value is below 0.05; otherwise it may be chance, which does not mean "
            "that there is none. Intervals are not adjusted: one may leave out “no difference” although the difference "
            "may be chance by its adjusted p-value."
        )
    yield (
        "A difference between groups says that there is one, not why: it may come from how the data were collected, "
        "from other characteristics, or from unequal treatment. No metric alone decides whether a system is fair, and "
        "several of them cannot be satisfied at once where groups differ in their outcomes."
    )
    yield (
        "Better or worse is told from the group's view: how often it gets the favourable outcome, or how often the "
        "model is right about it."
    )
    if any(stage.name == "post_training" for stage in context.stages):
        yield "Labels are taken as they stand: where they are unjust themselves, a model that fits them looks good."


def _explanation_method(context: Context) -> Iterator[str]:
    if not context.explanations:
        return
    if "kernel_shap" in context.explanations:
        yield (
            "SHAP values share out the difference between a prediction and the mean prediction of the baseline among "
            "the features. They describe the model, not the world: a feature may matter to the model without causing "
            "anything. Features that go together share what they say in a way that depends on the baseline."
        )
        known = mapping(mapping(context.details.get("explanations")).get("kernel_shap"))
        if known:
            yield (
                "Error bars cover the sampling of coalitions. The choice of rows and of the baseline are not in them."
            )
    if "pdp" in context.explanations:
        yield (
            "Partial dependence is the mean prediction with one feature set to a value in all rows, also in rows where "
            "that value could not occur; where few rows are, it means little."
        )


def _suppression_method(context: Context) -> Iterator[str]:
    if context.stages and context.minimum > 1:
        yield (
            f"Counts below {context.minimum} rows are not shown, nor what they could be computed from by adding and "
            "subtracting the numbers that are. What a reader knows from elsewhere cannot be taken into account."
        )
    telling = mapping(mapping(context.details.get("explanations")).get("kernel_shap"))
    texts = mapping(telling.get("texts")).get("records")
    if telling.get("single_rows") or telling.get("sample") or texts:
        yield "Single rows are shown with their values: treat this report as you treat the data themselves."
