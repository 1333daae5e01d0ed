"""The public facade, and the only wiring: it chooses engines, readers and models for the computations."""

from pellucid.api.dependence import partial_dependence
from pellucid.api.explaining import explain
from pellucid.api.explaining_forecasts import explain_forecast
from pellucid.api.explaining_images import explain_images
from pellucid.api.library import bias
from pellucid.api.text_explaining import explain_text
from pellucid.api.text_probing import probe_text

__all__ = ["bias", "explain", "explain_forecast", "explain_images", "explain_text", "partial_dependence", "probe_text"]
