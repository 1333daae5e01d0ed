"""A circuit breaker: while a server is away, one request at a time tries, the others wait."""

from __future__ import annotations

__all__ = ["CircuitBreaker"]


class CircuitBreaker:
    """Opens after some failures in a row, lets one trial through per pause, closes with the first answer.

    A server that has never answered is not waited for: its failures are the caller's to count.

    Parameters
    ----------
    failures
        Failures in a row that open it.
    first_pause, longest_pause
        Seconds between trials; the pause doubles with each that fails.

    Examples
    --------
    >>> breaker = CircuitBreaker(failures=2, first_pause=1, longest_pause=8)
    >>> breaker.succeeded()
    >>> breaker.failed(now=0.0), breaker.failed(now=0.0)
    (None, None)
    >>> breaker.wait(now=0.25), breaker.wait(now=1.0)
    (0.75, 0.0)
    """

    def __init__(self, *, failures: int, first_pause: float, longest_pause: float) -> None:
        self._threshold = failures
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._in_a_row = 0
        self._pause = first_pause
        self._next_trial = 0.0
        self._has_answered = False
        self._away_since: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the server is taken to be away."""
        return self._has_answered and self._in_a_row >= self._threshold

    def away_seconds(self, now: float) -> float:
        """How long the server has given no answer."""
        return 0.0 if self._away_since is None else now - self._away_since

    def wait(self, now: float) -> float:
        """Seconds to wait before asking again; 0 means that the caller may send, as the only one."""
        if not self.is_open:
            return 0.0
        if now < self._next_trial:
            return self._next_trial - now
        self._next_trial = now + self._pause
        return 0.0

    def failed(self, now: float) -> None:
        """No answer came."""
        self._in_a_row += 1
        if self._away_since is None:
            self._away_since = now
        if self.is_open:
            if self._in_a_row > self._threshold:
                self._pause = min(2 * self._pause, self._longest_pause)
            self._next_trial = max(self._next_trial, now + self._pause)

    def succeeded(self) -> None:
        """An answer came, whatever it says."""
        self._has_answered = True
        self._in_a_row = 0
        self._pause = self._first_pause
        self._away_since = None
