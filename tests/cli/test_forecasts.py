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


def shown(granularity, elements, scores, errors):
    request = ForecastRequest(
        direction="chronological",
        granularity=granularity,
        plan=OrderedPlan(samples=4),
        baseline=Baseline(),
        names=SeriesNames("sales", ("price",)),
    )
    totals = ForecastTotals(request, [])
    item = ForecastItem(
        item_id="A",
        elements=elements,
        scores=np.array(scores),
        standard_errors=np.array(errors),
        offset=np.zeros(2),
        forecast=np.array(scores).sum(axis=0),
        model_records=3,
        plain_records=9,
    )
    totals.add(item)
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
