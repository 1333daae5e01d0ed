"""What our model server reads and writes: CSV, JSON Lines, JSON and NumPy's npy in; CSV, JSON Lines and JSON out."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.protocols.model import Batch, Scores

__all__ = ["BadRequest", "accepted_type", "decode_rows", "encode_scores"]

CSV, JSON_LINES, JSON, NPY = "text/csv", "application/jsonlines", "application/json", "application/x-npy"
_CSV_CELL = re.compile(r'("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|$)')


class BadRequest(Exception):
    """The request cannot be read; ``status`` is what it is answered with."""

    def __init__(self, message: str, status: int = 400) -> None:
        self.status = status
        super().__init__(message)


def media_type(header: str) -> str:
    """The type in a header, without its parameters.

    >>> media_type("text/csv; charset=utf-8")
    'text/csv'
    """
    return header.partition(";")[0].strip().lower()


def accepted_type(accept: str, content_type: str) -> str:
    """The type of answer for an Accept header; that of the request where it does not say.

    Raises
    ------
    BadRequest
        It takes none that we write.
    """
    wanted = [media_type(part) for part in accept.split(",")]
    for kind in wanted:
        if kind in (CSV, JSON_LINES, JSON):
            return kind
    if set(wanted) & {"", "*/*", "text/*", "application/*"}:
        return media_type(content_type) if media_type(content_type) in (CSV, JSON_LINES, JSON) else CSV
    raise BadRequest(f"Accept: got {accept!r}. Answers are {CSV}, {JSON_LINES} or {JSON}.", 406)


def decode_rows(body: bytes, content_type: str, features: Sequence[str] | None = None) -> Batch:
    r"""Rows of a request.

    Parameters
    ----------
    features
        Names of the columns, in order; ``column_0`` and so on if left out. Objects of JSON bring names of their own.

    Raises
    ------
    BadRequest
        The body cannot be read, or has other columns than ``features``.

    Examples
    --------
    >>> batch = decode_rows(b'39,"007"\n50,', "text/csv", ["age", "code"])
    >>> batch.columns["age"], batch.columns["code"]
    (array([39, 50]), array(['007', None], dtype=object))
    """
    kind = media_type(content_type)
    if kind not in (CSV, JSON_LINES, JSON, NPY):
        raise BadRequest(f"Content-Type: got {content_type!r}. Requests are {CSV}, {JSON_LINES}, {JSON} or {NPY}.", 415)
    try:
        if kind == CSV:
            columns: Sequence[npt.NDArray[Any]] = _csv_columns(body.decode())
        elif kind == NPY:
            array = np.load(io.BytesIO(body), allow_pickle=False)
            columns = list(array.reshape(len(array), -1).T)
        else:
            records = _records(json.loads(body)) if kind == JSON else [json.loads(line) for line in _lines(body)]
            return _from_records(records, features)
    except (ValueError, UnicodeDecodeError) as error:
        raise BadRequest(f"The body is no {kind}: {error}") from None
    return _named(columns, features)


def _lines(body: bytes) -> list[str]:
    return [line for line in body.decode().split("\n") if line.strip()]


def _csv_columns(text: str) -> list[npt.NDArray[Any]]:
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    columns = list(zip(*rows, strict=True))
    quoted = _quoted_columns(text, len(columns)) if '"' in text else set()
    return [_text(cells) if i in quoted else _csv_column(cells) for i, cells in enumerate(columns)]


def _quoted_columns(text: str, width: int) -> set[int]:
    """Columns whose first cell with anything in it is quoted: text, even where it looks like a number."""
    open_columns, quoted, column = set(range(width)), set(), 0
    for cell in _CSV_CELL.finditer(text):
        if cell[1] and column in open_columns:
            open_columns.discard(column)
            if cell[1].startswith('"'):
                quoted.add(column)
        if not open_columns or not cell[0]:
            break
        column = column + 1 if cell[2] == "," else 0
    return quoted


def _text(cells: Sequence[str]) -> npt.NDArray[Any]:
    return np.array([cell or None for cell in cells], dtype=object)


def _csv_column(cells: Sequence[str]) -> npt.NDArray[Any]:
    try:
        return np.array(cells, dtype=np.int64)
    except (ValueError, OverflowError):
        pass
    try:
        return np.array([cell or "nan" for cell in cells], dtype=np.float64)
    except ValueError:
        return _text(cells)


def _records(document: Any) -> list[Any]:
    """The list of records in a JSON document: itself, or the only list of records it holds."""
    if isinstance(document, list):
        return document if not document or isinstance(document[0], list | dict) else [document]
    values = document.values() if isinstance(document, dict) else ()
    lists = [value for value in values if isinstance(value, list) and value and isinstance(value[0], list | dict)]
    if len(lists) == 1:
        return list(lists[0])
    return [document]


def _from_records(records: list[Any], features: Sequence[str] | None) -> Batch:
    rows = [record["features"] if _holds_features(record) else record for record in records]
    if rows and all(isinstance(row, dict) for row in rows):
        names = list(features or rows[0])
        if strange := sorted({str(name) for row in rows for name in row} ^ set(names)):
            raise BadRequest(f"Records must hold the features {names}; these are missing or unknown: {strange}.")
        return _named([_column([row[name] for row in rows]) for name in names], names)
    if not all(isinstance(row, list) for row in rows):
        raise BadRequest('A record is a list of values, an object of them, or {"features": [...]}.')
    return _named([_column(cells) for cells in zip(*rows, strict=True)], features)


def _holds_features(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("features"), list)


def _column(cells: Sequence[Any]) -> npt.NDArray[Any]:
    kinds = {type(cell) for cell in cells}
    if (kinds <= {float, int, type(None)} and float in kinds) or kinds == {type(None)}:
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    if kinds in ({int}, {bool}):
        return np.array(cells)
    return np.array(cells, dtype=object)


def _named(columns: Sequence[npt.NDArray[Any]], features: Sequence[str] | None) -> Batch:
    names = features or [f"column_{i}" for i in range(len(columns))]
    if len(names) != len(columns):
        raise BadRequest(f"Records have {len(columns)} values, and the model takes {len(names)}: {list(names)}.")
    return Batch(dict(zip(names, columns, strict=True)))


def encode_scores(scores: Scores, accept: str) -> bytes:
    r"""Scores, and labels where there are any, one record after the other.

    CSV holds the label before the scores. JSON follows SageMaker's built-in models: ``{"predictions": [{"score": ...,
    "predicted_label": ...}]}``, JSON Lines one such object per line.

    Examples
    --------
    >>> encode_scores(Scores(np.array([[0.25], [0.5]])), "text/csv")
    b'0.25\n0.5'
    >>> encode_scores(Scores(np.array([[0.25, 0.75]]), labels=np.array(["yes"])), "application/json")
    b'{"predictions": [{"score": [0.25, 0.75], "predicted_label": "yes"}]}'
    """
    values = scores.values.tolist()
    labels = None if scores.labels is None else scores.labels.tolist()
    if accept == CSV:
        written = io.StringIO()
        rows = values if labels is None else [[label, *row] for label, row in zip(labels, values, strict=True)]
        csv.writer(written, lineterminator="\n").writerows(rows)
        return written.getvalue().removesuffix("\n").encode()
    records: list[dict[str, Any]] = [{} if not row else {"score": row[0] if len(row) == 1 else row} for row in values]
    for record, label in zip(records, labels or (), strict=labels is not None):
        record["predicted_label"] = label
    if accept == JSON:
        return json.dumps({"predictions": records}).encode()
    return "\n".join(map(json.dumps, records)).encode()
