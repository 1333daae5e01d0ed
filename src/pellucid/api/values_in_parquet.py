"""Local values of large jobs in a second form, which is read by column and takes less room."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pellucid.api.job_explanations import VALUES_FILE, VALUES_IN_PARQUET, JobExplanations

__all__ = ["ROWS_IN_PARQUET", "with_values_in_parquet"]

ROWS_IN_PARQUET = 100_000
"""Rows from which ``out.parquet`` is written beside ``out.csv``."""


def with_values_in_parquet(found: JobExplanations, *, join_type: str | None, aside: Path) -> JobExplanations:
    """The explanations, with ``out.parquet`` among their files where they have `ROWS_IN_PARQUET` rows or more.

    Parameters
    ----------
    join_type
        Type of the join column, as a `Table` names it; None where there is none.
    aside
        Folder for files that are moved into place at the end.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    csv = found.written.get(VALUES_FILE)
    if csv is None or found.shap is None or found.shap.rows < ROWS_IN_PARQUET:
        return found
    from pellucid.datasets.local_values import write_values_in_parquet

    parquet = aside / "out.parquet"
    if write_values_in_parquet(csv, parquet, join_type=join_type):
        return replace(found, written={**found.written, VALUES_IN_PARQUET: parquet})
    note = f"{VALUES_IN_PARQUET} was not written: names of its columns differ at most in upper and lower case."
    return replace(found, notes=(*found.notes, note))
