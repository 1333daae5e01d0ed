"""Reports as web pages."""

from pellucid.reports.html.page import render_html

__all__ = ["render_html"]
