"""The forms a value may take in the file, and what is said of a value that has another.

AWS's schema tells integers, floats and booleans apart, so each form looks at the type itself before anything else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError, WithJsonSchema, WrapValidator
from pydantic_core import CoreSchema, PydanticCustomError

from pellucid.errors import did_you_mean

__all__ = [
    "Cell",
    "Count",
    "Given",
    "Integer",
    "Locator",
    "Name",
    "Natural",
    "OwnShare",
    "Real",
    "Section",
    "Share",
    "Text",
    "Truth",
    "Unreadable",
    "Value",
    "choice",
    "form",
    "own",
    "unusable",
]

T = TypeVar("T")
Unreadable: Final = "unreadable"
"""Type of the validation errors that carry our own words: ``fix``, and ``known_as`` where Clarify has a wording."""


class Section(BaseModel):
    """One JSON object of the file: closed, and unchangeable once read."""

    # Built at once, from the outermost section: each section on its own would be built again within those around it.
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), defer_build=True)


def own(default: object, meaning: str) -> Any:
    """A key of ours, which Clarify does not know: it has a default, and strict mode refuses it."""
    return Field(default=default, description=meaning, json_schema_extra={"x-pellucid": True})


def unusable(fix: str, known_as: str = "") -> PydanticCustomError:
    """The error of a value that cannot be used."""
    return PydanticCustomError(Unreadable, "{fix}", {"fix": fix, "known_as": known_as})


def form(expected: str, *types: type, accepts: Callable[[Any], bool] = lambda value: True) -> WrapValidator:
    """Accept values of exactly ``types`` (a boolean is no integer, an integer no float) for which ``accepts`` holds."""

    def check(value: Any, read: Callable[[Any], Any]) -> Any:
        if type(value) not in types or not accepts(value):
            raise unusable(f"Use {expected}.")
        try:
            return read(value)
        except ValidationError:
            raise unusable(f"Use {expected}.") from None

    return WrapValidator(check)


def choice(literal: Any) -> WrapValidator:
    """Accept the words of a ``Literal`` in any case, and hand them on in lower case."""
    words = get_args(literal)

    def check(value: Any, read: Callable[[Any], Any]) -> Any:
        if isinstance(value, str) and value.lower() in words:
            return read(value.lower())
        near = did_you_mean(value, words) if isinstance(value, str) else ""
        listed = ", ".join(map(repr, words[:-1])) + " or " * (len(words) > 1) + repr(words[-1])
        raise unusable(f"Use {listed}; {near}" if near.startswith("did") else f"Use {listed}.")

    return WrapValidator(check)


class _NotNull:
    """Makes the key optional while null stays refused: AWS takes an absent key, never a null one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        nullable = cast("dict[str, Any]", handler(source))
        return cast("CoreSchema", nullable["schema"])


Given = Annotated[T | None, _NotNull()]
"""A key that may be left out; None then."""

Text = Annotated[str, form("a string", str)]
Integer = Annotated[int, form("an integer", int)]
Natural = Annotated[int, Field(ge=0), form("an integer of at least 0", int)]
Count = Annotated[int, Field(ge=1), form("an integer of at least 1", int)]
Truth = Annotated[bool, form("true or false", bool)]
Real = Annotated[float, form("a finite number with a decimal point, such as 0.5", float, accepts=math.isfinite)]
Share = Annotated[
    float, Field(ge=0, le=1), form("a number with a decimal point from 0.0 to 1.0", float, accepts=math.isfinite)
]
OwnShare = Annotated[float, Field(gt=0, lt=1), form("a number between 0 and 1, both excluded", float, int)]
Locator = Annotated[
    int | str,
    form(
        "a name (string) or a zero-based index (integer of at least 0)",
        int,
        str,
        accepts=lambda value: isinstance(value, str) or value >= 0,
    ),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 0}]}),
]
Name = Annotated[
    int | str,
    form("a string or an integer", int, str),
    WithJsonSchema({"type": ["string", "integer"]}),
]
Value = Annotated[
    int | float | str,
    form(
        "a string or a finite number",
        int,
        float,
        str,
        accepts=lambda value: isinstance(value, str) or math.isfinite(value),
    ),
    WithJsonSchema({"type": ["string", "number"]}),
]
Cell = Annotated[
    int | float | str | None,
    form("a string, a number or null", int, float, str, type(None)),
    WithJsonSchema({"type": ["string", "number", "null"]}),
]
