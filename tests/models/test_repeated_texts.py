"""Columns of which it is known that few texts repeat: adapters make of them what they make of any column."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pellucid
from pellucid.explain.maskers.tabular import TabularMasker, players_of
from pellucid.models.inputs import frame, has_text
from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch, Repeated


def objects(*cells):
    return np.array([*cells, None], dtype=object)[:-1]


@given(st.lists(st.text(), min_size=1, max_size=5), st.lists(st.integers(0, 99), max_size=20))
def test_a_frame_is_that_of_the_cells_whose_texts_it_keeps_as_objects(texts, places):
    which = np.array(places, dtype=np.intp) % len(texts)
    cells = objects(*texts)[which]
    numbers = np.arange(len(which), dtype=np.float64)
    known = Batch({"job": cells, "age": numbers}, {"job": Repeated(objects(*texts), which)})
    plain = frame(Batch({"job": cells, "age": numbers}))
    if len(which):  # of no cells at all, it cannot be told that they are texts
        given = frame(known)
        assert given.dtypes.map(str).tolist() == plain.dtypes.map(str).tolist()
        pd.testing.assert_frame_equal(given.astype(plain.dtypes), plain)
    some = slice(1, None, 2)
    assert frame(known[some])["job"].tolist() == cells[some].tolist()
    assert has_text(known)


@pytest.mark.parametrize("gap", [False, True])
def test_a_masker_tells_which_columns_hold_texts_only(gap):
    rows = Batch({"job": objects("clerk", None if gap else "cook"), "age": np.array([30.0, 40.0])})
    background = Batch({"job": objects("baker"), "age": np.array([50.0])})
    masked = TabularMasker(rows, background, players_of(rows.names)).masked(
        Asked(np.array([0, 1, 1]), np.array([[True, False], [False, True], [True, True]]))
    )
    for batch in (masked.batch(), masked.batch(np.array([2, 0]))):
        assert set(batch.repeated) == (set() if gap else {"job"})
        for name, found in batch.repeated.items():
            assert found.texts[found.which].tolist() == batch.columns[name].tolist()


def test_cells_of_texts_are_made_when_somebody_looks_at_the_column():
    job = Repeated(objects("cook", "baker"), np.array([1, 0, 1]))
    batch = Batch.of_cells({"job": job, "age": np.array([30, 40, 50])})
    some = batch[1:]
    assert (len(batch), len(some), some.names, set(some.repeated)) == (3, 2, ("job", "age"), {"job"})
    assert batch.columns.made == {}
    assert [column.tolist() for column in some.columns.values()] == [["cook", "baker"], [40, 50]]
    assert some.columns["job"] is some.columns["job"]


def test_a_function_may_write_into_its_frame_where_nobody_reads_the_cells_again():
    age = np.array([30.0, 40.0])
    batch = Batch.of_cells({"job": Repeated(objects("cook"), np.array([0, 0])), "age": age})
    for handed_on, theirs in ((batch, False), (batch.given_away(), True), (batch.given_away().kept(), False)):
        assert np.shares_memory(frame(handed_on)["age"].to_numpy(), age) == theirs
        assert np.shares_memory(frame(handed_on[:1])["age"].to_numpy(), age) == theirs


def test_what_a_function_writes_into_its_frame_changes_no_value():
    rng = np.random.default_rng(0)
    people = pd.DataFrame(
        {"age": rng.normal(size=30), "job": rng.choice(["cook", "baker"], 30), "wage": rng.random(30)}
    )

    def score(rows: pd.DataFrame):
        return rows["age"] * (rows["job"] == "cook") + rows["wage"] ** 2

    def score_in_place(rows: pd.DataFrame):
        found = score(rows)
        rows["age"] = 0.0
        rows.loc[:, "wage"] *= 2
        return found

    one, other = (
        pellucid.explain(function, people[:10], baseline=people[10:], budget={"samples": 4}).values
        for function in (score, score_in_place)
    )
    assert one.tolist() == other.tolist()
