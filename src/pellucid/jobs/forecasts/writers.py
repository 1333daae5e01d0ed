"""The file of scores, as Clarify writes it: a line per item as soon as it is explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pellucid.errors import DataError, Problem

if TYPE_CHECKING:
    from pellucid.results.forecast import ForecastItem

__all__ = ["FORECAST_FILES", "results_path", "scores_file", "write_item"]

FOLDER = "asymmetric_shapley_value"
KINDS = (
    "timewise_chronological",
    "timewise_anti_chronological",
    "timewise_bidirectional",
    "fine_grained_chronological",
)


def results_path(granularity: str, direction: str) -> str:
    """Place of the scores in the folder of the results.

    >>> results_path("timewise", "bidirectional")
    'asymmetric_shapley_value/timewise_bidirectional/out.jsonl'
    """
    return f"{FOLDER}/{granularity}_{direction}/out.jsonl"


FORECAST_FILES = tuple(f"{FOLDER}/{kind}/out.jsonl" for kind in KINDS)
"""Files beside ``analysis.json``, by their place in the folder of the results."""


@contextmanager
def scores_file(path: Path) -> Iterator[IO[str]]:
    """The file, open for `write_item`.

    Raises
    ------
    DataError
        It cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        fix = f"{error.strerror or error}. Give a folder that can be written with --output."
        raise DataError(Problem("--output", str(path.parent), fix=fix)) from None


def write_item(file: IO[str], item: ForecastItem) -> None:
    """One line, keys in alphabetical order."""
    file.write(json.dumps(item.to_clarify(), sort_keys=True, allow_nan=False) + "\n")
