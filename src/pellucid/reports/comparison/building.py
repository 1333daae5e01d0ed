"""The report on two results: what changed first, then every group, then what drives the predictions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pellucid.bias.comparison import Difference, Verdict
from pellucid.bias.metrics import reading_place
from pellucid.charts.comparisons import ComparisonRow, comparison
from pellucid.nouns import counted
from pellucid.reports.comparison.pairs import Compared, ImportanceKey, MetricKey
from pellucid.reports.content.context import brief
from pellucid.reports.content.evidence import moment
from pellucid.reports.content.metric_texts import DIFFERENCES, text_of
from pellucid.reports.document import (
    Block,
    Bullets,
    Cell,
    Chart,
    Column,
    Document,
    Facts,
    Finding,
    Findings,
    Notice,
    Paragraph,
    Section,
    Table,
    Tone,
)
from pellucid.reports.numbers import count, interval, number, p_value, points
from pellucid.results.group_names import named

__all__ = ["build_comparison"]

TITLE, NAME = "Comparison Report", "comparison"
CHARTED = ("DPL", "DPPL", "DI", "RD", "SD", "AD")
MOST_FEATURES = 15

CLEAR: tuple[Verdict, ...] = ("better", "worse", "changed sides", "changed")
SAID: dict[Verdict, str] = {
    "better": "nearer to parity",
    "worse": "further from parity",
    "changed sides": "now to the other side",
    "changed": "changed, whether nearer to parity or further from it is not clear",
    "equal": "equal",
    "no clear change": "no clear change",
    "insufficient evidence": "insufficient evidence",
}
STAGES = {"pre_training": "labels", "post_training": "predictions"}


def build_comparison(compared: Compared, *, title: str | None = None) -> Document:
    """The report on two results.

    Parameters
    ----------
    compared
        See `pellucid.reports.comparison.compare_sources`.
    """
    first, second = compared.names
    sections = [
        _changes(compared),
        _what(compared),
        *_facets(compared),
        _importances(compared),
        _method(compared),
    ]
    return Document(
        title=title or TITLE,
        subtitle=f"{brief(second, 60)} against {brief(first, 60)}: {_counted_changes(compared)}.",
        sections=tuple(section for section in sections if section is not None),
        name=NAME,
    )


def _tone(key: MetricKey, found: Difference) -> Tone:
    """What a change means for the group; nearer to parity is worse for a group that was favoured."""
    if found.verdict == "insufficient evidence":
        return "uncertain"
    harm = text_of(key.metric).harm
    if found.verdict not in CLEAR or harm == "none":
        return "neutral"
    return "worse" if (found.second.value > found.first.value) == (harm == "high") else "better"


def _counted_changes(compared: Compared) -> str:
    verdicts = [found.verdict for found in compared.metrics.values()]
    if not verdicts:
        return "no bias metric in common"
    clear = {
        "better": "nearer to parity",
        "worse": "further from it",
        "changed sides": "to the other side",
        "changed": "changed without being clearly nearer or further",
    }
    said = [f"{verdicts.count(key)} {words}" for key, words in clear.items() if key in verdicts]
    return f"of {counted(len(verdicts), 'metric')}, {', '.join(said) if said else 'none has clearly changed'}"


def _changes(compared: Compared) -> Section:
    """The first screen: clear changes, the largest first."""
    clear = [(key, found) for key, found in compared.metrics.items() if found.verdict in CLEAR]
    clear.sort(key=lambda pair: (-_size(*pair), reading_place(pair[0].metric)))
    findings = tuple(
        Finding(
            text=_sentence(key, found, compared),
            tone=_tone(key, found),
            certainty="clear change",
            anchor=_anchor(compared, key.facet),
        )
        for key, found in clear
        if key.metric in DIFFERENCES or key.metric == "DI" or len(clear) <= 3
    )
    blocks: list[Block] = []
    if findings:
        blocks.append(Findings(findings))
    elif compared.metrics:
        blocks.append(Paragraph("No metric differs by more than chance may well explain."))
    else:
        blocks.append(Notice("information", "The two results have no bias metric in common."))
    blocks += [Notice("warning", f"{name}: {problem}") for name, problem in _problems(compared)]
    return Section(title="What changed", anchor="changes", blocks=tuple(blocks))


def _size(key: MetricKey, found: Difference) -> float:
    if key.metric == "DI" and found.first.value > 0 and found.second.value > 0:
        return abs(math.log(found.second.value / found.first.value)) / 4
    return abs(found.value) if key.metric in DIFFERENCES else 0.0


def _sentence(key: MetricKey, found: Difference, compared: Compared) -> str:
    """One change in words."""
    first, second = compared.names
    text = text_of(key.metric)
    shown = points if key.metric in DIFFERENCES else number
    low, high = found.interval if found.interval is not None else (None, None)
    group = named(brief(key.facet), brief(key.value))
    return (
        f"{group}: {text.title.lower()} ({key.metric}) went from {shown(found.first.value)} in {brief(first, 40)} to "
        f"{shown(found.second.value)} in {brief(second, 40)}, {SAID[found.verdict]} (difference {shown(found.value)}, "
        f"{_level(compared)} interval {shown(low)} to {shown(high)})."
    )


def _level(compared: Compared) -> str:
    return f"{100 * compared.confidence_level:.4g} %"


def _problems(compared: Compared) -> Iterator[tuple[str, str]]:
    for side in (compared.first, compared.second):
        for problem in side.problems:
            yield side.name, problem


def _what(compared: Compared) -> Section:
    """What the two results are."""
    sides = (compared.first, compared.second)
    rows = (
        ("Rows", *(count(side.rows) for side in sides)),
        ("Begun", *(moment(side.started or "-") for side in sides)),
        ("Model", *(side.model or "-" for side in sides)),
        ("Seed", *(count(side.seed) for side in sides)),
        ("Version", *(side.version or "-" for side in sides)),
    )
    unknown = "not known: one has no evidence"
    data = {True: "the same files", False: "different files", None: unknown}[compared.same_data]
    first, second = compared.names
    blocks: list[Block] = [
        Table(
            caption="The two results",
            columns=(Column(title=""), Column(title=brief(first, 40)), Column(title=brief(second, 40))),
            rows=rows,
        ),
        Facts((("Data", data),)),
    ]
    if compared.only:
        blocks.append(Notice("information", " ".join(compared.only)))
    return Section(title="What was compared", anchor="compared", blocks=tuple(blocks))


def _facet_names(compared: Compared) -> list[str]:
    return list(dict.fromkeys(key.facet for key in compared.metrics))


def _anchor(compared: Compared, facet: str) -> str:
    return f"facet-{_facet_names(compared).index(facet) + 1}"


def _facets(compared: Compared) -> Iterator[Section]:
    for facet in _facet_names(compared):
        values = dict.fromkeys(key.value for key in compared.metrics if key.facet == facet)
        anchor = _anchor(compared, facet)
        parts = tuple(_group(compared, facet, value, f"{anchor}-{i}") for i, value in enumerate(values, start=1))
        yield Section(title=f"Facet {brief(facet)}", anchor=anchor, sections=parts)


def _group(compared: Compared, facet: str, value: str, anchor: str) -> Section:
    found = {
        key: difference for key, difference in compared.metrics.items() if (key.facet, key.value) == (facet, value)
    }
    ordered = sorted(found, key=lambda key: (key.stage == "post_training", reading_place(key.metric)))
    charted = [key for key in ordered if key.metric in CHARTED]
    blocks: list[Block] = []
    if charted:
        drawn = comparison(
            [_row(key, found[key]) for key in charted],
            names=(brief(compared.names[0], 40), brief(compared.names[1], 40)),
        )
        title = f"{named(brief(facet), brief(value))}: both results with their intervals"
        blocks.append(Chart(title=title, specification=drawn, description=str(drawn["description"])))
    blocks.append(_table(compared, facet, value, [(key, found[key]) for key in ordered]))
    return Section(title=named(brief(facet), brief(value)), anchor=anchor, blocks=tuple(blocks))


def _row(key: MetricKey, found: Difference) -> ComparisonRow:
    tone = _tone(key, found)
    return ComparisonRow(
        label=f"{key.metric}: {text_of(key.metric).title.lower()}",
        a=found.first.value,
        b=found.second.value,
        a_interval=found.first.interval,
        b_interval=found.second.interval,
        difference=found.value,
        interval=found.interval,
        neutral=text_of(key.metric).neutral,
        tone=tone if tone in ("better", "worse") else "neutral",
        panel="Ratio" if key.metric == "DI" else "Difference",
    )


def _table(compared: Compared, facet: str, value: str, found: Sequence[tuple[MetricKey, Difference]]) -> Table:
    first, second = compared.names
    level = _level(compared)
    columns = (
        Column(title="Metric"),
        Column(title="Of"),
        Column(title=brief(first, 30), align="right"),
        Column(title=brief(second, 30), align="right"),
        Column(title="Difference", align="right", meaning=f"{second} minus {first}."),
        Column(title=f"{level} interval", align="right", meaning="Of the difference."),
        Column(
            title="p-value", align="right", meaning="Against no difference, adjusted (Holm) over all metrics compared."
        ),
        Column(title="Reading"),
    )
    rows = tuple(
        (
            Cell(text=key.metric, meaning=text_of(key.metric).meaning),
            STAGES.get(key.stage, key.stage),
            number(difference.first.value),
            number(difference.second.value),
            number(difference.value),
            interval(*difference.interval) if difference.interval is not None else "-",
            p_value(difference.p_value),
            Cell(text=SAID[difference.verdict], tone=_tone(key, difference)),
        )
        for key, difference in found
    )
    return Table(caption=f"All metrics of {named(brief(facet), brief(value))}", columns=columns, rows=rows)


def _importances(compared: Compared) -> Section | None:
    """What drives the predictions in each result."""
    if not compared.importances:
        return None
    outputs = dict.fromkeys(key.output for key in compared.importances)
    parts = tuple(_output(compared, output, f"importance-{i}") for i, output in enumerate(outputs, start=1))
    return Section(
        title="What drives the predictions",
        anchor="importance",
        blocks=(
            Paragraph(
                "Global SHAP values of both results. Their intervals cover the noise of sampling coalitions; another "
                "choice of rows or of the baseline would move them too."
            ),
        ),
        sections=parts,
    )


def _output(compared: Compared, output: str, anchor: str) -> Section:
    found = [(key, difference) for key, difference in compared.importances.items() if key.output == output]
    found.sort(key=lambda pair: -max(abs(pair[1].first.value), abs(pair[1].second.value)))
    shown = found[:MOST_FEATURES]
    drawn = comparison(
        [
            ComparisonRow(
                label=key.feature,
                a=difference.first.value,
                b=difference.second.value,
                a_interval=difference.first.interval,
                b_interval=difference.second.interval,
                difference=difference.value,
                interval=difference.interval,
            )
            for key, difference in shown
        ],
        names=(brief(compared.names[0], 40), brief(compared.names[1], 40)),
        axis_title="Global SHAP value",
    )
    return Section(
        title=f"Output {brief(output)}",
        anchor=anchor,
        blocks=(
            Chart(
                title=f"Features that matter most for {brief(output)}",
                specification=drawn,
                description=str(drawn["description"]),
            ),
            _importance_table(compared, found),
        ),
    )


def _importance_table(compared: Compared, found: Sequence[tuple[ImportanceKey, Difference]]) -> Table:
    first, second = compared.names
    return Table(
        caption="Global SHAP values",
        columns=(
            Column(title="Feature"),
            Column(title=brief(first, 30), align="right"),
            Column(title=brief(second, 30), align="right"),
            Column(title="Difference", align="right"),
            Column(title=f"{_level(compared)} interval", align="right"),
            Column(title="Reading"),
        ),
        rows=tuple(
            (
                brief(key.feature),
                number(difference.first.value),
                number(difference.second.value),
                number(difference.value),
                interval(*difference.interval) if difference.interval is not None else "-",
                _weight(difference),
            )
            for key, difference in found
        ),
    )


def _weight(found: Difference) -> str:
    if found.verdict in ("equal", "no clear change", "insufficient evidence", "changed sides"):
        return SAID[found.verdict]
    if found.verdict == "changed":
        return "changed, whether it matters more or less is not clear"
    return "matters more" if abs(found.second.value) > abs(found.first.value) else "matters less"


def _method(compared: Compared) -> Section:
    said = [
        (
            "Differences are the second result minus the first. Nearer to parity means that the value has come nearer "
            "to what stands for no disparity; of a ratio, twice and half as often are equally far from it. Neither "
            "is said of a value that has clearly changed, but may lie as far on the other side now. Better "
            "and worse are told from the group's view: nearer to parity is worse for a group that was favoured."
        )
    ]
    if compared.paired:
        said.append(
            "Both models answered for the same rows. For the metrics of predictions the intervals come from how often "
            "the two disagree in which group (delta method over the joint counts), so that they are as narrow as the "
            "data allow."
        )
    said.append(
        "Other intervals combine those of the two results as if they came from independent rows (MOVER). Where both "
        "were computed from the same rows, that is wider than need be."
    )
    said.append(
        "P-values are adjusted by Holm over all metrics compared, so that one clear change by mere chance is rare."
    )
    if compared.same_data is False:
        said.append("The data differ, so that a change may come from the people in them as well as from the model.")
    return Section(title="Method and limits", anchor="method", blocks=(Bullets(tuple(said)),))
