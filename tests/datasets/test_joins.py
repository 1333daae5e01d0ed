"""Facet and prediction data sets beside the main one: by position, or by a column that identifies the rows."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.datasets import DatasetSource, read_dataset
from pellucid.errors import ConfigError, DataError

KEY = "joinsource_name_or_index"


@pytest.fixture
def source(tmp_path):
    def write(name: str, text: str, **more) -> DatasetSource:
        path = tmp_path / f"{name}.csv"
        path.write_text(text)
        return DatasetSource(uri=str(path), dataset_type="text/csv", **more)

    return write


@pytest.fixture
def main(source):
    return source("main", "id,age,y\n1,30,0\n2,40,1\n3,50,1\n", label="y")


def test_an_inner_join_keeps_the_order_of_the_main_data_set_and_tells_who_was_left_out(source, main):
    facets = source("facets", "id,sex\n3,M\n1,F\n9,F\n")
    dataset = read_dataset(main, facets=facets, join="id")
    assert dataset.frame.fetchall() == [(1, 30, 0, "F"), (3, 50, 1, "M")]
    assert (dataset.join, dataset.features, dataset.facet_columns) == ("id", ("age",), ("id", "sex"))
    assert dataset.notes[2:] == (
        "dataset_uri: 1 row was left out, id is missing or does not occur in facet_dataset_uri.",
        "facet_dataset_uri: 1 row was left out, id is missing or does not occur in dataset_uri.",
    )


def test_without_a_join_column_rows_are_matched_by_position(source, main):
    facets = source("facets", "F\nM\nF\n", headers=("sex",))
    predictions = source("predictions", "1\n0\n1\n")
    dataset = read_dataset(main, facets=facets, predictions=predictions)
    assert dataset.frame.fetchall() == [(1, 30, 0, "F", 1), (2, 40, 1, "M", 0), (3, 50, 1, "F", 1)]
    assert (dataset.predicted_label, dataset.facet_columns) == ("predicted_label", ("sex",))
    assert dataset.features == ("id", "age")


def test_numbers_of_rows_must_be_equal_without_a_join_column(source, main):
    with pytest.raises(DataError) as caught:
        read_dataset(main, facets=source("facets", "F\nM\n", headers=("sex",)))
    assert str(caught.value) == (
        f"facet_dataset_uri: It has 2 rows, dataset_uri has 3. Give equal numbers of rows, or {KEY}."
    )


def test_the_predicted_label_may_be_given_by_index_in_its_own_data_set(source, main):
    predictions = source("predictions", "id,noise,score\n1,7,0\n2,7,1\n3,7,1\n", predicted_label=2)
    dataset = read_dataset(main, predictions=predictions, join=0)
    assert (dataset.predicted_label, dataset.columns) == ("score", ("id", "age", "y", "score"))


def test_the_join_column_must_be_in_every_data_set(source, main):
    with pytest.raises(ConfigError) as caught:
        read_dataset(main, facets=source("facets", "ident,sex\n1,M\n"), join="id")
    assert str(caught.value) == (
        f"{KEY}: got 'id'. The data set of facet_dataset_uri has no such column; there are 'ident', 'sex'."
    )


def test_duplicate_keys_are_refused_by_name(source, main):
    with pytest.raises(DataError) as caught:
        read_dataset(main, facets=source("facets", "id,sex\n1,M\n1,F\n2,F\n"), join="id")
    assert str(caught.value) == (
        f"{KEY}: got 'id'. In facet_dataset_uri it must identify one row, but occurs more than once: 1 (2 times). "
        "Remove the duplicates."
    )


def test_integers_and_text_are_compared_as_text_and_told(source, main):
    dataset = read_dataset(main, facets=source("facets", "id,sex\n1,M\nx,F\n"), join="id")
    assert dataset.frame.fetchall() == [("1", 30, 0, "M")]
    told = f"{KEY}: id is a number in one data set and text in another; it was compared as it is written."
    assert dataset.notes.count(told) == 1


@pytest.mark.parametrize("text_in", ["main", "facets"])
def test_an_identifier_that_is_text_in_one_data_set_is_compared_as_it_is_written(source, text_in):
    texts, numbers = "id,x\nA1,1\n007,2\n3,3\n", "id,sex\n007,F\n3,M\n"
    if text_in == "facets":
        texts, numbers = texts.replace("x", "sex"), numbers.replace("sex", "x").replace("F", "8").replace("M", "9")
    main, facets = (texts, numbers) if text_in == "main" else (numbers, texts)
    dataset = read_dataset(source("main", main), facets=source("facets", facets), join="id")
    assert [row[0] for row in dataset.frame.fetchall()] == ["007", "3"]


def test_whole_numbers_that_identify_rows_stay_whole_beside_a_missing_one(source):
    # As doubles, both identifiers of the facets would be that of the first row.
    main = source("main", "id,x\n9007199254740993,1\n,2\n3,3\n")
    facets = source("facets", "id,sex\n9007199254740993,F\n9007199254740992,Q\n3,M\n,X\n")
    dataset = read_dataset(main, facets=facets, join="id")
    assert dataset.frame.fetchall() == [(9007199254740993, 1, "F"), (3, 3, "M")]
    assert read_dataset(main, join=0).frame.fetchall() == [(9007199254740993, 1), (None, 2), (3, 3)]
    with_fractions = source("others", "id,x\n1.5,1\n,2\n")
    assert read_dataset(with_fractions, join="id").frame.fetchall() == [(1.5, 1), (None, 2)]


def test_a_join_without_any_match_is_refused_with_both_spellings(source, main):
    with pytest.raises(DataError) as caught:
        read_dataset(main, facets=source("facets", "id,sex\na1,M\na2,F\n"), join="id")
    assert str(caught.value) == (
        f"{KEY}: got 'id'. No row of facet_dataset_uri has the id of a row of dataset_uri: '1', '2', '3' there, 'a1', "
        "'a2' here. Use one spelling in both."
    )


def test_a_column_in_both_data_sets_is_refused(source, main):
    with pytest.raises(DataError) as caught:
        read_dataset(main, facets=source("facets", "id,age\n1,30\n2,40\n3,50\n"), join="id")
    assert str(caught.value) == (
        "facet_dataset_uri: got 'age'. dataset_uri has a column of this name too. "
        "Rename it, for example in facet_headers."
    )


def test_split_data_sets_need_a_join_column(tmp_path, source):
    folder = tmp_path / "main"
    folder.mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text("id,y\n1,0\n")
    with pytest.raises(ConfigError) as caught:
        read_dataset(DatasetSource(uri=str(folder), dataset_type="text/csv"), facets=source("facets", "F\nM\n"))
    assert str(caught.value) == (
        f"{KEY}: Name the column that identifies the rows: dataset_uri is split over several files."
    )
    with pytest.raises(ConfigError) as caught:
        read_dataset(
            DatasetSource(uri=str(folder), dataset_type="text/csv"),
            facets=DatasetSource(uri=str(folder), dataset_type="text/csv"),
        )
    assert str(caught.value) == (
        f"{KEY}: Name the column that identifies the rows: dataset_uri and facet_dataset_uri are split over several "
        "files."
    )


@settings(max_examples=25, deadline=None)
@given(keys=st.permutations(range(8)), kept=st.sets(st.integers(0, 7), min_size=1))
def test_a_join_is_what_a_loop_over_a_dictionary_gives(tmp_path_factory, keys, kept):
    folder = tmp_path_factory.mktemp("join")
    (folder / "main.csv").write_text("id,y\n" + "".join(f"{key},{key % 2}\n" for key in keys))
    (folder / "facets.csv").write_text("id,facet\n" + "".join(f"{key},{key * 10}\n" for key in sorted(kept)))
    main, facets = (
        DatasetSource(uri=str(folder / name), dataset_type="text/csv") for name in ("main.csv", "facets.csv")
    )
    dataset = read_dataset(main, facets=facets, join="id")
    assert dataset.frame.fetchall() == [(key, key % 2, key * 10) for key in keys if key in kept]


def test_order_by_position_holds_over_many_rows(tmp_path):
    rows = 300_000
    for name in ("main", "facets"):
        duckdb.sql(f"SELECT range AS {name}, range % 7 AS rest_{name} FROM range({rows})").write_csv(
            str(tmp_path / f"{name}.csv")
        )
    main, facets = (
        DatasetSource(uri=str(tmp_path / f"{name}.csv"), dataset_type="text/csv") for name in ("main", "facets")
    )
    dataset = read_dataset(main, facets=facets)
    assert dataset.frame.aggregate("count(*), count_if(main = facets)").fetchall() == [(rows, rows)]
