"""Asymmetric Shapley values: known games by hand, laws, and the random orders against all of them."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import ConfigError
from pellucid.explain.ordered import OrderedPlan, ordered_design, random_orders

EVERYONE = np.ones(5, dtype=bool)
GROUPS = [(4,), (0, 1, 2), (3,)]


def values_of(design, game):
    return np.array([game(mask) for mask in design.coalitions], dtype=float).reshape(len(design.coalitions), -1)


def explained(sequences, plan, game, active=EVERYONE, place=0):
    design = ordered_design(sequences, plan, active=active, place=place)
    return design.solve(values_of(design, game))


def random_game(seed, players=5):
    table = np.random.default_rng(seed).normal(size=(2**players, 2))
    return lambda mask: table[int(np.packbits(mask, bitorder="little")[0])]


def mean_over_orders(groups, game, players=5):
    """By the definition: the mean gain over all orders that respect the groups."""
    found, orders = np.zeros((players, 2)), 0
    within = [list(permutations(group)) for group in groups]
    for first in within[0]:
        for second in within[1]:
            for third in within[2]:
                present = np.zeros(players, dtype=bool)
                for player in (*first, *second, *third):
                    before = game(present)
                    present[player] = True
                    found[player] += game(present) - before
                orders += 1
    return found / orders


def test_a_player_alone_in_its_group_gets_what_it_adds_to_those_before():
    values = explained([[(1,), (0,)]], OrderedPlan(), lambda mask: 3 * mask[0] * mask[1] + mask[1], EVERYONE[:2])
    assert values.values.tolist() == [[3.0], [1.0]]
    assert values.standard_errors.tolist() == [[0.0], [0.0]]


def test_players_of_one_group_share_what_they_make_together():
    values = explained([[(0, 1)]], OrderedPlan(samples=2), lambda mask: 6 * mask[0] * mask[1], EVERYONE[:2])
    assert values.values.tolist() == [[3.0], [3.0]]


def test_all_coalitions_of_a_group_give_the_mean_over_all_orders():
    game = random_game(1)
    found = explained([GROUPS], OrderedPlan(samples=3), game)
    assert found.values == pytest.approx(mean_over_orders(GROUPS, game), abs=1e-12)
    assert not found.standard_errors.any()


def test_several_sequences_count_equally():
    game = random_game(2)
    forward, backward = (explained([one], OrderedPlan(samples=9), game).values for one in (GROUPS, GROUPS[::-1]))
    both = explained([GROUPS, GROUPS[::-1]], OrderedPlan(samples=9), game).values
    assert both == pytest.approx((forward + backward) / 2, abs=1e-12)


@given(st.integers(0, 10_000), st.sampled_from(["auto", "clarify"]), st.integers(1, 5))
def test_values_add_up_to_the_full_coalition_minus_the_empty_one(seed, scheme, samples):
    game = random_game(seed)
    found = explained([GROUPS], OrderedPlan(samples=samples, scheme=scheme, seed=seed), game)
    assert found.values.sum(axis=0) == pytest.approx(game(EVERYONE) - game(~EVERYONE), abs=1e-12)


@given(st.integers(0, 10_000), st.sampled_from(["auto", "clarify"]), st.integers(1, 5))
def test_a_player_that_the_game_ignores_gets_exactly_nothing(seed, scheme, samples):
    game = random_game(seed, players=4)
    found = explained([GROUPS], OrderedPlan(samples=samples, scheme=scheme), lambda mask: game(np.delete(mask, 1)))
    assert found.values[1].tolist() == [0.0, 0.0]


def test_a_player_that_cannot_change_anything_is_never_asked_for():
    active = np.array([True, False, True, True, False])
    design = ordered_design([GROUPS], OrderedPlan(samples=4), active=active)
    assert not design.coalitions[:, ~active].any()
    assert design.coalitions[design.full].tolist() == active.tolist()
    assert len(design.coalitions) == 5  # nobody, 0, 2, 0 and 2, with 3


def test_no_coalition_is_asked_twice():
    design = ordered_design([GROUPS], OrderedPlan(samples=2, scheme="clarify"), active=EVERYONE)
    assert len(np.unique(design.coalitions, axis=0)) == len(design.coalitions)
    assert design.plain_evaluations == 1 + 1 + 3 * 2 + 1


@pytest.mark.parametrize("scheme", ["auto", "clarify"])
def test_means_over_random_orders_come_as_near_the_truth_as_their_standard_errors_say(scheme):
    everyone = np.ones(8, dtype=bool)
    table = np.random.default_rng(0).normal(size=(256, 1))
    game = lambda mask: table[int(np.packbits(mask, bitorder="little")[0])]  # noqa: E731
    weights = [factorial(size) * factorial(7 - size) / factorial(8) for size in range(8)]
    truth = np.zeros(8)
    for subset in range(256):
        for player in range(8):
            if not subset >> player & 1:
                gain = table[subset | 1 << player, 0] - table[subset, 0]
                truth[player] += weights[subset.bit_count()] * gain
    ratios = []
    for place in range(60):
        found = explained([[tuple(range(8))]], OrderedPlan(samples=30, scheme=scheme), game, everyone, place)
        ratios.append((found.values[:, 0] - truth) / found.standard_errors[:, 0])
    assert 0.8 < np.std(ratios) < 1.25
    assert abs(np.mean(ratios)) < 0.15


def test_one_random_order_says_nothing_of_its_own_error():
    found = explained([GROUPS], OrderedPlan(samples=1), random_game(3))
    assert np.isnan(found.standard_errors[:3]).all()
    assert not found.standard_errors[3:].any()


def test_every_second_order_is_the_reverse_of_the_one_before():
    orders = random_orders(4, 5, np.random.default_rng(0), reversed_too=True)
    assert orders.shape == (5, 4)
    assert orders[1].tolist() == orders[0][::-1].tolist()
    assert sorted(orders[4].tolist()) == [0, 1, 2, 3]


def test_numbers_depend_on_seed_and_place_only():
    game = random_game(5)
    plan = OrderedPlan(samples=1, seed=7)
    found = [explained([GROUPS], plan, game, place=place).values.tolist() for place in (3, 3, 4, 5, 6, 7)]
    assert found[0] == found[1]
    assert any(other != found[0] for other in found[2:])


def test_numbers_that_are_too_small_are_all_named():
    with pytest.raises(ConfigError) as raised:
        OrderedPlan(samples=0, seed=-1)
    assert str(raised.value) == (
        "num_samples: got 0. Use an integer of at least 1.\nseed: got -1. Use an integer of at least 0."
    )


SIX = [tuple(range(6))]


def share_of_first(scheme, samples, together):
    """Value of player 0 and its standard error where a sixsome is worth 1 once the first ``together`` are all there."""
    design = ordered_design([SIX], OrderedPlan(samples=samples, scheme=scheme), active=np.ones(6, dtype=bool))
    values = design.coalitions[:, :together].all(axis=1).astype(float)[:, None]
    found = design.solve(values)
    assert found.values[:together].sum() == pytest.approx(1)
    return float(found.values[0, 0]), float(found.standard_errors[0, 0])


@pytest.mark.parametrize("samples", [2, 5, 9])
def test_the_error_of_independent_orders_is_that_of_a_share(samples):
    # An order gives player 0 all of the worth or nothing: a share q of n has the variance q (1 - q) / (n - 1).
    share, error = share_of_first("clarify", samples, 2)
    assert error == pytest.approx(np.sqrt(share * (1 - share) / (samples - 1)))


def test_an_order_and_its_reverse_are_one_draw():
    # Of three players one comes last in an order or in its reverse: q = 2 x share of the pairs give player 0 a half.
    share, error = share_of_first("auto", 10, 3)
    q = 2 * share
    assert 0 < q < 1
    assert error == pytest.approx(np.sqrt(q * (1 - q) / (5 - 1)) / 2)


def test_an_order_without_its_reverse_adds_the_spread_of_a_single_one():
    # Of two players one comes last in an order and the other in its reverse, so five pairs hold no error; the eleventh
    # order gives all or nothing, whose variance is that among all eleven, n q (1 - q) / (n - 1).
    share, error = share_of_first("auto", 11, 2)
    assert error == pytest.approx(np.sqrt(11 * share * (1 - share) / 10) / 11)


@pytest.mark.parametrize(("scheme", "samples"), [("clarify", 1), ("auto", 2), ("auto", 3)])
def test_fewer_than_two_draws_tell_no_error(scheme, samples):
    assert np.isnan(share_of_first(scheme, samples, 2)[1])
