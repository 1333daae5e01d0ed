"""Results of blocks while their tasks come in."""

from __future__ import annotations

from dataclasses import field

import numpy as np
import numpy.typing as npt

from pellucid.explain.attributions import Attributions
from pellucid.explain.estimated_loadings import loadings_of
from pellucid.explain.fits import Estimate
from pellucid.explain.loadings import AGGREGATIONS, nan_where_unknown, of_block
from pellucid.explain.tasks import Task
from pellucid.protocols.game import runs
from pellucid.records import dataclass

__all__ = ["Results"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]


@dataclass(slots=True, eq=False)
class Results:
    """Rows that are asked together; at first each is explained by what needs no samples.

    A row without an active player has values of 0; one with a single active player owes it the whole difference.

    Parameters
    ----------
    rows, blocks
        Positions of the rows, ascending, and their blocks, shape (rows,).
    active
        Active players, shape (rows, players).
    empty, full
        Values of the empty and of the full coalition, shape (rows, outputs).
    model_rows
        Inputs that the model was asked for so far.
    bases
        Values of the empty coalition before every background row, shape (background rows, rows, outputs), if asked for.
    """

    rows: Integers
    blocks: Integers
    active: Booleans
    empty: Floats
    full: Floats
    model_rows: int
    bases: Floats | None = None
    values: Floats = field(init=False)
    errors: Floats = field(init=False)
    loadings: Floats = field(init=False)
    odd_parts: Floats = field(init=False)
    draws: Integers = field(init=False)
    samples: Integers = field(init=False)
    estimators: npt.NDArray[np.object_] = field(init=False)

    def __post_init__(self) -> None:
        alone = self.active & (self.active.sum(axis=1, keepdims=True) == 1)
        self.values = np.where(alone[:, :, None], (self.full - self.empty)[:, None, :], 0.0)
        self.errors = np.zeros(self.values.shape)
        self.loadings = np.zeros((len(AGGREGATIONS), *self.values.shape))
        self.odd_parts = np.zeros(self.values.shape)
        self.draws = np.ones((len(self.rows), 3), dtype=np.intp)  # no task has a single player
        self.samples = np.zeros(len(self.rows), dtype=np.intp)
        self.estimators = np.full(len(self.rows), "enumeration", dtype=object)

    def ends(self, task: Task) -> tuple[Floats, Floats]:
        """Values of the empty coalition for each of a task's designs, and of the full one, of its rows."""
        place, strata = self._place(task), len(task.designs)
        if strata == 1 or self.bases is None:
            return self.empty[None, place], self.full[place]
        of_strata = self.bases[:, place].reshape(strata, -1, *self.empty[place].shape)
        return of_strata.mean(axis=1), self.full[place]

    def enter(self, task: Task, estimate: Estimate, further: Task | None) -> None:
        """Enter what a task found; later rounds of a row, of the task that goes on, replace earlier ones."""
        place = self._place(task)
        if not (estimate.standard_errors > 0).any():
            self.loadings[:, place] = 0.0  # nothing is sampled, or nothing known of it
        else:
            done = np.full(len(place), True) if further is None else ~np.isin(task.rows, further.rows)
            self.loadings[:, place] = loadings_of(estimate, done, task.players, self.values.shape[1])
        self.draws[place] = task.place, task.players.shape[1], len(task.design.coalitions)
        self.values[place[:, None], task.players] = estimate.values
        self.errors[place[:, None], task.players] = estimate.standard_errors
        self.odd_parts[place[:, None], task.players] = estimate.odd_parts()
        self.samples[place] = len(task.design.coalitions)
        scheme = "enumeration" if task.design.complete else task.design.scheme
        self.estimators[place] = np.where(estimate.with_odd_terms, "odd terms", scheme)

    def _place(self, task: Task) -> Integers:
        return np.searchsorted(self.rows, task.rows)

    def by_block(self) -> list[Attributions]:
        """What was found, block by block; model inputs, which blocks share, are counted with the first."""
        parts = []
        for chosen in runs(self.blocks):
            part = Attributions(
                values=self.values[chosen],
                standard_errors=self.errors[chosen],
                base_values=self.empty[chosen],
                predictions=self.full[chosen],
                samples=self.samples[chosen],
                blocks=self.blocks[chosen],
                estimators=tuple(self.estimators[chosen].tolist()),
                model_rows=0 if chosen.start else self.model_rows,
                loadings=self._loadings(chosen),
                odd_parts=self.odd_parts[chosen].astype(np.float32) if self.odd_parts[chosen].any() else None,
            )
            parts.append(part)
        return parts

    def _loadings(self, block: slice) -> npt.NDArray[np.float32] | None:
        """Of the rows of a block on the error of the block; None where nothing was sampled."""
        errors = self.errors[block]
        if not errors.any():
            return None
        if not (errors > 0).any():
            return nan_where_unknown(errors)
        distinct, draws = np.unique(self.draws[block], axis=0, return_inverse=True)
        return of_block(self.loadings[:, block], self.values[block], errors, draws.ravel(), _correlations(distinct))


def _correlations(draws: Integers) -> Floats:
    """Correlations of the errors of draws: a larger one of the same stream holds the smaller, others share nothing."""
    place, players, samples = draws.T
    alike = (place[:, None] == place) & (players[:, None] == players)
    return np.asarray(alike * np.sqrt(np.minimum.outer(samples, samples) / np.maximum.outer(samples, samples)))
