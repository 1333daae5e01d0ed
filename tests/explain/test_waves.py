"""How much is asked, and how much at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.budget import Budget
from pellucid.explain.plan import Plan
from pellucid.explain.waves import asked_together, inputs_of_rows, samples_with_few_completed


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


ALL_OF_12, DEFAULT = 2**12 - 2, 2 * 14 + 2048


def samples(players, *, plan=None, blocks=None, inputs_per_coalition=1, allowed=DEFAULT):
    players = np.array(players, dtype=np.intp)
    blocks = np.zeros(len(players), dtype=np.intp) if blocks is None else np.array(blocks)
    plan = plan or Plan()
    found = samples_with_few_completed(plan, blocks, players, np.full(len(players), allowed), inputs_per_coalition)
    return found.tolist()


def test_all_coalitions_are_asked_of_a_row_whose_number_of_players_few_others_of_its_block_have():
    assert samples([13] * 40 + [12]) == [DEFAULT] * 40 + [ALL_OF_12]


def test_a_block_is_asked_at_most_a_sixteenth_more():
    # Of 12 players 2,018 coalitions are left; a sixteenth of what 16 rows ask is 2,076.
    assert samples([13] * 15 + [12]) == [DEFAULT] * 15 + [ALL_OF_12]
    assert samples([13] * 14 + [12]) == [DEFAULT] * 15
    # Rows of few players ask for little, so that little may be added.
    assert samples([5] * 40 + [12]) == [DEFAULT] * 41


def test_no_more_inputs_are_added_than_a_fit_takes():
    assert samples([13] * 500 + [12] * 4) == [DEFAULT] * 500 + [ALL_OF_12] * 4
    assert samples([13] * 500 + [12] * 5) == [DEFAULT] * 505
    assert samples([13] * 500 + [12] * 2, inputs_per_coalition=4) == [DEFAULT] * 500 + [DEFAULT] * 2
    assert samples([13] * 500 + [12] * 1, inputs_per_coalition=4) == [DEFAULT] * 500 + [ALL_OF_12]


def test_blocks_do_not_know_of_each_other():
    first, second = [13] * 40 + [12], [12] * 3
    together = samples(first + second, blocks=[0] * len(first) + [3] * len(second))
    assert together == samples(first) + samples(second)


def test_rows_with_so_many_players_that_all_coalitions_are_over_twice_the_samples_are_sampled():
    assert samples([12] * 400 + [13]) == [DEFAULT] * 401


@pytest.mark.parametrize(
    "plan",
    [
        Plan(budget=Budget(samples=DEFAULT)),
        Plan(budget=Budget(samples_per_player=DEFAULT / 12)),
        Plan(budget=Budget(model_calls=10**9)),
        Plan(budget=Budget(seconds=1.0)),
        Plan(budget=Budget(precision=0.05)),
        Plan(estimator="leverage"),
        Plan(estimator="clarify"),
    ],
)
def test_a_budget_that_was_set_is_kept_and_so_is_an_estimator(plan):
    assert samples([13] * 40 + [12], plan=plan) == [DEFAULT] * 41
