"""A model server started for the length of a job: Clarify's shadow endpoint, on loopback."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pellucid.errors import ModelError
from pellucid.models.serving.ports import LOOPBACK, free_port

__all__ = ["serving_command", "shadow_server"]

SECONDS_TO_END = 5.0
TAIL_LINES = 15


def serving_command(model: str, *, features: Sequence[str] | None = None, allow_pickle: bool = False) -> list[str]:
    """The command that serves ``model`` with our own server, for `shadow_server`.

    Parameters
    ----------
    model
        What ``predictor.model`` takes, or a folder or ``model.tar.gz`` with ``code/inference.py``.
    features
        Names of the columns, which CSV requests do not bring.

    Examples
    --------
    >>> serving_command("income.onnx")[1:]
    ['-m', 'pellucid.models.serving', 'income.onnx', '--port', '{port}', '--until-stdin-closes']
    """
    command = [sys.executable, "-m", "pellucid.models.serving", model, "--port", "{port}", "--until-stdin-closes"]
    if features is not None:
        command += ["--features", json.dumps(list(features))]
    return command + ["--allow-pickle"] * allow_pickle


@contextmanager
def shadow_server(
    command: Sequence[str] | str,
    *,
    log: Path,
    ready_seconds: float = 300.0,
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[str]:
    """Start a model server, wait until it is ready, and end it with everything it started when the block is left.

    Parameters
    ----------
    command
        What to run, not through a shell. ``{port}`` in it is replaced by the port; the environment holds it as
        ``PORT`` and ``SAGEMAKER_BIND_TO_PORT`` too.
    log
        File that keeps what the server prints.
    ready_seconds
        Longest wait for ``GET /ping`` to be answered with status 200.
    port
        A free one is chosen if left out.
    environment
        Variables beside those of this process.
    folder
        Working folder of the server.

    Yields
    ------
    str
        Base URL of the server.

    Raises
    ------
    ModelError
        The port is in use, the command cannot be started or ends, or ``/ping`` is not answered in time.
    """
    words = shlex.split(command) if isinstance(command, str) else list(command)
    chosen = free_port() if port is None else _checked_port(port)
    words = [word.replace("{port}", str(chosen)) for word in words]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as written:
        process = _started(words, chosen, written.fileno(), environment, folder)
        try:
            _wait_until_ready(process, words, chosen, log, ready_seconds)
            yield f"http://{LOOPBACK}:{chosen}"
        finally:
            _end(process)


def _checked_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise ModelError(
                f"Port {port} cannot be used for the model server: {error.strerror}. End the process that listens "
                "there, or leave the port out, so that a free one is chosen."
            ) from None
    return port


def _started(
    words: list[str], port: int, log: int, environment: Mapping[str, str] | None, folder: Path | None
) -> subprocess.Popen[bytes]:
    variables = {**os.environ, "PORT": str(port), "SAGEMAKER_BIND_TO_PORT": str(port), **(environment or {})}
    try:
        # A session of its own: Ctrl-C reaches this process only, which then ends the whole group.
        return subprocess.Popen(  # noqa: S603 - the command is what the user asked for, and there is no shell
            words,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=variables,
            cwd=folder,
            start_new_session=True,
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(
            f"The model server cannot be started: {reason}. The command was: {shlex.join(words)}"
        ) from None


def _wait_until_ready(
    process: subprocess.Popen[bytes], words: list[str], port: int, log: Path, ready_seconds: float
) -> None:
    import httpx

    deadline = time.monotonic() + ready_seconds
    pause = 0.02
    with httpx.Client(trust_env=False, timeout=2.0) as client:
        while True:
            if process.poll() is not None:
                raise ModelError(_ended_early(process.returncode, words, log))
            try:
                status = client.get(f"http://{LOOPBACK}:{port}/ping").status_code
            except httpx.TransportError as error:
                last = str(error) or type(error).__name__
            else:
                if status == 200 and process.poll() is None:
                    return
                last = f"status {status}"
            if time.monotonic() >= deadline:
                break
            time.sleep(pause)
            pause = min(0.5, 1.5 * pause)
    raise ModelError(
        f"The model server did not answer GET /ping with status 200 within {ready_seconds:g} seconds (last: {last}). "
        f"Let it listen on the port that {{port}} or the variable PORT gives, or wait longer. "
        f"The command was: {shlex.join(words)}\n{_tail(log)}"
    )


def _ended_early(code: int, words: list[str], log: Path) -> str:
    return (
        f"The model server ended with exit code {code} before it answered GET /ping. "
        f"The command was: {shlex.join(words)}\n{_tail(log)}"
    )


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join([f"The end of its log ({log}):" if lines else f"Its log ({log}) is empty.", *lines])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and what it started: asked first, then killed."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(SECONDS_TO_END)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
