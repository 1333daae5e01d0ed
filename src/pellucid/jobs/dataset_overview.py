"""What a job read and what it left out, for the report: rows, columns and the part that each column plays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pellucid.config.analysis import AnalysisConfig
from pellucid.jobs.bias_request import facet_column, model_features, resolved
from pellucid.protocols.dataset import DatasetColumns
from pellucid.protocols.table import ColumnType

__all__ = ["columns_overview"]


def columns_overview(
    config: AnalysisConfig, dataset: DatasetColumns, types: Mapping[str, ColumnType]
) -> list[dict[str, Any]]:
    """Every column with its type and its parts in the job: several, such as facet and feature, or none.

    Parameters
    ----------
    types
        Type of each column as it was read.
    """
    parts: dict[str, list[str]] = {column: [] for column in dataset.columns}
    for column, part in _parts(config, dataset):
        if column in parts and part not in parts[column]:
            parts[column].append(part)
    return [{"column": name, "type": types.get(name), "parts": found} for name, found in parts.items()]


def _parts(config: AnalysisConfig, dataset: DatasetColumns) -> Iterator[tuple[str | None, str]]:
    columns = dataset.columns

    def column(given: str | int | None) -> str | None:
        return None if given is None else resolved(given, columns)

    yield dataset.label, "label"
    yield dataset.predicted_label, "predicted label"
    yield dataset.join, "row identifier"
    for facet in config.facet or ():
        yield facet_column(facet.name_or_index, dataset), "facet"
    yield column(config.group_variable), "group variable"
    yield column(config.weights), "weight"
    for segments in config.segment_config or ():
        yield column(segments.name_or_index), "segment"
    for excluded in config.excluded_columns or ():
        yield column(excluded), "excluded"
    for feature in model_features(config, dataset):
        yield feature, "feature"
