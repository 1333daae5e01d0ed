"""How fast a model of this machine answers in batches as large as those of a job, of which small ones say little."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from pellucid.api.job_engine import with_one_thread
from pellucid.api.model_access import opened_model
from pellucid.api.preflight import Preflight
from pellucid.engines.batches import first_rows
from pellucid.errors import PellucidError
from pellucid.explain.one_thread import one_thread
from pellucid.jobs.bias_request import model_features
from pellucid.protocols.model import Batch, Model

__all__ = ["rate_in_large_batches", "rate_of"]

DISTINCT_ROWS = 100
BATCHES = (1_000, 10_000)
LONG = 2.0
"""Seconds: a larger batch is not asked for where it would take longer."""


def rate_in_large_batches(job: Preflight, rate: float, *, allow_pickle: bool) -> tuple[float, int]:
    """Rows that one worker's model answers per second, and the rows of the batch by which that was found.

    Parameters
    ----------
    job
        A job whose model is a file or a function, and has answered before.
    rate
        What small batches say, given back where the model is too slow for larger ones.
    """
    model, dataset = job.model, job.dataset
    if model is None or dataset is None:
        return rate, DISTINCT_ROWS
    dataset = dataset if dataset.settle is None else dataset.settle()
    features = model_features(job.config, dataset)
    try:
        rows = first_rows(dataset.frame, features, DISTINCT_ROWS)
        folder = Path(tempfile.gettempdir())
        with opened_model(model, job.config, features, folder=folder, allow_pickle=allow_pickle) as opened:
            asked = with_one_thread(opened, model, allow_pickle=allow_pickle)
            return (rate, DISTINCT_ROWS) if rows is None else rate_of(asked, rows, rate)
    except PellucidError:  # such as a text that is missing: small batches have told enough
        return rate, DISTINCT_ROWS


def rate_of(model: Model, rows: Batch, rate: float) -> tuple[float, int]:
    """The rate by the largest batch that takes no long time, and the rows of that batch.

    Parameters
    ----------
    rows
        Asked for again and again, at least one.
    rate
        Of small batches, in rows per second, above 0.
    """
    found = rate, len(rows)
    for size in BATCHES:
        if size > found[0] * LONG:
            break
        batch = rows[np.arange(size) % len(rows)]
        with one_thread():
            begun = time.perf_counter()
            model.predict(batch)
            found = size / max(time.perf_counter() - begun, 1e-9), size
    return found
