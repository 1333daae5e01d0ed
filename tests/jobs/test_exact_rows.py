"""Rows with a formula beside rows without one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget
from pellucid.jobs.explanations.exact_rows import ExactRows, bounded_by_samples, with_exact_rows

FIRST = 96


def sampled(left):
    """Every row's value is 100 and its position."""
    return Attributions(
        values=(100.0 + left)[:, None, None],
        standard_errors=np.ones((len(left), 1, 1)),
        base_values=np.zeros((len(left), 1)),
        predictions=(100.0 + left)[:, None],
        samples=np.full(len(left), 9),
        blocks=(FIRST + np.arange(len(left))) // 32,
        estimators=("leverage",) * len(left),
        model_rows=10 * len(left),
    )


@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_each_row_keeps_its_place_whether_a_formula_holds_or_not(holds):
    rows = len(holds)
    exact = ExactRows(np.array(holds), np.arange(rows)[:, None, None] * 1.0, np.zeros((rows, 1)), "exact: trees", 7)
    found = with_exact_rows(exact, FIRST, sampled)
    expected = [float(row) if held else 100.0 + row for row, held in enumerate(holds)]
    assert found.values[:, 0, 0].tolist() == expected
    assert found.predictions[:, 0].tolist() == expected
    assert found.standard_errors[:, 0, 0].tolist() == [0.0 if held else 1.0 for held in holds]
    assert list(found.estimators) == ["exact: trees" if held else "leverage" for held in holds]
    assert found.samples.tolist() == [0 if held else 9 for held in holds]
    assert (np.diff(found.blocks) >= 0).all()
    assert found.model_rows == 7 + 10 * holds.count(False)


def test_a_bound_on_the_whole_job_is_one_on_each_row():
    budget = Budget(model_calls=1000 * 12 + 2, samples=50)
    assert bounded_by_samples(budget, total=1000, inputs_per_coalition=2) == Budget(samples=5)
    assert bounded_by_samples(Budget(samples=3), total=1000, inputs_per_coalition=2) == Budget(samples=3)
