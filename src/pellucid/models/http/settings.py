"""How requests are sent, and what has been sent: all that can be set, and all that is counted."""

from __future__ import annotations

from typing import Literal

from pellucid.errors import ConfigError, Problem
from pellucid.records import dataclass

__all__ = ["RequestSettings", "Traffic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSettings:
    """Keys of ours under ``predictor`` that say how requests are sent.

    Parameters
    ----------
    payload_limit_bytes
        Largest body of a request; 6 MiB is what SageMaker takes.
    batch_records
        Records per request; found from the payload limit and the measured time if left out.
    max_concurrency
        Most requests in flight; how many are worth it is found by the measured throughput.
    timeout_seconds
        Longest wait for one answer.
    max_retries
        How often a request is sent again after status 429 or 5xx, a lost connection or a time-out.
    backoff_seconds, max_backoff_seconds
        The wait before the first retry; it doubles with each, up to the second, of which a random part is taken.
    outage_seconds
        How long a server that has answered before may be away: requests wait, and one at a time tries.
    on_record_error
        ``fail`` ends the job with a record that the model rejects; ``skip`` goes on and gives it no score.
    seed
        Of the random part of the waits.
    """

    payload_limit_bytes: int = 6 * 1024 * 1024
    batch_records: int | None = None
    max_concurrency: int = 8
    timeout_seconds: float = 60.0
    max_retries: int = 5
    backoff_seconds: float = 0.25
    max_backoff_seconds: float = 20.0
    outage_seconds: float = 120.0
    on_record_error: Literal["fail", "skip"] = "fail"
    seed: int = 0

    def __post_init__(self) -> None:
        lowest = {
            "payload_limit_bytes": 1,
            "batch_records": 1,
            "max_concurrency": 1,
            "timeout_seconds": 0.001,
            "max_retries": 0,
            "backoff_seconds": 0,
            "max_backoff_seconds": 0,
            "outage_seconds": 0,
        }
        problems = [
            Problem(f"predictor.{key}", value, fix=f"Use a number of at least {least}.")
            for key, least in lowest.items()
            if (value := getattr(self, key)) is not None and not value >= least
        ]
        if self.on_record_error not in ("fail", "skip"):
            problems.append(Problem("predictor.on_record_error", self.on_record_error, fix="Use 'fail' or 'skip'."))
        if problems:
            raise ConfigError(problems)


@dataclass(slots=True)
class Traffic:
    """What went over the wire.

    Parameters
    ----------
    requests, retries
        Requests sent, and those of them that were sent again.
    records
        Records answered.
    skipped
        Records that the model rejected and the job went on without.
    split
        Requests that were sent again in smaller parts.
    bytes_sent, bytes_received
        Sizes of the bodies.
    seconds
        Time in which there were requests in flight.
    batch_records, concurrency
        The largest number of records in an answered request, and of requests in flight.

    Examples
    --------
    >>> print(Traffic(requests=4, retries=1, records=3000, bytes_sent=200_000, bytes_received=12_000, seconds=2).line())
    Model: 4 requests, 3,000 records, 1,500 records/s, 1 retry, 0.2 MB sent, 0.0 MB received.
    """

    requests: int = 0
    retries: int = 0
    records: int = 0
    skipped: int = 0
    split: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    seconds: float = 0.0
    batch_records: int = 0
    concurrency: int = 0

    @property
    def records_per_second(self) -> float:
        """Records answered per second; 0 before the first."""
        return self.records / self.seconds if self.seconds else 0.0

    def line(self) -> str:
        """The closing line of a job."""
        parts = [
            _counted(self.requests, "request", "requests"),
            _counted(self.records, "record", "records"),
            f"{self.records_per_second:,.0f} records/s",
            _counted(self.retries, "retry", "retries"),
            f"{self.bytes_sent / 1e6:,.1f} MB sent",
            f"{self.bytes_received / 1e6:,.1f} MB received",
        ]
        if self.split:
            parts.append(f"{_counted(self.split, 'request', 'requests')} sent again in smaller parts")
        if self.skipped:
            parts.append(f"{_counted(self.skipped, 'record', 'records')} skipped because the model rejected them")
        return f"Model: {', '.join(parts)}."


def _counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
