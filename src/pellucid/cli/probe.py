"""What ``pellucid doctor`` shows of a model: what it was sent, what it answered, what was read from that, the cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from pellucid.api.model_access import without_password
from pellucid.api.probing import Cost, Probe
from pellucid.cli.terminal import clean, heading, plain_table
from pellucid.counts import Value
from pellucid.nouns import counted
from pellucid.protocols.model import Scores

if TYPE_CHECKING:
    from pellucid.models.http.endpoint import Exchange

__all__ = ["probe_shown"]


def probe_shown(probe: Probe) -> list[RenderableType]:
    """The probe of a model, from the rows to the predicted labels."""
    parts: list[RenderableType] = [heading(f"The model: {probe.source.shown}"), *_sent(probe)]
    if probe.exchange is not None:
        parts += _exchange(probe.exchange)
    if probe.scores is not None:
        parts += _answered(probe.scores, probe.labels)
    if probe.cost is not None:
        parts.append(Text(f"\n{_cost(probe.cost, probe.records, requests=probe.exchange is not None)}"))
    return parts


def _sent(probe: Probe) -> list[RenderableType]:
    table = plain_table("sent column", "type", "first rows")
    for name, values in probe.sent.items():
        table.add_row(Text(clean(name)), probe.types[name], Text(clean(", ".join(map(_cell, values)))))
    return [table]


def _exchange(exchange: Exchange) -> list[RenderableType]:
    received = f"Response, {1000 * exchange.seconds:,.0f} ms"
    return [
        heading("Request"),
        _raw(f"POST {without_password(exchange.url)}", exchange.request_headers, exchange.request_body),
        heading(received),
        _raw(f"Status {exchange.status}", exchange.response_headers, exchange.response_body),
    ]


def _raw(first: str, headers: Mapping[str, str], body: bytes) -> Text:
    lines = [first, *(f"{name}: {value}" for name, value in headers.items()), "", body.decode("utf-8", "replace")]
    return Text(clean("\n".join(lines)), no_wrap=True, overflow="ignore")


def _answered(scores: Scores, labels: Sequence[Value] | None) -> list[RenderableType]:
    names = list(scores.outputs or [])
    width = scores.values.shape[1]
    titles = [f"score {name}" for name in names] if len(names) == width else ["score"] * width
    answered = ["label answered"] if scores.labels is not None else []
    table = plain_table("row", *map(clean, titles), *answered, *(["predicted label"] if labels is not None else []))
    for row in range(len(scores.values)):
        cells = [str(row), *(f"{value:.6g}" for value in scores.values[row])]
        if scores.labels is not None:
            cells.append(_cell(scores.labels.tolist()[row]))
        if labels is not None:
            cells.append(_cell(labels[row]))
        table.add_row(*(Text(clean(cell)) for cell in cells))
    return [heading("What was read from the answer"), table]


def _cost(cost: Cost, records: int, *, requests: bool) -> str:
    calls = f"{cost.calls:,} {'request' if requests else 'call'}{'s' if cost.calls != 1 else ''}"
    flight = ", one after the other; several at a time take less" if requests and cost.calls > 1 else ""
    rows = "1 row" if cost.rows == 1 else f"All {cost.rows:,} rows"
    return (
        f"{rows}: about {calls} and {_duration(cost.seconds)}{flight}. "
        f"Estimated from {counted(records, 'record')} asked for here."
    )


def _duration(seconds: float) -> str:
    """A time for reading.

    >>> _duration(0.02), _duration(12), _duration(600), _duration(20_000)
    ('less than 0.1 s', '12.0 s', '10.0 min', '5.6 h')
    """
    if seconds < 0.1:
        return "less than 0.1 s"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _cell(value: Value) -> str:
    return "(missing)" if value is None or value != value else repr(value)
