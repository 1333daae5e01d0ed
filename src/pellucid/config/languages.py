"""Languages that text explanations know: names and codes, as the file may give them."""

from __future__ import annotations

import re

__all__ = ["LANGUAGES", "language_code"]

_TABLE = """
chinese zh, danish da, dutch nl, english en, french fr, german de, greek el, italian it, japanese ja, lithuanian lt,
multi-language xx, norwegian bokmål nb, polish pl, portuguese pt, romanian ro, russian ru, spanish es, afrikaans af,
albanian sq, arabic ar, armenian hy, basque eu, bengali bn, bulgarian bg, catalan ca, croatian hr, czech cs,
estonian et, finnish fi, gujarati gu, hebrew he, hindi hi, hungarian hu, icelandic is, indonesian id, irish ga,
kannada kn, kyrgyz ky, latvian lv, ligurian lij, luxembourgish lb, macedonian mk, malayalam ml, marathi mr, nepali ne,
persian fa, sanskrit sa, serbian sr, setswana tn, sinhala si, slovak sk, slovenian sl, swedish sv, tagalog tl,
tamil ta, tatar tt, telugu te, thai th, turkish tr, ukrainian uk, urdu ur, vietnamese vi, yoruba yo
"""

LANGUAGES: dict[str, str] = dict(re.findall(r"\s*([^,]+) (\w{2,3})(?:,|$)", _TABLE.strip()))
"""Code of each language by its name."""


def language_code(language: str) -> str | None:
    """Code of a language given by name or code, in any case; None where it is not known.

    Examples
    --------
    >>> language_code("Norwegian Bokmål"), language_code("de"), language_code("klingon")
    ('nb', 'de', None)
    """
    lowered = language.lower()
    return lowered if lowered in LANGUAGES.values() else LANGUAGES.get(lowered)
