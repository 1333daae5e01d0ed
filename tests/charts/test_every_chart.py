"""What holds for every chart: any name, any number, any width, light and dark, equal bytes."""

import json
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    sized,
    themed,
    waterfall,
)
from pellucid.charts.altair import to_altair
from pellucid.charts.texts import clipped, distinct, rounded, short
from pellucid.charts.theme import CATEGORIES, DARK_PAGE, INK, TONES

CELLS = {"true_positive": 4.0, "false_positive": 3.0, "false_negative": 2.0, "true_negative": 1.0}

CHARTS = {
    "forest": lambda names, numbers: forest(
        [
            ForestRow(label=name, value=number, low=number - 1, high=number + 1, note=name, panel=names[0])
            for name, number in zip(names, numbers, strict=True)
        ],
        title=names[0],
        axis_title=names[-1],
    ),
    "group_rates": lambda names, numbers: group_rates(
        [
            GroupRate(group=name, measure=names[-1], value=number, low=number, high=number, rows=3)
            for name, number in zip(names, numbers, strict=True)
        ]
    ),
    "distribution": lambda names, numbers: distribution(
        [
            Share(group=group, category=name, share=abs(number), rows=2)
            for group in names[:2]
            for name, number in zip(names, numbers, strict=True)
        ]
    ),
    "confusion_matrices": lambda names, numbers: confusion_matrices(
        [
            GroupConfusion(group=name, **{**CELLS, "true_positive": number})
            for name, number in zip(names, numbers, strict=True)
        ]
    ),
    "importance": lambda names, numbers: importance(
        [
            ImportanceBar(feature=name, value=number, low=number - 1, high=number + 1, tied=True)
            for name, number in zip(names, numbers, strict=True)
        ]
    ),
    "beeswarm": lambda names, numbers: beeswarm(
        np.array([numbers, numbers]),
        names,
        [np.array(name_and_number) for name_and_number in zip(names, names, strict=True)],
    ),
    "waterfall": lambda names, numbers: waterfall(
        [
            WaterfallStep(feature=name, value=number, cell=name, margin=number)
            for name, number in zip(names, numbers, strict=True)
        ],
        numbers[0],
        numbers[-1],
    ),
    "dependence": lambda names, numbers: dependence(
        np.array(names, dtype=object), np.array(numbers), np.array(numbers), feature=names[0]
    ),
    "dependence on numbers": lambda names, numbers: dependence(
        np.array(numbers), np.array(numbers), np.abs(numbers), feature=names[0]
    ),
    "partial_dependence": lambda names, numbers: partial_dependence(
        np.array(names, dtype=object),
        np.array([numbers, numbers[::-1]]),
        feature=names[0],
        outputs=[names[0], names[-1]],
        distribution=np.abs(numbers),
    ),
    "partial_dependence on numbers": lambda names, numbers: partial_dependence(
        np.arange(len(numbers)) * 1.0,
        np.array([numbers]),
        feature=names[0],
        distribution=np.ones(len(numbers)),
        individual=np.array([numbers, numbers]),
    ),
    "comparison": lambda names, numbers: comparison(
        [
            ComparisonRow(label=name, a=number, b=number, a_interval=(number, number), difference=number)
            for name, number in zip(names, numbers, strict=True)
        ],
        names=(names[0], names[-1]),
    ),
    "heat_strip": lambda names, numbers: heat_strip(np.array([numbers] * len(names)), names, names),
}
every_chart = pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS)

HOSTILE = [
    "<script>alert('1')</script>",
    "a.b[0]['c']",
    "\\\"quoted\\' \\u0000",
    "datum.value; x",
    "${1}{{2}}%s $x^2$",
    "line\nbreak\ttab\x00\x1b[31m",
    "عنوان\u202eevil",
    "🙂👩🏽‍⚕️ 收入",
    "\ud800 lone",
    "",
    "y" * 10_000,
    "y" * 9_999 + "z",
]
NUMBERS = [0.1, -0.2, 0.3, math.nan, math.inf, -math.inf, 1e-300, 1e12, 0.0, -0.0, 1.7e308, -1e-9]


@every_chart
def test_hostile_names_and_numbers_do_no_harm(make, draw):
    specification = make(HOSTILE, NUMBERS)
    drawn = draw(specification, width=390)
    assert "<script" not in drawn.svg
    assert "\u202e" not in drawn.svg
    assert drawn.width == 390
    assert len(json.dumps(specification)) < 60_000


@every_chart
def test_twenty_long_names_fit_a_telephone(make, draw):
    names = [f"a_rather_long_name_of_a_feature_{i}_that_goes_on_and_on" for i in range(20)]
    specification = make(names, [i / 20 for i in range(20)])
    assert draw(specification, width=390).width == 390
    assert len(json.dumps(specification)) < 60_000


@every_chart
def test_equal_input_gives_equal_bytes_and_leaves_the_input_alone(make):
    names, numbers = [f"f{i}" for i in range(8)], [0.1 * i for i in range(8)]
    first, second = json.dumps(make(names, numbers)), json.dumps(make(names, numbers))
    assert first == second
    assert numbers == [0.1 * i for i in range(8)]


@every_chart
def test_no_number_is_written_with_more_digits_than_a_drawing_needs(make):
    text = json.dumps({**make(["a", "b", "c"], [1 / 3, 2 / 7, 1 / 11]), "config": {}})
    assert re.findall(r"\d\.\d{11,}", text) == []


@every_chart
def test_a_dark_page_changes_only_the_settings(make):
    specification = make(["a", "b"], [0.1, 0.2])
    dark = themed(specification, dark=True)
    assert {key for key in dark if dark[key] != specification[key]} == {"config"}
    assert themed(dark, dark=False) == specification


@every_chart
def test_every_chart_says_in_a_sentence_what_it_shows(make):
    description = make(["a", "b"], [0.1, 0.2])["description"]
    assert description.endswith(".")
    assert len(description) < 600


@every_chart
def test_a_single_row_is_drawn_and_told(make, draw):
    specification = make(["only"], [0.5])
    drawn = draw(specification)
    assert "only" in " ".join([*drawn.texts, specification["description"]])


@every_chart
def test_altair_takes_every_chart(make):
    chart = to_altair(make(["a", "b"], [0.1, 0.2]), width=500)
    assert chart.to_dict()["width"] == 500


name = st.text(max_size=40)
number = st.none() | st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(name, number, number, number), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_any_forest_is_strict_json_with_marks_inside_its_axes(rows):
    specification = forest([ForestRow(label=n, value=v, low=a, high=b) for n, v, a, b in rows])
    json.dumps(specification, allow_nan=False)
    (panel,) = specification["layer"]
    domains = [
        layer["encoding"]["x"]["scale"]["domain"]
        for layer in panel["layer"]
        if "scale" in layer["encoding"].get("x", {})
    ]
    for low, high in domains:
        assert low < high
        for datum in panel["data"]["values"]:
            assert all(low <= datum[key] <= high for key in ("value", "low", "high") if key in datum)
            assert 0 <= datum["share"] <= 1


@given(st.lists(name, max_size=8), st.integers(8, 60))
def test_labels_are_short_one_line_and_all_different(names, limit):
    labels = distinct(names, limit)
    assert len(set(labels)) == len(names)
    assert all(0 < len(label) <= limit + len(" (99)") and "\n" not in label for label in labels)


@given(st.text())
def test_a_clipped_text_has_no_control_characters(text):
    found = clipped(text, 20)
    assert len(found) <= 20
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", found)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e8, max_value=1e8))
def test_numbers_for_reading_are_right_to_three_digits(value):
    read = float(short(value).replace(",", "").replace("−", "-"))
    assert read == pytest.approx(value, rel=0.06 if abs(value) < 1e-4 else 0.006, abs=1e-12)


def test_rounded_numbers_are_json():
    assert [rounded(value) for value in (math.nan, math.inf, None, -0.0)] == [None, None, None, 0.0]


# --- colors ----------------------------------------------------------------------------------------------------------
def luminance(color):
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(color, other):
    light, dark = sorted((luminance(color), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("page", ["#ffffff", DARK_PAGE], ids=["light", "dark"])
def test_marks_can_be_told_from_light_and_dark_pages(page):
    for color in {*CATEGORIES, *(color for _, color, _ in TONES.values())}:
        assert contrast(color, page) >= 3


@pytest.mark.parametrize(("dark", "page"), [(False, "#ffffff"), (True, DARK_PAGE)], ids=["light", "dark"])
def test_text_has_the_contrast_that_small_text_needs(dark, page):
    text, faint, _ = INK[dark]
    assert contrast(text, page) >= 7
    assert contrast(faint, page) >= 4.5


def test_tones_differ_in_shape_as_well():
    shapes = [shape for _, _, shape in TONES.values()]
    assert len(set(shapes)) == len(shapes)


def test_a_number_takes_the_place_of_the_container():
    assert sized(forest([ForestRow(label="a", value=1.0)]), 300)["width"] == 300
