"""Jobs that explain columns of text: Clarify's files from Clarify's configuration."""

# ruff: noqa: E501 - tables of cases hold one case per line, messages whole

import csv
import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from typer.testing import CliRunner
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from pellucid.api.job import run_job
from pellucid.api.preflight import preflight
from pellucid.cli.commands import app
from pellucid.errors import ConfigError, DataError
from pellucid.jobs.explanations.part_files import line_parts

sys.path.insert(0, str(Path(__file__).parents[1] / "models" / "http"))

from faulty_server import serve

ROWS = [
    [4, "north", "The food was great. The staff were rude, but I'll return!", 1],
    [2, "south", "Awful room.\nNever again, Dr. Bell.", 0],
    [5, "north", "", 1],
    [3, "north", "Wow", 1],
    [1, "south", 'Not good, not "bad".', 0],
]
CONFIG = {
    "dataset_type": "text/csv",
    "dataset_uri": "reviews.csv",
    "headers": ["stars", "region", "review", "liked"],
    "label": "liked",
    "column_types": {"region": "categorical"},
    "predictor": {"model": "text_job_scoring:score"},
}
SHAP = {
    "baseline": [[3, "north", "[MASK]"]],
    "text_config": {"granularity": "token", "language": "english"},
    "save_local_shap_values": True,
    "seed": 3,
    "num_samples": 200,
}
SCORING = """
import pandas as pd
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

ANALYZER = SentimentIntensityAnalyzer()

def score(rows: pd.DataFrame):
    return [0.5 + 0.3 * ANALYZER.polarity_scores(text)["compound"] + 0.05 * stars
            for text, stars in zip(rows["review"], rows["stars"])]
"""


def table(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a job on the reviews; keys of ``shap`` by name, others in ``config``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "text_job_scoring.py").write_text(SCORING)

    def job(*, rows=ROWS, config=None, output="out", job=None, **shap):
        (tmp_path / "reviews.csv").write_text(table([CONFIG["headers"], *rows]))
        asked = {key: value for key, value in (SHAP | shap).items() if value is not None}
        path = tmp_path / "analysis_config.json"
        path.write_text(json.dumps(CONFIG | {"methods": {"shap": asked}} | (config or {})))
        return run_job(path, output=tmp_path / output, **(job or {}))

    return job


def lines(folder):
    return [json.loads(line) for line in (folder / "explanations_shap" / "out.jsonl").read_text().splitlines()]


def entry(line, feature):
    return next(part for part in line["explanations"] if part["feature_name"] == feature)


def unit_texts(line):
    return [part["description"]["partial_text"] for part in entry(line, "review")["attributions"]]


def total(line, output=0):
    return sum(part["attribution"][output] for one in line["explanations"] for part in one["attributions"])


def score(text, stars):
    return 0.5 + 0.3 * SentimentIntensityAnalyzer().polarity_scores(text)["compound"] + 0.05 * stars


# --- files ------------------------------------------------------------------------------------------------------------
def test_local_values_have_clarifys_form_with_offsets_into_the_text(run, tmp_path):
    run()
    found = lines(tmp_path / "out")
    assert len(found) == len(ROWS)
    text = (tmp_path / "out" / "explanations_shap" / "out.jsonl").read_text()
    assert text.startswith('{"explanations": [{"attributions": [{"attribution": [0.0')
    for line, (_, _, review, _) in zip(found, ROWS, strict=True):
        assert [one["feature_name"] for one in line["explanations"]] == ["stars", "region", "review"]
        assert [one["data_type"] for one in line["explanations"]] == ["numerical", "categorical", "free_text"]
        for part in entry(line, "review")["attributions"]:
            told = part["description"]
            assert review[told["start_idx"] :].startswith(told["partial_text"])
    assert unit_texts(found[1]) == ["Awful", "room", ".", "Never", "again", ",", "Dr.", "Bell", "."]
    assert entry(found[2], "review")["attributions"] == []


def test_the_values_of_a_row_add_up_to_its_score_less_that_of_the_masked_row(run, tmp_path):
    run()
    for line, (stars, _, review, _) in zip(lines(tmp_path / "out"), ROWS, strict=True):
        masked = " ".join("[MASK]" for _ in unit_texts(line))
        assert total(line) == pytest.approx(score(review, stars) - score(masked, 3), abs=1e-9)
    assert entry(lines(tmp_path / "out")[3], "review")["attributions"][0]["attribution"] == pytest.approx(
        [score("Wow", 3) - score("[MASK]", 3)]
    )


@pytest.mark.parametrize(
    ("method", "of_all"),
    [
        ("mean_abs", lambda values: np.abs(values).mean()),
        ("median", np.median),
        ("mean_sq", lambda values: np.square(values).mean()),
    ],
)
def test_the_global_value_of_a_text_aggregates_the_sums_of_its_units(run, tmp_path, method, of_all):
    document = run(agg_method=method).document
    found = document["explanations"]["kernel_shap"]["label0"]
    sums = [sum(p["attribution"][0] for p in entry(line, "review")["attributions"]) for line in lines(tmp_path / "out")]
    assert list(found["global_shap_values"]) == ["stars", "region", "review"]
    assert found["global_shap_values"]["review"] == pytest.approx(of_all(np.array(sums)), abs=1e-12)
    masked = [score(" ".join("[MASK]" for _ in unit_texts(line)), 3) for line in lines(tmp_path / "out")]
    assert found["expected_value"] == pytest.approx(np.mean(masked))


def test_top_words_are_nested_under_their_column_largest_first_without_punctuation(run, tmp_path):
    found = run(text_config={"granularity": "token", "language": "en", "max_top_tokens": 4}).document
    top = found["explanations"]["kernel_shap"]["label0"]["global_top_shap_text"]
    occurring = {}
    for line in lines(tmp_path / "out"):
        for part in entry(line, "review")["attributions"]:
            occurring.setdefault(part["description"]["partial_text"], []).append(abs(part["attribution"][0]))
    means = {word: np.mean(values) for word, values in occurring.items() if any(c.isalnum() for c in word)}
    expected = sorted(means.items(), key=lambda item: -item[1])[:4]
    assert list(top) == ["review"]
    assert list(top["review"].items()) == [(word, pytest.approx(value)) for word, value in expected]


def test_words_of_a_sentence_get_equal_parts_of_its_value(run, tmp_path):
    found = run(text_config={"granularity": "sentence", "language": "en"}).document
    top = found["explanations"]["kernel_shap"]["label0"]["global_top_shap_text"]["review"]
    found = lines(tmp_path / "out")
    assert unit_texts(found[1]) == ["Awful room.", "Never again, Dr. Bell."]
    awful = entry(found[1], "review")["attributions"][0]["attribution"][0]
    assert top["Awful"] == pytest.approx(abs(awful) / 3)


def test_the_expected_value_differs_between_granularities_and_makes_up_for_the_difference(run, tmp_path):
    for granularity in ("token", "sentence", "paragraph"):
        found = run(text_config={"granularity": granularity, "language": "en"}, agg_method="median").document
        expected = found["explanations"]["kernel_shap"]["label0"]["expected_value"]
        mean = np.mean([total(line) for line in lines(tmp_path / "out")])
        assert expected + mean == pytest.approx(np.mean([score(text, stars) for stars, _, text, _ in ROWS]))
    assert unit_texts(lines(tmp_path / "out")[1]) == ["Awful room.", "Never again, Dr. Bell."]


def test_the_details_hold_a_few_texts_and_how_sure_each_value_is(run, tmp_path):
    run()
    texts = json.loads((tmp_path / "out" / "pellucid.json").read_text())["explanations"]["kernel_shap"]["texts"]
    assert (texts["columns"], texts["texts_without_units"]) == (["review"], 1)
    assert [record["row"] for record in texts["records"]] == [0, 1, 3, 4]  # the first three, the best, the worst
    first = texts["records"][0]
    assert first["text"] == ROWS[0][2]
    assert [first["text"][start:end] for start, end in first["units"]][:3] == ["The", "food", "was"]
    assert len(first["labels"]["label0"]["values"]) == len(first["units"])


def test_local_values_are_written_only_where_asked_for_and_stale_ones_removed(run, tmp_path):
    run()
    names = sorted(path.name for path in (tmp_path / "out" / "explanations_shap").iterdir())
    assert names == ["out.jsonl"]
    result = run(save_local_shap_values=False)
    assert list((tmp_path / "out" / "explanations_shap").iterdir()) == []
    assert (
        "methods.shap.text_config: 1 text is missing or without any unit; nothing is attributed there." in result.notes
    )


def test_the_join_column_identifies_the_lines(run, tmp_path):
    run(config={"joinsource_name_or_index": "region"}, baseline=[[3, "[MASK]"]])
    assert [line["region"] for line in lines(tmp_path / "out")] == [row[1] for row in ROWS]


# --- baselines --------------------------------------------------------------------------------------------------------
def test_without_a_baseline_words_are_dropped_and_other_columns_computed(run, tmp_path):
    run(baseline=None, num_clusters=1)
    for line, (stars, _, review, _) in zip(lines(tmp_path / "out"), ROWS, strict=True):
        assert total(line) == pytest.approx(score(review, stars) - score("", 3), abs=1e-9)  # the mean of the stars is 3


def test_several_baselines_have_a_mask_each(run, tmp_path):
    run(baseline=[[3, "north", "great"], [1, "south", ""]])
    line, (stars, _, review, _) = lines(tmp_path / "out")[3], ROWS[3]
    assert total(line) == pytest.approx(score(review, stars) - (score("great", 3) + score("", 1)) / 2, abs=1e-9)


def test_a_baseline_of_another_shape_is_refused_with_the_features_named(run):
    with pytest.raises(ConfigError) as caught:
        run(baseline=[[3, "[MASK]"]])
    told = "Give 3 cells, one per feature of the model, in this order: 'stars', 'region', 'review'."
    assert str(caught.value) == f"methods.shap.baseline[0]: got [3, '[MASK]']. {told}"


# --- our own keys -----------------------------------------------------------------------------------------------------
def test_in_two_steps_values_still_add_up(run, tmp_path):
    text_config = {"granularity": "token", "language": "en", "hierarchical": True}
    run(text_config=text_config, num_samples=None)
    for line, (stars, _, review, _) in zip(lines(tmp_path / "out"), ROWS, strict=True):
        words = len(review.split()) and len(unit_texts(line))
        assert len(unit_texts(line)) == words
        assert total(line) == pytest.approx(score(review, stars) - _masked_score(run, review), abs=1e-9)
    details = json.loads((tmp_path / "out" / "pellucid.json").read_text())["explanations"]["kernel_shap"]
    assert details["estimators"] == {"nested": 5}


def _masked_score(run, review):
    from pellucid.text_units import splitter

    return score(" ".join("[MASK]" for _ in splitter("en", "token")(review)), 3)


def test_columns_are_split_that_are_named_whatever_their_values(run, tmp_path):
    text_config = {"granularity": "token", "language": "en", "columns": ["region", "review"]}
    run(text_config=text_config, config={"column_types": {}})
    assert entry(lines(tmp_path / "out")[0], "region")["data_type"] == "free_text"
    assert list(lines(tmp_path / "out")[0]) == ["explanations"]


def test_few_samples_are_not_lamented_where_two_steps_need_no_more(run):
    text_config = {"granularity": "token", "language": "en", "hierarchical": True}
    assert run(text_config=text_config, num_samples=2).warnings == ()


def test_what_only_joins_characters_is_no_word(run):
    found = run(rows=[*ROWS, [3, "north", "Great \U0001f468\u200d\U0001f467 \u2764\ufe0f!", 1]]).document
    top = found["explanations"]["kernel_shap"]["label0"]["global_top_shap_text"]["review"]
    assert {"\U0001f468", "\u2764"} <= set(top)
    assert not {"\u200d", "\ufe0f", "!"} & set(top)


def test_long_texts_are_explained_in_as_many_units_as_allowed(run, tmp_path):
    text_config = {"granularity": "token", "language": "en", "max_units": 3}
    result = run(text_config=text_config)
    assert unit_texts(lines(tmp_path / "out")[1]) == ["Awful room.", "Never again,", "Dr. Bell."]
    assert (
        "methods.shap.text_config.max_units: 3 texts were explained in 3 units, the most that are allowed: where a text "
        "has more, neighbours are put together."
    ) in result.notes


# --- models -----------------------------------------------------------------------------------------------------------
def test_a_pipeline_that_begins_with_a_vectorizer_gets_the_texts_alone(run, tmp_path, monkeypatch):
    sentences = [f"The {thing} was {word}." for thing in ("food", "room", "bed") for word in ("great", "awful")]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(sentences, [1, 0] * 3)
    monkeypatch.setitem(sys.modules, "text_job_pipeline", type(sys)("text_job_pipeline"))
    sys.modules["text_job_pipeline"].model = model
    predictor = {"predictor": {"model": "text_job_pipeline:model"}, "excluded_columns": ["stars", "region"]}
    run(config=predictor, baseline=[[""]])
    for line, row in zip(lines(tmp_path / "out"), ROWS, strict=True):
        assert total(line) == pytest.approx((model.predict_proba([row[2]]) - model.predict_proba([""]))[0, 1], abs=1e-9)


def by_json_lines(body):
    records = [json.loads(line) for line in body.decode().splitlines()]
    scores = [score(record["features"][2], record["features"][0]) for record in records]
    return "\n".join(json.dumps({"scores": [1 - value, value]}) for value in scores).encode()


@pytest.mark.slow
def test_an_endpoint_is_asked_in_large_requests_and_gives_the_same_numbers(run, tmp_path):
    run(num_samples=50)
    here = lines(tmp_path / "out")
    predictor = {
        "endpoint_name": "opinions",
        "content_type": "application/jsonlines",
        "accept_type": "application/jsonlines",
        "content_template": '{"features":$features}',
        "probability": "scores",
        "label_headers": ["bad", "good"],
    }
    with serve(by_json_lines, content_type="application/jsonlines") as server:
        document = run(
            config={"predictor": predictor},
            output="remote",
            job={"endpoints": {"opinions": server.url}},
            num_samples=50,
        )
    there = lines(tmp_path / "remote")
    for line, other in zip(here, there, strict=True):
        for part, same in zip(
            entry(line, "review")["attributions"], entry(other, "review")["attributions"], strict=True
        ):
            assert same["attribution"] == pytest.approx([-part["attribution"][0], part["attribution"][0]], abs=1e-9)
            assert same["description"] == part["description"]
    assert list(document.document["explanations"]["kernel_shap"]) == ["bad", "good"]
    records = sum(len(body.splitlines()) for _, _, body in server.requests)
    assert len(server.requests) <= max(records / 4, 3 * len(ROWS) + 3)


def by_csv(body):
    rows = list(csv.reader(io.StringIO(body.decode(), newline="")))
    assert all(len(row) == 3 for row in rows)
    return "\n".join(str(score(text, float(stars))) for stars, _, text in rows).encode()


def by_csv_of_texts(body):
    rows = list(csv.reader(io.StringIO(body.decode(), newline="")))
    assert all(len(row) == 1 for row in rows)
    return "\n".join(str(score(text, 0)) for (text,) in rows).encode()


@pytest.mark.slow
@pytest.mark.parametrize("alone", [False, True], ids=["among columns", "alone"])
def test_texts_with_quotes_commas_and_line_breaks_survive_csv(run, tmp_path, alone):
    rows = [*ROWS, [2, "north", 'She said: "Great,\nreally"', 1], [1, "south", " , ", 0]]
    changed = {"excluded_columns": ["stars", "region"]} if alone else {}
    baseline = [["[MASK]"]] if alone else SHAP["baseline"]
    with serve(by_csv_of_texts if alone else by_csv, content_type="text/csv") as server:
        run(
            rows=rows,
            config=changed | {"predictor": {"endpoint_name": "opinions"}},
            job={"endpoints": {"opinions": server.url}},
            baseline=baseline,
            num_samples=30,
        )
    for line, (stars, _, review, _) in zip(lines(tmp_path / "out"), rows, strict=True):
        own, base = (0, 0) if alone else (stars, 3)
        assert total(line) == pytest.approx(
            score(review, own) - score(masked(review, unit_spans(line)), base), abs=1e-9
        )


def unit_spans(line):
    told = [part["description"] for part in entry(line, "review")["attributions"]]
    return [(unit["start_idx"], unit["start_idx"] + len(unit["partial_text"])) for unit in told]


def masked(text, spans):
    for start, end in reversed(spans):
        text = f"{text[:start]}[MASK]{text[end:]}"
    return text


# --- missing texts ----------------------------------------------------------------------------------------------------
PICKY = """
def score(texts: list[str]):
    seen.extend(texts)
    return [0.4 + 0.2 * text.count("good") for text in texts]

seen = []
"""


@pytest.fixture
def picky(tmp_path, monkeypatch):
    """A job on JSON Lines, where a text can be missing; ``seen`` holds all that the model was asked with."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picky_texts", raising=False)
    (tmp_path / "picky_texts.py").write_text(PICKY)
    lines = [["good", 1], [None, 0], ["bad", 0], ["so so", 1]] * 12
    (tmp_path / "d.jsonl").write_text("\n".join(json.dumps({"f": line[:1], "l": line[1]}) for line in lines))
    config = {
        "dataset_type": "application/jsonlines",
        "dataset_uri": "d.jsonl",
        "features": "f",
        "label": "l",
        "headers": ["review", "liked"],
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "review", "value_or_threshold": ["good"]}],
        "methods": {
            "post_training_bias": {"methods": ["DPPL"]},
            "shap": {"baseline": [["?"]], "text_config": {"granularity": "token", "language": "en"}},
        },
        "predictor": {"model": "picky_texts:score"},
    }
    (tmp_path / "c.json").write_text(json.dumps(config))
    return tmp_path / "c.json"


def test_every_step_of_a_job_asks_a_missing_text_as_an_empty_one(picky, tmp_path):
    run_job(picky, output=tmp_path / "out")
    seen = sys.modules["picky_texts"].seen
    assert seen[:48] == ["good", "", "bad", "so so"] * 12  # the predictions come first
    assert None not in seen


def test_the_doctor_asks_as_the_job_does(picky):
    shown = CliRunner().invoke(app, ["doctor", str(picky)]).output
    assert "review       text  'good', '', 'bad', 'so so', 'good'" in shown
    assert "nan" not in shown


# --- in pieces --------------------------------------------------------------------------------------------------------
MORTAL = """
import os
import signal
from pathlib import Path

def score(texts: list[str]):
    asked = Path("asked.txt")
    before = len(asked.read_text()) if asked.exists() else 0
    if before > 400 and not Path("second").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    with asked.open("a") as file:
        file.write("." * len(texts))
    return [0.5 + 0.1 * text.count("good") for text in texts]
"""
IMMORTAL = """
def score(texts: list[str]):
    return [0.5 + 0.1 * text.count("good") for text in texts]
"""
MANY = {
    "dataset_type": "text/csv",
    "dataset_uri": "many.csv",
    "label": "liked",
    "headers": ["review", "liked"],
    "methods": {"shap": SHAP | {"baseline": [[""]], "num_samples": 6}},
    "predictor": {"model": "mortal_texts:score"},
}


def many_texts(folder, rows):
    words = ("good", "bad", "fair")
    cells = [[f"A {words[i % 3]} day in week {i}.", i % 2] for i in range(rows)]
    (folder / "many.csv").write_text(table([MANY["headers"], *cells]))
    (folder / "many.json").write_text(json.dumps(MANY))


@pytest.mark.slow
def test_a_job_that_was_killed_explains_only_the_texts_that_were_left(tmp_path):
    (tmp_path / "mortal_texts.py").write_text(MORTAL)
    many_texts(tmp_path, 300)
    call = "from pellucid.api.job import run_job; print(*run_job('many.json', output='{}', workers=1).notes)"
    options = {"cwd": tmp_path, "text": True, "capture_output": True}
    first = subprocess.run([sys.executable, "-c", call.format("out")], check=False, **options)
    assert first.returncode == -signal.SIGKILL
    (tmp_path / "second").touch()
    again = subprocess.run([sys.executable, "-c", call.format("out")], check=True, **options)
    assert "192 of 300 rows were explained by an earlier run and not again." in again.stdout
    whole = subprocess.run([sys.executable, "-c", call.format("whole")], check=True, **options)
    assert "earlier run" not in whole.stdout
    for name in ("analysis.json", "explanations_shap/out.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.slow
def test_spark_writes_the_same_lines_in_parts(spark, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mortal_texts.py").write_text(IMMORTAL)
    many_texts(tmp_path, 70)
    for engine in ("local", "spark"):
        run_job(tmp_path / "many.json", output=tmp_path / engine, engine=engine)
    parts = tmp_path / "spark" / "explanations_shap" / "out.jsonl"
    assert [path.name for path in parts.iterdir()] == ["part-00000.jsonl"]
    here = (tmp_path / "local" / "explanations_shap" / "out.jsonl").read_text()
    assert (parts / "part-00000.jsonl").read_text() == here
    run_job(tmp_path / "many.json", output=tmp_path / "spark")
    assert parts.read_text() == here  # the folder made way for the file


def test_lines_go_on_in_a_further_part(tmp_path):
    with line_parts(tmp_path / "out.jsonl", rows_per_part=2) as file:
        for line in "abc":
            file.write(f"{line}\n")
    parts = sorted((tmp_path / "out.jsonl").iterdir())
    assert [(path.name, path.read_text()) for path in parts] == [
        ("part-00000.jsonl", "a\nb\n"),
        ("part-00001.jsonl", "c\n"),
    ]


# --- faults -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shap", "config", "message"),
    [
        (
            {"text_config": {"granularity": "token", "language": "en", "columns": ["reviews", "stars"]}},
            {},
            "methods.shap.text_config.columns[0]: got 'reviews'. Use a feature of the model; did you mean 'review'?",
        ),
        (
            {"text_config": {"granularity": "token", "language": "en", "columns": []}},
            {},
            "methods.shap.text_config.columns: got []. Name at least one column, or leave the key out.",
        ),
        (
            {
                "text_config": {"granularity": "sentence", "language": "en", "hierarchical": True},
                "budget": {"seconds": 5},
                "num_samples": None,
            },
            {},
            (
                "methods.shap.text_config.hierarchical: got True. Units of 'sentence' are explained in one step. Use 'token', or remove this key.\n"
                "methods.shap.budget.seconds: got 5.0. Explanations in two steps take 'samples' or 'model_calls'. Use one of these."
            ),
        ),
        (
            {
                "text_config": {"granularity": "token", "language": "en", "columns": ["review"]},
                "feature_groups": {"all": ["stars", "review"]},
            },
            {},
            "methods.shap.text_config.columns[0]: got 'review'. The column belongs to the feature group 'all'. Take it out of the group.",
        ),
        (
            {"text_config": {"granularity": "token", "language": "en", "columns": ["stars"]}},
            {},
            "methods.shap.text_config.columns: got 'stars'. The column holds integer values. Name columns of text.",
        ),
        (
            {},
            {"excluded_columns": ["review"], "methods": {"shap": SHAP | {"baseline": [[3, "north"]]}}},
            (
                "methods.shap.text_config: No feature of the model holds free text: strings of which at least 5 % are distinct. "
                "Name the columns to split in 'columns', or remove this key to explain columns as a whole."
            ),
        ),
    ],
    ids=["unknown column", "no column", "two steps", "in a group", "numbers", "no text"],
)
def test_what_cannot_be_explained_as_text_is_named(run, shap, config, message):
    with pytest.raises((ConfigError, DataError)) as caught:
        run(config=config, **shap)
    assert str(caught.value) == message


def test_a_preflight_names_wrong_keys_of_text_before_the_model_is_asked(run, tmp_path):
    run()
    config = json.loads((tmp_path / "analysis_config.json").read_text())
    config["methods"]["shap"]["text_config"]["columns"] = ["revew"]
    (tmp_path / "analysis_config.json").write_text(json.dumps(config))
    told = "methods.shap.text_config.columns[0]: got 'revew'. Use a feature of the model; did you mean 'review'?"
    assert [str(problem) for problem in preflight(tmp_path / "analysis_config.json").problems] == [told]


def test_half_a_surrogate_pair_is_named_by_its_row(picky, tmp_path):
    lines = [["fine", 1], ["cut \ud83d", 0]]
    (tmp_path / "d.jsonl").write_text("\n".join(json.dumps({"f": line[:1], "l": line[1]}) for line in lines))
    with pytest.raises(ConfigError) as caught:
        run_job(picky, output=tmp_path / "out")
    assert str(caught.value) == (
        "review: Row 1 (the first is 0) holds '\\ud83d', half of a surrogate pair, which cannot be written as UTF-8. "
        "Texts that were cut to a length often end so. Remove it."
    )


@pytest.mark.slow
def test_two_processes_give_the_same_bytes_as_one(run, tmp_path):
    rows = [[stars, region, f"{review} {place}", liked] for place in range(30) for stars, region, review, liked in ROWS]
    text = {"granularity": "token", "language": "en", "columns": ["review"]}
    for number in (1, 2):
        run(rows=rows, output=f"out{number}", job={"workers": number}, text_config=text, num_samples=40)
    for name in ("analysis.json", "explanations_shap/out.jsonl"):
        assert (tmp_path / "out1" / name).read_bytes() == (tmp_path / "out2" / name).read_bytes()
