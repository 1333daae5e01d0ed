"""How many records a request holds, and how many requests are in flight: found while sending."""

from __future__ import annotations

import logging

from pellucid.models.http.settings import RequestSettings
from pellucid.records import dataclass

__all__ = ["Pace"]

logger = logging.getLogger(__name__)

FIRST_BATCH = 64
LARGEST_BATCH = 16_384
"""Above this the cost of a request by itself is spread thin everywhere, and the end of a job waits for a late one."""
MODERATE_BATCH = 1_024
"""A record may cost less in such a batch than in a much larger one."""
COMPARED_AFTER = 32
"""A moderate batch is tried after so many large ones: in a shorter job its requests would be most of all."""
FAIR_SHARE = 4_096
"""The last records of a part are not divided among requests into fewer than this: a request costs something."""
ANSWERED_BEFORE = 4
"""A larger size is tried when so many times as many records were answered, so that it costs a short job little."""
WANTED_SECONDS = 0.5
"""The records of a request take no longer than about this, so that a killed job loses little."""
SLOW_SECONDS = 0.05
"""A first answer, of few records, that takes longer than this may be slow by the request itself or by its records."""
LONGEST_SECONDS = 5.0
"""Nor does a request that costs much by itself take longer than this."""
TIMES_OWN_COST = 4
"""The records of a request take so many times as long as what it costs by itself, and so four fifths of the time."""
OWN_COST = 0.25
"""Share of its time below which a small request is taken to cost nothing by itself."""
LARGEST_STEP = 8
"""How much larger batches become by what two answers tell of what a request costs by itself."""
WORTH_IT = 1.1
"""Throughput that a step must gain to be kept; smaller gains are noise."""
WINDOW_SECONDS = 0.03
"""Shortest time in which throughput is measured."""


class Pace:
    """Batch size and concurrency, adapted to the throughput that is measured.

    The first request is small and goes alone, so that its time is its own. How much of that is the request's and how
    much the records' is not known, so the next batch is as large as takes `WANTED_SECONDS` if all was the records'. A
    job of moderate length is then a few large requests. Where the first request took so long that no larger one may
    follow, one of half the size tells how much of the time was the request's own, and batches become as large as makes
    that a fifth. Concurrency doubles as long as that brings a tenth more records per second. In a longer job a moderate
    batch is tried too, and where it brings a tenth more, batches double from there as long as that does. Requests that
    take more than twice as long as wanted shrink at any time.

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
        self._divided_by = 0
        self._growing = settings.batch_records is None and most_records > 1
        self._least_concurrency = min(2, settings.max_concurrency)
        self.concurrency = 1 if self._growing else self._least_concurrency
        self._smaller: tuple[int, float] | None = None
        self._compared: tuple[int, float] | None = None
        self._wanted, self._bearable = WANTED_SECONDS, 2 * WANTED_SECONDS
        self._leaping = True
        self._leapt = False
        self._searching = settings.max_concurrency > self._least_concurrency
        self._best_rate = 0.0
        self._best_batch = self.batch_records
        self._best_concurrency = self._least_concurrency
        self._window: _Window | None = None
        self._answered = 0
        self._crowded = 0

    def next_records(self, left: int, before: int = 0) -> int:
        """How many of the ``left`` records of a part the next request holds, if those after it hold equally many.

        Parameters
        ----------
        before
            Records of the request before it, of the same part: what was divided among requests is not divided again,
            unless the batch has become another.
        """
        if self._settings.batch_records is not None:
            return min(left, self.batch_records)
        if before and self.batch_records == self._divided_by:
            return min(before, left)
        self._divided_by = self.batch_records
        requests = -(-left // self.batch_records)
        # Full rounds of all that may be in flight end at the same time.
        in_rounds = -(-requests // self.concurrency) * self.concurrency
        requests = max(requests, min(in_rounds, left // FAIR_SHARE))
        return -(-left // requests)

    def measured(self, records: int, body_bytes: int) -> None:
        """A body was built: keep the next ones below the payload limit."""
        self._bytes_per_record = max(self._bytes_per_record, body_bytes / records)
        fitting = max(1, int(self._settings.payload_limit_bytes / self._bytes_per_record))
        if fitting < self.batch_records:
            logger.info("Prediction batch size is reduced to %d to fit max payload size limit.", fitting)
        self.limit_records(fitting)

    def answered(self, records: int, seconds: float, now: float) -> None:
        """A request was answered after ``seconds``, at the time ``now``."""
        is_first, learns = not self._answered, self._compared is not None
        self._answered += records
        if is_first and self._growing and records > 1 and seconds >= SLOW_SECONDS:
            self._compare_sizes(records, seconds)
        elif learns:
            self._learn_own_cost(records, seconds)
        if is_first or learns:
            # Requests go alone until it is known what they cost.
            self.concurrency = 1 if self._compared else self._least_concurrency
        if learns or self._compared:
            return
        adapts = self._settings.batch_records is None and self.batch_records > 1
        if adapts and seconds > self._bearable and 2 * records > self.batch_records:
            if self._crowded:
                self._crowded -= 1
            else:
                self._slow_down(records, seconds)
        elif self._growing:
            self._adapt_batch(records, seconds, now)
        elif self._searching:
            self._adapt_concurrency(records, seconds, now)
        elif self._leapt and self._answered >= COMPARED_AFTER * self.batch_records:
            self._compare_with_moderate(records, seconds, now)

    def limit_records(self, records: int) -> None:
        """Requests may hold ``records`` records at most from now on."""
        self._most = min(self._most, max(1, records))
        self._leapt = self._leapt and self._most > 2 * MODERATE_BATCH
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
        self.concurrency = self._least_concurrency = max(1, self.concurrency // 2)
        self._searching = False

    def _slow_down(self, records: int, seconds: float) -> None:
        if self.concurrency > self._best_concurrency:
            # They wait for each other at the server, and so did the others that are in flight by now.
            self._crowded = self.concurrency - 1
            self.concurrency, self._searching, self._window = self._best_concurrency, False, None
            return
        self.batch_records = max(1, int(records * self._wanted / seconds))
        self._growing, self._best_rate, self._window = True, 0.0, None
        self._leaping = self._leapt = False

    def _compare_sizes(self, records: int, seconds: float) -> None:
        """Ask for another size, as large as is bearable or else smaller: two tell what a request costs by itself."""
        bearable = int(records * WANTED_SECONDS / seconds)
        other = min(bearable, self._most) if bearable >= 2 * records else min(bearable, records // 2)
        self._compared, self.batch_records = (records, seconds), max(1, other)

    def _learn_own_cost(self, records: int, seconds: float) -> None:
        """Go to the batch that makes what a request costs by itself a small part, as two sizes tell."""
        if self._compared is None or not self._is_present(records) or records == self._compared[0]:
            return
        (fewer, quicker), (more, slower) = sorted([self._compared, (records, seconds)])
        was_starting = quicker < SLOW_SECONDS <= slower and records == fewer
        self._compared = None
        if was_starting:
            self._leap(records, seconds)
            return
        of_one = max(slower - quicker, 0.0) / (more - fewer)
        own = quicker - fewer * of_one
        if own < OWN_COST * quicker:
            self._settle(max(1, int(more * WANTED_SECONDS / slower)))
            return
        of_records = min(max(WANTED_SECONDS, TIMES_OWN_COST * own), max(WANTED_SECONDS, LONGEST_SECONDS - own))
        # Those that are in flight together may wait for each other.
        self._wanted, self._bearable = own + of_records, 3 * (own + of_records)
        best = int(min(self._most, LARGEST_STEP * more, of_records / max(of_one, 1e-9)))
        if 2 * more <= best < self._most:
            # A further answer tells better than a step so large.
            self._compared, self.batch_records = (fewer, quicker), best
            return
        self._settle(max(1, best))
        self._leapt = self.batch_records > 2 * MODERATE_BATCH

    def _adapt_batch(self, records: int, seconds: float, now: float) -> None:
        if self._leaping and self._is_present(records):
            smaller, self._smaller = self._smaller, (records, seconds)
            # Where most of the time is the request's own cost, the first answer tells.
            if smaller is None or seconds < smaller[1] * (records / smaller[0]) ** 0.5:
                self._leap(records, seconds)
                return
            self._leaping = False
        last = self._leapt or (seconds >= WANTED_SECONDS / 2 and not self._best_rate)
        if last and self._is_present(records):
            # There is no larger batch to try, and so nothing to measure this one for.
            self._settle(self.batch_records)
            return
        rate = self._rate(records, seconds, now)
        if rate is None:
            return
        if rate < WORTH_IT * self._best_rate:
            self._settle(self._best_batch)
        elif self._answered >= ANSWERED_BEFORE * 2 * self.batch_records:
            self._best_batch, self._best_rate = self.batch_records, rate
            self._grow_or_settle(seconds)

    def _leap(self, records: int, seconds: float) -> None:
        """Go to the largest batch that takes no longer than wanted even if the time was that of the records alone."""
        bearable = int(records * WANTED_SECONDS / max(seconds, 1e-6))
        self.batch_records = max(1, min(self._most, bearable))
        self._leaping = records < self.batch_records < self._most
        self._leapt = self.batch_records > 2 * MODERATE_BATCH
        self._window = None

    def _compare_with_moderate(self, records: int, seconds: float, now: float) -> None:
        """Measure a moderate batch after the large one, and leave the large one if that is worth it."""
        rate = self._rate(records, seconds, now)
        if rate is None:
            return
        if self.batch_records != MODERATE_BATCH:
            self._best_batch, self._best_rate = self.batch_records, rate
            self.batch_records, self._window = MODERATE_BATCH, None
            return
        self._leapt = False
        if rate < WORTH_IT * self._best_rate:
            self._settle(self._best_batch)
        else:
            self._growing, self._best_batch, self._best_rate = True, MODERATE_BATCH, rate
            self._grow_or_settle(seconds)

    def _grow_or_settle(self, seconds: float) -> None:
        """Try a batch twice as large as the present one, which takes ``seconds``, if it may be larger."""
        if self.batch_records >= self._most or seconds >= WANTED_SECONDS / 2:
            self._settle(self.batch_records)
            return
        self.batch_records = min(self._most, 2 * self.batch_records)
        self._window = None

    def _settle(self, records: int) -> None:
        """Go on with a batch of ``records``."""
        self.batch_records, self._growing, self._best_rate, self._window = min(records, self._most), False, 0.0, None

    def _adapt_concurrency(self, records: int, seconds: float, now: float) -> None:
        rate = self._rate(records, seconds, now)
        if rate is None:
            return
        if rate < WORTH_IT * self._best_rate:
            self.concurrency, self._searching = self._best_concurrency, False
            return
        self._best_rate, self._best_concurrency = rate, self.concurrency
        self.concurrency = min(2 * self.concurrency, self._settings.max_concurrency)
        self._searching = self.concurrency > self._best_concurrency
        self._window = None

    def _is_present(self, records: int) -> bool:
        """Whether a request of so many records is of the present batch, and of none before that was half or double."""
        return self.batch_records < 2 * records <= 2 * self.batch_records

    def _rate(self, records: int, seconds: float, now: float) -> float | None:
        """Records per second since requests are as they are now; None while there are too few to tell."""
        if self._window is None:
            if not self._is_present(records):
                return None
            self._window = _Window(pending=self.concurrency)
        # Of long requests a round tells enough, and there are few in a job of some thousand records.
        rounds = 1 if seconds >= WANTED_SECONDS / 2 else 2
        return self._window.rate(records, now, rounds * self.concurrency)


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
