"""What a job on many workers takes where some units are slow, an endpoint has a limit and workers are lost.

A simulation of events: units of work are handed out in order, as many ahead as the driver allows, each to the worker
that is free first. It is pure: an equal generator gives equal times.
"""

from __future__ import annotations

import heapq

import numpy as np
import numpy.typing as npt

from pellucid.records import dataclass

__all__ = ["Cluster", "Simulated", "draw_durations", "simulate"]

Floats = npt.NDArray[np.float64]

HOPELESS = 5.0
"""Mean lifetimes of a worker that a unit may last: of 150 attempts one succeeds then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Workers and what can go wrong with them.

    Parameters
    ----------
    workers
        At least 1.
    startup_seconds
        Until a worker is ready, at the beginning and after it was lost.
    ahead
        Units that are given out beyond the first unfinished one, per worker: results are taken in order, so a slow unit
        holds up those far behind it.
    spread
        Standard deviation of the logarithm of a unit's duration.
    stragglers, straggler_factor
        Share of the units that are slow, and how many times as long they take.
    lost_per_hour
        Workers lost per hour and worker; what they were doing is done again.
    records_per_second
        Most records that the endpoint answers for all workers together; None without an endpoint.
    """

    workers: int
    startup_seconds: float = 0.0
    ahead: int = 2
    spread: float = 0.0
    stragglers: float = 0.0
    straggler_factor: float = 3.0
    lost_per_hour: float = 0.0
    records_per_second: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulated:
    """What happened.

    Parameters
    ----------
    results
        When the result of each unit and of all before it was there, in seconds from the start, shape (units,).
    busy
        Share of the workers' time that was work that counted.
    lost
        Workers lost.
    """

    results: Floats
    busy: float
    lost: int

    @property
    def seconds(self) -> float:
        """From the start to the last result."""
        return float(self.results[-1]) if len(self.results) else 0.0


def draw_durations(units: int, seconds: float, cluster: Cluster, rng: np.random.Generator) -> Floats:
    """Durations of units whose mean without stragglers is ``seconds``, shape (units,).

    >>> draw_durations(3, 2.0, Cluster(workers=1), np.random.default_rng(0)).tolist()
    [2.0, 2.0, 2.0]
    """
    noise = np.exp(cluster.spread * rng.standard_normal(units) - cluster.spread**2 / 2)
    slow = np.where(rng.random(units) < cluster.stragglers, cluster.straggler_factor, 1.0)
    return seconds * noise * slow


def simulate(durations: Floats, records: float, cluster: Cluster, rng: np.random.Generator) -> Simulated:
    """Run a job.

    Parameters
    ----------
    durations
        Of every unit on one worker with nothing in its way, in seconds, shape (units,).
    records
        Records that a unit asks of the endpoint.

    Raises
    ------
    ValueError
        Workers are lost so often that the longest unit would hardly ever be finished.

    Examples
    --------
    >>> simulate(np.ones(8), 0, Cluster(workers=4), np.random.default_rng(0)).seconds
    2.0
    >>> limited = Cluster(workers=4, records_per_second=10)
    >>> simulate(np.ones(8), 10, limited, np.random.default_rng(0)).seconds
    8.0
    """
    if cluster.lost_per_hour * durations.max(initial=0.0) > 3600 * HOPELESS:
        raise ValueError("Workers are lost too often for a unit to be finished.")
    free = [(cluster.startup_seconds, worker) for worker in range(cluster.workers)]
    dies = _lifetimes(cluster, rng, cluster.workers)
    results = np.zeros(len(durations))
    window = max(1, cluster.ahead * cluster.workers) + 1 if cluster.workers > 1 else 1
    endpoint, worked, lost = 0.0, 0.0, 0
    for unit, duration in enumerate(durations.tolist()):
        given = results[unit - window] if unit >= window else 0.0
        while True:
            ready, worker = heapq.heappop(free)
            begins = max(ready, given)
            ends = begins + duration
            if cluster.records_per_second is not None:
                served = max(endpoint, begins) + records / cluster.records_per_second
                ends = max(ends, served)
            if ends <= dies[worker]:
                break
            lost += 1
            back = max(begins, dies[worker]) + cluster.startup_seconds
            dies[worker] = back + _lifetimes(cluster, rng, 1)[0]
            heapq.heappush(free, (back, worker))
        if cluster.records_per_second is not None:
            endpoint = max(endpoint, begins) + records / cluster.records_per_second
        heapq.heappush(free, (ends, worker))
        results[unit] = max(ends, results[unit - 1]) if unit else ends
        worked += duration
    seconds = float(results.max(initial=0.0))
    return Simulated(results=results, busy=worked / (cluster.workers * seconds) if seconds else 0.0, lost=lost)


def _lifetimes(cluster: Cluster, rng: np.random.Generator, workers: int) -> Floats:
    if not cluster.lost_per_hour:
        return np.full(workers, np.inf)
    return rng.exponential(3600 / cluster.lost_per_hour, workers)
