"""Which places of a ranking their intervals tell apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pellucid.results.rounding import NOISE

__all__ = ["tied_with_next"]

Floats = npt.NDArray[np.float64]


def tied_with_next(low: Floats, high: Floats) -> npt.NDArray[np.bool_]:
    """For each place of a ranking by falling size whether it is tied with the next.

    Two places are not tied where the intervals of all up to the first lie above those of all others: the errors of two
    may be correlated as they like. A value may be below 0: how far it is from 0 says how much it matters, and so
    intervals are compared. Nor does what arithmetic leaves of sums that the largest is part of tell exact values apart.

    Parameters
    ----------
    low, high
        Ends of the intervals, nan where they are not known, shape (places,).

    Returns
    -------
    ndarray
        Shape (places,); the last is False.

    Examples
    --------
    >>> tied_with_next(np.array([-4.0, 1.0, 0.8]), np.array([-3.0, 2.0, 1.2])).tolist()
    [False, True, False]
    >>> exact = np.array([0.1 + 0.2, 0.3, 0.2999, 3e-17, 0.0])
    >>> tied_with_next(exact, exact).tolist()
    [True, False, False, True, False]
    """
    # Without its sign an interval that holds 0 begins there.
    nearest, farthest = np.maximum(np.maximum(low, -high), 0.0), np.maximum(-low, high)
    least_so_far, most_to_come = np.minimum.accumulate(nearest), np.maximum.accumulate(farthest[::-1])[::-1]
    rounding = NOISE * np.max(farthest[np.isfinite(farthest)], initial=0.0)
    # Without a known error nothing is told apart.
    return np.append(~(least_so_far[:-1] - most_to_come[1:] > rounding), np.zeros(min(len(low), 1), dtype=np.bool_))
