"""``pellucid.toml``: where the models and endpoints are that configurations only name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pellucid.errors import ConfigError, Problem, did_you_mean

__all__ = ["FILE_NAME", "ProjectFile", "load_project_file"]

FILE_NAME = "pellucid.toml"
TABLES = ("models", "endpoints")


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """What a ``pellucid.toml`` says.

    Parameters
    ----------
    models
        By the name in ``predictor.model_name``: a file, ``module:attribute``, MLflow address, command or URL.
    endpoints
        By the name in ``predictor.endpoint_name``: base URL of a server.
    folder
        Where the file is, from which relative paths in it may be meant; None without a file.
    """

    models: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


def load_project_file(*folders: Path) -> ProjectFile:
    """The ``pellucid.toml`` of the first of ``folders`` that has one; without any, nothing is known.

    Raises
    ------
    ConfigError
        The file is no TOML, or holds something else; all faults are named.
    """
    path = next((folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()), None)
    if path is None:
        return ProjectFile()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(Problem(str(path), fix=f"It cannot be read as TOML: {error}.")) from None
    problems = [
        Problem(f"{FILE_NAME} [{table}]", fix=f"There is no such table; {did_you_mean(table, TABLES)}")
        for table in document
        if table not in TABLES
    ]
    tables = {table: document.get(table, {}) for table in TABLES}
    for table, entries in tables.items():
        if not isinstance(entries, dict):
            fix = f'Write a table: [{table}], then lines of the form name = "address".'
            problems.append(Problem(f"{FILE_NAME} {table}", entries, fix=fix))
            continue
        problems += [
            Problem(f"{FILE_NAME} [{table}] {name}", value, fix="Use a string.")
            for name, value in entries.items()
            if not isinstance(value, str)
        ]
    if problems:
        raise ConfigError(problems)
    return ProjectFile(models=tables["models"], endpoints=tables["endpoints"], folder=path.parent)
