"""Explained texts: the words that move an output most, and a few texts with their units marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pellucid.charts.importances import ImportanceBar, importance
from pellucid.critical_value import critical_value
from pellucid.reports.content.context import Context, brief, output_named
from pellucid.reports.document import Block, Chart, MarkedText, Notice, Paragraph, Section
from pellucid.reports.numbers import number
from pellucid.reports.reading import listed, mapping, number_in

__all__ = ["texts_section"]

WORDS = 20
"""Words of a chart."""
RECORDS = 6
"""Texts that are shown."""
FAINT = 0.02
"""Share of the strongest value below which a unit is not marked."""
ROUNDING = 1e-6
"""Share of the strongest value, or of the prediction, below which a value is no more than rounding."""

Run = tuple[str, float]


def texts_section(context: Context, outputs: Sequence[str]) -> Section | None:
    """Top words and marked texts of some outputs; None where no text was explained.

    Parameters
    ----------
    outputs
        Labels, as they stand in ``analysis.json``.
    """
    explained = mapping(context.explanations.get("kernel_shap"))
    top = {label: _columns(mapping(explained.get(label)).get("global_top_shap_text")) for label in outputs}
    details = mapping(mapping(context.details.get("explanations")).get("kernel_shap"))
    records = listed(mapping(details.get("texts")).get("records"))[:RECORDS]
    if not any(top.values()) and not records:
        return None
    blocks: list[Block] = [
        Paragraph(
            "Units of texts (words, sentences or paragraphs) share the difference between the prediction and that for "
            "the text with every unit masked. A word of a longer unit counts with an equal part of it. In the texts "
            "below, units are left unmarked whose value may be 0, or is less than a fiftieth of the strongest."
        )
    ]
    for label in outputs:
        named = output_named(label, outputs)
        blocks += [*_top_words(named, top[label]), *_marked(context, label, named, records)]
    return Section(title="Texts", anchor="shap-texts", blocks=tuple(blocks))


def _columns(given: Any) -> dict[str, dict[str, float]]:
    """Words by column; AWS's guide shows them without columns, its files with."""
    found: dict[str, dict[str, float]] = {}
    for name, entry in mapping(given).items():
        value = number_in(entry)
        if value is not None:
            found.setdefault("", {})[str(name)] = value
        read = {str(word): number_in(cell) for word, cell in mapping(entry).items()}
        if read:
            found[str(name)] = {word: cell for word, cell in read.items() if cell is not None}
    return found


def _top_words(label: str, columns: Mapping[str, Mapping[str, float]]) -> Iterator[Block]:
    for column, words in columns.items():
        if not words:
            continue
        strongest = max(map(abs, words.values()))
        bars = [
            ImportanceBar(feature=word, value=value)
            for word, value in words.items()
            if abs(value) >= ROUNDING * strongest
        ]
        chart = importance(bars, limit=WORDS, axis_title="Value of the word, over all its occurrences")
        of_column = f" in {brief(column, 60)}" if column else ""
        yield Chart(
            title=f"Words{of_column} that move {label} most",
            specification=chart,
            description=str(chart["description"]),
        )


def _marked(context: Context, label: str, named: str, records: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    reach = critical_value(context.confidence_level)
    for record in records:
        entry = mapping(mapping(record.get("labels")).get(label))
        base, prediction, place = (
            number_in(value) for value in (entry.get("base_value"), entry.get("prediction"), record.get("row"))
        )
        rounding = ROUNDING * max(abs(prediction or 0.0), abs(base or 0.0))
        values = _told_apart(entry.get("values"), entry.get("standard_errors"), reach, rounding)
        runs = _runs(record.get("text"), record.get("units"), values)
        if base is None or prediction is None or runs is None:
            yield Notice("missing", "A marked text was edited or damaged, and is left out.")
            continue
        where = "" if place is None else f"Row {place + 1:,.0f} of the data: "
        caption = f"{where}{named} is {number(prediction)}; with every unit masked {number(base)}."
        strongest = max((abs(value) for _, value in runs), default=0.0)
        yield MarkedText(runs=tuple(runs), limit=strongest or 1.0, caption=caption)


def _told_apart(values: Any, errors: Any, reach: float, rounding: float) -> Any:
    """Values, 0 in the place of those that may be 0 or are too faint to be seen; as they are where they are damaged.

    ``reach`` is how many standard errors from its value an interval ends.
    """
    if not isinstance(values, list) or any(number_in(value) is None for value in values):
        return values
    known = errors if isinstance(errors, list) and len(errors) == len(values) else [None] * len(values)
    faint = max(rounding, FAINT * max((abs(value) for value in values), default=0.0))
    return [
        0.0 if abs(value) < max(faint, reach * (number_in(error) or 0.0)) else value
        for value, error in zip(values, known, strict=True)
    ]


def _runs(text: Any, units: Any, values: Any) -> list[Run] | None:
    """The text in parts with their values; None where these do not belong together."""
    if not isinstance(text, str) or not isinstance(units, list) or not isinstance(values, list):
        return None
    if len(units) != len(values):
        return None
    runs: list[Run] = []
    at = 0
    for span, value in zip(units, values, strict=True):
        read = number_in(value)
        if read is None or not _is_span(span, at, len(text)):
            return None
        start, end = span
        runs += [(text[at:start], 0.0)] if start > at else []
        runs.append((text[start:end], read))
        at = end
    return [*runs, (text[at:], 0.0)] if at < len(text) else runs


def _is_span(span: Any, at: int, length: int) -> bool:
    if not isinstance(span, list) or len(span) != 2 or not all(type(end) is int for end in span):
        return False
    return bool(at <= span[0] < span[1] <= length)
