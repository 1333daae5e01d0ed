"""What explaining images gives: a Shapley value for every segment, how sure it is, and pictures of both."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pellucid.argument_kinds import SHARE, SWITCH, position, refuse_other_kinds
from pellucid.charts.fonts import readable
from pellucid.charts.heat_map import BoxLabel, heat_map, labeled_boxes
from pellucid.critical_value import critical_value
from pellucid.errors import ConfigError, Problem
from pellucid.records import dataclass
from pellucid.results.rounding import significant

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["ExplainedImage", "ImageExplanation", "ImageOutput"]

Box = tuple[float, float, float, float]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

PICTURES_IN_NOTEBOOK = 6
JPEG_QUALITY = 92
LOG_ODDS = "Log-odds: "
NEGLIGIBLE = 1e-4
"""Share of the largest value below which errors are not told one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOutput:
    """A score of the model that is explained: that of a class, or of an object that was detected.

    Parameters
    ----------
    label
        Name of the class.
    class_id
        Its position among the classes, from 0.
    score
        Of the image as it is.
    box
        Left, top, right and bottom edge of the object, as shares of the width and height; None of a class.
    """

    label: str
    class_id: int
    score: float
    box: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExplainedImage:
    """The explanation of one image.

    Parameters
    ----------
    name
        Of the image.
    pixels
        As it was shown to the model, shape (height, width, 3).
    segments
        Segment of every pixel, shape (height, width), from 0.
    outputs
        What is explained; empty where no object was found.
    values, standard_errors
        Of every segment, shape (segments, outputs). An error is 0 where the value is exact and nan where the design
        gives none; it covers the sampling of coalitions, not the choice of baseline or segments.
    base_values, predictions
        Scores of the image with all segments hidden, and with none, shape (outputs,), in the space of the link.
    methods
        How each output was explained, such as ``enumeration`` or ``leverage``.
    samples
        Coalitions asked for each output besides the empty and the full one.
    model_images
        Images that the model was asked for.
    seed
        Of this image's random numbers: the seed of the job, mixed with the pixels.
    notes
        What a reader should know of this image.
    link
        ``identity``, or ``logit`` where log-odds are explained.
    """

    name: str
    pixels: Bytes
    segments: Integers
    outputs: tuple[ImageOutput, ...]
    values: Floats
    standard_errors: Floats
    base_values: Floats
    predictions: Floats
    methods: tuple[str, ...]
    samples: tuple[int, ...]
    model_images: int
    seed: int
    notes: tuple[str, ...] = ()
    link: str = "identity"

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width, _ = self.pixels.shape
        return height, width

    def pixel_map(self, output: int = 0, *, spread: bool = False) -> Floats:
        """The value of its segment at every pixel, shape (height, width).

        Parameters
        ----------
        output
            Position among ``outputs``.
        spread
            Divide each value among the pixels of its segment, so that the map adds up to what is explained.

        Raises
        ------
        ConfigError
            There is no such output.
        """
        refuse_other_kinds(("spread", spread, SWITCH))
        values = self.values[:, self._place(output)]
        if spread:
            values = values / np.bincount(self.segments.ravel(), minlength=len(values))
        return np.asarray(values[self.segments])

    def _place(self, output: int) -> int:
        return position("output", output, len(self.outputs))

    def overlay(self, output: int = 0, *, confidence_level: float = 0.95) -> Image.Image:
        """The image with its segments colored by their values: blue raises the score, red and hatched lowers it.

        Raises
        ------
        ConfigError
            There is no such output.
        MissingExtra
            Pillow is not installed.
        """
        refuse_other_kinds(("confidence_level", confidence_level, SHARE))
        output = self._place(output)
        found = self.outputs[output]
        ends = self.base_values[output], self.predictions[output]
        base, prediction = (significant(float(end), 3) for end in ends)
        space = LOG_ODDS if self.link == "logit" else ""
        return heat_map(
            self.pixels,
            self.segments,
            self.values[:, output],
            title=f"{_shown(found)}, score {significant(found.score, 3)}",
            subtitle=f"{space}{prediction} with every segment shown, {base} with all of them hidden",
            note=self._sureness(output, confidence_level),
            box=found.box,
        )

    def _sureness(self, output: int, confidence_level: float) -> str:
        errors, number = self.standard_errors[:, output], len(self.values)
        segments = f"{number} segment" if number == 1 else f"{number} segments"
        if not np.isfinite(errors).all():
            return f"{segments}; the samples are too few for error bars."
        if not errors.any():
            return f"{segments}; the values are exact for this baseline."
        margin = critical_value(confidence_level) * errors
        sizes = np.abs(self.values[:, output])
        if margin.max() < NEGLIGIBLE * sizes.max():
            return f"{segments}; the sampling error is below {100 * NEGLIGIBLE:g} % of the largest value."
        unsure = int((sizes <= margin).sum())
        known = "the sign of every value is certain" if not unsure else f"{unsure} may be 0"
        largest = significant(float(margin.max()), 2)
        return f"{segments}; sampling error up to ±{largest} ({100 * confidence_level:g} %); {known}."

    def objects_picture(self) -> Image.Image:
        """The image with a numbered box around every explained object.

        Raises
        ------
        MissingExtra
            Pillow is not installed.
        """
        boxes = [BoxLabel(out.box, f"{_shown(out)} {out.score:.2f}") for out in self.outputs if out.box is not None]
        return labeled_boxes(self.pixels, boxes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageExplanation:
    """Shapley values of the segments of some images, with standard errors.

    Over the segments, the values of an image and an output add up to its prediction minus its base value.

    Parameters
    ----------
    images
        One for each image given, in order.
    seed
        An equal seed gives equal numbers.
    link
        ``identity``, or ``logit`` where log-odds are explained.
    confidence_level
        Of the error bars in pictures and tables.
    notes
        What a reader should know.
    """

    images: tuple[ExplainedImage, ...]
    seed: int
    link: str = "identity"
    confidence_level: float = 0.95
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> ExplainedImage:
        return self.images[index]

    @property
    def values(self) -> tuple[Floats, ...]:
        """Values by image, shape (segments, outputs) each."""
        return tuple(image.values for image in self.images)

    @property
    def standard_errors(self) -> tuple[Floats, ...]:
        """Standard errors by image, shape (segments, outputs) each."""
        return tuple(image.standard_errors for image in self.images)

    @property
    def segments(self) -> tuple[Integers, ...]:
        """Segment of every pixel by image, shape (height, width) each."""
        return tuple(image.segments for image in self.images)

    @property
    def base_values(self) -> tuple[Floats, ...]:
        """Scores with all segments hidden by image, shape (outputs,) each."""
        return tuple(image.base_values for image in self.images)

    @property
    def predictions(self) -> tuple[Floats, ...]:
        """Scores of the images, shape (outputs,) each."""
        return tuple(image.predictions for image in self.images)

    @property
    def model_images(self) -> int:
        """Images that the model was asked for in all."""
        return sum(image.model_images for image in self.images)

    def pixel_map(self, index: int, output: int = 0, *, spread: bool = False) -> Floats:
        """See `ExplainedImage.pixel_map`."""
        return self.images[position("index", index, len(self.images))].pixel_map(output, spread=spread)

    def overlay(self, index: int, output: int = 0) -> Image.Image:
        """See `ExplainedImage.overlay`."""
        return self.images[position("index", index, len(self.images))].overlay(
            output, confidence_level=self.confidence_level
        )

    def to_png(self, index: int, output: int = 0) -> bytes:
        """The overlay as a PNG file."""
        return _encoded(self.overlay(index, output), "PNG")

    def to_frame(self) -> Any:
        """A long table with one row per image, output and segment.

        Columns: image, output, segment, pixels, value, standard_error, low, high; the ends are those of the confidence
        interval. It is of the first of pandas, Polars and Arrow that is installed.

        Raises
        ------
        MissingExtra
            None of them is installed.
        """
        from pellucid.results.tables import frame_of_columns

        factor = critical_value(self.confidence_level)
        records = [
            (image.name, out.label, segment, int(pixels), value, error, value - factor * error, value + factor * error)
            for image in self.images
            for i, out in enumerate(image.outputs)
            for segment, (pixels, value, error) in enumerate(
                zip(
                    np.bincount(image.segments.ravel()).tolist(),
                    image.values[:, i].tolist(),
                    image.standard_errors[:, i].tolist(),
                    strict=True,
                )
            )
        ]
        names = ("image", "output", "segment", "pixels", "value", "standard_error", "low", "high")
        columns: Mapping[str, list[Any]] = {name: [record[i] for record in records] for i, name in enumerate(names)}
        return frame_of_columns(
            {name: np.array(cells, dtype=object if name in names[:2] else None) for name, cells in columns.items()}
        )

    def to_shap(self) -> Any:
        """A ``shap.Explanation`` for ``shap.plots.image``; images of one size with equally many outputs.

        Each value is divided among the pixels and colors of its segment, so that ``values`` of shape (images, height,
        width, 3, outputs) add up to what is explained.

        Raises
        ------
        ConfigError
            The images differ in size or in the number of outputs.
        MissingExtra
            shap is not installed.
        """
        shapes = {(*image.size, len(image.outputs)) for image in self.images}
        if len(shapes) != 1:
            found = sorted(f"{height} x {width} with {outputs} outputs" for height, width, outputs in shapes)
            fix = "shap holds images of one size and equally many outputs. Explain such images together."
            raise ConfigError(Problem("images", found, fix=fix))
        from pellucid.results.shap_explanation import shap_package

        shap = shap_package()
        outputs = len(self.images[0].outputs)
        maps = np.array([[image.pixel_map(i, spread=True) / 3 for i in range(outputs)] for image in self.images])
        values = np.repeat(np.moveaxis(maps, 1, -1)[:, :, :, None, :], 3, axis=3)
        return shap.Explanation(
            values=values,
            base_values=np.array(self.base_values),
            data=np.array([image.pixels for image in self.images]),
            # As an array: of a list shap cannot tell that each image has names of its own.
            output_names=np.array([[out.label for out in image.outputs] for image in self.images]),
        )

    def __repr__(self) -> str:
        """Its size and what it took: thousands of numbers would say less."""
        return f"ImageExplanation(images={len(self)}, model_images={self.model_images})"

    def __str__(self) -> str:
        from pellucid.results.printed import printed_images

        return printed_images(self)

    def _repr_html_(self) -> str:
        pictures = [(image, i) for image in self.images for i in range(len(image.outputs))]
        shown = "".join(self._figure(image, i) for image, i in pictures[:PICTURES_IN_NOTEBOOK])
        rest = len(pictures) - PICTURES_IN_NOTEBOOK
        named = "picture" if rest == 1 else "pictures"
        more = f"<p>{rest:,} more {named}: call overlay(index, output).</p>" if rest > 0 else ""
        notes = "".join(f"<li>{escape(note)}</li>" for note in dict.fromkeys((*self.notes, *self._image_notes())))
        return f"<div>{shown}{more}<ul>{notes}</ul></div>" if notes else f"<div>{shown}{more}</div>"

    def _image_notes(self) -> list[str]:
        return [f"{image.name}: {note}" for image in self.images for note in image.notes]

    def _figure(self, image: ExplainedImage, output: int) -> str:
        picture = image.overlay(output, confidence_level=self.confidence_level)
        data = base64.b64encode(_encoded(picture, "JPEG", quality=JPEG_QUALITY)).decode("ascii")
        says = f"{image.name}: segments that raise or lower the score of {image.outputs[output].label}"
        return (
            f'<figure style="margin:0 0 1em"><img style="max-width:100%" alt="{escape(says, quote=True)}" '
            f'src="data:image/jpeg;base64,{data}"><figcaption>{escape(image.name)}</figcaption></figure>'
        )


def _shown(output: ImageOutput) -> str:
    """The label as it can be drawn on this machine."""
    return readable(output.label, f"class {output.class_id}")


def _encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
