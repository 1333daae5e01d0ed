"""Two models on the same rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.bias.metrics import METRICS, POST_TRAINING
from pellucid.bias.paired import paired_difference

COUNTED = [metric for metric in POST_TRAINING if metric.compute is not None and not metric.conditional]


def drawn(rng, n, disagreement):
    """Rows of both groups: labels, and two predictions of which the second differs in some places."""
    joint = np.zeros((2, 2, 2, 2))
    for group, positive in enumerate((0.5, 0.35)):
        label = rng.random(n) < positive
        first = np.where(rng.random(n) < 0.8, label, ~label)
        second = np.where(rng.random(n) < disagreement[group], ~first, first)
        np.add.at(joint[group], (label.astype(int), first.astype(int), second.astype(int)), 1)
    return joint


def test_models_that_agree_everywhere_differ_by_nothing_but_not_for_certain():
    joint = np.zeros((2, 2, 2, 2))
    joint[:, :, 0, 0] = joint[:, :, 1, 1] = 100
    for metric in COUNTED:
        value, (low, high) = paired_difference(metric, joint, 0.95)
        assert value == 0
        assert low < 0 < high


def test_the_difference_of_dppl_by_hand():
    # of 100 rows in each group the second model rejects 10 more of d, so that q_d falls by 0.1 and DPPL rises by 0.1
    joint = np.zeros((2, 2, 2, 2))
    joint[0, 1] = [[40, 0], [0, 60]]
    joint[1, 1] = [[60, 0], [10, 30]]
    value, (low, high) = paired_difference(METRICS["DPPL"], joint, 0.95)
    assert value == pytest.approx(0.1)
    # matched proportions of d: 0.5 more in each cell, variance (b + c) / n^2 - (b - c)^2 / n^3; of a: 1 / 102^2
    n, b, c = 102, 10.5, 0.5
    variance = (b + c) / n**2 - (b - c) ** 2 / n**3 + 1 / n**2
    assert high - value == pytest.approx(1.959964 * variance**0.5, rel=1e-3)
    assert value - low == pytest.approx(high - value)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_swapping_the_models_negates_the_difference(seed):
    joint = drawn(np.random.default_rng(seed), 60, (0.1, 0.2))
    for metric in COUNTED:
        there, back = paired_difference(metric, joint, 0.95), paired_difference(metric, joint.swapaxes(2, 3), 0.95)
        if there is not None:
            assert back[0] == pytest.approx(-there[0], abs=1e-9)
            assert back[1] == pytest.approx((-there[1][1], -there[1][0]), abs=1e-6)


def test_strata_are_the_last_axis():
    joint = np.stack([drawn(np.random.default_rng(seed), 100, (0.1, 0.2)) for seed in (1, 2)], axis=-1)
    value, (low, high) = paired_difference(METRICS["CDDPL"], joint, 0.95)
    assert low < value < high


@pytest.mark.slow
@pytest.mark.parametrize("name", ["DPPL", "DI", "RD", "AD", "DAR"])
def test_intervals_cover_the_truth(name):
    rng = np.random.default_rng(7)
    metric, disagreement, draws = METRICS[name], (0.05, 0.15), 600
    truth = paired_difference(metric, drawn(np.random.default_rng(0), 4_000_000, disagreement), 0.95)[0]
    found = [paired_difference(metric, drawn(rng, 300, disagreement), 0.95)[1] for _ in range(draws)]
    covered = np.mean([low <= truth <= high for low, high in found])
    assert 0.92 <= covered <= 0.98
