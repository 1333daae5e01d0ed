"""Blocks of text as Markdown in which names and values of the data are only text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import assert_never

from pellucid.reports.document import Bullets, Code, Facts, Finding, Findings, Notice, Paragraph
from pellucid.reports.legible import clamped, isolated, visible
from pellucid.reports.signs import NOTICES, SIGNS, key_of

__all__ = ["TextBlock", "escaped", "markdown_of"]

TextBlock = Paragraph | Bullets | Notice | Findings | Facts | Code

LONGEST = 2000
"""Characters of a text beyond which its middle is left out."""

MARKUP = re.compile(r"[\\`*_\[\]{}()<>&~$|#!\"']|^[-+=]|^\d{1,9}[.)]|://|(?<=www)\.|@", re.MULTILINE)


def escaped(text: str) -> str:
    """``text`` on one line, none of which is read as Markdown, as HTML, as a formula or as an address.

    Examples
    --------
    >>> escaped("a*b <c>")
    'a&#42;b &#60;c&#62;'
    """
    plain = " ".join(clamped(isolated(visible(text)), LONGEST).split())
    return MARKUP.sub(lambda found: "".join(_entity(character) for character in found.group()), plain)


def _entity(character: str) -> str:
    # Formulas are looked for in the finished page, but never across an element.
    return "<span>&#36;</span>" if character == "$" else f"&#{ord(character)};"


def markdown_of(block: TextBlock, titles: Mapping[str, str]) -> str:
    """A block as Markdown; ``titles`` are those of sections, by their anchors."""
    match block:
        case Paragraph():
            return _lines(block.text)
        case Bullets():
            marks = [f"{number}." if block.numbered else "-" for number in range(1, len(block.items) + 1)]
            return "\n".join(f"{mark} {_lines(item)}" for mark, item in zip(marks, block.items, strict=True))
        case Notice():
            return f"> **{NOTICES[block.kind]}.** {_lines(block.text)}"
        case Findings():
            return _findings(block, titles)
        case Facts():
            return "\n".join(f"- {escaped(name)}: **{escaped(value)}**" for name, value in block.items)
        case Code():
            return _fenced(block)
        case _:
            assert_never(block)


def _lines(text: str) -> str:
    return "<br>".join(escaped(line) for line in text.split("\n"))


def _findings(block: Findings, titles: Mapping[str, str]) -> str:
    items = [f"- {_finding(finding, titles)}" for finding in block.items]
    shown, more = "\n".join(items[: block.shown]), "\n".join(items[block.shown :])
    if more:
        count = len(items) - block.shown
        shown += f"\n\n<details><summary>{count} more</summary>\n\n{more}\n\n</details>"
    key = " · ".join(f"{SIGNS[tone]} {meaning}" for tone, meaning in key_of(item.tone for item in block.items))
    return f"{shown}\n\n<small>{key}</small>"


def _finding(finding: Finding, titles: Mapping[str, str]) -> str:
    where = f"; see {escaped(titles[finding.anchor])}" if finding.anchor in titles else ""
    return f"{SIGNS[finding.tone]} {escaped(finding.text)} *({escaped(finding.certainty)}{where})*"


def _fenced(block: Code) -> str:
    text = visible(block.text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    language = block.language if re.fullmatch("[a-z]{1,12}", block.language) else ""
    return f"{fence}{language}\n{text}\n{fence}"
