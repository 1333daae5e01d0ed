"""A Spark session to work in: the one that is there already, or one that is started, within a bounded time."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from pellucid.errors import ConfigError, MissingExtra, PellucidError, Problem, require
from pellucid.records import dataclass

__all__ = ["SparkSettings", "check_java", "context_of", "spark_session"]

T = TypeVar("T")

OLDEST_JAVA = 17
ANSWER_SECONDS = 5.0
"""How long a master may take to accept a connection."""
LOCAL = re.compile(r"local(-cluster)?(\[.*\])?$")
DEFAULTS = "spark-defaults.conf spark.master"
INSTEAD = "or use --engine local"


@dataclass(frozen=True, slots=True)
class SparkSettings:
    """Where to work.

    Parameters
    ----------
    master
        URL of a master; None for that of ``spark-defaults.conf``, or all processors of this machine.
    where
        Key that holds it, named in errors.
    startup_seconds
        How long the session, and the first worker of a cluster, may take to come.
    """

    master: str | None = None
    where: str = "pellucid.toml [engine] master"
    startup_seconds: float = 120.0


def context_of(session: Any) -> Any:
    """The context of a session; None for those of Spark Connect, which have none."""
    return getattr(session, "sparkContext", None)


@contextmanager
def spark_session(settings: SparkSettings, *, log: Path) -> Iterator[Any]:
    """A session for the length of the block; one that is there already is used and left alone.

    Parameters
    ----------
    log
        File for what Spark prints.

    Raises
    ------
    MissingExtra
        PySpark or Java is not installed, or Java is too old.
    ConfigError
        There is no such master, or it gives no worker in time.
    PellucidError
        Spark does not start.
    """
    for package in ("pyspark.sql", "pandas", "pyarrow"):
        require(package, "spark")
    _without_warning()
    existing = _existing()
    if existing is not None:
        yield existing
        return
    check_java()
    session = _started(settings, log)
    try:
        yield session
    finally:
        with suppress(Exception):  # a session that a signal cut short may not stop any more
            session.stop()


def _existing() -> Any:
    """The session of this thread or, where another thread started it, of the process."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if active is None and SparkContext._active_spark_context is not None:  # noqa: SLF001 - there is no other way to ask
        return SparkSession.builder.getOrCreate()
    return active


def _without_warning() -> None:
    """Import now what PySpark imports in the middle of its work, warning of every pandas 3 as it does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import_module("pyspark.testing.utils")


def check_java() -> None:
    """Find Java as Spark does.

    Raises
    ------
    MissingExtra
        There is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    how = f"Install Java {OLDEST_JAVA} or 21 (a package such as openjdk-17-jre-headless), {INSTEAD}."
    if java is None:
        raise MissingExtra(f"Spark needs Java, and there is no command 'java'. {how}")
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        where = f"JAVA_HOME is {home!r}" if home else f"The command 'java' is {java!r}"
        raise MissingExtra(f"{where}, and Java cannot be run there: {error}. Correct it. {how}") from None
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    if found is None or int(found[1]) < OLDEST_JAVA:
        shown = f"Java {found[1]}" if found else "of an unknown version"
        raise MissingExtra(f"Spark needs Java {OLDEST_JAVA} or newer, and {java!r} is {shown}. {how}")


def _started(settings: SparkSettings, log: Path) -> Any:
    log.parent.mkdir(parents=True, exist_ok=True)
    seconds = settings.startup_seconds
    if settings.master is not None:
        _refuse_silent_masters(settings.master, settings.where)
    conf = _within(
        seconds, lambda: _conf(settings, log), f"Java has not started Spark within {seconds:g} s; see {log}."
    )
    master = str(conf.get("spark.master"))
    where = DEFAULTS if settings.master is None else settings.where
    if settings.master is None:
        _refuse_silent_masters(master, where)
    late = ConfigError(Problem(where, master, fix=f"It has given no session within {seconds:g} s; see {log}."))
    try:
        session = _within(seconds, lambda: _session(conf), late)
    except PellucidError:
        raise
    except Exception as error:  # noqa: BLE001 - py4j and PySpark have no common base
        raise _refused(error, master, where, log) from None
    if not LOCAL.match(master):
        fix = (
            f"It has given no worker within {seconds:g} s. See on its page whether there are workers with free cores "
            "and memory; [engine] startup_seconds in pellucid.toml allows more time."
        )
        try:
            _within(seconds, lambda: session.range(1).count(), ConfigError(Problem(where, master, fix=fix)))
        except BaseException:
            _within(ANSWER_SECONDS, session.stop, None)
            raise
    return session


def _conf(settings: SparkSettings, log: Path) -> Any:
    """The configuration with that of ``spark-defaults.conf``; a Java process is started unless there is one."""
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    if SparkContext._gateway is None:  # noqa: SLF001 - how PySpark keeps it; a second one would be a second process
        with log.open("ab") as printed:
            try:
                gateway = launch_gateway(popen_kwargs={"stdout": printed, "stderr": printed})  # type: ignore[no-untyped-call]
            except PySparkRuntimeError:
                fix = f"Spark does not start: {_reason_in(log)} Correct that, {INSTEAD}. What it printed is in {log}."
                raise ConfigError(Problem("--engine", "spark", fix=fix)) from None
        SparkContext._ensure_initialized(gateway=gateway)  # noqa: SLF001
    conf = SparkConf()
    for key, value in (("spark.app.name", "pellucid"), ("spark.master", "local[*]")):
        conf.setIfMissing(key, value)
    if settings.master is not None:
        conf.setMaster(settings.master)
    # What is shown and served beside the work: nobody looks at it.
    return conf.setIfMissing("spark.ui.enabled", "false").set("spark.ui.showConsoleProgress", "false")


def _session(conf: Any) -> Any:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    # PySpark would look for a command python3 on the workers, which is seldom the one with this package.
    python = conf.get("spark.pyspark.python") or os.environ.get("PYSPARK_PYTHON") or sys.executable
    before = os.environ.get("PYSPARK_PYTHON")
    os.environ["PYSPARK_PYTHON"] = python
    try:
        SparkContext(conf=conf)
    finally:
        if before is None:
            del os.environ["PYSPARK_PYTHON"]
        else:
            os.environ["PYSPARK_PYTHON"] = before
    return SparkSession.builder.getOrCreate()


def _refuse_silent_masters(master: str, where: str) -> None:
    """Spark itself would try for a minute and then end the process of Java."""
    if not master.startswith("spark://"):
        return
    reasons = []
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS).close()
        except (OSError, ValueError) as error:
            reasons.append(f"{address}: {getattr(error, 'strerror', None) or error}")
        else:
            return
    fix = f"No master answers there ({'; '.join(reasons)}). Start it, correct the address, {INSTEAD}."
    raise ConfigError(Problem(where, master, fix=fix))


def _refused(error: Exception, master: str, where: str, log: Path) -> PellucidError:
    reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
    for line in str(error).splitlines():
        if "SparkException:" in line or "Could not parse" in line:
            reason = line.rpartition("Exception:")[2].strip()
            break
    fix = f"Spark does not start with it: {reason.rstrip('.')}. Give a master such as local[*] or spark://HOST:7077. "
    return ConfigError(Problem(where, master, fix=f"{fix}What Spark printed is in {log}."))


def _reason_in(log: Path) -> str:
    """The line of a log that tells most, as a sentence."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    telling = [line.strip() for line in lines if "Exception" in line or "Error" in line]
    found = (telling or [line.strip() for line in lines if line.strip()] or ["Java ended at once"])[0]
    return f"{found.rpartition('Exception:')[2].strip().rstrip('.')}."


def _within(seconds: float, work: Callable[[], T], late: str | PellucidError | None) -> T:
    """What ``work`` gives, waited for at most so long: neither Java nor a cluster can be interrupted.

    With ``late`` None, no one waits for the result any longer, and nothing is raised.
    """
    found: list[T] = []
    failed: list[BaseException] = []

    def tried() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            failed.append(error)

    thread = threading.Thread(target=tried, daemon=True, name="pellucid-spark-start")
    thread.start()
    thread.join(seconds)
    if failed and late is not None:
        raise failed[0]
    if found or late is None:
        return found[0] if found else None  # type: ignore[return-value]
    raise PellucidError(late) if isinstance(late, str) else late
