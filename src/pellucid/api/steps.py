"""Steps of long work, told to a function of the user's or to whoever watches a terminal or a notebook."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Protocol

from pellucid.results.one_line import on_one_line

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["DELAY", "Progress", "StepsWatched", "steps_on_terminal", "steps_told"]

Progress = Callable[[str], None] | bool | None
"""What a user gives: a function of one text; None to be shown long work; False for silence."""

DELAY = 2.0
"""Seconds of work before anything is shown: what takes less needs no line."""
REFRESH = 0.5
"""Seconds between two changes of a line in a notebook."""


class Line(Protocol):
    """A line that changes in its place."""

    def show(self, step: str) -> None:
        """Show it; first when work has taken long, then whenever the step changes."""

    def close(self, *, failed: bool) -> None:
        """Leave the place as it is to stay."""


def steps_told(progress: Progress) -> AbstractContextManager[Callable[[str], None]]:
    """A function to tell each step of the work to.

    Parameters
    ----------
    progress
        A function, which is told everything at once. None or True shows the step that work is at, once it has taken
        two seconds, where the error stream is a terminal or a notebook is at hand, and nothing elsewhere. False shows
        nothing.

    Examples
    --------
    >>> with steps_told(print) as step:
    ...     step("counting rows")
    counting rows
    """
    if callable(progress):
        return nullcontext(progress)
    if progress is not False:
        if _in_notebook():
            return _watched(_NotebookLine())
        if _on_terminal():
            return _watched(_TerminalLine())
    return nullcontext(lambda step: None)


@contextmanager
def steps_on_terminal() -> Iterator[Callable[[str], None] | None]:
    """The same for a command, whose work is shown at once; None where no one watches."""
    if not _on_terminal():
        yield None
        return
    with _watched(_TerminalLine(), delay=0) as step:
        step("starting")
        yield step


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _in_notebook() -> bool:
    """Whether a kernel runs this, as those of Jupyter, VS Code, Colab and Databricks do."""
    interactive = sys.modules.get("IPython")
    shell = None if interactive is None else interactive.get_ipython()
    return getattr(shell, "kernel", None) is not None


class StepsWatched:
    """The step that work is at, shown on a line once the work has taken long.

    Parameters
    ----------
    line
        Where it is shown.
    delay
        Seconds before that.
    """

    def __init__(self, line: Line, delay: float) -> None:
        self._line, self._delay = line, delay
        self._step, self._shown = "", False
        self._changes = threading.Lock()
        self._ended = threading.Event()
        # What a notebook shows belongs to the cell that is in the context.
        self._thread = threading.Thread(target=copy_context().run, args=(self._show_late,), daemon=True)

    def begin(self) -> None:
        """Begin to wait."""
        if self._delay:
            self._thread.start()

    def step(self, name: str) -> None:
        """Tell what is being done."""
        with self._changes:
            self._step = name
            if self._shown or not self._delay:
                self._shown = True
                self._line.show(name)

    def end(self, *, failed: bool) -> None:
        """Show nothing any more."""
        self._ended.set()
        with self._changes:
            if self._shown:
                self._line.close(failed=failed)
            self._shown = False

    def _show_late(self) -> None:
        if self._ended.wait(self._delay):
            return
        with self._changes:
            if not self._ended.is_set():
                self._shown = True
                self._line.show(self._step or "working")


@contextmanager
def _watched(line: Line, *, delay: float = DELAY) -> Iterator[Callable[[str], None]]:
    steps = StepsWatched(line, delay)
    steps.begin()
    failed = True
    try:
        yield steps.step
        failed = False
    finally:
        steps.end(failed=failed)


class _TerminalLine:
    """A line with the time that was taken, which is gone when the work is done."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._progress: Any = None
        self._task: Any = None

    def show(self, step: str) -> None:
        """Show the step."""
        if self._progress is None:
            self._open(on_one_line(step))
        self._progress.update(self._task, description=on_one_line(step))

    def _open(self, step: str) -> None:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        # What a model prints must still reach the file that the standard output goes to.
        to_terminal = sys.stdout is not None and sys.stdout.isatty()
        self._progress = Progress(*columns, console=console, transient=True, redirect_stdout=to_terminal)
        self._task = self._progress.add_task(step)
        self._progress.tasks[0].start_time = self._begun
        self._progress.start()

    def close(self, *, failed: bool) -> None:  # noqa: ARG002 - an error says so itself
        """Take the line away."""
        if self._progress is not None:
            self._progress.stop()


class _NotebookLine:
    """A line among the output of a cell, which stays and says how long the work took."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._last = 0.0
        self._handle: Any = None

    def show(self, step: str) -> None:
        """Show the step, unless the last one has only just been shown."""
        now = time.monotonic()
        if self._handle is not None and now - self._last < REFRESH:
            return
        self._last = now
        self._write(f"{on_one_line(step)} ({_clock(now - self._begun)})")

    def close(self, *, failed: bool) -> None:
        """Say how long it took."""
        self._write(f"{'Stopped' if failed else 'Done'} after {_clock(time.monotonic() - self._begun)}.")

    def _write(self, text: str) -> None:
        display: Any = sys.modules["IPython"].display.display
        shown = {"text/plain": text}
        if self._handle is None:
            self._handle = display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)


def _clock(seconds: float) -> str:
    """A time as a clock shows it.

    >>> _clock(5), _clock(75.4), _clock(3700)
    ('0:05', '1:15', '1:01:40')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
