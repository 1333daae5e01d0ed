"""What a tone and a notice are called where a report is printed or read in a notebook, and their signs."""

from __future__ import annotations

from collections.abc import Iterable

from pellucid.charts.theme import TONES
from pellucid.reports.document import Tone

__all__ = ["NOTICES", "SIGNS", "key_of"]

SIGNS: dict[Tone, str] = {"worse": "▼", "better": "▲", "neutral": "●", "uncertain": "◆", "suppressed": "×"}
"""The shapes that charts draw for them."""

NOTICES = {"warning": "Warning", "suppressed": "Not shown", "missing": "Missing", "information": "Note"}


def key_of(tones: Iterable[Tone]) -> list[tuple[Tone, str]]:
    """Tones that are used, each with its meaning, in a fixed order.

    Examples
    --------
    >>> key_of(["better", "worse", "better"])
    [('worse', 'worse for the group'), ('better', 'better for the group')]
    """
    met = set(tones)
    return [(tone, TONES[tone][0]) for tone in SIGNS if tone in met]
