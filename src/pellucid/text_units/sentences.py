"""Sentences of a paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from pellucid.errors import require
from pellucid.protocols.text import Span, Split
from pellucid.text_units.tokens import abbreviations

__all__ = ["sentences_of", "stripped_spans"]

TITLES = frozenset({"Dr.", "Prof.", "Mr.", "Mrs.", "Ms.", "Др.", "Проф.", "Dl.", "Dna."})
"""Abbreviations that stand before names in many languages; the last ones are Serbian and Romanian."""

_WORD = re.compile(r"\S+")


@cache
def sentences_of(code: str) -> Split:
    """What gives the sentences of a paragraph in a language.

    Thai marks no end of a sentence; its clauses, between blanks, are taken.
    """
    if code == "th":
        return lambda paragraph: [match.span() for match in _WORD.finditer(paragraph)]
    segment = require("sentencex", extra="text").segment
    known = TITLES if code == "en" else TITLES | abbreviations(code)

    def split(paragraph: str) -> list[Span]:
        return stripped_spans(joined(segment(code, paragraph), known))

    return split


def joined(pieces: Iterable[str], known: frozenset[str]) -> list[str]:
    """Pieces of a paragraph, put together where no sentence ends: after an abbreviation, before a lower-case letter.

    English abbreviations are left to the segmenter: many of them ("p.m.", "U.S.") end a sentence as often as not.

    >>> joined(["Je vois M. ", "Dupont. ", "Il part."], frozenset({"M."}))
    ['Je vois M. Dupont. ', 'Il part.']
    """
    found: list[str] = []
    for piece in pieces:
        if found and _goes_on(found[-1].rstrip(), piece.lstrip(), known):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def _goes_on(before: str, after: str, known: frozenset[str]) -> bool:
    if not before.endswith("."):
        return False
    last = before.rsplit(maxsplit=1)[-1].lstrip("(\"'«„“")
    # Abbreviations are listed as they stand within a sentence; the first word of one has a capital.
    return after[:1].islower() or last in known or (last == before and last[:1].lower() + last[1:] in known)


def stripped_spans(pieces: Iterable[str]) -> list[Span]:
    """Where pieces that make up a text lie in it, without the white space around them; blank ones are left out.

    >>> stripped_spans(["One. ", "  ", "Two."])
    [(0, 4), (7, 11)]
    """
    spans, at = [], 0
    for piece in pieces:
        kept = piece.strip()
        if kept:
            start = at + piece.index(kept)
            spans.append((start, start + len(kept)))
        at += len(piece)
    return spans
