"""Reports made by hand: one of each block, with names that would break a page that trusts them."""

import base64
import json

import numpy as np

from pellucid.charts import beeswarm, dependence, partial_dependence
from pellucid.reports.document import (
    Bullets,
    Cell,
    Chart,
    Code,
    Column,
    Disclosure,
    Document,
    Facts,
    Finding,
    Findings,
    MarkedText,
    Notice,
    Paragraph,
    Picture,
    Section,
    Table,
)

SCRIPT = "<script>window.harmed=1</script><img src=x onerror=window.harmed=1>"
CLOSING = "</script><!-- <script> ]]> --> {{ 7*7 }} #{x} $math$ *stars* `ticks` \\backslash @label"
QUOTES = "\"double\" 'single' &amp; &"
EMOJI = "👩🏽‍⚕️ nurse 🏳️‍🌈"
ARABIC = "أنثى"
HEBREW = "נקבה (אחרת)"
OVERRIDE = "ab\u202edc\u2066"
CONTROLS = "bell\x07nul\x00line\u2028sep\ud800"
LONG = "very long name " * 667 + "the end"
UNBROKEN = "x" * 300

HOSTILE = (SCRIPT, CLOSING, QUOTES, EMOJI, ARABIC, HEBREW, OVERRIDE, CONTROLS, LONG, UNBROKEN)
"""Names and values as data may hold them."""

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGM4IScnJ3eCQe6E3J07dwAfngWheABbagAAAABJRU5ErkJggg=="
)
"""Four pixels."""

DPL = "Difference in positive proportions in labels: q_a - q_d. Ranges over [-1, 1]; 0 is parity."
DI = "Disparate impact: q'_d / q'_a. Ranges over [0, infinity); 1 is parity."


def forest(rows):
    """Intervals around a neutral line."""
    data = [
        {"name": name, "value": value, "low": low, "high": high, "shown": f"{value:+.3f}"}
        for name, value, low, high in rows
    ]
    y = {"field": "name", "type": "nominal", "title": None, "sort": None}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "height": 32 * len(rows),
        "data": {"values": data},
        "layer": [
            {
                "mark": {"type": "rule", "strokeDash": [4, 4]},
                "encoding": {"x": {"datum": 0, "type": "quantitative"}},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {
                    "y": y,
                    "x": {"field": "low", "type": "quantitative", "title": "difference of shares"},
                    "x2": {"field": "high"},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 80, "tooltip": True},
                "encoding": {"y": y, "x": {"field": "value", "type": "quantitative"}},
            },
        ],
    }


def bars(names):
    """Horizontal bars with their numbers."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "height": 24 * len(names),
        "data": {"values": [{"name": name, "value": round(0.4 / (i + 1), 3)} for i, name in enumerate(names)]},
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "y": {"field": "name", "type": "nominal", "title": None, "sort": None, "axis": {"labelLimit": 160}},
            "x": {"field": "value", "type": "quantitative", "title": "mean |Shapley value|"},
        },
    }


def rich():
    """A report with every kind of block, as a job would make it."""
    rows = (
        ("Difference in positive proportions in labels", 0.196, 0.187, 0.205),
        ("Difference in acceptance rates", 0.064, 0.021, 0.107),
        ("Accuracy difference", -0.058, -0.066, -0.050),
    )
    number = Column(title="Value", align="right", meaning="The metric, with its sign as Clarify prints it.")
    metrics = Table(
        caption="Bias of the labels, sex = Female against the others",
        columns=(
            Column(title="Metric"),
            number,
            Column(title="95 % interval", align="right", meaning="Covers the true value in 95 of 100 samples."),
            Column(title="p-value", align="right", meaning="Corrected for the number of metrics (Holm)."),
            Column(title="Rows"),
            Column(title="Reading"),
        ),
        rows=(
            (
                Cell(text="DPL", meaning=DPL),
                Cell(text="0.196", tone="worse"),
                "0.187 to 0.205",
                "< 0.001",
                "10,771 against 21,790",
                "Female applicants get the positive label 19.6 points less often",
            ),
            (
                Cell(text="DI", meaning=DI),
                Cell(text="0.358", tone="worse"),
                "0.341 to 0.376",
                "< 0.001",
                "10,771 against 21,790",
                "Female applicants are approved 0.36 times as often",
            ),
            (
                Cell(text="AD", meaning="Accuracy difference: ACC_a - ACC_d."),
                Cell(text="−0.058", tone="better"),
                "−0.066 to −0.050",
                "0.003",
                "10,771 against 21,790",
                "Predictions are right 5.8 points more often",
            ),
            ("TE", Cell(text="0.021", tone="uncertain"), "−0.044 to 0.090", "0.61", "10,771 against 21,790", "unclear"),
            ("FT", Cell(text="not shown", tone="suppressed"), "", "", "fewer than 10", "too few rows"),
        ),
    )
    features = (*(f"feature_{i}" for i in range(1, 9)), "marital-status", "hours-per-week")
    importance = Table(
        caption="Mean absolute Shapley value per feature",
        columns=(Column(title="Feature"), Column(title="Importance", align="right")),
        rows=tuple((name, f"{0.4 / (i + 1):.3f}") for i, name in enumerate(features)),
    )
    findings = Findings(
        items=(
            Finding(
                text="Female applicants are approved 19.6 points less often than others "
                "(95 % interval 18.7 to 20.5; n = 10,771 of 32,561).",
                tone="worse",
                certainty="clear",
                anchor="sex-labels",
            ),
            Finding(
                text="Predictions for female applicants are right 5.8 points more often than for others.",
                tone="better",
                certainty="clear",
                anchor="sex-labels",
            ),
            Finding(
                text="Wrong rejections and wrong acceptances are balanced alike (0.02).",
                tone="uncertain",
                certainty="insufficient evidence",
            ),
            Finding(
                text="Of race = Other there are too few rows to say.",
                tone="suppressed",
                certainty="not shown",
                anchor="explanations",
            ),
            Finding(text="What drives the predictions most is marital-status.", tone="neutral", certainty="likely"),
        ),
        shown=3,
    )
    return Document(
        title="Bias and explanations: Adult",
        subtitle="32,561 rows · label income, positive “>50K” · facets sex, race",
        name="adult-report",
        sections=(
            Section(
                title="What was found",
                anchor="findings",
                blocks=(findings, Notice("warning", "812 rows were left out because the label is missing.")),
            ),
            Section(
                title="Data",
                anchor="data",
                blocks=(
                    Facts((("Rows used", "32,561"), ("Label", "income"), ("Positive outcome", ">50K"))),
                    Notice("suppressed", "Counts under 10 are not shown: race = Other."),
                    Notice("information", "Predicted labels come from the model adult-xgboost."),
                ),
            ),
            Section(
                title="Bias",
                anchor="bias",
                blocks=(Paragraph("Each metric compares one group with all others.\nDifferences are in shares."),),
                sections=(
                    Section(
                        title="Sex: labels",
                        anchor="sex-labels",
                        blocks=(
                            Chart(
                                title="Differences between female applicants and others",
                                specification=forest(rows),
                                description="Female applicants are approved 19.6 points less often.",
                            ),
                            metrics,
                            Disclosure(
                                title="How the metrics are computed",
                                blocks=(
                                    Paragraph("Every metric is a function of the counts of the two groups."),
                                    Bullets(("q_a: share of positive labels of the others", "q_d: of the group")),
                                ),
                            ),
                        ),
                    ),
                    Section(title="Race", anchor="race", blocks=(Notice("missing", "race was not analysed."),)),
                ),
            ),
            Section(
                title="Explanations",
                anchor="explanations",
                blocks=(
                    Chart(
                        title="Global importance",
                        specification=bars(features),
                        description="feature_1 matters most, 0.400 on average.",
                        table=importance,
                    ),
                    MarkedText(
                        runs=(
                            ("The staff was ", 0.0),
                            ("friendly", 0.31),
                            (" but the room ", 0.0),
                            ("dirty", -0.42),
                            (" and ", 0.0),
                            ("small", -0.05),
                            (".", 0.0),
                        ),
                        limit=0.42,
                        caption="Review 7: 38 % positive",
                    ),
                    Picture(data=PNG, media_type="image/png", description="A heat map over a cat", caption="Image 3"),
                ),
            ),
            Section(
                title="Method and limits",
                anchor="method",
                blocks=(Bullets(("Counts", "Metrics", "Intervals"), numbered=True),),
                sections=(
                    Section(
                        title="Configuration",
                        anchor="configuration",
                        blocks=(Code(json.dumps({"label": "income", "facet": [{"name_or_index": "sex"}]}, indent=4)),),
                    ),
                ),
            ),
        ),
    )


def many_points():
    """Charts with their numbers as CSV, of more points than a picture made of lines would bear."""
    rng = np.random.default_rng(0)
    names = [f"feature_{i}" for i in range(12)]
    cells = rng.normal(size=(400, 12))
    specifications = (
        beeswarm(cells * np.linspace(1, 0.1, 12), names, list(cells.T)),
        dependence(cells[:, 0], cells[:, 1], feature=names[0]),
        partial_dependence(np.linspace(0, 1, 20), cells[:20, 0], feature=names[0], distribution=np.ones(20)),
    )
    charts = (
        Chart(title=f"Chart {i}", specification=each, description=each["description"])
        for i, each in enumerate(specifications)
    )
    section = Section(title="Charts", anchor="charts", blocks=tuple(charts))
    return Document(title="Charts of many points", subtitle="400 rows", sections=(section,))


def hostile():
    """A report whose every text is one of the hostile names."""
    table = Table(
        caption=SCRIPT,
        columns=(Column(title=CLOSING, meaning=SCRIPT), Column(title=LONG, align="right", meaning=LONG)),
        rows=tuple((Cell(text=name, meaning=name), Cell(text=name, tone="worse")) for name in HOSTILE),
    )
    every = tuple(
        Section(
            title=name,
            anchor=f"name-{i}",
            blocks=(
                Paragraph(f"{name} is approved 19.6 points less often."),
                Bullets((name,)),
                Notice("warning", name),
                Findings((Finding(text=f"{name}: 19.6 points", tone="worse", certainty=name, anchor=f"name-{i}"),)),
                Facts(((name, name),)),
                Picture(data=PNG, media_type="image/png", description=name, caption=name),
                MarkedText(runs=((name, 0.5), (" is ", 0.0), (name, -0.25)), limit=0.5, caption=name),
                Code(name, language=name),
                Disclosure(title=name, blocks=(Paragraph(name),)),
            ),
        )
        for i, name in enumerate(HOSTILE)
    )
    charts = Section(
        title="Charts",
        anchor="charts",
        blocks=(
            table,
            Chart(title=SCRIPT, specification=bars(HOSTILE), description=CLOSING, table=table),
        ),
    )
    return Document(title=SCRIPT, subtitle=CLOSING, sections=(*every, charts), name="../../harm")
