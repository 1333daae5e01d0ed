"""Columns of which it is known that few cells repeat: adapters make of them what they make of any column."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import pellucid
from pellucid.errors import ModelError
from pellucid.explain.maskers.tabular import TabularMasker, players_of
from pellucid.models.categories import coded
from pellucid.models.inputs import cells, frame, has_text, matrix, typed
from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch, Repeated


def objects(*cells):
    return np.array([*cells, None], dtype=object)[:-1]


@st.composite
def few_cells(draw, cells):
    """A batch of which the few cells are known, gaps among them, and the same cells without that knowledge."""
    few = [*draw(st.lists(st.none() | cells, max_size=4)), draw(cells)]
    which = np.array(draw(st.lists(st.integers(0, len(few) - 1), max_size=20)), dtype=np.uint8)
    column, numbers = objects(*few)[which], np.arange(len(which), dtype=np.float64)
    known = {"job": Repeated(objects(*few), which), "age": numbers}
    return Batch.of_cells(known), Batch({"job": column, "age": numbers})


@given(few_cells(st.text()))
def test_a_frame_is_that_of_the_cells_whose_texts_it_keeps_as_objects(batches):
    known, plain = batches
    given_cells = plain.columns["job"].tolist()
    if any(cell is not None for cell in given_cells):  # of no cells at all, it cannot be told that they are texts
        made, same = frame(known), frame(plain)
        assert made.dtypes.map(str).tolist() == same.dtypes.map(str).tolist()
        pd.testing.assert_frame_equal(made.astype(same.dtypes), same)
    some = slice(1, None, 2)
    assert [cell if cell == cell else None for cell in frame(known[some])["job"].tolist()] == given_cells[some]
    assert has_text(known)


NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)


@given(few_cells(NUMBERS))
def test_frames_and_matrices_of_numbers_with_gaps_are_those_of_the_cells(batches):
    known, plain = batches
    assume(any(cell is not None for cell in plain.columns["job"].tolist()))
    assert not has_text(known)
    pd.testing.assert_frame_equal(frame(known), frame(plain))
    for form in (matrix, cells):
        made, same = (form(batch, "credit") for batch in batches)
        assert made.dtype == same.dtype == np.float64
        assert np.array_equal(made, same, equal_nan=True)


def test_a_column_of_texts_is_refused_by_its_first_text():
    job = Repeated(objects("baker", "cook", None), np.array([2, 1, 0]))
    with pytest.raises(ModelError) as caught:
        matrix(Batch.of_cells({"job": job}), "credit")
    assert str(caught.value) == (
        "credit: takes numbers only, and there is text in 'job' (such as 'cook')."
        " Encode the column as in training, or give a pipeline that holds encoder and model."
    )


@given(few_cells(st.text()))
def test_an_array_of_objects_is_that_of_the_cells(batches):
    made, same = (cells(batch, "credit") for batch in batches)
    assert made.dtype == same.dtype == object
    assert str(made.tolist()) == str(same.tolist())


@given(few_cells(st.sampled_from(["clerk", "smith", "pilot", "baker"])))
def test_codes_of_categories_are_those_of_the_cells_and_texts_in_no_row_are_not_unknown(batches):
    (made, unknown), (same, others) = (coded(batch, {"job": ["smith", "clerk"]}) for batch in batches)
    assert np.array_equal(made.columns["job"], same.columns["job"], equal_nan=True)
    assert np.array_equal(made.columns["age"], same.columns["age"])
    assert unknown == others


GRADES = [2**53, -5, 9, 2**53 + 1, 0, 3]


@given(
    few_cells(st.sampled_from([*GRADES, 1, 2**53 + 2, -(2**53)])),
    st.sampled_from([np.int64, np.float64]),
    st.sampled_from([GRADES, [9, -5, 0], [9.5, 9.0, -5.0], []]),
)
def test_codes_of_numbers_are_those_of_the_cells_one_by_one(batches, kind, grades):
    plain = batches[1]
    column = np.array([0 if cell is None else cell for cell in plain.columns["job"].tolist()], dtype=kind)
    numbers = Batch({"job": column}), Batch({"job": objects(*column.tolist())})
    for one, other in (batches, numbers):
        (made, unknown), (same, others) = (coded(batch, {"job": grades}) for batch in (one, other))
        assert np.array_equal(made.columns["job"], same.columns["job"], equal_nan=True)
        assert unknown == others


@given(few_cells(st.sampled_from(["2020-05-01T00:00:00", "2021-01-01T12:30:00"])))
def test_categories_and_moments_of_pandas_are_those_of_the_cells(batches):
    known, plain = batches
    assume(len(plain))  # of no cells, pandas makes no moments
    several = pd.CategoricalDtype(["2021-01-01T12:30:00", "other", "2020-05-01T00:00:00"], ordered=True)
    for kind in (several, np.dtype("datetime64[us]")):
        made, same = (frame(batch, typed(batch, {"job": kind, "other": kind})) for batch in batches)
        assert made["job"].dtype == kind
        pd.testing.assert_frame_equal(made, same)
    assert frame(known, typed(known, {"age": pd.CategoricalDtype(np.arange(20.0))}))["age"].cat.codes.tolist() == [
        int(age) for age in plain.columns["age"]
    ]


def test_columns_in_another_order_keep_what_is_known_of_them():
    job = Repeated(objects("cook", "baker"), np.array([1, 0, 1]))
    columns = {"job": job, "age": np.array([30, 40, 50])}
    batch = Batch.of_cells(columns)
    for one in (batch, batch.given_away(), Batch(dict(batch.columns), {"job": job})):
        other = one.selected({"years": "age", "work": "job"})
        assert (other.names, set(other.repeated), other.is_disposable) == (
            ("years", "work"),
            {"work"},
            one.is_disposable,
        )
        assert [column.tolist() for column in other.columns.values()] == [[30, 40, 50], ["baker", "cook", "baker"]]


@pytest.mark.parametrize(
    ("column", "few"),
    [
        (["clerk", "cook", "baker"], True),
        (["clerk", None, "baker"], True),
        ([None, 3, 7], True),
        ([None, 3, 7.5], True),
        ([None, "cook", 7], False),
        ([None, 3, True], False),
        ([None, None, None], False),
    ],
)
def test_a_masker_tells_which_columns_hold_texts_or_numbers_alone_but_for_gaps(column, few):
    rows = Batch({"job": objects(*column[:2]), "age": np.array([30.0, 40.0])})
    background = Batch({"job": objects(column[2]), "age": np.array([50.0])})
    masked = TabularMasker(rows, background, players_of(rows.names)).masked(
        Asked(np.array([0, 1, 1]), np.array([[True, False], [False, True], [True, True]]))
    )
    for batch in (masked.batch(), masked.batch(np.array([2, 0]))):
        assert set(batch.repeated) == ({"job"} if few else set())
        for name, found in batch.repeated.items():
            assert found.cells[found.which].tolist() == batch.columns[name].tolist()


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
