"""Fonts for pictures: Pillow's own where it has all letters of a text, else one that this machine has."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

from pellucid.errors import require

__all__ = ["font_for", "readable"]

ON_MACHINES = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "Arial.ttf",
    "arial.ttf",
    "NotoSansCJK-Regular.ttc",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "PingFang.ttc",
    "AppleSDGothicNeo.ttc",
    "msyh.ttc",
    "msgothic.ttc",
    "malgun.ttf",
    "NotoSansThai-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "LeelawUI.ttf",
    "Nirmala.ttf",
    "Arial Unicode.ttf",
)
"""Files of fonts that Linux, macOS and Windows often have; Pillow looks for them where each keeps its fonts."""
MISSING = "\uffff"
"""No character: what a font draws for it, it draws for every letter that it lacks."""
SIZE = 20


def font_for(text: str, size: int) -> Any:
    """A font for ``text``, in pixels of height: the first that has all its letters, else Pillow's own.

    Pillow's own has the letters of English only.
    """
    name = _first_with(text)
    fonts = require("PIL.ImageFont", extra="images")
    return fonts.load_default(size) if name is None else fonts.truetype(name, size)


def readable(text: str, otherwise: str) -> str:
    r"""The text as it can be drawn: itself, itself without accents, or else ``otherwise``.

    >>> readable("figure caption", "class 3"), readable("\U000f0000", "class 3")
    ('figure caption', 'class 3')
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return next((shown for shown in (text, plain) if _has_all(_first_with(shown), shown)), otherwise)


@cache
def _first_with(text: str) -> str | None:
    """Name of the first font that has all letters of a text; None is Pillow's own, also where there is no such font."""
    return next((name for name in (None, *ON_MACHINES) if _has_all(name, text)), None)


def _has_all(name: str | None, text: str) -> bool:
    font = _loaded(name)
    return font is not None and all(_has(name, letter) for letter in set(text) if not letter.isspace())


@cache
def _has(name: str | None, letter: str) -> bool:
    font = _loaded(name)
    return bytes(font.getmask(letter)) != bytes(font.getmask(MISSING))


@cache
def _loaded(name: str | None) -> Any:
    fonts = require("PIL.ImageFont", extra="images")
    try:
        return fonts.load_default(SIZE) if name is None else fonts.truetype(name, SIZE)
    except OSError:
        return None
