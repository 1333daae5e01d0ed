"""``pellucid compare``: two results side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.cli.failures import attempt, ended
from pellucid.cli.interruption import Interruption

if TYPE_CHECKING:
    from pellucid.api.comparing import Comparison

__all__ = ["compare"]

SHOWN = 8


def compare(first: Path, second: Path, *, output: Path, data: str | None) -> int:
    """Compare, write the report and show what changed; the exit code."""

    def work(interruption: Interruption) -> None:
        from pellucid.api.comparing import compare as run
        from pellucid.cli.progress import steps_shown

        with steps_shown(interruption) as step:
            found = run(first, second, output=output, data=data, progress=step)
        _show(found)

    return ended(attempt(work))


def _show(found: Comparison) -> None:
    from rich.text import Text

    from pellucid.cli.summary import warnings_shown
    from pellucid.cli.terminal import clean, heading, listed, rendered, results
    from pellucid.reports.comparison import build_comparison
    from pellucid.reports.document import Findings, Paragraph

    console = results()
    document = build_comparison(found.compared)
    console.print(Text(clean(document.subtitle), style="bold"))
    for block in document.sections[0].blocks:
        if isinstance(block, Findings):
            console.print(heading("Clear changes, largest first"))
            for finding in block.items[:SHOWN]:
                mark = {"better": "+", "worse": "-"}.get(finding.tone, "•")
                console.print(listed(mark, Text(clean(finding.text)), "bold"))
            if len(block.items) > SHOWN:
                console.print(Text(f"  and {len(block.items) - SHOWN} more in the report", style="dim"))
        elif isinstance(block, Paragraph):
            console.print(Text(f"\n{clean(block.text)}"))
    console.print(rendered(warnings_shown(found.warnings)))
    for note in found.notes:
        console.print(Text(f"\n{clean(note)}", style="dim"))
    console.print(Text("\nWritten:\n" + "\n".join(f"  {clean(file)}" for file in found.files)))
