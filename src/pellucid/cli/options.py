"""What a job is run with, as it was given on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.cli.loading import collect_as_usual, load_numpy
from pellucid.errors import ConfigError, Problem
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.api.inspection import Inspection
    from pellucid.api.job import JobResult
    from pellucid.cli.interruption import Interruption

__all__ = ["DEFAULT_OUTPUT", "JobOptions", "named", "places_of"]

DEFAULT_OUTPUT = Path("output")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """The arguments of ``pellucid run`` and ``pellucid doctor``.

    Parameters
    ----------
    data_input
        The data set of a configuration that names none.
    models, endpoints
        Pairs NAME=URI, not yet taken apart.
    """

    config: Path
    output: Path
    data: str | None = None
    data_input: str | None = None
    strict: bool = False
    seed: int | None = None
    models: Sequence[str] = ()
    endpoints: Sequence[str] = ()
    allow_pickle: bool = False
    engine: str = "local"
    workers: int | None = None
    memory: str | None = None
    report: bool = True
    suppress: bool = False

    def run(self, interruption: Interruption) -> JobResult:
        """Run the job, showing its steps.

        Raises
        ------
        PellucidError
            See `pellucid.api.job.run_job`.
        """
        from pellucid.cli.progress import steps_shown

        models, endpoints = self._places()
        with steps_shown(interruption) as step:
            load_numpy()
            from pellucid.api.job import run_job

            collect_as_usual()
            return run_job(
                self.config,
                output=self.output,
                data=self.data,
                data_input=self.data_input,
                strict=self.strict,
                seed=self.seed,
                models=models,
                endpoints=endpoints,
                allow_pickle=self.allow_pickle,
                engine=self.engine,
                workers=self.workers,
                memory=self.memory,
                report=self.report,
                suppress=self.suppress,
                progress=step,
            )

    def inspect(self) -> Inspection:
        """Look into the job without running it.

        Raises
        ------
        PellucidError
            A pair is none.
        """
        from pellucid.api.inspection import inspect

        models, endpoints = self._places()
        return inspect(
            self.config,
            data=self.data,
            strict=self.strict,
            seed=self.seed,
            models=models,
            endpoints=endpoints,
            allow_pickle=self.allow_pickle,
        )

    def _places(self) -> tuple[dict[str, str], dict[str, str]]:
        return places_of(self.models, self.endpoints)


def places_of(models: Sequence[str], endpoints: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The pairs NAME=URI of models and endpoints, taken apart.

    Raises
    ------
    ConfigError
        A pair is none.
    """
    found_models, wrong_models = named("--model", models)
    found_endpoints, wrong_endpoints = named("--endpoint", endpoints)
    if wrong_models or wrong_endpoints:
        raise ConfigError([*wrong_models, *wrong_endpoints])
    return found_models, found_endpoints


def named(option: str, pairs: Sequence[str]) -> tuple[dict[str, str], list[Problem]]:
    """The pairs NAME=URI of a repeatable option, and what is wrong with those that are none.

    Examples
    --------
    >>> named("--model", ["income=model.onnx"])
    ({'income': 'model.onnx'}, [])
    """
    found: dict[str, str] = {}
    problems = []
    for pair in pairs:
        name, _, target = pair.partition("=")
        if not name or not target:
            fix = f"Write the name that the configuration uses, '=' and where it is: {option} income=PLACE."
            problems.append(Problem(option, pair, fix=fix))
        elif name in found:
            problems.append(Problem(option, pair, fix=f"The name {name!r} is given twice. Give it once."))
        else:
            found[name] = target
    return found, problems
