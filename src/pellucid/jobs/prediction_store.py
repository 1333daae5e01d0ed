"""Predictions already obtained, kept on disk so that a killed job continues where it was."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections import defaultdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import DataError, Problem
from pellucid.protocols.model import Batch, Scores

__all__ = ["PredictionStore"]

_NAME = re.compile(r"^(\d+)-(\d+)-([0-9a-f]{32})\.npz$")


class PredictionStore:
    """Scores by the content of the rows they belong to, in files that are whole or absent.

    A file is found again by the number of its first row, and used only if the rows there still have the content that
    was hashed into its name; another model or configuration has a folder of its own.

    Parameters
    ----------
    folder
        ``.resume`` in the output folder of the job.
    identity
        What predictions depend on besides the rows: the model, and the part of the configuration that shapes requests
        and reads answers.

    Attributes
    ----------
    rows_used
        Rows that a job did not have to ask for.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> batch = Batch({"age": np.array([39, 50])})
    >>> with TemporaryDirectory() as output:
    ...     PredictionStore(Path(output) / ".resume", "model A").add(0, batch, Scores(np.array([[0.25], [0.5]])))
    ...     again = PredictionStore(Path(output) / ".resume", "model A").find(0, batch)
    ...     other = PredictionStore(Path(output) / ".resume", "model B").find(0, batch)
    >>> again.values.tolist(), other
    ([[0.25], [0.5]], None)
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self._root = folder
        self._folder = folder / blake2b(identity.encode(), digest_size=8).hexdigest()
        self._files: dict[int, list[tuple[int, str, Path]]] = defaultdict(list)
        for path in sorted(self._folder.glob("*.npz")):
            if named := _NAME.match(path.name):
                self._files[int(named[1])].append((int(named[2]), named[3], path))
        self._starts = sorted(self._files)
        self.rows_used = 0

    def find(self, start: int, batch: Batch) -> Scores | None:
        """Scores kept for the first rows of ``batch``, whose first row is row ``start`` of the data."""
        for rows, content, path in sorted(self._files.get(start, ()), key=lambda kept: -kept[0]):
            if rows <= len(batch) and content_hash(batch[:rows]) == content:
                scores = _read(path)
                if scores is not None and len(scores.values) == rows:
                    return scores
        return None

    def next_start(self, after: int) -> int | None:
        """The first row after row ``after`` for which something may be kept."""
        place = int(np.searchsorted(self._starts, after, side="right"))
        return self._starts[place] if place < len(self._starts) else None

    def add(self, start: int, batch: Batch, scores: Scores) -> None:
        """Keep ``scores`` of ``batch``, whose first row is row ``start`` of the data.

        Raises
        ------
        DataError
            The folder cannot be written.
        """
        path = self._folder / f"{start:012d}-{len(batch):08d}-{content_hash(batch)}.npz"
        unfinished = path.with_suffix(".unfinished")
        texts = {"labels": _labels(scores), "outputs": scores.outputs and list(map(str, scores.outputs))}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                np.savez(file, values=scores.values, texts=np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8))
            unfinished.replace(path)
        except OSError as error:
            fix = f"{error.strerror or error}. Give a folder that can be written with --output."
            raise DataError(Problem("output", str(self._root), fix=fix)) from None

    def discard(self) -> None:
        """Remove what was kept, of other models too: the job has its results."""
        shutil.rmtree(self._root, ignore_errors=True)


def content_hash(batch: Batch) -> str:
    """A hash of the names, types and values of the rows, equal on every machine.

    >>> content_hash(Batch({"x": np.array([1, 2])})) == content_hash(Batch({"x": np.array([1.0, 2.0])}))
    False
    """
    digest = blake2b(digest_size=16)
    for name, values in batch.columns.items():
        digest.update(f"{name!r} {values.dtype.kind} {len(values)} ".encode())
        if values.dtype.kind in "OU":
            digest.update(json.dumps(values.tolist(), default=_plain).encode())
        else:
            digest.update(np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


def _labels(scores: Scores) -> dict[str, Any] | None:
    if scores.labels is None:
        return None
    return {"kind": scores.labels.dtype.kind, "values": scores.labels.tolist()}


def _read(path: Path) -> Scores | None:
    """Scores in a file; None where it is damaged, so that they are obtained again."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            values, texts = file["values"], json.loads(file["texts"].tobytes())
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    return Scores(values, texts["outputs"] and tuple(texts["outputs"]), _label_array(texts["labels"]))


def _label_array(labels: dict[str, Any] | None) -> npt.NDArray[Any] | None:
    if labels is None:
        return None
    kinds = {"i": np.int64, "f": np.float64, "b": np.bool_}
    return np.array(labels["values"], dtype=kinds.get(labels["kind"], object))
