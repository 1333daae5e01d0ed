"""What a reader must know before believing the numbers: guessed types, missing values, groups that are not as meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pellucid import nouns
from pellucid.bias.counting import Counted
from pellucid.bias.groups import Group
from pellucid.bias.selection import Chosen
from pellucid.config.bias_request import BiasRequest
from pellucid.counts import ByThreshold, Value
from pellucid.errors import AnalysisError
from pellucid.results.group_names import named

__all__ = ["caveats"]

MANY = 10
"""From more different whole numbers than this on, a single value given is likely to be meant as a threshold."""


def caveats(counted: Counted, positive: Chosen, groups: Sequence[Group]) -> tuple[str, ...]:
    """Sentences, most serious first, each once."""
    request = counted.request
    chosen = [
        (request.label, positive),
        *((column, choice) for group in groups for column, choice in group.chosen.items()),
    ]
    found = [
        *(text for column, choice in chosen for text in _interval_of_two_values(counted, column, choice)),
        *(text for column, choice in chosen for text in _fractions_cut(counted, column, choice)),
        *(text for column, choice in chosen for text in _one_of_many_numbers(counted, column, choice)),
        *(text for column, choice in chosen for text in _empty_interval(column, choice)),
        *_label_as_another_part(request),
        *_unseen_positive(positive, request.label),
        *_given_twice(counted),
        *_missing(counted),
        *_cut_predictions(counted),
    ]
    return tuple(dict.fromkeys(found))


def _values(counted: Counted, column: str) -> list[Value]:
    dimension = counted.cubes.get(column, counted.cube).dimension(column)
    if isinstance(dimension.key, ByThreshold):
        return []
    return [value for value in dimension.values if value is not None]


def _selected(counted: Counted, column: str, choice: Chosen) -> tuple[list[Value], int]:
    """The values of a column that are chosen, and how many rows have them."""
    cube = counted.cubes.get(column, counted.cube)
    values = [value for value, cell in zip(cube.dimension(column).values, choice.cells, strict=True) if cell]
    rows = cube.totals(column)
    return values, sum(rows[value] for value in values)


def _label_as_another_part(request: BiasRequest) -> Iterator[str]:
    if request.label in {facet.column for facet in request.facets}:
        yield (
            f"{request.label!r} is both the label and a facet: the label is compared with itself, which says nothing "
            "about bias. Name another column as the facet."
        )
    if request.label == request.predicted_label:
        yield (
            f"{request.label!r} is both the label and the predicted label: the label is compared with itself, "
            "which says nothing about a model. Name the column that holds its predictions."
        )


def _interval_of_two_values(counted: Counted, column: str, choice: Chosen) -> Iterator[str]:
    values = _values(counted, column)
    guessed = column not in counted.request.column_types
    if not guessed or choice.kind != "continuous" or len(values) != 2:
        return
    selected, number = _selected(counted, column, choice)
    size = "one row" if number == 1 else f"{number:,} rows"
    which = f"the {size} with {column} = {' or '.join(map(str, selected))}" if selected else "no row at all"
    why = "floats are always continuous" if counted.profiles[column].type == "float" else "few rows"
    yield (
        f"{column!r} holds two values, {values[0]} and {values[1]}, but Clarify's rule reads it as continuous ({why}): "
        f"the value given is a threshold, and the interval {choice.printed or '(empty)'} selects {which}. "
        f'To compare the values themselves, set "column_types": {{"{column}": "categorical"}}.'
    )


def _fractions_cut(counted: Counted, column: str, choice: Chosen) -> Iterator[str]:
    """A threshold between whole numbers, taken for a value: of 0 and 1, 0.5 selects 0, where 1 is likely meant."""
    if not choice.cut or not choice.cells.any():
        return
    selected, rows = _selected(counted, column, choice)
    meant = (
        f' If a threshold is meant, set "column_types": {{"{column}": "continuous"}}.' if len(choice.cut) == 1 else ""
    )
    yield (
        f"No row of {column!r} has {choice.printed.replace(',', ' or ')}: as in Clarify, fractions are cut to whole "
        f"numbers, which selects {column} = {' or '.join(map(str, selected))} "
        f"({nouns.counted(rows, 'row')}).{meant}"
    )


def _one_of_many_numbers(counted: Counted, column: str, choice: Chosen) -> Iterator[str]:
    """A threshold meant, a single number taken: the rule calls whole numbers categorical in large data."""
    known = counted.profiles[column]
    guessed = column not in counted.request.column_types
    given = [facet.values for facet in counted.request.facets if facet.column == column]
    if column == counted.request.label:
        given.append(counted.request.positive)
    single = any([str(value) for value in values] == [choice.printed] for values in given)
    if guessed and single and choice.kind == "categorical" and known.type == "integer" and (known.distinct or 0) > MANY:
        yield (
            f"{column!r} holds {known.distinct} different whole numbers, but Clarify's rule reads it as categorical "
            "(fewer than 5 % of the rows are distinct): the value given selects only the rows with "
            f"{column} = {choice.printed}. "
            f'If it is meant as a threshold, set "column_types": {{"{column}": "continuous"}}.'
        )


def _empty_interval(column: str, choice: Chosen) -> Iterator[str]:
    if choice.kind == "continuous" and not choice.cells.any():
        yield (
            f"No row of {column!r} lies above the threshold given; a threshold t selects the rows above t, "
            "up to the largest value."
        )


def _unseen_positive(positive: Chosen, label: str) -> Iterator[str]:
    if positive.kind == "categorical" and not positive.cells.any():
        yield f"No row of {label!r} has a positive label value: all metrics of the labels say nothing."


def _given_twice(counted: Counted) -> Iterator[str]:
    """Results have an entry for every facet of the file, and whoever reads them by position counts on that."""
    first: dict[tuple[str, tuple[bool, ...] | None], int] = {}
    for i, facet in enumerate(counted.request.facets):
        try:
            chosen = counted.choose(facet.column, facet.values) if facet.values else None
        except AnalysisError:  # which is told by whoever asks for the group
            continue
        rows = None if chosen is None else tuple(map(bool, chosen.cells))
        earlier = first.setdefault((facet.column, rows), i)
        if earlier != i:
            what = f"every value of {facet.column!r}" if chosen is None else named(facet.column, chosen.printed)
            yield (
                f"facet[{i}] asks for {what}, as facet[{earlier}] does: the results hold the same metrics twice. "
                "Leave one of the two out."
            )


def _missing(counted: Counted) -> Iterator[str]:
    for column, known in counted.profiles.items():
        if known.missing == 1:
            yield f"1 row has no value in {column!r}: it {_consequence(counted, column, ('counts', 'takes', 'its'))}."
        elif known.missing:
            consequence = _consequence(counted, column, ("count", "take", "their"))
            yield f"{known.missing:,} rows have no value in {column!r}: they {consequence}."


def _consequence(counted: Counted, column: str, words: tuple[str, str, str]) -> str:
    request = counted.request
    count, take, own = words
    if column == request.predicted_label and counted.scores and counted.choose_predicted().negated:
        return f"{count} as predicted 0, which is positive"
    if column in (request.label, request.predicted_label):
        return f"{count} as not positive"
    if any(facet.column == column for facet in request.facets):
        return f"{count} among all others, in no group of {own} own"
    return f"{take} no part in the conditional metrics"


def _cut_predictions(counted: Counted) -> Iterator[str]:
    request = counted.request
    if request.predicted_label is None or counted.scores:
        return
    if counted.kind(request.label, request.positive) != "continuous":
        return
    label, predicted = counted.profiles[request.label], counted.profiles[request.predicted_label]
    if label.holds_whole_numbers and predicted.type == "float":
        yield (
            f"{request.label!r} holds whole numbers and {request.predicted_label!r} fractions: as in Clarify, "
            "predictions are cut to whole numbers before they are compared with the threshold."
        )
