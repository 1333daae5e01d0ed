"""``pellucid demo``: an audit of the data set inside the package."""

from __future__ import annotations

import shutil
import sys
from importlib.resources import files
from pathlib import Path

from pellucid.cli.failures import attempt, ended
from pellucid.cli.interruption import Interruption
from pellucid.cli.options import JobOptions
from pellucid.errors import DataError, Problem

__all__ = ["demo"]

REPORT = "report.html"
CONFIG, DATA, ATTRIBUTION = "analysis_config.json", "adult.parquet", "ATTRIBUTION.md"


def demo(output: Path) -> int:
    """Run the job on the data set inside the package and show what it found; the exit code."""

    def work(interruption: Interruption) -> None:
        from pellucid.cli.summary import show_result

        copied(output)
        options = JobOptions(config=output / CONFIG, output=output, data=str(output / DATA))
        show_result(options.run(interruption))
        again = f"pellucid run {output / CONFIG} --data {output / DATA} --output {output}"
        sys.stdout.write(
            f"\nThe report, to be opened in a browser:\n  {(output / REPORT).resolve()}\n"
            f"\nRun it again, or change the configuration first:\n  {again}\n"
        )

    return ended(attempt(work, log_folder=output))


def copied(output: Path) -> None:
    """Copy configuration and data of the demo into ``output``.

    Raises
    ------
    DataError
        The folder cannot be written.
    """
    source = files("pellucid") / "demo"
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name in (CONFIG, DATA, ATTRIBUTION):
            with (source / name).open("rb") as found, (output / name).open("wb") as copy:
                shutil.copyfileobj(found, copy)
    except OSError as error:
        fix = f"{error.strerror or error}. Give a folder that can be written with --output."
        raise DataError(Problem("--output", str(output), fix=fix)) from None
