"""What a relative path in a file of the user's means."""

from __future__ import annotations

from pathlib import Path

__all__ = ["beside"]


def beside(file: Path, uri: str) -> str:
    """A relative path is meant from here or, where nothing is there, from the folder of ``file``, which names it."""
    path = file.parent / uri
    return str(path) if "://" not in uri and not Path(uri).exists() and path.exists() else uri
