import io
import re
from dataclasses import replace

import pytest
from documents import HOSTILE, PNG, bars, hostile, rich
from pypdf import PdfReader

from pellucid.charts.steps import WaterfallStep, waterfall
from pellucid.reports.document import (
    Cell,
    Chart,
    Column,
    Document,
    Finding,
    Findings,
    MarkedText,
    Notice,
    Paragraph,
    Picture,
    Section,
    Table,
)
from pellucid.reports.pdf import render_pdf
from pellucid.reports.sections import sections_of


def pages_of(pdf):
    return [" ".join(plain(page.extract_text()).split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def plain(text):
    return re.sub("[\u200b\u2068\u2069]", "", text).replace("\xa0", " ")


def document(*blocks, **section):
    return Document(
        title="Report", subtitle="", sections=(Section(title="Part", anchor="part", blocks=blocks, **section),)
    )


def text_of(*blocks):
    return " ".join(pages_of(render_pdf(document(*blocks))))


@pytest.fixture(scope="module")
def pdf():
    return render_pdf(rich())


def test_equal_documents_give_equal_bytes(pdf):
    assert render_pdf(rich()) == pdf


def test_the_file_is_tagged_titled_and_in_english(pdf):
    reader = PdfReader(io.BytesIO(pdf))
    assert reader.metadata.title == "Bias and explanations: Adult"
    assert reader.metadata.creation_date is None
    assert reader.root_object["/Lang"] == "en"
    assert reader.root_object["/MarkInfo"]["/Marked"]
    assert b"pdfuaid" in reader.root_object["/Metadata"].get_data()


ENDING = ("Appendix: further findings", "Terms in the tables")


def test_what_was_found_comes_before_the_contents_and_further_findings_at_the_end(pdf):
    text = " ".join(pages_of(pdf))
    shown, further = "19.6 points less often", "What drives the predictions most is marital-status."
    assert text.index(shown) < text.index("Contents") < text.index("Appendix: further findings") < text.index(further)
    (said,) = re.findall(r"2 further findings stand on page (\d+)\.", text)
    assert further in pages_of(pdf)[int(said) - 1]


def test_contents_name_each_section_with_the_page_it_is_on(pdf):
    pages = pages_of(pdf)
    entry = re.compile(r"(?P<heading>\d(?:\.\d)? [A-Z][^.]*?)[ .]{5,}(?P<page>\d+)")
    entries = {found["heading"]: int(found["page"]) for found in entry.finditer(pages[0])}
    titles = [section.title for section in sections_of(rich())]
    assert [heading.split(" ", 1)[1] for heading in entries] == [*titles, *ENDING]
    pages[0] = entry.sub("", pages[0])
    assert {heading: [n for n, page in enumerate(pages, start=1) if heading in page] for heading in entries} == {
        heading: [page] for heading, page in entries.items()
    }
    assert set(entries.values()) == set(range(1, len(pages) + 1))


def test_bookmarks_lead_to_the_sections(pdf):
    reader = PdfReader(io.BytesIO(pdf))
    entries = [entry for entry in reader.outline if not isinstance(entry, list)]
    titles = [section.title for section in rich().sections]
    assert [plain(entry.title).split(" ", 1)[1] for entry in entries] == [*titles, *ENDING]


def test_pages_are_numbered_and_carry_the_title(pdf):
    pages = pages_of(pdf)
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
    assert all(page.startswith("Bias and explanations: Adult") for page in pages)


def test_every_cell_and_every_finding_is_printed(pdf):
    text = " ".join(pages_of(pdf))
    findings = rich().sections[0].blocks[0]
    assert all(item.text in text and item.certainty in text for item in findings.items)
    table = rich().sections[2].sections[0].blocks[1]
    for row in table.rows:
        for cell in row:
            assert (cell.text if isinstance(cell, Cell) else cell) in text
    assert "How the metrics are computed" in text


def test_meanings_are_explained_once_at_the_end(pdf):
    text = " ".join(pages_of(pdf))
    assert text.count("Disparate impact: q'_d / q'_a. Ranges over [0, infinity); 1 is parity.") == 1
    assert text.index("Terms in the tables", 500) < text.index("p-value Corrected for the number of metrics (Holm).")


def test_the_letters_of_a_chart_are_text(pdf):
    text = " ".join(pages_of(pdf))
    assert all(name in text for name in ("Accuracy difference", "difference of shares", "mean |Shapley value|"))


def test_waterfalls_share_a_page_and_say_every_step_with_its_margin():
    steps = [WaterfallStep(feature=f"feature {i}", value=0.5 - i / 20, cell="a value", margin=0.01) for i in range(12)]
    drawn = waterfall(steps, 0.0, 2.7, axis_title="Prediction (± 95 % interval)")
    charts = [
        Chart(title=f"Row {row}", specification=drawn, description="Said by the chart.", dense=True)
        for row in range(1, 4)
    ]
    pages = pages_of(render_pdf(document(*charts)))
    assert any(all(f": Row {row}" in page for row in (1, 2, 3)) for page in pages)
    assert sum(page.count("± 0.010") for page in pages) == 3 * 12
    assert not any("Said by the chart." in page for page in pages)


def test_tones_are_told_by_signs_with_their_meaning():
    tones = ("worse", "better", "uncertain", "suppressed")
    rows = tuple((Cell(text=tone, tone=tone),) for tone in tones)
    text = text_of(Table(caption="Tones", columns=(Column(title="Tone"),), rows=rows))
    assert "▼ worse" in text
    assert "▲ better" in text
    assert "◆ too little evidence" in text
    assert "× not shown: few people" in text
    assert "no clear difference" not in text


def test_marks_say_their_sign():
    text = text_of(MarkedText(runs=(("good", 0.5), (" and ", 0.0), ("bad", -0.25)), limit=0.5, caption="Review"))
    assert "good+ and bad−" in text.replace(" +", "+").replace(" −", "−")


def test_a_long_table_repeats_its_head_on_every_page():
    rows = tuple((f"row-{i}", f"{i}.5") for i in range(150))
    columns = (Column(title="Name of the row"), Column(title="Its number", align="right"))
    pages = pages_of(render_pdf(document(Table(caption="Long", columns=columns, rows=rows))))
    assert len(pages) >= 3
    assert all("Name of the row Its number" in page for page in pages)
    assert all(f"row-{i} {i}.5" in " ".join(pages) for i in range(150))


def test_a_table_wider_than_the_page_is_printed_in_parts():
    columns = tuple(Column(title=f"Column {i}", align="right") for i in range(40))
    text = text_of(Table(caption="Wide", columns=columns, rows=(("name", *(f"{i}.25" for i in range(1, 40))),)))
    assert "Wide (part 1 of " in text
    assert all(f"{i}.25" in text for i in range(1, 40))


@pytest.mark.slow
def test_hostile_names_are_printed_as_they_are():
    text = " ".join(pages_of(render_pdf(hostile())))
    compact = text.replace(" ", "")
    for name in HOSTILE[:3]:
        assert name.replace(" ", "") in compact
    assert "ab[U+202E]dc[U+2066]" in text
    assert "bell[U+0007]nul[U+0000]line[U+2028]sep[U+D800]" in text
    assert "characters left out" in text


@pytest.mark.slow
def test_no_text_starts_outside_the_page():
    for page in PdfReader(io.BytesIO(render_pdf(hostile()))).pages:
        places = []
        page.extract_text(visitor_text=lambda text, cm, tm, font, size, places=places: places.append((text, cm, tm)))
        width = float(page.mediabox.width)
        for text, cm, tm in places:
            if text.strip():
                assert 0 <= tm[4] * cm[0] + cm[4] <= width


@pytest.mark.parametrize("name", [*HOSTILE, "", " ", "\n", "\u0301", "=", "#import", "\U000e0067"])
def test_any_text_can_stand_anywhere(name):
    printed = render_pdf(
        Document(
            title=name,
            subtitle=name,
            sections=(
                Section(
                    title=name,
                    anchor=name,
                    blocks=(
                        Findings((Finding(text=name, tone="neutral", certainty=name, anchor=name),)),
                        Table(caption=name, columns=(Column(title=name, meaning=name),), rows=((name,),)),
                    ),
                ),
            ),
        )
    )
    assert PdfReader(io.BytesIO(printed)).pages


def test_a_character_that_no_font_holds_is_spelled_out():
    assert "before [U+E0001] after" in text_of(Paragraph("before \U000e0001 after"))


def test_a_chart_that_cannot_be_drawn_is_named_and_its_numbers_stay():
    numbers = Table(caption="Numbers", columns=(Column(title="Name"),), rows=(("golden 0.358",),))
    broken = Chart(title="Shares", specification={"mark": "no such mark"}, description="", table=numbers)
    text = text_of(broken, Paragraph("The rest."))
    assert "Missing. The chart “Shares” could not be drawn: " in text
    assert "golden 0.358" in text
    assert "The rest." in text


def test_a_picture_that_cannot_be_read_is_named():
    text = text_of(Picture(data=PNG[:40], media_type="image/png", description="A cat", caption="Image 3"))
    assert "Missing. The picture “Image 3” cannot be read." in text
    assert len(PdfReader(io.BytesIO(render_pdf(rich()))).pages[2].images) == 1


def test_two_sections_of_one_anchor_do_no_harm():
    section = Section(title="Twice", anchor="twice", blocks=(Notice("information", "once more"),))
    finding = Findings((Finding(text="Found", tone="worse", certainty="clear", anchor="twice"),))
    first = replace(section, blocks=(finding,))
    text = " ".join(pages_of(render_pdf(Document(title="T", subtitle="", sections=(first, section)))))
    assert "clear · page 1" in text


def test_numbers_of_a_chart_beyond_forty_rows_are_said_to_be_elsewhere():
    rows = tuple((f"row-{i}",) for i in range(50))
    numbers = Table(caption="Numbers", columns=(Column(title="Name"),), rows=rows)
    text = text_of(Chart(title="Many", specification=bars(("a",)), description="Many.", table=numbers))
    assert "row-39" in text
    assert "row-40" not in text
    assert "Note. 40 of 50 rows are printed; the web page and the notebook hold all." in text
