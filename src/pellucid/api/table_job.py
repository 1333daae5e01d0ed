"""One job on a table: bias metrics, predictions of a model, and explanations of them."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.api.job_result import ANALYSIS, DETAILS, PARTIAL, PREDICTIONS, RESUME, WRITING, JobResult
from pellucid.api.model_access import SERVER_LOG
from pellucid.api.preflight import Preflight, asks_for_predictions, table_over
from pellucid.datasets import Dataset, compute_on
from pellucid.errors import AnalysisError, ConfigError
from pellucid.results.bias import BiasReport

if TYPE_CHECKING:
    from pellucid.api.job_arguments import JobArguments
    from pellucid.api.job_engine import JobEngine
    from pellucid.api.job_explanations import JobExplanations
    from pellucid.api.job_record import JobRecord
    from pellucid.api.predicting import Predicted
    from pellucid.config.bias_request import BiasRequest
    from pellucid.protocols.model import Model

__all__ = ["comparing", "run_table_job"]


def run_table_job(
    job: Preflight, arguments: JobArguments, record: JobRecord, progress: Callable[[str], None]
) -> JobResult:
    """Analyse a table whose preflight found no fault, and write the results.

    Raises
    ------
    InputError, AnalysisError, ModelError
        As `pellucid.api.job.run_job`.
    """
    folder, strict = arguments.output, arguments.strict
    record.begins(job, data=arguments.data, seed=arguments.seed, strict=strict)
    if job.model is not None:
        _check_values(job, strict=strict)  # before the model is asked, which costs
        progress(f"opening the model {job.model.shown}")
    aside = _aside(folder) if job.config.methods.shap is not None else None
    try:
        job, predictions, report, explained = _computed(job, arguments, record, progress, aside=aside or folder)
        progress(WRITING)
        document, record.details = _documents(job, report, explained, suppress=arguments.suppress)
        details = _details_of_strict(report) if strict else record.details
        files = _write(job, arguments, document, details, explained)
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
            with contextlib.suppress(OSError):  # what is in the folder is for the next run
                aside.parent.rmdir()
    files += _kept(job, predictions, folder)
    return JobResult(
        report=report,
        document=document,
        warnings=(
            *job.warnings,
            *(report.warnings if report is not None else ()),
            *(explained.warnings if explained is not None else ()),
        ),
        notes=(
            *job.notes,
            *(report.notes if report is not None else ()),
            *(explained.notes if explained is not None else ()),
        ),
        files=files,
        explanations=explained,
    )


def _computed(
    job: Preflight, arguments: JobArguments, record: JobRecord, progress: Callable[[str], None], *, aside: Path
) -> tuple[Preflight, Predicted | None, BiasReport | None, JobExplanations | None]:
    """The job with the predictions of its model, these, the bias report and the explanations."""
    from pellucid.api.job_engine import job_engine

    folder, predictions = arguments.output, None
    with (
        job_engine(
            arguments.engine, arguments.workers, job.config_path, folder=folder / RESUME, progress=progress
        ) as engine,
        _model(job, folder, allow_pickle=arguments.allow_pickle) as model,
    ):
        if model is not None and asks_for_predictions(job.config):
            job, predictions = _with_predictions(job, folder, progress, model)
        report = _report_or_partial(job, folder, progress, engine)
        explained = _explained(job, model, arguments, progress, engine=engine, aside=aside)
        record.answered(model, explained)
    return job, predictions, report, explained


def _documents(
    job: Preflight,
    report: BiasReport | None,
    explained: JobExplanations | None,
    *,
    suppress: bool,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stands in ``analysis.json``, and everything of ours."""
    from pellucid.api.job_details import full_details

    document = {"version": "1.0"} if report is None else report.to_dict()
    if explained is not None:
        document = {**document, "explanations": explained.section()}
    details = full_details(job, report, explained)
    if not suppress:
        return document, details
    from pellucid.reports.suppressed import suppressed, without_single_rows

    shown, more = suppressed(document, details, job.config.minimum_cell)
    return shown, without_single_rows(more)


def _write(
    job: Preflight,
    arguments: JobArguments,
    document: dict[str, Any],
    details: dict[str, Any],
    explained: JobExplanations | None,
) -> tuple[Path, ...]:
    """Write the results in the place of those of an earlier job."""
    from pellucid.api.earlier_results import earlier_explanations
    from pellucid.jobs.result_files import json_text, write_files

    texts = {ANALYSIS: json_text(document)}
    if details:
        texts[DETAILS] = json_text(details)
    stale: tuple[str, ...] = (DETAILS, PARTIAL, *earlier_explanations(arguments.output))
    # Predictions of an earlier model must not stand beside these results.
    stale = stale if job.model is None else (*stale, PREDICTIONS, SERVER_LOG)
    written = explained.written if explained is not None else {}
    return write_files(arguments.output, texts, stale=stale, written=written)


def _aside(folder: Path) -> Path:
    """A folder for files that are moved to ``folder`` at the end."""
    (folder / RESUME).mkdir(parents=True, exist_ok=True)
    # In the folder that a finished job removes: one that was killed can remove nothing.
    return Path(tempfile.mkdtemp(prefix="unfinished-", dir=folder / RESUME))


def _model(job: Preflight, folder: Path, *, allow_pickle: bool) -> AbstractContextManager[Model | None]:
    """The one model of the job, open for as long as any step needs it."""
    if job.model is None or job.dataset is None:
        return nullcontext()
    from pellucid.api.model_access import opened_model
    from pellucid.jobs.bias_request import model_features

    features = model_features(job.config, job.dataset)
    return opened_model(job.model, job.config, features, folder=folder / RESUME, allow_pickle=allow_pickle)


def _details_of_strict(report: BiasReport | None) -> dict[str, Any]:
    """What Clarify has and `analysis.json` of a job has no place for."""
    segments = report.segments if report is not None else ()
    return {"segments": [part.to_dict() for part in segments]} if segments else {}


def _explained(
    job: Preflight,
    model: Model | None,
    arguments: JobArguments,
    progress: Callable[[str], None],
    *,
    engine: JobEngine,
    aside: Path,
) -> JobExplanations | None:
    if model is None or job.model is None or job.dataset is None:
        return None
    from pellucid.jobs.explanations.request import explanation_request

    request = explanation_request(job.config, job.dataset, strict=arguments.strict, seed=arguments.seed)
    if request is None:
        return None
    from pellucid.api.given_baseline import given_baseline
    from pellucid.api.job_explanations import Means, explained_job
    from pellucid.api.job_texts import with_texts_filled
    from pellucid.api.model_identity import model_identity

    dataset = with_texts_filled(job.config, job.dataset if job.dataset.settle is None else job.dataset.settle())
    table = table_over(dataset)
    baseline = given_baseline(job.config, job.config_path, dataset, table)
    means = Means(
        engine=engine,
        source=job.model,
        allow_pickle=arguments.allow_pickle,
        resume=arguments.output / RESUME,
        identity=model_identity(job.model, model, job.config.predictor),
    )
    found = explained_job(request, baseline, table, model, means=means, aside=aside, progress=progress)
    if arguments.strict:
        return found
    from pellucid.api.values_in_parquet import with_values_in_parquet

    join_type = None if request.join is None else table.columns[request.join]
    return with_values_in_parquet(found, join_type=join_type, aside=aside)


def _check_values(job: Preflight, *, strict: bool) -> None:
    from pellucid.api.inspection import value_problems

    # A label that was not observed may still be predicted.
    problems = [p for p in value_problems(job, strict=strict) if p.where != "label_values_or_threshold"]
    if problems:
        raise ConfigError(problems)


def _report_or_partial(
    job: Preflight, folder: Path, progress: Callable[[str], None], engine: JobEngine
) -> BiasReport | None:
    """The report; where Clarify's job fails, what can be computed all the same is left in a file of its own."""
    from pellucid.jobs.result_files import json_text, write_files

    try:
        return _report(job, progress, engine)
    except AnalysisError as error:
        if isinstance(error.partial, BiasReport) and error.partial.stages:
            write_files(folder, {PARTIAL: json_text(error.partial.to_dict())})
        raise


def _report(job: Preflight, progress: Callable[[str], None], engine: JobEngine) -> BiasReport | None:
    request, segments = job.request, job.config.segment_config
    if request is None or job.dataset is None:
        raise job.error()
    if request.pre_training is None and request.post_training is None:
        return None
    from pellucid.bias.analysis import analyse

    def analysed(dataset: Dataset) -> BiasReport:
        table = engine.table(job, dataset)
        report = analyse(request, table, progress=progress, workers=engine.others)
        if not segments:
            return report
        from pellucid.jobs.segments import with_segments

        return with_segments(report, request, table, segments, progress, workers=engine.others)

    return compute_on(job.dataset, analysed)


def _with_predictions(
    job: Preflight, folder: Path, progress: Callable[[str], None], model: Model
) -> tuple[Preflight, Predicted]:
    """The job with the predictions of its model in its data set."""
    from pellucid.api.job_texts import with_texts_filled
    from pellucid.api.predicting import predicted

    if job.model is None or job.dataset is None or job.request is None:
        raise job.error()
    dataset = job.dataset if job.dataset.settle is None else job.dataset.settle()
    found = predicted(
        dataset,
        table_over(with_texts_filled(job.config, dataset)),
        job.request,
        job.model,
        job.config,
        model=model,
        folder=folder / RESUME,
        progress=progress,
    )
    return (
        replace(
            job,
            dataset=found.dataset,
            table=table_over(found.dataset),
            request=comparing(job.request, found.dataset.predicted_label or ""),
            warnings=(*job.warnings, *found.warnings),
            notes=(*job.notes, *found.notes),
        ),
        found,
    )


def comparing(request: BiasRequest, predicted_label: str) -> BiasRequest:
    """The request with predictions, which count as categorical or continuous where that is said of the label."""
    said = request.column_types.get(request.label)
    types = request.column_types if said is None else {**request.column_types, predicted_label: said}
    return replace(request, predicted_label=predicted_label, column_types=types)


def _kept(job: Preflight, predictions: Predicted | None, folder: Path) -> tuple[Path, ...]:
    """Predictions, if asked for, and a server's log; what was kept for another run is removed, the job being done."""
    if job.model is None:
        return ()
    kept: tuple[Path, ...] = ()
    if predictions is not None and job.config.predictor is not None and job.config.predictor.save_predictions:
        kept += (predictions.file.replace(folder / PREDICTIONS),)
    log = folder / RESUME / SERVER_LOG
    if job.model.served and log.is_file():
        kept += (log.replace(folder / SERVER_LOG),)
    shutil.rmtree(folder / RESUME, ignore_errors=True)
    return kept
