"""One job: a Clarify configuration and its data set in, a folder of results out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.api.model_access import SERVER_LOG
from pellucid.api.preflight import Preflight, preflight, table_over
from pellucid.datasets import Dataset, compute_on
from pellucid.errors import AnalysisError, ConfigError
from pellucid.results.bias import BiasReport

if TYPE_CHECKING:
    from pellucid.api.predicting import Predicted
    from pellucid.config.bias_request import BiasRequest

__all__ = ["WRITING", "JobResult", "run_job"]

WRITING = "writing results"
"""The last step of a job: from here on its results are moved into place."""

ANALYSIS, DETAILS, PARTIAL = "analysis.json", "pellucid.json", "analysis.partial.json"
PREDICTIONS = "predictions.parquet"


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """What a job left behind.

    Parameters
    ----------
    report
        None where the configuration asks for no method.
    document
        What stands in ``analysis.json``.
    warnings
        What a reader must know before believing the numbers.
    notes
        What is good to know: how the files were read, what went to the model.
    files
        The files written.
    """

    report: BiasReport | None
    document: dict[str, Any]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    files: tuple[Path, ...]
    seconds: float


def run_job(
    config: str | Path,
    *,
    output: str | Path,
    data: str | None = None,
    data_input: str | None = None,
    strict: bool = False,
    seed: int | None = None,
    models: Mapping[str, str] | None = None,
    endpoints: Mapping[str, str] | None = None,
    allow_pickle: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> JobResult:
    """Run the analysis that a configuration file describes, and write its results.

    Results are written aside and moved into ``output`` at the end: a job that fails leaves those of an earlier one.

    Parameters
    ----------
    config
        Path of the ``analysis_config.json``.
    output
        Folder of the results; made if needed.
    data
        The data set, in the place of ``dataset_uri``.
    data_input
        The data set of a configuration without ``dataset_uri``, as the input of a processing container is.
    strict
        Clarify's keys and numbers only, and exactly the configurations that Clarify accepts.
    seed
        In the place of the configuration's.
    models, endpoints
        Where the models and endpoints are that the configuration names.
    allow_pickle
        Load model files too that run code of theirs.
    progress
        Told the name of each step as it begins.

    Raises
    ------
    InputError
        Configuration or data are wrong; all faults are named.
    AnalysisError
        Clarify's job fails on this data. What can be computed all the same is in ``analysis.partial.json``.
    """
    from pellucid.jobs.result_files import json_text, unwritable, write_files

    begun = time.monotonic()
    progress("checking configuration and data")
    job = preflight(
        config, data=data, data_input=data_input, strict=strict, seed=seed, models=models, endpoints=endpoints
    )
    folder = Path(output)
    job = replace(job, problems=(*job.problems, *unwritable(folder)))
    if job.problems:
        raise every_problem(job, strict=strict)
    predictions = None
    if job.model is not None:
        _check_values(job, strict=strict)  # before the model is asked, which costs
        job, predictions = _with_predictions(job, folder, progress, allow_pickle=allow_pickle)
    try:
        report = _report(job, progress)
    except AnalysisError as error:
        if isinstance(error.partial, BiasReport) and error.partial.stages:
            write_files(folder, {PARTIAL: json_text(error.partial.to_dict())})
        raise
    progress(WRITING)
    document = {"version": "1.0"} if report is None else report.to_dict()
    texts = {ANALYSIS: json_text(document)}
    if report is not None and (not strict or report.segments):
        details = report.details() if not strict else {"segments": [part.to_dict() for part in report.segments]}
        texts[DETAILS] = json_text(details)
    # Predictions of an earlier model must not stand beside these results.
    stale = (DETAILS, PARTIAL) if predictions is None else (DETAILS, PARTIAL, PREDICTIONS, SERVER_LOG)
    files = write_files(folder, texts, stale=stale)
    if predictions is not None:
        files += _kept_predictions(job, predictions, folder)
    return JobResult(
        report=report,
        document=document,
        warnings=(*job.warnings, *(report.warnings if report is not None else ())),
        notes=(*job.notes, *_report_files_missing(job)),
        files=files,
        seconds=time.monotonic() - begun,
    )


def every_problem(job: Preflight, *, strict: bool = False) -> ConfigError:
    """The error that names all faults, those included which show only when the rows are counted."""
    from pellucid.api.inspection import value_problems

    return replace(job, problems=(*job.problems, *value_problems(job, strict=strict))).error()


def _check_values(job: Preflight, *, strict: bool) -> None:
    from pellucid.api.inspection import value_problems

    # A label that was not observed may still be predicted.
    problems = [p for p in value_problems(job, strict=strict) if p.where != "label_values_or_threshold"]
    if problems:
        raise ConfigError(problems)


def _report(job: Preflight, progress: Callable[[str], None]) -> BiasReport | None:
    request, segments = job.request, job.config.segment_config
    if request is None or job.dataset is None:
        raise job.error()
    if request.pre_training is None and request.post_training is None:
        return None
    from pellucid.bias.analysis import analyse
    from pellucid.jobs.segments import with_segments

    def analysed(dataset: Dataset) -> BiasReport:
        table = table_over(dataset)
        report = analyse(request, table, progress=progress)
        return with_segments(report, request, table, segments, progress) if segments else report

    return compute_on(job.dataset, analysed)


def _with_predictions(
    job: Preflight, folder: Path, progress: Callable[[str], None], *, allow_pickle: bool
) -> tuple[Preflight, Predicted]:
    """The job with the predictions of its model in its data set."""
    from pellucid.api.predicting import predicted

    if job.model is None or job.dataset is None or job.request is None:
        raise job.error()
    dataset = job.dataset if job.dataset.settle is None else job.dataset.settle()
    found = predicted(
        dataset,
        table_over(dataset),
        job.request,
        job.model,
        job.config,
        output=folder,
        allow_pickle=allow_pickle,
        progress=progress,
    )
    return (
        replace(
            job,
            dataset=found.dataset,
            table=table_over(found.dataset),
            request=_comparing(job.request, found.dataset.predicted_label or ""),
            warnings=(*job.warnings, *found.warnings),
            notes=(*job.notes, *found.notes),
        ),
        found,
    )


def _comparing(request: BiasRequest, predicted_label: str) -> BiasRequest:
    """The request with predictions, which count as categorical or continuous where that is said of the label."""
    said = request.column_types.get(request.label)
    types = request.column_types if said is None else {**request.column_types, predicted_label: said}
    return replace(request, predicted_label=predicted_label, column_types=types)


def _kept_predictions(job: Preflight, predictions: Predicted, folder: Path) -> tuple[Path, ...]:
    """Predictions, if asked for, and a server's log; what was kept for another run is removed, the job being done."""
    kept: tuple[Path, ...] = ()
    if job.config.predictor is not None and job.config.predictor.save_predictions:
        kept += (predictions.file.replace(folder / PREDICTIONS),)
    if predictions.server_log is not None:
        kept += (predictions.server_log.replace(folder / SERVER_LOG),)
    predictions.store.discard()
    return kept


def _report_files_missing(job: Preflight) -> tuple[str, ...]:
    if job.config.methods.report is None:
        return ()
    return ("methods.report: this version writes no report files yet; analysis.json holds all results.",)
