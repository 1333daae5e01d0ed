import math
import re

import pytest
from documents import bars

from pellucid.reports.document import Chart, Notice
from pellucid.reports.drawing import FONTS, Drawing, draw, drawn_specification


def chart(specification):
    return Chart(title="Shares", specification=specification, description="Shares of two groups.")


def test_a_chart_is_as_wide_as_the_page_and_shows_its_names():
    drawing = draw(chart(bars(("one", "two"))))
    assert isinstance(drawing, Drawing)
    assert 600 <= drawing.width <= 640
    assert ">one</text>" in drawing.svg
    assert set(re.findall('font-family="([^"]*)"', drawing.svg)) == {FONTS}


def test_a_chart_is_drawn_alike_every_time():
    assert draw(chart(bars(("one",)))) == draw(chart(bars(("one",))))


def test_names_without_visible_characters_are_spelled_out():
    values = drawn_specification(bars(("nul\x00", "\ud800")))["data"]["values"]
    assert [value["name"] for value in values] == ["nul[U+0000]", "[U+D800]"]


@pytest.mark.parametrize(
    ("specification", "reason"),
    [
        ({"mark": "bar", "data": {"values": [{"x": math.nan}]}}, "Out of range float values are not JSON compliant"),
        ({"mark": object()}, "Object of type object is not JSON serializable"),
        ({}, "Error: Invalid specification"),
        ({"data": {"url": "http://127.0.0.1:9/x.csv"}, "mark": "bar"}, "External data url not allowed"),
    ],
)
def test_a_chart_that_cannot_be_drawn_is_a_notice_that_names_it(specification, reason):
    notice = draw(chart(specification))
    assert isinstance(notice, Notice)
    assert notice.kind == "missing"
    assert notice.text.startswith("The chart “Shares” could not be drawn: ")
    assert reason in notice.text
