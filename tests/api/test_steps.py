"""Long work shows how far it is to whoever watches a terminal or a notebook, and writes nothing anywhere else."""

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress

import nbclient
import nbformat
import numpy as np
import pandas as pd
import pytest
from waiting import wait_until

import pellucid
from pellucid.api.pace import Pace, PredictionsTold, most_predictions
from pellucid.api.steps import StepsWatched, steps_told
from pellucid.explain.estimate import explain_games
from pellucid.explain.game import MaskedGames
from pellucid.explain.maskers.tabular import TabularMasker, players_of
from pellucid.explain.plan import Plan
from pellucid.protocols.model import Batch

PROGRAM = """
import time
from pathlib import Path
import numpy as np
import pellucid

def slow(rows):
    print("asked")
    while not Path("go").exists():
        time.sleep(0.01)
    return rows.sum(axis=1)

pellucid.explain(slow, np.eye(3), {arguments})
"""


def started(folder, arguments, stderr):
    program = PROGRAM.format(arguments=arguments)
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True
    )


class Terminal:
    """The error stream of a program, as a terminal shows it."""

    def __init__(self):
        self._ours, self.theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        self.text = ""

    def shows(self, wanted):
        with suppress(BlockingIOError):
            self.text += os.read(self._ours, 65536).decode()
        return wanted in self.text

    def close(self):
        os.close(self._ours)
        os.close(self.theirs)


@pytest.fixture
def terminal():
    shown = Terminal()
    yield shown
    shown.close()


@pytest.mark.slow
def test_a_terminal_shows_long_work_and_what_the_model_prints_goes_where_it_went(terminal, tmp_path):
    with started(tmp_path, "baseline=np.zeros((1, 3))", terminal.theirs) as running:
        wait_until(lambda: terminal.shows("explaining: 0 of 3 rows"))
        assert re.search(r"0:\d\d:\d\d", terminal.text)  # the time that it has taken
        (tmp_path / "go").touch()
        out, _ = running.communicate()
        assert running.returncode == 0
    assert set(out.splitlines()) == {"asked"}
    assert "asked" not in terminal.text


@pytest.mark.slow
@pytest.mark.parametrize("progress", ["None", "True"])
def test_neither_a_pipe_nor_a_file_gets_a_line_however_long_the_work_is(progress, tmp_path):
    with started(tmp_path, f"baseline=np.zeros((1, 3)), progress={progress}", subprocess.PIPE) as running:
        with pytest.raises(subprocess.TimeoutExpired):
            running.communicate(timeout=3)
        (tmp_path / "go").touch()
        assert running.communicate()[1] == ""


@pytest.mark.slow
def test_a_terminal_shows_nothing_to_those_who_want_silence(terminal, tmp_path):
    with started(tmp_path, "baseline=np.zeros((1, 3)), progress=False", terminal.theirs) as running:
        with pytest.raises(subprocess.TimeoutExpired):
            running.communicate(timeout=3)
        (tmp_path / "go").touch()
        running.communicate()
    assert not terminal.shows("anything")
    assert terminal.text == ""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq")
def test_a_notebook_shows_long_work_on_a_line_that_ends_with_its_time():
    cells = [
        "import time, numpy as np, pellucid",
        "slow = lambda rows: (time.sleep(3), rows.sum(axis=1))[1]",
        "found = pellucid.explain(slow, np.eye(3), baseline=np.zeros((1, 3)), exact=False)",
        "found = pellucid.explain(slow, np.eye(3), baseline=np.zeros((1, 3)), exact=False, progress=False)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    *_, long, silent = (cell.outputs for cell in notebook.cells)
    assert silent == []
    assert [output.output_type for output in long] == ["display_data"]
    assert re.fullmatch(r"Done after \d:\d\d\.", long[0].data["text/plain"])


class Noted:
    """A line that keeps what it was told."""

    def __init__(self):
        self.told = []

    def show(self, step):
        self.told.append(step)

    def close(self, *, failed):
        self.told.append(f"closed, failed: {failed}")


def test_the_step_that_is_at_work_is_shown_when_it_has_taken_long():
    line = Noted()
    steps = StepsWatched(line, delay=0.01)
    steps.step("counting")
    steps.begin()
    wait_until(lambda: line.told)
    steps.step("writing")
    steps.end(failed=False)
    assert line.told == ["counting", "writing", "closed, failed: False"]


def test_work_that_is_done_soon_is_never_shown():
    line = Noted()
    steps = StepsWatched(line, delay=3600)
    steps.begin()
    steps.step("counting")
    steps.end(failed=True)
    assert line.told == []


def test_a_function_is_told_everything_at_once():
    told = []
    with steps_told(told.append) as step:
        step("one")
        step("two")
    assert told == ["one", "two"]


def test_bias_and_partial_dependence_tell_their_steps():
    people = {"sex": ["F", "F", "M", "M"], "hired": [0, 1, 1, 1]}
    frame, told = pd.DataFrame(people), []
    pellucid.bias(frame, label="hired", positive=1, facets={"sex": "F"}, on_degenerate="report", progress=told.append)
    assert told[0] == "counting rows"
    told.clear()
    pellucid.partial_dependence(
        lambda rows: rows.sum(axis=1), np.eye(2), ["column_0", "column_1"], progress=told.append
    )
    assert [line for line in told if " of 2 features" not in line] == [
        "partial dependence on column_0",
        "partial dependence on column_1",
    ]


@pytest.mark.parametrize("players", [3, 13])
@pytest.mark.parametrize("single", [True, False])
def test_the_most_predictions_are_no_fewer_than_are_asked_for(players, single):
    asked = []

    def score(batch):
        asked.append(len(batch))
        table = np.column_stack(list(batch.columns.values()))
        return np.sin(table.sum(axis=1)) * table[:, 0]

    rng = np.random.default_rng(0)
    names = [f"x{i}" for i in range(players)]
    rows = Batch({name: rng.normal(size=5) for name in names})
    background = Batch({name: rng.normal(size=1 if single else 4) for name in names})
    games = MaskedGames(TabularMasker(rows, background, players_of(names)), score)
    explain_games(games, Plan())
    assert 0.5 * most_predictions(games, Plan()) <= sum(asked) <= most_predictions(games, Plan())


def test_the_time_left_is_told_while_a_single_row_is_at_work():
    seconds, told = iter([0.0, 3.0, 4.0]), []
    score = PredictionsTold(lambda batch: batch, told.append, 400, "explaining: 0 of 1 rows", lambda: next(seconds))
    score(np.zeros(30))
    score(np.zeros(30))
    assert told == ["explaining: 0 of 1 rows, 30 predictions, 10 a second, at most 37 s left"]


def test_a_last_row_leaves_no_time():
    seconds = iter([0.0, 2.0])
    assert Pace(4, lambda: next(seconds), what="items").line("explaining", 4) == (
        "explaining: 4 of 4 items, 2.0 items a second"
    )
