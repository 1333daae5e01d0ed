"""Which models have a formula for their Shapley values, and whether the formula holds for the model as it predicts.

A formula is used where the space that it describes is the one explained: linear regression as it is; logistic
regression in probability and in log-odds; trees of forests and regressions as they are, of boosted classifiers in
log-odds. It is believed for a row if base and values add up to what the model itself predicts there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pellucid.api.column_sources import source_columns
from pellucid.errors import ModelError
from pellucid.explain.exact.additivity import additivity_gap
from pellucid.explain.exact.linear import linear
from pellucid.explain.exact.logistic import logistic
from pellucid.explain.exact.trees import tree_game
from pellucid.explain.game import Link, logit
from pellucid.models.answers import library_errors
from pellucid.models.estimator import EstimatorModel
from pellucid.models.inputs import cells, frame, in_order_of, matrix, of_width, trained_names
from pellucid.models.lightgbm import LightGBMModel
from pellucid.models.tree_readers.read import link_of_trees, read_trees
from pellucid.models.xgboost import XGBoostModel
from pellucid.protocols.model import Batch, Model
from pellucid.records import dataclass

__all__ = ["ByFormula", "Formula", "believed", "formula_of"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

TOLERANCE, SINGLE_TOLERANCE = 1e-6, 1e-5
"""Largest gap between a formula and the model, relative; for XGBoost, which adds up in single precision, the second."""
SINGLE_ROUNDING, DOUBLE_ROUNDING = 4 * 2.0**-23, 4 * 2.0**-52
"""How far a probability may be off by the precision in which the model answers, relative."""
LOG_ODDS_AT_ONCE = 100_000
"""Of background rows before explained rows: a few megabytes, whatever their numbers."""
NOBODY = -1
"""Owner of a column that is no player's."""

LIBRARIES = {"lightgbm", "sklearn", "xgboost"}


class ByFormula(NamedTuple):
    """Shapley values by a formula.

    Parameters
    ----------
    values
        Shape (rows, players, outputs); nan in rows for which the formula does not work.
    base
        Shape (rows, outputs).
    background
        Log-odds of the background rows up to a constant, which columns of no player may add, shape (background rows,
        outputs); None where no log-odds are explained.
    """

    values: Floats
    base: Floats
    background: Floats | None = None


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
    owner
        The player of each column of the core, `NOBODY` for one that always shows the explained row, shape (features,).
    players
        Number of players.
    """

    core: Any
    seen: Callable[[Batch], Floats]
    background: Floats
    owner: Integers
    players: int

    @property
    def membership(self) -> Floats:
        """1 where a column of the core is a player's, shape (features, players)."""
        return np.asarray(self.owner[:, None] == np.arange(self.players), dtype=np.float64)


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
    tolerance, rounding = (
        (SINGLE_TOLERANCE, SINGLE_ROUNDING) if formula.single_precision else (TOLERANCE, DOUBLE_ROUNDING)
    )
    added = found.base + found.values.sum(axis=1)
    low, high = _answers(added, rounding) if link == "logit" else (added, added)
    # Where probabilities are near 1, nothing but their rounding parts log-odds that are far apart.
    unrounded = added + (full - np.clip(full, low, high))
    of_row = additivity_gap(found.values, found.base, unrounded) <= tolerance
    size = np.maximum(np.maximum(np.abs(full), np.abs(empty)), np.abs(found.values).sum(axis=1))
    of_base = np.abs(empty - np.clip(empty, *_base_answers(found, rounding))) <= tolerance * size
    return np.asarray((of_row & of_base).all(axis=1))


def _answers(log_odds: Floats, rounding: float) -> tuple[Floats, Floats]:
    """The least and the largest log-odds that probabilities show which are rounded."""
    with np.errstate(over="ignore"):
        probabilities = 1 / (1 + np.exp(-log_odds))
    return logit(probabilities * (1 - rounding)), logit(probabilities * (1 + rounding))


def _base_answers(found: ByFormula, rounding: float) -> tuple[Floats, Floats]:
    """The least and the largest mean over the background that rounded probabilities show, shape (rows, outputs)."""
    if found.background is None:
        return found.base, found.base
    # Columns of no player move all rows of the background, by something else for each explained row.
    moves, which = np.unique(found.base - found.background.mean(axis=0), axis=0, return_inverse=True)
    at_once = max(1, LOG_ODDS_AT_ONCE // found.background.size)
    pieces = (moves[start : start + at_once, None] for start in range(0, len(moves), at_once))
    ends = [[end.mean(axis=1) for end in _answers(found.background + piece, rounding)] for piece in pieces]
    low, high = (np.concatenate(end) for end in zip(*ends, strict=True))
    return low[which.ravel()], high[which.ravel()]


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
    return _arranged(model.booster, background, columns_of, names, lambda batch: _numbers(batch, model.name))


def _numbers(batch: Batch, name: str) -> Floats:
    """The batch as the model splits it, if it takes numbers; some boosters take text as well, as categories."""
    try:
        return matrix(batch, name)
    except ModelError as error:
        raise ModelError("the model is given text, and formulas read columns of numbers") from error


def _of_estimator(model: EstimatorModel, background: Batch, columns_of: Mapping[str, tuple[str, ...]]) -> _Fitted | str:
    estimator, name = model.estimator, model.name
    names = trained_names(getattr(estimator, "feature_names_in_", None))
    if type(estimator).__name__ != "Pipeline" or not _is(estimator, "Pipeline"):
        return _arranged(estimator, background, columns_of, names, lambda batch: _numbers(batch, name))
    *steps, (_, core) = estimator.steps
    before = estimator[:-1] if steps else None
    sources = source_columns(before, int(estimator.n_features_in_))
    if isinstance(sources, str):
        return f"in the pipeline {sources} may make columns of several features"

    def transformed(batch: Batch) -> Floats:
        of_width(batch, int(estimator.n_features_in_), name)
        if before is None:
            return matrix(batch, name)
        with library_errors(name, "transforming"):
            made = before.transform(frame(batch) if names else cells(batch, name))
        dense = made.toarray() if hasattr(made, "toarray") else made
        return np.asarray(dense, dtype=np.float64)

    return _arranged(core, background, columns_of, names, transformed, sources)


def _arranged(
    core: Any,
    background: Batch,
    columns_of: Mapping[str, tuple[str, ...]],
    names: Sequence[str] | None,
    seen: Callable[[Batch], Floats],
    sources: Integers | None = None,
) -> _Fitted | str:
    """Rows in the model's order of columns; ``sources`` are the columns that those of the core are made of."""
    # LightGBM writes blanks in names as underscores; the names of the data stay as they are.
    plain = {name.replace(" ", "_"): name for name in background.names}
    order = [name if name in background.names else plain.get(name, name) for name in names or plain.values()]
    place = {name: position for position, name in enumerate(order)}

    def arranged(batch: Batch) -> Floats:
        return seen(in_order_of(batch, order, "model"))

    cells_of_background = arranged(background)
    made_of = np.arange(len(order)) if sources is None else sources
    if len(made_of) != cells_of_background.shape[1]:
        return (
            f"the pipeline makes {cells_of_background.shape[1]} columns where {len(made_of)} were expected of its steps"
        )
    owner = np.full(len(order), NOBODY, dtype=np.intp)
    for player, columns in enumerate(columns_of.values()):
        owner[[place[name] for name in columns]] = player
    return _Fitted(core, arranged, cells_of_background, owner[made_of], len(columns_of))


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
    intercept = np.asarray(core.intercept_, dtype=np.float64)
    return Formula("linear", lambda rows: _linear_values(fitted, fitted.seen(rows), weights, intercept))


def _linear_values(fitted: _Fitted, rows: Floats, weights: Floats, intercept: Floats) -> ByFormula:
    of_columns, base = linear(weights, intercept, rows, fitted.background)
    values = (of_columns.transpose(0, 2, 1) @ fitted.membership).transpose(0, 2, 1)
    return ByFormula(values, base + of_columns[:, fitted.owner == NOBODY].sum(axis=1))


def _logistic(fitted: _Fitted, link: Link) -> Formula | str:
    core = fitted.core
    if len(core.classes_) != 2:
        return f"{type(core).__name__} with {len(core.classes_)} classes has none"
    weights = np.asarray(core.coef_, dtype=np.float64)[0]
    intercept = float(np.ravel(core.intercept_)[0])
    if len(weights) != fitted.background.shape[1]:
        return _other_width(len(weights), fitted)
    if link == "logit":
        return Formula("linear", lambda rows: _log_odds_values(fitted, fitted.seen(rows), weights, intercept))
    return Formula("logistic", lambda rows: _logistic_values(fitted, fitted.seen(rows), weights, intercept))


def _log_odds_values(fitted: _Fitted, explained: Floats, weights: Floats, intercept: float) -> ByFormula:
    found = _linear_values(fitted, explained, weights[None, :], np.array([intercept]))
    of_players = np.where(fitted.owner == NOBODY, 0.0, weights)
    return found._replace(background=(intercept + fitted.background @ of_players)[:, None])


def _logistic_values(fitted: _Fitted, explained: Floats, weights: Floats, intercept: float) -> ByFormula:
    """What a player adds to the log-odds is one number, whatever columns it has."""
    others = fitted.owner == NOBODY
    held = (explained * weights)[:, others].sum(axis=1) if others.any() else 0.0
    values, base = logistic(
        np.ones(fitted.players),
        intercept + np.asarray(held),
        _terms(fitted, explained * weights),
        _terms(fitted, fitted.background * weights),
    )
    return ByFormula(values, np.broadcast_to(base, (len(values), 1)))


def _terms(fitted: _Fitted, of_columns: Floats) -> Floats:
    """What every player adds to a score, shape (rows, players).

    In sums of one order equal cells add equal numbers, and who adds what the background does is no player.
    """
    columns = (np.flatnonzero(fitted.owner == player) for player in range(fitted.players))
    return np.stack([of_columns[:, one].sum(axis=1) for one in columns], axis=1)


def _trees(fitted: _Fitted, link: Link) -> Formula | str:
    name = type(fitted.core).__name__
    told = link_of_trees(fitted.core, name)
    if told is not None and told != link:
        return _other_space(told, link)
    ensemble = read_trees(fitted.core, name)
    if ensemble.link != link:
        return _other_space(ensemble.link, link)
    if (fitted.owner == NOBODY).any():
        return "trees have one for all columns together, and some are not explained"
    if fitted.background.shape[1] != ensemble.features:
        return _other_width(ensemble.features, fitted)
    single = type(fitted.core).__module__.partition(".")[0] == "xgboost"
    game = tree_game(ensemble, fitted.background, fitted.owner, fitted.players)
    log_odds = ensemble.scores(fitted.background) if link == "logit" else None

    def explained(rows: Batch) -> ByFormula:
        found = game.explain(fitted.seen(rows))
        return ByFormula(found.values, np.tile(found.base, (len(rows), 1)), log_odds)

    return Formula("trees", explained, single_precision=single, dearer_than=game.dearer_than)


def _other_width(features: int, fitted: _Fitted) -> str:
    return f"the model knows {features} features, and the rows have {fitted.background.shape[1]}"


def _other_space(of_trees: str, explained: str) -> str:
    if of_trees == "logit":
        return (
            "boosted trees add up in log-odds, and probabilities are explained; log-odds (use_logit, link='logit') "
            "are exact"
        )
    if explained == "logit":
        return "these trees do not add up in log-odds"
    return f"these trees add up before the {of_trees} of the model, which is not linear"
