"""How much is asked at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.budget import Budget
from pellucid.explain.plan import Plan
from pellucid.explain.waves import asked_together, inputs_of_rows


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(1, 100))
def test_parts_are_asked_together_as_long_as_they_fit(inputs, most):
    found = asked_together(np.array(inputs, dtype=np.intp), most)
    assert [place for one in found for place in range(one.start, one.stop)] == list(range(len(inputs)))
    for one, following in zip(found, [*found[1:], None], strict=True):
        together = sum(inputs[one])
        assert together <= most or one.stop - one.start == 1
        if following is not None:  # the next one did not fit
            assert together + inputs[following.start] > most


@pytest.mark.parametrize(
    ("plan", "inputs"),
    [
        (Plan(), [1, 1, 6 * 3 + 1, 2076 * 3 + 1, 2076 * 3 + 1]),
        (Plan(estimator="clarify"), [1, 1, 6 * 3 + 1, 2076 * 3 + 1, 2076 * 3 + 1]),
        (Plan(estimator="enumeration"), [1, 1, 6 * 3 + 1, 16_382 * 3 + 1, (2**40 - 2) * 3 + 1]),
        # Four samples per player at first, or a part of the most.
        (Plan(budget=Budget(precision=0.05)), [1, 1, 6 * 3 + 1, 56 * 3 + 1, 400 * 3 + 1]),
    ],
)
def test_a_row_asks_for_its_coalitions_and_itself(plan, inputs):
    found = inputs_of_rows(plan, np.array([0, 1, 3, 14, 100]), np.full(5, 2076), 3)
    assert found.tolist() == inputs


def test_rows_that_may_ask_for_very_much_until_they_are_precise_are_few():
    plan = Plan(budget=Budget(precision=0.05))
    assert inputs_of_rows(plan, np.array([20]), np.array([640_000]), 1).tolist() == [10_001]
