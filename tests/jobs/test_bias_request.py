"""From configuration and columns to what is asked of the computation."""

import pytest

from pellucid.config.load import parse_config
from pellucid.datasets import Dataset
from pellucid.errors import ConfigError
from pellucid.jobs.bias_request import bias_request, column_problems

COLUMNS = ("age", "sex", "weight", "approved", "predicted")


def config(**keys):
    document = {
        "dataset_type": "text/csv",
        "label": "approved",
        "predicted_label": "predicted",
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}],
        "methods": {"pre_training_bias": {"methods": ["DPL"]}, "post_training_bias": {"methods": ["DI"]}},
    }
    return parse_config(document | keys).config


def dataset(columns=COLUMNS, **keys):
    features = tuple(name for name in columns if name not in ("approved", "predicted"))
    return Dataset(
        rows_of=None, columns=columns, label="approved", predicted_label="predicted", features=features, **keys
    )


def test_columns_are_named_whether_given_by_name_or_index():
    by_name = bias_request(config(), dataset())
    by_index = bias_request(config(facet=[{"name_or_index": 1, "value_or_threshold": ["F"]}]), dataset())
    assert by_name == by_index
    assert by_name.facets[0].column == "sex"
    assert (by_name.pre_training, by_name.post_training) == (("DPL",), ("DI",))


def test_excluded_columns_and_weights_are_no_features():
    request = bias_request(config(excluded_columns=["age"], weights="weight"), dataset())
    assert request.features == ("sex",)
    assert request.weights == "weight"


def test_a_facet_is_looked_for_among_the_facet_columns_where_there_are_some():
    columns = ("age", "approved", "predicted", "sex")
    request = bias_request(config(facet=[{"name_or_index": 0}]), dataset(columns, facet_columns=("sex",)))
    assert request.facets[0].column == "sex"


def test_an_index_of_a_facet_counts_the_join_column_of_the_facet_data_set():
    columns = ("id", "age", "approved", "sex", "race")
    separate = dataset(columns, join="id", facet_columns=("id", "sex", "race"))
    request = bias_request(config(facet=[{"name_or_index": 1}, {"name_or_index": 2}]), separate)
    assert [facet.column for facet in request.facets] == ["sex", "race"]


@pytest.mark.parametrize("column", [0, "id"])
def test_the_join_column_of_the_facet_data_set_is_no_facet(column):
    separate = dataset(("id", "approved", "sex", "race"), join="id", facet_columns=("id", "sex", "race"))
    with pytest.raises(ConfigError) as caught:
        bias_request(config(facet=[{"name_or_index": column}]), separate)
    assert str(caught.value) == (
        f"facet[0].name_or_index: got {column!r}. Unable to locate the facet. Column 'id' of the facet data set only "
        "identifies the rows. Use another: 'sex', 'race'."
    )


def test_strict_asks_for_clarifys_numbers_only():
    request = bias_request(config(), dataset(), strict=True)
    assert (request.statistics, request.allow_unseen_values) == (False, True)


def test_without_post_training_bias_the_predictions_are_left_alone():
    request = bias_request(config(methods={"pre_training_bias": {"methods": "all"}}), dataset())
    assert (request.predicted_label, request.post_training) == (None, None)


def test_the_seed_given_takes_the_place_of_the_configurations():
    assert bias_request(config(seed=3), dataset()).seed == 3
    assert bias_request(config(seed=3), dataset(), seed=0).seed == 0


def test_every_column_that_is_missing_is_named():
    faulty = config(
        facet=[{"name_or_index": "sx"}, {"name_or_index": 5}],
        group_variable="region",
        weights="wight",
        excluded_columns=["agee"],
        column_types={"sexx": "categorical"},
    )
    listed = "there are 'age', 'sex', 'weight', 'approved', 'predicted'."
    nowhere = "Unable to locate the facet."
    expected = [
        f"facet[0].name_or_index: got 'sx'. {nowhere} Use a column of the data set; did you mean 'sex'?",
        f"facet[1].name_or_index: got 5. {nowhere} Use an index from 0 to 4, or the name of a column.",
        f"group_variable: got 'region'. Use a column of the data set; {listed}",
        "weights: got 'wight'. Use a column of the data set; did you mean 'weight'?",
        "excluded_columns[0]: got 'agee'. Use a column of the data set; did you mean 'age'?",
        "column_types.sexx: got 'sexx'. Use a column of the data set; did you mean 'sex'?",
    ]
    assert [str(problem) for problem in column_problems(faulty, dataset())] == expected
    with pytest.raises(ConfigError) as caught:
        bias_request(faulty, dataset())
    assert str(caught.value).splitlines() == expected
