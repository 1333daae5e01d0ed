"""``pellucid report``, ``verify`` and ``compare``, and the report that a job leaves."""

import hashlib
import json
from pathlib import Path

import pytest

from pellucid.reports.notebook import load_report


@pytest.fixture
def reported(workplace):
    """A job that has written its report."""
    ended = workplace.command("run", "analysis_config.json", "--data", "people.csv")
    assert (ended.code, ended.err) == (0, "")
    return workplace


def output(workplace, name="output"):
    return workplace.folder / name


def test_a_job_leaves_a_report_in_three_forms_and_its_evidence(reported):
    names = sorted(path.name for path in output(reported).iterdir())
    assert names == ["analysis.json", "evidence.json", "pellucid.json", "report.html", "report.ipynb", "report.pdf"]


def test_name_and_title_of_the_report_are_those_of_the_configuration(workplace):
    methods = {"pre_training_bias": {"methods": ["DPL"]}, "report": {"name": "audit/2024", "title": "Loans & <people>"}}
    workplace.config(methods=methods)
    assert workplace.command("run", "analysis_config.json", "--data", "people.csv").code == 0
    page = (output(workplace) / "audit_2024.html").read_text(encoding="utf-8")
    assert "Loans &amp; &lt;people&gt;" in page
    assert "<people>" not in page


def test_a_strict_job_reports_only_where_the_configuration_asks_for_a_report(workplace):
    assert workplace.command("run", "analysis_config.json", "--data", "people.csv", "--strict").code == 0
    assert [path.name for path in output(workplace).iterdir()] == ["analysis.json"]
    methods = {"pre_training_bias": {"methods": ["DPL"]}, "report": {"name": "report", "title": "Loans"}}
    workplace.config(methods=methods)
    assert workplace.command("run", "analysis_config.json", "--data", "people.csv", "--strict").code == 0
    assert {"report.html", "report.pdf", "report.ipynb"} < {path.name for path in output(workplace).iterdir()}
    assert "20.0 points" in (output(workplace) / "report.html").read_text(encoding="utf-8")


def test_report_and_evidence_of_an_earlier_job_do_not_stay_beside_results_they_do_not_belong_to(reported):
    assert reported.run().code == 0
    assert sorted(path.name for path in output(reported).iterdir()) == ["analysis.json", "pellucid.json"]


def test_the_evidence_holds_digests_of_inputs_and_outputs_and_no_place_of_this_machine(reported):
    text = (output(reported) / "evidence.json").read_text()
    evidence = json.loads(text)
    assert evidence["command"] == "pellucid run analysis_config.json --data people.csv"
    digests = {file["path"]: file["sha256"] for file in evidence["inputs"]}
    for name in ("people.csv", "analysis_config.json"):
        assert digests[name] == hashlib.sha256((reported.folder / name).read_bytes()).hexdigest()
    assert [file["path"] for file in evidence["results"]] == [
        "analysis.json", "pellucid.json", "report.html", "report.ipynb", "report.pdf"
    ]  # fmt: skip
    assert str(reported.folder) not in text
    assert str(Path.home()) not in text


def test_a_fixed_date_makes_every_byte_repeatable(workplace):
    workplace.patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    made = []
    for _ in range(2):
        workplace.command("run", "analysis_config.json", "--data", "people.csv")
        made.append({path.name: path.read_bytes() for path in output(workplace).iterdir()})
    assert made[0] == made[1]
    assert len(made[0]) == 6


def test_verify_finds_nothing_where_nothing_was_changed(reported):
    ended = reported.command("verify", "output")
    assert (ended.code, ended.err) == (0, "")
    assert "All 7 files found are as they were when the job ran." in ended.out


@pytest.mark.parametrize("name", ["analysis.json", "report.html", "../people.csv"])
def test_verify_names_the_file_that_was_changed_and_ends_with_1(reported, name):
    file = output(reported) / name
    file.write_bytes(file.read_bytes().replace(b"0", b"1", 1))
    ended = reported.command("verify", "output")
    assert ended.code == 1
    assert f"Not as the job left them: {file.name}. The other 6 files are unchanged." in " ".join(ended.out.split())


def test_verify_without_evidence_says_what_to_give(workplace):
    workplace.run()
    ended = workplace.command("verify", "output")
    fix = "There is no evidence.json in it. Give the folder that a job wrote its results to, without --no-report."
    assert (ended.code, ended.err) == (2, f"DIR: got 'output'. {fix}\n")


def test_a_report_is_made_anew_from_the_results_alone(reported):
    (reported.folder / "people.csv").unlink()
    before = (output(reported) / "report.html").read_bytes()
    (output(reported) / "report.html").unlink()
    (output(reported) / "report.pdf").write_bytes(b"not a report")
    ended = reported.command("report", "output")
    assert (ended.code, ended.out.split()) == (0, ["output/report.html", "output/report.pdf", "output/report.ipynb"])
    assert (output(reported) / "report.html").read_bytes() == before
    checked = reported.command("verify", "output")
    assert checked.code == 0
    assert "not checked" in checked.out  # the data are gone


def test_a_report_on_edited_results_says_so(reported):
    file = output(reported) / "pellucid.json"
    file.write_text(file.read_text()[:-40])
    ended = reported.command("report", "output")
    assert ended.code == 0
    assert "Warning: pellucid.json is not JSON" in ended.err
    assert "pellucid.json was changed after the job had written it." in ended.err
    said = str(load_report(output(reported)).document)
    assert "pellucid.json is not JSON" in said


def test_folders_that_are_not_there_cannot_be_compared(workplace):
    fix = "There is no such folder. Give the one that a job wrote to."
    ended = workplace.command("compare", "old", "new")
    assert ended.code == 2
    assert ended.err == f"2 things are wrong:\nDIR_A: got 'old'. {fix}\nDIR_B: got 'new'. {fix}\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_file_of_the_report_that_does_not_fit_on_the_disk_is_named(reported):
    page = output(reported) / "report.html"
    page.unlink()
    page.symlink_to("/dev/full")
    ended = reported.command("report", "output")
    assert (ended.code, ended.err) == (1, "Warning: report.html could not be made: No space left on device\n")
    assert (output(reported) / "report.pdf").stat().st_size > 1000


def test_a_folder_without_results_has_no_report(workplace):
    (workplace.folder / "empty").mkdir()
    ended = workplace.command("report", "empty")
    fix = "It holds no analysis.json that can be read. Give the folder that a job wrote its results to."
    assert (ended.code, ended.err) == (2, f"results: got 'empty'. {fix}\n")
    assert workplace.command("report", "nowhere").code == 2


@pytest.fixture
def two(workplace):
    """Two models on the same rows, of which the second accepts one woman in ten more."""
    lines = (workplace.folder / "people.csv").read_text().splitlines()
    rows = [
        line + f",{1 if line.split(',')[1] == 'F' and i % 20 == 2 else line.split(',')[4]}"
        for i, line in enumerate(lines)
    ]
    workplace.file("people.csv", "\n".join(rows) + "\n")
    headers = ["age", "sex", "region", "approved", "predicted", "second"]
    for name, column in (("first", "predicted"), ("second", "second")):
        workplace.config(headers=headers, predicted_label=column)
        assert workplace.run("--report", "--output", name).code == 0
    return workplace


def test_two_models_on_the_same_rows_are_paired(two):
    ended = two.command("compare", "first", "second")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads((two.folder / "comparison" / "comparison.json").read_text())
    metrics = {entry["metric"]: entry for entry in found["metrics"]}
    assert found["same_data"] is True
    assert metrics["DPL"]["difference"] == 0  # the labels are the same
    assert metrics["DPL"]["interval"] == [0, 0]
    # 2 of 5 men, and 1 of 5 women at first, 3 of 10 then
    assert metrics["DPPL"]["first_value"] == pytest.approx(0.2)
    assert metrics["DPPL"]["second_value"] == pytest.approx(0.1)
    assert metrics["DPPL"]["paired"] is True
    assert metrics["DPPL"]["verdict"] == "better"
    # Ten discordant women of a hundred: the margin is that of matched proportions, with half a row more in each of the
    # four cells of either label.
    low, high = metrics["DPPL"]["interval"]
    n, b, c = 104, 11, 1
    of_women, of_men = (b + c) / n**2 - (b - c) ** 2 / n**3, 2 / n**2
    assert (high - low) / 2 == pytest.approx(1.959964 * (of_women + of_men) ** 0.5, rel=1e-3)


def test_without_the_rows_two_results_count_as_independent(two):
    two.file("people.csv", "moved away\n")
    ended = two.command("compare", "first", "second")
    assert ended.code == 0
    assert "Differences were not computed row by row" in " ".join(ended.out.split())
    found = json.loads((two.folder / "comparison" / "comparison.json").read_text())
    metrics = {entry["metric"]: entry for entry in found["metrics"]}
    assert metrics["DPPL"]["paired"] is False
    assert metrics["DPPL"]["verdict"] == "no clear change"


def test_data_that_are_not_those_of_the_results_are_refused(two):
    rows = (two.folder / "people.csv").read_text().splitlines()
    two.file("other.csv", "\n".join(rows[:100]) + "\n")
    ended = two.command("compare", "first", "second", "--data", "other.csv")
    fix = "It is not what both results were computed from. Give the data set that they share, or leave --data out."
    assert (ended.code, ended.err) == (2, f"--data: got 'other.csv'. {fix}\n")


def test_a_comparison_is_a_report_that_opens_again(two):
    two.command("compare", "first", "second")
    folder = two.folder / "comparison"
    assert sorted(path.suffix for path in folder.iterdir()) == [".html", ".ipynb", ".json", ".pdf"]
    document = load_report(folder).document
    assert document.title == "Comparison Report"
    assert [section.title for section in document.sections] == [
        "What changed", "What was compared", "Facet sex", "Method and limits"
    ]  # fmt: skip
    assert "nearer to parity" in (folder / "comparison.html").read_text(encoding="utf-8")


def test_a_result_compared_with_itself_has_not_changed(two):
    ended = two.command("compare", "first", "first")
    assert ended.code == 0
    assert "none has clearly changed" in ended.out


APPROVING = """
def young(rows):
    return (rows["age"] < 40).astype(float)


def all_but_young(rows):
    return (rows["age"] >= 40).astype(float)
"""


def test_models_that_are_named_on_the_command_line_are_compared_row_by_row_without_being_at_hand(
    workplace, monkeypatch
):
    monkeypatch.syspath_prepend(str(workplace.folder))
    workplace.file("approving_models.py", APPROVING)
    rows = [f"{age},{sex},{(age + place) % 2}" for age in range(20, 60) for place, sex in enumerate("FM")]
    workplace.file("people.csv", "\n".join(["age,sex,approved", *rows]))
    workplace.config(
        without=("predicted_label", "group_variable", "headers"),
        facet=[{"name_or_index": "sex", "value_or_threshold": ["F"]}],
        predictor={"model_name": "approving", "save_predictions": True},
        methods={"post_training_bias": {"methods": ["DPPL", "AD"]}},
    )
    for folder, model in (("first", "young"), ("second", "all_but_young")):
        asked = ("--data", "people.csv", "--output", folder, "--model", f"approving=approving_models:{model}")
        assert workplace.command("run", "analysis_config.json", *asked).code == 0
    ended = workplace.command("compare", "first", "second", "--data", "people.csv")
    assert (ended.code, ended.err) == (0, "")
    known = json.loads((workplace.folder / "comparison" / "comparison.json").read_text())
    assert {metric["metric"]: metric["paired"] for metric in known["metrics"]} == {"DPPL": True, "AD": True}


@pytest.fixture
def with_a_small_group(workplace):
    """Six people of a third group, two of them approved."""
    few = "".join(f"30,X,north,{int(i < 2)},{int(i < 2)}\n" for i in range(6))
    workplace.file("people.csv", (workplace.folder / "people.csv").read_text() + few)
    workplace.config(facet=[{"name_or_index": "sex"}])
    return workplace


def values_of(group):
    return {metric["name"]: metric["value"] for metric in group["metrics"]}


def test_a_small_group_is_named_in_the_report_and_its_numbers_are_not(with_a_small_group):
    assert with_a_small_group.command("run", "analysis_config.json", "--data", "people.csv").code == 0
    groups = with_a_small_group.analysis()["pre_training_bias_metrics"]["facets"]["sex"]
    assert all(value is not None for group in groups for value in values_of(group).values())
    page = (output(with_a_small_group) / "report.html").read_text(encoding="utf-8")
    assert "sex = X" in page
    assert "counts of fewer than 10 rows are not shown" in page


def test_suppress_leaves_small_counts_out_of_the_files_too(with_a_small_group):
    assert with_a_small_group.run("--suppress").code == 0
    by_value = {
        group["value_or_threshold"]: group
        for group in with_a_small_group.analysis()["pre_training_bias_metrics"]["facets"]["sex"]
    }
    assert set(values_of(by_value["X"]).values()) == {None}
    assert by_value["X"]["metrics"][0]["suppressed"] is True
    text = (output(with_a_small_group) / "pellucid.json").read_text()
    rows = {group["value_or_threshold"]: group["rows"] for group in json.loads(text)["groups"]}
    assert rows["X"] is None


def test_suppress_and_strict_do_not_go_together(workplace):
    ended = workplace.run("--suppress", "--strict")
    fix = "Clarify shows all counts, and --strict is to equal it. Leave one of the two out."
    assert (ended.code, ended.err) == (2, f"--suppress: {fix}\n")
