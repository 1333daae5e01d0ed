"""A model asked for a few rows, for ``pellucid doctor``: what was sent, what came back, what it would cost for all."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import narwhals as nw

from pellucid.api.model_access import SERVER_LOG, ModelSource, opened_model
from pellucid.api.predicting import label_rule
from pellucid.api.preflight import Preflight, asks_for_predictions, table_over
from pellucid.config.predictor import Predictor
from pellucid.counts import Value
from pellucid.engines.batches import batches_of
from pellucid.errors import InputError, ModelError, PellucidError, Problem
from pellucid.jobs.bias_request import model_features
from pellucid.jobs.predictions import MOST_ROWS
from pellucid.protocols.model import Batch, Model, Scores
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.models.http.endpoint import EndpointModel, Exchange

__all__ = ["Cost", "Probe", "probe", "problems_of"]

SHOWN_ROWS = 5
MEASURED_ROWS = (20, 75)
"""Rows of the two requests after the first, by which the cost of a request and of a record are told apart."""

_OF_A_KEY = re.compile(r"(predictor\.[\w.]+): (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What asking for all rows takes, by the time of the rows asked for.

    Parameters
    ----------
    calls
        Requests, or calls of a model in this process.
    seconds
        One request after the other; several in flight take less.
    """

    rows: int
    calls: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a model was asked and answered.

    Parameters
    ----------
    sent
        The first rows of the columns that the model is asked with.
    exchange
        The request and the answer as they went over the wire; None for a model in this process.
    scores
        What was extracted from the answer; None where nothing could be.
    labels
        The predicted labels; None where they could not be made.
    records
        Records sent in all.
    cost
        None where the model did not answer.
    problems
        What does not fit, with the key to change.
    """

    source: ModelSource
    sent: Mapping[str, tuple[Value, ...]]
    types: Mapping[str, str]
    exchange: Exchange | None = None
    scores: Scores | None = None
    labels: tuple[Value, ...] | None = None
    records: int = 0
    cost: Cost | None = None
    problems: tuple[Problem, ...] = ()


def probe(job: Preflight, rows: int | None = None, *, allow_pickle: bool = False) -> Probe | None:
    """Ask the model of ``job`` for its first rows, at most 100 records in all.

    Parameters
    ----------
    rows
        Number of rows of the data set, where it is known.

    Returns
    -------
    None where the job asks no model, or there is nothing to ask it for.

    Raises
    ------
    InputError
        The rows cannot be read.
    """
    if job.model is None or job.dataset is None or job.table is None:
        return None
    from pellucid.api.job_texts import with_texts_filled

    dataset = with_texts_filled(job.config, job.dataset if job.dataset.settle is None else job.dataset.settle())
    features = model_features(job.config, dataset)
    if not features:
        return None
    table = table_over(dataset)
    first = nw.from_native(dataset.frame).lazy().head(SHOWN_ROWS + sum(MEASURED_ROWS))
    with table.translate():
        batch = next(batches_of(first, features), None)
    if batch is None:
        return None
    sent = {name: tuple(values[:SHOWN_ROWS].tolist()) for name, values in batch.columns.items()}
    asked = Probe(source=job.model, sent=sent, types={name: table.columns[name] for name in features})
    folder = Path(tempfile.mkdtemp(prefix="pellucid-doctor-"))
    try:
        with opened_model(job.model, job.config, features, folder=folder, allow_pickle=allow_pickle) as model:
            asked = _asked(asked, model, batch, rows, job.config.predictor)
    except PellucidError as error:
        if not (folder / SERVER_LOG).exists():  # else the message points at it
            folder.rmdir()
        return replace(asked, problems=problems_of(error, job.model))
    shutil.rmtree(folder, ignore_errors=True)
    return _labelled(asked, job) if asked.scores is not None and asks_for_predictions(job.config) else asked


def _asked(asked: Probe, model: Model, batch: Batch, rows: int | None, predictor: Predictor | None) -> Probe:
    """What the model answers to the first rows, and how long it takes for the others."""
    from pellucid.models.http.endpoint import EndpointModel

    shown, rest = batch[:SHOWN_ROWS], batch[SHOWN_ROWS:]
    if isinstance(model, EndpointModel):
        shown = shown[: model.codec.most_records]
        asked = _exchanged(asked, model, shown)
        if asked.exchange is None or asked.problems:
            return asked
        measured = [_Measured(len(shown), asked.exchange.seconds, len(asked.exchange.request_body))]
        for size in MEASURED_ROWS:
            part, rest = rest[: min(size, model.codec.most_records)], rest[size:]
            again = _exchanged(asked, model, part) if len(part) else asked
            if again.exchange is None or again.problems:
                return again
            if len(part):
                measured.append(_Measured(len(part), again.exchange.seconds, len(again.exchange.request_body)))
                asked = replace(asked, records=again.records)
        return replace(asked, cost=_cost_of_requests(rows, measured[-2:], model.codec.most_records, predictor))
    begun = time.perf_counter()
    scores = model.predict(shown)
    if len(rest):
        begun = time.perf_counter()  # the first call pays for what is loaded then
        model.predict(rest)
    each = (time.perf_counter() - begun) / len(rest or shown)
    cost = None if rows is None else Cost(rows=rows, calls=-(-rows // MOST_ROWS), seconds=rows * each)
    return replace(asked, scores=scores, records=len(batch), cost=cost)


def _exchanged(asked: Probe, model: EndpointModel, batch: Batch) -> Probe:
    """One request; of one that fails, the fault."""
    exchange = model.probe(batch)
    problems = () if exchange.fault is None else problems_of(ModelError(exchange.fault), asked.source)
    records = asked.records + len(batch)
    return replace(asked, exchange=exchange, scores=exchange.scores, records=records, problems=problems)


@dataclass(frozen=True, slots=True)
class _Measured:
    """A request that was answered."""

    records: int
    seconds: float
    size: int


def _cost_of_requests(
    rows: int | None, measured: Sequence[_Measured], most: int, predictor: Predictor | None
) -> Cost | None:
    """A request costs so much, and each record in it so much more."""
    from pellucid.models.http.pace import LARGEST_BATCH, WANTED_SECONDS

    if rows is None or predictor is None:
        return None
    few, many = measured[0], measured[-1]
    each = many.seconds / many.records
    if many.records > few.records:
        each = min(each, max(0.0, (many.seconds - few.seconds) / (many.records - few.records)))
    request = many.seconds - each * many.records
    fitting = predictor.payload_limit_bytes * many.records // max(1, many.size)
    most = max(1, min(most, predictor.batch_records or LARGEST_BATCH, fitting))
    if predictor.batch_records is None and each > 0:
        most = max(1, min(most, int(2 * WANTED_SECONDS / each)))
    calls = -(-rows // most)
    return Cost(rows=rows, calls=calls, seconds=calls * request + rows * each)


def _labelled(asked: Probe, job: Preflight) -> Probe:
    """The predicted labels, if the observed ones can be known."""
    if job.request is None or job.table is None or asked.scores is None:
        return asked
    try:
        labels = label_rule(job.request, job.table, job.config).labels(asked.scores)
    except ModelError as error:
        return replace(asked, problems=(*asked.problems, *problems_of(error, asked.source)))
    return replace(asked, labels=tuple(labels.tolist()))


def problems_of(error: PellucidError, source: ModelSource) -> tuple[Problem, ...]:
    """Faults as problems of the key that has to be changed."""
    if isinstance(error, InputError):
        return error.problems
    text = str(error)
    if named := _OF_A_KEY.fullmatch(text):
        return (Problem(named[1], fix=named[2]),)
    return (Problem(source.key, fix=text),)
