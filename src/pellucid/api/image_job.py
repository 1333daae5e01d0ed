"""A job on images: the files of a folder or manifest in, heat maps and Shapley values of segments out."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pellucid.api.earlier_results import earlier_explanations
from pellucid.api.image_preflight import image_baseline
from pellucid.api.job_explanations import JobExplanations
from pellucid.api.job_result import ANALYSIS, DETAILS, PARTIAL, PREDICTIONS, RESUME, WRITING, JobResult
from pellucid.api.model_access import SERVER_LOG
from pellucid.api.preflight import Preflight
from pellucid.datasets.images import ImageFile, read_image
from pellucid.errors import ConfigError, DataError, ModelError, Problem
from pellucid.jobs.explanations.image_request import image_request
from pellucid.jobs.explanations.request import of_shap
from pellucid.nouns import counted
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.api.job_arguments import JobArguments
    from pellucid.api.job_record import JobRecord
    from pellucid.jobs.explanations.image_files import ImageFiles
    from pellucid.jobs.explanations.image_results import FailedImage, ImageSummary
    from pellucid.jobs.explanations.image_shap import Ask, ImageRequest

__all__ = ["run_image_job"]

FAILURES_IN_A_ROW = 3
"""So many images on which the model fails, one after another, mean that it will fail on the others too."""
ONE_PROCESS = "engine: images are explained one after another on this machine, whichever engine is given."
NAMED = 20
"""Images that warnings name one by one."""


def run_image_job(
    job: Preflight, arguments: JobArguments, record: JobRecord, progress: Callable[[str], None]
) -> JobResult:
    """Explain the images of a job whose preflight found no fault, and write its results.

    Images are explained one after another in this process, whatever the engine; a note says so where another one was
    asked for.

    Raises
    ------
    InputError
        No image can be read, or the budget does not fit.
    ModelError
        The model cannot be opened, or fails on all images that it was asked for.
    """
    from pellucid.jobs.result_files import json_text, write_files

    if job.model is None:
        raise job.error()
    output, strict, seed = arguments.output, arguments.strict, arguments.seed
    record.begins(job, data=arguments.data, seed=seed, strict=strict)
    output.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=output))
    try:
        from pellucid.api.image_model import opened_image_model

        progress(f"opening the model {job.model.shown}")
        resume, allowed = output / RESUME, arguments.allow_pickle
        with opened_image_model(job.model, job.config, folder=resume, allow_pickle=allowed) as ask:
            explained = _explained(job, ask, aside=aside, strict=strict, seed=seed, progress=progress)
            record.model_rows = sum(image.model_images for image in explained.images)
        progress(WRITING)
        document = {"version": "1.0", "explanations": {} if strict else explained.section()}
        texts = {ANALYSIS: json_text(document)}
        record.details = _details(job, explained)
        if not strict:
            texts[DETAILS] = json_text(record.details)
        stale = (DETAILS, PARTIAL, PREDICTIONS, SERVER_LOG, *earlier_explanations(output))
        files = write_files(output, texts, stale=stale, written=explained.written)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    log = output / RESUME / SERVER_LOG
    if job.model.served and log.is_file():
        files += (log.replace(output / SERVER_LOG),)
    shutil.rmtree(output / RESUME, ignore_errors=True)
    return JobResult(
        report=None,
        document=document,
        warnings=(*job.warnings, *explained.warnings),
        notes=(*job.notes, *explained.notes, *([] if arguments.engine == "local" else [ONE_PROCESS])),
        files=files,
        explanations=explained,
    )


def _details(job: Preflight, explained: JobExplanations) -> dict[str, Any]:
    """What stands in ``pellucid.json``."""
    configuration = {} if job.loaded is None else {"configuration": job.loaded.document}
    return {
        "explanations": dict(explained.details),
        "dataset": {"images": len(job.images or ()), "notes": [*job.warnings, *job.notes]},
        "confidence_level": job.config.confidence_level,
        **configuration,
    }


def _explained(
    job: Preflight, ask: Ask, *, aside: Path, strict: bool, seed: int | None, progress: Callable[[str], None]
) -> JobExplanations:
    from pellucid.api.image_model import LOCAL_IMAGES, REMOTE_IMAGES
    from pellucid.jobs.explanations.image_files import ImageFiles
    from pellucid.jobs.explanations.image_results import image_details, image_section

    config = job.config
    at_once = REMOTE_IMAGES if job.model is not None and (job.model.remote or job.model.served) else LOCAL_IMAGES
    request = replace(image_request(config, strict=strict, seed=seed), batch_images=at_once)
    work = _Work(ask, request, image_baseline(config, job.config_path), config.confidence_level, ImageFiles(aside))
    images = job.images or ()
    work.run(images, progress)
    shap, given = config.methods.shap, None
    if shap is not None and isinstance(shap.baseline, str):
        given = shap.baseline
    model_type = "image_classification" if request.detection is None else "object_detection"
    return JobExplanations(
        confidence_level=config.confidence_level,
        labels=request.label_headers or (),
        images=tuple(work.done),
        further=image_section(work.done, model_type),
        details=image_details(work.done, work.failed, request, given),
        warnings=tuple(work.warnings(len(images))),
        notes=tuple(work.notes(given)),
        written=work.files.written,
    )


@dataclass(slots=True, eq=False)
class _Work:
    """Images explained one after another, and what became of them."""

    ask: Ask
    request: ImageRequest
    baseline: npt.NDArray[np.uint8] | None
    confidence_level: float
    files: ImageFiles
    done: list[ImageSummary] = field(default_factory=list)
    failed: list[FailedImage] = field(default_factory=list)

    def run(self, images: tuple[ImageFile, ...], progress: Callable[[str], None]) -> None:
        """Explain all images that can be.

        Raises
        ------
        DataError
            None of them can be read.
        ModelError
            The model fails on the first three that it is asked for, or on all.
        """
        from pellucid.jobs.explanations.image_results import FailedImage

        begun, failures = time.monotonic(), 0
        last: DataError | ModelError | None = None
        for i, image in enumerate(images):
            progress(f"explaining images: {i + 1:,} of {len(images):,}, {image.name}")
            try:
                self._one(image, len(images), len(images) - i, time.monotonic() - begun)
                failures = 0
            except DataError as error:
                last = last or error
                self.failed.append(FailedImage(image.name, str(error).removeprefix(f"{image.name}: ")))
            except ModelError as error:
                last, failures = error, failures + 1
                self.failed.append(FailedImage(image.name, str(error)))
            except ConfigError as error:
                raise ConfigError(_of_images(error)) from None
            if failures == FAILURES_IN_A_ROW and i + 1 < len(images):
                if not self.done:
                    raise ModelError(f"The model fails on image after image; the last was {image.name}. {last}")
                reason = f"not asked for, as the model failed on {FAILURES_IN_A_ROW} images one after another"
                self.failed += [FailedImage(left.name, reason) for left in images[i + 1 :]]
                break
        if not self.done and isinstance(last, ModelError):
            raise ModelError(f"{self.failed[-1].name}: {last}")
        if not self.done:
            raise DataError(Problem(failed.name, fix=failed.reason) for failed in self.failed[:NAMED])

    def _one(self, image: ImageFile, images: int, left: int, spent: float) -> None:
        from pellucid.jobs.explanations.image_results import summary_of
        from pellucid.jobs.explanations.image_shap import explained_image, share_of

        read = read_image(image.address, where=image.name)
        plan = share_of(self.request.plan, images)
        seconds = self.request.plan.budget.seconds
        if seconds is not None:
            # Time that earlier images did not need is there for the later ones.
            plan = replace(plan, budget=replace(plan.budget, seconds=max((seconds - spent) / left, 1e-9)))
        request = replace(self.request, plan=plan)
        found = explained_image(image.name, read.pixels, self.baseline, self.ask, request, clock=time.monotonic)
        output_files, whole = self.files.write(found, self.confidence_level)
        notes = [f"{read.converted}."] if read.converted else []
        self.done.append(summary_of(found, notes, output_files, whole))

    def warnings(self, images: int) -> list[str]:
        """Images that were not explained, and what must be known of those that were."""
        told = []
        if self.failed:
            named = " ".join(f"{image.name}: {image.reason}" for image in self.failed[:NAMED])
            more = f" And {len(self.failed) - NAMED:,} more, in pellucid.json." if len(self.failed) > NAMED else ""
            were = "was" if len(self.failed) == 1 else "were"
            told.append(f"{len(self.failed):,} of {counted(images, 'image')} {were} not explained. {named}{more}")
        unseen = [image.name for image in self.done if not image.outputs]
        if unseen:
            listed = ", ".join(unseen[:NAMED]) + (f" and {len(unseen) - NAMED:,} more" if len(unseen) > NAMED else "")
            told.append(f"No object to explain was found in {listed}; pellucid.json says what the best score was.")
        noted: dict[str, list[str]] = {}
        for image in self.done:
            for note in image.notes if image.outputs else ():
                noted.setdefault(note, []).append(image.name)
        for note, names in noted.items():
            more = f" and {counted(len(names) - 3, 'more image')}" if len(names) > 3 else ""
            told.append(f"{', '.join(names[:3])}{more}: {note}")
        return told

    def notes(self, baseline: str | None) -> list[str]:
        """What an absent segment showed, and what was asked of the model."""
        asked = sum(image.model_images for image in self.done)
        samples = [samples for image in self.done for samples in image.samples]
        methods = sorted({method for image in self.done for method in image.methods})
        per_image = f"{min(samples):,} to {max(samples):,}" if samples and min(samples) < max(samples) else ""
        per_image = per_image or (f"{samples[0]:,}" if samples else "no")
        shown = "white noise, drawn with the seed of each image" if baseline is None else baseline
        by = ", ".join(methods) or "none"
        said = f"SHAP: {counted(len(self.done), 'image')}, {per_image} samples per image ({by}), "
        return [f"{said}{counted(asked, 'image')} asked of the model. Absent segments show {shown}."]


def _of_images(error: ConfigError) -> list[Problem]:
    """Faults that only showed with an image, under the key of the configuration that they belong to."""
    key = "methods.shap.image_config.debug.class_ids"
    return [replace(problem, where=key) if problem.where == "classes" else problem for problem in of_shap(error)]
