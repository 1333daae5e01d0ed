"""Time and memory of whole processes, which the other scripts measure with."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ADULT", "PELLUCID", "Measured", "measured", "query"]

ADULT = Path(__file__).parents[1] / "src" / "pellucid" / "demo" / "adult.parquet"
PELLUCID = str(Path(sys.executable).with_name("pellucid"))
MEGABYTE_OF_MAXRSS = 2**20 if sys.platform == "darwin" else 2**10


@dataclass(frozen=True)
class Measured:
    """What a process took: seconds on the clock, seconds of all threads, peak memory in MB (of 2**20 bytes)."""

    seconds: float
    processor_seconds: float
    peak: float

    def __str__(self) -> str:
        return f"{self.seconds:8.1f} s {self.processor_seconds:8.1f} s of all threads {self.peak:7,.0f} MB"


def measured(command: Sequence[str], **environment: str) -> Measured:
    """Run a process to its end.

    Raises
    ------
    RuntimeError
        It fails; what it printed is in the message.
    """
    variables: Mapping[str, str] = {**os.environ, **environment}
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=variables) as process:
        printed = process.stdout.read() if process.stdout is not None else b""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {printed.decode(errors='replace')[-2000:]}")
    return Measured(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / MEGABYTE_OF_MAXRSS)


def query(statement: str) -> None:
    """Run one DuckDB statement in a process of its own, so that this one stays small."""
    command = [sys.executable, "-c", "import duckdb, sys; duckdb.execute(sys.argv[1])", statement]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # else it shows how far it is
