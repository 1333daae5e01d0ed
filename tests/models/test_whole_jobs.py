"""Jobs from configuration to results: wherever a model runs, bias and explanations are those worked out by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pellucid.api.job import run_job

sys.path.insert(0, str(Path(__file__).parent))

from test_every_format import WRITERS

Floats = npt.NDArray[np.float64]

BASELINE = (0.0, 0.25)
CONFIG = {
    "dataset_type": "text/csv",
    "dataset_uri": "people.csv",
    "label": "paid",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "age", "value_or_threshold": [0.5]}],
    "methods": {
        "post_training_bias": {"methods": ["DPPL", "AD"]},
        "shap": {"baseline": [list(BASELINE)], "num_samples": 100, "agg_method": "mean_abs"},
    },
}


def probability(age: Floats, debt: Floats) -> Floats:
    """The model that every format holds."""
    return np.asarray(1 / (1 + np.exp(-(0.5 * age - debt + 0.25))))


def people() -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Ages, debts and labels; no probability is near a half, so that single precision cuts it the same way."""
    rng = np.random.default_rng(0)
    age, debt = rng.integers(-8, 9, 60) / 4, rng.integers(-8, 9, 60) / 4
    debt += np.where(np.abs(probability(age, debt) - 0.5) < 1e-3, 0.25, 0.0)
    return age, debt, rng.integers(0, 2, 60)


def by_hand() -> dict[str, float]:
    """DPPL and AD by their definitions; the Shapley values of two players are the mean over both orders."""
    age, debt, paid = people()
    accepted, advantaged = probability(age, debt) > 0.5, age <= 0.5
    right = accepted == (paid == 1)
    neither, both = probability(*np.array(BASELINE)), probability(age, debt)
    age_only, debt_only = probability(age, np.full(60, BASELINE[1])), probability(np.full(60, BASELINE[0]), debt)
    return {
        "DPPL": accepted[advantaged].mean() - accepted[~advantaged].mean(),
        "AD": right[advantaged].mean() - right[~advantaged].mean(),
        "age": np.abs((age_only - neither) + (both - debt_only)).mean() / 2,
        "debt": np.abs((debt_only - neither) + (both - age_only)).mean() / 2,
    }


def found(folder: Path, predictor: dict[str, Any], **options: Any) -> dict[str, float]:
    """What a job finds with the model that ``predictor`` names."""
    rows = "".join(f"{age},{debt},{paid}\n" for age, debt, paid in zip(*people(), strict=True))
    (folder / "people.csv").write_text("age,debt,paid\n" + rows)
    (folder / "analysis_config.json").write_text(json.dumps({**CONFIG, "predictor": predictor}))
    document = run_job(folder / "analysis_config.json", output=folder / "out", **options).document
    (facet,) = document["post_training_bias_metrics"]["facets"]["age"]
    values = document["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    return {metric["name"]: metric["value"] for metric in facet["metrics"]} | values


def write_pyfunc(folder: Path) -> str:
    """A model of MLflow that only MLflow can run."""
    pyfunc = pytest.importorskip("mlflow.pyfunc")
    (folder / "credit_pyfunc.py").write_text(
        "import mlflow, numpy as np, pandas as pd\n"
        "class Credit(mlflow.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input: pd.DataFrame, params=None):\n"
        "        return 1 / (1 + np.exp(-(0.5 * model_input['age'] - model_input['debt'] + 0.25)))\n"
        "mlflow.models.set_model(Credit())\n"
    )
    pyfunc.save_model(folder / "credit", python_model=str(folder / "credit_pyfunc.py"), pip_requirements=[])
    return str(folder / "credit")


EVERYWHERE: dict[str, Callable[[Path], str]] = {
    name: WRITERS[name]
    for name in ("function", "onnx, array", "onnx, one input a column", "skops", "lightgbm", "SageMaker's archive")
}


PYFUNC = pytest.param(write_pyfunc, marks=pytest.mark.slow)


@pytest.mark.parametrize("writer", [*EVERYWHERE.values(), PYFUNC], ids=[*EVERYWHERE, "pyfunc"])
def test_a_model_of_any_format_gives_the_numbers_worked_out_by_hand(
    writer: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "scoring_function", raising=False)
    predictor = {"model": writer(tmp_path)}
    assert found(tmp_path, predictor, allow_pickle=True) == pytest.approx(by_hand(), abs=1e-6)


@contextmanager
def open_inference_server() -> Iterator[str]:
    """A server of the Open Inference Protocol that holds the model, asked with a tensor of each feature."""
    inputs = [{"name": name, "datatype": "FP64", "shape": [-1, 1]} for name in ("debt", "age")]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply({"name": "credit", "platform": "made up", "inputs": inputs, "outputs": []})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            sent = {tensor["name"]: np.array(tensor["data"]) for tensor in body["inputs"]}
            scores = probability(sent["age"], sent["debt"])
            tensor = {"name": "score", "datatype": "FP64", "shape": [len(scores), 1], "data": scores.tolist()}
            self.reply({"model_name": "credit", "outputs": [tensor]})

        def reply(self, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_model_behind_open_inference_gives_the_numbers_worked_out_by_hand(tmp_path: Path) -> None:
    predictor = {"endpoint_name": "credit", "protocol": "open-inference"}
    with open_inference_server() as url:
        assert found(tmp_path, predictor, endpoints={"credit": url}) == pytest.approx(by_hand(), abs=1e-9)
