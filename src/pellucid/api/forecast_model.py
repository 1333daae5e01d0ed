"""The forecasting model of a job, wherever it is, ready to be asked with time series."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.api.model_access import ModelSource, request_settings, server_address
from pellucid.config.analysis import AnalysisConfig
from pellucid.errors import ConfigError, Problem
from pellucid.protocols.forecaster import Forecaster

if TYPE_CHECKING:
    from pellucid.models.http.forecasts import EndpointForecaster, SeriesFormat

__all__ = ["forecast_model_problems", "opened_forecaster", "series_format"]


@contextmanager
def opened_forecaster(
    source: ModelSource, config: AnalysisConfig, *, folder: Path, allow_pickle: bool = False
) -> Iterator[Forecaster]:
    """The model, ready to forecast; servers started for it are ended with the block.

    Parameters
    ----------
    folder
        Where a server started for the job keeps its log.

    Raises
    ------
    InputError, ModelError
        The model cannot be opened, or the configuration does not say how to ask it.
    """
    if source.remote or source.served:
        with (
            server_address(source, config, (), folder=folder, allow_pickle=allow_pickle) as url,
            _closing(_endpoint(url, source.key, config)) as model,
        ):
            yield model
    else:
        from pellucid.models.forecast_function import as_forecaster

        yield as_forecaster(source.uri)


def forecast_model_problems(source: ModelSource, config: AnalysisConfig) -> list[Problem]:
    """What is wrong with how a model is asked, as far as it can be known without asking."""
    if source.remote or source.served:
        try:
            series_format(config)
        except ConfigError as error:
            return list(error.problems)
        return []
    from pellucid.models.python_callable import is_reference

    if is_reference(source.uri):
        return []
    fix = (
        "Model files hold no forecasting models that could be asked with time series. Use the address of a server, or "
        "`module:attribute` of a function that takes a list of series records."
    )
    return [Problem(source.key, source.uri, fix=fix)]


def series_format(config: AnalysisConfig) -> SeriesFormat:
    """How time series are sent and forecasts are read.

    Raises
    ------
    ConfigError
        Keys are missing, or cannot be used; all of them are named.
    """
    from pellucid.models.http.forecasts import SeriesFormat

    predictor = config.predictor
    if predictor is None:
        raise ConfigError(Problem("predictor", fix="Say how the model is asked."))
    content, record, where = (
        predictor.content_template,
        predictor.record_template,
        predictor.time_series_predictor_config,
    )
    problems: list[Problem] = []
    if predictor.protocol != "invocations":
        fix = "Time series are sent by templates. Use 'invocations'."
        problems.append(Problem("predictor.protocol", predictor.protocol, fix=fix))
    if config.request_type != "application/json":
        problems.append(
            Problem("predictor.content_type", config.request_type, fix="Time series need 'application/json'.")
        )
    if not isinstance(content, str):
        fix = "Give a string such as '{\"instances\": $records}'."
        problems.append(Problem("predictor.content_template", ... if content is None else dict(content), fix=fix))
    if record is None:
        fix = 'Give a string such as \'{"start": $start_time, "target": $target_time_series}\'.'
        problems.append(Problem("predictor.record_template", fix=fix))
    if where is None:
        fix = "A server's answer is read by this key, with 'forecast' in it."
        problems.append(Problem("predictor.time_series_predictor_config", fix=fix))
    if problems or not isinstance(content, str) or record is None or where is None:
        raise ConfigError(problems)
    return SeriesFormat(
        content_template=content,
        record_template=record,
        forecast=where.forecast,
        accept_type=config.response_type or "application/json",
    )


def _endpoint(url: str, key: str, config: AnalysisConfig) -> EndpointForecaster:
    from pellucid.models.http.connection import base_url
    from pellucid.models.http.forecasts import EndpointForecaster

    form, predictor = series_format(config), config.predictor
    headers = {"Content-Type": "application/json", "Accept": form.accept_type}
    if predictor is not None and predictor.custom_attributes is not None:
        headers["X-Amzn-SageMaker-Custom-Attributes"] = predictor.custom_attributes
    if predictor is not None and predictor.target_model is not None:
        headers["X-Amzn-SageMaker-Target-Model"] = predictor.target_model
    settings = None if predictor is None else request_settings(predictor)
    return EndpointForecaster(f"{base_url(url, key)}/invocations", form, headers, settings)


@contextmanager
def _closing(model: EndpointForecaster) -> Iterator[EndpointForecaster]:
    try:
        yield model
    finally:
        model.close()
