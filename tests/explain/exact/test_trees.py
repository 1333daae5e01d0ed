"""Exact values of tree ensembles against the definition of the Shapley value."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from pellucid.errors import ModelError
from pellucid.explain.exact import leaf_attributions, leaf_blocks, trees
from pellucid.explain.exact.additivity import additivity_gap
from pellucid.explain.exact.tree_ensemble import LEAF, Tree, ensemble_of
from pellucid.explain.exact.trees import explain_trees, tree_game


def random_tree(rng, features, depth, width=1, categorical=(), output=0):
    """Thresholds and categories are small whole numbers, as are the cells, so that ties and duplicates abound."""
    nodes = []

    def grow(depth_left, *, root=False):
        position = len(nodes)
        nodes.append(None)
        if not depth_left or (not root and rng.random() < 0.2):
            nodes[position] = (LEAF, 0.0, 0, 0, False, rng.normal(size=width), False, None)
            return position
        feature = int(rng.integers(features))
        left, right = grow(depth_left - 1), grow(depth_left - 1)
        categories = rng.choice(4, size=2, replace=False).tolist() if feature in categorical else None
        threshold, missing, zero = float(rng.integers(-2, 3)), rng.random() < 0.5, rng.random() < 0.2
        nodes[position] = (feature, threshold, left, right, missing, np.zeros(width), zero, categories)
        return position

    grow(depth, root=True)
    *columns, categories = zip(*nodes, strict=True)
    feature, threshold, left, right, missing_left, values, zero = map(np.array, columns)
    by_node = {position: found for position, found in enumerate(categories) if found is not None}
    return Tree(feature, threshold, left, right, missing_left, values, output, zero, by_node)


def random_ensemble(seed, features, depth, trees=4, width=1, categorical=()):
    rng = np.random.default_rng(seed)
    grown = [random_tree(rng, features, depth, width, categorical) for _ in range(trees)]
    return ensemble_of(grown, intercept=rng.normal(size=width), features=features)


def random_rows(seed, rows, features, missing=0.15):
    rng = np.random.default_rng(seed)
    cells = rng.integers(-3, 4, size=(rows, features)).astype(float)
    cells[rng.random(cells.shape) < missing] = np.nan
    return cells


def chain(features):
    """A tree whose only path asks for each feature once: 1 where all cells exceed 0."""
    inner = np.arange(features)
    feature = np.concatenate([inner, np.full(features + 1, LEAF)])
    left = np.concatenate([features + inner, np.zeros(features + 1, int)])
    right = np.concatenate([np.append(inner[1:], 2 * features), np.zeros(features + 1, int)])
    values = np.zeros((2 * features + 1, 1))
    values[-1] = 1.0
    return Tree(feature, np.zeros(len(feature)), left, right, np.zeros(len(feature), bool), values)


@pytest.fixture(params=["tables", "sets", "leaf by leaf", "no room for tables"])
def way(request, monkeypatch):
    """All ways to meet the background."""
    if request.param in ("sets", "leaf by leaf"):
        monkeypatch.setattr(trees, "_LONGEST_TABLE", 0)
    if request.param == "leaf by leaf":
        monkeypatch.setattr(leaf_blocks, "_PLAYERS_AT_ONCE", 1)
        monkeypatch.setattr(leaf_blocks, "_PAIRS_AT_ONCE", 5000)
    if request.param == "no room for tables":
        monkeypatch.setattr(trees, "_TABLE_BYTES", 2000)
    return request.param


@pytest.mark.parametrize(
    ("features", "depth", "width", "categorical"),
    [(1, 1, 1, ()), (2, 6, 1, ()), (3, 3, 1, (0, 1, 2)), (5, 4, 2, (1,)), (7, 6, 3, (0, 2))],
)
def test_values_equal_enumeration(enumerated, way, features, depth, width, categorical):
    ensemble = random_ensemble(depth, features, depth, width=width, categorical=categorical)
    rows, background = random_rows(1, 6, features), random_rows(2, 5, features)
    values, base = explain_trees(ensemble, rows, background)
    assert values == pytest.approx(enumerated(ensemble.scores, rows, background), abs=1e-10)
    assert base == pytest.approx(ensemble.scores(background).mean(axis=0), abs=1e-12)


def test_more_background_sets_than_a_word_has_bits_equal_enumeration(enumerated, way):
    ensemble = ensemble_of([chain(8), random_tree(np.random.default_rng(0), 8, 4)], intercept=[0.0], features=8)
    rows, background = random_rows(1, 2, 8, missing=0), np.random.default_rng(2).normal(size=(150, 8))
    assert len(np.unique(background > 0, axis=0)) > 64
    values, _ = explain_trees(ensemble, rows, background)
    assert values == pytest.approx(enumerated(ensemble.scores, rows, background), abs=1e-10)


@pytest.mark.parametrize("owner", [[0, 0, 1, 2, 1], [2, 0, 1, 0, 2], [0, 0, 0, 0, 0], [1, 1, 1, 1, 3]])
def test_features_of_one_player_come_and_go_together(enumerated, way, owner):
    ensemble = random_ensemble(3, 5, 5, width=2)
    rows, background = random_rows(1, 5, 5), random_rows(2, 6, 5)
    players = 4
    game = tree_game(ensemble, background, np.array(owner), players)

    def of_row(row):
        def score(shown):
            return np.stack(
                [ensemble.scores(np.where(present[owner] == 1, row, background)).mean(axis=0) for present in shown]
            )

        return enumerated(score, np.ones((1, players)), np.zeros((1, players)))[0]

    assert game.explain(rows).values == pytest.approx(np.stack([of_row(row) for row in rows]), abs=1e-10)


def test_leaves_of_the_most_common_value_are_left_out_and_nothing_changes(enumerated, way):
    rng = np.random.default_rng(4)
    grown = [random_tree(rng, 5, 6) for _ in range(3)]
    pure = [replace(tree, values=np.where(tree.values > 0, 3.0, 1.0)) for tree in grown]
    ensemble = ensemble_of(pure, intercept=[0.5], features=5)
    rows, background = random_rows(1, 5, 5), random_rows(2, 6, 5)
    values, base = explain_trees(ensemble, rows, background)
    assert values == pytest.approx(enumerated(ensemble.scores, rows, background), abs=1e-10)
    assert base + values.sum(axis=1) == pytest.approx(ensemble.scores(rows), abs=1e-12)
    assert np.array_equal(
        values, explain_trees(ensemble_of(pure, intercept=[9.0], features=5), rows, background).values
    )


def test_longer_paths_than_tables_hold_equal_enumeration(enumerated):
    ensemble = ensemble_of([chain(10)], intercept=[0.0], features=10)
    rows, background = np.abs(random_rows(3, 3, 10, missing=0)) + 1, random_rows(4, 6, 10, missing=0) + 2
    assert explain_trees(ensemble, rows, background).values == pytest.approx(
        enumerated(ensemble.scores, rows, background), abs=1e-10
    )


def test_leaves_of_short_and_of_long_paths_of_the_same_trees_equal_enumeration(enumerated, monkeypatch):
    monkeypatch.setattr(trees, "_LONGEST_TABLE", 3)
    ensemble = random_ensemble(21, 7, 9, trees=2)
    game = tree_game(ensemble, background := random_rows(22, 5, 7))
    groups = [leaves for chunk in game.chunks for level in chunk.levels for leaves in level.leaves]
    asked = [(leaves.features != LEAF).sum(axis=1) for leaves in groups]
    assert {len(np.unique(number)) for number in asked if number.max() <= 3} == {1}
    assert max(len(np.unique(number)) for number in asked if number.max() > 3) > 1
    values = game.explain(rows := random_rows(23, 2, 7)).values
    assert values == pytest.approx(enumerated(ensemble.scores, rows, background), abs=1e-10)


@pytest.mark.parametrize("features", [9, 17, 33, 64])
def test_features_that_are_all_needed_share_equally_however_many(features):
    ensemble = ensemble_of([chain(features)], intercept=[0.0], features=features)
    rows = np.ones((3, features))
    rows[1, -1] = rows[2] = 0.0
    values, base = explain_trees(ensemble, rows, np.zeros((1, features)))
    assert values[0, :, 0] == pytest.approx(np.full(features, 1 / features), abs=1e-12)
    assert not values[1:].any()
    assert base.tolist() == [0.0]


def test_a_path_of_more_than_64_features_is_refused():
    ensemble = ensemble_of([chain(65)], intercept=[0.0], features=65)
    expected = (
        "tree ensemble: one path asks for 65 different features, and exact values are computed for at most 64."
        " Explain by sampling."
    )
    with pytest.raises(ModelError, match=f"^{re.escape(expected)}$"):
        explain_trees(ensemble, np.ones((1, 65)), np.zeros((1, 65)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 7))
def test_values_add_up_to_the_score(seed, features, depth):
    ensemble = random_ensemble(seed, features, depth, categorical=(0,))
    rows, background = random_rows(seed + 1, 5, features), random_rows(seed + 2, 4, features)
    values, base = explain_trees(ensemble, rows, background)
    assert additivity_gap(values, base, ensemble.scores(rows)) == pytest.approx(0, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_values_of_an_ensemble_are_the_sums_of_those_of_its_trees(seed):
    rng = np.random.default_rng(seed)
    trees = [random_tree(rng, 4, 4) for _ in range(3)]
    rows, background = random_rows(seed, 4, 4), random_rows(seed + 1, 3, 4)
    apart = [explain_trees(ensemble_of([tree], intercept=[0.0], features=4), rows, background) for tree in trees]
    together = explain_trees(ensemble_of(trees, intercept=[0.0], features=4), rows, background)
    assert together.values == pytest.approx(sum(part.values for part in apart), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_values_against_a_background_are_the_mean_of_those_against_its_rows(seed):
    ensemble = random_ensemble(seed, 4, 4)
    rows, background = random_rows(seed, 4, 4), random_rows(seed + 1, 3, 4)
    one_by_one = [explain_trees(ensemble, rows, row[None]).values for row in background]
    assert explain_trees(ensemble, rows, background).values == pytest.approx(np.mean(one_by_one, axis=0), abs=1e-12)


def test_a_feature_that_no_tree_asks_for_gets_exactly_nothing():
    ensemble = ensemble_of([chain(2)], intercept=[0.0], features=3)
    values, _ = explain_trees(ensemble, random_rows(0, 9, 3), random_rows(1, 4, 3))
    assert not values[:, 2].any()


def test_each_class_of_a_boosted_classifier_has_its_own_trees(enumerated):
    rng = np.random.default_rng(5)
    trees = [random_tree(rng, 4, 3, output=position % 3) for position in range(9)]
    ensemble = ensemble_of(trees, intercept=[0.0, 1.0, 2.0], features=4)
    rows, background = random_rows(6, 4, 4), random_rows(7, 3, 4)
    values, _ = explain_trees(ensemble, rows, background)
    assert values == pytest.approx(enumerated(ensemble.scores, rows, background), abs=1e-10)


def test_a_tree_of_one_leaf_moves_the_base_only():
    leaf = Tree(np.array([LEAF]), np.zeros(1), np.zeros(1, int), np.zeros(1, int), np.zeros(1, bool), np.array([[3.0]]))
    ensemble = ensemble_of([leaf, chain(1), leaf], intercept=[1.0], features=1)
    values, base = explain_trees(ensemble, np.ones((1, 1)), np.zeros((1, 1)))
    assert (values.ravel().tolist(), base.tolist()) == ([1.0], [7.0])


def test_a_row_has_the_same_values_in_every_block(monkeypatch, way):
    ensemble, rows = random_ensemble(8, 5, 5), random_rows(9, 100, 5)
    game = tree_game(ensemble, random_rows(10, 6, 5))
    whole = game.explain(rows).values
    assert np.array_equal(np.concatenate([game.explain(rows[:33]).values, game.explain(rows[33:]).values]), whole)
    monkeypatch.setattr(leaf_attributions, "_BITS_AT_ONCE", 1)
    assert np.array_equal(game.explain(rows).values, whole)
    monkeypatch.setattr(trees, "_SETS_AT_ONCE", 1)
    assert np.array_equal(game.explain(rows).values, whole)


def test_trees_in_chunks_give_the_same_values(monkeypatch):
    ensemble, rows, background = random_ensemble(11, 5, 5, trees=9), random_rows(12, 7, 5), random_rows(13, 6, 5)
    whole = explain_trees(ensemble, rows, background).values
    monkeypatch.setattr(trees, "_NODES_AT_ONCE", 50)
    assert explain_trees(ensemble, rows, background).values == pytest.approx(whole, abs=1e-14)


def test_siblings_share_what_their_common_features_get(way):
    """The right child of the root parts into 1 and 3; a row goes right and left, the background left and right.

    The four scores are 0 without the first feature, 3 with it alone, 1 with both: it gets (3 + 1) / 2, the other one
    (0 + 1 - 3) / 2.
    """
    nodes = np.array([0, LEAF, 1, LEAF, LEAF])
    values = np.array([[0.0], [0.0], [0.0], [1.0], [3.0]])
    tree = Tree(nodes, np.zeros(5), np.array([1, 0, 3, 0, 0]), np.array([2, 0, 4, 0, 0]), np.zeros(5, bool), values)
    ensemble = ensemble_of([tree], intercept=[0.0], features=2)
    found, _ = explain_trees(ensemble, np.array([[1.0, -1.0]]), np.array([[-1.0, 1.0]]))
    assert found[0, :, 0] == pytest.approx([2.0, -1.0], abs=1e-15)


def test_no_rows_have_no_values():
    values, base = explain_trees(random_ensemble(0, 3, 2), np.empty((0, 3)), np.zeros((1, 3)))
    assert (values.shape, base.shape) == ((0, 3, 1), (1,))


# --- what exact values cost ------------------------------------------------------------------------------------------
def bushy(depth, features):
    """A tree of full depth that asks for another feature on each level."""
    nodes = np.arange(2 ** (depth + 1) - 1)
    inner = nodes < 2**depth - 1
    level = np.floor(np.log2(nodes + 1)).astype(int)
    feature = np.where(inner, level % features, LEAF)
    left = np.where(inner, 2 * nodes + 1, 0)
    values = np.random.default_rng(depth).normal(size=(len(nodes), 1))
    return Tree(feature, np.zeros(len(nodes)), left, left + inner, np.zeros(len(nodes), bool), values)


def test_forests_cost_more_than_few_samples_and_less_than_many(monkeypatch):
    monkeypatch.setattr(trees, "_ALWAYS_WORTH", 0)
    monkeypatch.setattr(trees, "_ALWAYS_WORTH_TOGETHER", 0)
    forest = ensemble_of([bushy(8, 9)] * 3, intercept=[0.0], features=9)
    game = tree_game(forest, np.random.default_rng(0).normal(size=(30, 9)))
    assert (game.dearer_than(5, 1000), game.dearer_than(10_000, 1000)) == (True, False)
    assert (game.dearer_than(300, 1), game.dearer_than(300, 1000)) == (True, False)


def test_small_forests_are_always_worth_it():
    game = tree_game(ensemble_of([bushy(5, 5)] * 10, intercept=[0.0], features=5), np.zeros((1, 5)))
    assert not game.dearer_than(1, 1)
    assert not game.dearer_than(1, 10_000)


# --- comparisons -----------------------------------------------------------------------------------------------------
def stump(**changes):
    nodes = {
        "feature": np.array([0, LEAF, LEAF]),
        "threshold": np.array([0.1, 0, 0]),
        "left": np.array([1, 0, 0]),
        "right": np.array([2, 0, 0]),
        "missing_left": np.zeros(3, bool),
        "values": np.array([[0.0], [1.0], [2.0]]),
    }
    return Tree(**{**nodes, **changes})


def scores_of_stump(cells, tree=None, **settings):
    ensemble = ensemble_of([tree or stump()], intercept=[0.0], features=1, **settings)
    return ensemble.scores(np.array(cells, dtype=float)[:, None]).ravel().tolist()


def test_a_cell_equal_to_the_threshold_goes_left():
    assert scores_of_stump([0.1, np.nextafter(0.1, 1)]) == [1, 2]


def test_single_precision_rounds_the_cell_and_not_the_threshold():
    # The float32 next to 0.1 is greater than it.
    assert scores_of_stump([0.1], single_precision=True) == [2]


def test_a_missing_cell_goes_where_the_node_says():
    assert scores_of_stump([np.nan]) == [2]
    assert scores_of_stump([np.nan], stump(missing_left=np.ones(3, bool))) == [1]


def test_zero_may_stand_for_missing():
    zero = stump(zero_is_missing=np.array([True, False, False]))
    assert scores_of_stump([0.0, 1e-36, 0.05, np.nan], zero) == [2, 2, 1, 2]


def test_categories_go_left_and_all_others_right():
    tree = stump(categories={0: [3.0, 5.0]})
    assert scores_of_stump([3, 4, 5, 99, -1, 3.5], tree) == [1, 2, 1, 2, 2, 2]
    assert scores_of_stump([3.5], tree, whole_categories=True) == [1]


@pytest.mark.parametrize(("link", "expected"), [("identity", 1.0), ("logit", 1 / (1 + np.exp(-1))), ("log", np.e)])
def test_a_link_turns_scores_into_predictions(link, expected):
    ensemble = ensemble_of([stump()], intercept=[0.0], features=1, link=link)
    assert ensemble.predictions(np.zeros((1, 1))).item() == pytest.approx(expected)


def test_probabilities_of_classes_add_up_to_one():
    two = [stump(), stump(output=1, values=np.zeros((3, 1)))]
    ensemble = ensemble_of(two, intercept=[0.0, 0.0], features=1, link="softmax")
    assert ensemble.predictions(np.zeros((1, 1)))[0] == pytest.approx([np.e / (1 + np.e), 1 / (1 + np.e)])


def test_values_do_not_depend_on_the_number_of_threads(monkeypatch, way):
    monkeypatch.setattr(trees, "_WORTH_THREADS", 0)
    monkeypatch.setattr(leaf_blocks, "_PAIRS_AT_ONCE", 5000)
    ensemble, rows = random_ensemble(31, 9, 8, width=2), random_rows(32, 90, 9)
    game = tree_game(ensemble, random_rows(33, 6, 9))
    assert sum(len(chunk.blocks) for chunk in game.chunks) > 3
    found = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        found.append(game.explain(rows).values.tobytes())
    assert len(set(found)) == 1


def test_little_work_is_not_divided_among_threads(monkeypatch):
    def refused(*_):
        raise AssertionError

    monkeypatch.setattr(trees, "_LONGEST_TABLE", 0)
    game = tree_game(random_ensemble(31, 9, 8), random_rows(33, 6, 9))
    monkeypatch.setattr(trees, "allowed_threads", refused)
    game.explain(random_rows(32, 1, 9))
    monkeypatch.setattr(trees, "_WORTH_THREADS", 0)
    with pytest.raises(AssertionError):
        game.explain(random_rows(32, 1, 9))


def test_values_do_not_depend_on_the_threads_of_linear_algebra():
    # As many leaves of six features as make one product of all worth threads to the library.
    ensemble = random_ensemble(3, features=6, depth=7, trees=12)
    rows, background = random_rows(4, 80, 6), random_rows(5, 50, 6)
    found = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads, user_api="blas"):
            found.append(explain_trees(ensemble, rows, background).values)
    assert found[0].tobytes() == found[1].tobytes()
