"""Rules on columns, where the file itself names all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pellucid.config.analysis import AnalysisConfig
from pellucid.errors import Problem, did_you_mean

__all__ = ["column_names_exist", "headers_are_distinct"]

Named = tuple[str, int | str, Sequence[str] | None, str]
"""Key, its value, the column names it may take (None where the file does not list them), Clarify's wording."""


def headers_are_distinct(config: AnalysisConfig) -> Iterator[Problem]:
    """Two columns of one name cannot be told apart."""
    for key in ("headers", "facet_headers", "predicted_label_headers"):
        names: tuple[str, ...] = getattr(config, key) or ()
        for i, name in enumerate(names):
            first = names.index(name)
            if first < i:
                yield Problem(f"{key}[{i}]", name, fix=f"Column {first} has this name already. Give each its own name.")


def column_names_exist(config: AnalysisConfig) -> Iterator[Problem]:
    """Names and indices of columns must be among the headers, where there are headers."""
    if config.time_series_data_config is not None or config.dataset_type == "application/x-image":
        return
    for key, value, names, known_as in (*_labels(config), *_attributes(config), *_features(config)):
        if names is None:
            continue
        if isinstance(value, str) and value not in names:
            yield Problem(key, value, fix=f"Use one of the headers; {did_you_mean(value, names)}", known_as=known_as)
        if isinstance(value, int) and value >= len(names):
            yield Problem(key, value, fix=f"There are {len(names)} columns: use an index of 0 to {len(names) - 1}.")


def _labels(config: AnalysisConfig) -> Iterator[Named]:
    if not config.has_columns:
        return
    if config.label is not None:
        yield "label", config.label, config.headers, "Headers must contain label."
    if config.predicted_label is not None:
        elsewhere = config.predicted_label_dataset_uri is not None
        names = config.predicted_label_headers if elsewhere else config.headers
        yield "predicted_label", config.predicted_label, names, "Headers must contain label."


def _attributes(config: AnalysisConfig) -> Iterator[Named]:
    """Columns that rows are grouped, weighted or joined by; facets are in the facet dataset, others may be."""
    names = of_facets = config.headers
    if config.facet_dataset_uri is not None:
        of_facets = config.facet_headers
        names = None if names is None or of_facets is None else (*names, *of_facets)
    for i, facet in enumerate(config.facet or ()):
        yield f"facet[{i}].name_or_index", facet.name_or_index, of_facets, "Unable to locate the facet."
    for i, segment in enumerate(config.segment_config or ()):
        yield f"segment_config[{i}].name_or_index", segment.name_or_index, names, ""
    for key in ("group_variable", "weights", "joinsource_name_or_index"):
        if getattr(config, key) is not None:
            yield key, getattr(config, key), names, ""
    for column in config.column_types:
        yield f"column_types.{column}", column, names, ""


def _features(config: AnalysisConfig) -> Iterator[Named]:
    shap, pdp = config.methods.shap, config.methods.pdp
    lists = {
        "excluded_columns": config.excluded_columns,
        "methods.shap.features_to_explain": shap.features_to_explain if shap is not None else None,
        "methods.pdp.features": pdp.features if pdp is not None else None,
    }
    groups = shap.feature_groups if shap is not None else {}
    for key, columns in lists.items():
        for i, column in enumerate(columns or ()):
            if not (key == "methods.shap.features_to_explain" and column in groups):
                yield f"{key}[{i}]", column, config.headers, ""
