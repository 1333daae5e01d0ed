"""Whether a model answers the same question alike each time, told from questions that are asked more than once anyway.

Every part of a job asks for the base value anew, and a row that equals the background is asked beside it. A model that
draws random numbers answers each time something else; then all its values hold noise, those of an enumeration as well,
and no standard error covers it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pellucid.explain.attributions import Attributions
from pellucid.records import dataclass

__all__ = ["RepeatedAnswers"]

Floats = npt.NDArray[np.float64]

ROUNDING = 1e-4
"""Share of the sizes of bases and effects up to which answers may differ by the rounding of numbers of 32 bits."""


@dataclass(slots=True, eq=False)
class RepeatedAnswers:
    """Gathers rows whose empty coalition is the same.

    Examples
    --------
    >>> found = dict(samples=np.zeros(1, int), blocks=np.zeros(1, int), estimators=("enumeration",), model_rows=1)
    >>> zeros, answers = np.zeros((1, 1, 1)), RepeatedAnswers()
    >>> for base in (np.array([[2.0]]), np.array([[2.5]])):
    ...     answers.add(Attributions(zeros, zeros, base, base, **found))
    >>> answers.difference
    0.5
    """

    _low: Floats | None = None
    _high: Floats | None = None
    _gap: Floats | None = None
    _size: Floats | None = None

    def add(self, found: Attributions) -> None:
        """Take in some rows."""
        base, values = found.base_values, found.values.sum(axis=1)
        gap = np.abs(base + values - found.predictions).max(axis=0)
        size = np.maximum(np.abs(base), np.abs(found.predictions)).max(axis=0)
        low, high = base.min(axis=0), base.max(axis=0)
        self._low = low if self._low is None else np.minimum(self._low, low)
        self._high = high if self._high is None else np.maximum(self._high, high)
        self._gap = gap if self._gap is None else np.maximum(self._gap, gap)
        self._size = size if self._size is None else np.maximum(self._size, size)

    @property
    def difference(self) -> float:
        """Largest difference of two answers to the same question; 0 where none is larger than rounding."""
        if self._low is None or self._high is None or self._gap is None or self._size is None:
            return 0.0
        apart = np.maximum(self._high - self._low, self._gap)
        return float(np.where(apart > ROUNDING * self._size, apart, 0.0).max(initial=0.0))
