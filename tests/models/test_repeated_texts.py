"""Columns of which it is known that few texts repeat: adapters make of them what they make of any column."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
