"""What people read: nothing cut off, nothing hidden, nothing of the data taken as a command."""

import json
import re

import pytest

from pellucid.api.job import run_job
from pellucid.cli.readings import reading
from pellucid.cli.summary import summary
from pellucid.cli.terminal import number, rendered
from pellucid.results.bias import MetricResult, Statistics


@pytest.fixture
def printed(workplace, monkeypatch):
    """The summary of the job as text, at a width."""

    def at(width=100):
        from rich.console import Console

        monkeypatch.chdir(workplace.folder)
        result = run_job("analysis_config.json", output="output", data="people.csv")
        console = Console(width=width, highlight=False, markup=False, emoji=False)
        with console.capture() as captured:
            console.print(rendered(summary(result)))
        return captured.get()

    return at


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_line_is_wider_than_the_terminal(printed, width):
    assert max(len(line) for line in printed(width).splitlines()) <= width


def test_a_sentence_per_metric_with_few_groups_and_rates_with_more(workplace, printed):
    assert "sex = F has approved = 1, 20.0 points less often than all others" in printed(120)
    workplace.config(facet=[{"name_or_index": "sex"}, {"name_or_index": "region"}])
    assert "positive labels: 20.0 % against 40.0 %" in printed(120)


def test_many_groups_are_compared_in_one_table(workplace, printed):
    lines = (workplace.folder / "people.csv").read_text().splitlines()
    numbered = [line.replace("north", f"r{i % 20}").replace("south", f"r{i % 20}") for i, line in enumerate(lines)]
    workplace.file("people.csv", "\n".join(numbered) + "\n")
    workplace.config(facet=[{"name_or_index": "region"}], without=["group_variable"])
    text = printed()
    assert "20 groups, each against all others; all metrics are in analysis.json" in text
    assert "CDDL not computed for 20 groups: Group variable is empty or not provided" in text
    assert "region = r19" in text
    assert re.search(r"region = r0 +10 +-?[\d.]+\?", text)


@pytest.mark.parametrize(("approved_in_the_north", "clear"), [(10, True), (30, False)])
def test_differences_that_may_be_chance_are_not_among_the_clearest(workplace, printed, approved_in_the_north, clear):
    lines = [
        f"30,F,{region},{int(i < approved)},{int(i < approved)}\n"
        for region, approved in (("north", approved_in_the_north), ("south", 40))
        for i in range(100)
    ]
    workplace.file("people.csv", "".join(lines))
    workplace.config(
        facet=[{"name_or_index": "region", "value_or_threshold": ["north"]}],
        methods={"pre_training_bias": {"methods": ["DPL"]}},
        without=["group_variable"],
    )
    text = " ".join(printed().split())
    assert ("Clearest differences" in text) == clear
    assert ("(no difference is possible too)" in text) != clear


def test_long_names_of_groups_are_shortened_where_they_stand_in_one_cell(workplace, printed):
    people = (workplace.folder / "people.csv").read_text()
    long = "manufacture of wearing apparel except fur apparel and of articles of"
    workplace.file("people.csv", people.replace("north", f"{long} leather").replace("south", f"{long} cloth"))
    workplace.config(facet=[{"name_or_index": "region"}], without=["group_variable"])
    names = "manufacture of weari…articles of leather, manufacture of weari…f articles of cloth"
    assert names in " ".join(printed(180).split())


def test_insufficient_evidence_is_said_in_the_place_of_a_sentence(workplace, printed):
    workplace.file("people.csv", "".join((workplace.folder / "people.csv").read_text().splitlines(keepends=True)[:50]))
    assert "rests on 25 rows; at least 30 are needed" in " ".join(printed(200).split())


def test_segments_and_intersections_have_a_table_each(workplace, printed):
    workplace.config(
        facet=[{"name_or_index": "sex"}, {"name_or_index": "region"}],
        facet_intersections=True,
        segment_config=[{"name_or_index": "age", "segments": [["[20, 21]"], ["[90, 99]"]]}],
    )
    text = printed()
    assert "sex = F and region = north" in text
    assert "age: [20, 21], sex = F" in text
    assert "age: [90, 99]: no rows" in text
    assert "age: __default__, sex = F" in text


def test_text_of_the_data_is_neither_markup_nor_a_command(workplace, printed):
    people = (workplace.folder / "people.csv").read_text().replace(",F,", ",[red]\x1b[31mF,")
    workplace.file("people.csv", people)
    workplace.config(facet=[{"name_or_index": "sex"}])
    text = printed()
    assert "sex = [red]\\x1b[31mF: 100 rows" in text
    assert "\x1b" not in text


def test_a_job_without_methods_says_so(workplace, printed):
    workplace.config(methods={})
    assert "The configuration asks for no method: nothing was computed." in printed()


def metric(**keys):
    return MetricResult(**{"name": "DPL", "description": "Difference (DPL)", "value": 0.1, **keys})


def statistics(**keys):
    nothing = {
        "interval": None,
        "p_value": None,
        "p_value_unadjusted": None,
        "n": (9, 9),
        "state": "ok",
        "reason": None,
    }
    return Statistics(**{**nothing, **keys})


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (metric(value=None, error="Facet set is empty."), "not computed: Facet set is empty."),
        (metric(), "Difference"),
        (
            metric(finding="x", statistics=statistics(state="insufficient_evidence", reason="9 rows")),
            "insufficient evidence: 9 rows",
        ),
        (
            metric(finding="F fares worse: 1 % against 2 % (n = 9 of 18; no difference is possible too)."),
            "F fares worse: 1 % against 2 % (no difference is possible too)",
        ),
    ],
)
def test_the_reading_of_a_metric(found, said):
    assert reading(found) == said


def test_a_brief_reading_gives_the_rates_and_that_there_may_be_no_difference():
    found = metric(finding="F fares worse: 1 % against 2 % (n = 9 of 18; no difference is possible too).")
    assert reading(found, briefly=True) == "positive labels: 1 % against 2 % (or none)"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.00"),
        (-0.0, "0.00"),
        (123.4, "123"),
        (12345.6, "12,346"),
        (-1e-5, "-0.0000100"),
        (float("-inf"), "-infinite"),
    ],
)
def test_numbers_have_three_digits(value, shown):
    assert number(value) == shown


def test_a_facet_given_twice_has_two_entries_in_the_results_and_is_shown_once_with_a_warning(workplace):
    sex, region = {"name_or_index": "sex", "value_or_threshold": ["F"]}, {"name_or_index": "region"}
    workplace.config(facet=[sex, region, {**sex, "name_or_index": 1}, region])
    ended = workplace.run()
    facets = workplace.analysis()["pre_training_bias_metrics"]["facets"]
    assert facets["sex"] == [facets["sex"][0]] * 2
    consequence = "the results hold the same metrics twice. Leave one of the two out."
    told = [
        f"facet[2] asks for sex = F, as facet[0] does: {consequence}",
        f"facet[3] asks for every value of 'region', as facet[1] does: {consequence}",
    ]
    details = json.loads((workplace.folder / "output" / "pellucid.json").read_text())
    assert details["warnings"] == told
    assert [(group["facet"], group["value_or_threshold"]) for group in details["groups"]] == [
        ("sex", "F"),
        ("region", "north"),
        ("region", "south"),
    ]
    assert ended.out.count("sex = F: 100 rows (50.0 %) against 100 others") == 1
    looked = workplace.command("doctor", "analysis_config.json", "--data", "people.csv")
    for text in (ended.out, looked.out):
        assert all(warning in " ".join(text.split()) for warning in told)


def test_one_facet_may_be_given_with_several_thresholds_or_values(workplace):
    workplace.config(facet=[{"name_or_index": "sex", "value_or_threshold": [value]} for value in ("F", "M")])
    workplace.run()
    assert json.loads((workplace.folder / "output" / "pellucid.json").read_text())["warnings"] == []
