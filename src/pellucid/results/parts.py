"""Parts of an explanation: some of its rows, features or outputs, and its rows by cohort."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.records import dataclass
from pellucid.results.ties import tied_with_next

if TYPE_CHECKING:
    from pellucid.results.explanation import Aggregation, Explanation, FeatureImportance

__all__ = ["PartialImportances", "cohorts_of", "part_of", "positions_of_rows"]

Integers = npt.NDArray[np.intp]

MOST_COHORTS = 20
"""More values of a column are hardly cohorts: each would be a few rows."""


@runtime_checkable
class PartialImportances(Protocol):
    """Importances that can be found for some of the rows too."""

    def of_rows(self, rows: Integers) -> Mapping[Aggregation, tuple[FeatureImportance, ...]]:
        """Those of the rows at these positions."""


def part_of(explanation: Explanation, key: Any) -> Explanation:
    """What ``explanation[rows, features, outputs]`` is; the axes stay, with one position or name along them too.

    Raises
    ------
    ConfigError
        A name or a position is unknown, or nothing is left.
    """
    keys = list(key) if isinstance(key, tuple) else [key]
    dots = [place for place, one in enumerate(keys) if one is Ellipsis]
    if len(dots) > 1 or len(keys) - len(dots) > 3:
        raise ConfigError(Problem("key", len(keys), fix="Use at most three: rows, features, outputs."))
    at = dots[0] if dots else len(keys)
    all_of: list[Any] = [slice(None)] * (3 - len(keys) + len(dots))
    rows_key, features_key, outputs_key = (*keys[:at], *all_of, *keys[at + 1 :])
    rows = positions_of_rows(rows_key, len(explanation.values))
    features = _named(features_key, explanation.features, "features")
    outputs = _named(outputs_key, explanation.outputs, "outputs")
    return _part(explanation, rows, features, outputs)


def _part(explanation: Explanation, rows: Integers, features: Integers, outputs: Integers) -> Explanation:
    chosen = np.ix_(rows, features, outputs)
    ends = np.ix_(rows, outputs)
    names = tuple(explanation.features[place] for place in features.tolist())
    called = tuple(explanation.outputs[place] for place in outputs.tolist())
    whole = len(rows) == len(explanation.values) and (rows == np.arange(len(rows))).all()
    importances = explanation.importances if whole else _of_rows(explanation, rows)
    left_out = len(explanation.features) - len(set(names))
    kept = f"{len(names)} of {len(explanation.features)} features are kept, whose values do not add up to predictions."
    return replace(
        explanation,
        values=explanation.values[chosen],
        standard_errors=explanation.standard_errors[chosen],
        base_values=explanation.base_values[ends],
        predictions=explanation.predictions[ends],
        features=names,
        outputs=called,
        data={name: column[rows] for name, column in explanation.data.items()},
        estimators=tuple(explanation.estimators[place] for place in rows.tolist()),
        samples=explanation.samples[rows],
        importances=_Chosen(importances, names, called),
        notes=(*explanation.notes, *([kept] if left_out else [])),
    )


def cohorts_of(explanation: Explanation, by: Any) -> dict[Any, Explanation]:
    """The rows by the value of a column, or by what is given for each.

    Raises
    ------
    ConfigError
        There is no such column, it has too many values, or there is not one for each row.
    """
    rows = len(explanation.values)
    if isinstance(by, str):
        if by not in explanation.data:
            fix = (
                f"Use a column of the rows, or give the cohort of each row; {did_you_mean(by, list(explanation.data))}"
            )
            raise ConfigError(Problem("by", by, fix=fix))
        given = explanation.data[by].tolist()
    elif isinstance(by, Collection) and not isinstance(by, Mapping | bytes) and len(by) == rows:
        given = list(by)
    else:
        shown = f"{len(by)} values" if isinstance(by, Collection) else by
        raise ConfigError(
            Problem("by", shown, fix=f"Give the name of a column, or one cohort for each of {rows} rows.")
        )
    found: dict[Any, list[int]] = {}
    for row, cohort in enumerate(given):
        found.setdefault(None if cohort is None or cohort != cohort else cohort, []).append(row)
    if isinstance(by, str) and len(found) > MOST_COHORTS:
        fix = "Give the cohort of each row instead, such as pandas.cut(rows['age'], [0, 30, 60, 120])."
        raise ConfigError(Problem("by", by, fix=f"It has {len(found):,} different values. {fix}"))
    order = sorted(found, key=lambda cohort: (cohort is None, -len(found[cohort])))
    return {cohort: part_of(explanation, found[cohort]) for cohort in order}


# --- what is meant ---------------------------------------------------------------------------------------------------
def positions_of_rows(key: Any, rows: int) -> Integers:
    """Positions of the rows that a key names: a position, a slice, a list of positions, or a truth value for each.

    Raises
    ------
    ConfigError
        There are no such rows, or none at all.

    Examples
    --------
    >>> positions_of_rows(-1, 3).tolist(), positions_of_rows([True, False, True], 3).tolist()
    ([2], [0, 2])
    """
    fix = f"Use positions of rows from 0 to {rows - 1}, a slice, or a truth value for each row."
    if isinstance(key, str):
        raise ConfigError(Problem("rows", key, fix=f"Features come second: found[:, {key!r}]. {fix}"))
    if isinstance(key, slice):
        places = np.arange(rows)[key]
    else:
        given = np.atleast_1d(np.asarray(key))
        if given.dtype.kind == "b" and len(given) == rows:
            places = np.flatnonzero(given)
        elif given.ndim == 1 and given.dtype.kind in "iu" and ((given >= -rows) & (given < rows)).all():
            places = given.astype(np.intp) % rows
        elif given.size:
            raise ConfigError(Problem("rows", given.tolist() if np.ndim(key) else key, fix=fix))
        else:
            places = np.array([], dtype=np.intp)
    if not len(places):
        raise ConfigError(Problem("rows", [], fix=f"At least one row is needed. {fix}"))
    return places


def _named(key: Any, names: Sequence[str], what: str) -> Integers:
    """Positions of the names that a key gives: one, several, positions, or a slice."""
    if isinstance(key, slice):
        given: list[Any] = list(range(len(names)))[key]
    else:
        given = [key] if isinstance(key, str) or np.ndim(key) == 0 else list(key)
    places, problems = [], []
    for one in given:
        if isinstance(one, str) and one in names:
            places.append(names.index(one))
        elif isinstance(one, int | np.integer) and not isinstance(one, bool) and -len(names) <= one < len(names):
            places.append(int(one) % len(names))
        else:
            fix = f"Use names, or positions from 0 to {len(names) - 1}; {did_you_mean(one, list(names))}"
            problems.append(Problem(what, one, fix=fix))
    if not given:
        problems.append(Problem(what, [], fix="Name at least one."))
    if problems:
        raise ConfigError(problems)
    return np.array(places, dtype=np.intp)


# --- importances of a part -------------------------------------------------------------------------------------------
def _of_rows(explanation: Explanation, rows: Integers) -> Mapping[Aggregation, tuple[FeatureImportance, ...]]:
    if isinstance(explanation.importances, PartialImportances):
        return explanation.importances.of_rows(rows)
    from pellucid.results.shap_explanation import PlainImportances

    return PlainImportances(explanation.values, explanation.features, explanation.outputs).of_rows(rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Chosen(Mapping[Any, Any]):
    """Importances of some features and outputs, ranked among themselves."""

    found: Mapping[Aggregation, tuple[FeatureImportance, ...]]
    features: Sequence[str]
    outputs: Sequence[str]

    def __getitem__(self, way: Aggregation) -> tuple[FeatureImportance, ...]:
        listed: list[FeatureImportance] = []
        for output in self.outputs:
            kept = [one for one in self.found[way] if one.output == output and one.feature in self.features]
            low, high = np.array([one.interval for one in kept]).reshape(-1, 2).T
            with_next = tied_with_next(low, high)
            tied = with_next | np.append(False, with_next)[: len(kept)]
            listed += [replace(one, rank=place + 1, tied=bool(tied[place])) for place, one in enumerate(kept)]
        return tuple(listed)

    def __iter__(self) -> Iterator[Aggregation]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def of_rows(self, rows: Integers) -> Mapping[Aggregation, tuple[FeatureImportance, ...]]:
        """Those of the rows at these positions."""
        if not isinstance(self.found, PartialImportances):
            raise ConfigError(Problem("rows", fix="Choose rows first, then features or outputs."))
        return _Chosen(self.found.of_rows(rows), self.features, self.outputs)
