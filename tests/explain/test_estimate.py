"""Explaining rows: the choice of the estimator, budgets, seeds, and work that can be split anywhere."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pellucid.errors import ConfigError
from pellucid.explain import estimate
from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget
from pellucid.explain.estimate import blocks_of, explain_blocks, explain_games
from pellucid.explain.game import MaskedGames
from pellucid.explain.maskers.tabular import TabularMasker, players_of
from pellucid.explain.plan import Plan
from pellucid.protocols.model import Batch


def matrix(inputs):
    return np.column_stack(list(inputs.columns.values())).astype(float)


def table_games(rows, background, predict, groups=None):
    explained, base = (
        Batch({f"x{i}": column for i, column in enumerate(np.asarray(part).T)}) for part in (rows, background)
    )
    return MaskedGames(TabularMasker(explained, base, players_of(explained.names, groups=groups)), predict)


def plan(samples=None, **options):
    return Plan(budget=Budget(samples=samples), **options)


def nonlinear(inputs):
    x = matrix(inputs)
    # Not a matrix product, whose last digits depend on how many rows are asked together.
    return np.tanh((x * np.linspace(-1, 1, x.shape[1])).sum(axis=1)) + x[:, 0] * x[:, 1] * x[:, 2]


def same(first: Attributions, second: Attributions) -> bool:
    names = ("values", "standard_errors", "base_values", "predictions", "samples")
    return all(getattr(first, name).tobytes() == getattr(second, name).tobytes() for name in names)


def random_rows(n, columns, seed=0):
    return np.random.default_rng(seed).normal(size=(n, columns))


@pytest.mark.parametrize("estimator", ["auto", "enumeration", "border", "leverage", "clarify", "permutation"])
def test_a_linear_model_is_explained_by_its_terms(estimator):
    rows, background, weights = random_rows(5, 12), random_rows(3, 12, seed=1), np.arange(1.0, 13.0)
    explained = explain_games(
        table_games(rows, background, lambda inputs: matrix(inputs) @ weights),
        plan(None if estimator == "enumeration" else 300, estimator=estimator),
    )
    assert explained.values[:, :, 0] == pytest.approx(weights * (rows - background.mean(axis=0)), abs=1e-12)


@pytest.mark.parametrize("samples", [1, 3, 20, 47, 48, 200, 5000])
@pytest.mark.parametrize("estimator", ["auto", "leverage", "clarify", "border"])
def test_no_more_is_asked_than_the_budget_says_and_values_add_up(samples, estimator):
    rows, background = random_rows(40, 12), random_rows(3, 12, seed=1)
    explained = explain_games(table_games(rows, background, nonlinear), plan(samples, estimator=estimator))
    assert explained.model_rows <= 40 * (samples + 2) * 3
    assert explained.samples.max() <= samples
    total = explained.predictions - explained.base_values
    assert explained.values.sum(axis=1) == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize(
    ("samples", "estimator"), [(4094, "enumeration"), (4000, "odd terms"), (48, "odd terms"), (47, "border")]
)
def test_auto_takes_the_best_estimator_that_the_budget_allows(samples, estimator):
    explained = explain_games(table_games(random_rows(1, 12), random_rows(2, 12, 1), nonlinear), plan(samples))
    assert explained.estimators in {(estimator,), ("leverage",) if estimator == "odd terms" else (estimator,)}


def test_players_equal_to_the_background_are_left_out_of_the_sampling():
    rows, background = np.ones((1, 20)), np.ones((1, 20))
    background[0, [3, 5, 8]] = 0
    explained = explain_games(table_games(rows, background, nonlinear), plan(6))
    assert np.flatnonzero(explained.values[0, :, 0]).tolist() == [3, 5, 8]
    assert (explained.samples.tolist(), explained.estimators) == ([6], ("enumeration",))
    assert not explained.standard_errors.any()


def test_rows_with_one_active_player_or_none_cost_no_sample():
    rows = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 9.0]])
    explained = explain_games(table_games(rows, [[1.0, 2.0, 3.0]], lambda inputs: matrix(inputs).sum(axis=1)), plan(6))
    assert explained.values[:, :, 0].tolist() == [[0, 0, 0], [0, 0, 6]]
    assert explained.samples.tolist() == [0, 0]
    assert explained.model_rows == 3


def test_a_group_of_columns_is_credited_as_one():
    rows, background = random_rows(2, 4), random_rows(1, 4, 1)
    grouped = table_games(rows, background, lambda inputs: matrix(inputs).prod(axis=1), groups={"g": ["x1", "x2"]})
    explained = explain_games(grouped, plan())
    assert explained.values.shape == (2, 3, 1)
    assert explained.values.sum(axis=1) == pytest.approx(explained.predictions - explained.base_values, abs=1e-12)


def test_every_output_is_explained_as_if_it_were_alone():
    rows, background = random_rows(3, 9), random_rows(2, 9, 1)
    how = plan(60, estimator="leverage")
    two = table_games(rows, background, lambda i: np.column_stack([nonlinear(i), 1 - nonlinear(i)]))
    both, alone = explain_games(two, how), explain_games(table_games(rows, background, nonlinear), how)
    assert both.values[:, :, 0] == pytest.approx(alone.values[:, :, 0], abs=1e-12)
    assert both.values[:, :, 1] == pytest.approx(-alone.values[:, :, 0], abs=1e-12)


@pytest.mark.parametrize("estimator", ["auto", "leverage", "border", "clarify", "permutation"])
def test_an_equal_seed_gives_equal_bytes_and_another_seed_does_not(estimator):
    games = table_games(random_rows(40, 12), random_rows(2, 12, 1), nonlinear)
    samples = 20 if estimator == "border" else 60
    first, again, other = (explain_games(games, plan(samples, estimator=estimator, seed=seed)) for seed in (7, 7, 8))
    assert same(first, again)
    assert not np.array_equal(first.values, other.values)


@pytest.mark.parametrize("estimator", ["auto", "leverage", "border", "clarify", "permutation"])
def test_splitting_the_blocks_over_workers_changes_nothing(estimator):
    rows, background = random_rows(200, 11).round(), random_rows(2, 11, 1).round()
    games, how = table_games(rows, background, nonlinear), plan(50, estimator=estimator)
    whole = explain_games(games, how)
    assert list(blocks_of(200)) == [0, 1, 2, 3]
    parts = [part for blocks in ([3], [0, 2], [1]) for part in explain_blocks(games, how, blocks)]
    assert same(whole, Attributions.join([parts[1], parts[3], parts[2], parts[0]]))


@pytest.mark.parametrize("budget", [Budget(samples=120), Budget(precision=0.1)], ids=["samples", "precision"])
def test_larger_blocks_can_be_split_as_well(budget):
    rows, background = random_rows(300, 11).round(), random_rows(2, 11, 1).round()
    games, how = table_games(rows, background, nonlinear), Plan(budget=budget, block_rows=128)
    whole = explain_games(games, how)
    assert np.unique(whole.blocks, return_counts=True)[1].tolist() == [128, 128, 44]
    assert list(blocks_of(300, 128)) == [0, 1, 2]
    parts = [part for blocks in ([2], [0, 1]) for part in explain_blocks(games, how, blocks)]
    assert same(whole, Attributions.join([*parts[1:], parts[0]]))


def test_where_outputs_are_many_fewer_rows_share_designs():
    rows, background = random_rows(300, 11), random_rows(1, 11, 1)
    weights = np.random.default_rng(2).normal(size=(11, 20))
    games = table_games(rows, background, lambda inputs: np.tanh(matrix(inputs) @ weights))
    parts = list(explain_blocks(games, Plan(budget=Budget(samples=60), block_rows=256)))
    assert [len(part.values) for part in parts] == [64, 64, 64, 64, 44]
    assert Attributions.join(parts).blocks.tolist() == (np.arange(300) // 64).tolist()


@pytest.mark.parametrize(
    ("how", "block_rows"),
    [
        (Plan(), 512),
        (plan(50, estimator="leverage"), 512),
        (Plan(budget=Budget(precision=0.1)), 512),
        (Plan(budget=Budget(seconds=9)), 64),
        (plan(50, estimator="clarify"), 64),
        (plan(50, estimator="surrogate"), 64),
    ],
)
def test_rows_of_a_large_table_share_designs_where_that_saves_time(how, block_rows):
    assert how.of_table(20_000).block_rows == block_rows
    assert how.of_table(2_000) == how


@pytest.mark.parametrize("inputs", [1, 3_000])
@pytest.mark.parametrize(
    "how",
    [
        *(plan(200, estimator=estimator) for estimator in ("auto", "leverage", "border", "clarify", "permutation")),
        plan(30),
        Plan(budget=Budget(precision=0.05)),
        Plan(budget=Budget(model_calls=60_000)),
    ],
)
def test_how_many_blocks_share_requests_changes_no_number(how, inputs, monkeypatch):
    rows, background = random_rows(300, 11).round(), random_rows(2, 11, 1).round()
    rows[:150, 3:] = background[0, 3:]  # these rows ask for less
    calls = []

    def model(asked):
        calls.append(len(asked))
        return nonlinear(asked)

    games = table_games(rows, background, model)
    whole, together = explain_games(games, how), len(calls)
    calls.clear()
    monkeypatch.setattr(estimate, "INPUTS_AT_ONCE", inputs)
    parts = explain_games(games, how)
    assert same(whole, parts)
    assert whole.estimators == parts.estimators
    assert parts.model_rows >= whole.model_rows  # fewer repetitions are found
    assert len(calls) > together if inputs == 1 else len(calls) >= together


def test_rows_that_equal_the_background_in_most_features_share_requests_by_what_they_ask():
    rows, background = np.zeros((640, 14)), np.zeros((1, 14))
    rows[:, :5] = random_rows(640, 5)
    calls = []

    def model(asked):
        calls.append(len(asked))
        return nonlinear(asked)

    explained = explain_games(table_games(rows, background, model))
    assert calls == [641, 640 * 30]  # the rows with their base, and all coalitions of five features
    assert set(explained.estimators) == {"enumeration"}


def test_the_one_row_of_a_block_with_twelve_players_is_exact_unless_a_budget_forbids_it():
    rows, zero = random_rows(40, 13), np.zeros((1, 13))
    rows[17, 5] = 0.0
    games = table_games(rows, zero, nonlinear)
    explained = explain_games(games)
    assert explained.estimators[17] == "enumeration"
    assert set(np.delete(explained.estimators, 17)) == {"odd terms"}
    assert explained.samples.tolist() == [2074] * 17 + [2**12 - 2] + [2074] * 22
    exact = explain_games(table_games(rows[17:18], zero, nonlinear), plan(estimator="enumeration"))
    assert explained.values[17] == pytest.approx(exact.values[0], abs=1e-14)
    assert not explained.standard_errors[17].any()
    assert explain_games(games, plan(2074)).samples.tolist() == [2074] * 40


def test_clarify_lets_players_without_effect_take_part(function_games):
    explained = explain_games(table_games(np.ones((1, 8)), np.zeros((1, 8)), nonlinear), plan(9, estimator="clarify"))
    assert explained.samples.tolist() == [9]
    rows = np.zeros((1, 8))
    rows[0, 0] = 1
    explained = explain_games(table_games(rows, np.zeros((1, 8)), nonlinear), plan(9, estimator="clarify"))
    assert explained.samples.tolist() == [9]


def test_clarify_draws_anew_for_every_row_and_spreads_as_pairs_with_replacement_do():
    rows, background = np.ones((600, 6)), np.zeros((1, 6))
    values = explain_games(
        table_games(rows, background, lambda i: matrix(i)[:, :3].prod(axis=1)), plan(40, estimator="clarify")
    )
    sampled = values.values[:, :, 0]
    errors = values.standard_errors[:, :, 0]
    assert sampled.mean(axis=0) == pytest.approx([1 / 3] * 3 + [0] * 3, abs=0.01)
    assert sampled.std(axis=0) == pytest.approx(np.sqrt((errors**2).mean(axis=0)), rel=0.3)


def test_a_wanted_precision_ends_the_sampling_of_each_row_when_it_is_reached():
    games = table_games(random_rows(6, 12), random_rows(2, 12, 1), nonlinear)
    explained = explain_games(games, Plan(budget=Budget(precision=0.1)))
    assert explained.relative_errors.max() <= 0.1
    assert len(set(explained.samples.tolist())) > 1
    assert explained.samples.max() < 4 * (2 * 12 + 2048)


def test_a_precision_out_of_reach_is_told_by_the_errors():
    games = table_games(random_rows(2, 16), random_rows(2, 16, 1), nonlinear)
    explained = explain_games(games, Plan(budget=Budget(precision=1e-6, samples=200)))
    assert explained.samples.tolist() == [200, 200]
    assert (explained.relative_errors > 1e-6).all()


def test_growing_asks_nothing_twice(function_games, make_smooth_game):
    games = function_games(1, 14, lambda row, z: make_smooth_game(14)(z))
    explained = explain_games(games, Plan(budget=Budget(precision=1e-9, samples=1000)))
    asked = np.concatenate([coalitions for _, coalitions in games.asked])
    assert len(asked) == len(np.unique(asked, axis=0)) == explained.samples.item() == 1000


def test_a_grown_design_gives_what_it_gives_at_once(function_games, make_smooth_game):
    games = function_games(1, 14, lambda row, z: make_smooth_game(14)(z))
    grown = explain_games(games, Plan(budget=Budget(precision=1e-9, samples=1000)))
    assert grown.values == pytest.approx(explain_games(games, plan(1000)).values, abs=1e-10)


def test_growing_ends_in_the_enumeration(function_games, make_random_game):
    games = function_games(1, 8, lambda row, z: make_random_game(8)(z))
    explained = explain_games(games, Plan(budget=Budget(precision=1e-9)))
    assert explained.estimators == ("enumeration",)
    assert not explained.standard_errors.any()


def test_model_calls_bound_the_whole_job():
    games = table_games(random_rows(20, 12), random_rows(3, 12, 1), nonlinear)
    explained = explain_games(games, Plan(budget=Budget(model_calls=5000)))
    assert 0.8 * 5000 <= explained.model_rows <= 5000


def test_model_calls_bound_a_job_whose_base_is_asked_again_for_every_request():
    # A row takes 40 coalitions before 100 background rows, so that blocks go one by one.
    games = table_games(random_rows(130, 12), random_rows(100, 12, 1), nonlinear)
    calls = 130 * (40 * 100 + 1) + 3 * 100
    explained = explain_games(games, Plan(estimator="leverage", budget=Budget(model_calls=calls)))
    assert (explained.model_rows, explained.samples.tolist()) == (calls, [40] * 130)


def test_seconds_are_kept_by_the_clock(function_games, make_smooth_game):
    games = function_games(640, 14, lambda row, z: make_smooth_game(14)(z))
    ticks = itertools.count(step=1.0)
    explained = explain_games(games, Plan(budget=Budget(seconds=5)), clock=lambda: next(ticks))
    assert explained.samples[0] == 4 * 14
    assert explained.samples[-1] == 14


def test_seconds_need_a_clock(function_games):
    with pytest.raises(ConfigError) as raised:
        explain_games(function_games(1, 3, lambda row, z: z.sum(axis=1)), Plan(budget=Budget(seconds=5)))
    assert str(raised.value) == "budget.seconds: got 5. Give a clock as well."


@pytest.mark.parametrize("rows", [30, 64, 100, 640])
def test_a_budget_of_seconds_is_used_by_few_rows_too(rows):
    asked, started = 0, 1000.0

    def score(inputs):
        nonlocal asked
        asked += len(inputs)
        return nonlinear(inputs)

    games = table_games(random_rows(rows, 14), random_rows(1, 14, seed=1), score)
    seconds = rows * 0.6
    budget = Plan(budget=Budget(seconds=seconds), estimator="leverage")
    explained = explain_games(games, budget, clock=lambda: started + asked * 0.001)
    assert explained.model_rows == asked
    assert 0.75 * seconds <= asked * 0.001 <= 1.05 * seconds
    assert explained.samples.min() >= 400


@pytest.mark.parametrize(
    ("budget", "allowed"), [(Budget(samples=4093), "4,093"), (Budget(model_calls=500), "498"), (Budget(samples=1), "1")]
)
def test_no_more_is_enumerated_than_a_budget_allows(function_games, budget, allowed):
    games = function_games(1, 12, lambda row, z: z.sum(axis=1))
    with pytest.raises(ConfigError) as raised:
        explain_games(games, Plan(budget=budget, estimator="enumeration"))
    assert str(raised.value) == (
        "estimator: got 'enumeration'. Use 'auto', or a larger budget: 12 features that vary have 4,094 coalitions, "
        f"and it allows {allowed} for a row."
    )


def test_too_many_players_are_not_enumerated(function_games):
    with pytest.raises(ConfigError) as raised:
        explain_games(function_games(1, 21, lambda row, z: z.sum(axis=1)), plan(estimator="enumeration"))
    assert str(raised.value) == (
        "estimator: got 'enumeration'. Use 'auto'; 21 features vary, and all coalitions are asked of at most 20."
    )


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (
            {"model_calls": 20},
            "model_calls: got 20. Use more: it allows 8 samples for a row, which needs at least 16",
        ),
        (
            {"samples_per_player": 0.5},
            "samples_per_player: got 0.5. Use more: it allows 4 samples for a row, which needs at least 16",
        ),
        (
            {"model_calls": 20, "samples": 5},
            "samples: got 5. Use at least 16",
        ),
    ],
)
def test_too_few_samples_for_a_permutation_are_laid_to_the_bound_that_allows_no_more(function_games, budget, message):
    games = function_games(2, 9, lambda row, z: z.sum(axis=1))
    with pytest.raises(ConfigError) as raised:
        explain_games(games, Plan(estimator="permutation", budget=Budget(**budget)))
    order = "one random order of the 9 features that vary and its reverse"
    assert str(raised.value) == f"budget.{message}, {order}."


def test_a_permutation_needs_its_samples(function_games):
    with pytest.raises(ConfigError) as raised:
        explain_games(function_games(1, 9, lambda row, z: z.sum(axis=1)), plan(15, estimator="permutation"))
    assert str(raised.value) == (
        "budget.samples: got 15. Use at least 16, one random order of the 9 features that vary and its reverse."
    )


def test_every_fault_of_a_plan_is_named():
    with pytest.raises(ConfigError) as raised:
        Plan(estimator="leverge", seed=-1)
    assert str(raised.value) == (
        "estimator: got 'leverge'. Use one of the estimators; did you mean 'leverage'?\n"
        "seed: got -1. Use an integer of at least 0."
    )
    with pytest.raises(ConfigError) as raised:
        Plan(estimator="clarify", budget=Budget(precision=0.1))
    assert str(raised.value) == (
        "budget.precision: got 0.1. The estimator 'clarify' cannot add samples until it is precise. "
        "Use 'auto' or 'leverage'."
    )
