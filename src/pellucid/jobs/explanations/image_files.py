"""The files that images leave behind: pictures and arrays, named as Clarify names them.

Source: names of detection's pictures as in outputs of Clarify; those of classification and of the arrays are our own.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.errors import DataError, Problem, require
from pellucid.records import dataclass
from pellucid.results.image_explanation import ExplainedImage

__all__ = ["ImageFiles", "heat_maps_named", "is_image_file", "preview"]

JPEG_QUALITY = 92
LONGEST_LABEL = 80
PREVIEW_SIDE, PREVIEW_QUALITY = 720, 72
"""Of pictures in reports."""


@dataclass(slots=True)
class ImageFiles:
    """Writes files aside and keeps the names that they will get; names that are taken are numbered.

    Parameters
    ----------
    aside
        Folder for files that are moved into place at the end.
    """

    aside: Path
    written: dict[str, Path] = field(default_factory=dict)
    _stems: set[str] = field(default_factory=set)

    def write(self, found: ExplainedImage, confidence_level: float) -> tuple[list[dict[str, str]], dict[str, str]]:
        """Files of one image: for each output a picture and an array, and those of the whole image.

        Raises
        ------
        DataError
            They cannot be written.
        """
        stem = self._free(_flat(found.name.rpartition(".")[0] or found.name))
        try:
            return self._outputs(found, stem, confidence_level), self._whole(found, stem)
        except OSError as error:
            fix = f"{error.strerror or error}. Give a folder with enough space with --output."
            raise DataError(Problem("--output", fix=fix)) from None

    def _outputs(self, found: ExplainedImage, stem: str, confidence_level: float) -> list[dict[str, str]]:
        files, taken = [], set()
        for i, output in enumerate(found.outputs):
            end = f"box{i + 1}_object" if output.box is not None else _flat(output.label)[:LONGEST_LABEL]
            end = end if end not in taken else f"{end}_{output.class_id}"
            taken.add(end)
            name = f"shap_{stem}_{end}"
            picture = found.overlay(i, confidence_level=confidence_level)
            picture.save(self._place(f"{name}.jpeg"), "JPEG", quality=JPEG_QUALITY)
            np.save(self._place(f"{name}.npy"), found.pixel_map(i))
            files.append({"picture": f"{name}.jpeg", "array": f"{name}.npy"})
        return files

    def _whole(self, found: ExplainedImage, stem: str) -> dict[str, str]:
        files = {}
        if found.outputs:
            # Not "shap_<name>_segments": a class may be called so.
            files["segments"] = f"{stem}_segments.npy"
            np.save(
                self._place(files["segments"]), found.segments.astype(np.min_scalar_type(int(found.segments.max())))
            )
        if any(output.box is not None for output in found.outputs):
            files["objects"] = f"{stem}_objects.jpeg"
            found.objects_picture().save(self._place(files["objects"]), "JPEG", quality=JPEG_QUALITY)
        return files

    def _place(self, name: str) -> Path:
        self.written[name] = self.aside / name
        return self.written[name]

    def _free(self, stem: str) -> str:
        number, free = 2, stem
        while free.casefold() in self._stems:
            free, number = f"{stem}_{number}", number + 1
        self._stems.add(free.casefold())
        return free


def _flat(name: str) -> str:
    """A name that can be part of a file's name: path separators become underscores, as in Clarify.

    >>> _flat("animals/cat_7"), _flat("a:b")
    ('animals_cat_7', 'a_b')
    """
    return re.sub(r'[/\\:*?"<>|\x00-\x1f]', "_", name).strip(". ") or "_"


def is_image_file(name: str) -> bool:
    """Whether an earlier job may have written a file of this name.

    >>> is_image_file("shap_cat_7_box1_object.jpeg"), is_image_file("../notes.npy"), is_image_file("photo.jpeg")
    (True, False, False)
    """
    ends = ("_objects.jpeg", "_segments.npy")
    return "/" not in name and "\\" not in name and (name.startswith("shap_") or name.endswith(ends))


def heat_maps_named(analysis: Mapping[str, Any]) -> tuple[str, ...]:
    """Pictures of heat maps that ``analysis.json`` names; only what is read as the name of one."""
    try:
        outputs = [out for image in analysis["explanations"]["image_shap"]["images"] for out in image["outputs"]]
        names = [out["heat_map"] for out in outputs]
    except (KeyError, TypeError):
        return ()
    return tuple(name for name in names if isinstance(name, str) and is_image_file(name) and name.endswith(".jpeg"))


def preview(file: Path) -> bytes | None:
    """A picture reduced for a report, as a JPEG file; None where it is not there or cannot be read."""
    images = require("PIL.Image", extra="images")
    reduced = io.BytesIO()
    try:
        with images.open(file, formats=("JPEG",)) as picture:
            picture.thumbnail((PREVIEW_SIDE, 2 * PREVIEW_SIDE))
            picture.save(reduced, "JPEG", quality=PREVIEW_QUALITY, optimize=True)
    except (OSError, ValueError, SyntaxError):
        return None
    return reduced.getvalue()
