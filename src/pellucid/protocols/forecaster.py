"""What a forecasting model must be able to do: take time series, give forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pellucid.records import dataclass

__all__ = ["Cell", "Forecaster", "ItemId", "SeriesRecord"]

Floats = npt.NDArray[np.float64]
ItemId = int | float | str
Cell = int | float | str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesRecord:
    """The time series of one item, as a forecasting model is asked with them.

    Parameters
    ----------
    item_id
        Which item it is.
    timestamps
        Time of every step, in order, as read; shape (steps,).
    target
        The series to forecast, up to its last observed value, shape (observed,) with observed <= steps; nan where a
        value is missing.
    related
        Series beside the target, known for the future steps too, shape (series, steps); nan where a value is missing.
    static
        One value per covariate of the item.
    integers
        Whether the target, then each related series, was read as integers only; they are sent as such.

    Examples
    --------
    >>> record = SeriesRecord(
    ...     item_id="A", timestamps=(1, 2, 3), target=np.array([5.0, 6.0]), related=np.array([[0.0, 1.0, 0.0]])
    ... )
    >>> record.start_time, record.future_steps
    (1, 1)
    """

    item_id: ItemId
    timestamps: tuple[Cell, ...]
    target: Floats
    related: Floats
    static: tuple[Cell, ...] = ()
    integers: tuple[bool, ...] = ()

    @property
    def start_time(self) -> Cell:
        """Time of the first step."""
        return self.timestamps[0]

    @property
    def future_steps(self) -> int:
        """Steps after the last observed value of the target."""
        return len(self.timestamps) - len(self.target)


class Forecaster(Protocol):
    """A forecasting model, wherever it runs."""

    def forecast(self, records: Sequence[SeriesRecord]) -> list[Floats | None]:
        """One forecast per record, in order, each of shape (horizon,).

        Forecasts may differ in length. None stands for a record that the model rejected, where the user allows that.

        Raises
        ------
        ModelError
            The model does not answer, or answers something that is no finite forecast for every record.
        """
        ...
