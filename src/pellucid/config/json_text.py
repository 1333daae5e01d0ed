"""The text of a configuration file: read, decoded, and taken apart as JSON with faults shown where they are."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pellucid.errors import ConfigError, Problem

__all__ = ["read_object"]

_NO_JSON = "Unable to load analysis configuration as JSON."
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Twice = list[tuple[dict[str, Any], str]]


def read_object(file: Path, *, strict: bool = False) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The JSON object that a file holds, and warnings.

    Raises
    ------
    ConfigError
        The file is missing, unreadable, empty, not UTF-8, no JSON, no object, or an object in it holds a key twice.
    """
    content = _content(file)
    marked = content.startswith(_BYTE_ORDER_MARK)
    if marked and strict:
        raise _unreadable(file.name, "Save the file as UTF-8 without a byte order mark.")
    document = _parse(_decode(content.removeprefix(_BYTE_ORDER_MARK), file.name), file.name)
    warning = f"{file.name}: begins with a byte order mark, which Clarify refuses. Save it as UTF-8 without one."
    return document, (warning,) if marked else ()


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise ConfigError(Problem(str(file), fix="There is no such file. Give the path of a JSON file.")) from None
    except IsADirectoryError:
        raise ConfigError(Problem(str(file), fix="This is a folder. Give the path of a JSON file in it.")) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(Problem(str(file), fix=f"The file cannot be read: {reason}.")) from None
    if not content.strip():
        raise _unreadable(file.name, "The file is empty. Write one JSON object into it.")
    return content


def _decode(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(
            f"{name}, line {line}", f"Byte 0x{content[error.start]:02x} is not UTF-8. Save the file as UTF-8."
        ) from None


def _parse(text: str, name: str) -> dict[str, Any]:
    twice: Twice = []

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        holder = dict(pairs)
        if len(holder) < len(pairs):
            names = [key for key, _ in pairs]
            twice.extend((holder, key) for key in holder if names.count(key) > 1)
        return holder

    def whole_number(digits: str) -> int:
        if math.isinf(float(digits)):  # no computation could take it
            raise _unreadable(name, "A number has too many digits.", digits)
        return int(digits)

    try:
        document = json.loads(text, object_pairs_hook=object_of, parse_int=whole_number)
    except json.JSONDecodeError as error:
        raise _broken(error, name) from None
    except RecursionError:
        raise _unreadable(name, "Objects and lists are nested too deeply.") from None
    if twice:
        raise ConfigError(_duplicate(document, holder, key) for holder, key in twice)
    if not isinstance(document, dict):
        raise ConfigError(Problem(name, document, fix="Use one JSON object."))
    return document


def _broken(error: json.JSONDecodeError, name: str) -> ConfigError:
    line = error.doc.splitlines()[error.lineno - 1].strip() if error.doc.splitlines()[error.lineno - 1 :] else ""
    where = f"{name}, line {error.lineno}, column {error.colno}"
    return _unreadable(where, f"{error.msg}. {_cause(error.doc, error.pos)}".rstrip(), line)


def _cause(text: str, position: int) -> str:
    """The usual mistake that leads to a fault at this position, or nothing."""
    before, at = text[:position].rstrip(), text[position:].lstrip()
    if not at:
        return "The file ends too early: a brace, bracket or quote is not closed."
    # Python 3.13 and later point at the comma, earlier ones behind it.
    closes = (at[0] in "}]" and before.endswith(",")) or re.match(r",\s*[}\]]", at)
    if closes:
        return "Remove the comma before the closing brace or bracket."
    if at[0] == "'":
        return "Use double quotes."
    if at.startswith(("//", "/*", "#")):
        return "JSON has no comments: remove this one."
    for word, json_word in (("True", "true"), ("False", "false"), ("None", "null")):
        if at.startswith(word):
            return f"Write {json_word}."
    return ""


def _duplicate(document: object, holder: dict[str, Any], key: str) -> Problem:
    path = next((path for path, found in _objects(document) if found is holder), "")
    return Problem(f"{path}.{key}".removeprefix("."), fix="This key stands more than once in one object. Keep one.")


def _objects(value: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from _objects(inner, f"{path}.{key}".removeprefix("."))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _objects(inner, f"{path}[{i}]")


def _unreadable(where: str, fix: str, value: object = ...) -> ConfigError:
    return ConfigError(Problem(where, value, fix=fix, known_as=_NO_JSON))
