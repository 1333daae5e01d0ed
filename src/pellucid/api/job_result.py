"""What a job leaves behind: the names of its files, and its results in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.records import dataclass
from pellucid.results.bias import BiasReport

if TYPE_CHECKING:
    from pellucid.api.job_explanations import JobExplanations

__all__ = ["ANALYSIS", "DETAILS", "PARTIAL", "PREDICTIONS", "RESUME", "WRITING", "JobResult"]

WRITING = "writing results"
"""The last step of a job: from here on its results are moved into place."""

ANALYSIS, DETAILS, PARTIAL = "analysis.json", "pellucid.json", "analysis.partial.json"
PREDICTIONS = "predictions.parquet"
RESUME = ".resume"
"""Folder in the output folder for what a job that was killed need not ask again."""


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """What a job left behind.

    Parameters
    ----------
    report
        None where the configuration asks for no bias metric.
    document
        What stands in ``analysis.json``.
    warnings
        What a reader must know before believing the numbers.
    notes
        What is good to know: how the files were read, what went to the model.
    files
        The files written.
    explanations
        None where the configuration asks for none.
    seconds
        From the beginning to the results; the making of reports not included.
    """

    report: BiasReport | None
    document: dict[str, Any]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    files: tuple[Path, ...]
    explanations: JobExplanations | None = None
    seconds: float = 0.0
