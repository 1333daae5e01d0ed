"""Further samples go where they take most off the error for what they cost."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.allocation import COMPLETED, MOST_GROWTH, POWER, allocated


@st.composite
def kinds(draw):
    number = draw(st.integers(1, 6))
    shares = np.array(draw(st.lists(st.floats(0.0, 1.0), min_size=number, max_size=number)))
    samples = np.array(draw(st.lists(st.integers(2, 300), min_size=number, max_size=number)))
    beyond = np.array(draw(st.lists(st.integers(0, 5000), min_size=number, max_size=number)))
    games = np.array(draw(st.lists(st.integers(1, 500), min_size=number, max_size=number)))
    return shares / max(shares.sum(), 1.0), samples, samples + beyond, games


@given(kinds(), st.floats(1.1, 1000.0))
def test_no_kind_loses_samples_or_gets_more_than_it_may(given_kinds, times):
    shares, samples, most, games = given_kinds
    found = allocated(shares, samples, most, games, times)
    assert ((samples <= found) & (found <= most)).all()


@given(kinds(), st.floats(1.1, 1000.0))
def test_the_variance_is_reached_wherever_samples_may_grow_enough(given_kinds, times):
    shares, samples, most, games = given_kinds
    found = allocated(shares, samples, most, games, times)
    variance = times * shares
    left = np.where(found < most, variance * (samples / found) ** POWER, 0).sum()
    may_grow = (found < most) & (found < np.floor(MOST_GROWTH * samples)) & (shares > 1e-9)
    assert left <= 1 + 1e-9 or not may_grow.any()


@given(st.integers(20, 200), st.integers(1, 50), st.floats(0.01, 0.49), st.floats(2.0, 50.0))
def test_of_kinds_alike_the_one_with_the_larger_share_gets_more(samples, games, share, times):
    less, more = allocated(
        np.array([share, 1 - share]), np.full(2, samples), np.full(2, 10**6), np.full(2, games), times
    )
    assert less <= more


def test_the_same_share_of_fewer_games_is_cheaper_to_reduce():
    few, many = allocated(np.array([0.5, 0.5]), np.full(2, 50), np.full(2, 10**6), np.array([5, 50]), 10.0)
    assert few > many


def test_nearly_all_coalitions_become_all():
    (found,) = allocated(np.ones(1), np.array([80]), np.array([126]), np.ones(1, dtype=int), 4.0)
    assert 80 * 4.0 ** (1 / POWER) > COMPLETED * 126
    assert found == 126
