"""``pellucid run`` as it is mostly written, read at once: typer takes longer to load than a small job to count."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pellucid.cli.options import DEFAULT_OUTPUT, JobOptions

__all__ = ["PlainRun", "plain_run"]

TEXTS = {"--data": "data", "--output": "output", "--engine": "engine", "--memory": "memory"}
LISTS = {"--model": "models", "--endpoint": "endpoints"}
NUMBERS = {"--seed": ("seed", 0), "--workers": ("workers", 1)}
"""With the least that each may be."""
FLAGS = {
    "--allow-pickle": ("allow_pickle", True),
    "--strict": ("strict", True),
    "--report": ("report", True),
    "--no-report": ("report", False),
    "--suppress": ("suppress", True),
    "--json": ("as_json", True),
}
MANY_DIGITS = 9
"""Longer numbers are typer's to read."""


class PlainRun(NamedTuple):
    """The arguments of ``pellucid run``."""

    options: JobOptions
    as_json: bool


class _NotPlain(Exception):
    """Something that is typer's to read, or to refuse with an explanation."""


def plain_run(arguments: Sequence[str]) -> PlainRun | None:
    """The job that ``arguments`` ask for; None where they are anything but ``run`` with known options, each once.

    Examples
    --------
    >>> plain_run(["run", "analysis_config.json", "--seed", "7", "--json"]).options.seed
    7
    >>> plain_run(["run", "--help"]), plain_run(["run", "analysis_config.json", "--seed", "x"])
    (None, None)
    """
    if arguments[:1] != ["run"] or os.name == "nt":  # on Windows typer puts files in the place of patterns
        return None
    try:
        found = _read(iter(arguments[1:]))
    except _NotPlain:
        return None
    as_json = found.pop("as_json", False)
    output = Path(found.pop("output")) if "output" in found else DEFAULT_OUTPUT
    return PlainRun(JobOptions(output=output, **found), as_json=as_json)


def _read(arguments: Iterator[str]) -> dict[str, Any]:
    """The fields of `JobOptions` by name."""
    found: dict[str, Any] = {}
    value: Any
    for argument in arguments:
        if argument in FLAGS:
            name, value = FLAGS[argument]
        elif argument in LISTS:
            found[LISTS[argument]] = [*found.get(LISTS[argument], ()), _value(arguments)]
            continue
        elif argument in TEXTS:
            name, value = TEXTS[argument], _value(arguments)
        elif argument in NUMBERS:
            name, least = NUMBERS[argument]
            value = _number(_value(arguments), least)
        else:
            name, value = "config", Path(_plain(argument))
        if name in found:
            raise _NotPlain
        found[name] = value
    if "config" not in found:
        raise _NotPlain
    return found


def _value(arguments: Iterator[str]) -> str:
    return _plain(next(arguments, ""))


def _plain(text: str) -> str:
    if not text or text.startswith("-"):
        raise _NotPlain
    return text


def _number(text: str, least: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MANY_DIGITS and int(text) >= least):
        raise _NotPlain
    return int(text)
