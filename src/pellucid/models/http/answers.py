"""Bodies of responses: CSV, JSON Lines and JSON read into plain values, before anything is looked up in them.

Source: AWS developer guide, response payloads for tabular data, with the leniency it promises for CSV.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError, shorten

__all__ = ["Cells", "json_document", "json_lines", "number_grid", "parse_cell", "refuse_other_types", "table_of_cells"]

CSV, JSON_LINES, JSON = "text/csv", "application/jsonlines", "application/json"

Cells = list[list[str]]
"""Records of a CSV answer, cell by cell, as text."""

_BINARY = {b"\xff\xd8\xff": "a JPEG image", b"\x89PNG": "a PNG image", b"\x93NUMPY": "an NPY array"}
"""First bytes of what requests with images hold."""

_ALSO_CALLED = {
    "application/csv": CSV,
    "application/x-jsonlines": JSON_LINES,
    "application/jsonl": JSON_LINES,
    "application/x-ndjson": JSON_LINES,
    "application/ndjson": JSON_LINES,
}


def refuse_other_types(body: bytes, content_type: str | None, accept_type: str) -> None:
    """See that the answer is of the type that was asked for, as far as it says.

    A type that is none of the three (Flask calls everything ``text/html``) is no evidence; a page of HTML is.

    Raises
    ------
    ModelError
        The answer is a web page, or of another of the three types.
    """
    start = body[:200].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise ModelError(
            "The model answered with a web page instead of predictions. Check the URL of the endpoint (/invocations is "
            f"appended to it) and that no proxy or login stands before it. The answer: {shown(body)}"
        )
    said = (content_type or "").partition(";")[0].strip().lower()
    said = _ALSO_CALLED.get(said, said)
    # Many containers call JSON Lines JSON; one line per record then still tells them apart.
    if said in (CSV, JSON_LINES, JSON) and said != accept_type and {said, accept_type} != {JSON, JSON_LINES}:
        raise ModelError(
            f"predictor.accept_type: got {accept_type!r}, and the model answered with Content-Type {said!r}. "
            f"Set predictor.accept_type to {said!r}, and predictor.label and predictor.probability to what that "
            f"answer holds. The answer: {shown(body)}"
        )


def shown(body: bytes | str) -> str:
    r"""The answer as it is quoted in a message; of an image or an array, what it is.

    >>> shown(b"\x89PNG" + bytes(100))
    'a PNG image of 104 bytes'
    """
    if isinstance(body, bytes):
        for start, kind in _BINARY.items():
            if body.startswith(start):
                return f"{kind} of {len(body):,} bytes"
    text = body if isinstance(body, str) else body.decode("utf-8", errors="replace")
    return shorten(text, limit=300)


def text_of(body: bytes) -> str:
    """The body as text.

    Raises
    ------
    ModelError
        It is not UTF-8.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ModelError(f"The answer of the model is not UTF-8 text. The answer: {shown(body)}") from None


def number_grid(body: bytes) -> npt.NDArray[np.float64] | None:
    r"""A CSV answer that holds nothing but numbers, shape (lines, cells); None where it holds anything else.

    >>> number_grid(b"0.25,1\n0.5,2\n")
    array([[0.25, 1.  ],
           [0.5 , 2.  ]])
    >>> number_grid(b"yes,0.5") is None
    True
    """
    text = text_of(body)
    lines = text.split()
    width = lines[0].count(",") + 1 if lines else 0
    alone = "," not in text
    if not lines or not (alone or all(line.count(",") + 1 == width for line in lines)):
        return None
    try:
        flat = np.array(lines if alone else ",".join(lines).split(","), dtype=np.float64)
    except ValueError:
        return None
    return flat.reshape(len(lines), width)


def table_of_cells(body: bytes, records: int) -> Cells:
    """Records of a CSV answer as text cells.

    One line that holds a cell for each of several records is a record per cell.

    >>> table_of_cells(b"yes,no", records=2)
    [['yes'], ['no']]
    """
    read = csv.reader(io.StringIO(text_of(body), newline=""), skipinitialspace=True)
    rows = [[cell.strip() for cell in row] for row in read if row]
    if len(rows) == 1 and records > 1 and len(rows[0]) == records:
        return [[cell] for cell in rows[0]]
    return rows


def parse_cell(cell: str) -> Any:
    """A CSV cell as an integer, a float, a list where one was printed into it, else as text; empty is None.

    >>> [parse_cell(cell) for cell in ("1", "0.5", "cat", "", "['cat','dog']", "[0.2 0.8]")]
    [1, 0.5, 'cat', None, ['cat', 'dog'], [0.2, 0.8]]
    """
    if not cell:
        return None
    if cell.startswith("[") and cell.endswith("]"):
        return _printed_list(cell)
    if re.fullmatch(r"[+-]?\d{1,18}", cell):
        # Zeros in front are part of a code, not of a number.
        return int(cell) if str(int(cell)) == cell.lstrip("+") else cell
    try:
        return cell if "_" in cell else float(cell)
    except ValueError:
        return cell


def _printed_list(cell: str) -> Any:
    try:
        return json.loads(cell)
    except ValueError:
        pass
    try:
        return ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        # NumPy prints arrays without commas.
        return [parse_cell(part.strip("'\"")) for part in cell[1:-1].split()]


def json_lines(body: bytes) -> list[Any]:
    """One value per line of a JSON Lines answer; blank lines do not count.

    Raises
    ------
    ModelError
        A line is not JSON.
    """
    lines = [line for line in text_of(body).split("\n") if line.strip()]
    try:
        values: list[Any] = json.loads("[" + ",".join(lines) + "]")
    except ValueError:
        values = []
    # A line of its own that reads "1,2" would count twice in the list of all.
    if len(values) == len(lines):
        return values
    return [_json_line(line, number) for number, line in enumerate(lines, start=1)]


def _json_line(line: str, number: int) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        raise ModelError(
            f"Line {number} of the answer is not JSON. Set predictor.accept_type to the format that the model "
            f"answers in; it is {JSON_LINES!r} now. The line: {shown(line)}"
        ) from None


def json_document(body: bytes) -> Any:
    """The value of a JSON answer.

    Raises
    ------
    ModelError
        It is not JSON.
    """
    try:
        return json.loads(text_of(body))
    except ValueError:
        raise ModelError(
            f"The answer is not JSON. Set predictor.accept_type to the format that the model answers in; "
            f"it is {JSON!r} now. The answer: {shown(body)}"
        ) from None
