import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.reports.document import Cell, Column, Table
from pellucid.reports.pdf.table_layout import PAGE_WIDTH, breakable, lay_out


def table(*columns, rows=1, cell="0.196"):
    titled = tuple(Column(title=title, align="right") for title in columns)
    return Table(caption="Table", columns=titled, rows=((cell,) * len(columns),) * rows)


def test_a_small_table_keeps_the_largest_text_and_its_own_width():
    (part,) = lay_out(table("Metric", "Value"))
    assert part.columns == (0, 1)
    assert part.size == 9
    assert sum(part.widths) < PAGE_WIDTH / 2


def test_a_table_with_much_text_fills_the_page():
    (part,) = lay_out(table("Metric", "Reading", cell="many words that make up a sentence " * 5))
    assert sum(part.widths) == pytest.approx(PAGE_WIDTH, abs=0.1)


def test_a_wide_table_gets_smaller_text():
    (part,) = lay_out(table(*(f"Column {i}" for i in range(12))))
    assert part.size < 9


def test_a_note_below_a_value_has_its_place():
    noted = Cell(text="1", meaning="Interval 0.341-to-0.376-exactly")
    columns = (Column(title="A"), Column(title="B", align="right"))
    (plain,), (with_note,) = (lay_out(Table(caption="", columns=columns, rows=(("x", cell),))) for cell in ("1", noted))
    assert with_note.widths[1] > plain.widths[1]
    assert with_note.widths[0] == plain.widths[0]


def test_what_is_left_goes_to_the_longest_texts():
    sentence = "a sentence that goes on and on " * 5
    columns = (Column(title="Name"), Column(title="Value", align="right"), Column(title="Reading"))
    (part,) = lay_out(Table(caption="", columns=columns, rows=(("Accuracy difference (AD)", "0.196", sentence),)))
    assert part.widths[2] > 2 * part.widths[0] > 2 * part.widths[1]


def test_a_table_wider_than_the_page_is_set_in_parts_that_repeat_its_first_column():
    parts = lay_out(table(*(f"Column {i}" for i in range(40))))
    assert len(parts) > 1
    assert {part.columns[0] for part in parts} == {0}
    assert [column for part in parts for column in part.columns[1:]] == list(range(1, 40))
    # None holds a column or two that the others left over.
    assert min(len(part.columns) for part in parts) > max(len(part.columns) for part in parts) / 2


@given(
    st.lists(st.text(max_size=60), min_size=1, max_size=30),
    st.text(max_size=200),
    st.sampled_from(["left", "right"]),
    st.sampled_from(["neutral", "worse"]),
)
def test_no_part_is_wider_than_the_page(titles, cell, align, tone):
    columns = tuple(Column(title=breakable(title), align=align) for title in titles)
    row = tuple(Cell(text=breakable(cell), tone=tone) for _ in titles)
    for part in lay_out(Table(caption="", columns=columns, rows=(row,))):
        assert sum(part.widths) <= PAGE_WIDTH + 0.01 * len(titles)
        assert all(width > 0 for width in part.widths)


def test_a_table_without_columns_or_rows_has_a_layout():
    assert [part.columns for part in lay_out(Table(caption="", columns=(Column(title="A"),), rows=()))] == [(0,)]
    assert [part.columns for part in lay_out(Table(caption="", columns=(), rows=()))] == [()]


@given(st.text(st.characters(exclude_characters="\u200b")))
def test_places_to_break_change_no_character(text):
    assert breakable(text).replace("\u200b", "") == text


def test_long_words_break_at_their_seams_and_emoji_never_inside():
    assert breakable("capitalGainOrLoss").split("\u200b") == ["capital", "Gain", "Or", "Loss"]
    assert breakable("x" * 30).split("\u200b") == ["x" * 14, "x" * 14, "xx"]
    nurse = "👩🏽‍⚕️"
    assert set(breakable(nurse * 20).split("\u200b")) == {nurse * 14, nurse * 6}
