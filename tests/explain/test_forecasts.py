"""Forecasts explained in a notebook: laws, closed forms, what is refused, and real weather with a real forecaster."""

import csv
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

import pellucid
from pellucid.errors import ConfigError, DataError, ModelError

PRICE, PROMO = np.array([1.0, -2.0, 0.0, 4.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0, 1.0])
SALES = np.array([3.0, 1.0, 4.0])


def product(records):
    """Nothing about it is additive: every series and covariate multiplies the others."""
    return [
        [
            (1 + one.target.sum()) * (1 + one.related[0, -1]) * (1 + one.static[0]),
            one.target[-1] * one.related[1].sum() + one.related[0] @ one.related[0],
        ]
        for one in records
    ]


def multiplied(**changes):
    arguments = {
        "related": {"price": PRICE, "promo": PROMO},
        "static": {"size": 2},
        "baseline": {"static": {"size": 0}},
        **changes,
    }
    return pellucid.explain_forecast(product, SALES, **arguments)


@given(
    kind=st.sampled_from(
        [
            ("timewise", "chronological"),
            ("timewise", "anti_chronological"),
            ("timewise", "bidirectional"),
            ("fine_grained", "chronological"),
        ]
    ),
    values=st.lists(st.floats(-100, 100), min_size=3, max_size=3),
    level=st.sampled_from(["zero", "mean"]),
    samples=st.integers(1, 3),
)
def test_offset_and_scores_add_up_to_the_forecast(kind, values, level, samples):
    granularity, direction = kind
    found = pellucid.explain_forecast(
        product,
        values,
        related={"price": PRICE, "promo": PROMO},
        static={"size": 2},
        baseline={"target": level, "related": level, "static": {"size": 0}},
        granularity=granularity,
        direction=direction,
        num_samples=samples if granularity == "fine_grained" else None,
    )
    assert found.offset + found.scores.sum(axis=0) == pytest.approx(found.forecast, rel=1e-10, abs=1e-7)


@given(samples=st.integers(1, 4), seed=st.integers(0, 1000))
def test_an_element_that_the_model_ignores_scores_exactly_nothing(samples, seed):
    found = multiplied(granularity="fine_grained", num_samples=samples, seed=seed)
    ignored = [
        i
        for i, e in enumerate(found.elements)
        if (e.name, e.timestamp) in {("target", 0), ("promo", 2), ("size", None)}
    ]
    assert [element.shown for element in (found.elements[i] for i in ignored)] == ["target at 0", "promo at 2", "size"]
    assert found.scores[ignored[0], 1] == 0.0
    assert found.scores[ignored[1], 0] == 0.0
    assert found.scores[ignored[2], 1] == 0.0


@given(weights=st.lists(st.floats(-10, 10), min_size=3, max_size=3), level=st.sampled_from(["zero", "mean"]))
def test_an_additive_model_has_the_same_scores_in_every_direction(weights, level):
    def model(records):
        return [[sum(w * np.tanh(y) for w, y in zip(weights, one.target, strict=True))] for one in records]

    forward, backward, both = (
        pellucid.explain_forecast(model, SALES, direction=direction, baseline=level).scores
        for direction in ("chronological", "anti_chronological", "bidirectional")
    )
    assert backward == pytest.approx(forward, abs=1e-10)
    assert both == pytest.approx(forward, abs=1e-10)


def test_in_chronological_order_what_two_steps_make_together_goes_to_the_later():
    model = lambda records: [[one.target[0] * one.target[2]] for one in records]  # noqa: E731
    scores = {
        direction: pellucid.explain_forecast(model, SALES, direction=direction).scores.ravel().tolist()
        for direction in ("chronological", "anti_chronological", "bidirectional")
    }
    assert scores == {
        "chronological": [0.0, 0.0, 12.0],
        "anti_chronological": [12.0, 0.0, 0.0],
        "bidirectional": [6.0, 0.0, 6.0],
    }


def test_values_of_one_step_share_what_they_make_together():
    model = lambda records: [[one.target[1] * one.related[0, 1]] for one in records]  # noqa: E731
    found = pellucid.explain_forecast(model, [3.0, 1.0], related={"price": [0.0, 8.0]}, granularity="fine_grained")
    assert found.scores.ravel().tolist() == [0.0, 4.0, 0.0, 4.0]


def test_covariates_join_before_all_steps():
    model = lambda records: [[one.target[0] * one.static[0]] for one in records]  # noqa: E731
    arguments = {"static": {"size": 2}, "baseline": {"static": {"size": 0}}}
    fine = pellucid.explain_forecast(model, [3.0], granularity="fine_grained", **arguments)
    assert [(one.name, one.timestamp) for one in fine.elements] == [("target", 0), ("size", None)]
    assert fine.scores.ravel().tolist() == [6.0, 0.0]
    assert pellucid.explain_forecast(model, [3.0], **arguments).scores.ravel().tolist() == [6.0]


def test_an_exact_answer_costs_no_more_than_the_orders_that_it_replaces():
    found = multiplied(granularity="fine_grained")
    [item] = found
    assert item.exact
    assert found.num_samples == 9
    assert item.model_records < item.plain_records / 2


def test_too_few_orders_for_all_coalitions_give_standard_errors_that_hold_the_exact_scores():
    related = {f"series {i}": np.linspace(1, 2 + i, 4) for i in range(7)}
    model = lambda records: [[np.sqrt(1 + one.related[:, -1].sum()), one.target.sum()] for one in records]  # noqa: E731
    whole = pellucid.explain_forecast(model, SALES, related=related, granularity="fine_grained", num_samples=100)
    some = pellucid.explain_forecast(model, SALES, related=related, granularity="fine_grained", num_samples=20)
    assert whole.items[0].exact
    apart, errors = np.abs(some.scores - whole.scores), some.standard_errors
    assert errors.any()
    assert (apart <= 5 * errors + 1e-9).all()
    assert not apart[errors == 0].round(9).any()


def test_items_are_explained_apart_and_found_by_their_ids():
    doubled = lambda records: [[2 * one.target[-1]] * len(one.target) for one in records]  # noqa: E731
    found = pellucid.explain_forecast(doubled, {"A": [1.0, 2.0], 7: [3.0, 4.0, 5.0]})
    assert (len(found), found["A"].forecast.tolist(), found[7].forecast.tolist()) == (2, [4.0, 4.0], [10.0] * 3)
    with pytest.raises(ConfigError) as raised:
        found.scores  # noqa: B018
    assert str(raised.value) == "item_id: There are 2 items: choose one, such as explanation['A']."
    with pytest.raises(ConfigError) as raised:
        found["a"]
    assert str(raised.value) == "item_id: got 'a'. Use an explained item; did you mean 'A'?"


def test_an_item_with_a_fault_is_left_out_and_the_others_are_explained():
    found = pellucid.explain_forecast(lambda records: [[1.0]] * len(records), {"A": SALES, "B": [np.nan]})
    assert [item.item_id for item in found] == ["A"]
    assert [(left.item_id, left.reason) for left in found.left_out] == [
        ("B", "The target has no observed value, so there is nothing to forecast from.")
    ]


def test_a_forecaster_can_name_the_type_of_its_records():
    def last(records: list[pellucid.SeriesRecord]):
        assert all(isinstance(one, pellucid.SeriesRecord) for one in records)
        return [[one.target[-1]] for one in records]

    assert pellucid.explain_forecast(last, SALES).scores[:, 0].tolist() == [0, 0, 4]


def test_dates_of_an_index_are_the_time_stamps():
    series = pd.Series(SALES, index=pd.date_range("2024-01-01", periods=3))
    found = pellucid.explain_forecast(lambda records: [[one.target.sum()] for one in records], series)
    assert [element.timestamp for element in found.elements] == [f"2024-01-0{day}T00:00:00" for day in (1, 2, 3)]


def test_the_table_has_a_row_for_every_item_element_and_step():
    table = multiplied(granularity="fine_grained", timestamps=list("abcde")).to_frame()
    assert len(table) == (3 + 10 + 1) * 2
    assert table.iloc[0].to_dict() == {
        "item_id": "item",
        "feature": "target",
        "timestamp": "a",
        "step": 1,
        "score": 9.0,
        "standard_error": 0.0,
        "low": 9.0,
        "high": 9.0,
    }
    assert table.iloc[-1][["feature", "timestamp", "step"]].tolist() == ["size", "", 2]


def test_a_notebook_shows_strips_and_escapes_names():
    page = pellucid.explain_forecast(
        lambda records: [[one.target[-1] + one.related[0, -1]] for one in records],
        SALES,
        related={"<b>": [1.0, 2.0, 3.0, 4.0]},
        granularity="fine_grained",
    )._repr_html_()
    assert "<b>Forecast explanation</b>: 1 item; fine_grained, chronological" in page
    assert "&lt;b&gt; at 3" in page
    assert page.count("<rect") == 2 + 3 + 4


def refused(error=ConfigError, model=product, **changes):
    with pytest.raises(error) as raised:
        pellucid.explain_forecast(model, changes.pop("target", SALES), **changes)
    return str(raised.value)


def test_arguments_that_do_not_fit_are_refused_together():
    assert refused(direction="forwards", granularity="timewise", num_samples=3, confidence_level=95, horizon=0) == (
        "direction: got 'forwards'. Use one of these; there are 'chronological', 'anti_chronological', "
        "'bidirectional'.\n"
        "num_samples: got 3. Only 'fine_grained' takes it. Leave it out.\n"
        "confidence_level: got 95. Use a number between 0 and 1.\n"
        "horizon: got 0. Use an integer of at least 1."
    )
    assert refused(granularity="fine_grained", direction="bidirectional", baseline="median") == (
        "direction: got 'bidirectional'. 'fine_grained' needs 'chronological'.\n"
        'baseline: got \'median\'. Use "zero" or "mean".'
    )
    assert refused(static={"size": 3}) == (
        'baseline.static: The items have static covariates: give their baseline, such as {"static": {"size": 0}}.'
    )
    assert refused(static={"size": 3}, baseline={"static": {"sise": 3}}) == (
        "baseline.static: got {'sise': 3}. Give exactly the covariates size."
    )
    assert refused(target={"A": SALES}, related={"B": {"price": PRICE}}) == (
        "related: got 'B'. 'target' has no such item; there are 'A'."
    )
    assert refused(related=PRICE) == "related: got 'ndarray'. Give values by name: {\"price\": [...]}."


def test_series_of_different_lengths_are_refused():
    assert refused(DataError, related={"price": PRICE, "promo": PROMO[:2]}, timestamps=[1, 2, 2, 4, 5]) == (
        "item 'item': Time stamp 2 occurs more than once. Give one value per step. related series 'promo' has 2 values "
        "for 5 steps."
    )


def test_a_forecast_of_another_horizon_is_refused():
    assert refused(DataError, model=lambda records: [[1.0, 2.0]] * len(records), horizon=3) == (
        "item 'item': The model forecasts 2 steps, and horizon is 3."
    )


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda records: [[1.0]], "<lambda>: gives 1 forecasts for 4 records. Give one for each."),
        (
            lambda records: [["much"]] * len(records),
            (
                "<lambda>: gives item 'item' the forecast ['much'], with parts of its series replaced by the baseline. "
                "Give a list of finite numbers, one per step of the forecast."
            ),
        ),
        (lambda records: 1 / 0, "<lambda>: forecasting failed with ZeroDivisionError: division by zero"),
        (
            "shop",
            (
                "shop: is no `module:attribute`. A forecasting model in this process is a function that takes a list "
                "of series records and returns a forecast for each."
            ),
        ),
    ],
)
def test_a_model_that_gives_no_forecasts_is_told(model, said):
    assert refused(ModelError, model=model) == said


# --- real weather ----------------------------------------------------------------------------------------------------
LAGS, HORIZON = 14, 3


@pytest.fixture(scope="module")
def weather():
    """Daily maxima of temperature in Seattle, with wind and rain; shipped with vega_datasets."""
    path = files("vega_datasets") / "_data" / "seattle-weather.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in ("temp_max", "wind", "precipitation")}
    return [row["date"].replace("/", "-") for row in rows], columns


def lagged(target, wind, rain):
    """What the forecaster sees: the last two weeks of the target, and wind and rain up to the last day forecast."""
    return np.concatenate([target[-LAGS:], wind[-LAGS - HORIZON :], rain[-LAGS - HORIZON :]])


@pytest.fixture(scope="module")
def forecaster(weather):
    _, series = weather
    ends = range(LAGS, 1000)
    seen = [lagged(series["temp_max"][:t], series["wind"][: t + HORIZON], series["precipitation"][: t + HORIZON])
            for t in ends]  # fmt: skip
    wanted = [series["temp_max"][t : t + HORIZON] for t in ends]
    return Ridge(alpha=10.0).fit(np.array(seen), np.array(wanted))


def window(weather, start, steps=21):
    dates, series = weather
    known = slice(start, start + steps + HORIZON)
    target = series["temp_max"][start : start + steps]
    return target, {"wind": series["wind"][known], "rain": series["precipitation"][known]}, dates[known]


def test_a_ridge_forecaster_of_real_weather_scores_coefficient_times_distance_from_the_mean(weather, forecaster):
    model = lambda records: forecaster.predict(  # noqa: E731
        np.array([lagged(one.target, one.related[0], one.related[1]) for one in records])
    )
    target, related, dates = window(weather, 1100)
    found = pellucid.explain_forecast(
        model, target, related=related, timestamps=dates, granularity="fine_grained", baseline="mean", horizon=HORIZON
    )
    weights = np.zeros((len(found.elements), HORIZON))
    steps, every = len(target), len(dates)
    weights[steps - LAGS : steps] = forecaster.coef_[:, :LAGS].T
    weights[steps + every - LAGS - HORIZON : steps + every] = forecaster.coef_[:, LAGS : 2 * LAGS + HORIZON].T
    weights[-LAGS - HORIZON :] = forecaster.coef_[:, -LAGS - HORIZON :].T
    away = np.concatenate([series - series.mean() for series in (target, *related.values())])
    assert found.scores == pytest.approx(weights * away[:, None], abs=1e-10)
    assert found.offset + found.scores.sum(axis=0) == pytest.approx(found.forecast, abs=1e-10)
    assert found.elements[int(found.items[0].strengths.argmax())].shown == f"target at {dates[steps - 1]}"
