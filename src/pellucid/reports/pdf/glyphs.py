"""Which characters no font can print, found by asking the typesetter before the pages are set."""

from __future__ import annotations

import re
from functools import lru_cache

from pellucid.reports.pdf.typesetting import typeset

__all__ = ["unprintable"]

LINE = re.compile(r"^ *┌─ main\.typ:(\d+):", re.MULTILINE)
COMMON = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x180)))) | frozenset("–—‘’“”…•−≤≥×\u200b")
"""Characters that the embedded fonts are known to hold, and of which most reports consist."""


def unprintable(characters: frozenset[str]) -> tuple[bool, frozenset[str]]:
    """Whether fonts of the machine are needed for ``characters``, and those which even these cannot print.

    The embedded fonts come first, so that a report in a script which they hold is the same on every machine.
    """
    asked = tuple(sorted(characters - COMMON))
    lacking = _missing(asked, system_fonts=False)
    missing = _missing(tuple(sorted(lacking)), system_fonts=True)
    return missing < lacking, missing


@lru_cache(maxsize=32)
def _missing(characters: tuple[str, ...], *, system_fonts: bool) -> frozenset[str]:
    """Characters that cannot be printed; PDF/UA refuses each of them, naming its line."""
    import typst

    if not characters:
        return frozenset()
    lines = ['#set document(title: "Characters")', *(f'#"\\u{{{ord(character):x}}}"' for character in characters)]
    try:
        typeset({"main.typ": "\n".join(lines).encode()}, system_fonts=system_fonts)
    except typst.TypstError as error:
        return frozenset(characters[int(line) - 2] for line in LINE.findall(error.diagnostic))
    return frozenset()
