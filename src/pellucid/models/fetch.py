"""Copies of models that lie elsewhere, on any file system that fsspec knows."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from pellucid.errors import MissingExtra, ModelError, UnknownModel
from pellucid.models.answers import library_errors

__all__ = ["fetched", "temporary_folder"]

_EXTRAS = {"s3": "pellucid[s3]", "s3a": "pellucid[s3]"}


def temporary_folder() -> Path:
    """A folder that lasts as long as the process, since some models read their files only when they are asked."""
    folder = Path(tempfile.mkdtemp(prefix="pellucid-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def fetched(uri: str, folder: Path) -> Path:
    """Copy the file or folder at ``uri`` below ``folder``.

    Raises
    ------
    ModelError
        There is nothing at ``uri``, or it cannot be read.
    MissingExtra
        The package for the protocol is not installed.
    """
    import fsspec

    protocol = uri.partition("://")[0]
    try:
        with library_errors(uri, "opening"):
            filesystem, path = fsspec.url_to_fs(uri)
    except ModelError as error:
        if not isinstance(error.__cause__, ImportError):
            raise
        package = _EXTRAS.get(protocol, f"fsspec[{protocol}]")
        raise MissingExtra(
            f"The package that reads {protocol}:// is not installed. Run: pip install '{package}'"
        ) from None
    target = folder / (path.rstrip("/").rpartition("/")[2] or "model")
    with library_errors(uri, "fetching"):
        found = bool(filesystem.exists(path))
        if found:
            filesystem.get(path, str(target), recursive=bool(filesystem.isdir(path)))
    if not found:
        raise UnknownModel(f"{uri}: there is no such file or folder. Check the address and your credentials.")
    return target
