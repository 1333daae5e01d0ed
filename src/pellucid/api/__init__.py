"""The public facade, and the only wiring: it chooses engines, readers and models for the computations."""

from pellucid.api.explaining import explain, partial_dependence
from pellucid.api.library import bias

__all__ = ["bias", "explain", "partial_dependence"]
