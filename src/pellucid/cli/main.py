"""The command line. Every command imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

import atexit
import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pellucid.cli.options import JobOptions

__all__ = ["app", "entry", "main"]

app = typer.Typer(
    name="pellucid",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Finds bias in data and models. Runs Amazon SageMaker Clarify's configuration files unchanged.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong input, 130 interrupted.",
)

DEFAULT_OUTPUT = Path("output")

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
    bool, typer.Option("--strict", help="Accept exactly what Clarify accepts; write Clarify's keys and numbers only.")
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
    bool, typer.Option("--allow-pickle", help="Load model files too that run code of theirs: pickle, joblib, pyfunc.")
]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"pellucid {version('pellucid')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Options that stand before a command."""


@app.command(
    epilog="Examples: [bold]pellucid run analysis_config.json --data people.csv[/bold]   "
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
    strict: Strict = False,
    seed: Seed = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print analysis.json to the standard output, and nothing else there.")
    ] = False,
) -> None:
    """Measure the bias that CONFIG asks for, and write analysis.json.

    A summary follows on the terminal. An earlier job's results stay in the folder until all new ones are complete.
    """
    if config is None:
        from pellucid.cli.container import run_container

        code = run_container(
            output=output,
            data=data,
            strict=strict,
            seed=seed,
            models=model or [],
            endpoints=endpoint or [],
            allow_pickle=allow_pickle,
            as_json=as_json,
        )
    else:
        from pellucid.cli.run import run as run_job

        options = JobOptions(
            config=config,
            output=output or DEFAULT_OUTPUT,
            data=data,
            strict=strict,
            seed=seed,
            models=model or (),
            endpoints=endpoint or (),
            allow_pickle=allow_pickle,
        )
        code = run_job(options, as_json=as_json)
    raise typer.Exit(code)


@app.command(epilog="Example: [bold]pellucid doctor analysis_config.json --data people.csv[/bold]")
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


@app.command(epilog="Example: [bold]pellucid demo --output demo-output[/bold]")
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


@app.command(epilog="Example: [bold]pellucid schema > analysis_config.schema.json[/bold]")
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from pellucid.cli.schema import schema as show

    raise typer.Exit(show())


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character is no failure
    try:
        app()
    except BrokenPipeError:
        # the reader has gone; what is left in the buffer must not fail once more when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def entry() -> NoReturn:
    """Run the command line and end at once; the entry of the console script.

    Python would first take apart what DuckDB, NumPy and the configuration's types have built, which takes as long as
    counting ten million rows. What was registered to run at the end does run, and what was printed is written out.
    """
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    atexit._run_exitfuncs()  # noqa: SLF001 - os._exit leaves them out
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))
