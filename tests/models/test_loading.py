"""How a model is found, what is refused, and what the message says."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import fsspec
import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from pellucid.errors import ModelError
from pellucid.models.load import load_model
from pellucid.processors import available_cpus
from pellucid.protocols.model import Batch

BATCH = Batch({"age": np.array([0.0, 1.0])})
UNDERSTOOD = (
    "A model is a file: ONNX (.onnx), XGBoost (.ubj, .json, .xgb, .bst), LightGBM (.lgb, .txt), skops (.skops),"
    " pickle or joblib, with --allow-pickle (.pkl, .pickle, .joblib); a model.tar.gz that holds one of these; a"
    " folder or address of MLflow (models:/name/version); or module:attribute of Python."
)
NO_PICKLE = (
    "{name}: is {what}, and loading it runs whatever code its author put in. If you know where it comes from, allow"
    " it by --allow-pickle (allow_pickle=True); else save the model as skops, ONNX or in the format of its library."
)


def fitted() -> LogisticRegression:
    return LogisticRegression().fit([[0.0], [1.0]], [0, 1])


def expected() -> Any:
    return fitted().predict_proba([[0.0], [1.0]])[:, 1:]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def message_of(uri: str, **options: Any) -> str:
    with pytest.raises(ModelError) as raised:
        load_model(uri, **options)
    return str(raised.value)


class Trap:
    """Loading its pickle writes a file."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("run"),))


@pytest.mark.parametrize("name", ["credit.pkl", "credit.pickle", "credit.joblib", "credit", "xgboost-model"])
def test_a_pickle_is_refused_with_the_reason_and_not_opened(folder: Path, name: str) -> None:
    (folder / name).write_bytes(pickle.dumps(Trap()))
    assert message_of(name) == NO_PICKLE.format(name=name, what="a pickle")
    assert not (folder / "run").exists()


def test_a_pickle_is_loaded_where_it_is_allowed(folder: Path) -> None:
    joblib.dump(fitted(), "credit.joblib", compress=3)
    scores = load_model("credit.joblib", allow_pickle=True).predict(BATCH)
    np.testing.assert_array_equal(scores.values, expected())


def test_a_pickle_of_something_else_is_refused(folder: Path) -> None:
    (folder / "rows.pkl").write_bytes(pickle.dumps([1, 2]))
    assert message_of("rows.pkl", allow_pickle=True) == (
        "rows.pkl: is a list, which is no model. Give a function of rows, or a fitted estimator with `predict` or"
        " `predict_proba`."
    )


def test_a_skops_file_with_code_of_its_own_is_refused_by_the_names_of_its_types(folder: Path) -> None:
    skops.io.dump(make_pipeline(FunctionTransformer(os.path.join), fitted()), "credit.skops")
    assert message_of("credit.skops") == (
        "credit.skops: holds types that skops does not trust: posixpath.join. Loading them can run code from the"
        " file. If you know where it comes from, allow it by --allow-pickle (allow_pickle=True)."
    )
    load_model("credit.skops", allow_pickle=True)


def archive(entries: dict[str, bytes], *, links: tuple[str, ...] = ()) -> str:
    with tarfile.open("model.tar.gz", "w:gz") as tar:
        for name, contents in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(contents)
            tar.addfile(entry, io.BytesIO(contents))
        for name in links:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(entry)
    return "model.tar.gz"


@pytest.mark.parametrize(
    ("entries", "links", "escaping"),
    [
        ({"xgboost-model": b"{}", "../../outside": b"x"}, (), "'../../outside'"),
        ({"/tmp/xgboost-model": b"{}"}, (), "'/tmp/xgboost-model'"),
        ({}, ("xgboost-model", "other"), "'xgboost-model', 'other'"),
    ],
)
def test_an_archive_that_points_outside_of_itself_is_refused_whole(
    folder: Path, entries: dict[str, bytes], links: tuple[str, ...], escaping: str
) -> None:
    (folder / "inner").mkdir()
    os.chdir("inner")
    assert message_of(archive(entries, links=links)) == (
        f"model.tar.gz: the archive has entries that point outside of it or are no files: {escaping}."
        " Nothing was unpacked. A model archive holds plain files only."
    )
    assert sorted(path.name for path in folder.rglob("*")) == ["inner", "model.tar.gz"]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            {"xgboost_model": b"{}", "notes.md": b""},
            (
                "model.tar.gz: holds no model file, neither 'xgboost-model' nor one of .onnx, .ubj, .xgb, .bst,"
                " .lgb, .skops, .pkl, .pickle, .joblib, .json, .txt; did you mean 'xgboost_model'?"
            ),
        ),
        (
            {"a.onnx": b"", "b.ubj": b""},
            "model.tar.gz: holds several models: 'a.onnx', 'b.ubj'. Unpack it and give one of them.",
        ),
        (
            {"model.pkl": b"", "code/inference.py": b""},
            (
                "model.tar.gz: brings its own code/inference.py, which has to be served. Name it as"
                " `predictor.model_name` and give it by --model, and it is served for the length of the job."
            ),
        ),
        (
            {"xgboost-model": pickle.dumps(Trap())},
            NO_PICKLE.format(name="model.tar.gz", what="a pickle"),
        ),
    ],
)
def test_an_archive_without_one_model_that_can_be_loaded_is_told(
    folder: Path, entries: dict[str, bytes], message: str
) -> None:
    assert message_of(archive(entries)) == message


def test_notes_beside_the_model_of_an_archive_are_left_alone(folder: Path) -> None:
    skops.io.dump(fitted(), "credit.skops")
    entries = {"credit.skops": Path("credit.skops").read_bytes(), "metrics.json": b"{}", "requirements.txt": b""}
    np.testing.assert_array_equal(load_model(archive(entries)).predict(BATCH).values, expected())


def test_an_archive_that_is_none_is_refused(folder: Path) -> None:
    (folder / "model.tar.gz").write_bytes(b"not an archive")
    assert message_of("model.tar.gz").startswith("model.tar.gz: reading the archive failed with ReadError: ")


def test_a_booster_in_the_binary_format_of_old_is_told_from_a_broken_one(folder: Path) -> None:
    (folder / "old.model").write_bytes(b"binf\x00\x00\x00\x3f")
    assert message_of("old.model").endswith(
        ". It is neither JSON nor UBJSON. XGBoost before 1.6 wrote a binary format that XGBoost since 3.1 cannot"
        " read: load the file with XGBoost 2 and save it as .ubj."
    )
    (folder / "new.json").write_bytes(b"{")
    assert message_of("new.json").startswith("new.json: loading failed with XGBoostError: ")


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("credti.onnx", "credti.onnx: there is no such file or folder; did you mean 'credit.onnx'? " + UNDERSTOOD),
        ("models/credit.onnx", "models/credit.onnx: there is no folder 'models'. " + UNDERSTOOD),
        ("notes.md", "notes.md: is no model file that is known, by its name or its first bytes. " + UNDERSTOOD),
        ("plain", "plain: is a folder without a file 'MLmodel', so no MLflow model; did you mean 'mlmodel'?"),
        (
            "https://models.example.org/credit",
            (
                "https://models.example.org/credit: is the address of a server. Name it as `predictor.endpoint_name`"
                " or give it by --endpoint."
            ),
        ),
        (
            "memory://nowhere/credit.onnx",
            "memory://nowhere/credit.onnx: there is no such file or folder. Check the address and your credentials.",
        ),
        (
            "nosuch://bucket/credit.onnx",
            "nosuch://bucket/credit.onnx: opening failed with ValueError: Protocol not known: nosuch",
        ),
    ],
)
def test_what_leads_to_no_model_is_told_with_what_is_near(folder: Path, uri: str, message: str) -> None:
    (folder / "credit.onnx").touch()
    (folder / "notes.md").write_text("# Notes")
    (folder / "plain").mkdir()
    (folder / "plain" / "mlmodel").touch()
    assert message_of(uri) == message


def test_a_model_that_lies_elsewhere_is_fetched(folder: Path) -> None:
    with fsspec.open("memory://bucket/credit.pkl", "wb") as file:
        file.write(pickle.dumps(fitted()))
    scores = load_model("memory://bucket/credit.pkl", allow_pickle=True).predict(BATCH)
    np.testing.assert_array_equal(scores.values, expected())


mlflow_warnings = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@mlflow_warnings
def test_a_registered_mlflow_model_gives_probabilities_and_not_labels(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file://{folder}/runs")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    import mlflow.sklearn

    with mlflow.start_run():
        mlflow.sklearn.log_model(
            fitted(), name="model", registered_model_name="credit", serialization_format="skops", pip_requirements=[]
        )
    scores = load_model("models:/credit/1").predict(BATCH)
    np.testing.assert_array_equal(scores.values, expected())
    assert message_of("models:/credit/7").startswith("models:/credit/7: fetching failed with ")


@mlflow_warnings
def test_a_python_function_of_mlflow_needs_the_flag(folder: Path) -> None:
    import mlflow.pyfunc

    class Doubled(mlflow.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
            return model_input["age"] * 2

    mlflow.pyfunc.save_model("doubled", python_model=Doubled(), pip_requirements=[])
    assert message_of("doubled") == NO_PICKLE.format(name="doubled", what="an MLflow model of the kind pyfunc")
    assert load_model("doubled", allow_pickle=True).predict(BATCH).values.tolist() == [[0], [2]]


def test_a_folder_of_mlflow_that_lies_elsewhere_is_fetched_whole(folder: Path) -> None:
    skops.io.dump(fitted(), "model.skops")
    with fsspec.open("memory://bucket/credit/MLmodel", "wb") as file:
        file.write(b"flavors: {sklearn: {pickled_model: model.skops}}")
    with fsspec.open("memory://bucket/credit/model.skops", "wb") as file:
        file.write(Path("model.skops").read_bytes())
    np.testing.assert_array_equal(load_model("memory://bucket/credit").predict(BATCH).values, expected())


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("flavors: {}", "m: its MLmodel file names no flavors. Save the model anew with MLflow."),
        (
            "flavors: {onnx: {data: ../outside.onnx}}",
            "m: its MLmodel file names '../outside.onnx', which is not in the folder.",
        ),
    ],
)
def test_a_broken_mlflow_folder_is_told(folder: Path, description: str, message: str) -> None:
    (folder / "outside.onnx").touch()
    (folder / "m").mkdir()
    (folder / "m" / "MLmodel").write_text(description)
    assert message_of("m") == message


def test_threads_are_those_of_the_process_unless_said_otherwise() -> None:
    assert available_cpus() == len(os.sched_getaffinity(0))


def test_nothing_heavy_is_imported_before_a_model_needs_it() -> None:
    heavy = "xgboost lightgbm onnxruntime skops mlflow sklearn pandas fsspec joblib yaml"
    code = f"import sys, pellucid.models.load; print([name for name in {heavy.split()!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
