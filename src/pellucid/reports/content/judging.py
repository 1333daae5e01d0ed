"""What a metric's value means for its group, and how sure that is: said once, for sentences, tables and charts."""

from __future__ import annotations

import math
import re

from pellucid.reports.content.metric_texts import DIFFERENCES, text_of
from pellucid.reports.document import Tone
from pellucid.reports.numbers import NOISE, number, points, with_minus
from pellucid.reports.reading import Group, Metric

__all__ = [
    "CERTAIN",
    "certainty_of",
    "is_clear",
    "reading_of",
    "sentence_of",
    "size_of",
    "tone_of",
    "why_without_value",
]

CERTAIN = 0.05
"""The adjusted p-value below which a difference counts as clear."""

NOTABLE = 0.01
"""A difference of one percentage point: what is smaller is told as no difference where nothing says how sure it is."""

SUPPRESSED = "suppressed: too few rows"

MAY_BE_NONE = "no difference is possible too"
_CERTAINTY = re.compile(r" \([^()]*n = [^()]*\)\.$")


def is_clear(metric: Metric) -> bool:
    """Whether there is enough evidence, and it speaks against no difference."""
    return metric.state == "ok" and metric.p_value is not None and metric.p_value < CERTAIN


def tone_of(metric: Metric) -> Tone:
    """What the value means for the group; neutral where it has no direction or may as well be no difference."""
    if metric.suppressed:
        return "suppressed"
    if metric.value is None or metric.state == "insufficient_evidence":
        return "uncertain"
    known = text_of(metric.name)
    if known.harm == "none" or _is_neutral(metric.value, known.neutral) or (metric.state and not is_clear(metric)):
        return "neutral"
    if not metric.state and abs(size_of(metric)) < NOTABLE:
        return "neutral"
    return "worse" if (metric.value > known.neutral) == (known.harm == "high") else "better"


def _is_neutral(value: float, neutral: float) -> bool:
    """Whether a value is that of no disparity, but for what arithmetic leaves of the difference of equal shares."""
    return abs(value - neutral) <= NOISE


def size_of(metric: Metric) -> float:
    """Distance from no disparity; of a ratio, on the scale of its logarithm, so that half and twice are equal."""
    if metric.value is None:
        return 0.0
    if metric.name == "DI":
        return math.inf if metric.value <= 0 or math.isinf(metric.value) else abs(math.log(metric.value))
    return abs(metric.value - text_of(metric.name).neutral)


def certainty_of(metric: Metric) -> str:
    """How sure the value is, in words."""
    if metric.suppressed:
        return SUPPRESSED
    if metric.value is None:
        return "not computed"
    if metric.state == "insufficient_evidence":
        return "insufficient evidence"
    if not metric.state:
        return "certainty not known"
    if metric.p_value is None:
        return "measured"
    return "clear" if is_clear(metric) else "may be chance"


def sentence_of(group: Group, metric: Metric) -> str:
    """The finding; of a result that holds none, as Clarify's own, what the sign of the value says."""
    if metric.finding:
        return _CERTAINTY.sub(lambda found: with_minus(found.group()), metric.finding)
    if metric.value is None:
        return why_without_value(metric)
    known = text_of(metric.name, metric.title)
    shown = points(metric.value) if metric.name in DIFFERENCES else number(metric.value)
    named = f"{group.name}, {known.title.lower()} {shown}"
    if _is_neutral(metric.value, known.neutral):
        return f"{named}: no disparity."
    side = known.above if metric.value > known.neutral else known.below
    return f"{named}: {side}." if side else f"{named}."


def reading_of(group: Group, metric: Metric) -> str:
    """The finding without what stands beside it in a table: its interval and the numbers of rows."""
    said = _CERTAINTY.sub(".", sentence_of(group, metric))
    return f"{said.removesuffix('.')}; no difference is possible too." if MAY_BE_NONE in metric.finding else said


def why_without_value(metric: Metric) -> str:
    """Why there is no number."""
    if metric.suppressed:
        return "Suppressed: it would tell of too few people."
    return metric.error or "The file holds no value."
