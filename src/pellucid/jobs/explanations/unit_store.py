"""Results of units already obtained, kept on disk so that a killed job never computes them again."""

from __future__ import annotations

import zipfile
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import DataError, Problem
from pellucid.explain.accumulated_effects import LocalEffects
from pellucid.explain.attributions import Attributions
from pellucid.jobs.explanations.pdp_job import PdpUnit, Predicted
from pellucid.jobs.explanations.shap_job import Found, ShapTask, ShapUnit
from pellucid.jobs.prediction_store import content_hash
from pellucid.protocols.model import Batch

__all__ = ["UnitStore", "task_identity"]

Arrays = dict[str, npt.NDArray[Any]]
OF_EFFECTS = ("counts", "means", "squares")
FORMAT = 3
"""What is written, and by which rules the numbers in it were found; results of another format are never found."""
OPTIONAL = ("loadings", "odd_parts")
PER_ROW = ("values", "standard_errors", "base_values", "predictions", "samples", "blocks")


class UnitStore:
    """Results by the content of the unit they belong to, in files that are whole or absent.

    Parameters
    ----------
    folder
        ``.resume`` in the output folder of the job; None keeps nothing.
    identity
        What results depend on besides the rows: the model, how it is asked, the plan, the baseline.
    """

    def __init__(self, folder: Path | None, identity: str) -> None:
        self._folder = None if folder is None else folder / f"units-{_digest(f'{FORMAT} {identity}')}"

    def name(self, unit: ShapUnit | PdpUnit) -> str:
        """What the result of ``unit`` is filed under: its place and a hash of all that it holds."""
        if self._folder is None:
            return ""
        if isinstance(unit, ShapUnit):
            return f"shap-{unit.number:010d}-{content_hash(unit.rows)}"
        grids = "".join(f"{name!r} {content_hash(Batch({name: grid.values}))}" for name, grid in unit.grids.items())
        edges = "".join(f"{name!r} {content_hash(Batch({name: values}))}" for name, values in unit.edges.items())
        return f"pdp-{unit.number:010d}-{_digest(f'{content_hash(unit.rows)} {grids} {edges} {unit.shown}')}"

    def find(self, name: str) -> Found | dict[str, Predicted] | None:
        """The result of an earlier run; None where there is none, or its file is damaged."""
        if self._folder is None or not (path := self._folder / f"{name}.npz").is_file():
            return None
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                return _found(dict(file)) if name.startswith("shap") else _sums(dict(file))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def add(self, name: str, result: Found | dict[str, Predicted]) -> None:
        """Keep the result of the unit called ``name``.

        Raises
        ------
        DataError
            The folder cannot be written.
        """
        if self._folder is None:
            return
        arrays = _arrays_of_found(result) if isinstance(result, Found) else _arrays_of_sums(result)
        unfinished = self._folder / f"{name}.unfinished"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
            unfinished.replace(self._folder / f"{name}.npz")
        except OSError as error:
            fix = f"{error.strerror or error}. Give a folder that can be written with --output."
            raise DataError(Problem("output", str(self._folder.parent), fix=fix)) from None


def task_identity(task: ShapTask | None) -> str:
    """A text that differs wherever SHAP values of equal rows at equal places may differ, the model apart.

    The values of a row depend on its block, on the number of all rows where the budget is for all of them, and in the
    last digit on which rows are asked together.
    """
    if task is None:
        return ""
    request = task.request
    parts = (task.features, task.total, dict(request.players), request.plan, request.link, task.texts, task.by_formula)
    surrogate = "" if task.surrogate is None else task.surrogate.identity
    return f"{parts!r} {content_hash(task.baseline)} {surrogate}"


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _arrays_of_found(found: Found) -> Arrays:
    optional = {name: getattr(found.attributions, name) for name in OPTIONAL}
    return {
        **{name: part for name, part in optional.items() if part is not None},
        **{name: getattr(found.attributions, name) for name in PER_ROW},
        "estimators": np.array(found.attributions.estimators, dtype=np.str_),
        "model_rows": np.array(found.attributions.model_rows),
        "active": found.active,
        "common_base": np.array(found.common_base),
    }


def _found(arrays: Arrays) -> Found:
    attributions = Attributions(
        **{name: arrays[name] for name in PER_ROW},
        estimators=tuple(arrays["estimators"].tolist()),
        model_rows=int(arrays["model_rows"]),
        loadings=arrays.get("loadings"),
        odd_parts=arrays.get("odd_parts"),
    )
    return Found(attributions, arrays["active"], bool(arrays["common_base"]))


def _arrays_of_sums(sums: dict[str, Predicted]) -> Arrays:
    # A feature may be called what no array in a file can be.
    numbered: Arrays = {}
    for place, found in enumerate(sums.values()):
        numbered |= {f"sums_{place}": found.sums, f"curves_{place}": found.curves}
        if found.effects is not None:
            numbered |= {f"{name}_{place}": getattr(found.effects, name) for name in OF_EFFECTS}
    return {"features": np.array(list(sums), dtype=np.str_), **numbered}


def _sums(arrays: Arrays) -> dict[str, Predicted]:
    found = {}
    for place, feature in enumerate(arrays["features"].tolist()):
        effects = None
        if f"means_{place}" in arrays:
            effects = LocalEffects(*(arrays[f"{name}_{place}"] for name in OF_EFFECTS))
        found[feature] = Predicted(arrays[f"sums_{place}"], arrays[f"curves_{place}"], effects)
    return found
