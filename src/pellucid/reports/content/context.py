"""What all sections of a report are made from: the documents without small counts, read once."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Any

from pellucid.records import dataclass
from pellucid.reports.reading import Stage, listed, mapping, number_in, read_stages
from pellucid.reports.source import ReportSource
from pellucid.reports.suppressed import DEFAULT_MINIMUM, suppressed
from pellucid.results.group_names import named

__all__ = ["Context", "brief", "context_of", "numbered", "outcome_of", "output_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What sections are made from.

    Parameters
    ----------
    analysis, details
        The documents, counts below ``minimum`` left out.
    asked
        The configuration; empty where it is not known.
    problems
        What is missing or was changed, in sentences.
    pictures
        JPEG files by name.
    """

    analysis: Mapping[str, Any]
    details: Mapping[str, Any]
    asked: Mapping[str, Any]
    evidence: Mapping[str, Any] | None
    stages: tuple[Stage, ...]
    minimum: int
    problems: tuple[str, ...]
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def confidence_level(self) -> float:
        """Of the intervals, in (0, 1)."""
        found = number_in(self.details.get("confidence_level"))
        return found if found is not None and 0 < found < 1 else 0.95

    @property
    def level(self) -> str:
        """The confidence level, as a percentage."""
        return f"{100 * self.confidence_level:.4g} %"

    @property
    def rows(self) -> float | None:
        """Number of rows analysed."""
        dataset = mapping(self.details.get("dataset"))
        found = number_in(dataset.get("rows"))
        return number_in(self.details.get("rows")) if found is None else found

    @property
    def explanations(self) -> Mapping[str, Any]:
        """What stands in ``analysis.json`` under ``explanations``."""
        return mapping(self.analysis.get("explanations"))

    def group_details(self, facet: str, value: str) -> Mapping[str, Any]:
        """Size and rates of a group; empty where they are not known."""
        for group in listed(self.details.get("groups")):
            if (group.get("facet"), group.get("value_or_threshold")) == (facet, value):
                return group
        return {}

    @property
    def facets(self) -> tuple[str, ...]:
        """Facet columns, in their order."""
        return tuple(dict.fromkeys(group.facet for stage in self.stages for group in stage.groups))


def context_of(source: ReportSource) -> Context:
    """The documents of ``source`` without small counts."""
    given = number_in(source.asked.get("minimum_cell"))
    minimum = DEFAULT_MINIMUM if given is None or given < 1 else int(given)
    analysis, details = suppressed(source.analysis, source.details, minimum)
    stages, problems = read_stages(analysis)
    return Context(
        analysis=analysis,
        details=details,
        asked=source.asked,
        evidence=source.evidence,
        stages=stages,
        minimum=minimum,
        problems=(*source.problems, *problems),
        pictures=source.pictures,
    )


def brief(text: object, limit: int = 80) -> str:
    """A name short enough for a heading; the end is kept, since long names often differ there only.

    >>> brief("a" * 30 + "z", 12)
    'aaaaaa…aaaaz'
    """
    shown = " ".join(str(text).split())
    if len(shown) <= limit:
        return shown
    tail = limit // 2 - 1
    return f"{shown[: limit - tail - 1]}…{shown[-tail:]}"


def numbered(names: list[str], shown: int = 5) -> str:
    """Names in a sentence: the first ones, and how many more there are.

    >>> numbered(["a", "b", "c"], 2), numbered(["a", "b"])
    ('a, b and 1 more', 'a and b')
    """
    head = [brief(name) for name in names[:shown]]
    if len(names) > shown:
        return f"{', '.join(head)} and {len(names) - shown:,} more"
    return " and ".join(filter(None, [", ".join(head[:-1]), *head[-1:]]))


def output_named(label: str, outputs: Collection[str]) -> str:
    """What sentences call an output of the model; the only one needs no name that nobody gave it.

    >>> output_named("label0", ["label0"]), output_named("label0", ["label0", "label1"]), output_named("yes", ["yes"])
    ('the prediction', 'label0', 'yes')
    """
    return "the prediction" if len(outputs) == 1 and re.fullmatch(r"label\d+", label) else brief(label)


def outcome_of(context: Context) -> str:
    """The favourable outcome in words; empty where there is none."""
    stage = next(iter(context.stages), None)
    return "" if stage is None else named(stage.label, stage.positive)
