"""Names and values of the data made safe to print: nothing invisible or endless, nothing that reorders its page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

__all__ = ["clamped", "isolated", "rewritten", "spelled", "visible"]

Value = TypeVar("Value")

JOINERS = frozenset("\u200c\u200d\u200e\u200f")
"""Invisible characters that scripts and emoji are written with, and which cannot reorder the text around them."""

RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
RUN = re.compile(f"[{RIGHT_TO_LEFT}]+(?:[^\\w\n\u2068\u2069]*[{RIGHT_TO_LEFT}]+)*")
CLOSING = {")": "(", "]": "[", "}": "{"}


def visible(text: str) -> str:
    r"""``text`` with characters that cannot be seen, or that change the order of others, as their code points.

    Line breaks and tabs stay, as do the joiners of emoji and of scripts that need them.

    Examples
    --------
    >>> visible("nul\x00, override\u202e")
    'nul[U+0000], override[U+202E]'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _is_seen(character) else spelled(character) for character in text)


def spelled(character: str) -> str:
    """The code point of a character, as a text."""
    return f"[U+{ord(character):04X}]"


def _is_seen(character: str) -> bool:
    if character in "\n\t" or character in JOINERS:
        return True
    if ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF:
        return False
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def clamped(text: str, limit: int) -> str:
    """``text``, or where it is longer than ``limit`` its two ends, and how much was left out between them.

    The end is kept since long names often differ there only.

    Examples
    --------
    >>> clamped("x" * 1000 + "end", 20)
    'xxxxxxxxxx … (983 characters left out) … xxxxxxxend'
    """
    if len(text) <= limit:
        return text
    head = limit // 2
    tail = limit - head
    return f"{text[:head].rstrip()} … ({len(text) - limit:,} characters left out) … {text[-tail:].lstrip()}"


def isolated(text: str) -> str:
    """``text`` with its right-to-left parts isolated, so that they do not carry numbers beside them along.

    Examples
    --------
    >>> isolated("\u05d0\u05d1: 19.6 points") == "\u2068\u05d0\u05d1\u2069: 19.6 points"
    True
    """
    if text.isascii():
        return text
    parts: list[str] = []
    end = 0
    for found in RUN.finditer(text):
        if found.start() < end:
            continue
        stop = found.end()
        # A bracket that was opened inside the run is closed inside it.
        if text[stop : stop + 1] in CLOSING and CLOSING[text[stop]] in found.group():
            stop += 1
        parts += [text[end : found.start()], "\u2068", text[found.start() : stop], "\u2069"]
        end = stop
    return "".join([*parts, text[end:]])


def rewritten(value: Value, change: Callable[[str], str]) -> Value:
    """A document, or any part of it, with each of its texts changed.

    Examples
    --------
    >>> rewritten(("a", {"b": ["c", 1]}), str.upper)
    ('A', {'B': ['C', 1]})
    """
    changed: Any = value
    if isinstance(value, str):
        changed = change(value)
    elif isinstance(value, Mapping):
        changed = {rewritten(key, change): rewritten(item, change) for key, item in value.items()}
    elif isinstance(value, list | tuple):
        changed = type(value)(rewritten(item, change) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        changed = type(value)(**{field.name: rewritten(getattr(value, field.name), change) for field in fields(value)})
    return changed  # type: ignore[no-any-return]
