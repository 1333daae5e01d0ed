"""MLflow models: folders with an ``MLmodel`` file, and addresses of a tracking server."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

from pellucid.errors import ModelError, require
from pellucid.models.answers import library_errors
from pellucid.models.loading import Loading
from pellucid.models.pickled import refuse_pickle
from pellucid.models.python_callable import PythonModel
from pellucid.protocols.model import Model

__all__ = ["DESCRIPTION", "fetch_mlflow", "is_mlflow", "load_pyfunc", "native_file"]

DESCRIPTION = "MLmodel"
"""Name of the file that makes a folder an MLflow model."""

# Safe formats first; each names its file by one of the keys.
_FLAVORS = ("onnx", "xgboost", "lightgbm", "sklearn")
_FILE_KEYS = ("data", "pickled_model")
_SCHEMES = ("models:/", "runs:/", "mlflow-artifacts:/")


def is_mlflow(uri: str) -> bool:
    """Whether ``uri`` is an address that only MLflow resolves.

    Examples
    --------
    >>> is_mlflow("models:/credit/3"), is_mlflow("s3://bucket/credit.onnx")
    (True, False)
    """
    return uri.startswith(_SCHEMES)


def fetch_mlflow(uri: str, folder: Path) -> Path:
    """Copy the model at ``uri`` below ``folder``; where from, the environment of MLflow says.

    Raises
    ------
    ModelError
        MLflow does not find it.
    MissingExtra
        MLflow is not installed.
    """
    artifacts = _mlflow("mlflow.artifacts")
    with library_errors(uri, "fetching"):
        return Path(artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder)))


def native_file(folder: Path, loading: Loading) -> Path | None:
    """The file of the library that made the model, if we read such files ourselves.

    Our adapter gives probabilities where ``pyfunc`` gives labels, and most of these formats run no code.

    Raises
    ------
    ModelError
        The description is no valid one.
    MissingExtra
        PyYAML, which comes with MLflow, is not installed.
    """
    flavors = _flavors(folder, loading)
    for flavor in _FLAVORS:
        keys = flavors.get(flavor) or {}
        named = next((keys[key] for key in _FILE_KEYS if isinstance(keys.get(key), str)), None)
        # Code that travels with the model has to be put on the path first, which pyfunc does.
        if named is not None and not keys.get("code"):
            return _inside(folder, named, loading)
    return None


def load_pyfunc(folder: Path, loading: Loading) -> Model:
    """Any other MLflow model, by its Python function; it takes a pandas data frame.

    Raises
    ------
    ModelError
        Pickles are not allowed, or the model cannot be loaded.
    MissingExtra
        MLflow is not installed.
    """
    refuse_pickle(loading, "an MLflow model of the kind pyfunc")
    pyfunc = _mlflow("mlflow.pyfunc")
    with library_errors(loading.name, "loading"):
        model = pyfunc.load_model(str(folder))
    return PythonModel(model.predict, loading.name, "frame")


def _mlflow(module: str) -> ModuleType:
    # When it is imported, MLflow warns of type hints of its own.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return require(module, extra="mlflow")


def _flavors(folder: Path, loading: Loading) -> dict[str, Any]:
    yaml = require("yaml", extra="mlflow")
    with library_errors(loading.name, f"reading {DESCRIPTION}"):
        description = yaml.safe_load((folder / DESCRIPTION).read_text(encoding="utf-8"))
    flavors = description.get("flavors") if isinstance(description, dict) else None
    if not isinstance(flavors, dict) or not flavors:
        raise ModelError(f"{loading.name}: its {DESCRIPTION} file names no flavors. Save the model anew with MLflow.")
    return flavors


def _inside(folder: Path, named: str, loading: Loading) -> Path:
    path = (folder / named).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.exists():
        raise ModelError(f"{loading.name}: its {DESCRIPTION} file names {named!r}, which is not in the folder.")
    return path
