"""The nearest rows found in blocks, by this process and by others: scikit-learn's answer in every row all the same."""

from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.neighbors import KNeighborsClassifier

from pellucid.bias.analysis import analyse
from pellucid.bias.flip_test import count_flips
from pellucid.bias.neighbour_search import Search
from pellucid.bias.neighbour_votes import Voter, Voting, order_of_ties
from pellucid.bias.neighbours import SENT_ROWS, majority_of_neighbours
from pellucid.config.bias_request import BiasRequest, FacetRequest
from pellucid.engines.frames import FrameTable
from pellucid.engines.processes import local_pool
from pellucid.engines.spark_pool import LARGE, spark_pool
from pellucid.engines.work import digest_of
from pellucid.errors import MissingExtra


def pool_here(recipe):
    return local_pool(recipe.opened(), None, workers=1, processors=1, total=1)


def pool_of_processes(recipe):
    return local_pool(recipe.opened(), recipe, workers=2, processors=2, total=100)


@pytest.fixture(
    params=["here", pytest.param("processes", marks=pytest.mark.slow), pytest.param("spark", marks=pytest.mark.slow)]
)
def workers(request):
    """Opens a pool for a recipe: in this process, in two others, in the workers of Spark."""
    if request.param == "spark":
        return partial(spark_pool, request.getfixturevalue("spark"))
    return pool_here if request.param == "here" else pool_of_processes


def scikit_learn(known, positive, asked, k=5):
    return KNeighborsClassifier(k).fit(known, positive).predict(asked)


def rows(rng, shape, kind):
    """Whole numbers and tenths are full of ties; tenths are rounded when scikit-learn takes them by brute force."""
    if kind == "smooth":
        return rng.normal(size=shape)
    whole = rng.integers(0, 4, shape)
    return {"integers": whole, "whole": whole.astype(float), "tenths": whole * 0.1}[kind]


# --- any workers ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["smooth", "integers", "whole", "tenths"])
@pytest.mark.parametrize("columns", [3, 16], ids=["tree", "brute force"])
def test_whoever_works_every_answer_is_that_of_scikit_learn(workers, kind, columns):
    rng = np.random.default_rng(columns)
    known, asked = rows(rng, (900, columns), kind), rows(rng, (2000, columns), kind)
    positive = rng.random(900) < 0.5
    found = majority_of_neighbours(known, positive, asked, 5, workers=workers, block=300)
    assert np.array_equal(found, scikit_learn(known, positive, asked))


def test_known_rows_of_more_than_a_megabyte_reach_all_workers(workers):
    rng = np.random.default_rng(0)
    known, asked = rng.normal(size=(20_000, 8)), rng.normal(size=(2 * SENT_ROWS + 1, 8))
    positive = rng.random(len(known)) < 0.5
    recipe = Voting(known, positive, Search.of(known, asked, 5), order_of_ties())
    assert digest_of(recipe)[1] > LARGE
    accepted = rng.random(len(asked)) < 0.4
    alone = count_flips(known, positive, asked, accepted)
    assert count_flips(known, positive, asked, accepted, workers=workers) == alone


# --- any blocks -------------------------------------------------------------------------------------------------------
@st.composite
def tied_questions(draw):
    """Few known rows, which are searched by brute force, and many columns, which are too."""
    values = draw(st.sampled_from([st.integers(0, 3).map(float), st.integers(0, 3).map(lambda value: value * 0.1)]))
    n, q = draw(st.sampled_from([1, 3, 9, 10, 12, 40])), draw(st.integers(1, 40))
    m = draw(st.sampled_from([1, 2, 16]))
    known = draw(arrays(np.float64, (n, m), elements=values))
    return known, draw(arrays(bool, n)), draw(arrays(np.float64, (q, m), elements=values))


@settings(max_examples=60, deadline=None)
@given(tied_questions(), st.integers(1, 41), st.booleans())
def test_blocks_of_any_size_are_answered_as_all_rows_at_once(data, block, sent):
    known, positive, asked = data
    k = 5 if len(known) > 9 else 1
    found = majority_of_neighbours(known, positive, asked, k, block=block, workers=pool_here if sent else None)
    assert np.array_equal(found, scikit_learn(known, positive, asked, k))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([3, 16]), st.sampled_from(["integers", "whole", "tenths", "smooth"]))
def test_a_vote_is_the_same_whichever_rows_are_asked_with_it(seed, columns, kind):
    rng = np.random.default_rng(seed)
    known, asked = rows(rng, (60, columns), kind), rows(rng, (40, columns), kind)
    vote = Voter(Voting(known, rng.random(60) < 0.5, Search.of(known, asked, 5), order_of_ties()), threads=1)
    together = vote(asked)
    shuffled = rng.permutation(40)
    assert np.array_equal(vote(asked[shuffled]), together[shuffled])
    assert np.array_equal(np.concatenate([vote(row[None]) for row in asked]), together)


# --- what is left open ------------------------------------------------------------------------------------------------
def test_workers_with_another_order_of_ties_leave_what_depends_on_it_to_the_process_that_asks():
    rng = np.random.default_rng(3)
    known, asked, positive = rows(rng, (500, 3), "whole"), rows(rng, (700, 3), "whole"), rng.random(500) < 0.5
    left_open = []

    @contextmanager
    def other_machines(voting):
        vote = replace(voting, ties="scikit-learn 1.0 on a machine that rounds otherwise").opened()

        def noted(block):
            votes = vote(block)
            left_open.append(np.count_nonzero(votes == 0))
            return votes

        with local_pool(noted, None, workers=1, processors=1, total=1) as pool:
            yield pool

    found = majority_of_neighbours(known, positive, asked, 5, workers=other_machines, block=20)
    assert sum(left_open) > 0
    assert np.array_equal(found, scikit_learn(known, positive, asked))


def test_no_vote_of_a_tree_is_left_open_and_of_brute_force_none_without_ties():
    rng = np.random.default_rng(3)
    for columns, kind in ((3, "whole"), (16, "smooth")):
        known, asked = rows(rng, (500, columns), kind), rows(rng, (300, columns), kind)
        voting = Voting(known, rng.random(500) < 0.5, Search.of(known, asked, 5), order_of_ties())
        assert voting.search.brute_force == (columns == 16)
        assert np.count_nonzero(voting.opened()(asked) == 0) == 0


def test_one_block_is_answered_here():
    def nobody(recipe):
        raise AssertionError("no pool is opened for one block")

    rng = np.random.default_rng(1)
    known, asked, positive = rng.normal(size=(50, 2)), rng.normal(size=(30, 2)), rng.random(50) < 0.5
    found = majority_of_neighbours(known, positive, asked, 5, workers=nobody, block=30)
    assert np.array_equal(found, scikit_learn(known, positive, asked))


def test_where_the_workers_lack_a_package_this_process_does_the_work_and_says_so():
    rng = np.random.default_rng(2)
    n = 3 * SENT_ROWS
    people = pl.DataFrame(
        {"x": rng.normal(size=n), "f": np.arange(n) % 2, "y": rng.integers(0, 2, n), "p": rng.integers(0, 2, n)}
    )
    request = BiasRequest(
        label="y",
        positive=(1,),
        facets=(FacetRequest(column="f", values=(1,)),),
        predicted_label="p",
        features=("x", "f"),
        post_training=("FT",),
    )

    def bare(recipe):
        raise MissingExtra("The Python of Spark's workers lacks the module 'pellucid'.")

    told = []
    found = analyse(request, FrameTable(people), workers=bare, progress=told.append)
    lacking = "The Python of Spark's workers lacks the module 'pellucid'."
    assert found.notes == (f"The machine that started the job did the flip test. {lacking}",)
    assert replace(found, notes=()) == analyse(request, FrameTable(people))
    assert told[2:] == [f"flip test on this machine. {lacking}"]
