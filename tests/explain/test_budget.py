"""What an explanation may cost, and what few samples are worth."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.errors import ConfigError
from pellucid.explain.budget import Budget, note


def samples(**bounds):
    return Budget(**bounds).samples_of(players=10, rows=100, inputs_per_coalition=5)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, 2068),
        ({"samples": 30}, 30),
        ({"precision": 0.1}, 4 * 2068),
        ({"precision": 0.1, "samples": 300}, 300),
        # 5 rows of background and 100 predictions are asked as well; 10,000 are left, 100 for each row.
        ({"model_calls": 10_105}, 20),
        ({"model_calls": 10_105, "samples": 7}, 7),
    ],
)
def test_the_tightest_bound_holds(bounds, expected):
    assert samples(**bounds) == expected


def test_numbers_of_numpy_are_bounds_as_well():
    given = Budget(
        samples=np.int16(30_000), model_calls=np.int32(7), seconds=np.float32(0.5), precision=np.float64(0.1)
    )
    assert given == Budget(samples=30_000, model_calls=7, seconds=0.5, precision=0.1)
    assert [type(bound) for bound in (given.samples, given.model_calls, given.seconds, given.precision)] == [
        int,
        int,
        float,
        float,
    ]


def test_every_bound_that_is_not_positive_is_named():
    with pytest.raises(ConfigError) as raised:
        Budget(samples=0, model_calls=True, seconds=-1, precision=0.0)
    assert str(raised.value) == (
        "budget.samples: got 0. Use an integer of at least 1.\n"
        "budget.model_calls: got True. Use an integer of at least 1.\n"
        "budget.seconds: got -1. Use a number above 0.\n"
        "budget.precision: got 0.0. Use a number above 0, such as 0.05 for an error of 5 %."
    )


def test_too_few_model_calls_name_the_least():
    with pytest.raises(ConfigError) as raised:
        samples(model_calls=604)
    assert str(raised.value) == (
        "budget.model_calls: got 604. Use at least 605: "
        "one coalition for each of 100 rows, and the predictions themselves."
    )
    assert samples(model_calls=605) == 1


@pytest.mark.parametrize(
    ("count", "estimator", "expected"),
    [
        (15, "clarify", "15 samples are fewer than 2 (M - 1) = 26 for M = 14 features: Clarify's regression"),
        (15, "auto", "15 samples are fewer than 2 M = 28 for M = 14 features: not every feature"),
        (1, "auto", "1 sample is fewer than 2 M = 28 for M = 14 features: not every feature"),
        (28, "auto", "28 samples are fewer than 4 M = 56 for M = 14 features: the values are exact where"),
    ],
)
def test_few_samples_are_called_so(count, estimator, expected):
    assert note(14, count, estimator).startswith(expected)


@pytest.mark.parametrize(("players", "count"), [(14, 56), (3, 6), (1, 0)])
def test_enough_samples_need_no_note(players, count):
    assert note(players, count) == ""
