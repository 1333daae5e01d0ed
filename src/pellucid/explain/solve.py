"""From values of coalitions to Shapley values: one matrix per design, used for all its rows and outputs at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pellucid.explain.designs import Design, Scheme, border, enumeration
from pellucid.records import dataclass

__all__ = ["Solver", "solver"]

Floats = npt.NDArray[np.float64]

SMALL = 12
"""Players up to which the matrix of the full enumeration is kept."""
SINGULAR = 1e-10
"""Eigenvalues below this share of the largest count as zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Solver:
    """A linear estimator: ``phi = on_values (v - v_empty) + on_total (v_full - v_empty)``.

    The rows of ``on_values`` sum to zero over the players and ``on_total`` to one, so that Shapley values add up to
    the prediction minus the base value.

    Parameters
    ----------
    on_values
        Shape (players, coalitions).
    on_total
        Shape (players,).
    """

    on_values: Floats
    on_total: Floats

    def solve(self, values: Floats, empty: Floats, full: Floats, parts: Sequence[slice] = (slice(None),)) -> Floats:
        """Shapley values of many games.

        Parameters
        ----------
        values
            Values of the design's coalitions, shape (games, coalitions).
        empty, full
            Values of the empty and of the full coalition, shape (games,).
        parts
            Games that are solved together; the last digits of a game depend on the others of its part.

        Returns
        -------
        ndarray
            Shape (games, players); each row adds up to ``full - empty``.
        """
        total = full - empty
        differences = values - empty[:, None]
        found = np.concatenate([differences[part] @ self.on_values.T for part in parts])
        found += np.outer(total, self.on_total)
        # Rounding of the product is spread evenly, so that the sum is right to the last digits.
        spread: Floats = found + ((total - found.sum(axis=1)) / found.shape[1])[:, None]
        return spread


def solver(design: Design) -> Solver:
    """The estimator that belongs to the design's scheme."""
    return SOLVERS[design.scheme](design)


def border_least_squares(design: Design) -> Solver:
    """Least squares of a border design, which depends on the numbers of players and coalitions only."""
    return _border_solver(design.players, len(design.coalitions))


@lru_cache(maxsize=128)
def _border_solver(players: int, coalitions: int) -> Solver:
    return weighted_least_squares(border(players, coalitions))


def shapley_weights(design: Design) -> Solver:
    """Shapley's formula on an enumeration: the weighted mean of all marginal contributions."""
    return _kept(design.players) if design.players <= SMALL else _by_formula(design)


@lru_cache(maxsize=SMALL)
def _kept(players: int) -> Solver:
    return _by_formula(enumeration(players))


def _by_formula(design: Design) -> Solver:
    m, sizes = design.players, design.coalitions.sum(axis=1)
    ordered = [math.factorial(s) * math.factorial(m - s - 1) / math.factorial(m) for s in range(m)]
    joining, staying = np.array([0.0, *ordered])[sizes], np.array(ordered)[sizes]
    return Solver(np.where(design.coalitions, joining[:, None], -staying[:, None]).T.copy(), np.full(m, 1 / m))


def weighted_least_squares(design: Design) -> Solver:
    """Kernel-weighted least squares under the constraint that Shapley values add up.

    Indicators are centred in each row, which builds the constraint in: the solution is sought among vectors whose
    sum is zero and an equal share of the total is added. Singular designs get the solution of smallest norm.
    """
    share = design.coalitions.mean(axis=1)
    centred = design.coalitions - share[:, None]
    weighted = centred * design.weights[:, None]
    normal = np.linalg.pinv(centred.T @ weighted, rcond=SINGULAR, hermitian=True)
    on_values = normal @ weighted.T
    on_values -= on_values.mean(axis=0)
    return Solver(on_values, 1 / design.players - on_values @ share)


def clarify_least_squares(design: Design) -> Solver:
    """Clarify's own regression: the last player is eliminated, the solution of smallest norm taken."""
    last = design.coalitions[:, -1].astype(float)
    rows = design.coalitions[:, :-1] - last[:, None]
    inverse = np.linalg.pinv(rows)
    on_values = np.concatenate([inverse, -inverse.sum(axis=0, keepdims=True)])
    on_total = -(on_values @ last)
    on_total[-1] += 1
    return Solver(on_values, on_total)


def marginal_means(design: Design) -> Solver:
    """Mean marginal contribution along the orders whose prefixes the design holds, and along their reverses."""
    m = design.players
    orders = design.pairs // (m - 1)
    prefixes = design.coalitions[: design.pairs].reshape(orders, m - 1, m)
    joined = np.diff(prefixes, axis=1, prepend=np.zeros((orders, 1, m), bool), append=np.ones((orders, 1, m), bool))
    # Player j that joins at step k adds v(prefix k) - v(prefix k - 1); the step to the full coalition is on the total.
    steps = joined.astype(float) / (2 * orders)
    forward = (steps[:, :-1] - steps[:, 1:]).reshape(-1, m)
    return Solver(np.concatenate([forward, -forward]).T.copy(), (steps[:, -1] + steps[:, 0]).sum(axis=0))


SOLVERS: dict[Scheme, Callable[[Design], Solver]] = {
    "enumeration": shapley_weights,
    "border": border_least_squares,
    "leverage": weighted_least_squares,
    "clarify": clarify_least_squares,
    "permutation": marginal_means,
}
