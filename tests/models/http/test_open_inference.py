"""A model behind the Open Inference Protocol v2."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

from pellucid.errors import ModelError
from pellucid.models.http.extraction import ResponseFormat
from pellucid.models.http.open_inference import open_inference
from pellucid.models.http.settings import RequestSettings
from pellucid.protocols.model import Batch

NUMBERS = Batch({"a": np.array([1, 2, 3]), "b": np.array([0.5, 0.25, 0.0])})
MIXED = Batch({"age": np.array([30, 40]), "job": np.array(["none", "clerk"], dtype=object)})
MATRIX = [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]
BY_NAME = [
    {"name": "job", "datatype": "BYTES", "shape": [-1, 1]},
    {"name": "age", "datatype": "INT64", "shape": [-1, 1]},
]


@pytest.fixture
def server():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.reply(*server.described(self.path))

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.seen.append((self.path, body))
            self.reply(200, {"model_name": "m", "outputs": server.outputs(body["inputs"])})

        def reply(self, status, document):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    server.inputs = MATRIX
    server.described = lambda path: (200, {"name": "m", "inputs": server.inputs})
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def output(name, datatype, shape, data):
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def predict(server, batch, **response):
    settings = RequestSettings(max_retries=1, backoff_seconds=0.01)
    wanted = ResponseFormat(accept_type="application/json", **response)
    with open_inference(server.url, "credit", wanted, settings=settings) as model:
        return model.predict(batch)


def test_numbers_go_out_as_a_matrix_and_come_back_as_scores(server):
    server.outputs = lambda inputs: [output("p", "FP32", [3, 1], [0.1, 0.2, 0.3])]
    assert predict(server, NUMBERS).values.tolist() == [[0.1], [0.2], [0.3]]
    path, body = server.seen[0]
    assert path == "/v2/models/credit/infer"
    assert body == {
        "inputs": [{"name": "x", "shape": [3, 2], "datatype": "FP32", "data": [1.0, 0.5, 2.0, 0.25, 3.0, 0.0]}]
    }


def test_features_go_out_by_name_where_the_model_has_an_input_for_each(server):
    server.inputs = BY_NAME
    server.outputs = lambda inputs: [
        output("label", "BYTES", [2], ["no", "yes"]),
        output("probabilities", "FP64", [2, 2], [[0.9, 0.1], [0.2, 0.8]]),
    ]
    answer = predict(server, MIXED)
    assert answer.values.tolist() == [[0.9, 0.1], [0.2, 0.8]]
    assert answer.labels.tolist() == ["no", "yes"]
    assert server.seen[0][1]["inputs"] == [
        {"name": "job", "shape": [2, 1], "datatype": "BYTES", "data": ["none", "clerk"]},
        {"name": "age", "shape": [2, 1], "datatype": "INT64", "data": [30, 40]},
    ]


def test_outputs_are_chosen_by_name(server):
    server.outputs = lambda inputs: [
        output("margin", "FP32", [3], [1, 2, 3]),
        output("p", "FP32", [3], [0.1, 0.2, 0.3]),
    ]
    assert predict(server, NUMBERS, probability="p").values.tolist() == [[0.1], [0.2], [0.3]]
    with pytest.raises(ModelError) as caught:
        predict(server, NUMBERS)
    assert str(caught.value) == (
        "predictor.probability: the model has the outputs ['margin', 'p']. Name the one that holds scores with "
        "predictor.probability, or the one that holds labels with predictor.label."
    )
    with pytest.raises(ModelError) as caught:
        predict(server, NUMBERS, probability="P")
    assert str(caught.value) == ("predictor.probability: got 'P', which is no output of the model; did you mean 'p'?")


def test_a_model_that_is_not_there(server):
    server.described = lambda path: (404, {"error": "not found"})
    with pytest.raises(ModelError) as caught:
        predict(server, NUMBERS)
    assert str(caught.value) == (
        f"The server at {server.url} does not describe a model 'credit': status 404: '{{\"error\": \"not found\"}}' "
        "Check the name, and that the server follows the Open Inference Protocol v2."
    )


def test_features_that_do_not_fit_the_inputs_are_named(server):
    server.inputs = BY_NAME
    with pytest.raises(ModelError) as caught:
        predict(server, Batch({"age": np.array([1]), "jobs": np.array(["x"], dtype=object)}))
    assert str(caught.value) == (
        "The model takes the inputs ['job', 'age']. Features that are missing: ['job']; that it does not take: "
        "['jobs']; for 'job', did you mean 'jobs'? Use headers and excluded_columns."
    )


@pytest.mark.parametrize(
    ("column", "inputs", "message"),
    [
        (np.array([1.0, np.nan]), MATRIX[0] | {"shape": [-1, 1]}, "Column 'age' holds missing values, and tensors in"),
        (
            np.array(["a", "b"], dtype=object),
            MATRIX[0] | {"shape": [-1, 1]},
            "Column 'age' holds text, and the model's",
        ),
        (np.array([1.0, 1.5]), BY_NAME[1], "Column 'age' holds fractions, and the model's input 'age' takes INT64."),
    ],
)
def test_values_that_a_tensor_cannot_hold_are_named(server, column, inputs, message):
    server.inputs = [inputs]
    with pytest.raises(ModelError) as caught:
        predict(server, Batch({"age": column}))
    assert str(caught.value).startswith(message)


def test_an_output_of_another_length_is_no_answer(server):
    server.outputs = lambda inputs: [output("p", "FP32", [2], [0.5, 0.5])]
    with pytest.raises(ModelError, match="must be the number of records"):
        predict(server, NUMBERS)
