"""Errors of sums of games that share sampling units, and what rows have in common of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.shared_errors import Draw, SumsOfGames, covariances_with_sums
from pellucid.explain.standard_errors import Units

EVERYONE, PLACES, OUTPUTS = 5, 3, 2


def sums_and_moves(seed, row, units=7, *, alike=False):
    """Sums of random games, and what every unit adds to them, shape (rows, players, outputs, units)."""
    draw = np.random.default_rng(seed)
    of_units = Units(draw.normal(size=(PLACES, units)), draw.normal(size=(len(row) * OUTPUTS, units)))
    players = np.stack(
        [np.arange(PLACES) if alike else np.sort(draw.choice(EVERYONE, PLACES, replace=False)) for _ in row]
    )
    own = draw.random((len(row), OUTPUTS)) < 0.7
    moves = np.zeros((row[-1] + 1, EVERYONE, OUTPUTS, units))
    for game, output in np.argwhere(own):
        for place, player in enumerate(players[game]):
            moves[row[game], player, output] += of_units.spread[place] * of_units.residuals[OUTPUTS * game + output]
    return SumsOfGames(of_units, own, np.asarray(row), players, EVERYONE), moves


@pytest.mark.parametrize("alike", [True, False])
@given(seed=st.integers(0, 99))
def test_errors_of_sums_add_up_what_each_unit_does_to_the_games_of_a_row(alike, seed):
    sums, moves = sums_and_moves(seed, [0, 0, 0, 1, 2, 2], alike=alike)
    assert sums.errors() == pytest.approx(np.sqrt((moves**2).sum(axis=3)), abs=1e-13)


@given(st.integers(0, 99))
def test_covariances_are_those_with_what_each_unit_does_to_the_weighted_sum_of_all_rows(seed):
    sums, moves = sums_and_moves(seed, [0, 0, 0, 1, 2, 2])
    weighted = np.random.default_rng(seed).normal(size=(2, 3, EVERYONE, OUTPUTS))
    of_sum = (weighted[..., None] * moves).sum(axis=1, keepdims=True)
    assert sums.covariances(weighted) == pytest.approx((moves * of_sum).sum(axis=4), abs=1e-12)


def test_sums_of_one_draw_err_together():
    """Two rows with linear units that move them against each other, and with others that move them alike."""
    players, every = np.zeros((2, 1), dtype=np.intp), np.ones((2, 1), dtype=bool)
    sums = [
        SumsOfGames(Units(np.ones((1, 1)), np.array(residuals)), every, np.arange(2), players, 1)
        for residuals in ([[3.0], [-1.0]], [[2.0], [2.0]])
    ]
    draw = Draw(np.arange(2), 20, sums)
    assert draw.errors(1, 1).ravel().tolist() == [5.0, 3.0]
    # Their sum has errors of 2 and of 4, which are taken to add up.
    assert draw.loadings(np.ones((1, 2, 1, 1))).ravel().tolist() == [5.0, 1.0]


def one_unit(rows, samples, residuals):
    """Rows of one game each, of one player, that a single unit moves."""
    units, number = Units(np.ones((1, 1)), np.array(residuals)[:, None]), len(rows)
    own, players = np.ones((number, 1), dtype=bool), np.zeros((number, 1), dtype=np.intp)
    return Draw(np.array(rows), samples, [SumsOfGames(units, own, np.arange(number), players, 1)])


def test_a_row_has_its_error_from_the_last_design_that_it_is_in_and_smaller_designs_are_part_of_larger_ones():
    draws = [one_unit([4, 6, 9], 25, [3.0, 50.0, 60.0]), one_unit([6, 9], 100, [4.0, 4.0])]
    found = covariances_with_sums(draws, np.ones((1, 3, 1, 1)))
    # Errors of 3 and of 8 with a correlation of a half, the root of 25 over 100.
    assert found.ravel() == pytest.approx([9 + 12, (64 + 12) / 2, (64 + 12) / 2])


def test_rows_without_any_error_share_none():
    nothing = Draw(np.arange(3), 14, [])
    assert not nothing.errors(2, 1).any()
    assert not covariances_with_sums([nothing], np.ones((3, 3, 2, 1))).any()
