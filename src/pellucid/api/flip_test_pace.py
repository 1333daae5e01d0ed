"""How long the flip test of a job will take: measured with some of its rows, as it depends on how they lie."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pellucid.api.preflight import Preflight, table_over
from pellucid.bias.counting import Counted, count
from pellucid.bias.groups import Group, crossed, groups_of
from pellucid.bias.neighbour_search import Matrix, Search
from pellucid.bias.neighbour_votes import Voter, Voting, order_of_ties
from pellucid.config.bias_request import BiasRequest
from pellucid.datasets import Dataset, compute_on
from pellucid.errors import AnalysisError
from pellucid.jobs.explanations.rows import sampled
from pellucid.jobs.workload import Range
from pellucid.protocols.table import Table
from pellucid.records import dataclass

__all__ = ["FlipTestPace", "flip_test_pace"]

KNOWN_ROWS = 100_000
"""Most rows that a tree is built over to measure."""
QUESTIONS = 200
"""Rows that are asked for."""
SPREAD = Range(0.4, 2.5)
"""How far the time of all rows may be from that of the few that were measured."""
GROWTH = Range(0.1, 0.7)
"""Power of the number of known rows that the time of a question grows by: few columns that matter, or many."""
WITHOUT_VALUE = "The flip test has no value:"
PRODUCT_SECONDS = Range(0.2e-9, 2e-9)
"""Of one multiplication of brute force, which settles the votes that trees leave open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipTestPace:
    """What the flip test takes of one processor.

    Parameters
    ----------
    seconds
        All groups of all facets together.
    note
        What was measured, or why there is nothing to compute.
    """

    seconds: Range
    note: str


def flip_test_pace(job: Preflight, rows: float | None) -> FlipTestPace | None:
    """Measure; None where the groups cannot be formed, which `pellucid doctor` tells.

    Parameters
    ----------
    job
        A job without problems.
    rows
        Rows that there will be, in the place of those of the data set.
    """
    request = job.request
    if request is None or job.dataset is None:
        return None

    def measured(dataset: Dataset) -> FlipTestPace | None:
        table = table_over(dataset)
        try:
            counted = count(request, table)
            groups = list(groups_of(counted, table))
        except AnalysisError:
            return None
        if request.facet_intersections:
            groups += crossed(groups)
        return _pace(request, table, counted, groups, rows or counted.rows)

    found = compute_on(job.dataset, measured)
    again = len(job.config.segment_config or ())
    return None if found is None else replace(found, seconds=Range(found.seconds.low, found.seconds.high * (1 + again)))


def _pace(
    request: BiasRequest, table: Table, counted: Counted, groups: Sequence[Group], rows: float
) -> FlipTestPace | None:
    compared = [group for group in groups if not _texts(request, table, group)]
    if not compared:
        texts = _texts(request, table, groups[0])
        return FlipTestPace(seconds=Range(0, 0), note=f"{WITHOUT_VALUE} it compares numbers, and {texts[0]!r} is none.")
    features = _features(request, compared[0])
    if not features:
        return None
    sample = _numbers(table, features, counted.rows)
    if len(sample) < 2:
        return FlipTestPace(seconds=Range(0, 0), note=f"{WITHOUT_VALUE} rows lack numbers to compare.")
    questions = sample[: min(QUESTIONS, len(sample) // 2)]
    others = sample[len(questions) :]
    built, answered, left_open = _measured(others, questions, request.seed)
    seconds = Range(0, 0)
    for group in compared:
        asked = _rows_of(group, counted) * rows / counted.rows
        known = max(rows - asked, 1.0)
        asked = asked if request.flip_test_sample is None else min(asked, request.flip_test_sample)
        more = max(1.0, known / len(others))
        each = Range(answered * SPREAD.low * more**GROWTH.low, answered * SPREAD.high * more**GROWTH.high)
        settled = PRODUCT_SECONDS * (known * len(features) * left_open)
        seconds = seconds + Range(built, 2 * built) * more + (each + settled) * asked
    number = f"{len(compared)} group{'s' if len(compared) > 1 else ''}"
    return FlipTestPace(
        seconds=seconds,
        note=f"Measured for the flip test of {number}: one processor compares a row with {len(others):,} others in "
        f"{1e6 * answered:,.0f} µs. flip_test_sample shortens it.",
    )


def _features(request: BiasRequest, group: Group) -> tuple[str, ...]:
    return tuple(name for name in request.features if name not in group.chosen)


def _texts(request: BiasRequest, table: Table, group: Group) -> list[str]:
    return [name for name in _features(request, group) if table.columns[name] in ("text", "category")]


def _numbers(table: Table, features: Sequence[str], rows: int) -> Matrix:
    """Some rows without gaps, in random order, shape (rows, features)."""
    batch = sampled(table.batches(features), rows, KNOWN_ROWS + QUESTIONS, seed=0)
    columns = [[np.nan if cell is None else cell for cell in batch.columns[name].tolist()] for name in features]
    matrix: npt.NDArray[np.float64] = np.array(columns, dtype=np.float64).T
    matrix = matrix[np.isfinite(matrix).all(axis=1)]
    return np.ascontiguousarray(np.random.default_rng(0).permutation(matrix))


def _measured(known: Matrix, questions: Matrix, seed: int) -> tuple[float, float, float]:
    """Seconds to build the trees, seconds per question, and the share of the votes that are left open."""
    positive = np.random.default_rng(seed).random(len(known)) < 0.5
    search = Search.of(known, questions, min(5, len(known)))
    vote = Voter(Voting(known, positive, search, order_of_ties()), threads=1)
    begun = time.perf_counter()
    vote(questions[:1])
    ready = time.perf_counter()
    votes = vote(questions)
    done = time.perf_counter()
    return ready - begun, (done - ready) / len(questions), float(np.mean(votes == 0))


def _rows_of(group: Group, counted: Counted) -> float:
    cube = counted.cubes[next(iter(group.chosen))]
    member = np.logical_and.reduce(
        [chosen.cells[cube.dimension(column).codes] for column, chosen in group.chosen.items()]
    )
    return float(cube.rows[member].sum())
