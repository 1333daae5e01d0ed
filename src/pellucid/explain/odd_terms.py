"""Interactions of three and more players, learnt from the values that the linear fit was made from.

Shapley values depend on the odd part of a game only, and complement pairs give it: half the difference of their values.
The weighted linear fit knows its first order. Here a Gaussian process over coalitions knows the higher odd orders: its
kernel ``sinh(G) - G`` with ``G(S, T) = sum_i g_i z_i z'_i`` (z = 1 for absent, -1 for present players) holds every odd
interaction from order three, each with a prior variance that is the product of its players' scales ``g_i``. The
Shapley values of the process are known in closed form, what it leaves unexplained goes through the linear fit, and all
of it is one matrix for all games that share a design. Whether it is used is decided by leave-one-pair-out errors.
Odd part and third order: Fumagalli et al. (2026, arXiv 2602.01399 and 2601.18608), who regress on selected terms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial

import numpy as np
import numpy.typing as npt

from pellucid.explain.designs import Design
from pellucid.explain.expected_errors import expected_share, legendre
from pellucid.explain.solve import Solver
from pellucid.explain.standard_errors import Units
from pellucid.records import dataclass

__all__ = ["OddFit", "Prior", "can_learn", "fit_odd_terms"]

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.intp]

REACHES = (1.0, 2.0, 4.0)
"""Sum of the scales: how much the orders above three weigh."""
POWERS = (1.0, 0.5, 0.0)
"""Scales are this power of the sizes of the Shapley values of the linear fit: 0 makes all players alike."""
FIRST_NOISE = 1e-3
"""The noise from which the search for the best one starts."""
NOISES = (1e-6, 1e-4, 1e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)
"""Share of the variance that no interaction in reach explains."""
FLOOR = 0.01
"""Least scale, as a share of the largest."""
WIDE = 100.0
"""Prior variance of the first order, so wide that the process leaves it to the linear fit."""
COMPARED = 128
"""Pairs on which powers and reaches are compared, unless the players are more than half as many."""
SEARCHED = 256
"""Pairs on which the noise is chosen, which they tell more finely."""
SEARCHED_GAMES = 64
"""Games that are enough to tell the prior of all, since each has a value for every pair."""
SETTLED = 64
"""Pairs from which on the noise that they told is kept when there are more, and for games alike."""
MOST_PAIRS = 4500
"""Pairs beyond which the inverse of their covariances takes longer than it is worth."""
NODES = 10
"""Points of the integral, which is exact for interactions of up to 20 players; those of more have next to no weight."""
ROUNDING = 1e-12
IN_CACHE = 32
"""Rows of the covariances that are computed at a time: what is read and written again stays near the processor."""
CHECKED = 400
"""Pairs, about, that are left out for the errors, spread over all sizes: all of them would need a larger inverse."""
MANY_GAMES = 128
"""Games from which on what each of them takes outweighs what is done once for all of them."""
CHECKED_OF_MANY = 192
"""Pairs, about, that are left out for the errors of many games."""
LEAST_MISSING = 0.1
"""Share of a size that counts as missing at least, so that fits are compared on pairs of every size."""


@dataclass(frozen=True, slots=True, eq=False)
class OddFit:
    """Shapley values with higher odd orders, and where they are better than the linear fit's.

    Parameters
    ----------
    shapley
        Shape (games, players).
    standard_errors
        Shape (games, players), from leave-one-out residuals, less what these overstate.
    better
        Whether the leave-one-out error is below that of the linear fit, shape (games,).
    prior
        What was believed.
    units
        What the errors come from.
    """

    shapley: Floats
    standard_errors: Floats
    better: Booleans
    prior: Prior
    units: Units


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of the higher orders before the values are seen.

    Parameters
    ----------
    reach, power, noise
        Sum of the scales, power of the sizes of the linear fit, and share of the variance beyond all interactions.
    settled
        Whether enough pairs told the noise, so that it is not looked for again with more pairs or for games alike.
    """

    reach: float
    power: float
    noise: float
    settled: bool = False

    def scales(self, importance: Floats) -> Floats:
        """Scale of every player, shape (players,); they sum to the reach."""
        relative = (importance / max(importance.max(), np.finfo(float).tiny)) ** self.power + FLOOR
        scaled: Floats = self.reach * relative / relative.sum()
        return scaled


def can_learn(design: Design) -> bool:
    """Whether odd terms can be learnt from a design: pairs drawn without replacement, some missing, not too many."""
    return design.scheme == "leverage" and not design.complete and design.pairs <= MOST_PAIRS


def fit_odd_terms(
    design: Design,
    solver: Solver,
    values: Floats,
    shapley: Floats,
    believed: Prior | None = None,
) -> OddFit:
    """Refine the Shapley values of games that share a design of complement pairs.

    One prior serves all games: players at the same place of the design are taken to be alike.

    Parameters
    ----------
    design, solver
        A leverage design and its linear solver.
    values
        Values of the coalitions, shape (games, coalitions).
    shapley
        Shapley values of the linear fit, shape (games, players).
    believed
        Prior of a fit to fewer values of the same games or to games alike, of which all but the noise is kept, and
        the noise if it is settled.
    """
    pairs = design.pairs
    signs = _signs(design)
    left = values[:, :pairs] - values[:, pairs:]
    left += shapley @ signs.T
    left /= 2
    largest = np.abs(shapley).max(axis=1, keepdims=True)
    relative = np.divide(shapley, largest, out=np.zeros(shapley.shape), where=largest > 0)
    importance = np.asarray(np.sqrt((relative**2).mean(axis=0)), dtype=np.float64)
    prior = believed
    if prior is None or not prior.settled:
        chosen = _spread_over(len(left), SEARCHED_GAMES)
        prior = replace(_choose(design, signs, _scaled(left[chosen]), importance, prior), settled=pairs >= SETTLED)
    return _refine(design, solver, left, shapley, prior.scales(importance), prior)


def _signs(design: Design) -> Floats:
    """1 for absent and -1 for present players of every pair's first coalition, shape (pairs, players)."""
    return np.where(design.coalitions[: design.pairs], -1.0, 1.0)


def _spread_over(number: int, most: int) -> Integers:
    """So many at most of the positions below a number, evenly spread from the first to the last."""
    return np.linspace(0, number - 1, min(number, most)).round().astype(np.intp)


def _scaled(left: Floats) -> Floats:
    """Each game's values over their root mean square, so that all games count alike."""
    scale = np.sqrt((left**2).mean(axis=1, keepdims=True))
    scale[scale == 0] = 1.0
    return np.asarray(left / scale)


def _covariance(signs: Floats, scales: Floats) -> Floats:
    """Covariance of the odd values of all pairs, shape (pairs, pairs); left of the diagonal are zeros."""
    reach, pairs = scales.sum(), len(signs)
    covariance = np.zeros((pairs, pairs))
    of_all = np.sinh(reach) - reach
    scaled, straight = signs * scales, signs * (WIDE / signs.shape[1] - scales / of_all)
    of_diagonal = np.tri(IN_CACHE).T
    for start in range(0, pairs, IN_CACHE):
        rows, others = slice(start, start + IN_CACHE), signs[start:].T
        # By the exponential, which is several times as fast as the hyperbolic sine.
        part = scaled[rows] @ others
        np.exp(part, out=part)
        part -= 1 / part
        part *= 0.5 / of_all
        part += straight[rows] @ others
        part[:, : len(part)] *= of_diagonal[: len(part), : len(part)]
        covariance[rows, start:] = part
    return covariance


def _factor(covariance: Floats, noise: float) -> Floats:
    """The Cholesky factor of covariances with noise, in their place, lower triangular and column-major."""
    from scipy.linalg import lapack

    covariance[np.diag_indices_from(covariance)] += noise
    # The transpose is column-major, as LAPACK wants it; above its diagonal are zeros already.
    factor, failed = lapack.dpotrf(covariance.T, lower=True, clean=False, overwrite_a=True)
    if failed:
        raise np.linalg.LinAlgError("The covariances of the odd values are not positive definite.")
    return np.asarray(factor)


def _inverse_root(factor: Floats) -> Floats:
    """Inverse of a Cholesky factor: its square, ``root.T @ root``, is the inverse of the covariances."""
    from scipy.linalg import lapack

    root, _ = lapack.dtrtri(factor, lower=True)
    return np.asarray(root)


def _choose(design: Design, signs: Floats, left: Floats, importance: Floats, believed: Prior | None) -> Prior:
    """The prior of the least weighted leave-one-out error, on a part of the pairs spread over all sizes.

    First the power at the least reach, then the reach, both on few pairs; then the noise. Each is searched from where
    it mostly is, step by step as long as the error falls.
    """

    def on(pairs: int) -> Search:
        part = _spread_over(design.pairs, pairs)
        return Search(signs[part], left[:, part], design.weights[: design.pairs][part], importance)

    if believed is None:
        few = on(max(COMPARED, 2 * design.players))
        first = few.noise_near(Prior(REACHES[0], POWERS[0], FIRST_NOISE))
        best = few.least(first, [partial(replace, power=power) for power in POWERS[1:]])
        believed = few.least(best, [partial(replace, reach=reach) for reach in REACHES[1:]]).prior
        if design.pairs <= len(few.signs):
            return believed
    return on(SEARCHED).noise_near(believed).prior


@dataclass(frozen=True, slots=True)
class Found:
    """The leave-one-out error of a prior."""

    error: float
    prior: Prior


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """Pairs on which priors are compared.

    Parameters
    ----------
    signs
        As of the design, shape (pairs, players).
    left
        What the linear fit leaves of the odd values, shape (games, pairs).
    weights
        Of the pairs in the regression, shape (pairs,).
    importance
        Of the players, shape (players,).
    """

    signs: Floats
    left: Floats
    weights: Floats
    importance: Floats

    def least(self, found: Found, changes: Iterable[Callable[[Prior], Prior]]) -> Found:
        """The prior of the least error, changed as long as that lessens it; each with the noise that suits it."""
        for change in changes:
            changed = self.noise_near(change(found.prior))
            if changed.error >= found.error:
                return found
            found = changed
        return found

    def noise_near(self, prior: Prior) -> Found:
        """The prior with the noise of the least leave-one-out error, searched from its own on."""
        from scipy.linalg import lapack

        covariance = _covariance(self.signs, prior.scales(self.importance))

        @cache
        def error(position: int) -> float:
            factor = _factor(covariance.copy(), NOISES[position])
            root = _inverse_root(factor)
            dual, _ = lapack.dpotrs(factor, self.left.T, lower=True)
            left_out = dual.T / np.einsum("ij,ij->j", root, root)
            return float((left_out**2 @ self.weights).sum())

        best = NOISES.index(prior.noise)
        for step in (-1, 1):
            while 0 <= best + step < len(NOISES) and error(best + step) < error(best):
                best += step
        return Found(error(best), replace(prior, noise=NOISES[best]))


def _refine(design: Design, solver: Solver, left: Floats, shapley: Floats, scales: Floats, prior: Prior) -> OddFit:
    noise, pairs, weights = prior.noise, design.pairs, design.weights[: design.pairs]
    checked, stands_for = _checked(design, CHECKED if len(left) < MANY_GAMES else CHECKED_OF_MANY)
    signs = _signs(design)
    linear = solver.on_values[:, :pairs] - solver.on_values[:, pairs:]
    # The full and the empty coalition are a pair as well, whose odd value the linear fit meets exactly.
    with_ends = np.concatenate([signs, np.full((1, signs.shape[1]), -1.0)])
    on_values = _shapley_of_kernel(with_ends, scales) + _shapley_of_first_order(with_ends)
    # The process explains all of an odd value but noise times its dual weight; that rest is left to the linear fit.
    on_dual = on_values[:, :pairs] + noise * linear
    on_dual -= on_dual.mean(axis=0)
    left_out, influence, precisions = _duals(signs, scales, noise, checked, left, on_dual)
    left_out /= precisions
    refined = left @ influence.T
    refined += shapley
    refined += (shapley.sum(axis=1) - refined.sum(axis=1))[:, None] / shapley.shape[1]
    spread = influence[:, checked] ** 2 * ((1 - design.inclusion[checked]) * stands_for)
    leverage = -0.5 * np.einsum("sp,ps->s", signs[checked], linear[:, checked])
    left_out_of_linear = left[:, checked] / (1 - np.minimum(leverage, 0.95))
    counted = weights[checked] * stands_for
    squared = left_out**2
    better = (squared @ counted) < (left_out_of_linear**2 @ counted)
    # What an additive game leaves over is rounding, and nothing can be learnt from it.
    better &= np.maximum(left.max(axis=1), -left.min(axis=1)) > ROUNDING * np.abs(shapley).sum(axis=1)
    share = expected_share(
        signs,
        scales=scales,
        noise=noise,
        of_first_order=WIDE / signs.shape[1],
        on_values=on_values,
        on_dual=on_dual,
        influence=influence,
        expected_spread=spread @ (1 / precisions),
    )
    units = Units(np.copysign(np.sqrt(spread * share[:, None]), influence[:, checked]), left_out)
    return OddFit(refined, np.sqrt(squared @ spread.T * share), better, prior, units)


def _checked(design: Design, about: int) -> tuple[Integers, Floats]:
    """Pairs that are left out, some of every size, and how many pairs each of them stands for.

    What is sure to be in the design adds nothing to the errors, so most are of sizes of which much is missing.
    """
    per_size = np.array(design.per_size)
    starts = np.concatenate([[0], np.cumsum(per_size)[:-1]])
    wanted = per_size * np.maximum(1 - design.inclusion[starts], LEAST_MISSING)
    of_size = per_size
    if about < design.pairs:
        of_size = np.minimum(per_size, np.ceil(wanted * (about / wanted.sum())).astype(np.intp))
    # Pairs of a size stand in random order, so that the first ones are as good as any.
    checked = np.concatenate([start + np.arange(n) for start, n in zip(starts, of_size, strict=True)])
    return checked.astype(np.intp), np.repeat(per_size / np.maximum(of_size, 1), of_size)


def _duals(
    signs: Floats, scales: Floats, noise: float, checked: Integers, left: Floats, on_dual: Floats
) -> tuple[Floats, Floats, Floats]:
    """``left`` times the inverse of the covariances where it is checked, ``on_dual`` times all of it, its diagonal.

    What is checked goes last: of the inverse there, the last part of the Cholesky factor is all that is needed.
    """
    from scipy.linalg import blas

    unchecked = np.delete(np.arange(len(signs)), checked)
    order, last = np.concatenate([unchecked, checked]), slice(len(unchecked), None)
    factor = _factor(_covariance(signs[order], scales), noise)
    root = _inverse_root(factor[last, last])
    precisions = np.einsum("ij,ij->j", root, root)
    few = len(left) < MANY_GAMES
    right = np.concatenate([left, on_dual]) if few else on_dual
    forward = blas.dtrsm(1.0, factor, np.take(right, order, axis=1).T, lower=True, overwrite_b=True)
    if few:
        dual = forward[last, : len(left)].T @ root
        return dual, _substituted_back(factor, forward[:, len(left) :], order), precisions
    # Columns of the inverse, which one product applies to all games, take less than a substitution for each game.
    of_checked = np.zeros((len(signs), len(checked)), order="F")
    of_checked[last] = root
    inverse = _substituted_back(factor, np.concatenate([forward, of_checked], axis=1), order)
    return left @ inverse[len(on_dual) :].T, inverse[: len(on_dual)], precisions


def _substituted_back(factor: Floats, forward: Floats, order: Integers) -> Floats:
    """The second half of solving by a Cholesky factor of pairs in some order, shape (right-hand sides, pairs)."""
    from scipy.linalg import blas

    solved = np.empty(forward.shape[::-1])
    solved[:, order] = blas.dtrsm(1.0, factor, forward, lower=True, trans_a=True).T
    return solved


def _shapley_of_first_order(signs: Floats) -> Floats:
    return np.asarray(signs.T * (-2 * WIDE / signs.shape[1]))


def _shapley_of_kernel(signs: Floats, scales: Floats) -> Floats:
    """Shapley values of ``T -> k(S, T)`` for every pair S, shape (players, pairs).

    A term of the players in U counts -2 / |U| for each of them, and 1 / |U| is the integral of q^(|U| - 1) over [0, 1].
    """
    reach, slopes = scales.sum(), np.tanh(scales)
    nodes, node_weights = legendre(min(NODES, len(scales) // 2 + 1))
    steep = np.multiply.outer((nodes + 1) / 2, slopes)
    level = np.exp(0.5 * np.log1p(-(steep**2)).sum(axis=1)) * node_weights / 2
    others = level[:, None] / (1 - steep**2)
    tilt = signs @ np.arctanh(steep).T
    found = signs * (np.cosh(tilt) @ others) - np.sinh(tilt) @ (others * steep)
    size = np.prod(np.cosh(scales))
    values: Floats = -2 * (size * slopes * found - scales * signs) / (np.sinh(reach) - reach)
    return values.T
