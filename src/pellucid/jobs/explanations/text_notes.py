"""What a reader of explained texts should know: texts without units, units put together, few samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import few_samples
from pellucid.explain.maskers.text import TextMasker
from pellucid.explain.plan import Plan

__all__ = ["notes_on_texts", "rows_said"]

LISTED = 5
"""Most positions that are written out."""


def notes_on_texts(
    masker: TextMasker, found: Attributions, plan: Plan, *, missing: Sequence[int], max_units: int
) -> list[str]:
    """Notes on the texts of a masker with a single column of texts.

    Parameters
    ----------
    missing
        Positions of missing texts.
    max_units
        Units of a text that had more before neighbours were put together.
    """
    (spans,), notes = masker.spans.values(), []
    empty = [row for row, of_row in enumerate(spans) if not of_row and row not in set(missing)]
    if missing:
        notes.append(f"{rows_said(missing)} missing and explained as an empty text, where nothing is attributed.")
    if empty:
        notes.append(f"{rows_said(empty)} without any unit, so nothing is attributed there.")
    full = [row for row, of_row in enumerate(spans) if len(of_row) == max_units]
    if full:
        notes.append(
            f"{rows_said(full)} explained in {max_units:,} units, the most that are allowed: where a text has more, "
            "neighbours are put together."
        )
    players = masker.active(range(masker.rows)).sum(axis=1)
    asked = zip(players.tolist(), found.samples.tolist(), found.estimators, strict=True)
    few = few_samples(asked, plan.estimator, plan.budget.precision)
    notes += [few.replace("features", "units").replace("feature", "unit")] if few else []
    unknown = int(np.isnan(found.standard_errors[~np.isnan(found.values)]).sum())
    if unknown:
        notes.append(
            f"The standard errors of {unknown:,} of {int((~np.isnan(found.values)).sum()):,} values are not known."
        )
    return notes


def rows_said(rows: Sequence[int]) -> str:
    """Positions as the subject of a sentence.

    >>> rows_said([3]), rows_said([1, 2])
    ('Text 3 is', 'Texts 1, 2 are')
    """
    listed = ", ".join(map(str, rows[:LISTED])) + (f" and {len(rows) - LISTED:,} more" if len(rows) > LISTED else "")
    return f"Text {listed} is" if len(rows) == 1 else f"Texts {listed} are"
