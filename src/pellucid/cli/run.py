"""``pellucid run``: one job from its configuration to its results and a summary."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pellucid.cli.failures import attempt, ended
from pellucid.cli.interruption import Interruption
from pellucid.cli.options import JobOptions

if TYPE_CHECKING:
    from pellucid.api.job import JobResult

__all__ = ["run", "show_json"]


def run(options: JobOptions, *, as_json: bool = False) -> int:
    """Run a job and show what it found; the exit code."""

    def work(interruption: Interruption) -> None:
        result = options.run(interruption)
        if as_json:
            show_json(result)
        else:
            from pellucid.cli.summary import show_result

            show_result(result)

    return ended(attempt(work, log_folder=options.output))


def show_json(result: JobResult) -> None:
    """``analysis.json`` on the standard output and nothing else there; warnings and notes on the error stream."""
    from pellucid.cli.terminal import tell
    from pellucid.jobs.result_files import json_text

    for warning in result.warnings:
        tell(f"Warning: {warning}")
    for note in result.notes:
        tell(f"Note: {note}")
    sys.stdout.write(f"{json_text(result.document)}\n")
    sys.stdout.flush()
