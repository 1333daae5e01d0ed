"""Choose how texts of a language fall into units."""

from __future__ import annotations

import re
from functools import cache
from typing import get_args

from pellucid.config.languages import LANGUAGES, language_code
from pellucid.config.methods import Granularity
from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.protocols.text import Span, Split
from pellucid.records import dataclass

__all__ = ["LANGUAGE_CODES", "Splitter", "known_language", "paragraphs", "splitter"]

LANGUAGE_CODES = (*LANGUAGES.values(), "ko")
"""Clarify's languages, and Korean."""

_HALF_A_PAIR = re.compile(r"[\ud800-\udfff]")
"""Characters that cannot be written as UTF-8: what is left of an emoji where a text was cut within it."""
_LINE = re.compile(r"\S(?:[^\r\n\v\f\x85\u2028\u2029]*\S)?")


@dataclass(frozen=True, slots=True)
class Splitter:
    """Gives the units of texts; can be sent to another process, where what it needs is loaded anew.

    Parameters
    ----------
    language
        Code.
    granularity
        ``token``, ``sentence`` or ``paragraph``.
    """

    language: str
    granularity: str

    def __call__(self, text: str) -> list[Span]:
        """Where the units lie."""
        # Of equal length, so that positions hold.
        return _split(self.language, self.granularity)(_HALF_A_PAIR.sub("\ufffd", text))


def splitter(language: str, granularity: str) -> Splitter:
    """What gives the units of texts.

    Tokens are words, parts of contractions ("do", "n't") and punctuation. A token lies in one sentence and a sentence
    in one paragraph; a line break ends a paragraph.

    Parameters
    ----------
    language
        Name or code, in any case: "german", "de".
    granularity
        ``token``, ``sentence`` or ``paragraph``.

    Raises
    ------
    ConfigError
        There is no such language or granularity.
    MissingExtra
        A package for the language is not installed.

    Examples
    --------
    >>> split, text = splitter("en", "sentence"), "Dr. Bell paid $3.50. She can't stay."
    >>> [text[start:end] for start, end in split(text)]
    ['Dr. Bell paid $3.50.', "She can't stay."]
    >>> [text[start:end] for start, end in splitter("english", "token")(text)][-5:]
    ['She', 'ca', "n't", 'stay', '.']
    """
    if granularity not in get_args(Granularity):
        fix = f"Use a unit of text; {did_you_mean(granularity, get_args(Granularity))}"
        raise ConfigError(Problem("granularity", granularity, fix=fix))
    found = Splitter(known_language(language), granularity)
    found("")  # a package that is missing is told now
    return found


def known_language(language: str) -> str:
    """Code of a language.

    Raises
    ------
    ConfigError
        There is no such language.
    """
    code = "ko" if language.lower() in {"ko", "korean"} else language_code(language)
    if code is None:
        near = did_you_mean(language, [*LANGUAGES, *LANGUAGES.values()])
        fix = "Use the name or the code of a language, such as 'german' or 'de'"
        raise ConfigError(Problem("language", language, fix=f"{fix}; {near}" if near.startswith("did") else f"{fix}."))
    return code


@cache
def _split(code: str, granularity: str) -> Split:
    if granularity == "paragraph":
        return paragraphs
    from pellucid.text_units.sentences import sentences_of

    sentences = within(paragraphs, sentences_of(code))
    if granularity == "sentence":
        return sentences
    from pellucid.text_units.tokens import tokens_of

    return within(sentences, tokens_of(code))


def paragraphs(text: str) -> list[Span]:
    r"""Lines that hold anything.

    >>> paragraphs("One.  \n\n Two, three.\n")
    [(0, 4), (9, 20)]
    """
    return [match.span() for match in _LINE.finditer(text)]


def within(outer: Split, inner: Split) -> Split:
    """The parts that ``inner`` gives of each part that ``outer`` gives."""

    def split(text: str) -> list[Span]:
        found = []
        for start, end in outer(text):
            for first, last in inner(text[start:end]):
                # Tokenizers differ in which control characters they take for white space.
                part = text[start + first : start + last]
                kept = part.strip()
                if kept:
                    at = start + first + part.index(kept)
                    found.append((at, at + len(kept)))
        return found

    return split
