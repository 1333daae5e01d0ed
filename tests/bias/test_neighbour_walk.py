"""The walk through a tree of which only the branches walked are built: scikit-learn's answer in every row."""

import numpy as np
import pytest
import sklearn
from sklearn.neighbors import KNeighborsClassifier

from pellucid.bias import neighbour_walk
from pellucid.bias.neighbour_search import Search
from pellucid.bias.neighbour_votes import Voter, Voting, order_of_ties
from pellucid.bias.neighbour_walk import Walk, walks_alike
from pellucid.bias.neighbours import majority_of_neighbours

KNOWN = walks_alike(sklearn.__version__)
like_the_tree = pytest.mark.skipif(not KNOWN, reason="this scikit-learn is asked itself: no walk stands for its tree")

SIZES = (12, 31, 32, 60, 61, 62, 121, 241, 242, 700, 3000)
"""Around those where scikit-learn's tree gets one level more."""
UNBOUNDED = 10**9


def tied_case(rng):
    """Rows to know, flags and rows to ask: whole numbers, of which the columns have few and of their own magnitudes."""
    rows, columns, values = rng.choice(SIZES), rng.integers(1, 16), rng.choice([1, 2, 3, 5, 20, 1000])
    magnitudes = rng.choice([1, 1, 7, 1000], size=columns)
    drawn = rng.integers(-values, values + 1, (rows + 20, columns)) * magnitudes
    if rng.random() < 0.5:
        drawn = drawn.astype(float)
    return drawn[:rows], np.arange(rows) % 2 == rng.permutation(np.arange(rows) % 3 == 0), drawn[rows:]


def walked(known, positive, asked, k):
    return Walk(known, positive, k, visits=UNBOUNDED).votes(asked.astype(float)) > 0


def scikit_learn(known, positive, asked, k):
    return KNeighborsClassifier(k).fit(known, positive).predict(asked)


def disagreements(seed, cases):
    """Seeds of the cases in which any answer differs."""
    found = []
    for case in range(cases):
        rng = np.random.default_rng([seed, case])
        known, positive, asked = tied_case(rng)
        k = int(rng.choice([1, 3, 5]))
        if not np.array_equal(walked(known, positive, asked, k), scikit_learn(known, positive, asked, k)):
            found.append((seed, case))
    return found


@like_the_tree
def test_of_two_hundred_data_sets_full_of_ties_every_answer_is_that_of_scikit_learn():
    assert disagreements(seed=1, cases=200) == []


@like_the_tree
@pytest.mark.slow
def test_of_a_thousand_data_sets_full_of_ties_every_answer_is_that_of_scikit_learn():
    assert disagreements(seed=2, cases=1000) == []


def test_the_order_of_the_known_rows_decides_among_ties():
    """Otherwise these tests would prove nothing: turned round, the same rows answer otherwise."""
    rng = np.random.default_rng(4)
    known, asked, positive = rng.integers(0, 4, (500, 3)), rng.integers(0, 4, (200, 3)), rng.random(500) < 0.5
    assert not np.array_equal(walked(known, positive, asked, 5), walked(known[::-1], positive[::-1], asked, 5))


@pytest.mark.parametrize("version", ["0.24.2", "1.0.2", "1.10.0", "2.0.0", "1", "nightly", ""])
def test_releases_that_were_not_looked_at_are_not_taken_for_alike(version):
    assert not walks_alike(version)


def test_of_other_releases_every_tied_vote_is_asked_of_scikit_learn_itself(monkeypatch):
    monkeypatch.setattr(neighbour_walk, "VERSIONS", ((0, 1), (0, 2)))
    rng = np.random.default_rng(8)
    known, asked = (rng.integers(0, 4, (n, 3)).astype(float) for n in (500, 20))
    positive = rng.random(500) < 0.5
    vote = Voter(Voting(known, positive, Search.of(known, asked, 5), order_of_ties()), threads=1)
    assert (vote._settled(asked) == 0).any()
    assert np.array_equal(vote(asked) > 0, scikit_learn(known, positive, asked, 5))
    assert vote._walk is None
    assert "_classifier" in vars(vote)


@like_the_tree
def test_a_walk_gives_up_where_the_tree_takes_less_time():
    rng = np.random.default_rng(5)
    known, asked, positive = rng.integers(0, 4, (500, 3)), rng.integers(0, 4, (9, 3)), rng.random(500) < 0.5
    assert not Walk(known, positive, 5).votes(asked.astype(float)).any()  # nine are too many to begin with
    begun = Walk(known, positive, 5, visits=100).votes(asked.astype(float))
    answered = np.flatnonzero(begun)
    assert 0 < len(answered) < 9
    assert np.array_equal(begun[answered] > 0, scikit_learn(known, positive, asked, 5)[answered])


def test_few_tied_votes_are_walked_and_many_asked_of_the_tree_with_the_same_answers():
    rng = np.random.default_rng(6)
    known = rng.integers(0, 60, (30_000, 3)).astype(float)
    asked, positive = rng.integers(0, 60, (4000, 3)).astype(float), rng.random(30_000) < 0.5
    few = Voter(Voting(known, positive, Search.of(known, asked, 5), order_of_ties()), threads=1)
    tied = np.flatnonzero(few._settled(asked) == 0)
    assert len(tied) > 500
    expected = scikit_learn(known, positive, asked, 5)
    assert np.array_equal(few(asked[tied[:3]]) > 0, expected[tied[:3]])
    assert ("_classifier" not in vars(few)) == KNOWN
    assert np.array_equal(few(asked) > 0, expected)
    assert "_classifier" in vars(few)
    assert np.array_equal(majority_of_neighbours(known, positive, asked, 5), expected)


@pytest.mark.parametrize(
    ("factor", "columns", "walks"),
    [(1.0, 3, True), (0.1, 3, False), (1e8, 3, False)],
    ids=["whole", "fractions", "too large for exact squares"],
)
def test_only_where_distances_are_exact_the_tree_is_walked_here(factor, columns, walks):
    rng = np.random.default_rng(7)
    known, asked = (rng.integers(0, 4, (n, columns)) * factor for n in (500, 300))
    positive = rng.random(500) < 0.5
    vote = Voter(Voting(known, positive, Search.of(known, asked, 5), order_of_ties()), threads=1)
    assert np.array_equal(vote(asked) > 0, scikit_learn(known, positive, asked, 5))
    assert (vote._walk is not None) == (walks and KNOWN)
