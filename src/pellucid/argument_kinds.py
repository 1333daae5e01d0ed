"""What kinds of values the arguments of public functions take, and the faults of those that are of another kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.records import dataclass

__all__ = [
    "COLUMN",
    "COLUMNS",
    "FACETS",
    "NAMES",
    "NAMES_OR_POSITIONS",
    "PORTION",
    "PROGRESS",
    "SHARE",
    "SWITCH",
    "TEXT",
    "VALUES",
    "Kind",
    "listed",
    "mapping",
    "number",
    "one_of",
    "optional",
    "other_kinds",
    "position",
    "refuse_other_kinds",
    "whole_number",
]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of values.

    Parameters
    ----------
    holds
        Whether a value is of the kind, whatever it is.
    fix
        What to give instead of one that is not.
    """

    holds: Callable[[Any], bool]
    fix: str


def other_kinds(*given: tuple[str, Any, Kind]) -> list[Problem]:
    """Faults of arguments that are not of their kind.

    Parameters
    ----------
    given
        Name, value and kind of each argument.

    Examples
    --------
    >>> for problem in other_kinds(("exact", "no", SWITCH), ("columns", 3, COLUMNS), ("features", ["age"], COLUMNS)):
    ...     print(problem)
    exact: got 'no'. Use True or False.
    columns: got 3. Use the name of a column, or a list of such names.
    """
    return [Problem(name, _shown(value), fix=kind.fix) for name, value, kind in given if not kind.holds(value)]


def refuse_other_kinds(*given: tuple[str, Any, Kind]) -> None:
    """Report all arguments together that are not of their kind, as `other_kinds` finds them.

    Raises
    ------
    ConfigError
        One is not.
    """
    problems = other_kinds(*given)
    if problems:
        raise ConfigError(problems)


def listed(names: Iterable[Any] | str | int) -> list[Any]:
    """Names, or positions, as a list, of one as of several.

    >>> listed("age"), listed(("age", "sex")), listed(1)
    (['age'], ['age', 'sex'], [1])
    """
    found = [names] if isinstance(names, str | Integral) or not isinstance(names, Iterable) else list(names)
    return [str(name) if isinstance(name, str) else name for name in found]


def position(name: str, given: Any, number: int) -> int:
    """A position among ``number`` things, from the end where it is negative, as Python counts.

    Raises
    ------
    ConfigError
        There is none.

    >>> position("row", -1, 3)
    2
    """
    if not (_is_whole(given) and -number <= given < number):
        fix = f"Use a position from 0 to {number - 1}." if number else "There is none."
        raise ConfigError(Problem(name, _shown(given), fix=fix))
    return int(given) % number


def optional(kind: Kind) -> Kind:
    """The kind, or None."""
    return Kind(lambda value: value is None or kind.holds(value), kind.fix)


def one_of(known: Iterable[str], what: str) -> Kind:
    """Texts; which of them are known is judged elsewhere."""
    return Kind(_is_text, f"Use {what}; {did_you_mean('', list(known))}")


def mapping(what: str, example: str, of: Kind | None = None) -> Kind:
    """Values by name, each of a kind if one is told."""
    return Kind(
        lambda value: (
            isinstance(value, Mapping)
            and all(isinstance(name, str) for name in value)
            and (of is None or all(of.holds(own) for own in value.values()))
        ),
        f"Give {what} by name, such as {example}.",
    )


def whole_number(least: int) -> Kind:
    """Integers that are not below ``least``; truth values are none."""
    return Kind(
        lambda value: _is_whole(value) and value >= least,
        f"Use an integer of at least {least}.",
    )


def number(above: float = -math.inf) -> Kind:
    """Finite numbers, greater than ``above``; truth values are none."""
    fix = "Use a finite number." if above == -math.inf else f"Use a number above {above:g}."
    return Kind(lambda value: _is_number(value) and above < value < math.inf, fix)


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_truth(value: Any) -> bool:
    # A truth value of NumPy is no subclass of Python's, and NumPy need not be loaded for this.
    return isinstance(value, bool) or (type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"))


def _are_names(value: Any) -> bool:
    if isinstance(value, bytes | set | frozenset | Mapping) or not isinstance(value, Collection):
        return False
    return isinstance(value, str) or (_is_flat(value) and all(isinstance(name, str) for name in value))


def _are_names_or_positions(value: Any) -> bool:
    if isinstance(value, bytes | set | frozenset | Mapping):
        return False
    cells = [value] if isinstance(value, str) or not isinstance(value, Collection) else value
    return _is_flat(cells) and all(isinstance(cell, str | Integral) and not isinstance(cell, bool) for cell in cells)


def _is_flat(value: Any) -> bool:
    """Whether it is no table: one of pandas is a collection of the names of its columns."""
    return getattr(value, "ndim", 1) == 1 and not hasattr(value, "columns")


def _are_facets(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_are_values(values) for values in value.values())
    return _are_names(value)


def _are_values(value: Any) -> bool:
    """Whether it is a value or several in an order; bytes would be taken for numbers, a mapping for its keys."""
    return not isinstance(value, bytes | set | frozenset | Mapping) and getattr(value, "ndim", 0) < 2


def _shown(value: Any) -> Any:
    """The value, or the name of its type where it is a table or an array, whose text takes several lines."""
    return type(value).__name__ if "\n" in repr(value) else value


COLUMN = Kind(_is_text, "Use a text, and give the columns of the table such names.")
COLUMNS = Kind(_are_names, "Use the name of a column, or a list of such names.")
FACETS = Kind(_are_facets, 'Name the sensitive columns, or give their values by name, such as {"sex": ["Female"]}.')
NAMES = Kind(_are_names, "Use a name, or a list of names.")
PORTION = Kind(lambda value: _is_number(value) and 0 <= value <= 1, "Use a number from 0 to 1.")
PROGRESS = Kind(
    lambda value: value is None or isinstance(value, bool) or callable(value),
    "Use a function of one text, such as print; False for silence; or None to be shown work that takes long.",
)
NAMES_OR_POSITIONS = Kind(_are_names_or_positions, "Use names or positions, one or a list of them.")
SHARE = Kind(lambda value: _is_number(value) and 0 < value < 1, "Use a number between 0 and 1.")
SWITCH = Kind(_is_truth, "Use True or False.")
TEXT = Kind(_is_text, "Use a text.")
VALUES = Kind(_are_values, "Use a text, a number or a truth value, or a list of these.")
