"""The whole file: Clarify's analysis configuration, with a few optional keys of ours beside Clarify's."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from pellucid.config.bias_request import ColumnType, OnDegenerate
from pellucid.config.dataset import DatasetType, Facet, SegmentConfig, TimeSeriesDataConfig
from pellucid.config.forms import (
    Count,
    Given,
    Locator,
    Natural,
    OwnShare,
    Real,
    Section,
    Text,
    Truth,
    Value,
    choice,
    own,
)
from pellucid.config.methods import Methods
from pellucid.config.predictor import AcceptType, ContentType, Predictor

__all__ = ["AnalysisConfig"]


class AnalysisConfig(Section):
    """One analysis, as its file describes it. Attributes bear the names of the keys; a key left out is None.

    Examples
    --------
    >>> config = AnalysisConfig.model_validate({"dataset_type": "Text/CSV", "methods": {}})
    >>> config.dataset_type, config.probability_threshold, config.facet
    ('text/csv', 0.5, None)
    """

    version: Given[Text] = Field(default=None, description="Version of the format; only `1.0` exists.")
    dataset_type: Annotated[DatasetType, choice(DatasetType)] = Field(description="Format of the dataset.")
    dataset_uri: Given[Text] = Field(
        default=None, description="Where the dataset is; wins over the dataset given to the job."
    )
    headers: Given[tuple[Text, ...]] = Field(
        default=None, description="Column names. JSON formats: features, then label, then predicted label."
    )
    label: Given[Locator] = Field(default=None, description="Where the observed label is; bias needs it.")
    predicted_label: Given[Locator] = Field(
        default=None, description="Where predicted labels are, if the data holds them; no model is asked then."
    )
    features: Given[Text] = Field(default=None, description="JMESPath of the features; JSON formats need it.")
    label_values_or_threshold: Given[tuple[Value, ...]] = Field(
        default=None, description="Label values that are the favourable outcome, or one threshold; bias needs it."
    )
    probability_threshold: Real = Field(default=0.5, description="Scores greater than this are predicted positive.")
    facet: Given[tuple[Facet, ...]] = Field(default=None, description="Sensitive columns; bias needs one.")
    group_variable: Given[Locator] = Field(
        default=None, description="Column whose values are the strata of CDDL and CDDPL."
    )
    segment_config: Given[tuple[SegmentConfig, ...]] = Field(
        default=None, description="Slices of the data that are analysed on their own as well."
    )
    facet_dataset_uri: Given[Text] = Field(default=None, description="Second dataset with the facets; CSV only.")
    facet_headers: Given[tuple[Text, ...]] = Field(default=None, description="Its column names; CSV only.")
    predicted_label_dataset_uri: Given[Text] = Field(
        default=None, description="Dataset with predictions, read in place of asking a model; CSV only."
    )
    predicted_label_headers: Given[tuple[Text, ...]] = Field(default=None, description="Its column names; CSV only.")
    joinsource_name_or_index: Given[Locator] = Field(
        default=None, description="Column that identifies rows: several datasets are joined by it."
    )
    excluded_columns: Given[tuple[Locator, ...]] = Field(
        default=None, description="Columns not sent to the model; not for images and time series."
    )
    time_series_data_config: Given[TimeSeriesDataConfig] = Field(
        default=None, description="Where the parts of time series are."
    )
    methods: Methods = Field(description="What to measure and how.")
    predictor: Given[Predictor] = Field(default=None, description="The model, where predictions are not in the data.")

    weights: Given[Locator] = own(None, "Column of row weights; each row counts once if left out.")
    confidence_level: OwnShare = own(0.95, "Confidence level of the intervals.")
    column_types: Mapping[str, Annotated[ColumnType, choice(ColumnType)]] = own(
        {}, "Columns whose type is given, not guessed: `categorical` or `continuous`."
    )
    facet_intersections: Truth = own(False, "Measure the intersections of the facets as well.")
    minimum_group_rows: Count = own(30, "A rate that rests on fewer rows is insufficient evidence.")
    minimum_cell: Count = own(10, "Counts of fewer rows are not shown in reports; 1 shows all.")
    on_degenerate: Annotated[OnDegenerate, choice(OnDegenerate)] = own(
        "fail", "Where Clarify's whole analysis fails: `fail` too, or `report` the metrics that are defined."
    )
    seed: Natural = own(0, "Seed of every random number of the bias analysis.")
    flip_test_sample: Given[Count] = own(None, "Rows that the flip test draws; all rows if left out.")

    @property
    def explanation_seed(self) -> int:
        """Seed of random numbers of SHAP values, which may have one of their own."""
        shap = self.methods.shap
        return self.seed if shap is None or shap.seed is None else shap.seed

    @property
    def has_columns(self) -> bool:
        """Whether `label` and `predicted_label` name columns; elsewhere they are paths into a document."""
        return self.dataset_type in ("text/csv", "application/x-parquet")

    @property
    def request_type(self) -> ContentType | None:
        """Format of requests to the model; None where the file has to say it and does not."""
        if self.predictor is not None and self.predictor.content_type is not None:
            return self.predictor.content_type
        if self.time_series_data_config is not None:
            return "application/json"
        defaults: dict[str, ContentType] = {
            "text/csv": "text/csv",
            "application/jsonlines": "application/jsonlines",
            "application/json": "application/json",
            "application/x-image": "image/jpeg",
        }
        return defaults.get(self.dataset_type)

    @property
    def response_type(self) -> AcceptType | None:
        """Format of the model's responses; None where the file has to say it and does not."""
        if self.predictor is not None and self.predictor.accept_type is not None:
            return self.predictor.accept_type
        if self.dataset_type == "application/x-image":
            return "application/json"
        asked = self.request_type
        return asked if asked in ("text/csv", "application/jsonlines", "application/json") else None
