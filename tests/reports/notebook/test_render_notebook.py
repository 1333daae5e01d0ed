import base64
import re

import nbformat
import pytest
from documents import PNG, SCRIPT, hostile, rich

from pellucid.errors import InputError
from pellucid.reports.document import Chart, Document, Notice, Section, Table
from pellucid.reports.notebook import LoadedReport, render_notebook
from pellucid.reports.notebook.render import LOADING
from pellucid.reports.notebook.shown import ShownChart

VEGA = "application/vnd.vegalite.v6+json"

ANALYSIS = {
    "version": "1.0",
    "pre_training_bias_metrics": {
        "label": "income",
        "label_value_or_threshold": ">50K",
        "facets": {
            "sex": [
                {
                    "value_or_threshold": "Female",
                    "metrics": [
                        {
                            "name": "DPL",
                            "description": "...",
                            "value": 0.196,
                            "interval": [0.187, 0.205],
                            "p_value": 0.01,
                        },
                        {"name": "LP", "description": "...", "value": "Infinity"},
                    ],
                }
            ]
        },
    },
    "explanations": {"kernel_shap": {"label0": {"global_shap_values": {"age": 0.25, "sex": 0.5}, "expected_value": 0}}},
}


def cells(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def output_of(notebook, source):
    (cell,) = (cell for cell in notebook.cells if cell.source == source)
    return cell.outputs[0].data


@pytest.fixture(scope="module")
def notebook():
    return render_notebook(rich())


@pytest.mark.parametrize("document", [rich(), pytest.param(hostile(), marks=pytest.mark.slow)], ids=["rich", "hostile"])
def test_a_notebook_is_valid_and_the_same_every_time(document):
    notebook = render_notebook(document)
    nbformat.validate(notebook)
    assert nbformat.writes(notebook) == nbformat.writes(render_notebook(document))
    nbformat.writes(notebook).encode()


def test_every_heading_and_every_finding_is_in_the_texts(notebook):
    texts = "\n".join(cell.source for cell in cells(notebook, "markdown"))
    assert re.findall(r"^#+ .*", texts, re.MULTILINE) == [
        "# Bias and explanations: Adult",
        "## What was found",
        "## Data",
        "## Bias",
        "### Sex: labels",
        "### Race",
        "## Explanations",
        "## Method and limits",
        "### Configuration",
        "## Go on from here",
    ]
    assert "- ▼ Female applicants are approved 19.6 points less often" in texts
    assert "*(clear; see Sex: labels)*" in texts


def test_cells_are_short_calls_that_were_run_in_order(notebook):
    code = cells(notebook, "code")
    assert [cell.source for cell in code] == [
        LOADING,
        'report.chart("sex-labels")',
        'report.table("sex-labels")',
        'report.chart("explanations")',
        'report.table("explanations")',
        'report.marked_text("explanations")',
        'report.picture("explanations")',
    ]
    assert [cell.execution_count for cell in code] == list(range(1, 8))


def test_a_chart_is_live_and_has_a_picture_for_where_it_is_not(notebook):
    data = output_of(notebook, 'report.chart("sex-labels")')
    assert data[VEGA]["width"] == 640
    assert data[VEGA]["data"]["values"][0]["value"] == 0.196
    assert "difference of shares" in data["image/svg+xml"]
    assert data["text/plain"].endswith("Female applicants are approved 19.6 points less often.")


def test_a_table_is_shown_with_signs_and_terms(notebook):
    data = output_of(notebook, 'report.table("sex-labels")')
    assert "▼&nbsp;0.196" in data["text/html"]
    assert "▼ worse for the group" in data["text/html"]
    assert "<dt><b>DPL</b></dt><dd>Difference in positive proportions" in data["text/html"]
    assert "DPL | 0.196 | 0.187 to 0.205" in data["text/plain"]


def test_marks_say_their_sign_and_pictures_are_kept(notebook):
    marked = output_of(notebook, 'report.marked_text("explanations")')
    assert "friendly</bdi><sup>+</sup>" in marked["text/html"]
    assert "dirty</bdi><sup>−</sup>" in marked["text/html"]
    assert "friendly[+0.31]" in marked["text/plain"]
    picture = output_of(notebook, 'report.picture("explanations")')
    assert base64.b64decode(picture["image/png"]) == PNG


@pytest.mark.slow
def test_no_name_is_read_as_html():
    notebook = render_notebook(hostile())
    for cell in notebook.cells:
        outputs = [output.data.get("text/html", "") for output in cell.get("outputs", [])]
        texts = [cell.source] if cell.cell_type == "markdown" else outputs
        # A fenced block is shown letter for letter.
        assert all("<script" not in re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.S | re.M) for text in texts)
    assert any(SCRIPT in cell.source for cell in cells(notebook, "markdown"))


def test_sections_that_share_an_anchor_share_the_count():
    table = Table(caption="T", columns=(), rows=())
    section = Section(title="Twice", anchor="twice", blocks=(table,))
    notebook = render_notebook(Document(title="T", subtitle="", sections=(section, section)))
    assert [cell.source for cell in cells(notebook, "code")[1:]] == [
        'report.table("twice")',
        'report.table("twice", 2)',
    ]


def test_a_chart_that_cannot_be_drawn_says_why():
    chart = Chart(title="Shares", specification={"mark": "no such mark"}, description="")
    section = Section(title="S", anchor="s", blocks=(chart, Notice("information", "The rest.")))
    notebook = render_notebook(Document(title="T", subtitle="", sections=(section,)))
    data = output_of(notebook, 'report.chart("s")')
    assert list(data) == ["text/plain"]
    assert data["text/plain"].startswith("The chart “Shares” could not be drawn: ")
    assert "The rest." in notebook.cells[-1].source


def test_parts_of_a_loaded_report_are_asked_for_by_section_and_number():
    report = LoadedReport(rich(), ANALYSIS)
    frame = report.table("sex-labels").to_frame(library="pandas")
    assert list(frame.columns) == ["Metric", "Value", "95 % interval", "p-value", "Rows", "Reading"]
    assert frame["Value"].tolist() == ["0.196", "0.358", "−0.058", "0.021", "not shown"]
    assert "“Bias and explanations: Adult”" in repr(report)


@pytest.mark.parametrize(
    ("section", "number", "message"),
    [
        ("sex-label", 1, "section: got 'sex-label'. Use the anchor of a section: did you mean 'sex-labels'?"),
        ("sex-labels", 2, "number: got 2. Section 'sex-labels' has 1 chart."),
        ("race", 1, "number: got 1. Section 'race' has 0 charts."),
        ("sex-labels", 0, "number: got 0. Section 'sex-labels' has 1 chart."),
    ],
)
def test_a_part_that_is_not_there_is_said_so(section, number, message):
    with pytest.raises(InputError) as raised:
        LoadedReport(rich()).chart(section, number)
    assert str(raised.value) == message


def test_metrics_are_a_frame_of_unrounded_numbers():
    frame = LoadedReport(rich(), ANALYSIS).bias_metrics(library="pandas")
    assert frame["metric"].tolist() == ["DPL", "LP"]
    assert frame["value"].tolist() == [0.196, float("inf")]
    assert frame["low"].tolist()[0] == 0.187
    assert frame["stage"].tolist() == ["pre_training", "pre_training"]


def test_global_attributions_are_a_frame():
    frame = LoadedReport(rich(), ANALYSIS).global_shap_values(library="pandas")
    assert frame.to_dict("records") == [
        {"label": "label0", "feature": "age", "value": 0.25},
        {"label": "label0", "feature": "sex", "value": 0.5},
    ]


def test_a_chart_becomes_one_of_altair():
    chart = rich().sections[2].sections[0].blocks[0]
    (values,) = ShownChart(chart).to_altair().to_dict()["datasets"].values()
    assert values == chart.specification["data"]["values"]
