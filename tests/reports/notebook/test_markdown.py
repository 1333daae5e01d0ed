from html import unescape

import pytest
from documents import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from pellucid.reports.document import Bullets, Code, Facts, Finding, Findings, Notice, Paragraph
from pellucid.reports.notebook.markdown import MARKUP, escaped, markdown_of


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1, max_size=60))
def test_a_text_is_read_back_as_it_was(text):
    markdown = escaped(text)
    assert unescape(markdown.replace("<span>", "").replace("</span>", "")) == text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_holds_no_markup(name):
    markdown = escaped(name)
    assert "\n" not in markdown
    without = markdown.replace("<span>&#36;</span>", "")
    assert not set("<>`*_[]$\\|") & set(without)


@pytest.mark.parametrize("text", ["# no heading", "- no bullet", "+ none", "1. no number", "=== none"])
def test_the_start_of_a_line_is_no_markup_either(text):
    assert escaped(text).startswith("&#")


def test_addresses_and_formulas_stay_text():
    assert escaped("http://a.b www.c.d e@f $x$") == (
        "http&#58;&#47;&#47;a.b www&#46;c.d e&#64;f <span>&#36;</span>x<span>&#36;</span>"
    )
    assert MARKUP.search("plain words, 19.6 %; n = 32,561") is None


def test_each_block_has_its_form():
    titles = {"sex": "Sex: labels"}
    finding = Finding(text="Less often.", tone="worse", certainty="clear", anchor="sex")
    assert markdown_of(Paragraph("One.\nTwo."), titles) == "One.<br>Two."
    assert markdown_of(Bullets(("one", "two"), numbered=True), titles) == "1. one\n2. two"
    assert markdown_of(Bullets(("one", "two")), titles) == "- one\n- two"
    assert markdown_of(Notice("suppressed", "Too few."), titles) == "> **Not shown.** Too few."
    assert markdown_of(Facts((("Rows", "10"),)), titles) == "- Rows: **10**"
    assert markdown_of(Code("a\n```\nb", "json"), titles) == "````json\na\n```\nb\n````"
    assert markdown_of(Findings((finding,)), titles) == (
        "- ▼ Less often. *(clear; see Sex: labels)*\n\n<small>▼ worse for the group</small>"
    )


def test_findings_after_the_first_are_folded():
    findings = Findings(tuple(Finding(text=f"F{i}.", tone="better", certainty="clear") for i in range(3)), shown=1)
    assert markdown_of(findings, {}) == (
        "- ▲ F0. *(clear)*\n\n<details><summary>2 more</summary>\n\n- ▲ F1. *(clear)*\n- ▲ F2. *(clear)*\n\n</details>"
        "\n\n<small>▲ better for the group</small>"
    )
