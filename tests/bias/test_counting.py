"""Counting: how many passes, by which keys, and what is decided about columns on the way."""

from dataclasses import field

import polars as pl
import pytest

from pellucid.bias.counting import JOINT_CELLS, count
from pellucid.config.bias_request import BiasRequest, FacetRequest
from pellucid.counts import ByThreshold, ByValue
from pellucid.engines.frames import FrameTable
from pellucid.errors import ConfigError, DataError
from pellucid.records import dataclass


@dataclass(frozen=True)
class Watched(FrameTable):
    """A table that remembers the keys of each pass over its rows."""

    passes: list = field(default_factory=list)

    def cube(self, keys, *, weights=None):
        self.passes.append(list(keys))
        return super().cube(keys, weights=weights)


def counted(columns, *facets, positive=(1,), **options):
    table = Watched(pl.DataFrame(columns))
    named = tuple(FacetRequest(column=column, values=tuple(values)) for column, *values in facets)
    request = BiasRequest(label="y", positive=tuple(positive), facets=named, **options)
    return count(request, table), table.passes


ROWS = 10_000
LABELS = [k % 2 for k in range(ROWS)]
AGES = [18 + k % 73 for k in range(ROWS)]
AMOUNTS = [k / 7 for k in range(ROWS)]


def test_one_pass_counts_label_facets_predictions_and_strata():
    columns = {"y": LABELS, "p": LABELS, "f": ["F", "M"] * 5000, "g": [True, False] * 5000, "h": ["n"] * ROWS}
    found, passes = counted(columns, ("f", "F"), ("g", 1), predicted_label="p", group_variable="h")
    assert passes == [[ByValue("y"), ByValue("p"), ByValue("h"), ByValue("f"), ByValue("g")]]
    assert (found.rows, found.joint) == (ROWS, True)


def test_a_column_of_many_numbers_is_counted_by_the_sides_of_its_threshold():
    _, passes = counted({"y": LABELS, "f": AMOUNTS}, ("f", 40))
    assert passes == [[ByValue("y"), ByThreshold("f", 40.0)]]


def test_two_thresholds_of_one_column_are_counted_by_value():
    _, passes = counted({"y": LABELS, "f": AMOUNTS}, ("f", 40), ("f", 60))
    assert passes == [[ByValue("y"), ByValue("f")]]


def test_many_whole_numbers_that_turn_out_categorical_take_a_second_pass():
    found, passes = counted({"y": LABELS, "f": AGES}, ("f", 40))
    assert passes == [[ByValue("y"), ByThreshold("f", 40.0)], [ByValue("y"), ByValue("f")]]
    assert found.kind("f", (40,)) == "categorical"


def test_a_declared_type_saves_the_second_pass():
    for kind, key in (("categorical", ByValue("f")), ("continuous", ByThreshold("f", 40.0))):
        found, passes = counted({"y": LABELS, "f": AGES}, ("f", 40), column_types={"f": kind})
        assert passes == [[ByValue("y"), key]]
        assert found.decisions()[1].overridden


def test_a_group_variable_is_never_counted_by_sides():
    _, passes = counted({"y": LABELS, "f": AMOUNTS}, ("f", 40), group_variable="f")
    assert passes == [[ByValue("y"), ByValue("f")]]


def test_facets_of_too_many_combinations_are_counted_one_by_one():
    many = round(JOINT_CELLS**0.5)
    columns = {"y": LABELS, "f": [str(k % many) for k in range(ROWS)], "g": [str(k % 400) for k in range(ROWS)]}
    found, passes = counted(columns, ("f",), ("g",))
    assert passes == [[ByValue("y"), ByValue("f")], [ByValue("y"), ByValue("g")]]
    assert not found.joint
    assert found.cubes["f"].rows.sum() == found.cubes["g"].rows.sum() == ROWS


def test_scores_are_counted_by_the_sides_of_the_probability_threshold():
    scores = [k / ROWS for k in range(ROWS)]
    found, passes = counted({"y": LABELS, "p": scores, "f": ["F", "M"] * 5000}, ("f", "F"), predicted_label="p")
    assert passes == [[ByValue("y"), ByThreshold("p", 0.5), ByValue("f")]]
    assert found.scores
    assert found.choose_predicted().cells.tolist() == [False, False, True]


def test_labels_that_turn_out_not_to_be_0_and_1_make_no_scores_of_predictions():
    labels = [0] * 9_999 + [2]
    columns = {"y": labels, "p": AMOUNTS, "f": ["F", "M"] * 5000}
    found, passes = counted(columns, ("f", "F"), predicted_label="p")
    assert not found.scores
    assert [keys[1] for keys in passes] == [ByThreshold("p", 0.5), ByThreshold("p", pytest.approx(2.0))]


def test_what_columns_are_taken_for_is_told_in_order():
    columns = {"y": LABELS, "p": LABELS, "f": [None, *AMOUNTS[1:]]}
    found, _ = counted(columns, ("f", 40), predicted_label="p")
    assert [(d.column, d.role, d.type, d.kind, d.distinct, d.missing) for d in found.decisions()] == [
        ("y", "label", "integer", "categorical", 2, 0),
        ("p", "predicted label", "integer", "categorical", 2, 0),
        ("f", "facet", "float", "continuous", None, 1),
    ]


def test_all_columns_that_are_missing_are_told_at_once():
    with pytest.raises(DataError) as error:
        counted({"y": [1], "f": ["F"]}, ("g",), features=("f", "x"), weights="w")
    assert str(error.value) == (
        "weights: got 'w'. Use a column of the data set; there are 'y', 'f'.\n"
        "facet[0].name_or_index: got 'g'. Use a column of the data set; there are 'y', 'f'.\n"
        "features[1]: got 'x'. Use a column of the data set; there are 'y', 'f'."
    )


def test_a_facet_is_needed():
    with pytest.raises(ConfigError, match=r"^facet: Name at least one sensitive column\.$"):
        counted({"y": [1]})
