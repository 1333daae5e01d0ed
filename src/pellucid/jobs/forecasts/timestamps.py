"""Time stamps as they are read: numbers or text; whether they ascend, repeat, or leave steps out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median

from pellucid.protocols.forecaster import Cell

__all__ = ["moments", "order_fault", "uneven_after"]

UNEVEN = 1.5
"""So much longer than the usual one is a step that leaves something out; months are not, weekends are."""


def moments(timestamps: Sequence[Cell]) -> list[float] | None:
    """Times as seconds or as the numbers that they are; None where they cannot be compared.

    >>> moments([1, 2.5]), moments(["1970-01-02T00:00:00Z", "1970-01-03T00:00:00Z"]), moments(["3rd of May"])
    ([1.0, 2.5], [86400.0, 172800.0], None)
    """
    if all(isinstance(stamp, int | float) for stamp in timestamps):
        return [float(stamp) for stamp in timestamps if isinstance(stamp, int | float)]
    try:
        read = [datetime.fromisoformat(stamp) for stamp in timestamps if isinstance(stamp, str)]
    except ValueError:
        return None
    if len(read) < len(timestamps) or len({moment.tzinfo is None for moment in read}) > 1:
        return None
    # Without a zone, every day has as many seconds whatever clocks do.
    start = datetime.min if read[0].tzinfo is None else datetime.fromisoformat("1970-01-01T00:00:00+00:00")  # noqa: DTZ901
    return [(moment - start).total_seconds() for moment in read]


def order_fault(timestamps: Sequence[Cell]) -> str | None:
    """What is wrong with the order of an item's time stamps, if anything."""
    missing = [place for place, stamp in enumerate(timestamps) if stamp is None]
    if missing:
        return f"Step {missing[0]} (the first is 0) has no time stamp. Give every step one."
    twice = [stamp for stamp, times in Counter(timestamps).items() if times > 1]
    if twice:
        more = f", and {len(twice) - 1} more do" if len(twice) > 1 else ""
        return f"Time stamp {twice[0]!r} occurs more than once{more}. Give one value per step."
    times = moments(timestamps)
    for (before, here), (first, second) in zip(pairwise(times or ()), pairwise(timestamps), strict=bool(times)):
        if here <= before:
            return f"Time stamp {second!r} stands after {first!r}. Sort the records of an item by time."
    return None


def uneven_after(timestamps: Sequence[Cell]) -> Cell:
    """The time stamp after which steps seem to be missing; None where there is none.

    >>> uneven_after(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-06"]), uneven_after([1, 2, 3])
    ('2024-01-03', None)
    """
    times = moments(timestamps)
    if times is None or len(times) < 3:
        return None
    lengths = [here - before for before, here in pairwise(times)]
    usual = median(lengths)
    return next((stamp for stamp, length in zip(timestamps, lengths, strict=False) if length > UNEVEN * usual), None)
