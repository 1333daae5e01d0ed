"""From the answer of a model to scores and labels.

Source: AWS developer guide, model response formats: ``label``, ``probability`` and ``label_headers`` of the predictor.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, ModelError, Problem, did_you_mean
from pellucid.models.http.answers import (
    json_document,
    json_lines,
    number_grid,
    parse_cell,
    refuse_other_types,
    shown,
    table_of_cells,
)
from pellucid.protocols.model import Scores
from pellucid.records import dataclass

__all__ = ["ResponseFormat", "UnreadableRecord", "WrongCount", "assemble", "extract"]

CSV, JSON_LINES, JSON = "text/csv", "application/jsonlines", "application/json"


class WrongCount(ModelError):
    """The answer holds more or fewer predictions than records were sent."""


class UnreadableRecord(ModelError):
    """The answer for one record holds no score; ``record`` is its position among those sent."""

    def __init__(self, message: str, record: int) -> None:
        self.record = record
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFormat:
    """Where scores and labels are in the answer.

    Parameters
    ----------
    accept_type
        ``text/csv``, ``application/jsonlines`` or ``application/json``.
    label, probability
        Zero-based index of a CSV column, or JMESPath: applied to each line of JSON Lines, once to a JSON document. With
        neither, the whole answer is scores.
    label_headers
        Names of the classes, in the order of the scores.
    """

    accept_type: str = CSV
    label: int | str | None = None
    probability: int | str | None = None
    label_headers: tuple[int | str, ...] | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.accept_type not in (CSV, JSON_LINES, JSON):
            fix = f"Answers are read as {CSV!r}, {JSON_LINES!r} or {JSON!r}."
            problems.append(Problem("predictor.accept_type", self.accept_type, fix=fix))
        for key, locator in (("label", self.label), ("probability", self.probability)):
            if locator is not None and isinstance(locator, int) != (self.accept_type == CSV):
                form = "a zero-based index of a column" if self.accept_type == CSV else "a JMESPath in double quotes"
                fix = f"Answers in {self.accept_type} need {form}."
                problems.append(Problem(f"predictor.{key}", locator, fix=fix))
        if problems:
            raise ConfigError(problems)


def extract(body: bytes, content_type: str | None, records: int, wanted: ResponseFormat) -> Scores:
    r"""Scores and labels of ``records`` records.

    Raises
    ------
    WrongCount
        More or fewer predictions than records.
    UnreadableRecord
        A score is missing, not a number or not finite.
    ModelError
        The answer does not fit ``wanted``; the message names the key to change.

    Examples
    --------
    >>> extract(b"0.25\n0.5\n", "text/csv", 2, ResponseFormat()).values
    array([[0.25],
           [0.5 ]])
    >>> answer = b'{"who": "cat", "p": [0.75, 0.25]}'
    >>> where = ResponseFormat(accept_type="application/jsonlines", label="who", probability="p")
    >>> extract(answer, None, 1, where).labels
    array(['cat'], dtype=object)
    """
    refuse_other_types(body, content_type, wanted.accept_type)
    if not body.strip():
        raise WrongCount(f"The model answered {records} records with an empty body.")
    read = {CSV: _located_in_csv, JSON_LINES: _located_in_lines, JSON: _located_in_document}[wanted.accept_type]
    scores, labels = read(body, records, wanted)
    return assemble(scores, labels, wanted, body)


def assemble(scores: Any, labels: list[Any] | None, wanted: ResponseFormat, body: bytes) -> Scores:
    """Scores and labels from what stands in the answer for each record.

    Parameters
    ----------
    scores
        A number or a list of numbers per record, or an array of shape (records, outputs); None where only labels are.
    labels
        A label or a list of labels per record.

    Raises
    ------
    UnreadableRecord, ModelError
        As `extract`.
    """
    if labels is not None and scores is None and not _hold_text(labels):
        # As Clarify: a label that is a number and stands alone is used as the score.
        scores, labels = labels, None
    values = np.empty((len(labels or ()), 0)) if scores is None else _matrix(scores, wanted, body)
    _check_headers(values.shape[1], wanted, body)
    if labels is None:
        return _without_labels(values, wanted)
    if any(isinstance(label, list) for label in labels):
        values, labels, outputs = _labels_at_the_largest(values, labels, body)
    else:
        outputs = _names(wanted.label_headers)
    found = _label_array(labels, body)
    _check_labels(found, wanted, body)
    return Scores(values, outputs, found)


def _located_in_csv(body: bytes, records: int, wanted: ResponseFormat) -> tuple[Any, list[Any] | None]:
    one_valued = wanted.label in (None, 0) and wanted.probability in (None, 0)
    grid = number_grid(body) if wanted.label is None else None
    if grid is not None:
        if len(grid) == 1 and one_valued and grid.shape[1] == records:
            grid = grid.reshape(records, -1)
        _check_count(len(grid), records, body)
        if not isinstance(wanted.probability, int):
            return grid, None
        _check_index("probability", wanted.probability, grid.shape[1], body)
        return grid[:, [wanted.probability]], None
    rows = table_of_cells(body, records if one_valued else 0)
    _check_count(len(rows), records, body)
    if wanted.label is None and wanted.probability is None:
        parsed = [[parse_cell(cell) for cell in row] for row in rows]
        return [row[0] if len(row) == 1 else row for row in parsed], None
    return _csv_column(rows, "probability", wanted.probability, body), _csv_column(rows, "label", wanted.label, body)


def _csv_column(rows: list[list[str]], key: str, index: int | str | None, body: bytes) -> list[Any] | None:
    if not isinstance(index, int):
        return None
    _check_index(key, index, min(map(len, rows)), body)
    return [parse_cell(row[index]) for row in rows]


def _check_index(key: str, index: int, width: int, body: bytes) -> None:
    if index >= width:
        raise ModelError(
            f"predictor.{key}: got {index!r}, and the answer has {_counted(width, 'column')}. "
            f"Use an index from 0 to {width - 1}. The answer: {shown(body)}"
        )


def _located_in_lines(body: bytes, records: int, wanted: ResponseFormat) -> tuple[Any, list[Any] | None]:
    lines = json_lines(body)
    _check_count(len(lines), records, body)
    if wanted.label is None and wanted.probability is None:
        return lines, None
    return _in_each_line(lines, "probability", wanted.probability, body), _in_each_line(
        lines, "label", wanted.label, body
    )


def _in_each_line(lines: list[Any], key: str, path: int | str | None, body: bytes) -> list[Any] | None:
    if path is None:
        return None
    found = [_search(line, key, str(path)) for line in lines]
    missing = [record for record, value in enumerate(found) if value is None]
    if len(missing) == len(found):
        raise _nothing_found(lines[0], key, str(path), body)
    if missing:
        raise UnreadableRecord(str(_nothing_found(lines[missing[0]], key, str(path), body)), missing[0])
    return found


def _located_in_document(body: bytes, records: int, wanted: ResponseFormat) -> tuple[Any, list[Any] | None]:
    document = json_document(body)
    if wanted.label is None and wanted.probability is None:
        return _per_record(document, records, "probability", None, body), None
    return (
        _in_document(document, records, "probability", wanted.probability, body),
        _in_document(document, records, "label", wanted.label, body),
    )


def _in_document(document: Any, records: int, key: str, path: int | str | None, body: bytes) -> list[Any] | None:
    if path is None:
        return None
    found = _search(document, key, str(path))
    if found is None or found == []:
        raise _nothing_found(document, key, str(path), body)
    return _per_record(found, records, key, str(path), body)


def _search(value: Any, key: str, path: str) -> Any:
    """What ``path`` points at, None where that is nothing."""
    if path.isidentifier():
        return value.get(path) if isinstance(value, dict) else None
    import jmespath

    try:
        return jmespath.search(path, value)
    except jmespath.exceptions.JMESPathError as error:
        raise ModelError(f"predictor.{key}: got {path!r}, which cannot be read from the answer: {error}") from None


def _nothing_found(value: Any, key: str, path: str, body: bytes) -> ModelError:
    keys = f"Among its keys, {did_you_mean(path, list(value))} " if isinstance(value, dict) else ""
    return ModelError(
        f"predictor.{key}: got {path!r}, which finds nothing in the answer. {keys}Use a JMESPath of what is there. "
        f"The answer: {shown(json.dumps(value) if keys else body)}"
    )


def _per_record(found: Any, records: int, key: str, path: str | None, body: bytes) -> list[Any]:
    """One entry per record; a single record may come without a list around its entry."""
    if records == 1 and not (isinstance(found, list) and len(found) == 1):
        return [found]
    if not isinstance(found, list):
        expected = "nothing is set" if path is None else f"got {path!r}"
        raise ModelError(
            f"predictor.{key}: {expected}, and the answer holds no list with one entry per record there. "
            f"Use a JMESPath such as 'predictions[*].score'. The answer: {shown(body)}"
        )
    _check_count(len(found), records, body)
    return found


def _matrix(scores: Any, wanted: ResponseFormat, body: bytes) -> npt.NDArray[np.float64]:
    """Scores as an array of shape (records, outputs)."""
    try:
        values = np.asarray(scores, dtype=np.float64)
    except (ValueError, TypeError):
        _name_the_record_without_number(scores, wanted, body)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] == 0:
        raise ModelError(
            f"{_score_key(wanted)}: the answer holds lists of lists for each record where scores are expected. "
            f"Point it at one number, or one list of numbers, per record. The answer: {shown(body)}"
        )
    broken = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if broken.size:
        record = int(broken[0])
        raise UnreadableRecord(
            f"the model answered {values[record].tolist()} where finite numbers are expected: "
            "a score is missing or not finite. Correct the model or the row, or set predictor.on_record_error to "
            f"'skip' to go on without such rows. The answer: {shown(body)}",
            record,
        )
    return values


def _name_the_record_without_number(scores: Any, wanted: ResponseFormat, body: bytes) -> None:
    width = None
    for record, entry in enumerate(scores):
        try:
            shape = np.asarray(entry, dtype=np.float64).shape
        except (ValueError, TypeError):
            raise UnreadableRecord(
                f"the answer for it is {shown(str(entry))} where a score is expected. "
                "Could not convert string to float. Set predictor.probability to where the scores are, or "
                f"predictor.label where the model answers with labels. The answer: {shown(body)}",
                record,
            ) from None
        if width not in (None, shape):
            raise UnreadableRecord(
                f"the model answered {_counted(int(np.prod(shape)), 'score')} for it and "
                f"{_counted(int(np.prod(width or 1)), 'score')} for those before. Point {_score_key(wanted)} "
                f"at as many scores for every record. The answer: {shown(body)}",
                record,
            )
        width = shape


def _without_labels(values: npt.NDArray[np.float64], wanted: ResponseFormat) -> Scores:
    headers = wanted.label_headers
    if headers is None or values.shape[1] == 1:
        # A single score is cut by the threshold of the job, whatever its name.
        return Scores(values, _names(headers))
    return Scores(values, _names(headers), _plain_array(headers)[values.argmax(axis=1)])


def _labels_at_the_largest(
    values: npt.NDArray[np.float64], labels: list[Any], body: bytes
) -> tuple[npt.NDArray[np.float64], list[Any], tuple[str, ...] | None]:
    """Of several labels per record the one with the largest score; columns follow the first record's order."""
    if values.shape[1] == 0:
        raise ModelError(
            "predictor.label finds several labels per record, and no scores to choose by. "
            f"Set predictor.probability to where the scores are. The answer: {shown(body)}"
        )
    for record, names in enumerate(labels):
        if not isinstance(names, list) or len(names) != values.shape[1]:
            count = len(names) if isinstance(names, list) else 1
            raise UnreadableRecord(
                f"the model answered {_counted(count, 'label')} and {_counted(values.shape[1], 'score')} for it. "
                "Point predictor.label and predictor.probability at lists of one length. "
                f"The answer: {shown(body)}",
                record,
            )
    largest = [names[i] for names, i in zip(labels, values.argmax(axis=1), strict=True)]
    first = labels[0]
    if all(names == first for names in labels):
        return values, largest, _names(first)
    if len(set(map(str, first))) == len(first) and all(sorted(map(str, n)) == sorted(map(str, first)) for n in labels):
        order = np.array([[list(map(str, names)).index(str(name)) for name in first] for names in labels])
        return np.take_along_axis(values, order, axis=1), largest, _names(first)
    return values, largest, None


def _label_array(labels: Sequence[Any], body: bytes) -> npt.NDArray[Any]:
    for record, label in enumerate(labels):
        if label is None or isinstance(label, dict):
            raise UnreadableRecord(
                f"the model answered no label for it. Point predictor.label at a label. The answer: {shown(body)}",
                record,
            )
    return _plain_array(labels)


def _plain_array(labels: Sequence[Any]) -> npt.NDArray[Any]:
    """Labels as integers or floats where all are, else as text."""
    kinds = {type(label) for label in labels}
    if kinds <= {int}:
        return np.array(labels, dtype=np.int64)
    if kinds <= {int, float}:
        return np.array(labels, dtype=np.float64)
    return np.array([label if isinstance(label, bool) else str(label) for label in labels], dtype=object)


def _hold_text(labels: list[Any]) -> bool:
    flat = [part for label in labels for part in (label if isinstance(label, list) else [label])]
    return any(not isinstance(part, int | float) for part in flat)


def _check_count(found: int, records: int, body: bytes) -> None:
    if found != records:
        raise WrongCount(
            f"The model answered {_counted(records, 'record')} with {_counted(found, 'prediction')}. The number of "
            "predictions must equal the number of records; check predictor.accept_type and predictor.probability, or "
            f"set predictor.batch_records to 1 for a model that takes single records. The answer: {shown(body)}"
        )


def _check_headers(outputs: int, wanted: ResponseFormat, body: bytes) -> None:
    headers = wanted.label_headers
    if headers is not None and outputs not in (0, len(headers)) and not (outputs == 1 and wanted.label is not None):
        raise ModelError(
            f"predictor.label_headers: got {_counted(len(headers), 'name')}, and the model answers with "
            f"{_counted(outputs, 'score')} per record. Give one name per score, in the order of the scores. "
            f"The answer: {shown(body)}"
        )


def _check_labels(labels: npt.NDArray[Any], wanted: ResponseFormat, body: bytes) -> None:
    headers = _names(wanted.label_headers)
    if headers is None:
        return
    strange = sorted({str(label) for label in labels.tolist()} - set(headers))
    if strange:
        raise ModelError(
            f"predictor.label_headers: the model answered the label {strange[0]!r}, which is not among them; "
            f"{did_you_mean(strange[0], headers)} Add it, or point predictor.label at the labels. "
            f"The answer: {shown(body)}"
        )


def _names(labels: Sequence[Any] | None) -> tuple[str, ...] | None:
    return None if labels is None else tuple(map(str, labels))


def _score_key(wanted: ResponseFormat) -> str:
    alone = wanted.probability is None and wanted.label is not None
    return "predictor.label" if alone else "predictor.probability"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
