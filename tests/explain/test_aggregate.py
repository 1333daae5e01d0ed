"""Global values: Clarify's aggregates, the same without the bias of noise, and ties."""

from __future__ import annotations

import sys
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.absolute_values import TrueValues
from pellucid.explain.aggregate import AGGREGATIONS, GlobalValues, aggregate, aggregate_pieces, ranks_with_ties
from pellucid.explain.local_rows import LocalRows
from pellucid.explain.order_statistics import order_statistics, quantiles

LOCAL = np.array([[[1.0], [0.0]], [[-3.0], [0.5]], [[5.0], [-0.5]]])


@pytest.mark.parametrize(
    ("method", "expected"), [("mean_abs", [3, 1 / 3]), ("median", [1, 0]), ("mean_sq", [35 / 3, 1 / 6])]
)
def test_exact_values_are_aggregated_plainly(method, expected):
    found = aggregate(LOCAL, np.zeros_like(LOCAL), method=method)
    for part in (found.value, found.corrected, found.low, found.high):
        assert part[:, 0] == pytest.approx(expected)
    assert not found.standard_error.any()


def test_noise_is_taken_off_the_mean_square():
    found = aggregate(LOCAL, np.full_like(LOCAL, 1.0), method="mean_sq")
    assert found.corrected[:, 0] == pytest.approx([35 / 3 - 1, 0])


@pytest.mark.parametrize("method", ["mean_abs", "mean_sq"])
@pytest.mark.parametrize("size", [0.0, 0.3, 1.0, 3.0])
def test_correction_takes_most_of_the_bias_away(method, size):
    rng = np.random.default_rng(0)
    true = size * rng.normal(size=(4000, 1, 1))
    noisy = true + rng.normal(size=true.shape)
    target = np.abs(true).mean() if method == "mean_abs" else (true**2).mean()
    found = aggregate(noisy, np.ones_like(noisy), method=method)
    assert abs(found.corrected.item() - target) < 0.25 * abs(found.value.item() - target) + 0.02
    assert found.corrected.item() <= found.value.item()


@pytest.mark.parametrize("method", ["mean_abs", "mean_sq", "median"])
def test_intervals_hold_the_aggregate_of_the_exact_values(method):
    rng = np.random.default_rng(1)
    true = rng.normal(1.0, 2.0, size=(1000, 1, 1))
    target = aggregate(true, np.zeros_like(true), method=method).value.item()
    held = 0
    for _ in range(200):
        found = aggregate(true + 0.3 * rng.normal(size=true.shape), np.full(true.shape, 0.3), method=method)
        held += found.low.item() <= target <= found.high.item()
    assert held >= 180


def test_errors_of_rows_that_share_coalitions_do_not_average_out():
    errors = np.full((4, 1, 1), 0.2)
    apart = aggregate(np.ones((4, 1, 1)), errors)
    together = aggregate(np.ones((4, 1, 1)), errors, blocks=np.zeros(4, dtype=int))
    assert (apart.standard_error.item(), together.standard_error.item()) == pytest.approx((0.1, 0.2))


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        # 2 |v| x 0.2 in the mean; 2 x 0.2^4 for the square of the noise; 0.4 x 0.2^2 for the correction by it.
        ("mean_sq", np.sqrt((0.4 * 2.5) ** 2 + 2 * 0.04**2 + 0.016**2)),
        ("median", 0.2),
        ("mean_abs", 0.2),
    ],
)
def test_an_error_that_all_rows_have_in_common_moves_the_aggregate_as_far_as_one_row(method, expected):
    values = np.array([1.0, 2.0, 3.0, 4.0])[:, None, None]
    found = aggregate(values, np.full_like(values, 0.2), method=method, blocks=np.zeros(4, dtype=int))
    assert found.standard_error.item() == pytest.approx(expected, rel=0.1 if method == "median" else 1e-3)


@pytest.mark.parametrize(("method", "most"), [("mean_abs", 0.01), ("mean_sq", 0.15), ("median", 0.5)])
def test_errors_that_cancel_within_a_block_leave_little_in_its_aggregate(method, most):
    values, errors = np.array([3.0, 3.1])[:, None, None], np.full((2, 1, 1), 0.2)
    alone = aggregate(values, errors, method=method, blocks=np.zeros(2, dtype=int))
    cancelling = aggregate(values, errors, method=method, blocks=np.zeros(2, dtype=int), loadings=np.zeros((2, 1, 1)))
    assert cancelling.standard_error.item() < most * alone.standard_error.item()
    assert cancelling.corrected.item() == alone.corrected.item()


def test_the_median_of_rows_far_apart_has_the_error_of_the_row_in_the_middle():
    values = np.array([-40.0, -20.0, 1.0, 20.0, 40.0])[:, None, None]
    errors = np.array([0.5, 0.4, 0.3, 0.4, 0.5])[:, None, None]
    found = aggregate(values, errors, method="median")
    assert found.standard_error.item() == pytest.approx(0.3, rel=0.2)


@pytest.mark.parametrize("rows", [100, 400, 1600])
def test_the_median_of_many_independent_rows_is_as_sure_as_the_spread_of_repetitions_says(rows):
    rng = np.random.default_rng(rows)
    true = rng.uniform(-1.0, 1.0, size=(rows, 1, 1))
    found = [
        aggregate(true + 0.2 * rng.normal(size=true.shape), np.full(true.shape, 0.2), method="median")
        for _ in range(300)
    ]
    spread = np.std([one.value.item() for one in found])
    told = np.sqrt(np.mean([one.standard_error.item() ** 2 for one in found]))
    # Part of it is what a lopsided distribution would make noise do, which this one is by chance only, and what rows
    # closer together than their noise might hide.
    assert 0.9 <= told / spread <= 1.9


def test_a_median_at_which_exact_rows_stand_is_exact():
    values = np.concatenate([np.zeros(60), np.ones(40)])[:, None, None]
    found = aggregate(values, np.where(values > 0, 0.1, 0.0), method="median")
    assert found.value.item() == 0.0
    assert found.standard_error.item() == pytest.approx(0.0, abs=1e-100)


@pytest.mark.parametrize("method", AGGREGATIONS)
def test_a_part_of_the_error_of_odd_terms_does_not_average_out_over_blocks(method):
    values, errors = np.linspace(4.0, 5.0, 4000)[:, None, None], np.full((4000, 1, 1), 0.1)
    apart = aggregate(values, errors, method=method)
    with_prior = aggregate(values, errors, method=method, learnt=np.ones(4000, dtype=bool))
    together = aggregate(values, errors, method=method, blocks=np.zeros(4000, dtype=int))
    share = with_prior.standard_error.item() / together.standard_error.item()
    assert apart.standard_error.item() < 0.1 * together.standard_error.item()
    assert share == pytest.approx(np.sqrt(0.3), rel=0.05)


BLOCKS, OF_BLOCK = 40, 20


def with_odd_terms(seed, missed, of_linear=0.3):
    """True values, and others that miss a share of them in all blocks alike; a linear fit errs more, but not alike."""
    rng = np.random.default_rng(seed)
    true = rng.normal(3.0, 1.0, size=(BLOCKS * OF_BLOCK, 1, 1))
    values = true * (1 + missed) + 0.05 * rng.normal(size=true.shape)
    linear = true + of_linear * rng.normal(size=true.shape)
    blocks = np.repeat(np.arange(BLOCKS), OF_BLOCK)
    learnt = np.ones(len(true), dtype=bool)
    known = {"blocks": blocks, "learnt": learnt, "loadings": np.full(true.shape, 0.05 / np.sqrt(OF_BLOCK))}
    return true, values, values - linear, known


@pytest.mark.parametrize("method", ["mean_abs", "mean_sq"])
def test_what_odd_terms_miss_in_all_blocks_is_told_by_the_linear_fit_and_taken_off(method):
    held, with_parts, without = 0, [], []
    for seed in range(40):
        true, values, odd_parts, known = with_odd_terms(seed, missed=0.03)
        target, errors = aggregate(true, np.zeros(true.shape), method=method).value, np.full(true.shape, 0.05)
        found = aggregate(values, errors, method=method, odd_parts=odd_parts, **known)
        with_parts.append(found.corrected - target)
        without.append(aggregate(values, errors, method=method, **known).corrected - target)
        held += (found.low <= target).item() and (target <= found.high).item()
    assert held >= 36
    assert np.std(without) < 0.5 * np.mean(without)
    assert np.sqrt(np.mean(np.square(with_parts))) < 0.5 * np.mean(without)


def test_a_median_tells_what_odd_terms_miss_and_is_not_corrected():
    true, values, odd_parts, known = with_odd_terms(0, missed=0.03)
    errors = np.full(true.shape, 0.05)
    found = aggregate(values, errors, method="median", odd_parts=odd_parts, **known)
    blind = aggregate(values, errors, method="median", **known)
    assert found.corrected == found.value == np.median(values)
    assert found.low.item() < np.median(true) < blind.low.item()


def test_odd_terms_that_miss_nothing_make_a_global_value_surer_the_more_blocks_there_are():
    found, believed, off = [], [], []
    for seed in range(40):
        true, values, odd_parts, known = with_odd_terms(seed, missed=0.0, of_linear=0.1)
        errors = np.full(true.shape, 0.05)
        of_parts = aggregate(values, errors, odd_parts=odd_parts, **known)
        found.append(of_parts.standard_error.item())
        off.append(of_parts.corrected.item() - true.mean())
        believed.append(aggregate(values, errors, **known).standard_error.item())
    assert np.mean(found) < 0.9 * np.mean(believed)
    assert np.sqrt(np.mean(np.square(off))) < np.mean(found)


def test_few_blocks_do_not_tell_what_odd_terms_miss():
    _, values, odd_parts, known = with_odd_terms(0, missed=0.03)
    few = {name: part[: 4 * OF_BLOCK] for name, part in known.items()}
    values, errors = values[: 4 * OF_BLOCK], np.full((4 * OF_BLOCK, 1, 1), 0.05)
    found = aggregate(values, errors, odd_parts=odd_parts[: 4 * OF_BLOCK], **few)
    believed = aggregate(values, errors, **few)
    assert (found.corrected, found.standard_error) == (believed.corrected, believed.standard_error)


def test_what_a_correction_may_be_off_by_is_part_of_the_error():
    """Where nothing has an effect, absolute values are noise; how much of them is taken off is a matter of belief."""
    rng = np.random.default_rng(6)
    noise = rng.normal(size=(40_000, 1, 1))
    found = aggregate(noise, np.ones_like(noise))
    taken_off = (found.value - found.corrected).item()
    assert taken_off > 0.6
    assert found.standard_error.item() == pytest.approx(0.3 * taken_off, rel=0.01)
    assert found.low.item() == 0.0


@pytest.mark.parametrize("method", ["mean_abs", "mean_sq", "median"])
def test_unknown_errors_leave_the_value_and_no_interval(method):
    found = aggregate(LOCAL, np.full_like(LOCAL, np.nan), method=method)
    assert found.corrected.tolist() == found.value.tolist()
    assert np.isnan([found.standard_error, found.low, found.high]).all()


def test_features_whose_intervals_overlap_are_tied():
    values = np.tile(np.array([0.1, 3.0, 1.0, 1.1])[None, :, None], (9, 1, 1))
    order, tied = ranks_with_ties(aggregate(values, np.full_like(values, 0.3)))
    assert order.tolist() == [1, 3, 2, 0]
    assert tied.tolist() == [False, True, False, False]


def test_medians_are_ranked_by_their_distance_from_zero():
    values = np.tile(np.array([0.1, -3.0, 1.0, -1.1])[None, :, None], (9, 1, 1))
    order, tied = ranks_with_ties(aggregate(values, np.full_like(values, 0.3), method="median"))
    assert order.tolist() == [1, 3, 2, 0]
    assert tied.tolist() == [False, True, False, False]


def test_a_median_that_may_be_of_either_sign_is_tied_with_one_near_zero():
    values = np.tile(np.array([-0.2, 0.05])[None, :, None], (9, 1, 1))
    order, tied = ranks_with_ties(aggregate(values, np.array([0.6, 0.0])[None, :, None] + 0 * values, method="median"))
    assert (order.tolist(), tied.tolist()) == ([0, 1], [True, False])


def importance_of(values, low, high):
    """Intervals as they are given, shape (players,) each."""
    parts = [np.array(part, dtype=float)[:, None] for part in (values, values, np.zeros(len(values)), low, high)]
    return GlobalValues(*parts)


def test_a_feature_is_not_told_apart_from_the_next_while_a_later_one_may_be_above_it():
    """The second is surely below the first, but the third may be anywhere from 1 to 9."""
    order, tied = ranks_with_ties(importance_of([8, 6, 5, 0.5], low=[7.5, 5.9, 1, 0.4], high=[8.5, 6.1, 9, 0.6]))
    assert (order.tolist(), tied.tolist()) == ([0, 1, 2, 3], [True, True, False, False])


def test_features_whose_noise_reverses_their_order_are_tied():
    """Most of the first value is noise: without it the first feature is surely below the second."""
    order, tied = ranks_with_ties(importance_of([5, 4], low=[0, 3.9], high=[1, 4.1]))
    assert (order.tolist(), tied.tolist()) == ([0, 1], [True, False])


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9), st.floats(0, 9)), min_size=1, max_size=8))
def test_all_features_before_a_gap_in_the_ranking_lie_above_all_after_it(numbers):
    values, low, off = np.array(numbers).T
    order, tied = ranks_with_ties(importance_of(values, low, low + off))
    for place in np.flatnonzero(~tied[:-1]):
        assert low[order[: place + 1]].min() > (low + off)[order[place + 1 :]].max()


def test_nothing_is_told_apart_without_errors():
    order, tied = ranks_with_ties(aggregate(LOCAL, np.full_like(LOCAL, np.nan)))
    assert (order.tolist(), tied.tolist()) == ([0, 1], [True, False])


def test_exact_values_are_told_apart_by_more_than_their_rounding():
    """0.1 + 0.2 is 0.3 in any other order of adding up; 3e-17 beside 0.3 is what is left of 0."""
    values = np.array([0.3, 0.1 + 0.2, 0.29, 3e-17, 0.0])[None, :, None]
    order, tied = ranks_with_ties(aggregate(values, np.zeros_like(values)))
    assert order.tolist() == [1, 0, 2, 3, 4]
    assert tied.tolist() == [True, False, False, True, False]
    small = 1e-20 * np.array([3.0, 2.0])[None, :, None]  # of small numbers, differences are small
    assert ranks_with_ties(aggregate(small, np.zeros_like(small)))[1].tolist() == [False, False]


# --- rows that are not in memory together -----------------------------------------------------------------------------
@given(
    st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=2), min_size=1, max_size=60),
    st.lists(st.floats(0, 1), min_size=1, max_size=4),
    st.integers(1, 60),
)
def test_quantiles_digit_by_digit_are_those_of_sorted_numbers(rows, shares, size):
    numbers = np.array(rows)
    found = quantiles(lambda: [numbers[i : i + size] for i in range(0, len(numbers), size)], len(numbers), shares)
    assert found == pytest.approx(np.quantile(numbers, shares, axis=0), rel=1e-12, abs=1e-12)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_order_statistics_of_all_ranks_are_the_sorted_numbers(numbers):
    column = np.array(numbers)[:, None]
    assert order_statistics(lambda: [column], range(len(column)))[:, 0].tolist() == sorted(numbers)


@pytest.mark.parametrize("method", AGGREGATIONS)
def test_pieces_give_the_bits_of_rows_in_memory(method, monkeypatch):
    monkeypatch.setattr(sys.modules[LocalRows.__module__], "PIECE_VALUES", 300)
    rng = np.random.default_rng(2)
    values, errors = rng.normal(size=(1000, 3, 1)), rng.random((1000, 3, 1))
    blocks = np.arange(1000) // 64  # no piece ends where a block does
    loadings, learnt = errors * rng.uniform(-1, 1, size=errors.shape), rng.random(1000) < 0.5
    shares, odd_parts = rng.random(1000), 0.1 * values
    whole = aggregate(
        values,
        errors,
        method=method,
        blocks=blocks,
        loadings=loadings,
        odd_parts=odd_parts,
        learnt=learnt,
        noise_shares=shares,
    )
    rows = LocalRows(values, errors, loadings, odd_parts, learnt, shares, blocks)
    in_parts = aggregate_pieces(rows.pieces, 1000, method=method)
    for name in ("value", "corrected", "standard_error", "low", "high"):
        assert getattr(whole, name).tobytes() == getattr(in_parts, name).tobytes()


def test_a_block_that_is_cut_by_a_piece_moves_together_all_the_same(monkeypatch):
    monkeypatch.setattr(sys.modules[LocalRows.__module__], "PIECE_VALUES", 3)
    errors = np.full((8, 1, 1), 0.2)
    together = aggregate(np.ones((8, 1, 1)), errors, blocks=np.zeros(8, dtype=int))
    assert together.standard_error.item() == pytest.approx(0.2)


@pytest.mark.parametrize("method", AGGREGATIONS)
def test_pieces_are_not_kept_in_memory(method):
    alive, most = weakref.WeakValueDictionary(), 0

    def pieces():
        nonlocal most
        for number in range(20):
            values = np.random.default_rng(number).normal(size=(50, 2, 1))
            alive[id(values)] = values
            most = max(most, len(alive))
            errors = np.full(values.shape, 0.3)
            blocks = np.full(50, number)
            yield LocalRows(
                values, errors, errors, np.zeros(values.shape), np.zeros(50, dtype=bool), np.ones(50), blocks
            )
            del values

    aggregate_pieces(pieces, 1000, method=method)
    assert most <= 4


@pytest.mark.parametrize("method", ["mean_abs", "mean_sq"])
def test_errors_that_are_told_too_large_for_single_rows_are_corrected_for_by_the_noise_in_them(method):
    """Errors of twice the noise: a quarter of their squares is noise."""
    rng = np.random.default_rng(7)
    noisy = rng.normal(1.0, 2.0, size=(4000, 1, 1))
    exact = aggregate(noisy, np.full_like(noisy, 0.5), method=method)
    told = aggregate(noisy, np.full_like(noisy, 1.0), method=method, noise_shares=np.full(4000, 0.25))
    assert told.corrected == pytest.approx(exact.corrected, rel=1e-12)
    assert told.standard_error > exact.standard_error


# --- what noise adds to absolute values -------------------------------------------------------------------------------
def added_to(values, errors):
    """Shape (players, outputs)."""
    return TrueValues.seen_in(values, errors).expected(values, errors).added.mean(axis=0)


@pytest.mark.parametrize("size", [0.0, 0.5, 2.0])
def test_a_mixture_tells_about_what_noise_adds_where_true_values_are_normal(size):
    rng = np.random.default_rng(11)
    true = size * rng.normal(size=(4000, 1, 1))
    noisy = true + rng.normal(size=true.shape)
    added = np.abs(noisy).mean() - np.abs(true).mean()
    assert added_to(noisy, np.ones_like(noisy)).item() == pytest.approx(added, abs=0.2)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
def test_the_correction_of_a_feature_that_few_rows_have_takes_most_of_what_noise_adds_away(share):
    rng = np.random.default_rng(12)
    true = np.where(rng.random((4000, 1, 1)) < share, 8.0, 0.0)
    found = aggregate(true + rng.normal(size=true.shape), np.ones_like(true))
    target = np.abs(true).mean()
    assert abs(found.corrected.item() - target) < 0.3 * (found.value.item() - target)
    assert found.low.item() < target < found.high.item()


def test_the_correction_of_rows_whose_errors_are_in_proportion_to_their_values_takes_most_of_what_noise_adds_away():
    """Few true values are within their own error of 0, while many are within the mean error."""
    rng = np.random.default_rng(10)
    errors = 0.3 * rng.lognormal(0.0, 1.5, size=(4000, 1, 1))
    true = 3 * errors * rng.normal(size=errors.shape)
    found = aggregate(true + errors * rng.normal(size=errors.shape), errors)
    target, plain = np.abs(true).mean(), found.value.item()
    assert abs(found.corrected.item() - target) < 0.5 * (plain - target)
    assert found.low.item() < target < found.high.item()


@pytest.mark.parametrize("rows", [200, 4000])
def test_the_sign_expected_of_a_value_is_that_of_what_is_seen_where_it_is_no_noise_and_unknown_where_it_is(rows):
    rng = np.random.default_rng(14)
    true = np.where(rng.random((rows, 1, 1)) < 0.05, -10.0, 0.0)
    seen = true + rng.normal(size=true.shape)
    signs = TrueValues.seen_in(seen, np.ones_like(seen)).expected(seen, np.ones_like(seen)).signs
    assert (signs[true < 0] < -0.9).all()
    assert np.abs(signs[(true == 0) & (np.abs(seen) < 2)]).max() < 0.5


def test_odd_terms_that_shrink_noise_are_not_taken_to_miss_what_is_not_there():
    """In most rows there is nothing but noise, of which odd terms leave half: that is no part of the true values."""
    rng, rows = np.random.default_rng(15), BLOCKS * OF_BLOCK
    true = np.where(rng.random((rows, 1, 1)) < 0.05, 5.0, 0.0)
    noise = rng.normal(size=true.shape)
    blocks, learnt = np.repeat(np.arange(BLOCKS), OF_BLOCK), np.ones(rows, dtype=bool)
    values, errors = true + 0.1 * noise, np.full(true.shape, 0.1)
    found = aggregate(values, errors, blocks=blocks, learnt=learnt, odd_parts=-0.1 * noise)
    assert abs(found.corrected.item() - true.mean()) < 0.4 * (found.value.item() - true.mean())


@given(st.floats(0.1, 100.0), st.floats(-20.0, 20.0))
def test_what_noise_adds_is_at_least_nothing_and_grows_with_the_unit(unit, value):
    rng = np.random.default_rng(3)
    values, errors = (
        np.append(rng.normal(size=200), value)[:, None, None],
        np.append(rng.random(200), 1.0)[:, None, None],
    )
    added = TrueValues.seen_in(values, errors).expected(values, errors).added
    assert (added >= 0).all()
    in_units = TrueValues.seen_in(unit * values, unit * errors).expected(unit * values, unit * errors).added
    assert in_units == pytest.approx(unit * added, rel=1e-6, abs=1e-12 * unit)


def test_exact_rows_have_no_noise_to_add():
    values, errors = np.array([[[2.0]], [[-1.0]]]), np.array([[[0.0]], [[1.0]]])
    true = TrueValues.seen_in(values, errors)
    assert true.expected(values, np.zeros_like(errors)).added.ravel().tolist() == [0.0, 0.0]
    assert true.expected(values, errors).added[0].item() == 0.0
    assert added_to(values, errors).item() == pytest.approx(added_to(values[1:], errors[1:]).item() / 2)
    assert np.isnan(added_to(values, np.full_like(errors, np.nan)).item())


def test_rows_without_any_noise_are_not_looked_at():
    values = np.zeros((3, 2, 1))
    assert not added_to(values, values).any()


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_of_a_median_holds_what_noise_moves_it_by_where_values_lie_on_one_side(seed):
    """Half of the rows have next to no effect, the others positive ones: noise moves the median up systematically."""
    rng = np.random.default_rng(seed)
    true = np.where(rng.random((2000, 1, 1)) < 0.6, 0.1 * rng.normal(size=(2000, 1, 1)), 5 * rng.random((2000, 1, 1)))
    target, held = np.median(true), 0
    for _ in range(50):
        found = aggregate(true + 0.5 * rng.normal(size=true.shape), np.full(true.shape, 0.5), method="median")
        assert found.value.item() > target
        held += found.low.item() <= target <= found.high.item()
    assert held >= 45


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_of_a_median_holds_what_rows_closer_together_than_their_noise_hide(seed):
    """Noise makes one heap of three, the middle one of which has the median: nobody sees how much of each is where."""
    rng = np.random.default_rng(seed)
    true = rng.choice([-0.2, 0.0, 0.2], size=(8000, 1, 1), p=[0.45, 0.2, 0.35])
    target, held = np.median(true), 0
    for _ in range(20):
        found = aggregate(true + 0.5 * rng.normal(size=true.shape), np.full(true.shape, 0.5), method="median")
        held += found.low.item() <= target <= found.high.item()
    assert held >= 18
