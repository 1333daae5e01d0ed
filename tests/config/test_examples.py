"""Files written for Clarify are read unchanged."""

import json

import pytest

from pellucid.config.load import parse_config

EXAMPLES = {
    "pre-training bias": {
        "dataset_type": "text/csv",
        "headers": ["approved", "age", "sex", "region", "income"],
        "label": "approved",
        "label_values_or_threshold": [1],
        "facet": [
            {"name_or_index": "sex", "value_or_threshold": ["F"]},
            {"name_or_index": "age", "value_or_threshold": [55]},
        ],
        "group_variable": "region",
        "methods": {"pre_training_bias": {"methods": "all"}, "report": {"name": "report", "title": "Loans"}},
    },
    "bias, SHAP and PDP with an endpoint": {
        "dataset_type": "text/csv",
        "label": "grade",
        "label_values_or_threshold": ["A", "B"],
        "facet": [{"name_or_index": "sex"}],
        "excluded_columns": ["customer_id"],
        "methods": {
            "pre_training_bias": {"methods": ["CI", "DPL"]},
            "post_training_bias": {"methods": "all"},
            "shap": {"num_clusters": 5, "num_samples": 300, "agg_method": "mean_abs", "seed": 7},
            "pdp": {"grid_resolution": 12, "top_k_features": 3},
        },
        "predictor": {
            "endpoint_name": "grades-v2",
            "content_type": "application/json",
            "accept_type": "application/json",
            "content_template": '{"rows": $records}',
            "record_template": "$features_kvp",
            "probability": "results[*].scores",
            "label_headers": ["A", "B", "C"],
        },
    },
    "facets and scores in datasets of their own": {
        "dataset_type": "text/csv",
        "label": "default",
        "label_values_or_threshold": [0],
        "probability_threshold": 0.7,
        "joinsource_name_or_index": "loan_id",
        "facet_dataset_uri": "s3://bank/people/",
        "facet_headers": ["loan_id", "gender"],
        "predicted_label_dataset_uri": "s3://bank/scores/",
        "predicted_label_headers": ["loan_id", "score"],
        "predicted_label": "score",
        "facet": [{"name_or_index": "gender", "value_or_threshold": ["f"]}],
        "methods": {"post_training_bias": {"methods": ["DPPL", "DI", "RD"]}},
    },
    "JSON Lines": {
        "dataset_type": "application/jsonlines",
        "features": "x",
        "label": "y",
        "headers": ["age", "hours", "sex", "income"],
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "sex", "value_or_threshold": [0]}],
        "methods": {"post_training_bias": {"methods": "all"}},
        "predictor": {
            "model_name": "income",
            "initial_instance_count": 1,
            "instance_type": "ml.m5.large",
            "content_template": '{"features": $features}',
            "label": "predicted_label",
        },
    },
    "text": {
        "dataset_type": "text/csv",
        "headers": ["sentiment", "stars", "comment"],
        "label": "sentiment",
        "methods": {
            "shap": {
                "baseline": [[3, "[MASK]"]],
                "num_samples": 50,
                "save_local_shap_values": True,
                "text_config": {"granularity": "sentence", "language": "de", "max_top_tokens": 20},
            }
        },
        "predictor": {"endpoint_name": "senti", "accept_type": "application/jsonlines", "probability": "score"},
    },
    "object detection": {
        "dataset_type": "application/x-image",
        "probability_threshold": 0.6,
        "methods": {
            "shap": {
                "num_samples": 80,
                "image_config": {
                    "model_type": "OBJECT_DETECTION",
                    "num_segments": 30,
                    "segment_compactness": 10,
                    "max_objects": 2,
                    "iou_threshold": 0.5,
                    "context": 1.0,
                },
            }
        },
        "predictor": {
            "endpoint_name": "boxes",
            "content_type": "image/png",
            "probability": "prediction",
            "label_headers": ["car", "person"],
        },
    },
    "time series": {
        "dataset_type": "application/json",
        "time_series_data_config": {
            "dataset_format": "timestamp_records",
            "item_id": "[*].shop",
            "timestamp": "[*].day",
            "target_time_series": "[*].sales",
            "related_time_series": ["[*].price"],
            "static_covariates": ["[*].size"],
        },
        "methods": {
            "asymmetric_shapley_value": {
                "direction": "chronological",
                "granularity": "fine_grained",
                "num_samples": 16,
                "baseline": {
                    "target_time_series": "mean",
                    "related_time_series": "zero",
                    "static_covariates": {"s1": [0], "s2": [0]},
                },
            }
        },
        "predictor": {
            "endpoint_name": "fc",
            "content_type": "application/json",
            "accept_type": "application/json",
            "content_template": '{"instances": $records}',
            "record_template": '{"start": $start_time, "target": $target_time_series, '
            '"dynamic_feat": $related_time_series, "cat": $static_covariates}',
            "time_series_predictor_config": {"forecast": "predictions[*].mean[:7]"},
        },
    },
    "segments": {
        "dataset_type": "text/csv",
        "label": "y",
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "sex", "value_or_threshold": [0]}],
        "segment_config": [
            {
                "config_name": "by age",
                "name_or_index": "age",
                "segments": [["[0, 30]"], ["(30, 60]"]],
                "display_aliases": ["young", "middle", "rest"],
            }
        ],
        "methods": {"pre_training_bias": {"methods": "all"}},
    },
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_file_written_for_clarify_is_read_unchanged_and_without_a_warning(name):
    document = EXAMPLES[name]
    before = json.dumps(document)
    loaded = parse_config(document, strict=True)
    assert loaded.warnings == ()
    assert loaded.document == document
    assert json.dumps(document) == before
    assert loaded.config == parse_config(document).config


def test_attributes_bear_the_names_of_the_keys():
    config = parse_config(EXAMPLES["facets and scores in datasets of their own"]).config
    assert config.probability_threshold == 0.7
    assert config.facet[0].value_or_threshold == ("f",)
    assert config.methods.post_training_bias.methods == ("DPPL", "DI", "RD")
    assert config.predictor is None


def test_words_from_a_list_are_taken_in_any_case_and_given_in_one():
    document = {
        "dataset_type": "Text/CSV",
        "methods": {
            "shap": {
                "agg_method": "MEAN_SQ",
                "text_config": {"granularity": "Token", "language": "Norwegian Bokmål"},
            }
        },
        "predictor": {"endpoint_name": "E", "accept_type": "Application/JSON"},
    }
    config = parse_config(document, strict=True).config
    assert config.dataset_type == "text/csv"
    assert config.methods.shap.agg_method == "mean_sq"
    assert config.methods.shap.text_config.granularity == "token"
    assert config.methods.shap.text_config.language == "nb"
    assert (config.request_type, config.response_type) == ("text/csv", "application/json")
    assert config.predictor.endpoint_name == "E"


def test_defaults_are_those_of_the_guide():
    config = parse_config(
        {
            "dataset_type": "application/x-image",
            "methods": {"shap": {"image_config": {"model_type": "IMAGE_CLASSIFICATION"}}},
            "predictor": {"endpoint_name": "e", "label_headers": ["cat", "dog"]},
        }
    ).config
    shap, image = config.methods.shap, config.methods.shap.image_config
    assert config.probability_threshold == 0.5
    assert (shap.agg_method, shap.use_logit, shap.save_local_shap_values) == ("mean_abs", False, False)
    assert (image.num_segments, image.segment_compactness, image.max_objects) == (20, 5, 3)
    assert (image.iou_threshold, image.context, image.feature_extraction_method) == (0.5, 1.0, "segmentation")
    assert (config.request_type, config.response_type) == ("image/jpeg", "application/json")


def test_types_stay_as_they_are_written():
    document = {
        "dataset_type": "text/csv",
        "label_values_or_threshold": [1, 1.0, "1"],
        "methods": {"shap": {"baseline": [[1, 1.5, "a", None]]}},
        "predictor": {"endpoint_name": "e", "label": 0},
    }
    config = parse_config(document, strict=True).config
    assert [type(value) for value in config.label_values_or_threshold] == [int, float, str]
    assert config.methods.shap.baseline == ((1, 1.5, "a", None),)
    assert config.predictor.label == 0


def test_what_the_schema_calls_optional_lists_may_be_empty():
    document = {
        "dataset_type": "text/csv",
        "label": "y",
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "a", "value_or_threshold": []}],
        "methods": {"pre_training_bias": {"methods": []}},
    }
    config = parse_config(document, strict=True).config
    assert config.facet[0].value_or_threshold == ()
    assert config.methods.pre_training_bias.methods == ()
