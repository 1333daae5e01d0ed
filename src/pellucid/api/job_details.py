"""Everything of ours that a job knows beside Clarify's results: what stands in ``pellucid.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pellucid.api.model_access import without_password
from pellucid.api.preflight import Preflight
from pellucid.jobs.dataset_overview import columns_overview
from pellucid.results.bias import BiasReport

if TYPE_CHECKING:
    from pellucid.api.job_explanations import JobExplanations

__all__ = ["full_details"]


def full_details(job: Preflight, report: BiasReport | None, explained: JobExplanations | None) -> dict[str, Any]:
    """All that a report can be made of, whether or not it is written.

    Returns
    -------
    dict
        Ready for JSON; empty where nothing was computed. Its ``configuration`` is that of the job, without passwords.
    """
    if report is None and explained is None:
        return {}
    details: dict[str, Any] = {} if report is None else report.details()
    rows = None if report is None else report.rows
    if explained is not None:
        details["explanations"] = dict(explained.details)
        rows = rows if explained.shap is None else explained.shap.rows
    if job.loaded is not None and job.dataset is not None and job.table is not None:
        left_out = [{"where": part.where, "rows": part.rows, "cause": part.cause} for part in job.dataset.left_out]
        overview = {
            "rows": rows,
            "left_out": left_out,
            "columns": columns_overview(job.config, job.dataset, job.table.columns),
            "notes": [*job.warnings, *job.notes, *(() if report is None else report.notes)],
        }
        details["dataset"] = {**overview, **details.get("dataset", {})}
        details["configuration"] = _without_passwords(job.loaded.document)
    return details


def _without_passwords(value: Any) -> Any:
    """A part of a configuration without the names and passwords that addresses can hold."""
    if isinstance(value, Mapping):
        return {key: _without_passwords(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_passwords(part) for part in value]
    return without_password(value) if isinstance(value, str) and "://" in value else value
