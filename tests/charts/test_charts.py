"""What each chart draws and says."""

import json
import math

import numpy as np
import pytest

from pellucid.charts import (
    ComparisonRow,
    ForestRow,
    GroupConfusion,
    GroupRate,
    ImportanceBar,
    Share,
    WaterfallStep,
    beeswarm,
    comparison,
    confusion_matrices,
    dependence,
    distribution,
    forest,
    group_rates,
    heat_strip,
    importance,
    partial_dependence,
    waterfall,
)
from pellucid.charts.panels import domain_of
from pellucid.charts.steps import stairs
from pellucid.charts.swarms import levels_of, swarms

NAN, INFINITE = math.nan, math.inf


# --- disparities -----------------------------------------------------------------------------------------------------
def disparities():
    return [
        ForestRow(label="DPPL", value=0.2, low=0.1, high=0.3, tone="worse", note="Women are approved less often."),
        ForestRow(label="AD", value=-0.05, low=-0.1, high=0.01),
        ForestRow(label="DI", value=0.5, low=0.4, high=0.6, neutral=1.0, tone="worse", panel="Ratio"),
    ]


def test_a_forest_shows_each_value_with_its_interval_and_a_panel_for_each_unit(draw):
    drawn = draw(forest(disparities(), axis_title="difference"))
    for text in ("DPPL", "AD", "DI", "Ratio", "0.200 (0.100 to 0.300)", "−0.0500 (−0.100 to 0.0100)", "difference"):
        assert text in drawn.texts
    assert {"worse for the group", "no clear difference"} <= set(drawn.texts)
    assert len(drawn.marks("point")) == 3


def test_a_forest_says_in_words_who_is_worse_off():
    assert forest(disparities())["description"] == (
        "3 values with their intervals; 2 worse for the group: DPPL 0.200 (0.100 to 0.300) and DI 0.500 (0.400 to "
        "0.600)."
    )


def test_a_forest_without_a_tone_needs_no_legend(draw):
    assert "no clear difference" not in draw(forest([ForestRow(label="DPL", value=0.2)])).texts


def test_what_is_not_drawn_is_said_under_a_title_and_without_one(draw):
    bars = [ImportanceBar(feature=name, value=0.1) for name in "abc"]
    assert {"Drivers", "2 weaker features not shown"} <= set(draw(importance(bars, limit=1, title="Drivers")).texts)
    assert "2 weaker features not shown" in draw(importance(bars, limit=1)).texts


def test_rows_with_another_neutral_value_never_share_an_axis(draw):
    rows = [ForestRow(label="DPL", value=0.2), ForestRow(label="DI", value=0.9, neutral=1.0)]
    assert len(forest(rows)["layer"]) == 2
    draw(forest(rows))


@pytest.mark.parametrize("value", [None, NAN])
def test_a_row_without_a_value_is_listed_and_has_no_mark(draw, value):
    drawn = draw(forest([ForestRow(label="TE", value=value), ForestRow(label="AD", value=0.1)]))
    assert "TE" in drawn.texts
    assert "no value" in drawn.texts
    assert len(drawn.marks("point")) == 1


def test_infinite_values_are_drawn_at_the_edge_and_said(draw):
    rows = [ForestRow(label="TE", value=INFINITE, low=1.0, high=INFINITE), ForestRow(label="AD", value=0.1)]
    assert "∞ (1 to ∞)" in draw(forest(rows)).texts


def test_a_suppressed_row_shows_neither_value_nor_interval(draw):
    rows = [ForestRow(label="DPL", value=0.123, low=0.1, high=0.2, tone="suppressed"), ForestRow(label="AD", value=0.5)]
    specification = forest(rows)
    assert "not shown" in draw(specification).texts
    assert "0.123" not in json.dumps(specification)


def test_one_enormous_interval_does_not_flatten_the_others():
    low, high = domain_of([0.1, 0.2], [0.0, 1e9], holding=[0.0])
    assert -0.1 < low < 0 < 0.5 <= high < 0.6


def test_small_differences_of_large_numbers_are_not_rounded_away():
    specification = waterfall([WaterfallStep(feature="age", value=5.0)], 1_000_000.0, 1_000_005.0)
    start, end = (specification["data"]["values"][1][key] for key in ("start", "end"))
    assert (start, end) == (1_000_000.0, 1_000_005.0)
    low, high = domain_of([1000.1, 1000.2], [], holding=[])
    assert (low, high) == pytest.approx((1000.094, 1000.206))


def test_of_two_hundred_groups_the_farthest_from_no_disparity_are_drawn_and_the_rest_is_counted(draw):
    rows = [ForestRow(label=f"group {i}", value=i / 1000, low=i / 1000 - 0.1, high=i / 1000 + 0.1) for i in range(200)]
    specification = forest(rows)
    assert specification["title"]["text"] == "140 values nearer to no disparity not shown"
    texts = draw(specification).texts
    assert "group 199" in texts
    assert "group 0" not in texts
    assert len(json.dumps(specification)) < 60_000


# --- rates and shares ------------------------------------------------------------------------------------------------
def test_group_rates_show_the_rate_of_each_group_by_measure(draw):
    rates = [
        GroupRate(group=group, measure=measure, value=rate, low=rate - 0.05, high=rate + 0.05, rows=100)
        for measure, shift in (("Selected", 0.0), ("Found", 0.3))
        for group, rate in (("F", 0.2 + shift), ("M", 0.3 + shift))
    ]
    specification = group_rates(rates)
    assert (
        specification["description"] == "Selected: from 20.0 % (F) to 30.0 % (M). Found: from 50.0 % (F) to 60.0 % (M)."
    )
    assert {"Selected", "Found", "F", "M", "20.0 % (15.0 % to 25.0 %)", "0 %"} <= set(draw(specification).texts)


def test_a_suppressed_rate_is_named_and_not_shown(draw):
    rates = [GroupRate(group="F", measure="Selected", value=0.987, rows=3, tone="suppressed")]
    specification = group_rates(rates)
    assert "not shown" in draw(specification).texts
    assert "0.987" not in json.dumps(specification)
    assert "3 rows" not in json.dumps(specification)


def test_of_two_hundred_groups_those_with_the_lowest_and_highest_rates_are_drawn(draw):
    rates = [GroupRate(group=f"group {i}", measure="Selected", value=i / 400) for i in range(200)]
    specification = group_rates(rates)
    texts = draw(specification).texts
    assert {"group 0", "group 199"} <= set(texts)
    assert "group 100" not in texts
    assert specification["title"]["text"] == "140 groups between the lowest and the highest not shown"


def test_shares_of_several_groups_are_stacked_and_of_one_group_are_bars(draw):
    shares = [
        Share(group=group, category=name, share=share)
        for group, yes in (("F", 0.2), ("M", 0.4))
        for name, share in (("yes", yes), ("no", 1 - yes))
    ]
    several = draw(distribution(shares))
    assert {"F", "M", "yes", "no", "20.0 %", "60.0 %"} <= set(several.texts)
    one = draw(distribution(shares[:2]))
    assert "F" not in one.texts
    assert {"yes", "no", "20.0 %", "80.0 %"} <= set(one.texts)


def test_rare_categories_are_added_up_and_counted(draw):
    shares = [Share(group=group, category=f"c{i}", share=1 / 20, rows=5) for group in "FM" for i in range(20)]
    assert "13 others" in draw(distribution(shares)).texts


def test_a_share_that_is_not_shown_is_said_to_be_so(draw):
    drawn = draw(distribution([Share(group="", category="yes", share=None), Share(group="", category="no", share=0.9)]))
    assert "not shown" in drawn.texts


def test_confusion_matrices_show_the_four_cells_as_shares_of_each_group(draw):
    matrices = [
        GroupConfusion(group="F", true_positive=20, false_positive=10, false_negative=30, true_negative=40),
        GroupConfusion(group="M", true_positive=0.7, false_positive=0.1, false_negative=0.0, true_negative=0.2),
        GroupConfusion(group="X", true_positive=None, false_positive=None, false_negative=None, true_negative=None),
    ]
    texts = draw(confusion_matrices(matrices)).texts
    assert {"F", "M", "X", "20.0 %", "30.0 %", "70.0 %", "0.0 %", "–"} <= set(texts)
    assert texts.count("–") == 4


# --- attributions ----------------------------------------------------------------------------------------------------
def test_importances_are_sorted_and_uncertain_orders_marked(draw):
    bars = [
        ImportanceBar(feature="b", value=0.1, low=0.05, high=0.15, tied=True),
        ImportanceBar(feature="c", value=0.08, low=0.04, high=0.12, tied=True),
        ImportanceBar(feature="a", value=0.5, low=0.4, high=0.6),
    ]
    drawn = draw(importance(bars, limit=2))
    assert [text for text in drawn.texts if text in "abc"] == ["a", "b"]
    assert {"0.500", "≈ 0.100", "≈ order not certain · 1 weaker feature not shown"} <= set(drawn.texts)
    assert len(drawn.marks("rule mark")) == 2


def test_an_importance_whose_error_is_not_known_has_no_interval(draw):
    drawn = draw(importance([ImportanceBar(feature="a", value=0.5, low=NAN, high=NAN)]))
    assert drawn.marks("rule mark") == []


def test_a_waterfall_goes_from_the_base_value_to_the_prediction(draw):
    steps = [
        WaterfallStep(feature="age", value=-0.1, cell="20"),
        WaterfallStep(feature="job", value=0.4, cell="nurse", margin=0.02),
    ]
    drawn = draw(waterfall(steps, 0.25, 0.55, axis_title="score"))
    rows = ["Base value", "job = nurse", "age = 20", "Prediction"]
    assert [text for text in drawn.texts if text in rows] == rows
    assert {"0.250", "+0.400 ± 0.020", "−0.100", "0.550"} <= set(drawn.texts)


def test_a_step_that_reads_as_0_points_nowhere():
    steps = [WaterfallStep(feature="age", value=-1.9e-18), WaterfallStep(feature="job", value=0.3)]
    rows = waterfall(steps, 0.25, 0.55)["data"]["values"]
    assert {row["label"]: (row["kind"], row["said"]) for row in rows[1:-1]} == {
        "job": ("raises", "+0.300"),
        "age": ("none", "0"),
    }


def test_steps_beyond_the_limit_are_drawn_as_their_sum():
    found = stairs([WaterfallStep(feature=f"f{i}", value=float(i)) for i in range(1, 6)], 10.0, limit=3)
    assert [(stair.name, stair.start, stair.end) for stair in found] == [
        ("f5", 10.0, 15.0),
        ("f4", 15.0, 19.0),
        ("3 other features", 19.0, 25.0),
    ]


def test_a_beeswarm_has_a_point_for_each_row_and_feature_strongest_first(draw):
    values = np.array([[0.1, 1.0], [-0.1, -2.0], [0.2, 3.0]])
    drawn = draw(
        beeswarm(values, ["weak", "strong"], [np.array([1.0, 2.0, 3.0]), np.array(["x", "y", "z"], dtype=object)])
    )
    assert [text for text in drawn.texts if text in ("weak", "strong")] == ["strong", "weak"]
    assert len(drawn.marks("point")) == 6
    assert {"low value", "middle value", "high value", "text or missing"} <= set(drawn.texts)


def test_levels_are_thirds_and_equal_values_are_of_one_level():
    assert levels_of(np.arange(9.0), 9).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert levels_of(np.array([5.0, 5.0]), 2).tolist() == [1, 1]
    assert levels_of(np.array([False, True, True]), 3).tolist() == [0, 2, 2]
    assert levels_of(np.array([0.0] * 95 + list(range(1, 6))), 100).tolist() == [1] * 95 + [2] * 5
    assert levels_of(np.array(["a"], dtype=object), 1).tolist() == [3]


def test_a_beeswarm_of_many_rows_says_how_many_are_drawn_and_stays_small():
    rng = np.random.default_rng(0)
    specification = beeswarm(rng.normal(size=(5000, 60)), [f"f{i}" for i in range(60)], [rng.normal(size=5000)] * 60)
    assert specification["title"]["text"] == "240 of 5,000 rows"
    assert len(json.dumps(specification)) < 60_000


def test_points_that_are_not_finite_have_no_place():
    (swarm,) = swarms(np.array([[1.0], [NAN], [INFINITE]]), ["a"])
    assert swarm.values.tolist() == [1.0]


def test_dependence_tells_the_sign_by_direction_and_counts_what_is_not_drawn(draw):
    specification = dependence(
        np.array([1.0, 2.0, NAN]), np.array([-0.5, 0.5, 0.1]), np.array([0.1, 0.0, 0.0]), feature="age"
    )
    assert specification["title"]["text"] == "1 without a value not drawn"
    drawn = draw(specification)
    assert [mark.split("Adds: ")[1] for mark in drawn.marks("point")] == ["−0.5 ± 0.1", "+0.5"]
    assert "age" in drawn.texts


def test_dependence_on_categories_has_a_row_for_each(draw):
    cells = np.array(["b", "a", "b"], dtype=object)
    texts = draw(dependence(cells, np.array([0.1, -0.2, 0.3]), feature="job")).texts
    assert [text for text in texts if text in "ab"] == ["b", "a"]


# --- curves and strips -----------------------------------------------------------------------------------------------
def test_partial_dependence_on_a_number_shows_curve_rows_and_their_spread(draw):
    drawn = draw(
        partial_dependence(
            np.array([1.0, 2.0, 3.0]),
            np.array([0.1, 0.4, 0.2]),
            feature="age",
            distribution=np.array([0.5, 0.3, 0.2]),
            individual=np.array([[0.1, 0.5, 0.1], [0.1, 0.3, 0.3]]),
        )
    )
    assert len(drawn.marks("point")) == 3
    assert len(drawn.marks("line mark")) == 3
    assert len(drawn.marks("rect mark")) == 3
    assert {"age", "Mean prediction", "rows"} <= set(drawn.texts)


def test_outputs_and_accumulated_effects_are_named_in_a_legend(draw):
    points, means = np.array([1.0, 2.0]), np.array([[0.1, 0.2], [0.9, 0.8]])
    drawn = draw(partial_dependence(points, means, feature="age", outputs=["yes", "no"], accumulated=means[:1]))
    assert {"yes", "no", "yes (accumulated)"} <= set(drawn.texts)


def test_partial_dependence_on_categories_has_a_row_for_each(draw):
    points = np.array(["x", "y"], dtype=object)
    drawn = draw(
        partial_dependence(
            points,
            np.array([0.1, 0.4]),
            feature="job",
            distribution=np.array([0.75, 0.25]),
            individual=np.array([[0.1, 0.2], [0.2, NAN]]),
        )
    )
    assert {"x", "y", "75.0 % of rows"} <= set(drawn.texts)
    assert len(drawn.marks("point")) == 2
    assert len(drawn.marks("tick")) == 3


def test_of_two_hundred_categories_the_most_frequent_are_drawn():
    points = np.array([f"c{i}" for i in range(200)], dtype=object)
    specification = partial_dependence(points, np.linspace(0, 1, 200), feature="x", distribution=np.arange(200) / 19900)
    assert specification["title"]["text"] == "170 rarer values not shown"
    assert "c199" in json.dumps(specification)
    assert '"c100"' not in json.dumps(specification)


def test_a_comparison_shows_both_values_and_the_interval_of_their_difference(draw):
    row = ComparisonRow(
        label="DPPL", a=0.2, b=0.1, a_interval=(0.15, 0.25), difference=-0.1, interval=(-0.15, -0.05), tone="better"
    )
    drawn = draw(comparison([row, ComparisonRow(label="TE", a=None, b=NAN)], names=("old", "new")))
    assert {"old", "new", "difference −0.100 (−0.150 to −0.0500), better", "no value"} <= set(drawn.texts)
    assert len(drawn.marks("point")) == 2


def test_a_heat_strip_draws_steps_above_and_below_the_middle(draw):
    drawn = draw(heat_strip(np.array([[1.0, -2.0, NAN]]), ["demand"], ["Mon", "Tue", "Wed"]))
    assert {"demand", "Mon", "Tue"} <= set(drawn.texts)
    assert [mark.split("Adds: ")[1] for mark in drawn.marks("rect mark")] == ["+1", "−2", "no value"]


def test_long_series_are_added_up_in_stretches_and_nothing_is_lost():
    values = np.ones((2, 500))
    specification = heat_strip(values, ["a", "b"], [str(i) for i in range(500)])
    assert specification["title"]["text"] == "500 steps added up in stretches of 5"
    lines = specification["layer"][1]["data"]["values"].split("\n")[1:]
    assert sum(float(line.split(",")[3]) for line in lines) == 1000
    assert len(json.dumps(specification)) < 60_000


# --- nothing to draw -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("specification", "said"),
    [
        (forest([]), "There are no values to show."),
        (group_rates([]), "There are no rates to show."),
        (distribution([]), "There are no shares to show."),
        (confusion_matrices([]), "There are no predictions to compare with labels."),
        (comparison([]), "There is nothing to compare."),
        (importance([]), "There are no features to show."),
        (waterfall([], 0.0, 0.0), "No feature was explained."),
        (beeswarm(np.zeros((0, 2)), ["a", "b"]), "There are no attributions to show."),
        (dependence(np.array([NAN]), np.array([0.1]), feature="age"), "There are no attributions to show for age."),
        (partial_dependence(np.array([]), np.array([]), feature="age"), "There are no predictions to show for age."),
        (heat_strip(np.array([[NAN]]), ["a"], ["t"]), "There are no attributions to show."),
    ],
)
def test_a_chart_of_nothing_says_so(draw, specification, said):
    assert specification["description"] == said
    assert draw(specification).texts == [said]
