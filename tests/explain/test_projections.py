"""Coalitions that show the same before a background row, and the inputs that are merged for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.game import MaskedGames
from pellucid.explain.maskers import projections
from pellucid.explain.maskers.projections import FEW, Projections
from pellucid.explain.maskers.tabular import TabularMasker, players_of
from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch


def cells(batch):
    return np.column_stack([column.astype(object) for column in batch.columns.values()])


def masked_rows(rows, background, coalitions, groups=None):
    masker = TabularMasker(rows, background, players_of(rows.names, groups=groups))
    return masker.masked(Asked.join([Asked.of(row, coalitions) for row in range(len(rows))]))


def random_table(rng, rows):
    return Batch(
        {
            "age": rng.integers(3, size=rows),
            "rate": rng.choice([0.5, np.nan], size=rows),
            "job": np.array(rng.choice(["cook", "baker", None], size=rows), dtype=object),
            "member": rng.random(rows) < 0.5,
        }
    )


@given(seed=st.integers(0, 2**32), players=st.integers(1, 20), sets=st.integers(1, 6))
def test_coalitions_are_merged_exactly_where_they_agree_about_the_players_that_count(seed, players, sets):
    rng = np.random.default_rng(seed)
    coalitions, counting = rng.random((30, players)) < 0.5, rng.random((sets, players)) < 0.6
    found, of_set = Projections().of(coalitions, counting)
    for counts, place in zip(counting, of_set, strict=True):
        if counts.sum() <= FEW:
            seen = coalitions & counts
            same = (seen[:, None] == seen[None]).all(axis=2)
        else:
            same = np.eye(30, dtype=bool)
        one = found[place]
        assert np.array_equal(one.which[:, None] == one.which[None], same)
        assert np.array_equal(one.which[one.first], np.arange(len(one.first)))


def test_equal_sets_of_players_share_a_projection():
    found, of_set = Projections().of(np.eye(3, dtype=bool), np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], dtype=bool))
    assert (len(found), of_set.tolist()) == (2, [0, 1, 0])


def test_what_is_kept_changes_no_projection(monkeypatch):
    rng = np.random.default_rng(0)
    coalitions, sets = rng.random((40, 6)) < 0.5, rng.random((8, 6)) < 0.5
    kept, forgotten = Projections(), Projections()
    twice = [kept.of(coalitions, sets)[0] for _ in range(2)]
    monkeypatch.setattr(projections, "KEPT", 0)
    again = [forgotten.of(coalitions, sets)[0] for _ in range(2)]
    assert kept.known
    assert not forgotten.known
    assert all(first is second for first, second in zip(*twice, strict=True))
    for one, other in zip(twice[0], again[1], strict=True):
        assert (one.first.tolist(), one.which.tolist()) == (other.first.tolist(), other.which.tolist())


@pytest.mark.parametrize("groups", [None, {"person": ["age", "job"]}])
@pytest.mark.parametrize("texts", [True, False])
@given(seed=st.integers(0, 2**32))
def test_merged_inputs_are_equal_inputs(groups, texts, seed):
    rng = np.random.default_rng(seed)
    rows, background = random_table(rng, 3), random_table(rng, 5)
    if not texts:
        rows, background = (
            Batch({**table.columns, "job": rng.integers(3, size=len(table))}) for table in (rows, background)
        )
    masked = masked_rows(rows, background, rng.random((12, 4 if groups is None else 3)) < 0.5, groups)
    merged = masked.merged()
    if merged is not None:
        first, stand_in = merged
        assert len(first) < len(masked)
        shown = stand_in.spread(np.arange(len(first), dtype=float)[:, None]).T.ravel().astype(int)
        assert str(cells(masked.batch(first))[shown].tolist()) == str(cells(masked.batch()).tolist())


def test_inputs_are_merged_by_what_a_row_and_a_background_row_have_in_common():
    rows, background = (
        Batch({"a": np.array(a), "b": np.array(b)}) for a, b in (([1.0], [2.0]), ([1.0, 0.0], [5.0, 2.0]))
    )
    masked = masked_rows(rows, background, np.array([[True, False], [False, True], [True, True], [False, False]]))
    first, stand_in = masked.merged()
    before_first, before_second = stand_in.spread(np.arange(4.0)[:, None])[:, :, 0].tolist()
    assert len(first) == 4
    # Only b counts before the first background row, only a before the second one.
    assert before_first[0] == before_first[3] != before_first[1] == before_first[2]
    assert before_second[0] == before_second[2] != before_second[1] == before_second[3]


def test_nothing_is_merged_where_rows_and_background_have_nothing_in_common():
    rng = np.random.default_rng(0)
    rows, background = (Batch({str(i): rng.normal(size=n) for i in range(5)}) for n in (2, 3))
    everything = (np.arange(32)[:, None] >> np.arange(5)) % 2 == 1
    assert masked_rows(rows, background, everything).merged() is None


def test_coalitions_of_a_row_are_looked_at_together_however_many_rows_are_asked():
    rng = np.random.default_rng(0)
    rows, background, coalitions = rng.integers(2, size=(7, 6)), rng.integers(2, size=(2, 6)), rng.random((24, 6)) < 0.5

    def asked(of_rows):
        tables = (Batch({str(i): column for i, column in enumerate(table.T)}) for table in (rows, background))
        masker = TabularMasker(*tables, players_of([str(i) for i in range(6)]))
        games = MaskedGames(masker, lambda inputs: np.zeros(len(inputs)), batch_rows=15)
        return games.values(Asked.join([Asked.of(row, coalitions) for row in of_rows])).model_rows

    # Sixty inputs are looked at together: the forty-eight of a row, and none of the next one.
    assert asked(range(7)) == sum(asked([row]) for row in range(7))
