"""Which models have a formula for their Shapley values, and whether the formula holds for the model as it predicts.

A formula is used where the space that it describes is the one explained: linear regression as it is; logistic
regression in probability and in log-odds; trees of forests and regressions as they are, of boosted classifiers in
log-odds. It is believed for a row if base and values add up to what the model itself predicts there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError
from pellucid.explain.exact.additivity import additivity_gap
from pellucid.explain.exact.linear import linear
from pellucid.explain.exact.logistic import logistic
from pellucid.explain.exact.trees import tree_game
from pellucid.explain.game import Link
from pellucid.models.estimator import EstimatorModel
from pellucid.models.inputs import cells, frame, in_order_of, matrix, of_width, trained_names
from pellucid.models.lightgbm import LightGBMModel
from pellucid.models.tree_readers.read import read_trees
from pellucid.models.xgboost import XGBoostModel
from pellucid.protocols.model import Batch, Model

__all__ = ["ByFormula", "Formula", "believed", "formula_of"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

TOLERANCE, SINGLE_TOLERANCE = 1e-6, 1e-5
"""Largest gap between a formula and the model, relative; for XGBoost, which adds up in single precision, the second."""
SINGLE_ROUNDING = 4 * 2.0**-23
LARGEST_ROUNDING = 0.05
"""Probabilities of single precision have log-odds rounded by about the first over p (1 - p), tolerated up to here."""

LIBRARIES = {"lightgbm", "sklearn", "xgboost"}
COLUMNWISE = {"MaxAbsScaler", "MinMaxScaler", "PowerTransformer", "QuantileTransformer", "RobustScaler"}
COLUMNWISE |= {"StandardScaler"}
"""Steps of scikit-learn that turn each column into one column by itself, so that a value is of the same feature."""


class ByFormula(NamedTuple):
    """Shapley values by a formula.

    Parameters
    ----------
    values
        Shape (rows, players, outputs); nan in rows for which the formula does not work.
    base
        Shape (rows, outputs).
    base_rounding
        How far the model's own base may be off by the precision of its scores, shape (outputs,).
    """

    values: Floats
    base: Floats
    base_rounding: Floats | float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A way to exact Shapley values of one model against one background, for any rows.

    Parameters
    ----------
    name
        ``linear``, ``logistic`` or ``trees``.
    explain
        Values of some rows, given with the columns of the background. It raises `ModelError` for cells that the model
        does not take.
    single_precision
        Whether the model answers in single precision.
    dearer_than
        Whether exact values cost more than those of so many samples per row, where so many rows are explained; by a
        count of the work, so that the answer is the same everywhere.
    """

    name: str
    explain: Callable[[Batch], ByFormula]
    single_precision: bool = False
    dearer_than: Callable[[int, int], bool] = lambda samples, rows: False


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """What is at the core of a model, and the background: features of the core stand for columns of the data.

    Parameters
    ----------
    core
        The estimator or booster itself.
    seen
        Rows as the core sees them, shape (rows, features).
    background
        The background as the core sees it, shape (background rows, features).
    players
        Columns of the core of each player.
    others
        Columns of the core of no player.
    """

    core: Any
    seen: Callable[[Batch], Floats]
    background: Floats
    players: tuple[Integers, ...]
    others: Integers

    @property
    def one_column_each(self) -> bool:
        return not len(self.others) and all(len(columns) == 1 for columns in self.players)


def formula_of(model: Model, background: Batch, columns_of: Mapping[str, tuple[str, ...]], link: Link) -> Formula | str:
    """The formula for a model, or the reason why there is none, as a clause.

    Parameters
    ----------
    model
        As its adapter holds it; a function cannot be looked into.
    background
        Rows that show what an absent feature looks like, with the columns that the model is asked with, in order.
    columns_of
        Columns of every player, as a `TabularMasker` takes them.
    link
        ``identity`` explains what the model answers, ``logit`` its log-odds.
    """
    try:
        fitted = _fitted(model, background, columns_of)
        if isinstance(fitted, str):
            return fitted
        if type(fitted.core).__module__.partition(".")[0] not in LIBRARIES:
            # Additivity alone would not show that a subclass cuts its predictions off where no explained row is.
            return f"{type(fitted.core).__name__} is a class of its own, which may predict in a way of its own"
        for base, found in (("LinearModel", _linear), ("BaseSGDRegressor", _linear), ("LogisticRegression", _logistic)):
            if _is(fitted.core, base):
                return found(fitted, link)
        return _trees(fitted, link)
    except ModelError as error:
        return reason_of(error)
    except AttributeError:
        # The model itself, when it is asked, says best what it lacks.
        return f"{type(model).__name__} holds what was not fitted"


def reason_of(error: ModelError) -> str:
    """Why a formula does not work, as a clause."""
    return str(error).removesuffix(" Explain by sampling.").rstrip(".")


def believed(found: ByFormula, empty: Floats, full: Floats, *, formula: Formula, link: Link) -> Booleans:
    """Rows for which the formula describes the model, shape (rows,).

    Parameters
    ----------
    found
        What the formula says.
    empty, full
        Values of the empty and the full coalition, asked of the model, shape (rows, outputs).
    """
    tolerance = SINGLE_TOLERANCE if formula.single_precision else TOLERANCE
    of_row = additivity_gap(found.values, found.base, full) <= tolerance
    size = np.maximum(np.abs(full), np.abs(found.values).sum(axis=1))
    of_base = np.abs(found.base - empty) <= tolerance * np.maximum(size, np.abs(empty)) + found.base_rounding
    if formula.single_precision and link == "logit":
        of_row |= np.abs(found.base + found.values.sum(axis=1) - full) <= _rounding(full)
    return np.asarray((of_row & of_base).all(axis=1))


def _rounding(log_odds: Floats) -> Floats:
    """How far log-odds may be off that were taken of probabilities of single precision."""
    probability = 1 / (1 + np.exp(-log_odds))
    steep = np.maximum(probability * (1 - probability), SINGLE_ROUNDING)
    return np.minimum(SINGLE_ROUNDING / steep, LARGEST_ROUNDING)


# --- what a model is made of -----------------------------------------------------------------------------------------
def _fitted(model: Model, background: Batch, columns_of: Mapping[str, tuple[str, ...]]) -> _Fitted | str:
    match model:
        case EstimatorModel():
            return _of_estimator(model, background, columns_of)
        case XGBoostModel():
            names = model.booster.feature_names
        case LightGBMModel():
            names = trained_names(model.booster.feature_name())
        case _:
            return "only models whose inside can be read have one, and a function or a server does not show it"
    return _arranged(model.booster, background, columns_of, names, lambda batch: matrix(batch, model.name))


def _of_estimator(model: EstimatorModel, background: Batch, columns_of: Mapping[str, tuple[str, ...]]) -> _Fitted | str:
    estimator, name = model.estimator, model.name
    names = trained_names(getattr(estimator, "feature_names_in_", None))
    if type(estimator).__name__ != "Pipeline" or not _is(estimator, "Pipeline"):
        return _arranged(estimator, background, columns_of, names, lambda batch: matrix(batch, name))
    *steps, (_, core) = estimator.steps
    mixing = [type(step).__name__ for _, step in steps if not _is_columnwise(step)]
    if mixing:
        return f"in the pipeline {mixing[0]} may make other columns of the features"

    def transformed(batch: Batch) -> Floats:
        of_width(batch, int(estimator.n_features_in_), name)
        rows = frame(batch) if names else cells(batch, name)
        return np.asarray(estimator[:-1].transform(rows) if steps else matrix(batch, name), dtype=np.float64)

    return _arranged(core, background, columns_of, names, transformed)


def _is_columnwise(step: Any) -> bool:
    kind = type(step)
    return kind.__module__.partition(".")[0] == "sklearn" and kind.__name__ in COLUMNWISE


def _arranged(
    core: Any,
    background: Batch,
    columns_of: Mapping[str, tuple[str, ...]],
    names: Sequence[str] | None,
    seen: Callable[[Batch], Floats],
) -> _Fitted:
    """Rows in the model's order of columns."""
    # LightGBM writes blanks in names as underscores; the names of the data stay as they are.
    plain = {name.replace(" ", "_"): name for name in background.names}
    order = [name if name in background.names else plain.get(name, name) for name in names or plain.values()]
    place = {name: position for position, name in enumerate(order)}

    def arranged(batch: Batch) -> Floats:
        return seen(in_order_of(batch, order, "model"))

    cells_of_background = arranged(background)
    players = tuple(np.array([place[name] for name in columns]) for columns in columns_of.values())
    others = np.setdiff1d(np.arange(len(order)), np.concatenate(players))
    return _Fitted(core, arranged, cells_of_background, players, others)


def _is(model: Any, base: str) -> bool:
    """Whether a model is of a class of scikit-learn, which is not imported to find out that it is not."""
    return any(
        ancestor.__module__.partition(".")[0] == "sklearn" and ancestor.__name__ == base
        for ancestor in type(model).__mro__
    )


# --- the formulas ----------------------------------------------------------------------------------------------------
def _linear(fitted: _Fitted, link: Link) -> Formula | str:
    core = fitted.core
    if hasattr(core, "classes_"):
        return f"{type(core).__name__} answers with labels"
    if link == "logit":
        return "the log-odds of a linear score are not linear"
    weights = np.atleast_2d(np.asarray(core.coef_, dtype=np.float64))
    if weights.shape[1] != fitted.background.shape[1]:
        return _other_width(weights.shape[1], fitted)
    return Formula("linear", lambda rows: _linear_values(fitted, fitted.seen(rows), weights, core.intercept_))


def _linear_values(fitted: _Fitted, rows: Floats, weights: Floats, intercept: Any) -> ByFormula:
    of_columns, base = linear(weights, np.asarray(intercept, dtype=np.float64), rows, fitted.background)
    values = np.stack([of_columns[:, columns].sum(axis=1) for columns in fitted.players], axis=1)
    return ByFormula(values, base + of_columns[:, fitted.others].sum(axis=1))


def _logistic(fitted: _Fitted, link: Link) -> Formula | str:
    core = fitted.core
    if len(core.classes_) != 2:
        return f"{type(core).__name__} with {len(core.classes_)} classes has none"
    weights = np.asarray(core.coef_, dtype=np.float64)[0]
    intercept = float(np.ravel(core.intercept_)[0])
    if len(weights) != fitted.background.shape[1]:
        return _other_width(len(weights), fitted)
    if link == "logit":
        return Formula("linear", lambda rows: _linear_values(fitted, fitted.seen(rows), weights[None, :], intercept))
    return Formula("logistic", lambda rows: _logistic_values(fitted, fitted.seen(rows), weights, intercept))


def _logistic_values(fitted: _Fitted, explained: Floats, weights: Floats, intercept: float) -> ByFormula:
    """Row by row: what a player adds to the log-odds is one number, whatever columns it has."""
    rows, background = (
        np.stack([cells[:, columns] @ weights[columns] for columns in fitted.players], axis=1)
        for cells in (explained, fitted.background)
    )
    fixed = intercept + explained[:, fitted.others] @ weights[fitted.others]
    ones = np.ones(len(fitted.players))
    values, base = np.full((*rows.shape, 1), np.nan), np.full((len(rows), 1), np.nan)
    for position, row in enumerate(rows):
        try:
            found = logistic(ones, float(fixed[position]), row[None, :], background)
        except ModelError:
            continue
        values[position], base[position] = found.values[0], found.base
    return ByFormula(values, base)


def _trees(fitted: _Fitted, link: Link) -> Formula | str:
    ensemble = read_trees(fitted.core, type(fitted.core).__name__)
    if ensemble.link != link:
        return _other_space(ensemble.link, link)
    if not fitted.one_column_each:
        return "trees have one for single columns only, all of them explained"
    if fitted.background.shape[1] != ensemble.features:
        return _other_width(ensemble.features, fitted)
    order = np.concatenate(fitted.players)
    single = type(fitted.core).__module__.partition(".")[0] == "xgboost"
    game = tree_game(ensemble, fitted.background)
    rounded = single and link == "logit"
    off = _rounding(ensemble.scores(fitted.background)).mean(axis=0) if rounded else 0.0

    def explained(rows: Batch) -> ByFormula:
        found = game.explain(fitted.seen(rows))
        return ByFormula(found.values[:, order], np.tile(found.base, (len(rows), 1)), off)

    return Formula("trees", explained, single_precision=single, dearer_than=game.dearer_than)


def _other_width(features: int, fitted: _Fitted) -> str:
    return f"the model knows {features} features, and the rows have {fitted.background.shape[1]}"


def _other_space(of_trees: str, explained: str) -> str:
    if of_trees == "logit":
        return "boosted trees add up in log-odds, and probabilities are explained; link='logit' is exact"
    if explained == "logit":
        return "these trees do not add up in log-odds"
    return f"these trees add up before the {of_trees} of the model, which is not linear"
