"""Digests of files, and whether files are still what they were when a job ran."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from pellucid.records import dataclass
from pellucid.results.evidence import EVIDENCE, Evidence, FileDigest, Role

__all__ = ["Checked", "State", "digest_of", "digest_of_file", "digests_below", "verified"]

PIECE = 1 << 20

NEVER_FOREIGN = ("analysis.json", "pellucid.json", "report.html", "report.ipynb", "report.pdf")
"""Names in a folder of results that only the job gives."""

State = Literal["unchanged", "changed", "missing", "added", "not checked"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A file and what has become of it.

    Parameters
    ----------
    state
        ``not checked`` where an input is not at hand; ``added`` for a result that the job did not write.
    """

    role: Role
    path: str
    state: State


def digest_of(stream: IO[bytes], role: Role, path: str) -> FileDigest:
    """SHA-256 and size of what is left in ``stream``.

    >>> import io
    >>> digest_of(io.BytesIO(b"abc"), "data", "abc.csv").sha256[:16]
    'ba7816bf8f01cfea'
    """
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(PIECE):
        digest.update(piece)
        size += len(piece)
    return FileDigest(role=role, path=path, sha256=digest.hexdigest(), bytes=size)


def digest_of_file(file: Path, role: Role, path: str) -> FileDigest:
    """SHA-256 and size of ``file``, recorded under ``path``."""
    with file.open("rb") as stream:
        return digest_of(stream, role, path)


def digests_below(folder: Path, files: Iterable[Path]) -> tuple[FileDigest, ...]:
    """Digests of result files by their path from ``folder``, sorted; of a folder among them, all files in it."""
    found = {file for path in files for file in (path.rglob("*") if path.is_dir() else (path,)) if file.is_file()}
    return tuple(
        digest_of_file(file, "result", file.relative_to(folder).as_posix())
        for file in sorted(found)
        if file != folder / EVIDENCE
    )


def verified(folder: Path, evidence: Evidence, inputs: Mapping[Role, Path]) -> tuple[Checked, ...]:
    """Whether results and inputs are what they were.

    Parameters
    ----------
    folder
        Of the results.
    inputs
        Where inputs are now, by role: a file, or the folder that holds them. Inputs of other roles are looked for in
        and beside ``folder`` by the path that was recorded.
    """
    results = [Checked("result", found.path, _state(folder / found.path, found)) for found in evidence.results]
    given = []
    for found in evidence.inputs:
        place = _place(folder, found, inputs.get(found.role))
        state = "not checked" if place is None else _state(place, found)
        given.append(Checked(found.role, found.path, state))
    return (*results, *_added(folder, evidence), *given)


def _state(file: Path, recorded: FileDigest) -> State:
    if not file.is_file():
        return "missing"
    if file.stat().st_size != recorded.bytes:
        return "changed"
    return "unchanged" if digest_of_file(file, recorded.role, recorded.path).sha256 == recorded.sha256 else "changed"


def _place(folder: Path, recorded: FileDigest, given: Path | None) -> Path | None:
    """Where an input is now; None where nobody said and it is not at hand."""
    if given is not None:
        return given / recorded.path if given.is_dir() and (given / recorded.path).exists() else _named(given, recorded)
    if "://" in recorded.path:
        return None
    return next(
        (place for base in (folder, folder.absolute().parent) if (place := base / recorded.path).is_file()), None
    )


def _named(given: Path, recorded: FileDigest) -> Path:
    return given / PurePosixPath(recorded.path).name if given.is_dir() else given


def _added(folder: Path, evidence: Evidence) -> list[Checked]:
    """Result files that the job did not write: an edit may as well be a file too many."""
    known = {found.path for found in (*evidence.results, *evidence.inputs)}
    return [
        Checked("result", name, "added") for name in NEVER_FOREIGN if name not in known and (folder / name).is_file()
    ]
