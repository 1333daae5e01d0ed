"""The step that a job is at, with the time it has taken, on a terminal; nothing where no one watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pellucid.api.steps import steps_on_terminal
from pellucid.cli.interruption import Interruption

__all__ = ["steps_shown"]


@contextmanager
def steps_shown(interruption: Interruption) -> Iterator[Callable[[str], None]]:
    """A function to tell each step to; it stops the job where a signal has come."""
    with steps_on_terminal() as show:

        def step(name: str) -> None:
            from pellucid.api.job import WRITING

            interruption.check()
            interruption.writing = name == WRITING
            if show is not None:
                show(name)

        yield step
