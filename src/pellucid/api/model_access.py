"""Which model a configuration asks for, where it is, and how it is opened for the length of a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.api.relative_paths import beside
from pellucid.config.analysis import AnalysisConfig
from pellucid.config.predictor import Predictor
from pellucid.config.project_file import FILE_NAME, load_project_file
from pellucid.errors import ConfigError, InputError, Problem, did_you_mean
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.models.http.endpoint import EndpointModel
    from pellucid.models.http.extraction import ResponseFormat
    from pellucid.models.http.settings import RequestSettings
    from pellucid.models.http.templates import RequestFormat
    from pellucid.protocols.model import Model

__all__ = [
    "COMMAND",
    "SERVER_LOG",
    "ModelSource",
    "access_problems",
    "model_source",
    "opened_model",
    "request_settings",
    "server_address",
    "source_problems",
    "unused_places",
    "without_password",
]

COMMAND = "command:"
"""Begins the address of a model that is served by a command of the user's."""

WEB = ("http://", "https://")

SERVER_LOG = "model-server.log"
"""File with what a server prints that is started for a job."""


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
    def shown(self) -> str:
        """The address as it may be shown."""
        return without_password(self.uri)

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
        return ModelSource("predictor.model", beside(config_path, predictor.model))
    project = load_project_file(Path.cwd(), config_path.parent)
    folder = project.folder or Path()
    if predictor.endpoint_name is not None:
        name, known, option = predictor.endpoint_name, {**project.endpoints, **endpoints}, "--endpoint"
        key, example = "predictor.endpoint_name", "http://127.0.0.1:8080"
    else:
        located = {name: beside(folder / FILE_NAME, uri) for name, uri in project.models.items()}
        name, known, option = predictor.model_name or "", {**located, **models}, "--model"
        key, example = "predictor.model_name", "model.tar.gz"
    if name in known or name.startswith(WEB):
        return ModelSource(key, known.get(name, name))
    hint = f" No such name is given there; {did_you_mean(name, list(known))}" if known else ""
    fix = (
        f"Say where it is: {option} {name}={example}, or in {FILE_NAME} under [{option[2:]}s]. To analyse predictions "
        f"that the data set holds, name their column in 'predicted_label'.{hint}"
    )
    raise ConfigError(Problem(key, name, fix=fix))


def unused_places(config: AnalysisConfig, models: Mapping[str, str], endpoints: Mapping[str, str]) -> tuple[str, ...]:
    """Warnings on names of models and endpoints that were given and that the configuration does not ask for."""
    predictor = config.predictor
    model = endpoint = None
    if predictor is not None and predictor.model is None:
        endpoint = predictor.endpoint_name
        model = predictor.model_name if endpoint is None else None
    unused = [("--model", name) for name in models if name != model]
    unused += [("--endpoint", name) for name in endpoints if name != endpoint]
    return tuple(f"{option}: got {name!r}, which the configuration does not ask for." for option, name in unused)


def without_password(uri: str) -> str:
    """The address without the name and password that a URL can hold.

    >>> without_password("http://me:secret@127.0.0.1:8080/a@b"), without_password("income.ubj")
    ('http://127.0.0.1:8080/a@b', 'income.ubj')
    """
    scheme, separator, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if separator else uri


@contextmanager
def server_address(
    source: ModelSource, config: AnalysisConfig, features: Sequence[str] | None, *, folder: Path, allow_pickle: bool
) -> Iterator[str]:
    """Base URL of a server that runs already, or of one that is started for the length of the block.

    Parameters are those of `opened_model`; ``features`` are None where a model is not asked by columns.

    Raises
    ------
    ModelError
        The server does not start.
    """
    if source.remote:
        yield source.uri
        return
    from pellucid.models.serving.shadow import serving_command, shadow_server

    command: str | list[str] = source.uri.removeprefix(COMMAND).strip()
    if not source.uri.startswith(COMMAND):
        command = serving_command(str(Path(source.uri).expanduser()), features=features, allow_pickle=allow_pickle)
    with shadow_server(command, log=folder / SERVER_LOG, ready_seconds=_patience(config)) as url:
        yield url


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
    if source.remote or source.served:
        with (
            server_address(source, config, features, folder=folder, allow_pickle=allow_pickle) as url,
            _endpoint(url, source.key, config, features) as model,
        ):
            yield model
    else:
        from pellucid.models.load import load_model

        yield load_model(source.uri, allow_pickle=allow_pickle)


def access_problems(source: ModelSource, config: AnalysisConfig, features: Sequence[str]) -> list[Problem]:
    """What is wrong with how a model is asked, as far as it can be known without asking."""
    if not features:
        fix = "Nothing is left that the model could be asked with. Keep the columns that it was trained on."
        return [Problem("excluded_columns", list(config.excluded_columns or ()), fix=fix)]
    if not (source.remote or source.served):
        return []
    try:
        _formats(config, features)
    except ConfigError as error:
        return list(error.problems)
    return []


def _endpoint(url: str, key: str, config: AnalysisConfig, features: Sequence[str]) -> EndpointModel:
    """The model behind ``url``, asked and read as the configuration says."""
    from pellucid.models.http.endpoint import endpoint
    from pellucid.models.http.open_inference import open_inference

    predictor, request, response = _formats(config, features)
    settings = request_settings(predictor)
    if request is None:
        return open_inference(url, _served_name(predictor), response, settings=settings, key=key)
    return endpoint(
        url,
        request,
        response,
        settings=settings,
        custom_attributes=predictor.custom_attributes,
        target_model=predictor.target_model,
        key=key,
    )


def _formats(config: AnalysisConfig, features: Sequence[str]) -> tuple[Predictor, RequestFormat | None, ResponseFormat]:
    """How requests are written (None: as Open Inference says) and answers are read.

    Raises
    ------
    ConfigError
        Keys do not fit each other or the features; all of them are named.
    """
    predictor = config.predictor
    if predictor is None:
        raise ConfigError(Problem("predictor", fix="Say how the model is asked."))
    problems: list[Problem] = []
    request = response = None
    try:
        request = _request_format(predictor, config, features)
    except ConfigError as error:
        problems += error.problems
    try:
        response = _response_format(predictor, config)
    except ConfigError as error:
        problems += error.problems
    if problems or response is None:
        raise ConfigError(problems)
    return predictor, request, response


def _request_format(predictor: Predictor, config: AnalysisConfig, features: Sequence[str]) -> RequestFormat | None:
    from pellucid.models.http.templates import RequestFormat

    if predictor.protocol == "open-inference":
        if not _served_name(predictor):
            fix = "Name the model of the server in this key: an Open Inference server can hold several."
            raise ConfigError(Problem("predictor.target_model", fix=fix))
        return None
    if not isinstance(predictor.content_template, str | None):
        fix = "Its form as an object is not documented by Clarify, and not understood here; give a string."
        raise ConfigError(Problem("predictor.content_template", dict(predictor.content_template), fix=fix))
    if config.request_type is None:
        fix = "Requests are never in the format of this data set. Use 'text/csv' or 'application/json'."
        raise ConfigError(Problem("predictor.content_type", fix=fix))
    request = RequestFormat(
        content_type=config.request_type,
        content_template=predictor.content_template,
        record_template=predictor.record_template,
    )
    request.check(features)
    return request


def _response_format(predictor: Predictor, config: AnalysisConfig) -> ResponseFormat:
    from pellucid.models.http.extraction import ResponseFormat

    open_inference = predictor.protocol == "open-inference"
    return ResponseFormat(
        accept_type="application/json" if open_inference else config.response_type or "text/csv",
        label=predictor.label,
        probability=predictor.probability,
        label_headers=predictor.label_headers,
    )


def _served_name(predictor: Predictor) -> str:
    return predictor.target_model or predictor.endpoint_name or predictor.model_name or ""


def _patience(config: AnalysisConfig) -> float:
    return 300.0 if config.predictor is None else config.predictor.startup_seconds


def request_settings(predictor: Predictor) -> RequestSettings:
    """How requests are sent, as the configuration says."""
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
