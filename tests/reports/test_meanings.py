from pellucid.reports.document import Cell, Column, Table
from pellucid.reports.meanings import note_of, terms_of

LONG = "explained at length " * 4


def test_short_meanings_are_notes_below_their_value_and_all_others_are_terms():
    row = (
        Cell(text="DPL", meaning="a difference"),
        Cell(text="0.2", meaning="0.1 to 0.3"),
        Cell(text="x", meaning=LONG),
    )
    columns = (Column(title="Metric"), Column(title="Value", meaning="as printed"), Column(title="Reading"))
    hidden = tuple(Cell(text="not shown", meaning="too few", tone="suppressed") for _ in columns)
    table = Table(caption="", columns=columns, rows=(row, row, hidden))
    assert [note_of(cell, position) for position, cell in enumerate(row)] == ["", "0.1 to 0.3", ""]
    assert terms_of(table) == [
        ("Value", "as printed"),
        ("DPL", "a difference"),
        ("Reading", LONG),
        ("not shown", "too few"),
    ]
