"""From a configuration and the columns of its data set to what the bias computation is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pellucid.config.analysis import AnalysisConfig
from pellucid.config.bias_request import BiasRequest, FacetRequest
from pellucid.errors import ConfigError, Problem, which_column
from pellucid.protocols.dataset import DatasetColumns

__all__ = ["bias_request", "column_problems", "facet_column", "model_features", "resolved"]


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
    return BiasRequest(
        label=dataset.label or "",
        positive=tuple(config.label_values_or_threshold or ()),
        facets=tuple(
            FacetRequest(
                column=facet_column(facet.name_or_index, dataset) or "", values=tuple(facet.value_or_threshold or ())
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
    names = dataset.columns
    return [
        *_facet_problems(config, dataset),
        *(
            Problem(key, column, fix=_column_fix(column, names))
            for key, column in _named_columns(config)
            if resolved(column, names) is None
        ),
    ]


def facet_column(column: int | str, dataset: DatasetColumns) -> str | None:
    """Name of the column that a facet points at, in the data set of facets where there is one; None where it has none.

    An index counts all columns of that data set. Its join column is no facet: it only says whose row is whose.
    """
    if not dataset.facet_columns:
        return resolved(column, dataset.columns)
    found = resolved(column, dataset.facet_columns)
    return None if found == dataset.join else found


def _facet_problems(config: AnalysisConfig, dataset: DatasetColumns) -> Iterator[Problem]:
    names = dataset.facet_columns or dataset.columns
    for i, facet in enumerate(config.facet or ()):
        column = facet.name_or_index
        if facet_column(column, dataset) is not None:
            continue
        fix = _column_fix(column, names)
        if resolved(column, names) is not None:
            others = ", ".join(repr(name) for name in names if name != dataset.join)
            fix = f"Column {dataset.join!r} of the facet data set only identifies the rows. Use another: {others}."
        yield Problem(f"facet[{i}].name_or_index", column, fix=fix, known_as="Unable to locate the facet.")


def _named_columns(config: AnalysisConfig) -> Iterator[tuple[str, int | str]]:
    if config.group_variable is not None:
        yield "group_variable", config.group_variable
    if config.weights is not None:
        yield "weights", config.weights
    for i, segments in enumerate(config.segment_config or ()):
        yield f"segment_config[{i}].name_or_index", segments.name_or_index
    for i, column in enumerate(config.excluded_columns or ()):
        yield f"excluded_columns[{i}]", column
    for column in config.column_types:
        yield f"column_types.{column}", column


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
