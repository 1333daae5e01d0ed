"""Owen values: words in sentences, whose values add up to those of the sentences."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pellucid.errors import ConfigError
from pellucid.explain.budget import Budget
from pellucid.explain.estimate import explain_games
from pellucid.explain.nested import drawn_sets, every_set, explain_nested
from pellucid.explain.plan import Plan


def owen(value, groups):
    """By definition: the mean over all orders in which groups come one after another, members together."""
    players = sum(map(len, groups))
    total, orders = np.zeros(players), 0
    for outer in permutations(groups):
        for inner in product(*(permutations(group) for group in outer)):
            present = np.zeros((players + 1, players), dtype=bool)
            for step, player in enumerate(member for group in inner for member in group):
                present[step + 1 :, player] = True
                total[player] += value(present[step + 1 : step + 2])[0] - value(present[step : step + 1])[0]
            orders += 1
    return total / orders


def nested(games, groups, budget=None, seed=0, blocks=(0,)):
    arrays = [[np.array(group) for group in groups]] * games.rows
    return explain_nested(games, Plan(budget=budget or Budget(), seed=seed), arrays, blocks)


GROUPS = [[0, 1], [2, 3, 4], [5]]


def test_with_few_groups_the_values_are_those_of_the_definition(function_games, make_random_game):
    value = make_random_game(6, seed=2)
    games = function_games(1, 6, lambda row, coalitions: value(coalitions))
    found = nested(games, GROUPS)
    assert found.values[0, :, 0] == pytest.approx(owen(value, GROUPS), abs=1e-12)
    assert found.standard_errors.tolist() == np.zeros((1, 6, 1)).tolist()  # all is asked, so all errors are known


def test_members_have_no_errors_where_the_sets_around_them_are_drawn(function_games, make_random_game):
    value = make_random_game(10, seed=2)
    games = function_games(1, 10, lambda row, coalitions: value(coalitions))
    found = nested(games, [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]])
    opened = ~np.isnan(found.values[0, :, 0])
    assert opened.sum() > 5
    assert np.isnan(found.standard_errors[0, opened, 0]).sum() >= 2


def test_with_one_group_they_are_shapley_values(function_games, make_random_game):
    value = make_random_game(6, seed=3)
    games = function_games(1, 6, lambda row, coalitions: value(coalitions))
    assert nested(games, [list(range(6))]).values == pytest.approx(explain_games(games).values, abs=1e-12)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.sampled_from([30, 200, 2000]))
def test_members_add_up_to_their_group_and_all_to_the_prediction(function_games, seed, samples):
    weights = np.random.default_rng(seed).normal(size=15)
    groups = [list(range(at, at + 3)) for at in range(0, 15, 3)]

    def value(row, coalitions):
        linear = coalitions @ weights
        return np.tanh(linear) + coalitions[:, :2].all(axis=1)

    games = function_games(1, 15, value)
    found = nested(games, groups, Budget(samples=samples), seed)
    summed = np.nansum(found.values[0, :, 0])
    assert summed == pytest.approx(found.predictions[0, 0] - found.base_values[0, 0], abs=1e-9)
    of_groups = function_games(1, 5, lambda row, some: value(row, np.repeat(some, 3, axis=1)))
    shapley = explain_games(of_groups).values[0, :, 0]
    if samples == 2000:  # enough to ask every set of groups
        together = np.nansum(found.values[0, :, 0].reshape(5, 3), axis=1)
        assert together == pytest.approx(shapley, abs=1e-9)


def test_a_group_without_effect_is_not_opened(function_games):
    games = function_games(1, 6, lambda row, coalitions: coalitions[:, 0] * 2.0 + coalitions[:, 1])
    found = nested(games, [[0, 1], [2, 3, 4], [5]])
    assert found.values[0, :2, 0] == pytest.approx([2.0, 1.0])
    assert found.values[0, 2:, 0].tolist() == pytest.approx([0.0, np.nan, np.nan, 0.0], nan_ok=True)


def test_where_one_group_can_be_opened_it_is_the_largest(function_games):
    # Of 22 samples, 2 are of the groups; the members of one take 2 x (2 + 6) of the 20 left, and those of both 32.
    games = function_games(1, 6, lambda row, coalitions: coalitions @ np.array([1.0, 1.0, 1.0, -5.0, -5.0, -5.0]))
    found = nested(games, [[0, 1, 2], [3, 4, 5]], Budget(samples=22))
    expected = [3.0, np.nan, np.nan, -5.0, -5.0, -5.0]
    assert found.values[0, :, 0].tolist() == pytest.approx(expected, nan_ok=True)


def test_numbers_of_a_block_do_not_depend_on_which_blocks_are_asked(function_games, make_smooth_game):
    value = make_smooth_game(12)
    games = function_games(72, 12, lambda row, coalitions: value(coalitions) * (row + 1))
    groups = [np.arange(4), np.arange(4, 8), np.arange(8, 12)]
    plan = Plan(seed=5)
    both = explain_nested(games, plan, [groups] * 72, [0, 1])
    second = explain_nested(games, plan, [groups] * 8, [1])
    assert np.array_equal(both.values[64:], second.values, equal_nan=True)
    assert both.blocks.tolist() == [0] * 64 + [1] * 8


def test_a_row_is_asked_for_no_more_than_the_budget(function_games, make_smooth_game):
    value = make_smooth_game(40)
    games = function_games(1, 40, lambda row, coalitions: value(coalitions))
    found = nested(games, [list(range(at, at + 8)) for at in range(0, 40, 8)], Budget(samples=1000))
    assert 200 < found.samples[0] <= 1000
    assert found.model_rows <= 1000 + 2 + 12 * 5 * 2  # ends of the inner games are asked beside


@pytest.mark.parametrize("per_row", [2, 3, 4, 10, 30, 45, 60, 100, 400, 3000])
def test_model_calls_are_never_exceeded_and_groups_add_up_whatever_is_left_closed(
    function_games, make_smooth_game, per_row
):
    smooth, groups = make_smooth_game(12), [list(range(at, at + 4)) for at in range(0, 12, 4)]
    games = function_games(70, 12, lambda row, coalitions: smooth(coalitions) * (row + 1))
    found = nested(games, groups, Budget(model_calls=70 * (per_row + 1)), blocks=(0, 1))
    # Twelve sets of others, of which four differ, are asked of a model once each; these games ask for all.
    assert found.samples.max() + 2 <= per_row + 1
    total = np.nansum(found.values[:, :, 0], axis=1)
    assert total == pytest.approx((found.predictions - found.base_values)[:, 0])


def test_sets_of_other_groups_follow_shapleys_weights():
    for others in range(4):
        sizes = every_set(others).sum(axis=1)
        assert np.bincount(sizes, minlength=others + 1).tolist() == [12 // (others + 1)] * (others + 1)
    drawn = np.concatenate([drawn_sets(5, 12, np.random.default_rng(seed)) for seed in range(200)])
    assert np.bincount(drawn.sum(axis=1)) / len(drawn) == pytest.approx([1 / 6] * 6, abs=0.02)
    assert np.array_equal(drawn[:6], ~drawn[6:12])


@pytest.mark.parametrize(("bound", "value"), [("seconds", 5), ("precision", 0.1)])
def test_two_steps_take_no_time_or_precision_as_budget(function_games, bound, value):
    games = function_games(1, 2, lambda row, coalitions: coalitions.sum(axis=1))
    with pytest.raises(ConfigError) as caught:
        nested(games, [[0], [1]], Budget(**{bound: value}))
    told = "Explanations in two steps take 'samples' or 'model_calls'."
    assert str(caught.value) == f"budget.{bound}: got {value}. {told}"
