"""One suite for every way to give a model: the same logistic model in each of them gives the same scores."""

from __future__ import annotations

import io
import json
import pickle
import re
import tarfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.linear_model import LogisticRegression

from pellucid.errors import ModelError
from pellucid.models.load import load_model
from pellucid.protocols.model import Batch, Model

WEIGHTS = {"age": 0.5, "debt": -1.0}
BIAS = 0.25
ROWS = Batch({"age": np.array([0, 1, -1]), "debt": np.array([0.25, 0.0, 2.5])})
# Margins 0, 0.75 and -2.75.
PROBABILITIES = [0.5, 0.679178699175393, 0.06008665017400763]


def logistic(fitted_on_frame: bool = False) -> LogisticRegression:
    rows: Any = np.array([[0.0, 1.0], [1.0, 0.0]])
    if fitted_on_frame:
        import pandas as pd

        rows = pd.DataFrame(rows, columns=list(WEIGHTS))
    model = LogisticRegression().fit(rows, [0, 1])
    model.coef_, model.intercept_ = np.array([list(WEIGHTS.values())]), np.array([BIAS])
    return model


def xgboost_bytes() -> bytes:
    import xgboost

    rows = xgboost.DMatrix(np.eye(2), [0, 1], feature_names=list(WEIGHTS))
    options = {"booster": "gblinear", "objective": "binary:logistic", "base_score": 0.5}
    model = json.loads(xgboost.train(options, rows, 1).save_raw("json"))
    model["learner"]["gradient_booster"]["model"]["weights"] = [*WEIGHTS.values(), BIAS]
    return json.dumps(model).encode()


def lightgbm_text() -> str:
    """One tree of two leaves, each with the same linear function."""
    import lightgbm

    rows = np.random.default_rng(0).normal(size=(200, 2))
    options = {"objective": "binary", "linear_tree": True, "num_leaves": 2, "verbose": -1, "boost_from_average": False}
    data = lightgbm.Dataset(rows, (rows[:, 1] > 0).astype(int), feature_name=list(WEIGHTS))
    text = lightgbm.train(options, data, 1).model_to_string()
    leaves = {"leaf_const": "0.25 0.25", "num_features": "2 2", "leaf_features": "0 1  0 1 "}
    for key, value in {**leaves, "leaf_coeff": "0.5 -1.0  0.5 -1.0 "}.items():
        text = re.sub(rf"^{key}=.*$", f"{key}={value}", text, flags=re.MULTILINE)
    return re.sub(r"^tree_sizes=.*\n", "", text, flags=re.MULTILINE)


def write_onnx(folder: Path, *, zipmap: bool) -> str:
    from skl2onnx import to_onnx

    model = logistic()
    path = folder / "credit.onnx"
    exported = to_onnx(model, np.zeros((1, 2), np.float32), options={id(model): {"zipmap": zipmap}})
    path.write_bytes(exported.SerializeToString())
    return str(path)


def write_onnx_by_column(folder: Path) -> str:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(make_column_transformer(("passthrough", list(WEIGHTS))), logistic(fitted_on_frame=True))
    model[0].fit(_frame(ROWS))
    types = [(name, FloatTensorType([None, 1])) for name in reversed(WEIGHTS)]
    path = folder / "columns.onnx"
    path.write_bytes(to_onnx(model, initial_types=types).SerializeToString())
    return str(path)


def _frame(batch: Batch) -> Any:
    import pandas as pd

    return pd.DataFrame(dict(batch.columns))


def write_archive(folder: Path) -> str:
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        entry = tarfile.TarInfo("xgboost-model")
        contents = xgboost_bytes()
        entry.size = len(contents)
        tar.addfile(entry, io.BytesIO(contents))
    return str(path)


def write_skops(folder: Path) -> str:
    import skops.io

    skops.io.dump(logistic(), folder / "credit.skops")
    return str(folder / "credit.skops")


def write_function(folder: Path) -> str:
    source = (
        "import numpy as np\ndef score(rows):\n    return 1 / (1 + np.exp(-(rows @ np.array([0.5, -1.0]) + 0.25)))\n"
    )
    (folder / "scoring_function.py").write_text(source)
    return "scoring_function:score"


def write_pipeline(folder: Path) -> str:
    (folder / "pipeline.pkl").write_bytes(pickle.dumps(logistic(fitted_on_frame=True)))
    source = (
        "import pickle, pathlib\nmodel = pickle.loads(pathlib.Path(__file__).with_name('pipeline.pkl').read_bytes())\n"
    )
    (folder / "scoring_pipeline.py").write_text(source)
    return "scoring_pipeline:model"


def write_bytes(path: Path, contents: bytes) -> str:
    path.write_bytes(contents)
    return str(path)


def write_joblib(folder: Path) -> str:
    joblib.dump(logistic(), folder / "credit.joblib")
    return str(folder / "credit.joblib")


def write_mlflow(folder: Path, flavor: str, file: str, contents: bytes) -> str:
    key = "pickled_model" if flavor == "sklearn" else "data"
    (folder / "MLmodel").write_text(f"flavors:\n  {flavor}:\n    {key}: {file}\n    code: null\n")
    (folder / file).write_bytes(contents)
    return str(folder)


WRITERS = {
    "function": write_function,
    "pipeline in a module": write_pipeline,
    "pickle": lambda folder: write_bytes(folder / "credit.pkl", pickle.dumps(logistic())),
    "joblib": write_joblib,
    "skops": write_skops,
    "onnx, dictionaries": lambda folder: write_onnx(folder, zipmap=True),
    "onnx, array": lambda folder: write_onnx(folder, zipmap=False),
    "onnx, one input a column": write_onnx_by_column,
    "xgboost json": lambda folder: write_bytes(folder / "credit.json", xgboost_bytes()),
    "xgboost without extension": lambda folder: write_bytes(folder / "xgboost-model", xgboost_bytes()),
    "SageMaker's archive": write_archive,
    "lightgbm": lambda folder: write_bytes(folder / "credit.txt", lightgbm_text().encode()),
    "lightgbm in mlflow": lambda folder: write_mlflow(folder, "lightgbm", "model.lgb", lightgbm_text().encode()),
    "xgboost in mlflow": lambda folder: write_mlflow(folder, "xgboost", "model.json", xgboost_bytes()),
    "scikit-learn in mlflow": lambda folder: write_mlflow(folder, "sklearn", "model.pkl", pickle.dumps(logistic())),
}


@pytest.fixture(scope="module", params=list(WRITERS))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    folder = tmp_path_factory.mktemp("model")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        yield load_model(WRITERS[request.param](folder), allow_pickle=True, threads=1)


def test_the_probability_of_the_second_class_is_the_one_score(model: Model) -> None:
    scores = model.predict(ROWS)
    assert scores.values.shape == (3, 1)
    assert scores.values.dtype == np.float64
    assert scores.values[:, 0] == pytest.approx(PROBABILITIES, abs=1e-6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=arrays.arrays(np.float64, (7, 2), elements=st.floats(-4, 4, width=32)), cut=st.integers(1, 6))
def test_a_batch_in_two_parts_gives_the_scores_of_the_whole(model: Model, rows: np.ndarray, cut: int) -> None:
    batch = Batch(dict(zip(WEIGHTS, rows.T, strict=True)))
    parts = [model.predict(batch[:cut]).values, model.predict(batch[cut:]).values]
    assert np.vstack(parts) == pytest.approx(model.predict(batch).values, abs=1e-6)


def test_whole_numbers_and_booleans_are_taken_as_numbers(model: Model) -> None:
    as_numbers = model.predict(Batch({"age": np.array([1.0, 0.0]), "debt": np.array([3.0, 4.0])}))
    as_read = model.predict(Batch({"age": np.array([True, False]), "debt": np.array([3, 4], dtype=object)}))
    assert as_read.values == pytest.approx(as_numbers.values, abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_side_by_side_get_exactly_the_scores_of_their_columns(model: Model, dtype: type) -> None:
    cells = np.random.default_rng(0).integers(-4, 5, (50, 2)).astype(dtype)
    by_column = Batch({"age": cells[:, 0].astype(np.int64), "debt": cells[:, 1].astype(np.float64)})
    for rows in (slice(None), slice(7, 30), np.array([3, 3, 0])):
        scores = model.predict(Batch.of_matrix(list(WEIGHTS), cells, [np.int64, np.float64])[rows]).values
        assert np.array_equal(scores, model.predict(by_column[rows]).values)


def test_too_many_columns_are_refused(model: Model) -> None:
    with pytest.raises(ModelError, match=r"takes 2 features|'extra' is no feature|mismatch in its core dimension"):
        model.predict(Batch({**ROWS.columns, "extra": np.zeros(3)}))


def test_memory_does_not_grow_with_the_number_of_batches(model: Model) -> None:
    def peak(batches: int) -> int:
        tracemalloc.start()
        try:
            for _ in range(batches):
                model.predict(batch)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    batch = Batch({"age": np.zeros(10_000), "debt": np.zeros(10_000)})
    model.predict(batch)
    # Other threads of the process are seen as well: what grows does so at every try, and they do not.
    assert any(peak(12) < 1.5 * peak(2) for _ in range(3))
