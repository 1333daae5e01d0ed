"""The model of a job on images: an endpoint asked with pictures, or a model in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pellucid.api.model_access import ModelSource, server_address
from pellucid.config.analysis import AnalysisConfig
from pellucid.errors import ConfigError, Problem
from pellucid.explain.detections import DETECTION
from pellucid.explain.maskers.image import COLUMN
from pellucid.jobs.explanations.image_shap import Ask
from pellucid.protocols.model import Batch

if TYPE_CHECKING:
    from pellucid.models.http.endpoint import EndpointModel
    from pellucid.models.http.images import ImageCodec

__all__ = ["LOCAL_IMAGES", "REMOTE_IMAGES", "image_access_problems", "opened_image_model", "remote_ask"]

LOCAL_IMAGES, REMOTE_IMAGES = 64, 256
"""Images handed to a model at a time: few for one in this process, whose memory is ours too."""


@contextmanager
def opened_image_model(
    source: ModelSource, config: AnalysisConfig, *, folder: Path, allow_pickle: bool
) -> Iterator[Ask]:
    """The model, ready to be asked for images; servers started for it are ended with the block.

    Parameters
    ----------
    folder
        Where a server started for the job keeps its log.

    Raises
    ------
    InputError, ModelError
        The model cannot be opened, or the configuration does not say how to ask it.
    """
    predictor = config.predictor
    if source.remote or source.served:
        with (
            server_address(source, config, None, folder=folder, allow_pickle=allow_pickle) as url,
            image_endpoint(url, source.key, config) as model,
        ):
            yield remote_ask(model)
    else:
        from pellucid.models.images import image_model

        numbers = None if predictor is None or predictor.image_input is None else predictor.image_input.model_dump()
        try:
            yield image_model(source.uri, detection=_detects(config), image_input=numbers)
        except ConfigError as error:
            raise ConfigError(_of_predictor(problem) for problem in error.problems) from None


def _of_predictor(problem: Problem) -> Problem:
    if problem.where.partition(".")[0] != "image_input":
        return problem
    return Problem(f"predictor.{problem.where}", problem.value, fix=problem.fix)


def _detects(config: AnalysisConfig) -> bool:
    images = None if config.methods.shap is None else config.methods.shap.image_config
    return images is not None and images.model_type == "object_detection"


def remote_ask(model: EndpointModel) -> Ask:
    """An endpoint as a function of images."""
    codec: ImageCodec = model.codec  # type: ignore[assignment]

    def ask(images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> object:
        scores = model.predict(Batch({COLUMN: images})).values
        return scores.reshape(len(images), -1, DETECTION) if codec.detection else scores

    return ask


def image_endpoint(url: str, key: str, config: AnalysisConfig) -> EndpointModel:
    """The endpoint at ``url``, asked and read as the configuration says.

    Raises
    ------
    ConfigError
        The URL or the keys of the predictor are wrong.
    """
    from pellucid.api.model_access import request_settings
    from pellucid.models.http.connection import base_url
    from pellucid.models.http.endpoint import EndpointModel

    codec, predictor = image_codec(config), config.predictor
    if predictor is None:
        raise ConfigError(Problem("predictor", fix="Say how the model is asked."))
    headers = {"Content-Type": codec.content_type, "Accept": codec.response.accept_type}
    if predictor.custom_attributes is not None:
        headers["X-Amzn-SageMaker-Custom-Attributes"] = predictor.custom_attributes
    if predictor.target_model is not None:
        headers["X-Amzn-SageMaker-Target-Model"] = predictor.target_model
    return EndpointModel(f"{base_url(url, key)}/invocations", codec, headers, request_settings(predictor))


def image_codec(config: AnalysisConfig) -> ImageCodec:
    """Requests and answers as the configuration says.

    Raises
    ------
    ConfigError
        Keys of the predictor are missing or do not fit each other.
    """
    from pellucid.models.http.extraction import ResponseFormat
    from pellucid.models.http.images import ImageCodec

    predictor = config.predictor
    if predictor is None:
        raise ConfigError(Problem("predictor", fix="Say how the model is asked."))
    if predictor.protocol == "open-inference":
        fix = "Images are sent as SageMaker's containers take them. Use 'invocations'."
        raise ConfigError(Problem("predictor.protocol", predictor.protocol, fix=fix))
    detects = _detects(config)
    response = ResponseFormat(
        accept_type=config.response_type or "application/json",
        label=predictor.label,
        probability=predictor.probability,
        label_headers=None if detects else predictor.label_headers,
    )
    return ImageCodec(config.request_type or "image/jpeg", response, detects)


def image_access_problems(source: ModelSource, config: AnalysisConfig) -> list[Problem]:
    """What is wrong with how a model is asked, as far as it can be known without asking."""
    if not (source.remote or source.served):
        return []
    try:
        image_codec(config)
    except ConfigError as error:
        return list(error.problems)
    return []
