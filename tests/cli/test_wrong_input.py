"""What is wrong in configuration or data is told at once, with key, value and fix; earlier results stay."""

import json

import pytest

LINES = "".join(
    json.dumps({"f": [20 + i % 7, "FM"[i % 2]], "y": int(i % 3 == 0), "p": int(i % 4 == 0)}) + "\n" for i in range(60)
)
JSON_LINES = {
    "dataset_type": "application/jsonlines",
    "headers": ["age", "sex", "y", "p"],
    "features": "f",
    "label": "y",
    "predicted_label": "p",
}
SCHEMA = "Analysis configuration schema validation error.\n"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"lable": "x"}, f"{SCHEMA}lable: got 'x'. Unknown key; did you mean 'label'?\n"),
        (
            {"probability_threshold": "half"},
            f"{SCHEMA}probability_threshold: got 'half'. Use a finite number with a decimal point, such as 0.5.\n",
        ),
        (
            {"headers": ["age", "sex", "region", "approved", "predicted", "more"]},
            (
                "headers: Headers in config do not match with the number of columns in the dataset. people.csv has 5 "
                "columns, headers names 6. Name every column, the label included.\n"
            ),
        ),
        (
            {"facet": [{"name_or_index": 9}]},
            ("facet[0].name_or_index: got 9. There are 5 columns: use an index of 0 to 4.\n"),
        ),
        (
            {"label_values_or_threshold": ["yes"]},
            (
                "label_values_or_threshold: got ['yes']. could not convert string to float: 'yes'. Column 'approved' "
                "holds numbers; give the values as they stand in the data.\n"
            ),
        ),
        (
            {"label": 9, "facet": [{"name_or_index": "sex"}]},
            "label: got 9. There are 5 columns: use an index of 0 to 4.\n",
        ),
        (
            {"label_values_or_threshold": [2]},
            "label_values_or_threshold: got 2. No row of column 'approved' has this value; there are 0, 1.\n",
        ),
        (
            {"facet": [{"name_or_index": "sex", "value_or_threshold": ["f"]}]},
            "facet[0].value_or_threshold: got 'f'. No row of column 'sex' has this value; did you mean 'F'?\n",
        ),
    ],
)
def test_a_wrong_key_or_value_is_told_with_its_fix(workplace, keys, message):
    workplace.config(**keys)
    ended = workplace.run()
    assert (ended.code, ended.out, ended.err) == (2, "", message)


def test_a_missing_column_is_told_with_the_nearest_name(workplace):
    workplace.file("people.csv", "age,sex,region,approved,predicted\n30,F,north,1,1\n30,M,south,0,0\n")
    workplace.config(without=["headers"], facet=[{"name_or_index": "gender"}], group_variable="regoin")
    ended = workplace.run()
    assert (ended.code, ended.err) == (
        2,
        (
            "2 things are wrong:\n"
            "facet[0].name_or_index: got 'gender'. Unable to locate the facet. Use a column of the data set; there are "
            "'age', 'sex', 'region', 'approved', 'predicted'.\n"
            "group_variable: got 'regoin'. Use a column of the data set; did you mean 'region'?\n"
        ),
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "20,F,north,1,1\n21,M\n",
            "people.csv, line 2: got '21,M'. The line has 2 cells for 5 columns; add the missing ones.\n",
        ),
        ("", "people.csv: The file is empty. Leave it out, or write its rows into it.\n"),
    ],
)
def test_a_data_file_that_cannot_be_read_is_told_with_its_line(workplace, rows, message):
    workplace.file("people.csv", rows)
    ended = workplace.run()
    assert (ended.code, ended.out, ended.err) == (2, "", message)


def test_a_file_that_is_not_what_it_should_be_is_told(workplace):
    workplace.config(dataset_type="application/x-parquet")
    ended = workplace.run()
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("people.csv: The file is not Parquet or is damaged: ")
    assert ended.err.endswith(". Its name says otherwise: set dataset_type to 'text/csv', or give a Parquet file.\n")


def test_an_estimate_without_rows_tells_the_faults_of_the_configuration_too(workplace):
    ended = workplace.command("estimate", "none.json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "2 things are wrong:\n"
        "none.json: There is no such file. Give the path of a JSON file.\n"
        "--rows: Say how many rows there will be, such as --rows 1e9, or give --data.\n"
    )


def test_a_label_value_that_differs_in_a_blank_is_recognised(workplace):
    people = (workplace.folder / "people.csv").read_text()
    workplace.file("people.csv", people.replace(",1,1\n", ", >50K, >50K\n").replace(",0,0\n", ", <=50K, <=50K\n"))
    workplace.config(label_values_or_threshold=[">50K"])
    ended = workplace.run()
    assert (ended.code, ended.err) == (
        2,
        "label_values_or_threshold: got '>50K'. No row of column 'approved' has this value; did you mean ' >50K'?\n",
    )


def test_a_missing_data_file_is_told_with_what_is_there(workplace):
    ended = workplace.command("run", "analysis_config.json", "--data", "poeple.csv")
    assert (ended.code, ended.err) == (
        2,
        "--data: got 'poeple.csv'. There is no such file or folder; did you mean 'people.csv'?\n",
    )


@pytest.mark.parametrize(
    ("keys", "lines", "message"),
    [
        (
            {},
            LINES + '{"f": [1, "F"], "y": 1\n',
            (
                """people.jsonl, line 61: got '{"f": [1, "F"], "y": 1'. The line is not JSON: Expecting ',' """
                "delimiter at character 24. Correct it.\n"
            ),
        ),
        (
            {"features": "g"},
            LINES,
            (
                "features: got 'g'. This JMESPath finds nothing in people.jsonl, line 1; use one that yields the list "
                "of features.\n"
            ),
        ),
        (
            {"features": "f[["},
            LINES,
            "features: got 'f[['. This is no JMESPath expression. Use one such as 'predictions[*].score'.\n",
        ),
    ],
)
def test_a_fault_in_json_lines_or_their_paths_is_told(workplace, keys, lines, message):
    workplace.file("people.jsonl", lines)
    workplace.config(without=["group_variable"], **{**JSON_LINES, **keys})
    ended = workplace.command("run", "analysis_config.json", "--data", "people.jsonl")
    assert (ended.code, ended.out, ended.err) == (2, "", message)


def test_a_data_set_without_features_is_refused(workplace):
    workplace.file("people.csv", "1,0\n0,1\n" * 20)
    workplace.config(
        without=["group_variable"],
        headers=["approved", "predicted"],
        facet=[{"name_or_index": "approved", "value_or_threshold": [1]}],
    )
    ended = workplace.run()
    assert (ended.code, ended.err) == (
        2,
        (
            "--data: Data must contain features. All its columns are labels or the join column. Add the columns that "
            "describe the rows.\n"
        ),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "",
            (
                "analysis_config.json: Unable to load analysis configuration as JSON. The file is empty. Write one "
                "JSON object into it.\n"
            ),
        ),
        (
            '{"label": "y",}',
            (
                'analysis_config.json, line 1, column {column}: got \'{{"label": "y",}}\'. Unable to load analysis '
                "configuration as JSON. {reason}. Remove the comma before the closing brace or bracket.\n"
            ),
        ),
    ],
)
def test_a_configuration_that_is_no_json_is_refused(workplace, content, message):
    workplace.file("analysis_config.json", content)
    try:
        json.loads(content)
    except json.JSONDecodeError as error:
        message = message.format(column=error.colno, reason=error.msg) if content else message
    ended = workplace.run()
    assert (ended.code, ended.err) == (2, message)


def test_all_faults_are_told_at_once_those_of_the_data_included(workplace):
    workplace.file("people.csv", "age,sex,region,approved,predicted\n30,F,north,1,1\n30,M,south,0,0\n")
    workplace.config(
        without=["headers"],
        lable=1,
        label="aproved",
        weights="wieght",
        probability_threshold="half",
        facet=[{"name_or_index": "gender"}, {"name_or_index": "sex", "value_or_threshold": ["f"]}],
    )
    ended = workplace.run()
    assert (ended.code, ended.err) == (
        2,
        (
            "6 things are wrong:\n"
            f"{SCHEMA}"
            "probability_threshold: got 'half'. Use a finite number with a decimal point, such as 0.5.\n"
            "lable: got 1. Unknown key; did you mean 'label'?\n"
            "label: got 'aproved'. Use a column of the data set; did you mean 'approved'?\n"
            "facet[0].name_or_index: got 'gender'. Unable to locate the facet. Use a column of the data set; there are "
            "'age', 'sex', 'region', 'approved', 'predicted'.\n"
            "weights: got 'wieght'. Use a column of the data set; there are 'age', 'sex', 'region', 'approved', "
            "'predicted'.\n"
            "facet[1].value_or_threshold: got 'f'. No row of column 'sex' has this value; did you mean 'F'?\n"
        ),
    )


def test_predictions_that_are_missing_are_asked_for(workplace):
    workplace.config(without=["predicted_label"], facet=[{"name_or_index": "gender"}])
    ended = workplace.run()
    assert (ended.code, ended.out, ended.err) == (
        2,
        "",
        (
            "2 things are wrong:\n"
            "facet[0].name_or_index: got 'gender'. Unable to locate the facet. Use one of the headers; there are "
            "'age', 'sex', 'region', 'approved', 'predicted'.\n"
            "predictor: 'post_training_bias' needs predictions. Describe the model here, or name the column that holds "
            "predictions as 'predicted_label'.\n"
        ),
    )


def test_a_place_of_a_model_must_have_a_name(workplace):
    ended = workplace.run("--model", "model.onnx", "--endpoint", "=x", "--model", "m=a", "--model", "m=b")
    assert (ended.code, ended.err) == (
        2,
        (
            "3 things are wrong:\n"
            "--model: got 'model.onnx'. Write the name that the configuration uses, '=' and where it is: "
            "--model income=PLACE.\n"
            "--model: got 'm=b'. The name 'm' is given twice. Give it once.\n"
            "--endpoint: got '=x'. Write the name that the configuration uses, '=' and where it is: "
            "--endpoint income=PLACE.\n"
        ),
    )


def test_an_output_that_is_a_file_is_refused_before_anything_is_computed(workplace):
    ended = workplace.run("--output", "people.csv")
    assert (ended.code, ended.err) == (2, "--output: got 'people.csv'. 'people.csv' is a file. Give a folder.\n")


def test_results_of_an_earlier_job_stay_untouched(workplace):
    assert workplace.run().code == 0
    before = {path: path.read_bytes() for path in (workplace.folder / "output").iterdir()}
    workplace.config(label_values_or_threshold=[2])
    assert workplace.run().code == 2
    assert {path: path.read_bytes() for path in (workplace.folder / "output").iterdir()} == before


def test_nothing_of_the_data_commands_the_terminal(workplace):
    workplace.file("people.csv", "20,\x1b[31mF,north,1,1\n20,M,north,0,1\n")
    workplace.config(facet=[{"name_or_index": "sex", "value_or_threshold": ["[bold]F"]}])
    ended = workplace.run()
    assert (ended.code, ended.err) == (
        2,
        (
            "facet[0].value_or_threshold: got '[bold]F'. No row of column 'sex' has this value; there are "
            "'\\x1b[31mF', 'M'.\n"
        ),
    )


def test_a_wrong_option_is_refused(workplace):
    assert workplace.run("--sead", "3").code == 2
