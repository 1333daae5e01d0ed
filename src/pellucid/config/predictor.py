"""Keys that say which model to ask, how to ask it, and how to read its answer."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from pellucid.config.forms import Count, Given, Locator, Name, Natural, Section, Text, Truth, choice, form, own

__all__ = ["AcceptType", "ContentType", "ImageInput", "Predictor", "TimeSeriesPredictorConfig"]

ContentType = Literal[
    "text/csv", "application/jsonlines", "application/json", "image/jpeg", "image/png", "application/x-npy"
]
AcceptType = Literal["text/csv", "application/jsonlines", "application/json"]
Protocol = Literal["invocations", "open-inference"]
OnRecordError = Literal["fail", "skip"]
Seconds = Annotated[float, Field(ge=0), form("a number of seconds of at least 0", float, int)]
PositiveSeconds = Annotated[float, Field(gt=0), form("a number of seconds above 0", float, int)]

# Not anchored at the end, as AWS's own pattern is not.
_PREFIX = re.compile("[a-zA-Z0-9]-*[a-zA-Z0-9]")
_VISIBLE = re.compile(r"[\x20-\x7e]*")

EndpointNamePrefix = Annotated[
    str,
    form(
        "2 to 23 letters, digits and hyphens that begin with a letter or digit, not all hyphens after it",
        str,
        accepts=lambda text: len(text) <= 23 and _PREFIX.match(text) is not None,
    ),
]
CustomAttributes = Annotated[
    str,
    form(
        "at most 1024 visible ASCII characters",
        str,
        accepts=lambda text: len(text) <= 1024 and _VISIBLE.fullmatch(text) is not None,
    ),
]
ContentTemplate = Annotated[
    str | Mapping[str, str],
    form("a string such as '{\"instances\": $records}', or an object of strings", str, dict),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]}),
]


class TimeSeriesPredictorConfig(Section):
    """Where the forecast is in the answer of a forecasting model."""

    forecast: Text = Field(description="JMESPath of the forecast in the response: one row per item.")


class ImageInput(Section):
    """How an ONNX model takes the colors of a pixel: (color x scale - mean) / std."""

    scale: Annotated[float, Field(gt=0), form("a number above 0", float, int)] = own(
        1 / 255, "Factor of the colors, which go from 0 to 255."
    )
    mean: tuple[float, ...] = own((0.0, 0.0, 0.0), "Mean of red, green and blue, after scaling.")
    std: tuple[float, ...] = own((1.0, 1.0, 1.0), "Standard deviation of red, green and blue, after scaling.")


class Predictor(Section):
    """The model, its requests and its responses."""

    endpoint_name: Given[Text] = Field(default=None, description="Existing endpoint. Wins over `model_name`.")
    model_name: Given[Text] = Field(default=None, description="Registered model, served for the time of the job.")
    initial_instance_count: Given[Count] = Field(default=None, description="Instances that serve `model_name`.")
    instance_type: Given[Text] = Field(default=None, description="Type of these instances, such as `ml.m5.large`.")
    accelerator_type: Given[Text] = Field(default=None, description="Accelerator of these instances (legacy).")
    endpoint_name_prefix: Given[EndpointNamePrefix] = Field(
        default=None, description="Begins the name of the endpoint made for `model_name`; `sm-clarify` if left out."
    )
    target_model: Given[Text] = Field(default=None, description="Which model of a multi-model endpoint.")
    custom_attributes: Given[CustomAttributes] = Field(
        default=None, description="Passed through with every request; at most 1024 visible ASCII characters."
    )
    content_type: Given[Annotated[ContentType, choice(ContentType)]] = Field(
        default=None,
        description="Format of requests; the dataset's if left out, `image/jpeg` for images. Parquet needs one.",
    )
    accept_type: Given[Annotated[AcceptType, choice(AcceptType)]] = Field(
        default=None, description="Format of responses; that of requests if left out, `application/json` for images."
    )
    content_template: Given[ContentTemplate] = Field(
        default=None,
        description="Body of a request: holds `$features` once (JSON Lines), `$records` or `$record` (JSON).",
    )
    record_template: Given[Text] = Field(
        default=None,
        description="One record of a JSON request: `$features`, `$feature_names`, `$features_kvp` or `${NAME}`.",
    )
    label: Given[Locator] = Field(
        default=None, description="Where predicted labels are in the response: JMESPath, or index of a CSV column."
    )
    probability: Given[Locator] = Field(
        default=None, description="Where scores are in the response: JMESPath, or index of a CSV column."
    )
    label_headers: Given[tuple[Name, ...]] = Field(
        default=None, description="Names of the classes, one per score, in the order of the scores."
    )
    time_series_predictor_config: Given[TimeSeriesPredictorConfig] = Field(
        default=None, description="Forecasting models: where the forecast is."
    )

    model: Given[Text] = own(
        None, "The model itself: a file, `module:attribute`, the URI of an MLflow model, a `command:`, or a URL."
    )
    protocol: Annotated[Protocol, choice(Protocol)] = own(
        "invocations", "How the server is asked: `invocations` (SageMaker's containers) or `open-inference` (KServe)."
    )
    payload_limit_bytes: Count = own(6 * 1024 * 1024, "Largest body of a request.")
    batch_records: Given[Count] = own(None, "Records in a request; found by measuring if left out.")
    max_concurrency: Count = own(8, "Most requests in flight; how many pay is found by measuring.")
    timeout_seconds: PositiveSeconds = own(60.0, "Longest wait for one answer.")
    max_retries: Natural = own(5, "How often a request is sent again after status 429, 5xx or a lost connection.")
    backoff_seconds: Seconds = own(0.25, "Wait before the first retry; it doubles with each.")
    max_backoff_seconds: Seconds = own(20.0, "Longest wait before a retry.")
    outage_seconds: Seconds = own(120.0, "How long a server that has answered before may be away.")
    startup_seconds: PositiveSeconds = own(300.0, "Longest wait for a server that is started for the job.")
    on_record_error: Annotated[OnRecordError, choice(OnRecordError)] = own(
        "fail", "A record that the model rejects ends the job (`fail`), or is left out and counted (`skip`)."
    )
    image_input: Given[ImageInput] = own(None, "How an ONNX model of images was trained to take pixels.")
    save_predictions: Truth = own(False, "Keep scores and predicted labels in `predictions.parquet`.")
