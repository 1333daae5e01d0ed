"""What is read without typer is read as typer reads it; everything else is left to typer."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from pellucid.cli.commands import app
from pellucid.cli.plain_run import plain_run

RUN = get_command(app).commands["run"]
NAMES = (name for parameter in RUN.params for name in (*parameter.opts, *parameter.secondary_opts))
OPTIONS = sorted(name for name in NAMES if name.startswith("--"))
OTHERS = ["--help", "--strict=1", "--seed=3", "-h", "--", "-1", ""]
VALUES = ["config.json", "a=b.onnx", "0", "1", "7", "007", "1_000", "12345678901", " 5", "\u0663", "x y", "spark"]
WORDS = st.sampled_from([*OPTIONS, *OTHERS]) | st.sampled_from(VALUES)


def typers(arguments):
    """What typer hands to the command, under the names of `JobOptions`."""
    with RUN.make_context("run", list(arguments)) as context:
        found = dict(context.params)
    found["models"], found["endpoints"] = found.pop("model") or [], found.pop("endpoint") or []
    return found


def ours(plain):
    names = (*plain.options.__slots__, "as_json")
    found = {name: getattr(plain.options, name, plain.as_json) for name in names}
    assert found.pop("data_input") is None
    return {**found, "models": list(found["models"]), "endpoints": list(found["endpoints"])}


@given(st.lists(WORDS, max_size=7) | st.lists(WORDS, max_size=6).map(lambda words: ["config.json", *words]))
def test_whatever_is_read_at_once_typer_reads_alike(words):
    plain = plain_run(["run", *words])
    if plain is not None:
        expected = typers(words)
        expected["output"] = expected["output"] or plain.options.output
        assert ours(plain) == expected


def test_every_option_of_the_command_is_read_at_once():
    given = ["config.json", "--data", "d.csv", "--output", "o", "--model", "a=b", "--endpoint", "c=d", "--allow-pickle"]
    given += ["--engine", "spark", "--workers", "2", "--memory", "1GiB", "--strict", "--seed", "0", "--suppress"]
    given += ["--no-report", "--json", "--model", "e=f"]
    plain = plain_run(["run", *given])
    assert plain is not None
    assert ours(plain) == typers(given)
    assert set(OPTIONS) - set(given) == {"--report"}
    assert plain_run(["run", "config.json", "--report"]).options.report


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["doctor", "config.json"],
        ["run"],
        ["run", "--help"],
        ["run", "one.json", "two.json"],
        ["run", "config.json", "--seed", "-1"],
        ["run", "config.json", "--workers", "0"],
        ["run", "config.json", "--data"],
        ["run", "config.json", "--data", "--strict"],
        ["run", "config.json", "--output", ""],
        ["run", "config.json", "--strict", "--strict"],
        ["run", "config.json", "--sede", "1"],
    ],
)
def test_what_typer_has_to_explain_or_to_decide_is_left_to_it(arguments):
    assert plain_run(arguments) is None


def test_patterns_of_file_names_are_left_to_typer_on_windows(monkeypatch):
    monkeypatch.setattr(os, "name", "nt")
    assert plain_run(["run", "config.json"]) is None
