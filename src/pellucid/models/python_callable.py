"""Python functions as models, and objects named as ``module:attribute``."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from pellucid.errors import ModelError, UnknownModel, did_you_mean
from pellucid.models.answers import library_errors, read_answer
from pellucid.models.inputs import cells, frame, has_text, typed
from pellucid.models.text_callable import texts_of
from pellucid.protocols.model import Batch, Scores
from pellucid.records import dataclass

__all__ = ["PythonModel", "Takes", "is_reference", "object_at", "rows_for", "rows_taken"]

Takes = Literal["array", "frame", "texts", "either"]
"""What a function is called with: a NumPy array, a pandas data frame, the one column of text as a list, or whichever of
the first two suits the columns."""

_REFERENCE = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*")


@dataclass(frozen=True, slots=True, eq=False)
class PythonModel:
    """A function that takes rows and returns scores of shape (rows,) or (rows, outputs), or text labels.

    Parameters
    ----------
    function
        Called with all rows of a batch at once.
    name
        Begins every message about the model.
    takes
        ``"array"``: shape (rows, features), of float64, or of objects if any column is text. ``"frame"``: a pandas data
        frame. ``"texts"``: a list of texts, of a batch with one column. ``"either"``: an array if all columns are
        numbers, else a frame.
    types
        Types that columns of a frame get, where their cells alone do not tell them, such as categories.

    Examples
    --------
    >>> import numpy as np
    >>> model = PythonModel(lambda rows: rows @ [0.5, 0.25], "credit:score")
    >>> model.predict(Batch({"a": np.array([1, 0]), "b": np.array([2, 2])})).values
    array([[1. ],
           [0.5]])
    """

    function: Callable[[Any], Any]
    name: str
    takes: Takes = "either"
    types: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, batch: Batch) -> Scores:
        """Scores of every row of ``batch``, in order."""
        is_typed = self.types and self.takes == "frame"
        rows = frame(batch, typed(batch, self.types)) if is_typed else rows_for(self.takes, batch, self.name)
        with library_errors(self.name, "predicting"):
            answer = self.function(rows)
        with library_errors(self.name, "reading the answer"):
            return read_answer(answer, len(batch), self.name)


def rows_taken(function: Callable[..., Any]) -> Takes:
    """What ``function`` wants, as the annotation of its first parameter says.

    Examples
    --------
    >>> import numpy as np
    >>> def score(rows: np.ndarray): ...
    >>> rows_taken(score), rows_taken(len)
    ('array', 'either')
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return "either"
    annotation = str(parameters[0].annotation) if parameters else ""
    if "DataFrame" in annotation:
        return "frame"
    if any(name in annotation for name in ("list[str]", "List[str]", "Sequence[str]", "Iterable[str]")):
        return "texts"
    return "array" if any(name in annotation for name in ("ndarray", "NDArray", "ArrayLike")) else "either"


def rows_for(takes: Takes, batch: Batch, model: str) -> Any:
    """The rows of ``batch`` in the form that a function takes."""
    if takes == "texts":
        return texts_of(batch, model)
    if takes == "array" or (takes == "either" and not has_text(batch)):
        return cells(batch, model)
    return frame(batch)


def is_reference(uri: str) -> bool:
    """Whether ``uri`` reads as ``module:attribute``.

    Examples
    --------
    >>> is_reference("scoring.credit:model"), is_reference("models:/credit/3"), is_reference("credit.onnx")
    (True, False, False)
    """
    return _REFERENCE.fullmatch(uri) is not None


def object_at(reference: str) -> Any:
    """The object at ``module:attribute``; modules are looked for in the working folder first, then on PYTHONPATH.

    The working folder stays on ``sys.path``, because code of the user may import its neighbours later.

    Raises
    ------
    ModelError
        There is no such module or attribute, or importing the module fails.
    """
    module_name, _, attribute = reference.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    found: Any = _module(module_name, reference)
    for name in attribute.split("."):
        if not hasattr(found, name):
            public = sorted(other for other in dir(found) if not other.startswith("_"))
            raise UnknownModel(f"{reference}: there is no {name!r} in {module_name!r}; {did_you_mean(name, public)}")
        found = getattr(found, name)
    return found


def _module(name: str, reference: str) -> Any:
    try:
        with library_errors(reference, f"importing {name!r}"):
            return importlib.import_module(name)
    except ModelError as error:
        cause = error.__cause__
        parents = [name.rsplit(".", cut)[0] for cut in range(name.count(".") + 1)]
        if not isinstance(cause, ModuleNotFoundError) or cause.name not in parents:
            raise
    neighbours = sorted(path.stem for path in Path.cwd().glob("*.py"))
    raise UnknownModel(
        f"{reference}: there is no module {name!r} in the working folder or on PYTHONPATH. Of the modules in the"
        f" working folder {did_you_mean(name, neighbours)}"
    )
