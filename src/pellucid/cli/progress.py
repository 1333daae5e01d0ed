"""The step that a job is at, with the time it has taken, on a terminal; nothing where no one watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pellucid.cli.interruption import Interruption

__all__ = ["steps_shown"]


@contextmanager
def steps_shown(interruption: Interruption) -> Iterator[Callable[[str], None]]:
    """A function to tell each step to; it stops the job where a signal has come."""

    def step(name: str) -> None:
        from pellucid.api.job import WRITING

        interruption.check()
        interruption.writing = name == WRITING

    if not sys.stderr.isatty():
        yield step
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from pellucid.cli.terminal import clean, messages

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=messages(), transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def shown(name: str) -> None:
            step(name)
            progress.update(task, description=clean(name))

        yield shown
