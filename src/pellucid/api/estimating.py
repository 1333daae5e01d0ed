"""What a job will cost, from its configuration alone or with its data and its model at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pellucid.api.job_engine import memory_of
from pellucid.api.preflight import Preflight, asks_for_predictions, preflight
from pellucid.config.analysis import AnalysisConfig
from pellucid.config.load import load_config
from pellucid.config.time_series_rules import asks_for_forecasts
from pellucid.errors import ConfigError, Problem
from pellucid.jobs.cost import JobCost, Machines, Range, Workload, job_cost

__all__ = ["Estimate", "estimate"]

FLIP_TEST = "FT"
SAMPLED_ROWS = 512
"""Rows by which the coalitions of a row are estimated."""


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
    _check(path, data=data, rows=rows, samples=samples, workers=workers, rate=records_per_second, probe=probe)
    size = memory_of(memory, path)
    if data is None:
        workload, notes = _of_config(load_config(path).config, path, rows, features, samples)
        remote = _is_remote(load_config(path).config, endpoints or {})
        rate = records_per_second
    else:
        job = preflight(path, data=data, models=models, endpoints=endpoints)
        if job.problems:
            raise job.error()
        workload, notes = _of_data(job, rows, samples)
        remote = job.model is not None and job.model.remote
        rate, told = _rate(job, records_per_second, probe=probe, allow_pickle=allow_pickle)
        notes += told
    machines = Machines(workers=workers, records_per_second=rate, remote=remote, memory=size)
    return Estimate(
        workload=workload,
        machines=machines,
        cost=job_cost(workload, machines),
        cheaper=_cheaper(workload, machines),
        notes=(*notes, *_assumed(workload, machines)),
    )


def _check(
    path: Path,
    *,
    data: str | None,
    rows: float | None,
    samples: int | None,
    workers: int,
    rate: float | None,
    probe: bool,
) -> None:
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
    if not wrong and asks_for_forecasts(path):
        wrong.append(
            Problem(path.name, fix="Costs of time series are not estimated; use a smaller data set to measure.")
        )
    if wrong:
        raise ConfigError(wrong)


# --- from the configuration alone -------------------------------------------------------------------------------------
def _of_config(
    config: AnalysisConfig, path: Path, rows: float | None, features: int | None, samples: int | None
) -> tuple[Workload, tuple[str, ...]]:
    if config.dataset_type == "application/x-image":
        raise ConfigError(Problem("dataset_type", config.dataset_type, fix="Costs of images are not estimated."))
    columns = features or _features_in_headers(config)
    explains = config.methods.shap is not None or config.methods.pdp is not None
    if columns is None and explains:
        fix = "The configuration does not tell how many features there are. Say it with --features, or give --data."
        raise ConfigError(Problem("headers", fix=fix))
    workload = _common(config, rows or 0, columns or 0, samples)
    shap = config.methods.shap
    if shap is not None:
        workload = replace(workload, background=_background(shap.baseline, shap.num_clusters, path))
    return workload, ("Estimated from the configuration alone; --data narrows the ranges.",)


def _features_in_headers(config: AnalysisConfig) -> int | None:
    if config.headers is None:
        return None
    own = [config.label, config.predicted_label, config.joinsource_name_or_index, config.weights]
    excluded = {*map(str, config.excluded_columns or ()), *(str(name) for name in own if name is not None)}
    return len(config.headers) - len(excluded)


def _background(baseline: Any, clusters: int | None, path: Path) -> Range:
    from pellucid.jobs.explanations.clusters import MOST_CLUSTERS

    if baseline is None:
        return Range(clusters or 1, clusters or MOST_CLUSTERS)
    if isinstance(baseline, Mapping):
        return Range(1, 1)
    if isinstance(baseline, str):
        from pellucid.api.relative_paths import beside
        from pellucid.datasets import read_path

        try:
            rows = int(read_path(beside(path, baseline)).aggregate("count(*)").fetchall()[0][0])
        except Exception:  # noqa: BLE001 - a baseline without a header or at an address is no fault of an estimate
            return Range(1, 100)
        return Range(rows, rows)
    return Range(len(baseline), len(baseline))


# --- with data --------------------------------------------------------------------------------------------------------
def _of_data(job: Preflight, rows: float | None, samples: int | None) -> tuple[Workload, tuple[str, ...]]:
    from pellucid.jobs.bias_request import model_features

    if job.dataset is None or job.table is None:
        raise ConfigError(Problem("dataset_type", job.config.dataset_type, fix="Costs of images are not estimated."))
    from pellucid.datasets import compute_on

    counted = int(compute_on(job.dataset, lambda dataset: _table(dataset).row_count))
    columns = len(model_features(job.config, job.dataset))
    workload = _common(job.config, rows or counted, columns, samples)
    notes = (f"Counted in the data: {counted:,} rows, {columns} features of the model.",)
    if job.config.methods.shap is None:
        return workload, notes
    return _with_coalitions(job, workload, counted, samples), notes


def _table(dataset: Any) -> Any:
    from pellucid.api.preflight import table_over

    return table_over(dataset)


def _with_coalitions(job: Preflight, workload: Workload, counted: int, samples: int | None) -> Workload:
    """Background, players and coalitions by the first rows: a feature that equals the background costs nothing."""
    from pellucid.api.job_explanations import given_baseline
    from pellucid.explain.maskers.tabular import TabularMasker
    from pellucid.jobs.explanations.request import explanation_request

    dataset = job.dataset
    request = None if dataset is None else explanation_request(job.config, dataset)
    if dataset is None or request is None or request.shap is None or request.shap.text is not None:
        return workload
    dataset = dataset if dataset.settle is None else dataset.settle()
    table = _table(dataset)
    baseline = given_baseline(job.config, job.config_path, dataset, table)
    players = len(request.shap.players)
    if baseline is None:
        background = _background(None, request.shap.num_clusters, job.config_path)
        return replace(workload, players=players, background=background)
    first = next(table.batches(request.features, SAMPLED_ROWS), None)
    if first is None:
        return workload
    masker = TabularMasker(first[: min(SAMPLED_ROWS, counted)], baseline, request.shap.players)
    active = masker.active(range(masker.rows)).sum(axis=1)
    asked = [min(_samples(job.config, players, workload.rows, samples), 2 ** min(int(m), 62) - 2) for m in active]
    mean = max(0.0, sum(asked) / len(asked))
    size = Range(len(baseline), len(baseline))
    return replace(workload, players=players, background=size, coalitions=Range(0.9 * mean, 1.1 * mean))


def _rate(
    job: Preflight, given: float | None, *, probe: bool, allow_pickle: bool
) -> tuple[float | None, tuple[str, ...]]:
    if given is not None or not probe:
        return given, ()
    from pellucid.api.probing import probe as ask

    asked = ask(job, 1_000_000, allow_pickle=allow_pickle)
    if asked is None:
        return None, ("The configuration asks no model.",)
    if asked.problems:
        raise ConfigError(asked.problems)
    if asked.cost is None or not asked.cost.seconds:
        return None, ()
    rate = asked.cost.rows / asked.cost.seconds
    return rate, (
        f"Measured with {asked.records} rows: about {float(f'{rate:.2g}'):,.0f} records per second, in small batches.",
    )


# --- both -------------------------------------------------------------------------------------------------------------
def _common(config: AnalysisConfig, rows: float, columns: int, samples: int | None) -> Workload:
    methods = config.methods
    bias = methods.pre_training_bias is not None or methods.post_training_bias is not None
    after = methods.post_training_bias.methods if methods.post_training_bias is not None else ()
    flip_test = FLIP_TEST in (after or ())
    headers = None if config.predictor is None else config.predictor.label_headers
    workload = Workload(
        rows=rows,
        columns=columns,
        outputs=len(headers) if headers else 1,
        bias=bias,
        flip_test=flip_test,
        predictions=asks_for_predictions(config),
    )
    if methods.pdp is not None:
        plotted = len(methods.pdp.features or ()) or min(methods.pdp.top_k_features, columns)
        points = plotted * methods.pdp.grid_resolution
        workload = replace(workload, points=Range(min(2 * plotted, points), points))
    shap = methods.shap
    if shap is None:
        return workload
    groups = {str(name) for members in shap.feature_groups.values() for name in members}
    players = len(shap.features_to_explain or ()) or columns - len(groups) + len(shap.feature_groups)
    most = min(_samples(config, players, rows, samples), 2 ** min(players, 62) - 2)
    least = min(most, 2 ** max(1, players // 2) - 2)
    return replace(workload, players=players, coalitions=Range(least, most), local_values=shap.save_local_shap_values)


def _samples(config: AnalysisConfig, players: int, rows: float, given: int | None) -> int:
    from pellucid.explain.budget import default_samples
    from pellucid.jobs.explanations.request import shap_budget

    if given is not None:
        return given
    if config.methods.shap is None:
        return default_samples(players)
    return shap_budget(config.methods.shap).samples_of(players=players, rows=max(1, int(rows)), inputs_per_coalition=1)


def _cheaper(workload: Workload, machines: Machines) -> tuple[tuple[str, JobCost], ...]:
    """The same job with a tenth of the samples, or of the background."""
    found = []
    coalitions = workload.coalitions
    if coalitions is not None and coalitions.high >= 10 * workload.players:
        fewer = max(4.0 * workload.players, coalitions.high / 10)
        less = replace(workload, coalitions=Range(min(coalitions.low, fewer), fewer))
        found.append((f"num_samples {fewer:,.0f} in the place of {coalitions.high:,.0f}", job_cost(less, machines)))
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
    if workload.flip_test:
        notes.append(
            "The time of the flip test is not estimated, nor part of the total. flip_test_sample shortens it; its "
            "memory is that of all rows."
        )
    if workload.coalitions is not None:
        notes.append("A linear model or an ensemble of trees that can be explained by a formula takes far less.")
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
