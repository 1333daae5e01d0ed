"""A look into a job's data for ``pellucid doctor``: columns, first rows, values with their counts, groups chosen."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.api.preflight import Preflight, preflight, table_over
from pellucid.api.probing import Probe, probe
from pellucid.bias.analysis import analyse
from pellucid.bias.counting import Counted, count
from pellucid.bias.groups import Group
from pellucid.bias.unseen import unseen_values
from pellucid.config.bias_request import BiasRequest, FacetRequest
from pellucid.config.dataset import Facet
from pellucid.config.time_series_rules import asks_for_forecasts
from pellucid.counts import ByThreshold, Value
from pellucid.datasets import Dataset, compute_on
from pellucid.errors import AnalysisError, InputError, Problem
from pellucid.jobs.bias_request import facet_column, resolved
from pellucid.records import dataclass
from pellucid.results.bias import ColumnDecision

if TYPE_CHECKING:
    from pellucid.api.forecast_inspection import ForecastInspection

__all__ = ["ColumnInspection", "Inspection", "inspect", "value_problems"]

SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnInspection:
    """A column of the data set: its type, its part in the job, its first values."""

    name: str
    type: str
    role: str
    first_values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenGroup:
    """What a key with values resolved to: the rows that the values select."""

    key: str
    column: str
    given: tuple[Value, ...]
    printed: str
    kind: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What ``pellucid doctor`` shows.

    Parameters
    ----------
    problems
        Everything that is wrong, with key, value and fix.
    rows
        Number of rows; None where they could not be counted.
    value_counts
        Rows by value, for label, predicted label and facets that are counted by value.
    probe
        What the model was asked and answered; None where the job asks none.
    forecasts
        Items and one forecast, in a job on time series.
    """

    job: Preflight
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...] = ()
    columns: tuple[ColumnInspection, ...] = ()
    decisions: tuple[ColumnDecision, ...] = ()
    groups: tuple[ChosenGroup, ...] = ()
    value_counts: Mapping[str, Mapping[Value, int]]
    rows: int | None = None
    probe: Probe | None = None
    forecasts: ForecastInspection | None = None


def inspect(
    config_path: str | Path,
    *,
    data: str | None = None,
    strict: bool = False,
    seed: int | None = None,
    models: Mapping[str, str] | None = None,
    endpoints: Mapping[str, str] | None = None,
    allow_pickle: bool = False,
) -> Inspection:
    """Check a job without computing it, and ask its model for a few rows.

    Parameters are those of `pellucid.api.job.run_job`.
    """
    if asks_for_forecasts(config_path):
        from pellucid.api.forecast_inspection import inspect_forecasts

        return inspect_forecasts(
            config_path,
            data=data,
            strict=strict,
            seed=seed,
            models=models,
            endpoints=endpoints,
            allow_pickle=allow_pickle,
        )
    job = preflight(config_path, data=data, strict=strict, seed=seed, models=models, endpoints=endpoints)
    problems = list(job.problems)
    columns: tuple[ColumnInspection, ...] = ()
    counted: Counted | None = None
    if job.table is not None:
        try:
            job, counted = _counted(job)
        except InputError as error:
            problems += [problem for problem in error.problems if problem not in problems]
        with suppress(InputError):  # a line that cannot be read has been told already
            columns = _columns(job)
    if counted is not None:
        problems += [] if strict else unseen_values(counted)
        problems += [] if problems else _failures(job)
    asked, faults = _probed(job, counted, allow_pickle=allow_pickle)
    problems += [problem for problem in faults if problem not in problems]
    if job.images is not None:
        from pellucid.api.image_inspection import look_at_images

        job, faults_of_images = look_at_images(job, strict=strict, allow_pickle=allow_pickle)
        problems += faults_of_images
    found = Inspection(
        job=job,
        problems=tuple(problems),
        warnings=job.warnings,
        notes=job.notes,
        columns=columns,
        value_counts={},
        probe=asked,
    )
    return found if counted is None else _with_counts(found, counted)


def _probed(job: Preflight, counted: Counted | None, *, allow_pickle: bool) -> tuple[Probe | None, tuple[Problem, ...]]:
    """What the model answered, and its faults or those of the rows that it was to be asked for."""
    try:
        asked = probe(job, None if counted is None else counted.rows, allow_pickle=allow_pickle)
    except InputError as error:
        return None, error.problems
    return asked, () if asked is None else asked.problems


def _with_counts(found: Inspection, counted: Counted) -> Inspection:
    groups, caveats = _groups(counted)
    return replace(
        found,
        warnings=(*found.warnings, *caveats),
        decisions=counted.decisions(),
        groups=groups,
        value_counts=_value_counts(counted),
        rows=counted.rows,
    )


def value_problems(job: Preflight, *, strict: bool = False) -> list[Problem]:
    """Given values that never occur, for a job that has other faults already; its faulty keys are left out."""
    try:
        _, counted = _counted(job)
    except InputError as error:
        return [problem for problem in error.problems if problem not in job.problems]
    return [] if counted is None or strict else unseen_values(counted)


def _failures(job: Preflight) -> list[Problem]:
    """What the whole analysis would fail on, found with one metric of each stage."""
    if job.request is None or job.dataset is None:
        return []
    least = replace(
        job.request,
        pre_training=("CI",),
        post_training=None if job.request.predicted_label is None else ("DPPL",),
        statistics=False,
        facet_intersections=False,
    )
    try:
        compute_on(job.dataset, lambda dataset: analyse(least, table_over(dataset)))
    except AnalysisError as error:
        return [Problem("data set", known_as=error.message, fix=error.fix)]
    return []


def _counted(job: Preflight) -> tuple[Preflight, Counted | None]:
    """The rows counted by as much of the request as can be resolved, and the job with the types that this settled."""
    request = job.request or _partial_request(job)
    if request is None or job.dataset is None or not request.facets:
        return job, None

    def counted(dataset: Dataset) -> tuple[Preflight, Counted]:
        table = table_over(dataset)
        return replace(job, dataset=dataset, table=table), count(request, table)

    try:
        return compute_on(job.dataset, counted)
    except AnalysisError:
        return job, None


def _partial_request(job: Preflight) -> BiasRequest | None:
    config, dataset = job.config, job.dataset
    if dataset is None:
        return None
    label = dataset.label or dataset.columns[0]
    # a facet whose column is missing keeps its place, so that the keys of the others stay right
    facets = [
        FacetRequest(column=facet_column(facet.name_or_index, dataset) or label, values=_given(facet, dataset))
        for facet in config.facet or ()
    ]
    if not facets and config.label_values_or_threshold:  # the facets have faults of their own; the label can be checked
        facets = [FacetRequest(column=label)]
    return BiasRequest(
        label=label,
        positive=() if dataset.label is None else tuple(config.label_values_or_threshold or ()),
        facets=tuple(facets),
        predicted_label=dataset.predicted_label,
        column_types={name: kind for name, kind in config.column_types.items() if name in dataset.columns},
        probability_threshold=config.probability_threshold,
    )


def _given(facet: Facet, dataset: Dataset) -> tuple[Value, ...]:
    return () if facet_column(facet.name_or_index, dataset) is None else facet.value_or_threshold


def _columns(job: Preflight) -> tuple[ColumnInspection, ...]:
    if job.table is None or job.dataset is None:
        return ()
    first = job.table.head(SHOWN_ROWS, list(job.table.columns))
    roles = _roles(job)
    return tuple(
        ColumnInspection(name=name, type=kind, role=roles.get(name, "feature"), first_values=tuple(first[name]))
        for name, kind in job.table.columns.items()
    )


def _roles(job: Preflight) -> dict[str, str]:
    dataset, config = job.dataset, job.config
    if dataset is None:
        return {}
    parts: list[tuple[str | None, str]] = [
        *((name, "not a feature") for name in dataset.columns if name not in dataset.features),
        *((resolved(column, dataset.columns), "excluded") for column in config.excluded_columns or ()),
        *((facet_column(facet.name_or_index, dataset), "facet") for facet in config.facet or ()),
        *((resolved(s.name_or_index, dataset.columns), "segments") for s in config.segment_config or ()),
        (None if config.group_variable is None else resolved(config.group_variable, dataset.columns), "group variable"),
        (None if config.weights is None else resolved(config.weights, dataset.columns), "weights"),
        (dataset.join, "join column"),
        (dataset.predicted_label, "predicted label"),
        (dataset.label, "label"),
    ]
    return {column: role for column, role in parts if column is not None}


def _groups(counted: Counted) -> tuple[tuple[ChosenGroup, ...], tuple[str, ...]]:
    """The rows that label and facet values select, and the caveats on them."""
    from pellucid.bias.caveats import caveats

    request = counted.request
    given = [
        ("label_values_or_threshold", request.label, request.positive),
        *((f"facet[{i}].value_or_threshold", facet.column, facet.values) for i, facet in enumerate(request.facets)),
    ]
    groups, chosen_facets, positive = [], [], None
    for key, column, values in given:
        if not values:
            continue
        try:
            chosen = counted.choose(column, values)
        except AnalysisError:
            continue
        dimension = counted.cubes.get(column, counted.cube).dimension(column)
        totals = counted.cubes.get(column, counted.cube).totals(column)
        rows = sum(totals[value] for value, cell in zip(dimension.values, chosen.cells, strict=True) if cell)
        groups.append(
            ChosenGroup(key=key, column=column, given=values, printed=chosen.printed, kind=chosen.kind, rows=rows)
        )
        if key == "label_values_or_threshold":
            positive = chosen
        else:
            chosen_facets.append(Group({column: chosen.printed}, {column: chosen}))
    return tuple(groups), () if positive is None else caveats(counted, positive, chosen_facets)


def _value_counts(counted: Counted) -> dict[str, dict[Value, int]]:
    request = counted.request
    columns = [request.label, request.predicted_label, *(facet.column for facet in request.facets)]
    found = {}
    for column in dict.fromkeys(name for name in columns if name is not None):
        cube = counted.cubes.get(column, counted.cube)
        if not isinstance(cube.dimension(column).key, ByThreshold):
            found[column] = cube.totals(column)
    return found
