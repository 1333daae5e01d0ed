"""From what the user calls a model to the adapter that predicts with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pellucid.errors import ModelError, UnknownModel, UnusableModel, did_you_mean
from pellucid.models.answers import library_errors
from pellucid.models.archive import unpack_model
from pellucid.models.fetch import fetched, temporary_folder
from pellucid.models.lightgbm import load_lightgbm
from pellucid.models.loading import Loading, opening
from pellucid.models.mlflow import DESCRIPTION, fetch_mlflow, is_mlflow, load_pyfunc, native_file
from pellucid.models.objects import as_model
from pellucid.models.onnx import load_onnx
from pellucid.models.pickled import load_pickled
from pellucid.models.python_callable import is_reference, object_at
from pellucid.models.skops import load_skops
from pellucid.models.xgboost import load_xgboost
from pellucid.processors import available_cpus
from pellucid.protocols.model import Model
from pellucid.records import dataclass

__all__ = ["FORMATS", "Format", "load_model"]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of model file.

    Parameters
    ----------
    title
        What it is called in messages.
    extensions
        Ends of file names that mean it.
    starts
        First bytes that mean it, where the name says nothing.
    load
        Reads such a file.
    """

    title: str
    extensions: tuple[str, ...]
    starts: tuple[bytes, ...]
    load: Callable[[Path, Loading], Model]


FORMATS = (
    Format("ONNX", (".onnx",), (), load_onnx),
    Format("XGBoost", (".ubj", ".json", ".xgb", ".bst"), (b"{", b"binf", b"bs64"), load_xgboost),
    Format("LightGBM", (".lgb", ".txt"), (b"tree\n", b"tree\r\n"), load_lightgbm),
    Format("skops", (".skops",), (), load_skops),
    Format("pickle or joblib, with --allow-pickle", (".pkl", ".pickle", ".joblib"), (b"\x80",), load_pickled),
)
ARCHIVES = (".tar.gz", ".tgz", ".tar")
# Beside a model an archive often holds JSON or text about it, so these count where there is nothing else.
_OFTEN_NOTES = ((".json",), (".txt",))
_EXTENSIONS_IN_ARCHIVES = (
    tuple(end for known in FORMATS for end in known.extensions if (end,) not in _OFTEN_NOTES),
    *_OFTEN_NOTES,
)


def load_model(uri: str, *, allow_pickle: bool = False, threads: int | None = None) -> Model:
    """The model that ``uri`` names, ready to predict in this process.

    Parameters
    ----------
    uri
        A file of one of `FORMATS`, a ``model.tar.gz``, a folder with an MLflow model, an address of MLflow
        (``models:/name/version``) or of a remote file (``s3://...``), or ``module:attribute``.
    allow_pickle
        Load files too that run code of theirs.
    threads
        Threads that one prediction may use; all CPUs of this process if left out.

    Raises
    ------
    ModelError
        There is no such model, or it cannot be loaded; or it is a pickle, and these are not allowed.
    MissingExtra
        A package that the model needs is not installed.

    Examples
    --------
    >>> load_model("builtins:sum").name
    'builtins:sum'
    """
    loading = Loading(uri, allow_pickle, threads or available_cpus())
    with library_errors(uri, "loading"):
        return _found(uri, loading)


def _found(uri: str, loading: Loading) -> Model:
    if uri.startswith(("http://", "https://")):
        raise UnusableModel(
            f"{uri}: is the address of a server. Name it as `predictor.endpoint_name` or give it by --endpoint."
        )
    if is_mlflow(uri):
        return _opened(fetch_mlflow(uri, temporary_folder()), loading)
    local = Path(uri.removeprefix("file://")).expanduser()
    if local.exists():
        return _opened(local, loading)
    if is_reference(uri):
        return as_model(object_at(uri), loading)
    if "://" in uri and not uri.startswith("file://"):
        return _opened(fetched(uri, temporary_folder()), loading)
    raise UnknownModel(_nothing_at(local, uri))


def _opened(path: Path, loading: Loading) -> Model:
    with opening(), library_errors(loading.name, "loading"):
        return _at(path, loading)


def _at(path: Path, loading: Loading) -> Model:
    if not path.is_dir():
        return _file(path, loading)
    if not (path / DESCRIPTION).is_file():
        files = sorted(file.name for file in path.iterdir())
        nearest = did_you_mean(DESCRIPTION, files)
        raise ModelError(f"{loading.name}: is a folder without a file {DESCRIPTION!r}, so no MLflow model; {nearest}")
    native = native_file(path, loading)
    return _at(native, loading) if native else load_pyfunc(path, loading)


def _file(path: Path, loading: Loading) -> Model:
    name = path.name.lower()
    if name.endswith(ARCHIVES):
        return _file(unpack_model(path, temporary_folder(), _EXTENSIONS_IN_ARCHIVES, loading), loading)
    for known in FORMATS:
        if name.endswith(known.extensions):
            return known.load(path, loading)
    with path.open("rb") as file:
        start = file.read(8)
    for known in FORMATS:
        if known.starts and start.startswith(known.starts):
            return known.load(path, loading)
    raise ModelError(f"{loading.name}: is no model file that is known, by its name or its first bytes. {_understood()}")


def _nothing_at(path: Path, uri: str) -> str:
    if not path.parent.is_dir():
        return f"{uri}: there is no folder {str(path.parent)!r}. {_understood()}"
    nearest = did_you_mean(path.name, sorted(file.name for file in path.parent.iterdir()))
    return f"{uri}: there is no such file or folder; {nearest} {_understood()}"


def _understood() -> str:
    files = ", ".join(f"{known.title} ({', '.join(known.extensions)})" for known in FORMATS)
    return (
        f"A model is a file: {files}; a model.tar.gz that holds one of these; a folder or address of MLflow"
        " (models:/name/version); or module:attribute of Python."
    )
