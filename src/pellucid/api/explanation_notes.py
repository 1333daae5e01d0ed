"""What is told beside explanations: warnings and notes, in sentences."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from pellucid.jobs.explanations.pdp_job import Plot
from pellucid.jobs.explanations.totals import ShapResult
from pellucid.results.rounding import significant

__all__ = ["plot_warnings", "shap_note", "shap_warnings"]


def shap_warnings(found: ShapResult, precision: float | None) -> list[str]:
    """What makes SHAP values worth less than they look."""
    warnings = [f"methods.shap: {found.note}"] if found.note else []
    if found.imprecise:
        rows = "1 row" if found.imprecise == 1 else f"{found.imprecise:,} rows"
        warnings.append(
            f"methods.shap.budget.precision: got {precision:g}, and the samples ended before {rows} of {found.rows:,} "
            "reached it. pellucid.json holds the precision that was reached. Allow more samples for the wanted one."
        )
    return warnings


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
