"""Exact values of rows by the formula of their model, believed row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.api.exact_dispatch import Formula, believed, formula_of
from pellucid.errors import ModelError
from pellucid.explain.game import Link, MaskedGames
from pellucid.jobs.explanations.exact_rows import ExactRows
from pellucid.jobs.explanations.shap_job import ROWS_BY_FORMULA, ShapTask
from pellucid.protocols.model import Batch, Model
from pellucid.records import dataclass

__all__ = ["TITLES", "FormulaRows", "formula_details", "formula_rows"]

TITLES = {"linear": "linear models", "logistic": "logistic regression", "trees": "ensembles of trees"}
"""What formulas are for."""


@dataclass(frozen=True, slots=True, eq=False)
class FormulaRows:
    """Explains rows by a formula, and asks the model whether it holds.

    Parameters
    ----------
    formula
        Of the model and the background.
    link
        Space of the values.
    """

    formula: Formula
    link: Link

    def __call__(self, rows: Batch, games: MaskedGames) -> ExactRows | None:
        """What the formula says of ``rows``; None where their cells, or the model's outputs, are not what it is for."""
        try:
            found = self.formula.explain(rows)
        except ModelError:
            return None
        ends = games.ends(range(len(rows)))
        empty, full = np.moveaxis(np.array(ends.values), 1, 0)
        if found.values.shape[2] != full.shape[1]:
            return None
        holds = believed(found, empty, full, formula=self.formula, link=self.link)
        return ExactRows(holds, found.values, found.base, f"exact: {self.formula.name}", ends.model_rows)


def formula_details(formula: FormulaRows | str, task: ShapTask) -> dict[str, Any]:
    """What stands in ``pellucid.json`` on formulas, where one was looked for."""
    if not _may_be_exact(task):
        return {}
    if isinstance(formula, str):
        return {"formula": {"name": None, "reason": formula}}
    return {"formula": {"name": formula.formula.name}}


def _may_be_exact(task: ShapTask) -> bool:
    return task.request.plan.estimator == "auto" and task.texts is None


def formula_rows(model: Model, task: ShapTask) -> FormulaRows | str:
    """Exact values for a job, or the reason why its rows are sampled, as a clause.

    Raises
    ------
    ConfigError
        The budget does not fit the number of rows or features; keys are named without ``methods.shap``.
    """
    request = task.request
    if not _may_be_exact(task):
        return "the estimator 'auto' alone uses formulas, and not for texts"
    formula = formula_of(model, task.baseline, request.players, request.link)
    if isinstance(formula, str):
        return formula
    samples = request.plan.budget.samples_of(
        players=len(request.players),
        rows=task.total,
        inputs_per_coalition=len(task.baseline),
        bases=task.bases,
    )
    if formula.dearer_than(samples, min(task.total, ROWS_BY_FORMULA)):
        return f"it would cost more than {samples:,} samples per row"
    return FormulaRows(formula, request.link)
