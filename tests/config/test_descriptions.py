"""Every key is described: in the JSON Schema for editors and in the documentation."""

import subprocess
import sys
from pathlib import Path

import pytest

from pellucid.config.keys import KEYS
from pellucid.config.lenient import LENIENCIES
from pellucid.config.schema import json_schema

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "configuration.md"


def sections(schema):
    return (schema, *schema["$defs"].values())


def test_every_key_stands_in_a_table_of_the_documentation():
    text = DOCUMENTATION.read_text(encoding="utf-8")
    assert [key.path for key in KEYS if f"\n| `{key.path}` |" not in text] == []


def test_the_documentation_gives_the_meaning_of_every_key():
    text = DOCUMENTATION.read_text(encoding="utf-8")
    assert [key.path for key in KEYS if f"| {key.meaning} |" not in text] == []


def test_every_lenient_form_stands_in_the_documentation():
    text = DOCUMENTATION.read_text(encoding="utf-8")
    assert [form.path for form in LENIENCIES if f"`{form.path}`" not in text] == []


def test_the_schema_describes_every_key_and_closes_every_object():
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for section in sections(schema):
        assert section["additionalProperties"] is False
        assert all(form.get("description") for form in section["properties"].values())
    assert sum(len(section["properties"]) for section in sections(schema)) == len(KEYS)


def test_the_schema_requires_what_the_lenient_reader_requires():
    schema = json_schema()
    assert schema["required"] == ["dataset_type", "methods"]
    assert schema["$defs"]["Report"]["required"] == []
    assert schema["$defs"]["Pdp"]["required"] == []
    assert schema["$defs"]["Facet"]["required"] == ["name_or_index"]


def test_the_schema_takes_the_lenient_forms_beside_those_of_aws():
    properties = json_schema()["properties"]
    assert properties["dataset_type"]["anyOf"][1] == {"const": "application/parquet"}
    assert properties["label_values_or_threshold"]["anyOf"] == [
        {"type": "array", "items": {"anyOf": [{"type": ["string", "number"]}, {"type": "boolean"}]}},
        {"type": ["string", "number", "boolean"]},
    ]


def test_the_schema_never_offers_null_as_a_default():
    assert not any(
        "default" in form and form["default"] is None
        for section in sections(json_schema())
        for form in section["properties"].values()
    )


@pytest.mark.parametrize("module", ["pellucid.config", "pellucid.config.bias_request"])
def test_what_the_computation_reads_is_imported_without_pydantic(module):
    code = f"import sys, {module}; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
