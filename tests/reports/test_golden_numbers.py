"""Known numbers of the demo stand in the page, in print and in the notebook."""

import io
import re
from html import unescape
from importlib.resources import files

import pytest
from pypdf import PdfReader

from pellucid.api.job import run_job
from pellucid.reports.html import render_html
from pellucid.reports.notebook import load_report, render_notebook
from pellucid.reports.pdf import render_pdf

pytestmark = pytest.mark.slow

# Counted in the 32,561 rows by hand: 10,771 women, of whom 1,179 earn more; 21,790 others, of whom 6,662 do;
# predicted so are 911 and 5,688.
GOLDEN = {
    "shares with the favourable label": "10.9 % against 30.6 %",
    "difference of these shares": "19.6 points less often",
    "its interval": "95 % interval 18.8 to 20.5 points",
    "rows of the group and of all": "n = 10,771 of 32,561",
    "shares with the favourable prediction": "8.5 % against 26.1 %",
    "difference of these": "17.7 points less often",
    "ratio of these": "0.324 times as often",
    "accuracy of both": "93.6 % against 84.2 %",
    "a difference below zero": "−0.0937",
    "rows predicted rightly not to earn more": "9,381",
    "digest of the data": "0a11ccadad23aa79edc2e1cee21664086e132de967a334a77e111142ee37196d",
}


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden")
    demo = files("pellucid") / "demo"
    run_job(str(demo / "analysis_config.json"), output=folder, data=str(demo / "adult.parquet"), report=True)
    return load_report(folder).document


def of_page(document):
    page = re.sub(r"<(script|style).*?</\1>", " ", render_html(document), flags=re.DOTALL)
    return unescape(re.sub("<[^>]+>", " ", page.replace("<wbr>", "")))


def of_print(document):
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(render_pdf(document))).pages)


def of_notebook(document):
    cells = render_notebook(document).cells
    shown = [output["data"].get("text/html", "") for cell in cells for output in cell.get("outputs", [])]
    return unescape(re.sub("<[^>]+>", " ", " ".join([*(cell.source for cell in cells), *shown])))


@pytest.mark.parametrize("text_of", [of_page, of_print, of_notebook])
def test_golden_numbers_stand_in_every_form_of_the_report(document, text_of):
    text = re.sub(r"[\s\u200b]", "", text_of(document))
    missing = {what for what, golden in GOLDEN.items() if golden.replace(" ", "") not in text}
    assert missing == set()
