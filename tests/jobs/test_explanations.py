"""The parts of an explanation job: baselines, rows in pieces, SHAP values, totals, partial dependence, files."""

import csv
import io
from dataclasses import replace
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.config.methods import Estimator as ConfiguredEstimator
from pellucid.errors import ConfigError, DataError, ModelError
from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget
from pellucid.explain.estimate import explain_games
from pellucid.explain.game import MaskedGames
from pellucid.explain.maskers.tabular import TabularMasker, players_of
from pellucid.explain.plan import Estimator, Plan
from pellucid.jobs.explanations.baseline import baseline_rows
from pellucid.jobs.explanations.clusters import computed_baseline, is_numeric
from pellucid.jobs.explanations.pdp_job import FREE_TEXT, grid_of, pdp_units, plots, summed_unit
from pellucid.jobs.explanations.request import ShapRequest
from pellucid.jobs.explanations.rows import pieces_of, sampled
from pellucid.jobs.explanations.scoring import output_names, scorer
from pellucid.jobs.explanations.shap_job import Explained, ShapTask, explained_unit, shap_units
from pellucid.jobs.explanations.totals import Totals
from pellucid.jobs.explanations.writers import LocalValues, write_baseline
from pellucid.protocols.model import Batch, Scores

FEATURES = [f"x{i}" for i in range(8)]


def text(*cells):
    return np.array([*cells, None], dtype=object)[:-1]


def request(features=FEATURES, **keys):
    asked = {
        "players": players_of(features),
        "plan": Plan(seed=1),
        "link": "identity",
        "aggregation": "mean_abs",
        "num_clusters": None,
        "save_local": False,
    }
    return ShapRequest(**asked | keys)


def some_rows(number, features=FEATURES):
    rng = np.random.default_rng(5)
    return Batch({name: rng.integers(1, 9, number).astype(float) for name in features})


def zeros(features=FEATURES):
    return Batch({name: np.zeros(1) for name in features})


def together(batch):
    """A score in which all columns meet."""
    columns = list(batch.columns.values())
    return np.tanh(sum(columns) / 40 + columns[0] * columns[1] * columns[2] / 300)[:, None]


def explained(rows, asked, score=together, clock=lambda: 0.0, baseline=None, **keys):
    task = ShapTask(features=rows.names, total=len(rows), baseline=baseline or zeros(rows.names), request=asked)
    parts = []
    for unit in shap_units([rows], task, clock=clock, **keys):
        found = explained_unit(unit, task, score, clock=clock)
        parts.append(Explained(unit.rows, found.attributions, found.active, found.common_base))
    return parts


def values(parts):
    return np.concatenate([part.attributions.values for part in parts])


# --- baselines --------------------------------------------------------------------------------------------------------
def test_cells_of_a_baseline_get_the_types_of_the_columns():
    rows = baseline_rows(
        [[1, 1, 1, 7, None], [2, 2.5, 0, "b", "c"]],
        {"whole": "integer", "share": "float", "member": "boolean", "plan": "text", "note": "text"},
    )
    assert [column.dtype.kind for column in rows.columns.values()] == ["i", "f", "b", "O", "O"]
    assert [column.tolist() for column in rows.columns.values()] == [
        [1, 2],
        [1.0, 2.5],
        [True, False],
        ["7", "b"],
        [None, "c"],
    ]


def test_missing_cells_stay_missing_and_whole_numbers_whole():
    rows = baseline_rows([[None, None], [3, 3]], {"whole": "integer", "share": "float"})
    assert rows.columns["whole"].tolist() == [None, 3]
    assert np.isnan(rows.columns["share"][0])


def test_texts_are_read_as_the_cells_of_a_csv_file_would_be():
    types = {"whole": "integer", "share": "float", "member": "boolean", "code": "text"}
    rows = baseline_rows([["007", "1e-1", "True", "007"], [" 2", "", "false", ""], ["-3", "nan", "", "true"]], types)
    assert rows.columns["whole"].tolist() == [7, 2, -3]
    assert rows.columns["share"].tolist() == pytest.approx([0.1, np.nan, np.nan], nan_ok=True)
    assert rows.columns["member"].tolist() == [True, False, None]
    assert rows.columns["code"].tolist() == ["007", "", "true"]


def test_whole_numbers_that_no_column_holds_are_read_as_doubles():
    rows = baseline_rows([[2**63, 2**63], [None, 3]], {"a": "integer", "b": "integer"})
    assert rows.columns["a"].dtype == rows.columns["b"].dtype == np.float64
    assert rows.columns["b"].tolist() == [2.0**63, 3.0]


def test_whole_numbers_that_a_column_can_hold_stay_whole():
    ends = baseline_rows([[2**63 - 1], [-(2**63)]], {"n": "integer"}).columns["n"]
    assert (ends.dtype, ends.tolist()) == (np.int64, [2**63 - 1, -(2**63)])


def test_text_where_the_data_hold_numbers_is_refused_for_all_rows_at_once():
    with pytest.raises(ConfigError) as caught:
        baseline_rows([["young", 2], [30, "yes"], ["1_0", 1]], {"age": "integer", "member": "boolean"})
    assert str(caught.value).splitlines() == [
        "methods.shap.baseline[0]: got 'young'. Column 'age' holds integer values. Use a number or null.",
        "methods.shap.baseline[2]: got '1_0'. Column 'age' holds integer values. Use a number or null.",
        "methods.shap.baseline[0]: got 2. Column 'member' holds boolean values. Use 0, 1 or null.",
        "methods.shap.baseline[1]: got 'yes'. Column 'member' holds boolean values. Use 0, 1 or null.",
    ]


def test_a_computed_baseline_holds_means_and_most_frequent_values_largest_cluster_first():
    rows = Batch(
        {
            "age": np.array([20, 22, 24, 60, 61, 62, 63]),
            "income": np.array([1.0, 1.0, 4.0, 10.0, 12.0, np.nan, 14.0]),
            "job": text("cook", "cook", "baker", "smith", "smith", "smith", "cook"),
        }
    )
    centres = computed_baseline(rows, number=2)
    assert {name: column.tolist() for name, column in centres.columns.items()} == {
        "age": [62, 22],  # 61.5 and 22, whole as the column is
        "income": [12.0, 2.0],
        "job": ["smith", "cook"],
    }


def test_means_of_large_whole_numbers_are_not_rounded_to_doubles():
    rows = Batch({"id": np.array([2**53 + 1] * 3), "end": np.array([2**63 - 1] * 3)})
    centres = computed_baseline(rows, number=1)
    assert {name: column.tolist() for name, column in centres.columns.items()} == {
        "id": [2**53 + 1],
        "end": [2**63 - 1],
    }


@pytest.mark.parametrize("clusters", [1, 2, 5, 9])
def test_the_number_of_clusters_is_found_where_groups_are_clear(clusters):
    rows = Batch({"town": text(*(f"town {i % clusters}" for i in range(180)))})
    assert len(computed_baseline(rows)) == clusters


def test_a_further_cluster_must_take_away_a_tenth_of_the_spread():
    # Squares around 0 sum to 40; two clusters leave 4, and a third one would take away 2, a twentieth.
    found = computed_baseline(Batch({"a": np.array([-4.0, -2.0, 2.0, 4.0] * 5)}))
    assert sorted(found.columns["a"].tolist()) == [-3.0, 3.0]


def test_missing_categories_count_together_whatever_they_are_written_as():
    column = np.array(["a", "a", None, float("nan"), float("nan")], dtype=object)
    assert computed_baseline(Batch({"a": column}), number=1).columns["a"].tolist() == [None]


def test_there_are_never_more_clusters_than_distinct_rows():
    assert len(computed_baseline(Batch({"a": np.array([1.0, 1.0, 2.0])}), number=5)) == 2


def test_a_baseline_is_no_mean_of_infinite_numbers():
    rows = Batch({"a": np.array([1.0, np.inf]), "b": np.array([0.5, np.nan]), "c": np.array([-np.inf, 2.0])})
    with pytest.raises(DataError) as caught:
        computed_baseline(rows)
    fix = "The baseline is computed, and its mean would be infinite. Replace infinite values, or give a baseline."
    assert str(caught.value) == f"a: got inf. {fix}\nc: got -inf. {fix}"


def test_an_equal_seed_gives_an_equal_baseline():
    rows = some_rows(300)
    first, second = (computed_baseline(rows, number=4, seed=3) for _ in range(2))
    assert all(np.array_equal(first.columns[name], second.columns[name]) for name in rows.names)


def test_whole_numbers_with_few_values_are_categories_unless_their_type_is_given():
    codes = np.array([0, 1] * 50)
    assert [is_numeric(codes), is_numeric(codes, "continuous"), is_numeric(codes / 2, "categorical")] == [
        False,
        True,
        False,
    ]


# --- rows in pieces ---------------------------------------------------------------------------------------------------
@given(lengths=st.lists(st.integers(0, 7), max_size=8), size=st.integers(1, 9))
def test_pieces_hold_all_rows_in_order_and_only_the_last_is_shorter(lengths, size):
    ends = np.cumsum([0, *lengths])
    batches = [Batch({"a": np.arange(low, high)}) for low, high in pairwise(ends.tolist())]
    pieces = list(pieces_of(batches, size))
    assert [value for piece in pieces for value in piece.columns["a"].tolist()] == list(range(sum(lengths)))
    assert all(len(piece) == size for piece in pieces[:-1])
    assert all(0 < len(piece) <= size for piece in pieces)


def test_a_column_that_is_complete_in_one_batch_only_keeps_its_values():
    batches = [Batch({"a": np.array([1, 2])}), Batch({"a": text(None, 4)})]
    assert next(iter(pieces_of(batches, 4))).columns["a"].tolist() == [1, 2, None, 4]


def test_a_sample_does_not_depend_on_how_rows_come():
    rows = np.arange(1000)
    whole = sampled([Batch({"a": rows})], 1000, 50, 7)
    parts = sampled([Batch({"a": part}) for part in np.split(rows, 10)], 1000, 50, 7)
    assert whole.columns["a"].tolist() == parts.columns["a"].tolist()
    assert len(set(whole.columns["a"].tolist())) == 50


# --- SHAP values ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("estimator", ["auto", "leverage", "clarify", "permutation"])
def test_values_do_not_depend_on_how_many_rows_are_held(estimator):
    asked = request(plan=Plan(estimator=estimator, budget=Budget(samples=60), seed=2))
    rows = some_rows(260)
    assert np.array_equal(values(explained(rows, asked)), values(explained(rows, asked, rows_at_once=64)))


def test_a_job_with_a_wanted_precision_asks_what_the_library_asks():
    rng = np.random.default_rng(6)
    features = [f"x{i}" for i in range(14)]
    rows, baseline = (Batch({name: rng.normal(size=n) for name in features}) for n in (128, 20))
    plan = Plan(budget=Budget(precision=0.02), seed=2)

    def score(batch):
        cells = np.stack(list(batch.columns.values()))
        return np.tanh(cells.sum(axis=0) / 8 + cells[0] * cells[1] * cells[2] / 3)[:, None]

    asked = request(features, plan=plan)
    parts = explained(rows, asked, score, baseline=baseline, rows_at_once=64)
    of_library = explain_games(MaskedGames(TabularMasker(rows, baseline, players_of(features)), score), plan)
    assert np.array_equal(values(parts), of_library.values)
    assert sum(part.attributions.model_rows for part in parts) == of_library.model_rows


def test_values_add_up_to_the_prediction_less_the_base():
    rows = some_rows(40)
    found = values(explained(rows, request(plan=Plan(budget=Budget(samples=40)))))
    assert found.sum(axis=1) == pytest.approx(together(rows) - together(zeros()))


def test_blocks_draw_coalitions_of_their_own_wherever_a_piece_begins():
    rows = Batch({name: np.tile(column, 2) for name, column in some_rows(64).columns.items()})
    found = values(
        explained(rows, request(plan=Plan(estimator="leverage", budget=Budget(samples=40))), rows_at_once=64)
    )
    assert not np.array_equal(found[:64], found[64:])


def test_a_budget_of_model_calls_is_for_all_rows_together():
    asked = request(plan=Plan(budget=Budget(model_calls=10_000)))
    parts = explained(some_rows(200), asked, rows_at_once=64)
    assert sum(part.attributions.model_rows for part in parts) <= 10_000
    assert {samples for part in parts for samples in part.attributions.samples.tolist()} == {48}


def test_a_budget_of_seconds_leaves_later_rows_their_share():
    time = iter(range(1000))
    asked = request(plan=Plan(budget=Budget(seconds=60.0)))
    parts = explained(some_rows(192), asked, clock=lambda: float(next(time)), rows_at_once=64)
    assert [len(part.rows) for part in parts] == [64, 64, 64]


# --- totals -----------------------------------------------------------------------------------------------------------
def totals(parts, aggregation="mean_abs", estimator="auto", precision=None, features=("a", "b")):
    with Totals(estimator, aggregation, precision) as gathered:
        for part in parts:
            gathered.add(part)
        return gathered.result(features, ("label0",), 0.95)


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("mean_abs", [3.0, 4 / 3]), ("median", [3.0, 0.0]), ("mean_sq", [(1 + 9 + 25) / 3, (4 + 0 + 4) / 3])],
)
def test_global_values_are_the_plain_aggregates_of_the_local_ones(aggregation, expected):
    rows = Batch({"a": np.array([1.0, 3.0, 5.0]), "b": np.array([-1.0, 0.0, 1.0])})
    parts = explained(rows, request(("a", "b")), lambda batch: batch.columns["a"] + 2 * batch.columns["b"])
    found = totals(parts, aggregation)
    assert found.values.value[:, 0] == pytest.approx(expected)
    assert found.values.standard_error.tolist() == [[0.0], [0.0]]
    assert found.relative_errors.tolist() == [0.0]


@pytest.mark.parametrize("aggregation", ["mean_abs", "median", "mean_sq"])
def test_totals_have_the_same_bits_however_rows_come_and_wherever_they_wait(aggregation, monkeypatch, tmp_path):
    rng = np.random.default_rng(3)
    found = attributions_of(rng.normal(size=(500, 2, 1)), rng.random((500, 2, 1)), rng.normal(size=(500, 1)))
    results = []
    for limit, cuts in ((10**9, [500]), (1000, [1, 64, 65, 300, 500])):
        monkeypatch.setattr("pellucid.jobs.explanations.spilled_rows.IN_MEMORY", limit)
        with Totals("auto", aggregation, folder=tmp_path) as gathered:
            for begin, end in pairwise([0, *cuts]):
                gathered.add(part_of(found, slice(begin, end)))
            results.append(gathered.result(("a", "b"), ("label0",), 0.95))
    first, second = results
    assert first.to_clarify() == second.to_clarify()
    assert first.to_details() == second.to_details()
    assert not list(tmp_path.iterdir())


def attributions_of(values, errors, bases):
    rows = len(values)
    return Attributions(
        values=values,
        standard_errors=errors,
        base_values=bases,
        predictions=bases + values.sum(axis=1),
        samples=np.full(rows, 20),
        blocks=np.arange(rows) // 64,
        estimators=("leverage", "odd terms") * (rows // 2),
        model_rows=rows,
        loadings=(errors[..., None] * np.array([0.5, 0.25, -0.75])).astype(np.float32),
        odd_parts=(0.1 * errors).astype(np.float32),
    )


def part_of(found, rows):
    number = len(found.values[rows])
    names = ("values", "standard_errors", "base_values", "predictions", "samples", "blocks", "loadings", "odd_parts")
    cut = {name: getattr(found, name)[rows] for name in names}
    part = Attributions(**cut, estimators=found.estimators[rows], model_rows=number)
    return Explained(Batch({"a": np.zeros(number)}), part, np.full(number, 2), common_base=False)


def test_a_ranking_marks_features_whose_intervals_overlap():
    rows = Batch({"a": np.array([1.0]), "b": np.array([1.0])})
    parts = explained(rows, request(("a", "b")), lambda batch: batch.columns["a"] + batch.columns["b"])
    assert totals(parts).to_details()["labels"]["label0"]["ranking"] == [
        {"feature": "a", "tied_with_next": True},
        {"feature": "b", "tied_with_next": False},
    ]


def test_too_few_samples_for_clarifys_regression_are_told_with_what_the_numbers_are_worth():
    parts = explained(some_rows(3), request(plan=Plan(estimator="clarify", budget=Budget(samples=10))))
    assert totals(parts, estimator="clarify", features=tuple(FEATURES)).note == (
        "10 samples are fewer than 2 (M - 1) = 14 for M = 8 features: Clarify's regression is under-determined and "
        "spreads the prediction over features that have no effect. Read signs and ranks with caution, and use at least "
        "32 samples."
    )


def test_rows_that_vary_in_few_features_need_few_samples_and_no_warning():
    rows = some_rows(3)
    rows = Batch({name: column * (name in FEATURES[:3]) for name, column in rows.columns.items()})
    parts = explained(rows, request(plan=Plan(budget=Budget(samples=10))))
    assert totals(parts, features=tuple(FEATURES)).note == ""


def test_clarifys_regression_has_all_features_however_few_of_them_vary():
    rows = some_rows(3)
    rows = Batch({name: column * (name in FEATURES[:3]) for name, column in rows.columns.items()})
    parts = explained(rows, request(plan=Plan(estimator="clarify", budget=Budget(samples=10))))
    note = totals(parts, estimator="clarify", features=tuple(FEATURES)).note
    assert note.startswith("10 samples are fewer than 2 (M - 1) = 14 for M = 8 features: ")


def test_rows_that_did_not_reach_the_wanted_precision_are_counted():
    asked = request(plan=Plan(estimator="leverage", budget=Budget(samples=34, precision=1e-6)))
    assert totals(explained(some_rows(5), asked), precision=1e-6, features=tuple(FEATURES)).imprecise == 5


# --- partial dependence -----------------------------------------------------------------------------------------------
def two_outputs(values, errors, bases, *, common_base):
    """Rows of a job with two features and two outputs."""
    values, errors, bases = (np.array(numbers, dtype=float) for numbers in (values, errors, bases))
    rows = len(values)
    found = Attributions(
        values=values,
        standard_errors=errors,
        base_values=bases,
        predictions=bases + values.sum(axis=1),
        samples=np.full(rows, 20),
        blocks=np.zeros(rows, dtype=int),
        estimators=("leverage",) * rows,
        model_rows=rows,
    )
    return Explained(Batch({"a": np.zeros(rows)}), found, np.full(rows, 2), common_base=common_base)


def result_of_two_outputs(parts):
    with Totals("auto", "mean_abs") as gathered:
        for part in parts:
            gathered.add(part)
        return gathered.result(("a", "b"), ("no", "yes"), 0.95)


def test_the_relative_error_of_an_output_is_the_root_of_summed_squares():
    # No: sqrt(0.3^2 + 0.4^2) over sqrt(3^2 + 4^2 + 0 + 12^2) = 0.5 / 13. Yes: no error.
    values = [[[3.0, 1.0], [4.0, 1.0]], [[0.0, 2.0], [12.0, 2.0]]]
    errors = [[[0.3, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.4, 0.0]]]
    found = result_of_two_outputs([two_outputs(values, errors, np.zeros((2, 2)), common_base=True)])
    assert found.relative_errors.tolist() == pytest.approx([0.5 / 13, 0.0], rel=1e-12)
    labels = found.to_details()["labels"]
    assert [labels[label]["relative_standard_error"] for label in ("no", "yes")] == pytest.approx([0.5 / 13, 0.0])


def test_base_values_that_differ_between_rows_are_averaged_over_the_rows_for_each_output():
    values = np.ones((1, 2, 2))
    parts = [
        two_outputs(values, 0 * values, [[0.25, 8.0]], common_base=False),
        two_outputs(
            np.ones((3, 2, 2)), np.zeros((3, 2, 2)), [[0.75, 4.0], [0.25, 4.0], [0.75, 0.0]], common_base=False
        ),
    ]
    found = result_of_two_outputs(parts)
    assert found.expected.tolist() == [0.5, 4.0]
    assert found.answers_apart == 0  # each row has a base of its own


def test_a_common_base_value_that_differs_tells_a_model_that_answers_differently_each_time():
    values = np.ones((2, 2, 2))
    alike = [two_outputs(values, 0 * values, [[0.25, 8.0]] * 2, common_base=True)] * 2
    assert "repeated_answer_difference" not in result_of_two_outputs(alike).to_details()
    apart = [alike[0], two_outputs(values, 0 * values, [[0.25, 8.5]] * 2, common_base=True)]
    assert result_of_two_outputs(apart).to_details()["repeated_answer_difference"] == 0.5


def plotted(empty, batches, score):
    sums = [summed_unit(unit, score) for batch in batches for unit in pdp_units(empty, [batch])]
    return plots(empty, sums, sum(map(len, batches)))


def test_a_numeric_plot_has_bucket_centres_shares_and_mean_predictions():
    rows = Batch({"a": np.array([20.0, 22.0, 26.0, 30.0]), "b": np.array([1.0, 2.0, 3.0, 6.0])})
    empty = [grid_of("a", [rows.columns["a"]], 2, total=4)]
    found = plotted(empty, [rows[:1], rows[1:]], lambda b: b.columns["a"] * b.columns["b"])
    assert found[0].to_clarify(["label0"]) == {
        "feature_name": "a",
        "data_type": "numerical",
        "feature_values": [22.5, 27.5],
        "data_distribution": [0.5, 0.5],
        "model_predictions": [[67.5, 82.5]],  # times 3, the mean of b
        "label_headers": ["label0"],
    }


def test_a_categorical_plot_has_every_value_and_every_output():
    rows = Batch({"sex": text(*["F", "M", "M", "M"] * 25), "b": np.tile([0.0, 0.0, 1.0, 1.0], 25)})

    def score(batch):
        share = np.where(batch.columns["sex"] == "F", 0.25, 0.5) * batch.columns["b"]
        return np.column_stack([1 - share, share])

    found = plotted([grid_of("sex", [rows.columns["sex"]], 5, total=100)], [rows], score)
    assert found[0].to_clarify(["no", "yes"]) == {
        "feature_name": "sex",
        "data_type": "categorical",
        "feature_values": ["F", "M"],
        "data_distribution": [0.25, 0.75],
        "model_predictions": [[0.875, 0.75], [0.125, 0.25]],
        "label_headers": ["no", "yes"],
    }


def test_free_text_has_an_error_in_the_place_of_a_plot():
    found = grid_of("note", [text("good", "bad", "fair")], 5, total=3)
    assert found.to_clarify(["label0"]) == {"feature_name": "note", "data_type": "free_text", "error": FREE_TEXT}
    assert grid_of("note", [text("good", "bad", "fair")], 5, "categorical", total=3).kind == "categorical"


def test_a_column_without_values_has_an_error_in_the_place_of_a_plot():
    assert grid_of("a", [np.array([np.nan, np.nan])], 5, total=2).error == (
        "a: The column holds no value, so there is nothing to vary. Leave it out."
    )


# --- outputs and files ------------------------------------------------------------------------------------------------
def test_local_effects_are_asked_for_only_where_they_are_wanted_and_a_feature_varies():
    def intervals(column, **keys):
        return grid_of("a", [np.array(column)], 2, "numerical", total=len(column), **keys).effect_grid

    assert intervals([1.0, 2.0, 3.0]) is None
    assert intervals([1.0, 1.0], ale=True) is None
    assert intervals([1.0, 2.0, 3.0], ale=True).edges.tolist() == [1.0, 2.0, 3.0]


def test_local_effects_of_several_units_are_those_of_all_rows():
    # Across (1, 2] the score a x b rises by 1 in both rows, across (2, 4] by 2 x 3: the curve is 0, 1, 7, and its mean
    # over the rows, at 0, 1, 1 + 6 / 2 and 7, is 3.
    rows = Batch({"a": np.array([1.0, 2.0, 3.0, 4.0]), "b": np.array([1.0, 1.0, 3.0, 3.0])})
    empty = [grid_of("a", [rows.columns["a"]], 2, "numerical", total=4, ale=True)]
    (whole,) = pdp_units(empty, [rows])
    sums = [
        summed_unit(replace(whole, number=place, rows=rows[part]), lambda batch: _product(batch)[:, None])
        for place, part in enumerate([slice(0, 1), slice(1, 3), slice(3, 4)])
    ]
    (found,) = plots(empty, sums, 4)
    assert found.effects.edges.tolist() == [1.0, 2.0, 4.0]
    assert found.effects.effects.tolist() == [[-3.0, -2.0, 4.0]]
    assert found.effects.standard_errors.tolist() == [[0.0, 0.0, 0.0]]


def _product(batch):
    return batch.columns["a"] * batch.columns["b"]


def test_names_of_outputs_that_do_not_fit_give_generic_ones_with_a_warning():
    assert output_names(2, ["yes"]) == (
        ("label0", "label1"),
        (
            "predictor.label_headers: got ['yes'], but the model gives 2 scores per row. Falling back to generic "
            "labels: label0, label1."
        ),
    )


class Labels:
    """A model that answers with labels only."""

    def __init__(self, labels):
        self.labels = labels

    def predict(self, batch):
        return Scores(np.empty((len(batch), 0)), labels=self.labels)


def test_numeric_labels_are_explained_as_scores_and_text_is_refused():
    batch = Batch({"a": np.zeros(2)})
    assert scorer(Labels(np.array([0, 1])))(batch).tolist() == [[0.0], [1.0]]
    with pytest.raises(ModelError) as caught:
        scorer(Labels(text("no", "yes")))(batch)
    assert str(caught.value) == (
        "The model answers with labels, and explanations need scores. Say in predictor.probability where the scores "
        "are, or give a model that answers with probabilities."
    )


def test_a_configuration_names_the_estimators_that_there_are():
    assert set(get_args(ConfiguredEstimator)) == set(get_args(Estimator))


def test_local_values_have_features_first_then_labels_then_the_join_column():
    file = io.StringIO()
    LocalValues(file, ["age", "plan"], "id").write(
        np.array([[[0.5, -0.5], [0.25, 0.125]]]), ["label0", "label1"], np.array(["r1"], dtype=object)
    )
    assert file.getvalue() == "age_label0,plan_label0,age_label1,plan_label1,id\n0.5,0.25,-0.5,0.125,r1\n"


@given(
    rows=st.lists(st.lists(st.floats(), min_size=6, max_size=6), min_size=2, max_size=4),
    identified_by=st.sampled_from([None, np.int64, float, object]),
)
def test_local_values_are_written_as_the_csv_module_writes_them(rows, identified_by):
    values = np.array(rows, dtype=float).reshape(-1, 3, 2)
    identities = None if identified_by is None else np.arange(len(rows)).astype(identified_by)
    if identified_by is object:
        identities[:] = ['of "two", parts', None, "", 3][: len(rows)]
    file, expected = io.StringIO(), io.StringIO()
    written = LocalValues(file, ["a", "b", "c"], None if identified_by is None else "id")
    for part in (slice(0, 1), slice(1, None)):
        written.write(values[part], ["x", "y"], None if identities is None else identities[part])
    lines = csv.writer(expected, lineterminator="\n")
    lines.writerow(["a_x", "b_x", "c_x", "a_y", "b_y", "c_y", *([] if identities is None else ["id"])])
    for row, value in enumerate(values):
        cell = [] if identities is None else ["" if identities[row] is None else identities.tolist()[row]]
        lines.writerow([*value[:, 0].tolist(), *value[:, 1].tolist(), *cell])
    assert file.getvalue() == expected.getvalue()


def test_a_baseline_file_has_the_features_names_and_empty_missing_cells(tmp_path):
    baseline = Batch({"age": np.array([40, 50]), "share": np.array([0.5, np.nan]), "a,b": text("x", None)})
    write_baseline(tmp_path / "baseline.csv", baseline)
    assert (tmp_path / "baseline.csv").read_text() == 'age,share,"a,b"\n40,0.5,x\n50,,\n'
