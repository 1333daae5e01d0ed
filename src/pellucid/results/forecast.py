"""What explaining forecasts gives: a score for every part of a time series and every step of the forecast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.critical_value import critical_value
from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.records import dataclass

__all__ = ["Element", "ForecastExplanation", "ForecastItem", "LeftOut"]

Floats = npt.NDArray[np.float64]
ItemId = int | float | str
Cell = int | float | str | None


@dataclass(frozen=True, slots=True)
class Element:
    """A part of an item's time series that has scores.

    Parameters
    ----------
    name
        Of the series or covariate; None where the element is a whole time step.
    timestamp
        Time of the step, as read; None for static covariates.
    timed
        Whether it belongs to a step; not so static covariates.
    """

    name: str | None
    timestamp: Cell
    timed: bool = True

    @property
    def shown(self) -> str:
        """For reading.

        >>> Element("price", "2024-01-01").shown, Element(None, 3).shown, Element("size", None, timed=False).shown
        ('price at 2024-01-01', 'step at 3', 'size')
        """
        return f"{self.name or 'step'} at {self.timestamp}" if self.timed else str(self.name)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An item that is not explained, and why."""

    item_id: ItemId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForecastItem:
    """Scores of one item's forecast: ``offset`` and the sum of the scores give the forecast.

    Parameters
    ----------
    elements
        What has scores: the target over time, each related series over time, static covariates; or time steps.
    scores
        Shape (elements, horizon), in units of the forecast.
    standard_errors
        Shape (elements, horizon): of sampling orders; 0 where a score is exact, nan where it is not known.
    offset
        Forecast for the baseline, shape (horizon,).
    forecast
        Forecast for the item itself, shape (horizon,).
    model_records
        Records that the model was asked for.
    plain_records
        Records that walking along every order would have asked for, nothing remembered.
    """

    item_id: ItemId
    elements: tuple[Element, ...]
    scores: Floats
    standard_errors: Floats
    offset: Floats
    forecast: Floats
    model_records: int
    plain_records: int

    @property
    def gap(self) -> float:
        """Largest difference between the forecast and offset plus scores; rounding only."""
        return float(np.abs(self.offset + self.scores.sum(axis=0) - self.forecast).max(initial=0.0))

    @property
    def exact(self) -> bool:
        """Whether no score carries noise of sampling."""
        return not self.standard_errors.any()

    @property
    def strengths(self) -> Floats:
        """Mean absolute score of every element over the horizon, shape (elements,)."""
        return np.asarray(np.abs(self.scores).mean(axis=1))

    def to_clarify(self) -> dict[str, Any]:
        """The item's line in Clarify's ``out.jsonl``."""
        entries = []
        for element, scores in zip(self.elements, self.scores, strict=True):
            entry: dict[str, Any] = {} if element.name is None else {"feature_name": element.name}
            entry["scores"] = scores.tolist()
            if element.timed:
                entry["timestamp"] = element.timestamp
            entries.append(entry)
        return {"explanations": entries, "item_id": self.item_id, "offset": self.offset.tolist()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForecastExplanation:
    """Asymmetric Shapley values of the forecasts of some items.

    With a single item its parts can be read here: ``scores``, ``standard_errors``, ``elements``, ``offset``,
    ``forecast``. Items are found by their id: ``explanation["A"]``.

    Parameters
    ----------
    items
        One `ForecastItem` per explained item.
    left_out
        Items that could not be explained, and why.
    direction, granularity
        As asked for.
    num_samples
        Random orders of each group that were allowed; None where no order is random.
    seed
        Of every random number drawn.
    confidence_level
        Of the intervals in `to_frame`.
    notes
        What a reader should know.
    """

    items: tuple[ForecastItem, ...]
    left_out: tuple[LeftOut, ...]
    direction: str
    granularity: str
    num_samples: int | None
    seed: int
    confidence_level: float
    notes: tuple[str, ...] = ()
    frame_library: str | None = field(default=None, repr=False)

    def __getitem__(self, item_id: ItemId) -> ForecastItem:
        for item in self.items:
            if item.item_id == item_id:
                return item
        for left in self.left_out:
            if left.item_id == item_id:
                raise ConfigError(Problem("item_id", item_id, fix=f"It was left out: {left.reason}"))
        ids = [item.item_id for item in self.items]
        raise ConfigError(Problem("item_id", item_id, fix=f"Use an explained item; {did_you_mean(item_id, ids)}"))

    def __iter__(self) -> Iterator[ForecastItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def scores(self) -> Floats:
        """Scores of the only item, shape (elements, horizon)."""
        return self._only().scores

    @property
    def standard_errors(self) -> Floats:
        """Standard errors of the only item, shape (elements, horizon)."""
        return self._only().standard_errors

    @property
    def elements(self) -> tuple[Element, ...]:
        """Elements of the only item."""
        return self._only().elements

    @property
    def offset(self) -> Floats:
        """Forecast for the baseline of the only item, shape (horizon,)."""
        return self._only().offset

    @property
    def forecast(self) -> Floats:
        """Forecast of the only item, shape (horizon,)."""
        return self._only().forecast

    @property
    def model_records(self) -> int:
        """Records that the model was asked for, for all items."""
        return sum(item.model_records for item in self.items)

    def to_frame(self) -> Any:
        """A long table with one row per item, element and step of the forecast, in that order.

        Columns: item_id, feature (empty for whole time steps), timestamp (empty for static covariates), step of the
        forecast (from 1), score, standard_error, low, high; the ends are those of the confidence interval. Ids and
        timestamps are text.

        Raises
        ------
        MissingExtra
            No data frame library is installed.
        """
        from pellucid.results.tables import frame_of_columns

        margin = critical_value(self.confidence_level)
        texts: dict[str, list[str]] = {"item_id": [], "feature": [], "timestamp": []}
        for item in self.items:
            horizon = len(item.offset)
            for element in item.elements:
                texts["item_id"] += [str(item.item_id)] * horizon
                texts["feature"] += [element.name or ""] * horizon
                texts["timestamp"] += [str(element.timestamp) if element.timed else ""] * horizon
        scores = np.concatenate([item.scores.ravel() for item in self.items])
        errors = np.concatenate([item.standard_errors.ravel() for item in self.items])
        steps = [np.tile(np.arange(1, len(item.offset) + 1), len(item.elements)) for item in self.items]
        return frame_of_columns(
            {
                **{name: np.array(cells, dtype=object) for name, cells in texts.items()},
                "step": np.concatenate(steps),
                "score": scores,
                "standard_error": errors,
                "low": scores - margin * errors,
                "high": scores + margin * errors,
            },
            library=self.frame_library,
        )

    def _only(self) -> ForecastItem:
        if len(self.items) != 1:
            ids = [item.item_id for item in self.items]
            fix = f"There are {len(ids)} items: choose one, such as explanation[{ids[0]!r}]."
            raise ConfigError(Problem("item_id", fix=fix))
        return self.items[0]

    def __repr__(self) -> str:
        """Its size and what it took: thousands of numbers would say less."""
        return (
            f"ForecastExplanation(items={len(self)}, left_out={len(self.left_out)}, direction={self.direction!r}, "
            f"model_records={self.model_records})"
        )

    def __str__(self) -> str:
        from pellucid.results.printed import printed_forecasts

        return printed_forecasts(self)

    def _repr_html_(self) -> str:
        from pellucid.results.forecast_strips import html_of

        return html_of(self)
