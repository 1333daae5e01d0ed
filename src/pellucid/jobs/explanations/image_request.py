"""From a configuration to what is asked of its images."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.config.analysis import AnalysisConfig
from pellucid.config.methods import ImageConfig
from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.explain.plan import Plan
from pellucid.jobs.explanations.image_shap import DetectionRequest, ImageRequest
from pellucid.jobs.explanations.request import of_shap, shap_budget

__all__ = ["chosen_images", "image_request"]

CONFIG = "methods.shap.image_config"


def image_request(config: AnalysisConfig, *, strict: bool = False, seed: int | None = None) -> ImageRequest:
    """How the images of a job are explained; its budget is that of the whole job.

    Parameters
    ----------
    strict
        Clarify's own estimator.
    seed
        In the place of the configuration's.

    Raises
    ------
    ConfigError
        Keys do not fit each other; all of them are named.
    """
    shap = config.methods.shap
    images = None if shap is None else shap.image_config
    if shap is None or images is None:
        raise ConfigError(Problem(CONFIG, fix="Images need this key."))
    detects = images.model_type == "object_detection"
    problems = []
    if detects and shap.use_logit:
        fix = "An object that is lost scores 0, which has no log-odds. Set it to false."
        problems.append(Problem("methods.shap.use_logit", value=True, fix=fix))
    if shap.feature_groups:
        fix = "It is for columns of tables. Remove this key."
        problems.append(Problem("methods.shap.feature_groups", dict(shap.feature_groups), fix=fix))
    accepted = config.response_type
    if detects and accepted not in (None, "application/json"):
        fix = "Detections are read from 'application/json'."
        problems.append(Problem("predictor.accept_type", accepted, fix=fix))
    plan = Plan()
    try:
        plan = Plan(
            estimator="clarify" if strict else shap.estimator,
            budget=shap_budget(shap),
            seed=config.explanation_seed if seed is None else seed,
        )
    except ConfigError as error:
        problems += of_shap(error)
    problems += _unknown_classes(config, images)
    if problems:
        raise ConfigError(problems)
    headers = None if config.predictor is None else config.predictor.label_headers
    return ImageRequest(
        plan=plan,
        link="logit" if shap.use_logit else "identity",
        num_segments=images.num_segments,
        compactness=images.segment_compactness,
        classes=None if images.debug is None else images.debug.class_ids,
        label_headers=None if headers is None else tuple(map(str, headers)),
        detection=_detection(config, images) if detects else None,
    )


def _detection(config: AnalysisConfig, images: ImageConfig) -> DetectionRequest:
    return DetectionRequest(
        max_objects=images.max_objects,
        iou_threshold=images.iou_threshold,
        context=images.context,
        probability_threshold=config.probability_threshold,
    )


def _unknown_classes(config: AnalysisConfig, images: ImageConfig) -> list[Problem]:
    headers = None if config.predictor is None else config.predictor.label_headers
    wanted = () if images.debug is None else images.debug.class_ids or ()
    if headers is None:
        return []
    return [
        Problem(f"{CONFIG}.debug.class_ids[{i}]", number, fix=f"Use positions from 0 to {len(headers) - 1}.")
        for i, number in enumerate(wanted)
        if not 0 <= number < len(headers)
    ]


def chosen_images(config: AnalysisConfig, names: Sequence[str]) -> tuple[int, ...]:
    """Positions of the images that ``debug`` chooses by name, file name or range; all without it.

    Raises
    ------
    ConfigError
        A name is no image of the data set, or the range holds none.
    """
    shap = config.methods.shap
    debug = None if shap is None or shap.image_config is None else shap.image_config.debug
    if debug is None:
        return tuple(range(len(names)))
    key = f"{CONFIG}.debug"
    first, last = debug.sample_from or 0, len(names) - 1 if debug.sample_to is None else debug.sample_to
    files = [name.rpartition("/")[2] for name in names]
    wanted = debug.image_names
    problems = [
        Problem(f"{key}.image_names", name, fix=f"Use the name of an image; {did_you_mean(name, names)}")
        for name in wanted or ()
        if name not in names and name not in files
    ]
    chosen = tuple(
        i
        for i, (name, file) in enumerate(zip(names, files, strict=True))
        if first <= i <= last and (wanted is None or name in wanted or file in wanted)
    )
    if not chosen and not problems:
        fix = f"No image is left of {len(names)}, which are counted from 0. Widen the choice."
        problems.append(Problem(key, debug.model_dump(exclude_none=True), fix=fix))
    if problems:
        raise ConfigError(problems)
    return chosen
