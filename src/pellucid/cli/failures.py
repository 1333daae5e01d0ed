"""Every way a command can end badly, as a message and an exit code; no traceback reaches the terminal."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from pellucid.cli.interruption import Interruption, interruptible
from pellucid.errors import AnalysisError, InputError, ModelError, PellucidError
from pellucid.records import dataclass

__all__ = ["Failure", "attempt", "ended"]

LOG = "pellucid-error.log"


@dataclass(frozen=True, slots=True)
class Failure:
    """How a command failed.

    Parameters
    ----------
    message
        What to tell; may have several lines.
    exit_code
        1 failed, 2 wrong input, 130 interrupted, 143 asked to stop.
    signal
        The signal that stopped it, if one did.
    """

    message: str
    exit_code: int
    signal: int | None = None


def attempt(work: Callable[[Interruption], None], *, log_folder: Path | None = None) -> Failure | None:
    """Do ``work``; how it failed, or None.

    Parameters
    ----------
    work
        Told of signals through its argument.
    log_folder
        Where the details of a failure that is no fault of the user go; the folder for temporary files by default.
    """
    with interruptible() as interruption:
        try:
            work(interruption)
        except BrokenPipeError:
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever it is, the user gets a reason
            if interruption.signal is not None or isinstance(error, KeyboardInterrupt):
                return _stopped(interruption, log_folder)
            if isinstance(error, PellucidError):
                return Failure(_said(error), error.exit_code)
            return _unexpected(error, log_folder)
    return None


def ended(failure: Failure | None) -> int:
    """Tell the failure on the error stream; the exit code."""
    from pellucid.cli.terminal import tell

    if failure is None:
        return 0
    tell(failure.message)
    return failure.exit_code


def _said(error: PellucidError) -> str:
    if isinstance(error, AnalysisError):
        return f"{error.message}\n{error.fix}".rstrip()
    if isinstance(error, InputError) and len(error.problems) > 1:
        return f"{len(error.problems)} things are wrong:\n{error}"
    if isinstance(error, ModelError) and (place := _place_in_users_code(error.__cause__)):
        return f"{error}\n{place}"
    return str(error)


def _place_in_users_code(cause: BaseException | None) -> str:
    """Where code of the user's failed: its innermost line, without the packages that it called; empty if it did not."""
    if cause is None:
        return ""
    import sysconfig
    import traceback

    paths = sysconfig.get_paths()
    others = tuple(Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    ours = Path(__file__).parents[1]
    for frame in reversed(traceback.extract_tb(cause.__traceback__)):
        file = Path(frame.filename)
        if file.is_file() and not any(file.is_relative_to(folder) for folder in (*others, ours)):
            return f"{file.name}, line {frame.lineno}, in {frame.name}: {frame.line}".removesuffix(": ")
    return ""


def _stopped(interruption: Interruption, folder: Path | None) -> Failure:
    number = interruption.signal or signal.SIGINT
    if number == signal.SIGTERM:
        return Failure(f"Signal {number} received, cleaning up.", 128 + number, number)
    results = "The results may be incomplete." if interruption.writing else "No results were written."
    onwards = " What is finished is kept: the same command goes on from there." if _kept(folder) else ""
    return Failure(f"Interrupted. {results}{onwards}", 128 + number, number)


def _kept(folder: Path | None) -> bool:
    """Whether the next job in ``folder`` finds predictions or explanations of this one."""
    from pellucid.api.job import RESUME

    return folder is not None and any((folder / RESUME).glob("**/*.npz"))


def _unexpected(error: BaseException, folder: Path | None) -> Failure:
    reason = " ".join(str(error).split()) or "no reason was given"
    log = _log(error, folder)
    details = f"the details are in {log}." if log is not None else "the details could not be written to a log file."
    return Failure(f"{type(error).__name__}: {reason}\nPellucid did not expect this; {details}", 1)


def _log(error: BaseException, folder: Path | None) -> Path | None:
    """A file with the traceback, in the first folder that can be written."""
    import tempfile
    import traceback

    text = "".join(traceback.format_exception(error))
    for place in (folder, Path(tempfile.gettempdir())):
        if place is None:
            continue
        try:
            place.mkdir(parents=True, exist_ok=True)
            (place / LOG).write_text(text, encoding="utf-8")
        except OSError:
            continue
        return place / LOG
    return None
