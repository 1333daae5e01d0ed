"""Everything that can be known of a job on forecasts before the model is asked, and everything wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pellucid.api.forecast_model import forecast_model_problems, series_format
from pellucid.api.model_access import source_problems, unused_places
from pellucid.api.preflight import Preflight
from pellucid.api.relative_paths import beside
from pellucid.config.analysis import AnalysisConfig
from pellucid.config.faults import faults
from pellucid.config.load import load_config
from pellucid.config.methods import AsymmetricShapleyBaseline
from pellucid.datasets import DatasetSource
from pellucid.datasets.json_document import document_at
from pellucid.datasets.locate import locate
from pellucid.errors import ConfigError, DataError, InputError, Problem
from pellucid.jobs.forecasts.reading import ReadItems, read_items
from pellucid.jobs.forecasts.request import ForecastRequest, forecast_request
from pellucid.jobs.forecasts.timestamps import moments, uneven_after
from pellucid.nouns import counted
from pellucid.protocols.forecaster import SeriesRecord
from pellucid.records import dataclass
from pellucid.results.forecast import LeftOut

__all__ = ["LISTED", "ForecastPreflight", "forecast_preflight"]

BASELINE = "methods.asymmetric_shapley_value.baseline"
LISTED = 5
"""Items named in one warning."""


@dataclass(frozen=True, kw_only=True)
class ForecastPreflight:
    """A job on forecasts as far as it could be prepared.

    Parameters
    ----------
    job
        Configuration, model, faults, warnings and notes, as of any job.
    read
        The items; None where a fault is in the way.
    request
        What is to be explained; None where a fault is in the way.
    files
        The files of the data set.
    """

    job: Preflight
    read: ReadItems | None = None
    request: ForecastRequest | None = None
    files: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[SeriesRecord, ...]:
        """Items that can be explained."""
        return () if self.read is None else self.read.items


def forecast_preflight(
    config_path: str | Path,
    *,
    data: str | None = None,
    data_input: str | None = None,
    strict: bool = False,
    seed: int | None = None,
    models: Mapping[str, str] | None = None,
    endpoints: Mapping[str, str] | None = None,
) -> ForecastPreflight:
    """Read configuration, baseline and data set as far as possible, and collect every fault.

    Parameters are those of `pellucid.api.preflight.preflight`.
    """
    path = Path(config_path)
    try:
        loaded = load_config(path, strict=strict)
    except ConfigError as error:
        return ForecastPreflight(job=Preflight(config_path=path, problems=error.problems, heading=error.heading))
    config, problems = loaded.config, list[Problem]()
    job = Preflight(config_path=path, loaded=loaded, warnings=loaded.warnings)
    if config.methods.asymmetric_shapley_value is None or config.time_series_data_config is None:
        fix = "Name what to do with the time series: 'asymmetric_shapley_value', with 'direction' and 'granularity'."
        return ForecastPreflight(job=replace(job, problems=(Problem("methods", fix=fix),)))
    source, unknown = source_problems(config, path, models or {}, endpoints or {})
    problems += unknown
    if source is not None:
        problems += forecast_model_problems(source, config)
    request, wrong = _request(config, path, strict=strict, seed=seed)
    read, files, unreadable = _read(config, path, data, data_input)
    problems += [*wrong, *unreadable]
    if source is not None and (source.remote or source.served) and read is not None and not problems:
        problems += _unfillable(config, read.items[0])
    warnings = (*job.warnings, *unused_places(config, models or {}, endpoints or {}))
    job = replace(job, problems=tuple(problems), model=source, warnings=warnings)
    if read is None or request is None:
        return ForecastPreflight(job=job, request=request, read=read)
    read = _with_baselines(read, request)
    if not read.items:
        reasons = [Problem(f"item {left.item_id!r}", fix=left.reason) for left in read.left_out[:20]]
        return ForecastPreflight(job=replace(job, problems=(*problems, *reasons)), request=request)
    notes, more = _caveats(read, request)
    return ForecastPreflight(
        job=replace(job, notes=notes, warnings=(*job.warnings, *more)), read=read, request=request, files=files
    )


def _request(
    config: AnalysisConfig, path: Path, *, strict: bool, seed: int | None
) -> tuple[ForecastRequest | None, Sequence[Problem]]:
    try:
        return forecast_request(config, _baseline(config, path), strict=strict, seed=seed), ()
    except InputError as error:
        return None, error.problems


def _baseline(config: AnalysisConfig, path: Path) -> AsymmetricShapleyBaseline | None:
    """The baseline, read where it is a file.

    Raises
    ------
    InputError
        The file cannot be read, or holds no baseline.
    """
    method = config.methods.asymmetric_shapley_value
    given = None if method is None else method.baseline
    if not isinstance(given, str):
        return given
    source = DatasetSource(uri=beside(path, given), dataset_type="application/json", where=BASELINE)
    files = locate(source)
    if len(files.paths) > 1:
        raise ConfigError(Problem(BASELINE, given, fix="This is a folder with several files. Name one."))
    document = document_at(files, files.paths[0])
    try:
        return AsymmetricShapleyBaseline.model_validate(document)
    except ValidationError as error:
        place = tuple(BASELINE.split("."))
        found: list[Any] = [{**one, "loc": (*place, *one["loc"])} for one in error.errors(include_url=False)]
        raise ConfigError([problem for _, problem in faults(found)]) from None


def _read(
    config: AnalysisConfig, path: Path, data: str | None, data_input: str | None
) -> tuple[ReadItems | None, tuple[str, ...], Sequence[Problem]]:
    """The items of the data set, and its files."""
    uri = data or config.dataset_uri or data_input
    if uri is None or config.time_series_data_config is None:
        return None, (), [Problem("dataset_uri", fix="Name the data set here, or give it with --data.")]
    source = DatasetSource(
        uri=beside(path, uri) if uri == config.dataset_uri else uri,
        dataset_type=config.dataset_type,
        where="dataset_uri" if data is None else "--data",
    )
    try:
        files = locate(source)
        documents = [(name, document_at(files, name)) for name in files.paths]
        return read_items(documents, config.time_series_data_config), files.paths, ()
    except InputError as error:
        return None, (), error.problems


def _with_baselines(read: ReadItems, request: ForecastRequest) -> ReadItems:
    """The items, without those that have no baseline."""
    kept, left_out = [], list(read.left_out)
    for item in read.items:
        try:
            request.baseline.absent(item)
        except DataError as error:
            left_out.append(LeftOut(item.item_id, " ".join(problem.fix for problem in error.problems)))
        else:
            kept.append(item)
    return ReadItems(tuple(kept), tuple(left_out))


def _unfillable(config: AnalysisConfig, item: SeriesRecord) -> Sequence[Problem]:
    try:
        series_format(config).check(item)
    except ConfigError as error:
        return error.problems
    return ()


def _caveats(read: ReadItems, request: ForecastRequest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Notes and warnings on the data."""
    items, warnings = read.items, []
    if read.left_out:
        first = " ".join(f"{left.item_id!r}: {left.reason}" for left in read.left_out[:LISTED])
        more = f" And {len(read.left_out) - LISTED} more." if len(read.left_out) > LISTED else ""
        total = len(items) + len(read.left_out)
        are = "is" if len(read.left_out) == 1 else "are"
        left_out = f"{len(read.left_out)} of {counted(total, 'item')} cannot be explained and {are} left out"
        warnings.append(f"{left_out}. {first}{more}")
    gaps = [(item, after) for item in items if (after := uneven_after(item.timestamps)) is not None]
    if gaps:
        item, after = gaps[0]
        warnings.append(
            f"Steps of time seem to be missing in {_items(len(gaps))}, first in {item.item_id!r} after {after!r}. The "
            "model is sent values in order, without their times."
        )
    missing = [item for item in items if _missing(item)]
    if missing:
        warnings.append(
            f"Values are missing in {_items(len(missing))}, first in {missing[0].item_id!r}. They are sent as null; "
            "the score of such an element is the effect of its missing."
        )
    every = [*(item.item_id for item in items), *(left.item_id for left in read.left_out)]
    warnings += [
        f"{BASELINE}.static_covariates: got values for item {unknown}"
        for unknown in request.baseline.unknown_items(every)
    ]
    unread = next((item for item in items if moments(item.timestamps) is None), None)
    notes = [_overview(items)]
    if unread is not None:
        stamp = unread.timestamps[0]
        notes.append(f"Time stamps such as {stamp!r} are no ISO 8601: steps are taken in the order of the file.")
    return tuple(notes), tuple(warnings)


def _missing(item: SeriesRecord) -> bool:
    return bool((item.target != item.target).any() or (item.related != item.related).any())


def _overview(items: Sequence[SeriesRecord]) -> str:
    def span(values: Sequence[int], one: str, several: str) -> str:
        low, high = min(values), max(values)
        return f"{low} {one if high == 1 else several}" if low == high else f"{low} to {high} {several}"

    observed = span([len(item.target) for item in items], "observed step", "observed steps")
    future = span([item.future_steps for item in items], "step", "steps")
    beside_target = span([len(item.related) for item in items], "related series", "related series")
    static = span([len(item.static) for item in items], "static covariate", "static covariates")
    return f"Time series: {_items(len(items))}, {observed}, {future} of the future, {beside_target}, {static}."


def _items(number: int) -> str:
    return f"{number:,} {'item' if number == 1 else 'items'}"
