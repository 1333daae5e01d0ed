"""One job: a Clarify configuration and its data set in, a folder of results out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.api.job_arguments import JobArguments
from pellucid.api.job_result import RESUME, WRITING, JobResult
from pellucid.api.preflight import Preflight, preflight
from pellucid.api.rows_at_hand import with_rows_at_hand
from pellucid.errors import ConfigError

if TYPE_CHECKING:
    from pellucid.api.job_record import JobRecord

__all__ = ["RESUME", "WRITING", "JobResult", "every_problem", "run_job"]


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

    begun = time.monotonic()
    arguments = JobArguments(
        config=Path(config),
        output=Path(output),
        data=data,
        data_input=data_input,
        strict=strict,
        seed=seed,
        models=models or {},
        endpoints=endpoints or {},
        allow_pickle=allow_pickle,
        engine=engine,
        workers=workers,
        memory=memory,
        report=report,
        suppress=suppress,
    )
    with (
        memory_limited(memory_of(memory, arguments.config)),
        recorded(arguments.command() if report else None) as record,
    ):
        result = _results(arguments, record, progress)
        result = replace(result, seconds=time.monotonic() - begun)
        return with_report(result, record, arguments.output, progress)


def _results(arguments: JobArguments, record: JobRecord, progress: Callable[[str], None]) -> JobResult:
    """The results of a job, computed and written; what its report needs is told to ``record``."""
    from pellucid.config.time_series_rules import asks_for_forecasts

    if asks_for_forecasts(arguments.config):
        from pellucid.api.forecast_job import run_forecast_job

        return run_forecast_job(arguments, record, progress)
    progress("checking configuration and data")
    job = preflight(
        arguments.config,
        data=arguments.data,
        data_input=arguments.data_input,
        strict=arguments.strict,
        seed=arguments.seed,
        models=arguments.models,
        endpoints=arguments.endpoints,
    )
    job = replace(job, problems=(*job.problems, *arguments.problems()))
    if job.problems:
        raise every_problem(job, strict=arguments.strict)
    job = with_rows_at_hand(job, arguments.engine, progress)
    if job.images is not None:
        from pellucid.api.image_job import run_image_job

        return run_image_job(job, arguments, record, progress)
    from pellucid.api.table_job import run_table_job

    return run_table_job(job, arguments, record, progress)


def every_problem(job: Preflight, *, strict: bool = False) -> ConfigError:
    """The error that names all faults, those included which show only when the rows are counted."""
    from pellucid.api.inspection import value_problems

    return replace(job, problems=(*job.problems, *value_problems(job, strict=strict))).error()
