"""Explained forecasts for people at a terminal: which series and which steps move them, with error bars."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from pellucid.cli.terminal import clean, heading, number, plain_table
from pellucid.jobs.forecasts.totals import ForecastSummary, StrongElement
from pellucid.results.forecast import LeftOut
from pellucid.results.rounding import margin

__all__ = ["forecasts_shown"]

SHOWN_SERIES = 10
SHOWN_ELEMENTS = 10
SHOWN_ITEMS = 10


def forecasts_shown(found: ForecastSummary, level: float) -> list[RenderableType]:
    """Series by what they contribute, the strongest elements, and items that were left out."""
    request = found.request
    parts: list[RenderableType] = []
    if found.series:
        title = (
            "Series that move forecasts most (absolute scores, summed over time, mean over the horizon and the items)"
        )
        parts += [heading(title), _series(found.series)]
    what = "Elements" if found.series else "Time steps"
    title = f"{what} that move a forecast most ({request.granularity}, {request.direction.replace('_', '-')})"
    parts += [heading(title), _elements(found.strongest[:SHOWN_ELEMENTS], level)]
    if found.left_out:
        parts += [heading(f"Items without an explanation: {len(found.left_out):,}"), _left_out(found.left_out)]
    return parts


def _series(series: dict[str, float]) -> RenderableType:
    table = plain_table("series", "contribution")
    table.columns[1].justify = "right"
    ordered = sorted(series.items(), key=lambda pair: -pair[1])
    for name, strength in ordered[:SHOWN_SERIES]:
        table.add_row(Text(clean(name)), Text(number(strength)))
    if len(ordered) > SHOWN_SERIES:
        table.add_row(Text(f"and {len(ordered) - SHOWN_SERIES} more", style="dim"), Text())
    return Padding(table, (0, 0, 0, 2))


def _elements(strongest: Sequence[StrongElement], level: float) -> RenderableType:
    table = plain_table("item", "element", "score (mean over the horizon)", "absolute", f"{100 * level:g} % interval")
    for column in table.columns[2:]:
        column.justify = "right"
    for one in strongest:
        if not one.strength:
            break
        cells = (
            one.item_id,
            one.element.shown,
            number(one.mean),
            number(one.strength),
            margin(one.largest_error, level),
        )
        table.add_row(*(Text(clean(cell)) for cell in cells))
    return Padding(table, (0, 0, 0, 2))


def _left_out(items: Sequence[LeftOut]) -> RenderableType:
    table = plain_table("item", "why")
    for left in items[:SHOWN_ITEMS]:
        table.add_row(Text(clean(left.item_id)), Text(clean(left.reason)))
    if len(items) > SHOWN_ITEMS:
        table.add_row(Text(f"and {len(items) - SHOWN_ITEMS} more in pellucid.json", style="dim"), Text())
    return Padding(table, (0, 0, 0, 2))
