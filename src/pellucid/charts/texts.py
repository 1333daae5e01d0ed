"""Texts and numbers of charts: names of any kind made harmless and short, numbers rounded for reading."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

__all__ = [
    "ENDLESS",
    "LABEL",
    "TITLE",
    "clipped",
    "distinct",
    "is_known",
    "percent",
    "rounded",
    "short",
    "signed",
    "spoken",
    "width_of",
]

LABEL, TITLE, FULL = 25, 70, 240
"""Characters of a name at an axis, of a title, and of a name where it is pointed at."""

ENDLESS = 1e100
"""Sizes from here on are as good as infinite: differences of them may be."""

BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def clipped(text: object, limit: int = FULL) -> str:
    r"""``text`` on one line without control characters, cut in its middle where it is longer than ``limit``.

    The end is kept since long names often differ there only.

    >>> clipped("capital\ngain"), clipped("a" * 20 + "b" * 20, 9)
    ('capital gain', 'aaaa…bbbb')
    """
    raw = str(text)
    if len(raw) > 4 * limit:
        raw = raw[: 2 * limit] + raw[-2 * limit :]
    plain = "".join(_harmless(character) for character in raw)
    plain = " ".join(plain.split()) or "(blank)"
    if len(plain) <= limit:
        return plain
    head = limit // 2
    return f"{plain[:head]}…{plain[len(plain) - (limit - head - 1) :]}"


def _harmless(character: str) -> str:
    if character in BIDIRECTIONAL:
        return ""
    kind = unicodedata.category(character)
    if kind == "Cs" or ord(character) & 0xFFFE == 0xFFFE:
        return "\ufffd"
    return " " if kind == "Cc" else character


def distinct(names: Sequence[object], limit: int = LABEL) -> list[str]:
    """Labels of an axis, one for each name, no two the same.

    Of long names that would look the same, the part stays where they begin to differ. What is still equal is numbered.

    >>> distinct(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    >>> distinct([f"how_often_in_{year}_was_it_paid" for year in (2024, 2025)], 15)
    ['…_in_2024_was_…', '…_in_2025_was_…']
    """
    labels = [clipped(name, limit) for name in names]
    alike: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        alike.setdefault(label, []).append(place)
    for places in alike.values():
        texts = [str(names[place]) for place in places]
        if len(set(texts)) > 1:
            start = max(0, _equal_start(min(texts), max(texts)) - limit // 2)
            for place, text in zip(places, texts, strict=True):
                part = clipped(text[start : start + 2 * limit])
                labels[place] = f"…{part[: limit - 2]}…" if len(part) > limit - 1 else f"…{part}"
    return _numbered(labels, limit)


def _equal_start(first: str, last: str) -> int:
    """Characters that two texts begin with; of the first and the last of sorted texts, those that all begin with."""
    pairs = enumerate(zip(first, last, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(first), len(last)))


def _numbered(labels: Sequence[str], limit: int) -> list[str]:
    found: list[str] = []
    for label in labels:
        unused, number = label, 2
        while unused in found:
            unused = f"{clipped(label, limit - 4)} ({number})"
            number += 1
        found.append(unused)
    return found


def is_known(value: float | None) -> bool:
    """Whether a number can be drawn: it is neither missing nor infinite, nor so large that arithmetic makes it so.

    >>> is_known(0.0), is_known(None), is_known(float("nan")), is_known(-1e300)
    (True, False, False, False)
    """
    return value is not None and abs(value) < ENDLESS


def rounded(value: float | None, digits: int = 8) -> float | None:
    """``value`` to so many significant digits; None where it cannot be drawn.

    >>> rounded(0.123456789), rounded(float("nan")), rounded(-0.0)
    (0.12345679, None, 0.0)
    """
    if value is None or not is_known(value):
        return None
    return float(f"{value:.{digits}g}") + 0.0


def short(value: float | None, digits: int = 3) -> str:
    """A number for reading, three significant digits by default; what rounding leaves of a zero is one.

    >>> short(0.2), short(3.0), short(-1234567.8), short(0.0000123), short(float("inf")), short(None)
    ('0.200', '3', '−1,234,568', '1.2e−5', '∞', 'no value')
    """
    if value is None or math.isnan(value):
        return "no value"
    size = abs(float(value))
    if math.isinf(value):
        text = "∞"
    elif size < 1e-12:
        text = "0"
    elif size >= 1e9 or 0 < size < 1e-4:
        mantissa, exponent = f"{size:.1e}".split("e")
        text = f"{mantissa}e{int(exponent)}".replace("-", "−")
    elif size >= 999.5:
        text = f"{size:,.0f}"
    else:
        text = f"{size:.0f}" if size.is_integer() else f"{size:#.{digits}g}".removesuffix(".")
    return f"−{text}" if value < 0 and text != "0" else text


def signed(value: float | None) -> str:
    """A number for reading with its sign.

    >>> signed(0.25), signed(-0.25), signed(0.0)
    ('+0.250', '−0.250', '0')
    """
    text = short(value)
    return f"+{text}" if value is not None and value > 0 and text != "0" else text


def percent(value: float | None) -> str:
    """A share for reading; what is not zero, or not everything, is never written as if it were.

    >>> percent(0.1946), percent(1.0), percent(0.00001), percent(0.99999), percent(None)
    ('19.5 %', '100 %', '< 0.1 %', '> 99.9 %', 'no value')
    """
    if value is None or not math.isfinite(value):
        return short(value)
    if 1e-12 < value < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= value < 1 - 1e-12:
        return "> 99.9 %"
    if round(value, 12) == 1:
        return "100 %"
    return f"{round(100 * value, 1) + 0.0:.1f} %".replace("-", "−")


def spoken(names: Sequence[str], shown: int = 3) -> str:
    """Names in a sentence: the first ``shown``, and how many more there are.

    >>> spoken(["a", "b"]), spoken(["a", "b", "c", "d"])
    ('a and b', 'a, b, c and 1 more')
    """
    head = [clipped(name, 100) for name in names[:shown]]
    if len(names) > shown:
        return f"{', '.join(head)} and {len(names) - shown} more"
    return " and ".join(filter(None, [", ".join(head[:-1]), *head[-1:]]))


def width_of(text: str, size: int = 11) -> int:
    """About how many pixels a text takes, letters of wide scripts twice as much as others.

    >>> width_of("0.25 (0.1 to 0.4)"), width_of("")
    (113, 0)
    """
    letters = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
    return math.ceil(0.6 * size * letters)
