"""Explaining forecasts in a notebook."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, get_args

from pellucid.errors import ConfigError, DataError, Problem, did_you_mean

if TYPE_CHECKING:
    from pellucid.api.forecast_arguments import GivenSeries
    from pellucid.api.steps import Progress
    from pellucid.explain.maskers.series import Direction, TimeGranularity
    from pellucid.explain.ordered import OrderedPlan
    from pellucid.jobs.forecasts.request import ForecastRequest
    from pellucid.protocols.forecaster import Forecaster
    from pellucid.results.forecast import ForecastExplanation, ForecastItem, LeftOut

__all__ = ["explain_forecast"]


def explain_forecast(
    model: Any,
    target: Any,
    *,
    related: Mapping[Any, Any] | None = None,
    static: Mapping[Any, Any] | None = None,
    timestamps: Any = None,
    horizon: int | None = None,
    direction: Direction = "chronological",
    granularity: TimeGranularity = "timewise",
    num_samples: int | None = None,
    baseline: Any = "zero",
    seed: int = 0,
    confidence_level: float = 0.95,
    progress: Progress = None,
) -> ForecastExplanation:
    """Asymmetric Shapley values of forecasts: what each time step, or each value, adds as it becomes known.

    Values are switched from the baseline to the actual ones in the order of time, and what this changes in the forecast
    is their score. Offset (the forecast for the baseline) and scores add up to the forecast.

    Parameters
    ----------
    model
        A function that takes a list of `pellucid.protocols.forecaster.SeriesRecord` and returns one forecast for each;
        an object with such a method ``forecast``; or ``module:attribute``. Records have ``target`` (observed,),
        ``related`` (series, steps), ``static``, ``timestamps`` and ``item_id``.
    target
        The series to forecast, shape (steps,); or several by item id. Steps at the end without a value (nan) are those
        to forecast; so are steps of ``related`` beyond the target. Missing values elsewhere reach the model as nan.
    related
        Further series by name, each as long as all steps; by item id and name where there are several items.
    static
        Values of covariates by name; by item id and name where there are several items.
    timestamps
        Of every step, in order; by item id where these differ. By default the index of the target, if it has one, else
        0, 1, 2, ...
    horizon
        Steps that the model forecasts, if they are to be checked.
    direction
        ``chronological``: the first step joins first; ``anti_chronological``: the last one; ``bidirectional``: the mean
        of both.
    granularity
        ``timewise``: whole steps; static covariates join with the first. ``fine_grained``: every value of every series,
        and every covariate, which join before all steps; ``chronological`` only.
    num_samples
        For ``fine_grained``: random orders of the values of a step. Where all their coalitions cost no more, these are
        asked instead, and scores are exact. By default (1 + the larger number of series or covariates)^2.
    baseline
        What an absent value shows: ``zero``, ``mean`` of the series; or ``{"target": ..., "related": ..., "static":
        {name: value}}``, static ones by item id where there are several items.
    seed
        An equal seed gives equal numbers.
    confidence_level
        Of intervals, in (0, 1).
    progress
        As for `pellucid.explain`.

    Returns
    -------
    ForecastExplanation
        Frozen; one `ForecastItem` per item, whose ``scores`` have the shape (elements, horizon). Items that cannot be
        explained are in ``left_out``.

    Raises
    ------
    ConfigError
        An argument is wrong.
    DataError
        No item can be explained.
    ModelError
        The model does not answer with finite forecasts.

    Examples
    --------
    >>> trend = lambda records: [[2 * record.target[-1] - record.target[-2]] for record in records]
    >>> found = explain_forecast(trend, [3.0, 4.0, 6.0], timestamps=["mon", "tue", "wed"])
    >>> found.scores.tolist(), found.offset.tolist(), found.forecast.tolist()
    ([[0.0], [-4.0], [12.0]], [0.0], [8.0])
    """
    from pellucid.api.forecast_arguments import baseline_of, given_series
    from pellucid.api.steps import steps_told
    from pellucid.argument_kinds import (
        PROGRESS,
        SHARE,
        one_of,
        optional,
        other_kinds,
        refuse_other_kinds,
        whole_number,
    )
    from pellucid.explain.maskers.series import Direction, TimeGranularity
    from pellucid.jobs.forecasts.request import ForecastRequest
    from pellucid.models.forecast_function import as_forecaster
    from pellucid.results.forecast import ForecastExplanation

    refuse_other_kinds(
        ("direction", direction, one_of(get_args(Direction), "one of these")),
        ("granularity", granularity, one_of(get_args(TimeGranularity), "one of these")),
        ("progress", progress, PROGRESS),
    )
    given = given_series(target, related, static, timestamps)
    problems = _problems(direction, granularity, num_samples)
    problems += other_kinds(
        ("confidence_level", confidence_level, SHARE), ("horizon", horizon, optional(whole_number(1)))
    )
    request = None
    try:
        request = ForecastRequest(
            direction=direction,
            granularity=granularity,
            plan=_plan(given, num_samples, seed),
            baseline=baseline_of(baseline, names=given.names, single=given.single),
            names=given.names,
        )
    except ConfigError as error:
        problems += error.problems
    if problems or request is None:
        raise ConfigError(problems)
    with steps_told(progress) as step:
        items, left_out = _explained(given, request, as_forecaster(model), horizon, step)
    return ForecastExplanation(
        items=tuple(items),
        left_out=(*given.left_out, *left_out),
        direction=direction,
        granularity=granularity,
        num_samples=request.samples,
        seed=seed,
        confidence_level=confidence_level,
    )


def _problems(direction: str, granularity: str, num_samples: int | None) -> list[Problem]:
    from pellucid.explain.maskers.series import Direction, TimeGranularity

    problems = [
        Problem(name, value, fix=f"Use one of these; {did_you_mean(value, known)}")
        for name, value, known in (
            ("direction", direction, get_args(Direction)),
            ("granularity", granularity, get_args(TimeGranularity)),
        )
        if value not in known
    ]
    if granularity == "fine_grained" and direction in ("anti_chronological", "bidirectional"):
        problems.append(Problem("direction", direction, fix="'fine_grained' needs 'chronological'."))
    if granularity == "timewise" and num_samples is not None:
        problems.append(Problem("num_samples", num_samples, fix="Only 'fine_grained' takes it. Leave it out."))
    return problems


def _plan(given: GivenSeries, num_samples: int | None, seed: int) -> OrderedPlan:
    from pellucid.explain.ordered import OrderedPlan
    from pellucid.jobs.forecasts.request import usual_samples

    usual = usual_samples(len(given.names.related), len(given.names.static))
    return OrderedPlan(samples=usual if num_samples is None else num_samples, seed=seed)


def _explained(
    given: GivenSeries,
    request: ForecastRequest,
    model: Forecaster,
    horizon: int | None,
    progress: Callable[[str], None],
) -> tuple[list[ForecastItem], list[LeftOut]]:
    """Items with their scores, and those without."""
    from pellucid.api.pace import Pace
    from pellucid.jobs.forecasts.explaining import explained_items
    from pellucid.results.forecast import LeftOut

    items: list[ForecastItem] = []
    left_out: list[LeftOut] = []
    pace = Pace(len(given.items), time.monotonic, what="items")

    def told(done: int) -> None:
        progress(pace.line("explaining", done - pace.done))

    for found in explained_items(given.items, request, model, progress=told):
        if isinstance(found, LeftOut):
            left_out.append(found)
        elif horizon is not None and len(found.offset) != horizon:
            reason = f"The model forecasts {len(found.offset)} steps, and horizon is {horizon}."
            left_out.append(LeftOut(found.item_id, reason))
        else:
            items.append(found)
    if not items:
        raise DataError([Problem(f"item {left.item_id!r}", fix=left.reason) for left in left_out[:20]])
    return items, left_out
