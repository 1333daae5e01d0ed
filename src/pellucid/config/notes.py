"""What a valid file says without effect, or differently from what one may think: worth a warning, no reason to stop."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.config.analysis import AnalysisConfig

__all__ = ["notes"]


def notes(config: AnalysisConfig) -> tuple[str, ...]:
    """Warnings on a configuration that is valid.

    Examples
    --------
    >>> document = {"version": "2.0", "dataset_type": "text/csv", "methods": {"report": {"name": "r"}}}
    >>> notes(AnalysisConfig.model_validate(document))
    ("version: got '2.0'. Only '1.0' is known; the file is read as that.",)
    """
    return (*_on_the_file(config), *_on_datasets(config), *_on_the_model(config))


def _on_the_file(config: AnalysisConfig) -> Iterator[str]:
    if config.version not in (None, "1.0"):
        yield f"version: got {config.version!r}. Only '1.0' is known; the file is read as that."
    if not config.methods.model_fields_set:
        yield "methods: got no method. Nothing is computed; ask for one, such as 'pre_training_bias'."


def _on_datasets(config: AnalysisConfig) -> Iterator[str]:
    if config.features is not None and config.dataset_type not in ("application/json", "application/jsonlines"):
        yield f"features: got {config.features!r}. It has no effect on {config.dataset_type}; remove it."
    for key in ("facet", "predicted_label"):
        headers, uri = f"{key}_headers", f"{key}_dataset_uri"
        if getattr(config, headers) is not None and getattr(config, uri) is None:
            yield f"{headers}: has no effect without '{uri}'; remove it, or give the dataset."


def _on_the_model(config: AnalysisConfig) -> Iterator[str]:
    predictor = config.predictor
    if predictor is None:
        return
    named = [name for name in ("model", "endpoint_name", "model_name") if getattr(predictor, name) is not None]
    for ignored in named[1:]:
        value = getattr(predictor, ignored)
        yield f"predictor.{ignored}: got {value!r}. It has no effect beside '{named[0]}', which wins; remove one."
    if predictor.record_template is not None and config.request_type != "application/json":
        yield (
            f"predictor.record_template: got {predictor.record_template!r}. "
            f"It has no effect on requests in {config.request_type}; remove it."
        )
