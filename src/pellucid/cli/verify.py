"""``pellucid verify``: whether the files of a result, and its inputs, are what they were when the job ran."""

from __future__ import annotations

from pathlib import Path

from pellucid.cli.failures import attempt, ended
from pellucid.cli.interruption import Interruption

__all__ = ["verify"]

FAULTS = ("changed", "missing", "added")
SAID = {
    "unchanged": "unchanged",
    "changed": "CHANGED since the job ran",
    "missing": "MISSING",
    "added": "ADDED: the job did not write it",
    "not checked": "not checked: it is not here; say where with --data or --config",
}


def verify(folder: Path, *, data: Path | None, config: Path | None) -> int:
    """Show the state of every file; 0 where none was changed, 1 where one was."""
    code = 0

    def work(interruption: Interruption) -> None:
        nonlocal code
        from pellucid.api.evidence import verify as check
        from pellucid.cli.terminal import clean, plain_table, results

        checked = check(folder, data=data, config=config)
        faulty = [found for found in checked if found.state in FAULTS]
        table = plain_table("file", "what it is", "state")
        for found in checked:
            style = "bold red" if found.state in FAULTS else "dim" if found.state == "not checked" else ""
            table.add_row(clean(found.path), found.role, SAID[found.state], style=style)
        console = results()
        console.print(table)
        unchanged = sum(found.state == "unchanged" for found in checked)
        if faulty:
            names = ", ".join(clean(found.path) for found in faulty)
            console.print(
                f"\nNot as the job left them: {names}. The other {unchanged} files are unchanged.", style="bold"
            )
        else:
            console.print(f"\nAll {unchanged} files found are as they were when the job ran.", style="bold")
        code = 1 if faulty else 0

    return ended(attempt(work)) or code
