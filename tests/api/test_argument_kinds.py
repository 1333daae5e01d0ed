"""Every argument of every public function refuses what is of another kind, by its name, and raises nothing but ours."""

from __future__ import annotations

import datetime as dt
import inspect
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import pellucid
from pellucid.errors import ConfigError, PellucidError

PEOPLE = pd.DataFrame(
    {
        "sex": ["F"] * 5 + ["M"] * 5,
        "age": range(10),
        "hired": ["y", "n"] * 5,
        "guess": ["y", "y", "n", "n", "n"] * 2,
        "weight": [1.0] * 10,
    }
)
SENTENCES = pd.DataFrame({"text": ["Bob is", "Eve is"], "sex": ["m", "f"], "right": [1, 0]})
GROUPS = {"sex": {"f": {"NAME": ["Eve"]}, "m": {"NAME": ["Bob"]}}}
ROWS = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 0.0]])
PIXELS = np.array([[[9, 9, 9], [5, 5, 5]]], dtype=np.uint8)


def product(rows):
    return rows[:, 0] * rows[:, 1]


def brightness(images):
    return images.mean(axis=(1, 2, 3))


def one_object(images):
    return [[(0, 0.9, 0, 0, 1, 1)] for _ in images]


def says_bob(texts):
    return [float("Bob" in text) for text in texts]


def last_value(records):
    return [[record.target[-1]] for record in records]


RIGHT = {
    "bias": {"frame": PEOPLE, "label": "hired", "positive": "y", "facets": {"sex": ["F"]}, "predicted": "guess"},
    "explain": {"model": product, "rows": ROWS},
    "explain_text": {"model": says_bob, "texts": ["Bob smiles"]},
    "explain_images": {"model": brightness, "images": [PIXELS], "baseline": (0, 0, 0), "segments": [[0, 1]]},
    "explain_images of objects": {"model": one_object, "images": [PIXELS], "segments": [[0, 1]], "detection": True},
    "explain_forecast": {
        "model": last_value,
        "target": [1.0, 2.0, 3.0],
        "related": {"price": [1.0, 2.0, 3.0]},
        "static": {"size": 1.0},
        "baseline": {"static": {"size": 0.0}},
        "granularity": "fine_grained",
    },
    "partial_dependence": {"model": product, "rows": ROWS, "features": "column_0"},
    "probe_text": {"model": says_bob, "templates": ["[NAME] is good."], "groups": GROUPS, "expected": [1]},
    "probe_text of a table": {
        "model": says_bob,
        "templates": SENTENCES,
        "text": "text",
        "facets": {"sex": ["f"]},
        "expected": "right",
    },
}


class Thing:
    """Nothing that any argument takes."""


ODD = {
    "nothing": None,
    "integer": 3,
    "negative": -1,
    "fraction": 2.5,
    "not a number": float("nan"),
    "infinity": float("inf"),
    "truth value": True,
    "word": "word",
    "no text": "",
    "half an emoji": "\ud800",
    "bytes": b"bytes",
    "date": dt.date(2020, 1, 1),
    "decimal": Decimal("0.5"),
    "complex": 1j,
    "no list": [],
    "integers": [1, 2],
    "words": ["word"],
    "list of nothing": [None],
    "nested list": [[1]],
    "list of mappings": [{}],
    "mixed tuple": (1, "a"),
    "set": {1, 2},
    "range": range(3),
    "no mapping": {},
    "mapping": {"a": 1},
    "mapping of nothing": {"a": None},
    "mapping of lists": {"a": [1]},
    "mapping by integer": {1: 2},
    "facets": {"sex": {}},
    "groups": {"sex": {"f": 3}},
    "samples": {"samples": "x"},
    "bounds of the surrogate": {"training_calls": "x"},
    "feature": {"column_0": 3},
    "static": {"static": 3},
    "array": np.array([1, 2]),
    "array of words": np.array(["a"]),
    "empty array": np.zeros(0),
    "matrix": np.zeros((2, 2)),
    "series": pd.Series([1, 2]),
    "frame": pd.DataFrame({"a": [1]}),
    "class": type,
    "object": Thing(),
}


def called(case, **given):
    return getattr(pellucid, case.split()[0])(**{**RIGHT[case], **given})


def arguments():
    return [(case, name) for case in RIGHT for name in inspect.signature(getattr(pellucid, case.split()[0])).parameters]


def test_every_public_function_is_in_the_table():
    functions = {name for name in pellucid.__all__ if inspect.isfunction(getattr(pellucid, name))}
    assert {case.split()[0] for case in RIGHT} == functions


@pytest.mark.parametrize(("case", "argument"), arguments())
def test_whatever_an_argument_is_given_no_other_error_is_raised_than_ours(case, argument):
    accepted = 0
    for wrong in ODD.values():
        try:
            called(case, **{argument: wrong})
        except PellucidError as error:
            assert str(error)  # noqa: PT017 - other errors are what the test finds
        else:
            accepted += 1
    assert accepted < len(ODD) / 3


def methods_of(found):
    """Methods of a result and of its plots that take arguments."""
    for owner in (found, found.plot) if hasattr(found, "plot") else (found,):
        for name in dir(owner):
            method = None if name.startswith("_") else getattr(owner, name)
            if inspect.ismethod(method) and name != "from_shap" and inspect.signature(method).parameters:
                yield method


NEEDED = {"row": 0, "index": 0, "feature": "column_0", "by": "column_0"}
"""Arguments that methods cannot do without."""


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in RIGHT if not case.startswith("probe_text")])
def test_methods_of_results_and_plots_raise_no_other_errors_either(case):
    found = called(case)
    for method in methods_of(found):
        parameters = set(inspect.signature(method).parameters)
        needed = {name: value for name, value in NEEDED.items() if name in parameters}
        method(**needed)
        for argument in sorted(parameters - {"ax"}):
            accepted = 0
            for wrong in ODD.values():
                try:
                    method(**{**needed, argument: wrong})
                except PellucidError as error:
                    assert str(error)  # noqa: PT017 - other errors are what the test finds
                else:
                    accepted += 1
            assert accepted < len(ODD) / 3


PROGRESS = "Use a function of one text, such as print; False for silence; or None to be shown work that takes long."
SWITCH = "Use True or False."
COLUMN = "Use a text, and give the columns of the table such names."
COLUMNS = "Use the name of a column, or a list of such names."
SHARE = "Use a number between 0 and 1."
ESTIMATORS = (
    "Use one of the estimators; there are 'auto', 'enumeration', 'border', 'leverage', 'clarify', 'permutation', "
    "'surrogate'."
)


@pytest.mark.parametrize(
    ("case", "given", "message"),
    [
        ("bias", {"label": ["hired"]}, f"label: got ['hired']. {COLUMN}"),
        ("bias", {"label": None}, f"label: got None. {COLUMN}"),
        ("bias", {"weights": 3}, f"weights: got 3. {COLUMN}"),
        (
            "bias",
            {"facets": 3},
            'facets: got 3. Name the sensitive columns, or give their values by name, such as {"sex": ["Female"]}.',
        ),
        (
            "bias",
            {"positive": {"y": 1}},
            "positive: got {'y': 1}. Use a text, a number or a truth value, or a list of these.",
        ),
        ("bias", {"positive": b"y"}, "positive: got b'y'. Use a text, a number or a truth value, or a list of these."),
        (
            "bias",
            {"facets": {"sex": {"F"}}},
            (
                "facets: got {'sex': {'F'}}. Name the sensitive columns, or give their values by name, such as "
                '{"sex": ["Female"]}.'
            ),
        ),
        ("bias", {"metrics": 3}, "metrics: got 3. Use a name, or a list of names."),
        (
            "bias",
            {"column_types": ["age"]},
            'column_types: got [\'age\']. Give types by name, such as {"age": "continuous"}.',
        ),
        ("bias", {"features": {"age"}}, f"features: got {{'age'}}. {COLUMNS}"),
        ("bias", {"facet_intersections": "no"}, f"facet_intersections: got 'no'. {SWITCH}"),
        ("explain", {"outputs": 0.5}, "outputs: got 0.5. Use names or positions, one or a list of them."),
        ("explain", {"estimator": ["auto"]}, f"estimator: got ['auto']. {ESTIMATORS}"),
        ("explain", {"link": {"logit"}}, "link: got {'logit'}. Use a link; there are 'identity', 'logit'."),
        ("explain", {"surrogate": 3}, 'surrogate: got 3. Give settings by name, such as {"training_calls": 20000}.'),
        (
            "explain",
            {"feature_groups": {"both": 3}},
            'feature_groups: got {\'both\': 3}. Give columns by name, such as {"city": ["city=Rome", "city=Oslo"]}.',
        ),
        ("explain", {"columns": ROWS}, f"columns: got 'ndarray'. {COLUMNS}"),
        ("explain", {"exact": "no"}, f"exact: got 'no'. {SWITCH}"),
        ("explain", {"confidence_level": True}, f"confidence_level: got True. {SHARE}"),
        ("bias", {"progress": 3}, f"progress: got 3. {PROGRESS}"),
        ("explain", {"progress": "auto"}, f"progress: got 'auto'. {PROGRESS}"),
        (
            "explain_text",
            {"language": 3},
            "language: got 3. Use the name or the code of a language, such as 'german' or 'de'.",
        ),
        (
            "explain_text",
            {"granularity": 3},
            "granularity: got 3. Use a unit of text; there are 'token', 'sentence', 'paragraph'.",
        ),
        ("explain_text", {"outputs": 3}, "outputs: got 3. Use a name, or a list of names."),
        ("explain_images", {"compactness": float("inf")}, "compactness: got inf. Use a number above 0."),
        ("explain_images", {"context": 2}, "context: got 2. Use a number from 0 to 1."),
        (
            "explain_images",
            {"segments": [[0, 1], [0]]},
            (
                "segments: got 'list'. Give an array of shape (height, width), the segment of every pixel, or a list "
                "of such arrays."
            ),
        ),
        (
            "explain_images",
            {"image_input": 3},
            'image_input: got 3. Give numbers by name, such as {"scale": 0.00392157}.',
        ),
        (
            "explain_images of objects",
            {"probability_threshold": "0.5"},
            "probability_threshold: got '0.5'. Use a finite number.",
        ),
        ("explain_forecast", {"seed": "3"}, "seed: got '3'. Use an integer of at least 0."),
        ("explain_forecast", {"horizon": 2.5}, "horizon: got 2.5. Use an integer of at least 1."),
        (
            "explain_forecast",
            {"timestamps": 3},
            'timestamps: got 3. Give a list with one of every step, such as ["2024-01-01"].',
        ),
        ("partial_dependence", {"features": None}, f"features: got None. {COLUMNS}"),
        ("partial_dependence", {"individual": "yes"}, f"individual: got 'yes'. {SWITCH}"),
        ("probe_text", {"expected": {0: 1}}, "expected: got {0: 1}. Give 1 or 0 for each of the 1 templates."),
        (
            "probe_text",
            {"fillers": ["JOB"]},
            'fillers: got [\'JOB\']. Give words by name, such as {"JOB": ["nurse", "engineer"]}.',
        ),
        ("probe_text", {"output": 0}, "output: got 0. Use a text."),
        (
            "probe_text",
            {"templates": [3]},
            'templates: got [3]. Give a list of sentences such as ["[NAME] is a [JOB]."].',
        ),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name_value_and_fix(case, given, message):
    with pytest.raises(ConfigError) as refused:
        called(case, **given)
    assert str(refused.value) == message


def test_all_arguments_of_another_kind_are_named_together():
    with pytest.raises(ConfigError) as refused:
        called("explain", columns=3, exact=0, budget=5, seed="7")
    assert [re.match(r"\w+", line)[0] for line in str(refused.value).splitlines()] == [
        "columns",
        "exact",
        "budget",
        "seed",
    ]


@pytest.mark.parametrize("columns", [("a", "b"), pd.Index(["a", "b"]), np.array(["a", "b"]), {"a": 0, "b": 0}.keys()])
def test_names_may_come_in_any_ordered_collection(columns):
    frame = pd.DataFrame(ROWS, columns=["a", "b"]).assign(other="x")
    found = pellucid.explain(lambda rows: rows["a"] * rows["b"], frame, columns=columns)
    assert found.features == ("a", "b")


def test_one_name_stands_for_a_list_of_it():
    frame = pd.DataFrame(ROWS, columns=["a", "b"])
    found = pellucid.partial_dependence(lambda rows: rows["a"], frame, "a", categorical="a", columns="a")
    assert found["a"].points.tolist() == [1.0, 3.0, 4.0]
    weights = pellucid.bias(PEOPLE, label="hired", positive="y", facets="sex", features="age", metrics="DPL")
    assert weights.rows == 10


def test_numbers_and_truth_values_of_numpy_are_numbers_and_truth_values():
    found = called(
        "explain", seed=np.int64(3), confidence_level=np.float32(0.5), exact=np.bool_(True), outputs=np.int64(0)
    )
    assert found.outputs == ("label0",)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: called("explain").plot.importance(limit="3"), "limit: got '3'. Use an integer of at least 1."),
        (lambda: called("explain").plot.beeswarm(width="wide"), "width: got 'wide'. Use a number above 0."),
        (
            lambda: called("explain").plot.waterfall("first"),
            "row: got 'first'. Use a row that was explained, from 0 to 2.",
        ),
        (
            lambda: called("explain").global_importance(["median"]),
            "method: got ['median']. Use a way of aggregation; did you mean 'median'?",
        ),
        (lambda: called("explain_text").top_units(2.5), "number: got 2.5. Use an integer of at least 1."),
        (lambda: called("explain_images").overlay(1), "index: got 1. Use a position from 0 to 0."),
        (lambda: called("explain_images").pixel_map(0, "dog"), "output: got 'dog'. Use a position from 0 to 0."),
        (lambda: called("bias").plot.disparities(metrics=3), "metrics: got 3. Use a name, or a list of names."),
    ],
)
def test_a_method_of_a_result_names_its_argument(ask, message):
    with pytest.raises(ConfigError) as refused:
        ask()
    assert str(refused.value) == message
