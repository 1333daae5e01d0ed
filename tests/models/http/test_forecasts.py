"""Requests and answers of forecasting models: templates filled, forecasts found, what is wrong with an answer."""

import json

import numpy as np
import pytest

from pellucid.errors import ConfigError, ModelError
from pellucid.models.http.connection import Answer
from pellucid.models.http.extraction import UnreadableRecord, WrongCount
from pellucid.models.http.forecasts import SeriesFormat
from pellucid.protocols.forecaster import SeriesRecord

RECORD = SeriesRecord(
    item_id="A",
    timestamps=("2024-01-01", "2024-01-02", "2024-01-03"),
    target=np.array([5.0, np.nan]),
    related=np.array([[0.0, 1.0, 2.5], [3.0, 4.0, np.nan]]),
    static=(3, "north", None),
    integers=(True, False, True),
)
EVERYTHING = (
    '{"start": $start_time, "y": $target_time_series, "x": $related_time_series, "s": $static_covariates, "model": "m"}'
)


def form(**changes):
    wanted = {"content_template": '{"instances": $records}', "record_template": EVERYTHING, "forecast": "p[*].mean"}
    return SeriesFormat(**wanted | changes)


def decoded(body, records, **changes):
    headers = {"content-type": changes.get("accept_type", "application/json")}
    return [one.tolist() for one in form(**changes).decode(Answer(200, headers, body.encode(), 0.0), records)]


def test_every_placeholder_is_replaced_by_json():
    assert json.loads(form().encode([RECORD, RECORD]))["instances"][1] == {
        "start": "2024-01-01",
        "y": [5, None],
        "x": [[0.0, 1.0, 2.5], [3, 4, None]],
        "s": [3, "north", None],
        "model": "m",
    }
    assert b'"y": [5, null], "x": [[0.0, 1.0, 2.5], [3, 4, null]]' in form().encode([RECORD])


def test_a_template_for_one_record_takes_one_at_a_time():
    single = form(content_template='{"instances": $record}')
    assert single.most_records == 1
    assert json.loads(single.encode([RECORD]))["instances"]["y"] == [5, None]


@pytest.mark.parametrize(
    ("path", "document", "records", "expected"),
    [
        ("p[*].mean", {"p": [{"mean": [1, 2]}, {"mean": [3, 4]}]}, 2, [[1, 2], [3, 4]]),
        ("p[*].mean[:1]", {"p": [{"mean": [1, 2]}, {"mean": [3, 4]}]}, 2, [[1], [3]]),
        ("p[*].mean[0]", {"p": [{"mean": [1, 2]}, {"mean": [3, 4]}]}, 2, [[1], [3]]),
        ("p[*].mean", {"p": [{"mean": [1, 2]}]}, 1, [[1, 2]]),
        ("p.mean", {"p": {"mean": [1, 2]}}, 1, [[1, 2]]),
        ("p.mean", {"p": {"mean": 1.5}}, 1, [[1.5]]),
        ("p[*].mean", {"p": [{"mean": [1]}, {"mean": [3, 4]}]}, 2, [[1], [3, 4]]),
    ],
)
def test_forecasts_are_found_for_one_record_and_for_several(path, document, records, expected):
    assert decoded(json.dumps(document), records, forecast=path) == expected


def test_json_lines_hold_a_forecast_each():
    found = decoded('{"mean": [1, 2]}\n{"mean": [3]}', 2, forecast="mean", accept_type="application/jsonlines")
    assert found == [[1, 2], [3]]


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        (
            '{"p": [{"mean": [1, null]}, {"mean": [3, 4]}]}',
            UnreadableRecord,
            "the model answered '[1, null]' where a list of finite numbers is expected, one per step. Point ",
        ),
        ('{"p": [{"mean": [1, 2]}]}', WrongCount, "The model answered 2 records with 1 forecasts. Check "),
        (
            '{"q": []}',
            ModelError,
            (
                "predictor.time_series_predictor_config.forecast: got 'p[*].mean', which finds nothing in the answer; "
                "among its keys, there are 'q'. The answer: "
            ),
        ),
        ("oops", ModelError, "The answer is not JSON. "),
    ],
)
def test_an_answer_without_forecasts_names_what_to_change(body, error, said):
    with pytest.raises(error) as raised:
        decoded(body, 2)
    assert str(raised.value).startswith(said)


def test_quotes_around_a_placeholder_are_told():
    with pytest.raises(ConfigError) as raised:
        form(record_template='{"start": "$start_time"}').check(RECORD)
    assert str(raised.value) == (
        'predictor.record_template: got \'{"start": "$start_time"}\'. Filled in, the templates make no JSON '
        '(Expecting \',\' delimiter: line 1 column 28 (char 27)): \'{"instances": [{"start": ""2024-01-01""}]}\' '
        "Placeholders bring their own quotes and brackets: write them bare."
    )


def test_templates_and_path_are_checked_together():
    with pytest.raises(ConfigError) as raised:
        form(content_template="{}", record_template="$features", forecast="[", accept_type="text/csv")
    assert [problem.where for problem in raised.value.problems] == [
        "predictor.content_template",
        "predictor.record_template",
        "predictor.record_template",
        "predictor.time_series_predictor_config.forecast",
        "predictor.accept_type",
    ]
