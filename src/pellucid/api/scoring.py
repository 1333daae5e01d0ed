"""A model as explanations ask it: scores only, checked, with the names of its outputs and features."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, DataError, ModelError, Problem, did_you_mean
from pellucid.nouns import counted
from pellucid.protocols.model import Batch, Model, Scores
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.models.python_callable import PythonModel

__all__ = ["ScoredModel", "check_features", "features_known", "opened"]


@dataclass(slots=True, eq=False)
class EitherForm:
    """A function without an annotation: asked in the first form, or else in the second, and then for good in that.

    Parameters
    ----------
    forms
        The same function, called with the user's own form of rows, then with the other; only what worked, once it did.
    """

    forms: list[PythonModel]

    @property
    def name(self) -> str:
        """What the function is called."""
        return self.forms[0].name

    def predict(self, batch: Batch) -> Scores:
        """Scores of every row of ``batch``, in order."""
        if len(self.forms) == 1:
            return self.forms[0].predict(batch)
        # What the first form did to its rows before it failed must not be seen by the second.
        kept = batch.kept()
        try:
            scores = self.forms[0].predict(kept)
        except ModelError:
            try:
                scores = self.forms[1].predict(kept)
            except ModelError:
                other = None
            else:
                other = self.forms[1]
            if other is None:
                raise
            self.forms = [other]
        else:
            self.forms = self.forms[:1]
        return scores


@dataclass(slots=True, eq=False)
class ScoredModel:
    """Asks a model for scores.

    Parameters
    ----------
    model
        Any model.
    probabilities
        Whether scores must be probabilities.
    wanted
        Names or positions of the outputs that are explained; None for all.
    outputs
        Names of all outputs, empty before the first answer.
    """

    model: Model
    probabilities: bool = False
    wanted: Sequence[str | int] | None = None
    outputs: tuple[str, ...] = field(default=(), init=False)

    def predict(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Scores of a batch, shape (rows, outputs).

        Raises
        ------
        ConfigError
            The model has no output that is wanted.
        ModelError
            The model gives labels, another number of scores than before, or scores that are no probabilities where a
            logit is to be taken of them.
        """
        scores = self.model.predict(batch)
        values = scores.values
        if not values.shape[1]:
            raise ModelError(
                f"{_name(self.model)}: answers with labels, and only scores can be explained."
                " Give a function that returns them, such as the model's `predict_proba` or `decision_function`."
            )
        if not self.outputs:
            self.outputs = _output_names(scores)
            _positions(self.wanted, self.outputs)
        if values.shape[1] != len(self.outputs):
            raise ModelError(
                f"{_name(self.model)}: gives {counted(values.shape[1], 'score')} a row where it gave "
                f"{len(self.outputs)} before. It should give equally many every time."
            )
        if self.probabilities and not ((values >= 0) & (values <= 1)).all():
            wrong = values[~((values >= 0) & (values <= 1))][0]
            raise ModelError(
                f"{_name(self.model)}: answers {wrong}, which is no probability, so that it has no log-odds."
                " Use link='identity'."
            )
        return values

    @property
    def explained(self) -> list[int]:
        """Positions of the outputs that are explained, once the model has answered."""
        return _positions(self.wanted, self.outputs)


def _positions(wanted: Sequence[str | int] | None, outputs: Sequence[str]) -> list[int]:
    if wanted is None:
        return list(range(len(outputs)))
    fix = f"Use the name of an output, or its position from 0 to {len(outputs) - 1}"
    place: dict[str | int, int] = {name: i for i, name in enumerate(outputs)}
    place |= {i: i for i in range(len(outputs))}
    problems = [
        Problem("outputs", one, fix=f"{fix}; {did_you_mean(one, list(outputs))}") for one in wanted if one not in place
    ]
    if not problems and len({place[one] for one in wanted}) < len(wanted):
        problems.append(Problem("outputs", list(wanted), fix="Name each output once."))
    if problems:
        raise ConfigError(problems)
    return [place[one] for one in wanted]


def opened(model: Any, *, rows: Any, allow_pickle: bool, baseline: Any = None) -> Model:
    """The model that the user means: an object, a function, or the path or address of one.

    A function whose parameter is not annotated gets an array if ``rows`` are one, else a pandas data frame; if it fails
    with that, the other. The frame has the types of ``rows``, with the categories of ``baseline`` too.

    Raises
    ------
    ModelError
        It is no model, or cannot be loaded.
    """
    from pellucid.api.frame_types import columns_of_categories_in, frame_types
    from pellucid.models.load import load_model
    from pellucid.models.loading import Loading
    from pellucid.models.objects import as_model
    from pellucid.models.python_callable import PythonModel

    if isinstance(model, str | os.PathLike):
        return load_model(os.fspath(model), allow_pickle=allow_pickle)
    name = getattr(model, "__name__", None) or type(model).__name__
    of_pandas = type(rows).__module__.partition(".")[0] == "pandas"
    categorical = columns_of_categories_in(rows) if of_pandas else ()
    found = as_model(model, Loading(name, categorical=categorical))
    if not isinstance(found, PythonModel):
        return found
    types = frame_types(rows, baseline)
    if found.takes != "either":
        return replace(found, types=types)
    forms = [PythonModel(model, name, "array"), PythonModel(model, name, "frame", types)]
    return EitherForm(forms if isinstance(rows, np.ndarray) else forms[::-1])


def features_known(model: Model) -> tuple[str, ...]:
    """Names of the features that the model was trained on, in its order; empty where it does not know them."""
    from pellucid.models.estimator import EstimatorModel
    from pellucid.models.inputs import trained_names
    from pellucid.models.lightgbm import LightGBMModel
    from pellucid.models.xgboost import XGBoostModel

    match model:
        case EstimatorModel():
            return trained_names(getattr(model.estimator, "feature_names_in_", None))
        case XGBoostModel():
            return tuple(model.booster.feature_names or ())
        case LightGBMModel():
            return trained_names(model.booster.feature_name())
    return ()


def check_features(names: Sequence[str], known: Sequence[str], where: str) -> None:
    """Whether the columns of an argument are the features that the model knows, in any order.

    Raises
    ------
    DataError
        One is missing, or is no feature.
    """
    if not known:
        return
    # LightGBM writes blanks in names as underscores.
    given = {name.replace(" ", "_"): name for name in names}
    wanted = {name.replace(" ", "_"): name for name in known}
    problems = [
        Problem(where, fix=f"Column {name!r} is missing, which the model was trained on.")
        for plain, name in wanted.items()
        if plain not in given
    ]
    problems += [
        Problem(
            where,
            name,
            fix=f"The column is no feature of the model; {did_you_mean(name, list(known))}"
            " Leave it out, or name the model's columns by `columns`.",
        )
        for plain, name in given.items()
        if plain not in wanted
    ]
    if problems:
        raise DataError(problems)


def _output_names(scores: Scores) -> tuple[str, ...]:
    width = scores.values.shape[1]
    names = tuple(str(name) for name in scores.outputs or ())
    return names if len(names) == width else tuple(f"label{place}" for place in range(width))


def _name(model: Model) -> str:
    return str(getattr(model, "name", "The model"))
