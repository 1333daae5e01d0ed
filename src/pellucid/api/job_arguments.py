"""What a job is run with, whatever is computed in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from pellucid.errors import Problem
from pellucid.records import dataclass

__all__ = ["JobArguments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobArguments:
    """The arguments of `pellucid.api.job.run_job`, which explains them."""

    config: Path
    output: Path
    data: str | None = None
    data_input: str | None = None
    strict: bool = False
    seed: int | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    allow_pickle: bool = False
    engine: str = "local"
    workers: int | None = None
    memory: str | None = None
    report: bool = False
    suppress: bool = False

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with them, whatever the configuration says."""
        from pellucid.api.job_engine import engine_problems
        from pellucid.jobs.result_files import unwritable

        fix = "Clarify shows all counts, and --strict is to equal it. Leave one of the two out."
        at_odds = (Problem("--suppress", fix=fix),) if self.suppress and self.strict else ()
        return (*unwritable(self.output), *engine_problems(self.engine, self.workers), *at_odds)

    def command(self) -> str:
        """The command that repeats the job, without places of this machine and passwords."""
        from pellucid.api.evidence import command_line, named_portably

        places = {
            **{f"--model {name}=": uri for name, uri in self.models.items()},
            **{f"--endpoint {name}=": uri for name, uri in self.endpoints.items()},
        }
        return command_line(
            str(self.config),
            {
                "--data": None if self.data is None else named_portably(self.data),
                **{f"{option}{named_portably(uri)}": True for option, uri in places.items()},
                "--allow-pickle": self.allow_pickle,
                "--engine": None if self.engine == "local" else self.engine,
                "--strict": self.strict,
                "--suppress": self.suppress,
                "--seed": None if self.seed is None else str(self.seed),
            },
        )
