"""Forecasting models behind HTTP: records of time series by Clarify's templates, forecasts by JMESPath.

Source: AWS developer guide, request payloads and predictor configuration for time series.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jmespath
import numpy as np
import numpy.typing as npt
from jmespath.exceptions import JMESPathError

from pellucid.errors import ConfigError, ModelError, Problem, did_you_mean
from pellucid.models.http.answers import json_document, json_lines, refuse_other_types, shown
from pellucid.models.http.connection import Answer
from pellucid.models.http.endpoint import EndpointModel, Exchange
from pellucid.models.http.extraction import UnreadableRecord, WrongCount
from pellucid.models.http.pace import LARGEST_BATCH
from pellucid.models.http.settings import RequestSettings, Traffic
from pellucid.protocols.forecaster import SeriesRecord
from pellucid.protocols.model import Batch, Scores
from pellucid.records import dataclass

__all__ = ["EndpointForecaster", "SeriesFormat"]

Floats = npt.NDArray[np.float64]

JSON, JSON_LINES = "application/json", "application/jsonlines"
PLACEHOLDERS = ("$start_time", "$target_time_series", "$related_time_series", "$static_covariates")
RECORDS = "record"
"""Column of a batch that holds whole records."""

_PLACEHOLDER = re.compile(r"\$[A-Za-z_]+")
_ROW = re.compile(r"^Row ([\d,]+) \(the first is 0\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFormat:
    r"""How time series become the body of a request, and an answer becomes forecasts.

    Parameters
    ----------
    content_template
        Body of a request: holds ``$records`` (a list of all records) or ``$record`` (one record per request).
    record_template
        One record: ``$start_time``, ``$target_time_series``, ``$related_time_series``, ``$static_covariates``.
    forecast
        JMESPath of the forecast: a list of numbers for one record, a list of such lists for several. For JSON Lines it
        is applied to each line.
    accept_type
        ``application/json`` or ``application/jsonlines``.

    Raises
    ------
    ConfigError
        A template or the path cannot be used; all faults are named.

    Examples
    --------
    >>> form = SeriesFormat(
    ...     content_template='{"instances": $records}',
    ...     record_template='{"start": $start_time, "y": $target_time_series}',
    ...     forecast="predictions[*].mean",
    ... )
    >>> record = SeriesRecord(
    ...     item_id="A", timestamps=(1, 2), target=np.array([5.0, np.nan]), related=np.empty((0, 2)), integers=(True,)
    ... )
    >>> form.encode([record])
    b'{"instances": [{"start": 1, "y": [5, null]}]}'
    >>> form.forecasts({"predictions": [{"mean": [7, 8.5]}]}, 1)
    [[7, 8.5]]
    """

    content_template: str
    record_template: str
    forecast: str
    accept_type: str = JSON

    def __post_init__(self) -> None:
        problems = list(_template_problems(self.content_template, self.record_template))
        try:
            jmespath.compile(self.forecast)
        except JMESPathError:
            fix = "This is no JMESPath expression. Use one such as 'predictions[*].mean'."
            problems.append(Problem("predictor.time_series_predictor_config.forecast", self.forecast, fix=fix))
        if self.accept_type not in (JSON, JSON_LINES):
            problems.append(
                Problem("predictor.accept_type", self.accept_type, fix="Time series need 'application/json'.")
            )
        if problems:
            raise ConfigError(problems)

    @property
    def most_records(self) -> int:
        """One where the template says ``$record``."""
        return LARGEST_BATCH if "$records" in self.content_template else 1

    def encode(self, records: Sequence[SeriesRecord]) -> bytes:
        """The body for some records; series read as integers are sent as integers, missing values as ``null``."""
        filled = [_PLACEHOLDER.sub(_Filling(record), self.record_template) for record in records]
        listed = {"$records": f"[{', '.join(filled)}]", "$record": "".join(filled)}
        return _PLACEHOLDER.sub(lambda found: listed.get(found.group(), found.group()), self.content_template).encode()

    def check(self, record: SeriesRecord) -> None:
        """See that the templates make JSON.

        Raises
        ------
        ConfigError
            They do not; the body is shown.
        """
        body = self.encode([record])
        try:
            json.loads(body)
        except ValueError as error:
            fix = (
                f"Filled in, the templates make no JSON ({error}): {shown(body)} Placeholders bring their own quotes "
                "and brackets: write them bare."
            )
            raise ConfigError(Problem("predictor.record_template", self.record_template, fix=fix)) from None

    def decode(self, answer: Answer, records: int) -> list[Floats]:
        """The forecasts in an answer.

        Raises
        ------
        WrongCount
            There are more or fewer than records.
        UnreadableRecord
            A forecast is empty, or holds something that is no finite number.
        ModelError
            The answer does not fit the configuration; the message names the key to change.
        """
        refuse_other_types(answer.body, answer.content_type, self.accept_type)
        if self.accept_type == JSON_LINES:
            lines = json_lines(answer.body)
            if len(lines) != records:
                raise WrongCount(_count_wrong(len(lines), records, answer.body))
            found = [one for line in lines for one in self.forecasts(line, 1)]
        else:
            found = self.forecasts(json_document(answer.body), records)
            if len(found) != records:
                raise WrongCount(_count_wrong(len(found), records, answer.body))
        return [_numbers(forecast, place, answer.body) for place, forecast in enumerate(found)]

    def forecasts(self, document: Any, records: int) -> list[Any]:
        """What the path finds, one entry per record.

        Raises
        ------
        ModelError
            It finds nothing, or no list.
        """
        key = f"predictor.time_series_predictor_config.forecast: got {self.forecast!r}"
        try:
            found = jmespath.search(self.forecast, document)
        except JMESPathError as error:
            raise ModelError(f"{key}, which cannot be read from the answer: {error}") from None
        if found is None or found == []:
            keys = f" {did_you_mean(self.forecast, list(document))}" if isinstance(document, dict) else ""
            raise ModelError(
                f"{key}, which finds nothing in the answer; among its keys,{keys or ' there are none.'} "
                f"The answer: {shown(json.dumps(document))}"
            )
        if not isinstance(found, list):
            return [[found]] if records == 1 else [found]
        if records == 1 and not (len(found) == 1 and isinstance(found[0], list)):
            return [found]
        return [one if isinstance(one, list) else [one] for one in found]


def _template_problems(content: str, record: str) -> list[Problem]:
    problems = []
    inside = _PLACEHOLDER.findall(content)
    if ("$records" in inside) == ("$record" in inside):
        fix = "Use $records (all records of a batch) or $record (one record per request)."
        problems.append(Problem("predictor.content_template", content, fix=fix))
    named = _PLACEHOLDER.findall(record)
    if not any(name in PLACEHOLDERS for name in named):
        fix = f"Use placeholders of these: {', '.join(PLACEHOLDERS)}."
        problems.append(Problem("predictor.record_template", record, fix=fix))
    problems += [
        Problem(
            "predictor.record_template", name, fix=f"Time series do not fill this; {did_you_mean(name, PLACEHOLDERS)}"
        )
        for name in dict.fromkeys(named)
        if name not in PLACEHOLDERS
    ]
    return problems


@dataclass(frozen=True, slots=True)
class _Filling:
    """Replaces placeholders by the JSON of one record."""

    record: SeriesRecord

    def __call__(self, found: re.Match[str]) -> str:
        record = self.record
        whole = record.integers or (False,) * (1 + len(record.related))
        match found.group():
            case "$start_time":
                return json.dumps(record.start_time)
            case "$target_time_series":
                return _series(record.target, integers=whole[0])
            case "$related_time_series":
                lists = (
                    _series(one, integers=is_whole) for one, is_whole in zip(record.related, whole[1:], strict=True)
                )
                return f"[{', '.join(lists)}]"
            case "$static_covariates":
                return json.dumps(record.static)
            case other:
                return other


def _series(values: Floats, *, integers: bool) -> str:
    """A series as a JSON list.

    >>> _series(np.array([5.0, 2.5, np.nan]), integers=True), _series(np.array([5.0]), integers=False)
    ('[5, 2.5, null]', '[5.0]')
    """
    cells: list[Any] = values.tolist()
    if np.isnan(values).any():
        cells = [None if math.isnan(cell) else cell for cell in cells]
    if integers:
        cells = [int(cell) if cell is not None and cell.is_integer() else cell for cell in cells]
    return json.dumps(cells)


def _count_wrong(found: int, records: int, body: bytes) -> str:
    return (
        f"The model answered {records} records with {found} forecasts. Check "
        "predictor.time_series_predictor_config.forecast, or set predictor.batch_records to 1 for a model that takes "
        f"single records. The answer: {shown(body)}"
    )


def _numbers(forecast: Any, place: int, body: bytes) -> Floats:
    numbers = [value for value in forecast if isinstance(value, int | float) and not isinstance(value, bool)]
    values = np.array(numbers, dtype=np.float64)
    if not len(forecast) or len(numbers) < len(forecast) or not np.isfinite(values).all():
        raise UnreadableRecord(
            f"the model answered {shown(json.dumps(forecast))} where a list of finite numbers is expected, one per "
            "step. Point predictor.time_series_predictor_config.forecast at such a list, or set "
            f"predictor.on_record_error to 'skip' to leave such items out. The answer: {shown(body)}",
            place,
        )
    return values


@dataclass(frozen=True, slots=True)
class _SeriesCodec:
    """Lets whole records travel as the rows of a batch, and forecasts, which may differ in length, as its labels."""

    form: SeriesFormat

    @property
    def most_records(self) -> int:
        return self.form.most_records

    def encode(self, batch: Batch) -> bytes:
        return self.form.encode(batch.columns[RECORDS].tolist())

    def decode(self, answer: Answer, records: int) -> Scores:
        return Scores(np.empty((records, 0)), labels=_objects(self.form.decode(answer, records)))


class EndpointForecaster:
    """A forecasting model behind one URL. `close` it after use.

    Requests have all that those of other models have: batches, several in flight, retries, smaller ones where it fails.

    Parameters
    ----------
    url
        Where requests are posted.
    """

    def __init__(
        self, url: str, form: SeriesFormat, headers: Mapping[str, str], settings: RequestSettings | None = None
    ) -> None:
        self.form = form
        self._model = EndpointModel(url, _SeriesCodec(form), headers, settings)

    @property
    def traffic(self) -> Traffic:
        """What went over the wire so far."""
        return self._model.traffic

    def forecast(self, records: Sequence[SeriesRecord]) -> list[Floats | None]:
        """One forecast per record, in order; None for one that the model rejected and that is skipped.

        Raises
        ------
        ModelError
            The server does not answer, or a record has no forecast.
        """
        if not records:
            return []
        try:
            scores = self._model.predict(Batch({RECORDS: _objects(records)}))
        except ModelError as error:
            raise ModelError(_ROW.sub(lambda row: _named(records, row), str(error))) from None
        return [] if scores.labels is None else scores.labels.tolist()

    def probe(self, record: SeriesRecord) -> Exchange:
        """Send one record, once, and show what went over the wire; forecasts are the labels of the scores.

        Raises
        ------
        ModelError
            No answer comes at all.
        """
        return self._model.probe(Batch({RECORDS: _objects([record])}))

    def close(self) -> None:
        """Give up what is in flight and close the connections."""
        self._model.close()


def _objects(values: Sequence[Any]) -> npt.NDArray[Any]:
    """One entry per value, whatever its length: NumPy would make a table of lists that are equally long."""
    found = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        found[place] = value
    return found


def _named(records: Sequence[SeriesRecord], row: re.Match[str]) -> str:
    """A record by its item, where messages say which row it is."""
    item_id = records[int(row.group(1).replace(",", ""))].item_id
    return f"Item {item_id!r}, with parts of its series replaced by the baseline"
