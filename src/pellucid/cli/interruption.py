"""Ctrl-C and a request to stop, turned into one exception at a moment when nothing is half-written."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interruption", "Stopped", "interruptible"]


class Stopped(KeyboardInterrupt):
    """A signal asked the program to stop."""


class Interruption:
    """The signals that came while a command was at work.

    An engine that is at work when a signal comes may turn our exception into one of its own, and a computation may go
    on behind it. So the signal is remembered, and looked at again before the results are written.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self.writing = False

    def check(self) -> None:
        """Stop here if a signal has come.

        Raises
        ------
        Stopped
            A signal has come.
        """
        if self.signal is not None:
            raise Stopped

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal; once results are being written, only a second one stops that."""
        again = self.signal is not None
        self.signal = number
        if not self.writing or again:
            raise Stopped


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Within this context SIGINT and SIGTERM raise `Stopped`."""
    found = Interruption()
    before = {number: signal.signal(number, found.note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
