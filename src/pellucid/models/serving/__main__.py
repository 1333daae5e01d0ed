"""Serve a model on loopback: ``python -m pellucid.models.serving MODEL --port 8080``."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from pellucid.errors import PellucidError, require
from pellucid.models.load import load_model
from pellucid.models.serving.app import Answering, ServedModel, create_app
from pellucid.models.serving.script import brings_script, load_script, unpack


def main(arguments: Sequence[str] | None = None) -> None:
    """Load the model, then listen, so that ``/ping`` is answered only when it is ready."""
    parser = argparse.ArgumentParser(prog="python -m pellucid.models.serving", description=__doc__)
    parser.add_argument(
        "model", help="what `predictor.model` takes, or a folder or model.tar.gz with code/inference.py"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--features", type=json.loads, help="names of the columns, as a JSON list")
    parser.add_argument("--allow-pickle", action="store_true", help="load model files that run code of theirs")
    parser.add_argument("--threads", type=int, default=1, help="requests that the model answers at a time")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the process that started this one")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    with tempfile.TemporaryDirectory() as folder:
        try:
            served = load_served(given.model, Path(folder), given.features, allow_pickle=given.allow_pickle)
            uvicorn = require("uvicorn", extra="serve")
            app = create_app(served, threads=given.threads)
        except PellucidError as error:
            raise SystemExit(str(error)) from None
        settings = uvicorn.Config(app, host=given.host, port=given.port, access_log=False, log_level="warning")
        server = uvicorn.Server(settings)
        if given.until_stdin_closes:
            threading.Thread(target=_end_with_stdin, args=(server,), daemon=True).start()
        server.run()


def load_served(
    model: str, folder: Path, features: Sequence[str] | None = None, *, allow_pickle: bool = False
) -> Answering:
    """What answers for ``model``: its own script, or an adapter of ours.

    Parameters
    ----------
    folder
        Where an archive is unpacked.

    Raises
    ------
    ModelError, MissingExtra
        It cannot be loaded.
    """
    path = Path(model)
    if path.exists() and brings_script(path):
        if path.is_dir():
            return load_script(path)
        unpack(path, folder)
        return load_script(folder, archive=path)
    return ServedModel(load_model(model, allow_pickle=allow_pickle), features)


def _end_with_stdin(server: object) -> None:
    """Wait until the other end of standard input is gone, as it is when the job was killed."""
    while sys.stdin.buffer.read(1024):
        pass
    server.should_exit = True  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
