"""Waiting for what other processes and threads do: as long as it takes, however slow the machine is."""

import time
from pathlib import Path

SECONDS_OF_A_HANG = 300.0
"""Ends a test whose wait is in vain; no test may take so long otherwise."""


def wait_until(happened):
    """The first true answer of ``happened``."""
    deadline = time.monotonic() + SECONDS_OF_A_HANG
    while not (answer := happened()):
        assert time.monotonic() < deadline, "what was waited for never happened"
        time.sleep(0.01)
    return answer


def alive(pid):
    """Whether a process has not ended; one that has but that nobody asked about counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter where it ends while the file is open
        return False
