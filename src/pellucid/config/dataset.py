"""Keys that say where things are in the data: facets, segments, time series."""

from typing import Annotated, Literal

from pydantic import Field

from pellucid.config.forms import Given, Locator, Section, Text, Value, choice, form

__all__ = ["DatasetType", "Facet", "SegmentConfig", "TimeSeriesDataConfig", "TimeSeriesFormat"]

DatasetType = Literal[
    "text/csv",
    "application/jsonlines",
    "application/json",
    "application/x-parquet",
    "application/x-image",
    "application/sagemakercapturejson",
]
TimeSeriesFormat = Literal["columns", "item_records", "timestamp_records"]

SegmentValue = Annotated[
    int | str,
    form("a string or an integer; intervals of a continuous column are strings such as '(5, 6]'", int, str),
]


class Facet(Section):
    """One sensitive column and its disadvantaged group."""

    name_or_index: Locator = Field(
        description="Column of the dataset, or of the facet dataset if `facet_dataset_uri` is given; "
        "an index counts all columns there."
    )
    value_or_threshold: tuple[Value, ...] = Field(
        default=(),
        description="Values of the sensitive (disadvantaged) group, or one threshold: that group lies above it. "
        "Left out, every value of a categorical column is set against all others.",
    )


class SegmentConfig(Section):
    """One way to cut the data into slices."""

    name_or_index: Locator = Field(description="Column the segments are cut from.")
    segments: tuple[tuple[SegmentValue, ...], ...] = Field(
        description="One list per segment: values, or intervals such as `[1, 4]` and `(5, 6]` as strings."
    )
    config_name: Given[Text] = Field(default=None, description="Name of this way to cut.")
    display_aliases: Given[tuple[Text, ...]] = Field(
        default=None, description="One name per segment, and optionally one more for the rest of the rows."
    )


class TimeSeriesDataConfig(Section):
    """Where the parts of time series are."""

    target_time_series: Locator = Field(description="JMESPath of the target.")
    item_id: Locator = Field(description="JMESPath of the item ids.")
    timestamp: Locator = Field(description="JMESPath of the time stamps.")
    related_time_series: tuple[Locator, ...] = Field(default=(), description="JMESPath of each related series.")
    static_covariates: tuple[Locator, ...] = Field(default=(), description="JMESPath of each static covariate.")
    dataset_format: Given[Annotated[TimeSeriesFormat, choice(TimeSeriesFormat)]] = Field(
        default=None, description="How the JSON file is laid out; required, as the locators are JMESPath."
    )
