"""What a job costs before it is run: model inputs, requests, time, memory, files. Formulas only, with ranges.

The numbers of our own work are those of `docs/scaling.md`; other machines differ by a small factor, which the ranges
are wide enough for. What the model takes is the user's to say or to have measured.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pellucid.explain.budget import default_samples
from pellucid.jobs.cluster_simulation import draw_durations, simulate
from pellucid.jobs.explanations.pdp_job import ROWS_AT_ONCE as ROWS_OF_A_PLOT
from pellucid.jobs.explanations.shap_job import INPUTS_OF_A_UNIT, LEAST_UNITS, ROWS_AT_ONCE, ROWS_BY_FORMULA
from pellucid.jobs.workload import NOTHING, Machines, Range, Workload
from pellucid.records import dataclass

__all__ = ["JobCost", "Step", "job_cost"]


COUNTED_PER_SECOND = Range(0.5e6, 60e6)
"""Rows that DuckDB counts per second: of a wide CSV file on a busy machine, of Parquet on a quiet one."""
COALITION_SECONDS = Range(0.5e-6, 6e-6)
"""Our own work per row and coalition, for up to some twenty features, on one processor."""
MASK_SECONDS = Range(0.05e-6, 0.3e-6)
"""Our own work per masked row: to make it, and to see whether it was asked before."""
SURROGATE_SECONDS = Range(8e-6, 60e-6)
"""Our own work per row and coalition that corrects a surrogate, the surrogate's own predictions among it."""
DISTINCT = 0.2
"""Least share of the rows for the model that differ from one another; equal ones are asked once."""
STARTED_SECONDS = Range(1, 4)
"""Until Python and the packages of a job are loaded, per process and at the same time in all."""
BASE_MEMORY = Range(130 * 2**20, 260 * 2**20)
"""Of a process with nothing to do yet."""
BATCH_ROWS = 65_536
"""Model inputs that are in memory together."""
IN_FLIGHT, SECONDS_OF_A_REQUEST = 8, 0.5
"""Requests that share what an endpoint answers, at most, and how long the records of one take where that is slow."""
REQUESTS_OF_A_UNIT = 2
"""Beside full ones: the rows themselves, and what is left at the end."""
CELL_BYTES = Range(8, 90)
"""Of a cell of a batch while it is masked: numbers take little, texts much."""
DUCKDB_MEMORY = 2**30
"""What DuckDB is taken to use where it has no limit but the machine's."""
CSV_BYTES, PARQUET_BYTES, KEPT_BYTES, WAITING_BYTES = Range(4, 23), Range(1, 9), Range(17, 46), Range(24, 24)
"""Per value: in ``out.csv``, in ``out.parquet``, kept until the job is done, and waiting for the totals."""
ROWS_IN_PARQUET = 100_000
FLIP_TEST = "flip test"
FLIP_TEST_BYTES = Range(8, 60)
"""Per row and numeric column that the flip test compares."""
FORMULA_UNITS = 4_000
"""Units that are simulated; more behave alike."""
LONGEST_UNIT = 60.0
"""Seconds of a simulated unit at most: what a lost worker did is one unit, not a part of a short simulation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a job.

    Parameters
    ----------
    inputs
        Rows that the model is asked for.
    requests
        To an endpoint; None without one.
    seconds
        None where the speed of the model is not known.
    memory
        Bytes of the largest process.
    files
        Bytes left in the output folder.
    limit
        What sets the time.
    """

    name: str
    inputs: Range = NOTHING
    requests: Range | None = None
    seconds: Range | None = NOTHING
    memory: Range = BASE_MEMORY
    files: Range = NOTHING
    limit: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        ranges = {name: getattr(self, name) for name in ("inputs", "requests", "seconds", "memory", "files")}
        listed = {name: None if found is None else [found.low, found.high] for name, found in ranges.items()}
        return {"step": self.name, **listed, "limited_by": self.limit}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCost:
    """All steps of a job.

    Parameters
    ----------
    scratch
        Bytes of disk that are needed until the job is done.
    """

    steps: tuple[Step, ...]
    scratch: Range

    @property
    def total(self) -> Step:
        """All steps together; the time is without the flip test where that is not known."""
        seconds: Range | None = STARTED_SECONDS
        for step in self.steps:
            if step.name != FLIP_TEST or step.seconds is not None:
                seconds = None if seconds is None or step.seconds is None else seconds + step.seconds
        asked = [step.requests for step in self.steps if step.requests is not None]
        slowest = max(self.steps, key=lambda step: step.seconds.high if step.seconds else 0.0, default=None)
        return Step(
            name="total",
            inputs=sum((step.inputs for step in self.steps), NOTHING),
            requests=sum(asked, NOTHING) if asked else None,
            seconds=seconds,
            memory=Range(*(max(getattr(step.memory, end) for step in self.steps) for end in ("low", "high")))
            if self.steps
            else BASE_MEMORY,
            files=sum((step.files for step in self.steps), NOTHING),
            limit="" if slowest is None else f"{slowest.name}: {slowest.limit}",
        )


def job_cost(workload: Workload, machines: Machines) -> JobCost:
    """The steps of a job in their order."""
    steps = []
    if workload.predictions:
        steps.append(_predicting(workload, machines))
    if workload.bias:
        steps.append(_counting(workload, machines))
    if workload.flip_test:
        steps.append(_flip_test(workload, machines))
    if workload.coalitions is not None:
        steps.append(_explaining(workload, machines, workload.coalitions))
    if workload.points.high:
        steps.append(_plotting(workload, machines))
    if workload.calls is not None:
        steps.append(_asking(workload.calls.step, workload.calls.inputs, NOTHING, BASE_MEMORY, machines))
    values = workload.rows * workload.players * workload.outputs
    scratch = (KEPT_BYTES + WAITING_BYTES) * values if workload.coalitions is not None else NOTHING
    return JobCost(steps=tuple(steps), scratch=scratch)


def _counting(workload: Workload, machines: Machines) -> Step:
    rows = workload.rows
    seconds = Range(rows / COUNTED_PER_SECOND.high, rows / COUNTED_PER_SECOND.low)
    return Step(
        name="counting", seconds=seconds, memory=BASE_MEMORY + _held(workload, machines), limit="reading the data"
    )


def _flip_test(workload: Workload, machines: Machines) -> Step:
    needed = FLIP_TEST_BYTES * (workload.rows * workload.columns)
    seconds = None
    if workload.comparing is not None:
        seconds = workload.comparing * (1 / max(machines.workers, machines.processors))
    return Step(name=FLIP_TEST, seconds=seconds, memory=BASE_MEMORY + needed, limit="comparing rows")


def _predicting(workload: Workload, machines: Machines) -> Step:
    inputs = Range(workload.rows, workload.rows)
    step = _asking("predicting", inputs, NOTHING, _memory(workload, machines), replace(machines, workers=1))
    return replace(step, files=Range(1, 12) * workload.rows)


def _explaining(workload: Workload, machines: Machines, coalitions: Range) -> Step:
    units = _units(workload, remote=machines.remote)
    inputs, own = _explained(workload, coalitions, units)
    step = _asking("SHAP", inputs, own, _memory(workload, machines), _shared(machines, units))
    if step.requests is not None:
        step = replace(step, requests=step.requests + Range(0, REQUESTS_OF_A_UNIT * units))
    files = NOTHING
    if workload.local_values:
        per_value = CSV_BYTES + (PARQUET_BYTES if workload.rows >= ROWS_IN_PARQUET else NOTHING)
        files = per_value * (workload.rows * workload.players * workload.outputs)
    return replace(_limited(step, machines, units), files=files)


def _explained(workload: Workload, coalitions: Range, units: int) -> tuple[Range, Range]:
    """Inputs of the model, and our own seconds."""
    rows, themselves = workload.rows, Range(workload.rows, workload.rows)
    if workload.by_formula is not None:
        return themselves + workload.background * units, workload.by_formula * rows
    width = max(1.0, workload.players / 20)
    if workload.trained is not None:
        full = min(default_samples(workload.players), 2 ** min(workload.players, 62) - 2)
        audit = coalitions + Range(DISTINCT * workload.background.low * full, workload.background.high * full)
        beside = Range(workload.trained, workload.trained) + audit * workload.audited
        inputs = coalitions * rows + themselves + beside + workload.background * units
        return inputs, (coalitions * (rows * width)).times(SURROGATE_SECONDS)
    masked = (coalitions * rows).times(workload.background)
    asked = masked + themselves
    inputs = Range(asked.low * DISTINCT, asked.high) + workload.background * units
    return inputs, (coalitions * (rows * width)).times(COALITION_SECONDS) + masked.times(MASK_SECONDS)


def _plotting(workload: Workload, machines: Machines) -> Step:
    inputs = workload.points * workload.rows
    units = _number(workload.rows, ROWS_OF_A_PLOT)
    own, memory = inputs.times(MASK_SECONDS), _memory(workload, machines)
    return _limited(_asking("partial dependence", inputs, own, memory, _shared(machines, units)), machines, units)


def _asking(name: str, inputs: Range, own: Range, memory: Range, machines: Machines) -> Step:
    """A step that asks the model, with our own work beside it."""
    requests = None
    if machines.remote:
        per_request = _records_per_request(machines)
        requests = Range(inputs.low / per_request.high, inputs.high / per_request.low)
    rate = machines.records_per_second
    if rate is None:
        return Step(name=name, inputs=inputs, requests=requests, seconds=None, memory=memory, limit="the model")
    asking = inputs * (1 / rate)
    # An endpoint is asked by one process, whatever the number of workers.
    alone = asking + own if machines.remote else (asking + own) * (1 / machines.workers)
    seconds = Range(alone.low, alone.high * (1 if machines.remote else _slack(alone.high, machines)))
    model = "the endpoint" if machines.remote else "the model"
    limit = model if asking.high >= own.high else "masking rows and solving"
    return Step(name=name, inputs=inputs, requests=requests, seconds=seconds, memory=memory, limit=limit)


def _slack(seconds: float, machines: Machines) -> float:
    """How much longer nine of ten runs of `simulate` take at most, than work that is divided without loss."""
    if machines.workers == 1:
        return 1.0
    cluster = replace(machines.cluster, workers=machines.workers)
    units = max(FORMULA_UNITS, 4 * machines.workers)
    each = min(seconds * machines.workers / units, LONGEST_UNIT)
    found = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        found.append(simulate(draw_durations(units, each, cluster, rng), 0, cluster, rng).seconds)
    return max(1.0, float(np.quantile(found, 0.9)) * machines.workers / (units * each)) if each else 1.0


def _records_per_request(machines: Machines) -> Range:
    """As many as an endpoint of the speed given answers in the time of a request, where that is known."""
    least, most = machines.records_per_request.low, machines.records_per_request.high
    if machines.records_per_second is not None:
        least = machines.records_per_second * SECONDS_OF_A_REQUEST / IN_FLIGHT
    return Range(min(most, max(1.0, least)), most)


def _units(workload: Workload, *, remote: bool) -> int:
    """How many units SHAP has, as `pellucid.jobs.explanations.shap_job.shap_units` divides the rows."""
    if workload.by_formula is not None:
        return _number(workload.rows, ROWS_BY_FORMULA)
    asked = 1.0 if workload.coalitions is None else max(1.0, workload.coalitions.high)
    if workload.trained is None:
        asked = asked * workload.background.high + 1
    block_rows = workload.block_rows
    blocks = max(1, int(INPUTS_OF_A_UNIT // (block_rows * asked)))
    if workload.trained is None and not remote:
        blocks = min(blocks, _number(workload.rows, LEAST_UNITS * block_rows))
    return _number(workload.rows, min(ROWS_AT_ONCE, blocks * block_rows))


def _number(rows: float, of: int) -> int:
    return max(1, int(-(-rows // of)))


def _shared(machines: Machines, units: int) -> Machines:
    return replace(machines, workers=min(machines.workers, units))


def _limited(step: Step, machines: Machines, units: int) -> Step:
    """The step, which says so where it has fewer units than there are workers."""
    if machines.remote or machines.workers <= units or step.seconds is None:
        return step
    return replace(step, limit=f"{units:,} unit{'s' if units > 1 else ''} of work for {machines.workers:,} workers")


def _memory(workload: Workload, machines: Machines) -> Range:
    return BASE_MEMORY + CELL_BYTES * (BATCH_ROWS * workload.columns) + _held(workload, machines)


def _held(workload: Workload, machines: Machines) -> Range:
    """What DuckDB holds of the rows; beyond its limit they go to disk."""
    limit = DUCKDB_MEMORY if machines.memory is None else machines.memory
    return Range(0, min(workload.rows * max(1, workload.columns) * CELL_BYTES.high, limit))
