"""Games given by a function of the coalition, for tests of everything above the masker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np
import pytest

from pellucid.protocols.game import Answer, Asked


@dataclass
class FunctionGames:
    """``value(row, coalitions)`` gives one value, or one per output, for every coalition."""

    rows: int
    players: int
    value: Callable
    inputs_per_coalition: int = 1
    has_common_base: bool = False
    asked: list = field(default_factory=list)

    def playing(self, rows: Sequence[int]) -> np.ndarray:
        return np.ones((len(rows), self.players), dtype=bool)

    def active(self, rows: Sequence[int]) -> np.ndarray:
        return np.ones((len(rows), self.players), dtype=bool)

    def ends(self, rows: Sequence[int]) -> Answer:
        both = np.stack([np.zeros(self.players, bool), np.ones(self.players, bool)])
        return Answer(np.stack([self._value(row, both) for row in rows]), 2 * len(rows))

    def values(self, asked: Asked) -> Answer:
        parts = [(row, asked.coalitions[part]) for row, part in asked.by_row()]
        self.asked += parts
        return Answer(np.concatenate([self._value(row, coalitions) for row, coalitions in parts]), len(asked))

    def _value(self, row: int, coalitions: np.ndarray) -> np.ndarray:
        return np.asarray(self.value(row, coalitions), dtype=float).reshape(len(coalitions), -1)


def by_permutations(value: Callable, players: int) -> np.ndarray:
    """Shapley values as the mean marginal contribution over every order of the players."""
    total = np.zeros(players)
    orders = list(permutations(range(players)))
    for order in orders:
        coalition = np.zeros((players + 1, players), dtype=bool)
        for step, player in enumerate(order):
            coalition[step + 1 :, player] = True
        total[list(order)] += np.diff(value(coalition))
    return total / len(orders)


def random_game(players: int, seed: int = 0) -> Callable:
    """A game whose values are random numbers."""
    table = np.random.default_rng(seed).normal(size=2**players)
    return lambda coalitions: table[coalitions @ (1 << np.arange(players))]


def smooth_game(players: int, seed: int = 0) -> Callable:
    """A game with interactions of every order, strong ones of two and three players."""
    rng = np.random.default_rng(seed)
    single, pair = rng.normal(size=players), rng.normal(size=(players, players)) / players
    triples = rng.choice(players, size=(players, 3))

    def value(coalitions: np.ndarray) -> np.ndarray:
        z = coalitions.astype(float)
        linear = z @ single + np.einsum("ci,ij,cj->c", z, pair, z)
        return linear + 0.5 * z[:, triples].prod(axis=2).sum(axis=1) + 0.3 * np.tanh(linear)

    return value


@pytest.fixture
def function_games() -> type[FunctionGames]:
    return FunctionGames


@pytest.fixture
def make_random_game() -> Callable:
    return random_game


@pytest.fixture
def make_smooth_game() -> Callable:
    return smooth_game


@pytest.fixture
def shapley_by_permutations() -> Callable:
    return by_permutations
