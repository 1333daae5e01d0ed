"""Rules on the model, its requests and the paths into its answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pellucid.config.analysis import AnalysisConfig
from pellucid.config.predictor import Predictor
from pellucid.errors import Problem, did_you_mean

__all__ = [
    "jmespaths_can_be_read",
    "json_requests_have_templates",
    "json_template_holds_records",
    "lines_template_holds_features",
    "one_model_is_named",
    "placeholders_name_features",
    "request_type_fits_the_data",
]

_TEMPLATE, _RECORD = "predictor.content_template", "predictor.record_template"
# A longer name first: "$features" begins "$features_kvp" too.
_PLACEHOLDER = re.compile(
    r"\$(?:features_kvp|feature_names|features|records|record"
    r"|start_time|target_time_series|related_time_series|static_covariates)"
)
_COLUMN = re.compile(r'"\$\{([^}]*)\}"')
_OF_A_RECORD = ("$features", "$features_kvp")
_OF_A_SERIES = ("$start_time", "$target_time_series", "$related_time_series", "$static_covariates")


def one_model_is_named(config: AnalysisConfig) -> Iterator[Problem]:
    """There is a model to ask, and what is for a new endpoint is not said of an existing one."""
    predictor = config.predictor
    if predictor is None:
        return
    if predictor.endpoint_name is None and predictor.model_name is None and predictor.model is None:
        yield Problem("predictor", fix="Name the model: use 'endpoint_name', 'model_name' or 'model'.")
    if predictor.endpoint_name_prefix is not None and predictor.model_name is None:
        yield Problem(
            "predictor.endpoint_name_prefix",
            predictor.endpoint_name_prefix,
            fix="Only an endpoint made for 'model_name' takes a prefix. Remove this key.",
        )


def request_type_fits_the_data(config: AnalysisConfig) -> Iterator[Problem]:
    """Images go out as images, rows as rows; Parquet never goes out."""
    predictor = _asked_by_request(config)
    if predictor is None:
        return
    key, kind = "predictor.content_type", config.request_type
    if kind is None:
        if config.dataset_type == "application/x-parquet":
            yield Problem(key, fix="Requests are never application/x-parquet. Use 'text/csv' or another format.")
        return
    is_picture = kind.startswith("image/") or kind == "application/x-npy"
    if config.dataset_type == "application/x-image" and not is_picture:
        yield Problem(key, kind, fix="Images need 'image/jpeg', 'image/png' or 'application/x-npy'.")
    if config.dataset_type != "application/x-image" and is_picture:
        yield Problem(key, kind, fix=f"{config.dataset_type} holds no images. Use a format of rows.")
    if config.time_series_data_config is not None:
        for name, value in (("content_type", kind), ("accept_type", config.response_type)):
            if value == "text/csv":
                yield Problem(f"predictor.{name}", value, fix="Time series need 'application/json'.")


def json_requests_have_templates(config: AnalysisConfig) -> Iterator[Problem]:
    """JSON bodies are made from templates."""
    predictor = _asked_by_request(config)
    kind = config.request_type
    if predictor is None or kind not in ("application/json", "application/jsonlines"):
        return
    if predictor.content_template is None:
        example = '{"features": $features}' if kind == "application/jsonlines" else '{"instances": $records}'
        yield Problem(_TEMPLATE, fix=f"Requests in {kind} need this key, such as {example!r}.")
    if predictor.record_template is None and kind == "application/json":
        yield Problem(_RECORD, fix=f"Requests in {kind} need this key, such as '$features'.")


def lines_template_holds_features(config: AnalysisConfig) -> Iterator[Problem]:
    """A line of JSON Lines is one record: `$features`, once."""
    predictor = config.predictor
    if predictor is None or predictor.content_template is None or config.request_type != "application/jsonlines":
        return
    if config.time_series_data_config is None and _placeholders(predictor.content_template) != ["$features"]:
        yield Problem(
            _TEMPLATE, predictor.content_template, fix="Use the placeholder $features exactly once, and no other."
        )


def json_template_holds_records(config: AnalysisConfig) -> Iterator[Problem]:
    """A JSON body holds `$records` or `$record`; a record holds features, or the parts of a time series."""
    predictor = config.predictor
    if predictor is None or config.request_type != "application/json":
        return
    if predictor.content_template is not None:
        found = _placeholders(predictor.content_template)
        if ("$records" in found) == ("$record" in found):
            yield Problem(
                _TEMPLATE,
                predictor.content_template,
                fix="Use $records (all records of a batch) or $record (one record per request).",
            )
    if predictor.record_template is not None:
        yield from _record_template(config, predictor.record_template)


def _record_template(config: AnalysisConfig, template: str) -> Iterator[Problem]:
    found = _placeholders(template)
    if config.time_series_data_config is not None:
        if not any(name in found for name in _OF_A_SERIES):
            yield Problem(_RECORD, template, fix=f"Use placeholders of these: {', '.join(_OF_A_SERIES)}.")
        return
    for name in _OF_A_SERIES:
        if name in found:
            yield Problem(_RECORD, template, fix=f"Only time series take the placeholder {name}. Remove it.")
    forms = [name for name in _OF_A_RECORD if name in found] + ["${}"] * bool(_COLUMN.search(template))
    if len(forms) != 1 or found.count("$features_kvp") > 1:
        yield Problem(
            _RECORD,
            template,
            fix='Use one of: $features, $features_kvp (once), or "${NAME}" in double quotes for each feature.',
        )


def placeholders_name_features(config: AnalysisConfig) -> Iterator[Problem]:
    """`${A}` needs a feature A, as far as the file lists the columns."""
    template = config.predictor.record_template if config.predictor is not None else None
    if template is None or config.headers is None:
        return
    labels = (config.label, config.predicted_label) if config.has_columns else ()
    features = [name for name in config.headers if name not in labels]
    for name in dict.fromkeys(_COLUMN.findall(template)):
        if name not in features:
            yield Problem(
                _RECORD,
                template,
                fix=f"{name!r} is no feature among the headers; {did_you_mean(name, features)}",
                known_as="Feature names not found.",
            )


def jmespaths_can_be_read(config: AnalysisConfig) -> Iterator[Problem]:
    """Paths into JSON follow JMESPath's grammar."""
    paths = dict(_paths(config))
    if not paths:
        return
    import jmespath
    from jmespath.exceptions import JMESPathError

    for key, path in paths.items():
        try:
            jmespath.compile(path)
        except JMESPathError:
            yield Problem(key, path, fix="This is no JMESPath expression. Use one such as 'predictions[*].score'.")


def _paths(config: AnalysisConfig) -> Iterator[tuple[str, str]]:
    if config.dataset_type in ("application/json", "application/jsonlines"):
        candidates = {"features": config.features, "label": config.label, "predicted_label": config.predicted_label}
        yield from ((key, path) for key, path in candidates.items() if isinstance(path, str))
    predictor = config.predictor
    if predictor is None or config.response_type not in ("application/json", "application/jsonlines"):
        return
    for name in ("label", "probability"):
        path = getattr(predictor, name)
        if isinstance(path, str):
            yield f"predictor.{name}", path
    if predictor.time_series_predictor_config is not None:
        yield "predictor.time_series_predictor_config.forecast", predictor.time_series_predictor_config.forecast


def _asked_by_request(config: AnalysisConfig) -> Predictor | None:
    """The predictor, unless it is a local model, which is called and never sent a request."""
    predictor = config.predictor
    return None if predictor is None or predictor.model is not None else predictor


def _placeholders(template: object) -> list[str]:
    text = template if isinstance(template, str) else json.dumps(template)
    return _PLACEHOLDER.findall(text)
