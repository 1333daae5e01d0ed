"""Bias results read back from their file, whatever stands there: values that are no numbers are told and left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from pellucid.records import dataclass
from pellucid.results.group_names import named

__all__ = [
    "Group",
    "Metric",
    "Stage",
    "listed",
    "mapping",
    "number_in",
    "read_metrics",
    "read_stages",
    "texts",
]

StageName = Literal["pre_training", "post_training"]

INFINITIES = {
    "Infinity": math.inf,
    "-Infinity": -math.inf,
    "inf": math.inf,
    "-inf": -math.inf,
    "∞": math.inf,
    "-∞": -math.inf,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric of one group.

    Parameters
    ----------
    low, high, p_value
        None where the file holds no statistics.
    rows, others
        Number of rows of the group and of all others.
    suppressed
        Whether it is not shown, since it tells of too few rows.
    """

    name: str
    title: str
    value: float | None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    rows: float | None = None
    others: float | None = None
    state: str = ""
    reason: str = ""
    finding: str = ""
    error: str = ""
    suppressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All metrics of one sensitive group in one stage."""

    facet: str
    value: str
    metrics: tuple[Metric, ...]

    @property
    def name(self) -> str:
        """What sentences call the group."""
        return named(self.facet, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Bias in the labels, or in the predictions."""

    name: StageName
    label: str
    positive: str
    groups: tuple[Group, ...]


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list; nothing of what is no list."""
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list | tuple) else []


def texts(value: Any) -> list[str]:
    """The texts in a list; nothing of what is no list."""
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list | tuple) else []


def number_in(value: Any) -> float | None:
    """A number of a result file, infinities as Clarify writes them; None for anything else.

    >>> number_in("Infinity"), number_in(True), number_in("0.5"), number_in(2)
    (inf, None, None, 2.0)
    """
    if isinstance(value, str):
        return INFINITIES.get(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    return None if math.isnan(found) else found


def read_stages(document: Mapping[str, Any]) -> tuple[tuple[Stage, ...], tuple[str, ...]]:
    """The stages of an ``analysis.json`` or of a segment, labels first, and what could not be read of them."""
    stages: list[Stage] = []
    problems: list[str] = []
    names: tuple[StageName, ...] = ("pre_training", "post_training")
    for name in names:
        key = f"{name}_bias_metrics"
        if key not in document:
            continue
        section = document[key]
        if not isinstance(section, Mapping) or not isinstance(section.get("facets"), Mapping):
            problems.append(f"{key} has not the form of a result: it was edited, and is left out.")
            continue
        groups = [
            Group(
                facet=str(facet),
                value=str(entry.get("value_or_threshold", "")),
                metrics=read_metrics(entry.get("metrics"), f"{key}, {facet}", problems),
            )
            for facet, entries in section["facets"].items()
            for entry in _entries(entries, f"{key}, {facet}", problems)
        ]
        label, positive = str(section.get("label", "label")), str(section.get("label_value_or_threshold", ""))
        # A facet that is given twice stands twice in the results, and once in what people read.
        distinct = {(group.facet, group.value): group for group in groups}
        stages.append(Stage(name=name, label=label, positive=positive, groups=tuple(distinct.values())))
    return tuple(stages), tuple(problems)


def read_metrics(entries: Any, where: str, problems: list[str]) -> tuple[Metric, ...]:
    """The metrics of a group; what could not be read is added to ``problems``."""
    return tuple(
        _metric(entry, where, problems)
        for entry in _entries(entries, where, problems)
        if isinstance(entry.get("name"), str)
    )


def _entries(value: Any, where: str, problems: list[str]) -> list[Mapping[str, Any]]:
    found = listed(value)
    if not isinstance(value, list | tuple) or len(found) < len(value):
        problems.append(f"{where}: some entries have not the form of a result; they were edited, and are left out.")
    return found


def _metric(entry: Mapping[str, Any], where: str, problems: list[str]) -> Metric:
    name = str(entry["name"])

    def number(key: str, value: Any) -> float | None:
        found = number_in(value)
        if found is None and value is not None:
            problems.append(f"{where}, {name}: {key} is {_short(value)}, which is no number; it is not shown.")
        return found

    interval = entry.get("interval")
    ends = interval if isinstance(interval, list | tuple) and len(interval) == 2 else (None, None)
    n = mapping(entry.get("n"))
    description = entry.get("description")
    title = description if isinstance(description, str) else name
    return Metric(
        name=name,
        title=title.removesuffix(f" ({name})"),
        value=number("value", entry.get("value")),
        low=number("interval", ends[0]),
        high=number("interval", ends[1]),
        p_value=number("p_value", entry.get("p_value")),
        rows=number_in(n.get("d")),
        others=number_in(n.get("a")),
        state=_text(entry.get("state")),
        reason=_text(entry.get("reason")),
        finding=_text(entry.get("finding")),
        error=_text(entry.get("error")),
        suppressed=entry.get("suppressed") is True,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:39]}…"
