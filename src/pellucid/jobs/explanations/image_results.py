"""What a job on images found, as it stands in the files of results and in summaries for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.jobs.explanations.image_shap import ImageRequest
from pellucid.records import dataclass
from pellucid.results.image_explanation import ExplainedImage, ImageOutput

__all__ = ["SECTION", "FailedImage", "ImageSummary", "image_details", "image_section", "summary_of"]

SECTION = "image_shap"
"""Our key of ``explanations``: what Clarify writes there for images is not published."""


@dataclass(frozen=True, slots=True)
class FailedImage:
    """An image that could not be explained, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageSummary:
    """An explained image without its pixels.

    Parameters
    ----------
    size
        Height and width in pixels.
    segments
        Their number.
    values, standard_errors
        Lists of one number per segment, by output; an error is None where it is not known.
    output_files, files
        Names of the files of each output, and of the whole image, by what they hold.
    """

    name: str
    size: tuple[int, int]
    segments: int
    outputs: tuple[ImageOutput, ...]
    values: tuple[tuple[float, ...], ...]
    standard_errors: tuple[tuple[float | None, ...], ...]
    base_values: tuple[float, ...]
    predictions: tuple[float, ...]
    methods: tuple[str, ...]
    samples: tuple[int, ...]
    model_images: int
    seed: int
    output_files: tuple[dict[str, str], ...]
    files: dict[str, str]
    notes: tuple[str, ...] = ()

    def to_section(self) -> dict[str, Any]:
        """What stands in ``analysis.json``."""
        return {"image": self.name, "outputs": [self._output(i) for i in range(len(self.outputs))]}

    def to_details(self) -> dict[str, Any]:
        """What stands in ``pellucid.json``."""
        outputs = [
            {
                **self._output(i),
                "class_id": self.outputs[i].class_id,
                "prediction": self.predictions[i],
                "method": self.methods[i],
                "samples": self.samples[i],
                "values": list(self.values[i]),
                "standard_errors": list(self.standard_errors[i]),
                "files": self.output_files[i],
            }
            for i in range(len(self.outputs))
        ]
        return {
            "image": self.name,
            "height": self.size[0],
            "width": self.size[1],
            "segments": self.segments,
            "seed": self.seed,
            "model_images": self.model_images,
            "outputs": outputs,
            "files": self.files,
            "notes": list(self.notes),
        }

    def _output(self, i: int) -> dict[str, Any]:
        found = self.outputs[i]
        box = {} if found.box is None else {"box": list(found.box)}
        return {
            "label": found.label,
            "score": found.score,
            **box,
            "expected_value": self.base_values[i],
            "heat_map": self.output_files[i]["picture"],
            "shap_values": self.output_files[i]["array"],
        }


def summary_of(
    found: ExplainedImage,
    notes: Sequence[str],
    output_files: Sequence[dict[str, str]],
    files: dict[str, str],
) -> ImageSummary:
    """An explained image without its pixels."""
    errors = [[float(error) if np.isfinite(error) else None for error in row] for row in found.standard_errors.T]
    return ImageSummary(
        name=found.name,
        size=found.size,
        segments=len(found.values),
        outputs=found.outputs,
        values=tuple(map(tuple, found.values.T.tolist())),
        standard_errors=tuple(map(tuple, errors)),
        base_values=tuple(found.base_values.tolist()),
        predictions=tuple(found.predictions.tolist()),
        methods=found.methods,
        samples=found.samples,
        model_images=found.model_images,
        seed=found.seed,
        output_files=tuple(output_files),
        files=files,
        notes=(*notes, *found.notes),
    )


def image_section(images: Sequence[ImageSummary], model_type: str) -> dict[str, Any]:
    """What stands in ``analysis.json`` under ``explanations``."""
    return {SECTION: {"model_type": model_type, "images": [image.to_section() for image in images]}}


def image_details(
    images: Sequence[ImageSummary], failed: Sequence[FailedImage], request: ImageRequest, baseline: str | None
) -> dict[str, Any]:
    """What stands in ``pellucid.json`` under ``explanations``: how values were found, and how sure each is."""
    objects = request.detection
    detection = {} if objects is None else {"detection": {name: getattr(objects, name) for name in objects.__slots__}}
    return {
        SECTION: {
            "estimator": request.plan.estimator,
            "seed": request.plan.seed,
            "link": request.link,
            "num_segments": request.num_segments,
            "segment_compactness": request.compactness,
            "baseline": {"source": "white noise"} if baseline is None else {"source": "given", "uri": baseline},
            **detection,
            "model_images": sum(image.model_images for image in images),
            "images": [image.to_details() for image in images],
            "failed": [{"image": image.name, "reason": image.reason} for image in failed],
        }
    }
