"""What a result rests on: digests of everything that went in and came out, versions, seed, cost and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, get_args

from pellucid.errors import DataError, Problem
from pellucid.records import dataclass
from pellucid.results.file_names import EVIDENCE, REPORTS

__all__ = ["EVIDENCE", "REPORTS", "Evidence", "FileDigest", "Role", "evidence_from"]

FORMAT = "pellucid-evidence-1"

Role = Literal["configuration", "data", "model", "baseline", "result"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """A file as it was when the job ran.

    Parameters
    ----------
    role
        What the job took it for.
    path
        Results: from the folder of the results. Inputs: as the user named them, or the name alone where that was a
        place on one machine.
    sha256
        64 hexadecimal digits.
    bytes
        Its size.
    """

    role: Role
    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How a result came about, to be checked by someone who was not there.

    Parameters
    ----------
    command
        The command that makes the same results from the same inputs.
    inputs, results
        Files read and written.
    model
        Where the model is, without any password; None where none was asked.
    model_rows, model_requests
        Rows that the model answered in all; requests that this took, None where it is no server.
    seed
        Of every random number.
    started
        Moment in ISO 8601, UTC.
    seconds
        From the beginning to the results; the making of reports not included.
    versions
        Of Pellucid, Python and the packages that computed.
    """

    command: str
    inputs: tuple[FileDigest, ...]
    results: tuple[FileDigest, ...]
    model: str | None
    model_rows: int | None
    model_requests: int | None
    seed: int
    started: str
    seconds: float
    versions: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """What stands in ``evidence.json``."""
        found = asdict(self)
        return {"format": FORMAT, **found, "versions": dict(self.versions), "seconds": round(self.seconds, 3)}


def evidence_from(document: Any) -> Evidence:
    """The evidence in a parsed ``evidence.json``.

    Raises
    ------
    DataError
        It is none, or of another format.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        shown = document.get("format") if isinstance(document, Mapping) else type(document).__name__
        raise DataError(Problem(f"{EVIDENCE}: format", shown, fix=f"Expected {FORMAT!r}: the file was edited or cut."))
    try:
        return Evidence(
            command=_text(document, "command"),
            inputs=_digests(document, "inputs"),
            results=_digests(document, "results"),
            model=None if document["model"] is None else _text(document, "model"),
            model_rows=_count(document, "model_rows"),
            model_requests=_count(document, "model_requests"),
            seed=int(document["seed"]),
            started=_text(document, "started"),
            seconds=float(document["seconds"]),
            versions={str(name): str(version) for name, version in document["versions"].items()},
        )
    except KeyError as error:
        raise DataError(
            Problem(f"{EVIDENCE}: {error.args[0]}", fix="The key is missing: the file was edited.")
        ) from None
    except (TypeError, ValueError, AttributeError) as error:
        raise DataError(Problem(EVIDENCE, fix=f"A value is of the wrong kind: {error}. The file was edited.")) from None


def _text(document: Mapping[str, Any], key: str) -> str:
    if not isinstance(document[key], str):
        raise TypeError(f"{key} is {document[key]!r}")
    return str(document[key])


def _count(document: Mapping[str, Any], key: str) -> int | None:
    return None if document[key] is None else int(document[key])


def _digests(document: Mapping[str, Any], key: str) -> tuple[FileDigest, ...]:
    entries: Sequence[Mapping[str, Any]] = document[key]
    return tuple(_digest(entry) for entry in entries)


def _digest(entry: Mapping[str, Any]) -> FileDigest:
    if entry["role"] not in get_args(Role):
        raise ValueError(f"role is {entry['role']!r}")
    return FileDigest(
        role=entry["role"], path=_text(entry, "path"), sha256=_text(entry, "sha256"), bytes=int(entry["bytes"])
    )
