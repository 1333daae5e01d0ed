"""Shapley values by their definition."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np
import pytest


@pytest.fixture
def enumerated() -> Callable[..., np.ndarray]:
    """All coalitions of every row against the whole background: shape (rows, features, outputs)."""

    def of_row(score, row, background):
        players = len(row)
        sets = [np.array([bool(number >> player & 1) for player in range(players)]) for number in range(1 << players)]
        values = [score(np.where(present, row, background)).mean(axis=0) for present in sets]
        total = np.zeros((players, len(values[0])))
        for number, present in enumerate(sets):
            size = int(present.sum())
            for player in np.flatnonzero(~present):
                share = factorial(size) * factorial(players - 1 - size) / factorial(players)
                total[player] += share * (values[number | 1 << player] - values[number])
        return total

    return lambda score, rows, background: np.stack([of_row(score, row, background) for row in rows])
