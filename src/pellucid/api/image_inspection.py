"""A look into a job on images for ``pellucid doctor``: which images there are, and what the model says of the first."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pellucid.api.image_model import opened_image_model
from pellucid.api.model_access import SERVER_LOG
from pellucid.api.preflight import Preflight
from pellucid.datasets.images import ImageFile, ReadImage, read_image
from pellucid.errors import DataError, InputError, PellucidError, Problem
from pellucid.jobs.explanations.image_request import image_request
from pellucid.jobs.explanations.image_shap import ImageRequest, first_look
from pellucid.nouns import counted

__all__ = ["look_at_images"]

SHOWN_IMAGES = 5
LOOKED_AT = 50
"""Images that are opened to see whether they can be read."""


def look_at_images(job: Preflight, *, strict: bool, allow_pickle: bool) -> tuple[Preflight, list[Problem]]:
    """The job with what is to be said of its images and of the model's answer to the first, and what is wrong.

    An image that cannot be read is a warning, as the job explains the others; it is wrong if no other is there.

    Raises
    ------
    MissingExtra
        Pillow is not installed.
    """
    images = job.images or ()
    if not images:
        return job, []
    read, unread = _read(images[:LOOKED_AT])
    if not read:
        return job, unread
    notes = [_listing(images, read)]
    notes += [f"{name}: {found.converted}." for name, found in read[:SHOWN_IMAGES] if found.converted]
    faults: list[Problem] = []
    if not job.problems:
        told, faults = _asked(job, *read[0], len(images), strict=strict, allow_pickle=allow_pickle)
        notes += told
    warnings = [f"{problem} It will be left out." for problem in unread]
    return replace(job, notes=(*job.notes, *notes), warnings=(*job.warnings, *warnings)), faults


def _read(images: Sequence[ImageFile]) -> tuple[list[tuple[str, ReadImage]], list[Problem]]:
    found: list[tuple[str, ReadImage]] = []
    problems: list[Problem] = []
    for image in images:
        try:
            found.append((image.name, read_image(image.address, where=image.name)))
        except DataError as error:
            problems += error.problems
    return found, problems


def _listing(images: Sequence[ImageFile], read: Sequence[tuple[str, ReadImage]]) -> str:
    shown = [f"{name} ({image.pixels.shape[0]} x {image.pixels.shape[1]})" for name, image in read[:SHOWN_IMAGES]]
    more = f" and {len(images) - len(shown):,} more" if len(images) > len(shown) else ""
    number = counted(len(images), "image")
    return f"{number} (height x width): {', '.join(shown)}{more}."


def _asked(
    job: Preflight, name: str, image: ReadImage, images: int, *, strict: bool, allow_pickle: bool
) -> tuple[list[str], list[Problem]]:
    """What the model says of one image, and what the whole job would ask of it."""
    if job.model is None:
        return [], []
    request = image_request(job.config, strict=strict)
    folder = Path(tempfile.mkdtemp(prefix="pellucid-doctor-"))
    try:
        with opened_image_model(job.model, job.config, folder=folder, allow_pickle=allow_pickle) as ask:
            first_look(image.pixels, ask, request)  # the first call pays for what is loaded then
            begun = time.perf_counter()
            said = first_look(image.pixels, ask, request)
            seconds = time.perf_counter() - begun
    except InputError as error:
        return [], list(error.problems)
    except PellucidError as error:
        if not (folder / SERVER_LOG).exists():  # else the message points at it
            folder.rmdir()
        return [], [Problem(job.model.key, fix=str(error))]
    shutil.rmtree(folder, ignore_errors=True)
    asked = images * _images_asked(request)
    takes = f"{asked * seconds:,.0f} s at this speed"
    cost = f"The job asks for about {counted(asked, 'masked image')}; one at a time takes {takes}."
    return [f"The model was asked for {name} and answered in {seconds:.3f} s: {said}", cost], []


def _images_asked(request: ImageRequest) -> int:
    budget = request.plan.budget
    return budget.samples_of(players=request.num_segments, rows=1, inputs_per_coalition=1) + 3
