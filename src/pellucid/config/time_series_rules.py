"""Rules on time series."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pellucid.config.analysis import AnalysisConfig
from pellucid.config.json_text import read_object
from pellucid.config.methods import AsymmetricShapleyBaseline
from pellucid.errors import ConfigError, Problem

__all__ = [
    "asks_for_forecasts",
    "asymmetric_baseline_fits",
    "asymmetric_samples_fit_the_granularity",
    "time_series_are_in_json",
    "time_series_have_their_own_methods",
    "time_series_locators_are_jmespath",
]


def asks_for_forecasts(config_path: str | Path) -> bool:
    """Whether a configuration is about time series; False also where it cannot be read, which is told elsewhere."""
    try:
        document, _ = read_object(Path(config_path))
    except ConfigError:
        return False
    methods = document.get("methods")
    asked = isinstance(methods, dict) and "asymmetric_shapley_value" in methods
    return "time_series_data_config" in document or (asked and document.get("dataset_type") == "application/json")


def time_series_are_in_json(config: AnalysisConfig) -> Iterator[Problem]:
    """Time series are read from JSON."""
    if config.time_series_data_config is None:
        return
    if config.dataset_type != "application/json":
        yield Problem("dataset_type", config.dataset_type, fix="Time series need 'application/json'.")
    if config.excluded_columns is not None:
        yield Problem(
            "excluded_columns", list(config.excluded_columns), fix="Remove this key: time series do not take it."
        )


def time_series_locators_are_jmespath(config: AnalysisConfig) -> Iterator[Problem]:
    """Paths into JSON follow JMESPath's grammar, and the file has to say its layout; indices are for rows of lists."""
    series = config.time_series_data_config
    if series is None:
        return
    key = "time_series_data_config"
    single = {name: getattr(series, name) for name in ("target_time_series", "item_id", "timestamp")}
    listed = {
        f"{name}[{i}]": locator
        for name in ("related_time_series", "static_covariates")
        for i, locator in enumerate(getattr(series, name))
    }
    locators = {**single, **listed}
    if all(isinstance(locator, int) for locator in locators.values()):
        if series.dataset_format is not None:
            fix = "Integers count the cells of rows, a list of lists. Remove this key, or use JMESPaths."
            yield Problem(f"{key}.dataset_format", series.dataset_format, fix=fix)
        return
    for name, locator in locators.items():
        if isinstance(locator, int) or not _is_jmespath(locator):
            yield Problem(f"{key}.{name}", locator, fix="Use a JMESPath such as '[*].sales'.")
    if series.dataset_format is None:
        yield Problem(f"{key}.dataset_format", fix="Add 'columns', 'item_records' or 'timestamp_records'.")


def _is_jmespath(text: str) -> bool:
    if not text:
        return False
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        jmespath.compile(text)
    except JMESPathError:
        return False
    return True


def time_series_have_their_own_methods(config: AnalysisConfig) -> Iterator[Problem]:
    """Time series take the asymmetric Shapley value only, and nothing else takes it."""
    methods = config.methods
    if config.time_series_data_config is None:
        if methods.asymmetric_shapley_value is not None and config.dataset_type != "application/x-image":
            yield Problem("time_series_data_config", fix="'asymmetric_shapley_value' needs this key.")
        if config.predictor is not None and config.predictor.time_series_predictor_config is not None:
            yield Problem("predictor.time_series_predictor_config", fix="Only time series take this key. Remove it.")
        return
    for name in ("pre_training_bias", "post_training_bias"):
        if getattr(methods, name) is not None:
            yield Problem(
                f"methods.{name}", fix="Remove this method.", known_as="Bias metrics are unsupported for time series."
            )
    for name in ("shap", "pdp"):
        if getattr(methods, name) is not None:
            yield Problem(f"methods.{name}", fix="Time series take 'asymmetric_shapley_value' in place of this method.")
    predictor = config.predictor
    if predictor is not None and predictor.model is None and predictor.time_series_predictor_config is None:
        yield Problem("predictor.time_series_predictor_config", fix="Time series need this key, with 'forecast' in it.")


def asymmetric_samples_fit_the_granularity(config: AnalysisConfig) -> Iterator[Problem]:
    """Sampling is for the fine-grained kind, and that kind goes forward in time only."""
    method = config.methods.asymmetric_shapley_value
    if method is None:
        return
    key = "methods.asymmetric_shapley_value"
    if method.granularity == "timewise" and method.num_samples is not None:
        yield Problem(f"{key}.num_samples", method.num_samples, fix="Only 'fine_grained' takes this key. Remove it.")
    if method.granularity == "fine_grained" and method.num_samples is None:
        yield Problem(f"{key}.num_samples", fix="'fine_grained' needs this key: an integer of at least 1.")
    if method.granularity == "fine_grained" and method.direction != "chronological":
        yield Problem(f"{key}.direction", method.direction, fix="'fine_grained' needs 'chronological'.")


def asymmetric_baseline_fits(config: AnalysisConfig) -> Iterator[Problem]:
    """One value per static covariate; needed where requests carry covariates."""
    method, series = config.methods.asymmetric_shapley_value, config.time_series_data_config
    if method is None or series is None:
        return
    key = "methods.asymmetric_shapley_value.baseline.static_covariates"
    count = len(series.static_covariates)
    given = method.baseline.static_covariates if isinstance(method.baseline, AsymmetricShapleyBaseline) else None
    if given is not None and not count:
        yield Problem(
            key,
            {item: list(values) for item, values in given.items()},
            fix="'time_series_data_config' names no static covariates. Remove this key.",
        )
        return
    for item, values in (given or {}).items():
        if len(values) != count:
            said = "value" if count == 1 else "values"
            yield Problem(f"{key}.{item}", list(values), fix=f"Give {count} {said}, one per static covariate.")
    template = (config.predictor.record_template if config.predictor is not None else None) or ""
    if "$static_covariates" in template and given is None and not isinstance(method.baseline, str):
        yield Problem(key, fix="Requests carry static covariates: give one value per covariate for each item id.")
