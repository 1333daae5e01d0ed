"""The flip test: the worked example, scikit-learn's answer in every row, sampling, and what is refused."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.neighbors import KNeighborsClassifier

from pellucid import bias
from pellucid.bias.flip_test import Flips, count_flips
from pellucid.bias.neighbour_votes import distinct_rows
from pellucid.bias.neighbours import majority_of_neighbours
from pellucid.errors import AnalysisError, ConfigError

ROWS_OF_A = np.array([[0.0], [1], [2], [3], [4], [10], [11], [12], [13], [14]])
ACCEPTED_A = ROWS_OF_A[:, 0] >= 10
ROWS_OF_D = np.array([[1.2], [2.2], [12.4], [11.6], [12.9]])
ACCEPTED_D = np.array([False, True, False, True, False])
NAN = float("nan")


def scikit_learn(known, positive, asked, k):
    return KNeighborsClassifier(k).fit(known, positive).predict(asked)


# --- the metric ------------------------------------------------------------------------------------------------------
def test_the_worked_example():
    flips = count_flips(ROWS_OF_A, ACCEPTED_A, ROWS_OF_D, ACCEPTED_D)
    assert flips == Flips(rows=5, to_negative=1, to_positive=2, population=5)
    assert flips.value == -0.2
    assert flips.standard_error == 0.0


def test_nine_rows_of_a_ask_the_nearest_one_and_ten_ask_five():
    known = np.arange(10.0)[:, None]
    accepted = np.arange(10) == 0
    asked, rejected = np.array([[0.1]]), np.array([False])
    assert count_flips(known[:9], accepted[:9], asked, rejected).to_positive == 1
    assert count_flips(known, accepted, asked, rejected).to_positive == 0


def test_one_row_of_a_decides_for_everyone():
    assert count_flips(np.array([[7.0]]), np.array([True]), ROWS_OF_D, ACCEPTED_D).value == -3 / 5


def test_exchanging_acceptance_and_rejection_negates_the_value():
    flips = count_flips(ROWS_OF_A, ~ACCEPTED_A, ROWS_OF_D, ~ACCEPTED_D)
    assert (flips.to_negative, flips.to_positive, flips.value) == (2, 1, 0.2)


def test_people_decided_as_their_neighbours_do_not_flip():
    assert count_flips(ROWS_OF_A, ACCEPTED_A, ROWS_OF_D, ROWS_OF_D[:, 0] > 7).value == 0.0


def test_a_constant_column_changes_nothing():
    widened = [np.column_stack([rows, np.full(len(rows), 3.5)]) for rows in (ROWS_OF_A, ROWS_OF_D)]
    assert count_flips(widened[0], ACCEPTED_A, widened[1], ACCEPTED_D).value == -0.2


# --- samples ---------------------------------------------------------------------------------------------------------
def test_equal_generators_draw_equal_samples():
    drawn = [
        count_flips(ROWS_OF_A, ACCEPTED_A, ROWS_OF_D, ACCEPTED_D, sample=3, rng=np.random.default_rng(1))
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]
    assert (drawn[0].rows, drawn[0].population) == (3, 5)


def test_a_sample_of_all_rows_is_all_rows():
    everyone = count_flips(ROWS_OF_A, ACCEPTED_A, ROWS_OF_D, ACCEPTED_D)
    assert count_flips(ROWS_OF_A, ACCEPTED_A, ROWS_OF_D, ACCEPTED_D, sample=9, rng=np.random.default_rng(1)) == everyone


def test_the_standard_error_is_that_of_the_mean_of_a_sample_without_replacement():
    """Two outcomes of 1, three of -1, five of 0: variance (5 - 10 * 0.01) / 9, of which 10 in 40 rows leave 3 / 4."""
    flips = Flips(rows=10, to_negative=2, to_positive=3, population=40)
    assert flips.standard_error == pytest.approx((4.9 / 9 / 10 * 0.75) ** 0.5)
    assert np.isnan(Flips(rows=1, to_negative=1, to_positive=0, population=2).standard_error)


def test_samples_spread_as_the_standard_error_says():
    known = np.arange(10.0)[:, None]
    rng = np.random.default_rng(0)
    asked, accepted = rng.uniform(0, 9, (400, 1)), rng.random(400) < 0.3
    samples = [count_flips(known, known[:, 0] > 4, asked, accepted, sample=100, rng=rng) for _ in range(300)]
    spread = np.std([flips.value for flips in samples])
    assert spread == pytest.approx(np.mean([flips.standard_error for flips in samples]), rel=0.15)


# --- refusals --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rows_of_a", "rows_of_d", "message"),
    [
        (5, 0, "Facet set is empty"),
        (0, 5, "Negated Facet set is empty"),
        (0, 0, "Facet set is empty"),
    ],
)
def test_an_empty_facet_is_refused_in_the_words_of_clarify(rows_of_a, rows_of_d, message):
    with pytest.raises(AnalysisError) as refusal:
        count_flips(
            np.zeros((rows_of_a, 1)), np.ones(rows_of_a, bool), np.zeros((rows_of_d, 1)), np.ones(rows_of_d, bool)
        )
    assert refusal.value.message == message


@pytest.mark.parametrize("bad", [NAN, float("inf")])
@pytest.mark.parametrize("facet", ["a", "d"])
def test_missing_and_infinite_values_are_refused_in_the_words_of_the_neighbour_search(bad, facet):
    rows = {"a": ROWS_OF_A.copy(), "d": ROWS_OF_D.copy()}
    rows[facet][2, 0] = bad
    with pytest.raises(ValueError, match="Input X contains") as expected:
        scikit_learn(rows["a"], ACCEPTED_A, rows["d"], 5)
    with pytest.raises(AnalysisError) as refusal:
        count_flips(rows["a"], ACCEPTED_A, rows["d"], ACCEPTED_D)
    assert refusal.value.message == str(expected.value)
    assert refusal.value.fix == "1 row holds such a value; fill in or leave out what is missing."


def test_no_columns_are_refused_in_the_words_of_the_neighbour_search():
    with pytest.raises(AnalysisError) as refusal:
        count_flips(np.zeros((10, 0)), ACCEPTED_A, np.zeros((5, 0)), ACCEPTED_D)
    assert str(refusal.value) == (
        "Found array with 0 feature(s) (shape=(10, 0)) while a minimum of 1 is required by KNeighborsClassifier. "
        "Keep a feature besides the facet to find similar rows by."
    )


def test_all_faults_of_the_arguments_are_listed():
    with pytest.raises(ConfigError) as refusal:
        count_flips(ROWS_OF_A, ACCEPTED_A[:4], np.zeros((5, 2)), ACCEPTED_D[:1], sample=0)
    assert str(refusal.value) == (
        "positive_a.shape: got (4,). Use one truth value for each of the 10 rows of features_a.\n"
        "positive_d.shape: got (1,). Use one truth value for each of the 5 rows of features_d.\n"
        "features_d.shape: got (5, 2). Use the 1 columns of features_a, in their order.\n"
        "sample: got 0. Use an integer of at least 1, or None for all rows.\n"
        "rng: got None. Give a numpy.random.Generator to draw the sample with."
    )


# --- scikit-learn's answer in every row ------------------------------------------------------------------------------
@st.composite
def questions(draw, columns, values, dtype=np.float64):
    """Rows to know, with their flags, and rows to ask."""
    m = draw(columns)
    n, q = draw(st.sampled_from([1, 2, 3, 4, 9, 10, 11, 12, 40, 90])), draw(st.integers(1, 40))
    known = draw(arrays(dtype, (n, m), elements=values))
    return known, draw(arrays(bool, n)), draw(arrays(dtype, (q, m), elements=values))


def answers_agree(known, positive, asked):
    k = 5 if len(known) > 9 else 1
    return np.array_equal(majority_of_neighbours(known, positive, asked, k), scikit_learn(known, positive, asked, k))


GRID = st.integers(0, 3)


@settings(max_examples=150, deadline=None)
@given(questions(st.integers(1, 3), GRID.map(float)))
def test_on_a_grid_full_of_ties_every_answer_is_that_of_scikit_learn(data):
    assert answers_agree(*data)


@settings(max_examples=60, deadline=None)
@given(questions(st.integers(14, 20), GRID.map(lambda value: value * 0.1)))
def test_with_more_columns_than_its_tree_takes_every_answer_is_that_of_scikit_learn(data):
    assert answers_agree(*data)


@settings(max_examples=60, deadline=None)
@given(questions(st.sampled_from([1, 2, 16]), GRID, np.int64))
def test_of_integers_every_answer_is_that_of_scikit_learn(data):
    assert answers_agree(*data)


@settings(max_examples=100, deadline=None)
@given(
    questions(st.integers(1, 3), st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
)
def test_whatever_the_magnitudes_every_answer_is_that_of_scikit_learn(data):
    with np.errstate(over="ignore", invalid="ignore"):
        assert answers_agree(*data)


def grid(rng, rows, columns):
    return rng.integers(0, 4, (rows, columns)).astype(float)


@pytest.mark.parametrize("scale", [1.0, 0.1], ids=["whole numbers", "fractions"])
@pytest.mark.parametrize("columns", [2, 5, 14, 16, 20])
@pytest.mark.parametrize("asked", [255, 3000])
def test_of_thousands_of_tied_rows_every_answer_is_that_of_scikit_learn(scale, columns, asked):
    """Fractions of sixteen columns and more are answered block by block, and many rows by another order of ties."""
    rng = np.random.default_rng(columns)
    assert answers_agree(grid(rng, 1000, columns) * scale, rng.random(1000) < 0.5, grid(rng, asked, columns) * scale)


@pytest.mark.parametrize("factor", [1e-170, 1e-160, 1e140, 1e160], ids=["vanish", "underflow", "large", "overflow"])
@pytest.mark.parametrize("columns", [3, 16])
def test_where_squares_leave_the_range_of_floats_every_answer_is_that_of_scikit_learn(factor, columns):
    rng = np.random.default_rng(columns)
    with np.errstate(over="ignore", invalid="ignore"):
        assert answers_agree(grid(rng, 200, columns) * factor, rng.random(200) < 0.5, grid(rng, 300, columns) * factor)


@pytest.mark.parametrize("columns", [2, 16])
def test_far_from_the_origin_where_brute_force_loses_digits_every_answer_is_that_of_scikit_learn(columns):
    rng = np.random.default_rng(columns)
    known, asked = 1.7e9 + 0.1 * grid(rng, 300, columns), 1.7e9 + 0.1 * grid(rng, 300, columns)
    assert answers_agree(known, rng.random(300) < 0.5, asked)


def test_more_tied_rows_than_are_looked_at_are_left_to_scikit_learn():
    """All of 600 rows stand at distance 1 from the origin; the flags begin positive and are then mixed."""
    angles = np.arange(600) * (np.pi / 300)
    known = np.column_stack([np.cos(angles), np.sin(angles)]).round(12)
    assert answers_agree(known, np.arange(600) % 7 < 3, np.zeros((3, 2)))


@given(arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=st.sampled_from([-0.0, 0.0, 1.5])))
def test_each_row_equals_the_distinct_row_it_is_filed_under(matrix):
    first, which = distinct_rows(matrix)
    assert np.array_equal(matrix[first][which], matrix)
    assert len(first) == len(np.unique(matrix + 0.0, axis=0))


# --- from a table ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("far", [1e10, 1e30])
def test_whole_floats_beside_truth_values_keep_their_size_beyond_integers_of_64_bits(far):
    """The 30 men at +far are accepted and no woman is: 30 women of 100 are rejected where men like them are not."""
    places = [far] * 30 + [-far] * 70
    rows = {
        "sex": ["M"] * 100 + ["F"] * 100,
        "place": places * 2,
        "flag": [True, False] * 100,
        "y": [0, 1] * 100,
        "p": [1] * 30 + [0] * 170,
    }
    report = bias(pl.DataFrame(rows), label="y", positive=1, predicted="p", facets={"sex": ["F"]}, metrics=["FT"])
    assert [record["value"] for record in report.records()] == [-0.3]
