"""The public facade, and the only place where engines and readers are chosen."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal

from pellucid.errors import ConfigError, Problem, did_you_mean

if TYPE_CHECKING:
    from pellucid.api.steps import Progress
    from pellucid.config.bias_request import ColumnType, OnDegenerate
    from pellucid.counts import Value
    from pellucid.engines.frames import FrameTable
    from pellucid.results.bias import BiasReport

__all__ = ["bias", "table_of"]


def bias(
    frame: Any,
    *,
    label: str,
    positive: Sequence[Value] | Value,
    facets: Mapping[str, Sequence[Value] | Value] | Sequence[str] | str,
    predicted: str | None = None,
    group: str | None = None,
    weights: str | None = None,
    metrics: Literal["all"] | Sequence[str] = "all",
    confidence_level: float = 0.95,
    seed: int = 0,
    column_types: Mapping[str, ColumnType] | None = None,
    features: Sequence[str] | None = None,
    probability_threshold: float = 0.5,
    facet_intersections: bool = False,
    minimum_group_rows: int = 30,
    on_degenerate: OnDegenerate = "fail",
    progress: Progress = None,
) -> BiasReport:
    """Measure bias in labels and, where there are predictions, in what a model predicts.

    Parameters
    ----------
    frame
        The rows: a pandas or Polars frame (eager or lazy), an Arrow table, a DuckDB relation, an Ibis or PySpark table,
        the path or address of a CSV, JSON Lines, JSON or Parquet file, or the address of a table in a database such as
        ``postgresql://ada@host/bank?table=loans``, which then counts itself. Nothing is copied into Python rows.
    label
        Column of the observed label.
    positive
        Label values that are the favourable outcome, or one threshold of a continuous label.
    facets
        Sensitive columns, each with the values (or the threshold) of its disadvantaged group; None compares every value
        with all others.
    predicted
        Column of predicted labels, or of scores if the label is 0 or 1.
    group
        Column whose values are the strata of the conditional metrics CDDL and CDDPL.
    weights
        Column of row weights, each at least 0.
    metrics
        Names of metrics, or "all" that the data allow.
    confidence_level
        Of the intervals, in (0, 1).
    seed
        Of every random number drawn: an equal seed gives equal results.
    column_types
        Columns that are "categorical" or "continuous" whatever Clarify's rule says.
    features
        Columns by which the flip test compares rows; all but label, predictions and weights by default.
    probability_threshold
        Scores greater than this are predicted positive.
    facet_intersections
        Whether to measure every combination of groups of two or more facets too.
    minimum_group_rows
        A rate that rests on fewer rows is reported as insufficient evidence.
    on_degenerate
        Where Clarify's whole analysis fails, as where nobody is predicted positive: ``fail`` too, or ``report`` the
        metrics that are defined.
    progress
        As for `pellucid.explain`.

    Returns
    -------
    BiasReport
        Frozen; ``to_dict()`` is Clarify's JSON, ``to_frame()`` a table, ``findings`` the sentences.

    Raises
    ------
    ConfigError
        An argument is wrong.
    DataError
        A column is missing, or a given value never occurs.
    AnalysisError
        Clarify's job fails on this data; its text, and what to change.

    Examples
    --------
    >>> import polars as pl
    >>> people = pl.DataFrame({"sex": ["F"] * 50 + ["M"] * 50, "hired": [1] * 10 + [0] * 40 + [1] * 30 + [0] * 20})
    >>> report = bias(people, label="hired", positive=[1], facets={"sex": ["F"]}, metrics=["DPL"])
    >>> print(report.findings[0])
    sex = F has hired = 1, 40.0 points less often than all others: 20.0 % against 60.0 % (95 % interval 21.0 to 55.2 \
points; n = 50 of 100).
    """
    from dataclasses import replace

    from pellucid.api.bias_arguments import check_frame, check_request, faults_by_argument
    from pellucid.api.spark_explaining import workers_beside
    from pellucid.api.steps import steps_told
    from pellucid.argument_kinds import (
        COLUMN,
        COLUMNS,
        FACETS,
        NAMES,
        PROGRESS,
        SWITCH,
        VALUES,
        listed,
        mapping,
        optional,
        refuse_other_kinds,
    )
    from pellucid.bias.analysis import analyse
    from pellucid.config.bias_request import BiasRequest, FacetRequest

    refuse_other_kinds(
        ("label", label, COLUMN),
        ("positive", positive, VALUES),
        ("facets", facets, FACETS),
        ("predicted", predicted, optional(COLUMN)),
        ("group", group, optional(COLUMN)),
        ("weights", weights, optional(COLUMN)),
        ("metrics", metrics, NAMES),
        ("column_types", column_types, optional(mapping("types", '{"age": "continuous"}'))),
        ("features", features, optional(COLUMNS)),
        ("facet_intersections", facet_intersections, SWITCH),
        ("progress", progress, PROGRESS),
    )
    table = table_of(frame)
    check_frame(table.frame)
    pre_training, post_training = _stages(metrics, predicted)
    left_out = {label, predicted, weights}
    request = BiasRequest(
        label=label,
        positive=_values(positive),
        facets=tuple(FacetRequest(column=column, values=_values(values)) for column, values in _facets(facets).items()),
        predicted_label=predicted,
        group_variable=group,
        weights=weights,
        features=tuple(
            listed(features) if features is not None else (column for column in table.columns if column not in left_out)
        ),
        pre_training=pre_training,
        post_training=post_training,
        column_types=dict(column_types or {}),
        probability_threshold=probability_threshold,
        confidence_level=confidence_level,
        seed=seed,
        minimum_group_rows=minimum_group_rows,
        facet_intersections=facet_intersections,
        on_degenerate=on_degenerate,
    )
    check_request(request)
    with faults_by_argument([facet.column for facet in request.facets]), steps_told(progress) as step:
        report = analyse(request, table, progress=step, workers=workers_beside(frame))
    return replace(report, frame_library=_library_of(frame))


def table_of(frame: Any, *, as_text: bool = False) -> FrameTable:
    """A `Table` over whatever the user gave: a frame, a relation, a table, or the path of a file.

    Parameters
    ----------
    as_text
        Whether the cells of a CSV or JSON file stay the text that they are.
    """
    from pellucid.engines.frames import FrameTable

    if isinstance(frame, FrameTable):
        return frame
    if not isinstance(frame, str | os.PathLike):
        return FrameTable(frame, nullcontext)
    from pellucid.datasets import read_database, read_path, scan_errors_translated
    from pellucid.datasets.database_address import is_database

    path = os.fspath(frame)
    if is_database(path):
        rows = read_database(path)
        return FrameTable(rows.relation, scan_errors_translated, rows.order)
    return FrameTable(read_path(path, as_text=as_text), scan_errors_translated)


def _library_of(frame: Any) -> str | None:
    module = type(frame).__module__.partition(".")[0]
    return module if module in ("pandas", "polars", "pyarrow") else None


def _values(values: Sequence[Value] | Value) -> tuple[Value, ...]:
    from pellucid.engines.cells import plain

    if values is None:
        return ()
    if isinstance(values, str) or not isinstance(values, Iterable):
        return (plain(values),)
    return tuple(plain(value) for value in values)


def _facets(facets: Mapping[str, Sequence[Value] | Value] | Sequence[str] | str) -> Mapping[str, Any]:
    from pellucid.argument_kinds import listed

    if isinstance(facets, Mapping):
        return facets
    return dict.fromkeys(listed(facets))


def _stages(
    metrics: Literal["all"] | Sequence[str], predicted: str | None
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    from pellucid.argument_kinds import listed
    from pellucid.bias.metrics import METRICS, POST_TRAINING, PRE_TRAINING

    before, after = [metric.name for metric in PRE_TRAINING], [metric.name for metric in POST_TRAINING]
    if isinstance(metrics, str) and metrics == "all":
        return tuple(before), tuple(after) if predicted is not None else None
    wanted = listed(metrics)
    problems = [
        Problem(f"metrics[{i}]", name, fix=f"Use the name of a bias metric; {did_you_mean(name, list(METRICS))}")
        for i, name in enumerate(wanted)
        if name not in METRICS
    ]
    needing = [name for name in wanted if name in after]
    if needing and predicted is None:
        fix = "These metrics compare predictions; name the column of predicted labels in 'predicted'."
        problems.append(Problem("metrics", needing, fix=fix))
    if problems:
        raise ConfigError(problems)
    chosen_before, chosen_after = [n for n in wanted if n in before], [n for n in wanted if n in after]
    return tuple(chosen_before) or None, tuple(chosen_after) or None
