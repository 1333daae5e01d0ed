"""The way to shap and back: the package, and explanations that it made, read as ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, MissingExtra, Problem
from pellucid.records import dataclass
from pellucid.results.explanation import Aggregation, FeatureImportance

__all__ = ["PlainImportances", "fields_of", "shap_package"]

Floats = npt.NDArray[np.float64]

NOTE = "The values were computed by shap, which gives no standard errors: their intervals are not known."


def shap_package() -> ModuleType:
    """The package shap, which is none of our extras.

    Raises
    ------
    MissingExtra
        It is not installed.
    """
    try:
        return import_module("shap")
    except ModuleNotFoundError as error:
        if error.name != "shap":
            raise
        raise MissingExtra("shap is not installed. Run: pip install shap") from None


def fields_of(explanation: Any) -> dict[str, Any]:
    """Fields of an `Explanation`, but for its link and its confidence level.

    Raises
    ------
    ConfigError
        The values are not of a shape that can be read, or base values or names do not fit them.
    """
    values, base_values = _numbers(explanation, "values"), _numbers(explanation, "base_values")
    cells = _cells(explanation)
    if values.ndim == 1 or (values.ndim == 2 and _is_one_row(explanation, values, cells)):
        values, base_values = values[None], base_values[None]
        cells = None if cells is None else cells[None]
    if values.ndim == 2:
        values = values[:, :, None]
        base_values = base_values[:, None] if base_values.ndim == 1 else base_values
    problems = _problems(explanation, values, base_values, cells)
    if problems:
        raise ConfigError(problems)
    rows, features, outputs = values.shape
    base = np.broadcast_to(base_values, (rows, outputs)).copy()
    names = _names(explanation, "feature_names", "column_", features)
    called = _names(explanation, "output_names", "label", outputs)
    return {
        "values": values,
        "standard_errors": np.full(values.shape, np.nan),
        "base_values": base,
        "predictions": base + values.sum(axis=1),
        "features": names,
        "outputs": called,
        "data": {} if cells is None else {name: cells[:, place] for place, name in enumerate(names)},
        "estimators": ("shap",) * rows,
        "samples": np.zeros(rows, dtype=np.intp),
        "n_model_calls": 0,
        "seed": 0,
        "importances": PlainImportances(values, names, called),
        "notes": (NOTE,),
    }


def _is_one_row(explanation: Any, values: Floats, cells: npt.NDArray[Any] | None) -> bool:
    """Whether values of shape (a, b) are those of a features for b outputs: told by the cells, or else by the names."""
    if cells is not None:
        return cells.ndim == 1
    outputs = _listed(explanation, "output_names")
    return outputs is not None and len(outputs) == values.shape[1] > 1 and np.ndim(explanation.base_values) == 1


def _numbers(explanation: Any, name: str) -> Floats:
    given = getattr(explanation, name, None)
    try:
        numbers = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = None
    if given is None or numbers is None:
        fix = "Give a shap.Explanation whose values and base values are arrays of numbers; those of texts are not."
        raise ConfigError(Problem(f"explanation.{name}", type(given).__name__, fix=fix))
    return numbers


def _cells(explanation: Any) -> npt.NDArray[Any] | None:
    """Cells of the rows; numbers where all are numbers."""
    data = getattr(explanation, "data", None)
    if data is None:
        return None
    if hasattr(data, "toarray"):
        data = data.toarray()
    try:
        return np.asarray(data)
    except ValueError:
        return np.asarray(data, dtype=object)


def _problems(explanation: Any, values: Floats, base_values: Floats, cells: npt.NDArray[Any] | None) -> list[Problem]:
    if values.ndim != 3 or not values.shape[0] or not values.shape[1]:
        fix = "Use values of shape (rows, features) or (rows, features, outputs)."
        return [Problem("explanation.values", f"shape {values.shape}", fix=fix)]
    rows, features, outputs = values.shape
    problems = []
    given_base = f"shape {np.shape(explanation.base_values)}"
    if outputs > 1 and (base_values.ndim == 0 or base_values.shape[-1] != outputs):
        fix = f"Use one base value for each of the {outputs} outputs; interaction values cannot be read."
        problems.append(Problem("explanation.base_values", given_base, fix=fix))
    elif base_values.shape not in ((), (1,), (outputs,), (1, 1), (1, outputs), (rows, 1), (rows, outputs)):
        fix = f"Use one base value, or one for each of the {rows} rows."
        problems.append(Problem("explanation.base_values", given_base, fix=fix))
    if cells is not None and cells.shape[:2] != (rows, features):
        fix = f"Use data of shape {(rows, features)}, as the values."
        problems.append(Problem("explanation.data", f"shape {cells.shape}", fix=fix))
    for name, number in (("feature_names", features), ("output_names", outputs)):
        given = _listed(explanation, name)
        if given is not None and len(given) != number and not (name == "output_names" and outputs == 1):
            problems.append(Problem(f"explanation.{name}", len(given), fix=f"Use {number} names."))
    return problems


def _listed(explanation: Any, name: str) -> list[str] | None:
    given = getattr(explanation, name, None)
    if given is None or isinstance(given, str):
        return None if given is None else [given]
    return [str(one) for one in np.ravel(np.asarray(given, dtype=object)).tolist()]


def _names(explanation: Any, name: str, stem: str, number: int) -> tuple[str, ...]:
    given = _listed(explanation, name)
    if given is None or len(given) != number:
        return tuple(f"{stem}{place}" for place in range(number))
    return tuple(given)


@dataclass(frozen=True, slots=True, eq=False)
class PlainImportances(Mapping[Aggregation, tuple[FeatureImportance, ...]]):
    """Importances by way of aggregation, of values whose errors are not known."""

    attributions: Floats
    features: tuple[str, ...]
    outputs: tuple[str, ...]

    def __getitem__(self, way: Aggregation) -> tuple[FeatureImportance, ...]:
        if way not in get_args(Aggregation):
            raise KeyError(way)
        return _importances(self.attributions, self.features, self.outputs, way)

    def __iter__(self) -> Iterator[Aggregation]:
        return iter(get_args(Aggregation))

    def __len__(self) -> int:
        return len(get_args(Aggregation))

    def of_rows(self, rows: npt.NDArray[np.intp]) -> PlainImportances:
        """Those of the rows at these positions."""
        return replace(self, attributions=self.attributions[rows])


def _importances(
    values: Floats, features: tuple[str, ...], outputs: tuple[str, ...], way: Aggregation
) -> tuple[FeatureImportance, ...]:
    """Plain aggregates; without errors no order is certain."""
    ways = {"mean_abs": lambda v: np.abs(v).mean(axis=0), "mean_sq": lambda v: (v**2).mean(axis=0)}
    plain = ways[way](values) if way in ways else np.median(values, axis=0)
    return tuple(
        FeatureImportance(
            output=outputs[output],
            feature=features[place],
            value=float(plain[place, output]),
            corrected=float(plain[place, output]),
            standard_error=float("nan"),
            interval=(float("nan"), float("nan")),
            rank=rank,
            tied=True,
        )
        for output in range(len(outputs))
        for rank, place in enumerate(np.argsort(-np.abs(plain[:, output]), kind="stable").tolist(), start=1)
    )
