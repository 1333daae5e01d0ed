"""How a text falls into parts."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Span", "Split"]

Span = tuple[int, int]
"""Start and end of a part of a text, in characters, the end excluded."""

Split = Callable[[str], list[Span]]
"""Gives the parts of a text in order. They do not overlap, are not empty, and begin and end with no white space; what
lies between them belongs to none."""
