"""From JSON documents to the time series of items, in the three layouts that Clarify knows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.config.dataset import TimeSeriesDataConfig
from pellucid.errors import ConfigError, DataError, InputError, Problem, did_you_mean, shorten
from pellucid.jobs.forecasts.locators import Locator, keys_within, last_name, records_under
from pellucid.jobs.forecasts.timestamps import order_fault
from pellucid.nouns import counted
from pellucid.protocols.forecaster import Cell, ItemId, SeriesRecord
from pellucid.records import dataclass
from pellucid.results.forecast import LeftOut

__all__ = ["ReadItems", "read_items"]

KEY = "time_series_data_config"
Floats = npt.NDArray[np.float64]
Document = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class ReadItems:
    """The items of a data set.

    Parameters
    ----------
    items
        Those that can be explained, in the order of the file.
    left_out
        The others, and what is wrong with each.
    """

    items: tuple[SeriesRecord, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(slots=True)
class _Parts:
    """What stands in the file for one item; ``faults`` what was found wrong while reading it."""

    item_id: ItemId
    timestamps: list[Any] = field(default_factory=list)
    target: list[Any] = field(default_factory=list)
    related: list[list[Any]] = field(default_factory=list)
    static: list[list[Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Locators:
    item_id: Locator
    timestamp: Locator
    target: Locator
    related: tuple[Locator, ...]
    static: tuple[Locator, ...]

    @property
    def all(self) -> tuple[Locator, ...]:
        return (self.item_id, self.timestamp, self.target, *self.related, *self.static)


def read_items(documents: Sequence[Document], config: TimeSeriesDataConfig) -> ReadItems:
    """The time series of all items.

    Parameters
    ----------
    documents
        Name and content of every file, in order.
    config
        Where the parts are. Integer locators stand for positions in rows that are lists.

    Raises
    ------
    InputError
        The file as a whole does not fit the configuration, or no item can be explained; all faults are named.

    Examples
    --------
    >>> config = TimeSeriesDataConfig.model_validate(
    ...     {"item_id": "id", "timestamp": "t", "target_time_series": "y", "dataset_format": "columns"}
    ... )
    >>> read = read_items([("sales.json", {"id": ["A", "A"], "t": [1, 2], "y": [5, None]})], config)
    >>> read.items[0].target.tolist(), read.items[0].future_steps
    ([5.0], 1)
    """
    locators = _locators(config)
    layouts = {"columns": _from_columns, "item_records": _from_items}
    read = layouts.get(config.dataset_format or "", _from_rows)
    found = list(read(documents, locators))
    _check_that_paths_find(found, locators, documents)
    records, left_out = [], []
    for parts in found:
        record = _record(parts, locators)
        if isinstance(record, SeriesRecord):
            records.append(record)
        else:
            left_out.append(LeftOut(parts.item_id, record))
    if not records:
        problems = [Problem(f"item {left.item_id!r}", fix=left.reason) for left in left_out[:20]]
        raise DataError(problems or [Problem("dataset_uri", fix="It holds no item.")])
    return ReadItems(tuple(records), tuple(left_out))


def _locators(config: TimeSeriesDataConfig) -> _Locators:
    def listed(name: str) -> tuple[Locator, ...]:
        return tuple(Locator(f"{KEY}.{name}[{i}]", path) for i, path in enumerate(getattr(config, name)))

    return _Locators(
        Locator(f"{KEY}.item_id", config.item_id),
        Locator(f"{KEY}.timestamp", config.timestamp),
        Locator(f"{KEY}.target_time_series", config.target_time_series),
        listed("related_time_series"),
        listed("static_covariates"),
    )


# --- layouts ---------------------------------------------------------------------------------------------------------
Row = tuple[Any, Any, Any, list[Any], list[Any]]


def _from_columns(documents: Sequence[Document], locators: _Locators) -> Iterable[_Parts]:
    """One list per part, all equally long; items by their ids."""
    rows: list[tuple[str, Row]] = []
    for name, document in documents:
        columns = [locator.found(document) for locator in locators.all]
        problems = [
            Problem(one.key, one.path, fix=_no_list(one, column, name, document))
            for one, column in zip(locators.all, columns, strict=True)
            if not isinstance(column, list)
        ]
        steps = len(columns[0]) if isinstance(columns[0], list) else 0
        problems += [
            Problem(
                one.key, one.path, fix=f"It finds {counted(len(column), 'value')} in {name}, and item_id finds {steps}."
            )
            for one, column in zip(locators.all, columns, strict=True)
            if not problems and len(column) != steps
        ]
        if problems:
            raise ConfigError(problems)
        rows += [(f"{name}, position {i}", _row(cells, locators)) for i, cells in enumerate(zip(*columns, strict=True))]
    return _grouped(rows)


def _no_list(locator: Locator, found: Any, name: str, document: Any) -> str:
    if found is not None:
        return f"It finds no list in {name} but {shorten(found, limit=60)}. Point it at one value per step."
    nearest = did_you_mean(last_name(locator.path), keys_within(document))
    return f"It finds nothing in {name}; {nearest} Check 'dataset_format' as well."


def _from_rows(documents: Sequence[Document], locators: _Locators) -> Iterable[_Parts]:
    """One record per item and step: an object, or a list where locators are integers."""
    rows = []
    for name, document in documents:
        for i, record in enumerate(records_under(locators.all, document)):
            cells = [locator.in_record(record) for locator in locators.all]
            rows.append((f"{name}, record {i}", _row(cells, locators)))
    return _grouped(rows)


def _row(cells: Sequence[Any], locators: _Locators) -> Row:
    series = 3 + len(locators.related)
    return cells[0], cells[1], cells[2], list(cells[3:series]), list(cells[series:])


def _grouped(rows: Iterable[tuple[str, Row]]) -> Iterable[_Parts]:
    """Rows of one item together, in the order of the file."""
    found: dict[ItemId, _Parts] = {}
    problems = []
    for place, (item_id, timestamp, target, related, static) in rows:
        fault = _id_fault(item_id)
        if fault:
            problems.append(Problem(place, item_id, fix=fault))
            continue
        parts = found.setdefault(item_id, _Parts(item_id))
        parts.timestamps.append(timestamp)
        parts.target.append(target)
        parts.related.append(related)
        parts.static.append(static)
    if problems:
        raise DataError(problems[:20])
    for parts in found.values():
        parts.related = [list(series) for series in zip(*parts.related, strict=True)]
        parts.static = [list(values) for values in zip(*parts.static, strict=True)]
    return found.values()


def _id_fault(item_id: Any) -> str:
    if item_id is None or item_id != item_id:
        return "There is no item id here. Every record needs one."
    if isinstance(item_id, bool) or not isinstance(item_id, int | float | str):
        return "An item id is a text or a number, one for each record."
    return ""


def _from_items(documents: Sequence[Document], locators: _Locators) -> Iterator[_Parts]:
    """One record per item."""
    problems: list[Problem] = []
    seen: set[ItemId] = set()
    for name, document in documents:
        for i, record in enumerate(records_under(locators.all, document)):
            item_id = locators.item_id.in_record(record)
            fault = _id_fault(item_id)
            if not fault and item_id in seen:
                fault = "An earlier record has this item id. Put all steps of an item into one record."
            if fault:
                problems.append(Problem(f"{name}, record {i}", item_id, fix=fault))
                continue
            seen.add(item_id)
            yield _Parts(
                item_id,
                timestamps=_listed(locators.timestamp.in_record(record)),
                target=_listed(locators.target.in_record(record)),
                related=[_listed(locator.in_record(record)) for locator in locators.related],
                static=[_listed(locator.in_record(record)) for locator in locators.static],
            )
    if problems:
        raise DataError(problems[:20])


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _check_that_paths_find(found: Sequence[_Parts], locators: _Locators, documents: Sequence[Document]) -> None:
    """A path that finds nothing in any item is misspelt.

    Raises
    ------
    ConfigError
        There are such paths; all are named.
    """
    values = [
        (locators.timestamp, [parts.timestamps for parts in found]),
        (locators.target, [parts.target for parts in found]),
        *((one, [parts.related[i] for parts in found]) for i, one in enumerate(locators.related)),
        *((one, [parts.static[i] for parts in found]) for i, one in enumerate(locators.static)),
    ]
    known = keys_within(documents[0][1]) if documents else []
    problems = [
        Problem(one.key, one.path, fix=f"It finds no value in any item; {did_you_mean(last_name(one.path), known)}")
        for one, lists in values
        if found and all(value is None for series in lists for value in series)
    ]
    if problems:
        raise ConfigError(problems)


# --- one item --------------------------------------------------------------------------------------------------------
def _record(parts: _Parts, locators: _Locators) -> SeriesRecord | str:
    """The item, or everything that is wrong with it."""
    faults = list(_faults(parts, locators))
    series: list[tuple[Floats, bool]] = []
    for locator, values in zip((locators.target, *locators.related), (parts.target, *parts.related), strict=True):
        try:
            series.append(_numbers(values, _short_key(locator)))
        except InputError as error:
            faults.append(error.problems[0].fix)
    if faults:
        return " ".join(faults)
    target = series[0][0]
    observed = np.flatnonzero(~np.isnan(target))
    if not observed.size:
        return "The target has no observed value, so there is nothing to forecast from."
    steps = len(parts.timestamps)
    return SeriesRecord(
        item_id=parts.item_id,
        timestamps=tuple(parts.timestamps),
        target=target[: observed[-1] + 1],
        related=np.array([values for values, _ in series[1:]]).reshape(-1, steps),
        static=tuple(None if values[0] != values[0] else values[0] for values in parts.static),
        integers=tuple(whole for _, whole in series),
    )


def _faults(parts: _Parts, locators: _Locators) -> Iterator[str]:
    steps = len(parts.timestamps)
    strange = [stamp for stamp in parts.timestamps if isinstance(stamp, bool | list | dict)]
    if strange:
        yield f"A time stamp is a text or a number; one is {shorten(strange[0], limit=60)}."
    elif fault := order_fault(parts.timestamps):
        yield fault
    # Without values for the future the target may end before the time stamps do.
    if len(parts.target) > steps:
        yield f"target_time_series has {counted(len(parts.target), 'value')} for {counted(steps, 'time stamp')}."
    for locator, values in zip(locators.related, parts.related, strict=True):
        if len(values) != steps:
            yield f"{_short_key(locator)} has {counted(len(values), 'value')} for {counted(steps, 'time stamp')}."
    for locator, values in zip(locators.static, parts.static, strict=True):
        if any(isinstance(value, list | dict | bool) for value in values):
            yield f"{_short_key(locator)} holds {shorten(values[0], limit=60)}, which is no text or number."
            continue
        if not values:
            yield f"{_short_key(locator)} must be one value for the item; it is an empty list."
        different: list[Cell] = list(dict.fromkeys(None if value != value else value for value in values))
        if len(different) > 1:
            yield f"{_short_key(locator)} must be one value for the item; it is {different[0]!r} and {different[1]!r}."


def _numbers(values: Sequence[Any], key: str) -> tuple[Floats, bool]:
    """A series as numbers, nan where a value is missing; and whether all are integers.

    Raises
    ------
    DataError
        A value is no finite number.
    """
    for place, value in enumerate(values):
        if value is None or (isinstance(value, float) and math.isnan(value)):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            fix = f"{key} holds {shorten(value, limit=60)} at step {place} (the first is 0), which is no finite number."
            raise DataError(Problem(key, value, fix=fix))
    numbers = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    return numbers, all(value is None or isinstance(value, int) for value in values)


def _is_finite(value: float) -> bool:
    """Whether a number is finite as the models take it; integers of JSON may have any number of digits."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _short_key(locator: Locator) -> str:
    return locator.key.removeprefix(f"{KEY}.")
