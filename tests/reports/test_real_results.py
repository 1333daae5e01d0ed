import io
import re
from importlib.resources import files

import nbformat
import pytest
from pypdf import PdfReader
from waiting import SECONDS_OF_A_HANG

from pellucid.api.job import run_job
from pellucid.reports.document import Chart, Disclosure, Findings, Table
from pellucid.reports.meanings import cell_of
from pellucid.reports.notebook import load_report, render_notebook
from pellucid.reports.pdf import render_pdf
from pellucid.reports.sections import sections_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results of the job on the data inside the package."""
    folder = tmp_path_factory.mktemp("results")
    package = files("pellucid") / "demo"
    run_job(str(package / "analysis_config.json"), output=folder, data=str(package / "adult.parquet"))
    return folder


@pytest.fixture(scope="module")
def report(results):
    return load_report(results)


def blocks_of(blocks):
    for block in blocks:
        yield from blocks_of(block.blocks) if isinstance(block, Disclosure) else (block,)


def compact(text):
    """Without places to break, which differ in print."""
    return re.sub("[\\s\u200b\u2068\u2069]", "", text)


@pytest.fixture(scope="module")
def printed(report):
    return [page.extract_text() for page in PdfReader(io.BytesIO(render_pdf(report.document))).pages]


def test_every_number_of_the_report_is_printed(report, printed):
    text = compact("".join(printed))
    blocks = [block for section in sections_of(report.document) for block in blocks_of(section.blocks)]
    tables = [block for block in blocks if isinstance(block, Table)]
    tables += [block.table for block in blocks if isinstance(block, Chart) and block.table is not None]
    findings = [item for block in blocks if isinstance(block, Findings) for item in block.items]
    values = [cell_of(cell).text for table in tables for row in table.rows for cell in row[1:-1]]
    assert len(tables) > 10
    assert len(findings) > 10
    assert [value for value in values if compact(value) not in text] == []
    assert [item.text for item in findings if compact(item.text) not in text] == []


def test_the_published_difference_stands_on_the_first_pages(printed):
    assert "19.6 points less often" in " ".join("".join(printed[:2]).split())


def test_headings_stand_with_what_they_head(report, printed):
    titles = {compact(section.title) for section in sections_of(report.document)}
    for page in printed:
        *_, last = [line for line in page.splitlines() if line.strip() and not line.startswith("Page ")]
        assert compact(re.sub(r"^[\d.]+ ", "", last)) not in titles


def test_running_the_notebook_gives_the_outputs_that_it_holds(report, results):
    from nbclient import NotebookClient

    written = render_notebook(report.document)
    executed = nbformat.from_dict(written)
    patience = {"timeout": SECONDS_OF_A_HANG, "startup_timeout": SECONDS_OF_A_HANG}
    NotebookClient(executed, **patience, resources={"metadata": {"path": str(results)}}).execute()
    assert len(written.cells) == len(executed.cells)
    for before, after in zip(written.cells, executed.cells, strict=True):
        assert after.source == before.source
        assert after.get("outputs") == before.get("outputs")
    assert sum(len(cell.get("outputs", [])) for cell in executed.cells) > 10


def test_a_loaded_report_holds_the_numbers_of_the_job(report):
    metrics = report.bias_metrics(library="pandas").set_index(["facet", "stage", "metric"])
    assert metrics.loc[("sex", "pre_training", "DPL"), "value"] == pytest.approx(0.196276, abs=1e-6)
