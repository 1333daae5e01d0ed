"""Work in other processes: results and errors arrive as they were."""

import os
import pickle
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from waiting import alive, wait_until

from pellucid.engines import processes
from pellucid.engines.processes import WORTH_STARTING, local_pool
from pellucid.engines.work import answered, answered_by, digest_of, result_of
from pellucid.errors import ConfigError, ModelError, Problem
from pellucid.protocols.pool import in_order

RECIPES = """
import os, signal
from pellucid.errors import ConfigError, ModelError, Problem

class Doubling:
    def opened(self):
        return double

def double(unit):
    return 2 * unit

class Telling:
    def opened(self):
        return lambda unit: (os.getpid(), unit)

class Failing:
    def opened(self):
        return fail

def fail(unit):
    if unit == "config":
        raise ConfigError([Problem("a", 1, fix="Use 2."), Problem("b", fix="Name it.")])
    if unit == "model":
        raise ModelError("The model is ill.")
    raise KeyError(unit)

class Dying:
    def opened(self):
        return lambda unit: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def recipes(tmp_path, monkeypatch):
    """Recipes in a module that other processes can import."""
    (tmp_path / "recipes_of_tests.py").write_text(RECIPES)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "recipes_of_tests", raising=False)
    import recipes_of_tests

    return recipes_of_tests


def pool_of(recipe, *, workers, total):
    return local_pool(recipe.opened(), recipe, workers=workers, processors=2, total=total)


# --- what comes back --------------------------------------------------------------------------------------------------
def test_a_result_arrives_as_it_was(recipes):
    unit = np.array([0.1, np.nan])
    found = result_of(answered(pickle.dumps(recipes.Doubling()), pickle.dumps(unit)))
    assert np.array_equal(found, 2 * unit, equal_nan=True)


def test_a_recipe_is_measured_and_told_from_others_without_being_held(recipes):
    digest, size = digest_of(recipes.Doubling())
    assert size == len(pickle.dumps(recipes.Doubling(), pickle.HIGHEST_PROTOCOL))
    assert digest == digest_of(recipes.Doubling())[0]
    assert digest != digest_of(recipes.Telling())[0]


def test_a_recipe_is_asked_for_at_its_first_unit_only(recipes):
    asked = []

    def recipe():
        asked.append(1)
        return recipes.Doubling()

    answers = [answered_by(b"of doubling", recipe, pickle.dumps(number)) for number in range(3)]
    assert [result_of(answer) for answer in answers] == [0, 2, 4]
    assert asked == [1]


def test_results_come_in_the_order_of_the_units_and_few_are_under_way(recipes):
    given = []

    class Slow:
        depth, at_once = 2, 1

        def submit(self, unit):
            given.append(unit)
            return Later(unit)

    class Later:
        def __init__(self, unit):
            self.unit = unit

        def result(self):
            return self.unit, len(given)

    assert list(in_order(Slow(), range(5))) == [(0, 3), (1, 4), (2, 5), (3, 5), (4, 5)]


def test_errors_of_ours_arrive_with_all_their_problems(recipes):
    failing = pickle.dumps(recipes.Failing())
    with pytest.raises(ConfigError) as caught:
        result_of(answered(failing, pickle.dumps("config")))
    assert caught.value.problems == (Problem("a", 1, fix="Use 2."), Problem("b", fix="Name it."))
    assert str(caught.value) == "a: got 1. Use 2.\nb: Name it."
    with pytest.raises(ModelError, match=r"^The model is ill\.$"):
        result_of(answered(failing, pickle.dumps("model")))


def test_any_other_error_arrives_with_where_it_happened(recipes):
    with pytest.raises(RuntimeError) as caught:
        result_of(answered(pickle.dumps(recipes.Failing()), pickle.dumps("x")))
    assert str(caught.value) == "KeyError: 'x'"
    assert "in fail" in caught.value.__notes__[0]


# --- processes --------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_as_many_processes_work_as_were_asked_for_and_end_with_the_block(recipes):
    with pool_of(recipes.Telling(), workers=2, total=40) as pool:
        pending = [pool.submit(number) for number in range(40)]
        assert (pool.depth, pool.at_once) == (4, 2)
        told = [one.result() for one in pending]
    assert [number for _, number in told] == list(range(40))
    working = {pid for pid, _ in told}
    assert os.getpid() not in working
    wait_until(lambda: not any(alive(pid) for pid in working))


def test_one_worker_is_this_process(recipes):
    with pool_of(recipes.Telling(), workers=1, total=3) as pool:
        assert [pool.submit(number).result() for number in range(3)] == [(os.getpid(), number) for number in range(3)]
        assert pool.depth == 0


def test_little_work_is_done_by_this_process(recipes):
    with pool_of(recipes.Telling(), workers=None, total=3) as pool:
        assert {pool.submit(number).result()[0] for number in range(3)} == {os.getpid()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seconds", "units", "started_after"),
    [
        ([1.0, 1.0], 9, 2),  # 7 s are left after two units
        ([10.0], 3, 1),  # no first unit takes so long for what only the first has to do
        ([3.0, 0.1, 0.1, 0.1], 40, None),  # 4 s are left: the first unit was slow for what the others find ready
        ([0.1, 5.0, 0.1], 40, None),  # a hiccup of the machine
        ([1.0, 0.5], 20, 2),
    ],
)
def test_processes_are_started_where_the_fastest_of_the_first_units_says_that_much_is_left(
    recipes, monkeypatch, seconds, units, started_after
):
    ticks = iter([tick for second in seconds for tick in (0.0, second)])
    monkeypatch.setattr(processes, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    assert WORTH_STARTING == 6.0
    with pool_of(recipes.Telling(), workers=None, total=units) as pool:
        at_once = [pool.submit(number).result() and pool.at_once for number in range(len(seconds))]
    assert at_once == [2 if started_after is not None and n >= started_after else 1 for n in range(1, len(seconds) + 1)]


@pytest.mark.slow
def test_a_worker_that_is_killed_is_told_with_what_to_do(recipes):
    with pool_of(recipes.Dying(), workers=2, total=2) as pool, pytest.raises(ModelError) as caught:
        pool.submit(0).result()
    assert str(caught.value) == (
        "A worker process ended in the middle of its work, most likely because memory ran out. "
        "Use fewer of them with --workers; what is finished is not explained again."
    )


@pytest.mark.slow
def test_workers_end_when_the_process_that_started_them_is_killed(recipes, tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import recipes_of_tests as r\n"
        "from pellucid.engines.processes import local_pool\n"
        "with local_pool(None, r.Telling(), workers=2, processors=2, total=9) as pool:\n"
        "    print(pool.submit(1).result()[0], flush=True)\n"
        "    input()\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        worker = int(started.stdout.readline())
        started.send_signal(signal.SIGKILL)
        started.wait()
        wait_until(lambda: not alive(worker))
