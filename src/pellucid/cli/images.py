"""Explained images for people at a terminal: what was explained, how sure the values are, and where the picture is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from pellucid.cli.terminal import clean, heading, number, plain_table
from pellucid.jobs.explanations.image_results import ImageSummary
from pellucid.nouns import counted
from pellucid.results.rounding import margin

__all__ = ["images_shown"]

SHOWN_PICTURES = 20


def images_shown(images: Sequence[ImageSummary], level: float) -> list[RenderableType]:
    """A table with a line for every picture, the first ones of a long job."""
    table = plain_table("image", "explained", "score", "segments", "strongest", f"{100 * level:g} % interval")
    for i in (2, 3, 4, 5):
        table.columns[i].justify, table.columns[i].no_wrap = "right", True
    lines = [(image, i) for image in images for i in range(len(image.outputs))]
    for image, i in lines[:SHOWN_PICTURES]:
        output = image.outputs[i]
        cells = (
            clean(image.name),
            clean(output.label),
            number(output.score),
            str(image.segments),
            number(max(image.values[i], key=abs)),
            _widest(image, i, level),
        )
        table.add_row(*map(Text, cells))
    rest = len(lines) - SHOWN_PICTURES
    more: list[RenderableType] = [Text(f"  and {counted(rest, 'more heat map')}", style="dim")] if rest > 0 else []
    title = counted(len(images), "image")
    return [heading(f"Heat maps of {title}"), Padding(table, (0, 0, 0, 2)), *more]


def _widest(image: ImageSummary, output: int, level: float) -> str:
    """Half the width of the widest interval of a segment's value."""
    errors = [error for error in image.standard_errors[output] if error is not None]
    if len(errors) < len(image.standard_errors[output]):
        return "not known"
    return margin(max(errors), level)
