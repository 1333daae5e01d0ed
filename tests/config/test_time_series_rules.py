"""What a configuration of time series must say: locators of one kind, and a layout for paths."""

import json

import pytest

from pellucid.config.load import parse_config
from pellucid.config.time_series_rules import asks_for_forecasts
from pellucid.errors import ConfigError

ROWS = {"item_id": 0, "timestamp": 1, "target_time_series": 2}
METHODS = {"asymmetric_shapley_value": {"direction": "chronological", "granularity": "timewise"}}


def document(series, **changes):
    return {
        "dataset_type": "application/json",
        "time_series_data_config": series,
        "methods": METHODS,
        "predictor": {"model": "shop:forecast"},
        **changes,
    }


def message(series):
    with pytest.raises(ConfigError) as raised:
        parse_config(document(series))
    return str(raised.value)


def test_integers_alone_stand_for_cells_of_rows_and_a_function_needs_no_path_to_its_forecast():
    assert parse_config(document(ROWS)).config.time_series_data_config.dataset_format is None


def test_integers_need_no_layout():
    assert message(ROWS | {"dataset_format": "columns"}) == (
        "time_series_data_config.dataset_format: got 'columns'. Integers count the cells of rows, a list of lists. "
        "Remove this key, or use JMESPaths."
    )


def test_integers_and_paths_are_not_mixed():
    assert message({"item_id": "id", "timestamp": "t", "target_time_series": 2, "dataset_format": "columns"}) == (
        "time_series_data_config.target_time_series: got 2. Use a JMESPath such as '[*].sales'."
    )


def test_a_path_that_is_none_is_told():
    assert message({"item_id": "id", "timestamp": "t", "target_time_series": "[*", "dataset_format": "columns"}) == (
        "time_series_data_config.target_time_series: got '[*'. Use a JMESPath such as '[*].sales'."
    )


def test_a_file_that_speaks_of_time_series_is_known_before_it_is_checked(tmp_path):
    path = tmp_path / "analysis_config.json"
    assert not asks_for_forecasts(path)
    path.write_text(json.dumps(document(ROWS)))
    assert asks_for_forecasts(path)
    path.write_text(json.dumps({"dataset_type": "text/csv", "methods": {}}))
    assert not asks_for_forecasts(path)
