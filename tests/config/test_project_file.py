"""``pellucid.toml``: where models and endpoints are."""

import pytest

from pellucid.config.project_file import EngineSettings, load_project_file
from pellucid.errors import ConfigError


def test_the_first_folder_with_a_file_counts(tmp_path):
    (tmp_path / "pellucid.toml").write_text(
        '[models]\nincome = "income.ubj"\n\n[endpoints]\ncredit = "http://127.0.0.1:8080"\n'
    )
    found = load_project_file(tmp_path / "none", tmp_path)
    assert found.models == {"income": "income.ubj"}
    assert found.endpoints == {"credit": "http://127.0.0.1:8080"}
    assert found.folder == tmp_path


def test_without_a_file_nothing_is_known(tmp_path):
    found = load_project_file(tmp_path)
    assert (found.models, found.endpoints, found.folder) == ({}, {}, None)


def test_all_faults_are_named(tmp_path):
    (tmp_path / "pellucid.toml").write_text('endpoints = "here"\n[model]\na = "b"\n[models]\nincome = 3\n')
    with pytest.raises(ConfigError) as caught:
        load_project_file(tmp_path)
    assert str(caught.value).splitlines() == [
        "pellucid.toml [model]: There is no such table; did you mean 'models'?",
        "pellucid.toml [models] income: got 3. Use a string.",
        "pellucid.toml endpoints: got 'here'. Write a table: [endpoints], then lines of the form name = \"address\".",
    ]


def test_a_file_that_is_no_toml_is_told(tmp_path):
    (tmp_path / "pellucid.toml").write_text("[models\n")
    with pytest.raises(ConfigError) as caught:
        load_project_file(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'pellucid.toml'}: It cannot be read as TOML: ")


def test_the_engine_is_set_up_in_a_table_of_its_own(tmp_path):
    (tmp_path / "pellucid.toml").write_text(
        '[engine]\nmaster = "spark://cluster:7077"\nstartup_seconds = 30\nstaging = "/mnt/shared"\nworkers = 4\n'
        'memory = "1GiB"\n'
    )
    found = load_project_file(tmp_path).engine
    assert found == EngineSettings(
        master="spark://cluster:7077", startup_seconds=30, staging="/mnt/shared", workers=4, memory="1GiB"
    )
    assert load_project_file(tmp_path / "none").engine == EngineSettings()


def test_faults_of_the_engine_are_named(tmp_path):
    (tmp_path / "pellucid.toml").write_text(
        "[engine]\nmaster = 7077\nstartup_second = 3\nstartup_seconds = 0\nworkers = 1.5\nmemory = 4\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_project_file(tmp_path)
    assert str(caught.value).splitlines() == [
        "pellucid.toml [engine] master: got 7077. Use a string.",
        "pellucid.toml [engine] startup_second: got 3. There is no such key; did you mean 'startup_seconds'?",
        "pellucid.toml [engine] startup_seconds: got 0. Use a number above 0.",
        "pellucid.toml [engine] workers: got 1.5. Use an integer of at least 1.",
        "pellucid.toml [engine] memory: got 4. Write a number and a unit, at least 128MiB: 500MB, 1GiB, 1.5GB.",
    ]
    (tmp_path / "pellucid.toml").write_text('engine = "spark"\n')
    with pytest.raises(ConfigError) as caught:
        load_project_file(tmp_path)
    assert str(caught.value) == (
        "pellucid.toml engine: got 'spark'. Write a table: [engine], then lines such as master = \"spark://host:7077\"."
    )
