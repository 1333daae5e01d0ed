"""How groups are made up: shares of categories, and the four cells of right and wrong predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pellucid.charts.panels import share_of
from pellucid.charts.specification import PERCENT_AXIS, Layer, after, chart, empty, legend, tooltips
from pellucid.charts.texts import TITLE, clipped, distinct, is_known, percent, rounded, spoken, width_of
from pellucid.charts.theme import BLUE, CATEGORIES, GRAY, ORANGE, Specification
from pellucid.records import dataclass

__all__ = ["GroupConfusion", "Share", "confusion_matrices", "distribution"]

BAR, CELL, HEADER = 28, 36, 34
"""Heights of rows and of the names above the cells, in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How much of a group falls into a category.

    Parameters
    ----------
    group
        Name of the group; the same for all where there is one only.
    category
        Such as a value of the label.
    share
        In [0, 1]; None where it is not shown, since it would tell of few people.
    rows
        Their number.
    """

    group: str
    category: str
    share: float | None
    rows: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupConfusion:
    """Right and wrong predictions of a group: numbers of rows, or shares; None where a cell is not shown."""

    group: str
    true_positive: float | None
    false_positive: float | None
    false_negative: float | None
    true_negative: float | None


def distribution(shares: Sequence[Share], *, title: str = "", axis_title: str = "Share of rows") -> Specification:
    """Shares by group: stacked to 100 % where there are several groups, else a bar for each category.

    Parameters
    ----------
    shares
        Groups and categories are drawn in the order in which they first occur. Beyond eight stacked or thirty single
        categories, the smallest are drawn as one, which says how many they are.

    Examples
    --------
    >>> distribution([Share(group="all", category="yes", share=0.25), Share(group="all", category="no", share=0.75)])[
    ...     "description"
    ... ]
    'no 75.0 % and yes 25.0 %.'
    """
    if not shares:
        return empty("There are no shares to show.")
    groups = list(dict.fromkeys(share.group for share in shares))
    if len(groups) == 1:
        return _bars(_merged(shares, 30), title=title, axis_title=axis_title)
    return _stacked(_merged(shares, len(CATEGORIES)), groups, title=title, axis_title=axis_title)


def _merged(shares: Sequence[Share], limit: int) -> list[Share]:
    """At most ``limit`` categories: the smallest as one."""
    sizes: dict[str, float] = {}
    for share in shares:
        sizes[share.category] = sizes.get(share.category, 0.0) + (share.share or 0.0)
    if len(sizes) <= limit:
        return list(shares)
    kept = set(sorted(sizes, key=lambda name: -sizes[name])[: limit - 1])
    rest: dict[str, list[Share]] = {}
    for share in shares:
        if share.category not in kept:
            rest.setdefault(share.group, []).append(share)
    name = f"{len(sizes) - len(kept)} others"
    others = [
        Share(
            group=group,
            category=name,
            share=None if any(share.share is None for share in found) else sum(share.share or 0.0 for share in found),
            rows=None if any(share.rows is None for share in found) else sum(share.rows or 0.0 for share in found),
        )
        for group, found in rest.items()
    ]
    return [*(share for share in shares if share.category in kept), *others]


def _datum(share: Share, label: str) -> dict[str, Any]:
    known = share.share is not None and is_known(share.share)
    rows = "" if share.rows is None else f", {share.rows:,.0f} rows"
    return {
        "label": label,
        "group": clipped(share.group),
        "category": clipped(share.category),
        "share": rounded(share.share) if known else None,
        "written": percent(share.share) if known else "not shown",
        "said": f"{percent(share.share)}{rows}" if known else "not shown",
    }


def _bars(shares: Sequence[Share], *, title: str, axis_title: str) -> Specification:
    labels = distinct([share.category for share in shares])
    known = [share.share for share in shares if share.share is not None and is_known(share.share)]
    greatest = max(known, default=1.0) or 1.0
    data = [_datum(share, label) for share, label in zip(shares, labels, strict=True)]
    for datum in data:
        datum["right"] = share_of(datum["share"] or 0.0, (0.0, greatest))
    room = 12 + max(width_of(datum["written"]) for datum in data)
    x: dict[str, Any] = {"field": "share", "type": "quantitative"}
    x["scale"] = {"domain": [0, greatest], "nice": False, "range": [0, {"expr": f"width - {room}"}]}
    x["axis"] = {**PERCENT_AXIS, "title": clipped(axis_title, TITLE)}
    y = {"field": "label", "type": "nominal", "sort": None, "axis": {"title": None}}
    text = after("written", room)
    layers: list[Layer] = [
        {
            "mark": {"type": "bar", "color": BLUE, "fillOpacity": 0.5, "stroke": BLUE, "height": {"band": 0.66}},
            "encoding": {"x": x, "y": y, "tooltip": tooltips(category="Value", said="Share")},
        },
        {**text, "encoding": {"y": y, **text["encoding"]}},
    ]
    named = sorted((share for share in shares if share.share is not None), key=lambda share: -(share.share or 0.0))
    description = f"{spoken([f'{clipped(share.category, 60)} {percent(share.share)}' for share in named])}."
    specification = chart(layers, height=BAR * len(data), description=description, title=title)
    return {**specification, "data": {"values": data}}


def _stacked(shares: Sequence[Share], groups: Sequence[str], *, title: str, axis_title: str) -> Specification:
    named = dict(zip(groups, distinct(groups), strict=True))
    categories = list(dict.fromkeys(share.category for share in shares))
    called = dict(zip(categories, distinct(categories, 28), strict=True))
    reached = dict.fromkeys(groups, 0.0)
    data = []
    for category in categories:
        for share in shares:
            if share.category == category:
                start = reached[share.group]
                reached[share.group] = start + (share.share if share.share and is_known(share.share) else 0.0)
                datum = _datum(share, named[share.group]) | {"called": called[category]}
                datum |= {"start": rounded(start), "end": rounded(reached[share.group])}
                datum["middle"] = rounded((start + reached[share.group]) / 2)
                data.append(datum)
    whole = max(1.0, *reached.values())
    for datum in data:
        if (datum["share"] or 0.0) < 0.14 * whole:
            datum["written"] = ""
    data.sort(key=lambda datum: list(named.values()).index(datum["label"]))
    x: dict[str, Any] = {
        "type": "quantitative",
        "scale": {"domain": [0, whole], "nice": False},
        "axis": {**PERCENT_AXIS, "title": clipped(axis_title, TITLE)},
    }
    y = {"field": "label", "type": "nominal", "sort": None, "axis": {"title": None}}
    colors = list(CATEGORIES[: len(categories)])
    color = {
        "field": "called",
        "type": "nominal",
        "scale": {"domain": list(called.values()), "range": colors},
        "legend": legend(list(called.values()), list(named.values())),
    }
    segment = {"x": {**x, "field": "start"}, "x2": {"field": "end"}, "y": y, "fill": color, "stroke": color}
    layers: list[Layer] = [
        {
            "mark": {"type": "bar", "fillOpacity": 0.45, "height": {"band": 0.72}},
            "encoding": {**segment, "tooltip": tooltips(group="Group", category="Value", said="Share")},
        },
        {
            "mark": {"type": "text", "style": "number", "tooltip": False},
            "encoding": {"x": {**x, "field": "middle"}, "y": y, "text": {"field": "written"}},
        },
    ]
    description = _said_of_groups(shares, groups)
    return {**chart(layers, height=BAR * len(groups), description=description, title=title), "data": {"values": data}}


def _said_of_groups(shares: Sequence[Share], groups: Sequence[str]) -> str:
    """The share of the first category in the first groups."""
    first = shares[0].category
    found: Mapping[str, float | None] = {share.group: share.share for share in shares if share.category == first}
    said = [f"{clipped(group, 60)} {percent(found[group])}" for group in groups if found.get(group) is not None]
    return f"Share of {clipped(first, 60)}: {spoken(said, 4)}." if said else f"Shares of {len(groups)} groups."


# --- right and wrong predictions --------------------------------------------------------------------------------------
CELLS = (
    ("true positive", "true_positive", BLUE),
    ("false negative", "false_negative", ORANGE),
    ("false positive", "false_positive", ORANGE),
    ("true negative", "true_negative", BLUE),
)


def confusion_matrices(matrices: Sequence[GroupConfusion], *, title: str = "") -> Specification:
    """Right and wrong predictions as shares of each group, a row for each group.

    Right predictions are blue, wrong ones orange, the larger the share the stronger; the share is written in each cell.

    Examples
    --------
    >>> one = GroupConfusion(group="F", true_positive=20, false_positive=10, false_negative=30, true_negative=40)
    >>> print(confusion_matrices([one])["description"])
    F: 60.0 % predicted rightly (20.0 % true positive, 40.0 % true negative), 30.0 % false negative, 10.0 % false
    positive.
    """
    if not matrices:
        return empty("There are no predictions to compare with labels.")
    labels = distinct([matrix.group for matrix in matrices])
    data = [datum for matrix, label in zip(matrices, labels, strict=True) for datum in _cells_of(matrix, label)]
    x = {"field": "cell", "type": "nominal", "sort": None, "axis": None}
    height = HEADER + CELL * len(matrices)
    y: dict[str, Any] = {"field": "label", "type": "nominal", "sort": None, "axis": {"title": None}}
    y["scale"] = {"type": "band", "range": [HEADER, height], "padding": 0}
    colors = {"domain": ["right", "wrong", "hidden"], "range": [BLUE, ORANGE, GRAY]}
    color = {"field": "kind", "type": "nominal", "scale": colors, "legend": None}
    strength: dict[str, Any] = {"field": "strength", "type": "quantitative", "legend": None}
    strength["scale"] = {"domain": [0, 1], "range": [0.08, 0.6]}
    cell = {"x": x, "y": y, "fill": color, "stroke": color, "fillOpacity": strength}
    heads = [{"cell": name, "said": name.replace(" ", "\n")} for name, _, _ in CELLS]
    layers: list[Layer] = [
        {
            "mark": {"type": "rect", "strokeWidth": 1, "strokeOpacity": 0.6},
            "encoding": {**cell, "tooltip": tooltips(group="Group", cell="Cell", said="Share of the group")},
        },
        {
            "mark": {"type": "text", "style": "number", "fontSize": 12, "tooltip": False},
            "encoding": {"x": x, "y": y, "text": {"field": "written"}},
        },
        {
            "data": {"values": heads},
            "mark": {
                "type": "text",
                "style": "number",
                "fontSize": 10,
                "lineBreak": "\n",
                "baseline": "top",
                "tooltip": False,
            },
            "encoding": {"x": x, "y": {"value": 2}, "text": {"field": "said"}},
        },
    ]
    description = " ".join(_said_of(matrix) for matrix in matrices[:3])
    if len(matrices) > 3:
        description += f" {len(matrices) - 3} more groups."
    return {**chart(layers, height=height, description=description, title=title), "data": {"values": data}}


def _cells_of(matrix: GroupConfusion, label: str) -> list[dict[str, Any]]:
    data = []
    shares = shares_of(matrix)
    for name, field, color in CELLS:
        share, number = shares[field], getattr(matrix, field)
        rows = f", {number:,.0f} rows" if number is not None and number > 1 else ""
        data.append(
            {
                "label": label,
                "group": clipped(matrix.group),
                "cell": name,
                "kind": "hidden" if share is None else "right" if color == BLUE else "wrong",
                "strength": rounded(share) or 0.0,
                "written": "–" if share is None else percent(share),
                "said": "not shown" if share is None else f"{percent(share)}{rows}",
            }
        )
    return data


def shares_of(matrix: GroupConfusion) -> dict[str, float | None]:
    """Cells as shares of the group; None for all where a cell is not shown, unless the others are shares already."""
    cells = {field: getattr(matrix, field) for _, field, _ in CELLS}
    known = [cell for cell in cells.values() if cell is not None and is_known(cell)]
    total = sum(known)
    if len(known) == len(cells) and total > 0:
        return {field: cell / total for field, cell in cells.items()}
    if total <= 1:
        return {field: cell if cell is not None and is_known(cell) else None for field, cell in cells.items()}
    return dict.fromkeys(cells)


def _said_of(matrix: GroupConfusion) -> str:
    shares = shares_of(matrix)
    if any(share is None for share in shares.values()):
        return f"{clipped(matrix.group, 60)}: not all cells are shown."
    right = (shares["true_positive"] or 0.0) + (shares["true_negative"] or 0.0)
    return (
        f"{clipped(matrix.group, 60)}: {percent(right)} predicted rightly ({percent(shares['true_positive'])} true "
        f"positive, {percent(shares['true_negative'])} true negative), {percent(shares['false_negative'])} false "
        f"negative, {percent(shares['false_positive'])} false positive."
    )
