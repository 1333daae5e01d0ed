"""Models in pickle and joblib files, which run code of their own when they are loaded."""

from __future__ import annotations

from pathlib import Path

from pellucid.errors import ModelError
from pellucid.models.answers import library_errors
from pellucid.models.loading import Loading
from pellucid.models.objects import as_model
from pellucid.protocols.model import Model

__all__ = ["load_pickled", "refuse_pickle"]


def refuse_pickle(loading: Loading, what: str) -> None:
    """Say why a file is not loaded, unless the user allowed it.

    Raises
    ------
    ModelError
        Pickles are not allowed.
    """
    if loading.allow_pickle:
        return
    raise ModelError(
        f"{loading.name}: is {what}, and loading it runs whatever code its author put in. If you know where it comes"
        " from, allow it by --allow-pickle (allow_pickle=True); else save the model as skops, ONNX or in the format of"
        " its library."
    )


def load_pickled(path: Path, loading: Loading) -> Model:
    """The model in a file of joblib, pickle or cloudpickle.

    Raises
    ------
    ModelError
        Pickles are not allowed, the file cannot be loaded, or what it holds is no model.
    """
    refuse_pickle(loading, "a pickle")
    import joblib

    with library_errors(loading.name, "loading"):
        found = joblib.load(path)
    return as_model(found, loading)
