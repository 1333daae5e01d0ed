"""Gathers what a job's results rest on while the job runs, and checks it later."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from pellucid.api.model_access import COMMAND, ModelSource, without_password
from pellucid.datasets.locate import open_raw
from pellucid.errors import DataError, Problem
from pellucid.jobs.evidence import Checked, digest_of, digests_below, verified
from pellucid.records import dataclass
from pellucid.results.evidence import EVIDENCE, Evidence, FileDigest, Role, evidence_from

__all__ = ["Gathering", "command_line", "gathering", "named_portably", "verify"]

COMPUTING = (
    "duckdb",
    "lightgbm",
    "mlflow",
    "narwhals",
    "numpy",
    "onnxruntime",
    "pandas",
    "polars",
    "pyarrow",
    "pyspark",
    "scikit-image",
    "scikit-learn",
    "scipy",
    "spacy",
    "xgboost",
)
"""Packages on which numbers may depend; recorded if the job loaded them."""
MODULES = {"duckdb": "_duckdb", "scikit-learn": "sklearn", "scikit-image": "skimage"}
"""Modules that are loaded where a package is used, if not one of its own name."""


@dataclass(slots=True, eq=False)
class Gathering:
    """Digests that are computed beside the job, and what else becomes evidence.

    Parameters
    ----------
    started
        Moment the job began.
    """

    started: datetime
    clock: float
    _threads: ThreadPoolExecutor
    _inputs: dict[str, Future[FileDigest]] = field(default_factory=dict)

    def read(self, role: Role, place: str, shown: str) -> None:
        """Have the file at ``place`` digested and recorded as ``shown``."""
        self._inputs[shown] = self._threads.submit(_digest, role, place, shown)

    def read_all(self, role: Role, places: Iterable[str], named: str | None) -> None:
        """Have the files of one data set digested; ``named`` is how the user called it, file or folder."""
        places = list(places)
        root = os.path.commonpath(places) if len(places) > 1 else ""
        for place in places:
            name = named_portably(named or place)
            inside = PurePosixPath(place.removeprefix(root).lstrip("/")) if root else None
            self.read(role, place, name if inside is None else f"{name}/{inside}")

    def model(self, source: ModelSource) -> None:
        """Have the files of a model digested, where it is in files; of a module its own file."""
        path = Path(source.uri.removeprefix("file://")).expanduser()
        if source.remote or source.uri.startswith(COMMAND):
            return
        if not path.exists():
            if (code := _module_file(source.uri)) is not None:
                self.read("model", str(code), code.name)
            return
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        self.read_all("model", [str(file) for file in files if file.suffix != ".pyc"], source.uri)

    def unread(self) -> tuple[str, ...]:
        """Warnings on inputs of which there is no digest, because they could not be read a second time."""
        failed = ((name, done.exception()) for name, done in self._inputs.items())
        return tuple(
            f"{EVIDENCE}: {name} could not be read for its digest ({error}); verify cannot check it."
            for name, error in failed
            if error is not None
        )

    def evidence(
        self,
        folder: Path,
        results: Iterable[Path],
        *,
        command: str,
        model: ModelSource | None,
        model_rows: int | None,
        model_requests: int | None,
        seed: int,
    ) -> Evidence:
        """What is known now, with the digests of ``results``."""
        fixed = os.environ.get("SOURCE_DATE_EPOCH")
        started = self.started if fixed is None else datetime.fromtimestamp(int(fixed), UTC)
        return Evidence(
            command=command,
            inputs=tuple(done.result() for done in self._inputs.values() if done.exception() is None),
            results=digests_below(folder, results),
            model=None if model is None else _portable_model(model),
            model_rows=model_rows,
            model_requests=model_requests,
            seed=seed,
            started=started.isoformat(timespec="seconds"),
            seconds=time.monotonic() - self.clock if fixed is None else 0.0,
            versions=_versions(),
        )


@contextmanager
def gathering() -> Iterator[Gathering]:
    """Gather evidence for the length of a job."""
    with ThreadPoolExecutor(1, thread_name_prefix="evidence") as threads:
        yield Gathering(datetime.now(UTC), time.monotonic(), threads)


def named_portably(place: str) -> str:
    """How an input is named in evidence: as the user did, but never by its place on one machine.

    >>> named_portably("data/adult.csv"), named_portably("/home/ada/adult.csv"), named_portably("s3://loans/2024")
    ('data/adult.csv', 'adult.csv', 's3://loans/2024')
    """
    if "://" in place and not place.startswith("file://"):
        return without_password(place)
    path = Path(place.removeprefix("file://")).expanduser()
    return path.name if path.is_absolute() or ".." in path.parts else path.as_posix()


def command_line(config: str, options: Mapping[str, str | bool | None]) -> str:
    """The ``pellucid run`` that repeats a job, with inputs named portably.

    >>> command_line("/home/ada/analysis_config.json", {"--data": "adult.csv", "--strict": True, "--seed": None})
    'pellucid run analysis_config.json --data adult.csv --strict'
    """
    words = ["pellucid", "run", named_portably(config)]
    for option, value in options.items():
        if value is True:
            words.append(option)
        elif value:
            words += [option, str(value)]
    return shlex.join(words)


def verify(folder: Path, *, data: Path | None = None, config: Path | None = None) -> tuple[Checked, ...]:
    """Compare the files of a result with its ``evidence.json``.

    Parameters
    ----------
    data, config
        Where the data set and the configuration are now; without them they are looked for in and beside the folder.

    Raises
    ------
    DataError
        There is no evidence, or it cannot be read.
    """
    import json

    file = folder / EVIDENCE
    if not file.is_file():
        fix = f"There is no {EVIDENCE} in it. Give the folder that a job wrote its results to, without --no-report."
        raise DataError(Problem("DIR", str(folder), fix=fix))
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise DataError(Problem(str(file), fix=f"It cannot be read as JSON: {error}. It was edited or cut.")) from None
    given: dict[Role, Path | None] = {"data": data, "configuration": config}
    return verified(folder, evidence_from(document), {role: path for role, path in given.items() if path is not None})


def _digest(role: Role, place: str, shown: str) -> FileDigest:
    with open_raw(place) as stream:
        return digest_of(stream, role, shown)


def _portable_model(source: ModelSource) -> str:
    if source.uri.startswith(COMMAND):
        words = shlex.split(source.uri.removeprefix(COMMAND))
        return COMMAND + " " + shlex.join(named_portably(word) for word in words)
    return named_portably(source.uri) if "/" in source.uri or "\\" in source.uri else source.uri


def _module_file(uri: str) -> Path | None:
    """The file of the module in ``module:attribute``; None where there is none."""
    if "/" in uri:
        return None
    name = uri.partition(":")[0]
    beside = Path(*name.split(".")).with_suffix(".py")  # the working folder, where models are looked for first
    if beside.is_file():
        return beside
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    file = None if spec is None or spec.origin is None else Path(spec.origin)
    return file if file is not None and file.is_file() else None


def _versions() -> dict[str, str]:
    found = {"pellucid": _version("pellucid"), "python": platform.python_version()}
    loaded = (name for name in COMPUTING if not {name, MODULES.get(name, name)}.isdisjoint(sys.modules))
    return {**found, **{name: _version(name) for name in loaded}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        # The same module may come in a package of another name, such as xgboost in xgboost-cpu.
        return str(getattr(sys.modules.get(MODULES.get(name, name)), "__version__", "unknown"))
