"""What the bias computation is asked for: names resolved to columns, defaults filled in, nothing left to look up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Literal

from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.counts import Value

__all__ = ["BiasRequest", "ColumnType", "FacetRequest", "OnDegenerate"]

ColumnType = Literal["categorical", "continuous"]
OnDegenerate = Literal["fail", "report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetRequest:
    """One sensitive column and the values of its disadvantaged group.

    Parameters
    ----------
    column
        Name of the column.
    values
        Values of the group suspected to be disadvantaged, or one threshold of a continuous column.
        Empty: every distinct value against all others.
    """

    column: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasRequest:
    """One bias analysis, as the computation reads it.

    Parameters
    ----------
    label
        Column of the observed label.
    positive
        Label values that are the favourable outcome, or one threshold of a continuous label.
    facets
        Sensitive columns, analysed one by one.
    predicted_label
        Column of the predicted label or score. None where there are no predictions.
    group_variable
        Column whose values are the strata of CDDL and CDDPL.
    weights
        Column of row weights.
    features
        Columns that the flip test may compare rows by; it leaves the facet's own column out itself.
    pre_training, post_training
        Names of metrics. None where the stage is not asked for.
    column_types
        Columns whose type is given, not guessed.
    probability_threshold
        Scores greater than this are predicted positive. Any finite number.
    statistics
        Whether to compute intervals and p-values.
    confidence_level
        Of the intervals. In (0, 1).
    seed
        Of every random number drawn.
    minimum_group_rows
        A rate that rests on fewer rows is insufficient evidence. At least 1.
    facet_intersections
        Whether to measure intersections of the facets also.
    on_degenerate
        What follows where no row is predicted positive or kinds of labels differ: Clarify's failure, or a report
        without those metrics.
    flip_test_sample
        Rows that the flip test draws. None: all rows.
    allow_unseen_values
        Whether facet and label values that never occur give Clarify's empty groups; else they are refused.

    Examples
    --------
    >>> sex = FacetRequest(column="sex", values=("Female",))
    >>> request = BiasRequest(label="income", positive=(">50K",), facets=(sex,))
    >>> request.facets[0].values, request.probability_threshold, request.post_training
    (('Female',), 0.5, None)
    """

    label: str
    positive: tuple[Value, ...]
    facets: tuple[FacetRequest, ...]
    predicted_label: str | None = None
    group_variable: str | None = None
    weights: str | None = None
    features: tuple[str, ...] = ()
    pre_training: tuple[str, ...] | None = None
    post_training: tuple[str, ...] | None = None
    column_types: Mapping[str, ColumnType] = field(default_factory=dict)
    probability_threshold: float = 0.5
    statistics: bool = True
    confidence_level: float = 0.95
    seed: int = 0
    minimum_group_rows: int = 30
    facet_intersections: bool = False
    on_degenerate: OnDegenerate = "fail"
    flip_test_sample: int | None = None
    allow_unseen_values: bool = False
