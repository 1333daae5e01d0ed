"""Words of masked inputs: equal exactly where the inputs are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.maskers import words
from pellucid.explain.maskers.words import Words

COPIES = 4


def words_of(*, seed, columns=60, rows=3, coalitions=8):
    draw = np.random.default_rng(seed)
    present, row = draw.random((coalitions, columns)) < 0.5, np.sort(draw.integers(rows, size=coalitions))
    explained, background = draw.integers(3, size=(rows, columns)), draw.integers(3, size=(COPIES, columns))
    return Words(present, row, explained, background)


@given(seed=st.integers(0, 2**32), columns=st.integers(1, 130))
def test_words_are_equal_exactly_where_cells_are(seed, columns):
    made = words_of(seed=seed, columns=columns)
    cells = np.where(made.present[:, None], made.explained[made.row][:, None], made.background).reshape(-1, columns)
    found = made.of()
    assert np.array_equal((found[:, None] == found).all(axis=2), (cells[:, None] == cells).all(axis=2))


@pytest.mark.parametrize("small_part", [0.0, 1.0])
def test_words_of_chosen_inputs_are_those_of_all(small_part, monkeypatch):
    monkeypatch.setattr(words, "SMALL_PART", small_part)
    made, chosen = words_of(seed=0), np.array([31, 0, 17])
    assert made.of(chosen).tolist() == made.of()[chosen].tolist()


@given(seed=st.integers(0, 2**32), each=st.integers(1, COPIES), columns=st.integers(1, 130))
def test_so_are_those_before_a_part_of_the_background_each(seed, each, columns):
    made = words_of(seed=seed, columns=columns)
    first = np.random.default_rng(seed).integers(COPIES - each + 1, size=len(made.row))
    chosen = ((np.arange(len(first)) * COPIES + first)[:, None] + np.arange(each)).ravel()
    assert made.of(chosen).tolist() == made.of()[chosen].tolist()


def test_as_many_inputs_as_coalitions_may_be_those_of_a_few():
    made = words_of(seed=1)
    for chosen in (np.arange(8), np.arange(8)[::-1] * COPIES, np.repeat([0, 5], 4), np.array([3, 4, 5, 6] * 2)):
        assert made.of(chosen).tolist() == made.of()[chosen].tolist()
