"""What is told beside explanations: warnings and notes, in sentences."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from pellucid.jobs.explanations.pdp_job import Plot
from pellucid.jobs.explanations.totals import ShapResult
from pellucid.results.rounding import significant

__all__ = ["plot_warnings", "shap_note", "shap_warnings", "unsteady_note"]


def shap_warnings(found: ShapResult, precision: float | None) -> list[str]:
    """What makes SHAP values worth less than they look."""
    warnings = [f"methods.shap: {found.note}"] if found.note else []
    if found.imprecise:
        rows = "1 row" if found.imprecise == 1 else f"{found.imprecise:,} rows"
        warnings.append(
            f"methods.shap.budget.precision: got {precision:g}, and the samples ended before {rows} of {found.rows:,} "
            "reached it. pellucid.json holds the precision that was reached. Allow more samples for the wanted one."
        )
    if found.answers_apart:
        warnings.append(f"methods.shap: {unsteady_note(found.answers_apart)}")
    return warnings


def unsteady_note(apart: float) -> str:
    """What values are worth if the model answers one and the same question differently."""
    return (
        f"the model's answers to the same rows differ by up to {significant(apart, 3)} from one time to the next. "
        "SHAP values hold such noise, those of all coalitions too, and standard errors do not cover it. "
        "Fix the model's seed."
    )


def shap_note(found: ShapResult) -> str:
    """How many rows, samples and model rows there were, and how precise the values are where that is known."""
    least, most = found.samples
    samples = f"{most:,} samples per row" if least == most else f"{least:,} to {most:,} samples per row"
    samples = samples if most else "no samples"
    return (
        f"SHAP: {'1 row' if found.rows == 1 else f'{found.rows:,} rows'}, {samples} ({', '.join(found.estimators)}), "
        f"{found.model_rows:,} rows asked of the model{_precision(found)}."
    )


def _precision(found: ShapResult) -> str:
    errors = found.relative_errors[np.isfinite(found.relative_errors)]
    if not errors.size or not errors.max() > 0:
        return ""
    return f"; relative standard error {significant(100 * float(errors.max()), 2)} %"


def plot_warnings(found: Sequence[Plot]) -> list[str]:
    """Why plots are missing."""
    return [
        f"methods.pdp: {plot.feature!r} holds free text, as 5 % of its values or more are distinct. If it holds "
        f'categories, set column_types to {{{json.dumps(plot.feature)}: "categorical"}}.'
        if plot.kind == "free_text"
        else f"methods.pdp: {plot.error}"
        for plot in found
        if plot.error
    ]
