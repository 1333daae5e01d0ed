"""What both JSON formats share: JMESPath expressions, names of the columns, and the cells of a feature record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pellucid.datasets.header_row import generated_names, refuse_equal_names
from pellucid.datasets.sources import DatasetSource
from pellucid.errors import ConfigError, Problem, did_you_mean

__all__ = ["RecordError", "cells_of", "compiled", "found_in", "json_fault", "json_names", "keys_of", "label_cell"]


class RecordError(ValueError):
    """One record cannot be used; the reader adds file and line."""


def compiled(source: DatasetSource) -> dict[str, Any]:
    """The compiled JMESPath expressions of ``features``, ``label`` and ``predicted_label``, those that are given.

    Raises
    ------
    ConfigError
        ``features`` is missing, or an expression is no JMESPath; all of them are named.
    """
    import jmespath
    from jmespath.exceptions import JMESPathError

    given = {"features": source.features, "label": source.label, "predicted_label": source.predicted_label}
    expressions: dict[str, Any] = {}
    problems = []
    if source.features is None:
        fix = f"Give the JMESPath to the features: {source.dataset_type} needs one, for example 'features'."
        problems.append(Problem("features", fix=fix))
    for key, expression in given.items():
        if expression is None:
            continue
        if isinstance(expression, int):
            problems.append(Problem(key, expression, fix="Use a JMESPath, for example 'label'; an index is for CSV."))
            continue
        try:
            expressions[key] = jmespath.compile(expression)
        except JMESPathError as error:
            cause = str(error).splitlines()[0].rstrip(".:")
            problems.append(Problem(key, expression, fix=f"This is no valid JMESPath ({cause}). Correct it."))
    if problems:
        raise ConfigError(problems)
    return expressions


def found_in(expression: Any, document: Any) -> Any:
    """What ``expression`` finds in ``document``, with None for an element of a list that has no such value.

    JMESPath itself leaves those elements out of ``[*].label``, and of ``*.label`` and what is behind a ``|`` too, so
    that later labels would move to other records.

    Examples
    --------
    >>> import jmespath
    >>> found_in(jmespath.compile("[*].y"), [{"y": 1}, {}, {"y": 0}])
    [1, None, 0]
    >>> found_in(jmespath.compile("[?ok].y"), [{"ok": True, "y": 1}, {"ok": True}, {"y": 0}])
    [1, None]
    """
    return _found_by(expression.parsed, expression.expression, document)


def _found_by(tree: dict[str, Any], text: str, document: Any) -> Any:
    from jmespath.parser import ParsedResult

    def searched(part: dict[str, Any], value: Any) -> Any:
        return ParsedResult(text, part).search(value)

    kind, parts = tree["type"], tree["children"]
    if kind == "pipe":
        return _found_by(parts[1], text, _found_by(parts[0], text, document))
    if kind == "projection":
        elements = _found_by(parts[0], text, document)
    elif kind == "value_projection":
        holder = _found_by(parts[0], text, document)
        elements = list(holder.values()) if isinstance(holder, dict) else None
    elif kind == "filter_projection":
        identity = {"type": "identity", "children": []}
        elements = searched({"type": kind, "children": [parts[0], identity, parts[2]]}, document)
    else:
        return searched(tree, document)
    return [searched(parts[1], element) for element in elements] if isinstance(elements, list) else None


def json_names(source: DatasetSource, features: Any) -> tuple[tuple[str, ...], str | None, str | None]:
    """Names of all columns, of the label and of the predicted label, by the first feature record.

    With ``headers``: features in order, then the label, then the predicted label. Without: the keys of the records, or
    ``column_0``, ...; labels are called like the last part of their JMESPath.

    Raises
    ------
    ConfigError
        The number of headers differs from the number of columns.
    DataError
        Two columns have one name.
    """
    keys = keys_of(features)
    width = len(keys) if keys is not None else len(features) if isinstance(features, list) else 1
    count = width + (source.label is not None) + (source.predicted_label is not None)
    if source.headers is not None:
        if len(source.headers) != count:
            raise ConfigError(_wrong_headers(source, width, count))
        names = source.headers
    else:
        names = keys if keys is not None else generated_names(width)
        for expression, default in ((source.label, "label"), (source.predicted_label, "predicted_label")):
            if expression is not None:
                last = _last_part(str(expression), default)
                names = (*names, default if last in names else last)
    refuse_equal_names(names, "features" if source.headers is None else source.headers_key)
    label = names[width] if source.label is not None else None
    return tuple(names), label, names[-1] if source.predicted_label is not None else None


def _wrong_headers(source: DatasetSource, width: int, count: int) -> Problem:
    given = len(source.headers or ())
    known_as = "Headers in config do not match with the number of columns in the dataset."
    if source.label is not None and given == width:
        known_as = "Headers must contain label."
    labels = [key for key in ("label", "predicted_label") if getattr(source, key) is not None]
    after = f", then a name for {' and '.join(labels)}" if labels else ""
    fix = (
        f"The data has {count} columns, {source.headers_key} names {given}. Name the {width} features in order{after}."
    )
    return Problem(source.headers_key, known_as=known_as, fix=fix)


def _last_part(expression: str, default: str) -> str:
    parts: list[str] = re.findall(r"[A-Za-z_]\w*", expression)
    return parts[-1] if parts else default


def json_fault(error: Exception) -> str:
    """What is wrong in a line that is not JSON, with the place in it."""
    import json

    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos + 1}"
    return "it is nested too deeply"


def keys_of(features: Any) -> tuple[str, ...] | None:
    """The keys of a feature record that is an object, else None."""
    return tuple(features) if isinstance(features, dict) else None


def cells_of(features: Any, keys: Sequence[str] | None, width: int) -> list[Any]:
    """The cells of one feature record: a list, an object with ``keys``, or a single value.

    Raises
    ------
    RecordError
        The record is missing, has another number of cells than the first one, or other keys.

    Examples
    --------
    >>> cells_of([39, "Male"], None, 2), cells_of({"sex": "Male"}, ("age", "sex"), 2), cells_of("a text", None, 1)
    ([39, 'Male'], [None, 'Male'], ['a text'])
    """
    if features is None:
        raise RecordError("The JMESPath of features finds nothing here.")
    if keys is not None:
        if not isinstance(features, dict):
            raise RecordError("The features are not an object as in the first record.")
        unknown = [key for key in features if key not in keys]
        if unknown:
            raise RecordError(f"The first record has no key {unknown[0]!r}; {did_you_mean(unknown[0], keys)}")
        return [features.get(key) for key in keys]
    cells = features if isinstance(features, list) else [features]
    if isinstance(features, dict) or len(cells) != width:
        found = "are an object" if isinstance(features, dict) else f"are {len(cells)}"
        raise RecordError(f"The features {found}, in the first record they are a list of {width}.")
    return cells


def label_cell(key: str, value: Any) -> Any:
    """``value`` if it can be a label.

    Raises
    ------
    RecordError
        The value is a list or an object.
    """
    if isinstance(value, (list, dict)):
        raise RecordError(f"The JMESPath of {key} finds a {'list' if isinstance(value, list) else 'object'} here.")
    return value
