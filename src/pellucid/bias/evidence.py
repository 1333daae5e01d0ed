"""Whether a bias metric rests on enough rows to be acted upon, and the sentence that says why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pellucid.bias.flip_test import Flips
from pellucid.bias.group_table import A, D, GroupTable
from pellucid.bias.metrics import Metric
from pellucid.counts import Counts
from pellucid.records import dataclass
from pellucid.results.rounding import NOISE, digits_beside, is_below

__all__ = ["RATES", "Rate", "evidence"]

FEW_IN_STRATUM = 5
"""Rows of an outcome below which the share of a group among them says too little."""

SPARSE_SHARE = 0.1
"""Share of the rows that may lie in strata with so few rows of an outcome."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share or ratio that a metric compares between the groups, and the rows it is measured on.

    Parameters
    ----------
    name, rows
        In words: "recall", "rows observed positive".
    count
        How many of those rows a group has.
    """

    name: str
    rows: str
    count: Callable[[Counts], float]


_LABELS = Rate("share of positive labels", "rows", lambda group: float(group.n))
_PREDICTIONS = Rate("share of positive predictions", "rows", lambda group: float(group.n))

RATES = {
    "DPL": _LABELS,
    "KL": _LABELS,
    "JS": _LABELS,
    "LP": _LABELS,
    "TVD": _LABELS,
    "KS": _LABELS,
    "CDDL": _LABELS,
    "DPPL": _PREDICTIONS,
    "DI": _PREDICTIONS,
    "CDDPL": _PREDICTIONS,
    "DCA": Rate(
        "ratio of observed to predicted positives",
        "rows predicted positive",
        lambda group: float(group.predicted_positive),
    ),
    "DCR": Rate(
        "ratio of observed to predicted negatives",
        "rows predicted negative",
        lambda group: float(group.predicted_negative),
    ),
    "RD": Rate("recall", "rows observed positive", lambda group: float(group.positive)),
    "SD": Rate("specificity", "rows observed negative", lambda group: float(group.negative)),
    "DAR": Rate("precision", "rows predicted positive", lambda group: float(group.predicted_positive)),
    "DRR": Rate("negative predictive value", "rows predicted negative", lambda group: float(group.predicted_negative)),
    "AD": Rate("accuracy", "rows", lambda group: float(group.n)),
    "TE": Rate("ratio of false negatives to false positives", "false positives", lambda group: float(group.fp)),
}
"""Of the metrics that compare rates: the others are measured on all rows together, or on flips."""


def evidence(
    metric: Metric,
    table: GroupTable,
    *,
    minimum_rows: float = 30,
    names: Sequence[str] = ("a", "d"),
    flips: Flips | None = None,
) -> str | None:
    """Why a metric rests on too little, as a clause; None where it does not.

    Parameters
    ----------
    metric, table
        What was computed, and from which counts.
    minimum_rows
        Rows, effective ones if weighted, that every compared rate must rest on.
    names
        Names of ``a`` and ``d``.
    flips
        Outcome of the flip test, for the flip test.

    Examples
    --------
    >>> from pellucid.bias.metrics import METRICS
    >>> rows = np.array([[[[50, 10], [20, 40]]], [[[30, 3], [4, 3]]]])
    >>> table = GroupTable(rows, rows * 1.0, rows * 1.0)
    >>> evidence(METRICS["RD"], table, names=("others", "women"))
    'recall of women rests on 7 rows observed positive; at least 30 are needed'
    """
    short = [
        f"{subject} rests on {_counted(found, rows, minimum_rows)}; at least {minimum_rows:g} are needed"
        for subject, found, rows in _rests_on(metric, table, names, flips)
        if is_below(found, minimum_rows) or not found
    ]
    if short:
        return ", and ".join(short)
    return _sparse_strata(metric, table) if metric.conditional else _no_comparison(metric, table, names)


def _rests_on(
    metric: Metric, table: GroupTable, names: Sequence[str], flips: Flips | None
) -> list[tuple[str, float, str]]:
    """What the metric is measured on: subject, number of rows, and their kind."""
    if metric.compute is None:
        return [("flip test", flips.rows if flips else 0, f"rows of {names[D]}")]
    rate = RATES.get(metric.name)
    if rate is None:
        a, d = table.effective_together
        return [(metric.name, float((a + d).n), "rows")]
    groups = zip(names, table.effective(rate.count), strict=True)
    return [(f"{rate.name} of {name}", rate.count(group), rate.rows) for name, group in groups]


def _counted(found: float, rows: str, needed: float) -> str:
    """So many rows of a kind, or false positives, which must not read as enough where they are not.

    >>> _counted(1, "rows observed positive", 30), _counted(0, "rows", 30), _counted(2.5, "rows", 30)
    ('1 row observed positive', '0 rows', '2.5 effective rows')
    >>> _counted(1, "false positives", 30)
    '1 false positive'
    >>> _counted(29.99, "rows", 30)
    'just under 30 effective rows'
    """
    if found == int(found):
        one = rows.replace("rows", "row", 1) if rows.startswith("rows") else rows.removesuffix("s")
        return f"1 {one}" if found == 1 else f"{found:,.0f} {rows}"
    said = f"{found:,.1f}"
    return f"{said if float(said.replace(',', '')) < needed else f'just under {needed:,g}'} effective {rows}"


def _sparse_strata(metric: Metric, table: GroupTable) -> str | None:
    """Where a stratum has hardly any row of an outcome, Clarify counts a share of nothing, or next to it."""
    a, d = table.effective_strata
    rows, labels = ((a + d), "observed") if metric.name == "CDDL" else ((a + d).predictions_as_labels(), "predicted")
    total = float(np.sum(rows.n))
    if not total:
        return "no row has a value of the group variable"
    sparse = np.minimum(rows.positive, rows.negative) < FEW_IN_STRATUM * (1 - NOISE)
    share = float(np.sum(rows.n[sparse])) / total
    if not is_below(SPARSE_SHARE, share):
        return None
    return (
        f"{_percent(share, SPARSE_SHARE)} of the rows lie in strata with fewer than {FEW_IN_STRATUM} rows "
        f"{labels} positive or {labels} negative; at most {100 * SPARSE_SHARE:.0f} % may"
    )


def _percent(share: float, allowed: float) -> str:
    """A share above ``allowed``, with as many digits as show that it is."""
    shown = f"{100 * share:.0f}"
    return f"{100 * share:.{digits_beside(share, allowed)}g} %" if float(shown) <= 100 * allowed else f"{shown} %"


def _no_comparison(metric: Metric, table: GroupTable, names: Sequence[str]) -> str | None:
    """Enough rows, but a value that is no comparison of the groups."""
    if metric.name == "DI" and not table.groups[A].predicted_positive:
        return f"no row of {names[A]} is predicted positive, which leaves nothing to compare with"
    if metric.name in ("KL", "JS", "LP", "TVD"):
        for name, group in zip(names, table.groups, strict=True):
            if not (group.positive and group.negative):
                missing = "negative" if group.positive else "positive"
                return f"{metric.name} leaves out the {missing} label, which no row of {name} has"
    return None
