"""``pellucid estimate``: what a job will cost."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.cli.failures import attempt, ended
from pellucid.cli.interruption import Interruption

if TYPE_CHECKING:
    from pellucid.api.estimating import Estimate
    from pellucid.jobs.cost import Step
    from pellucid.jobs.workload import Range

__all__ = ["estimate", "number_range", "size_range", "time_range"]


def estimate(  # noqa: PLR0917 - as many as the command has
    config: Path,
    data: str | None,
    rows: float | None,
    features: int | None,
    samples: int | None,
    workers: int,
    records_per_second: float | None,
    memory: str | None,
    *,
    probe: bool,
    models: list[str],
    endpoints: list[str],
    allow_pickle: bool,
    as_json: bool,
) -> int:
    """Estimate and show; the exit code."""

    def work(interruption: Interruption) -> None:
        from pellucid.api.estimating import estimate as run
        from pellucid.cli.options import places_of

        found_models, found_endpoints = places_of(models, endpoints)
        found = run(
            config,
            data=data,
            rows=rows,
            features=features,
            samples=samples,
            workers=workers,
            records_per_second=records_per_second,
            memory=memory,
            probe=probe,
            models=found_models,
            endpoints=found_endpoints,
            allow_pickle=allow_pickle,
        )
        interruption.check()
        if as_json:
            sys.stdout.write(f"{json.dumps(found.to_dict(), indent=4)}\n")
        else:
            _show(found)

    return ended(attempt(work))


def _show(found: Estimate) -> None:
    from rich.text import Text

    from pellucid.cli.terminal import clean, heading, plain_table, results

    console = results()
    console.print(Text(_headline(found), style="bold"))
    steps = [*found.cost.steps, found.cost.total]
    remote = any(step.requests is not None for step in steps)
    titles = ["step", "model is asked for", *(["requests"] if remote else []), "time", "limited by", "memory", "files"]
    table = plain_table(*titles)
    for step in steps:
        asked = f"{number_range(step.inputs)} rows" if step.inputs.high else "-"
        cells = [
            step.name,
            asked,
            *([number_range(step.requests) if step.requests is not None else "-"] if remote else []),
            _shown_time(step),
            step.limit if step.name != "total" else "",
            size_range(step.memory),
            size_range(step.files) if step.files.high else "-",
        ]
        table.add_row(*(Text(clean(cell), style="bold" if step.name == "total" else "") for cell in cells))
    console.print(Text())
    console.print(table)
    if found.cost.scratch.high:
        console.print(Text(f"\nUntil the job is done it needs {size_range(found.cost.scratch)} of disk besides."))
    if found.cheaper:
        console.print(heading("Cheaper"))
        for text, cost in found.cheaper:
            total = cost.total
            took = f"{number_range(total.inputs)} rows asked"
            took = took if total.seconds is None else f"{time_range(total.seconds)}, {took}"
            console.print(Text(clean(f"  {text}: {took}")))
    if found.notes:
        console.print(Text("\n" + "\n".join(clean(note) for note in found.notes), style="dim"))


def _shown_time(step: Step) -> str:
    return "not known" if step.seconds is None else time_range(step.seconds)


def _headline(found: Estimate) -> str:
    workload, machines = found.workload, found.machines
    parts = [f"{workload.rows:,.0f} rows", f"{workload.columns} features"]
    if workload.coalitions is not None:
        samples = f"{number_range(workload.coalitions)} samples per row"
        parts.append(samples if workload.by_formula is None else "values by a formula")
        parts.append(
            f"a baseline of {number_range(workload.background)} row{'s' if workload.background.high > 1 else ''}"
        )
    parts.append(f"{machines.workers:,} worker{'s' if machines.workers > 1 else ''}")
    if machines.records_per_second is not None:
        whose = "by the endpoint" if machines.remote else "by each"
        parts.append(f"{_number(machines.records_per_second)} records per second {whose}")
    return ", ".join(parts)


def number_range(found: Range) -> str:
    """Two significant digits, as no estimate has more.

    >>> from pellucid.jobs.workload import Range
    >>> number_range(Range(1234, 56789)), number_range(Range(1e9, 2.1e14)), number_range(Range(2076, 2076))
    ('1,200 to 57,000', '1.0 billion to 210 trillion', '2,076')
    """
    return _joined(_number(found.low), _number(found.high)) if found.low != found.high else _exact(found.low)


def time_range(found: Range) -> str:
    """A time for reading.

    >>> from pellucid.jobs.workload import Range
    >>> time_range(Range(0.2, 0.8)), time_range(Range(10, 90)), time_range(Range(4000, 86400 * 4))
    ('under 1 s', '10 s to 1.5 min', '1.1 h to 4 days')
    """
    return _joined(_time(found.low), _time(found.high))


def size_range(found: Range) -> str:
    """A size for reading.

    >>> from pellucid.jobs.workload import Range
    >>> size_range(Range(2**20, 3 * 2**30))
    '1 MiB to 3 GiB'
    """
    from pellucid.config.sizes import size_text

    return _joined(size_text(found.low), size_text(found.high))


def _joined(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")


def _exact(value: float) -> str:
    return f"{value:,.0f}" if value < 1e9 else _number(value)


def _number(value: float) -> str:
    for size, word in ((1e15, "quadrillion"), (1e12, "trillion"), (1e9, "billion")):
        if value >= size:
            return f"{_digits(value / size)} {word}"
    return f"{_rounded(value):,.0f}"


def _digits(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{_rounded(value):,.0f}"


def _time(seconds: float) -> str:
    if seconds < 1:
        return "under 1 s"
    for size, word in ((86400 * 365, "years"), (86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= (2 if word == "days" else 1) * size:
            return f"{_rounded(seconds / size):,g} {word}"
    return f"{_rounded(seconds):g} s"
