"""How much of the error of a block its rows bring: what aggregates of rows that share coalitions are worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.aggregate import AGGREGATIONS, aggregate
from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget
from pellucid.explain.designs import enumeration
from pellucid.explain.estimate import explain_blocks, explain_games
from pellucid.explain.loadings import all_weights, moving_together, normalised, of_draws, weights
from pellucid.explain.plan import Plan
from pellucid.explain.solve import solver
from pellucid.explain.standard_errors import Orders, Units
from pellucid.protocols.game import Answer, Asked

PLAYERS, ROWS = 10, 64


# --- the arithmetic ---------------------------------------------------------------------------------------------------
def test_errors_of_opposite_residuals_cancel_in_the_sum_and_those_of_equal_ones_add_up():
    units = Units(spread=np.array([[1.0, 2.0]]), residuals=np.array([[3.0, 1.0], [3.0, -1.0]]))
    weighted = np.ones((1, 2, 1, 1))
    covariances = units.covariances(weighted, np.zeros((2, 1), dtype=int))
    # The sum has residuals of 6 and 0: both rows share what the first unit moves, 3 x 6, and nothing of the second.
    assert covariances.ravel().tolist() == [18.0, 18.0]
    assert normalised(covariances, weighted).ravel().tolist() == [3.0, 3.0]
    apart = np.array([1.0, -1.0]).reshape(1, 2, 1, 1)
    assert normalised(units.covariances(apart, np.zeros((2, 1), dtype=int)), apart).ravel().tolist() == [2.0, -2.0]


def random_units(seed, rows, outputs, places, units):
    rng = np.random.default_rng(seed)
    alike = np.tile(np.arange(places), (rows, 1))
    players = np.stack([rng.permutation(places + 1)[:places] for _ in range(rows)]) if seed % 2 else alike
    weighted = rng.normal(size=(2, rows, places, outputs))
    return rng, players, weighted


@given(st.integers(0, 99), st.integers(1, 5), st.integers(1, 2), st.integers(1, 4), st.integers(1, 6))
def test_covariances_are_those_with_the_sum_over_rows_of_each_player_wherever_it_stands(seed, rows, outputs, places, n):
    rng, players, weighted = random_units(seed, rows, outputs, places, n)
    spread, residuals = rng.normal(size=(places, n)), rng.normal(size=(rows * outputs, n))
    moves = np.einsum("pu,rou->rpou", spread, residuals.reshape(rows, outputs, n))
    expected = brute_force(moves, players, weighted)
    assert Units(spread, residuals).covariances(weighted, players) == pytest.approx(expected)
    deviations = np.moveaxis(moves, 2, 1).reshape(rows * outputs, places, n)
    assert Orders(deviations).covariances(weighted, players) == pytest.approx(expected)


def brute_force(moves, players, weighted):
    """Covariances of errors, from the moves of every row, place, output and unit."""
    found = np.zeros(weighted.shape)
    for kind, row, place, output in np.ndindex(weighted.shape):
        for other in range(len(players)):
            for there in np.flatnonzero(players[other] == players[row, place]):
                shared = moves[row, place, output] @ moves[other, there, output]
                found[kind, row, place, output] += weighted[kind, other, there, output] * shared
    return found


@given(st.integers(0, 99), st.integers(1, 5), st.integers(1, 6))
def test_loadings_add_up_to_the_deviation_of_the_sum_and_none_is_larger_than_the_error(seed, rows, n):
    rng = np.random.default_rng(seed)
    spread, residuals = rng.normal(size=(3, n)), rng.normal(size=(rows, n))
    weighted = rng.normal(size=(1, rows, 3, 1))
    loadings = normalised(Units(spread, residuals).covariances(weighted, np.tile(np.arange(3), (rows, 1))), weighted)
    errors = np.sqrt(residuals**2 @ (spread**2).T)[:, :, None]
    deviation = np.sqrt((np.einsum("rp,ru,pu->pu", weighted[0, :, :, 0], residuals, spread) ** 2).sum(axis=1))
    assert (loadings * weighted).sum(axis=1)[0, :, 0] == pytest.approx(deviation)
    assert (np.abs(loadings[0]) <= errors * (1 + 1e-9) + 1e-12).all()


def test_variances_of_independent_draws_add_up_and_deviations_of_equal_ones():
    loadings, weighted = np.array([3.0, 2.0, 2.0]).reshape(1, 3, 1, 1), np.ones((1, 3, 1, 1))
    draws = np.array([0, 1, 1])
    deviations = [
        (of_draws(loadings, weighted, draws, np.array([[1.0, r], [r, 1.0]])) * weighted).sum() for r in (0.0, 0.5, 1.0)
    ]
    assert deviations == pytest.approx([5.0, np.sqrt(9 + 16 + 12), 7.0])


@pytest.mark.parametrize(
    ("method", "expected"), [("mean_abs", [1.0, -1.0, 1.0]), ("median", [1.0, 1.0, 1.0]), ("mean_sq", [2.0, -3.0, 0.0])]
)
def test_weights_are_the_slopes_of_the_aggregate(method, expected):
    values = np.array([2.0, -3.0, 0.0])
    assert weights(values, method).tolist() == expected
    assert moving_together(values, np.ones(3), method).tolist() == np.copysign(1.0, expected).tolist()


# --- of explained rows ------------------------------------------------------------------------------------------------
class TabledGames:
    """Random smooth games of so many rows, over and over: every block is another draw for the same games."""

    inputs_per_coalition, has_common_base = 1, True
    players = PLAYERS

    def __init__(self, blocks, seed=0):
        rng = np.random.default_rng(seed)
        coalitions = (np.arange(2**PLAYERS)[:, None] >> np.arange(PLAYERS)) & 1
        first, second = rng.normal(size=(2, PLAYERS, 6)), rng.normal(size=(2, 6))
        shown = rng.normal(size=(ROWS, 1, PLAYERS)) * coalitions
        hidden = [np.tanh(shown @ into - 0.3) @ out for into, out in zip(first, second, strict=True)]
        self.table, self.rows = hidden[0] * (1 + 0.3 * hidden[1]), blocks * ROWS

    @property
    def exact(self):
        design = enumeration(PLAYERS)
        return solver(design).solve(
            self.table[:, self._numbers(design.coalitions)], self.table[:, 0], self.table[:, -1]
        )

    def playing(self, rows):
        return np.ones((len(rows), PLAYERS), dtype=bool)

    active = playing

    def ends(self, rows):
        return Answer(self.table[np.array(rows) % ROWS][:, [0, -1], None], 0)

    def values(self, asked: Asked):
        return Answer(self.table[asked.rows % ROWS, self._numbers(asked.coalitions)][:, None], len(asked))

    @staticmethod
    def _numbers(coalitions):
        return coalitions @ (1 << np.arange(PLAYERS))


def explained(estimator, blocks, **budget):
    games = TabledGames(blocks)
    return games, explain_games(games, Plan(estimator=estimator, budget=Budget(**budget), seed=5))


@pytest.mark.parametrize("method", AGGREGATIONS)
@pytest.mark.parametrize(
    ("estimator", "budget"),
    [
        ("leverage", {"samples": 80}),
        ("auto", {"samples": 160}),
        ("auto", {"precision": 0.08}),
        ("permutation", {"samples": 720}),
        ("clarify", {"samples": 120}),
    ],
)
def test_intervals_of_global_values_hold_the_exact_ones_and_are_no_wider_than_needed(estimator, budget, method):
    blocks = 12 if estimator == "clarify" else 40
    games, found = explained(estimator, blocks, **budget)
    target = aggregate(games.exact[:, :, None], np.zeros((ROWS, PLAYERS, 1)), method=method).value
    loadings, off, sizes, held = found.loadings_for(method), [], [], []
    for block in range(blocks):
        part = slice(block * ROWS, (block + 1) * ROWS)
        of_block = aggregate(
            found.values[part],
            found.standard_errors[part],
            method=method,
            blocks=found.blocks[part],
            loadings=loadings[part],
            odd_parts=None if found.odd_parts is None else found.odd_parts[part],
            learnt=found.learnt[part],
            noise_shares=found.noise_shares[part],
        )
        off.append(of_block.corrected - target)
        sizes.append(of_block.standard_error)
        held.append((of_block.low <= target) & (target <= of_block.high))
    ratio = np.sqrt((np.array(sizes) ** 2).mean(axis=0) / (np.array(off) ** 2).mean(axis=0))
    # Between few rows a median has gaps of its own, which the noise smooths and nothing tells afterwards.
    assert np.mean(held) >= (0.9 if method == "median" else 0.93)
    assert np.median(ratio) <= 1.7


def test_rows_of_equal_games_move_together():
    games = TabledGames(1)
    games.table = np.tile(games.table[:1], (ROWS, 1))
    found = explain_games(games, Plan(estimator="leverage", budget=Budget(samples=80)))
    for method in AGGREGATIONS:
        together = moving_together(found.values, found.standard_errors, method)
        assert found.loadings_for(method) == pytest.approx(together, rel=1e-5)


def test_rows_of_clarifys_scheme_err_independently_of_each_other():
    _, found = explained("clarify", 1, samples=120)
    of_sum = aggregate(
        found.values,
        found.standard_errors,
        blocks=found.blocks,
        loadings=found.loadings_for("mean_abs"),
        method="mean_abs",
    )
    apart = aggregate(found.values, found.standard_errors, method="mean_abs")
    assert of_sum.standard_error == pytest.approx(apart.standard_error, rel=1e-5)


@pytest.mark.parametrize("method", AGGREGATIONS)
def test_loadings_add_up_over_whole_blocks_wherever_rows_stop_asking(method):
    """With a precision, rows of a block stop at designs of different sizes, each within the next."""
    _, found = explained("auto", 3, precision=0.08)
    assert len(set(found.samples[:ROWS].tolist())) > 1
    share = (weights(found.values, method) * found.loadings_for(method)).reshape(3, ROWS, PLAYERS).sum(axis=1)
    together = np.abs(weights(found.values, method) * found.standard_errors).reshape(3, ROWS, PLAYERS).sum(axis=1)
    assert (share > 0).all()
    assert (share < together).all()


def test_exact_rows_need_no_loadings():
    _, found = explained("enumeration", 1)
    assert found.loadings is None
    assert not found.loadings_for("mean_abs").any()


@pytest.mark.parametrize(("estimator", "samples"), [("border", 15), ("permutation", 18)])
def test_loadings_are_unknown_where_errors_are(estimator, samples):
    _, found = explained(estimator, 1, samples=samples)
    assert np.isnan(found.loadings).all()
    of_all = aggregate(
        found.values, found.standard_errors, blocks=found.blocks, loadings=found.loadings_for("mean_abs")
    )
    assert np.isnan(of_all.standard_error).all()


def test_loadings_do_not_depend_on_which_blocks_are_explained_together():
    games, plan = TabledGames(3), Plan(budget=Budget(samples=160), seed=2)
    together = Attributions.join(list(explain_blocks(games, plan)))
    apart = Attributions.join([part for block in range(3) for part in explain_blocks(games, plan, [block])])
    assert together.loadings.tobytes() == apart.loadings.tobytes()


def test_attributions_without_loadings_join_those_with_as_if_their_rows_moved_together():
    _, found = explained("leverage", 1, samples=80)
    both = Attributions.join([found, replace(found, loadings=None)])
    assert both.loadings[:ROWS].tobytes() == found.loadings.tobytes()
    for place, method in enumerate(AGGREGATIONS):
        together = moving_together(found.values, found.standard_errors, method)
        assert both.loadings[ROWS:, ..., place] == pytest.approx(together, rel=1e-6)
    order = np.arange(2 * ROWS)[::-1]
    assert both.in_order(order).of_outputs([0]).loadings.tobytes() == both.loadings[::-1].tobytes()


def test_weights_of_all_aggregations_stand_in_their_order():
    values = np.array([[2.0, -1.0]])
    assert all_weights(values).tolist() == [weights(values, method).tolist() for method in AGGREGATIONS]


# --- what else of explained rows global values are told by ------------------------------------------------------------
def test_values_less_their_odd_parts_are_those_of_the_linear_fit():
    _, found = explained("auto", 2, samples=160)
    _, linear = explained("leverage", 2, samples=160)
    assert found.learnt.any()
    assert found.values - found.odd_parts == pytest.approx(linear.values, abs=1e-6 * np.abs(linear.values).max())
    assert linear.odd_parts is None


def test_odd_parts_of_joined_rows_are_nothing_where_there_are_none():
    _, found = explained("auto", 1, samples=160)
    both = Attributions.join([found, replace(found, odd_parts=None)])
    assert both.odd_parts[:ROWS].tobytes() == found.odd_parts.tobytes()
    assert not both.odd_parts[ROWS:].any()
    order = np.arange(2 * ROWS)[::-1]
    assert both.in_order(order).of_outputs([0]).odd_parts.tobytes() == both.odd_parts[::-1].tobytes()


@pytest.mark.parametrize("samples", [44, 80, 200])
def test_errors_of_a_linear_fit_are_told_with_a_caution_that_is_no_noise(samples):
    """Over many draws, the squared errors are as large as the shares of those told that are noise."""
    games, found = explained("leverage", 40, samples=samples)
    off = (found.values - np.tile(games.exact[:, :, None], (40, 1, 1))) ** 2
    told = found.standard_errors**2
    noise = told * found.noise_shares[:, None, None]
    assert np.sqrt(noise.mean() / off.mean()) == pytest.approx(1.0, abs=0.15)
    assert told.mean() > noise.mean()


def test_all_of_the_errors_of_other_ways_is_noise():
    _, found = explained("clarify", 1, samples=120)
    assert found.noise_shares.tolist() == [1.0] * ROWS
