"""JSON Schema of the file, for editors: completion, descriptions, and red lines under what would be refused."""

from __future__ import annotations

from typing import Any

from pellucid.config.analysis import AnalysisConfig
from pellucid.config.lenient import LENIENCIES, Leniency

__all__ = ["json_schema"]

Schema = dict[str, Any]
_DESCRIPTIONS = ("description", "default", "x-pellucid")


def json_schema() -> Schema:
    """JSON Schema (draft 2020-12) of an analysis configuration.

    It holds Clarify's keys, ours (they bear ``"x-pellucid": true``), and the forms accepted beside AWS's.

    Examples
    --------
    >>> json_schema()["properties"]["confidence_level"]["default"]
    0.95
    """
    schema = AnalysisConfig.model_json_schema()
    for section in (schema, *schema["$defs"].values()):
        section["properties"] = {key: _described(schema, form) for key, form in section["properties"].items()}
    for leniency in LENIENCIES:
        _accept(schema, leniency)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Analysis configuration",
        "description": "Configuration of a bias and explainability analysis, as Amazon SageMaker Clarify reads it.",
    }


def _described(root: Schema, form: Schema) -> Schema:
    """The form without a title, which repeats the key, and a default of null, which the file may not hold."""
    if "$ref" in form:
        form = {"description": _object(root, form)["description"], **form}
    return {
        name: value for name, value in form.items() if name != "title" and not (name == "default" and value is None)
    }


def _accept(schema: Schema, leniency: Leniency) -> None:
    """Add one lenient form to the schema of the key it is for."""
    *above, last = leniency.path.split(".")
    section = schema
    for step in above:
        section = _object(schema, section["properties"][step.removesuffix("[]")], in_list=step.endswith("[]"))
    key = last.rstrip("[]")
    found = section["properties"][key]
    if leniency.without is not None:
        _object(schema, found)["required"].remove(leniency.without)
    elif not leniency.schema:
        return
    elif last.endswith("[]"):
        array = found
        for level in range(last.count("[]")):
            array = next(form for form in _forms(array["items"] if level else array) if form.get("type") == "array")
        array["items"] = {"anyOf": [array["items"], dict(leniency.schema)]}
    else:
        described = {name: found[name] for name in _DESCRIPTIONS if name in found}
        form = {name: value for name, value in found.items() if name not in _DESCRIPTIONS}
        section["properties"][key] = {"anyOf": [form, dict(leniency.schema)], **described}


def _forms(schema: Schema) -> list[Schema]:
    return [schema, *schema.get("anyOf", []), *schema.get("oneOf", [])]


def _object(root: Schema, schema: Schema, *, in_list: bool = False) -> Schema:
    """The definition of the object that a key holds, or that each element of its list is."""
    if in_list:
        schema = next(form for form in _forms(schema) if form.get("type") == "array")["items"]
    definition: Schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return definition
