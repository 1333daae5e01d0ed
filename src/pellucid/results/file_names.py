"""Names of files that stand beside the results of a job."""

from __future__ import annotations

__all__ = ["EVIDENCE", "REPORTS"]

EVIDENCE = "evidence.json"
"""What the results rest on."""

REPORTS = (".html", ".ipynb", ".pdf")
"""Ends of the names of report files, whose digests no report can hold."""
