"""JSON Lines and JSON: JMESPath to features and labels, names, types, faults."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.datasets import DatasetSource, read_dataset, read_path
from pellucid.errors import ConfigError, DataError

LINES = "application/jsonlines"
DOCUMENT = "application/json"


def json_source(path: Path, dataset_type: str, **more) -> DatasetSource:
    return DatasetSource(uri=str(path), dataset_type=dataset_type, **more)


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"data":{"x":[1,5,"good"],"y":1}}\n{"data":{"x":[2,null,"bad"],"y":0}}\n')
    return path


def message_of(error: type[Exception], source: DatasetSource) -> str:
    with pytest.raises(error) as caught:
        read_dataset(source)
    return str(caught.value)


def test_features_and_label_are_found_by_jmespath(lines):
    dataset = read_dataset(json_source(lines, LINES, features="data.x", label="data.y"))
    assert dataset.frame.fetchall() == [(1, 5.0, "good", 1), (2, None, "bad", 0)]
    assert [str(kind) for kind in dataset.frame.types] == ["BIGINT", "DOUBLE", "VARCHAR", "BIGINT"]
    assert (dataset.columns, dataset.label) == (("column_0", "column_1", "column_2", "y"), "y")


def test_headers_name_features_then_label_then_predicted_label(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"f":[1,2],"y":0,"p":1}\n')
    headers = ("age", "hours", "income", "score")
    dataset = read_dataset(json_source(path, LINES, features="f", label="y", predicted_label="p", headers=headers))
    assert (dataset.label, dataset.predicted_label, dataset.features) == ("income", "score", ("age", "hours"))


def test_keys_of_feature_objects_name_the_columns(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"f":{"age":1,"sex":"M"},"y":0}\n{"f":{"sex":"F"},"y":1}\n')
    dataset = read_dataset(json_source(path, LINES, features="f", label="y"))
    assert (dataset.columns, dataset.frame.fetchall()) == (("age", "sex", "y"), [(1.0, "M", 0), (None, "F", 1)])


def test_a_document_holds_lists_of_rows_and_labels(tmp_path):
    path = tmp_path / "data.json"
    path.write_text('{"instances":[{"x":[1,2],"y":0},{"x":[3,4],"y":1}]}')
    dataset = read_dataset(json_source(path, DOCUMENT, features="instances[*].x", label="instances[*].y"))
    assert dataset.frame.fetchall() == [(1, 2, 0), (3, 4, 1)]


def test_a_record_without_label_keeps_the_labels_of_the_others_in_place(tmp_path):
    path = tmp_path / "data.json"
    path.write_text('[{"x":[1],"y":0},{"x":[2]},{"x":[3],"y":1}]')
    dataset = read_dataset(json_source(path, DOCUMENT, features="[*].x", label="[*].y"))
    assert dataset.frame.fetchall() == [(1, 0.0), (2, None), (3, 1.0)]


@pytest.mark.parametrize("records", ["*", "@ | *", "values(@)[*]", "values(@) | [*]"])
def test_a_record_without_features_does_not_take_those_of_the_next_one(tmp_path, records):
    path = tmp_path / "data.json"
    # Two of three records have features, and two a label, but not the same two.
    path.write_text('{"a":{"x":[1],"y":0},"b":{"y":1},"c":{"x":[3]}}')
    message = message_of(DataError, json_source(path, DOCUMENT, features=f"{records}.x", label=f"{records}.y"))
    fix = "The JMESPath of features finds nothing here. Correct the record."
    assert message == f"{path}, record 1: got None. {fix}"
    path.write_text('{"a":{"x":[1],"y":0},"b":{"x":[2]},"c":{"x":[3],"y":1}}')
    dataset = read_dataset(json_source(path, DOCUMENT, features=f"{records}.x", label=f"{records}.y"))
    assert dataset.frame.fetchall() == [(1, 0.0), (2, None), (3, 1.0)]


def test_values_of_several_types_become_text_and_are_told(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"f":[1,true],"y":0}\n{"f":["1",1],"y":1}\n')
    dataset = read_dataset(json_source(path, LINES, features="f", label="y"))
    assert dataset.frame.fetchall() == [("1", "True", 0), ("1", "1", 1)]
    assert dataset.notes == (
        "column_0: holds values of several types or lists; it was read as text.",
        "column_1: holds values of several types or lists; it was read as text.",
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1))
def test_integers_stay_exact_unless_one_is_missing(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("json") / "data.jsonl"
    path.write_text("".join(json.dumps({"n": cell}) + "\n" for cell in cells))
    expected = cells if None not in cells else [None if cell is None else float(cell) for cell in cells]
    assert [row[0] for row in read_path(str(path)).fetchall()] == expected


def test_types_hold_over_more_rows_than_are_stored_at_once(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"n":1,"t":true}\n' * 20_001 + '{"n":2.5,"t":"x"}\n')
    frame = read_path(str(path))
    assert frame.aggregate("count(*), sum(n), count(DISTINCT t)").fetchall() == [(20_002, 20_003.5, 2)]


def test_blank_lines_are_told(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"f":[1],"y":0}\n\n{"f":[2],"y":1}\n')
    dataset = read_dataset(json_source(path, LINES, features="f", label="y"))
    assert (dataset.rows, dataset.notes) == (2, (f"{path}: 1 blank line was skipped.",))


def test_all_broken_lines_are_named(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"f":[1]}\n{"f":[1]\nxx\n')
    assert message_of(DataError, json_source(path, LINES, features="f")) == (
        f"{path}, line 2: got '{{\"f\":[1]'. The line is not JSON: Expecting ',' delimiter at character 10. "
        "Correct it.\n"
        f"{path}, line 3: got 'xx'. The line is not JSON: Expecting value at character 1. Correct it."
    )


def test_of_many_broken_lines_the_first_five_are_named(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"f":[1]}\n' + "xx\n" * 7)
    named = message_of(DataError, json_source(path, LINES, features="f")).splitlines()
    assert [line.partition(": got")[0] for line in named] == [f"{path}, line {number}" for number in range(2, 7)]


def test_records_must_have_the_features_of_the_first_one(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"f":[1,2]}\n{"f":[1]}\n{"g":[1]}\n')
    assert message_of(DataError, json_source(path, LINES, features="f")) == (
        f"{path}, line 2: got {{'f': [1]}}. The features are 1, in the first record they are a list of 2. "
        "Correct the line.\n"
        f"{path}, line 3: got {{'g': [1]}}. The JMESPath of features finds nothing here. Correct the line."
    )


def test_wrong_expressions_are_named_together(lines):
    assert message_of(ConfigError, json_source(lines, LINES, label="data[")) == (
        "features: Give the JMESPath to the features: application/jsonlines needs one, for example 'features'.\n"
        "label: got 'data['. This is no valid JMESPath (Invalid jmespath expression: Incomplete expression). "
        "Correct it."
    )
    assert message_of(ConfigError, json_source(lines, LINES, features="x")) == (
        f"features: got 'x'. This JMESPath finds nothing in {lines}, line 1; use one that yields the list of features."
    )
    assert message_of(ConfigError, json_source(lines, LINES, features="data.x", label="y")) == (
        "label: got 'y'. This JMESPath finds nothing in any record; use one that yields the label."
    )


def test_headers_without_a_name_for_the_label_are_refused(lines):
    source = json_source(lines, LINES, features="data.x", label="data.y", headers=("a", "b", "c"))
    assert message_of(ConfigError, source) == (
        "headers: Headers must contain label. The data has 4 columns, headers names 3. "
        "Name the 3 features in order, then a name for label."
    )


def test_lists_of_a_document_must_have_one_entry_per_record(tmp_path):
    path = tmp_path / "data.json"
    path.write_text('{"x":[[1],[2]],"y":[0],"z":{"a":1}}')
    assert message_of(ConfigError, json_source(path, DOCUMENT, features="x", label="y")) == (
        f"label: got 'y'. It finds 1 entries in {path}, features finds 2 records."
    )
    assert message_of(ConfigError, json_source(path, DOCUMENT, features="x", label="z")) == (
        f"label: got 'z'. This JMESPath finds no list but dict \"{{'a': 1}}\" in {path}; it must yield a list with one "
        "entry per record, like '[*].x'."
    )


def test_json_lines_given_as_a_document_are_recognised(lines):
    assert message_of(DataError, json_source(lines, DOCUMENT, features="x")) == (
        f"{lines}: The file is not JSON: Extra data: line 2 column 1 (char 34). "
        "If it holds one record a line, use dataset_type application/jsonlines."
    )
