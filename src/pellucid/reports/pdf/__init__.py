"""A report in print."""

from pellucid.reports.pdf.render import render_pdf

__all__ = ["render_pdf"]
