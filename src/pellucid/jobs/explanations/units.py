"""Units of work: done by a pool in any order, taken from an earlier run where it did them, and given back in order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.jobs.explanations.exact_rows import Exactly
from pellucid.jobs.explanations.pdp_job import PdpUnit, Predicted, summed_unit
from pellucid.jobs.explanations.shap_job import Found, ShapTask, ShapUnit, explained_unit
from pellucid.jobs.explanations.unit_store import UnitStore
from pellucid.protocols.model import Batch
from pellucid.protocols.pool import Pending, Pool
from pellucid.records import dataclass

__all__ = ["Done", "Settled", "Unit", "UnitWork", "settled"]

Unit = ShapUnit | PdpUnit
Result = Found | dict[str, Predicted]


@dataclass(frozen=True, slots=True, eq=False)
class UnitWork:
    """Explains units, and sums predictions for partial dependence.

    Parameters
    ----------
    task
        What is the same for all units of SHAP values; None where there are none.
    score
        Scores of a batch of features, shape (inputs, outputs).
    exactly
        Exact values where the model has a formula.
    """

    task: ShapTask | None
    score: Callable[[Batch], npt.NDArray[np.float64]]
    exactly: Exactly | None = None

    def __call__(self, unit: Unit) -> Result:
        """The result of a unit.

        Raises
        ------
        InputError, ModelError
            See `explained_unit` and `summed_unit`.
        """
        if isinstance(unit, ShapUnit) and self.task is not None:
            return explained_unit(unit, self.task, self.score, clock=time.monotonic, exactly=self.exactly)
        if isinstance(unit, PdpUnit):
            return summed_unit(unit, self.score)
        raise TypeError(f"{type(unit).__name__} is no unit of this work.")


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """A result that is there already."""

    value: Any

    def result(self) -> Any:
        """The result."""
        return self.value


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """A unit with its result.

    Parameters
    ----------
    kept
        Whether an earlier run had found it.
    """

    unit: Any
    result: Any
    kept: bool


def settled(units: Iterable[Unit], pool: Pool, store: UnitStore) -> Iterator[Settled]:
    """Results of all units in their order, each kept in ``store`` as soon as it is taken.

    Raises
    ------
    PellucidError
        A unit failed; those before it are kept.
    """
    window: deque[tuple[Unit, str, Pending, bool]] = deque()

    def first() -> Settled:
        unit, name, pending, kept = window.popleft()
        result = pending.result()
        if not kept:
            store.add(name, result)
        return Settled(unit, result, kept)

    for unit in units:
        name = store.name(unit)
        known = store.find(name)
        window.append((unit, name, pool.submit(unit) if known is None else Done(known), known is not None))
        while len(window) > pool.depth:
            yield first()
    while window:
        yield first()
