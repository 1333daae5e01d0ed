"""What is wrong with a job on images before it begins: with its files, its baseline, and how its model is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pellucid.api.relative_paths import beside
from pellucid.config.analysis import AnalysisConfig
from pellucid.datasets.images import ImageFile, image_files, read_image
from pellucid.errors import InputError, PellucidError, Problem
from pellucid.jobs.explanations.image_request import chosen_images, image_request

if TYPE_CHECKING:
    from pellucid.api.preflight import Preflight

__all__ = ["image_baseline", "image_preflight"]

BASELINE = "methods.shap.baseline"


def image_preflight(
    found: Preflight, *, data: str | None, data_input: str | None, strict: bool, seed: int | None
) -> Preflight:
    """The preflight of a job on images: what is wrong with its images, its baseline and how its model is asked."""
    config = found.config
    problems = list(found.problems)
    images: tuple[ImageFile, ...] = ()
    uri = data or config.dataset_uri or data_input
    for step in (
        lambda: image_request(config, strict=strict, seed=seed),
        lambda: image_baseline(config, found.config_path),
    ):
        if config.methods.shap is None and problems:
            break  # the method was taken out for its faults, which are told already
        try:
            step()
        except PellucidError as error:
            problems += error.problems if isinstance(error, InputError) else [Problem(BASELINE, fix=str(error))]
    if uri is None:
        problems.append(Problem("dataset_uri", fix="Name the folder of the images here, or give it with --data."))
    else:
        try:
            where = "dataset_uri" if data is None else "--data"
            listed = image_files(beside(found.config_path, uri) if uri == config.dataset_uri else uri, where=where)
            chosen = chosen_images(config, [image.name for image in listed])
            images = tuple(listed[i] for i in chosen)
        except InputError as error:
            problems += error.problems
    if found.model is not None:
        from pellucid.api.image_model import image_access_problems

        problems += image_access_problems(found.model, config)
    return replace(found, problems=tuple(problems), images=images)


def image_baseline(config: AnalysisConfig, config_path: Path) -> npt.NDArray[np.uint8] | None:
    """The baseline image, shape (1, height, width, 3); None where white noise is to be drawn.

    Raises
    ------
    DataError
        It cannot be read.
    """
    given = None if config.methods.shap is None else config.methods.shap.baseline
    if not isinstance(given, str):
        return None
    return read_image(beside(config_path, given), where=BASELINE).pixels[None]
