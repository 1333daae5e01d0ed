"""From values to Shapley values: the axioms, and the designs that are exact for what they can see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.explain.designs import border, clarify, enumeration, leverage, permutations, stream
from pellucid.explain.solve import solver, weighted_least_squares


def solve(design, value):
    ends = value(np.stack([np.zeros(design.players, bool), np.ones(design.players, bool)]))
    return solver(design).solve(value(design.coalitions)[None], ends[:1], ends[1:])[0]


def leverage_design(players, samples, seed=0):
    return leverage(players, samples, lambda size: stream(seed, size))


DESIGNS = {
    "enumeration": enumeration,
    "border": border,
    "leverage": lambda m: leverage_design(m, 8 * m),
    "clarify": lambda m: clarify(m, 10 * m, stream(1)),
    "permutation": lambda m: permutations(m, 8 * m, stream(2)),
}
every_design = pytest.mark.parametrize("design", list(DESIGNS.values()), ids=list(DESIGNS))


@pytest.mark.parametrize("players", [2, 3, 5, 7])
def test_enumeration_gives_the_mean_over_all_orders(players, make_random_game, shapley_by_permutations):
    value = make_random_game(players)
    assert solve(enumeration(players), value) == pytest.approx(shapley_by_permutations(value, players), abs=1e-12)


def test_the_example_of_the_documentation():
    value = lambda z: z[:, 0] + 2.0 * z[:, 1] * z[:, 2]  # noqa: E731
    assert solve(enumeration(3), value) == pytest.approx([1, 1, 1], abs=1e-12)


def test_shapleys_formula_is_kernel_weighted_least_squares(make_random_game):
    design, value = enumeration(6), make_random_game(6)
    ends = value(np.stack([np.zeros(6, bool), np.ones(6, bool)]))
    regressed = weighted_least_squares(design).solve(value(design.coalitions)[None], ends[:1], ends[1:])[0]
    assert regressed == pytest.approx(solve(design, value), abs=1e-12)


@every_design
def test_values_add_up_to_the_prediction_minus_the_base(design, make_random_game):
    value = make_random_game(9, seed=4)
    ends = value(np.stack([np.zeros(9, bool), np.ones(9, bool)]))
    assert solve(design(9), value).sum() == pytest.approx(ends[1] - ends[0], abs=1e-13)


@every_design
def test_an_additive_game_is_solved_by_its_terms(design):
    terms = np.arange(1.0, 13.0)
    assert solve(design(12), lambda z: 5 + z @ terms) == pytest.approx(terms, abs=1e-12)


@pytest.mark.parametrize("name", ["enumeration", "border", "leverage"])
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), factor=st.floats(-5, 5))
def test_values_of_a_sum_of_games_are_the_sums_of_values(name, seed, factor):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, 2**6))
    design, index = DESIGNS[name](6), 1 << np.arange(6)
    together = solve(design, lambda z: first[z @ index] + factor * second[z @ index])
    apart = solve(design, lambda z: first[z @ index]) + factor * solve(design, lambda z: second[z @ index])
    assert together == pytest.approx(apart, abs=1e-9)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), dummy=st.integers(0, 5))
def test_a_player_that_changes_nothing_gets_nothing(seed, dummy):
    table = np.random.default_rng(seed).normal(size=2**6)
    weights = np.where(np.arange(6) == dummy, 0, 1 << np.arange(6))
    assert solve(enumeration(6), lambda z: table[z @ weights])[dummy] == pytest.approx(0, abs=1e-12)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_players_that_can_be_exchanged_get_the_same(seed):
    table = np.random.default_rng(seed).normal(size=(3, 2**4))
    value = lambda z: table[z[:, 0].astype(int) + z[:, 1], z[:, 2:] @ (1 << np.arange(4))]  # noqa: E731
    values = solve(enumeration(6), value)
    assert values[0] == pytest.approx(values[1], abs=1e-12)


@pytest.mark.parametrize("players", [4, 9, 20])
def test_the_border_is_exact_where_no_more_than_two_players_interact(players):
    rng = np.random.default_rng(0)
    single, pair = rng.normal(size=players), np.triu(rng.normal(size=(players, players)), 1)
    value = lambda z: z @ single + np.einsum("ci,ij,cj->c", z, pair, z)  # noqa: E731
    assert solve(border(players), value) == pytest.approx(single + (pair + pair.T).sum(axis=0) / 2, abs=1e-12)


def test_complement_pairs_cancel_interactions_of_two_players():
    pair = np.triu(np.random.default_rng(1).normal(size=(15, 15)), 1)
    value = lambda z: np.einsum("ci,ij,cj->c", z, pair, z)  # noqa: E731
    assert solve(leverage_design(15, 80), value) == pytest.approx((pair + pair.T).sum(axis=0) / 2, abs=1e-12)


def test_clarify_eliminates_the_last_player_and_takes_the_smallest_norm(make_random_game):
    design, value = clarify(8, 9, stream(0)), make_random_game(8)
    z, ends = design.coalitions.astype(float), value(np.stack([np.zeros(8, bool), np.ones(8, bool)]))
    rows, total = z[:, :-1] - z[:, -1:], ends[1] - ends[0]
    first = np.linalg.pinv(rows) @ (value(design.coalitions) - ends[0] - z[:, -1] * total)
    assert solve(design, value) == pytest.approx([*first, total - first.sum()], abs=1e-12)


@pytest.mark.parametrize("samples", [2, 5, 9, 13])
def test_too_few_samples_still_add_up_and_stay_finite(samples, make_random_game):
    value = make_random_game(9)
    ends = value(np.stack([np.zeros(9, bool), np.ones(9, bool)]))
    for design in (border(9, samples), leverage_design(9, samples), clarify(9, samples, stream(0))):
        assert solve(design, value).sum() == pytest.approx(ends[1] - ends[0], abs=1e-12)
