"""Text for a terminal or a notebook, which must not be read as commands to it."""

from __future__ import annotations

__all__ = ["on_one_line"]


def on_one_line(text: str) -> str:
    r"""Text with every character that does not print written as its escape.

    >>> on_one_line("a\x1b[31mb\n")
    'a\\x1b[31mb\\n'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
