"""Functions called at the same time."""

from __future__ import annotations

import threading

import pytest

from pellucid.datasets.at_once import called_at_once


def test_results_come_in_the_order_of_the_functions():
    assert called_at_once([lambda place=place: place**2 for place in range(5)]) == [0, 1, 4, 9, 16]
    assert called_at_once([]) == []


def test_functions_run_at_the_same_time():
    meeting = threading.Barrier(3, timeout=60)
    assert sorted(called_at_once([meeting.wait] * 3)) == [0, 1, 2]


@pytest.mark.parametrize("failing", [(0,), (2,), (1, 2)])
def test_the_first_exception_is_raised_when_all_have_ended(failing):
    ended = []

    def function(place):
        ended.append(place)
        if place in failing:
            raise ValueError(place)

    with pytest.raises(ValueError, match=f"^{failing[0]}$"):
        called_at_once([lambda place=place: function(place) for place in range(3)])
    assert sorted(ended) == [0, 1, 2]
