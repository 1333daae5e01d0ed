"""How far a long step is, how fast it goes and how long it will take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from pellucid.records import dataclass

__all__ = ["Pace"]


@dataclass(slots=True)
class Pace:
    """Counts rows while they are worked on.

    Parameters
    ----------
    total
        Rows in all.
    clock
        Seconds from some moment on.

    Examples
    --------
    >>> seconds = iter([0.0, 2.0, 4.0])
    >>> pace = Pace(100, lambda: next(seconds))
    >>> pace.line("explaining", 50, kept=True)
    'explaining: 50 of 100 rows'
    >>> pace.line("explaining", 20)
    'explaining: 70 of 100 rows, 5.0 rows a second, 6 s left'
    """

    total: int
    clock: Callable[[], float]
    done: int = field(default=0, init=False)
    _worked: int = field(default=0, init=False)
    _begun: float = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self.clock()

    def line(self, doing: str, rows: int, *, kept: bool = False) -> str:
        """What to tell after ``rows`` further rows; those kept from an earlier run say nothing of the speed."""
        self.done += rows
        self._worked += 0 if kept else rows
        seconds = self.clock() - self._begun
        line = f"{doing}: {self.done:,} of {self.total:,} rows"
        if not self._worked or seconds <= 0:
            return line
        rate = self._worked / seconds
        shown = f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
        return f"{line}, {shown} rows a second, {_duration((self.total - self.done) / rate)} left"


def _duration(seconds: float) -> str:
    """A time for reading.

    >>> _duration(5.6), _duration(90), _duration(7300)
    ('6 s', '2 min', '2.0 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
