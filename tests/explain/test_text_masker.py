"""Players that are units of texts: how an absent one looks, and how many a row has."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.budget import Budget, default_samples
from pellucid.explain.estimate import explain_games
from pellucid.explain.game import MaskedGames, distinct_inputs
from pellucid.explain.maskers.tabular import players_of
from pellucid.explain.maskers.text import groups_of, leaves, merged_spans, text_masker
from pellucid.explain.plan import Plan
from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch


def words(text):
    return [match.span() for match in re.finditer(r"\S+", text)]


def lines(text):
    return [match.span() for match in re.finditer(r"[^|]+", text)]


def objects(*cells):
    return np.array([*cells, None], dtype=object)[:-1]


def masker_of(*texts, masks=("?",), max_units=100, **columns):
    rows = Batch({**{name: np.array(column) for name, column in columns.items()}, "text": objects(*texts)})
    baseline = Batch({**{name: np.zeros(len(masks)) for name in columns}, "text": objects(*masks)})
    return text_masker(rows, baseline, players_of(rows.names), ["text"], words, max_units=max_units)


def texts_of(masker, row, *coalitions):
    asked = np.zeros((len(coalitions), masker.players), dtype=bool)
    for at, present in enumerate(coalitions):
        asked[at, list(present)] = True
    return masker.masked(Asked.of(row, asked)).batch().columns["text"].tolist()


def test_an_absent_unit_shows_the_mask_in_its_place_and_what_stands_between_stays():
    masker = masker_of("  so\tvery  good. ")
    assert texts_of(masker, 0, [0, 2], [], [0, 1, 2]) == ["  so\t?  good. ", "  ?\t?  ? ", "  so\tvery  good. "]
    assert texts_of(masker_of("a b", masks=("",)), 0, [], [1]) == [" ", " b"]


def test_every_row_of_the_baseline_has_a_mask_of_its_own():
    masker = masker_of("a b", masks=("?", ""))
    assert masker.inputs_per_coalition == 2
    assert texts_of(masker, 0, [0], [1]) == ["a ?", "a ", "? b", " b"]


def test_columns_come_before_units_and_show_the_baseline_where_they_are_absent():
    masker = masker_of("a b", "c", stars=[4.0, 5.0])
    batch = masker.masked(Asked(np.array([1, 0]), np.array([[False, True, False], [True, False, True]]))).batch()
    assert {name: column.tolist() for name, column in batch.columns.items()} == {
        "stars": [0.0, 4.0],
        "text": ["c", "? b"],
    }


def test_a_row_plays_with_as_many_units_as_its_text_has():
    masker = masker_of("a b c", "", None, "d", stars=[1.0, 2.0, 3.0, 0.0])
    assert masker.players == 4
    assert masker.playing(range(4)).sum(axis=1).tolist() == [4, 1, 1, 2]
    assert masker.active(range(4)).sum(axis=1).tolist() == [4, 1, 1, 1]  # the last row's stars are the baseline's
    assert masker.unmasked([2]).columns["text"].tolist() == [""]


def test_a_unit_that_equals_the_mask_changes_nothing():
    assert masker_of("a ? b").active([0]).tolist() == [[True, False, True]]
    assert masker_of("a ? b", masks=("?", "!")).active([0]).tolist() == [[True, True, True]]


def test_equal_inputs_are_asked_once_also_across_rows():
    masker = masker_of("a b", "a b", "a c")
    everything = np.array([[True, True], [True, False], [False, False]])
    first, which, _ = distinct_inputs(masker.masked(Asked.join([Asked.of(row, everything) for row in range(3)])))
    assert len(first) == 4  # a b, a ?, ? ?, a c
    assert which[:3].tolist() == which[3:6].tolist()


def test_samples_of_a_row_follow_from_its_own_number_of_units():
    masker = masker_of(" ".join("abcdefghijklmnopqrst"), "a b c", " ".join("abcdefghijkl"))
    for estimator, unseen in (("auto", 1), ("clarify", 1)):
        found = explain_games(MaskedGames(masker, _length), Plan(estimator=estimator, budget=Budget()))
        assert found.samples.tolist() == [default_samples(20), 2**3 - 2, default_samples(12)]
        assert (found.values[unseen, 3:] == 0).all()


def test_samples_per_unit_ask_long_texts_more_often():
    masker = masker_of(" ".join("abcdefghijklmnopqrst"), " ".join("abcdefghij"))
    found = explain_games(MaskedGames(masker, _length), Plan(budget=Budget(samples_per_player=6)))
    assert found.samples.tolist() == [120, 60]


def _length(batch):
    return np.array([len(text) + 3 * ("a" in text and "c" in text) for text in batch.columns["text"]], dtype=float)


@pytest.mark.parametrize("estimator", ["auto", "leverage", "border", "clarify", "permutation"])
def test_numbers_of_a_row_do_not_depend_on_the_rows_beside_it(estimator):
    plan = Plan(estimator=estimator, budget=Budget(samples=60), seed=4)
    alone = explain_games(MaskedGames(masker_of("a b c d e f g h"), _length), plan)
    beside = explain_games(MaskedGames(masker_of("a b c d e f g h", " ".join("abcdefghijkl")), _length), plan)
    assert np.array_equal(alone.values[0], beside.values[0, :8])


@given(st.integers(1, 40), st.integers(1, 40))
def test_merged_units_are_as_many_as_allowed_of_about_equal_length_and_lose_nothing(number, most):
    spans = [(3 * place, 3 * place + 2) for place in range(number)]
    merged = merged_spans(spans, most)
    assert len(merged) == min(number, most)
    assert (merged[0][0], merged[-1][1]) == (0, 3 * number - 1)
    lengths = [len([1 for start, _ in spans if low <= start < high]) for low, high in merged]
    assert sum(lengths) == number
    assert max(lengths) - min(lengths) <= 1


def test_units_are_grouped_by_the_part_of_the_text_in_which_they_begin():
    masker = masker_of("a b| c d e", stars=[1.0])
    assert [members.tolist() for members in groups_of(masker, 0, lines)] == [[0], [1, 2], [3, 4, 5]]


def test_units_without_a_value_belong_to_the_one_before():
    spans, first = leaves([(0, 1), (2, 3), (4, 5), (6, 7)], np.array([[1.0], [np.nan], [np.nan], [0.5]]))
    assert (spans, first.tolist()) == ([(0, 5), (6, 7)], [0, 3])
    assert leaves([], np.empty((0, 1)))[0] == []
