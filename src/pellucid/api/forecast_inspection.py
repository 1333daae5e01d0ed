"""A look into a job on forecasts for ``pellucid doctor``: items as read, one record sent, one forecast read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pellucid.api.forecast_model import opened_forecaster
from pellucid.api.forecast_preflight import ForecastPreflight, forecast_preflight
from pellucid.api.inspection import Inspection
from pellucid.api.model_access import SERVER_LOG
from pellucid.api.probing import Probe, problems_of
from pellucid.counts import Value
from pellucid.errors import ModelError, PellucidError
from pellucid.jobs.forecasts.explaining import REPETITIONS, planned_records
from pellucid.protocols.forecaster import Forecaster, SeriesRecord
from pellucid.records import dataclass

__all__ = ["ForecastInspection", "inspect_forecasts"]

SHOWN_VALUES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastInspection:
    """What was read of time series, and what the model made of the first item.

    Parameters
    ----------
    items
        The items that can be explained.
    names
        Names of the target, the related series and the static covariates; None where these could not be made.
    forecast
        Of the first item; None where the model did not give one.
    records
        Records that the job will ask the model for; None where this cannot be known yet.
    """

    items: tuple[SeriesRecord, ...]
    names: tuple[str, ...] | None = None
    forecast: npt.NDArray[np.float64] | None = None
    records: int | None = None


def inspect_forecasts(
    config_path: str | Path,
    *,
    data: str | None = None,
    strict: bool = False,
    seed: int | None = None,
    models: Mapping[str, str] | None = None,
    endpoints: Mapping[str, str] | None = None,
    allow_pickle: bool = False,
) -> Inspection:
    """Check a job on forecasts without computing it, and ask its model for the forecast of the first item.

    Parameters are those of `pellucid.api.job.run_job`.
    """
    ready = forecast_preflight(config_path, data=data, strict=strict, seed=seed, models=models, endpoints=endpoints)
    names, records = None, None
    if ready.request is not None:
        found = ready.request.names
        names = (found.target, *found.related, *found.static)
        records = REPETITIONS + planned_records(ready.items, ready.request)
    seen = ForecastInspection(items=ready.items, names=names, records=records)
    asked, forecast = _probed(ready, allow_pickle=allow_pickle)
    problems = () if asked is None else asked.problems
    return Inspection(
        job=ready.job,
        problems=(*ready.job.problems, *problems),
        warnings=ready.job.warnings,
        notes=ready.job.notes,
        value_counts={},
        probe=asked,
        forecasts=replace(seen, forecast=forecast) if ready.items else None,
    )


def _probed(ready: ForecastPreflight, *, allow_pickle: bool) -> tuple[Probe | None, npt.NDArray[np.float64] | None]:
    """What was sent for the first item and came back, and the forecast read from it."""
    source, job = ready.job.model, ready.job
    if source is None or not ready.items or job.problems:
        return None, None
    item = ready.items[0]
    asked = Probe(source=source, sent=_sent(item), types=_types(item), records=1)
    folder = Path(tempfile.mkdtemp(prefix="pellucid-doctor-"))
    try:
        with opened_forecaster(source, job.config, folder=folder, allow_pickle=allow_pickle) as model:
            found = _asked(asked, model, item)
    except PellucidError as error:
        if not (folder / SERVER_LOG).exists():  # else the message points at it
            folder.rmdir()
        return replace(asked, problems=problems_of(error, source)), None
    shutil.rmtree(folder, ignore_errors=True)
    return found


def _asked(asked: Probe, model: Forecaster, item: SeriesRecord) -> tuple[Probe, npt.NDArray[np.float64] | None]:
    from pellucid.models.http.forecasts import EndpointForecaster

    if not isinstance(model, EndpointForecaster):
        return asked, model.forecast([item])[0]
    exchange = model.probe(item)
    asked = replace(asked, exchange=exchange)
    if exchange.fault is not None:
        return replace(asked, problems=problems_of(ModelError(exchange.fault), asked.source)), None
    labels = None if exchange.scores is None else exchange.scores.labels
    return asked, None if labels is None else labels[0]


def _sent(item: SeriesRecord) -> dict[str, tuple[Value, ...]]:
    """The first values of what one record holds."""
    related = {f"related_time_series[{i}]": _numbers(series) for i, series in enumerate(item.related)}
    return {
        "start_time": (item.start_time,),
        "target_time_series": _numbers(item.target),
        **related,
        "static_covariates": item.static,
    }


def _numbers(series: npt.NDArray[np.float64]) -> tuple[Value, ...]:
    return tuple(None if value != value else value for value in series[:SHOWN_VALUES].tolist())


def _types(item: SeriesRecord) -> dict[str, str]:
    related = {f"related_time_series[{i}]": f"{len(series)} steps" for i, series in enumerate(item.related)}
    return {
        "start_time": "text" if isinstance(item.start_time, str) else "number",
        "target_time_series": f"{len(item.target)} steps",
        **related,
        "static_covariates": f"{len(item.static)} {'value' if len(item.static) == 1 else 'values'}",
    }
