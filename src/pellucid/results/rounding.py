"""Numbers as people read them: three significant digits, thousands apart, no digit that says nothing."""

from __future__ import annotations

import math

from pellucid.critical_value import critical_value

__all__ = [
    "NOISE",
    "count",
    "digits_beside",
    "interval",
    "is_below",
    "margin",
    "number",
    "p_value",
    "percent",
    "points",
    "share",
    "significant",
]

NOISE = 1e-12
"""Sizes below this are what arithmetic leaves of zero."""

SMALLEST_PLAIN = 1e-6
"""Below this a power of ten is shorter than the zeros."""

CERTAIN = 0.05
"""The p-value below which a difference counts as clear."""

LARGEST_PLAIN = 1e15
"""From here on the digits of a whole number are no longer exact."""

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number(value: float | None) -> str:
    """Three significant digits; a dash for None and for what is no number.

    Examples
    --------
    >>> number(0.32389), number(-0.1), number(-1234.5), number(float("inf")), number(None)
    ('0.324', '-0.100', '-1,234', 'infinite', '-')
    >>> number(-0.0), number(3e-17), number(0.0000123456), number(4.56e-9)
    ('0.00', '0.00', '0.0000123', '4.56 × 10⁻⁹')
    """
    if value is None or math.isnan(value):
        return "-"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    size = abs(value)
    if size < NOISE:
        return "0.00"
    if size < SMALLEST_PLAIN:
        digits, exponent = f"{value:.2e}".split("e")
        return f"{digits} × 10{str(int(exponent)).translate(_RAISED)}"
    if size < 1e-4:
        return f"{value:.{2 - math.floor(math.log10(size))}f}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:#.3g}".removesuffix(".").replace("1.00e+03", "1,000")


def significant(value: float, digits: int, sign: str = "") -> str:
    """So many significant digits, and all of a whole part that is longer; with ``sign`` "+" gains show theirs.

    Examples
    --------
    >>> significant(0.1234, 2), significant(123.4, 2), significant(12345.6, 3, "+"), significant(-1e20, 3)
    ('0.12', '123', '+12,346', '-1e+20')
    """
    shown = f"{value:{sign}.{digits}g}"
    return f"{value:{sign},.0f}" if "e+" in shown and abs(value) < LARGEST_PLAIN else shown


def margin(error: float | None, level: float) -> str:
    """Half the width of the interval around an estimate, from its standard error; ``level`` in (0, 1).

    Examples
    --------
    >>> margin(0.5, 0.95), margin(0.0, 0.95), margin(None, 0.95)
    ('± 0.980', 'exact', 'not known')
    """
    if error is None or not math.isfinite(error):
        return "not known"
    return f"± {number(critical_value(level) * error)}" if error else "exact"


def digits_beside(value: float, *lines: float) -> int:
    """Significant digits with which ``value`` does not read as a line that it is near to: three, or more.

    Examples
    --------
    >>> digits_beside(0.512, 0.8), digits_beside(0.7998, 0.8), digits_beside(0.8, 0.8), digits_beside(0.99995, 1.0)
    (3, 4, 3, 5)
    """
    apart = [line for line in lines if abs(value - line) > NOISE * abs(line)]
    for digits in range(3, 13):
        if all(float(f"{value:.{digits}g}") != float(f"{line:.{digits}g}") for line in apart):
            return digits
    return 3


def is_below(value: float, line: float) -> bool:
    """Whether ``value`` lies below a line by more than what arithmetic leaves of a value on it.

    Examples
    --------
    >>> exactly = (1 / 3) / (5 / 12)
    >>> exactly < 0.8, is_below(exactly, 0.8), is_below(0.7999, 0.8)
    (True, False, True)
    """
    return value < line - NOISE * abs(line)


def count(rows: float | None) -> str:
    """A number of rows; weights make it fractional.

    Examples
    --------
    >>> count(32561), count(12.345), count(None)
    ('32,561', '12.3', '-')
    """
    if rows is None or math.isnan(rows):
        return "-"
    return f"{rows:,.0f}" if float(rows).is_integer() or abs(rows) >= 1000 else f"{rows:,.1f}"


def percent(part: float, whole: float) -> str:
    """A part of a whole, in percent.

    Examples
    --------
    >>> percent(1, 8), percent(0, 0)
    ('12.5 %', '0.0 %')
    """
    return share(part / whole if whole else 0.0)


def share(value: float | None) -> str:
    """A share in percent, one digit; what is not zero, or not everything, is never written as if it were.

    Examples
    --------
    >>> share(0.10946), share(0.0001), share(0.99999), share(0.0), share(None)
    ('10.9 %', '< 0.1 %', '> 99.9 %', '0.0 %', '-')
    """
    if value is None or math.isnan(value):
        return "-"
    if NOISE < value < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= value < 1 - NOISE:
        return "> 99.9 %"
    return f"{100 * value + 0.0:.1f} %"


def points(value: float | None) -> str:
    """A difference of two shares, in percentage points with its sign.

    Examples
    --------
    >>> points(0.19628), points(-0.00004), points(-0.0937)
    ('+19.6 points', '0.0 points', '-9.4 points')
    """
    if value is None or math.isnan(value):
        return "-"
    if math.isinf(value):
        return number(value)
    rounded = round(100 * value, 1)
    return f"{rounded:+.1f} points" if rounded else "0.0 points"


def interval(low: float | None, high: float | None) -> str:
    """Both ends of an interval.

    Examples
    --------
    >>> interval(0.18755, 0.20499), interval(None, None)
    ('0.188 to 0.205', '-')
    """
    return "-" if low is None or high is None else f"{number(low)} to {number(high)}"


def p_value(value: float | None) -> str:
    """A p-value: nobody needs to tell those below a thousandth apart.

    Examples
    --------
    >>> p_value(1.2e-120), p_value(0.0123), p_value(1.0), p_value(0.04996), p_value(None)
    ('< 0.001', '0.012', '1.000', '0.04996', '-')
    """
    if value is None or math.isnan(value):
        return "-"
    if value < 0.001:
        return "< 0.001"
    # On which side of 0.05 it lies is what decides.
    said = f"{value:.3f}"
    return f"{value:.{digits_beside(value, CERTAIN)}g}" if said == f"{CERTAIN:.3f}" and value != CERTAIN else said
