"""Keys that need each other, exclude each other, or name what is not there."""

# ruff: noqa: E501 - tables of cases hold one case per line, messages whole

import pytest

from pellucid.config.load import parse_config
from pellucid.errors import ConfigError

BIAS = {
    "dataset_type": "text/csv",
    "label": "y",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "sex"}],
    "methods": {"pre_training_bias": {"methods": "all"}},
}
SHAP = {"dataset_type": "text/csv", "methods": {"shap": {}}, "predictor": {"endpoint_name": "e"}}
JSON = SHAP | {"dataset_type": "application/json", "features": "[*].x"}
IMAGE = {
    "dataset_type": "application/x-image",
    "methods": {"shap": {"image_config": {"model_type": "OBJECT_DETECTION"}}},
    "predictor": {"endpoint_name": "e", "label_headers": ["cat"]},
}
SERIES = {"target_time_series": "y", "item_id": "id", "timestamp": "t", "dataset_format": "columns"}
FORECAST = {
    "dataset_type": "application/json",
    "time_series_data_config": SERIES,
    "methods": {"asymmetric_shapley_value": {"direction": "chronological", "granularity": "timewise"}},
    "predictor": {
        "endpoint_name": "e",
        "content_template": "$records",
        "record_template": "$target_time_series",
        "time_series_predictor_config": {"forecast": "mean"},
    },
}


def templates(content, record=None, kind="application/json"):
    asked = {"endpoint_name": "e", "content_type": kind, "content_template": content}
    return SHAP | {"predictor": asked if record is None else asked | {"record_template": record}}


def asymmetric(series=None, **changes):
    method = FORECAST["methods"]["asymmetric_shapley_value"] | changes
    return FORECAST | {
        "methods": {"asymmetric_shapley_value": method},
        "time_series_data_config": SERIES | (series or {}),
    }


def faults(document):
    with pytest.raises(ConfigError) as caught:
        parse_config(document)
    return str(caught.value).splitlines()


def test_a_name_of_digits_is_a_name_and_no_index():
    shap = {"features_to_explain": ["2", 1], "feature_groups": {"ends": ["0", "3"]}}
    document = BIAS | {
        "label": "1",
        "facet": [{"name_or_index": "2"}],
        "excluded_columns": ["3", " 4", "5.0", 6],
        "predictor": {"model": "scoring:score"},
        "methods": {"pre_training_bias": {"methods": "all"}, "shap": shap, "pdp": {"features": ["1", 1]}},
    }
    config = parse_config(document).config
    assert (config.label, config.facet[0].name_or_index) == ("1", "2")
    assert config.excluded_columns == ("3", " 4", "5.0", 6)
    assert config.methods.shap.features_to_explain == ("2", 1)
    assert config.methods.shap.feature_groups == {"ends": ("0", "3")}
    assert config.methods.pdp.features == ("1", 1)


def test_a_feature_to_explain_may_be_a_group_beside_the_headers():
    shap = {"features_to_explain": ["pair", "c"], "feature_groups": {"pair": ["a", "b"]}}
    named = SHAP | {"headers": ["a", "b", "c"], "methods": {"shap": shap}}
    assert parse_config(named).config.methods.shap.features_to_explain == ("pair", "c")
    assert faults(named | {"methods": {"shap": shap | {"feature_groups": {}}}})[-1] == (
        "methods.shap.features_to_explain[0]: got 'pair'. Use one of the headers; there are 'a', 'b', 'c'."
    )


@pytest.mark.parametrize("document", [BIAS, SHAP, IMAGE, FORECAST, templates("$record", "$features_kvp")])
def test_the_documents_that_the_cases_change_are_valid(document):
    assert parse_config(document).warnings == ()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (BIAS | {"label_values_or_threshold": []}, "label_values_or_threshold: got []. Positive label values or thresholds are empty for Label column. This key is required for 'pre_training_bias'. List the label values that are the favourable outcome, such as [1]."),
        (BIAS | {"methods": {"post_training_bias": {"methods": "all"}}}, "predictor: 'post_training_bias' needs predictions. Describe the model here, or name the column that holds predictions as 'predicted_label'."),
        (BIAS | {"dataset_type": "application/x-parquet", "label": 0}, "label: got 0. application/x-parquet has no column indices. Use the name of the column."),
        (BIAS | {"dataset_type": "application/json", "label": "[*].y"}, "features: application/json needs this key: a JMESPath such as 'instances[*].features'."),
        (BIAS | {"dataset_type": "application/x-parquet", "facet_dataset_uri": "f.csv"}, "facet_dataset_uri: got 'f.csv'. Only text/csv takes this key, not application/x-parquet. Remove it, or use CSV."),
        (BIAS | {"headers": ["age", "sex"]}, "label: got 'y'. Headers must contain label. Use one of the headers; there are 'age', 'sex'."),
        (BIAS | {"headers": ["y", "gender", "SEX"]}, "facet[0].name_or_index: got 'sex'. Unable to locate the facet. Use one of the headers; did you mean 'SEX'?"),
        (BIAS | {"headers": ["y", "sex", "y"]}, "headers[2]: got 'y'. Column 0 has this name already. Give each its own name."),
        (BIAS | {"headers": ["y", "sex"], "group_variable": 2}, "group_variable: got 2. There are 2 columns: use an index of 0 to 1."),
        (BIAS | {"headers": ["y", "sex"], "weights": "w"}, "weights: got 'w'. Use one of the headers; there are 'y', 'sex'."),
        (BIAS | {"segment_config": [{"name_or_index": "a", "segments": [["x"], ["y"]], "display_aliases": ["one"]}]}, "segment_config[0].display_aliases: got ['one']. Give 2 names, one per segment, or 3 to name the rest of the rows too."),
        (BIAS | {"segment_config": [{"name_or_index": "a", "segments": []}]}, 'segment_config[0].segments: got []. List at least one segment, such as [["(0, 30]"]].'),
        ({"dataset_type": "text/csv", "methods": {"shap": {}}}, "predictor: 'shap': the model is asked for predictions. Describe the model here."),
        (SHAP | {"methods": {"shap": {"baseline": [[1]], "num_clusters": 2}}}, "methods.shap.num_clusters: got 2. 'baseline' and 'num_clusters' exclude each other: clusters are how a baseline is computed. Keep one."),
        (SHAP | {"methods": {"shap": {"baseline": [[1, 2], [1]]}}}, "methods.shap.baseline[1]: got [1]. Give all rows the form of the first one, which has 2 cells."),
        (SHAP | {"methods": {"shap": {"baseline": []}}}, "methods.shap.baseline: got []. Give at least one row, or leave the key out."),
        (SHAP | {"methods": {"shap": {"features_to_explain": ["a"], "text_config": {"granularity": "token", "language": "en"}}}}, "methods.shap.features_to_explain: got ['a']. This key and 'text_config' exclude each other. Keep one."),
        (SHAP | {"label": "y", "methods": {"shap": {"features_to_explain": ["y"]}}}, "methods.shap.features_to_explain[0]: got 'y'. This is a label, not a feature. Remove it."),
        (SHAP | {"methods": {"pdp": {"grid_resolution": 5}}}, "methods.pdp.features: PDP features must be provided when ShapConfig is not provided. Name the columns to plot, or ask for 'shap' as well, which finds those that matter most."),
        (SHAP | {"methods": {"shap": {"image_config": {}}}}, "methods.shap.image_config: Images are not text/csv. Use 'application/x-image'."),
        (IMAGE | {"methods": {"shap": {}}}, "methods.shap.image_config: Images need this key."),
        (IMAGE | {"methods": {"shap": {"image_config": {}}}}, "methods.shap.image_config.model_type: This key is required. Use 'IMAGE_CLASSIFICATION' or 'OBJECT_DETECTION'."),
        (IMAGE | {"predictor": {"endpoint_name": "e"}}, "predictor.label_headers: Images need this key: the names of the classes, one per score."),
        (IMAGE | {"predicted_label": 0}, "predicted_label: got 0. Images have no columns. Remove this key."),
        (IMAGE | {"methods": IMAGE["methods"] | {"pre_training_bias": {"methods": "all"}}}, "methods.pre_training_bias: Images take 'shap' and 'report' only. Remove this method."),
    ],
)  # fmt: skip
def test_data_and_methods_that_do_not_go_together_are_refused(document, message):
    assert faults(document) == [message]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (SHAP | {"predictor": {"label": 0}}, "predictor: Name the model: use 'endpoint_name', 'model_name' or 'model'."),
        (SHAP | {"predictor": {"endpoint_name": "e", "endpoint_name_prefix": "abc"}}, "predictor.endpoint_name_prefix: got 'abc'. Only an endpoint made for 'model_name' takes a prefix. Remove this key."),
        (SHAP | {"dataset_type": "application/x-parquet"}, "predictor.content_type: Requests are never application/x-parquet. Use 'text/csv' or another format."),
        (SHAP | {"predictor": {"endpoint_name": "e", "content_type": "image/png"}}, "predictor.content_type: got 'image/png'. text/csv holds no images. Use a format of rows."),
        (IMAGE | {"predictor": IMAGE["predictor"] | {"content_type": "text/csv"}}, "predictor.content_type: got 'text/csv'. Images need 'image/jpeg', 'image/png' or 'application/x-npy'."),
        (templates("{}", kind="application/jsonlines"), "predictor.content_template: got '{}'. Use the placeholder $features exactly once, and no other."),
        (templates("[$features, $features]", kind="application/jsonlines"), "predictor.content_template: got '[$features, $features]'. Use the placeholder $features exactly once, and no other."),
        (templates("$records"), "predictor.record_template: Requests in application/json need this key, such as '$features'."),
        (templates("{}", "$features"), "predictor.content_template: got '{}'. Use $records (all records of a batch) or $record (one record per request)."),
        (templates("[$record, $records]", "$features"), "predictor.content_template: got '[$record, $records]'. Use $records (all records of a batch) or $record (one record per request)."),
        (templates("$records", "{}"), "predictor.record_template: got '{}'. Use one of: $features, $features_kvp (once), or \"${NAME}\" in double quotes for each feature."),
        (templates("$records", "[$features, $features_kvp]"), "predictor.record_template: got '[$features, $features_kvp]'. Use one of: $features, $features_kvp (once), or \"${NAME}\" in double quotes for each feature."),
        (templates("$records", "[$features, $start_time]"), "predictor.record_template: got '[$features, $start_time]'. Only time series take the placeholder $start_time. Remove it."),
        (templates("$records", '{"a": "${A}"}') | {"headers": ["a", "y"], "label": "y"}, "predictor.record_template: got '{\"a\": \"${A}\"}'. Feature names not found. 'A' is no feature among the headers; did you mean 'a'?"),
        (JSON | {"features": "[*", "predictor": {"model": "m.onnx"}}, "features: got '[*'. This is no JMESPath expression. Use one such as 'predictions[*].score'."),
        (SHAP | {"predictor": {"endpoint_name": "e", "accept_type": "application/json", "probability": "a..b"}}, "predictor.probability: got 'a..b'. This is no JMESPath expression. Use one such as 'predictions[*].score'."),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_asked_as_described_is_refused(document, message):
    assert faults(document) == [message]


def test_json_requests_need_templates_but_a_local_model_does_not():
    assert faults(JSON) == [
        "predictor.content_template: Requests in application/json need this key, such as '{\"instances\": $records}'.",
        "predictor.record_template: Requests in application/json need this key, such as '$features'.",
    ]
    assert parse_config(JSON | {"predictor": {"model": "model.onnx"}}).config.predictor.model == "model.onnx"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (FORECAST | {"dataset_type": "text/csv"}, "dataset_type: got 'text/csv'. Time series need 'application/json'."),
        (FORECAST | {"excluded_columns": [1]}, "excluded_columns: got [1]. Remove this key: time series do not take it."),
        (asymmetric({"item_id": 0}), "time_series_data_config.item_id: got 0. Use a JMESPath such as '[*].sales'."),
        (FORECAST | {"methods": FORECAST["methods"] | {"pre_training_bias": {"methods": "all"}}}, "methods.pre_training_bias: Bias metrics are unsupported for time series. Remove this method."),
        (FORECAST | {"methods": {"shap": {}}}, "methods.shap: Time series take 'asymmetric_shapley_value' in place of this method."),
        (asymmetric(num_samples=4), "methods.asymmetric_shapley_value.num_samples: got 4. Only 'fine_grained' takes this key. Remove it."),
        (asymmetric(granularity="fine_grained"), "methods.asymmetric_shapley_value.num_samples: 'fine_grained' needs this key: an integer of at least 1."),
        (asymmetric(granularity="fine_grained", num_samples=4, direction="bidirectional"), "methods.asymmetric_shapley_value.direction: got 'bidirectional'. 'fine_grained' needs 'chronological'."),
        (asymmetric(baseline={"static_covariates": {"i": [1]}}), "methods.asymmetric_shapley_value.baseline.static_covariates: got {'i': [1]}. 'time_series_data_config' names no static covariates. Remove this key."),
        (asymmetric({"static_covariates": ["a", "b"]}, baseline={"static_covariates": {"i": [1]}}), "methods.asymmetric_shapley_value.baseline.static_covariates.i: got [1]. Give 2 values, one per static covariate."),
    ],
)  # fmt: skip
def test_time_series_that_cannot_be_explained_as_described_are_refused(document, message):
    assert faults(document) == [message]


def test_time_series_say_how_their_file_is_laid_out():
    series = {key: value for key, value in SERIES.items() if key != "dataset_format"}
    assert faults(FORECAST | {"time_series_data_config": series}) == [
        "time_series_data_config.dataset_format: Add 'columns', 'item_records' or 'timestamp_records'."
    ]


def test_facets_are_looked_for_in_the_facet_dataset_too():
    separate = BIAS | {"headers": ["y", "age"], "facet_dataset_uri": "f.csv"}
    assert parse_config(separate | {"facet_headers": ["sex"]}).config.facet_headers == ("sex",)
    assert parse_config(separate).config.facet_headers is None
    assert faults(separate | {"facet_headers": ["gender"]}) == [
        ("facet[0].name_or_index: got 'sex'. Unable to locate the facet. Use one of the headers; there are 'gender'.")
    ]
    assert faults(separate | {"facet_headers": ["id", "gender"], "facet": [{"name_or_index": 2}]}) == [
        "facet[0].name_or_index: got 2. There are 2 columns: use an index of 0 to 1."
    ]


def test_in_json_a_path_to_the_label_is_not_mistaken_for_the_feature_of_that_name():
    document = JSON | {
        "label": "score",
        "headers": ["score", "income"],
        "methods": {"shap": {"features_to_explain": ["score"]}},
        "predictor": {"model": "model.onnx"},
    }
    assert parse_config(document).config.methods.shap.features_to_explain == ("score",)


def test_classes_may_be_negative_numbers():
    document = SHAP | {"predictor": {"endpoint_name": "e", "label_headers": [-1, 1]}}
    assert parse_config(document, strict=True).config.predictor.label_headers == (-1, 1)


def without(document, key):
    return {name: value for name, value in document.items() if name != key}


def test_bias_needs_a_label():
    assert faults(without(BIAS, "label")) == [
        "label: This key is required for 'pre_training_bias'. Name the column that holds the observed label."
    ]


@pytest.mark.parametrize("source", [{"predicted_label": "p"}, {"predicted_label_dataset_uri": "p.csv"}])
def test_predictions_in_the_data_need_no_model(source):
    methods = {"post_training_bias": {"methods": "all"}}
    assert parse_config(BIAS | source | {"methods": methods}).config.predictor is None


def test_a_fault_silences_the_rules_on_its_key_and_no_others():
    assert [fault.partition(":")[0] for fault in faults(BIAS | {"facet": [{}]})[1:]] == ["facet[0].name_or_index"]
    other = without(BIAS, "facet") | {"facet_headers": 3}
    assert [fault.partition(":")[0] for fault in faults(other)[1:]] == ["facet_headers", "facet"]


def test_the_mask_of_images_is_a_file():
    shap = IMAGE["methods"]["shap"]
    assert parse_config(IMAGE | {"methods": {"shap": shap | {"baseline": "mask.png"}}}).warnings == ()
    assert faults(IMAGE | {"methods": {"shap": shap | {"baseline": [[1]]}}}) == [
        "methods.shap.baseline: For images use the URI of a mask image."
    ]


def test_a_label_is_never_sent_to_the_model():
    document = templates("$records", '{"a": "${a}", "y": "${y}"}') | {"headers": ["a", "y"], "label": "y"}
    assert faults(document) == [
        (
            'predictor.record_template: got \'{"a": "${a}", "y": "${y}"}\'. Feature names not found. '
            "'y' is no feature among the headers; there are 'a'."
        )
    ]


def test_the_record_of_a_time_series_holds_parts_of_it():
    predictor = FORECAST["predictor"] | {"record_template": "$features"}
    assert faults(FORECAST | {"predictor": predictor}) == [
        (
            "predictor.record_template: got '$features'. Use placeholders of these: $start_time, $target_time_series, "
            "$related_time_series, $static_covariates."
        )
    ]


def test_forecasts_are_explained_of_time_series_only():
    document = SHAP | {"methods": FORECAST["methods"]}
    assert faults(document) == ["time_series_data_config: 'asymmetric_shapley_value' needs this key."]


def test_requests_with_static_covariates_need_a_baseline_of_them():
    carried = asymmetric({"static_covariates": ["size"]}) | {
        "predictor": FORECAST["predictor"] | {"record_template": "[$target_time_series, $static_covariates]"}
    }
    assert faults(carried) == [
        (
            "methods.asymmetric_shapley_value.baseline.static_covariates: Requests carry static covariates: give one value "
            "per covariate for each item id."
        )
    ]
    in_a_file = carried["methods"]["asymmetric_shapley_value"] | {"baseline": "baseline.json"}
    assert parse_config(carried | {"methods": {"asymmetric_shapley_value": in_a_file}}).warnings == ()


def test_the_index_of_a_label_in_a_data_set_of_its_own_is_no_index_of_a_feature():
    elsewhere = {"label": 3, "predicted_label": 0, "predicted_label_dataset_uri": "p.csv"}
    document = SHAP | elsewhere | {"methods": {"shap": {"features_to_explain": [0]}}}
    assert parse_config(document).config.methods.shap.features_to_explain == (0,)
