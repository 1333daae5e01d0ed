"""Clarify's processing container: fixed folders, the lines that others look for in its log, and the failure file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pellucid.cli.failures import Failure, attempt, ended
from pellucid.cli.interruption import Interruption
from pellucid.cli.options import JobOptions
from pellucid.errors import ConfigError, Problem
from pellucid.records import dataclass

__all__ = ["Folders", "run_container"]

ROOT_VARIABLE = "PELLUCID_CONTAINER_ROOT"
SUCCEEDED = "exit_message: Completed: SageMaker XAI Analyzer ran successfully"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a processing job finds its inputs and leaves its outputs, below ``root``."""

    root: Path

    @classmethod
    def of_environment(cls) -> Folders:
        """Below ``/opt/ml``, or what the environment variable PELLUCID_CONTAINER_ROOT says."""
        return cls(Path(os.environ.get(ROOT_VARIABLE) or "/opt/ml"))

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.root / "processing" / "input" / "config" / "analysis_config.json"

    @property
    def data(self) -> Path:
        """Folder of the data set, for a configuration without ``dataset_uri``."""
        return self.root / "processing" / "input" / "data"

    @property
    def output(self) -> Path:
        """Folder of the results."""
        return self.root / "processing" / "output"

    @property
    def message(self) -> Path:
        """File that says why the job failed."""
        return self.root / "output" / "message"


def run_container(given: Callable[..., JobOptions], *, output: Path | None, as_json: bool) -> int:
    """Run the job whose files lie in the folders of a processing container; the exit code.

    Parameters
    ----------
    given
        Makes the options of the job, those of the command line, with ``config``, ``output`` and ``data_input``.
    output
        In the place of the container's folder.
    as_json
        Print ``analysis.json`` alone; the lines of the log go to the error stream.
    """
    folders = Folders.of_environment()
    if not folders.config.parent.parent.exists():
        return ended(Failure(str(_no_job(folders)), ConfigError.exit_code))
    options = given(
        config=folders.config,
        output=output or folders.output,
        data_input=str(folders.data) if folders.data.exists() else None,
    )
    log = sys.stderr if as_json else sys.stdout

    def work(interruption: Interruption) -> None:
        result = options.run(interruption)
        if as_json:
            from pellucid.cli.run import show_json

            show_json(result)
        else:
            from pellucid.cli.summary import show_result

            show_result(result)
            log.write(f"Collected analyses:\n{json.dumps(result.document, indent=4)}\n")

    failure = attempt(work, log_folder=options.output)
    log.write(f"{_last_line(failure)}\n")
    if failure is not None and failure.signal is None:
        _leave(failure.message, folders.message)
    return 0 if failure is None else failure.exit_code


def _last_line(failure: Failure | None) -> str:
    from pellucid.cli.terminal import clean

    if failure is None:
        return SUCCEEDED
    return failure.message if failure.signal is not None else f"exit_message: Customer Error: {clean(failure.message)}"


def _leave(message: str, file: Path) -> None:
    """Write the failure file; a job that failed must not fail once more on this."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{message}\n", encoding="utf-8")


def _no_job(folders: Folders) -> ConfigError:
    fix = "Give the path of a configuration: pellucid run analysis_config.json. Without one, it is read from "
    return ConfigError(
        Problem("CONFIG", fix=f"{fix}{folders.config}, as in a processing container, and nothing is there.")
    )
