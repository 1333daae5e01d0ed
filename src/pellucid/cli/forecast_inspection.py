"""What ``pellucid doctor`` shows of a job on forecasts: the items as read, the forecast of the first, the cost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from rich.console import RenderableType
from rich.text import Text

from pellucid.api.forecast_inspection import ForecastInspection
from pellucid.cli.terminal import clean, heading, plain_table
from pellucid.nouns import counted
from pellucid.protocols.forecaster import SeriesRecord

__all__ = ["forecast_shown", "items_shown"]

SHOWN_ITEMS = 5
SHOWN_VALUES = 6


def items_shown(found: ForecastInspection) -> list[RenderableType]:
    """The first items: their steps and values, as read."""
    table = plain_table("item", "observed", "future", "from", "to", "target", "static")
    for item in found.items[:SHOWN_ITEMS]:
        table.add_row(*(Text(clean(cell)) for cell in _cells(item)))
    rest = len(found.items) - SHOWN_ITEMS
    more: list[RenderableType] = [Text(f"and {rest:,} more", style="dim")] if rest > 0 else []
    names = [] if found.names is None else [Text(clean(f"Names: {', '.join(found.names)}"))]
    title = Text(f"Time series: {len(found.items):,} {'item' if len(found.items) == 1 else 'items'}", style="bold")
    return [title, table, *more, *names]


def _cells(item: SeriesRecord) -> tuple[object, ...]:
    first, last = item.timestamps[0], item.timestamps[-1]
    static = ", ".join(map(repr, item.static))
    return item.item_id, len(item.target), item.future_steps, first, last, _values(item.target), static


def _values(series: npt.NDArray[np.float64]) -> str:
    shown = ", ".join("(missing)" if value != value else f"{value:.6g}" for value in series[:SHOWN_VALUES].tolist())
    return f"{shown}, ..." if len(series) > SHOWN_VALUES else shown


def forecast_shown(found: ForecastInspection) -> list[RenderableType]:
    """The forecast that was read for the first item, and what the job will ask for."""
    parts: list[RenderableType] = []
    if found.forecast is not None:
        item = found.items[0]
        steps = "1 step" if len(found.forecast) == 1 else f"{len(found.forecast)} steps"
        parts += [heading(f"Forecast read for item {item.item_id!r}: {steps}"), Text(_values(found.forecast))]
    if found.records is not None:
        parts.append(Text(f"\nThe job will ask the model for {counted(found.records, 'record')}."))
    return parts
