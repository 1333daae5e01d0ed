"""``pellucid doctor``: a look into a job before it is run."""

from __future__ import annotations

from pellucid.cli.failures import attempt, ended
from pellucid.cli.interruption import Interruption
from pellucid.cli.options import JobOptions
from pellucid.errors import Problem

__all__ = ["doctor"]

WRONG_INPUT = 2


def doctor(options: JobOptions) -> int:
    """Show the columns, the groups and everything that is wrong; the exit code."""
    wrong: list[Problem] = []

    def work(interruption: Interruption) -> None:
        from pellucid.cli.inspection import show_inspection

        inspection = options.inspect()
        interruption.check()
        show_inspection(inspection)
        wrong.extend(inspection.problems)

    code = ended(attempt(work))
    return code or (WRONG_INPUT if wrong else 0)
