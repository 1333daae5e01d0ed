"""Keys under `methods`: what is measured and how."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, WithJsonSchema, WrapValidator

from pellucid.config.forms import (
    Cell,
    Count,
    Given,
    Integer,
    Locator,
    Natural,
    Section,
    Share,
    Text,
    Truth,
    Unreadable,
    Value,
    choice,
    form,
    own,
    unusable,
)
from pellucid.config.languages import LANGUAGES, language_code
from pellucid.errors import did_you_mean

__all__ = [
    "POST_TRAINING_METRICS",
    "PRE_TRAINING_METRICS",
    "AsymmetricShapleyBaseline",
    "AsymmetricShapleyValue",
    "ImageConfig",
    "ImageDebug",
    "Methods",
    "Pdp",
    "PostTrainingBias",
    "PreTrainingBias",
    "Report",
    "Shap",
    "ShapBudget",
    "ShapSurrogate",
    "TextConfig",
]

PRE_TRAINING_METRICS = ("CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL")
POST_TRAINING_METRICS = ("DPPL", "DI", "DCA", "DCR", "RD", "SD", "DAR", "DRR", "AD", "CDDPL", "TE", "FT", "GE")


def _names_of(registered: tuple[str, ...]) -> WrapValidator:
    """Accept "all", one name, or a list of names; hand on names in the order given."""

    def check(value: Any, read: Callable[[Any], tuple[str, ...]]) -> tuple[str, ...]:
        if not isinstance(value, str | list | tuple):
            raise unusable("Use 'all' or a list of metric names.")
        if value == "all":
            return registered
        return read([value] if isinstance(value, str) else value)

    return WrapValidator(check)


def _metric_of(registered: tuple[str, ...]) -> WrapValidator:
    """Accept one published abbreviation."""
    known_as = f"Invalid metric_name: metrics should be one of the registered metrics{list(registered)}."

    def check(value: Any, read: Callable[[Any], str]) -> str:
        if type(value) is str and value in registered:
            return value
        near = did_you_mean(value, ("all", *registered))
        raise unusable(f"Use 'all' or names of this list{'; ' + near if near.startswith('did') else '.'}", known_as)

    return WrapValidator(check)


def _names_schema(registered: tuple[str, ...]) -> WithJsonSchema:
    names = {"type": "array", "items": {"enum": list(registered)}}
    return WithJsonSchema({"anyOf": [{"const": "all"}, {"enum": list(registered)}, names]})


def _language(value: Any, read: Callable[[Any], str]) -> str:
    code = language_code(value) if isinstance(value, str) else None
    if code is None:
        near = did_you_mean(value, [*LANGUAGES, *LANGUAGES.values()])
        raise unusable(
            "Use the name or the code of a language, such as 'german' or 'de'"
            + (f"; {near}" if near.startswith("did") else ".")
        )
    return code


def _kind(value: Any) -> str | None:
    """Tag of the form a baseline, or one of its rows, has."""
    if isinstance(value, str):
        return "<uri>"
    if isinstance(value, list | tuple):
        return "<list>"
    return "<object>" if isinstance(value, Mapping) else None


def _one_of_kinds(expected: str) -> Discriminator:
    return Discriminator(_kind, custom_error_type=Unreadable, custom_error_message=f"Use {expected}.")


JsonObject = Mapping[str, Any]
BaselineRow = Annotated[
    Annotated[tuple[Cell, ...], Tag("<list>")] | Annotated[JsonObject, Tag("<object>")],
    _one_of_kinds("a list of cells (CSV, Parquet) or an object shaped like a line (JSON Lines)"),
]
ShapBaseline = Annotated[
    Annotated[str, Tag("<uri>")]
    | Annotated[tuple[BaselineRow, ...], Tag("<list>")]
    | Annotated[JsonObject, Tag("<object>")],
    _one_of_kinds("the URI of a file, a list of rows such as [[0, 5], [1, 7]], or an object"),
]


class PreTrainingBias(Section):
    """Bias of the data."""

    methods: Annotated[
        tuple[Annotated[str, _metric_of(PRE_TRAINING_METRICS)], ...],
        _names_of(PRE_TRAINING_METRICS),
        _names_schema(PRE_TRAINING_METRICS),
    ] = Field(description="`all`, or a list of: " + ", ".join(PRE_TRAINING_METRICS) + ".")


class PostTrainingBias(Section):
    """Bias of the predictions."""

    methods: Annotated[
        tuple[Annotated[str, _metric_of(POST_TRAINING_METRICS)], ...],
        _names_of(POST_TRAINING_METRICS),
        _names_schema(POST_TRAINING_METRICS),
    ] = Field(description="`all`, or a list of: " + ", ".join(POST_TRAINING_METRICS) + ".")


Granularity = Literal["token", "sentence", "paragraph"]
ModelType = Literal["image_classification", "object_detection"]
Aggregation = Literal["mean_abs", "median", "mean_sq"]
Direction = Literal["chronological", "anti_chronological", "bidirectional"]
TimeGranularity = Literal["timewise", "fine_grained"]
SeriesBaseline = Literal["zero", "mean"]
Estimator = Literal["auto", "enumeration", "border", "leverage", "permutation", "clarify", "surrogate"]
Positive = Annotated[float, Field(gt=0), form("a number above 0", float, int)]


class TextConfig(Section):
    """Explanations of text columns."""

    granularity: Annotated[Granularity, choice(Granularity)] = Field(description="Unit of text that is explained.")
    language: Annotated[str, WrapValidator(_language), WithJsonSchema({"enum": [*LANGUAGES, *LANGUAGES.values()]})] = (
        Field(description="Name or code of the language, such as `german` or `de`.")
    )
    max_top_tokens: Count = Field(default=50, description="How many units the global list of top units holds.")
    columns: Given[tuple[Locator, ...]] = own(
        None, "Columns that are split into units; if left out, those of text of which 5 % of the values are distinct."
    )
    hierarchical: Truth = own(
        False, "Explain sentences first, and tokens only in those that matter (Owen values); for `token`."
    )
    max_units: Count = own(512, "Most units of a text; neighbours are put together where it has more.")


class ImageDebug(Section):
    """Restricts a run on images; undocumented by AWS, in its schema."""

    image_names: Given[tuple[Text, ...]] = Field(default=None, description="Images to explain.")
    class_ids: Given[tuple[Integer, ...]] = Field(default=None, description="Classes to explain.")
    sample_from: Given[Integer] = Field(default=None, description="First image to explain, counted from 0.")
    sample_to: Given[Integer] = Field(default=None, description="Last image to explain, counted from 0.")


class ImageConfig(Section):
    """Explanations of images."""

    model_type: Given[Annotated[ModelType, choice(ModelType)]] = Field(
        default=None, description="What the model does with an image; needed though AWS's schema calls it optional."
    )
    num_segments: Count = Field(default=20, description="Wanted number of superpixels.")
    segment_compactness: Count = Field(default=5, description="Compactness of superpixels (SLIC).")
    feature_extraction_method: Annotated[Literal["segmentation"], choice(Literal["segmentation"])] = Field(
        default="segmentation", description="How an image becomes features."
    )
    max_objects: Count = Field(default=3, description="Detection: objects explained per image, by confidence.")
    iou_threshold: Share = Field(
        default=0.5, description="Detection: overlap from which two boxes are the same object."
    )
    context: Share = Field(
        default=1.0, description="Detection: 1.0 the whole image takes part, 0.0 only the inside of the box."
    )
    debug: Given[ImageDebug] = Field(default=None, description="Restricts the run to some images and classes.")


class ShapBudget(Section):
    """What SHAP may cost; the bound that is met first ends the sampling."""

    samples: Given[Count] = own(None, "Sampled coalitions per row.")
    model_calls: Given[Count] = own(None, "Rows that the model may be asked for in the whole job.")
    seconds: Given[Positive] = own(None, "Time for the whole job; the numbers then depend on the machine.")
    precision: Given[Positive] = own(None, "Wanted relative standard error of each row, such as 0.05.")


class ShapSurrogate(Section):
    """What the estimator `surrogate` may cost beside the samples of the rows."""

    training_calls: Annotated[Count, Field(ge=100)] = own(20_000, "Inputs that the model is asked for to fit it.")
    audit_rows: Natural = own(10, "Rows that are also computed without it, to tell its error.")


class Shap(Section):
    """Kernel SHAP."""

    baseline: Given[ShapBaseline] = Field(
        default=None, description="Background rows: a list, an object, or the URI of a file. Computed if left out."
    )
    num_clusters: Given[Count] = Field(
        default=None, description="Without `baseline`: number of background rows, found by clustering."
    )
    num_samples: Given[Count] = Field(
        default=None, description="Number of sampled coalitions; by the number of features if left out."
    )
    agg_method: Annotated[Aggregation, choice(Aggregation)] = Field(
        default="mean_abs", description="How local values become global ones."
    )
    use_logit: Truth = Field(default=False, description="Explain the log-odds of the prediction.")
    save_local_shap_values: Truth = Field(default=False, description="Keep the values of each row.")
    seed: Given[Natural] = Field(default=None, description="Seed of the random numbers.")
    features_to_explain: Given[tuple[Locator, ...]] = Field(
        default=None, description="Columns to explain, all if left out; tabular data only."
    )
    text_config: Given[TextConfig] = Field(default=None, description="Turns on text explanations.")
    image_config: Given[ImageConfig] = Field(default=None, description="How images are explained; images need it.")
    estimator: Annotated[Estimator, choice(Estimator)] = own(
        "auto", "How coalitions are chosen and Shapley values solved for; `auto` takes the best one for the budget."
    )
    budget: Given[ShapBudget] = own(None, "What SHAP may cost.")
    surrogate: Given[ShapSurrogate] = own(None, "For the estimator `surrogate`: what it may cost.")
    feature_groups: Mapping[str, tuple[Locator, ...]] = own(
        {}, "Columns explained as one feature, such as those of a one-hot encoding, by its name."
    )


class Pdp(Section):
    """Partial dependence plots."""

    grid_resolution: Count = Field(description="Buckets of a numeric feature.")
    features: Given[tuple[Locator, ...]] = Field(
        default=None, description="Columns to plot; needed without `shap`, else the top ones are taken."
    )
    top_k_features: Count = Field(
        default=10, description="Without `features`: how many columns, by their global SHAP value."
    )
    ice: Given[Count] = own(None, "Keep the curves of so many rows, drawn with the seed (ICE).")
    ale: Truth = own(False, "Accumulated local effects of numeric columns beside their partial dependence.")


class AsymmetricShapleyBaseline(Section):
    """What stands in the place of an absent part of a time series."""

    target_time_series: Annotated[SeriesBaseline, choice(SeriesBaseline)] = Field(
        default="zero", description="For the target."
    )
    related_time_series: Given[Annotated[SeriesBaseline, choice(SeriesBaseline)]] = Field(
        default=None, description="For related series."
    )
    static_covariates: Given[Mapping[str, tuple[Value, ...]]] = Field(
        default=None, description="For static covariates: by item id, one value per covariate."
    )


class AsymmetricShapleyValue(Section):
    """Explanations of forecasts."""

    direction: Annotated[Direction, choice(Direction)] = Field(description="In which order time steps are added.")
    granularity: Annotated[TimeGranularity, choice(TimeGranularity)] = Field(
        description="Whole time steps, or each series in them; `fine_grained` is for `chronological` only."
    )
    num_samples: Given[Count] = Field(default=None, description="Sampled permutations; for `fine_grained` only.")
    baseline: Given[
        Annotated[
            Annotated[str, Tag("<uri>")] | Annotated[AsymmetricShapleyBaseline, Tag("<object>")],
            _one_of_kinds("the URI of a file, or an object"),
        ]
    ] = Field(default=None, description="Values for absent parts: the URI of a file, or an object.")


class Report(Section):
    """The report for people."""

    name: Text = Field(description="Base name of the report's files.")
    title: Text = Field(default="Analysis Report", description="Title of the report.")


class Methods(Section):
    """The methods to run; one left out is neither run nor reported."""

    pre_training_bias: Given[PreTrainingBias] = Field(default=None, description="Bias of the data.")
    post_training_bias: Given[PostTrainingBias] = Field(default=None, description="Bias of the predictions.")
    shap: Given[Shap] = Field(default=None, description="Shapley values of features.")
    pdp: Given[Pdp] = Field(default=None, description="Partial dependence plots.")
    asymmetric_shapley_value: Given[AsymmetricShapleyValue] = Field(
        default=None, description="Explanations of forecasts; time series only."
    )
    report: Given[Report] = Field(default=None, description="The report for people.")
