"""Pellucid finds bias in data and models, says how sure it is, and runs Amazon SageMaker Clarify's jobs unchanged."""

# These packages are loaded before the functions of the same names take their places here.
import pellucid.bias
import pellucid.explain  # noqa: F401
from pellucid.api import bias, explain, explain_forecast, explain_images, explain_text, partial_dependence, probe_text
from pellucid.errors import AnalysisError, ConfigError, DataError, InputError, MissingExtra, ModelError, PellucidError

__all__ = [
    "AnalysisError",
    "ConfigError",
    "DataError",
    "InputError",
    "MissingExtra",
    "ModelError",
    "PellucidError",
    "bias",
    "explain",
    "explain_forecast",
    "explain_images",
    "explain_text",
    "partial_dependence",
    "probe_text",
]
