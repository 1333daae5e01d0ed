"""What a configuration asks for, before any data are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pellucid.api.preflight import asks_for_predictions
from pellucid.api.relative_paths import beside
from pellucid.config.analysis import AnalysisConfig
from pellucid.errors import ConfigError, PellucidError
from pellucid.jobs.bias_request import resolved
from pellucid.jobs.workload import Range, Workload

__all__ = ["background_of", "coalitions_of", "configured_samples", "configured_workload", "features_in_headers"]

FLIP_TEST = "FT"
ANY = 2**62
JSON_TYPES = ("application/json", "application/jsonlines")
ROWS_OF_UNREAD = (1, 100)
"""Rows that a baseline at an address is taken to have, where it cannot be read."""


def configured_workload(config: AnalysisConfig, rows: float, columns: int, samples: int | None) -> Workload:
    """What is asked for; the background is not known yet.

    Parameters
    ----------
    columns
        Features of the model.
    samples
        Coalitions per row, in the place of the configuration's.

    Raises
    ------
    ConfigError
        The budget does not fit the number of rows or features.
    """
    from pellucid.jobs.explanations.request import shap_plan

    methods = config.methods
    bias = methods.pre_training_bias is not None or methods.post_training_bias is not None
    after = methods.post_training_bias.methods if methods.post_training_bias is not None else ()
    flip_test = FLIP_TEST in (after or ())
    headers = None if config.predictor is None else config.predictor.label_headers
    workload = Workload(
        rows=rows,
        columns=columns,
        outputs=len(headers) if headers else 1,
        bias=bias,
        flip_test=flip_test,
        predictions=asks_for_predictions(config),
    )
    if methods.pdp is not None:
        plotted = len(methods.pdp.features or ()) or min(methods.pdp.top_k_features, columns)
        points = plotted * methods.pdp.grid_resolution
        # Columns without numbers have no accumulated effects.
        most = points + 2 * plotted * methods.pdp.ale
        workload = replace(workload, points=Range(min(2 * plotted, points), most))
    shap = methods.shap
    if shap is None:
        return workload
    groups = {str(name) for members in shap.feature_groups.values() for name in members}
    players = len(shap.features_to_explain or ()) or columns - len(groups) + len(shap.feature_groups)
    plan = shap_plan(shap) if shap.text_config is not None else shap_plan(shap).of_table(int(rows))
    surrogate = plan.estimator == "surrogate"
    allowed = configured_samples(config, players, rows, samples)
    most = coalitions_of(allowed, players, copies=ANY if surrogate else 1)
    least = min(most, 2 ** max(1, players // 2) - 2)
    if surrogate:
        workload = replace(workload, trained=plan.surrogate.training_calls, audited=plan.surrogate.audit_rows)
    return replace(
        workload,
        players=players,
        coalitions=Range(least, most),
        samples=allowed,
        block_rows=plan.block_rows,
        local_values=shap.save_local_shap_values,
    )


def coalitions_of(samples: int, players: int, *, copies: int) -> int:
    """Coalitions asked of a row: the samples, or all there are, which a surrogate asks for before several copies.

    Parameters
    ----------
    copies
        Rows of the background that a coalition is asked before one by one, at most; 1 where it is before all at once.

    Examples
    --------
    >>> coalitions_of(100, 10, copies=1), coalitions_of(100, 4, copies=1), coalitions_of(100, 4, copies=50)
    (100, 14, 98)
    """
    every: int = max(0, 2 ** min(players, 62) - 2)
    if not every or samples < every:
        return min(samples, every)
    return every * max(1, min(copies, samples // every))


def configured_samples(config: AnalysisConfig, players: int, rows: float, given: int | None) -> int:
    """Most coalitions per row: ``given``, else by the budget of the configuration.

    Raises
    ------
    ConfigError
        The budget does not fit the number of rows or features.
    """
    from pellucid.explain.budget import default_samples
    from pellucid.jobs.explanations.request import of_shap, shap_plan

    if given is not None:
        return given
    shap, rows = config.methods.shap, max(1, int(rows))
    if shap is None:
        return default_samples(players)
    plan = shap_plan(shap)
    try:
        if plan.estimator == "surrogate":
            return plan.samples_beside_surrogate(players=players, rows=rows)
        return plan.budget.samples_of(players=players, rows=rows, inputs_per_coalition=1)
    except ConfigError as error:
        raise ConfigError(of_shap(error)) from None


def features_in_headers(config: AnalysisConfig) -> tuple[str, ...] | None:
    """Names of the model's features, where the configuration names all columns."""
    if config.headers is None:
        return None
    labels = [label for label in (config.label, config.predicted_label) if label is not None]
    names, own = config.headers, [config.joinsource_name_or_index, config.weights, *(config.excluded_columns or ())]
    if config.dataset_type in JSON_TYPES:  # labels are expressions there, and their headers come last
        names = names[: len(names) - len(labels)]
    else:
        own += labels
    others = {resolved(column, config.headers) for column in own if column is not None}
    return tuple(name for name in names if name not in others)


def background_of(config: AnalysisConfig, path: Path) -> tuple[Range, tuple[str, ...]]:
    """Rows of the baseline, as far as they can be known before it is computed or read; and what is to be told of it.

    Parameters
    ----------
    path
        Of the configuration.

    Raises
    ------
    InputError
        It is a file of this machine that cannot be read, or has other columns.
    """
    from pellucid.jobs.explanations.clusters import MOST_CLUSTERS

    shap = config.methods.shap
    if shap is None or shap.baseline is None:
        clusters = None if shap is None else shap.num_clusters
        return Range(clusters or 1, clusters or MOST_CLUSTERS), ()
    if isinstance(shap.baseline, str):
        return _of_file(beside(path, shap.baseline), config)
    rows = 1 if isinstance(shap.baseline, Mapping) else len(shap.baseline)
    return Range(rows, rows), ()


def _of_file(uri: str, config: AnalysisConfig) -> tuple[Range, tuple[str, ...]]:
    """The rows of a baseline's file; of one that only the machine of the job may reach, what they may be."""
    from pellucid.api.given_baseline import rows_of_baseline_file

    try:
        rows = rows_of_baseline_file(uri, config, features_in_headers(config))
    except PellucidError as error:
        if "://" not in uri:
            raise
        low, high = ROWS_OF_UNREAD
        return Range(low, high), (f"{error} The baseline is taken to have {low} to {high} rows.",)
    return Range(rows, rows), ()
