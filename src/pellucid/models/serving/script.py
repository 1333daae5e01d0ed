"""A model that brings its own ``code/inference.py``, as SageMaker's containers for scripts run it.

Source: the contract of the SageMaker inference toolkit: ``model_fn``, then ``transform_fn``, or ``input_fn``,
``predict_fn`` and ``output_fn``, each of which may take one more argument, the context.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import shlex
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from pellucid.errors import ModelError
from pellucid.models.serving.bodies import CSV, JSON, NPY, BadRequest, media_type

__all__ = ["InferenceScript", "brings_script", "load_script", "unpack"]

SCRIPT = "code/inference.py"
REQUIREMENTS = "code/requirements.txt"


def brings_script(model: Path) -> bool:
    """Whether a folder, or a ``model.tar.gz``, holds ``code/inference.py``."""
    if model.is_dir():
        return (model / SCRIPT).is_file()
    if not tarfile.is_tarfile(model):
        return False
    with tarfile.open(model) as tar:
        return any(Path(name).as_posix() == SCRIPT for name in tar.getnames())


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a ``model.tar.gz`` into ``folder``.

    Raises
    ------
    ModelError
        An entry points outside of the folder, or the archive is broken.
    """
    if not hasattr(tarfile, "data_filter"):
        raise ModelError("This Python cannot unpack archives safely. Use Python 3.11.4 or newer.")
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    except tarfile.FilterError as error:
        raise ModelError(
            f"{archive.name}: {error}. A model archive holds plain files below its own folder; pack it again."
        ) from None
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ModelError(f"{archive.name}: the archive cannot be unpacked: {error}. Pack it again.") from None


class InferenceScript:
    """Functions of a script around the model that it loaded.

    Parameters
    ----------
    module
        The script.
    model
        What its ``model_fn`` gave.
    """

    def __init__(self, module: ModuleType, model: Any) -> None:
        self._model = model
        self._transform: Callable[..., Any] | None = getattr(module, "transform_fn", None)
        self._input: Callable[..., Any] = getattr(module, "input_fn", default_input)
        self._predict: Callable[..., Any] = getattr(module, "predict_fn", default_predict)
        self._output: Callable[..., Any] = getattr(module, "output_fn", default_output)

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Body and type of the answer to a request.

        Raises
        ------
        BadRequest
            The defaults cannot read or write what is asked for. The script may raise anything else.
        """
        content_type = media_type(content_type)
        accept = JSON if accept in ("", "*/*") else accept
        content = body.decode() if content_type in (JSON, CSV) else body
        if self._transform is not None:
            result = _call(self._transform, self._model, content, content_type, accept)
        else:
            given = _call(self._input, content, content_type)
            result = _call(self._output, _call(self._predict, given, self._model), accept)
        written, kind = result if isinstance(result, tuple) else (result, accept)
        return written.encode() if isinstance(written, str) else bytes(written), kind


def load_script(folder: Path, archive: Path | None = None) -> InferenceScript:
    """Import ``code/inference.py`` below ``folder`` and let it load its model.

    Parameters
    ----------
    archive
        The ``model.tar.gz`` that was unpacked into ``folder``, for messages.

    Raises
    ------
    ModelError
        The script has no ``model_fn``, or functions that exclude each other; or it needs a package that is not
        installed.
    """
    code = folder / "code"
    sys.path.insert(0, str(code))
    os.environ.setdefault("SM_MODEL_DIR", str(folder))
    spec = importlib.util.spec_from_file_location("inference", folder / SCRIPT)
    if spec is None or spec.loader is None:
        raise ModelError(f"{SCRIPT}: this is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules["inference"] = module
    with _imports(folder, archive):
        spec.loader.exec_module(module)
    if not hasattr(module, "model_fn"):
        raise ModelError(f"{SCRIPT}: there is no function 'model_fn'. Add model_fn(model_dir), which loads the model.")
    if hasattr(module, "transform_fn"):
        others = [name for name in ("input_fn", "predict_fn", "output_fn") if hasattr(module, name)]
        if others:
            raise ModelError(f"{SCRIPT}: 'transform_fn' stands in the place of {', '.join(others)}. Keep one of both.")
    with _imports(folder, archive):
        return InferenceScript(module, _call(module.model_fn, str(folder)))


@contextmanager
def _imports(folder: Path, archive: Path | None) -> Iterator[None]:
    """Say of an import that fails that requirements are not installed, and how they are."""
    try:
        yield
    except ImportError as error:
        model = f"{(archive or folder).name}: {SCRIPT}"
        if not (folder / REQUIREMENTS).is_file():
            raise ModelError(
                f"{model} cannot be imported: {error}. Install what it needs where Pellucid runs, or add "
                f"{REQUIREMENTS} to the archive to say what that is."
            ) from error
        raise ModelError(
            f"{model} cannot be imported: {error}. It brings {REQUIREMENTS}, which Pellucid does not install by itself,"
            " since that changes the environment and can run code of others. Look through it, install it where"
            f" Pellucid runs, and run again:\n{_installing(folder, archive)}"
        ) from error


def _installing(folder: Path, archive: Path | None) -> str:
    """The command that installs the requirements of a model."""
    if archive is None:
        return shlex.join([sys.executable, "-m", "pip", "install", "-r", str(folder / REQUIREMENTS)])
    with tarfile.open(archive) as tar:
        member = next(name for name in tar.getnames() if Path(name).as_posix() == REQUIREMENTS)
    unpacking = shlex.join(["tar", "-xOf", str(archive), member])
    return f"{unpacking} > requirements.txt && {shlex.join([sys.executable, '-m', 'pip'])} install -r requirements.txt"


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function of the script, which may take one more argument: the context, which is nothing here."""
    takes_context = len(signature(function).parameters) == len(arguments) + 1
    return function(*arguments, None) if takes_context else function(*arguments)


def default_input(content: Any, content_type: str) -> Any:
    """An array, as the toolkit reads requests."""
    if content_type == JSON:
        return np.array(json.loads(content))
    if content_type == CSV:
        return np.genfromtxt(io.StringIO(content), delimiter=",")
    if content_type == NPY:
        return np.load(io.BytesIO(content), allow_pickle=False)
    raise BadRequest(
        f"Content-Type: got {content_type!r}. Without an input_fn requests are {CSV}, {JSON} or {NPY}.", 415
    )


def default_predict(content: Any, model: Any) -> Any:
    """What the model's ``predict`` says."""
    return model.predict(content)


def default_output(prediction: Any, accept: str) -> tuple[bytes, str]:
    """An array, as the toolkit writes answers."""
    array = np.asarray(prediction)
    kind = media_type(accept.partition(",")[0])
    if kind == JSON:
        return json.dumps(array.tolist()).encode(), JSON
    if kind == CSV:
        written = io.StringIO()
        np.savetxt(written, np.atleast_1d(array), delimiter=",", fmt="%s")
        return written.getvalue().encode(), CSV
    if kind == NPY:
        stream = io.BytesIO()
        np.save(stream, array, allow_pickle=False)
        return stream.getvalue(), NPY
    raise BadRequest(f"Accept: got {accept!r}. Without an output_fn answers are {CSV}, {JSON} or {NPY}.", 406)
