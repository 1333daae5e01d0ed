"""Whether the model of a job has a formula for its values, and how long that takes per row."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from pellucid.api.exact_rows import TITLES, formula_rows
from pellucid.api.model_access import opened_model
from pellucid.api.preflight import Preflight
from pellucid.errors import PellucidError
from pellucid.jobs.explanations.request import ExplanationRequest, ShapRequest
from pellucid.jobs.explanations.shap_job import ShapTask
from pellucid.jobs.workload import Range
from pellucid.protocols.model import Batch

__all__ = ["formula_pace"]

TIMED_ROWS = 64
SPREAD = Range(0.3, 1.5)
"""How far the time of a row may be from that of the few that were timed, which share less."""


def formula_pace(
    job: Preflight,
    request: ExplanationRequest,
    shap: ShapRequest,
    baseline: Batch,
    first: Batch,
    *,
    total: int,
    allow_pickle: bool,
) -> tuple[Range | None, str]:
    """Seconds of one processor per row, and what is to be said; None where the rows are sampled.

    The model is opened, and not asked.

    Parameters
    ----------
    first
        Rows of the data set, at least one.
    total
        Number of all rows.
    """
    if job.model is None or job.model.remote or job.model.served:
        return None, ""
    task = ShapTask(features=request.features, total=total, baseline=baseline, request=shap)
    folder = Path(tempfile.gettempdir())
    try:
        with opened_model(job.model, job.config, request.features, folder=folder, allow_pickle=allow_pickle) as model:
            found = formula_rows(model, task)
            if isinstance(found, str):
                return None, f"Values are sampled, without a formula: {found}."
            rows = first[: min(TIMED_ROWS, len(first))]
            found.formula.explain(rows[:1])  # what is built once
            begun = time.perf_counter()
            found.formula.explain(rows)
            each = (time.perf_counter() - begun) / len(rows)
    except PellucidError as error:
        return None, f"Whether the model has a formula is not known, as it cannot be opened: {error}"
    title = TITLES[found.formula.name]
    return SPREAD * each, f"Values are exact, by the formula for {title}; rows for which it does not hold are sampled."
