"""Charts as Vega-Lite specifications, made from plain values: the same look in reports, notebooks and print.

Each function returns one specification, a ``dict`` with its data inside. Its ``description`` is a sentence that says
what the chart shows, for those who do not see it. ``width`` is ``"container"``: `sized` puts in a number where there is
no page around it. The chart is transparent and made for a light page; `themed` gives the same chart for a dark one.
Names and values from data stand in data only, never in expressions, and numbers that are not finite are left out of
marks and said in words.
"""

from pellucid.charts.comparisons import ComparisonRow, comparison
from pellucid.charts.curves import partial_dependence
from pellucid.charts.importances import ImportanceBar, importance
from pellucid.charts.intervals import ForestRow, GroupRate, Tone, forest, group_rates
from pellucid.charts.scatters import dependence
from pellucid.charts.shares import GroupConfusion, Share, confusion_matrices, distribution
from pellucid.charts.steps import WaterfallStep, waterfall
from pellucid.charts.strips import heat_strip
from pellucid.charts.swarms import beeswarm
from pellucid.charts.theme import Specification, sized, themed

__all__ = [
    "ComparisonRow",
    "ForestRow",
    "GroupConfusion",
    "GroupRate",
    "ImportanceBar",
    "Share",
    "Specification",
    "Tone",
    "WaterfallStep",
    "beeswarm",
    "comparison",
    "confusion_matrices",
    "dependence",
    "distribution",
    "forest",
    "group_rates",
    "heat_strip",
    "importance",
    "partial_dependence",
    "sized",
    "themed",
    "waterfall",
]
