"""Which findings a reader should see first: those that are certain, the largest before the smaller ones."""

from __future__ import annotations

from pellucid.cli.readings import is_certain
from pellucid.results.bias import BiasReport, MetricResult

__all__ = ["clearest"]

DIFFERENCES = frozenset({"DPL", "DPPL", "CDDL", "CDDPL", "RD", "SD", "DAR", "DRR", "AD", "FT"})
"""Metrics that are differences of shares, and so can be compared by size."""


def clearest(report: BiasReport) -> list[MetricResult]:
    """Certain differences between shares, the largest first."""
    metrics = {
        (facet.facet, facet.value_or_threshold, metric.name): metric
        for stage in report.stages
        for facet in stage.facets
        for metric in facet.metrics
    }
    certain = [metric for metric in metrics.values() if metric.name in DIFFERENCES and is_certain(metric)]
    return sorted(certain, key=lambda metric: -abs(metric.value or 0.0))
