"""Explained texts as a notebook shows them: units marked by sign and strength, no script, no style sheet."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from pellucid.nouns import counted
from pellucid.results.rounding import significant

if TYPE_CHECKING:
    from pellucid.results.text_explanation import ExplainedText, TextExplanation

__all__ = ["html_of"]

TEXTS, OUTPUTS = 20, 10
"""Most texts and outputs that are shown."""
UP, DOWN = "37,99,176", "198,91,18"
"""Blue and orange, which people who confuse red and green tell apart."""
FAINT = 0.02
"""Share of the strongest value below which a unit is not marked."""
ROUNDING = 1e-6
"""Share of the prediction below which values are no more than rounding."""


def html_of(explanation: TextExplanation) -> str:
    """The texts of an explanation as HTML; all that comes from the data is escaped."""
    notes = "".join(f"<p>{escape(note)}</p>" for note in explanation.notes)
    shown = explanation.texts[:TEXTS]
    many = len(explanation.texts)
    what = f"{counted(many, 'text')}, explained by {explanation.granularity}"
    left_out = f"<p>The first {TEXTS} of {many:,} texts.</p>" if many > TEXTS else ""
    legend = (
        f"<p>{_marked('raises', 1.0, '')} the output, {_marked('lowers', -1.0, '')} it; "
        "the stronger the shade, the more.</p>"
    )
    body = "".join(_text(explanation, row, text) for row, text in enumerate(shown))
    asked = f"{counted(explanation.model_rows, 'text')} asked"
    html = f"<div><p><b>Explanation</b>: {what}; {asked}</p>{legend}{body}{left_out}{notes}</div>"
    return html.encode(errors="replace").decode()  # no page can hold half of a surrogate pair


def _text(explanation: TextExplanation, row: int, text: ExplainedText) -> str:
    parts = []
    for place, output in enumerate(explanation.outputs[:OUTPUTS]):
        base, prediction = text.base_values[place], text.predictions[place]
        head = (
            f"Text {row}, <b>{escape(output)}</b> = {significant(prediction, 4)} "
            f"(all masked: {significant(base, 4)}; {escape(text.method)}"
            f"{', ' + format(text.samples, ',') + ' samples' if text.samples else ''})"
        )
        strongest = max((abs(value) for value in text.values[:, place].tolist()), default=0.0)
        strongest = strongest if strongest > ROUNDING * max(abs(base), abs(prediction)) else 0.0
        marks = _marks(explanation, text, place, strongest)
        body = marks or "<i>No unit to explain.</i>"
        parts.append(
            f'<div style="margin-top:1em"><div style="font-size:90%">{head}</div>'
            f'<div dir="auto" style="line-height:1.9;white-space:pre-wrap;overflow-wrap:anywhere">{body}</div></div>'
        )
    return "".join(parts)


def _marks(explanation: TextExplanation, text: ExplainedText, output: int, strongest: float) -> str:
    found, at = [], 0
    for unit, value, error in zip(text.units, text.values[:, output], text.standard_errors[:, output], strict=True):
        found.append(escape(text.text[at : unit.start]))
        at = unit.start + len(unit.text)
        margin = explanation.reach * float(error)
        sure = f" ± {significant(margin, 2)}" if margin > 0 and math.isfinite(margin) else ""
        said = significant(float(value), 3, "+") + sure
        strength = float(value) / strongest if strongest > 0 else 0.0
        found.append(_marked(unit.text, strength, said) if abs(strength) >= FAINT else escape(unit.text))
    return "".join([*found, escape(text.text[at:])])


def _marked(text: str, strength: float, said: str) -> str:
    """A unit in its shade, with a sign and a line (solid up, dashed down); ``said`` is shown where it is pointed at."""
    color, line, sign = (UP, "solid", "+") if strength > 0 else (DOWN, "dashed", "\N{MINUS SIGN}")
    shade = round(float(np.clip(0.08 + 0.42 * abs(strength), 0, 0.5)), 2)
    title = f' title="{escape(said)}"' if said else ""
    return (
        f'<span{title} style="background:rgba({color},{shade});border-bottom:2px {line} rgb({color})">'
        f'<sup style="line-height:0">{sign}</sup>{escape(text)}</span>'
    )
