"""What a report says: pure functions from what a job left behind to sections of a document."""

from pellucid.reports.content.building import build_document

__all__ = ["build_document"]
