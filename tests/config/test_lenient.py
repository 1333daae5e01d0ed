"""Forms that AWS's guide or SDK promise and its schema refuses: read with a warning, refused in strict mode."""

# ruff: noqa: E501 - tables of cases hold one case per line, messages whole

import copy

import pytest

from pellucid.config.keys import OWN_KEYS
from pellucid.config.load import SCHEMA_HEADING, parse_config
from pellucid.errors import ConfigError

PLAIN = {
    "dataset_type": "text/csv",
    "label": "y",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "sex"}],
    "methods": {"report": {"name": "report"}},
    "predictor": {"endpoint_name": "e"},
}


def with_value(path, value):
    """The plain document with a value put at a path."""
    document = copy.deepcopy(PLAIN)
    holder = document
    *above, last = path.split(".")
    for step in above:
        holder = holder["facet"][0] if step == "facet[0]" else holder.setdefault(step, {})
    holder[last] = value
    return document


FORMS = [
    ("label_values_or_threshold", 0.5, [0.5], ["label_values_or_threshold: got 0.5. Read as [0.5]: write it so for Clarify."]),
    ("label_values_or_threshold", [True, "b"], [1, "b"], ["label_values_or_threshold[0]: got true. Read as 1: write it so for Clarify."]),
    ("label_values_or_threshold", False, [0], ["label_values_or_threshold: got false. Read as [false]: write it so for Clarify.", "label_values_or_threshold[0]: got false. Read as 0: write it so for Clarify."]),
    ("facet[0].value_or_threshold", "F", ["F"], ['facet[0].value_or_threshold: got "F". Read as ["F"]: write it so for Clarify.']),
    ("probability_threshold", 1, 1.0, ["probability_threshold: got 1. Read as 1.0: write it so for Clarify."]),
    ("probability_threshold", "0.5", 0.5, ['probability_threshold: got "0.5". Read as 0.5: write it so for Clarify.']),
    ("methods.shap.baseline", [[1, True], [0, False]], [[1, 1], [0, 0]], ["methods.shap.baseline[0][1]: got true. Read as 1: write it so for Clarify.", "methods.shap.baseline[1][1]: got false. Read as 0: write it so for Clarify."]),
    ("methods.shap.num_samples", 100.0, 100, ["methods.shap.num_samples: got 100.0. Read as 100: write it so for Clarify."]),
    ("methods.report", {"title": "T"}, {"name": "report", "title": "T"}, ['methods.report: got {"title": "T"}. Read as {"name": "report", "title": "T"}: write it so for Clarify.']),
    ("methods.pdp", {"features": ["a"]}, {"grid_resolution": 15, "features": ["a"]}, ['methods.pdp: got {"features": ["a"]}. Read as {"grid_resolution": 15, "features": ["a"]}: write it so for Clarify.']),
    ("dataset_type", "application/parquet", "application/x-parquet", ['dataset_type: got "application/parquet". Read as "application/x-parquet": write it so for Clarify.']),
    ("predictor.label_headers", "yes", ["yes"], ['predictor.label_headers: got "yes". Read as ["yes"]: write it so for Clarify.']),
]  # fmt: skip


@pytest.mark.parametrize(("path", "lenient", "aws", "warnings"), FORMS)
def test_a_harmless_form_is_read_as_the_one_that_aws_takes(path, lenient, aws, warnings):
    given, meant = with_value(path, lenient), with_value(path, aws)
    if "parquet" in str(lenient):
        given["predictor"]["content_type"] = meant["predictor"]["content_type"] = "text/csv"
    loaded = parse_config(given)
    assert list(loaded.warnings) == warnings
    assert loaded.config == parse_config(meant, strict=True).config
    assert loaded.document == given


@pytest.mark.parametrize(("path", "lenient", "aws", "warnings"), FORMS)
def test_strict_mode_refuses_what_aws_refuses(path, lenient, aws, warnings):
    with pytest.raises(ConfigError, match=f"^{SCHEMA_HEADING}\n"):
        parse_config(with_value(path, lenient), strict=True)


def test_one_metric_may_be_named_without_a_list():
    given = with_value("methods.pre_training_bias.methods", "CI")
    loaded = parse_config(given)
    assert loaded.config.methods.pre_training_bias.methods == ("CI",)
    assert loaded.warnings == ('methods.pre_training_bias.methods: got "CI". Read as ["CI"]: write it so for Clarify.',)
    assert parse_config(given, strict=True).config == loaded.config


def test_integers_are_floats_only_where_nothing_is_lost():
    with pytest.raises(ConfigError) as caught:
        parse_config(with_value("methods.shap.num_samples", 100.5))
    assert str(caught.value) == (
        f"{SCHEMA_HEADING}\nmethods.shap.num_samples: got 100.5. Use an integer of at least 1."
    )


OWN_VALUES = {
    "weights": "w",
    "confidence_level": 0.9,
    "column_types": {"age": "continuous"},
    "facet_intersections": True,
    "minimum_group_rows": 10,
    "on_degenerate": "report",
    "seed": 7,
    "flip_test_sample": 1000,
    "predictor.model": "model.onnx",
}


def test_every_key_of_ours_has_a_case_here():
    assert set(OWN_KEYS) >= set(OWN_VALUES)


@pytest.mark.parametrize(("path", "value"), OWN_VALUES.items())
def test_a_key_of_ours_is_read_and_refused_in_strict_mode(path, value):
    document = with_value(path, value)
    found = parse_config(document).config
    for step in path.split("."):
        found = getattr(found, step)
    assert found == value
    with pytest.raises(ConfigError) as caught:
        parse_config(document, strict=True)
    assert str(caught.value) == (
        f"{SCHEMA_HEADING}\n{path}: got {value!r}. This key is Pellucid's own and Clarify refuses it. Remove it here."
    )


def test_our_keys_are_optional_with_a_default_and_a_meaning():
    for key in OWN_KEYS.values():
        assert not key.required
        assert key.meaning
    assert {path: OWN_KEYS[path].default for path in ("confidence_level", "minimum_group_rows", "on_degenerate")} == {
        "confidence_level": 0.95,
        "minimum_group_rows": 30,
        "on_degenerate": "fail",
    }
    assert OWN_KEYS["weights"].type == "int or str"


@pytest.mark.parametrize(
    ("path", "value", "warning"),
    [
        ("version", "2.0", "version: got '2.0'. Only '1.0' is known; the file is read as that."),
        ("methods", {}, "methods: got no method. Nothing is computed; ask for one, such as 'pre_training_bias'."),
        ("features", "x", "features: got 'x'. It has no effect on text/csv; remove it."),
        ("facet_headers", ["sex"], "facet_headers: has no effect without 'facet_dataset_uri'; remove it, or give the dataset."),
        ("predictor.model_name", "m", "predictor.model_name: got 'm'. It has no effect beside 'endpoint_name', which wins; remove one."),
        ("predictor.record_template", "$features", "predictor.record_template: got '$features'. It has no effect on requests in text/csv; remove it."),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_said(path, value, warning):
    assert parse_config(with_value(path, value)).warnings == (warning,)


def test_strict_mode_refuses_an_unknown_version():
    with pytest.raises(ConfigError) as caught:
        parse_config(with_value("version", "2.0"), strict=True)
    assert str(caught.value) == f"{SCHEMA_HEADING}\nversion: got '2.0'. Use '1.0': there is no other."
