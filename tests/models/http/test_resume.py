"""A job that is killed half-way asks only for the rest when it is run again."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from faulty_server import Reply, serve, silent_from
from waiting import wait_until

from pellucid.errors import ModelError
from pellucid.jobs.prediction_store import PredictionStore
from pellucid.jobs.predictions import predict_all
from pellucid.models.http.endpoint import endpoint
from pellucid.models.http.extraction import ResponseFormat
from pellucid.models.http.settings import RequestSettings
from pellucid.models.http.templates import RequestFormat
from pellucid.protocols.model import Batch

ROWS, PER_BATCH, PER_REQUEST = 600, 50, 10

JOB = """
import sys
from pathlib import Path
url, output, *sys.path[:0] = sys.argv[1:]
import test_resume
list(test_resume.job(url, Path(output)))
"""


def batches():
    return [Batch({"a": np.arange(first, first + PER_BATCH)}) for first in range(0, ROWS, PER_BATCH)]


def job(url, folder, **settings):
    settings = RequestSettings(batch_records=PER_REQUEST, max_concurrency=2, backoff_seconds=0.005, **settings)
    with endpoint(url, RequestFormat(), ResponseFormat(), settings=settings) as model:
        for scores in predict_all(model, batches(), PredictionStore(folder, "model A")):
            yield scores.values.ravel()


def rows_asked_for(server):
    return sum(body.count(b"\n") + 1 for _, _, body in server.requests)


def test_a_killed_job_continues_where_it_was(tmp_path):
    half, killed = ROWS // PER_REQUEST // 2, threading.Event()
    with serve(fault=silent_from(half, killed)) as server:
        folders = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
        command = [sys.executable, "-c", JOB, server.url, str(tmp_path), *folders]
        with subprocess.Popen(command) as first:
            wait_until(lambda: len(server.requests) >= half or first.poll() is not None)
            first.kill()
        killed.set()
        before = rows_asked_for(server)
        scores = np.concatenate(list(job(server.url, tmp_path)))
        assert scores.tolist() == [row / 100 for row in range(ROWS)]
        again = rows_asked_for(server) - ROWS
        assert ROWS / 2 <= before < ROWS
        # Lost is no more than the batch in work and the requests in flight.
        assert again <= PER_BATCH + 8 * PER_REQUEST


def test_a_finished_job_asks_for_nothing_and_a_discarded_one_for_everything(tmp_path):
    with serve() as server:
        first = np.concatenate(list(job(server.url, tmp_path)))
        assert rows_asked_for(server) == ROWS
        assert np.concatenate(list(job(server.url, tmp_path))).tolist() == first.tolist()
        assert rows_asked_for(server) == ROWS
        PredictionStore(tmp_path, "model A").discard()
        list(job(server.url, tmp_path))
        assert rows_asked_for(server) == 2 * ROWS


def test_what_came_before_a_failure_is_kept(tmp_path):
    def fault(number, body):
        return Reply(b"boom", 400) if b"399" in body.split(b"\n") else None

    with serve(fault=fault) as server, pytest.raises(ModelError, match=r"^Row 399 \(the first is 0\)"):
        list(job(server.url, tmp_path))
    with serve() as server:
        list(job(server.url, tmp_path))
        assert rows_asked_for(server) <= ROWS - 390


def test_a_record_without_a_score_is_asked_for_again(tmp_path):
    def fault(number, body):
        return Reply(b"boom", 400) if b"123" in body.split(b"\n") else None

    with serve(fault=fault) as server:
        scores = np.concatenate(list(job(server.url, tmp_path, on_record_error="skip")))
    assert np.flatnonzero(np.isnan(scores)).tolist() == [123]
    with serve() as server:
        scores = np.concatenate(list(job(server.url, tmp_path, on_record_error="skip")))
        assert scores.tolist() == [row / 100 for row in range(ROWS)]
        assert [body for _, _, body in server.requests] == [b"123"]
