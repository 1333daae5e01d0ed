"""Which model a configuration asks for, where it is, and how it is opened for the length of a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.config.analysis import AnalysisConfig
from pellucid.config.predictor import Predictor
from pellucid.config.project_file import FILE_NAME, load_project_file
from pellucid.errors import ConfigError, InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from pellucid.models.http.endpoint import EndpointModel
    from pellucid.models.http.settings import RequestSettings
    from pellucid.protocols.model import Model

__all__ = ["ModelSource", "model_source", "opened_model", "source_problems"]

COMMAND = "command:"
"""Begins the address of a model that is served by a command of the user's."""

WEB = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where the model of a job is.

    Parameters
    ----------
    key
        Key of the configuration that asks for it.
    uri
        Base URL of a server; ``command:`` and a command that starts one; or a file, folder, archive, address of MLflow
        or ``module:attribute``.
    """

    key: str
    uri: str

    @property
    def remote(self) -> bool:
        """Whether a server answers that runs already."""
        return self.uri.startswith(WEB)

    @property
    def served(self) -> bool:
        """Whether a server is started for the job: by a command, or for a model that brings ``code/inference.py``."""
        if self.uri.startswith(COMMAND):
            return True
        path = Path(self.uri).expanduser()
        if self.remote or not path.exists():
            return False
        from pellucid.models.serving.script import brings_script

        return brings_script(path)


def model_source(
    predictor: Predictor, config_path: Path, *, models: Mapping[str, str], endpoints: Mapping[str, str]
) -> ModelSource:
    """Where the model is that ``predictor`` names.

    Names are looked up in ``models`` and ``endpoints``, which come from the command line, and then in the
    ``pellucid.toml`` of the working folder or of the folder of the configuration.

    Raises
    ------
    ConfigError
        The name is not known; the message says how to tell where the model is.
    """
    if predictor.model is not None:
        return ModelSource("predictor.model", _beside(config_path, predictor.model))
    project = load_project_file(Path.cwd(), config_path.parent)
    if predictor.endpoint_name is not None:
        name, known, option = predictor.endpoint_name, {**project.endpoints, **endpoints}, "--endpoint"
        key, example = "predictor.endpoint_name", "http://127.0.0.1:8080"
    else:
        name, known, option = predictor.model_name or "", {**project.models, **models}, "--model"
        key, example = "predictor.model_name", "model.tar.gz"
    if name in known:
        return ModelSource(key, known[name])
    if name.startswith(WEB):
        return ModelSource(key, name)
    hint = f" Known there: {did_you_mean(name, list(known))}" if known else ""
    fix = (
        f"Say where it is: {option} {name}={example}, or in {FILE_NAME} under [{option[2:]}s]. To analyse predictions "
        f"that the data set holds, name their column in 'predicted_label'.{hint}"
    )
    raise ConfigError(Problem(key, name, fix=fix))


def _beside(config_path: Path, uri: str) -> str:
    """A relative path is meant from here or, where nothing is there, from the folder of the configuration."""
    beside = config_path.parent / uri
    return str(beside) if "://" not in uri and not Path(uri).exists() and beside.exists() else uri


@contextmanager
def opened_model(
    source: ModelSource, config: AnalysisConfig, features: Sequence[str], *, folder: Path, allow_pickle: bool = False
) -> Iterator[Model]:
    """The model, ready to predict; servers started for it are ended with the block.

    Parameters
    ----------
    features
        Columns that the model is asked with, in order.
    folder
        Where a server started for the job keeps its log.

    Raises
    ------
    InputError, ModelError
        The model cannot be opened, or the configuration does not say how to ask it.
    """
    if source.remote:
        with _endpoint(source.uri, source.key, config, features) as model:
            yield model
    elif source.served:
        from pellucid.models.serving.shadow import serving_command, shadow_server

        command: str | list[str] = source.uri.removeprefix(COMMAND).strip()
        if not source.uri.startswith(COMMAND):
            command = serving_command(source.uri, features=features, allow_pickle=allow_pickle)
        with (
            shadow_server(command, log=folder / "model-server.log") as url,
            _endpoint(url, source.key, config, features) as model,
        ):
            yield model
    else:
        from pellucid.models.load import load_model

        yield load_model(source.uri, allow_pickle=allow_pickle)


def _endpoint(url: str, key: str, config: AnalysisConfig, features: Sequence[str]) -> EndpointModel:
    """The model behind ``url``, asked and read as the configuration says."""
    from pellucid.models.http.endpoint import endpoint
    from pellucid.models.http.extraction import ResponseFormat
    from pellucid.models.http.open_inference import open_inference
    from pellucid.models.http.templates import RequestFormat

    predictor = config.predictor
    if predictor is None:
        raise ConfigError(Problem("predictor", fix="Say how the model is asked."))
    accept_type = config.response_type or "text/csv"
    response = ResponseFormat(
        accept_type="application/json" if predictor.protocol == "open-inference" else accept_type,
        label=predictor.label,
        probability=predictor.probability,
        label_headers=predictor.label_headers,
    )
    settings = _settings(predictor)
    if predictor.protocol == "open-inference":
        name = predictor.target_model or predictor.endpoint_name or predictor.model_name or ""
        return open_inference(url, name, response, settings=settings, key=key)
    if not isinstance(predictor.content_template, str | None):
        fix = "Its form as an object is not documented by Clarify, and not understood here; give a string."
        raise ConfigError(Problem("predictor.content_template", dict(predictor.content_template), fix=fix))
    request = RequestFormat(
        content_type=_request_type(config),
        content_template=predictor.content_template,
        record_template=predictor.record_template,
    )
    request.check(features)
    return endpoint(
        url,
        request,
        response,
        settings=settings,
        custom_attributes=predictor.custom_attributes,
        target_model=predictor.target_model,
        key=key,
    )


def _request_type(config: AnalysisConfig) -> str:
    if config.request_type is None:
        fix = "Requests are never in the format of this data set; set it to 'text/csv' or 'application/json'."
        raise ConfigError(Problem("predictor.content_type", fix=fix))
    return config.request_type


def _settings(predictor: Predictor) -> RequestSettings:
    from pellucid.models.http.settings import RequestSettings

    return RequestSettings(
        payload_limit_bytes=predictor.payload_limit_bytes,
        batch_records=predictor.batch_records,
        max_concurrency=predictor.max_concurrency,
        timeout_seconds=predictor.timeout_seconds,
        max_retries=predictor.max_retries,
        backoff_seconds=predictor.backoff_seconds,
        max_backoff_seconds=predictor.max_backoff_seconds,
        outage_seconds=predictor.outage_seconds,
        on_record_error=predictor.on_record_error,
    )


def source_problems(
    config: AnalysisConfig, config_path: Path, models: Mapping[str, str], endpoints: Mapping[str, str]
) -> tuple[ModelSource | None, list[Problem]]:
    """The model of the job, or what is wrong with how it is named."""
    if config.predictor is None:
        fix = (
            "Post-training bias needs predictions. Name their column in 'predicted_label', give a data set of them in "
            "'predicted_label_dataset_uri', or name a model in 'predictor'."
        )
        return None, [Problem("predicted_label", fix=fix)]
    try:
        return model_source(config.predictor, config_path, models=models, endpoints=endpoints), []
    except InputError as error:
        return None, list(error.problems)
