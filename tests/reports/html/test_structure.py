"""The page without a browser: what stands where, that texts stay texts, and that nothing can leave it."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from documents import HOSTILE, bars, hostile, many_points, rich
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.charts import partial_dependence
from pellucid.reports.document import (
    Bullets,
    Cell,
    Chart,
    Code,
    Column,
    Disclosure,
    Document,
    Facts,
    Finding,
    Findings,
    MarkedText,
    Notice,
    Paragraph,
    Section,
    Table,
)
from pellucid.reports.html import render_html
from pellucid.reports.html.charts import PageCharts

VOID = {"meta", "link", "img", "path", "wbr"}


class Element:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent, self.children = tag, attributes, parent, []

    def walk(self):
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, tag, **attributes):
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [
            each
            for each in self.walk()
            if each.tag == tag and all(each.attributes.get(name) == value for name, value in wanted.items())
        ]

    @property
    def text(self):
        inner = "".join(child if isinstance(child, str) else child.text for child in self.children)
        return inner if self.tag in {"script", "style"} else " ".join(inner.split())


class Tree(HTMLParser):
    """Elements of a page, each closed where it was opened."""

    def __init__(self, html):
        super().__init__()
        self.root = self.here = Element("", {}, None)
        self.feed(html)
        self.close()
        assert self.here is self.root

    def handle_starttag(self, tag, attributes):
        element = Element(tag, dict(attributes), self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert tag == self.here.tag
        self.here = self.here.parent

    def handle_data(self, data):
        self.here.children.append(data)


def parsed(document):
    return Tree(render_html(document)).root


def one(*blocks, **attributes):
    section = Section(title="Part", anchor="part", blocks=blocks)
    return Document(**{"title": "Title", "subtitle": "Subtitle", "sections": (section,)} | attributes)


@pytest.fixture(scope="module")
def page():
    return parsed(rich())


def test_the_same_document_gives_the_same_page():
    assert render_html(rich()) == render_html(rich())


def test_the_page_is_english_and_named_after_the_report(page):
    assert [html.attributes["lang"] for html in page.all("html")] == ["en"]
    assert [title.text for title in page.all("title")] == ["Bias and explanations: Adult"]
    assert [heading.text for heading in page.all("h1")] == ["Bias and explanations: Adult"]


def test_headings_follow_the_sections(page):
    headings = [(each.tag, each.text) for each in page.walk() if re.fullmatch(r"h[1-6]", each.tag)]
    assert headings == [
        ("h1", "Bias and explanations: Adult"),
        ("h2", "What was found"),
        ("h2", "Data"),
        ("h2", "Bias"),
        ("h3", "Sex: labels"),
        ("h3", "Race"),
        ("h2", "Explanations"),
        ("h2", "Method and limits"),
        ("h3", "Configuration"),
        ("h2", "Notes"),
    ]


def test_every_link_of_the_page_leads_to_a_part_of_it(page):
    identities = [each.attributes["id"] for each in page.walk() if "id" in each.attributes]
    assert len(identities) == len(set(identities))
    links = [each.attributes["href"] for each in page.all("a")]
    assert all(link.startswith("#") and link[1:] in identities for link in links)
    references = ("popovertarget", "aria-labelledby", "aria-describedby")
    named = [each.attributes[name] for each in page.walk() for name in references if name in each.attributes]
    assert set(named) <= set(identities)


def test_the_contents_list_two_levels_of_sections(page):
    (contents,) = page.all("nav")
    assert [link.text for link in contents.all("a")][2:5] == ["Bias", "Sex: labels", "Race"]


def test_findings_after_the_first_ones_are_shown_on_demand(page):
    first, more = page.all("ol", class_="findings")
    assert [len(each.all("li")) for each in (first, more)] == [3, 2]
    assert more.parent.children[0].text == "2 more findings"
    assert more.attributes["start"] == "4"


def test_a_finding_says_its_tone_and_certainty_in_words(page):
    finding = page.all("li", class_="finding worse")[0]
    assert finding.text.startswith("worse for the group: Female applicants are approved 19.6 points less often")
    assert finding.all("span", class_="chip")[0].text == "Certainty:clear"


def without_button(cell):
    words = [child if isinstance(child, str) else child.children[0] for child in cell.children]
    return " ".join("".join(words).split())


def test_a_table_has_a_caption_and_names_its_columns_and_rows(page):
    table = page.all("table")[0]
    assert table.all("caption")[0].text == "Bias of the labels, sex = Female against the others"
    assert [without_button(cell) for cell in table.all("th", scope="col")] == [
        "Metric",
        "Value",
        "95 % interval",
        "p-value",
        "Rows",
        "Reading",
    ]
    assert [without_button(cell) for cell in table.all("th", scope="row")] == ["DPL", "DI", "AD", "TE", "FT"]
    assert [cell.text for cell in table.all("td")][:3] == [
        "worse for the group:0.196",
        "0.187 to 0.205",
        "< 0.001",
    ]


def test_a_meaning_stands_once_on_the_page_however_often_it_is_asked_for():
    cell = Cell(text="0.1", meaning="How to read it.")
    table = Table(caption="Table", columns=(Column(title="Row"), Column(title="Value")), rows=(("a", cell),))
    page = parsed(one(table, table))
    buttons = page.all("button", class_="meaning")
    assert [button.attributes["aria-label"] for button in buttons] == ["What it means: a, Value"] * 2
    (note,) = page.all("div", class_="note")
    assert {button.attributes["popovertarget"] for button in buttons} == {note.attributes["id"]}
    assert "How to read it." in note.text


def test_a_long_name_is_cut_in_its_middle_and_whole_on_demand():
    page = parsed(one(Facts((("a" * 500 + "b" * 500, "value"),))))
    (name,) = page.all("dt")
    assert name.text.startswith("a" * 80 + "…" + "b" * 79 + "show all")
    (note,) = page.all("p", class_="note-text")
    assert note.text == "a" * 500 + "b" * 500


def test_notices_say_their_kind():
    kinds = ("warning", "suppressed", "missing", "information")
    page = parsed(one(*(Notice(kind, "Text.") for kind in kinds)))
    assert [each.text for each in page.walk() if each.attributes.get("role") == "note"] == [
        "Warning. Text.",
        "Not shown. Text.",
        "Missing. Text.",
        "Note. Text.",
    ]


def test_marks_tell_their_direction_by_a_sign_and_their_strength_by_a_class():
    runs = (("good", 0.5), (" and ", 0.0), ("bad", -0.1), ("awful", -0.25))
    page = parsed(one(MarkedText(runs=runs, limit=0.5)))
    marks = page.all("p", class_="marked-text")[0].all("mark")
    assert [(mark.text, mark.attributes["class"], mark.attributes["title"]) for mark in marks] == [
        ("+good", "up strength-4", "+0.5"),
        ("−bad", "down strength-1", "−0.1"),
        ("−awful", "down strength-3", "−0.25"),
    ]


def test_a_chart_is_a_picture_its_specification_and_its_numbers(page):
    figure = page.all("figure", class_="chart")[1]
    assert figure.all("figcaption")[0].text == "Global importance"
    (picture,) = figure.all("img")
    assert picture.attributes["alt"] == "feature_1 matters most, 0.400 on average."
    svg = base64.b64decode(picture.attributes["src"].removeprefix("data:image/svg+xml;base64,")).decode()
    assert "marital-status" in svg
    (specification,) = figure.all("script", type="application/json")
    assert json.loads(specification.text)["mark"] == {"type": "bar", "tooltip": True}
    assert figure.all("details")[0].all("td")[0].text == "0.400"


def test_a_chart_that_cannot_be_drawn_says_so_and_shows_its_numbers():
    table = Table(caption="Numbers", columns=(Column(title="a"),), rows=(("1",),))
    chart = Chart(title="Broken", specification={"mark": "unheard-of"}, description="Text", table=table)
    page = parsed(one(chart, Paragraph("What follows.")))
    (figure,) = page.all("figure", class_="chart")
    assert "The chart “Broken” could not be drawn: " in figure.text
    assert "open" in figure.all("details", class_="numbers")[0].attributes
    assert not figure.all("script")
    assert page.all("p", class_="text")[0].text == "What follows."


def test_pictures_of_charts_stop_at_their_limit_and_a_chart_of_many_points_is_made_of_pixels():
    swarm = many_points().sections[0].blocks[0]
    few = Chart(title="Bars", specification=bars(["a", "b"]), description="Bars")
    charts = PageCharts()
    assert charts.prepare(swarm).picture.startswith("data:image/png;base64,")
    picture = charts.prepare(few).picture
    assert picture.startswith("data:image/svg+xml;base64,")
    limited = PageCharts(limit=len(picture))  # the chart that reaches the limit still has its picture
    assert [bool(limited.prepare(few).picture) for _ in range(2)] == [True, False]
    assert limited.prepare(few).specification


@pytest.mark.slow
def test_a_report_on_sixty_features_weighs_less_than_two_megabytes():
    """How many rows there were does not matter: charts hold samples and curves."""
    points = np.linspace(0, 1, 20)
    columns = (Column(title="Value"), Column(title="Mean prediction", align="right"))
    rows = tuple((f"{point:.3g}", f"{point**2:.3g}") for point in points)
    curves = [
        Chart(
            title=f"Mean prediction by feature_{i}",
            specification=partial_dependence(points, points**2, feature=f"feature_{i}", distribution=points),
            description="The mean prediction rises.",
            table=Table(caption=f"Mean prediction by feature_{i}", columns=columns, rows=rows),
        )
        for i in range(60)
    ]
    page = render_html(one(*many_points().sections[0].blocks, *curves))
    assert 1_000_000 < len(page.encode()) < 2_000_000


def test_the_theme_of_all_charts_stands_in_the_page_once():
    chart = Chart(title="Bars", specification={**bars(["a"]), "config": {"bar": {"color": "red"}}}, description="Bars")
    page = parsed(one(chart))
    (specification,) = page.all("script", type="application/json", class_="specification")
    assert "config" not in json.loads(specification.text)
    (themes,) = page.all("script", id="_themes")
    assert set(json.loads(themes.text)) == {"light", "dark"}


def test_the_policy_allows_the_page_its_own_scripts_and_styles_and_no_request(page):
    (policy,) = [meta.attributes["content"] for meta in page.all("meta", **{"http-equiv": "Content-Security-Policy"})]
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}

    def digest(element):
        return f"'sha256-{base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()}'"

    (script,) = [each for each in page.all("script") if "type" not in each.attributes]
    (style,) = page.all("style")
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == ["'none'"]
    assert rules["style-src"] == [digest(style)]
    assert rules["script-src"][0] == digest(script)
    assert len(rules["script-src"]) == 2
    assert rules["img-src"] == ["data:"]
    assert "connect-src" not in rules


def test_nothing_in_the_page_refers_to_an_address_elsewhere(page):
    addresses = [
        value for each in page.walk() for name, value in each.attributes.items() if name in {"src", "href", "srcset"}
    ]
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert not [each for each in page.walk() if "style" in each.attributes]
    assert not [name for each in page.walk() for name in each.attributes if name.startswith("on")]


def test_hostile_names_add_no_element():
    page = parsed(hostile())
    assert len([each for each in page.all("script") if "type" not in each.attributes]) == 1
    assert not [image for image in page.all("img") if not image.attributes["src"].startswith("data:")]
    shown = " ".join(page.text.split())
    for name in HOSTILE[:5]:
        assert " ".join(name.split()) in shown


def test_names_that_would_reorder_numbers_are_spelled_out_or_isolated():
    page = parsed(one(Paragraph("ab\u202edc: 19.6"), Paragraph("\u05d0\u05d1: 19.6")))
    override, hebrew = page.all("p", class_="text")
    assert override.text == "ab[U+202E]dc: 19.6"
    assert [isolated.text for isolated in hebrew.all("bdi")] == ["\u05d0\u05d1"]


def test_the_page_can_be_written_as_utf_8_whatever_the_names_are():
    assert render_html(hostile()).encode("utf-8")


def test_files_for_download_are_named_after_the_report():
    table = Table(caption="Table", columns=(Column(title="a"),), rows=())
    (button,) = parsed(one(table, name="../../harm")).all("button", class_="download")
    assert button.attributes["data-name"] == "harm-1.csv"


def in_every_block(text):
    table = Table(caption=text, columns=(Column(title=text, meaning=text),), rows=((Cell(text=text, meaning=text),),))
    blocks = (
        Paragraph(text),
        Bullets((text,)),
        Notice("missing", text),
        Findings((Finding(text=text, tone="uncertain", certainty=text),)),
        Facts(((text, text),)),
        table,
        MarkedText(runs=((text, 1.0), (text, 0.0)), limit=1.0, caption=text),
        Code(text, language=text),
        Disclosure(title=text, blocks=(Paragraph(text),)),
    )
    section = Section(title=text, anchor="part", blocks=blocks)
    return Document(title=text, subtitle=text, sections=(section,), name=text)


@settings(max_examples=40)
@given(st.text(alphabet=st.characters(), min_size=1, max_size=40))
def test_any_text_stays_text_in_every_block(text):
    def tags(document):
        elements = parsed(document).walk()
        return [
            each.tag for each in elements if each.tag not in {"bdi", "wbr"} and each.attributes.get("class") != "kept"
        ]

    assert tags(in_every_block(text)) == tags(in_every_block("x"))
