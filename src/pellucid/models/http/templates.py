"""Bodies of requests: CSV, JSON Lines and JSON, as Clarify's templates describe them.

Source: AWS developer guide, request payloads for tabular data. A template is compiled once into a format string and the
positions of its cells, so that a hundred thousand rows cost one formatting each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, ModelError, Problem, did_you_mean
from pellucid.protocols.model import Batch

__all__ = ["RequestFormat"]

CSV, JSON_LINES, JSON = "text/csv", "application/jsonlines", "application/json"

# Longer names first: "$features" begins "$features_kvp", "$record" begins "$records".
_PLACEHOLDER = re.compile(r'"\$\{([^}]*)\}"|\$features_kvp|\$feature_names|\$features|\$records|\$record')


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFormat:
    r"""How rows become the body of a request.

    Parameters
    ----------
    content_type
        ``text/csv``, ``application/jsonlines`` or ``application/json``.
    content_template
        Body of a request: holds ``$features`` (JSON Lines: one line per record), ``$records`` (JSON: all records of a
        request) or ``$record`` (JSON: one record per request), and optionally ``$feature_names``.
    record_template
        One record of a JSON request: ``$features``, ``$features_kvp``, ``$feature_names`` and ``"${NAME}"``, which is
        replaced together with its double quotes.

    Examples
    --------
    >>> batch = Batch({"A": np.array([0, 2]), "B": np.array(["x", None], dtype=object)})
    >>> RequestFormat(content_type="text/csv").encode(batch)
    b'0,"x"\n2,'
    >>> RequestFormat(content_type="application/jsonlines", content_template='{"f":$features}').encode(batch)
    b'{"f":[0,"x"]}\n{"f":[2,null]}'
    >>> RequestFormat(
    ...     content_type="application/json", content_template='{"rows": $records}', record_template="$features_kvp"
    ... ).encode(batch)
    b'{"rows": [{"A": 0, "B": "x"}, {"A": 2, "B": null}]}'
    """

    content_type: str = CSV
    content_template: str | None = None
    record_template: str | None = None

    def __post_init__(self) -> None:
        problems = list(_format_problems(self))
        if problems:
            raise ConfigError(problems)

    @property
    def one_record_per_request(self) -> bool:
        """Whether the template holds a single record."""
        return self.content_type == JSON and "$record" in _placeholders(self.content_template or "")

    def check(self, names: Sequence[str]) -> None:
        """See that every ``"${NAME}"`` is a feature.

        Raises
        ------
        ConfigError
            The templates name features that are not there; all of them are listed.
        """
        problems = [
            Problem(
                f"predictor.{key}",
                f"${{{name}}}",
                known_as="Feature names not found.",
                fix=f"Name a feature that is sent to the model; {did_you_mean(name, names)}",
            )
            for key in ("content_template", "record_template")
            for name in _features_named(getattr(self, key) or "")
            if name not in names
        ]
        if problems:
            raise ConfigError(problems)

    def encode(self, batch: Batch) -> bytes:
        """The body for the rows of ``batch``.

        Numbers keep their type (``1``, ``1.0``), a missing value is an empty cell or ``null``.

        Raises
        ------
        ConfigError
            A template names a feature that is not there.
        ModelError
            The template takes one record per request and there are more, or JSON cannot hold a value.
        """
        if self.content_type == CSV:
            cells = [csv_cells(values) for values in batch.columns.values()]
            if len(cells) == 1:
                # An empty line is no record to most readers.
                cells = [['""' if cell == "" else cell for cell in cells[0]]]
            line = ",".join(["%s"] * len(cells))
            return "\n".join(map(line.__mod__, zip(*cells, strict=True))).encode()
        self.check(batch.names)
        names = json.dumps(batch.names, separators=(",", ":"))
        columns = {name: json_cells(name, values) for name, values in batch.columns.items()}
        if self.content_type == JSON_LINES:
            return "\n".join(_fill(self.content_template or "", columns, names, separator=",")).encode()
        records = _fill(self.record_template or "", columns, names, separator=", ")
        return _document(self.content_template or "", records, names).encode()


Cell = str | int
"""A printed value; an integer is printed with its row, which is faster."""


def csv_cells(values: npt.NDArray[Any]) -> list[Cell]:
    """Cells of one column: text in double quotes, numbers bare, missing ones empty.

    >>> csv_cells(np.array(['say "hi" twice', None, 3], dtype=object))
    ['"say ""hi"" twice"', '', '3']
    """
    return _printed(values, missing="", text=lambda value: '"' + value.replace('"', '""') + '"', boolean=str)


def json_cells(name: str, values: npt.NDArray[Any]) -> list[Cell]:
    """Values of one column as JSON, missing ones ``null``.

    Raises
    ------
    ModelError
        A number is infinite, for which JSON has no word.

    Examples
    --------
    >>> json_cells("x", np.array([1.0, np.nan]))
    ['1.0', 'null']
    """
    if values.dtype.kind == "f" and np.isinf(values).any():
        raise ModelError(
            f"Column {name!r} holds an infinite number, which JSON cannot. "
            "Correct the value, or set predictor.content_type to 'text/csv'."
        )
    return _printed(values, missing="null", text=json.dumps, boolean=json.dumps)


def _printed(
    values: npt.NDArray[Any], *, missing: str, text: Callable[[str], str], boolean: Callable[[bool], str]
) -> list[Cell]:
    if values.dtype.kind in "iu":
        whole: list[Cell] = values.tolist()
        return whole
    if values.dtype.kind == "f":
        absent = np.isnan(values)
        # The shortest text that gives the number back in its own precision: a float32 does not grow digits.
        plain = values.tolist() if values.dtype == np.float64 else [float(str(value)) for value in values]
        cells: list[Cell] = list(map(repr, plain))
        for i in np.flatnonzero(absent):
            cells[i] = missing
        return cells

    def cell(value: Any) -> str:
        if value is None or value != value:
            return missing
        if isinstance(value, str):
            return text(value)
        return boolean(bool(value)) if isinstance(value, bool | np.bool_) else repr(_plain(value))

    listed = values.tolist()
    # Columns of text repeat themselves, so each distinct value is printed once.
    if set(map(type, listed)) <= {str, type(None)}:
        known = {value: cell(value) for value in set(listed)}
        return list(map(known.__getitem__, listed))
    return list(map(cell, listed))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _fill(template: str, columns: dict[str, list[Cell]], names: str, *, separator: str) -> list[str]:
    """The template once per row, its placeholders replaced by JSON."""
    text, used = _compiled(template, tuple(columns), names, separator)
    if not used:
        return [text % ()] * len(next(iter(columns.values()), ()))
    return list(map(text.__mod__, zip(*(columns[name] for name in used), strict=True)))


def _compiled(template: str, features: Sequence[str], names: str, separator: str) -> tuple[str, list[str]]:
    """A format string, and the columns that fill it in order."""
    parts: list[str] = []
    used: list[str] = []
    end = 0
    for found in _PLACEHOLDER.finditer(template):
        parts.append(_literal(template[end : found.start()]))
        end = found.end()
        if found.group(1) is not None:
            parts.append("%s")
            used.append(found.group(1))
        elif found.group() == "$feature_names":
            parts.append(_literal(names))
        elif found.group() == "$features":
            parts.append("[" + separator.join(["%s"] * len(features)) + "]")
            used.extend(features)
        elif found.group() == "$features_kvp":
            parts.append("{" + separator.join(_literal(json.dumps(name)) + ": %s" for name in features) + "}")
            used.extend(features)
        else:
            parts.append(_literal(found.group()))
    parts.append(_literal(template[end:]))
    return "".join(parts), used


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _document(template: str, records: list[str], names: str) -> str:
    """A whole JSON body around its records."""
    if "$record" in _placeholders(template) and len(records) != 1:
        raise ModelError(
            f"predictor.content_template: got {template!r} for {len(records)} records, and $record takes one record "
            "per request. Use $records where the model takes several."
        )
    values = {"$records": f"[{', '.join(records)}]", "$record": "".join(records), "$feature_names": names}
    return _PLACEHOLDER.sub(lambda found: values.get(found.group(), found.group()), template)


def _placeholders(template: str) -> list[str]:
    return [found.group() for found in _PLACEHOLDER.finditer(template)]


def _features_named(template: str) -> list[str]:
    return [found.group(1) for found in _PLACEHOLDER.finditer(template) if found.group(1) is not None]


def _format_problems(wanted: RequestFormat) -> list[Problem]:
    template, record = wanted.content_template, wanted.record_template
    if wanted.content_type not in (CSV, JSON_LINES, JSON):
        fix = f"Rows are sent as {CSV!r}, {JSON_LINES!r} or {JSON!r}."
        return [Problem("predictor.content_type", wanted.content_type, fix=fix)]
    if wanted.content_type == CSV:
        return []
    problems = []
    found = _placeholders(template or "")
    if wanted.content_type == JSON_LINES and found.count("$features") != 1:
        fix = "Use a text that holds the placeholder $features exactly once, such as '{\"features\": $features}'."
        problems.append(Problem("predictor.content_template", template, fix=fix))
    if wanted.content_type == JSON and ("$records" in found) == ("$record" in found):
        fix = "Use $records (all records of a request) or $record (one record per request)."
        problems.append(Problem("predictor.content_template", template, fix=fix))
    if wanted.content_type == JSON and not record:
        problems.append(Problem("predictor.record_template", record, fix="Use a text such as '$features'."))
    return problems
