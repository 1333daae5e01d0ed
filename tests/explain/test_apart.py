"""Rows before single background rows: what they are worth, and what they save where cells repeat."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from pellucid.explain.aggregate import AGGREGATIONS, aggregate
from pellucid.explain.apart import before_each_if_fewer
from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget
from pellucid.explain.designs import enumeration
from pellucid.explain.estimate import explain_blocks, explain_games
from pellucid.explain.game import MaskedGames
from pellucid.explain.loadings import all_weights
from pellucid.explain.maskers.part import PartMasker
from pellucid.explain.maskers.tabular import TabularMasker, players_of
from pellucid.explain.plan import Plan
from pellucid.explain.solve import solver
from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch

PLAYERS, ROWS, BACKGROUND = 11, 64, 8


def network(cells, outputs=1):
    """A small network of tanh units, with interactions of every order."""
    rng = np.random.default_rng(4)
    first, second = rng.normal(size=(cells.shape[1], 8)) / 2, rng.normal(size=(8, outputs))
    found = np.tanh(cells @ first - 0.5) @ second
    return found[:, 0] if outputs == 1 else found


class Model:
    """Counts what it is asked."""

    def __init__(self, outputs=1):
        self.asked, self.outputs = 0, outputs

    def __call__(self, batch):
        self.asked += len(batch)
        return network(np.column_stack([column.astype(float) for column in batch.columns.values()]), self.outputs)


class RowByRow(Model):
    """Answers every row with the same bits whatever it is asked together with, as products of matrices do not."""

    def __call__(self, batch):
        self.asked += len(batch)
        cells, weights = list(batch.columns.values()), np.random.default_rng(4).normal(size=(3, PLAYERS))
        sums = (sum(cell * weight for cell, weight in zip(cells, of_unit, strict=True)) for of_unit in weights)
        return sum(one / np.sqrt(1 + one * one) for one in sums)


def table(rows, seed, values=3):
    """Codes of categories, which repeat, or numbers, which do not."""
    draw = np.random.default_rng(seed)
    cells = draw.integers(0, values, (rows, PLAYERS)) - 1.0 if values else draw.normal(size=(rows, PLAYERS))
    return Batch({f"x{i}": column for i, column in enumerate(cells.T)})


def games_of(rows=ROWS, background=BACKGROUND, *, values=3, outputs=1, model=None):
    explained, shown = table(rows, 1, values), table(background, 2, values)
    masker = TabularMasker(explained, shown, players_of(explained.names))
    return MaskedGames(masker, model or Model(outputs))


def exact(games):
    """Shapley values of all rows by enumeration, shape (rows, players, outputs)."""
    design = enumeration(PLAYERS)
    solved, found = solver(design), []
    for row in range(games.rows):
        values = games.values(Asked.of(row, design.coalitions)).values.T
        empty, full = games.ends([row]).values[0]
        found.append(solved.solve(values, empty, full).T)
    return np.array(found)


@pytest.fixture(scope="module")
def truth():
    return exact(games_of())


@pytest.mark.parametrize("estimator", ["auto", "leverage"])
@pytest.mark.parametrize("wanted", [0.05, 0.02, 0.01])
def test_true_errors_are_within_the_precision_on_the_whole_in_two_of_three_rows_and_never_twice_as_large(
    estimator, wanted, truth
):
    plans = [Plan(estimator=estimator, budget=Budget(precision=wanted), seed=seed) for seed in range(4)]
    found = [explain_games(games_of(), plan) for plan in plans]
    off = np.concatenate([one.values for one in found]) - np.tile(truth, (4, 1, 1))
    told = np.concatenate([one.standard_errors for one in found])
    errors = np.sqrt((off**2).sum(axis=(1, 2)) / np.tile((truth**2).sum(axis=(1, 2)), 4))
    assert np.sqrt((errors**2).mean()) <= wanted
    assert (errors > wanted).mean() <= 1 / 3
    assert errors.max() <= 2 * wanted
    assert max(one.relative_errors.max() for one in found) <= wanted
    sampled = told > 0
    assert (np.abs(off) <= 1.96 * told)[sampled].mean() >= 0.93
    assert np.sqrt((told**2).mean() / (off**2).mean()) <= 3
    assert np.abs(off[~sampled]).max(initial=0.0) < 1e-12


def test_rows_that_have_cells_of_the_background_are_precise_with_fewer_model_inputs(monkeypatch, truth):
    plan = Plan(budget=Budget(precision=0.01))
    apart = explain_games(games_of(), plan)
    monkeypatch.setattr(sys.modules["pellucid.explain.apart"], "FEWER", 0.0)
    together = explain_games(games_of(), plan)
    assert ((apart.values - truth) ** 2).sum() <= 1.1 * ((together.values - truth) ** 2).sum()
    assert apart.model_rows < 0.8 * together.model_rows


def test_all_coalitions_of_games_apart_give_the_exact_values(truth):
    found = explain_games(games_of(), Plan(budget=Budget(precision=1e-9)))
    assert np.abs(found.values - truth).max() < 1e-12
    assert found.standard_errors.max() == 0
    assert set(found.estimators) == {"enumeration"}


def test_values_add_up_to_the_prediction_minus_the_base_for_every_output():
    found = explain_games(games_of(outputs=3), Plan(budget=Budget(precision=0.03)))
    assert found.values.shape == (ROWS, PLAYERS, 3)
    assert np.abs(found.values.sum(axis=1) - (found.predictions - found.base_values)).max() < 1e-12
    assert found.relative_errors.max() <= 0.03


def test_several_outputs_are_near_their_exact_values():
    games = games_of(rows=20, outputs=3)
    found, expected = explain_games(games, Plan(budget=Budget(precision=0.02))), exact(games)
    errors = np.sqrt(((found.values - expected) ** 2).sum(axis=1) / (expected**2).sum(axis=1))
    assert np.sqrt((errors**2).mean()) <= 0.02


def test_a_row_that_equals_a_background_row_is_explained_by_the_others():
    explained = table(3, 1)
    shown = Batch({name: np.append(explained.columns[name][:1], [1.0, 0.0]) for name in explained.names})
    games = MaskedGames(TabularMasker(explained, shown, players_of(explained.names)), Model())
    found = explain_games(games, Plan(budget=Budget(precision=0.001)))
    assert np.abs(found.values - exact(games)).max() < 0.001 * np.abs(found.values).max()


def mixed_games():
    """Three blocks: of the one in the middle no cell equals any of the background."""
    cells = {name: column.copy() for name, column in table(150, 1).columns.items()}
    for column in cells.values():
        column[64:128] += 0.1
    return MaskedGames(TabularMasker(Batch(cells), table(BACKGROUND, 2), players_of(list(cells))), RowByRow())


def test_blocks_asked_for_alone_or_together_have_the_same_bytes_whichever_are_played_apart():
    games, plan = mixed_games(), Plan(budget=Budget(precision=0.05))
    blocks = (np.arange(64), np.arange(64, 128), np.arange(128, 150))
    assert [before_each_if_fewer(games, rows) is None for rows in blocks] == [False, True, False]
    together = list(explain_blocks(games, plan))
    alone = [part for block in (0, 1, 2) for part in explain_blocks(games, plan, [block])]
    assert [part.blocks[0] for part in together] == [0, 1, 2]
    for one, other in zip(together, alone, strict=True):
        assert one.samples.tolist() == other.samples.tolist()
        assert one.estimators == other.estimators
        assert one.values.tobytes() == other.values.tobytes()
        assert one.standard_errors.tobytes() == other.standard_errors.tobytes()
    assert sum(part.model_rows for part in together) == games.predict.asked - sum(part.model_rows for part in alone)


def test_parts_of_the_rows_have_the_bytes_that_they_have_among_all():
    games, plan = games_of(rows=128), Plan(budget=Budget(precision=0.05))
    masker = TabularMasker(games.masker.explained[64:128], games.masker.background, games.masker.columns_of)
    of_part = MaskedGames(PartMasker(masker, 64, 128), Model())
    (among_all,), (alone,) = explain_blocks(games, plan, [1]), explain_blocks(of_part, plan, [1])
    assert among_all.values.tobytes() == alone.values.tobytes()


@pytest.mark.parametrize("calls", [15_000, 40_000])
def test_a_bound_of_model_calls_holds(calls):
    model = Model()
    plan = Plan(budget=Budget(precision=0.0001, model_calls=calls))
    found = Attributions.join(list(explain_blocks(games_of(model=model), plan)))
    assert found.model_rows == model.asked <= calls


def test_too_few_samples_for_an_error_leave_it_unknown():
    found = explain_games(games_of(rows=4), Plan(budget=Budget(precision=0.01, samples=14)))
    assert set(found.estimators) == {"border"}
    assert np.isnan(found.standard_errors).any()
    assert np.abs(found.values.sum(axis=1) - (found.predictions - found.base_values)).max() < 1e-12


def test_samples_are_the_mean_of_those_before_each_background_row():
    model = Model()
    found = explain_games(games_of(rows=1, model=model), Plan(budget=Budget(precision=0.02)))
    # Besides the coalitions, the row itself and every background row are asked; a few coalitions show what others do.
    asked = model.asked - 1 - BACKGROUND
    assert 0.9 * (found.samples[0] - 1) * BACKGROUND < asked <= found.samples[0] * BACKGROUND


def test_players_differ_before_each_background_row_where_its_cells_differ():
    games = games_of(rows=5)
    explained, shown = (
        np.column_stack(list(side.columns.values())) for side in (games.masker.explained, games.masker.background)
    )
    found = before_each_if_fewer(games, np.array([1, 3]))
    assert found.tolist() == (explained[[1, 3], None] != shown).tolist()


def test_games_are_not_played_apart_where_all_cells_differ_or_one_background_row_is_all(function_games):
    assert before_each_if_fewer(games_of(values=0), np.arange(3)) is None
    assert before_each_if_fewer(games_of(background=1), np.arange(3)) is None
    other = function_games(2, 3, lambda row, z: z.sum(axis=1), inputs_per_coalition=6)
    assert before_each_if_fewer(other, np.arange(2)) is None


@pytest.mark.parametrize(("estimator", "wanted"), [("auto", 0.02), ("leverage", 0.05)])
def test_global_values_are_within_their_intervals_which_are_hardly_wider_than_their_errors(estimator, wanted, truth):
    plans = [Plan(estimator=estimator, budget=Budget(precision=wanted), seed=seed) for seed in range(6)]
    found = [explain_games(games_of(), plan) for plan in plans]
    for method in AGGREGATIONS:
        target = aggregate(truth, np.zeros(truth.shape), method=method).value
        told = [global_values(one, method) for one in found]
        held = np.mean([(one.low <= target) & (target <= one.high) for one in told])
        off = np.sqrt(np.mean([(one.corrected - target) ** 2 for one in told], axis=0))
        size = np.sqrt(np.mean([one.standard_error**2 for one in told], axis=0))
        # Between few rows a median has gaps of its own, which the noise smooths and nothing tells afterwards.
        assert held >= (0.9 if method == "median" else 0.93)
        assert np.median(size / off) <= 2


def global_values(found, method):
    return aggregate(
        found.values,
        found.standard_errors,
        method=method,
        blocks=found.blocks,
        loadings=found.loadings_for(method),
        odd_parts=found.odd_parts,
        learnt=found.learnt,
        noise_shares=found.noise_shares,
    )


def test_loadings_are_those_of_the_block_alone_and_add_up_to_less_than_if_rows_moved_together():
    games, plan = games_of(rows=128), Plan(budget=Budget(precision=0.05))
    together = list(explain_blocks(games, plan))
    for block, part in enumerate(together):
        (alone,) = explain_blocks(games, plan, [block])
        assert part.loadings.tobytes() == alone.loadings.tobytes()
        share = (all_weights(part.values) * np.moveaxis(part.loadings, 3, 0)).sum(axis=1)
        most = np.abs(all_weights(part.values) * part.standard_errors).sum(axis=1)
        assert (share > 0).all()
        assert (share < most / 2).all()


def test_loadings_are_unknown_where_errors_are():
    found = explain_games(games_of(rows=4), Plan(budget=Budget(precision=0.01, samples=14)))
    unknown = np.isnan(found.standard_errors)
    assert (np.isnan(found.loadings) == unknown[..., None]).all()


def test_odd_parts_add_up_to_nothing_over_the_players_of_a_row():
    found = explain_games(games_of(), Plan(budget=Budget(precision=0.02)))
    assert found.learnt.any()
    assert np.abs(found.odd_parts).max() > 1e-3 * np.abs(found.values).max()
    assert np.abs(found.odd_parts.sum(axis=1)).max() < 1e-6 * np.abs(found.values).max()
