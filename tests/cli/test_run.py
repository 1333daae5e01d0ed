"""``pellucid run``: files, summary, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from waiting import SECONDS_OF_A_HANG, wait_until


def metrics(analysis, stage="pre_training"):
    return {metric["name"]: metric for metric in analysis[f"{stage}_bias_metrics"]["facets"]["sex"][0]["metrics"]}


def test_a_job_writes_clarifys_file_and_our_own(workplace):
    ended = workplace.run()
    assert (ended.code, ended.err) == (0, "")
    assert sorted(path.name for path in (workplace.folder / "output").iterdir()) == ["analysis.json", "pellucid.json"]
    found = metrics(workplace.analysis())
    assert found["CI"]["value"] == 0
    assert found["DPL"]["value"] == pytest.approx(0.2)  # 2 of 5 men, 1 of 5 women
    assert metrics(workplace.analysis(), "post_training")["DI"]["value"] == pytest.approx(0.5)


def test_the_summary_shows_types_values_intervals_and_sentences(workplace):
    summary = workplace.run().out
    for line in (
        "Bias report: 200 rows, 95 % intervals",
        "approved   label            integer  categorical  positive: 1",
        "sex        facet            text     categorical  F",
        "sex = F: 100 rows (50.0 %) against 100 others",
        "sex = F has approved = 1, 20.0 points less often than all others: 20.0 % against",
    ):
        assert line in summary
    low, high = metrics(workplace.analysis())["DPL"]["interval"]
    assert f"DPL 0.200 {low:#.3g} to {high:#.3g}" in " ".join(summary.split())


def test_strict_writes_clarifys_keys_only(workplace):
    assert workplace.run("--strict").code == 0
    assert [path.name for path in (workplace.folder / "output").iterdir()] == ["analysis.json"]
    keys = {key for metric in metrics(workplace.analysis()).values() for key in metric}
    assert keys == {"name", "description", "value"}


def test_a_file_of_an_earlier_job_does_not_stay_beside_results_it_does_not_belong_to(workplace):
    workplace.run()
    workplace.run("--strict")
    assert [path.name for path in (workplace.folder / "output").iterdir()] == ["analysis.json"]


def test_json_prints_the_document_and_nothing_else(workplace):
    ended = workplace.run("--json")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == workplace.analysis()


def test_with_json_warnings_and_notes_go_to_the_error_stream(workplace):
    workplace.config(without=["headers"])
    workplace.file("people.csv", "age,sex,region,approved,predicted\n" + (workplace.folder / "people.csv").read_text())
    ended = workplace.run("--json")
    assert json.loads(ended.out)["version"] == "1.0"
    assert ended.err == "Note: people.csv: the first row was taken as header row.\n"


def test_an_equal_seed_gives_an_equal_file(workplace):
    workplace.run("--seed", "3", "--output", "one")
    workplace.run("--seed", "3", "--output", "two")
    assert workplace.analysis("one") == workplace.analysis("two")


def test_the_data_set_of_the_configuration_lies_beside_it(workplace):
    workplace.file("job/people.csv", (workplace.folder / "people.csv").read_text())
    config = json.loads((workplace.folder / "analysis_config.json").read_text())
    (workplace.folder / "people.csv").unlink()
    workplace.file("job/analysis_config.json", json.dumps({**config, "dataset_uri": "people.csv"}))
    assert workplace.command("run", "job/analysis_config.json").code == 0


def test_a_metric_that_cannot_be_computed_is_named_and_the_job_succeeds(workplace):
    workplace.config(without=["group_variable"])
    ended = workplace.run()
    assert ended.code == 0
    assert "CDDL - not computed: Group variable is empty or not provided" in " ".join(ended.out.split())
    assert metrics(workplace.analysis())["CDDL"]["error"] == "Group variable is empty or not provided"


def test_strict_accepts_a_value_that_never_occurs_as_clarify_does(workplace):
    workplace.config(facet=[{"name_or_index": "sex", "value_or_threshold": ["f"]}])
    ended = workplace.run("--strict")
    assert ended.code == 0
    assert "DPL - not computed: Facet set is empty." in " ".join(ended.out.split())


def test_missing_values_are_counted_and_named(workplace):
    people = (workplace.folder / "people.csv").read_text()
    workplace.file("people.csv", people + "30,,north,1,1\n30,,north,0,0\n")
    ended = workplace.run()
    assert ended.code == 0
    assert "2 rows have no value in 'sex': they count among all others, in no group of their own." in ended.out


def test_rows_that_find_no_partner_in_a_join_are_counted_and_named(workplace):
    people = [f"{i},{line}" for i, line in enumerate((workplace.folder / "people.csv").read_text().splitlines())]
    workplace.file("people.csv", "\n".join(line.rpartition(",")[0] for line in people) + "\n")
    workplace.file("predictions.csv", "".join(f"{i},{i % 2}\n" for i in range(190)))
    workplace.config(
        without=["predicted_label"],
        headers=["id", "age", "sex", "region", "approved"],
        predicted_label_dataset_uri="predictions.csv",
        predicted_label_headers=["id", "predicted"],
        joinsource_name_or_index="id",
    )
    ended = workplace.run()
    assert ended.code == 0
    assert "Bias report: 190 rows" in ended.out
    assert "10 rows" in " ".join(ended.out.split())


def test_what_clarify_fails_on_fails_with_its_words_and_a_fix(workplace):
    people = (workplace.folder / "people.csv").read_text().splitlines()
    workplace.file("people.csv", "\n".join(f"{line.rpartition(',')[0]},0" for line in people) + "\n")
    ended = workplace.run()
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "No Label values are present in the predicted Label Column,Positive Predicted Index Series contains all False "
        "values\n"
        "No row of 'predicted' is predicted approved = 1. Check label_values_or_threshold and probability_threshold, "
        "or set on_degenerate to 'report' to have the metrics that are defined.\n"
    )
    assert [path.name for path in (workplace.folder / "output").iterdir()] == ["analysis.partial.json"]


def test_a_fault_that_nobody_expected_ends_with_its_reason_and_a_log_file(workplace):
    broken = workplace.file("broken/_duckdb.py", 'raise ZeroDivisionError("a \\x1b[31mreason")')
    path = os.pathsep.join([str(broken.parent), os.environ.get("PYTHONPATH", "")])
    command = ("run", "analysis_config.json", "--data", "people.csv")
    ended = workplace.process(*command, PYTHONPATH=path)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "ZeroDivisionError: a \\x1b[31mreason\n"
        "Pellucid did not expect this; the details are in output/pellucid-error.log.\n"
    )
    assert "Traceback" in (workplace.folder / "output" / "pellucid-error.log").read_text()


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "Interrupted. No results were written.\n"),
        (signal.SIGTERM, 143, "Signal 15 received, cleaning up.\n"),
    ],
)
def test_a_job_that_is_stopped_leaves_nothing(workplace, number, code, said):
    waiting = workplace.folder / "waiting.json"
    os.mkfifo(waiting)
    command = [sys.executable, "-c", "from pellucid.cli.main import entry; entry()", "run", "waiting.json"]
    process = subprocess.Popen(
        command,
        cwd=workplace.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )

    def writing():
        try:
            return os.open(waiting, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads
            assert process.poll() is None
            return None

    end = wait_until(writing)  # the job reads, and waits for what is never written
    try:
        time.sleep(0.2)  # usually in the middle of it; it may as well not have begun
        process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS_OF_A_HANG)
    finally:
        os.close(end)
    assert (process.returncode, out, err) == (code, "", said)
    assert not (workplace.folder / "output").exists()


def test_a_reader_that_goes_away_is_no_fault(workplace):
    job = f"{sys.executable} -c 'from pellucid.cli.main import entry; entry()' schema | head -c 10"
    done = subprocess.run(job, shell=True, capture_output=True, text=True, timeout=SECONDS_OF_A_HANG, check=False)
    assert (done.stdout[:1], done.stderr) == ("{", "")
