"""Every slice of the rows is analysed on its own."""

import polars as pl
import pytest

from pellucid.bias.analysis import analyse
from pellucid.config.bias_request import BiasRequest, FacetRequest
from pellucid.config.dataset import SegmentConfig
from pellucid.engines.frames import FrameTable
from pellucid.errors import ConfigError
from pellucid.jobs.segments import interval, with_segments
from pellucid.protocols.table import Within

# young: 2 of 4 women and 2 of 2 men are hired; old: nobody but 1 of 2 men
PEOPLE = FrameTable(
    pl.DataFrame(
        {
            "age": [20, 20, 21, 29, 25, 29, 30, 40, 50, 60],
            "sex": ["F", "F", "F", "F", "M", "M", "F", "F", "M", "M"],
            "hired": ["y", "y", "n", "n", "y", "y", "n", "n", "y", "n"],
        }
    )
)
REQUEST = BiasRequest(
    label="hired",
    positive=("y",),
    facets=(FacetRequest(column="sex", values=("F",)),),
    pre_training=("DPL",),
    minimum_group_rows=1,
)


def segments(*configs):
    report = analyse(REQUEST, PEOPLE)
    return with_segments(report, REQUEST, PEOPLE, [SegmentConfig(**config) for config in configs], lambda step: None)


def dpl(segment):
    return segment.report.stages[0].facets[0].metrics[0].value


def test_segments_and_the_rows_outside_them_have_metrics_of_their_own():
    young, rest = segments({"name_or_index": "age", "segments": [["[20, 30)"]]}).segments
    assert (young.segment, young.rows, dpl(young)) == ("[20, 30)", 6, 0.5)
    assert (rest.segment, rest.rows, dpl(rest)) == ("__default__", 4, 0.5)


def test_a_segment_of_several_values_and_its_alias():
    config = {"name_or_index": "sex", "segments": [["F", "M"]], "display_aliases": ["everyone", "nobody"]}
    everyone, nobody = segments(config).segments
    assert (everyone.segment, everyone.display_alias, everyone.rows) == ("F, M", "everyone", 10)
    assert (nobody.display_alias, nobody.rows, nobody.report) == ("nobody", 0, None)
    assert nobody.error == "dataset: The data set has no rows; give one that has."


def test_a_value_of_the_wrong_kind_is_told_for_every_segment():
    with pytest.raises(ConfigError) as caught:
        segments({"name_or_index": "age", "segments": [["young"], [20, "old"]]})
    fix = "The column holds integer values; give such a value, or an interval such as '(5, 6]'."
    assert str(caught.value).splitlines() == [
        f"segment_config[0].segments[0][0]: got 'young'. {fix}",
        f"segment_config[0].segments[1][1]: got 'old'. {fix}",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[1, 2]", Within("x", 1, 2, closed_low=True, closed_high=True)),
        ("(-1.5, inf)", Within("x", -1.5, float("inf"), closed_low=False, closed_high=False)),
        ("1, 2", None),
        ("[a, b]", None),
        ("[1, 2, 3]", None),
    ],
)
def test_intervals_are_read_in_bracket_notation(text, found):
    assert interval("x", text) == found
