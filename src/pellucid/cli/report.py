"""``pellucid report``: the report on a folder of results, made anew from its files."""

from __future__ import annotations

import sys
from pathlib import Path

from pellucid.cli.failures import attempt, ended
from pellucid.cli.interruption import Interruption

__all__ = ["report"]


def report(folder: Path) -> int:
    """Write the report files and name them; 0, or 1 where one could not be made."""
    code = 0

    def work(interruption: Interruption) -> None:
        nonlocal code
        from pellucid.api.reporting import FORMATS, rebuild_reports
        from pellucid.cli.progress import steps_shown
        from pellucid.cli.terminal import clean, tell

        with steps_shown(interruption) as step:
            written = rebuild_reports(folder, progress=step)
        for warning in written.warnings:
            tell(f"Warning: {warning}")
        sys.stdout.write("".join(f"{clean(file)}\n" for file in written.files))
        code = 0 if len(written.files) == len(FORMATS) else 1

    return ended(attempt(work)) or code
