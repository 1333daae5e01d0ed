"""Texts of a report as HTML: escaped, readable whatever they hold, and unable to disturb the text around them."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from pellucid.reports.legible import isolated, visible

__all__ = ["clipped", "has_long_words", "html_text"]

UNDERSCORE = re.compile(r"_(?=\w)")
"""Where the name of a column may go on in the next line."""

PERCENT = re.compile(r"(?<=\d) (?=%)")
"""No line ends between a number and its unit."""

LONG_WORD = 28
"""Characters; a cell with a longer one breaks it, all others keep their words whole."""


def html_text(text: str) -> Markup:
    r"""A name or value of the data, or a sentence with some in it, as HTML.

    What is invisible is spelled out, and names that are written from right to left do not reorder numbers beside them.

    Examples
    --------
    >>> print(html_text("a < b\u202e"))
    a &lt; b[U+202E]
    >>> print(html_text("\u05d0 \u05d1: 19.6") == "<bdi>\u05d0 \u05d1</bdi>: 19.6")
    True
    """
    escaped = str(escape(isolated(visible(text))))
    # `visible` has spelled out isolates of the data, so these are ours.
    elements = escaped.replace("\u2068", "<bdi>").replace("\u2069", "</bdi>")
    elements = PERCENT.sub("\u00a0", UNDERSCORE.sub("_<wbr>", elements))
    return Markup(elements)  # noqa: S704 - escaped above


def clipped(text: str, length: int) -> str:
    """A text of at most ``length`` characters, cut in its middle, as long names often differ at their end only.

    Examples
    --------
    >>> clipped("education-num", 8)
    'educ…num'
    """
    if len(text) <= length:
        return text
    head = length // 2
    return f"{text[:head]}…{text[len(text) - (length - head - 1) :]}"


def has_long_words(text: str) -> bool:
    """Whether a narrow column has to break a word of this text.

    Examples
    --------
    >>> has_long_words("x" * 29), has_long_words("hours per week")
    (True, False)
    """
    return any(len(word) > LONG_WORD for word in text.split())
