"""Writing results: aside first and moved at the end, so that a failed job leaves those of an earlier one alone."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pellucid.errors import DataError, Problem

__all__ = ["json_text", "unwritable", "write_files"]


def json_text(document: Any) -> str:
    """JSON as Clarify writes it: four blanks of indentation, ASCII only.

    >>> print(json_text({"value": 0.5}))
    {
        "value": 0.5
    }
    """
    return json.dumps(document, indent=4, allow_nan=False)


def unwritable(folder: Path) -> tuple[Problem, ...]:
    """The problem that nothing can be written into ``folder``, if so; found before anything is computed."""
    there = next((place for place in (folder, *folder.absolute().parents) if place.exists()), Path("/"))
    if not there.is_dir():
        return (Problem("--output", str(folder), fix=f"{str(there)!r} is a file. Give a folder."),)
    if not os.access(there, os.W_OK | os.X_OK):
        return (Problem("--output", str(folder), fix=f"You may not write into {str(there)!r}. Give another folder."),)
    return ()


def write_files(
    folder: Path, texts: Mapping[str, str], *, stale: Sequence[str] = (), written: Mapping[str, Path] | None = None
) -> tuple[Path, ...]:
    """Write ``texts`` by file name into ``folder``, all or none.

    Parameters
    ----------
    written
        Files on the same disk that were written aside before, by the name that they get; or folders of files.
    stale
        Files of an earlier job that must not stand beside the new ones; removed where they are not written anew.

    Raises
    ------
    DataError
        The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
        try:
            for name, text in texts.items():
                (aside / name).write_text(text, encoding="utf-8")
            for name, path in {**(written or {}), **{name: aside / name for name in texts}}.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                if path.is_dir() or (folder / name).is_dir():
                    _remove(folder / name)
                path.replace(folder / name)
            for name in set(stale) - set(texts) - set(written or ()):
                _remove(folder / name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        fix = f"{error.strerror or error}. Give a folder that can be written with --output."
        raise DataError(Problem("--output", str(folder), fix=fix)) from None
    return tuple(folder / name for name in (*texts, *(written or ())))


def _remove(path: Path) -> None:
    """Remove a file or folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
