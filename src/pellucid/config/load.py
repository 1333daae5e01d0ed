"""From a file to a configuration, or to one error that names every fault in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import takewhile
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pellucid.config.analysis import AnalysisConfig
from pellucid.config.json_text import read_object
from pellucid.config.lenient import places, plain_copy, to_aws_form
from pellucid.config.notes import notes
from pellucid.config.rules import rule_problems
from pellucid.errors import ConfigError, Problem
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.config.faults import Location

__all__ = ["SCHEMA_HEADING", "LoadedConfig", "load_config", "parse_config"]

SCHEMA_HEADING = "Analysis configuration schema validation error."
"""Clarify's words for a file that its schema refuses."""
PLUGIN_LOADER = "pydantic.plugin._loader"


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration as read.

    Parameters
    ----------
    config
        The configuration.
    warnings
        One sentence or two for each form that Clarify would refuse and each key that has no effect.
    document
        The JSON object as it was given.
    """

    config: AnalysisConfig
    warnings: tuple[str, ...]
    document: dict[str, Any]


def load_config(path: str | PathLike[str], *, strict: bool = False) -> LoadedConfig:
    """Read an analysis configuration file.

    Parameters
    ----------
    path
        The file: one JSON object in UTF-8.
    strict
        Refuse what AWS refuses: no other forms, no keys of ours.

    Raises
    ------
    ConfigError
        The file cannot be read, is no JSON, or is not a valid configuration; names all faults found.
    """
    file = Path(path)
    document, warnings = read_object(file, strict=strict)
    try:
        loaded = parse_config(document, strict=strict, name=file.name)
    except RecursionError:
        raise ConfigError(Problem(str(file), fix="Objects and lists are nested too deeply.")) from None
    return LoadedConfig(loaded.config, (*warnings, *loaded.warnings), document)


def parse_config(
    document: Mapping[str, Any], *, strict: bool = False, name: str = "analysis_config.json"
) -> LoadedConfig:
    """Read an analysis configuration from its JSON object.

    Parameters
    ----------
    document
        The object.
    strict
        Refuse what AWS refuses: no other forms, no keys of ours.
    name
        How messages call the document as a whole.

    Raises
    ------
    ConfigError
        The configuration is not valid; names all faults found.

    Examples
    --------
    >>> loaded = parse_config({"dataset_type": "text/csv", "methods": {"report": {}}})
    >>> loaded.config.methods.report.name
    'report'
    >>> loaded.warnings[0]
    'methods.report: got {}. Read as {"name": "report"}: write it so for Clarify.'
    """
    if not isinstance(document, Mapping):
        raise ConfigError(Problem(name, document, fix="Use one JSON object."), heading=SCHEMA_HEADING)
    given, warnings = (plain_copy(document), ()) if strict else to_aws_form(document)
    config, schema_problems, faulty = _validate(given)
    if strict:
        schema_problems += _refused_by_clarify(given)
    rules = rule_problems(config, faulty=faulty) if config is not None else []
    if config is None or schema_problems or rules:
        raise ConfigError([*schema_problems, *rules], heading=SCHEMA_HEADING if schema_problems else "")
    return LoadedConfig(config, (*warnings, *notes(config)), dict(document))


def _validate(document: dict[str, Any]) -> tuple[AnalysisConfig | None, list[Problem], list[str]]:
    """The configuration, its faults and their keys; with faults, that of what is left without these keys, if any is."""
    with _without_plugins():
        AnalysisConfig.model_rebuild()
    try:
        return AnalysisConfig.model_validate(document), [], []
    except ValidationError as error:
        from pellucid.config.faults import faults, key_path

        found = list(faults(error.errors(include_url=False)))
    problems, faulty = [problem for _, problem in found], [key_path(location) for location, _ in found]
    try:
        kept = _without(document, [location for location, _ in found])
        return AnalysisConfig.model_validate(kept), problems, faulty
    except ValidationError:
        return None, problems, faulty


@contextmanager
def _without_plugins() -> Iterator[None]:
    """Within this context pydantic looks for no plugins, for which it reads the metadata of all installed packages."""
    before = os.environ.get("PYDANTIC_DISABLE_PLUGINS")
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    # What looks for them imports a twentieth of all that a small job needs, even if it is told not to look.
    nobody = ModuleType(PLUGIN_LOADER)
    vars(nobody)["get_plugins"] = tuple
    sys.modules.setdefault(PLUGIN_LOADER, nobody)
    try:
        yield
    finally:
        if sys.modules[PLUGIN_LOADER] is nobody:
            del sys.modules[PLUGIN_LOADER]
        del os.environ["PYDANTIC_DISABLE_PLUGINS"]
        if before is not None:
            os.environ["PYDANTIC_DISABLE_PLUGINS"] = before


def _without(document: dict[str, Any], locations: list[Location]) -> dict[str, Any]:
    """A copy without the keys that hold a fault: without the whole list, or an object that lacks a required key."""
    kept = plain_copy(document)
    for location in locations:
        _prune(kept, location)
    return kept


def _prune(document: dict[str, Any], location: Location) -> None:
    keys = [str(step) for step in takewhile(lambda step: isinstance(step, str), location)]
    holders = [document]
    for key in keys[:-1]:
        inner = holders[-1].get(key)
        if not isinstance(inner, dict):
            return
        holders.append(inner)
    if keys[-1] in holders[-1]:
        del holders[-1][keys[-1]]
    elif len(holders) > 1:
        del holders[-2][keys[-2]]


def _refused_by_clarify(document: dict[str, Any]) -> list[Problem]:
    """What our models take and Clarify does not know: our keys, versions to come."""
    from pellucid.config.keys import OWN_KEYS

    version = document.get("version", "1.0")
    unknown = [Problem("version", version, fix="Use '1.0': there is no other.")] * (
        isinstance(version, str) and version != "1.0"
    )
    return unknown + [
        Problem(where, container[key], fix="This key is Pellucid's own and Clarify refuses it. Remove it here.")
        for path in OWN_KEYS
        for container, key, where in places(document, path)
    ]
