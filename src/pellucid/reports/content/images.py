"""Explained images: which segments raise or lower the scores of classes and of detected objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pellucid.nouns import counted
from pellucid.reports.content.context import Context, brief, numbered
from pellucid.reports.document import Block, Cell, Column, Facts, Notice, Paragraph, Picture, Section, Table
from pellucid.reports.numbers import count, margin, number
from pellucid.reports.reading import listed, mapping, number_in

__all__ = ["images_section"]

KEY = "image_shap"
LISTED = 40


def images_section(context: Context) -> Section | None:
    """Heat maps of the first images, and a table of what was explained."""
    found = mapping(context.explanations.get(KEY))
    details = mapping(mapping(context.details.get("explanations")).get(KEY))
    outputs = [(image, out) for image in listed(found.get("images")) for out in listed(image.get("outputs"))]
    blocks: list[Block] = [Paragraph(_introduction(found, details)), *_facts(found, details), *_failed(details)]
    shown = [(image, out) for image, out in outputs if out.get("heat_map") in context.pictures]
    blocks += [_picture(context, image, out) for image, out in shown]
    if len(shown) < len(outputs):
        blocks.append(Paragraph(f"{counted(len(outputs) - len(shown), 'further heat map')}: see the result files."))
    blocks += _table(context, outputs, details)
    return Section(title="What moves the scores of images", anchor="images", blocks=tuple(blocks))


def _introduction(found: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    objects = found.get("model_type") == "object_detection"
    what = "the scores of the best objects" if objects else "the score of the predicted or chosen class"
    source = mapping(details.get("baseline")).get("source")
    hidden = {"white noise": "white noise", "given": "the baseline image"}.get(str(source), "a baseline image")
    return (
        f"Each image is cut into segments of like color, and {what} {'are' if objects else 'is'} shared among them: a "
        f"value says how much the score rises when the segment is shown in the place of {hidden}. All values and the "
        "score without any segment add up to the score. Blue raises it; red, which is hatched, lowers it. A value says "
        "what the model uses, not why the thing shown is what it is."
    )


def _facts(found: Mapping[str, Any], details: Mapping[str, Any]) -> Iterator[Block]:
    facts = [("Images explained", count(len(listed(found.get("images")))))]
    asked = number_in(details.get("model_images"))
    facts += [] if asked is None else [("Images asked of the model", count(asked))]
    wanted = number_in(details.get("num_segments"))
    facts += [] if wanted is None else [("Segments wanted per image", count(wanted))]
    yield Facts(tuple(facts))


def _failed(details: Mapping[str, Any]) -> Iterator[Block]:
    failed = listed(details.get("failed"))
    if failed:
        reasons = [f"{brief(image.get('image'))} ({brief(image.get('reason'), 160)})" for image in failed]
        yield Notice("warning", f"{counted(len(failed), 'image')} could not be explained: {numbered(reasons)}.")


def _picture(context: Context, image: Mapping[str, Any], output: Mapping[str, Any]) -> Picture:
    name, label = brief(image.get("image")), brief(output.get("label"))
    return Picture(
        data=context.pictures[str(output["heat_map"])],
        media_type="image/jpeg",
        description=f"{name}: segments that raise or lower the score of {label}, {_number(output.get('score'))}",
        caption=f"{name}: {label}",
    )


def _table(context: Context, outputs: list[tuple[Any, Any]], details: Mapping[str, Any]) -> Iterator[Block]:
    if not outputs:
        yield Notice("information", "Nothing was found in the images that could be explained.")
        return
    strongest = {
        (image.get("image"), i): _strongest(output, context.confidence_level)
        for image in listed(details.get("images"))
        for i, output in enumerate(listed(image.get("outputs")))
    }
    rows, place = [], dict.fromkeys((image.get("image") for image, _ in outputs), 0)
    for image, output in outputs[:LISTED]:
        value, error = strongest.get((image.get("image"), place[image.get("image")]), ("", ""))
        place[image.get("image")] += 1
        score, base = _number(output.get("score")), _number(output.get("expected_value"))
        label = Cell(text=brief(output.get("label")))
        rows.append((brief(image.get("image")), label, score, base, value, error))
    meaning = "The value of the segment that moves the score most."
    yield Table(
        caption="What was explained" + (f", the first {LISTED}" if len(outputs) > LISTED else ""),
        columns=(
            Column(title="Image"),
            Column(title="Explained"),
            Column(title="Score", align="right"),
            Column(title="All hidden", align="right", meaning="The score with every segment hidden."),
            Column(title="Strongest", align="right", meaning=meaning),
            Column(
                title=f"{context.level} interval",
                align="right",
                meaning="Half the width of the widest interval of any segment.",
            ),
        ),
        rows=tuple(rows),
    )


def _strongest(output: Mapping[str, Any], level: float) -> tuple[str, str]:
    """The largest value of a segment, and half the width of the widest interval."""
    found = output.get("values"), output.get("standard_errors")
    values, errors = ([number_in(part) for part in row] if isinstance(row, list) else [] for row in found)
    known = [value for value in values if value is not None]
    sizes = [error for error in errors if error is not None]
    said = "not known" if len(sizes) < len(values) else margin(max(sizes, default=0.0), level)
    return (number(max(known, key=abs)), said) if known else ("", "")


def _number(value: object) -> str:
    found = number_in(value)
    return "" if found is None else number(found)
