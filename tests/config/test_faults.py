"""What cannot be used is refused by key, value and fix; all of it at once."""

# ruff: noqa: E501 - tables of cases hold one case per line, messages whole

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.bias import metrics
from pellucid.config.load import SCHEMA_HEADING, parse_config
from pellucid.config.methods import POST_TRAINING_METRICS, PRE_TRAINING_METRICS
from pellucid.errors import ConfigError

LOCATOR = "a name (string) or a zero-based index (integer of at least 0)"


def faults(document, **options):
    """Lines of the error, Clarify's heading left out."""
    with pytest.raises(ConfigError) as caught:
        parse_config({"dataset_type": "text/csv", "methods": {}} | document, **options)
    return str(caught.value).removeprefix(f"{SCHEMA_HEADING}\n").splitlines()


def methods(**given):
    return {"methods": given, "predictor": {"endpoint_name": "e"}}


def test_all_faults_are_reported_together_under_clarifys_heading():
    with pytest.raises(ConfigError) as caught:
        parse_config({"methods": {"shap": {"num_samples": 0}}, "facet": [{"name_or_index": True}], "lable": "y"})
    assert str(caught.value) == (
        "Analysis configuration schema validation error.\n"
        "dataset_type: This key is required. Format of the dataset.\n"
        f"facet[0].name_or_index: got True. Use {LOCATOR}.\n"
        "methods.shap.num_samples: got 0. Use an integer of at least 1.\n"
        "lable: got 'y'. Unknown key; did you mean 'label'?"
    )


def test_faults_of_the_schema_and_broken_rules_are_reported_together():
    found = faults({"label": "y", "features": 5, "methods": {"pre_training_bias": {"methods": "all"}}})
    assert found == [
        "features: got 5. Use a string.",
        (
            "label_values_or_threshold: Positive label values or thresholds are empty for Label column. This key is required "
            "for 'pre_training_bias'. List the label values that are the favourable outcome, such as [1]."
        ),
        (
            "facet: This key is required for 'pre_training_bias'. "
            'Name a sensitive column, such as [{"name_or_index": "sex"}].'
        ),
    ]


def test_a_rule_is_silent_on_a_key_that_is_faulty_already():
    assert faults({"methods": {"pdp": {"grid_resolution": 5}, "shap": 7}, "predictor": {"endpoint_name": 1}}) == [
        (
            "methods.shap: got 7. Use an object with keys of these: 'baseline', 'num_clusters', 'num_samples', 'agg_method', "
            "'use_logit', 'save_local_shap_values', 'seed', 'features_to_explain', 'text_config', 'image_config', 'estimator', "
            "'budget', 'surrogate', 'feature_groups'."
        ),
        "predictor.endpoint_name: got 1. Use a string.",
    ]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"dataset_uri": 5}, "dataset_uri: got 5. Use a string."),
        ({"headers": "a,b"}, "headers: got 'a,b'. Use a list, such as ['a,b']."),
        ({"headers": {"a": 1}}, "headers: got {'a': 1}. Use a list."),
        ({"headers": ["a", 3]}, "headers[1]: got 3. Use a string."),
        ({"label": -1}, f"label: got -1. Use {LOCATOR}."),
        ({"label": None}, f"label: got None. Leave the key out, null is not accepted; or use {LOCATOR}."),
        ({"facet": None}, "facet: got None. Leave the key out, null is not accepted; or use a list."),
        ({"probability_threshold": "high"}, "probability_threshold: got 'high'. Use a finite number with a decimal point, such as 0.5."),
        ({"label_values_or_threshold": [None]}, "label_values_or_threshold[0]: got None. Leave the key out, null is not accepted; or use a string or a finite number."),
        ({"label_values_or_threshold": [float("nan")]}, "label_values_or_threshold[0]: got nan. Use a string or a finite number."),
        ({"excluded_columns": [1.5]}, f"excluded_columns[0]: got 1.5. Use {LOCATOR}."),
        ({"segment_config": [{"name_or_index": "a", "segments": [[0.5]]}]}, "segment_config[0].segments[0][0]: got 0.5. Use a string or an integer; intervals of a continuous column are strings such as '(5, 6]'."),
        ({"methods": 5}, "methods: got 5. Use an object with keys of these: 'pre_training_bias', 'post_training_bias', 'shap', 'pdp', 'asymmetric_shapley_value', 'report'."),
        ({"methods": {"pre_training_bias": {}}}, "methods.pre_training_bias.methods: This key is required. `all`, or a list of: CI, DPL, KL, JS, LP, TVD, KS, CDDL."),
        ({"methods": {"pre_training_bias": {"methods": 3}}}, "methods.pre_training_bias.methods: got 3. Use 'all' or a list of metric names."),
        ({"predictor": {"endpoint_name_prefix": "-a"}}, "predictor.endpoint_name_prefix: got '-a'. Use 2 to 23 letters, digits and hyphens that begin with a letter or digit, not all hyphens after it."),
        ({"predictor": {"custom_attributes": "ü"}}, "predictor.custom_attributes: got 'ü'. Use at most 1024 visible ASCII characters."),
        ({"predictor": {"content_template": {"a": 1}}}, "predictor.content_template: got {'a': 1}. Use a string such as '{\"instances\": $records}', or an object of strings."),
        ({"predictor": {"accept_type": "json"}}, "predictor.accept_type: got 'json'. Use 'text/csv', 'application/jsonlines' or 'application/json'."),
        ({"confidence_level": 95}, "confidence_level: got 95. Use a number between 0 and 1, both excluded."),
        ({"column_types": {"age": "numeric"}}, "column_types.age: got 'numeric'. Use 'categorical' or 'continuous'."),
        ({"minimum_group_rows": 0}, "minimum_group_rows: got 0. Use an integer of at least 1."),
    ],
)  # fmt: skip
def test_a_wrong_value_is_shown_with_its_key_and_the_fix(document, message):
    assert faults(document) == [message]


@pytest.mark.parametrize(
    ("shap", "message"),
    [
        ({"num_samples": 0}, "num_samples: got 0. Use an integer of at least 1."),
        ({"num_samples": 1.5}, "num_samples: got 1.5. Use an integer of at least 1."),
        ({"num_samples": True}, "num_samples: got True. Use an integer of at least 1."),
        ({"use_logit": 1}, "use_logit: got 1. Use true or false."),
        ({"agg_method": "mean_abz"}, "agg_method: got 'mean_abz'. Use 'mean_abs', 'median' or 'mean_sq'; did you mean 'mean_abs'?"),
        ({"baseline": 3}, "baseline: got 3. Use the URI of a file, a list of rows such as [[0, 5], [1, 7]], or an object."),
        ({"baseline": [[1], 3]}, "baseline[1]: got 3. Use a list of cells (CSV, Parquet) or an object shaped like a line (JSON Lines)."),
        ({"baseline": [[1, [2]]]}, "baseline[0][1]: got [2]. Use a string, a number or null."),
        ({"text_config": {"granularity": "token", "language": "germn"}}, "text_config.language: got 'germn'. Use the name or the code of a language, such as 'german' or 'de'; did you mean 'german'?"),
        ({"image_config": {"iou_threshold": 1.5}}, "image_config.iou_threshold: got 1.5. Use a number with a decimal point from 0.0 to 1.0."),
    ],
)  # fmt: skip
def test_a_wrong_value_of_shap_is_shown_with_its_key_and_the_fix(shap, message):
    assert faults(methods(shap=shap)) == [f"methods.shap.{message}"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"facets": []}, "facets: got []. Unknown key; did you mean 'facet'?"),
        ({"facet": [{"name_or_index": 0, "value": [1]}]}, "facet[0].value: got [1]. Unknown key; did you mean 'value_or_threshold'?"),
        ({"label_headers": ["a"]}, "label_headers: got ['a']. Unknown key here; its place is 'predictor.label_headers'."),
        ({"joinsource": "id"}, "joinsource: got 'id'. Unknown key: AWS's SDK has an argument of this name; in the file the key is 'joinsource_name_or_index'."),
        ({"methods": {"report": {"name": "r", "tittle": "x"}}}, "methods.report.tittle: got 'x'. Unknown key; did you mean 'title'?"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_refused_with_the_key_that_was_probably_meant(document, message):
    assert faults(document) == [message]


def test_an_unknown_metric_is_refused_in_the_words_of_clarify():
    assert faults({"label": "y", "methods": {"pre_training_bias": {"methods": ["CI", "ci"]}}}) == [
        (
            "methods.pre_training_bias.methods[1]: got 'ci'. Invalid metric_name: metrics should be one of the registered "
            "metrics['CI', 'DPL', 'KL', 'JS', 'LP', 'TVD', 'KS', 'CDDL']. Use 'all' or names of this list; did you mean 'CI'?"
        )
    ]


def test_the_names_of_metrics_are_those_that_are_computed():
    assert tuple(metric.name for metric in metrics.PRE_TRAINING) == PRE_TRAINING_METRICS
    assert tuple(metric.name for metric in metrics.POST_TRAINING) == POST_TRAINING_METRICS


def test_a_document_that_is_no_object_is_refused():
    with pytest.raises(ConfigError) as caught:
        parse_config(["text/csv"], name="job.json")
    assert str(caught.value) == f"{SCHEMA_HEADING}\njob.json: got ['text/csv']. Use one JSON object."


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["methods", "shap", "facet", "name_or_index", "baseline", "predictor", "label"])
                | st.text(max_size=3),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    st.booleans(),
)
def test_whatever_the_file_holds_is_read_or_refused_in_our_words(value, strict):
    for document in (
        {"dataset_type": "text/csv", "methods": value},
        {"dataset_type": value, "methods": {"shap": value}},
    ):
        try:
            parse_config(document, strict=strict)
            message = "read"
        except ConfigError as error:
            message = str(error)
        assert message
        assert "pydantic" not in message
        assert "Input should" not in message
