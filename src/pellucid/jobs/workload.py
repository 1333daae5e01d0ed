"""What a job asks for, and what does the work: all that its cost is told from."""

from __future__ import annotations

from pellucid.explain.plan import BLOCK_ROWS
from pellucid.jobs.cluster_simulation import Cluster
from pellucid.records import dataclass

__all__ = ["NOTHING", "Calls", "Machines", "Range", "Workload"]


@dataclass(frozen=True, slots=True)
class Range:
    """From the least to the most that is likely.

    >>> Range(1, 2) + Range(3, 3) * 2
    Range(low=7, high=8)
    """

    low: float
    high: float

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)

    def __mul__(self, factor: float) -> Range:
        return Range(self.low * factor, self.high * factor)

    def times(self, other: Range) -> Range:
        """Both ends multiplied."""
        return Range(self.low * other.low, self.high * other.high)


NOTHING = Range(0, 0)
ASSUMED = Cluster(workers=1, startup_seconds=10, spread=0.2, stragglers=0.01, straggler_factor=3, lost_per_hour=0.01)
"""What goes wrong with workers, where nothing else is known."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What a step asks of a model, where that is all that is known of it.

    Parameters
    ----------
    step
        Its name.
    inputs
        Images, or records of time series.
    """

    step: str
    inputs: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What is asked for.

    Parameters
    ----------
    columns
        Features that the model is asked with.
    players
        Features that are explained.
    outputs
        Of the model.
    coalitions
        Per row, besides the row itself; None where nothing is explained by SHAP.
    samples
        The most that a row may be asked for by the configuration, of which `coalitions` may be fewer; None as there.
    background
        Rows of the baseline.
    block_rows
        Rows of a block.
    by_formula
        Our own seconds per row where values come from a formula of the model; None where rows are sampled.
    trained
        Inputs that train a surrogate, after which a coalition is one input whatever the background; None without one.
    audited
        Rows that are explained without the surrogate as well.
    points
        Inputs per row of all plots together: points of partial dependence, and two ends for accumulated effects.
    comparing
        Seconds of one processor that the flip test takes; None where that is not known.
    calls
        Of a job on images or time series, which has no other step.
    """

    rows: float
    columns: int
    players: int = 0
    outputs: int = 1
    coalitions: Range | None = None
    samples: float | None = None
    background: Range = Range(1, 1)
    block_rows: int = BLOCK_ROWS
    by_formula: Range | None = None
    trained: int | None = None
    audited: int = 0
    points: Range = NOTHING
    bias: bool = False
    flip_test: bool = False
    comparing: Range | None = None
    predictions: bool = False
    local_values: bool = False
    calls: Calls | None = None

    @property
    def asks_model(self) -> bool:
        """Whether any step asks a model."""
        explains = self.coalitions is not None or self.points.high > 0 or self.calls is not None
        return self.predictions or explains


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What does the work.

    Parameters
    ----------
    processors
        Of this machine, which the flip test takes all of.
    records_per_second
        Model inputs that one worker's model answers, or with ``remote`` the endpoint for all workers together; None
        where it is not known.
    records_per_request
        Of an endpoint.
    memory
        What DuckDB may take, in bytes; None for its own limit.
    cluster
        What is assumed to go wrong.
    """

    workers: int = 1
    processors: int = 1
    records_per_second: float | None = None
    remote: bool = False
    records_per_request: Range = Range(100, 16_384)
    memory: int | None = None
    cluster: Cluster = ASSUMED
