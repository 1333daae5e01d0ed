"""What stands in the place of an absent part of a time series: zero, the mean of the series, given covariates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from pellucid.errors import DataError, Problem, did_you_mean
from pellucid.protocols.forecaster import Cell, ItemId, SeriesRecord
from pellucid.records import dataclass

__all__ = ["Baseline", "SeriesBaseline"]

Floats = npt.NDArray[np.float64]
SeriesBaseline = Literal["zero", "mean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """How absent parts look.

    Parameters
    ----------
    target, related
        ``zero``, or ``mean``: that of the observed values of the same series of the same item.
    static
        Covariates by item id, which may be text in the place of a number. None: covariates are not switched, because
        the model is not sent them.
    """

    target: SeriesBaseline = "zero"
    related: SeriesBaseline = "zero"
    static: Mapping[str, Sequence[Cell]] | None = None

    def absent(self, item: SeriesRecord) -> SeriesRecord:
        """The item with every value absent.

        Raises
        ------
        DataError
            There are no values for the item's covariates, not as many as it has, or no mean of a series.

        Examples
        --------
        >>> item = SeriesRecord(
        ...     item_id=7, timestamps=(1, 2), target=np.array([5.0, 6.0]), related=np.array([[0.0, 1.0]]), static=(3,)
        ... )
        >>> absent = Baseline(target="mean", static={"7": [0]}).absent(item)
        >>> absent.target.tolist(), absent.related.tolist(), absent.static
        ([5.5, 5.5], [[0.0, 0.0]], (0,))
        """
        return SeriesRecord(
            item_id=item.item_id,
            timestamps=item.timestamps,
            target=_level(item.target, self.target, "The target"),
            related=np.array([_level(one, self.related, f"Related series {i}") for i, one in enumerate(item.related)])
            if len(item.related)
            else item.related,
            static=self._static(item),
            integers=item.integers,
        )

    def unknown_items(self, known: Sequence[ItemId]) -> tuple[str, ...]:
        """Items that values are given for and that do not occur, each with the nearest that does."""
        texts = [_key(item_id) for item_id in known]
        return tuple(f"{name!r}, {did_you_mean(name, texts)}" for name in self.static or () if name not in set(texts))

    def _static(self, item: SeriesRecord) -> tuple[Cell, ...]:
        if self.static is None or not item.static:
            return item.static
        given = self.static.get(_key(item.item_id))
        if given is None:
            known = list(self.static)
            fix = f"There is no baseline of its static covariates; {did_you_mean(item.item_id, known)} Give one."
            raise DataError(Problem(f"item {item.item_id!r}", fix=fix))
        if len(given) != len(item.static):
            fix = f"Its baseline holds {len(given)} static covariates, and it has {len(item.static)}."
            raise DataError(Problem(f"item {item.item_id!r}", fix=fix))
        return tuple(given)


def _key(item_id: ItemId) -> str:
    """The name of an item in a mapping of JSON; 1.0 is the item 1, as which tables often write it."""
    return str(int(item_id)) if isinstance(item_id, float) and item_id.is_integer() else str(item_id)


def _level(series: Floats, baseline: SeriesBaseline, name: str) -> Floats:
    if baseline == "zero":
        return np.zeros_like(series)
    if np.isnan(series).all():
        fix = f"{name} has no value whose mean could be its baseline. Use 'zero'."
        raise DataError(Problem("baseline", "mean", fix=fix))
    return np.full_like(series, np.nanmean(series))
