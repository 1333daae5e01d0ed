"""What a job on forecasts says over all its items: the strongest elements, errors, costs, checks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import field
from heapq import nlargest
from typing import Any

import numpy as np

from pellucid.jobs.forecasts.explaining import Repetition
from pellucid.jobs.forecasts.request import ForecastRequest
from pellucid.records import dataclass
from pellucid.results.forecast import Cell, Element, ForecastItem, ItemId, LeftOut

__all__ = ["ForecastSummary", "ForecastTotals", "StrongElement"]

STRONGEST = 20
DRAWN_ITEMS = 4
"""Items whose scores over time stand in ``pellucid.json``, for reports."""


@dataclass(frozen=True, slots=True)
class StrongElement:
    """An element that moves its item's forecast much.

    Parameters
    ----------
    strength
        Mean absolute score over the horizon.
    mean
        Mean score over the horizon.
    largest_error
        Largest standard error over the horizon; nan where one is not known.
    """

    item_id: ItemId
    element: Element
    strength: float
    mean: float
    largest_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastSummary:
    """What people are shown of a job on forecasts.

    Parameters
    ----------
    strongest
        Elements of any item, the strongest first.
    series
        Sum of the strengths of each series or covariate, mean over the items; empty for whole time steps.
    model_records
        Records that the model was asked for.
    plain_records
        Records that walking along every order would have asked for.
    largest_gap
        Between a forecast and its offset plus scores.
    largest_forecast
        Of any item or baseline, in absolute size.
    """

    request: ForecastRequest
    items: int
    left_out: tuple[LeftOut, ...]
    strongest: tuple[StrongElement, ...]
    series: dict[str, float]
    model_records: int
    plain_records: int
    largest_gap: float
    largest_forecast: float
    exact: bool


@dataclass(slots=True, eq=False)
class ForecastTotals:
    """Collects items one by one."""

    request: ForecastRequest
    left_out: list[LeftOut]
    repetition: Repetition | None = None
    _details: list[dict[str, Any]] = field(default_factory=list)
    _drawn: list[dict[str, Any]] = field(default_factory=list)
    _strongest: list[StrongElement] = field(default_factory=list)
    _series: dict[str, float] = field(default_factory=dict)
    _model_records: int = 0
    _plain_records: int = 0
    _largest_gap: float = 0.0
    _largest_forecast: float = 0.0
    _exact: bool = True

    def add(self, found: ForecastItem | LeftOut) -> None:
        """Take in an item."""
        if isinstance(found, LeftOut):
            self.left_out.append(found)
            return
        strengths = found.strengths
        for name, strength in zip((element.name for element in found.elements), strengths.tolist(), strict=True):
            if name is not None:
                self._series[name] = self._series.get(name, 0.0) + strength
        best = np.argsort(-strengths, kind="stable")[:STRONGEST].tolist()
        together = [*self._strongest, *(_strong(found, place, float(strengths[place])) for place in best)]
        self._strongest = nlargest(STRONGEST, together, key=lambda one: one.strength)
        self._details.append(_item_details(found))
        if len(self._drawn) < DRAWN_ITEMS:
            self._drawn.append(_over_time(found))
        self._model_records += found.model_records
        self._plain_records += found.plain_records
        self._largest_gap = max(self._largest_gap, found.gap)
        size = float(max(np.abs(found.forecast).max(), np.abs(found.offset).max()))
        self._largest_forecast = max(self._largest_forecast, size)
        self._exact = self._exact and found.exact

    def summary(self) -> ForecastSummary:
        """What people are shown."""
        items = max(1, len(self._details))
        return ForecastSummary(
            request=self.request,
            items=len(self._details),
            left_out=tuple(self.left_out),
            strongest=tuple(self._strongest),
            series={name: total / items for name, total in self._series.items()},
            model_records=self._model_records,
            plain_records=self._plain_records,
            largest_gap=self._largest_gap,
            largest_forecast=self._largest_forecast,
            exact=self._exact,
        )

    def to_details(self) -> dict[str, Any]:
        """What stands in ``pellucid.json`` beside Clarify's results."""
        request, summary = self.request, self.summary()
        difference = None if self.repetition is None else self.repetition.difference
        return {
            "direction": request.direction,
            "granularity": request.granularity,
            "num_samples": request.samples,
            "scheme": request.plan.scheme,
            "seed": request.plan.seed,
            "baseline": {
                "target_time_series": request.baseline.target,
                "related_time_series": request.baseline.related,
                "static_covariates": request.baseline.static is not None,
            },
            "model_records": summary.model_records,
            "model_records_along_every_order": summary.plain_records,
            "additivity": {"largest_gap": summary.largest_gap},
            "repeated_answer_difference": _finite(difference),
            "series": summary.series,
            "strongest": [_strong_details(one) for one in summary.strongest if one.strength],
            "mean_scores_over_time": self._drawn,
            "left_out": [{"item_id": left.item_id, "reason": left.reason} for left in self.left_out],
            "items": self._details,
        }


def _strong(found: ForecastItem, place: int, strength: float) -> StrongElement:
    errors = found.standard_errors[place]
    return StrongElement(
        found.item_id, found.elements[place], strength, float(found.scores[place].mean()), float(errors.max())
    )


def _item_details(found: ForecastItem) -> dict[str, Any]:
    """An item's forecast and errors; those of exact scores, all 0, are not written out."""
    errors = None if found.exact else [_finite_row(row.tolist()) for row in found.standard_errors]
    return {
        "item_id": found.item_id,
        "forecast": found.forecast.tolist(),
        "model_records": found.model_records,
        "largest_gap": found.gap,
        "exact": found.exact,
        **({} if errors is None else {"standard_errors": errors}),
    }


def _strong_details(one: StrongElement) -> dict[str, Any]:
    timed = {"timestamp": one.element.timestamp} if one.element.timed else {}
    return {
        "item_id": one.item_id,
        "feature_name": one.element.name,
        **timed,
        "mean_score": one.mean,
        "mean_absolute_score": one.strength,
        "largest_standard_error": _finite(one.largest_error),
    }


def _over_time(found: ForecastItem) -> dict[str, Any]:
    """Mean score over the horizon of every series at every step; null where a series has no value."""
    timed = [
        (element, mean)
        for element, mean in zip(found.elements, found.scores.mean(axis=1).tolist(), strict=True)
        if element.timed
    ]
    stamps = list(dict.fromkeys(element.timestamp for element, _ in timed))
    series = {name: dict[Cell, float]() for name in dict.fromkeys(element.name for element, _ in timed)}
    for element, mean in timed:
        series[element.name][element.timestamp] = mean
    return {
        "item_id": found.item_id,
        "timestamps": stamps,
        "series": [
            {"feature_name": name, "scores": [scores.get(stamp) for stamp in stamps]} for name, scores in series.items()
        ],
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _finite_row(values: Sequence[float]) -> list[float | None]:
    return [_finite(value) for value in values]
