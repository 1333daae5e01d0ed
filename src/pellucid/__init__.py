"""Pellucid finds bias in data and models, says how sure it is, and runs Amazon SageMaker Clarify's jobs unchanged."""

from typing import TYPE_CHECKING, Any

# These packages are loaded before the functions of the same names take their places here.
import pellucid.bias
import pellucid.explain  # noqa: F401
from pellucid.api import bias, explain, explain_forecast, explain_images, explain_text, partial_dependence, probe_text
from pellucid.errors import AnalysisError, ConfigError, DataError, InputError, MissingExtra, ModelError, PellucidError

if TYPE_CHECKING:
    from pellucid.protocols.forecaster import SeriesRecord

__all__ = [
    "AnalysisError",
    "ConfigError",
    "DataError",
    "InputError",
    "MissingExtra",
    "ModelError",
    "PellucidError",
    "SeriesRecord",
    "bias",
    "explain",
    "explain_forecast",
    "explain_images",
    "explain_text",
    "partial_dependence",
    "probe_text",
]


def __getattr__(name: str) -> Any:
    """Names that are loaded when they are first used, since they bring NumPy along."""
    if name == "SeriesRecord":
        from pellucid.protocols.forecaster import SeriesRecord

        return SeriesRecord
    instead = ", which shap has: call pellucid.explain(model, rows, baseline=background)"
    if name.endswith("Explainer"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{instead}")
    if name in ("plots", "summary_plot", "force_plot", "dependence_plot", "waterfall_plot"):
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}{instead}, and what it returns has plots: found.plot"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
