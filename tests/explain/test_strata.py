"""Coalitions before strata of the background: what they are worth, and what they save."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget
from pellucid.explain.designs import enumeration
from pellucid.explain.estimate import explain_blocks, explain_games
from pellucid.explain.game import MaskedGames
from pellucid.explain.maskers.tabular import TabularMasker, players_of
from pellucid.explain.plan import Plan
from pellucid.explain.solve import solver
from pellucid.explain.strata import can_be_stratified, ends_before_each, strata_of, stratified
from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch

PLAYERS, ROWS, BACKGROUND = 12, 64, 20


def network(cells):
    """A small network of tanh units, with interactions of every order."""
    rng = np.random.default_rng(4)
    first, second = rng.normal(size=(cells.shape[1], 8)) / 2, rng.normal(size=8)
    return np.tanh(cells @ first - 0.5) @ second


class Model:
    """Counts what it is asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, batch):
        cells = np.column_stack([column.astype(float) for column in batch.columns.values()])
        self.asked.append(cells)
        return network(cells)


def table(rows, seed, *, whole=False, spread=1.0):
    """Normal numbers, or whole numbers next to them, which repeat."""
    cells = spread * np.random.default_rng(seed).normal(size=(rows, PLAYERS))
    cells = np.round(cells) + 0.0 if whole else cells
    return Batch({f"x{i}": column for i, column in enumerate(cells.T)})


def games_of(rows=ROWS, background=BACKGROUND, *, whole=False, spread=1.0, model=None, columns=None):
    explained, shown = table(rows, 1, whole=whole), table(background, 2, whole=whole, spread=spread)
    return MaskedGames(TabularMasker(explained, shown, columns or players_of(explained.names)), model or Model())


def exact(games):
    """Shapley values of all rows by enumeration."""
    design = enumeration(PLAYERS)
    solved, found = solver(design), []
    for row in range(games.rows):
        values = games.values(Asked.of(row, design.coalitions)).values[:, 0]
        ends = games.ends([row]).values[0, :, 0]
        found.append(solved.solve(values[None], ends[:1], ends[1:])[0])
    return np.array(found)


@pytest.fixture(scope="module")
def truth():
    return exact(games_of())


def coalitions(number, seed=3):
    return np.random.default_rng(seed).random((number, PLAYERS)) < 0.5


def test_a_stratum_is_a_game_before_its_part_of_the_background():
    games, chosen = games_of(), coalitions(9)
    parts = stratified(games, 4)
    for row, stratum in ((0, 0), (5, 3), (63, 1)):
        shown = games.masker.background[slice(stratum * 5, stratum * 5 + 5)]
        alone = MaskedGames(TabularMasker(games.masker.explained, shown, games.masker.columns_of), Model())
        expected = alone.values(Asked.of(row, chosen)).values
        assert np.abs(parts.values(Asked.of(4 * row + stratum, chosen)).values - expected).max() < 1e-14


def test_strata_together_are_the_whole_background_and_share_its_active_players():
    games, chosen = games_of(), coalitions(9)
    parts = stratified(games, 5)
    means = np.mean([parts.values(Asked.of(5 * 7 + stratum, chosen)).values for stratum in range(5)], axis=0)
    assert np.abs(means - games.values(Asked.of(7, chosen)).values).max() < 1e-14
    assert parts.active([35, 39]).tolist() == games.active([7, 7]).tolist()
    assert (parts.rows, parts.inputs_per_coalition, parts.has_common_base) == (5 * ROWS, 4, False)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("texts", [False, True])
def test_inputs_of_strata_that_repeat_are_told_from_others_however_many_they_are(grouped, texts):
    rng = np.random.default_rng(0)
    names = [f"x{i}" for i in range(6)]
    explained, shown = (
        Batch({name: rng.integers(0, 3, rows).astype(str).astype(object) if texts else rng.integers(0, 3, rows) * 1.5
               for name in names}) for rows in (9, 12)
    )  # fmt: skip
    players = players_of(names, groups={"pair": ["x0", "x3"]} if grouped else None)
    parts = stratified(MaskedGames(TabularMasker(explained, shown, players), Model()), 6)
    asked = Asked(rng.integers(9 * 6, size=5000), rng.random((5000, len(players))) < 0.5)
    masked = parts.masker.masked(asked)
    built = np.column_stack([column.astype(str) for column in masked.batch().columns.values()])
    for inputs in (None, np.sort(rng.choice(len(masked), 700, replace=False))):
        rows = built if inputs is None else built[inputs]
        alike = np.unique(rows, axis=0, return_inverse=True)[1]
        by_words = np.unique(masked.words(inputs), axis=0, return_inverse=True)[1]
        assert len(set(zip(alike.tolist(), by_words.tolist(), strict=True))) == alike.max() + 1 == by_words.max() + 1


def test_the_base_of_every_background_row_is_asked_once_for_all_rows_that_share_it():
    model, rows = Model(), np.arange(3)
    shared, full = ends_before_each(games_of(model=model), rows)
    assert shared.shape == (BACKGROUND, 3, 1)
    assert full.model_rows == BACKGROUND + 3
    assert [len(batch) for batch in model.asked] == [BACKGROUND + 3]  # in one call
    ends = games_of().ends(rows.tolist()).values
    assert np.abs(shared.mean(axis=0) - ends[:, 0]).max() < 1e-14
    assert full.values.tolist() == ends[:, 1].tolist()


def test_rows_that_share_no_base_have_their_own_before_every_background_row():
    kept = players_of([f"x{i}" for i in range(PLAYERS)], only=["x1", "x2"])
    own, full = ends_before_each(games_of(columns=kept), np.arange(3))
    assert full.model_rows == 3 * BACKGROUND + 3
    assert np.ptp(own, axis=1).min() > 0


def test_strata_divide_the_background_and_need_rows_that_ask_much():
    assert [strata_of(20, inputs) for inputs in (0, 32_767, 32_768, 90_000, 10**7)] == [1, 1, 2, 5, 10]
    assert strata_of(97, 10**7) == 1


def test_games_that_no_masker_plays_have_one_stratum(function_games):
    games = function_games(2, 3, lambda row, z: z.sum(axis=1), inputs_per_coalition=6)
    assert not can_be_stratified(games)
    assert stratified(games, 3) is games
    assert not can_be_stratified(games_of(background=1))


@pytest.mark.parametrize("estimator", ["auto", "leverage"])
@pytest.mark.parametrize("wanted", [0.04, 0.015])
def test_true_errors_are_within_the_precision_on_the_whole_in_two_of_three_rows_and_never_twice_as_large(
    estimator, wanted, truth
):
    plans = [Plan(estimator=estimator, budget=Budget(precision=wanted), seed=seed) for seed in range(4)]
    found = [explain_games(games_of(), plan) for plan in plans]
    off = np.concatenate([one.values[:, :, 0] for one in found]) - np.tile(truth, (4, 1))
    told = np.concatenate([one.standard_errors[:, :, 0] for one in found])
    errors = np.sqrt((off**2).sum(axis=1) / np.tile((truth**2).sum(axis=1), 4))
    assert np.sqrt((errors**2).mean()) <= wanted
    assert (errors > wanted).mean() <= 1 / 3
    assert errors.max() <= 2 * wanted
    assert max(one.relative_errors.max() for one in found) <= wanted
    assert (np.abs(off) <= 1.96 * told).mean() >= 0.93
    assert np.sqrt((told**2).mean() / (off**2).mean()) <= 3


def test_values_add_up_to_the_prediction_minus_the_base():
    found = explain_games(games_of(), Plan(budget=Budget(precision=0.03)))
    total = found.predictions - found.base_values
    assert np.abs(found.values.sum(axis=1) - total).max() < 1e-12


def test_strata_of_a_background_whose_rows_are_alike_reach_the_precision_with_fewer_model_inputs(monkeypatch):
    plan = Plan(budget=Budget(precision=0.015))
    apart = explain_games(games_of(spread=0.3), plan).model_rows
    monkeypatch.setattr(sys.modules["pellucid.explain.strata"], "MOST_STRATA", 1)
    assert apart < 0.9 * explain_games(games_of(spread=0.3), plan).model_rows


def products(batch):
    """A model whose scores do not depend on what else is in a batch, as those by products of matrices do."""
    x = list(batch.columns.values())
    return x[0] * x[1] + x[2] * x[3] * x[4] - x[5] * x[6] * x[7] * x[8] + x[9] / (1 + x[10] ** 2) * x[11]


def test_blocks_asked_for_alone_or_together_have_the_same_bytes():
    plan = Plan(budget=Budget(precision=0.05))
    together = list(explain_blocks(games_of(130, model=products), plan))
    alone = [part for block in (0, 1, 2) for part in explain_blocks(games_of(130, model=products), plan, [block])]
    for one, other in zip(together, alone, strict=True):
        assert one.samples.tolist() == other.samples.tolist()
        assert one.values.tobytes() == other.values.tobytes()
        assert one.standard_errors.tobytes() == other.standard_errors.tobytes()


@pytest.mark.parametrize("calls", [120_000, 200_000])
def test_a_bound_of_model_calls_holds_with_strata(calls):
    model = Model()
    plan = Plan(budget=Budget(precision=0.001, model_calls=calls))
    found = Attributions.join(list(explain_blocks(games_of(model=model), plan)))
    assert found.model_rows == sum(map(len, model.asked)) <= calls
    assert found.samples.min() > 4 * PLAYERS
