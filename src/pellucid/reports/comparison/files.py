"""A comparison as a file of numbers, and read back from it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from pellucid.bias.comparison import Difference, Estimate, Verdict
from pellucid.errors import DataError, Problem
from pellucid.reports.comparison.pairs import Compared, ImportanceKey, MetricKey, Side
from pellucid.reports.reading import number_in
from pellucid.results.bias import number_for_json

__all__ = ["COMPARISON", "comparison_from", "comparison_text"]

COMPARISON = "comparison.json"
FORMAT = "pellucid-comparison-1"


def comparison_text(compared: Compared) -> str:
    """What stands in ``comparison.json``."""
    document = {
        "format": FORMAT,
        "first": asdict(compared.first),
        "second": asdict(compared.second),
        "confidence_level": compared.confidence_level,
        "same_data": compared.same_data,
        "only_in_one": list(compared.only),
        "metrics": [
            {**asdict(key), "paired": key in compared.paired, **_difference(found)}
            for key, found in compared.metrics.items()
        ],
        "global_shap_values": [{**asdict(key), **_difference(found)} for key, found in compared.importances.items()],
    }
    return f"{json.dumps(document, indent=4, allow_nan=False)}\n"


def comparison_from(file: Path) -> Compared:
    """The comparison in a ``comparison.json``.

    Raises
    ------
    DataError
        It is none, or was edited.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        _check(document["format"])
        metrics = {
            MetricKey(entry["stage"], entry["facet"], entry["value"], entry["metric"]): entry
            for entry in document["metrics"]
        }
        importances = {
            ImportanceKey(entry["output"], entry["feature"]): entry for entry in document["global_shap_values"]
        }
        return Compared(
            first=_side(document["first"]),
            second=_side(document["second"]),
            confidence_level=float(document["confidence_level"]),
            metrics={key: _read(entry) for key, entry in metrics.items()},
            importances={key: _read(entry) for key, entry in importances.items()},
            paired=frozenset(key for key, entry in metrics.items() if entry["paired"]),
            same_data=document["same_data"],
            only=tuple(document["only_in_one"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        fix = f"It is no comparison, or was edited ({error}). Run pellucid compare again."
        raise DataError(Problem(str(file), fix=fix)) from None


def _check(given: object) -> None:
    if given != FORMAT:
        raise ValueError(f"format is {given!r}")


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "first_value": number_for_json(found.first.value),
        "first_interval": _ends(found.first.interval),
        "second_value": number_for_json(found.second.value),
        "second_interval": _ends(found.second.interval),
        "difference": None if math.isnan(found.value) else number_for_json(found.value),
        "interval": _ends(found.interval),
        "p_value": found.p_value,
        "verdict": found.verdict,
    }


def _ends(interval: tuple[float, float] | None) -> list[Any] | None:
    return None if interval is None else [number_for_json(end) for end in interval]


def _read(entry: Mapping[str, Any]) -> Difference:
    if entry["verdict"] not in get_args(Verdict):
        raise ValueError(f"verdict is {entry['verdict']!r}")
    sufficient = entry["verdict"] != "insufficient evidence"
    sides = [
        Estimate(
            value=_number(entry[f"{side}_value"]), interval=_pair(entry[f"{side}_interval"]), sufficient=sufficient
        )
        for side in ("first", "second")
    ]
    return Difference(
        first=sides[0],
        second=sides[1],
        value=math.nan if entry["difference"] is None else _number(entry["difference"]),
        interval=_pair(entry["interval"]),
        p_value=number_in(entry["p_value"]),
        verdict=entry["verdict"],
    )


def _number(value: Any) -> float:
    found = number_in(value)
    if found is None:
        raise ValueError(f"{value!r} is no number")
    return found


def _pair(value: Any) -> tuple[float, float] | None:
    return None if value is None else (_number(value[0]), _number(value[1]))


def _side(entry: Mapping[str, Any]) -> Side:
    return Side(**{**entry, "problems": tuple(entry["problems"])})
