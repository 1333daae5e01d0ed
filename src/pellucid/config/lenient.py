"""Harmless forms that AWS's guide or SDK promise and its schema refuses: read, and reported with the form AWS takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pellucid.records import dataclass

__all__ = ["LENIENCIES", "Leniency", "places", "plain_copy", "to_aws_form"]

Container = dict[str, Any] | list[Any]


@dataclass(frozen=True, slots=True)
class Leniency:
    """One form accepted beside AWS's own.

    Parameters
    ----------
    path
        Where it may stand; ``[]`` stands for each element of a list.
    applies
        Whether a value has the form.
    to_aws
        Gives the value that AWS takes in its place.
    schema
        The form, as JSON Schema; empty where the models take it by themselves.
    example
        The form and what it is read as, for the documentation.
    without
        The required key that may be absent, where the form is an object without it.
    """

    path: str
    applies: Callable[[Any], bool]
    to_aws: Callable[[Any], Any]
    schema: Mapping[str, Any]
    example: tuple[str, str]
    without: str | None = None


def places(document: Container, path: str, before: str = "") -> Iterator[tuple[Container, Any, str]]:
    """Container, key or index, and written path of each value that stands at ``path`` in the document."""
    step, _, rest = path.partition(".")
    name = step.rstrip("[]")
    if not isinstance(document, dict) or name not in document:
        return
    spots: list[tuple[Container, Any, str]] = [(document, name, f"{before}{name}")]
    for _ in range(step.count("[]")):
        found = [(container[key], written) for container, key, written in spots if isinstance(container[key], list)]
        spots = [(elements, i, f"{written}[{i}]") for elements, written in found for i in range(len(elements))]
    for container, key, written in spots:
        if rest:
            yield from places(container[key], rest, f"{written}.")
        else:
            yield container, key, written


def to_aws_form(document: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The document with every lenient form in AWS's own, and one warning for each; the argument stays as it is.

    Examples
    --------
    >>> document, warnings = to_aws_form({"label_values_or_threshold": 1})
    >>> document
    {'label_values_or_threshold': [1]}
    >>> warnings
    ('label_values_or_threshold: got 1. Read as [1]: write it so for Clarify.',)
    """
    converted = plain_copy(document)
    warnings = []
    for leniency in LENIENCIES:
        for container, key, where in places(converted, leniency.path):
            found = container[key]
            if leniency.applies(found):
                container[key] = leniency.to_aws(found)
                warnings.append(
                    f"{where}: got {_json(found)}. Read as {_json(container[key])}: write it so for Clarify."
                )
    return converted, tuple(warnings)


def plain_copy(document: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in dictionaries and lists, as a JSON file would give it."""
    return {key: _plain(value) for key, value in document.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return plain_copy(value)
    return [_plain(element) for element in value] if isinstance(value, list | tuple) else value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=repr)


def _is_bare(value: object) -> bool:
    return isinstance(value, int | float | str)


def _as_list(value: object) -> list[object]:
    return [value]


def _is_integer(value: object) -> bool:
    return type(value) is int


def _is_integral_float(value: object) -> bool:
    return isinstance(value, float) and value.is_integer()


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


def _is_number_or_its_text(value: object) -> bool:
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return False
        return True
    return type(value) is int


def _bare(path: str) -> Leniency:
    schema = {"type": ["string", "number", "boolean"]}
    return Leniency(path, _is_bare, _as_list, schema, ("a single value, `1`", "`[1]`"))


def _boolean(path: str) -> Leniency:
    return Leniency(path, _is_boolean, int, {"type": "boolean"}, ("`true`, `false`", "`1`, `0`"))


def _integer_for_float(path: str) -> Leniency:
    return Leniency(path, _is_integer, float, {"type": "integer"}, ("an integer, `1`", "`1.0`"))


def _float_for_integer(path: str) -> Leniency:
    return Leniency(path, _is_integral_float, int, {"type": "number"}, ("a float without fraction, `10.0`", "`10`"))


def _other_word(path: str, word: str, aws: str) -> Leniency:
    return Leniency(
        path,
        lambda value: isinstance(value, str) and value.lower() == word,
        lambda value: aws,
        {"const": word},
        (f"`{word}`", f"`{aws}`"),
    )


def _bare_text(path: str, example: tuple[str, str]) -> Leniency:
    return Leniency(path, lambda value: isinstance(value, str), _as_list, {"type": "string"}, example)


def _bare_metric(path: str, metric: str) -> Leniency:
    return Leniency(
        path,
        lambda value: isinstance(value, str) and value != "all",
        _as_list,
        {},
        (f"one name, `{metric}`", f"`[{metric}]`"),
    )


def _default(path: str, key: str, value: object) -> Leniency:
    """An object without a key that AWS's guide gives a default."""
    return Leniency(
        path,
        lambda given: isinstance(given, dict) and key not in given,
        lambda given: {key: value, **given},
        {},
        (f"no `{key}`", f"`{key}` is `{json.dumps(value)}`"),
        without=key,
    )


LENIENCIES = (
    _other_word("dataset_type", "application/parquet", "application/x-parquet"),
    _bare("label_values_or_threshold"),
    _boolean("label_values_or_threshold[]"),
    Leniency(
        "probability_threshold",
        _is_number_or_its_text,
        float,
        {"type": ["integer", "string"]},
        ('an integer or a number as text, `1`, `"0.5"`', "`1.0`, `0.5`"),
    ),
    _bare("facet[].value_or_threshold"),
    _boolean("facet[].value_or_threshold[]"),
    _bare_metric("methods.pre_training_bias.methods", "CI"),
    _bare_metric("methods.post_training_bias.methods", "DI"),
    _boolean("methods.shap.baseline[][]"),
    _float_for_integer("methods.shap.num_clusters"),
    _float_for_integer("methods.shap.num_samples"),
    _float_for_integer("methods.shap.seed"),
    _float_for_integer("methods.shap.text_config.max_top_tokens"),
    _float_for_integer("methods.shap.image_config.num_segments"),
    _float_for_integer("methods.shap.image_config.segment_compactness"),
    _float_for_integer("methods.shap.image_config.max_objects"),
    _integer_for_float("methods.shap.image_config.iou_threshold"),
    _integer_for_float("methods.shap.image_config.context"),
    _default("methods.pdp", "grid_resolution", 15),
    _float_for_integer("methods.pdp.grid_resolution"),
    _float_for_integer("methods.pdp.top_k_features"),
    _float_for_integer("methods.asymmetric_shapley_value.num_samples"),
    _default("methods.report", "name", "report"),
    _float_for_integer("predictor.initial_instance_count"),
    _other_word("predictor.content_type", "image/jpg", "image/jpeg"),
    _bare_text("predictor.label_headers", ('one name, `"yes"`', '`["yes"]`')),
)
"""All forms accepted beside AWS's, in the order they are applied: a bare `true` becomes `[true]`, then `[1]`."""
