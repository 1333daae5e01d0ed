"""Numbers as a report writes them: those of `pellucid.results.rounding`, with the minus sign that its charts draw.

A terminal may not know that sign, a page, a PDF file and a notebook do.
"""

from __future__ import annotations

import re

from pellucid.results import rounding
from pellucid.results.rounding import NOISE, count, margin, p_value, percent, share

__all__ = [
    "MINUS",
    "NOISE",
    "count",
    "interval",
    "margin",
    "number",
    "p_value",
    "percent",
    "points",
    "share",
    "with_minus",
]

MINUS = "−"
"""As wide as a plus sign, and never taken for a hyphen."""

_SIGN = re.compile(r"(?<![\w.,)\]}-])-(?=\d|infinite)")


def with_minus(text: str) -> str:
    """Numbers in a text with a minus sign where they have a hyphen; hyphens between words and digits stay.

    Examples
    --------
    >>> with_minus("interval -1.0 to 11.0"), with_minus("1-5, a-3, 2024-01-02")
    ('interval −1.0 to 11.0', '1-5, a-3, 2024-01-02')
    """
    return _SIGN.sub(MINUS, text)


def number(value: float | None) -> str:
    """Three significant digits.

    Examples
    --------
    >>> number(-0.0937), number(1e9), number(None)
    ('−0.0937', '1,000,000,000', '-')
    """
    return with_minus(rounding.number(value))


def points(value: float | None) -> str:
    """A difference of two shares, in percentage points with its sign.

    Examples
    --------
    >>> points(0.19628), points(-0.0937)
    ('+19.6 points', '−9.4 points')
    """
    return with_minus(rounding.points(value))


def interval(low: float | None, high: float | None) -> str:
    """Both ends of an interval.

    Examples
    --------
    >>> interval(-0.02, 0.1)
    '−0.0200 to 0.100'
    """
    return with_minus(rounding.interval(low, high))
