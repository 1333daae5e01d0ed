"""Partial dependence: how predictions move with one feature; curves of single rows; accumulated local effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.charts.curves import partial_dependence
from pellucid.nouns import counted
from pellucid.reports.content.context import Context, brief, output_named
from pellucid.reports.document import Block, Cell, Chart, Column, Notice, Paragraph, Section, Table
from pellucid.reports.numbers import number, share
from pellucid.reports.reading import listed, mapping, number_in
from pellucid.results.dependence import on_scale_of_predictions

__all__ = ["pdp_section"]

Floats = npt.NDArray[np.float64]

MOST_PLOTS = 30
MOST_POINTS = 60
MOST_OUTPUTS = 6


def pdp_section(context: Context) -> Section | None:
    """A chart for each feature, or why there is none."""
    plots = listed(context.explanations.get("pdp"))
    if not plots:
        return None
    introduction = (
        "The mean prediction over all rows with one feature set to one value after another, the others as they are. "
        "The spread of the rows stands beside each curve."
    )
    further = mapping(mapping(context.details.get("explanations")).get("pdp"))
    lines, effects = mapping(further.get("single_rows")), mapping(further.get("accumulated_local_effects"))
    if any(len(mapping(curves)) == 1 for curves in mapping(lines.get("curves")).values()):
        introduction += " Thin lines are single rows, chosen at random."
    if effects:
        introduction += (
            " Accumulated local effects move each row only as far as rows near it lie; where they part from partial "
            "dependence, the latter rests on rows that mix values which do not occur together."
        )
    blocks: list[Block] = [Paragraph(introduction)]
    for plot in plots[:MOST_PLOTS]:
        feature = str(plot.get("feature_name"))
        blocks.append(_plot(plot, mapping(lines.get("curves")).get(feature), effects.get(feature)))
    if len(plots) > MOST_PLOTS:
        more = counted(len(plots) - MOST_PLOTS, "further feature stands", "further features stand")
        blocks.append(Paragraph(f"{more} in the result files."))
    return Section(title="Partial dependence", anchor="partial-dependence", blocks=tuple(blocks))


def _plot(plot: Mapping[str, Any], lines: Any, effects: Any) -> Block:
    feature = brief(plot.get("feature_name"), 60)
    if isinstance(plot.get("error"), str):
        return Notice("missing", f"{feature}: {plot['error']}")
    read = _read(plot)
    if read is None:
        return Notice("missing", f"{feature}: the values of this plot were edited or damaged, and are left out.")
    points, curves, shares, outputs = read
    specification = partial_dependence(
        np.array(points, dtype=float if plot.get("data_type") == "numerical" else object),
        np.array(curves, dtype=float),
        feature=feature,
        outputs=outputs,
        distribution=None if shares is None else np.array([part or 0.0 for part in shares]),
        individual=_rows(lines, outputs, len(points)),
        accumulated=_accumulated(effects, plot),
        categorical=plot.get("data_type") != "numerical",
    )
    return Chart(
        title=f"Mean prediction by {feature}",
        specification=specification,
        description=str(specification["description"]),
        table=_table(feature, points, curves, shares, outputs),
    )


Plot = tuple[list[Any], list[list[float]], list[float | None] | None, list[str]]


def _read(plot: Mapping[str, Any]) -> Plot | None:
    """Points, curves, shares and outputs; None where they do not belong together."""
    points, curves = plot.get("feature_values"), plot.get("model_predictions")
    if not isinstance(points, list) or not isinstance(curves, list) or not points or not curves:
        return None
    read = [[number_in(value) for value in curve] for curve in curves if isinstance(curve, list)]
    if len(read) != len(curves) or any(len(curve) != len(points) or None in curve for curve in read):
        return None
    if plot.get("data_type") == "numerical":
        points = [number_in(point) for point in points]
        if None in points:
            return None
    labels = plot.get("label_headers")
    outputs = [str(label) for label in labels] if isinstance(labels, list) else []
    if len(outputs) != len(read):
        outputs = [f"output {i + 1}" for i in range(len(read))]
    given = plot.get("data_distribution")
    shares = [number_in(part) for part in given] if isinstance(given, list) and len(given) == len(points) else None
    known = [[value for value in curve if value is not None] for curve in read]
    return points, known[:MOST_OUTPUTS], shares, outputs[:MOST_OUTPUTS]


def _rows(lines: Any, outputs: Sequence[str], points: int) -> Floats | None:
    """Curves of single rows, shape (rows, points), where there is one output to draw them for."""
    curves = mapping(lines).get(outputs[0]) if len(outputs) == 1 else None
    if not isinstance(curves, list) or not curves:
        return None
    read = [[number_in(value) for value in curve] for curve in curves if isinstance(curve, list)]
    if len(read) != len(curves) or any(len(curve) != points or None in curve for curve in read):
        return None
    return np.array(read, dtype=np.float64)


def _accumulated(effects: Any, plot: Mapping[str, Any]) -> Floats | None:
    """Accumulated local effects at the points of the plot, shape (outputs, points)."""
    read = _read(plot)
    if read is None or read[2] is None or plot.get("data_type") != "numerical":
        return None
    points, curves, shares, outputs = read
    edges = [number_in(edge) for edge in _listed(mapping(effects).get("edges"))]
    of_labels = mapping(mapping(effects).get("labels"))
    found = [
        [number_in(value) for value in _listed(mapping(of_labels.get(output)).get("effects"))] for output in outputs
    ]
    if len(edges) < 2 or any(len(curve) != len(edges) or None in curve for curve in [edges, *found]):
        return None
    return on_scale_of_predictions(
        np.array(points, dtype=float),
        np.array(curves),
        np.array([part or 0.0 for part in shares or ()]),
        np.array(edges, dtype=float),
        np.array(found, dtype=float),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _table(
    feature: str,
    points: Sequence[Any],
    curves: Sequence[Sequence[float]],
    shares: Sequence[float | None] | None,
    outputs: Sequence[str],
) -> Table:
    named = [brief(output_named(output, outputs), 40) for output in outputs]
    titles = ["Mean prediction" if name == "the prediction" else name for name in named]
    columns = [Column(title=feature), *(Column(title=title, align="right") for title in titles)]
    if shares is not None:
        columns.append(Column(title="Share of rows", align="right"))
    rows = []
    for i, point in enumerate(points[:MOST_POINTS]):
        row: list[str | Cell] = [number(point) if isinstance(point, float) else brief(point)]
        row += [number(curve[i]) for curve in curves]
        if shares is not None:
            part = shares[i]
            row.append(Cell(text="suppressed", tone="suppressed") if part is None else share(part))
        rows.append(tuple(row))
    return Table(caption=f"Mean prediction by {feature}", columns=tuple(columns), rows=tuple(rows))
