"""Texts explained for users of the library, with real models of texts."""

# ruff: noqa: E501 - tables of cases hold one case per line, messages whole

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

import pellucid
from pellucid.errors import ConfigError, DataError, ModelError
from pellucid.models.http.endpoint import endpoint
from pellucid.models.http.extraction import ResponseFormat
from pellucid.models.http.templates import RequestFormat
from pellucid.protocols.model import Batch, Scores

sys.path.insert(0, str(Path(__file__).parents[1] / "models" / "http"))

from faulty_server import serve

GOOD = ["great", "lovely", "superb", "kind", "fresh", "clean"]
BAD = ["awful", "rude", "dirty", "stale", "noisy", "cold"]
THINGS = ["food", "room", "staff", "coffee", "view", "bed"]
SENTENCES = [f"The {thing} was {word}." for thing in THINGS for word in GOOD + BAD]
OPINIONS = [int(word in GOOD) for _ in THINGS for word in GOOD + BAD]
REVIEW = "The food was great, the staff were kind. But the bed was dirty! The coffee was not cold."


@pytest.fixture(scope="module")
def opinion():
    """A pipeline of scikit-learn, trained on sentences."""
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(SENTENCES, OPINIONS)


@pytest.fixture(scope="module")
def vader():
    """The lexicon and rules of VADER, which knows negation and emphasis."""
    analyzer = SentimentIntensityAnalyzer()
    return lambda texts: [analyzer.polarity_scores(text)["compound"] for text in texts]


def values(found, row=0, output=0):
    text = found.texts[row]
    return dict(zip([unit.text for unit in text.units], text.values[:, output].tolist(), strict=True))


def assert_additive(found, tolerance=1e-9):
    for text in found.texts:
        total = text.values.sum(axis=0) + text.base_values
        assert total == pytest.approx(text.predictions, abs=tolerance)


# --- exactness --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("estimator", ["auto", "leverage", "clarify", "permutation", "border"])
def test_of_a_linear_model_of_word_counts_every_word_gets_its_weight(estimator):
    rng = np.random.default_rng(0)
    counts = CountVectorizer(token_pattern=r"\w+", lowercase=False).fit([REVIEW])
    model = make_pipeline(counts, LinearRegression())
    weights = rng.normal(size=len(counts.vocabulary_))
    model.steps[-1][1].fit(np.eye(len(weights)), weights)
    model.steps[-1][1].intercept_ = 0.5
    model.steps[-1][1].coef_ = weights
    found = pellucid.explain_text(model, [REVIEW], estimator=estimator, budget={"samples": 400})
    for unit, value in zip(found.texts[0].units, found.texts[0].values[:, 0], strict=True):
        expected = weights[counts.vocabulary_[unit.text]] if unit.text in counts.vocabulary_ else 0.0
        assert value == pytest.approx(expected, abs=1e-9), unit
    assert found.texts[0].base_values.tolist() == [0.5]


def test_the_values_of_a_trained_model_add_up_and_find_the_words_it_learned(opinion):
    found = pellucid.explain_text(opinion, [REVIEW, "The view was superb."])
    assert_additive(found)
    assert found.outputs == ("1",)
    of_words = values(found)
    assert max(of_words, key=of_words.get) in ("great", "kind")
    assert sorted(of_words, key=of_words.get)[0] in ("dirty", "cold")
    assert found.texts[0].predictions == pytest.approx(opinion.predict_proba([REVIEW])[0, 1:])


def test_two_units_share_what_only_both_together_do():
    found = pellucid.explain_text(lambda texts: [float("not" in t and "bad" in t) for t in texts], ["This is not bad."])
    assert values(found) == pytest.approx({"This": 0, "is": 0, "not": 0.5, "bad": 0.5, ".": 0}, abs=1e-12)
    assert found.texts[0].method == "enumeration"
    assert found.texts[0].samples == 30


def test_sampled_values_come_close_to_exact_ones_and_their_intervals_say_how_close(vader):
    words = ["not", "very", "good", "but", "really", "great", "food", "never", "awful", "or", "bad", "service", "again"]
    exact = pellucid.explain_text(vader, [" ".join(words)], budget={"samples": 8190})
    assert exact.texts[0].method == "enumeration"
    covered = []
    for seed in range(12):
        found = pellucid.explain_text(
            vader, [" ".join(words)], budget={"samples": 300}, seed=seed, estimator="leverage"
        )
        gap = np.abs(found.texts[0].values - exact.texts[0].values)
        covered += (gap <= 1.96 * found.texts[0].standard_errors + 1e-12).ravel().tolist()
    assert np.mean(covered) >= 0.88


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=0, max_size=40), min_size=1, max_size=4), st.sampled_from(["", "[MASK]", "?"]))
def test_values_add_up_for_any_texts(vader, texts, mask):
    found = pellucid.explain_text(vader, texts, mask=mask, budget={"samples": 60})
    assert_additive(found)
    assert [text.text for text in found.texts] == texts
    for text in found.texts:
        assert all(text.text[unit.start :].startswith(unit.text) for unit in text.units)


# --- units, masks, links ----------------------------------------------------------------------------------------------
def test_coarser_units_are_explained_as_wholes(vader):
    text = "I love it.\nI hate the noise! But fine."
    assert list(values(pellucid.explain_text(vader, [text], granularity="sentence"))) == [
        "I love it.",
        "I hate the noise!",
        "But fine.",
    ]
    by_line = values(pellucid.explain_text(vader, [text], granularity="paragraph"))
    assert list(by_line) == ["I love it.", "I hate the noise! But fine."]


def test_the_mask_is_what_the_model_sees():
    seen = []

    def model(texts):
        seen.extend(texts)
        return np.zeros(len(texts))

    pellucid.explain_text(model, ["So good"], mask="[MASK]")
    assert sorted(set(seen)) == ["So [MASK]", "So good", "[MASK] [MASK]", "[MASK] good"]


def test_log_odds_are_explained_where_asked_for(opinion):
    found = pellucid.explain_text(opinion, ["The food was great."], link="logit")
    chance = opinion.predict_proba(["The food was great."])[0, 1]
    assert found.texts[0].predictions == pytest.approx([np.log(chance / (1 - chance))])
    assert_additive(found)


def test_several_outputs_are_explained_with_the_same_texts(opinion):
    calls = []

    def both(texts):
        calls.append(len(texts))
        return opinion.predict_proba(texts)

    found = pellucid.explain_text(both, [REVIEW], outputs=["bad", "good"], budget={"samples": 100})
    assert found.outputs == ("bad", "good")
    assert found.texts[0].values.sum(axis=1) == pytest.approx(np.zeros(len(found.texts[0].units)), abs=1e-9)
    assert sum(calls) <= 102


def test_words_of_other_languages_are_explained(vader):
    found = pellucid.explain_text(
        lambda texts: [float("北京" in text) for text in texts], ["我爱北京天安门！"], language="zh"
    )
    assert values(found) == pytest.approx({"我": 0, "爱": 0, "北京": 1, "天安门": 0, "！": 0}, abs=1e-9)


# --- hierarchy --------------------------------------------------------------------------------------------------------
def test_in_two_steps_the_words_of_a_sentence_add_up_to_the_sentence(vader):
    text = "I love the food. The bed was dirty and awful! We came by train. It was a great day."
    found = pellucid.explain_text(vader, [text], hierarchical=True).texts[0]
    whole = [unit.text for unit in found.units]
    assert "We came by train." in whole  # VADER knows none of its words
    assert "love" in whole
    shapley = values(pellucid.explain_text(_without_words(vader, text), ["0 1 2 3"]))
    starts = [text.index(sentence) for sentence in ("I love", "The bed", "We came", "It was")]
    part = np.searchsorted(starts, [unit.start for unit in found.units], side="right") - 1
    for sentence in range(4):
        assert found.values[part == sentence].sum() == pytest.approx(shapley[str(sentence)], abs=1e-9)


def _without_words(model, text):
    """The game of the sentences alone: an absent one has lost all its words, as it has in two steps."""
    import re

    from pellucid.text_units import splitter

    sentences = [text[start:end] for start, end in splitter("en", "sentence")(text)]

    def score(texts):
        shown = []
        for asked in texts:
            whole, at = "", 0
            for number, sentence in enumerate(sentences):
                start = text.index(sentence, at)
                gone = sentence
                for first, last in reversed(splitter("en", "token")(sentence)):
                    gone = gone[:first] + gone[last:]
                whole += text[at:start] + (sentence if re.search(str(number), asked) else gone)
                at = start + len(sentence)
            shown.append(whole)
        return model(shown)

    return score


# --- cost -------------------------------------------------------------------------------------------------------------
def test_a_text_costs_no_more_than_its_samples_and_texts_share_requests():
    calls = []

    def model(texts):
        calls.append(len(texts))
        return np.array([len(set(text.split())) for text in texts], dtype=float)

    texts = [" ".join(f"w{(7 * place + row) % 90}" for place in range(40)) for row in range(6)]
    found = pellucid.explain_text(model, texts, budget={"samples": 200})
    assert found.model_rows == sum(calls) <= 6 * 202
    assert len(calls) <= 3 * len(texts) + 3
    assert [text.samples for text in found.texts] == [200] * 6


def test_the_same_seed_gives_the_same_numbers_and_another_one_others(vader):
    def run(seed):
        return pellucid.explain_text(vader, [REVIEW], budget={"samples": 80}, seed=seed).texts[0].values

    assert np.array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


# --- models -----------------------------------------------------------------------------------------------------------
def test_a_model_of_the_own_kind_is_asked_with_a_column_called_text():
    class Length:
        def predict(self, batch: Batch) -> Scores:
            return Scores(np.array([[len(text)] for text in batch.columns["text"]], dtype=float), outputs=("length",))

    found = pellucid.explain_text(Length(), ["ab c"])
    assert values(found) == {"ab": 2.0, "c": 1.0}
    assert found.outputs == ("length",)


def test_an_estimator_of_any_kind_gets_a_list_of_texts():
    class Opinion:
        classes_ = ("bad", "good")

        def fit(self):
            return self

        def predict(self, texts):
            return np.array(self.classes_)[self.predict_proba(texts)[:, 1].round().astype(int)]

        def predict_proba(self, texts):
            assert type(texts) is list
            likes = np.array([0.9 if "love" in text else 0.1 for text in texts])
            return np.column_stack([1 - likes, likes])

    found = pellucid.explain_text(Opinion(), ["I love it"])
    assert values(found) == pytest.approx({"I": 0, "love": 0.8, "it": 0}, abs=1e-12)
    assert found.outputs == ("good",)


def test_a_function_in_a_file_says_by_its_annotation_that_it_takes_texts(tmp_path, monkeypatch):
    (tmp_path / "text_lengths.py").write_text(
        "def score(texts: list[str]):\n    return [len(text) for text in texts]\n"
    )
    monkeypatch.chdir(tmp_path)
    assert values(pellucid.explain_text("text_lengths:score", ["ab c"])) == {"ab": 2.0, "c": 1.0}


def test_a_model_that_fails_on_a_text_is_told_with_its_own_words():
    def model(texts):
        raise RuntimeError("no vocabulary")

    with pytest.raises(ModelError) as caught:
        pellucid.explain_text(model, ["a"])
    assert str(caught.value) == "model: predicting failed with RuntimeError: no vocabulary"


# --- input ------------------------------------------------------------------------------------------------------------
def test_empty_missing_and_single_words_are_explained_beside_others(vader):
    found = pellucid.explain_text(vader, ["", None, " \n", "Great", "not good", float("nan")])
    assert [len(text.units) for text in found.texts] == [0, 0, 0, 1, 2, 0]
    assert found.texts[3].values.tolist() == [[pytest.approx(vader(["Great"])[0])]]
    assert_additive(found)
    assert found.notes[1:] == (
        "Texts 1, 5 are missing and explained as an empty text, where nothing is attributed.",
        "Texts 0, 2 are without any unit, so nothing is attributed there.",
    )


def test_a_column_of_a_data_frame_gives_a_table_of_its_library(vader):
    for series in (pd.Series(["good day", None]), pd.Series(["good day", pd.NA], dtype="string")):
        found = pellucid.explain_text(vader, series)
        assert type(found.to_frame()) is pd.DataFrame
        assert [len(text.units) for text in found.texts] == [2, 0]


def test_a_very_long_text_is_explained_in_runs_of_words():
    text = "word " * 20_000
    found = pellucid.explain_text(lambda texts: [text.count("word") for text in texts], [text], max_units=50)
    assert len(found.texts[0].units) == 50
    assert found.texts[0].values[:, 0] == pytest.approx(np.full(50, 400.0))
    assert found.notes[1] == (
        "Text 0 is explained in 50 units, the most that are allowed: where a text has more, neighbours are put together."
    )


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ("one text", ConfigError, "texts: got 'one text'. Give a list of texts; a single one is [text]."),
        ([], DataError, "texts: got []. Give at least one text."),
        (["a", 3, ["b"]], DataError, "texts[1]: got 3. Give texts only; there are 2 other cells of 3."),
        (7, ConfigError, "texts: got 7. Give a list of texts; a single one is [text]."),
    ],
)
def test_what_is_no_list_of_texts_is_refused(vader, texts, error, message):
    with pytest.raises(error) as caught:
        pellucid.explain_text(vader, texts)
    assert str(caught.value) == message


def test_all_wrong_arguments_are_named_together(vader):
    with pytest.raises(ConfigError) as caught:
        pellucid.explain_text(
            vader, ["a"], granularity="sentence", language="englsh", hierarchical=True, max_units=0, mask=None
        )
    assert str(caught.value).splitlines() == [
        "mask: got None. Use a text, such as '[MASK]' or ''.",
        "max_units: got 0. Use an integer of at least 1.",
        "granularity: got 'sentence'. Words are explained in two steps, sentences first. Use 'token', or hierarchical=False.",
        "language: got 'englsh'. Use the name or the code of a language, such as 'german' or 'de'; did you mean 'english'?",
    ]


def test_names_of_outputs_must_be_as_many_as_there_are(vader):
    with pytest.raises(ConfigError) as caught:
        pellucid.explain_text(vader, ["a"], outputs=["no", "yes"])
    told = "Name each output of the model once, or leave this out; the number of its scores for a text is 1."
    assert str(caught.value) == f"outputs: got ['no', 'yes']. {told}"


def test_what_is_only_rounding_is_not_marked():
    def thirds(texts):
        return [sum([0.1] * 3) + 0.1 * text.count("a") - 0.1 * text.count("a") for text in texts]

    found = pellucid.explain_text(thirds, ["a banana was an apple"])
    assert found._repr_html_().count("border-bottom") == 2  # those of the legend


def test_a_table_is_not_taken_for_its_names(vader):
    with pytest.raises(ConfigError) as caught:
        pellucid.explain_text(vader, pd.DataFrame({"review": ["good"]}))
    assert str(caught.value) == "texts: got 'DataFrame'. Give one column of the table, with the texts in it."


def test_a_column_of_arrow_is_a_column_of_texts(vader):
    found = pellucid.explain_text(vader, pa.array(["good", None]))
    assert [text.text for text in found.texts] == ["good", ""]


def test_a_text_that_was_cut_within_an_emoji_is_explained(vader):
    found = pellucid.explain_text(vader, ["Great \ud83d!"])
    assert [unit.text for unit in found.texts[0].units] == ["Great", "\ud83d", "!"]
    assert "Great" in found._repr_html_().encode().decode()


def test_a_model_behind_http_is_asked_with_many_texts_a_request(vader):
    def answer(body):
        texts = [json.loads(line)["text"][0] for line in body.decode().splitlines()]
        return "\n".join(json.dumps({"score": value}) for value in vader(texts)).encode()

    asked = RequestFormat(content_type="application/jsonlines", content_template='{"text": $features}')
    read = ResponseFormat(accept_type="application/jsonlines", probability="score")
    with serve(answer, content_type="application/jsonlines") as server, endpoint(server.url, asked, read) as model:
        there = pellucid.explain_text(model, [REVIEW], budget={"samples": 200})
    here = pellucid.explain_text(vader, [REVIEW], budget={"samples": 200})
    np.testing.assert_allclose(there.texts[0].values, here.texts[0].values, atol=1e-12)
    assert len(server.requests) <= 6
