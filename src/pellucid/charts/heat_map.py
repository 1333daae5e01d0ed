"""Pictures of explained images: a heat map over segments, and boxes around detected objects.

Blue segments raise a score and red ones lower it; the latter are hatched as well, so that the sign does not rest on
color.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pellucid.charts.fonts import font_for
from pellucid.charts.texts import short
from pellucid.errors import require
from pellucid.records import dataclass

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["BoxLabel", "heat_map", "labeled_boxes", "segment_borders"]

Box = tuple[float, float, float, float]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

LARGEST_SIDE, LEAST_SIDE = 560, 320
"""Of a panel in pixels: larger images are reduced, smaller ones enlarged."""
MARGIN, TEXT, SMALL = 16, 20, 14
"""In pixels; the latter two are heights of letters."""
RAISES, LOWERS = np.array([33.0, 90.0, 190.0]), np.array([190.0, 25.0, 40.0])
INK, FAINT, FRAME, PAPER = (25, 25, 25), (95, 95, 95), (205, 205, 205), (255, 255, 255)
STRONGEST = 0.78
"""Share of color in the segment of the largest value."""
HATCH_PERIOD, HATCH_WIDTH = 9, 2
HATCHED_FROM = 0.04
"""Share of the largest value from which on a segment is hatched: fainter ones show no color either."""


@dataclass(frozen=True, slots=True)
class BoxLabel:
    """A box to draw, with edges (left, top, right, bottom) as shares of the width and height, and what it says."""

    box: Box
    text: str


def heat_map(
    pixels: Bytes,
    segments: Integers,
    values: Floats,
    *,
    title: str,
    subtitle: str = "",
    note: str = "",
    box: Box | None = None,
) -> Image.Image:
    """The image, beside it the same with its segments colored by their values, and a scale.

    Parameters
    ----------
    pixels
        Shape (height, width, 3).
    segments
        Segment of every pixel, shape (height, width).
    values
        Of every segment, shape (segments,).
    title, subtitle
        Above the picture.
    note
        Below it.
    box
        Around the object that is explained.

    Raises
    ------
    MissingExtra
        Pillow is not installed.
    """
    image, of_pixel = _scaled(pixels, segments)
    limit = float(np.abs(values).max(initial=0.0)) or 1.0
    colored = _bordered(_colored(image, of_pixel, values / limit), of_pixel)
    parts = [_picture(array) for array in (image, colored)]
    if box is not None:
        for part in parts:
            _draw_box(part, box)
    return _composed(parts, title, subtitle, note, limit)


def labeled_boxes(pixels: Bytes, boxes: Sequence[BoxLabel]) -> Image.Image:
    """The image with boxes around objects, each numbered from 1 and labeled.

    Raises
    ------
    MissingExtra
        Pillow is not installed.
    """
    image, _ = _scaled(pixels, np.zeros(pixels.shape[:2], dtype=np.intp), largest=2 * LARGEST_SIDE)
    picture = _picture(image)
    for labeled in boxes:
        _draw_box(picture, labeled.box)
    for number, labeled in enumerate(boxes, start=1):
        _draw_label(picture, labeled.box, f"{number}  {labeled.text}" if labeled.text else str(number))
    return picture


def segment_borders(segments: Integers) -> npt.NDArray[np.bool_]:
    """Pixels whose right or lower neighbor belongs to another segment, shape (height, width).

    >>> segment_borders(np.array([[0, 0, 1]])).tolist()
    [[False, True, False]]
    """
    borders = np.zeros(segments.shape, dtype=bool)
    borders[:, :-1] |= segments[:, :-1] != segments[:, 1:]
    borders[:-1] |= segments[:-1] != segments[1:]
    return borders


def _pil(module: str) -> Any:
    return require(f"PIL.{module}", extra="images")


def _picture(array: npt.NDArray[Any]) -> Image.Image:
    picture: Image.Image = _pil("Image").fromarray(np.ascontiguousarray(array, dtype=np.uint8))
    return picture


def _scaled(pixels: Bytes, segments: Integers, largest: int = LARGEST_SIDE) -> tuple[Bytes, Integers]:
    """Image and segments in a size that is good to look at."""
    height, width = segments.shape
    side = max(height, width)
    scale = largest / side if side > largest else max(1, -(-LEAST_SIDE // side))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    rows = np.minimum((np.arange(size[1]) + 0.5) * height / size[1], height - 1).astype(np.intp)
    columns = np.minimum((np.arange(size[0]) + 0.5) * width / size[0], width - 1).astype(np.intp)
    of_pixel = segments[rows[:, None], columns]
    if scale >= 1:
        return pixels[rows[:, None], columns], of_pixel
    images = _pil("Image")
    reduced = images.fromarray(pixels).resize(size, images.Resampling.LANCZOS)
    return np.asarray(reduced), of_pixel


def _colored(image: Bytes, segments: Integers, strengths: Floats) -> Floats:
    """A pale gray image under the colors of its segments; ``strengths`` are in [-1, 1]."""
    gray = image @ np.array([0.299, 0.587, 0.114])
    pale = np.repeat((0.72 * gray + 0.28 * 255)[:, :, None], 3, axis=2)
    strength = strengths[segments][:, :, None]
    share = STRONGEST * np.abs(strength)
    mixed = (1 - share) * pale + share * np.where(strength >= 0, RAISES, LOWERS)
    y, x = np.indices(segments.shape)
    lines = np.less((x + y) % HATCH_PERIOD, HATCH_WIDTH).reshape(*segments.shape, 1)
    hatched = lines & (strength < -HATCHED_FROM)
    mixed = np.where(hatched, mixed * (1 - 0.25 - 0.4 * np.abs(strength)), mixed)
    return np.asarray(mixed)


def _bordered(colored: Floats, segments: Integers) -> Bytes:
    borders = segment_borders(segments).reshape(*segments.shape, 1)
    return np.asarray(np.where(borders, 0.45 * colored + 0.55 * 255, colored).round(), dtype=np.uint8)


def _draw_box(picture: Image.Image, box: Box) -> None:
    draw = _pil("ImageDraw").Draw(picture)
    left, top, right, bottom = _in_pixels(picture, box)
    # Outwards, so that the lines do not cover the object.
    for grow, color in ((0, INK), (1, PAPER), (2, PAPER), (3, INK)):
        draw.rectangle((left - grow, top - grow, right + grow, bottom + grow), outline=color)


def _in_pixels(picture: Image.Image, box: Box) -> tuple[int, int, int, int]:
    """Edges within the picture, the smaller ones first."""
    width, height = picture.size
    across = sorted(min(max(round(edge * (width - 1)), 0), width - 1) for edge in (box[0], box[2]))
    down = sorted(min(max(round(edge * (height - 1)), 0), height - 1) for edge in (box[1], box[3]))
    return across[0], down[0], across[1], down[1]


def _draw_label(picture: Image.Image, box: Box, text: str) -> None:
    draw, font = _pil("ImageDraw").Draw(picture), font_for(text, SMALL)
    left, top, _, _ = _in_pixels(picture, box)
    _, _, width, height = draw.textbbox((0, 0), text, font=font)
    x = max(0, min(left, picture.width - int(width) - 8))
    y = top - int(height) - 8 if top >= height + 8 else top
    draw.rectangle((x, y, x + width + 8, y + height + 8), fill=INK)
    draw.text((x + 4, y + 3), text, font=font, fill=PAPER)


def _composed(parts: Sequence[Image.Image], title: str, subtitle: str, note: str, limit: float) -> Image.Image:
    """Both panels side by side, or one below the other where they are wide, under the title and over the scale."""
    width, height = parts[0].size
    beside = width <= 1.7 * height
    panel_width = 2 * width + MARGIN if beside else width
    inner = max(panel_width, 440)
    lines = [*_lines(title, TEXT, inner), *_lines(subtitle, SMALL, inner)]
    below = _lines(note, SMALL, inner)
    top = MARGIN + sum(size + 8 for _, size in lines) + 4
    panels = height if beside else 2 * height + MARGIN
    scale_height = 62
    total = top + panels + MARGIN + scale_height + sum(size + 6 for _, size in below) + MARGIN
    picture: Image.Image = _pil("Image").new("RGB", (inner + 2 * MARGIN, total), PAPER)
    draw = _pil("ImageDraw").Draw(picture)
    y = MARGIN
    for text, size in lines:
        draw.text((MARGIN, y), text, font=font_for(text, size), fill=INK if size == TEXT else FAINT)
        y += size + 8
    picture.paste(parts[0], (MARGIN, top))
    at = (MARGIN + width + MARGIN, top) if beside else (MARGIN, top + height + MARGIN)
    picture.paste(parts[1], at)
    for x, y in ((MARGIN, top), at):
        draw.rectangle((x - 1, y - 1, x + width, y + height), outline=FRAME)
    _draw_scale(picture, (MARGIN, top + panels + MARGIN), min(inner, 440), limit)
    y = top + panels + MARGIN + scale_height
    for text, size in below:
        draw.text((MARGIN, y), text, font=font_for(text, size), fill=FAINT)
        y += size + 6
    return picture


def _draw_scale(picture: Image.Image, at: tuple[int, int], width: int, limit: float) -> None:
    """From the strongest lowering to the strongest raising, with the numbers at the ends."""
    height = 16
    columns = np.repeat(np.arange(width)[None, :], height, axis=0)
    plain = np.full((height, width, 3), 235, dtype=np.uint8)
    picture.paste(_picture(_colored(plain, columns, np.linspace(-1, 1, width)).round()), at)
    draw, font = _pil("ImageDraw").Draw(picture), font_for("", SMALL)
    x, y = at[0], at[1] + height + 5
    said = zip(("lowers (hatched)", "", "raises"), _scale_numbers(limit), "lmr", strict=True)
    for (words, number, anchor), place in zip(said, (x, x + width // 2, x + width), strict=True):
        draw.text((place, y), number, font=font, fill=INK, anchor=f"{anchor}a")
        draw.text((place, y + SMALL + 4), words, font=font, fill=FAINT, anchor=f"{anchor}a")


def _scale_numbers(limit: float) -> tuple[str, str, str]:
    """The numbers at the lower end, in the middle and at the upper end of the scale.

    >>> _scale_numbers(1234.5), _scale_numbers(0.2)
    (('-1,234', '0', '+1,234'), ('-0.200', '0', '+0.200'))
    """
    return f"-{short(limit)}", "0", f"+{short(limit)}"  # the font that comes along has no sign of minus


def _lines(text: str, size: int, width: int) -> list[tuple[str, int]]:
    """The text cut into lines that fit, each with the height of its letters."""
    font, lines, line = font_for(text, size), [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            lines.append(line)
            longer = word
        line = longer
    return [(done, size) for done in [*lines, *([line] if line else [])]]
