"""One job: a Clarify configuration and its data set in, a folder of results out."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.api.model_access import SERVER_LOG
from pellucid.api.preflight import Preflight, asks_for_predictions, preflight, table_over
from pellucid.api.rows_at_hand import with_rows_at_hand
from pellucid.datasets import Dataset, compute_on
from pellucid.errors import AnalysisError, ConfigError, Problem
from pellucid.results.bias import BiasReport

if TYPE_CHECKING:
    from pellucid.api.job_engine import JobEngine
    from pellucid.api.job_explanations import JobExplanations
    from pellucid.api.job_record import JobRecord
    from pellucid.api.predicting import Predicted
    from pellucid.config.bias_request import BiasRequest
    from pellucid.protocols.model import Model

__all__ = ["WRITING", "JobResult", "comparing", "run_job"]

WRITING = "writing results"
"""The last step of a job: from here on its results are moved into place."""

ANALYSIS, DETAILS, PARTIAL = "analysis.json", "pellucid.json", "analysis.partial.json"
PREDICTIONS = "predictions.parquet"
RESUME = ".resume"
"""Folder in the output folder for what a job that was killed need not ask again."""


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """What a job left behind.

    Parameters
    ----------
    report
        None where the configuration asks for no bias metric.
    document
        What stands in ``analysis.json``.
    warnings
        What a reader must know before believing the numbers.
    notes
        What is good to know: how the files were read, what went to the model.
    files
        The files written.
    explanations
        None where the configuration asks for none.
    """

    report: BiasReport | None
    document: dict[str, Any]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    files: tuple[Path, ...]
    seconds: float
    explanations: JobExplanations | None = None


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
    engine: str = "local",
    workers: int | None = None,
    memory: str | None = None,
    report: bool = False,
    suppress: bool = False,
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
    engine
        ``local``: this machine. ``spark``: the Spark session that is there, else one with the master of
        ``pellucid.toml``, else with that of ``spark-defaults.conf``, else one on this machine. The numbers are equal.
    workers
        Processes of this machine that explain; by default those of ``pellucid.toml``, else one per processor where the
        time of the first rows says that they are worth starting. The numbers do not depend on it.
    memory
        What DuckDB may take, such as ``1GiB``; by default that of ``pellucid.toml``, else most of the machine's. Rows
        that do not fit go to disk.
    report
        Write report files and ``evidence.json`` too; under ``strict`` only where ``methods.report`` asks for a report.
    suppress
        Leave small counts (``minimum_cell``), and what tells them, out of ``analysis.json`` and ``pellucid.json`` too,
        and single rows out of the latter.
    progress
        Told the name of each step as it begins.

    Raises
    ------
    InputError
        Configuration or data are wrong; all faults are named.
    AnalysisError
        Clarify's job fails on this data. What can be computed all the same is in ``analysis.partial.json``.
    """
    from pellucid.api.job_engine import memory_of
    from pellucid.api.job_record import recorded, with_report
    from pellucid.datasets.memory import memory_limited

    def command() -> str:
        from pellucid.api.evidence import command_line, named_portably

        places = {
            **{f"--model {name}=": uri for name, uri in (models or {}).items()},
            **{f"--endpoint {name}=": uri for name, uri in (endpoints or {}).items()},
        }
        return command_line(
            str(config),
            {
                "--data": None if data is None else named_portably(data),
                **{f"{option}{named_portably(uri)}": True for option, uri in places.items()},
                "--allow-pickle": allow_pickle,
                "--engine": None if engine == "local" else engine,
                "--strict": strict,
                "--suppress": suppress,
                "--seed": None if seed is None else str(seed),
            },
        )

    with memory_limited(memory_of(memory, Path(config))), recorded(command() if report else None) as record:
        result = _results(
            config,
            output=output,
            data=data,
            data_input=data_input,
            strict=strict,
            seed=seed,
            models=models,
            endpoints=endpoints,
            allow_pickle=allow_pickle,
            engine=engine,
            workers=workers,
            suppress=suppress,
            record=record,
            progress=progress,
        )
        return with_report(result, record, Path(output), progress)


def _results(
    config: str | Path,
    *,
    output: str | Path,
    data: str | None,
    data_input: str | None,
    strict: bool,
    seed: int | None,
    models: Mapping[str, str] | None,
    endpoints: Mapping[str, str] | None,
    allow_pickle: bool,
    engine: str,
    workers: int | None,
    suppress: bool,
    record: JobRecord,
    progress: Callable[[str], None],
) -> JobResult:
    """The results of a job, computed and written; what its report needs is told to ``record``."""
    from pellucid.api.earlier_results import earlier_explanations
    from pellucid.api.job_details import full_details
    from pellucid.api.job_engine import engine_problems, job_engine
    from pellucid.config.time_series_rules import asks_for_forecasts
    from pellucid.jobs.result_files import json_text, unwritable, write_files

    if asks_for_forecasts(config):
        from pellucid.api.forecast_job import run_forecast_job

        return run_forecast_job(
            config,
            output=output,
            data=data,
            data_input=data_input,
            strict=strict,
            seed=seed,
            models=models,
            endpoints=endpoints,
            allow_pickle=allow_pickle,
            engine=engine,
            workers=workers,
            record=record,
            progress=progress,
        )
    begun = time.monotonic()
    progress("checking configuration and data")
    job = preflight(
        config, data=data, data_input=data_input, strict=strict, seed=seed, models=models, endpoints=endpoints
    )
    folder = Path(output)
    options = (*engine_problems(engine, workers), *_suppress_problems(suppress=suppress, strict=strict))
    job = replace(job, problems=(*job.problems, *unwritable(folder), *options))
    if job.problems:
        raise every_problem(job, strict=strict)
    job = with_rows_at_hand(job, engine, progress)
    if job.images is not None:
        from pellucid.api.image_job import run_image_job

        return run_image_job(
            job,
            output=folder,
            data=data,
            strict=strict,
            seed=seed,
            allow_pickle=allow_pickle,
            engine=engine,
            record=record,
            progress=progress,
        )
    record.begins(job, data=data, seed=seed, strict=strict)
    if job.model is not None:
        _check_values(job, strict=strict)  # before the model is asked, which costs
        progress(f"opening the model {job.model.shown}")
    aside = _aside(folder) if job.config.methods.shap is not None else None
    try:
        predictions = None
        with (
            job_engine(engine, workers, job.config_path, folder=folder / RESUME, progress=progress) as used,
            _model(job, folder, allow_pickle=allow_pickle) as model,
        ):
            if model is not None and asks_for_predictions(job.config):
                job, predictions = _with_predictions(job, folder, progress, model)
            report = _report_or_partial(job, folder, progress, used)
            explained = _explained(
                job,
                model,
                progress,
                engine=used,
                folder=folder,
                allow_pickle=allow_pickle,
                aside=aside or folder,
                strict=strict,
                seed=seed,
            )
            record.answered(model, explained)
        progress(WRITING)
        document, record.details = _document(report, explained), full_details(job, report, explained)
        if suppress:
            document, record.details = _suppressed(document, record.details, job.config.minimum_cell)
        texts = {ANALYSIS: json_text(document)}
        details = _details_of_strict(report) if strict else record.details
        if details:
            texts[DETAILS] = json_text(details)
        stale: tuple[str, ...] = (DETAILS, PARTIAL, *earlier_explanations(folder))
        # Predictions of an earlier model must not stand beside these results.
        stale = stale if job.model is None else (*stale, PREDICTIONS, SERVER_LOG)
        files = write_files(folder, texts, stale=stale, written=explained.written if explained is not None else {})
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
        notes=(*job.notes, *(explained.notes if explained is not None else ())),
        files=files,
        seconds=time.monotonic() - begun,
        explanations=explained,
    )


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


def _document(report: BiasReport | None, explained: JobExplanations | None) -> dict[str, Any]:
    """What stands in ``analysis.json``."""
    document = {"version": "1.0"} if report is None else report.to_dict()
    return document if explained is None else {**document, "explanations": explained.section()}


def _suppress_problems(*, suppress: bool, strict: bool) -> tuple[Problem, ...]:
    if not (suppress and strict):
        return ()
    return (
        Problem("--suppress", fix="Clarify shows all counts, and --strict is to equal it. Leave one of the two out."),
    )


def _suppressed(
    document: dict[str, Any], details: dict[str, Any], minimum: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    from pellucid.reports.suppressed import suppressed, without_single_rows

    shown, more = suppressed(document, details, minimum)
    return shown, without_single_rows(more)


def _details_of_strict(report: BiasReport | None) -> dict[str, Any]:
    """What Clarify has and `analysis.json` of a job has no place for."""
    segments = report.segments if report is not None else ()
    return {"segments": [part.to_dict() for part in segments]} if segments else {}


def _explained(
    job: Preflight,
    model: Model | None,
    progress: Callable[[str], None],
    *,
    engine: JobEngine,
    folder: Path,
    allow_pickle: bool,
    aside: Path,
    strict: bool,
    seed: int | None,
) -> JobExplanations | None:
    if model is None or job.model is None or job.dataset is None:
        return None
    from pellucid.jobs.explanations.request import explanation_request

    request = explanation_request(job.config, job.dataset, strict=strict, seed=seed)
    if request is None:
        return None
    from pellucid.api.job_explanations import Means, explained_job, given_baseline
    from pellucid.api.job_texts import with_texts_filled
    from pellucid.api.model_identity import model_identity

    dataset = with_texts_filled(job.config, job.dataset if job.dataset.settle is None else job.dataset.settle())
    table = table_over(dataset)
    baseline = given_baseline(job.config, job.config_path, dataset, table)
    means = Means(
        engine=engine,
        source=job.model,
        allow_pickle=allow_pickle,
        resume=folder / RESUME,
        identity=model_identity(job.model, model, job.config.predictor),
    )
    found = explained_job(request, baseline, table, model, means=means, aside=aside, progress=progress)
    if strict:
        return found
    from pellucid.api.values_in_parquet import with_values_in_parquet

    join_type = None if request.join is None else table.columns[request.join]
    return with_values_in_parquet(found, join_type=join_type, aside=aside)


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
    from pellucid.jobs.segments import with_segments

    def analysed(dataset: Dataset) -> BiasReport:
        table = engine.table(job, dataset)
        report = analyse(request, table, progress=progress)
        return with_segments(report, request, table, segments, progress) if segments else report

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
