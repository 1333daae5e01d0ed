"""From what a notebook holds - arrays, series with an index, mappings by item - to the time series of items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, DataError, Problem, did_you_mean
from pellucid.jobs.forecasts.baselines import Baseline
from pellucid.jobs.forecasts.request import SeriesNames
from pellucid.jobs.forecasts.timestamps import order_fault
from pellucid.protocols.forecaster import Cell, ItemId, SeriesRecord
from pellucid.records import dataclass
from pellucid.results.forecast import LeftOut

__all__ = ["ONLY", "GivenSeries", "baseline_of", "given_series"]

Floats = npt.NDArray[np.float64]
ONLY: ItemId = "item"
"""Id of a single item that was given without one."""
TARGET = "target"


@dataclass(frozen=True, slots=True)
class GivenSeries:
    """Items as they were given, and the names of their parts.

    Parameters
    ----------
    single
        Whether one item was given by itself, so that its covariates are not by item either.
    """

    items: tuple[SeriesRecord, ...]
    left_out: tuple[LeftOut, ...]
    names: SeriesNames
    single: bool


def given_series(target: Any, related: Any, static: Any, timestamps: Any) -> GivenSeries:
    """The items of the arguments of `pellucid.explain_forecast`.

    Raises
    ------
    InputError
        An argument has a wrong form, or no item can be explained; all faults of items are named.
    """
    single = not isinstance(target, Mapping)
    targets = {ONLY: target} if single else dict(target)
    if not targets:
        raise ConfigError(Problem(TARGET, {}, fix="Give at least one item."))
    relateds = _by_item("related", related, targets, single=single)
    statics = _by_item("static", static, targets, single=single)
    names = SeriesNames(TARGET, _names("related", relateds), _names("static", statics))
    items, left_out = [], []
    for item_id, series in targets.items():
        try:
            stamps = _stamps(timestamps, item_id, series, single=single)
            items.append(_item(item_id, series, relateds.get(item_id, {}), statics.get(item_id, {}), stamps))
        except DataError as error:
            left_out.append(LeftOut(item_id, " ".join(problem.fix for problem in error.problems)))
    if not items:
        raise DataError([Problem(f"item {left.item_id!r}", fix=left.reason) for left in left_out[:20]])
    return GivenSeries(tuple(items), tuple(left_out), names, single)


def baseline_of(given: Any, *, names: SeriesNames, single: bool) -> Baseline:
    """The baseline of an argument.

    Parameters
    ----------
    given
        ``zero`` or ``mean`` for all series; or a mapping with ``target``, ``related`` and ``static``, which holds one
        value per covariate by its name, by item where there are several.

    Raises
    ------
    ConfigError
        It is none of these; all faults are named.

    Examples
    --------
    >>> baseline_of({"target": "mean", "static": {"size": 0}}, names=SeriesNames("y", (), ("size",)), single=True)
    Baseline(target='mean', related='zero', static={'item': (0,)})
    """
    form = {"target": given, "related": given} if isinstance(given, str) else given
    if not isinstance(form, Mapping):
        fix = 'Use "zero", "mean", or {"target": ..., "related": ..., "static": ...}.'
        raise ConfigError(Problem("baseline", given, fix=fix))
    problems = [
        Problem(f"baseline.{key}", fix=f"There is no such part; {did_you_mean(key, ['target', 'related', 'static'])}")
        for key in form
        if key not in ("target", "related", "static")
    ]
    levels: dict[str, Any] = {}
    for part in ("target", "related"):
        value = form.get(part, "zero")
        if value not in ("zero", "mean"):
            where = "baseline" if isinstance(given, str) else f"baseline.{part}"
            problems.append(Problem(where, value, fix='Use "zero" or "mean".'))
        else:
            levels[part] = value
    problems = list(dict.fromkeys(problems))
    static = form.get("static")
    values, wrong = _static_baseline(static, names.static, single=single)
    if names.static and static is None:
        fix = 'The items have static covariates: give their baseline, such as {"static": {"size": 0}}.'
        wrong = [*wrong, Problem("baseline.static", fix=fix)]
    if problems or wrong:
        raise ConfigError([*problems, *wrong])
    return Baseline(target=levels["target"], related=levels["related"], static=values)


def _static_baseline(
    static: Any, names: Sequence[str], *, single: bool
) -> tuple[dict[str, tuple[Cell, ...]] | None, list[Problem]]:
    """Values by the text of the item's id, in the order of ``names``."""
    if static is None:
        return None, []
    by_item = {ONLY: static} if single else static
    if not isinstance(by_item, Mapping) or not all(isinstance(values, Mapping) for values in by_item.values()):
        example = '{"size": 0}' if single else '{"A": {"size": 0}}'
        return None, [Problem("baseline.static", static, fix=f"Give values by the name of the covariate: {example}.")]
    problems = [
        Problem("baseline.static", dict(values), fix=f"Give exactly the covariates {', '.join(names) or '(none)'}.")
        for values in by_item.values()
        if set(values) != set(names)
    ]
    if problems:
        return None, problems
    return {str(item): tuple(values[name] for name in names) for item, values in by_item.items()}, []


def _by_item(
    argument: str, given: Any, targets: Mapping[ItemId, Any], *, single: bool
) -> dict[ItemId, Mapping[str, Any]]:
    """A mapping by name for every item."""
    if given is None:
        return {}
    by_item = {ONLY: given} if single else given
    if not isinstance(by_item, Mapping) or not all(isinstance(parts, Mapping) for parts in by_item.values()):
        example = '{"price": [...]}' if single else '{"A": {"price": [...]}}'
        raise ConfigError(Problem(argument, type(given).__name__, fix=f"Give values by name: {example}."))
    problems = [
        Problem(argument, item, fix=f"'target' has no such item; {did_you_mean(item, list(targets))}")
        for item in by_item
        if item not in targets
    ]
    if problems:
        raise ConfigError(problems)
    return dict(by_item)


def _names(argument: str, by_item: Mapping[ItemId, Mapping[str, Any]]) -> tuple[str, ...]:
    """Names of the parts, which all items share."""
    names = [tuple(map(str, parts)) for parts in by_item.values()]
    for item_id, of_item in zip(by_item, names, strict=True):
        if of_item != names[0]:
            fix = (
                f"Item {item_id!r} has {', '.join(of_item)} where the first has {', '.join(names[0])}. Give all alike."
            )
            raise ConfigError(Problem(argument, fix=fix))
    return names[0] if names else ()


def _stamps(timestamps: Any, item_id: ItemId, series: Any, *, single: bool) -> tuple[Cell, ...] | None:
    """Time stamps of an item: given for it or for all, or the index that its series brings."""
    found = timestamps
    if isinstance(timestamps, Mapping) and not single:
        found = timestamps.get(item_id)
    if found is None:
        index = getattr(series, "index", None)
        if index is None or callable(index):  # lists have a method of this name
            return None
        found = index
    if isinstance(found, str | bytes) or not isinstance(found, Iterable):
        raise ConfigError(
            Problem("timestamps", found, fix='Give a list with one of every step, such as ["2024-01-01"].')
        )
    return tuple(_plain(stamp) for stamp in found)


def _plain(stamp: Any) -> Cell:
    """A time stamp as text or number; dates in ISO 8601."""
    if isinstance(stamp, int | float | str) or stamp is None:
        return stamp
    if isinstance(stamp, np.generic) and not isinstance(stamp, np.datetime64):
        plain: Cell = stamp.item()
        return plain
    return stamp.isoformat() if hasattr(stamp, "isoformat") else str(stamp)


def _item(
    item_id: ItemId,
    series: Any,
    related: Mapping[str, Any],
    static: Mapping[str, Any],
    stamps: tuple[Cell, ...] | None,
) -> SeriesRecord:
    """One item, or a `DataError` with everything that is wrong with it."""
    faults: list[str] = []
    target = _numbers(series, TARGET, faults)
    others = {name: _numbers(values, f"related series {name!r}", faults) for name, values in related.items()}
    lengths = [len(target), *map(len, others.values())]
    steps = max(lengths) if stamps is None else len(stamps)
    if stamps is not None and (fault := order_fault(stamps)):
        faults.append(fault)
    if len(target) > steps:
        faults.append(f"target has {len(target)} values for {steps} time stamps.")
    faults += [
        f"related series {name!r} has {len(values)} values for {steps} steps."
        for name, values in others.items()
        if len(values) != steps
    ]
    observed = np.flatnonzero(~np.isnan(target))
    if not observed.size and not faults:
        faults.append("The target has no observed value, so there is nothing to forecast from.")
    if faults:
        raise DataError([Problem(f"item {item_id!r}", fix=fault) for fault in faults])
    return SeriesRecord(
        item_id=item_id,
        timestamps=tuple(range(steps)) if stamps is None else stamps,
        target=target[: observed[-1] + 1],
        related=np.array(list(others.values())).reshape(-1, steps),
        static=tuple(_plain(value) for value in static.values()),
        integers=(False,) * (1 + len(others)),
    )


def _numbers(values: Any, name: str, faults: list[str]) -> Floats:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        faults.append(f"{name} holds something that is no number.")
        return np.empty(0)
    if numbers.ndim != 1:
        faults.append(f"{name} has shape {numbers.shape}; give one value per step.")
        return np.empty(0)
    if np.isinf(numbers).any():
        faults.append(f"{name} holds an infinite number.")
    return numbers
