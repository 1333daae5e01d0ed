"""Time series read from JSON: the three layouts, the two traps of JMESPath, and what is wrong with an item."""

import numpy as np
import pytest

from pellucid.config.dataset import TimeSeriesDataConfig
from pellucid.errors import ConfigError, DataError
from pellucid.jobs.forecasts.baselines import Baseline
from pellucid.jobs.forecasts.reading import read_items

COLUMNS = {"item_id": "id", "timestamp": "t", "target_time_series": "y", "related_time_series": ["r"]} | {
    "static_covariates": ["s"],
    "dataset_format": "columns",
}
ITEMS = {
    "item_id": "[*].id",
    "timestamp": "[*].ts[].t",
    "target_time_series": "[*].ts[].y",
    "related_time_series": ["[*].ts[].r"],
    "static_covariates": ["[*].s"],
    "dataset_format": "item_records",
}
STEPS = {
    "item_id": "[].id",
    "timestamp": "[].t",
    "target_time_series": "[].y",
    "related_time_series": ["[].r"],
    "static_covariates": ["[].s"],
    "dataset_format": "timestamp_records",
}
INDICES = {"item_id": 0, "timestamp": 1, "target_time_series": 2, "related_time_series": [3], "static_covariates": [4]}

ROWS = [("A", 1, 5, 0.5, 3), ("A", 2, None, 1.5, 3), ("B", 1, 7, 1.0, 4), ("A", 3, 6, None, 3), ("A", 4, None, 2.5, 3)]
"""Item A has a hole in the target, one in the related series, and one step of the future; B has a single step."""
ENDLESS = f"1{'0' * 26} ... {'0' * 27}"
"""An integer of 400 digits, shortened."""


def as_columns(rows):
    return {name: [row[i] for row in rows] for i, name in enumerate(("id", "t", "y", "r", "s"))}


def as_steps(rows):
    return [{"id": i, "t": t, "y": y, "r": r, "s": s} for i, t, y, r, s in rows]


def as_items(rows):
    found = {}
    for item, t, y, r, s in rows:
        found.setdefault(item, {"id": item, "s": s, "ts": []})["ts"].append({"t": t, "y": y, "r": r})
    return list(found.values())


LAYOUTS = {
    "columns": (COLUMNS, as_columns),
    "item_records": (ITEMS, as_items),
    "timestamp_records": (STEPS, as_steps),
    "rows": (INDICES, lambda rows: [list(row) for row in rows]),
}


def read(document, config, **changes):
    return read_items([("sales.json", document)], TimeSeriesDataConfig.model_validate(config | changes))


def reason(rows, layout="timestamp_records"):
    """What is said of item A, beside an item that is fine."""
    config, made = LAYOUTS[layout]
    [left] = read(made([*rows, ("fine", 1, 1, 1, 1)]), config).left_out
    assert left.item_id == "A"
    return left.reason


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_keeps_nulls_in_their_places_and_items_apart(layout):
    config, made = LAYOUTS[layout]
    first, second = read(made(ROWS), config).items
    assert (first.item_id, first.timestamps, first.static) == ("A", (1, 2, 3, 4), (3,))
    np.testing.assert_array_equal(first.target, [5, np.nan, 6])
    np.testing.assert_array_equal(first.related, [[0.5, 1.5, np.nan, 2.5]])
    assert first.future_steps == 1
    assert first.integers == (True, False)
    assert (second.item_id, second.target.tolist(), second.related.tolist()) == ("B", [7.0], [[1.0]])


def test_a_target_may_end_before_the_time_stamps_do():
    document = [{"id": "A", "t": [1, 2, 3], "y": [5, 6], "r": [0, 1, 0], "s": 3}]
    paths = {"timestamp": "[*].t", "target_time_series": "[*].y", "related_time_series": ["[*].r"]}
    [item] = read(document, ITEMS, **paths).items
    assert (item.target.tolist(), item.future_steps) == ([5.0, 6.0], 1)


def test_records_may_stand_below_a_key():
    paths = {key: f"rows{path}" for key, path in STEPS.items() if isinstance(path, str) and path.startswith("[")}
    lists = {key: [f"rows{path}" for path in STEPS[key]] for key in ("related_time_series", "static_covariates")}
    assert len(read({"rows": as_steps(ROWS)}, STEPS, **paths, **lists).items) == 2


def test_files_of_a_folder_are_read_one_after_the_other():
    config = TimeSeriesDataConfig.model_validate(STEPS)
    parts = [("1.json", as_steps(ROWS[:2])), ("2.json", as_steps(ROWS[2:]))]
    assert read_items(parts, config).items[0].timestamps == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("A", 1, 5, 0, 3), ("A", 1, 6, 0, 3)], "Time stamp 1 occurs more than once. Give one value per step."),
        ([("A", 2, 5, 0, 3), ("A", 1, 6, 0, 3)], "Time stamp 1 stands after 2. Sort the records of an item by time."),
        (
            [("A", "2024-02-01", 5, 0, 3), ("A", "2024-01-09", 6, 0, 3)],
            "Time stamp '2024-01-09' stands after '2024-02-01'. Sort the records of an item by time.",
        ),
        ([("A", None, 5, 0, 3)], "Step 0 (the first is 0) has no time stamp. Give every step one."),
        ([("A", 1, None, 0, 3)], "The target has no observed value, so there is nothing to forecast from."),
        (
            [("A", 1, "5", 0, 3)],
            "target_time_series holds '5' at step 0 (the first is 0), which is no finite number.",
        ),
        (
            [("A", 1, 5, True, 3)],
            "related_time_series[0] holds True at step 0 (the first is 0), which is no finite number.",
        ),
        (
            [("A", 1, 5, 0, 3), ("A", 2, 6, 0, 4)],
            "static_covariates[0] must be one value for the item; it is 3 and 4.",
        ),
        (
            [("A", 1, 5, 0, 3), ("A", 2, 6, 0, float("nan"))],
            "static_covariates[0] must be one value for the item; it is 3 and None.",
        ),
        (
            [("A", 1, 10**400, 0, 3)],
            f"target_time_series holds {ENDLESS} at step 0 (the first is 0), which is no finite number.",
        ),
    ],
)
def test_an_item_that_cannot_be_explained_is_left_out_and_the_others_are_read(rows, said):
    assert reason(rows) == said


def test_an_item_whose_covariate_is_an_empty_list_is_left_out():
    documents = as_items(ROWS)
    documents[0]["s"] = []
    found = read(documents, ITEMS)
    assert [item.item_id for item in found.items] == ["B"]
    assert [(left.item_id, left.reason) for left in found.left_out] == [
        ("A", "static_covariates[0] must be one value for the item; it is an empty list.")
    ]


def test_a_missing_covariate_is_none_however_it_is_written():
    found = read(as_steps([("A", 1, 5, 0, float("nan")), ("A", 2, 6, 0, None), ("B", 1, 5, 0, 2)]), STEPS)
    assert [item.static for item in found.items] == [(None,), (2,)]


def test_everything_that_is_wrong_with_an_item_is_said_at_once():
    assert reason([("A", 2, "x", 0, 3), ("A", 1, 5, 0, 4)]) == (
        "Time stamp 1 stands after 2. Sort the records of an item by time. "
        "static_covariates[0] must be one value for the item; it is 3 and 4. "
        "target_time_series holds 'x' at step 0 (the first is 0), which is no finite number."
    )


def test_series_of_different_lengths_in_one_item_are_named():
    document = as_items([*ROWS, ("fine", 1, 1, 1, 1)])
    document[0] |= {"ts": [{"t": 1}, {"t": 2}], "y": [1, 2, 3], "r": [0]}
    document[1] |= {"y": 1, "r": 1}
    document[2] |= {"y": 1, "r": 1}
    paths = {"target_time_series": "[*].y", "related_time_series": ["[*].r"]}
    [left] = read(document, ITEMS, **paths).left_out
    assert left.reason == (
        "target_time_series has 3 values for 2 time stamps. related_time_series[0] has 1 value for 2 time stamps."
    )


def fault(document, config, error=ConfigError, **changes):
    with pytest.raises(error) as raised:
        read(document, config, **changes)
    return str(raised.value)


def test_columns_of_different_lengths_belong_to_no_item():
    assert fault(as_columns(ROWS) | {"y": [1, 2]}, COLUMNS) == (
        "time_series_data_config.target_time_series: got 'y'. It finds 2 values in sales.json, and item_id finds 5."
    )


def test_a_misspelt_path_is_told_with_the_nearest_key():
    assert fault(as_steps(ROWS), STEPS, related_time_series=["[].rr"]) == (
        "time_series_data_config.related_time_series[0]: got '[].rr'. It finds no value in any item; did you mean 'r'?"
    )
    assert fault({"id": ["A"], "t": [1], "sales": [2]}, COLUMNS, target_time_series="sale", related_time_series=[]) == (
        "time_series_data_config.target_time_series: got 'sale'. It finds nothing in sales.json; did you mean 'sales'? "
        "Check 'dataset_format' as well.\n"
        "time_series_data_config.static_covariates[0]: got 's'. It finds nothing in sales.json; there are 'id', 't', "
        "'sales'. Check 'dataset_format' as well."
    )


def test_a_document_in_another_layout_is_told():
    assert fault(as_columns(ROWS), STEPS) == (
        "time_series_data_config.item_id: got '[].id'. There is no list but an object at the top of the file, and "
        "this layout is a list of records. Check 'dataset_format' as well."
    )


def test_records_without_an_item_are_told_by_their_place():
    assert fault(as_steps([(None, 1, 5, 0, 3), *ROWS]), STEPS, DataError) == (
        "sales.json, record 0: got None. There is no item id here. Every record needs one."
    )


def test_an_item_that_is_no_number_is_none():
    with pytest.raises(DataError) as raised:
        read(as_steps([("A", 1, 5, 0, 3), (float("nan"), 1, 5, 0, 3)]), STEPS)
    assert str(raised.value) == ("sales.json, record 1: got nan. There is no item id here. Every record needs one.")


def test_an_item_in_two_records_is_told():
    assert fault([*as_items(ROWS), as_items(ROWS)[0]], ITEMS, DataError) == (
        "sales.json, record 2: got 'A'. An earlier record has this item id. Put all steps of an item into one record."
    )


def test_without_any_good_item_every_fault_is_an_error():
    assert fault(as_steps([("A", 1, None, 0, 3), ("A", 1, 5, 0, 3)]), STEPS, DataError) == (
        "item 'A': Time stamp 1 occurs more than once. Give one value per step."
    )


def test_the_mean_is_that_of_the_observed_values():
    [item, _] = read(as_steps(ROWS), STEPS).items
    absent = Baseline(target="mean", related="mean", static={"A": (0,), "B": (0,)}).absent(item)
    assert absent.target.tolist() == [5.5, 5.5, 5.5]
    assert absent.related.tolist() == [[1.5, 1.5, 1.5, 1.5]]
    assert absent.static == (0,)


def test_items_that_tables_write_as_floats_have_the_baseline_of_the_whole_number():
    [item] = read(as_steps([(1.0, 1, 5, 0, 3)]), STEPS).items
    baseline = Baseline(static={"1": [7], "2": [8]})
    assert baseline.absent(item).static == (7,)
    assert baseline.unknown_items([1.0, 2.0]) == ()


def test_an_item_without_a_baseline_for_its_covariates_is_told():
    [item, _] = read(as_steps(ROWS), STEPS).items
    with pytest.raises(DataError) as raised:
        Baseline(static={"a": (0,)}).absent(item)
    assert str(raised.value) == ("item 'A': There is no baseline of its static covariates; did you mean 'a'? Give one.")
