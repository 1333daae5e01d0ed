"""When Python looks for garbage: rarely while modules are loaded, as usual once a job runs."""

from __future__ import annotations

import gc

__all__ = ["collect_as_usual", "collect_rarely"]

RARELY = (100_000, *gc.get_threshold()[1:])
"""Loading makes about this many objects, all of which stay; looking through them again and again takes 50 ms."""
USUAL = gc.get_threshold()


def collect_rarely() -> None:
    """Modules are going to be loaded."""
    gc.set_threshold(*RARELY)


def collect_as_usual() -> None:
    """What a job needs is loaded: from now on garbage is looked for among what the job itself makes."""
    if gc.get_threshold() == RARELY:  # not so where a program of the user's runs the command
        gc.freeze()
        gc.set_threshold(*USUAL)
