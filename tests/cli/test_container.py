"""``pellucid run`` without arguments stands in the place of Clarify's processing container."""

import json

import pytest

SUCCEEDED = "exit_message: Completed: SageMaker XAI Analyzer ran successfully\n"


@pytest.fixture
def container(workplace, monkeypatch):
    root = workplace.folder / "ml"
    monkeypatch.setenv("PELLUCID_CONTAINER_ROOT", str(root))
    for name, folder in (("analysis_config.json", "config"), ("people.csv", "data")):
        workplace.file(f"ml/processing/input/{folder}/{name}", (workplace.folder / name).read_bytes())
    return root


def configured(container, **keys):
    file = container / "processing" / "input" / "config" / "analysis_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | keys))


def test_input_output_and_log_are_those_of_the_container(workplace, container):
    ended = workplace.command("run")
    assert (ended.code, ended.err) == (0, "")
    document = json.loads((container / "processing" / "output" / "analysis.json").read_text())
    assert ended.out.endswith(f"Collected analyses:\n{json.dumps(document, indent=4)}\n{SUCCEEDED}")
    assert not (container / "output" / "message").exists()


def test_dataset_uri_wins_over_the_input(workplace, container):
    (container / "processing" / "input" / "data" / "people.csv").write_text("not,the,data\n")
    configured(container, dataset_uri=str(workplace.folder / "people.csv"))
    assert workplace.command("run").code == 0


def test_a_failure_is_told_in_the_log_and_left_in_the_message_file(workplace, container):
    configured(container, label_values_or_threshold=[2])
    ended = workplace.command("run")
    message = "label_values_or_threshold: got 2. No row of column 'approved' has this value; there are 0, 1.\n"
    assert (ended.code, ended.out, ended.err) == (2, f"exit_message: Customer Error: {message}", "")
    assert (container / "output" / "message").read_text() == message
    assert not (container / "processing" / "output").exists()


def test_no_data_set_at_all_is_told(workplace, container):
    (container / "processing" / "input" / "data" / "people.csv").unlink()
    (container / "processing" / "input" / "data").rmdir()
    ended = workplace.command("run")
    assert (ended.code, ended.out) == (
        2,
        "exit_message: Customer Error: dataset_uri: Name the data set here, or give it with --data.\n",
    )


def test_outside_a_container_a_configuration_is_asked_for(workplace, monkeypatch):
    monkeypatch.setenv("PELLUCID_CONTAINER_ROOT", "nowhere")
    ended = workplace.command("run")
    assert (ended.code, ended.out, ended.err) == (
        2,
        "",
        (
            "CONFIG: Give the path of a configuration: pellucid run analysis_config.json. Without one, it is read "
            "from nowhere/processing/input/config/analysis_config.json, as in a processing container, "
            "and nothing is there.\n"
        ),
    )
