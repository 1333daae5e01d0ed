"""A model behind a real server on loopback, healthy and not."""

import threading
import time
from contextlib import ExitStack

import numpy as np
import pytest
from faulty_server import DROP, Reply, once_each, own_process, serve, silent_from, slow, sums
from waiting import SECONDS_OF_A_HANG, wait_until

from pellucid.errors import ConfigError, ModelError
from pellucid.models.http.endpoint import endpoint
from pellucid.models.http.extraction import ResponseFormat
from pellucid.models.http.settings import RequestSettings
from pellucid.models.http.templates import RequestFormat
from pellucid.models.serving.ports import free_port
from pellucid.protocols.model import Batch


def rows(count):
    return Batch({"a": np.arange(count), "b": np.arange(count) * 2})


def expected(count):
    return [[(row + 2 * row) / 100] for row in range(count)]


def model_at(server, request=None, response=None, **settings):
    settings = {"backoff_seconds": 0.005, **settings}
    return endpoint(
        getattr(server, "url", server),
        request or RequestFormat(),
        response or ResponseFormat(),
        settings=RequestSettings(**settings),
    )


def predicted(server, count, **settings):
    with model_at(server, **settings) as model:
        return model.predict(rows(count)).values.tolist(), model.traffic


def failure(server, count=3, **settings):
    with model_at(server, **settings) as model, pytest.raises(ModelError) as caught:
        model.predict(rows(count))
    return str(caught.value).replace(getattr(server, "url", "\0"), "URL")


def test_scores_come_in_the_order_of_the_rows():
    with serve() as server:
        assert predicted(server, 5000)[0] == expected(5000)


def test_scores_come_in_order_though_answers_do_not():
    others = threading.Event()

    def first_is_late(number, body):
        if body.startswith(b"0,0\n"):
            assert others.wait(SECONDS_OF_A_HANG)
        else:
            others.set()

    with serve(fault=first_is_late) as server:
        assert predicted(server, 300, batch_records=10)[0] == expected(300)
        assert others.is_set()


def test_headers_of_the_container_contract_are_sent():
    with serve() as server:
        model = endpoint(
            server.url + "/",
            RequestFormat(),
            ResponseFormat(),
            custom_attributes="trace=7",
            target_model="income.tar.gz",
        )
        with model:
            model.predict(rows(2))
        path, headers, body = server.requests[0]
    assert path == "/invocations"
    assert headers["Content-Type"] == headers["Accept"] == "text/csv"
    assert headers["X-Amzn-SageMaker-Custom-Attributes"] == "trace=7"
    assert headers["X-Amzn-SageMaker-Target-Model"] == "income.tar.gz"
    assert body == b"0,0\n1,2"


def test_one_record_per_request_where_the_template_says_so():
    def answer(body):
        return b'{"score": 0.5}'

    single = RequestFormat(content_type="application/json", content_template="$record", record_template="$features")
    response = ResponseFormat(accept_type="application/json", probability="score")
    with serve(answer, content_type="application/json") as server, model_at(server, single, response) as model:
        assert model.predict(rows(3)).values.tolist() == [[0.5]] * 3
        assert sorted(body for _, _, body in server.requests) == [b"[0, 0]", b"[1, 2]", b"[2, 4]"]


# Survival


def test_a_faulty_server_gives_the_scores_of_a_healthy_one():
    def fault(number, body):
        if number % 10 == 0:
            return Reply(b"out of luck", 500)
        return DROP if number % 20 == 5 else None

    with serve(fault=once_each(fault)) as server:
        scores, traffic = predicted(server, 1000, batch_records=10)
    assert scores == expected(1000)
    assert traffic.records == 1000
    assert traffic.retries == traffic.requests - 100 > 10


def test_a_server_that_is_killed_and_comes_back_is_waited_for():
    port = free_port()
    with own_process(port) as (process, url):
        settings = {"max_concurrency": 4, "max_retries": 3, "max_backoff_seconds": 0.1}
        with model_at(url, batch_records=10, **settings) as model, ExitStack() as later:

            def restart_after_many_retries():
                # More than four requests have by themselves: the breaker waits for the server.
                wait_until(lambda: model.traffic.retries > 4 * 3)
                later.enter_context(own_process(port))

            scores = []
            for number, piece in enumerate(model.predict_stream([(0, rows(1000))])):
                scores += piece.values.tolist()
                if number == 10:
                    process.kill()
                    process.wait()
                    restart = threading.Thread(target=restart_after_many_retries)
                    restart.start()
            restart.join()
    assert scores == expected(1000)


def test_a_throttling_server_is_asked_when_it_says():
    def fault(number, body):
        return Reply(status=429, headers={"Retry-After": "0.3"}) if number == 1 else None

    with serve(fault=fault) as server:
        begun = time.perf_counter()
        scores, traffic = predicted(server, 3)
    assert scores == expected(3)
    assert traffic.retries == 1
    assert time.perf_counter() - begun >= 0.3


def test_a_slow_server_is_sent_smaller_requests():
    ended = threading.Event()

    def fault(number, body):
        if body.count(b"\n") >= 16:
            ended.wait()

    with serve(fault=fault) as server:
        scores, traffic = predicted(server, 64, timeout_seconds=0.5, max_concurrency=1)
        ended.set()
    assert scores == expected(64)
    assert traffic.batch_records <= 16


def test_requests_stay_below_the_payload_limit():
    with serve() as server:
        assert predicted(server, 2000, payload_limit_bytes=500)[0] == expected(2000)
        assert max(len(body) for _, _, body in server.requests) <= 500


def test_a_server_that_refuses_large_bodies_gets_smaller_ones():
    def fault(number, body):
        return Reply(b"too large", 413) if len(body) > 100 else None

    with serve(fault=fault) as server:
        assert predicted(server, 300)[0] == expected(300)


def test_no_more_requests_are_in_flight_than_allowed():
    with serve(fault=slow(0.005)) as server:
        predicted(server, 200, batch_records=5, max_concurrency=3)
        assert server.most_in_flight <= 3


def test_a_model_that_takes_single_records_gets_them(caplog):
    def fault(number, body):
        return Reply(b"one at a time", 400) if b"\n" in body else None

    with serve(fault=fault) as server:
        scores, _ = predicted(server, 200)
    assert scores == expected(200)
    assert "Fallback to per-record prediction because of model error." in caplog.text
    assert "took 1: requests hold no more from now on." in caplog.text


def test_a_model_that_answers_the_first_record_only_gets_single_ones():
    with serve(lambda body: sums(body.split(b"\n")[0])) as server:
        assert predicted(server, 200)[0] == expected(200)


# A record that the model rejects


def dislikes_17(number, body):
    return Reply(b"row out of range", 400) if b"17,34" in body.split(b"\n") else None


def test_a_rejected_record_is_named_with_its_number_and_payload():
    with serve(fault=dislikes_17) as server:
        assert failure(server, 100) == (
            "Row 17 (the first is 0): the model rejected this record with status 400: 'row out of range' It was sent: "
            "'17,34' Correct the row or the model, or set predictor.on_record_error to 'skip' to go on without such "
            "rows."
        )


def test_the_number_of_a_rejected_record_counts_from_the_start_of_the_data():
    with serve(fault=dislikes_17) as server, model_at(server) as model:
        parts = [(1000, rows(10)), (1010, rows(100)[10:])]
        with pytest.raises(ModelError, match=r"^Row 1,017 \(the first is 0\)"):
            list(model.predict_stream(parts))


def test_scores_before_a_rejected_record_are_given_first():
    with serve(fault=dislikes_17) as server, model_at(server, batch_records=5) as model:
        stream = model.predict_stream([(0, rows(100))])
        given = []
        with pytest.raises(ModelError):
            given.extend(score for scores in stream for score in scores.values.tolist())
    assert given[:15] == expected(15)


def test_a_rejected_record_can_be_skipped_and_is_counted(caplog):
    with serve(fault=dislikes_17) as server:
        scores, traffic = predicted(server, 100, on_record_error="skip")
    assert np.isnan(scores[17])
    assert scores[:17] + scores[18:] == expected(100)[:17] + expected(100)[18:]
    assert traffic.skipped == 1
    assert traffic.line().endswith("1 record skipped because the model rejected them.")
    assert "Skipped. Row 17 (the first is 0): the model rejected this record with status 400" in caplog.text


def test_a_score_that_is_nan_can_be_skipped():
    def answer(body):
        return b"\n".join(b"nan" if line == b"17,34" else sums(line) for line in body.split(b"\n"))

    with serve(answer) as server:
        scores, _ = predicted(server, 50, on_record_error="skip")
        message = failure(server, 50)
    assert np.flatnonzero(np.isnan(scores)).tolist() == [17]
    assert message.startswith("Row 17 (the first is 0): the model answered [nan] where finite numbers are expected:")
    assert message.endswith("It was sent: '17,34'")


def test_skipping_does_not_hide_that_every_record_is_rejected():
    with serve(fault=lambda number, body: Reply(b"no such column", 422)) as server:
        assert failure(server, 100, on_record_error="skip").startswith(
            "The model rejected the first 20 records, so none was skipped. "
        )


def test_an_outage_is_no_rejection():
    def fault(number, body):
        return Reply(b"bad", 400) if b"17,34" in body.split(b"\n") else Reply(b"away", 503) if number > 12 else None

    with serve(fault=fault) as server:
        message = failure(server, 64, on_record_error="skip", outage_seconds=0.05, max_retries=1)
    assert "does not answer (status 503: 'away')" in message


# What ends a job


def test_a_server_that_is_not_there():
    url = f"http://127.0.0.1:{free_port()}"
    with model_at(url, max_retries=2) as model, pytest.raises(ModelError) as caught:
        model.predict(rows(2))
    assert str(caught.value) == (
        f"The model at {url}/invocations does not answer (All connection attempts failed), asked 3 times. Check that "
        "the server runs and can be reached from here; predictor.timeout_seconds and predictor.max_retries say how "
        "long is waited."
    )


def test_a_server_that_never_answers():
    ended = threading.Event()
    with serve(fault=silent_from(1, ended)) as server:
        message = failure(server, 1, timeout_seconds=0.1, max_retries=1)
        ended.set()
        assert message == (
            "Row 0 (the first is 0): The model at URL/invocations does not answer (no answer within 0.1 seconds), "
            "asked 2 times. Check that the server runs and can be reached from here; predictor.timeout_seconds and "
            "predictor.max_retries say how long is waited. It was sent: '0,0'"
        )


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (403, "Give the endpoint credentials that it accepts."),
        (404, "Check the URL: it is the server's base, to which /invocations is appended."),
        (406, "Set predictor.accept_type to a format that the model answers in."),
        (415, "Set predictor.content_type to a format that the model takes."),
    ],
)
def test_a_refusal_says_what_to_change_and_is_not_repeated(status, fix):
    with serve(fault=lambda number, body: Reply(b"no", status)) as server:
        assert failure(server) == f"The model at URL/invocations refuses the request with status {status}: 'no' {fix}"
        assert len(server.requests) == 1


def test_answers_must_keep_their_form():
    def answer(body):
        return b"\n".join(b"0.5" if int(line.split(b",")[0]) < 100 else b"0.5,0.5" for line in body.split(b"\n"))

    with serve(answer) as server:
        assert failure(server, 200, batch_records=50) == (
            "The model answered 1 score per record before, and 2 scores now. It must answer every request in one form."
        )


def test_a_record_larger_than_the_limit_is_named():
    with serve() as server:
        assert failure(server, 1, payload_limit_bytes=2) == (
            "Row 0 (the first is 0) takes 3 bytes, more than predictor.payload_limit_bytes, which is 2. Raise it if "
            "the server takes more. The record: '0,0'"
        )


def test_requests_in_flight_are_given_up_when_the_job_ends():
    ended, waited = threading.Event(), []

    def second_is_silent(number, body):
        if not body.startswith(b"0,0\n"):
            waited.append(ended.wait())

    with serve(fault=second_is_silent) as server, model_at(server, batch_records=10) as model:
        stream = model.predict_stream([(0, rows(20))])
        next(stream)
        stream.close()
        model.close()
        assert waited == []  # the job has ended before the answer came
        ended.set()


def test_settings_are_checked_together():
    with pytest.raises(ConfigError) as caught:
        RequestSettings(batch_records=0, timeout_seconds=-1, on_record_error="stop")
    assert str(caught.value) == (
        "predictor.batch_records: got 0. Use a number of at least 1.\n"
        "predictor.timeout_seconds: got -1. Use a number of at least 0.001.\n"
        "predictor.on_record_error: got 'stop'. Use 'fail' or 'skip'."
    )


@pytest.mark.parametrize("url", ["income-endpoint", "http://", "http://localhost:none", "ftp://localhost"])
def test_the_url_is_checked_before_anything_is_sent(url):
    with pytest.raises(ConfigError) as caught:
        model_at(url)
    assert str(caught.value) == (
        f"predictor.endpoint_name: got '{url}'. Use the base URL of a server, such as 'http://127.0.0.1:8080'."
    )


# Looking at one exchange


def test_a_probe_shows_what_went_over_the_wire():
    with serve() as server, model_at(server) as model:
        seen = model.probe(rows(3))
    assert seen.request_body == b"0,0\n1,2\n2,4"
    assert seen.response_body == b"0.0\n0.03\n0.06"
    assert seen.request_headers["content-type"] == "text/csv"
    assert seen.scores.values.tolist() == expected(3)
    assert (seen.status, seen.fault) == (200, None)


def test_a_probe_shows_what_does_not_fit():
    with serve(lambda body: b"yes\nno") as server, model_at(server) as model:
        seen = model.probe(rows(2))
    assert seen.response_body == b"yes\nno"
    assert seen.scores is None
    assert seen.fault.startswith("Row 0 (the first is 0): the answer for it is 'yes' where a score is expected.")
    with serve(fault=lambda number, body: Reply(b"boom", 500)) as server, model_at(server) as model:
        assert model.probe(rows(2)).fault == "The model rejected a request with status 500: 'boom'"
