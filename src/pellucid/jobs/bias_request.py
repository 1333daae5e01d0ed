"""From a configuration and the columns of its data set to what the bias computation is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pellucid.config.analysis import AnalysisConfig
from pellucid.config.bias_request import BiasRequest, FacetRequest
from pellucid.errors import ConfigError, Problem, which_column
from pellucid.protocols.dataset import DatasetColumns

__all__ = ["bias_request", "column_problems", "model_features", "resolved"]


def bias_request(
    config: AnalysisConfig, dataset: DatasetColumns, *, strict: bool = False, seed: int | None = None
) -> BiasRequest:
    """What the bias computation is asked for.

    Parameters
    ----------
    strict
        Clarify's numbers only: no statistics, and values that never occur give empty groups.
    seed
        In the place of the configuration's.

    Raises
    ------
    ConfigError
        A key names a column that is not there; all of them are named.
    """
    problems = column_problems(config, dataset)
    if problems:
        raise ConfigError(problems)
    pre_training, post_training = config.methods.pre_training_bias, config.methods.post_training_bias
    facet_names = dataset.facet_columns or dataset.columns
    return BiasRequest(
        label=dataset.label or "",
        positive=tuple(config.label_values_or_threshold or ()),
        facets=tuple(
            FacetRequest(
                column=resolved(facet.name_or_index, facet_names) or "", values=tuple(facet.value_or_threshold or ())
            )
            for facet in config.facet or ()
        ),
        predicted_label=dataset.predicted_label if post_training is not None else None,
        group_variable=_optional(config.group_variable, dataset.columns),
        weights=_optional(config.weights, dataset.columns),
        features=model_features(config, dataset),
        pre_training=None if pre_training is None else pre_training.methods,
        post_training=None if post_training is None else post_training.methods,
        column_types=config.column_types,
        probability_threshold=config.probability_threshold,
        statistics=not strict,
        confidence_level=config.confidence_level,
        seed=config.seed if seed is None else seed,
        minimum_group_rows=config.minimum_group_rows,
        facet_intersections=config.facet_intersections,
        on_degenerate=config.on_degenerate,
        flip_test_sample=config.flip_test_sample,
        allow_unseen_values=strict,
    )


def model_features(config: AnalysisConfig, dataset: DatasetColumns) -> tuple[str, ...]:
    """Columns that a model is asked with, in the order of the data: all features that are not excluded, nor weights."""
    excluded = {resolved(column, dataset.columns) for column in config.excluded_columns or ()}
    excluded.add(_optional(config.weights, dataset.columns))
    return tuple(column for column in dataset.features if column not in excluded)


def column_problems(config: AnalysisConfig, dataset: DatasetColumns) -> list[Problem]:
    """Keys that name a column which the data set does not have."""
    problems = []
    for key, column, names in _named_columns(config, dataset):
        if resolved(column, names) is None:
            known_as = "Unable to locate the facet." if key.startswith("facet[") else ""
            problems.append(Problem(key, column, fix=_column_fix(column, names), known_as=known_as))
    return problems


def _named_columns(config: AnalysisConfig, dataset: DatasetColumns) -> Iterator[tuple[str, int | str, Sequence[str]]]:
    facet_names = dataset.facet_columns or dataset.columns
    for i, facet in enumerate(config.facet or ()):
        yield f"facet[{i}].name_or_index", facet.name_or_index, facet_names
    if config.group_variable is not None:
        yield "group_variable", config.group_variable, dataset.columns
    if config.weights is not None:
        yield "weights", config.weights, dataset.columns
    for i, segments in enumerate(config.segment_config or ()):
        yield f"segment_config[{i}].name_or_index", segments.name_or_index, dataset.columns
    for i, column in enumerate(config.excluded_columns or ()):
        yield f"excluded_columns[{i}]", column, dataset.columns
    for column in config.column_types:
        yield f"column_types.{column}", column, dataset.columns


def resolved(column: int | str, names: Sequence[str]) -> str | None:
    """Name of the column that a name or a zero-based index points at; None where there is none.

    >>> resolved(1, ("age", "sex")), resolved("sex", ("age", "sex")), resolved(2, ("age", "sex"))
    ('sex', 'sex', None)
    """
    if isinstance(column, str):
        return column if column in names else None
    return names[column] if column < len(names) else None


def _optional(column: int | str | None, names: Sequence[str]) -> str | None:
    return None if column is None else resolved(column, names)


def _column_fix(column: int | str, names: Sequence[str]) -> str:
    if isinstance(column, int):
        return f"Use an index from 0 to {len(names) - 1}, or the name of a column."
    return f"Use a column of the data set; {which_column(column, names)}"
