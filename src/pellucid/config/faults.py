"""What the models refuse, said in our words: key, value and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pellucid.config.forms import Unreadable
from pellucid.config.keys import KEYS, Key, section_at
from pellucid.errors import Problem, did_you_mean

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["Location", "faults", "key_path"]

Location = tuple[int | str, ...]

_TAGS = ("<uri>", "<list>", "<object>", "[key]")
_SDK_ARGUMENTS = {
    "facet_name": "facet",
    "facet_values_or_threshold": "facet[].value_or_threshold",
    "group_name": "group_variable",
    "instance_count": "predictor.initial_instance_count",
    "joinsource": "joinsource_name_or_index",
    "s3_data_input_path": "dataset_uri",
    "segmentation_config": "segment_config",
    "time_series_model_config": "predictor.time_series_predictor_config",
}
"""Arguments of AWS's SDK classes whose key in the file has another name."""


def key_path(location: Location) -> str:
    """The location as people write it.

    Examples
    --------
    >>> key_path(("facet", 0, "name_or_index"))
    'facet[0].name_or_index'
    """
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).removeprefix(".")


def faults(errors: Sequence[ErrorDetails]) -> Iterator[tuple[Location, Problem]]:
    """Each error of the models as one problem, with the place it is at."""
    for error in errors:
        # Tags of alternatives and the mark of a mapping's key are pydantic's, not the user's.
        location = tuple(step for step in error["loc"] if step not in _TAGS)
        yield location, _problem(error, location)


def _problem(error: ErrorDetails, location: Location) -> Problem:
    where, value, context = key_path(location), error["input"], error.get("ctx", {})
    if error["type"] == "missing":
        return Problem(where, fix=f"This key is required. {_meaning(location)}".rstrip())
    if error["type"] == "extra_forbidden":
        return Problem(where, value, fix=f"Unknown key{_hint(location)}")
    fix = _fix(error, location)
    if value is None:
        fix = f"Leave the key out, null is not accepted; or {fix[0].lower()}{fix[1:]}"
    return Problem(where, value, fix=fix, known_as=context.get("known_as", ""))


def _fix(error: ErrorDetails, location: Location) -> str:
    value, kind = error["input"], error["type"]
    if kind == Unreadable:
        return str(error.get("ctx", {}).get("fix", error["msg"]))
    if kind == "tuple_type":
        return "Use a list." if value is None or isinstance(value, Mapping) else f"Use a list, such as [{value!r}]."
    if kind in ("model_type", "mapping_type"):
        keys = ", ".join(repr(_name(key)) for key in section_at(_pattern(location)))
        return f"Use an object with keys of these: {keys}." if keys else "Use an object."
    return f"Use another value. {_meaning(location)}".rstrip()


def _hint(location: Location) -> str:
    """What the unknown key was probably meant to be, as the end of a sentence."""
    key = str(location[-1])
    if key in _SDK_ARGUMENTS:
        return f": AWS's SDK has an argument of this name; in the file the key is {_SDK_ARGUMENTS[key]!r}."
    names = [_name(allowed) for allowed in section_at(_pattern(location[:-1]))]
    elsewhere = [known.path for known in KEYS if _name(known) == key]
    if elsewhere:
        return f" here; its place is {' or '.join(map(repr, elsewhere))}."
    return f"; {did_you_mean(key, names)}"


def _meaning(location: Location) -> str:
    pattern = _pattern(location)
    return next((key.meaning for key in KEYS if key.path == pattern), "")


def _name(key: Key) -> str:
    return key.path.rpartition(".")[2]


def _pattern(location: Location) -> str:
    """Path of the location in the table of keys, where every element of a list is ``[]``."""
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in location).removeprefix(".")
