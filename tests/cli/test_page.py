"""What is shown is the same on a terminal and in a file; a file gets it unfolded."""

import io
import os
import sys

import pytest
from rich.text import Text

from pellucid.cli.page import Column, Grid, Item, Line, Row, plain_text, show

TABLE = Grid(
    (Column("metric", whole=True, least=8), Column("value", right=True), Column("what it says")),
    (
        Row((Line("DPL"), Line("0.25", "bold"), Line("F is hired less often", "yellow"))),
        Row((Line("DI"), Line("-1.125"), Line("two\nlines")), "dim"),
    ),
    title="Labels",
    indent=2,
)
PARTS = [Line("Bias report", "bold"), Item("!", Line("few rows", faint=" (n = 9)."), "yellow"), TABLE]
SHOWN = """\
Bias report
! few rows (n = 9).
  Labels
  metric     value  what it says
  DPL         0.25  F is hired less often
  DI        -1.125  two lines
"""


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def shown(monkeypatch):
    """What is printed of parts, with some of the environment."""

    def printed(parts, stream, **environment):
        for name in ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "stdout", stream)
        show(parts)
        return stream.getvalue()

    return printed


def test_a_file_gets_plain_text(shown):
    assert shown(PARTS, io.StringIO()) == SHOWN


def test_a_reader_that_has_gone_is_found_while_the_command_still_runs(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        monkeypatch.delenv("COLUMNS", raising=False)
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(BrokenPipeError):
            show([Line("few words")])
        os.dup2(os.open(os.devnull, os.O_WRONLY), writing)  # what is still in the buffer is written on closing


def test_long_lines_of_a_file_are_not_folded():
    line = "word " * 100 + "end"
    assert plain_text([Line(line)]) == f"{line}\n"
    grid = Grid((Column("metric"), Column("said")), (Row((Line("DPL"), Line(line))),))
    assert plain_text([grid]).splitlines()[1] == f"DPL     {line}"


@pytest.mark.parametrize(
    ("stream", "environment"),
    [(Terminal(), {"COLUMNS": "60", "TERM": "xterm"}), (io.StringIO(), {"COLUMNS": "60"})],
    ids=["terminal", "width asked for"],
)
def test_rich_shows_the_same_words_where_there_is_a_width(shown, stream, environment):
    lines = [line.rstrip() for line in shown(PARTS, stream, NO_COLOR="1", **environment).splitlines()]
    words = " ".join(lines).replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[2m", "").replace("\x1b[3m", "")
    assert words.split() == SHOWN.split()


def test_colours_are_shown_where_they_are_asked_for(shown):
    assert "\x1b[1" in shown([Line("Bias report", "bold")], io.StringIO(), FORCE_COLOR="1", TERM="xterm")


def test_parts_that_are_rich_s_own_are_shown_by_rich(shown):
    assert shown([Line("above"), Text("below")], io.StringIO()).split() == ["above", "below"]


def test_columns_stand_in_line_where_characters_are_wide_or_join():
    grid = Grid(
        (Column("name"), Column("n")), tuple(Row((Line(name), Line("1"))) for name in ("東京", "e\u0301te", "city"))
    )
    assert plain_text([grid]).splitlines()[1:] == ["東京  1", "e\u0301te   1", "city  1"]
