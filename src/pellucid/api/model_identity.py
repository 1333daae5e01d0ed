"""What predictions depend on besides the rows, so that those kept for another model are never used."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

from pellucid.api.model_access import COMMAND, ModelSource
from pellucid.config.predictor import Predictor
from pellucid.protocols.model import Model

__all__ = ["model_identity"]

SHAPING = (
    "protocol",
    "content_type",
    "accept_type",
    "content_template",
    "record_template",
    "label",
    "probability",
    "label_headers",
    "target_model",
    "custom_attributes",
)
"""Keys that shape requests or say how answers are read; time-outs and the like may change between two runs."""


def model_identity(source: ModelSource, model: Model, predictor: Predictor | None) -> str:
    """A text that differs wherever predictions for equal rows may differ.

    Of a model in files it holds their contents, of a server its address and how it is asked. An address at which the
    model may change unseen is never equal to itself.
    """
    shaping = predictor.model_dump_json(include=set(SHAPING)) if predictor is not None else ""
    if source.remote:
        return f"{source.uri} {getattr(model, 'identity', '')} {shaping}"
    return f"{source.uri} {_content(source)} {shaping}"


def _content(source: ModelSource) -> str:
    if source.uri.startswith(COMMAND):
        words = shlex.split(source.uri.removeprefix(COMMAND))
        return " ".join(_of_path(Path(word).expanduser()) for word in words)
    path = Path(source.uri.removeprefix("file://")).expanduser()
    if path.exists():
        return _of_path(path)
    if "://" not in source.uri and ":/" not in source.uri:
        return _of_module(source.uri.partition(":")[0])
    scheme, _, rest = source.uri.partition(":/")
    fixed = scheme == "runs" or (scheme == "models" and rest.rpartition("/")[2].isdigit())
    return "" if fixed else uuid4().hex


def _of_module(name: str) -> str:
    """The module's file, and those beside it that it may import."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        return uuid4().hex
    return " ".join(_of_path(path) for path in sorted(Path(spec.origin).parent.glob("*.py")))


def _of_path(path: Path) -> str:
    digest = blake2b(digest_size=16)
    for file in _files(path):
        digest.update(f"{file.relative_to(path)} ".encode())
        with file.open("rb") as opened:
            while part := opened.read(1 << 20):
                digest.update(part)
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.is_file() and file.suffix != ".pyc")
    elif path.is_file():
        yield path
