"""Readers: CSV, JSON Lines, JSON and Parquet, on this machine or behind any fsspec address, as one lazy frame."""

from pellucid.datasets.read import compute_on, read_database, read_dataset, read_path
from pellucid.datasets.scan_errors import scan_errors_translated, translate_scan_errors
from pellucid.datasets.sources import Dataset, DatasetSource

__all__ = [
    "Dataset",
    "DatasetSource",
    "compute_on",
    "read_database",
    "read_dataset",
    "read_path",
    "scan_errors_translated",
    "translate_scan_errors",
]
