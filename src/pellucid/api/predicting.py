"""Predictions of a live model for all rows of a data set, for a job to compare with the labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.api.model_access import ModelSource
from pellucid.api.model_identity import model_identity
from pellucid.bias.kinds import decide, profile
from pellucid.config.analysis import AnalysisConfig
from pellucid.config.bias_request import BiasRequest
from pellucid.counts import ByValue
from pellucid.datasets.predictions import with_predictions, write_predictions
from pellucid.datasets.sources import Dataset
from pellucid.jobs.explanations.rows import reading
from pellucid.jobs.predicted_labels import LabelRule, observed_labels
from pellucid.jobs.prediction_store import PredictionStore
from pellucid.jobs.predictions import predict_all
from pellucid.nouns import counted
from pellucid.protocols.model import Model, Scores
from pellucid.protocols.table import Table
from pellucid.records import dataclass

__all__ = ["Predicted", "label_rule", "predicted"]

PREDICTED_LABEL = "predicted_label"
FILE = "predictions.parquet"
MANY_LABELS = 1000
"""With more distinct labels than this they are amounts; they are not counted one by one."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """A data set with its predictions.

    Parameters
    ----------
    file
        Scores and predicted labels of all rows, Parquet.
    notes, warnings
        What was asked of the model; what must be known before believing the numbers.
    """

    dataset: Dataset
    file: Path
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def predicted(
    dataset: Dataset,
    table: Table,
    request: BiasRequest,
    source: ModelSource,
    config: AnalysisConfig,
    *,
    model: Model,
    folder: Path,
    progress: Callable[[str], None] = lambda step: None,
) -> Predicted:
    """Ask the model for all rows; what an earlier job of the same output folder was told is not asked again.

    Parameters
    ----------
    table
        The rows of ``dataset`` as the model is asked with them.
    model
        What ``source`` was opened to.
    request
        Its features are the columns that the model is asked with, in order.
    folder
        For what a job that was killed need not ask again; beside its results.

    Raises
    ------
    InputError, ModelError
        The model cannot be asked, or gives no score for a row. What was obtained is kept for the next run.
    """
    rule = label_rule(request, table, config)
    column = _new_name(dataset.columns)
    store = PredictionStore(folder, model_identity(source, model, config.predictor))
    with reading(table.batches(request.features)) as batches:
        asked = predict_all(model, batches, store)
        rows = write_predictions(_columns(asked, column, rule, dataset.rows, progress), folder / FILE)
    joined, without = with_predictions(dataset, folder / FILE, column)
    return Predicted(
        dataset=joined,
        file=folder / FILE,
        notes=_notes(model, rows, store),
        warnings=_left_out(without),
    )


def label_rule(request: BiasRequest, table: Table, config: AnalysisConfig) -> LabelRule:
    """How the answers of a model become labels that can be compared with the observed ones of ``table``."""
    label, predictor = request.label, config.predictor
    many = table.distinct(label) > MANY_LABELS
    if many and table.columns[label] in ("integer", "float"):
        found, continuous, gaps = table.head(MANY_LABELS, [label])[label], True, False
    else:
        cube = table.cube([ByValue(label)])
        found, known = list(cube.totals(label)), profile(cube, label, table.columns[label])
        continuous = (request.column_types.get(label) or decide(known, request.positive)) == "continuous"
        gaps = known.missing > 0
    return observed_labels(
        [value for value in found if value is not None and value == value],
        continuous=continuous,
        gaps=gaps,
        threshold=request.probability_threshold,
        label_headers=None if predictor is None else predictor.label_headers,
        answers_with_labels=predictor is not None and predictor.label is not None and predictor.probability is None,
    )


def _new_name(columns: Sequence[str]) -> str:
    """A name for the predicted label that no column has; DuckDB does not tell upper from lower case."""
    taken = {name.casefold() for name in columns}
    name = PREDICTED_LABEL
    while name in taken:
        name += "_of_the_model"
    return name


def _columns(
    asked: Iterator[Scores], column: str, rule: LabelRule, rows: int | None, progress: Callable[[str], None]
) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """Labels and scores of every batch as columns."""
    done = 0
    for scores in asked:
        labels = rule.labels(scores)
        done += len(labels)
        progress(f"predicting: {done:,} of {counted(rows, 'row')}" if rows else f"predicting: {counted(done, 'row')}")
        yield {column: labels, **_score_columns(scores, rule)}


def _score_columns(scores: Scores, rule: LabelRule) -> dict[str, npt.NDArray[np.float64]]:
    width = scores.values.shape[1]
    if width == 1:
        return {"score": scores.values[:, 0]}
    names = [str(name) for name in rule.label_headers or scores.outputs or ()]
    if len({name.casefold() for name in names}) != width:
        names = [str(place) for place in range(width)]
    return {f"score_{name}": scores.values[:, place] for place, name in enumerate(names)}


def _notes(model: Model, rows: int, store: PredictionStore) -> tuple[str, ...]:
    traffic = getattr(model, "traffic", None)
    notes = [] if traffic is None else [str(traffic.line())]
    if store.rows_used:
        were = "was" if store.rows_used == 1 else "were"
        known = f"{store.rows_used:,} of {counted(rows, 'row')}"
        notes.append(f"{known} {were} predicted by an earlier run and not asked again.")
    return tuple(notes)


def _left_out(rows: int) -> tuple[str, ...]:
    if not rows:
        return ()
    said = "1 row is" if rows == 1 else f"{rows:,} rows are"
    return (f"{said} left out of the analysis: the model rejected what was sent for it.",)
