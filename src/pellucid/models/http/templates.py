"""Bodies of requests: CSV, JSON Lines and JSON, as Clarify's templates describe them.

Source: AWS developer guide, request payloads for tabular data. A template is compiled once into literal texts and the
columns between them; many rows are then printed column by column, few by a format string each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, ModelError, Problem, did_you_mean
from pellucid.models.http.padded_cells import joined_rows, printed_column
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = ["RequestFormat"]

CSV, JSON_LINES, JSON = "text/csv", "application/jsonlines", "application/json"

MANY_ROWS = 512
"""From here on printing whole columns at once is faster."""

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
            pieces = _listed(batch.names, "", ",", "")
            # An empty line is no record to most readers.
            cell = csv_cell if len(batch.names) > 1 else _csv_cell_alone
            return _filled(pieces, batch, cell, "\n").encode()
        self.check(batch.names)
        for name, values in batch.columns.items():
            _refuse_infinite(name, values)
        names = json.dumps(batch.names, separators=(",", ":"))
        if self.content_type == JSON_LINES:
            pieces = _compiled(self.content_template or "", batch.names, names, separator=",")
            return _filled(pieces, batch, json_cell, "\n").encode()
        pieces = _compiled(self.record_template or "", batch.names, names, separator=", ")
        records = _filled(pieces, batch, json_cell, ", ")
        return _document(self.content_template or "", records, len(batch), names).encode()


Cell = str | int
"""A printed value; an integer is printed with its row, which is faster."""


def csv_cell(value: Any) -> str:
    """A value in CSV: text in double quotes, numbers bare, missing ones empty.

    >>> [csv_cell(value) for value in ('say "hi" twice', None, 3, True)]
    ['"say ""hi"" twice"', '', '3', 'True']
    """
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    if value is None or value != value:
        return ""
    return str(bool(value)) if isinstance(value, bool | np.bool_) else repr(_plain(value))


def _csv_cell_alone(value: Any) -> str:
    return csv_cell(value) or '""'


def json_cell(value: Any) -> str:
    """A value in JSON, missing ones ``null``.

    >>> [json_cell(value) for value in (1.0, np.nan, "a")]
    ['1.0', 'null', '"a"']
    """
    if isinstance(value, str):
        return json.dumps(value)
    if value is None or value != value:
        return "null"
    return json.dumps(bool(value)) if isinstance(value, bool | np.bool_) else repr(_plain(value))


def _refuse_infinite(name: str, values: npt.NDArray[Any]) -> None:
    if values.dtype.kind == "f" and np.isinf(values).any():
        raise ModelError(
            f"Column {name!r} holds an infinite number, which JSON cannot. "
            "Correct the value, or set predictor.content_type to 'text/csv'."
        )


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _filled(pieces: Sequence[str], batch: Batch, cell: Callable[[Any], str], between: str) -> str:
    """The rows of ``batch``, one after the other with ``between`` from each to the next.

    Parameters
    ----------
    pieces
        A row: literal text, name of a column, literal text, ..., literal text.
    cell
        How a value is printed.
    """
    if len(batch) >= MANY_ROWS and (body := _filled_at_once(pieces, batch, cell, between)) is not None:
        return body.decode()
    row = "".join("%s" if place % 2 else piece.replace("%", "%%") for place, piece in enumerate(pieces))
    columns = {name: _printed(batch.columns[name], cell) for name in dict.fromkeys(pieces[1::2])}
    if not columns:
        return between.join([row % ()] * len(batch))
    return between.join(map(row.__mod__, zip(*(columns[name] for name in pieces[1::2]), strict=True)))


def _filled_at_once(pieces: Sequence[str], batch: Batch, cell: Callable[[Any], str], between: str) -> bytes | None:
    columns = {}
    for name in dict.fromkeys(pieces[1::2]):
        printed = printed_column(batch.columns[name], cell)
        if printed is None:
            return None
        columns[name] = printed
    parts = [columns[piece] if place % 2 else piece.encode() for place, piece in enumerate(pieces)]
    return joined_rows(parts, len(batch), between.encode())


def _printed(values: npt.NDArray[Any], cell: Callable[[Any], str]) -> list[Cell]:
    if values.dtype.kind in "iu":
        whole: list[Cell] = values.tolist()
        return whole
    if values.dtype.kind == "f":
        # The shortest text that gives the number back in its own precision: a float32 does not grow digits.
        plain = values.tolist() if values.dtype == np.float64 else [float(str(value)) for value in values]
        cells: list[Cell] = list(map(repr, plain))
        for place in np.flatnonzero(np.isnan(values)):
            cells[place] = cell(np.nan)
        return cells
    listed = values.tolist()
    # Columns of text repeat themselves, so each distinct value is printed once.
    if set(map(type, listed)) <= {str, type(None)}:
        known = {value: cell(value) for value in set(listed)}
        return list(map(known.__getitem__, listed))
    return list(map(cell, listed))


def _compiled(template: str, features: Sequence[str], names: str, separator: str) -> list[str]:
    """A row of the template as `_filled` takes it."""
    pieces = [""]
    end = 0
    for found in _PLACEHOLDER.finditer(template):
        pieces[-1] += template[end : found.start()]
        end = found.end()
        if found.group(1) is not None:
            pieces += [found.group(1), ""]
        elif found.group() == "$feature_names":
            pieces[-1] += names
        elif found.group() == "$features":
            first, *others = _listed(features, "[", separator, "]")
            pieces = [*pieces[:-1], pieces[-1] + first, *others]
        elif found.group() == "$features_kvp":
            for place, name in enumerate(features):
                pieces[-1] += ("{" if place == 0 else separator) + json.dumps(name) + ": "
                pieces += [name, ""]
            pieces[-1] += "}" if features else "{}"
        else:
            pieces[-1] += found.group()
    pieces[-1] += template[end:]
    return pieces


def _listed(names: Sequence[str], before: str, separator: str, after: str) -> list[str]:
    """All columns in a list, as `_filled` takes it."""
    if not names:
        return [before + after]
    return [before, *[piece for name in names for piece in (name, separator)][:-1], after]


def _document(template: str, records: str, count: int, names: str) -> str:
    """A whole JSON body around its records."""
    if "$record" in _placeholders(template) and count != 1:
        raise ModelError(
            f"predictor.content_template: got {template!r} for {count} records, and $record takes one record "
            "per request. Use $records where the model takes several."
        )
    values = {"$records": f"[{records}]", "$record": records, "$feature_names": names}
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
