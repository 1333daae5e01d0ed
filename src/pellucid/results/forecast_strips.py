"""Explained forecasts as a notebook shows them: a strip of time per series, and the strongest elements; no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pellucid.nouns import counted
from pellucid.results.rounding import number, significant

if TYPE_CHECKING:
    from pellucid.results.forecast import Element, ForecastExplanation, ForecastItem

__all__ = ["html_of"]

Floats = npt.NDArray[np.float64]

SHOWN_ITEMS = 5
SHOWN_ELEMENTS = 8
WIDTH, HEIGHT = 480, 18
"""Of a strip, in pixels."""
RAISES, LOWERS = "#3b6fb6", "#c2622d"
CELL = "padding:2px 10px;text-align:left"
NUMBER = "padding:2px 10px;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums"


def html_of(explanation: ForecastExplanation) -> str:
    """The first items as HTML; text that comes from the data is escaped."""
    items = len(explanation.items)
    kind = f"{explanation.granularity}, {explanation.direction.replace('_', '-')}"
    head = (
        f"{counted(items, 'item')}; {escape(kind)}; {counted(explanation.model_records, 'record')} asked. "
        f'<span style="color:{RAISES}">■</span> raises the forecast, <span style="color:{LOWERS}">■</span> lowers it '
        "(mean over its steps)."
    )
    shown = "".join(_item(item) for item in explanation.items[:SHOWN_ITEMS])
    more = f"<p>and {counted(items - SHOWN_ITEMS, 'more item')}</p>" if items > SHOWN_ITEMS else ""
    left = "".join(f"<p>Left out: {escape(str(one.item_id))}: {escape(one.reason)}</p>" for one in explanation.left_out)
    notes = "".join(f"<p>{escape(note)}</p>" for note in explanation.notes)
    return f"<div><p><b>Forecast explanation</b>: {head}</p>{shown}{more}{left}{notes}</div>"


def _item(item: ForecastItem) -> str:
    means = item.scores.mean(axis=1)
    largest = float(np.abs(means).max(initial=0.0)) or 1.0
    names = list(dict.fromkeys(element.name for element in item.elements if element.timed))
    timed = [element.name for element in item.elements if element.timed]
    steps = max(timed.count(name) for name in names)
    strips = "".join(_row(name, item.elements, means, (largest, steps)) for name in names)
    strips += "".join(
        f'<tr><th scope="row" style="{CELL}">{escape(str(element.name))}</th>'
        f'<td style="{CELL}">{number(mean)} (static)</td></tr>'
        for element, mean in zip(item.elements, means.tolist(), strict=True)
        if not element.timed
    )
    offset, forecast = (significant(float(numbers.mean()), 4) for numbers in (item.offset, item.forecast))
    caption = f"{escape(str(item.item_id))}: forecast {forecast}, baseline forecast {offset}"
    return (
        '<table style="border-collapse:collapse;margin-top:1em"><caption style="text-align:left;font-weight:bold">'
        f"{caption}</caption><tbody>{strips}</tbody></table>{_strongest(item, means)}"
    )


def _row(name: str | None, elements: Sequence[Element], means: Floats, scale: tuple[float, int]) -> str:
    pairs = [(e, mean) for e, mean in zip(elements, means.tolist(), strict=True) if e.timed and e.name == name]
    return (
        f'<tr><th scope="row" style="{CELL}">{escape(name or "time steps")}</th>'
        f'<td style="{CELL}">{_strip(name or "time steps", pairs, scale)}</td></tr>'
    )


def _strip(name: str, pairs: Sequence[tuple[Element, float]], scale: tuple[float, int]) -> str:
    """One cell per step, the fuller the larger the mean score is; the exact number shows on hovering.

    Strips of an item stand under each other in time: a target ends where the future begins.
    """
    largest, steps = scale
    width = WIDTH / steps
    cells = "".join(
        f'<rect x="{i * width:.2f}" y="0" width="{width:.2f}" height="{HEIGHT}" '
        f'fill="{RAISES if mean >= 0 else LOWERS}" fill-opacity="{abs(mean) / largest:.3f}">'
        f"<title>{escape(str(element.timestamp))}: {significant(mean, 4)}</title></rect>"
        for i, (element, mean) in enumerate(pairs)
    )
    first, last = pairs[0][0].timestamp, pairs[-1][0].timestamp
    label = escape(f"Scores of {name} from {first} to {last}", quote=True)
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{label}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="rgba(128,128,128,0.5)"/>{cells}</svg>'
    )


def _strongest(item: ForecastItem, means: Floats) -> str:
    strengths = item.strengths
    order = [place for place in np.argsort(-strengths, kind="stable")[:SHOWN_ELEMENTS].tolist() if strengths[place]]
    titles = ("Element", "Mean score", "Mean |score|", "Largest standard error")
    head = "".join(f'<th scope="col" style="{CELL}">{title}</th>' for title in titles)
    rows = "".join(
        f'<tr style="border-top:1px solid rgba(128,128,128,0.3)"><th scope="row" style="{CELL}">'
        f'{escape(item.elements[place].shown)}</th><td style="{NUMBER}">{number(float(means[place]))}</td>'
        f'<td style="{NUMBER}">{number(float(strengths[place]))}</td>'
        f'<td style="{NUMBER}">{_error(float(item.standard_errors[place].max()))}</td></tr>'
        for place in order
    )
    return f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _error(error: float) -> str:
    return "not known" if error != error else significant(error, 2) if error else "exact"
