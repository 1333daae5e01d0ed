"""The sensitive groups of an analysis: one for the values given, else one for every value against all others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

from pellucid.bias.counting import Counted
from pellucid.bias.selection import NO_THRESHOLD, Chosen
from pellucid.config.bias_request import FacetRequest
from pellucid.errors import AnalysisError
from pellucid.protocols.table import Table
from pellucid.records import dataclass
from pellucid.results.group_names import named

__all__ = ["Group", "crossed", "groups_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One sensitive group: the value of a facet, or of several facets at once.

    Parameters
    ----------
    facets
        Printed value by facet column.
    chosen
        The choice of rows by facet column.
    """

    facets: Mapping[str, str]
    chosen: Mapping[str, Chosen]

    @property
    def column(self) -> str:
        """The facet's column; of an intersection, the columns joined."""
        return " & ".join(self.facets)

    @property
    def printed(self) -> str:
        """The value; of an intersection, the values joined."""
        return " & ".join(self.facets.values())

    @property
    def name(self) -> str:
        """What sentences call the group."""
        return " and ".join(
            named(column, printed, rows=self.chosen[column].cells.sum()) for column, printed in self.facets.items()
        )


def groups_of(counted: Counted, table: Table) -> Iterator[Group]:
    """Every sensitive group, facet by facet; values that were not given come in order of their first row.

    Raises
    ------
    AnalysisError
        A continuous facet has no threshold, or a value cannot be compared with its column.
    """
    for facet in counted.request.facets:
        if facet.values:
            chosen = counted.choose(facet.column, facet.values)
            yield Group({facet.column: chosen.printed}, {facet.column: chosen})
        else:
            yield from _one_against_the_rest(counted, table, facet)


def _one_against_the_rest(counted: Counted, table: Table, facet: FacetRequest) -> Iterator[Group]:
    if counted.kind(facet.column, ()) == "continuous":
        fix = (
            f"Give facet {facet.column!r} a threshold in value_or_threshold, or declare it categorical in column_types."
        )
        raise AnalysisError(NO_THRESHOLD, fix)
    dimension = counted.cubes[facet.column].dimension(facet.column)
    for value in table.first_seen(facet.column, dimension.values):
        chosen = counted.choose(facet.column, (value,))
        yield Group({facet.column: chosen.printed}, {facet.column: chosen})


def crossed(groups: Sequence[Group]) -> Iterator[Group]:
    """Every combination of the groups of two or more facets."""
    by_facet: dict[str, list[Group]] = {}
    for group in groups:
        by_facet.setdefault(group.column, []).append(group)
    for size in range(2, len(by_facet) + 1):
        for columns in combinations(by_facet, size):
            for members in product(*(by_facet[column] for column in columns)):
                yield Group(
                    {column: member.printed for column, member in zip(columns, members, strict=True)},
                    {column: member.chosen[column] for column, member in zip(columns, members, strict=True)},
                )
