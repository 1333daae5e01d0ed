"""``pellucid.toml``: where the models and endpoints are that configurations only name, and what computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from pellucid.config.sizes import SIZE_FIX, bytes_of
from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.records import dataclass

__all__ = ["FILE_NAME", "EngineSettings", "ProjectFile", "load_project_file"]

FILE_NAME = "pellucid.toml"
TABLES = ("models", "endpoints")
ENGINE = "engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """The table ``[engine]``.

    Parameters
    ----------
    master
        URL of a Spark master, such as ``spark://host:7077``.
    startup_seconds
        How long a Spark session, and the first worker of a cluster, may take to come.
    staging
        Folder that every machine of the cluster sees, for data sets that are not Parquet.
    workers
        Processes that explain on this machine.
    memory
        What DuckDB may take, such as ``1GiB``.
    """

    master: str | None = None
    startup_seconds: float = 120.0
    staging: str | None = None
    workers: int | None = None
    memory: str | None = None


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
    engine: EngineSettings = field(default_factory=EngineSettings)


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
    import tomllib

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(Problem(str(path), fix=f"It cannot be read as TOML: {error}.")) from None
    problems = [
        Problem(f"{FILE_NAME} [{table}]", fix=f"There is no such table; {did_you_mean(table, (*TABLES, ENGINE))}")
        for table in document
        if table not in (*TABLES, ENGINE)
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
    engine = document.get(ENGINE, {})
    problems += _engine_problems(engine)
    if problems:
        raise ConfigError(problems)
    return ProjectFile(
        models=tables["models"], endpoints=tables["endpoints"], folder=path.parent, engine=EngineSettings(**engine)
    )


def _engine_problems(engine: Any) -> list[Problem]:
    if not isinstance(engine, dict):
        fix = 'Write a table: [engine], then lines such as master = "spark://host:7077".'
        return [Problem(f"{FILE_NAME} {ENGINE}", engine, fix=fix)]
    known: dict[str, tuple[Callable[[Any], bool], str]] = {
        "master": (lambda value: isinstance(value, str), "Use a string."),
        "startup_seconds": (lambda value: _is_number(value) and value > 0, "Use a number above 0."),
        "staging": (lambda value: isinstance(value, str), "Use a string."),
        "workers": (lambda value: type(value) is int and value > 0, "Use an integer of at least 1."),
        "memory": (lambda value: bytes_of(value) is not None, SIZE_FIX),
    }
    problems = []
    for name, value in engine.items():
        if name not in known:
            fix = f"There is no such key; {did_you_mean(name, list(known))}"
            problems.append(Problem(f"{FILE_NAME} [{ENGINE}] {name}", value, fix=fix))
        elif not known[name][0](value):
            problems.append(Problem(f"{FILE_NAME} [{ENGINE}] {name}", value, fix=known[name][1]))
    return problems


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
