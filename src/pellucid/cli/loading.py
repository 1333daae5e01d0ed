"""How modules are loaded: without looking for garbage again and again, and without threads that spin."""

from __future__ import annotations

import gc
import os

__all__ = ["collect_as_usual", "collect_rarely", "load_numpy"]

RARELY = (100_000, *gc.get_threshold()[1:])
"""Loading makes about this many objects, all of which stay; looking through them again and again takes 50 ms."""
USUAL = gc.get_threshold()
SPINNING, SOON = "OPENBLAS_THREAD_TIMEOUT", "16"
"""Exponent of the cycles that an idle thread spins: below a millisecond, yet longer than from product to product."""


def collect_rarely() -> None:
    """Modules are going to be loaded."""
    gc.set_threshold(*RARELY)


def collect_as_usual() -> None:
    """What a job needs is loaded: from now on garbage is looked for among what the job itself makes."""
    if gc.get_threshold() == RARELY:  # not so where a program of the user's runs the command
        gc.freeze()
        gc.set_threshold(*USUAL)


def load_numpy() -> None:
    """Load NumPy with threads that soon sleep while there is nothing to multiply.

    OpenBLAS starts them at once, and each would spin for 50 ms on a processor that could read or count. The variable is
    read while the library is loaded, and is not meant for the programs that a job starts.
    """
    if SPINNING in os.environ:
        return
    os.environ[SPINNING] = SOON
    try:
        import numpy as np  # noqa: F401 - loaded for all that will use it
    finally:
        del os.environ[SPINNING]
