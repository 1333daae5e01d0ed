"""Fit the surrogate of a job, and measure its error on some rows that are computed without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.critical_value import critical_value
from pellucid.errors import ConfigError
from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget
from pellucid.explain.estimate import explain_games
from pellucid.explain.game import BATCH_ROWS, LINKS, Link, MaskedGames, checked_scores
from pellucid.explain.maskers.tabular import TabularMasker
from pellucid.explain.one_thread import one_thread
from pellucid.explain.plan import Plan
from pellucid.explain.surrogate import Surrogate, codes_of, explained_by_surrogate, training_inputs
from pellucid.jobs.explanations.request import of_shap
from pellucid.jobs.explanations.rows import sampled
from pellucid.jobs.explanations.scoring import scorer
from pellucid.jobs.explanations.shap_job import ShapTask
from pellucid.models.tree_readers.read import read_trees
from pellucid.protocols.model import Batch, Model
from pellucid.records import dataclass
from pellucid.results.rounding import significant

__all__ = ["TRAINED_ROWS", "Audit", "FittedSurrogate", "fitted_surrogate", "surrogate_of_job"]

Floats = npt.NDArray[np.float64]
Score = Callable[[Batch], npt.NDArray[np.floating]]

TRAINED_ROWS = 2_000
"""Rows of which masked inputs train a surrogate, at most."""
TREES: dict[str, Any] = {"max_iter": 300, "max_depth": 6, "max_leaf_nodes": 31, "learning_rate": 0.1}
"""At most six features on a path, so that exact values come from tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """How far values by the surrogate are from those of the full estimate, on rows drawn with the seed.

    Parameters
    ----------
    rows
        Number of rows.
    relative_error
        Root of the summed squared differences over that of the full values.
    within, intervals
        Share of the full values that lie within the intervals, of so many that are not exact.
    model_rows
        Inputs that the model was asked for.
    """

    rows: int
    relative_error: float
    within: float | None
    intervals: int
    model_rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedSurrogate:
    """A surrogate, and what is known of it.

    Parameters
    ----------
    training_rows
        Inputs that the model was asked for to fit it.
    audit
        None where no row was to be audited.
    """

    surrogate: Surrogate
    training_rows: int
    audit: Audit | None

    def to_details(self) -> dict[str, Any]:
        """What stands in ``pellucid.json`` under ``surrogate``."""
        audit = self.audit
        found: dict[str, Any] = {"training_model_rows": self.training_rows}
        if audit is not None:
            found["audit"] = {
                "rows": audit.rows,
                "relative_error": audit.relative_error,
                "intervals": audit.intervals,
                "share_within_intervals": audit.within,
                "model_rows": audit.model_rows,
            }
        return found

    def note(self) -> str:
        """The same in a sentence."""
        fitted = f"A surrogate was fitted to {self.training_rows:,} masked inputs"
        if self.audit is None:
            return f"{fitted}; its error was not audited."
        rows = "1 row" if self.audit.rows == 1 else f"{self.audit.rows} rows"
        apart = significant(100 * self.audit.relative_error, 2)
        return (
            f"{fitted}; on {rows} computed without it, values differ by {apart} % "
            f"(root of summed squares), for {self.audit.model_rows:,} further rows asked of the model."
        )


def fitted_surrogate(
    sample: Batch,
    masker: TabularMasker,
    score: Score,
    plan: Plan,
    *,
    link: Link,
    confidence_level: float,
    total: int,
    background: int,
) -> FittedSurrogate:
    """Fit a surrogate and audit it; the same on any machine for an equal seed.

    Parameters
    ----------
    sample
        Some of the rows to explain, drawn at random, at least one.
    masker
        Their background and players; its rows are not looked at.
    score
        Scores of the model.
    total
        Number of all rows.
    background
        Inputs that are asked to know the base of them, at most.

    Raises
    ------
    ConfigError
        The budget does not fit.
    ModelError
        The model does not answer with finite scores.
    """
    samples = plan.samples_beside_surrogate(players=masker.players, rows=total, background=background)
    trained = replace(masker, explained=sample[slice(0, TRAINED_ROWS)])
    inputs = training_inputs(trained, plan.surrogate.training_calls, plan.seed)
    parts = [inputs[slice(start, start + BATCH_ROWS)] for start in range(0, len(inputs), BATCH_ROWS)]
    answers = np.concatenate([checked_scores(score(part), part, LINKS[link]) for part in parts])
    codes = codes_of(inputs)
    cells = codes.matrix(inputs)
    surrogate = Surrogate(codes, tuple(_trees(cells, column, plan.seed) for column in answers.T))
    audit = None
    if plan.surrogate.audit_rows:
        audited = replace(masker, explained=sample[slice(0, plan.surrogate.audit_rows)])
        found = explained_by_surrogate(audited, score, surrogate, link=link, samples=samples, seed=plan.seed)
        full = explain_games(MaskedGames(audited, score, link), Plan(budget=Budget(), seed=plan.seed))
        audit = _audit(found, full, confidence_level)
    return FittedSurrogate(surrogate=surrogate, training_rows=len(inputs), audit=audit)


def surrogate_of_job(
    task: ShapTask, batches: Iterable[Batch], model: Model, confidence_level: float
) -> FittedSurrogate:
    """`fitted_surrogate` of a job.

    Parameters
    ----------
    batches
        All rows of the features.

    Raises
    ------
    ConfigError
        The budget does not fit; its key is named as in the configuration.
    """
    plan = task.request.plan
    sample = sampled(batches, task.total, max(TRAINED_ROWS, plan.surrogate.audit_rows), plan.seed)
    masker = TabularMasker(sample, task.baseline, task.request.players)
    # The sample is in the order of the data; the first of it must be a sample as well.
    mixed = sample[np.random.default_rng([plan.seed, task.total]).permutation(len(sample))]
    try:
        with one_thread():
            return fitted_surrogate(
                mixed,
                masker,
                scorer(model),
                plan,
                link=task.request.link,
                confidence_level=confidence_level,
                total=task.total,
                background=task.bases * len(task.baseline),
            )
    except ConfigError as error:
        raise ConfigError(of_shap(error)) from None


def _trees(cells: Floats, scores: Floats, seed: int) -> Any:
    """Boosted trees of one output."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    fitting = HistGradientBoostingRegressor(**TREES, early_stopping=False, random_state=seed)
    # Sums of several threads come in any order, which the last digits show.
    with threadpool_limits(limits=1):
        fitting.fit(cells, scores)
    return read_trees(fitting, "surrogate")


def _audit(found: Attributions, full: Attributions, confidence_level: float) -> Audit:
    off, size = found.values - full.values, float((full.values**2).sum())
    sampled = found.standard_errors > 0
    spread = np.sqrt(found.standard_errors**2 + np.nan_to_num(full.standard_errors) ** 2)
    reach = critical_value(confidence_level)
    return Audit(
        rows=len(off),
        relative_error=float(np.sqrt((off**2).sum() / size)) if size else float((off**2).sum() > 0),
        within=float((np.abs(off) <= reach * spread)[sampled].mean()) if sampled.any() else None,
        intervals=int(sampled.sum()),
        model_rows=found.model_rows + full.model_rows,
    )
