"""What the schema cannot say: keys that need each other, keys that exclude each other, names that must exist.

A rule whose keys hold a fault already is not asked: what it would say could be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pellucid.config.analysis import AnalysisConfig
from pellucid.config.column_rules import column_names_exist, headers_are_distinct
from pellucid.config.predictor_rules import (
    jmespaths_can_be_read,
    json_requests_have_templates,
    json_template_holds_records,
    lines_template_holds_features,
    one_model_is_named,
    placeholders_name_features,
    request_type_fits_the_data,
)
from pellucid.config.time_series_rules import (
    asymmetric_baseline_fits,
    asymmetric_samples_fit_the_granularity,
    time_series_are_in_json,
    time_series_have_their_own_methods,
    time_series_locators_are_jmespath,
)
from pellucid.errors import Problem
from pellucid.records import dataclass

__all__ = ["RULES", "Rule", "rule_problems"]

_BIAS = ("pre_training_bias", "post_training_bias")
_EXPLANATIONS = ("shap", "pdp", "asymmetric_shapley_value")
_CSV_ONLY = ("facet_dataset_uri", "facet_headers", "predicted_label_dataset_uri", "predicted_label_headers")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: the keys it reads, and a function that says how they break it."""

    reads: tuple[str, ...]
    check: Callable[[AnalysisConfig], Iterator[Problem]]


def rule_problems(config: AnalysisConfig, *, faulty: Sequence[str] = ()) -> list[Problem]:
    """Every rule the configuration breaks; rules that read a key with a fault are left out."""
    return [
        problem
        for rule in RULES
        if not any(_touch(read, fault) for read in rule.reads for fault in faulty)
        for problem in rule.check(config)
    ]


def _touch(one: str, other: str) -> bool:
    """Whether one path is the other, or lies in it."""
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(shorter) and (len(longer) == len(shorter) or longer[len(shorter)] in ".[")


def bias_has_its_keys(config: AnalysisConfig) -> Iterator[Problem]:
    """Bias metrics need a label, its favourable values and a facet."""
    if config.time_series_data_config is not None or config.dataset_type == "application/x-image":
        return
    asked = [f"'{name}'" for name in _BIAS if getattr(config.methods, name) is not None]
    if not asked:
        return
    needed = f"This key is required for {' and '.join(asked)}."
    if config.label is None:
        yield Problem("label", fix=f"{needed} Name the column that holds the observed label.")
    if not config.label_values_or_threshold:
        yield Problem(
            "label_values_or_threshold",
            ... if config.label_values_or_threshold is None else [],
            fix=f"{needed} List the label values that are the favourable outcome, such as [1].",
            known_as="Positive label values or thresholds are empty for Label column.",
        )
    if not config.facet:
        yield Problem(
            "facet",
            ... if config.facet is None else [],
            fix=f'{needed} Name a sensitive column, such as [{{"name_or_index": "sex"}}].',
        )


def predictions_have_a_source(config: AnalysisConfig) -> Iterator[Problem]:
    """What reads predictions needs them in the data, or a model."""
    if config.predictor is not None:
        return
    in_data = config.predicted_label is not None or config.predicted_label_dataset_uri is not None
    if config.methods.post_training_bias is not None and not in_data:
        yield Problem(
            "predictor",
            fix="'post_training_bias' needs predictions. Describe the model here, "
            "or name the column that holds predictions as 'predicted_label'.",
        )
    explained = [name for name in _EXPLANATIONS if getattr(config.methods, name) is not None]
    if explained:
        yield Problem(
            "predictor",
            fix=f"{', '.join(map(repr, explained))}: the model is asked for predictions. Describe the model here.",
        )


def json_data_say_where_features_are(config: AnalysisConfig) -> Iterator[Problem]:
    """JSON formats need `features`."""
    is_json = config.dataset_type in ("application/json", "application/jsonlines")
    if is_json and config.features is None and config.time_series_data_config is None:
        example = "instances[*].features" if config.dataset_type == "application/json" else "features"
        yield Problem("features", fix=f"{config.dataset_type} needs this key: a JMESPath such as {example!r}.")


def further_datasets_are_csv(config: AnalysisConfig) -> Iterator[Problem]:
    """Facets and predictions in datasets of their own: CSV only."""
    if config.dataset_type != "text/csv":
        for name in _CSV_ONLY:
            value = getattr(config, name)
            if value is not None:
                yield Problem(
                    name, value, fix=f"Only text/csv takes this key, not {config.dataset_type}. Remove it, or use CSV."
                )


def labels_are_found_by_the_format(config: AnalysisConfig) -> Iterator[Problem]:
    """An index finds a column of CSV only."""
    how = {
        "application/x-parquet": "the name of the column",
        "application/json": "a JMESPath such as 'instances[*].label'",
        "application/jsonlines": "a JMESPath such as 'label'",
    }.get(config.dataset_type)
    for name, value in (("label", config.label), ("predicted_label", config.predicted_label)):
        if how is not None and isinstance(value, int):
            yield Problem(name, value, fix=f"{config.dataset_type} has no column indices. Use {how}.")


def images_have_shap_only(config: AnalysisConfig) -> Iterator[Problem]:
    """Images are explained by SHAP; nothing else is computed on them."""
    methods = config.methods
    if config.dataset_type != "application/x-image":
        if methods.shap is not None and methods.shap.image_config is not None:
            yield Problem(
                "methods.shap.image_config", fix=f"Images are not {config.dataset_type}. Use 'application/x-image'."
            )
        return
    for name in (*_BIAS, "pdp", "asymmetric_shapley_value"):
        if getattr(methods, name) is not None:
            yield Problem(f"methods.{name}", fix="Images take 'shap' and 'report' only. Remove this method.")
    for name in ("predicted_label", "excluded_columns"):
        if getattr(config, name) is not None:
            yield Problem(name, getattr(config, name), fix="Images have no columns. Remove this key.")
    yield from _image_shap(config)


def _image_shap(config: AnalysisConfig) -> Iterator[Problem]:
    shap = config.methods.shap
    if shap is None:
        return
    if shap.image_config is None:
        yield Problem("methods.shap.image_config", fix="Images need this key.")
    elif shap.image_config.model_type is None:
        yield Problem(
            "methods.shap.image_config.model_type",
            fix="This key is required. Use 'IMAGE_CLASSIFICATION' or 'OBJECT_DETECTION'.",
        )
    if shap.text_config is not None:
        yield Problem("methods.shap.text_config", fix="Images hold no text columns. Remove this key.")
    if shap.baseline is not None and not isinstance(shap.baseline, str):
        yield Problem("methods.shap.baseline", fix="For images use the URI of a mask image.")
    if config.predictor is not None and not config.predictor.label_headers:
        yield Problem("predictor.label_headers", fix="Images need this key: the names of the classes, one per score.")


def shap_keys_agree(config: AnalysisConfig) -> Iterator[Problem]:
    """Keys of SHAP that exclude each other, and rows of a baseline that are unlike."""
    shap = config.methods.shap
    if shap is None:
        return
    if shap.baseline is not None and shap.num_clusters is not None:
        yield Problem(
            "methods.shap.num_clusters",
            shap.num_clusters,
            fix="'baseline' and 'num_clusters' exclude each other: clusters are how a baseline is computed. Keep one.",
        )
    other = next((name for name in ("text_config", "image_config") if getattr(shap, name) is not None), None)
    if shap.features_to_explain is not None and other is not None:
        yield Problem(
            "methods.shap.features_to_explain",
            list(shap.features_to_explain),
            fix=f"This key and {other!r} exclude each other. Keep one.",
        )
    elsewhere = config.predicted_label_dataset_uri is not None
    labels = (config.label,) if elsewhere else (config.label, config.predicted_label)
    for i, feature in enumerate(shap.features_to_explain or ()):
        if config.has_columns and feature in labels:
            yield Problem(
                f"methods.shap.features_to_explain[{i}]", feature, fix="This is a label, not a feature. Remove it."
            )
    yield from _baseline_rows(shap.baseline)


def _baseline_rows(baseline: object) -> Iterator[Problem]:
    if not isinstance(baseline, tuple):
        return
    if not baseline:
        yield Problem("methods.shap.baseline", [], fix="Give at least one row, or leave the key out.")
    widths = [len(row) if isinstance(row, tuple) else None for row in baseline]
    for i, width in enumerate(widths):
        if width != widths[0]:
            yield Problem(
                f"methods.shap.baseline[{i}]",
                list(baseline[i]) if width is not None else dict(baseline[i]),
                fix=f"Give all rows the form of the first one, which has {_row_form(widths[0])}.",
            )


def _row_form(width: int | None) -> str:
    return "named parts" if width is None else f"{width} cells"


def pdp_knows_its_features(config: AnalysisConfig) -> Iterator[Problem]:
    """Without SHAP nothing says which features matter most."""
    pdp = config.methods.pdp
    if pdp is not None and not pdp.features and config.methods.shap is None:
        yield Problem(
            "methods.pdp.features",
            fix="Name the columns to plot, or ask for 'shap' as well, which finds those that matter most.",
            known_as="PDP features must be provided when ShapConfig is not provided.",
        )


def segments_have_names(config: AnalysisConfig) -> Iterator[Problem]:
    """Aliases: one per segment, and one more for the rest if wanted."""
    for i, entry in enumerate(config.segment_config or ()):
        count = len(entry.segments)
        if not entry.segments:
            yield Problem(f"segment_config[{i}].segments", [], fix='List at least one segment, such as [["(0, 30]"]].')
        if entry.display_aliases is not None and len(entry.display_aliases) not in (count, count + 1):
            yield Problem(
                f"segment_config[{i}].display_aliases",
                list(entry.display_aliases),
                fix=f"Give {count} names, one per segment, or {count + 1} to name the rest of the rows too.",
            )


RULES = (
    Rule((*_CSV_ONLY, "dataset_type"), further_datasets_are_csv),
    Rule(("dataset_type", "features", "time_series_data_config"), json_data_say_where_features_are),
    Rule(("dataset_type", "label", "predicted_label"), labels_are_found_by_the_format),
    Rule(("headers", "facet_headers", "predicted_label_headers"), headers_are_distinct),
    Rule(("headers", "facet_headers", "predicted_label_headers", "dataset_type"), column_names_exist),
    Rule(
        ("label", "label_values_or_threshold", "facet", "dataset_type", "time_series_data_config", "methods"),
        bias_has_its_keys,
    ),
    Rule(("segment_config",), segments_have_names),
    Rule(("dataset_type", "methods.shap", "predicted_label", "excluded_columns"), images_have_shap_only),
    Rule(("time_series_data_config", "dataset_type"), time_series_are_in_json),
    Rule(("time_series_data_config",), time_series_locators_are_jmespath),
    Rule(("time_series_data_config", "methods", "predictor"), time_series_have_their_own_methods),
    Rule(("methods.asymmetric_shapley_value",), asymmetric_samples_fit_the_granularity),
    Rule(("methods.asymmetric_shapley_value", "time_series_data_config", "predictor"), asymmetric_baseline_fits),
    Rule(("methods.shap",), shap_keys_agree),
    Rule(("methods.pdp", "methods.shap"), pdp_knows_its_features),
    Rule(("predictor", "predicted_label", "predicted_label_dataset_uri"), predictions_have_a_source),
    Rule(("predictor",), one_model_is_named),
    Rule(("predictor", "dataset_type"), request_type_fits_the_data),
    Rule(("predictor", "dataset_type"), json_requests_have_templates),
    Rule(("predictor", "dataset_type"), lines_template_holds_features),
    Rule(("predictor", "dataset_type"), json_template_holds_records),
    Rule(("predictor", "headers", "label", "predicted_label"), placeholders_name_features),
    Rule(("features", "label", "predicted_label", "predictor", "dataset_type"), jmespaths_can_be_read),
)
"""All rules, in the order their faults are listed."""
