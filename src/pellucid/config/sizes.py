"""Amounts of memory as people write them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["SIZE_FIX", "bytes_of", "size_text"]

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?) *(?P<unit>[kmgt]?i?b)", re.IGNORECASE)
_POWERS: Final = {"k": 1, "m": 2, "g": 3, "t": 4}
LEAST: Final = 128 * 2**20
"""Below it DuckDB has too little for a scan on two threads to begin."""
SIZE_FIX: Final = "Write a number and a unit, at least 128MiB: 500MB, 1GiB, 1.5GB."


def bytes_of(text: object) -> int | None:
    """Number of bytes that ``text`` says; None where it says none, or less than a query needs.

    >>> bytes_of("1GiB"), bytes_of("500 MB"), bytes_of("2gb"), bytes_of("1 pound"), bytes_of("5kB")
    (1073741824, 500000000, 2000000000, None, None)
    """
    read = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
    if read is None:
        return None
    unit = read["unit"].lower()
    base = 1024 if "i" in unit else 1000
    found = int(float(read["number"]) * base ** _POWERS.get(unit[0], 0))
    return found if found >= LEAST else None


def size_text(size: float) -> str:
    """A number of bytes for people, to two digits.

    >>> size_text(500), size_text(1024), size_text(1.54 * 2**30), size_text(3 * 2**50)
    ('500 B', '1 KiB', '1.5 GiB', '3,100 TiB')
    """
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 995 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{float(f'{size:.2g}'):,g} {units[0]}"
