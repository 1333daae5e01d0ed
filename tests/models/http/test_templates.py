"""Bodies of requests, byte for byte."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import ConfigError, ModelError
from pellucid.models.http.templates import RequestFormat
from pellucid.protocols.model import Batch

LINES, JSON = "application/jsonlines", "application/json"


def batch(**columns):
    return Batch({name: np.array(values, dtype=kind) for name, (values, kind) in columns.items()})


ROW = batch(A=([0], int), B=([1], int))
TWO = batch(A=([0, 2], int), B=(["x", "y"], object))


def test_csv_quotes_text_and_nothing_else():
    rows = batch(text=(["good product", "bad"], object), stars=([5, 1], int))
    assert RequestFormat().encode(rows) == b'"good product",5\n"bad",1'


def test_csv_doubles_quotes_inside_text():
    assert RequestFormat().encode(batch(t=(['12" pipe, new\nline'], object))) == b'"12"" pipe, new\nline"'


def test_numbers_keep_their_type():
    rows = batch(i=([1], int), f=([1.0], float), small=([0.1], np.float32), b=([True], bool))
    assert RequestFormat().encode(rows) == b"1,1.0,0.1,True"
    lines = RequestFormat(content_type=LINES, content_template="$features").encode(rows)
    assert lines == b"[1,1.0,0.1,true]"


def test_a_missing_value_is_an_empty_cell_or_null():
    rows = batch(f=([np.nan], float), t=([None], object), whole=([None], object))
    assert RequestFormat().encode(rows) == b",,"
    assert RequestFormat(content_type=LINES, content_template="$features").encode(rows) == b"[null,null,null]"


def test_a_missing_value_that_stands_alone_does_not_leave_an_empty_line():
    assert RequestFormat().encode(batch(t=(["a", None], object))) == b'"a"\n""'


def test_whole_numbers_and_booleans_beside_missing_values_stay_what_they_are():
    rows = batch(i=([1, None], object), b=([True, None], object))
    assert RequestFormat().encode(rows) == b"1,True\n,"
    assert RequestFormat(content_type=LINES, content_template="$features").encode(rows) == b"[1,true]\n[null,null]"


def test_json_lines_hold_one_record_per_line():
    lines = RequestFormat(content_type=LINES, content_template='{"x":$features}')
    assert lines.encode(TWO) == b'{"x":[0,"x"]}\n{"x":[2,"y"]}'


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("$features", "[0, 1]"),
        ('{"f": $features, "names": $feature_names}', '{"f": [0, 1], "names": ["A","B"]}'),
        ("$features_kvp", '{"A": 0, "B": 1}'),
        ('{"a": "${A}", "b": "${B}"}', '{"a": 0, "b": 1}'),
    ],
)
def test_record_templates_of_the_guide(record, expected):
    wanted = RequestFormat(content_type=JSON, content_template="$records", record_template=record)
    assert wanted.encode(ROW).decode() == f"[{expected}]"


def test_a_named_placeholder_swallows_its_quotes_and_texts_bring_their_own():
    wanted = RequestFormat(content_type=JSON, content_template="$records", record_template='{"b": "${B}"}')
    assert wanted.encode(TWO) == b'[{"b": "x"}, {"b": "y"}]'


def test_all_records_stand_in_one_list_with_the_names_beside_them():
    content = '{"names": $feature_names, "rows": $records, "percent": "100%"}'
    wanted = RequestFormat(content_type=JSON, content_template=content, record_template="$features")
    assert wanted.encode(TWO) == b'{"names": ["A","B"], "rows": [[0, "x"], [2, "y"]], "percent": "100%"}'


def test_a_single_record_stands_alone():
    wanted = RequestFormat(content_type=JSON, content_template='{"row": $record}', record_template="$features_kvp")
    assert wanted.one_record_per_request
    assert wanted.encode(ROW) == b'{"row": {"A": 0, "B": 1}}'
    with pytest.raises(ModelError) as caught:
        wanted.encode(TWO)
    assert str(caught.value) == (
        "predictor.content_template: got '{\"row\": $record}' for 2 records, and $record takes one record per request. "
        "Use $records where the model takes several."
    )


def test_text_that_looks_like_a_placeholder_is_text():
    rows = batch(A=(["$features ${B} %s"], object))
    wanted = RequestFormat(content_type=JSON, content_template="$records", record_template="$features_kvp")
    assert json.loads(wanted.encode(rows)) == [{"A": "$features ${B} %s"}]


def test_placeholders_that_name_no_feature_are_listed_together():
    wanted = RequestFormat(
        content_type=JSON, content_template="$records", record_template='{"a": "${a}", "z": "${zip}", "b": "${B}"}'
    )
    with pytest.raises(ConfigError) as caught:
        wanted.encode(ROW)
    assert str(caught.value) == (
        "predictor.record_template: got '${a}'. Feature names not found. Name a feature that is sent to the model; "
        "did you mean 'A'?\n"
        "predictor.record_template: got '${zip}'. Feature names not found. Name a feature that is sent to the model; "
        "there are 'A', 'B'."
    )


def test_templates_that_do_not_fit_are_refused_at_once():
    with pytest.raises(ConfigError) as caught:
        RequestFormat(content_type=JSON, content_template="{}")
    assert str(caught.value) == (
        "predictor.content_template: got '{}'. Use $records (all records of a request) or $record (one record per "
        "request).\npredictor.record_template: got None. Use a text such as '$features'."
    )
    with pytest.raises(ConfigError, match=r"^predictor.content_template: got None. Use a text that holds the"):
        RequestFormat(content_type=LINES)


def test_json_has_no_word_for_an_infinite_number():
    with pytest.raises(ModelError) as caught:
        RequestFormat(content_type=LINES, content_template="$features").encode(batch(x=([np.inf], float)))
    assert str(caught.value) == (
        "Column 'x' holds an infinite number, which JSON cannot. "
        "Correct the value, or set predictor.content_type to 'text/csv'."
    )


texts = st.one_of(
    st.none(), st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\x00"), min_size=1)
)


@given(st.lists(st.tuples(texts, st.integers(-(2**62), 2**62), st.floats(allow_infinity=False)), min_size=1))
def test_what_is_sent_reads_back_as_what_was_there(rows):
    text, whole, number = zip(*rows, strict=True)
    sent = batch(t=(text, object), i=(whole, int), f=(number, float))
    expected = [[t, i, None if f != f else f] for t, i, f in rows]
    lines = RequestFormat(content_type=LINES, content_template="$features").encode(sent).decode()
    assert [json.loads(line) for line in lines.split("\n")] == expected
    cells = csv.reader(io.StringIO(RequestFormat().encode(sent).decode(), newline=""))
    assert [[t or None, int(i), float(f) if f else None] for t, i, f in cells] == expected
