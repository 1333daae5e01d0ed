"""Tokens of a sentence: spaCy's rules, and dictionaries for languages that write no blanks between words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from pellucid.errors import require
from pellucid.protocols.text import Span, Split

__all__ = ["abbreviations", "tokens_of"]

ASIAN = "text-asian"
LONGEST = 8_000
"""Characters that Sudachi is given at once; it takes 49,149 bytes."""
LONGEST_RUN = 256
"""Characters without a blank that spaCy is given at once: its time grows with the square of their number."""

_LONG_RUN = re.compile(rf"\S{{{LONGEST_RUN + 1}}}")
_PART = re.compile(rf"\S{{1,{LONGEST_RUN}}}\s*|\s+")

BY_RULES = {"nlp": {"tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}}
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    # spaCy's own Korean pipelines split at blanks and punctuation too; its default needs a program outside of Python.
    "ko": BY_RULES,
    # Syllables, as they are written; words of several syllables would need a package whose model is of 2021.
    "vi": BY_RULES,
}


@cache
def tokens_of(code: str) -> Split:
    """What gives the tokens of a sentence in a language."""
    match code:
        case "zh":
            return _chinese()
        case "ja":
            return _japanese()
    tokenizer = _spacy_tokenizer(code)

    def split(sentence: str) -> list[Span]:
        return [
            (at + token.idx, at + token.idx + len(token.text))
            for at, piece in _without_long_runs(sentence)
            for token in tokenizer(piece)
            if not token.is_space
        ]

    return split


def _without_long_runs(sentence: str) -> Iterator[tuple[int, str]]:
    """The sentence, or parts of it where it holds more characters without a blank than spaCy takes in good time."""
    if _LONG_RUN.search(sentence) is None:
        yield 0, sentence
        return
    for part in _PART.finditer(sentence):
        yield part.start(), part.group()


def abbreviations(code: str) -> frozenset[str]:
    """Abbreviations with a full stop that spaCy knows in a language."""
    if code in {"ja", "th", "zh"}:
        return frozenset()
    return frozenset(word for word in _spacy_tokenizer(code).rules if len(word) > 1 and word.endswith("."))


@cache
def _spacy_tokenizer(code: str) -> Any:
    spacy = require("spacy", extra="text")
    if code == "th":
        require("pythainlp", extra=ASIAN)
    return spacy.blank(code, config=CONFIGURATIONS.get(code, {})).tokenizer


def _chinese() -> Split:
    tokenize = require("rjieba", extra=ASIAN).tokenize

    def split(sentence: str) -> list[Span]:
        return [(start, end) for word, start, end in tokenize(sentence) if not word.isspace()]

    return split


def _japanese() -> Split:
    sudachipy = require("sudachipy", extra=ASIAN)
    require("sudachidict_core", extra=ASIAN)
    tokenizer = sudachipy.Dictionary(dict="core").tokenizer(mode=sudachipy.SplitMode.A)

    def split(sentence: str) -> list[Span]:
        return [
            (at + word.begin(), at + word.end())
            for at in range(0, len(sentence), LONGEST)
            for word in tokenizer.tokenize(sentence[at : at + LONGEST])
            if not word.surface().isspace()
        ]

    return split
