"""Rows that a tabular masker makes, and which of them are the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import ConfigError, DataError
from pellucid.explain.maskers import masked_rows
from pellucid.explain.maskers.tabular import TabularMasker, alike, players_of
from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch

EXPLAINED = Batch(
    {
        "age": np.array([30, 40]),
        "job": np.array(["cook", None], dtype=object),
        "rate": np.array([0.5, np.nan]),
        "member": np.array([True, False]),
    }
)
BACKGROUND = Batch(
    {
        "age": np.array([20.0, 40.0]),
        "job": np.array(["cook", "cook"], dtype=object),
        "rate": np.array([np.nan, np.nan]),
        "member": np.array([False, False]),
    }
)


def masker(groups=None, only=None):
    return TabularMasker(EXPLAINED, BACKGROUND, players_of(EXPLAINED.names, groups=groups, only=only))


def rows_of(batch):
    return list(zip(*(column.tolist() for column in batch.columns.values()), strict=True))


def coalition(*present):
    return np.array([present], dtype=bool)


def test_absent_players_show_the_background_and_present_ones_the_row():
    masked = masker().masked(Asked.of(0, coalition(1, 0, 1, 0)))
    assert rows_of(masked.batch()) == [(30, "cook", 0.5, False), (40 - 10, "cook", 0.5, False)]
    masked = masker().masked(Asked.of(0, coalition(0, 1, 1, 1)))
    assert rows_of(masked.batch()) == [(20, "cook", 0.5, True), (40, "cook", 0.5, True)]


def test_whole_numbers_stay_whole_and_booleans_boolean():
    columns = masker().masked(Asked.of(0, coalition(0, 0, 0, 0))).batch().columns
    assert {name: column.dtype.kind for name, column in columns.items()} == {
        "age": "i",
        "job": "O",
        "rate": "f",
        "member": "b",
    }


def test_a_background_of_fractions_makes_a_column_fractional():
    rows, background = alike(np.array([1, 2]), np.array([1.5]))
    assert (rows.tolist(), background.tolist()) == ([1.0, 2.0], [1.5])


def test_columns_of_different_kinds_keep_their_own_values():
    rows, background = alike(np.array([True, False]), np.array([3]))
    assert [type(value) for value in (*rows.tolist(), *background.tolist())] == [bool, bool, int]


def test_a_group_of_columns_is_one_player():
    masked = masker(groups={"person": ["age", "member"]}).masked(Asked.of(0, coalition(1, 0, 0)))
    assert rows_of(masked.batch())[0][0::3] == (30, True)


def test_columns_of_no_player_keep_the_value_of_the_row():
    restricted = masker(only=["age"])
    assert not restricted.has_common_base
    batch = restricted.masked(Asked.of(0, coalition(0))).batch()
    assert rows_of(batch) == [(20, "cook", 0.5, True), (40, "cook", 0.5, True)]


def test_active_players_differ_from_some_background_row():
    assert masker().active([0, 1]).tolist() == [[True, False, True, True], [True, True, False, False]]


def test_a_missing_value_equals_a_missing_value():
    assert not masker().active([1])[0, 2]


def test_inputs_at_chosen_positions_are_those_of_the_whole():
    masked = masker().masked(Asked.join([Asked.of(1, coalition(1, 0, 0, 1)), Asked.of(0, coalition(0, 1, 1, 0))]))
    everything = rows_of(masked.batch())
    assert str(rows_of(masked.batch(np.array([3, 0])))) == str([everything[3], everything[0]])


@given(seed=st.integers(0, 2**32), columns=st.integers(1, 60))
def test_words_are_equal_exactly_where_inputs_are(seed, columns):
    rng = np.random.default_rng(seed)
    rows, background = (Batch({str(i): rng.integers(3, size=n).astype(float) for i in range(columns)}) for n in (3, 4))
    made = TabularMasker(rows, background, players_of(rows.names))
    masked = made.masked(Asked.join([Asked.of(row, rng.random((5, columns)) < 0.5) for row in (0, 2)]))
    words, inputs = masked.words(), np.column_stack(list(masked.batch().columns.values()))
    same_words = (words[:, None] == words[None]).all(axis=2)
    assert np.array_equal(same_words, (inputs[:, None] == inputs[None]).all(axis=2))
    chosen = rng.integers(len(masked), size=20)
    of_chosen = masked.words(chosen)
    assert np.array_equal((of_chosen[:, None] == of_chosen[None]).all(axis=2), same_words[np.ix_(chosen, chosen)])


@pytest.mark.parametrize("background_rows", [1, 2])
@given(seed=st.integers(0, 2**32), many=st.integers(2, 6), columns=st.integers(1, 8))
def test_rows_that_share_coalitions_are_masked_like_any_others(background_rows, seed, many, columns):
    rng = np.random.default_rng(seed)
    rows, background = rng.normal(size=(5, columns)), rng.normal(size=(background_rows, columns))
    shared, own = rng.random((many, columns)) < 0.5, rng.random((many, columns)) < 0.5
    asked = Asked.join([Asked.of(4, own), *(Asked.of(row, shared) for row in (0, 2, 3)), Asked.of(1, shared[1:])])
    tables = (Batch({str(i): column for i, column in enumerate(table.T)}) for table in (rows, background))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(masked_rows, "MANY", 2)
        cells = TabularMasker(*tables, players_of([*map(str, range(columns))])).masked(asked).batch().matrix
    expected = np.where(asked.coalitions[:, None], rows[asked.rows][:, None], background)
    assert np.array_equal(cells, expected.reshape(-1, columns))


def test_every_fault_of_the_groups_is_named():
    with pytest.raises(ConfigError) as raised:
        players_of(["a", "b", "c"], groups={"c": ["a"], "x": ["bb", "a"], "y": []})
    assert str(raised.value) == (
        "feature_groups.c: A column outside the group has this name. Give the group another one.\n"
        "feature_groups.x: got 'bb'. Use a column of the model; did you mean 'b'?\n"
        "feature_groups.x: got 'a'. The column belongs to group 'c' already. Name each column once.\n"
        "feature_groups.y: got []. Name at least one column."
    )


def test_an_unknown_feature_to_explain_is_named():
    with pytest.raises(ConfigError) as raised:
        players_of(["age", "job"], only=["agee"])
    assert str(raised.value) == (
        "features_to_explain: got 'agee'. Name columns or groups that are explained; did you mean 'age'?"
    )


def test_a_baseline_has_the_features_of_the_model():
    with pytest.raises(DataError) as raised:
        TabularMasker(Batch({"age": np.array([1])}), Batch({"agee": np.array([1])}), {"age": ("age",)})
    assert str(raised.value) == (
        "baseline: Column 'age' is missing. Give every feature of the model, in order.\n"
        "baseline: got 'agee'. Use the features of the model only; did you mean 'age'?"
    )


def test_an_empty_baseline_is_refused():
    with pytest.raises(DataError) as raised:
        TabularMasker(Batch({"age": np.array([1])}), Batch({"age": np.array([])}), {"age": ("age",)})
    assert str(raised.value) == "baseline: got []. Give at least one row."


def test_a_member_of_a_group_is_explained_by_its_group_only():
    with pytest.raises(ConfigError) as raised:
        players_of(["age", "sex=F", "sex=M"], groups={"sex": ["sex=F", "sex=M"]}, only=["sex=F"])
    assert str(raised.value) == (
        "features_to_explain: got 'sex=F'. The column is explained with others as the group 'sex'. Name the group."
    )
