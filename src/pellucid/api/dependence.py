"""Partial dependence for users of the library."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pellucid.errors import ConfigError, DataError, Problem, did_you_mean
from pellucid.nouns import counted
from pellucid.records import dataclass

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pellucid.api.scoring import ScoredModel
    from pellucid.api.spark_explaining import OpenPool
    from pellucid.api.steps import Progress
    from pellucid.explain.partial_dependence import Grid
    from pellucid.protocols.model import Batch
    from pellucid.results.dependence import AccumulatedCurve, FeatureDependence, PartialDependence

    Kind = Literal["numeric", "categorical"]
    Predict = Callable[[Batch], npt.NDArray[np.float64]]

__all__ = ["partial_dependence"]


def partial_dependence(
    model: Any,
    rows: Any,
    features: Sequence[str] | str,
    *,
    grid_resolution: int = 15,
    categorical: Sequence[str] = (),
    individual: bool = False,
    ice: int | None = None,
    ale: bool = False,
    columns: Sequence[str] | None = None,
    seed: int = 0,
    confidence_level: float = 0.95,
    allow_pickle: bool = False,
    progress: Progress = None,
) -> PartialDependence:
    """Mean predictions over all rows with one feature set to one value after another (Friedman, 2001).

    Costs rows x points predictions for every feature.

    Parameters
    ----------
    model, rows, columns, allow_pickle, progress
        As for `explain`.
    features
        Features to vary, each by itself.
    grid_resolution
        Points of a numeric feature, at least 1: centres of buckets of equal width between its extremes. Text,
        categories and truth values are set to every value that occurs.
    categorical
        Numeric features that are set to every value that occurs as well. Columns of categories in ``rows`` or in the
        training of the model are anyway, also where the categories are numbers.
    individual
        Keep the predictions of all single rows too (individual conditional expectations).
    ice
        Keep those of so many rows, drawn with the seed. They are asked for anyway, so that this costs nothing.
    ale
        Accumulated local effects of numbers beside their partial dependence (Apley and Zhu, 2020): each row moves
        within its own interval of the feature only. 2 x rows predictions more for every feature.
    seed
        Draws the rows of ``ice``.
    confidence_level
        Of the intervals of accumulated effects, in (0, 1).

    Returns
    -------
    PartialDependence
        Frozen; one `FeatureDependence` per feature.

    Raises
    ------
    ConfigError
        A feature is unknown, or the resolution below 1.
    DataError
        Rows or columns are missing, or a feature has no value to vary.
    ModelError
        The model cannot be loaded or asked, or does not answer with finite scores.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[1.0, 1.0], [3.0, 2.0]])
    >>> found = partial_dependence(lambda rows: rows[:, 0] * rows[:, 1], rows, "column_0", grid_resolution=2)
    >>> found["column_0"].points.tolist(), found["column_0"].predictions.tolist()
    ([1.5, 2.5], [[2.25, 3.75]])
    """
    from pellucid.api.frame_types import columns_of_categories_in
    from pellucid.api.rows import batch_of, library_of
    from pellucid.api.scoring import ScoredModel, check_features, features_known, opened
    from pellucid.api.spark_explaining import pool_beside
    from pellucid.api.steps import steps_told
    from pellucid.argument_kinds import (
        COLUMNS,
        PROGRESS,
        SHARE,
        SWITCH,
        listed,
        optional,
        other_kinds,
        refuse_other_kinds,
        whole_number,
    )
    from pellucid.models.categories import columns_of_categories
    from pellucid.results.dependence import PartialDependence

    refuse_other_kinds(
        ("features", features, COLUMNS),
        ("categorical", categorical, COLUMNS),
        ("individual", individual, SWITCH),
        ("ale", ale, SWITCH),
        ("columns", columns, optional(COLUMNS)),
        ("allow_pickle", allow_pickle, SWITCH),
        ("progress", progress, PROGRESS),
    )
    found = opened(model, rows=rows, allow_pickle=allow_pickle)
    known = features_known(found)
    given = batch_of(rows, "rows", columns=None if columns is None else listed(columns), known=known)
    check_features(given.names, known, "rows")
    wanted, asked = listed(features), listed(categorical)
    whole = {*asked, *columns_of_categories_in(rows), *columns_of_categories(found, given.names)}
    numbers = other_kinds(
        ("grid_resolution", grid_resolution, whole_number(1)),
        ("ice", ice, optional(whole_number(1))),
        ("seed", seed, whole_number(0)),
        ("confidence_level", confidence_level, SHARE),
    )
    _check(wanted, asked, given, numbers)
    scored = ScoredModel(found)
    question = _question(
        given,
        {name: _grid(given, name, grid_resolution, categorical=name in whole) for name in wanted},
        intervals=grid_resolution if ale else 0,
        shown=len(given) if individual else ice or 0,
        seed=seed,
        confidence_level=confidence_level,
    )
    open_pool = pool_beside(rows, model, scored, allow_pickle=allow_pickle)
    with steps_told(progress) as step:
        if open_pool is None:
            curves = _curves(question, wanted, scored, step)
        else:
            curves = _curves_of_workers(question, wanted, scored, open_pool, step)
    return PartialDependence(
        features=tuple(curves),
        outputs=scored.outputs,
        n_model_calls=sum(_rows_asked(question, curve) for curve in curves) + (open_pool is not None),
        frame_library=library_of(rows),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """What is asked of a model.

    Parameters
    ----------
    grids
        Kind and points by feature.
    crossed
        Number of intervals by feature whose local effects are accumulated.
    shown
        Positions of the rows whose predictions are kept.
    confidence_level
        Of the intervals of accumulated effects.
    """

    rows: Batch
    grids: Mapping[str, tuple[Kind, Grid]]
    crossed: Mapping[str, int]
    shown: npt.NDArray[np.intp]
    confidence_level: float


def _question(
    rows: Batch,
    grids: Mapping[str, tuple[Kind, Grid]],
    *,
    intervals: int,
    shown: int,
    seed: int,
    confidence_level: float,
) -> _Question:
    """With 0 ``intervals`` no effects are accumulated, and never those of a feature with one value."""
    from pellucid.api.accumulating import varies
    from pellucid.jobs.explanations.pdp_job import shown_rows

    numeric = [name for name, (kind, _) in grids.items() if kind == "numeric"]
    crossed = {name: intervals for name in numeric if intervals and varies(rows.columns[name], name)}
    return _Question(rows, grids, crossed, shown_rows(shown, len(rows), seed), confidence_level)


def _curves(
    question: _Question, wanted: Sequence[str], scored: ScoredModel, progress: Callable[[str], None]
) -> list[FeatureDependence]:
    """The curves of all features, asked of the model by this process."""
    from pellucid.api.pace import Pace, PredictionsTold

    pace = Pace(len(wanted), time.monotonic, what="features")
    calls = sum(len(grid.values) + 2 * (name in question.crossed) for name, (_, grid) in question.grids.items())
    predict = PredictionsTold(scored.predict, progress, calls * len(question.rows), "partial dependence")
    curves = []
    for name in wanted:
        progress(f"partial dependence on {name}")
        predict.at = f"partial dependence on {name}"
        curves.append(_curve(question, name, predict))
        progress(pace.line("partial dependence", 1))
    return curves


def _curve(question: _Question, name: str, predict: Predict) -> FeatureDependence:
    """The curve of a feature."""
    from pellucid.explain.partial_dependence import partial_dependence as dependence
    from pellucid.results.dependence import FeatureDependence

    kind, grid = question.grids[name]
    all_shown = len(question.shown) == len(question.rows)
    found = dependence(question.rows, name, grid, predict, individual=all_shown or question.shown.tolist())
    return FeatureDependence(
        feature=name,
        kind=kind,
        points=grid.values,
        distribution=grid.distribution,
        predictions=found.predictions,
        individual=found.individual,
        rows=None if found.individual is None else question.shown,
        accumulated=_accumulated(question, name, predict),
    )


def _accumulated(question: _Question, name: str, predict: Predict) -> AccumulatedCurve | None:
    from pellucid.api.accumulating import accumulated_curve

    if name not in question.crossed:
        return None
    intervals = question.crossed[name]
    return accumulated_curve(question.rows, name, intervals, predict, question.confidence_level)


def _curves_of_workers(
    question: _Question,
    wanted: Sequence[str],
    scored: ScoredModel,
    open_pool: OpenPool,
    progress: Callable[[str], None],
) -> list[FeatureDependence]:
    """The curves of all features, asked of the model by the workers of a Spark session."""
    from pellucid.api.spark_dependence import dependence_by_workers

    progress(f"partial dependence on {counted(len(question.grids), 'feature')}")
    scored.predict(question.rows[:1])  # for the names of the outputs
    drawn = dependence_by_workers(
        question.rows, question.grids, open_pool, question.shown, question.crossed, question.confidence_level
    )
    return [drawn[name] for name in wanted]


def _rows_asked(question: _Question, curve: FeatureDependence) -> int:
    return len(question.rows) * (len(curve.points) + 2 * (curve.feature in question.crossed))


# --- arguments -------------------------------------------------------------------------------------------------------
def _check(wanted: Sequence[str], categorical: Sequence[str], rows: Batch, numbers: Sequence[Problem]) -> None:
    """Report unknown columns together with what is wrong with ``numbers``."""
    problems = [
        Problem(where, name, fix=f"Use a column of the model; {did_you_mean(name, rows.names)}")
        for where, names in (("features", wanted), ("categorical", categorical))
        for name in names
        if name not in rows.names
    ]
    if not wanted:
        problems.append(Problem("features", [], fix="Name at least one column."))
    problems += numbers
    if problems:
        raise ConfigError(problems)


def _grid(rows: Batch, name: str, resolution: int, *, categorical: bool) -> tuple[Kind, Grid]:
    from pellucid.explain.partial_dependence import categorical_grid, numeric_grid

    column = rows.columns[name]
    if categorical or column.dtype.kind == "b" or any(isinstance(cell, str | bool) for cell in column.tolist()):
        grid = categorical_grid(column)
        if not len(grid.values):
            raise DataError(Problem(name, fix="The column holds no value, so there is nothing to vary. Leave it out."))
        return "categorical", grid
    return "numeric", numeric_grid(column, resolution, name=name)
