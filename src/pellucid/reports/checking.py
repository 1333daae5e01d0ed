"""Whether the numbers of a result belong together: metrics are computed again from the counts beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pellucid.bias.metrics import METRICS
from pellucid.counts import Counts
from pellucid.nouns import counted
from pellucid.reports.reading import Group, number_in, read_stages
from pellucid.results.rounding import digits_beside

__all__ = ["inconsistencies"]

SHOWN = 5
TOLERANCE = 1e-9


def inconsistencies(analysis: Mapping[str, Any], details: Mapping[str, Any]) -> list[str]:
    """Sentences on metrics that do not follow from the counts of their groups; without counts, none.

    Weighted rows have no counts that the metrics could be computed from.
    """
    configuration = details.get("configuration")
    if isinstance(configuration, Mapping) and configuration.get("weights") is not None:
        return []
    counts = _counts(details)
    stages, _ = read_stages(analysis)
    found = [
        text
        for stage in stages
        for group in stage.groups
        if (group.facet, group.value) in counts
        for text in _of_group(group, *counts[group.facet, group.value])
    ]
    more = [f"The same holds of {counted(len(found) - SHOWN, 'further metric')}."] if len(found) > SHOWN else []
    return [*found[:SHOWN], *more]


def _of_group(group: Group, a: Counts, d: Counts) -> Iterator[str]:
    for metric in group.metrics:
        known = METRICS.get(metric.name)
        if known is None or known.compute is None or known.conditional or metric.value is None:
            continue
        if known.undefined(a, d) is not None:
            continue
        expected = float(known.compute(a, d))
        same = expected == metric.value or math.isclose(expected, metric.value, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        if not same:
            digits = max(6, digits_beside(metric.value, expected))
            there, here = f"{metric.value:.{digits}g}", f"{expected:.{digits}g}"
            yield (
                f"{metric.name} of {group.name} is {there} in analysis.json, but {here} by the counts in "
                "pellucid.json: one of the two files was edited."
            )


def _counts(details: Mapping[str, Any]) -> dict[tuple[str, str], tuple[Counts, Counts]]:
    found = {}
    groups = details.get("groups")
    for group in groups if isinstance(groups, list) else []:
        if isinstance(group, Mapping):
            d, a = _counts_of(group.get("counts")), _counts_of(group.get("others_counts"))
            if a is not None and d is not None:
                found[str(group.get("facet")), str(group.get("value_or_threshold"))] = (a, d)
    return found


def _counts_of(entry: Any) -> Counts | None:
    if not isinstance(entry, Mapping):
        return None
    matrix = entry.get("confusion_matrix")
    given = matrix if isinstance(matrix, list) else [0, 0, entry.get("positive"), entry.get("negative")]
    cells = [number_in(cell) for cell in given]
    if len(cells) != 4 or not all(cell is not None and math.isfinite(cell) for cell in cells):
        return None
    return Counts(*cells)
