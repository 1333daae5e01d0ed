"""A report in a notebook."""

from pellucid.reports.notebook.load import LoadedReport, load_report
from pellucid.reports.notebook.render import render_notebook

__all__ = ["LoadedReport", "load_report", "render_notebook"]
