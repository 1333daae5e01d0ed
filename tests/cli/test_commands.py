"""The other commands, and how fast the command line starts."""

import json
import re
import subprocess
import sys

import pytest


def test_the_demo_writes_results_of_its_own_data(workplace):
    ended = workplace.command("demo", "--output", "demo")
    assert ended.code == 0
    assert "Bias report: 32,561 rows" in ended.out
    assert {path.name for path in (workplace.folder / "demo").iterdir()} >= {"analysis.json", "analysis_config.json"}
    again = ended.out.strip().splitlines()[-1].split()
    assert workplace.command(*again[1:]).code == 0


def test_the_schema_is_a_json_schema(workplace):
    ended = workplace.command("schema")
    assert ended.code == 0
    assert json.loads(ended.out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_version_is_told(workplace):
    ended = workplace.command("--version")
    assert (ended.code, bool(re.fullmatch(r"pellucid \d+\.\d+\.\d+\n", ended.out))) == (0, True)


def test_every_command_is_named_by_help(workplace):
    ended = workplace.command("--help")
    assert ended.code == 0
    assert all(name in ended.out for name in ("run", "doctor", "demo", "schema"))


def test_the_package_runs_as_a_module(workplace):
    command = [sys.executable, "-m", "pellucid", "--version"]
    shown = subprocess.run(command, cwd=workplace.folder, capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(r"pellucid \d+\.\d+\.\d+\n", shown)


@pytest.mark.parametrize("command", ["run", "doctor", "demo", "report", "verify", "compare", "estimate", "schema"])
def test_help_ends_with_an_example(workplace, command):
    ended = workplace.command(command, "--help")
    assert ended.code == 0
    assert f"pellucid {command}" in ended.out.rpartition("╯")[2]


def test_help_is_as_wide_as_the_terminal(workplace):
    shown = workplace.command("doctor", "--help").out
    line = " Shows the columns with their types and first values, the groups that are compared, what each key   "
    assert line in shown.splitlines()


def test_an_option_without_a_value_is_shown_as_such(workplace):
    shown = workplace.command("run", "--help").out
    assert re.search(r"--strict +Accept exactly", shown)
    assert "--workers   " in shown
    for command in ([], ["schema"]):
        assert re.search(r"--help +Show this message and exit\.", workplace.command(*command, "--help").out)


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("import pellucid.cli.main", {"numpy", "duckdb", "pydantic", "narwhals", "rich.table"}),
        ("import pellucid", {"numpy", "duckdb", "pydantic", "narwhals", "rich"}),
        ("import pellucid.api.job", {"fsspec", "sklearn", "scipy", "polars", "pandas", "pyarrow", "rich"}),
    ],
)
def test_what_is_not_needed_is_not_imported(statement, forbidden):
    code = f"import sys; {statement}; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(modules) & forbidden == set()
