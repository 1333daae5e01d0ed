"""How many records a request holds, and how many requests are in flight: found while sending."""

from __future__ import annotations

import logging

from pellucid.models.http.settings import RequestSettings

__all__ = ["Pace"]

logger = logging.getLogger(__name__)

FIRST_BATCH = 64
LARGEST_BATCH = 4_096
"""Above this the cost per record hardly falls, and a server cannot read one request while it works on another."""
WANTED_SECONDS = 0.5
"""Time of a request: long enough to hide the cost of sending, short enough that a killed job loses little."""
WORTH_IT = 1.1
"""Throughput that a step must gain to be kept; smaller gains are noise."""


class Pace:
    """Batch size and concurrency, adapted to what the server does.

    The batch grows four-fold at most while requests take less than half of `WANTED_SECONDS`, and shrinks when they take
    more than twice as long. Once it rests, concurrency doubles as long as that brings a tenth more records per second.

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
        self._resting = False
        self._searching = settings.max_concurrency > self.concurrency
        self._best_rate = 0.0
        self._best_concurrency = self.concurrency
        self._window_start: float | None = None
        self._window_records = 0
        self._window_answers = 0

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
        self._adapt_batch(records, seconds)
        if self._resting and self._searching:
            self._adapt_concurrency(records, now)

    def limit_records(self, records: int) -> None:
        """Requests may hold ``records`` records at most from now on."""
        self._most = min(self._most, max(1, records))
        self.batch_records = min(self.batch_records, self._most)

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

    def _reduce(self, records: int) -> None:
        self.batch_records = records
        logger.info("Prediction batch size is reduced to %d to fit max payload size limit.", records)

    def _adapt_batch(self, records: int, seconds: float) -> None:
        if self._settings.batch_records is not None:
            self._resting = True
        elif records == self.batch_records < self._most and seconds < WANTED_SECONDS / 2:
            growth = min(4.0, WANTED_SECONDS / max(seconds, 1e-6))
            self.batch_records = min(self._most, int(records * growth))
            self._forget_window()
        elif seconds > 2 * WANTED_SECONDS and records >= self.batch_records > 1:
            self.batch_records = max(1, int(records * WANTED_SECONDS / seconds))
            self._forget_window()
        else:
            self._resting = self._resting or records == self.batch_records

    def _forget_window(self) -> None:
        self._resting = False
        self._window_start = None

    def _adapt_concurrency(self, records: int, now: float) -> None:
        if self._window_start is None:
            self._window_start, self._window_records, self._window_answers = now, 0, 0
            return
        self._window_records += records
        self._window_answers += 1
        elapsed = now - self._window_start
        if self._window_answers < 4 * self.concurrency or elapsed < 0.1:
            return
        rate = self._window_records / elapsed
        if rate < WORTH_IT * self._best_rate:
            self.concurrency, self._searching = self._best_concurrency, False
            return
        self._best_rate, self._best_concurrency = rate, self.concurrency
        self.concurrency = min(2 * self.concurrency, self._settings.max_concurrency)
        self._searching = self.concurrency > self._best_concurrency
        self._window_start = None
