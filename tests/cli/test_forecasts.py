"""What people see of explained forecasts at a terminal."""

from io import StringIO

import numpy as np
from rich.console import Console, Group

from pellucid.cli.forecasts import forecasts_shown
from pellucid.explain.ordered import OrderedPlan
from pellucid.jobs.forecasts.baselines import Baseline
from pellucid.jobs.forecasts.request import ForecastRequest, SeriesNames
from pellucid.jobs.forecasts.totals import ForecastTotals
from pellucid.results.forecast import Element, ForecastItem, LeftOut


def totals_of(granularity):
    request = ForecastRequest(
        direction="chronological",
        granularity=granularity,
        plan=OrderedPlan(samples=4),
        baseline=Baseline(),
        names=SeriesNames("sales", ("price",)),
    )
    return ForecastTotals(request, [])


def item_of(item_id, elements, scores, errors, offset=(0.0, 0.0), missed=0.0):
    return ForecastItem(
        item_id=item_id,
        elements=elements,
        scores=np.array(scores),
        standard_errors=np.array(errors),
        offset=np.array(offset),
        forecast=np.array(offset) + np.array(scores).sum(axis=0) + missed,
        model_records=3,
        plain_records=9,
    )


def shown(granularity, elements, scores, errors):
    totals = totals_of(granularity)
    totals.add(item_of("A", elements, scores, errors))
    totals.add(LeftOut("B", "The target has no observed value."))
    page = StringIO()
    Console(width=100, file=page).print(Group(*forecasts_shown(totals.summary(), 0.95)))
    return [line.rstrip() for line in page.getvalue().splitlines() if line.strip()]


def test_the_strongest_elements_come_first_with_their_errors():
    elements = (Element("sales", 1), Element("price", 1), Element("price", 2))
    assert shown(
        "fine_grained", elements, [[1.0, -3.0], [8.0, 8.0], [0.0, 0.0]], [[0.0, 0.0], [0.5, 0.25], [0, 0]]
    ) == [
        "Series that move forecasts most (absolute scores, summed over time, mean over the horizon and the",
        "items)",
        "  series  contribution",
        "  price           8.00",
        "  sales           2.00",
        "Elements that move a forecast most (fine_grained, chronological)",
        "  item  element     score (mean over the horizon)  absolute  95 % interval",
        "  A     price at 1                           8.00      8.00        ± 0.980",
        "  A     sales at 1                          -1.00      2.00          exact",
        "Items without an explanation: 1",
        "  item  why",
        "  B     The target has no observed value.",
    ]


def test_whole_steps_have_no_series():
    elements = (Element(None, "mon"), Element(None, "tue"))
    lines = shown("timewise", elements, [[1.0, 1.0], [4.0, 2.0]], [[0.0, 0.0], [np.nan, 0.0]])
    assert lines[:4] == [
        "Time steps that move a forecast most (timewise, chronological)",
        "  item  element      score (mean over the horizon)  absolute  95 % interval",
        "  A     step at tue                           3.00      3.00      not known",
        "  A     step at mon                           1.00      1.00          exact",
    ]


def test_totals_are_of_all_items():
    elements = (Element("sales", 1), Element("price", 1), Element("price", None, timed=False))
    totals = totals_of("fine_grained")
    totals.add(item_of("A", elements, [[1.0, -3.0], [4.0, 4.0], [0.0, 2.0]], [[0.0, 0.0], [0.5, 0.25], [0.0, np.nan]]))
    totals.add(item_of("B", elements, [[6.0, 6.0], [0.0, 0.0], [1.0, 1.0]], np.zeros((3, 2)), (-90.0, 5.0), 0.25))
    totals.add(item_of("C", elements, [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], np.zeros((3, 2))))
    found = totals.summary()
    assert found.items == 3
    assert found.series == {"sales": (2 + 6 + 0.5) / 3, "price": (4 + 1 + 0 + 1 + 0.5 + 0.5) / 3}
    assert [(one.item_id, one.strength) for one in found.strongest[:3]] == [("B", 6.0), ("A", 4.0), ("A", 2.0)]
    assert (found.model_records, found.plain_records) == (9, 27)
    assert (found.largest_gap, found.largest_forecast) == (0.25, 90.0)
    assert not found.exact


def test_errors_of_an_item_are_written_unless_all_its_scores_are_exact():
    elements = (Element("sales", 1), Element("size", None, timed=False))
    totals = totals_of("fine_grained")
    totals.add(item_of("A", elements, [[1.0, 3.0], [4.0, 4.0]], [[0.5, 0.0], [np.nan, 0.0]]))
    assert not totals.summary().exact
    totals.add(item_of("B", elements, [[1.0, 3.0], [4.0, 4.0]], np.zeros((2, 2))))
    details = totals.to_details()
    assert not totals.summary().exact
    assert details["items"][0]["standard_errors"] == [[0.5, 0.0], [None, 0.0]]
    assert [(item["exact"], "standard_errors" in item) for item in details["items"]] == [(False, True), (True, False)]
    assert details["strongest"][0] == {
        "item_id": "A",
        "feature_name": "size",
        "mean_score": 4.0,
        "mean_absolute_score": 4.0,
        "largest_standard_error": None,
    }
    assert details["strongest"][2]["timestamp"] == 1
    only = totals_of("fine_grained")
    only.add(item_of("B", elements, [[1.0, 3.0], [4.0, 4.0]], np.zeros((2, 2))))
    assert only.summary().exact
