"""One job on forecasts: time series and a forecasting model in, a folder of results out."""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.api.earlier_results import earlier_explanations
from pellucid.api.forecast_model import opened_forecaster
from pellucid.api.forecast_preflight import LISTED, ForecastPreflight, forecast_preflight
from pellucid.api.job_explanations import JobExplanations
from pellucid.api.model_access import SERVER_LOG
from pellucid.api.pace import Pace
from pellucid.errors import DataError, Problem
from pellucid.jobs.forecasts.explaining import REPETITIONS, explained_items, repeated
from pellucid.jobs.forecasts.request import ForecastRequest
from pellucid.jobs.forecasts.totals import ForecastSummary, ForecastTotals
from pellucid.jobs.forecasts.writers import results_path, scores_file, write_item
from pellucid.nouns import counted
from pellucid.protocols.forecaster import Forecaster
from pellucid.results.forecast import ForecastItem
from pellucid.results.rounding import significant

if TYPE_CHECKING:
    from pellucid.api.job_arguments import JobArguments
    from pellucid.api.job_record import JobRecord
    from pellucid.api.job_result import JobResult

__all__ = ["run_forecast_job"]

METHOD = "asymmetric_shapley_value"
ROUNDING = 1e-9
"""Share of a forecast that rounding may leave between it and offset plus scores."""


def run_forecast_job(arguments: JobArguments, record: JobRecord, progress: Callable[[str], None]) -> JobResult:
    """Explain the forecasts that a configuration describes, and write the results.

    The work is done in this process whatever the engine. What a report needs is told to ``record``.

    Raises
    ------
    InputError
        Configuration or data are wrong; all faults are named.
    ModelError
        The model does not answer with finite forecasts.
    """
    from pellucid.api.job_result import ANALYSIS, DETAILS, PARTIAL, PREDICTIONS, RESUME, WRITING, JobResult
    from pellucid.jobs.result_files import json_text, write_files

    progress("checking configuration and data")
    ready = forecast_preflight(
        arguments.config,
        data=arguments.data,
        data_input=arguments.data_input,
        strict=arguments.strict,
        seed=arguments.seed,
        models=arguments.models,
        endpoints=arguments.endpoints,
    )
    folder = arguments.output
    job = replace(ready.job, problems=(*ready.job.problems, *arguments.problems()))
    if job.problems or job.model is None or ready.request is None:
        raise job.error()
    record.begins(job, data=arguments.data, seed=arguments.seed, strict=arguments.strict)
    if record.digests is not None:
        record.digests.read_all("data", ready.files, arguments.data or job.config.dataset_uri)
    # In the folder that a finished job removes: one that was killed can remove nothing.
    (folder / RESUME).mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix="unfinished-", dir=folder / RESUME))
    try:
        progress(f"opening the model {job.model.shown}")
        resume, allowed = folder / RESUME, arguments.allow_pickle
        with opened_forecaster(job.model, job.config, folder=resume, allow_pickle=allowed) as model:
            explained = _explained(ready, ready.request, model, progress, folder=folder, aside=aside)
            record.answered(model, explained)
            if record.model_rows is None and explained.forecasts is not None:
                record.model_rows = REPETITIONS + explained.forecasts.model_records
        progress(WRITING)
        document = {"version": "1.0", "explanations": explained.section()}
        texts = {ANALYSIS: json_text(document)}
        record.details = _details(ready, explained)
        if not arguments.strict:
            texts[DETAILS] = json_text(record.details)
        stale = (DETAILS, PARTIAL, PREDICTIONS, SERVER_LOG, *earlier_explanations(folder))
        files = write_files(folder, texts, stale=stale, written=explained.written)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        with suppress(OSError):  # the log of a server that failed stays
            aside.parent.rmdir()
    log = folder / RESUME / SERVER_LOG
    if log.is_file():
        files += (log.replace(folder / SERVER_LOG),)
    shutil.rmtree(folder / RESUME, ignore_errors=True)
    return JobResult(
        report=None,
        document=document,
        warnings=(*job.warnings, *explained.warnings),
        notes=(*job.notes, *explained.notes, *_in_this_process(arguments.engine, arguments.workers)),
        files=files,
        explanations=explained,
    )


def _details(ready: ForecastPreflight, explained: JobExplanations) -> dict[str, Any]:
    """What stands in ``pellucid.json``."""
    job = ready.job
    return {
        "explanations": dict(explained.details),
        "confidence_level": explained.confidence_level,
        "dataset": {"items": len(ready.items), "notes": [*job.warnings, *job.notes]},
        "configuration": {} if job.loaded is None else job.loaded.document,
    }


def _in_this_process(engine: str, workers: int | None) -> tuple[str, ...]:
    if engine == "local" and workers in (None, 1):
        return ()
    return (
        "--engine and --workers have no effect on forecasts: requests are made by this process, several at a time.",
    )


def _explained(
    ready: ForecastPreflight,
    request: ForecastRequest,
    model: Forecaster,
    progress: Callable[[str], None],
    *,
    folder: Path,
    aside: Path,
) -> JobExplanations:
    """Scores of all items, written aside, and what is to be said of them."""
    total = len(ready.items)
    open_steps = {item.item_id: item.future_steps for item in ready.items}
    totals = ForecastTotals(request, list(ready.read.left_out if ready.read is not None else ()))
    progress(f"explaining the forecasts of {counted(total, 'item')}")
    totals.repetition = repeated(ready.items[0], model)
    path = aside / "out.jsonl"
    longer: list[str] = []
    pace = Pace(total, time.monotonic, what="items")
    with scores_file(path) as file:
        for found in explained_items(
            ready.items, request, model, progress=lambda done: progress(pace.line("explaining", done - pace.done))
        ):
            totals.add(found)
            if isinstance(found, ForecastItem):
                write_item(file, found)
                longer += _other_horizon(found, open_steps[found.item_id])
    summary = totals.summary()
    if not summary.items:
        raise DataError([Problem(f"item {left.item_id!r}", fix=left.reason) for left in summary.left_out[:20]])
    place = results_path(request.granularity, request.direction)
    section = {
        "direction": request.direction,
        "granularity": request.granularity,
        "explanation_results_path": f"{folder.as_posix()}/{place}",
    }
    return JobExplanations(
        confidence_level=0.95 if ready.job.config is None else ready.job.config.confidence_level,
        forecasts=summary,
        details={METHOD: totals.to_details()},
        further={METHOD: section},
        warnings=(*_left_out_later(ready, summary), *_doubts(totals, longer)),
        notes=_notes(model, summary),
        written={place: path},
    )


def _other_horizon(found: ForecastItem, open_steps: int) -> list[str]:
    """Where the model forecasts another number of steps than the data leave open."""
    horizon = len(found.offset)
    if open_steps in (0, horizon):
        return []
    return [f"item {found.item_id!r} leaves {open_steps} steps open, and the model forecasts {horizon}"]


def _left_out_later(ready: ForecastPreflight, summary: ForecastSummary) -> list[str]:
    """Items that turned out to have no scores only while the model was asked."""
    before = 0 if ready.read is None else len(ready.read.left_out)
    later = summary.left_out[before:]
    if not later:
        return []
    first = " ".join(f"{left.item_id!r}: {left.reason}" for left in later[:LISTED])
    more = f" And {len(later) - LISTED} more." if len(later) > LISTED else ""
    return [f"{len(later)} of {counted(len(ready.items), 'item')} could not be explained. {first}{more}"]


def _doubts(totals: ForecastTotals, longer: Sequence[str]) -> list[str]:
    """What a reader must know before believing the scores."""
    warnings = []
    if longer:
        more = f", and so for {len(longer) - 1} more" if len(longer) > 1 else ""
        warnings.append(f"Scores are of all steps that the model forecasts: {longer[0]}{more}.")
    summary, repetition = totals.summary(), totals.repetition
    if repetition is not None and repetition.difference:
        difference = repetition.difference
        apart = f"by up to {significant(difference, 3)}" if math.isfinite(difference) else "in length"
        warnings.append(
            f"The model's answers to one and the same record differ {apart}: scores hold noise of that size, which "
            "standard errors do not cover. Fix the model's seed."
        )
    if summary.largest_gap > ROUNDING * max(1.0, summary.largest_forecast):
        missed = significant(summary.largest_gap, 3)
        warnings.append(f"Offset and scores miss the forecast by up to {missed}, more than rounding.")
    return warnings


def _notes(model: Forecaster, summary: ForecastSummary) -> tuple[str, ...]:
    from pellucid.models.http.forecasts import EndpointForecaster

    exact = "exact" if summary.exact else f"{summary.request.samples} random orders, with standard errors"
    asked = (
        f"Forecasts: {counted(summary.items, 'item')} explained ({exact}), "
        f"{counted(summary.model_records, 'record')} asked of the model; {summary.plain_records:,} along every order."
    )
    return (asked, model.traffic.line()) if isinstance(model, EndpointForecaster) else (asked,)
