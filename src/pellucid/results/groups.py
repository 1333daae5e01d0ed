"""What an analysis knows of its groups beside the metrics: sizes, outcomes, rates, distributions."""

from __future__ import annotations

from typing import Any, Literal

from pellucid.records import dataclass

__all__ = ["ColumnDistribution", "GroupCounts", "GroupRate", "GroupStatistics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDistribution:
    """Rows by value of a column, the most frequent values first.

    Parameters
    ----------
    values
        Value as it is printed, number of rows. Of a column taken as continuous, the interval that was chosen.
    other_rows
        Rows with any other value.
    missing
        Rows without a value.
    """

    column: str
    role: Literal["label", "predicted label", "facet"]
    values: tuple[tuple[str, int], ...]
    other_rows: int
    missing: int

    def to_dict(self) -> dict[str, Any]:
        """For ``pellucid.json``."""
        return {
            "column": self.column,
            "role": self.role,
            "values": [{"value": value, "rows": rows} for value, rows in self.values],
            "other_rows": self.other_rows,
            "missing": self.missing,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCounts:
    """Numbers of rows of a group, unweighted.

    Parameters
    ----------
    confusion_matrix
        True positive, false positive, false negative, true negative rows; None without predictions.
    """

    positive: int
    negative: int
    confusion_matrix: tuple[int, int, int, int] | None

    def to_dict(self) -> dict[str, Any]:
        """For ``pellucid.json``."""
        matrix = None if self.confusion_matrix is None else list(self.confusion_matrix)
        return {"positive": self.positive, "negative": self.negative, "confusion_matrix": matrix}


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRate:
    """A rate of a group with its confidence interval.

    Parameters
    ----------
    name
        ``positive_labels``, ``positive_predictions``, ``recall``, ``specificity``, ``precision``,
        ``negative_predictive_value`` or ``accuracy``.
    value, interval
        In [0, 1]; None where the rate is one of no rows.
    rows
        What the rate rests on; with weights, the number of rows that these are worth.
    """

    name: str
    value: float | None
    interval: tuple[float, float] | None
    rows: float

    def to_dict(self) -> dict[str, Any]:
        """For ``pellucid.json``."""
        interval = None if self.interval is None else list(self.interval)
        return {"name": self.name, "value": self.value, "interval": interval, "rows": self.rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStatistics:
    """Size and outcomes of one sensitive group, for charts: shares as Clarify's report has them.

    Parameters
    ----------
    counts, others_counts
        Rows of the group and of all other rows.
    rates, others_rates
        The rates that metrics compare, of both.
    """

    facet: str
    value_or_threshold: str
    rows: int
    proportion: float
    observed_label_distribution: tuple[float, float]
    confusion_matrix: tuple[float, float, float, float] | None
    counts: GroupCounts | None = None
    others_counts: GroupCounts | None = None
    rates: tuple[GroupRate, ...] = ()
    others_rates: tuple[GroupRate, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For ``pellucid.json``."""
        return {
            "facet": self.facet,
            "value_or_threshold": self.value_or_threshold,
            "rows": self.rows,
            "proportion": self.proportion,
            "observed_label_distribution": list(self.observed_label_distribution),
            "confusion_matrix": None if self.confusion_matrix is None else list(self.confusion_matrix),
            "counts": None if self.counts is None else self.counts.to_dict(),
            "others_counts": None if self.others_counts is None else self.others_counts.to_dict(),
            "rates": [rate.to_dict() for rate in self.rates],
            "others_rates": [rate.to_dict() for rate in self.others_rates],
        }
