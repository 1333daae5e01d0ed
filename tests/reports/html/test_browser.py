"""The page in a real browser: drawn, quiet, accessible, and as wide as its window."""

import base64
import html as markup
import io
import unicodedata
from importlib.resources import files
from pathlib import Path

import pytest
from documents import hostile, many_points, rich
from pypdf import PdfReader
from selenium.webdriver.common.keys import Keys
from waiting import wait_until

from pellucid.api.job import run_job
from pellucid.reports.content import build_document
from pellucid.reports.html import render_html
from pellucid.reports.source import read_source

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report():
    return render_html(rich())


@pytest.fixture(scope="module")
def hostile_report():
    return render_html(hostile())


@pytest.fixture(scope="module")
def report_of_many_points():
    return render_html(many_points())


@pytest.fixture(scope="module")
def demo_report(tmp_path_factory):
    """What ``pellucid demo`` shows."""
    output = tmp_path_factory.mktemp("demo")
    demo = files("pellucid") / "demo"
    run_job(Path(str(demo / "analysis_config.json")), output=output, data=str(demo / "adult.parquet"))
    return render_html(build_document(read_source(output)))


LIVE = "[...document.querySelectorAll('figure.chart .live')]"


@pytest.mark.parametrize("document", ["report", "hostile_report", "report_of_many_points", "demo_report"])
def test_every_chart_is_drawn_and_neither_the_console_nor_the_network_hears_of_it(browser, request, document):
    browser.open(request.getfixturevalue(document))
    browser.draw_all()
    charts, drawn = browser.run(
        f"return [{LIVE}.length, {LIVE}.filter(e => !e.hidden && e.querySelector('svg')).length]"
    )
    assert charts == drawn > 0
    assert browser.run("return [...document.querySelectorAll('.picture')].every(e => e.offsetHeight === 0)")
    assert browser.run("return window.harmed === undefined")
    assert not browser.run(f"return {LIVE}.some(e => /NaN|undefined|Infinity/.test(e.innerHTML))")
    assert browser.complaints == []
    assert [address for address in browser.requests if not address.startswith("data:")] == [
        (browser.folder / "page.html").as_uri()
    ]


def test_the_policy_stops_what_a_foreign_script_would_do(browser, report):
    browser.open(report)
    refused = browser.driver.execute_async_script(
        """
        const done = arguments[0], refused = new Set();
        document.addEventListener("securitypolicyviolation", (event) => refused.add(event.effectiveDirective));
        fetch("http://127.0.0.1:9/").catch(() => {});
        document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/" }));
        document.body.append(Object.assign(document.createElement("script"), { textContent: "window.harmed = 1" }));
        document.body.insertAdjacentHTML("beforeend", "<p style='color: red'>");
        const look = () => (refused.size < 4 ? setTimeout(look, 20) : done([...refused].sort()));
        look();
        """
    )
    assert refused == ["connect-src", "img-src", "script-src-elem", "style-src-attr"]
    assert browser.run("return window.harmed === undefined")
    browser.complaints  # noqa: B018 - the violations above


@pytest.mark.parametrize("document", ["report", "hostile_report", "demo_report"])
def test_the_page_never_scrolls_sideways(browser, request, document):
    browser.open(request.getfixturevalue(document), width=1280)
    browser.run("document.querySelectorAll('details').forEach(e => { e.open = true })")
    browser.draw_all()
    beyond = {}
    for width in (1280, 1023, 768, 390, 320):
        browser.resize(width)
        browser.wait(f"innerWidth === {width}")
        browser.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        page = "document.documentElement"
        beyond[width] = browser.run(f"return {page}.scrollWidth - {page}.clientWidth")
    assert beyond == dict.fromkeys(beyond, 0)


@pytest.mark.parametrize(
    ("document", "width", "dark"),
    [("report", 1280, False), ("report", 1280, True), ("report", 390, False), ("demo_report", 390, True)],
)
def test_axe_finds_nothing_serious(browser, request, document, width, dark):
    browser.open(request.getfixturevalue(document), width=width, dark=dark)
    browser.draw_all()
    browser.run("document.querySelectorAll('details').forEach(e => { e.open = true })")
    browser.run("document.querySelectorAll('.note')[0].showPopover()")
    assert browser.audit() == []


def test_charts_follow_the_theme_of_the_page(browser, report):
    def ink():
        return browser.run("return document.querySelector('.live .mark-text text').getAttribute('fill')")

    browser.open(report, dark=True)
    browser.draw_all()
    assert ink() == "#eceff4"
    browser.run("document.querySelector('button.theme').click()")
    browser.wait("document.querySelector('.live .mark-text text')?.getAttribute('fill') === '#1d2129'")
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.run("return document.querySelector('button.theme').ariaPressed") == "false"
    browser.run("localStorage.clear()")


def focused(browser):
    return browser.run("return document.activeElement.className || document.activeElement.tagName")


def test_the_keyboard_reaches_and_opens_everything(browser, report):
    browser.open(report)
    keyboard = browser.driver.switch_to
    stops = []
    for _ in range(60):
        keyboard.active_element.send_keys(Keys.TAB)
        stops.append(focused(browser))
        if stops[-1] == "meaning":
            break
    assert stops[:2] == ["skip", "theme"]
    assert {"A", "anchor", "SUMMARY", "meaning"} <= set(stops)

    keyboard.active_element.send_keys(Keys.ENTER)
    browser.wait("document.querySelector('.note:popover-open')")
    keyboard.active_element.send_keys(Keys.ESCAPE)
    browser.wait("!document.querySelector('.note:popover-open')")
    assert focused(browser) == "meaning"

    browser.run("document.querySelector('details.disclosure summary').focus()")
    keyboard.active_element.send_keys(Keys.ENTER)
    browser.wait("document.querySelector('details.disclosure').open")


def test_a_note_opens_beside_what_it_explains(browser, report):
    browser.open(report, width=390)
    browser.run("document.querySelector('button.meaning').scrollIntoView({block: 'center', behavior: 'instant'})")
    browser.run("document.querySelector('button.meaning').click()")
    browser.wait("document.querySelector('.note:popover-open')?.style.top")
    button, note = (
        browser.run(f"return document.querySelector('{which}').getBoundingClientRect().toJSON()")
        for which in ("button.meaning", ".note:popover-open")
    )
    assert 0 <= note["top"] - button["bottom"] < 20
    assert note["left"] >= 0
    assert note["right"] <= 390


def test_the_contents_open_on_a_narrow_screen_and_close_behind_a_chosen_section(browser, report):
    browser.open(report, width=390)
    visible = "document.querySelector('nav').checkVisibility()"
    assert browser.run(f"return {visible}") is False
    browser.run("document.querySelector('.open-contents').click()")
    browser.wait(visible)
    browser.run("document.querySelector('nav a[href=\"#explanations\"]').click()")
    browser.wait(f"!({visible})")
    browser.wait("Math.abs(document.getElementById('explanations').getBoundingClientRect().top) < 120")
    assert browser.run("return document.activeElement.id") == "explanations"


def printed(browser):
    data = browser.devtools("Page.printToPDF", {"preferCSSPageSize": True})["data"]
    pages = PdfReader(io.BytesIO(base64.b64decode(data))).pages
    # Fonts may draw two letters, such as ff, as one sign.
    return unicodedata.normalize("NFKC", " ".join(" ".join(page.extract_text() for page in pages).split()))


@pytest.mark.parametrize("javascript", [True, False])
def test_print_holds_what_the_screen_shows_on_demand(browser, report, javascript):
    browser.open(report, javascript=javascript)
    text = printed(browser)
    assert "Female applicants are approved 19.6 points less often" in text
    assert "What drives the predictions most is marital-status." in text  # behind "more findings"
    assert "Every metric is a function of the counts of the two groups." in text  # in a disclosure
    assert "Corrected for the number of metrics (Holm)." in text  # a meaning
    assert "difference of shares" in text  # an axis of a chart
    assert "Dark theme" not in text
    browser.devtools("Emulation.setScriptExecutionDisabled", {"value": False})


def test_without_javascript_charts_are_pictures_and_everything_opens(browser, report):
    browser.open(report, javascript=False)
    browser.paint()
    browser.devtools("Emulation.setScriptExecutionDisabled", {"value": False})
    state = browser.run(
        """
        return {
          drawn: document.querySelectorAll(".live svg").length,
          pictures: [...document.querySelectorAll(".picture")].map((e) => e.naturalWidth > 300 && e.offsetHeight > 50),
          buttons: [...document.querySelectorAll("button.theme, button.download")].filter((e) => e.offsetHeight).length,
        }
        """
    )
    assert state == {"drawn": 0, "pictures": [True, True], "buttons": 0}


def framed(page, attributes=""):
    return f'<!doctype html><iframe {attributes} srcdoc="{markup.escape(page)}" width=900 height=700></iframe>'


def test_the_page_works_inside_a_notebook(browser, report):
    """A notebook shows it in a frame without an address: a link must not load the notebook into the frame."""
    frame = (
        f'<!doctype html><title>Notebook</title><iframe srcdoc="{markup.escape(report)}" width=900 height=700></iframe>'
    )
    browser.open(frame)
    browser.driver.switch_to.frame(0)
    try:
        browser.draw_all()
        assert browser.run(f"return {LIVE}.every(e => !e.hidden && e.querySelector('svg'))")
        browser.run("document.querySelector('.chips a').click()")
        browser.wait("document.activeElement.id === 'sex-labels'")
        assert browser.run("return document.querySelector('h1').textContent") == "Bias and explanations: Adult"
    finally:
        browser.driver.switch_to.default_content()
    assert browser.complaints == []


def test_a_frame_that_runs_no_script_shows_the_pictures(browser, report):
    browser.open(framed(report, "sandbox"))
    text = printed(browser)
    assert "Female applicants are approved 19.6 points less often" in text


def test_a_table_is_downloaded_as_csv_with_whole_names_and_harmless_formulas(browser, hostile_report):
    browser.open(hostile_report)
    browser.run(
        """
        const table = [...document.querySelectorAll(".table")].at(0);
        table.querySelector("tbody td").textContent = "=1+1";
        table.querySelector("button.download").click();
        """
    )
    file = browser.folder / "downloads" / "harm-1.csv"
    wait_until(file.exists)
    text = file.read_bytes().decode("utf-8-sig")
    first = text.split("\r\n")[1]
    assert first == "<script>window.harmed=1</script><img src=x onerror=window.harmed=1>,'=1+1"
    assert "very long name very long name " * 300 in text
    assert '"""double"" \'single\' &amp; &"' in text
