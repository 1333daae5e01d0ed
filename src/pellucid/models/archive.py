"""The model in a ``model.tar.gz`` as SageMaker's training jobs write it."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from itertools import chain
from pathlib import Path, PurePosixPath

from pellucid.errors import ModelError, did_you_mean
from pellucid.models.answers import library_errors
from pellucid.models.loading import Loading

__all__ = ["BUILT_IN_XGBOOST", "unpack_model"]

BUILT_IN_XGBOOST = "xgboost-model"
"""Name that SageMaker's built-in XGBoost gives its model."""


def unpack_model(archive: Path, folder: Path, extensions: Sequence[tuple[str, ...]], loading: Loading) -> Path:
    """Copy the one model file of ``archive`` into ``folder``.

    It is the file called `BUILT_IN_XGBOOST`, else the only one with an extension of the first group in ``extensions``
    of which there is any. Nothing else is written.

    Raises
    ------
    ModelError
        The archive is broken, has an entry that points outside of it, or does not hold exactly one model.
    """
    with library_errors(loading.name, "reading the archive"), tarfile.open(archive) as tar:
        members = tar.getmembers()
        _refuse_escapes(members, loading)
        chosen = _chosen([member for member in members if member.isfile()], extensions, loading)
        content = tar.extractfile(chosen)
        target = folder / PurePosixPath(chosen.name).name
        target.write_bytes(content.read() if content else b"")
        return target


def _refuse_escapes(members: list[tarfile.TarInfo], loading: Loading) -> None:
    escaping = [
        repr(member.name)
        for member in members
        if PurePosixPath(member.name).is_absolute()
        or ".." in PurePosixPath(member.name).parts
        or not (member.isfile() or member.isdir())
    ]
    if escaping:
        raise ModelError(
            f"{loading.name}: the archive has entries that point outside of it or are no files: {', '.join(escaping)}."
            " Nothing was unpacked. A model archive holds plain files only."
        )


def _chosen(files: list[tarfile.TarInfo], extensions: Sequence[tuple[str, ...]], loading: Loading) -> tarfile.TarInfo:
    names = [PurePosixPath(file.name).as_posix() for file in files]
    if any(name == "code/inference.py" for name in names):
        raise ModelError(
            f"{loading.name}: brings its own code/inference.py, which has to be served."
            " Name it as `predictor.model_name` and give it by --model, and it is served for the length of the job."
        )
    models = [file for file in files if PurePosixPath(file.name).name == BUILT_IN_XGBOOST]
    for group in extensions:
        models = models or [file for file in files if file.name.lower().endswith(group)]
    if len(models) == 1:
        return models[0]
    if models:
        several = ", ".join(repr(file.name) for file in models)
        raise ModelError(f"{loading.name}: holds several models: {several}. Unpack it and give one of them.")
    raise ModelError(
        f"{loading.name}: holds no model file, neither {BUILT_IN_XGBOOST!r} nor one of {', '.join(chain(*extensions))}"
        f"; {did_you_mean(BUILT_IN_XGBOOST, names)}"
    )
