"""Results of blocks while their tasks come in."""

from __future__ import annotations

from dataclasses import field

import numpy as np
import numpy.typing as npt

from pellucid.explain.attributions import Attributions
from pellucid.explain.tasks import Estimate, Task
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
    samples: Integers = field(init=False)
    estimators: npt.NDArray[np.object_] = field(init=False)

    def __post_init__(self) -> None:
        alone = self.active & (self.active.sum(axis=1, keepdims=True) == 1)
        self.values = np.where(alone[:, :, None], (self.full - self.empty)[:, None, :], 0.0)
        self.errors = np.zeros(self.values.shape)
        self.samples = np.zeros(len(self.rows), dtype=np.intp)
        self.estimators = np.full(len(self.rows), "enumeration", dtype=object)

    def ends(self, task: Task) -> tuple[Floats, Floats]:
        """Values of the empty coalition for each of a task's designs, and of the full one, of its rows."""
        place, strata = self._place(task), len(task.designs)
        if strata == 1 or self.bases is None:
            return self.empty[None, place], self.full[place]
        of_strata = self.bases[:, place].reshape(strata, -1, *self.empty[place].shape)
        return of_strata.mean(axis=1), self.full[place]

    def enter(self, task: Task, estimate: Estimate) -> None:
        """Enter what a task found; later rounds of a row replace earlier ones."""
        place = self._place(task)
        self.values[place[:, None], task.players] = estimate.values
        self.errors[place[:, None], task.players] = estimate.standard_errors
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
            )
            parts.append(part)
        return parts
