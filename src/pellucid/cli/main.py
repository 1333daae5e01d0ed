"""The entry of the command line."""

from __future__ import annotations

import atexit
import io
import os
import sys
from contextlib import suppress
from typing import NoReturn

from pellucid.cli.loading import collect_rarely

__all__ = ["entry", "main"]


def main() -> None:
    """Run the command line."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character is no failure
    try:
        sys.exit(_run(sys.argv[1:]))
    except KeyboardInterrupt:  # before the command was ready for it
        sys.exit(130)
    except BrokenPipeError:
        # the reader has gone; what is left in the buffer must not fail once more when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def entry() -> NoReturn:
    """Run the command line and end at once; the entry of the console script.

    Python would first take apart what DuckDB, NumPy and the configuration's types have built, which takes as long as
    counting ten million rows. What was registered to run at the end does run, and what was printed is written out.
    """
    collect_rarely()
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


def _open_closed_streams() -> None:
    """Give a stream that was closed before Python began (``>&-``) a place to write to, which keeps nothing.

    Python has None for it then, and the next file that is opened would get its number: a native library that writes an
    error would write it into the data.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def _run(arguments: list[str]) -> int | None:
    """Run the command that ``arguments`` name; typer ends the process itself."""
    from pellucid.cli.plain_run import plain_run

    plain = plain_run(arguments)
    if plain is not None:
        from pellucid.cli.run import run

        return run(plain.options, as_json=plain.as_json)
    from pellucid.cli.commands import app

    app()
    return None
