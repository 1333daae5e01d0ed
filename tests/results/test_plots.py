"""Plots of results: charts of Altair, and what is drawn into axes of Matplotlib."""

import sys
from functools import cache

import altair as alt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import pellucid
from pellucid import ConfigError, MissingExtra
from pellucid.charts import ForestRow, ImportanceBar, WaterfallStep
from pellucid.results.displays import (
    DependenceDisplay,
    DisparitiesDisplay,
    ImportanceDisplay,
    PartialDependenceDisplay,
    WaterfallDisplay,
)

PEOPLE = pl.DataFrame(
    {
        "sex": ["F"] * 100 + ["M"] * 100,
        "town": ["N", "S"] * 100,
        "hired": [1] * 20 + [0] * 80 + [1] * 60 + [0] * 40,
        "predicted": [1] * 30 + [0] * 70 + [1] * 50 + [0] * 50,
    }
)


@cache
def explanation(outputs=1):
    rows = pd.DataFrame(
        {"age": [20.0, 40.0, 60.0, np.nan], "job": ["nurse", "clerk", "nurse", "clerk"], "$x$": range(4)}
    )

    def model(rows):
        score = rows["age"].fillna(0).to_numpy() / 100 + (rows["job"] == "nurse").to_numpy() * 0.1
        return score if outputs == 1 else np.stack([score, 1 - score], axis=1)

    return pellucid.explain(model, rows, baseline=rows)


@cache
def dependence(outputs=1):
    rows = pd.DataFrame({"age": [20.0, 40.0, 60.0], "job": ["nurse", "clerk", "nurse"]})

    def model(rows):
        score = rows["age"].to_numpy() / 100
        return score if outputs == 1 else np.stack([score, 1 - score], axis=1)

    return pellucid.partial_dependence(model, rows, ["age", "job"], grid_resolution=4, individual=True)


@cache
def report(facets="sex"):
    return pellucid.bias(
        PEOPLE,
        label="hired",
        positive=1,
        predicted="predicted",
        features=[],
        facets={"sex": "F"} if facets == "sex" else {"sex": None, "town": None},
    )


PLOTS = {
    "importance": lambda **options: explanation().plot.importance(limit=5, **options),
    "beeswarm": lambda **options: explanation().plot.beeswarm(limit=5, **options),
    "waterfall": lambda **options: explanation().plot.waterfall(0, **options),
    "dependence": lambda **options: explanation().plot.dependence("age", **options),
    "dependence on text": lambda **options: explanation().plot.dependence("job", **options),
    "partial dependence": lambda **options: dependence().plot.partial_dependence("age", **options),
    "partial dependence on text": lambda **options: dependence().plot.partial_dependence("job", **options),
    "disparities": lambda **options: report().plot.disparities(facet="sex", **options),
}
every_plot = pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)


def axes():
    return Figure().subplots()


def texts(ax):
    """All texts that were written into axes, ticks first."""
    return [text.get_text() for text in (*ax.get_yticklabels(), *ax.texts)]


# --- Altair ----------------------------------------------------------------------------------------------------------
@every_plot
def test_a_plot_is_a_chart_of_altair_of_a_fixed_width(plot):
    chart = plot(width=480)
    assert isinstance(chart, alt.LayerChart)
    assert "text/html" in chart._repr_mimebundle_()
    specification = chart.to_dict(validate=True)
    assert specification["width"] == 480
    assert specification["config"]["background"] == "white"


# --- Matplotlib ------------------------------------------------------------------------------------------------------
@every_plot
def test_given_axes_are_drawn_into_and_returned(plot):
    ax = axes()
    assert plot(ax=ax) is ax
    figure = ax.get_figure()
    assert any(part.has_data() for part in figure.axes)
    figure.draw_without_rendering()


@every_plot
def test_no_window_is_opened(plot, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    ax = axes()
    assert plot(ax=ax) is ax


@pytest.mark.parametrize(
    "display",
    [
        ImportanceDisplay([ImportanceBar(feature="age", value=0.2)]),
        WaterfallDisplay([WaterfallStep(feature="age", value=0.2)], 0.1, 0.3),
        DependenceDisplay(np.array([1.0, 2.0]), np.array([0.1, -0.1]), feature="age"),
        PartialDependenceDisplay(np.array([1.0, 2.0]), np.array([[0.1, 0.2]]), feature="age"),
        DisparitiesDisplay([ForestRow(label="DPL", value=0.2, low=0.1, high=0.3)]),
    ],
    ids=lambda display: type(display).__name__,
)
def test_a_display_draws_into_a_figure_of_its_own_and_can_be_drawn_again(display):
    assert display.plot() is display
    first = display.ax_
    assert display.figure_ is first.figure
    other = axes()
    assert display.plot(other).ax_ is other
    assert display.figure_ is other.figure is not first.figure


def test_importances_stand_from_top_to_bottom_with_their_numbers():
    bars = [ImportanceBar(feature="a", value=0.1, tied=True), ImportanceBar(feature="b", value=0.5, low=0.4, high=0.6)]
    ax = ImportanceDisplay(bars).plot().ax_
    assert texts(ax) == ["b", "a", "0.500", "≈ 0.100"]
    assert [bar.get_width() for bar in ax.patches] == [0.5, 0.1]
    assert [line.tolist() for line in ax.collections[0].get_segments()] == [[[0.4, 0.0], [0.6, 0.0]]]


def test_a_waterfall_starts_at_the_base_value_and_ends_at_the_prediction():
    ax = explanation().plot.waterfall(0, ax=axes())
    assert texts(ax) == [
        "Base value", "age = 20", "job = nurse", "$x$ = 0", "Prediction", "−0.100", "+0.0500", "0", "0.350", "0.300",
    ]  # fmt: skip
    assert [bar.get_x() for bar in ax.patches] == pytest.approx([0.35, 0.25, 0.3])
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([-0.1, 0.05, 0.0])
    assert to_hex(ax.patches[0].get_facecolor()) != to_hex(ax.patches[1].get_facecolor())


def test_a_beeswarm_has_a_point_for_each_row_and_feature():
    ax = explanation().plot.beeswarm(ax=axes())
    assert sum(len(points.get_offsets()) for points in ax.collections) == 12
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "low value", "middle value", "high value", "text or missing",
    ]  # fmt: skip


def test_dependence_leaves_out_rows_without_a_value():
    ax = explanation().plot.dependence("age", ax=axes())
    points = np.concatenate([np.asarray(points.get_offsets()) for points in ax.collections[1:]])
    assert sorted(points[:, 0].tolist()) == [20, 40, 60]
    assert ax.get_xlabel() == "age"


def test_partial_dependence_draws_the_mean_the_rows_and_their_spread():
    ax = dependence().plot.partial_dependence("age", ax=axes())
    assert len(ax.lines) == 4
    assert ax.lines[-1].get_ydata().tolist() == dependence()["age"].predictions[0].tolist()
    assert len(ax.patches) == 4
    without = dependence().plot.partial_dependence("age", ax=axes(), individual=False)
    assert len(without.lines) == 1


def test_several_outputs_are_named_in_a_legend():
    ax = dependence(2).plot.partial_dependence("age", ax=axes())
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["label0", "label1"]


def test_all_metrics_of_one_group_stand_in_a_panel_for_each_unit():
    display = DisparitiesDisplay.from_report(report())
    titles = [ax.get_title(loc="left") for ax in display.axes_]
    assert titles == [
        "sex = F, predictions", "sex = F, predictions, ratio", "sex = F, predictions, difference of ratios",
        "sex = F, labels",
    ]  # fmt: skip
    assert "DPPL" in texts(display.axes_[0])
    assert "DI" in texts(display.axes_[1])


def test_several_groups_are_compared_by_metric():
    display = DisparitiesDisplay.from_report(report("all"))
    assert [ax.get_title(loc="left") for ax in display.axes_] == ["DPPL of the predictions", "DPL of the labels"]
    assert texts(display.axes_[0])[:4] == ["sex = F", "sex = M", "town = N", "town = S"]
    named = DisparitiesDisplay.from_report(report("all"), facet="town", metrics=["DI"])
    assert [label.get_text() for label in named.ax_.get_yticklabels()] == ["town = N", "town = S"]
    assert len(DisparitiesDisplay.from_report(report("all"), metrics="all").axes_) > 10


def test_a_clear_difference_has_another_marker_than_one_that_may_be_chance():
    ax = report("all").plot.disparities(metrics="DPL", ax=axes())
    markers = {
        label.get_text(): line.get_marker() for label, line in zip(ax.get_yticklabels(), ax.lines[1:], strict=True)
    }
    assert markers == {"sex = F": "s", "sex = M": "s", "town = N": "o", "town = S": "o"}


# --- wrong names -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("plot", "message"),
    [
        (
            lambda: explanation().plot.dependence("agee"),
            "feature: got 'agee'. Use the name of a feature; did you mean 'age'?",
        ),
        (
            lambda: explanation().plot.importance(output="labels"),
            "output: got 'labels'. Use the name of an output; did you mean 'label0'?",
        ),
        (
            lambda: explanation(2).plot.beeswarm(output=2),
            "output: got 2. Use a position from 0 to 1, or a name; there are 'label0', 'label1'.",
        ),
        (
            lambda: explanation(2).plot.beeswarm(output=[1]),
            "output: got [1]. Use a position from 0 to 1, or a name; there are 'label0', 'label1'.",
        ),
        (
            lambda: explanation(2).plot.importance(output=1.0),
            "output: got 1.0. Use a position from 0 to 1, or a name; there are 'label0', 'label1'.",
        ),
        (lambda: explanation().plot.waterfall(4), "row: got 4. Use a row that was explained, from 0 to 3."),
        (
            lambda: explanation().plot.importance(method="mean"),
            "method: got 'mean'. Use a way of aggregation; did you mean 'mean_abs'?",
        ),
        (
            lambda: dependence().plot.partial_dependence("jobs"),
            "feature: got 'jobs'. Use a feature that was asked for; did you mean 'job'?",
        ),
        (
            lambda: report().plot.disparities(facet="sexx", metrics=["DPPLL"]),
            (
                "metrics: got 'DPPLL'. Use a metric of the report; did you mean 'DPPL'?\n"
                "facet: got 'sexx'. Use a facet of the report; did you mean 'sex'?"
            ),
        ),
    ],
    ids=["feature", "output", "position", "no position", "fraction", "row", "method", "partial dependence", "bias"],
)
def test_wrong_names_are_refused_and_the_right_ones_named(plot, message):
    with pytest.raises(ConfigError) as raised:
        plot()
    assert str(raised.value) == message


def test_a_group_of_columns_has_no_dependence():
    rows = np.array([[1.0, 2.0, 3.0], [2.0, 1.0, 0.0]])
    found = pellucid.explain(
        lambda rows: rows.sum(axis=1), rows, baseline=rows, feature_groups={"both": ["column_0", "column_1"]}
    )
    found.plot.beeswarm()
    with pytest.raises(ConfigError) as raised:
        found.plot.dependence("both")
    assert str(raised.value) == (
        "feature: got 'both'. A group of columns has no value of its own to compare with; use a feature that is a "
        "single column."
    )


def test_without_matplotlib_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra) as raised:
        ImportanceDisplay([ImportanceBar(feature="age", value=0.2)]).plot()
    assert str(raised.value) == "matplotlib is not installed. Run: pip install 'pellucid[matplotlib]'"


def test_log_odds_are_named_at_the_axis():
    found = pellucid.explain(
        lambda rows: 1 / (1 + np.exp(-rows[:, 0])), np.eye(3), baseline=np.zeros((1, 3)), link="logit"
    )
    assert found.plot.waterfall(0, ax=axes()).get_xlabel() == "Prediction (log-odds)"
    assert found.plot.importance(ax=axes()).get_xlabel() == "Mean absolute Shapley value (log-odds)"


def test_an_output_is_chosen_by_name_or_by_position():
    by_name, by_position = (explanation(2).plot.waterfall(0, output=output, ax=axes()) for output in ("label1", 1))
    assert texts(by_name) == texts(by_position)
    assert by_name.get_xlabel() == "Prediction (label1)"


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_panels_in_small_axes_leave_room_for_the_numbers_and_titles_between_them(layout):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = Figure(figsize=(13, 3.2), layout=layout)
    place = figure.subplots(1, 2)[0]
    display = DisparitiesDisplay.from_report(report("all"), ax=place)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    above, below = (axes.get_tightbbox(canvas.get_renderer()) for axes in display.axes_)
    assert above.y0 >= below.y1 - 1


def test_margins_of_steps_are_explained_at_the_axis_where_some_are_drawn():
    rng = np.random.default_rng(0)
    rows, score = rng.normal(size=(3, 12)), lambda rows: np.prod(1 + rows / 3, axis=1)
    sampled = pellucid.explain(score, rows, baseline=rows[:1], budget={"samples": 200}, confidence_level=0.9)
    exact = pellucid.explain(score, rows[:, :2], baseline=rows[:1, :2])
    titles = [found.plot.waterfall(2, ax=axes()).get_xlabel() for found in (sampled, exact)]
    assert titles == ["Prediction (± 90 % interval)", "Prediction"]
    assert sampled.plot.waterfall(2).to_dict()["layer"][0]["encoding"]["x"]["axis"]["title"] == titles[0]
