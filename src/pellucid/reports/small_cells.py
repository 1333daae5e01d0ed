"""Which groups of a result rest on too few rows to be shown: of groups, intersections, segments and distributions.

There are four tiers of what can be known of a group, and each is hidden or shown on its own: its size, its observed
outcomes, its predicted outcomes, and the table of both. A metric belongs to the tiers that it can be computed from.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal

from pellucid.records import dataclass
from pellucid.reports.suppression import CountedSet, hidden

__all__ = ["EVERYONE", "TIERS", "Hidden", "Tier", "group_key", "hidden_cells", "intersection_key", "segment_key"]

Tier = Literal["size", "labels", "predictions", "confusion"]
TIERS: tuple[Tier, ...] = ("size", "labels", "predictions", "confusion")
NEEDS: Mapping[Tier, tuple[Tier, ...]] = {
    "size": (),
    "labels": ("size",),
    "predictions": ("size",),
    "confusion": ("size", "labels", "predictions"),
}
"""Tiers that follow from a tier: what is hidden there is hidden here too."""

Key = tuple[Hashable, ...]
EVERYONE: Key = ("all rows",)
OTHER, MISSING, REST = "other values", "missing values", "rest"
LARGEST_PRODUCT = 10_000

_INTERVAL = re.compile(r"^\((-?[\d.e+-]+|-inf), (-?[\d.e+-]+|inf)\]$")


def group_key(facet: str, value: str) -> Key:
    """Key of a group."""
    return ("group", facet, value)


def value_key(column: str, value: str) -> Key:
    """Key of a value in the distribution of a column."""
    return ("value", column, value)


def intersection_key(place: int) -> Key:
    """Key of an intersection by its place."""
    return ("intersection", place)


def segment_key(place: int, facet: str | None = None, value: str | None = None) -> Key:
    """Key of a segment by its place, or of a group in it."""
    return ("segment", place) if facet is None else ("segment", place, facet, value)


@dataclass(frozen=True, slots=True)
class Hidden:
    """What must not be shown, by tier."""

    minimum: float
    keys: Mapping[Tier, frozenset[Hashable]]

    def tiers_of(self, *keys: Key) -> tuple[Tier, ...]:
        """Tiers in which what rests on all of ``keys`` is hidden."""
        return tuple(tier for tier in TIERS if any(key in self.keys[tier] for key in keys))


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows with their counts in each tier that is known of them."""

    key: Key
    atoms: frozenset[Hashable]
    counts: Mapping[Tier, tuple[float, ...]] = field(hash=False)
    margin: bool = False
    harmless: bool = False


def hidden_cells(details: Mapping[str, Any], minimum: float) -> Hidden:
    """What of a result must not be shown.

    Parameters
    ----------
    details
        What stands in ``pellucid.json``; parts that are not there hide nothing.
    minimum
        The least number of rows in a cell that may be shown.
    """
    blocks = list(_blocks(details))
    keys: dict[Tier, frozenset[Hashable]] = {}
    for tier in TIERS:
        gone = frozenset(key for lower in NEEDS[tier] for key in keys[lower])
        keys[tier] = _settled([_sets(block, tier) for block in blocks], minimum, gone)
    return Hidden(minimum, keys)


def _settled(blocks: Sequence[Sequence[CountedSet]], minimum: float, gone: frozenset[Hashable]) -> frozenset[Hashable]:
    """Keys hidden in any block; what is hidden in one is hidden in all, until nothing more follows."""
    while True:
        before = gone
        for sets in blocks:
            gone |= hidden(sets, minimum, already=gone)
        if gone == before:
            return gone


def _sets(block: Sequence[_Part], tier: Tier) -> list[CountedSet]:
    return [
        CountedSet(key=p.key, atoms=p.atoms, counts=p.counts[tier], margin=p.margin, harmless=p.harmless)
        for p in block
        if tier in p.counts
    ]


# --- counts as they stand in the file --------------------------------------------------------------------------------
def _number(value: Any) -> float | None:
    valid = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    return float(value) if valid else None


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def counts_of(entry: Any) -> dict[Tier, tuple[float, ...]]:
    """Counts of a group in each tier that is known."""
    if not isinstance(entry, Mapping):
        return {}
    positive, negative = _number(entry.get("positive")), _number(entry.get("negative"))
    if positive is None or negative is None:
        return {}
    found: dict[Tier, tuple[float, ...]] = {"size": (positive + negative,), "labels": (positive, negative)}
    matrix = entry.get("confusion_matrix")
    cells = [_number(cell) for cell in matrix] if isinstance(matrix, list) else []
    if len(cells) == 4 and None not in cells:
        tp, fp, fn, tn = (cell or 0.0 for cell in cells)
        found |= {"predictions": (tp + fp, fn + tn), "confusion": (tp, fp, fn, tn)}
    return found


def _together(group: Mapping[str, Any]) -> dict[Tier, tuple[float, ...]]:
    """Counts of a group and all others together."""
    own, others = counts_of(group.get("counts")), counts_of(group.get("others_counts"))
    return {
        tier: tuple(a + b for a, b in zip(own[tier], others[tier], strict=True))
        for tier in TIERS
        if tier in own and tier in others
    }


# --- which sets there are --------------------------------------------------------------------------------------------
def _blocks(details: Mapping[str, Any]) -> Iterator[list[_Part]]:
    groups = [group for group in _listed(details.get("groups")) if counts_of(group.get("counts"))]
    if not groups:
        return
    everyone = _together(groups[0])
    dataset = details.get("dataset")
    listed = _listed(dataset.get("distributions")) if isinstance(dataset, Mapping) else []
    facets = dict.fromkeys(str(group.get("facet")) for group in groups)
    columns = [_Column.of(facet, groups, listed, everyone) for facet in facets]
    crossed = _listed(details.get("intersections"))
    for column in columns:
        yield _facet_block(column, everyone)
    if crossed:
        yield _crossed_block(columns, crossed, everyone)
    segments = _listed(details.get("segments"))
    for name in dict.fromkeys((s.get("name_or_index"), s.get("config_name")) for s in segments):
        inside = [(i, s) for i, s in enumerate(segments) if (s.get("name_or_index"), s.get("config_name")) == name]
        for column in columns:
            yield _segment_block(column, inside, everyone)
    for entry in listed:
        if entry.get("role") != "facet":
            yield _value_block(entry)


@dataclass(frozen=True, slots=True)
class _Column:
    """A facet: its groups and values as sets of atoms."""

    facet: str
    parts: tuple[_Part, ...]
    atoms: tuple[Hashable, ...]

    @staticmethod
    def of(
        facet: str,
        groups: Sequence[Mapping[str, Any]],
        distributions: Sequence[Mapping[str, Any]],
        everyone: Mapping[Tier, tuple[float, ...]],
    ) -> _Column:
        mine = [group for group in groups if str(group.get("facet")) == facet]
        found = next((d for d in distributions if d.get("column") == facet and d.get("role") == "facet"), None)
        values = [] if found is None else _listed(found.get("values"))
        names = [str(group.get("value_or_threshold")) for group in mine]
        shown = [str(value.get("value")) for value in values]
        atoms_of = _atoms_by_name([*names, *shown])
        parts = [
            _Part(group_key(facet, name), atoms_of[name], counts_of(group.get("counts")))
            for name, group in zip(names, mine, strict=True)
        ]
        parts += [
            _Part(value_key(facet, name), atoms_of[name], {"size": (_number(value.get("rows")) or 0.0,)})
            for name, value in zip(shown, values, strict=True)
        ]
        atoms = set().union(*atoms_of.values())
        if found is None:
            covered = sum(part.counts["size"][0] for part in parts)
            rest = covered != everyone.get("size", (0.0,))[0]
            return _Column(facet, tuple(parts), (*sorted(atoms, key=repr), *([REST] if rest else [])))
        unlisted = atoms.difference(*(atoms_of[name] for name in shown))
        other, missing = (_number(found.get(key)) or 0.0 for key in ("other_rows", "missing"))
        if other and not unlisted:
            parts.append(_Part(value_key(facet, OTHER), frozenset({OTHER}), {"size": (other,)}))
        # Other values that are groups are shown as such; together they are what the values listed leave of all rows.
        left = other - sum(
            part.counts["size"][0] for part in parts if part.key[0] == "group" and part.atoms <= unlisted
        )
        if missing:
            parts.append(_Part(value_key(facet, MISSING), frozenset({MISSING}), {"size": (missing,)}, harmless=True))
        extra = [*([OTHER] if left > 0 else []), *([MISSING] if missing else [])]
        return _Column(facet, tuple(parts), (*sorted(atoms, key=repr), *extra))


def _atoms_by_name(names: Sequence[str]) -> dict[str, frozenset[Hashable]]:
    """The disjoint parts that each printed value stands for: pieces of an interval, or the values joined by commas."""
    intervals = {name: (float(found[1]), float(found[2])) for name in names if (found := _INTERVAL.match(name))}
    ends = sorted({end for interval in intervals.values() for end in interval})
    found_atoms: dict[str, frozenset[Hashable]] = {}
    for name in names:
        if name in intervals:
            low, high = intervals[name]
            found_atoms[name] = frozenset((a, b) for a, b in itertools.pairwise(ends) if low <= a and b <= high)
        else:
            found_atoms[name] = frozenset(name.split(","))
    return found_atoms


def _facet_block(column: _Column, everyone: Mapping[Tier, tuple[float, ...]]) -> list[_Part]:
    return [_Part(EVERYONE, frozenset(column.atoms), everyone, margin=True), *column.parts]


def _crossed_block(
    columns: Sequence[_Column], crossed: Sequence[Mapping[str, Any]], everyone: Mapping[Tier, tuple[float, ...]]
) -> list[_Part]:
    """All facets at once: an atom is a combination of one atom of each facet."""
    if math.prod(len(column.atoms) for column in columns) > LARGEST_PRODUCT:
        return _alone(crossed)
    places = {column.facet: i for i, column in enumerate(columns)}
    joint = list(itertools.product(*(column.atoms for column in columns)))

    def where(chosen: Mapping[str, Collection[Hashable]]) -> frozenset[Hashable]:
        wanted = [(places[facet], atoms) for facet, atoms in chosen.items()]
        return frozenset(atom for atom in joint if all(atom[place] in atoms for place, atoms in wanted))

    parts = [_Part(EVERYONE, frozenset(joint), everyone, margin=True)]
    for column in columns:
        parts += [
            _Part(part.key, where({column.facet: part.atoms}), part.counts, margin=True, harmless=part.harmless)
            for part in column.parts
        ]
    of_group = {part.key: part.atoms for column in columns for part in column.parts}
    for i, entry in enumerate(crossed):
        facets = entry.get("facets")
        group = entry.get("group")
        if not isinstance(facets, Mapping) or not isinstance(group, Mapping):
            continue
        chosen = {str(f): of_group.get(group_key(str(f), str(v)), frozenset()) for f, v in facets.items()}
        if set(chosen) <= set(places):
            parts.append(_Part(intersection_key(i), where(chosen), counts_of(group.get("counts"))))
    return parts


def _alone(crossed: Sequence[Mapping[str, Any]]) -> list[_Part]:
    """Intersections too many to be solved: where one of them is small, so count all of them."""
    counts = [
        counts_of(entry["group"].get("counts")) if isinstance(entry.get("group"), Mapping) else {} for entry in crossed
    ]
    least: dict[Tier, tuple[float, ...]] = {}
    for tier in TIERS:
        small = [found[tier] for found in counts if sum(found.get(tier, ())) > 0]
        if small:
            least[tier] = min(small, key=min)
    return [_Part(intersection_key(i), frozenset({i}), least) for i in range(len(crossed))]


def _segment_block(
    column: _Column, segments: Sequence[tuple[int, Mapping[str, Any]]], everyone: Mapping[Tier, tuple[float, ...]]
) -> list[_Part]:
    """The groups of a facet within the segments of a column, with the same groups among all rows."""
    of_group = {part.key: part.atoms for part in column.parts}
    rows = sum(_number(segment.get("rows")) or 0.0 for _, segment in segments)
    total = everyone.get("size", (0.0,))[0]
    slices: list[Hashable] = [i for i, _ in segments]
    slices += [REST] if rows < total else []

    def where(places: Collection[Hashable], atoms: Collection[Hashable]) -> frozenset[Hashable]:
        return frozenset(itertools.product(places, atoms))

    parts: list[_Part] = []
    if rows <= total:  # else segments overlap, and what is known of all rows says nothing of one segment
        parts.append(_Part(EVERYONE, where(slices, column.atoms), everyone, margin=True))
        parts += [
            _Part(part.key, where(slices, part.atoms), part.counts, margin=True, harmless=part.harmless)
            for part in column.parts
        ]
    for i, segment in segments:
        groups = [group for group in _listed(segment.get("groups")) if str(group.get("facet")) == column.facet]
        size = _number(segment.get("rows")) or 0.0
        counts: dict[Tier, tuple[float, ...]] = {"size": (size,), **(_together(groups[0]) if groups else {})}
        parts.append(_Part(segment_key(i), where([i], column.atoms), counts, margin=True))
        for group in groups:
            value = str(group.get("value_or_threshold"))
            atoms = of_group.get(group_key(column.facet, value), frozenset({("only here", value)}))
            key = segment_key(i, column.facet, value)
            parts.append(_Part(key, where([i], atoms), counts_of(group.get("counts"))))
    return parts


def _value_block(entry: Mapping[str, Any]) -> list[_Part]:
    """The values of a label."""
    column = str(entry.get("column"))
    rows = {str(value.get("value")): _number(value.get("rows")) or 0.0 for value in _listed(entry.get("values"))}
    other, missing = (_number(entry.get(key)) or 0.0 for key in ("other_rows", "missing"))
    parts = [_Part(value_key(column, value), frozenset({value}), {"size": (number,)}) for value, number in rows.items()]
    if other:
        parts.append(_Part(value_key(column, OTHER), frozenset({OTHER}), {"size": (other,)}))
    if missing:
        parts.append(_Part(value_key(column, MISSING), frozenset({MISSING}), {"size": (missing,)}, harmless=True))
    atoms = frozenset().union(*(part.atoms for part in parts))
    total = sum(part.counts["size"][0] for part in parts)
    return [_Part(EVERYONE, atoms, {"size": (total,)}, margin=True), *parts]
