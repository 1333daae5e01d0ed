"""Values of units summed to values of columns, with their errors."""

import re
from dataclasses import replace

import numpy as np
import pytest

from pellucid.explain.budget import Budget
from pellucid.explain.estimate import explain_games
from pellucid.explain.game import MaskedGames
from pellucid.explain.maskers.tabular import players_of
from pellucid.explain.maskers.text import text_masker
from pellucid.explain.plan import Plan
from pellucid.jobs.explanations.text_results import TopWords, is_punctuation
from pellucid.jobs.explanations.texts import by_column, units_of
from pellucid.protocols.model import Batch

WORDS = [f"w{place}" for place in range(9)]


def words(text):
    return [match.span() for match in re.finditer(r"\S+", text)]


def objects(*cells):
    return np.array([*cells, None], dtype=object)[:-1]


def masker_of(columns, *texts):
    rows = Batch({**{name: np.ones(len(texts)) for name in columns}, "text": objects(*texts)})
    baseline = Batch({**{name: np.zeros(1) for name in columns}, "text": objects("")})
    return text_masker(rows, baseline, players_of(rows.names), ["text"], words, max_units=99)


def score(batch):
    present = np.array([[word in text.split() for word in WORDS] for text in batch.columns["text"]], dtype=float)
    others = sum((column for name, column in batch.columns.items() if name != "text"), np.zeros(len(batch)))
    return np.tanh(present @ np.linspace(-1, 1, len(WORDS)) + others * present[:, 0] + present[:, 1] * present[:, 2])


def summed(columns, *, samples=120, seed=0, estimator="leverage"):
    masker = masker_of(columns, " ".join(WORDS), "w0 w3", "")
    plan = Plan(estimator=estimator, budget=Budget(samples=samples), seed=seed)
    found = explain_games(MaskedGames(masker, score), plan)
    return found, by_column(masker, found, [*columns, "text"]), masker


def test_the_value_of_a_text_is_the_sum_of_its_units():
    found, columns, masker = summed(["a", "b"])
    assert columns.values.shape == (3, 3, 1)
    assert columns.values[:, 2, 0] == pytest.approx(found.values[:, 2:, 0].sum(axis=1))
    assert columns.values.sum(axis=1) == pytest.approx(found.predictions - found.base_values)
    assert [len(units_of(masker, found, row, "text").spans) for row in range(3)] == [9, 2, 0]


def test_a_text_alone_has_no_error_and_beside_one_column_that_of_the_column():
    _, alone, _ = summed([])
    assert alone.standard_errors.tolist() == [[[0.0]], [[0.0]], [[0.0]]]
    found, beside, _ = summed(["a"])
    assert beside.standard_errors[0, 1] == beside.standard_errors[0, 0] == found.standard_errors[0, 0] > 0


def test_intervals_of_sums_hold_the_exact_sums():
    _, exact, _ = summed(["a", "b", "c"], samples=5000)
    assert exact.estimators[0] == "enumeration"
    held = []
    for seed in range(40):
        _, found, _ = summed(["a", "b", "c"], seed=seed)
        gap = np.abs(found.values - exact.values)[0, -1]
        held.append(bool(gap <= 1.96 * found.standard_errors[0, -1]))
    assert np.mean(held) >= 0.9


def test_values_that_stand_with_the_unit_before_count_once():
    found, _, masker = summed([])
    merged = found.values.copy()
    merged[0, 3:6] = np.nan
    errors = np.where(np.isnan(merged), np.nan, 0.5)
    columns = by_column(masker, replace(found, values=merged, standard_errors=errors), ["text"])
    assert columns.values[0, 0, 0] == pytest.approx(np.nansum(merged[0]))
    assert not np.isnan(columns.standard_errors).any()


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        ("mean_abs", {"a": 2.0, "b": 1.5}),
        ("mean_sq", {"a": 5.0, "b": 2.25}),
        ("median", {"b": 1.5, "a": -1.0}),
    ],
)
def test_words_are_aggregated_over_their_occurrences_the_largest_first(aggregation, expected):
    top = TopWords(aggregation)
    for word, value in (("a", 1.0), ("b", 1.5), ("a", -3.0), ("c", 0.0)):
        top.add(word, np.array([9.0, value]))
    listed = top.largest(1, 2 if aggregation != "median" else 3)
    assert {word: value for word, value in listed.items() if word != "c"} == expected
    assert next(iter(listed)) == next(iter(expected))


def test_signs_and_symbols_are_words_and_punctuation_is_not():
    told = [".", "…", "«", "?!", "、", "$", "😀", "a.", "+", "3"]
    assert [is_punctuation(word) for word in told] == [True] * 5 + [False] * 5
