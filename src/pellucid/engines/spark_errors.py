"""What Spark says when a job of its fails, turned into what is wrong and how to mend it."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager

from pellucid.errors import DataError, MissingExtra, PellucidError, Problem

__all__ = ["told"]

POINT = "Point PYSPARK_PYTHON (or spark.pyspark.python) to an environment that is on every machine of the cluster"


@contextmanager
def told() -> Iterator[None]:
    """Within this context a failure of Spark becomes an error of ours; others pass unchanged."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(("pyspark", "py4j")):
            raise
        raise _known(str(error)) from error


def _known(message: str) -> PellucidError:
    missing = re.search(r"No module named '([^'.]+)", message)
    if missing is not None:
        return MissingExtra(
            f"The Python of Spark's workers lacks the module {missing[1]!r}. Run there: "
            f"pip install 'pellucid[spark]=={_version()}', and install what the model needs. {POINT} and has all of it."
        )
    if "PYTHON_VERSION_MISMATCH" in message:
        return MissingExtra(
            f"Spark's workers run another version of Python than {platform.python_version()}, which started the job. "
            f"{POINT}, of the same version."
        )
    if "Cannot run program" in message:
        program = message.partition("Cannot run program")[2].partition('":')[0].strip(' "')
        return MissingExtra(f"Spark's workers have no {program!r} to run Python with. {POINT}.")
    if any(known in message for known in ("PATH_NOT_FOUND", "FAILED_READ_FILE", "FileNotFoundException")):
        fix = (
            "Spark's workers cannot read the files. Put them where every machine of the cluster sees them under the "
            f"same path or address. Spark says: {_reason(message)}"
        )
        return DataError(Problem("data set", fix=fix))
    return PellucidError(f"Spark ended the job: {_reason(message)}")


def _reason(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
    telling = [line for line in lines if "Error" in line or "Exception" in line or line.startswith("[")]
    return (telling or lines or ["no reason was given"])[-1 if telling else 0][:400]


def _version() -> str:
    from importlib.metadata import version

    return version("pellucid")
