"""What of a model's answer is explained, and what its outputs are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError
from pellucid.protocols.model import Batch, Model

__all__ = ["output_names", "scorer"]

Floats = npt.NDArray[np.float64]


def scorer(model: Model) -> Callable[[Batch], Floats]:
    """Scores of a model by batch, shape (rows, outputs).

    Raises
    ------
    ModelError
        When called: the model answers with labels that are no numbers.
    """

    def scores(batch: Batch) -> Floats:
        answer = model.predict(batch)
        if answer.values.shape[1]:
            return answer.values
        if answer.labels is not None and answer.labels.dtype.kind in "iufb":
            return answer.labels.astype(float)[:, None]
        raise ModelError(
            "The model answers with labels, and explanations need scores. Say in predictor.probability where the "
            "scores are, or give a model that answers with probabilities."
        )

    return scores


def output_names(outputs: int, label_headers: Sequence[str] | None) -> tuple[tuple[str, ...], str]:
    """Names of the outputs as Clarify gives them, and a warning where the given ones cannot be used.

    >>> output_names(2, None)[0], output_names(1, ["approved"])[0]
    (('label0', 'label1'), ('approved',))
    """
    generic = tuple(f"label{i}" for i in range(outputs))
    if not label_headers:
        return generic, ""
    if len(label_headers) == outputs and len(set(label_headers)) == outputs:
        return tuple(label_headers), ""
    return generic, (
        f"predictor.label_headers: got {list(label_headers)!r}, but the model gives {outputs} "
        f"{'score' if outputs == 1 else 'scores'} per row. Falling back to generic labels: {', '.join(generic)}."
    )
