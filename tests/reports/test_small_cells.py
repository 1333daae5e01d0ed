"""Which groups of a real result are hidden: intersections and segments may not give away what facets hide."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.api.library import bias, table_of
from pellucid.config.dataset import SegmentConfig
from pellucid.jobs.segments import with_segments
from pellucid.reports.small_cells import EVERYONE, group_key, hidden_cells, intersection_key, segment_key
from pellucid.reports.suppressed import suppressed
from pellucid.reports.suppression import CountedSet, determined

SEXES, PLACES = "FM", ("north", "south", "west")
SIZES = {"F": (40, 60, 55), "M": (90, 80, 4)}


def people(sizes=SIZES):
    """One cell of the six holds 4 rows; a third of each is positive."""
    rows = [
        {"sex": sex, "place": place, "y": int(i % 3 == 0), "p": int(i % 2 == 0)}
        for sex in SEXES
        for place, size in zip(PLACES, sizes[sex], strict=True)
        for i in range(size)
    ]
    return pl.DataFrame(rows)


def details(sizes=SIZES, **keys):
    asked = {"label": "y", "positive": 1, "facets": {"sex": None, "place": None}, "metrics": ["CI", "DPL"]}
    return bias(people(sizes), **asked | keys).details()


def shown_sizes(found, sizes=SIZES):
    """What the sizes in a document say, as sets of the six cells."""
    cells = {(sex, place): sizes[sex][PLACES.index(place)] for sex in SEXES for place in PLACES}

    def of(key, chosen, rows):
        return CountedSet(key=key, atoms=frozenset(cell for cell in cells if chosen(*cell)), counts=(rows,))

    shown = [of("all", lambda sex, place: True, found["rows"])]
    for group in found["groups"]:
        value = group["value_or_threshold"]
        if group["rows"] is not None:
            shown.append(of(value, lambda sex, place, v=value: v in (sex, place), group["rows"]))
    for entry in found["intersections"]:
        wanted, group = entry["facets"], entry["group"]
        if group["rows"] is not None:
            chosen = (wanted["sex"], wanted["place"])
            shown.append(of(chosen, lambda sex, place, c=chosen: (sex, place) == c, group["rows"]))
    return shown


def test_a_small_intersection_cannot_be_computed_from_its_row_and_its_column():
    _, found = suppressed({}, details(facet_intersections=True))
    assert determined(shown_sizes(details(facet_intersections=True)), {("M", "west")}) == (4,)
    shown = shown_sizes(found)
    assert determined(shown, {("M", "west")}) is None
    assert [entry["facets"] for entry in found["intersections"] if entry["group"]["rows"] is None][-1] == {
        "sex": "M",
        "place": "west",
    }
    assert [group["rows"] for group in found["groups"]] == [155, 174, 130, 140, 59]  # facets stay shown


CELL = st.one_of(st.integers(1, 30), st.integers(1, 200))


@pytest.mark.slow
@settings(max_examples=40)
@given(st.tuples(CELL, CELL, CELL), st.tuples(CELL, CELL, CELL))
def test_no_small_cell_of_two_facets_follows_from_what_is_shown_of_all(women, men):
    sizes = {"F": women, "M": men}
    _, found = suppressed({}, details(sizes, facet_intersections=True))
    shown = shown_sizes(found, sizes)
    for sex in SEXES:
        for place, size in zip(PLACES, sizes[sex], strict=True):
            assert size >= 10 or determined(shown, {(sex, place)}) is None


def test_facets_alone_have_nothing_to_hide_here():
    found = hidden_cells(details(), 10)
    assert found.keys["size"] == frozenset()


@pytest.fixture(scope="module")
def segmented():
    """Both sexes, in segments by place."""
    from pellucid.config.bias_request import BiasRequest, FacetRequest

    request = BiasRequest(
        label="y", positive=(1,), facets=(FacetRequest(column="sex"),), pre_training=("CI", "DPL"), minimum_group_rows=1
    )
    from pellucid.bias.analysis import analyse

    table = table_of(people())
    segments = [SegmentConfig.model_validate({"name_or_index": "place", "segments": [["north"], ["south"]]})]
    return with_segments(analyse(request, table), request, table, segments, lambda step: None)


def test_a_small_group_of_a_segment_takes_along_what_it_could_be_computed_from(segmented):
    found = hidden_cells(segmented.details(), 10)
    assert segment_key(2, "sex", "M") in found.keys["size"]
    assert not {EVERYONE, group_key("sex", "M"), group_key("sex", "F"), segment_key(0)} & found.keys["size"]
    shown = {key for key in (segment_key(i, "sex", "M") for i in range(3)) if key not in found.keys["size"]}
    assert len(shown) <= 1  # else the third is what is left of all men
    _, hidden = suppressed({}, segmented.details())
    metrics = hidden["segments"][2]["pre_training_bias_metrics"]["facets"]["sex"]
    assert all(metric["value"] is None for entry in metrics for metric in entry["metrics"])


def test_thresholds_on_one_column_are_pieces_of_one_axis():
    rng = np.random.default_rng(0)
    ages = np.concatenate([rng.uniform(20, 40, 200), rng.uniform(40, 60, 5), rng.uniform(60, 90, 100), [90.0]])
    frame = pl.DataFrame({"age": ages, "y": np.arange(len(ages)) % 2})
    both = [bias(frame, label="y", positive=1, facets={"age": [t]}, metrics=["CI", "DPL"]).details() for t in (40, 60)]
    together = {**both[0], "groups": [*both[0]["groups"], *both[1]["groups"]]}
    del together["dataset"]
    found = hidden_cells(together, 10)
    assert {key for key in found.keys["size"] if key[0] == "group"} == {group_key("age", "(60.0, 90.0]")}


def test_intersections_hold_their_place_in_the_list():
    found = hidden_cells(details(facet_intersections=True), 10)
    assert intersection_key(5) in found.keys["size"]
