"""Work on several threads, and results in the order of the pieces."""

from __future__ import annotations

import os
import threading

import pytest

from pellucid.engines.processes import ONE_THREAD
from pellucid.explain.exact.threads import allowed_threads, used_in_order


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_results_are_used_in_the_order_of_the_items(threads):
    used = []
    used_in_order(range(20), lambda item: item**2, lambda item, square: used.append((item, square)), threads)
    assert used == [(item, item**2) for item in range(20)]


def test_a_result_that_comes_late_is_waited_for():
    second_is_done, used = threading.Event(), []

    def work(item):
        if item == 0:
            assert second_is_done.wait(30)
        else:
            second_is_done.set()
        return item

    used_in_order([0, 1], work, lambda item, _: used.append(item), 2)
    assert used == [0, 1]


def test_so_many_pieces_are_worked_on_at_the_same_time():
    together, used = threading.Barrier(3), []
    used_in_order(range(6), lambda _: together.wait(30), lambda item, _: used.append(item), 3)
    assert used == list(range(6))


def test_results_are_used_and_items_taken_by_the_thread_that_calls():
    here, seen = threading.get_ident(), []

    def items():
        for item in range(4):
            seen.append(threading.get_ident())
            yield item

    used_in_order(items(), lambda _: threading.get_ident(), lambda *_: seen.append(threading.get_ident()), 2)
    assert set(seen) == {here}


@pytest.mark.parametrize("threads", [1, 3])
def test_few_results_wait(threads):
    taken, most = 0, 0

    def items():
        nonlocal taken
        for item in range(50):
            taken += 1
            yield item

    def use(item, _):
        nonlocal most
        most = max(most, taken - item)

    used_in_order(items(), lambda item: item, use, threads)
    assert most == (threads + 1 if threads > 1 else 1)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_fault_in_the_work_comes_through_and_the_rest_is_not_begun(threads):
    begun = []

    def work(item):
        begun.append(item)
        if item == 1:
            raise ValueError("one")

    with pytest.raises(ValueError, match=r"^one$"):
        used_in_order(range(50), work, lambda *_: None, threads)
    assert max(begun) <= 1 + threads


@pytest.mark.parametrize("fault", [KeyboardInterrupt, ValueError])
def test_when_it_ends_no_thread_is_left(fault):
    def use(*_):
        raise fault

    with pytest.raises(fault):
        used_in_order(range(50), lambda item: item, use, 2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pellucid-trees")]


@pytest.mark.parametrize(("told", "expected"), [("3", 3), ("2,4", 2), (" 1 ", 1), ("0", 5), ("many", 5), ("", 5)])
def test_threads_are_those_told_or_the_processors_that_may_be_used(monkeypatch, told, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(5)), raising=False)
    assert allowed_threads() == expected


@pytest.mark.parametrize(("processors", "expected"), [(6, 6), (None, 1)])
def test_where_no_one_tells_which_processors_may_be_used_all_are(monkeypatch, processors, expected):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    assert allowed_threads() == expected


def test_worker_processes_of_a_job_have_one_thread_each(monkeypatch):
    for name, told in ONE_THREAD.items():
        monkeypatch.setenv(name, told)
    assert allowed_threads() == 1
