"""From answers to scores and labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import ConfigError, ModelError
from pellucid.models.http.extraction import ResponseFormat, extract

CSV, LINES, JSON = "text/csv", "application/jsonlines", "application/json"


def read(body, records, **wanted):
    body = body if isinstance(body, bytes) else body.encode()
    return extract(body, None, records, ResponseFormat(**wanted))


def scores(body, records, **wanted):
    return read(body, records, **wanted).values.tolist()


def labels(body, records, **wanted):
    return read(body, records, **wanted).labels.tolist()


def message(body, records, content_type=None, **wanted):
    with pytest.raises(ModelError) as caught:
        extract(body, content_type, records, ResponseFormat(**wanted))
    return str(caught.value)


# CSV


@pytest.mark.parametrize("body", ["0.6\n0.3", "0.6\n0.3\n", "0.6,0.3", "0.6,0.3\r\n", "0.6\r\n0.3\r\n", '"0.6"\n"0.3"'])
def test_one_score_per_record_comes_on_a_line_each_or_all_on_one(body):
    assert scores(body, 2) == [[0.6], [0.3]]


def test_several_cells_of_a_single_record_are_several_scores():
    assert scores("0.1,0.6,0.3", 1) == [[0.1, 0.6, 0.3]]


def test_the_probability_column_is_found_by_index():
    assert scores("1,0.6\n0,0.2", 2, probability=1) == [[0.6], [0.2]]


def test_label_and_probability_stand_side_by_side():
    answer = read("1,0.6\n0,0.2", 2, label=0, probability=1)
    assert answer.values.tolist() == [[0.6], [0.2]]
    assert answer.labels.tolist() == [1, 0]


def test_a_cell_may_hold_a_printed_list():
    body = "\"['cat','dog']\",\"[0.2,0.8]\"\n\"['cat','dog']\",\"[0.7,0.3]\""
    answer = read(body, 2, label=0, probability=1)
    assert answer.values.tolist() == [[0.2, 0.8], [0.7, 0.3]]
    assert answer.labels.tolist() == ["dog", "cat"]
    assert answer.outputs == ("cat", "dog")


def test_text_labels_alone_have_no_scores():
    answer = read("yes\nno", 2, label=0)
    assert answer.labels.tolist() == ["yes", "no"]
    assert answer.values.shape == (2, 0)


def test_a_label_that_is_a_number_and_stands_alone_is_the_score():
    assert scores("1\n0", 2, label=0) == [[1.0], [0.0]]
    assert read("1\n0", 2, label=0).labels is None


def test_codes_with_leading_zeros_stay_text():
    assert labels("007,0.5\n012,0.4", 2, label=0, probability=1) == ["007", "012"]


# JSON Lines


def test_json_lines_are_read_by_path():
    body = '{"score": 0.6, "p": {"x": 1}}\n{"score": 0.3, "p": {"x": 2}}\n'
    assert scores(body, 2, accept_type=LINES, probability="score") == [[0.6], [0.3]]
    assert scores(body, 2, accept_type=LINES, probability="p.x") == [[1.0], [2.0]]


def test_json_lines_without_a_path_are_scores_as_a_whole():
    assert scores("0.6\n0.3", 2, accept_type=LINES) == [[0.6], [0.3]]
    assert scores("[0.6, 0.4]\n[0.3, 0.7]", 2, accept_type=LINES) == [[0.6, 0.4], [0.3, 0.7]]


def test_lists_of_labels_in_another_order_are_put_in_the_first_records_order():
    body = '{"l": ["cat", "dog"], "s": [0.2, 0.8]}\n{"l": ["dog", "cat"], "s": [0.9, 0.1]}'
    answer = read(body, 2, accept_type=LINES, label="l", probability="s")
    assert answer.outputs == ("cat", "dog")
    assert answer.values.tolist() == [[0.2, 0.8], [0.1, 0.9]]
    assert answer.labels.tolist() == ["dog", "dog"]


def test_numbers_as_strings_are_numbers():
    assert scores('{"s": "0.25"}', 1, accept_type=LINES, probability="s") == [[0.25]]


# JSON


def test_a_json_document_is_read_once_for_all_records():
    body = '{"predictions": [{"score": 0.6, "label": "a"}, {"score": 0.3, "label": "b"}]}'
    wanted = {"accept_type": JSON, "probability": "predictions[*].score", "label": "predictions[*].label"}
    assert scores(body, 2, **wanted) == [[0.6], [0.3]]
    assert labels(body, 2, **wanted) == ["a", "b"]


def test_a_single_record_may_come_without_a_list_around_it():
    assert scores('{"score": 0.6}', 1, accept_type=JSON, probability="score") == [[0.6]]
    assert scores('{"score": [0.6, 0.4]}', 1, accept_type=JSON, probability="score") == [[0.6, 0.4]]
    assert scores("[0.6]", 1, accept_type=JSON) == [[0.6]]


# Labels by label_headers


def test_several_scores_take_the_header_of_the_largest():
    answer = read("0.1,0.6,0.3\n0.5,0.2,0.3", 2, label_headers=("A", "B", "C"))
    assert answer.labels.tolist() == ["B", "A"]
    assert answer.outputs == ("A", "B", "C")


def test_headers_that_are_numbers_give_labels_that_are_numbers():
    assert read("0.1,0.9", 1, label_headers=(0, 1)).labels.dtype == np.int64


def test_one_score_is_left_to_the_threshold():
    assert read("0.9\n0.1", 2, label_headers=("approved",)).labels is None


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=20))
def test_the_label_is_always_that_of_a_largest_score(rows):
    body = "\n".join(",".join(map(repr, row)) for row in rows)
    names = ("a", "b", "c")
    chosen = labels(body, len(rows), label_headers=names)
    assert all(row[names.index(label)] == max(row) for row, label in zip(rows, chosen, strict=True))


# Answers that do not fit


def test_an_html_page_is_no_answer():
    assert message(b"<html><body>Please log in</body></html>", 2, "text/html") == (
        "The model answered with a web page instead of predictions. Check the URL of the endpoint (/invocations is "
        "appended to it) and that no proxy or login stands before it. The answer: "
        "'<html><body>Please log in</body></html>'"
    )


def test_flasks_habit_of_calling_everything_html_does_no_harm():
    assert extract(b"0.5\n0.6", "text/html; charset=utf-8", 2, ResponseFormat()).values.tolist() == [[0.5], [0.6]]


def test_another_type_of_answer_names_the_key():
    assert message(b'{"score": 0.5}', 1, "application/json; charset=utf-8") == (
        "predictor.accept_type: got 'text/csv', and the model answered with Content-Type 'application/json'. "
        "Set predictor.accept_type to 'application/json', and predictor.label and predictor.probability to what that "
        "answer holds. The answer: '{\"score\": 0.5}'"
    )


def test_fewer_predictions_than_records_are_named():
    assert message(b"0.5\n0.6", 3) == (
        "The model answered 3 records with 2 predictions. The number of predictions must equal the number of records; "
        "check predictor.accept_type and predictor.probability, or set predictor.batch_records to 1 for a model that "
        "takes single records. The answer: '0.5\\n0.6'"
    )


@pytest.mark.parametrize("cell", ["nan", "inf", "NaN"])
def test_a_score_that_is_not_finite_is_missing(cell):
    assert "a score is missing or not finite" in message(f"0.5\n{cell}".encode(), 2)


def test_null_is_no_score():
    assert message(b'{"s": 0.5}\n{"s": null}', 2, accept_type=LINES, probability="s").startswith(
        "predictor.probability: got 's', which finds nothing in the answer."
    )


def test_text_where_a_score_is_expected_says_which_keys_help():
    assert message(b"yes\nno", 2) == (
        "the answer for it is 'yes' where a score is expected. Could not convert string to float. Set "
        "predictor.probability to where the scores are, or predictor.label where the model answers with labels. "
        "The answer: 'yes\\nno'"
    )


def test_a_path_that_finds_nothing_suggests_the_keys_that_are_there():
    assert message(b'{"scores": [0.5, 0.6]}', 2, accept_type=JSON, probability="score") == (
        "predictor.probability: got 'score', which finds nothing in the answer. Among its keys, did you mean 'scores'? "
        "Use a JMESPath of what is there. The answer: '{\"scores\": [0.5, 0.6]}'"
    )


def test_an_object_without_a_path_asks_for_one():
    assert message(b'{"scores": [0.5, 0.6]}', 2, accept_type=JSON) == (
        "predictor.probability: nothing is set, and the answer holds no list with one entry per record there. "
        "Use a JMESPath such as 'predictions[*].score'. The answer: '{\"scores\": [0.5, 0.6]}'"
    )


def test_a_column_beyond_the_last_is_named():
    assert message(b"0.5\n0.6", 2, probability=1) == (
        "predictor.probability: got 1, and the answer has 1 column. Use an index from 0 to 0. The answer: '0.5\\n0.6'"
    )


def test_headers_and_scores_must_be_as_many():
    assert message(b"0.1,0.6,0.3", 1, label_headers=("A", "B")) == (
        "predictor.label_headers: got 2 names, and the model answers with 3 scores per record. Give one name per "
        "score, in the order of the scores. The answer: '0.1,0.6,0.3'"
    )


def test_a_label_that_is_no_header_is_named():
    assert message(b"cow\ncat", 2, label=0, label_headers=("cat", "dog")) == (
        "predictor.label_headers: the model answered the label 'cow', which is not among them; there are 'cat', 'dog'. "
        "Add it, or point predictor.label at the labels. The answer: 'cow\\ncat'"
    )


def test_several_labels_need_scores_to_choose_by():
    assert message(b'{"l": ["a", "b"]}', 1, accept_type=LINES, label="l") == (
        "predictor.label finds several labels per record, and no scores to choose by. Set predictor.probability to "
        'where the scores are. The answer: \'{"l": ["a", "b"]}\''
    )


def test_records_of_different_widths_are_refused():
    assert message(b"[0.1, 0.9]\n[0.2]", 2, accept_type=LINES) == (
        "the model answered 1 score for it and 2 scores for those before. Point predictor.probability at as many "
        "scores for every record. The answer: '[0.1, 0.9]\\n[0.2]'"
    )


def test_a_line_that_is_no_json_is_shown():
    assert message(b'{"s": 1}\noops', 2, accept_type=LINES, probability="s") == (
        "Line 2 of the answer is not JSON. Set predictor.accept_type to the format that the model answers in; it is "
        "'application/jsonlines' now. The line: 'oops'"
    )


def test_an_empty_body_is_no_answer():
    assert message(b"\n", 3) == "The model answered 3 records with an empty body."


def test_locators_must_fit_the_format():
    with pytest.raises(ConfigError) as caught:
        ResponseFormat(accept_type=CSV, label="score", probability=1)
    assert str(caught.value) == (
        "predictor.label: got 'score'. Answers in text/csv need a zero-based index of a column."
    )
