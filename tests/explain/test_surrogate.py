"""Values by a surrogate: right on average whatever the surrogate is, with errors that hold."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

import pellucid
from pellucid import ConfigError
from pellucid.explain.aggregate import AGGREGATIONS, aggregate
from pellucid.explain.budget import Budget
from pellucid.explain.estimate import explain_games
from pellucid.explain.game import MaskedGames
from pellucid.explain.loadings import all_weights
from pellucid.explain.maskers.tabular import TabularMasker, players_of
from pellucid.explain.plan import Plan, SurrogateSettings
from pellucid.explain.surrogate import Surrogate, codes_of, explained_by_surrogate, training_inputs
from pellucid.models.tree_readers.read import read_trees
from pellucid.protocols.model import Batch

NAMES = [f"x{i}" for i in range(7)]
RNG = np.random.default_rng(0)
CELLS = RNG.normal(size=(400, 7)).round(2)


def batch(cells):
    return Batch({name: cells[:, i] for i, name in enumerate(NAMES)})


def masker_of(rows, background=5):
    return TabularMasker(batch(CELLS[:rows]), batch(CELLS[-background:]), players_of(NAMES))


def curved(inputs):
    x = list(inputs.columns.values())
    return np.tanh(x[0] + x[1] * x[2]) + x[3] * x[4] * x[5] / 3 + x[6] ** 2 / 5


def trees_of(target, trees=60):
    fitted = HistGradientBoostingRegressor(max_iter=trees, max_depth=4, early_stopping=False).fit(CELLS, target)
    return fitted, Surrogate(codes_of(batch(CELLS)), (read_trees(fitted, "surrogate"),))


@pytest.fixture(scope="module")
def poor():
    """A surrogate that knows half of the model."""
    return trees_of(CELLS[:, 0] + CELLS[:, 3] * CELLS[:, 4], trees=10)[1]


def found_by(surrogate, masker, score=curved, samples=40, seed=0):
    return explained_by_surrogate(masker, score, surrogate, link="identity", samples=samples, seed=seed)


def exact(masker, score=curved):
    return explain_games(MaskedGames(masker, score), Plan(estimator="enumeration"))


def test_values_of_a_model_that_is_the_surrogate_are_exact():
    fitted, surrogate = trees_of(curved(batch(CELLS)))
    masker = masker_of(6)

    def score(inputs):
        return fitted.predict(np.column_stack(list(inputs.columns.values())))

    found = found_by(surrogate, masker, score)
    assert found.values == pytest.approx(exact(masker, score).values, abs=1e-9)
    assert found.standard_errors.max() < 1e-9
    assert set(found.estimators) == {"surrogate"}


def test_values_add_up_to_the_prediction_less_the_base(poor):
    masker = masker_of(9)
    found = found_by(poor, masker)
    assert found.predictions[:, 0] == pytest.approx(curved(masker.explained), abs=1e-12)
    assert found.base_values[:, 0] == pytest.approx(np.full(9, curved(masker.background).mean()), abs=1e-12)
    assert found.values.sum(axis=1) == pytest.approx(found.predictions - found.base_values, abs=1e-12)


def test_before_one_background_row_all_coalitions_are_exact_however_poor_the_surrogate_is(poor):
    masker = masker_of(4, background=1)
    found = found_by(poor, masker, samples=126)
    assert found.values == pytest.approx(exact(masker).values, abs=1e-10)
    assert not found.standard_errors.any()


def test_samples_beyond_all_coalitions_go_to_further_background_rows(poor):
    masker = masker_of(4)
    some, every = found_by(poor, masker, samples=3 * 126), found_by(poor, masker, samples=5 * 126)
    assert (some.samples.tolist(), every.samples.tolist()) == ([378] * 4, [630] * 4)
    assert every.values == pytest.approx(exact(masker).values, abs=1e-10)
    assert not every.standard_errors.any()
    assert (some.standard_errors > 0).all()
    assert (np.abs(some.values - every.values) <= 4 * some.standard_errors).mean() > 0.95


def test_a_row_is_asked_for_its_samples_once_each_whatever_the_background(poor):
    for background in (2, 50):
        assert found_by(poor, masker_of(4, background)).model_rows == 4 * 40 + 4 + background


@pytest.mark.slow
@pytest.mark.parametrize("samples", [40, 80])
def test_intervals_hold_the_exact_values_though_the_surrogate_is_poor(poor, samples):
    masker = masker_of(12)
    true = exact(masker).values
    found = [found_by(poor, masker, samples=samples, seed=seed) for seed in range(25)]
    held = [np.abs(part.values - true) <= 1.96 * part.standard_errors for part in found]
    assert 0.93 <= np.mean(held) <= 1.0
    mean = np.mean([part.values for part in found], axis=0)
    spread = np.std([part.values for part in found], axis=0)
    assert (np.abs(mean - true) <= 4.5 * spread / 5).all()  # right on average


def test_an_equal_seed_gives_equal_bytes_and_another_seed_does_not(poor):
    first, again, other = (found_by(poor, masker_of(5), seed=seed) for seed in (1, 1, 2))
    assert first.values.tobytes() == again.values.tobytes()
    assert first.values.tobytes() != other.values.tobytes()


def test_a_row_has_the_same_values_in_any_part_of_the_blocks(poor):
    whole = found_by(poor, masker_of(70))
    rest = explained_by_surrogate(
        TabularMasker(batch(CELLS[64:70]), batch(CELLS[-5:]), players_of(NAMES)),
        curved, poor, link="identity", samples=40, seed=0, first=64,
    )  # fmt: skip
    assert rest.values == pytest.approx(whole.values[64:], abs=1e-12)
    assert rest.blocks.tolist() == whole.blocks[64:].tolist()


def test_features_that_equal_the_background_get_nothing(poor):
    rows, background = CELLS[:2].copy(), CELLS[5:6].copy()
    rows[0, 1:] = background[0, 1:]
    rows[1, :] = background[0]
    masker = TabularMasker(batch(rows), batch(background), players_of(NAMES))
    found = found_by(poor, masker)
    assert found.values[0, :, 0] == pytest.approx([curved(batch(rows))[0] - curved(batch(background))[0], *[0] * 6])
    assert not found.values[1].any()


def test_training_inputs_mix_rows_with_the_background():
    masker = TabularMasker(
        Batch({"job": np.array(["cook", "baker"], dtype=object), "age": np.array([20.0, 30.0])}),
        Batch({"job": np.array(["driver"], dtype=object), "age": np.array([50.0])}),
        players_of(["job", "age"]),
    )
    inputs = training_inputs(masker, 300, seed=0)
    met = set(zip(*(column.tolist() for column in inputs.columns.values()), strict=True))
    jobs = [("cook", 20.0), ("baker", 30.0)]
    assert met == {*jobs, ("driver", 50.0), *((job, 50.0) for job, _ in jobs), *(("driver", age) for _, age in jobs)}


def test_words_become_numbers_and_missing_and_unknown_ones_none():
    codes = codes_of(Batch({"job": np.array(["cook", None, "baker"], dtype=object), "member": np.array([True] * 3)}))
    asked = Batch({"job": np.array(["baker", "pilot", None], dtype=object), "member": np.array([True, False, True])})
    np.testing.assert_array_equal(codes.matrix(asked), [[1.0, 1.0], [np.nan, 0.0], [np.nan, 1.0]])


def test_too_few_samples_to_correct_a_surrogate_are_refused():
    with pytest.raises(ConfigError) as raised:
        Plan(estimator="surrogate", budget=Budget(samples=20)).samples_beside_surrogate(players=14, rows=10)
    assert str(raised.value) == (
        "budget.samples: got 20. Use at least 56: 56 samples for each row correct a surrogate of 14 features."
    )
    plan = Plan(estimator="surrogate", budget=Budget(model_calls=20_500))
    with pytest.raises(ConfigError) as raised:
        plan.samples_beside_surrogate(players=14, rows=10)
    assert str(raised.value) == (
        "budget.model_calls: got 20500. Use at least 20,580: 56 samples for each row correct a surrogate of "
        "14 features."
    )
    with pytest.raises(ConfigError, match="Use at least 20,870: "):
        plan.samples_beside_surrogate(players=14, rows=10, background=300)


def test_model_calls_of_a_surrogate_bound_what_is_asked_and_are_checked_before_anything_is():
    asked = []

    def counted(rows: np.ndarray):
        asked.append(len(rows))
        return np.tanh(rows.sum(axis=1)) + rows[:, 0] * rows[:, 1]

    table, settings = np.random.default_rng(0).normal(size=(210, 5)), {"training_calls": 200, "audit_rows": 0}
    given = {"baseline": table[10:], "estimator": "surrogate", "surrogate": settings}
    with pytest.raises(ConfigError, match="Use at least 610: "):
        pellucid.explain(counted, table[:10], budget={"model_calls": 609}, **given)
    assert asked == []
    found = pellucid.explain(counted, table[:10], budget={"model_calls": 610}, **given)
    assert sum(asked) == found.n_model_calls == 610


def test_settings_of_a_surrogate_are_checked_together():
    with pytest.raises(ConfigError) as raised:
        SurrogateSettings(training_calls=5, audit_rows=-1)
    assert [str(problem) for problem in raised.value.problems] == [
        "surrogate.training_calls: got 5. Use an integer of at least 100.",
        "surrogate.audit_rows: got -1. Use an integer of at least 0.",
    ]
    for bound in ({"seconds": 3}, {"precision": 0.1}):
        with pytest.raises(ConfigError):
            Plan(estimator="surrogate", budget=Budget(**bound))


def test_games_without_columns_have_no_surrogate(function_games):
    with pytest.raises(ConfigError) as raised:
        explain_games(function_games(1, 3, lambda row, z: z.sum(axis=1)), Plan(estimator="surrogate"))
    assert str(raised.value) == "estimator: got 'surrogate'. It is for columns of tables. Use 'auto'."


@pytest.mark.parametrize("method", AGGREGATIONS)
def test_global_values_are_within_their_intervals_which_are_hardly_wider_than_their_errors(poor, method):
    masker = masker_of(64)
    truth, found = exact(masker).values, [found_by(poor, masker, seed=seed) for seed in range(12)]
    target = aggregate(truth, np.zeros(truth.shape), method=method).value
    told = [
        aggregate(one.values, one.standard_errors, method=method, blocks=one.blocks, loadings=one.loadings_for(method))
        for one in found
    ]
    off = np.sqrt(np.mean([(one.corrected - target) ** 2 for one in told], axis=0))
    assert np.mean([(one.low <= target) & (target <= one.high) for one in told]) >= 0.93
    assert np.median(np.sqrt(np.mean([one.standard_error**2 for one in told], axis=0)) / off) <= 2.2


def test_loadings_belong_to_blocks_and_add_up_to_less_than_if_rows_moved_together(poor):
    whole, block = found_by(poor, masker_of(128)), found_by(poor, masker_of(64))
    assert whole.loadings[:64] == pytest.approx(block.loadings, rel=1e-5, abs=1e-9)
    share = (all_weights(block.values) * np.moveaxis(block.loadings, 3, 0)).sum(axis=1)
    most = np.abs(all_weights(block.values) * block.standard_errors).sum(axis=1)
    assert (share > 0).all()
    assert (share < 0.7 * most).all()


def test_an_exact_surrogate_has_no_loadings():
    _, surrogate = trees_of(curved(batch(CELLS)))
    found = found_by(surrogate, masker_of(6, background=1), samples=2**7)
    assert not found.standard_errors.any()
    assert found.loadings is None


def test_the_bound_that_allows_too_few_samples_is_the_one_that_is_named():
    bounds = Budget(samples=100, model_calls=10**9, samples_per_player=3.5)
    with pytest.raises(ConfigError) as raised:
        Plan(estimator="surrogate", budget=bounds).samples_beside_surrogate(players=14, rows=10)
    assert str(raised.value) == (
        "budget.samples_per_player: got 3.5. Use at least 4: 56 samples for each row correct a surrogate of "
        "14 features."
    )
    # Of 4 features, 14 samples are all coalitions.
    few = Budget(samples=13, model_calls=20_100)
    with pytest.raises(ConfigError) as raised:
        Plan(estimator="surrogate", budget=few).samples_beside_surrogate(players=4, rows=10)
    fix = "14 samples for each row correct a surrogate of 4 features."
    assert "budget.samples: got 13. Use at least 14: " + fix in str(raised.value)
    assert "budget.model_calls: got 20100. Use at least 20,160: " + fix in str(raised.value)
    enough = Budget(samples=14, model_calls=20_160, samples_per_player=3.5)
    assert Plan(estimator="surrogate", budget=enough).samples_beside_surrogate(players=4, rows=10) == 14
