"""Two results side by side as the same kind of report: what differs, how surely, and for whom it got better."""

from pellucid.reports.comparison.building import build_comparison
from pellucid.reports.comparison.files import COMPARISON, comparison_from, comparison_text
from pellucid.reports.comparison.pairs import Compared, MetricKey, compare_sources

__all__ = [
    "COMPARISON",
    "Compared",
    "MetricKey",
    "build_comparison",
    "compare_sources",
    "comparison_from",
    "comparison_text",
]
