"""What our model server reads and writes."""

import io
import json

import numpy as np
import pytest

from pellucid.models.http.extraction import ResponseFormat, extract
from pellucid.models.http.templates import RequestFormat
from pellucid.models.serving.bodies import BadRequest, accepted_type, decode_rows, encode_scores
from pellucid.protocols.model import Batch, Scores

CSV, LINES, JSON, NPY = "text/csv", "application/jsonlines", "application/json", "application/x-npy"
NAMES = ("whole", "part", "text", "code")
BATCH = Batch(
    {
        "whole": np.array([1, 2]),
        "part": np.array([0.5, np.nan]),
        "text": np.array(["a, b", None], dtype=object),
        "code": np.array(["007", "12"], dtype=object),
    }
)


@pytest.mark.parametrize(
    "request_format",
    [
        RequestFormat(),
        RequestFormat(content_type=LINES, content_template="$features"),
        RequestFormat(content_type=LINES, content_template='{"features": $features}'),
        RequestFormat(content_type=JSON, content_template="$records", record_template="$features"),
        RequestFormat(content_type=JSON, content_template='{"instances": $records}', record_template="$features_kvp"),
        RequestFormat(
            content_type=JSON,
            content_template='{"names": $feature_names, "rows": $records}',
            record_template='{"features": $features}',
        ),
    ],
)
def test_the_server_reads_rows_as_the_client_had_them(request_format):
    read = decode_rows(request_format.encode(BATCH), request_format.content_type, NAMES)
    assert read.names == NAMES
    for name, values in BATCH.columns.items():
        assert read.columns[name].dtype == values.dtype
        np.testing.assert_array_equal(read.columns[name], values)


@pytest.mark.parametrize("accept", [CSV, LINES, JSON])
def test_the_client_reads_scores_as_the_server_had_them(accept):
    scores = Scores(np.array([[0.25, 0.75], [0.1, 0.9]]), labels=np.array(["no", "yes"], dtype=object))
    where = {
        CSV: ResponseFormat(accept_type=CSV, label=0, probability=1),
        LINES: ResponseFormat(accept_type=LINES, label="predicted_label", probability="score"),
        JSON: ResponseFormat(
            accept_type=JSON, label="predictions[*].predicted_label", probability="predictions[*].score"
        ),
    }[accept]
    read = extract(encode_scores(scores, accept), accept, 2, where)
    assert read.labels.tolist() == ["no", "yes"]
    assert read.values.tolist() == ([[0.25], [0.1]] if accept == CSV else scores.values.tolist())


def test_npy_is_read_without_pickle():
    stream = io.BytesIO()
    np.save(stream, np.array([[1.0, 2.0]]))
    assert [column.tolist() for column in decode_rows(stream.getvalue(), NPY).columns.values()] == [[1.0], [2.0]]
    stream = io.BytesIO()
    np.save(stream, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(BadRequest, match=r"^The body is no application/x-npy"):
        decode_rows(stream.getvalue(), NPY)


def test_objects_are_put_in_the_order_of_the_features():
    read = decode_rows(json.dumps([{"b": 2, "a": 1}]).encode(), JSON, ["a", "b"])
    assert {name: values.tolist() for name, values in read.columns.items()} == {"a": [1], "b": [2]}


@pytest.mark.parametrize(
    ("body", "kind", "status", "message"),
    [
        (b"1,2", CSV, 400, "Records have 2 values, and the model takes 3: ['a', 'b', 'c']."),
        (
            b'[{"a": 1, "x": 2}]',
            JSON,
            400,
            "Records must hold the features ['a', 'b', 'c']; these are missing or unknown: ['b', 'c', 'x'].",
        ),
        (
            b"1",
            "image/png",
            415,
            "Content-Type: got 'image/png'. Requests are text/csv, application/jsonlines, application/json or ",
        ),
        (b"{]", JSON, 400, "The body is no application/json: "),
    ],
)
def test_what_cannot_be_read_is_refused(body, kind, status, message):
    with pytest.raises(BadRequest) as caught:
        decode_rows(body, kind, ["a", "b", "c"])
    assert caught.value.status == status
    assert str(caught.value).startswith(message)


def test_the_answer_is_in_a_type_that_was_asked_for():
    assert accepted_type("application/json;q=0.9, */*", CSV) == JSON
    assert accepted_type("*/*", LINES) == LINES
    assert accepted_type("", NPY) == CSV
    with pytest.raises(BadRequest) as caught:
        accepted_type("image/png", CSV)
    assert caught.value.status == 406
