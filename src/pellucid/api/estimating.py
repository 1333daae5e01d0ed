"""What a job will cost, from its configuration alone or with its data and its model at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pellucid.api.configured_workload import (
    background_of,
    coalitions_of,
    configured_samples,
    configured_workload,
    features_in_headers,
)
from pellucid.api.estimating_calls import OWN_TIME, SEGMENTS, forecast_workload, image_workload, items_needed
from pellucid.api.job_engine import memory_of
from pellucid.api.preflight import Preflight, preflight
from pellucid.config.analysis import AnalysisConfig
from pellucid.config.load import load_config
from pellucid.config.time_series_rules import asks_for_forecasts
from pellucid.errors import ConfigError, InputError, Problem
from pellucid.jobs.cost import JobCost, job_cost
from pellucid.jobs.workload import Machines, Range, Workload
from pellucid.nouns import counted
from pellucid.processors import available_cpus
from pellucid.records import dataclass

__all__ = ["Estimate", "estimate"]

IMAGES = "application/x-image"
FORMULAS = "A linear model or an ensemble of trees that can be explained by a formula takes far less."
SAMPLED_ROWS = 4096
"""Rows by which the coalitions of a row and a baseline that is to be computed are estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a job will cost.

    Parameters
    ----------
    cheaper
        The same job with one number changed: what is changed, and its total time.
    notes
        What was counted, what was assumed.
    """

    workload: Workload
    machines: Machines
    cost: JobCost
    cheaper: tuple[tuple[str, JobCost], ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON; every range is a list of its two ends, times in seconds, sizes in bytes."""
        coalitions = self.workload.coalitions
        return {
            "rows": self.workload.rows,
            "columns": self.workload.columns,
            "players": self.workload.players,
            "background_rows": [self.workload.background.low, self.workload.background.high],
            "coalitions_per_row": None if coalitions is None else [coalitions.low, coalitions.high],
            "workers": self.machines.workers,
            "records_per_second": self.machines.records_per_second,
            "steps": [step.to_dict() for step in self.cost.steps],
            "total": self.cost.total.to_dict(),
            "scratch": [self.cost.scratch.low, self.cost.scratch.high],
            "notes": list(self.notes),
        }


def estimate(
    config: str | Path,
    *,
    data: str | None = None,
    rows: float | None = None,
    features: int | None = None,
    samples: int | None = None,
    workers: int = 1,
    records_per_second: float | None = None,
    memory: str | None = None,
    probe: bool = False,
    models: Mapping[str, str] | None = None,
    endpoints: Mapping[str, str] | None = None,
    allow_pickle: bool = False,
) -> Estimate:
    """Estimate model inputs, requests, time, memory and files of a job, without running it.

    Parameters
    ----------
    config
        Path of the ``analysis_config.json``.
    data
        The data set: its rows, features and baseline are counted. None: nothing but the configuration is read.
    rows
        Number of rows, in the place of those of ``data``.
    features
        Number of features, where neither ``data`` nor ``headers`` tell.
    samples
        Coalitions per row, in the place of the configuration's.
    workers
        Processes or machines that explain at the same time.
    records_per_second
        Rows that the model of one worker answers, or the endpoint for all together.
    probe
        Measure that with up to 100 rows of ``data``.

    Raises
    ------
    InputError
        An argument is wrong or missing, or configuration or data are.
    """
    path = Path(config)
    wrong = _wrong(data=data, rows=rows, samples=samples, workers=workers, rate=records_per_second, probe=probe)
    if wrong:
        raise ConfigError([*_faults_of(path), *wrong])
    size = memory_of(memory, path)
    if asks_for_forecasts(path):
        workload, notes, remote = _of_forecasts(path, data, rows, models, endpoints, probe=probe)
        rate = records_per_second
    elif data is None:
        workload, notes = _of_config(load_config(path).config, path, rows, features, samples)
        remote = _is_remote(load_config(path).config, endpoints or {})
        rate = records_per_second
    else:
        job = preflight(path, data=data, models=models, endpoints=endpoints)
        if job.problems:
            raise job.error()
        workload, notes = _of_data(job, rows, samples, allow_pickle=allow_pickle)
        remote = job.model is not None and job.model.remote
        rate, told = _rate(job, records_per_second, probe=probe, allow_pickle=allow_pickle)
        notes += told
    machines = Machines(
        workers=workers, processors=available_cpus(), records_per_second=rate, remote=remote, memory=size
    )
    return Estimate(
        workload=workload,
        machines=machines,
        cost=job_cost(workload, machines),
        cheaper=_cheaper(workload, machines),
        notes=(*notes, *_assumed(workload, machines)),
    )


def _wrong(
    *,
    data: str | None,
    rows: float | None,
    samples: int | None,
    workers: int,
    rate: float | None,
    probe: bool,
) -> list[Problem]:
    wrong = []
    for name, value in (
        ("--rows", rows),
        ("--samples", samples),
        ("--workers", workers),
        ("--records-per-second", rate),
    ):
        if value is not None and not 0 < value < float("inf"):
            wrong.append(Problem(name, value, fix="Use a number above 0."))
    if data is None and rows is None:
        wrong.append(Problem("--rows", fix="Say how many rows there will be, such as --rows 1e9, or give --data."))
    if data is None and probe:
        wrong.append(Problem("--probe", fix="The model is asked with rows of the data; give --data."))
    return wrong


def _faults_of(path: Path) -> tuple[Problem, ...]:
    try:
        load_config(path)
    except InputError as error:
        return tuple(error.problems)
    return ()


# --- from the configuration alone -------------------------------------------------------------------------------------
def _of_config(
    config: AnalysisConfig, path: Path, rows: float | None, features: int | None, samples: int | None
) -> tuple[Workload, tuple[str, ...]]:
    if config.dataset_type == IMAGES:
        return image_workload(config, rows or 0), (SEGMENTS, OWN_TIME)
    named = features_in_headers(config)
    columns = features or (None if named is None else len(named))
    explains = config.methods.shap is not None or config.methods.pdp is not None
    if columns is None and explains:
        fix = "The configuration does not tell how many features there are. Say it with --features, or give --data."
        raise ConfigError(Problem("headers", fix=fix))
    workload = configured_workload(config, rows or 0, columns or 0, samples)
    notes: tuple[str, ...] = ("Estimated from the configuration alone; --data narrows the ranges.",)
    shap = config.methods.shap
    if shap is None:
        return workload, notes
    background, told = background_of(config, path)
    notes = (*notes, *told, *([FORMULAS] if shap.estimator == "auto" else []))
    return replace(workload, background=background), notes


# --- with data --------------------------------------------------------------------------------------------------------
def _of_data(
    job: Preflight, rows: float | None, samples: int | None, *, allow_pickle: bool
) -> tuple[Workload, tuple[str, ...]]:
    from pellucid.jobs.bias_request import model_features

    if job.dataset is None or job.table is None:
        found = len(job.images or ())
        counted_images = f"Counted in the data: {counted(found, 'image')}."
        return image_workload(job.config, rows or found), (counted_images, SEGMENTS, OWN_TIME)
    from pellucid.datasets import compute_on

    there = int(compute_on(job.dataset, lambda dataset: _table(dataset).row_count))
    columns = len(model_features(job.config, job.dataset))
    workload = configured_workload(job.config, rows or there, columns, samples)
    notes: tuple[str, ...] = (
        f"Counted in the data: {counted(there, 'row')}, {counted(columns, 'feature')} of the model.",
    )
    if workload.flip_test:
        from pellucid.api.flip_test_pace import flip_test_pace

        pace = flip_test_pace(job, rows)
        if pace is not None:
            workload, notes = replace(workload, comparing=pace.seconds), (*notes, pace.note)
    if job.config.methods.shap is None:
        return workload, notes
    workload, told = _with_coalitions(job, workload, there, samples, allow_pickle=allow_pickle)
    return workload, (*notes, told) if told else notes


def _of_forecasts(
    path: Path,
    data: str | None,
    items: float | None,
    models: Mapping[str, str] | None,
    endpoints: Mapping[str, str] | None,
    *,
    probe: bool,
) -> tuple[Workload, tuple[str, ...], bool]:
    """The workload, notes, and whether the model is at an endpoint."""
    from pellucid.api.forecast_preflight import forecast_preflight

    if data is None:
        raise items_needed(path)
    if probe:
        fix = "Models of forecasts are not measured; say their speed with --records-per-second."
        raise ConfigError(Problem("--probe", fix=fix))
    ready = forecast_preflight(path, data=data, models=models, endpoints=endpoints)
    workload, notes = forecast_workload(ready, items)
    return workload, (*notes, OWN_TIME), ready.job.model is not None and ready.job.model.remote


def _table(dataset: Any) -> Any:
    from pellucid.api.preflight import table_over

    return table_over(dataset)


def _with_coalitions(
    job: Preflight, workload: Workload, there: int, samples: int | None, *, allow_pickle: bool
) -> tuple[Workload, str]:
    """Background, players and coalitions by the first rows: a feature that equals the background costs nothing.

    Also what is to be said of a formula of the model.
    """
    import numpy as np

    from pellucid.api.given_baseline import given_baseline
    from pellucid.engines.batches import first_rows
    from pellucid.explain.maskers.tabular import TabularMasker
    from pellucid.explain.waves import samples_with_few_completed
    from pellucid.jobs.explanations.clusters import MOST_CLUSTERS, computed_baseline
    from pellucid.jobs.explanations.request import explanation_request

    dataset = job.dataset
    request = None if dataset is None else explanation_request(job.config, dataset)
    if dataset is None or request is None or request.shap is None or request.shap.text is not None:
        return workload, ""
    dataset = dataset if dataset.settle is None else dataset.settle()
    table = _table(dataset)
    baseline = given_baseline(job.config, job.config_path, dataset, table)
    players = len(request.shap.players)
    with table.translate():
        first = first_rows(dataset.frame, request.features, SAMPLED_ROWS)
    if first is None:
        return workload, ""
    number = request.shap.num_clusters
    by_data = baseline is None and number is None
    if baseline is None:  # the job seeks the same clusters, among rows from everywhere
        baseline = computed_baseline(first, number=number, column_types=request.column_types)
    masker = TabularMasker(first[: min(SAMPLED_ROWS, there)], baseline, request.shap.players)
    active = masker.active(range(masker.rows)).sum(axis=1)
    most = configured_samples(job.config, players, workload.rows, samples)
    copies = len(baseline) if request.shap.plan.estimator == "surrogate" else 1
    plan = request.shap.plan.of_table(int(workload.rows))
    allowed = np.full(len(active), most)
    if samples is None:
        allowed = samples_with_few_completed(
            plan, np.arange(len(active)) // plan.block_rows, active, allowed, len(baseline)
        )
    asked = zip(allowed.tolist(), active.tolist(), strict=True)
    mean = sum(coalitions_of(most_of_row, number, copies=copies) for most_of_row, number in asked) / len(active)
    size = Range(1, MOST_CLUSTERS) if by_data else Range(len(baseline), len(baseline))
    workload = replace(workload, players=players, background=size, coalitions=Range(0.9 * mean, 1.1 * mean))
    if request.shap.plan.estimator != "auto":
        return workload, ""
    from pellucid.api.formula_pace import formula_pace

    total = int(workload.rows)
    pace, told = formula_pace(job, request, request.shap, baseline, first, total=total, allow_pickle=allow_pickle)
    return replace(workload, by_formula=pace), told


def _rate(
    job: Preflight, given: float | None, *, probe: bool, allow_pickle: bool
) -> tuple[float | None, tuple[str, ...]]:
    if given is not None or not probe:
        return given, ()
    from pellucid.api.estimating_rate import rate_in_large_batches
    from pellucid.api.probing import probe as ask

    asked = ask(job, 1_000_000, allow_pickle=allow_pickle)
    if asked is None:
        return None, ("The configuration asks no model.",)
    if asked.problems:
        raise ConfigError(asked.problems)
    if asked.cost is None or not asked.cost.seconds:
        return None, ()
    rate, batch = asked.cost.rows / asked.cost.seconds, "small batches"
    if job.model is not None and not (job.model.remote or job.model.served):
        rate, rows = rate_in_large_batches(job, rate, allow_pickle=allow_pickle)
        batch = f"batches of {rows:,}"
    speed = f"about {float(f'{rate:.2g}'):,.0f} records per second"
    return rate, (f"Measured with {counted(asked.records, 'row')}: {speed}, in {batch}.",)


# --- both -------------------------------------------------------------------------------------------------------------
def _cheaper(workload: Workload, machines: Machines) -> tuple[tuple[str, JobCost], ...]:
    """The same job with a tenth of the samples, or of the background; a formula needs few of either."""
    if workload.by_formula is not None:
        return ()
    found = []
    coalitions = workload.coalitions
    allowed = workload.samples
    if coalitions is not None and allowed is not None and coalitions.high >= 10 * workload.players:
        fewer = float(round(max(4 * workload.players, min(allowed, coalitions.high) / 10)))
        # Rows that ask for fewer than they are allowed lose at most the same part.
        less = replace(workload, coalitions=Range(coalitions.low * fewer / allowed, min(coalitions.high, fewer)))
        found.append((f"num_samples {fewer:,.0f} in the place of {allowed:,.0f}", job_cost(less, machines)))
    if coalitions is not None and workload.background.low >= 10:
        size = workload.background.high // 10
        less = replace(workload, background=Range(size, size))
        text = f"a baseline of {size:,.0f} row{'s' if size > 1 else ''} in the place of {workload.background.high:,.0f}"
        found.append((text, job_cost(less, machines)))
    return tuple(found)


def _is_remote(config: AnalysisConfig, endpoints: Mapping[str, str]) -> bool:
    predictor = config.predictor
    return predictor is not None and (predictor.endpoint_name is not None or bool(endpoints))


def _assumed(workload: Workload, machines: Machines) -> tuple[str, ...]:
    notes = []
    if workload.flip_test and workload.comparing is None:
        notes.append(
            "The time of the flip test is not part of the total: it depends on how the rows lie to each other; --data "
            "measures it."
        )
    if machines.records_per_second is None and workload.asks_model:
        notes.append(
            "The speed of the model is not known: say it with --records-per-second, or measure it with --probe."
        )
    if machines.workers > 1 and not machines.remote:
        assumed = machines.cluster
        notes.append(
            f"Simulated for {machines.workers:,} workers: {assumed.stragglers:.0%} of the units take "
            f"{assumed.straggler_factor:g} times as long, each worker is lost every {1 / assumed.lost_per_hour:,.0f} h."
        )
        if workload.predictions:
            notes.append("The predictions that bias is measured on are asked by one process, however many workers.")
    if machines.workers > 1 and machines.remote:
        notes.append("An endpoint is asked by one process; more workers do not make it faster.")
    return tuple(notes)
