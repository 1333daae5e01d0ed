"""The commands and their options. Every command imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from pellucid.cli.options import DEFAULT_OUTPUT, JobOptions

__all__ = ["app"]

FLAG = ""
"""What stands behind an option that takes no value."""


class _Command(TyperCommand):
    def get_help_option(self, ctx: Any) -> Any:
        return _without_value(super().get_help_option(ctx))


class _Group(TyperGroup):
    def get_help_option(self, ctx: Any) -> Any:
        return _without_value(super().get_help_option(ctx))


def _without_value(option: Any) -> Any:
    """``--help``, which typer would show with the type of a value."""
    if option is not None:
        option.metavar = FLAG
    return option


app = typer.Typer(
    name="pellucid",
    cls=_Group,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Finds bias in data and models and explains predictions, from Amazon SageMaker Clarify's configuration files.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong input, 130 interrupted, 143 stopped.",
)

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The analysis_config.json.")]
OptionalConfig = Annotated[
    Path | None,
    typer.Argument(
        metavar="CONFIG",
        help="The analysis_config.json. Without it: the folders of a processing container.",
        show_default=False,
    ),
]
Data = Annotated[
    str | None,
    typer.Option("--data", metavar="PATH", help="The data set, in the place of dataset_uri: file, folder or address."),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict", metavar=FLAG, help="Accept exactly what Clarify accepts; write Clarify's keys and numbers only."
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", min=0, help="Of every random number drawn. [dim]default: 0[/dim]")
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="NAME=URI", help="Where the model is that the configuration calls NAME."),
]
Endpoints = Annotated[
    list[str] | None,
    typer.Option("--endpoint", metavar="NAME=URL", help="Address of the endpoint that the configuration calls NAME."),
]

AllowPickle = Annotated[
    bool,
    typer.Option(
        "--allow-pickle", metavar=FLAG, help="Load model files too that run code of theirs: pickle, joblib, pyfunc."
    ),
]

Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="local|spark",
        help="What counts and explains: this machine, or a Spark cluster. The numbers are the same.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="Processes of this machine that explain. [dim]default: one per processor, where it is worth it[/dim]",
    ),
]

Report = Annotated[
    bool,
    typer.Option(
        "--report/--no-report",
        metavar=FLAG,
        help="Write the report (HTML, PDF, notebook) and evidence.json beside the results.",
    ),
]
Suppress = Annotated[
    bool,
    typer.Option(
        "--suppress",
        metavar=FLAG,
        help="Leave small counts, and what tells them, out of the JSON files too, not of the report alone.",
    ),
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder that a job wrote its results to.")]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="What DuckDB may take, such as 1GiB; the rest goes to disk. [dim]default: most of the machine's[/dim]",
    ),
]


Function = TypeVar("Function", bound=Callable[..., None])


def _command(*, epilog: str) -> Callable[[Function], Function]:
    """A command whose help is as wide as the terminal: typer would keep the line ends of the docstring."""

    def registered(function: Function) -> Function:
        paragraphs = cleandoc(function.__doc__ or "").split("\n\n")
        text = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
        return app.command(cls=_Command, epilog=epilog, help=text)(function)

    return registered


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"pellucid {version('pellucid')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar=FLAG,
            callback=_print_version,
            is_eager=True,
            help="Show the version and end.",
        ),
    ] = False,
) -> None:
    """Options that stand before a command."""


@_command(
    epilog="Examples:\n\n[bold]pellucid run analysis_config.json --data people.csv[/bold]\n\n"
    "[bold]pellucid run analysis_config.json --strict --json > analysis.json[/bold]"
)
def run(  # noqa: PLR0917 - typer makes options of the arguments
    config: OptionalConfig = None,
    data: Data = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Folder of the results. [dim]default: ./output[/dim]"),
    ] = None,
    model: Models = None,
    endpoint: Endpoints = None,
    allow_pickle: AllowPickle = False,
    engine: Engine = "local",
    workers: Workers = None,
    memory: Memory = None,
    strict: Strict = False,
    seed: Seed = None,
    report: Report = True,
    suppress: Suppress = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            metavar=FLAG,
            help="Print analysis.json to the standard output, and nothing else there.",
        ),
    ] = False,
) -> None:
    """Measure the bias and compute the explanations that CONFIG asks for; write analysis.json and a report.

    A summary follows on the terminal. An earlier job's results stay in the folder until all new ones are complete.
    """
    given = partial(
        JobOptions,
        data=data,
        strict=strict,
        seed=seed,
        models=model or (),
        endpoints=endpoint or (),
        allow_pickle=allow_pickle,
        engine=engine,
        workers=workers,
        memory=memory,
        report=report,
        suppress=suppress,
    )
    if config is None:
        from pellucid.cli.container import run_container

        raise typer.Exit(run_container(given, output=output, as_json=as_json))
    from pellucid.cli.run import run as run_job

    raise typer.Exit(run_job(given(config=config, output=output or DEFAULT_OUTPUT), as_json=as_json))


@_command(epilog="Example: [bold]pellucid doctor analysis_config.json --data people.csv[/bold]")
def doctor(  # noqa: PLR0917 - typer makes options of the arguments
    config: Config,
    data: Data = None,
    model: Models = None,
    endpoint: Endpoints = None,
    allow_pickle: AllowPickle = False,
    strict: Strict = False,
    seed: Seed = None,
) -> None:
    """Check CONFIG, its data and its model without running the job.

    Shows the columns with their types and first values, the groups that are compared,
    what each key resolved to, what the model was sent and answered, and everything that is
    wrong. Ends with 0 where all is sound, else with 2.
    """
    from pellucid.cli.doctor import doctor as look

    options = JobOptions(
        config=config,
        output=DEFAULT_OUTPUT,
        data=data,
        strict=strict,
        seed=seed,
        models=model or (),
        endpoints=endpoint or (),
        allow_pickle=allow_pickle,
    )
    raise typer.Exit(look(options))


@_command(epilog="Example: [bold]pellucid demo --output demo-output[/bold]")
def demo(
    output: Annotated[
        Path, typer.Option("--output", metavar="DIR", help="Folder of the results, the data and the configuration.")
    ] = Path("demo-output"),
) -> None:
    """Audit the data set inside the package: UCI Adult, with predictions of a model.

    Data and configuration are copied beside the results, to be tried with the other commands.
    """
    from pellucid.cli.demo import demo as show

    raise typer.Exit(show(output))


@_command(epilog="Example: [bold]pellucid report output[/bold]")
def report(folder: Folder) -> None:
    """Write the report on the results in DIR anew.

    It is made from analysis.json and pellucid.json alone; data and model are not needed. Results of Clarify's own jobs
    are read too, and what is missing or was edited is said in the report.
    """
    from pellucid.cli.report import report as write

    raise typer.Exit(write(folder))


@_command(epilog="Example: [bold]pellucid verify output --data people.csv[/bold]")
def verify(
    folder: Folder,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="PATH", help="The data set, if it is not in or beside DIR.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="PATH", help="The configuration, if it is not in or beside DIR.")
    ] = None,
) -> None:
    """Check that results and inputs are what they were when the job ran.

    Digests of all files are computed again and compared with those in DIR's evidence.json. Ends with 0 where nothing
    was changed, and with 1 where a file was changed, added or is missing.
    """
    from pellucid.cli.verify import verify as check

    raise typer.Exit(check(folder, data=data, config=config))


@_command(epilog="Example: [bold]pellucid compare old/output new/output --output comparison[/bold]")
def compare(
    first: Annotated[Path, typer.Argument(metavar="DIR_A", help="Folder of the first results.")],
    second: Annotated[Path, typer.Argument(metavar="DIR_B", help="Folder of the results to compare with them.")],
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="Folder of the report.")] = Path("comparison"),
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="PATH", help="The data set that both are about, to compare row by row."),
    ] = None,
) -> None:
    """Compare two results, of two models or two dates: what differs, how surely, and for whom it got better.

    Differences are those of DIR_B minus DIR_A, each with an interval. Where both are about the same rows and these are
    at hand, they are paired row by row, which tells smaller differences from chance.
    """
    from pellucid.cli.compare import compare as run_comparison

    raise typer.Exit(run_comparison(first, second, output=output, data=data))


@_command(
    epilog="Examples:\n\n[bold]pellucid estimate analysis_config.json --rows 1e9 --workers 200 "
    "--records-per-second 5000[/bold]\n\n[bold]pellucid estimate analysis_config.json --data people.csv --probe[/bold]"
)
def estimate(  # noqa: PLR0917 - typer makes options of the arguments
    config: Config,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="PATH", help="Count rows, features and baseline of this data set."),
    ] = None,
    rows: Annotated[
        float | None,
        typer.Option("--rows", metavar="N", help="Number of rows, such as 1e9. [dim]default: --data's[/dim]"),
    ] = None,
    features: Annotated[
        int | None, typer.Option("--features", metavar="N", min=1, help="Number of features, if nothing else tells it.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", metavar="N", help="Coalitions per row, in the place of num_samples.")
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, help="Processes or machines that explain at the same time.")
    ] = 1,
    records_per_second: Annotated[
        float | None,
        typer.Option(
            "--records-per-second",
            metavar="N",
            help="What the model of one worker answers, or an endpoint for all workers together.",
        ),
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe", metavar=FLAG, help="Measure that with up to 100 rows of --data.")
    ] = False,
    memory: Memory = None,
    model: Models = None,
    endpoint: Endpoints = None,
    allow_pickle: AllowPickle = False,
    as_json: Annotated[bool, typer.Option("--json", metavar=FLAG, help="Print the estimate as JSON.")] = False,
) -> None:
    """Estimate what the job of CONFIG will cost, without running it.

    Model inputs, requests, time, memory and files, for every step and with what limits it. All are ranges: from the
    configuration alone they are wide, with --data narrower.
    """
    from pellucid.cli.estimate import estimate as run_estimate

    code = run_estimate(
        config,
        data,
        rows,
        features,
        samples,
        workers,
        records_per_second,
        memory,
        probe=probe,
        models=model or [],
        endpoints=endpoint or [],
        allow_pickle=allow_pickle,
        as_json=as_json,
    )
    raise typer.Exit(code)


@_command(epilog="Example: [bold]pellucid schema > analysis_config.schema.json[/bold]")
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from pellucid.cli.schema import schema as show

    raise typer.Exit(show())
