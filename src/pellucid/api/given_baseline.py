"""Baselines that a configuration gives: rows in place, a file, or records shaped like those of the data set."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pellucid.api.relative_paths import beside
from pellucid.config.analysis import AnalysisConfig
from pellucid.datasets import Dataset, DatasetSource, read_dataset
from pellucid.engines.frames import FrameTable
from pellucid.errors import ConfigError, DataError, Problem
from pellucid.jobs.bias_request import model_features
from pellucid.jobs.explanations.baseline import BASELINE, baseline_rows
from pellucid.jobs.explanations.rows import joined
from pellucid.protocols.model import Batch
from pellucid.protocols.table import ColumnType, LocalTable

__all__ = ["given_baseline", "rows_of_baseline_file"]


def given_baseline(config: AnalysisConfig, config_path: Path, dataset: Dataset, table: LocalTable) -> Batch | None:
    """The baseline of the configuration.

    Returns
    -------
    None where it is to be computed.

    Raises
    ------
    InputError
        It cannot be read, or does not fit the features.
    """
    given = None if config.methods.shap is None else config.methods.shap.baseline
    if given is None:
        return None
    features = model_features(config, dataset)
    types = {name: table.columns[name] for name in features}
    if isinstance(given, tuple) and all(isinstance(row, tuple) for row in given):
        return baseline_rows([tuple(row) for row in given], types)
    if isinstance(given, str):
        return _baseline_file(beside(config_path, given), config, features, types)
    if config.features is None:
        shown = given if isinstance(given, Mapping) else list(given)
        fix = "Objects are for JSON data sets. Use a list of rows such as [[0, 5], [1, 7]]."
        raise ConfigError(Problem(BASELINE, shown, fix=fix))
    whole = isinstance(given, Mapping) or config.dataset_type == "application/json"
    lines: list[Any] = [given] if whole else list(given)
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write("\n".join(json.dumps(_plain(line)) for line in lines))
        file.flush()
        return _baseline_file(file.name, config, features, types)


def rows_of_baseline_file(uri: str, config: AnalysisConfig, features: tuple[str, ...] | None) -> int:
    """Number of rows of a baseline's file, read as the job reads it.

    Parameters
    ----------
    uri
        Its path or address.
    features
        Names of the model's features; None where nothing tells them yet, and the file's first row has to.

    Raises
    ------
    InputError
        It cannot be read, or has other columns.
    """
    return FrameTable(_read(uri, config, features).frame).row_count


def _baseline_file(
    uri: str, config: AnalysisConfig, features: tuple[str, ...], types: Mapping[str, ColumnType]
) -> Batch:
    rows = joined(list(FrameTable(_read(uri, config, features).frame).batches(features)))
    return baseline_rows(list(zip(*(column.tolist() for column in rows.columns.values()), strict=True)), types)


def _read(uri: str, config: AnalysisConfig, features: tuple[str, ...] | None) -> Dataset:
    source = DatasetSource(
        uri=uri,
        dataset_type=config.dataset_type,
        headers=None if config.dataset_type == "application/x-parquet" else features,
        features=config.features,
        where=BASELINE,
        expected_names=features or (),
        as_text=True,
    )
    if features is None:
        return read_dataset(source, lazy_types=False)
    fix = f"Give the {len(features)} features of the model, no label, in this order: {', '.join(features[:12])}."
    try:
        read = read_dataset(source, lazy_types=False)
    except ConfigError as error:
        if all(problem.where != source.headers_key for problem in error.problems):
            raise
        # The names were ours, and not those of a key that the user could correct.
        raise DataError(Problem(BASELINE, uri, known_as="It has another number of columns.", fix=fix)) from None
    if len(read.columns) != len(features) or not set(features) <= set(read.columns):
        raise DataError(Problem(BASELINE, list(read.columns), fix=fix))
    return read


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple | list) else value
