"""How many further samples games of several sizes get, so that their mean becomes precise at the least cost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["MOST_GROWTH", "allocated"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

POWER = 2.7
"""Variances fall about with this power of the samples; those of a linear fit by as much when it gets odd terms."""
MOST_GROWTH = 8.0
"""Samples grow at most to this multiple in a round."""
COMPLETED = 0.75
"""Share of all coalitions from which on all of them are asked, which leaves no error."""
KEPT = 1.05
"""Growth below which the samples stay as they are."""
RANGE, HALVINGS = 60.0, 30
"""Of the search for the logarithm of what a sample is to take off."""


def allocated(shares: Floats, samples: Integers, most: Integers, games: Integers, times: float) -> Integers:
    """Samples of every kind of game, at least those that it has, shape (kinds,).

    With n samples of a kind its variance is c n^-POWER and its cost n times its games. The sum of the costs is least
    where a further sample of any kind takes off as much for its cost.

    Parameters
    ----------
    shares
        Share of each kind in the variance of what is wanted, shape (kinds,); of 1 together, or less if other kinds
        have the rest.
    samples, most, games
        What each kind has, what it may have, and how many games share them, shape (kinds,).
    times
        How many times smaller the variance is to be, more than 1.

    Examples
    --------
    More is asked where more of the variance is:

    >>> allocated(np.array([0.9, 0.1]), np.array([40, 40]), np.array([999, 999]), np.array([10, 10]), 10.0).tolist()
    [107, 59]

    All coalitions are asked where these are few, and less of the others:

    >>> allocated(np.array([0.5, 0.5]), np.array([40, 40]), np.array([999, 62]), np.array([10, 10]), 10.0).tolist()
    [73, 62]
    """
    variance = shares * times

    def at(price: float) -> Floats:
        growth = (variance / (samples * games * np.exp(price))) ** (1 / (POWER + 1))
        grown = np.where(growth < KEPT, samples, np.minimum(samples * np.minimum(growth, MOST_GROWTH), most))
        return np.where((grown > samples) & (grown > COMPLETED * most), most, grown)

    cheap, dear = -RANGE, RANGE
    for _ in range(HALVINGS):
        price = (cheap + dear) / 2
        grown = at(price)
        left = np.where(grown < most, variance * (samples / grown) ** POWER, 0.0).sum()
        cheap, dear = (cheap, price) if left > 1 else (price, dear)
    return np.ceil(at(cheap)).astype(np.intp)
