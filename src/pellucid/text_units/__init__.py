"""Texts as paragraphs, sentences and tokens, in every language that Clarify knows, without any download."""

from pellucid.text_units.split import LANGUAGE_CODES, splitter

__all__ = ["LANGUAGE_CODES", "splitter"]
