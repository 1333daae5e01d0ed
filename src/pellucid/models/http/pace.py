"""How many records a request holds, and how many requests are in flight: found while sending."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pellucid.models.http.settings import RequestSettings

__all__ = ["Pace"]

logger = logging.getLogger(__name__)

FIRST_BATCH = 64
LARGEST_BATCH = 8_192
"""Above this the cost of a request by itself is spread thin everywhere, and the end of a job waits for a late one."""
LARGE_BATCH = 1_024
"""The first step leads up to here, where the first answer comes soon; then a step is two-fold and measured longer,
because a single answer that was late would make the next size look good."""
ANSWERED_BEFORE = 4
"""A larger size is tried when so many times as many records were answered, so that it costs a short job little."""
WANTED_SECONDS = 0.5
"""A request takes no longer than about this, so that a killed job loses little."""
WORTH_IT = 1.1
"""Throughput that a step must gain to be kept; smaller gains are noise."""
WINDOW_SECONDS = 0.03
"""Shortest time in which throughput is measured."""


class Pace:
    """Batch size and concurrency, adapted to the throughput that is measured.

    The batch grows while that brings a tenth more records per second and requests stay below `WANTED_SECONDS`:
    what a request costs by itself is spread over more records, until large ones are dearer for another reason, such as
    a server whose cache they leave. Then concurrency doubles as long as that brings a tenth more. Requests that take
    more than twice `WANTED_SECONDS` shrink at any time.

    Parameters
    ----------
    settings
        Bounds, or a fixed batch.
    most_records
        Records that a request can hold by its format.
    """

    def __init__(self, settings: RequestSettings, most_records: int = LARGEST_BATCH) -> None:
        self._settings = settings
        self._most = min(most_records, settings.batch_records or LARGEST_BATCH)
        self._bytes_per_record = 0.0
        self.batch_records = min(settings.batch_records or FIRST_BATCH, most_records)
        self.concurrency = min(2, settings.max_concurrency)
        self._growing = settings.batch_records is None
        self._smaller: tuple[int, float] | None = None
        self._searching = settings.max_concurrency > self.concurrency
        self._best_rate = 0.0
        self._best_batch = self.batch_records
        self._best_concurrency = self.concurrency
        self._window: _Window | None = None
        self._answered = 0

    def measured(self, records: int, body_bytes: int) -> None:
        """A body was built: keep the next ones below the payload limit."""
        self._bytes_per_record = max(self._bytes_per_record, body_bytes / records)
        fitting = max(1, int(self._settings.payload_limit_bytes / self._bytes_per_record))
        if fitting < self._most:
            self._most = fitting
            if self.batch_records > fitting:
                self._reduce(fitting)

    def answered(self, records: int, seconds: float, now: float) -> None:
        """A request was answered after ``seconds``, at the time ``now``."""
        self._answered += records
        if self._settings.batch_records is None and seconds > 2 * WANTED_SECONDS and records >= self.batch_records > 1:
            self._slow_down(records, seconds)
        elif self._growing:
            self._adapt_batch(records, seconds, now)
        elif self._searching:
            self._adapt_concurrency(records, now)

    def limit_records(self, records: int) -> None:
        """Requests may hold ``records`` records at most from now on."""
        self._most = min(self._most, max(1, records))
        if self.batch_records > self._most:
            self.batch_records, self._window = self._most, None

    def limit_bytes(self, refused_bytes: int, records: int) -> None:
        """The server refused a body as too large."""
        self.limit_records(records // 2)
        logger.info(
            "Prediction batch size is reduced to %d to fit max payload size limit. The server refused %d bytes.",
            self.batch_records,
            refused_bytes,
        )

    def throttled(self) -> None:
        """The server asked for fewer requests."""
        self.concurrency = max(1, self.concurrency // 2)
        self._searching = False

    def _slow_down(self, records: int, seconds: float) -> None:
        if self.concurrency > self._best_concurrency:
            # They wait for each other at the server.
            self.concurrency, self._searching, self._window = self._best_concurrency, False, None
            return
        self.batch_records = max(1, int(records * WANTED_SECONDS / seconds))
        self._growing, self._smaller, self._best_rate, self._window = True, (records, seconds), 0.0, None

    def _reduce(self, records: int) -> None:
        self.batch_records, self._window = records, None
        logger.info("Prediction batch size is reduced to %d to fit max payload size limit.", records)

    def _adapt_batch(self, records: int, seconds: float, now: float) -> None:
        if self._window is None and records == self.batch_records < LARGE_BATCH:
            smaller, self._smaller = self._smaller, (records, seconds)
            # Where most of the time is the request's own cost, the first answer tells.
            if smaller is None or seconds < smaller[1] * (records / smaller[0]) ** 0.5:
                self._grow_or_settle(seconds)
                return
        rate = self._rate(records, now)
        if rate is None:
            return
        if rate < WORTH_IT * self._best_rate:
            self._settle(self._best_batch)
        elif self._answered >= ANSWERED_BEFORE * 2 * self.batch_records:
            self._best_batch, self._best_rate = self.batch_records, rate
            self._grow_or_settle(seconds)

    def _grow_or_settle(self, seconds: float) -> None:
        """Try a larger batch than the present one, which takes ``seconds``, if it may be larger."""
        if self.batch_records >= self._most or seconds >= WANTED_SECONDS / 2:
            self._settle(self.batch_records)
            return
        growth = min(max(2, LARGE_BATCH / self.batch_records), WANTED_SECONDS / max(seconds, 1e-6))
        self.batch_records = min(self._most, int(self.batch_records * growth))
        self._window = None

    def _settle(self, records: int) -> None:
        """Go on with a batch of ``records``."""
        self.batch_records, self._growing, self._best_rate, self._window = min(records, self._most), False, 0.0, None

    def _adapt_concurrency(self, records: int, now: float) -> None:
        rate = self._rate(records, now)
        if rate is None:
            return
        if rate < WORTH_IT * self._best_rate:
            self.concurrency, self._searching = self._best_concurrency, False
            return
        self._best_rate, self._best_concurrency = rate, self.concurrency
        self.concurrency = min(2 * self.concurrency, self._settings.max_concurrency)
        self._searching = self.concurrency > self._best_concurrency
        self._window = None

    def _rate(self, records: int, now: float) -> float | None:
        """Records per second since requests are as they are now; None while there are too few to tell."""
        if self._window is None:
            if records != self.batch_records:
                return None
            self._window = _Window(pending=self.concurrency)
        return self._window.rate(records, now, 2 * self.concurrency)


@dataclass(slots=True)
class _Window:
    """Answers counted from when those that were sent before a change are in."""

    pending: int
    start: float = 0.0
    records: int = 0
    answers: int = 0

    def rate(self, records: int, now: float, enough: int) -> float | None:
        if self.pending:
            self.pending, self.start = self.pending - 1, now
            return None
        self.records += records
        self.answers += 1
        elapsed = now - self.start
        if self.answers < enough or elapsed < WINDOW_SECONDS:
            return None
        return self.records / elapsed
