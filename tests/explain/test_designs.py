"""Which coalitions are asked, and how often."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.designs import (
    border,
    capacity,
    clarify,
    enumeration,
    leverage,
    pairs_per_size,
    permutations,
    stream,
)


def draws(seed):
    return lambda size: stream(seed, size)


def distinct(coalitions):
    return len(np.unique(coalitions, axis=0))


@pytest.mark.parametrize("players", [2, 3, 6])
def test_an_enumeration_holds_every_proper_coalition_once(players):
    design = enumeration(players)
    assert len(design.coalitions) == distinct(design.coalitions) == 2**players - 2
    assert design.complete


def test_the_kernel_weights_of_four_players_are_a_quarter_and_an_eighth():
    design = enumeration(4)
    assert {size: set(design.weights[design.coalitions.sum(axis=1) == size]) for size in (1, 2, 3)} == {
        1: {0.25},
        2: {0.125},
        3: {0.25},
    }


@pytest.mark.parametrize(
    "design",
    [enumeration(5), border(5), leverage(9, 60, draws(0)), clarify(7, 20, stream(0)), permutations(6, 30, stream(0))],
    ids=lambda design: design.scheme,
)
def test_complements_stand_behind_their_pairs(design):
    first, second = design.coalitions[: design.pairs], design.coalitions[design.pairs : 2 * design.pairs]
    assert np.array_equal(first, ~second)


def test_the_border_has_every_player_alone_and_everyone_but_one():
    assert sorted(border(5).coalitions.sum(axis=1).tolist()) == [1] * 5 + [4] * 5


@pytest.mark.parametrize(("samples", "alone", "last"), [(3, 3, 0), (7, 5, 2), (10, 5, 5), (99, 5, 5)])
def test_a_cut_border_tries_every_player_alone_before_any_last(samples, alone, last):
    sizes = border(5, samples).coalitions.sum(axis=1)
    assert ((sizes == 1).sum(), (sizes == 4).sum()) == (alone, last)


@given(players=st.integers(2, 40), pairs=st.integers(1, 500))
def test_every_pair_is_spent_unless_there_are_no_more(players, pairs):
    counts = pairs_per_size(players, pairs)
    assert sum(counts) == min(pairs, 2 ** (players - 1) - 1)
    assert all(n <= cap for n, cap in zip(counts, capacity(players), strict=True))


@given(players=st.integers(2, 40), pairs=st.integers(1, 300))
def test_no_size_loses_a_pair_when_the_budget_grows(players, pairs):
    smaller, larger = pairs_per_size(players, pairs), pairs_per_size(players, pairs + 1)
    assert all(a <= b for a, b in zip(smaller, larger, strict=True))


def test_sizes_have_equal_mass_and_the_middle_size_half():
    assert pairs_per_size(20, 95) == (10,) * 9 + (5,)


@given(players=st.integers(2, 70), samples=st.integers(2, 400), seed=st.integers(0, 2**70))
def test_leverage_pairs_are_distinct_and_never_more_than_asked(players, samples, seed):
    design = leverage(players, samples, draws(seed))
    assert len(design.coalitions) == distinct(design.coalitions) == min(samples // 2 * 2, 2**players - 2)


@given(players=st.integers(2, 70), samples=st.integers(2, 200), more=st.integers(0, 300), seed=st.integers(0, 99))
def test_a_longer_leverage_design_holds_every_shorter_one(players, samples, more, seed):
    shorter, longer = (leverage(players, n, draws(seed)) for n in (samples, samples + more))
    assert np.array_equal(longer.coalitions[longer.position_of(shorter)], shorter.coalitions)


def test_with_budget_for_all_the_leverage_design_is_complete():
    design = leverage(7, 2**7 - 2, draws(0))
    assert design.complete
    assert design.weights.sum() == pytest.approx(enumeration(7).weights.sum())


def test_every_coalition_of_a_size_is_drawn_as_often_as_its_inclusion_probability_says():
    seeds, hits = 2000, {}
    for seed in range(seeds):
        design = leverage(6, 20, draws(seed))
        for coalition, inclusion in zip(design.coalitions, design.inclusion, strict=True):
            count, _ = hits.get(coalition.tobytes(), (0, inclusion))
            hits[coalition.tobytes()] = (count + 1, inclusion)
    assert len(hits) == 2**6 - 2
    for count, inclusion in hits.values():
        spread = math.sqrt(inclusion * (1 - inclusion) / seeds)
        assert count / seeds == pytest.approx(inclusion, abs=4.5 * spread + 1e-9)


def test_a_hundred_players_have_more_subsets_than_a_word_can_count():
    design = leverage(100, 2000, draws(0))
    sizes = design.coalitions[: design.pairs].sum(axis=1)
    assert len(design.coalitions) == distinct(design.coalitions) == 2000
    assert set(sizes) == set(range(1, 51))


def test_of_a_thousand_players_whose_subsets_no_double_counts_all_coalitions_have_weight():
    design = leverage(1100, 4400, draws(0))
    assert np.isfinite(design.weights).all()
    assert design.weights.min() > 0


def test_clarify_draws_sizes_by_one_over_s_times_m_minus_s():
    drawn = np.concatenate([clarify(16, 5000, stream(seed)).coalitions[:2500].sum(axis=1) for seed in range(4)])
    kernel = np.array([1 / (s * (16 - s)) for s in range(1, 16)])
    share, expected = np.bincount(drawn, minlength=16)[1:] / len(drawn), kernel / kernel.sum()
    assert share == pytest.approx(expected, abs=4 * math.sqrt(0.25 / len(drawn)))


def test_clarify_draws_every_player_equally_often():
    coalitions = clarify(16, 5000, stream(3)).coalitions
    assert coalitions.mean(axis=0) == pytest.approx(np.full(16, 0.5), abs=1e-12)
    single = coalitions[:2500][coalitions[:2500].sum(axis=1) == 1]
    assert single.sum(axis=0) / len(single) == pytest.approx(np.full(16, 1 / 16), abs=0.05)


def test_clarify_drops_the_last_complement_of_an_odd_number():
    design = clarify(14, 15, stream(0))
    assert (len(design.coalitions), design.pairs) == (15, 7)
    assert set(design.weights) == {1.0}


def test_clarify_asks_everything_when_the_samples_allow_it():
    assert clarify(4, 14, stream(0)).scheme == "enumeration"


def test_permutations_grow_by_one_player_at_a_time():
    design = permutations(5, 24, stream(0))
    assert design.coalitions.sum(axis=1).tolist() == [1, 2, 3, 4] * 3 + [4, 3, 2, 1] * 3


def test_an_equal_place_gives_equal_numbers_whatever_was_drawn_before():
    stream(5, 1).random(100)
    assert stream(5, 2).random() == stream(5, 2).random()
    assert stream(5, 2).random() != stream(5, 3).random()
