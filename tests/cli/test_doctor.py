"""``pellucid doctor``: what a job would do, and what is wrong with it."""


def test_a_sound_job_is_shown_and_nothing_is_written(workplace):
    ended = workplace.command("doctor", "analysis_config.json", "--data", "people.csv")
    assert (ended.code, ended.err) == (0, "")
    for line in (
        "Data set: 5 columns, 200 rows",
        "region     text     group variable   'north', 'north', 'south', 'south', 'north'",
        "sex        facet            categorical       2   200        0",
        "facet[0].value_or_threshold  'F'    sex: F        100  50.0 %",
        "'F'     100  50.0 %",
        "All is sound: the job can run.",
    ):
        assert line in ended.out
    assert not (workplace.folder / "output").exists()


def test_a_single_row_is_counted_as_one(workplace):
    workplace.file("people.csv", (workplace.folder / "people.csv").read_text().partition("\n")[0] + "\n")
    assert (
        "Data set: 5 columns, 1 row\n"
        in workplace.command("doctor", "analysis_config.json", "--data", "people.csv").out
    )


def test_what_is_wrong_is_listed_after_what_could_be_read(workplace):
    workplace.config(facet=[{"name_or_index": "sex", "value_or_threshold": ["f"]}], label_values_or_threshold=["1 "])
    ended = workplace.command("doctor", "analysis_config.json", "--data", "people.csv")
    assert ended.code == 2
    assert "region     text     group variable" in ended.out
    problem = "facet[0].value_or_threshold: got 'f'. No row of column 'sex' has this value; did you mean 'F'?"
    assert f"✗ {problem}" in ended.out


def test_a_job_on_which_clarify_fails_is_not_sound(workplace):
    people = (workplace.folder / "people.csv").read_text().splitlines()
    workplace.file("people.csv", "\n".join(f"{line.rpartition(',')[0]},0" for line in people) + "\n")
    ended = workplace.command("doctor", "analysis_config.json", "--data", "people.csv")
    assert ended.code == 2
    assert "✗ data set: No Label values are present in the predicted Label Column" in ended.out


def test_a_configuration_that_cannot_be_read_is_told(workplace):
    workplace.file("analysis_config.json", "")
    ended = workplace.command("doctor", "analysis_config.json")
    assert ended.code == 2
    assert "✗ analysis_config.json: Unable to load analysis configuration as JSON. The file is empty." in ended.out
