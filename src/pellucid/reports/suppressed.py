"""The documents of a result without what rests on too few rows: keys stay, values become null, and a key says so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from pellucid.reports.small_cells import (
    EVERYONE,
    TIERS,
    Hidden,
    Key,
    Tier,
    group_key,
    hidden_cells,
    intersection_key,
    segment_key,
    value_key,
)
from pellucid.reports.suppression import small_shares

__all__ = ["DEFAULT_MINIMUM", "SUPPRESSED", "suppressed", "without_single_rows"]

DEFAULT_MINIMUM = 10
"""``minimum_cell`` where a configuration does not say."""

SUPPRESSED = "suppressed"
"""Our key beside what is null for this reason."""

NEEDED: Mapping[str, tuple[Tier, ...]] = {
    "CI": ("size",),
    **dict.fromkeys(("DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL"), ("labels",)),
    **dict.fromkeys(("DPPL", "DI", "CDDPL", "FT"), ("predictions",)),
    **dict.fromkeys(("DCA", "DCR"), ("labels", "predictions")),
}
"""Tiers that a metric can be computed from; of one that is not here, all of them."""

OF_ALL_ROWS = "GE"
"""The metric that is not about groups."""

STAGES = ("post_training_bias_metrics", "pre_training_bias_metrics")
SINGLE_ROWS = ("sample", "single_rows")

_FLIPS = re.compile(r"([\d,]+) (?:is|are) (?:rejected|accepted) where")
_ROWS_WITH = re.compile(r"\bthe (?:one row|[\d,]+ rows) with\b")
_ROWS_IN_BRACKETS = re.compile(r" \([\d,]+ rows?\)")


def suppressed(
    analysis: Mapping[str, Any], details: Mapping[str, Any], minimum: int = DEFAULT_MINIMUM
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both documents without counts below ``minimum``, and without all from which these could be computed.

    Parameters
    ----------
    analysis, details
        What stands in ``analysis.json`` and in ``pellucid.json``; neither is changed. Where ``details`` hold no counts,
        what the groups' sizes tell is all that can be hidden.
    minimum
        The least number of rows in a cell that may be shown; 1 hides nothing.

    Returns
    -------
    tuple
        Copies with null in the place of numbers that must not be shown, and ``"suppressed": true`` (or the list of what
        is hidden) beside them.

    Examples
    --------
    >>> metric = {"name": "DPL", "description": "...", "value": 0.1, "n": {"a": 90, "d": 4}}
    >>> stage = {"label": "y", "facets": {"sex": [{"value_or_threshold": "F", "metrics": [metric]}]}}
    >>> shown, _ = suppressed({"pre_training_bias_metrics": stage}, {})
    >>> shown["pre_training_bias_metrics"]["facets"]["sex"][0]["metrics"][0]["value"] is None
    True
    """
    new, more = deepcopy(dict(analysis)), deepcopy(dict(details))
    if minimum <= 1:
        return new, more
    found = hidden_cells(more, minimum)
    _hide_stages(new, found, None)
    _hide_p_values(more, found)
    _hide_groups(more, found)
    _hide_intersections(more, found)
    _hide_segments(more, found)
    _hide_totals(more, found)
    _hide_distributions(new, more, minimum)
    return new, more


def without_single_rows(details: Mapping[str, Any]) -> dict[str, Any]:
    """``pellucid.json`` without the rows that stand in it one by one."""
    new = deepcopy(dict(details))
    for method in _mappings(_mapping(new.get("explanations")).values()):
        for key in SINGLE_ROWS:
            if key in method:
                method[key] = None
                method[SUPPRESSED] = True
        texts = method.get("texts")
        if isinstance(texts, dict) and texts.get("records"):
            texts["records"] = []
            method[SUPPRESSED] = True
    return new


# --- metrics ---------------------------------------------------------------------------------------------------------
def _hide_stages(document: dict[str, Any], found: Hidden, segment: int | None) -> None:
    for stage in STAGES:
        facets = _mapping(_mapping(document.get(stage)).get("facets"))
        for facet, entries in facets.items():
            for entry in _mappings(entries):
                value = str(entry.get("value_or_threshold"))
                keys: tuple[Key, ...] = (group_key(facet, value), EVERYONE)
                total = EVERYONE
                if segment is not None:
                    total = segment_key(segment)
                    keys = (segment_key(segment, facet, value), total, EVERYONE)
                _hide_metrics(entry.get("metrics"), found, keys, total)


def _hide_metrics(metrics: Any, found: Hidden, keys: Sequence[Key], total: Key) -> None:
    for metric in _mappings(metrics):
        name = metric.get("name")
        gone = found.tiers_of(*([total] if name == OF_ALL_ROWS else keys))
        n = _mapping(metric.get("n"))
        few = any(isinstance(rows, int | float) and 0 < rows < found.minimum for rows in n.values())
        needed = NEEDED.get(str(name), TIERS)
        if few or any(tier in gone for tier in needed) or _few_flips(metric, found.minimum):
            _hide_metric(metric, found.minimum, with_size=few or "size" in gone)


def _few_flips(metric: Mapping[str, Any], minimum: float) -> bool:
    """Whether the sentence of a flip test counts fewer rows than may be shown."""
    if metric.get("name") != "FT":
        return False
    flips = [int(rows.replace(",", "")) for rows in _FLIPS.findall(str(metric.get("finding") or ""))]
    return any(rows < minimum for rows in flips)


def _hide_metric(metric: dict[str, Any], minimum: float, *, with_size: bool) -> None:
    for key in ("value", "interval", "p_value", "reason", "finding", *(["n"] if with_size else [])):
        if key in metric:
            metric[key] = None
    if "state" in metric:
        metric["state"] = SUPPRESSED
    metric["error"] = f"Suppressed: it tells, or lets compute, counts of fewer than {minimum:g} rows."
    metric[SUPPRESSED] = True


def _hide_p_values(details: dict[str, Any], found: Hidden) -> None:
    for entry in _mappings(details.get("p_values_unadjusted")):
        keys = group_key(str(entry.get("facet")), str(entry.get("value_or_threshold"))), EVERYONE
        needed = NEEDED.get(str(entry.get("metric")), TIERS)
        # How many rows flipped is not known here, and a p-value may tell it.
        if entry.get("metric") == "FT" or any(tier in found.tiers_of(*keys) for tier in needed):
            entry["p_value"] = None
            entry[SUPPRESSED] = True


# --- groups ----------------------------------------------------------------------------------------------------------
def _hide_groups(details: dict[str, Any], found: Hidden) -> None:
    for group in _mappings(details.get("groups")):
        key = group_key(str(group.get("facet")), str(group.get("value_or_threshold")))
        _hide_group(group, found.tiers_of(key, EVERYONE))


def _hide_group(group: dict[str, Any], gone: Sequence[Tier]) -> None:
    if not gone:
        return
    if "size" in gone:
        group["rows"] = group["proportion"] = None
    if "labels" in gone:
        group["observed_label_distribution"] = None
    if "confusion" in gone:
        group["confusion_matrix"] = None
    for side in ("", "others_"):
        counts = _mapping(group.get(f"{side}counts"))
        if "labels" in gone and counts:
            counts["positive"] = counts["negative"] = None
        if "confusion" in gone and counts:
            counts["confusion_matrix"] = None
        for rate in _mappings(group.get(f"{side}rates")):
            tiers = {"positive_labels": "labels", "positive_predictions": "predictions"}
            if tiers.get(str(rate.get("name")), "confusion") in gone:
                rate["value"] = rate["interval"] = rate["rows"] = None
    group[SUPPRESSED] = list(gone)


def _hide_intersections(details: dict[str, Any], found: Hidden) -> None:
    for place, entry in enumerate(_mappings(details.get("intersections"))):
        keys = intersection_key(place), EVERYONE
        for stage in STAGES:
            _hide_metrics(entry.get(stage), found, keys, EVERYONE)
        group = entry.get("group")
        if isinstance(group, dict):
            _hide_group(group, found.tiers_of(*keys))


def _hide_segments(details: dict[str, Any], found: Hidden) -> None:
    for place, segment in enumerate(_mappings(details.get("segments"))):
        total = segment_key(place)
        _hide_stages(segment, found, place)
        for group in _mappings(segment.get("groups")):
            key = segment_key(place, str(group.get("facet")), str(group.get("value_or_threshold")))
            _hide_group(group, found.tiers_of(key, total, EVERYONE))
        rows = segment.get("rows")
        few = isinstance(rows, int | float) and 0 < rows < found.minimum
        if few or "size" in found.tiers_of(total):
            segment["rows"] = None
            segment[SUPPRESSED] = True


# --- totals and distributions ----------------------------------------------------------------------------------------
def _hide_totals(details: dict[str, Any], found: Hidden) -> None:
    performance = _mapping(details.get("model_performance"))
    if performance and "confusion" in found.tiers_of(EVERYONE):
        for metric in _mappings(performance.get("model_performance_metrics")):
            metric["value"] = None
        performance["binary_confusion_matrix"] = performance["confusion_matrix"] = None
        performance[SUPPRESSED] = True
    classes = _mapping(performance.get("confusion_matrix"))
    cells = [cell for row in _mappings(classes.values()) for cell in row.values()]
    if any(isinstance(cell, int | float) and cell < found.minimum for cell in cells):
        performance["confusion_matrix"] = None
        performance[SUPPRESSED] = True
    for entry in _mappings(_mapping(details.get("dataset")).get("distributions")):
        column = str(entry.get("column"))
        for value in _mappings(entry.get("values")):
            if "size" in found.tiers_of(value_key(column, str(value.get("value")))):
                value["rows"] = None
                value[SUPPRESSED] = True
        few = any(value.get(SUPPRESSED) is True for value in _mappings(entry.get("values")))
        if (few and entry.get("other_rows")) or "size" in found.tiers_of(value_key(column, "other values")):
            entry["other_rows"] = None
    warnings = details.get("warnings")
    if isinstance(warnings, list):
        details["warnings"] = [_without_numbers_of_rows(text) if isinstance(text, str) else text for text in warnings]


def _without_numbers_of_rows(text: str) -> str:
    """A warning without the rows that a value selects: many of them tell how few are left."""
    return _ROWS_IN_BRACKETS.sub("", _ROWS_WITH.sub("the rows with", text))


def _hide_distributions(analysis: dict[str, Any], details: Mapping[str, Any], minimum: int) -> None:
    """Shares of rows at the points of partial dependence, where these are few rows."""
    rows = _mapping(details.get("dataset")).get("rows", details.get("rows"))
    if not isinstance(rows, int | float):
        return
    for plot in _mappings(_mapping(analysis.get("explanations")).get("pdp")):
        shares = plot.get("data_distribution")
        if isinstance(shares, list) and all(isinstance(part, int | float) for part in shares):
            gone = small_shares(shares, rows, minimum)
            plot["data_distribution"] = [None if i in gone else part for i, part in enumerate(shares)]
            if gone:
                plot[SUPPRESSED] = True


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(values: Any) -> list[dict[str, Any]]:
    found = values if isinstance(values, list) else list(values) if isinstance(values, type({}.values())) else []
    return [value for value in found if isinstance(value, dict)]
