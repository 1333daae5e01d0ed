import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.reports.document import Cell, Notice
from pellucid.reports.legible import clamped, isolated, rewritten, spelled, visible

FIRST, LAST = "\u2068", "\u2069"


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff", "\ud800", "\uffff"]
)
def test_a_character_that_cannot_be_seen_is_spelled_out(character):
    assert visible(f"a{character}b") == f"a[U+{ord(character):04X}]b"


@pytest.mark.parametrize("text", ["plain", "two\nlines\tand a tab", "naïve €", "👩🏽‍⚕️", "نیم‌فاصله", "中文"])
def test_a_text_that_can_be_seen_stays_as_it_is(text):
    assert visible(text) == text


@given(st.text(st.characters(), max_size=40))
def test_a_legible_text_can_be_written_and_needs_no_second_look(text):
    seen = visible(text)
    seen.encode()
    assert visible(seen) == seen
    assert not any(unicodedata.category(character) in {"Cs", "Zl"} for character in seen)


@given(st.text(max_size=300), st.integers(10, 100))
def test_a_long_text_keeps_both_ends_and_says_how_much_is_left_out(text, limit):
    cut = clamped(text, limit)
    if len(text) <= limit:
        assert cut == text
    else:
        assert f"({len(text) - limit:,} characters left out)" in cut
        assert cut.startswith(text[: limit // 2].rstrip())
        assert cut.endswith(text[-(limit - limit // 2) :].lstrip())


def test_right_to_left_names_are_isolated_with_their_brackets():
    assert isolated("נקבה (אחרת): 19.6") == f"{FIRST}נקבה (אחרת){LAST}: 19.6"
    assert isolated("sex = أنثى (19.6)") == f"sex = {FIRST}أنثى{LAST} (19.6)"
    assert isolated("no such letters: é") == "no such letters: é"


@given(st.text(st.characters(exclude_characters=FIRST + LAST)))
def test_isolating_takes_nothing_away(text):
    assert isolated(text).replace(FIRST, "").replace(LAST, "") == text


def test_rewriting_reaches_every_text_and_nothing_else():
    value = (Cell(text="a", tone="worse", meaning="b"), Notice("warning", "c"), {"k": [b"d", 1, None]})
    assert rewritten(value, lambda text: text if text in {"worse", "warning", "neutral"} else text.upper()) == (
        Cell(text="A", tone="worse", meaning="B"),
        Notice("warning", "C"),
        {"K": [b"d", 1, None]},
    )


def test_a_character_is_spelled_by_its_code_point():
    assert spelled("\N{GRINNING FACE}") == "[U+1F600]"
