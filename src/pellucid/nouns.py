"""A number with the noun that it counts."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: float, one: str, many: str = "") -> str:
    """So many of something, in the singular or the plural: ``many``, or else ``one`` and an s.

    Examples
    --------
    >>> counted(1, "row"), counted(32561, "row"), counted(2, "analysis", "analyses")
    ('1 row', '32,561 rows', '2 analyses')
    """
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"
