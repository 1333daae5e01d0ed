"""Every key the file may hold, read off the models: for hints in messages, strict mode and the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from pellucid.config.analysis import AnalysisConfig
from pellucid.config.forms import Section
from pellucid.records import dataclass

__all__ = ["KEYS", "OWN_KEYS", "Key", "section_at"]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the file.

    Parameters
    ----------
    path
        Where it stands; ``[]`` stands for each element of a list: ``facet[].name_or_index``.
    type
        Names of the types it takes, in Python's words.
    required
        Whether its object may not be without it.
    default
        What holds without it; None where its absence means something of its own.
    meaning
        One or two sentences.
    own
        Whether it is Pellucid's, unknown to Clarify.
    """

    path: str
    type: str
    required: bool
    default: object
    meaning: str
    own: bool


def _nested(annotation: Any, suffix: str = "") -> Iterator[tuple[str, type[Section]]]:
    """Objects that a value of this type holds, each with ``[]`` where it is the element of a list."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield suffix, annotation
    inside = suffix + "[]" if get_origin(annotation) is tuple else suffix
    for part in get_args(annotation):
        yield from _nested(part, inside)


def _type_name(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(map(repr, parts))
    if origin is tuple:
        return f"list of {_type_name(parts[0])}"
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return f"object of {_type_name(parts[1])}"
    if hasattr(annotation, "__metadata__"):
        return _type_name(parts[0])
    if parts:
        return " or ".join(_type_name(part) for part in parts if part is not type(None))
    if annotation is Any:
        return "any"
    return "object" if issubclass(annotation, Section) else str(annotation.__name__)


def _key(path: str, field: FieldInfo) -> Key:
    return Key(
        path=path,
        type=_type_name(field.annotation),
        required=field.is_required(),
        default=None if field.is_required() else field.default,
        meaning=field.description or "",
        own=isinstance(field.json_schema_extra, dict) and bool(field.json_schema_extra.get("x-pellucid")),
    )


def _walk(section: type[Section], prefix: str = "") -> Iterator[Key]:
    for name, field in section.model_fields.items():
        path = f"{prefix}{name}"
        yield _key(path, field)
        for suffix, inner in _nested(field.annotation):
            yield from _walk(inner, f"{path}{suffix}.")


KEYS: tuple[Key, ...] = tuple(_walk(AnalysisConfig))
"""All keys, in the order of the models."""

OWN_KEYS: Mapping[str, Key] = MappingProxyType({key.path: key for key in KEYS if key.own})
"""Pellucid's own keys by path: all of them optional, refused in strict mode."""


@cache
def section_at(path: str) -> tuple[Key, ...]:
    """Keys allowed in the object at ``path``, such as ``facet[]`` or, for the whole file, an empty string."""
    prefix = f"{path}." if path else ""
    return tuple(key for key in KEYS if key.path.startswith(prefix) and "." not in key.path[len(prefix) :])
