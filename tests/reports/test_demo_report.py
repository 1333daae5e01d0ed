"""The report on the demo job, whose numbers are known: what the first screen and the tables hold, and do not hold."""

import json
import re
from importlib.resources import files

import pytest
from read_documents import blocks_of, cells, section, sections_of, table_of, texts_of

from pellucid.api.job import run_job
from pellucid.reports.content import build_document
from pellucid.reports.content.context import context_of
from pellucid.reports.content.findings import ranked
from pellucid.reports.document import Chart, Findings, Notice, Paragraph, Table
from pellucid.reports.source import ReportSource, read_source

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder that the demo leaves behind, with intersections and segments."""
    folder = tmp_path_factory.mktemp("demo")
    source = files("pellucid") / "demo"
    config = json.loads((source / "analysis_config.json").read_text())
    config |= {
        "facet_intersections": True,
        "segment_config": [{"name_or_index": "education", "segments": [["Bachelors"], ["Masters"]]}],
    }
    (folder / "config.json").write_text(json.dumps(config))
    run_job(folder / "config.json", data=str(source / "adult.parquet"), output=folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def document(demo):
    return build_document(read_source(demo))


def test_the_first_screen_says_who_is_worse_off_by_how_much_and_how_sure(document):
    first = document.sections[0]
    summary = next(block for block in first.blocks if isinstance(block, Paragraph))
    assert summary.text == (
        "4 of 7 groups compared are clearly worse off than all others in at least one respect: sex = Female, race = "
        "Other, race = Black and race = Amer-Indian-Eskimo. Clearly more favourable results: age in (40.0, 90.0] and "
        "race = White."
    )
    findings = next(block for block in first.blocks if isinstance(block, Findings))
    assert findings.items[0].text == (
        "sex = Female has income = >50K 19.6 points less often than all others: 10.9 % against 30.6 % (95 % interval "
        "18.8 to 20.5 points; n = 10,771 of 32,561)."
    )
    assert (findings.items[0].tone, findings.items[0].certainty) == ("worse", "clear")
    assert findings.items[0].anchor == "facet-1"
    assert any(
        "17.7 points" in item.text and item.text.endswith("0.324 times as often, below the usual warning line of 0.8.")
        for item in findings.items
    )


def test_a_larger_disparity_within_a_segment_or_an_intersection_is_told_on_the_first_screen(document):
    findings = next(block for block in document.sections[0].blocks if isinstance(block, Findings))
    found = {item.anchor: item.text for item in findings.items[: findings.shown]}
    assert found["segment-2"] == (
        "Within the segment education: Masters: sex = Female is predicted income = >50K 40.5 points less often than "
        "all others: 31.0 % against 71.4 % (95 % interval 35.6 to 45.0 points; n = 536 of 1,723)."
    )
    assert found["intersections"].startswith("race = White and age in (40.0, 90.0] has income = >50K 20.4 points more")


def test_findings_are_ranked_by_certainty_and_then_by_size(demo):
    found = ranked(context_of(read_source(demo)))
    clear = [one for one in found if one.metric.p_value < 0.05 and one.metric.state == "ok"]
    assert found[: len(clear)] == clear
    sizes = [abs(one.metric.value) for one in clear if not one.metric.name.startswith("CDD")]
    assert sizes == sorted(sizes, reverse=True)


def test_a_table_holds_each_metric_with_interval_and_meaning(document):
    table = table_of(section(document, "facet-1-post-training"), "sex = Female")
    assert [column.title for column in table.columns] == ["Metric", "Value", "95 % interval", "p", "What it says"]
    by_name = {cells(row)[0]: row for row in table.rows}
    impact = by_name["Disparate impact (DI)"]
    assert cells(impact) == (
        "Disparate impact (DI)",
        "0.324",
        "0.303 to 0.346",
        "< 0.001",
        (
            "sex = Female is predicted income = >50K 0.324 times as often as all others, below the usual warning line "
            "of 0.8: 8.5 % against 26.1 %."
        ),
    )
    assert impact[0].meaning.startswith("How many times as often does the model give the group the favourable outcome?")
    assert impact[1].tone == "worse"


def test_rates_and_right_and_wrong_predictions_of_the_groups_stand_in_tables(document):
    rates = table_of(section(document, "facet-1-groups"), "Groups of sex")
    assert [cells(row)[:6] for row in rates.rows] == [
        ("Female", "10,771", "33.1 %", "10.9 %", "8.5 %", "59.4 %"),
        ("all others", "21,790", "66.9 %", "30.6 %", "26.1 %", "66.9 %"),
    ]
    matrix = table_of(section(document, "facet-1-confusion"), "Rows by prediction and label")
    assert cells(matrix.rows[0]) == ("Female", "700", "211", "479", "9,381")


def test_groups_with_few_people_are_named_and_said_to_be_suppressed(document):
    notice = next(block for block in document.sections[0].blocks if isinstance(block, Notice))
    assert notice == Notice(
        "suppressed",
        "Numbers that tell, or let compute, counts of fewer than 10 rows are not shown, so that nobody can be "
        "identified: race = Amer-Indian-Eskimo (predictions in part) and race = Other (predictions in part); 8 "
        "intersections and 10 groups within segments.",
    )
    matrix = table_of(section(document, "facet-2-confusion"), "Rows by prediction and label")
    assert cells(matrix.rows[-1]) == ("Other", *["suppressed"] * 4)


def test_a_minimum_cell_of_one_shows_every_count(demo):
    source = read_source(demo)
    asked = {**source.details["configuration"], "minimum_cell": 1}
    shown = build_document(ReportSource(analysis=source.analysis, details=source.details, configuration=asked))
    matrix = table_of(section(shown, "facet-2-confusion"), "Rows by prediction and label")
    assert cells(matrix.rows[-1]) == ("Other", "14", "4", "11", "242")


def test_every_part_of_the_report_is_there_and_each_anchor_once(document):
    assert [found.title for found in document.sections] == [
        "What was found",
        "The data",
        "Bias by sex",
        "Bias by race",
        "Bias by age",
        "Intersections of groups",
        "Segments",
        "Performance of the model",
        "What was not estimated, and why",
        "Method and limits",
        "Evidence",
        "Appendix: configuration",
    ]
    anchors = [found.anchor for found in sections_of(document)]
    assert len(anchors) == len(set(anchors))
    assert all(re.fullmatch("[a-z0-9-]+", anchor) for anchor in anchors)
    assert (document.title, document.name) == ("Income predictions on UCI Adult", "report")


def test_rows_of_tables_are_as_long_as_their_columns(document):
    tables = [block for block in blocks_of(document) if isinstance(block, Table)]
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)


def test_a_reader_sees_no_key_of_a_file_and_no_number_with_all_its_digits(document):
    known = {key for text in texts_of(document) for key in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text)}
    assert known == {"predicted_income"}  # a column of the data
    assert not [text for text in texts_of(document) if re.search(r"\d[\d.,]{14,}|e-\d\d|-0\.0+\b|\bnan\b", text)]


def test_the_data_overview_counts_labels_and_groups(document):
    data = document.sections[1]
    label = next(block for block in data.blocks if isinstance(block, Chart))
    assert [cells(row) for row in label.table.rows] == [("<=50K", "24,720", "75.9 %"), (">50K", "7,841", "24.1 %")]
    assert cells(table_of(data, "read as").rows[0]) == ("income", "label", "text", "categories", "2", "0")


def test_an_equal_result_gives_an_equal_report(demo, document):
    assert build_document(read_source(demo)) == document


def test_title_and_name_may_be_given(demo):
    renamed = build_document(read_source(demo), title="Q3", name="q3")
    assert (renamed.title, renamed.name) == ("Q3", "q3")
