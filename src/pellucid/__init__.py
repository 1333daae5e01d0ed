"""Pellucid finds bias in data and models, says how sure it is, and runs Amazon SageMaker Clarify's jobs unchanged."""

import pellucid.bias  # noqa: F401 - the package is loaded before the function of the same name takes its place here
from pellucid.api import bias
from pellucid.errors import AnalysisError, ConfigError, DataError, InputError, MissingExtra, PellucidError

__all__ = ["AnalysisError", "ConfigError", "DataError", "InputError", "MissingExtra", "PellucidError", "bias"]
