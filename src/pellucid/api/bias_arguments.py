"""The arguments of `pellucid.bias`: what is wrong with them, and by which of them a fault is named."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from pellucid.argument_kinds import SHARE, other_kinds, whole_number
from pellucid.errors import AnalysisError, ConfigError, DataError, InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from pellucid.config.bias_request import BiasRequest

__all__ = ["check_frame", "check_request", "faults_by_argument"]

ARGUMENTS = {
    "facet": "facets",
    "group_variable": "group",
    "label_values_or_threshold": "positive",
    "predicted_label": "predicted",
}
"""By the key of a configuration that asks for the same."""


def check_request(request: BiasRequest) -> None:
    """Report all faults of the arguments together that need no look into the data.

    Raises
    ------
    ConfigError
        An argument is wrong.
    """
    problems = [
        *_wrong_names(request),
        *_wrong_values(request),
        *_wrong_numbers(request),
        *_wrong_types(request.column_types),
        *_wrong_choice(request.on_degenerate),
    ]
    if not request.positive:
        fix = "Name the label values that are the favourable outcome, or one threshold."
        problems.append(Problem("positive", list(request.positive), fix=fix))
    if not request.facets:
        problems.append(Problem("facets", fix="Name at least one sensitive column."))
    if not (request.pre_training or request.post_training):
        problems.append(Problem("metrics", [], fix="Name at least one metric, or leave the argument out."))
    if problems:
        raise ConfigError(problems)


def check_frame(frame: Any) -> None:
    """Report what holds no rows with names.

    Raises
    ------
    InputError
        It is no table that is known, or two of its columns have one name.
    """
    import narwhals as nw

    try:
        nw.from_native(frame).lazy()
    except TypeError:
        fix = "Give a data frame, an Arrow table, a DuckDB relation, an Ibis or PySpark table, or a file's path."
        raise ConfigError(Problem("frame", type(frame).__name__, fix=fix)) from None
    except nw.exceptions.DuplicateError:
        names = list(map(str, frame.columns))
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        raise DataError(
            Problem("frame", twice, fix="Several columns have each of these names. Rename all but one.")
        ) from None


@contextmanager
def faults_by_argument(facets: Sequence[str]) -> Iterator[None]:
    """Faults that are named by keys of a configuration get the names of the arguments.

    Parameters
    ----------
    facets
        Columns of the facets, in order.
    """
    try:
        yield
    except InputError as error:
        named = [replace(problem, where=_argument(problem.where, facets)) for problem in error.problems]
        raise type(error)(named) from None
    except AnalysisError as error:
        fix = error.fix.replace("label_values_or_threshold", ARGUMENTS["label_values_or_threshold"])
        raise AnalysisError(error.message, fix, partial=error.partial) from None


def _argument(key: str, facets: Sequence[str]) -> str:
    """The argument that a key stands for.

    >>> _argument("facet[1].value_or_threshold", ["sex", "age"]), _argument("group_variable", [])
    ("facets['age']", 'group')
    """
    value = re.fullmatch(r"facet\[(\d+)\]\.value_or_threshold", key)
    if value is not None:
        return f"facets[{facets[int(value[1])]!r}]"
    first = re.match(r"\w+", key)
    return key if first is None or first[0] not in ARGUMENTS else ARGUMENTS[first[0]]


def _wrong_names(request: BiasRequest) -> Iterator[Problem]:
    named: list[tuple[str, Any]] = [
        ("label", request.label),
        ("predicted", request.predicted_label),
        ("group", request.group_variable),
        ("weights", request.weights),
        *(("facets", facet.column) for facet in request.facets),
    ]
    for where, name in named:
        if name is not None and not isinstance(name, str):
            yield Problem(where, name, fix="Use a text, and give the columns of the table such names.")


def _wrong_values(request: BiasRequest) -> Iterator[Problem]:
    given = [("positive", request.positive), *((f"facets[{f.column!r}]", f.values) for f in request.facets)]
    for where, values in given:
        for value in values:
            if isinstance(value, int | float) and not abs(value) <= sys.float_info.max:
                yield Problem(where, value, fix="Use a text or a finite number.")


def _wrong_numbers(request: BiasRequest) -> list[Problem]:
    return other_kinds(
        ("confidence_level", request.confidence_level, SHARE),
        ("probability_threshold", request.probability_threshold, SHARE),
        ("seed", request.seed, whole_number(0)),
        ("minimum_group_rows", request.minimum_group_rows, whole_number(1)),
    )


def _wrong_choice(given: object) -> Iterator[Problem]:
    from pellucid.config.bias_request import OnDegenerate

    known = list(get_args(OnDegenerate))
    if not isinstance(given, str) or given not in known:
        yield Problem("on_degenerate", given, fix=f"Use one of the choices; {did_you_mean(given, known)}")


def _wrong_types(types: Mapping[str, str]) -> Iterator[Problem]:
    from pellucid.config.bias_request import ColumnType

    known = list(get_args(ColumnType))
    for column, given in types.items():
        if given not in known:
            yield Problem(f"column_types[{column!r}]", given, fix=f"Use one of the types; {did_you_mean(given, known)}")
