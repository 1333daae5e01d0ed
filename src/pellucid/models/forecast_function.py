"""Python functions as forecasting models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError
from pellucid.models.answers import library_errors
from pellucid.models.python_callable import is_reference, object_at
from pellucid.protocols.forecaster import SeriesRecord
from pellucid.records import dataclass

__all__ = ["ForecastFunction", "as_forecaster"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ForecastFunction:
    """A function that takes a list of `SeriesRecord` and returns one forecast for each.

    Parameters
    ----------
    function
        Called with many records at once. It returns an array of shape (records, horizon), or (records,) for one step,
        or a list of lists, which may differ in length.
    name
        Begins every message about the model.

    Examples
    --------
    >>> last_value = ForecastFunction(lambda records: [[record.target[-1]] * 2 for record in records], "shop:last")
    >>> record = SeriesRecord(item_id="A", timestamps=(1,), target=np.array([5.0]), related=np.empty((0, 1)))
    >>> last_value.forecast([record])
    [array([5., 5.])]
    """

    function: Callable[[list[SeriesRecord]], Any]
    name: str

    def forecast(self, records: Sequence[SeriesRecord]) -> list[Floats | None]:
        """One forecast per record, in order.

        Raises
        ------
        ModelError
            The function fails, or does not return a finite forecast for every record.
        """
        with library_errors(self.name, "forecasting"):
            answer = self.function(list(records))
        with library_errors(self.name, "reading the answer"):
            found = list(answer)
        if len(found) != len(records):
            raise ModelError(
                f"{self.name}: gives {len(found)} forecasts for {len(records)} records. Give one for each."
            )
        return [self._read(forecast, record) for forecast, record in zip(found, records, strict=True)]

    def _read(self, forecast: Any, record: SeriesRecord) -> Floats:
        try:
            values = np.atleast_1d(np.asarray(forecast, dtype=np.float64))
        except (TypeError, ValueError):
            values = np.empty((0, 0))
        if values.ndim != 1 or not values.size or not np.isfinite(values).all():
            raise ModelError(
                f"{self.name}: gives item {record.item_id!r} the forecast {str(forecast)[:200]}, with parts of its "
                "series replaced by the baseline. Give a list of finite numbers, one per step of the forecast."
            )
        return values


def as_forecaster(model: Any) -> ForecastFunction:
    """The forecasting model that the user means: a function, an object with ``forecast``, or ``module:attribute``.

    Raises
    ------
    ModelError
        It is none of these.
    """
    found, name = model, getattr(model, "__name__", type(model).__name__)
    if isinstance(model, str):
        if not is_reference(model):
            raise ModelError(
                f"{model}: is no `module:attribute`. A forecasting model in this process is a function that takes a "
                "list of series records and returns a forecast for each."
            )
        found, name = object_at(model), model
    method = getattr(found, "forecast", None)
    if callable(method) and not isinstance(found, type):
        return ForecastFunction(method, name)
    if not callable(found) or isinstance(found, type):
        raise ModelError(
            f"{name}: is no forecasting model. Give a function that takes a list of series records and returns a "
            "forecast for each, or an object with such a method `forecast`."
        )
    return ForecastFunction(found, name)
