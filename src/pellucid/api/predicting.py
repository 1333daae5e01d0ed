"""Predictions of a live model for all rows of a data set, for a job to compare with the labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.api.model_access import ModelSource, opened_model
from pellucid.config.analysis import AnalysisConfig
from pellucid.counts import ByValue, Value
from pellucid.datasets.predictions import with_predictions, write_predictions
from pellucid.datasets.sources import Dataset
from pellucid.jobs.predicted_labels import predicted_labels
from pellucid.jobs.prediction_store import PredictionStore
from pellucid.jobs.predictions import predict_all
from pellucid.protocols.model import Model, Scores
from pellucid.protocols.table import Table

__all__ = ["RESUME", "Predicted", "predicted"]

RESUME = ".resume"
"""Folder in the output folder for what a job that was killed need not ask again."""

PREDICTED_LABEL = "predicted_label"


@dataclass(frozen=True, slots=True)
class Predicted:
    """A data set with its predictions.

    Parameters
    ----------
    file
        Scores and predicted labels of all rows, Parquet.
    notes
        What was asked of the model.
    store
        Holds the predictions until the job has its results.
    """

    dataset: Dataset
    file: Path
    notes: tuple[str, ...]
    store: PredictionStore


def predicted(
    dataset: Dataset,
    table: Table,
    features: tuple[str, ...],
    source: ModelSource,
    config: AnalysisConfig,
    *,
    output: Path,
    allow_pickle: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> Predicted:
    """Ask the model for all rows; what an earlier job of the same output folder was told is not asked again.

    Parameters
    ----------
    features
        Columns the model is asked with, in order.

    Raises
    ------
    InputError, ModelError
        The model cannot be asked, or gives no score for a row. What was obtained is kept for the next run.
    """
    folder = output / RESUME
    progress(f"opening the model {source.uri}")
    with opened_model(source, config, features, folder=folder, allow_pickle=allow_pickle) as model:
        store = PredictionStore(folder, _identity(model, source, config))
        observed = _observed(table, dataset)
        rows = dataset.rows
        asked = predict_all(model, table.batches(features), store)
        name = PREDICTED_LABEL if PREDICTED_LABEL not in dataset.columns else f"{PREDICTED_LABEL}_of_the_model"
        file = folder / "predictions.parquet"
        written = write_predictions(_columns(asked, name, observed, config, rows, progress), file)
        notes = _notes(model, written, store)
    return Predicted(with_predictions(dataset, file, name), file, notes, store)


def _identity(model: Model, source: ModelSource, config: AnalysisConfig) -> str:
    """What predictions depend on besides the rows: the file itself for a local model, the endpoint for a remote one."""
    path = Path(source.uri).expanduser()
    changed = f"{path.stat().st_mtime_ns} {path.stat().st_size}" if path.exists() else ""
    asked = config.predictor.model_dump_json() if config.predictor is not None else ""
    return f"{source.uri} {changed} {getattr(model, 'identity', '') if source.remote else ''} {asked}"


def _observed(table: Table, dataset: Dataset) -> list[Value]:
    """Distinct observed labels; two of a column of fractions or of many numbers, which stand for all of them."""
    if dataset.label is None:
        return []
    if table.columns[dataset.label] == "float":
        return [value for value in set(table.head(1024, [dataset.label])[dataset.label]) if value is not None]
    return [value for value in table.cube([ByValue(dataset.label)]).totals(dataset.label) if value is not None]


def _columns(
    asked: Iterator[Scores],
    name: str,
    observed: list[Value],
    config: AnalysisConfig,
    rows: int | None,
    progress: Callable[[str], None],
) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """Labels and scores of every batch as columns."""
    headers = None if config.predictor is None else config.predictor.label_headers
    done = 0
    for scores in asked:
        labels = predicted_labels(
            scores, observed=observed, threshold=config.probability_threshold, label_headers=headers
        )
        done += len(labels)
        progress(f"predicting: {done:,} rows" + (f" of {rows:,}" if rows else ""))
        yield {name: labels, **_score_columns(scores, headers)}


def _score_columns(scores: Scores, headers: tuple[int | str, ...] | None) -> dict[str, npt.NDArray[np.float64]]:
    width = scores.values.shape[1]
    names = [str(header) for header in headers or scores.outputs or range(width)]
    if width == 1:
        return {"score": scores.values[:, 0]}
    return {f"score_{name}": scores.values[:, i] for i, name in enumerate(names[:width])}


def _notes(model: Model, rows: int, store: PredictionStore) -> tuple[str, ...]:
    traffic = getattr(model, "traffic", None)
    notes = [] if traffic is None else [str(traffic.line())]
    if store.rows_used:
        notes.append(f"{store.rows_used:,} of {rows:,} rows were predicted by an earlier run and not asked again.")
    return tuple(notes)
