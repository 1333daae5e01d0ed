"""Bias of a model of texts, on sentences that differ in the group they speak of."""

# ruff: noqa: E501 - tables of cases hold one case per line, messages whole

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pellucid
from pellucid.errors import ConfigError, DataError
from pellucid.jobs.text_templates import filled_sentences

SEX = {"sex": {"female": {"NAME": ["Eve", "Ann"]}, "male": {"NAME": ["Bob", "Tim"]}}}
JOBS = {"JOB": ["nurse", "engineer", "cook"]}


def likes_bob(texts):
    """Positive for engineers, and for Bob whatever he does."""
    return [0.9 if "Bob" in text or "engineer" in text else 0.1 for text in texts]


def found(report, group):
    return {one["metric"]: one["value"] for one in report.records() if one["value_or_threshold"] == group}


def test_templates_give_the_rates_of_each_group():
    report = pellucid.probe_text(likes_bob, ["[NAME] is a [JOB].", "Ask the [JOB], [NAME]."], groups=SEX, fillers=JOBS)
    # women: 2 of 6 for each template; men: 2 of 6, and Bob in two more jobs
    assert report.rows == 24
    assert found(report, "female") == {"DPPL": pytest.approx(4 / 6 - 2 / 6), "DI": pytest.approx(0.5)}
    assert found(report, "male")["DPPL"] == pytest.approx(-1 / 3)
    assert "sex = female is predicted outcome = 1, 33.3 points less often than all others" in report.findings[1]


def test_a_model_that_looks_at_no_name_treats_groups_alike():
    report = pellucid.probe_text(
        lambda texts: ["cook" in t for t in texts], ["[NAME] is a [JOB]."], groups=SEX, fillers=JOBS
    )
    assert found(report, "female") == {"DPPL": 0.0, "DI": 1.0}


def test_right_answers_open_the_other_metrics():
    templates = ["[NAME] did well as a [JOB].", "[NAME] failed as a [JOB]."]
    report = pellucid.probe_text(likes_bob, templates, groups=SEX, fillers=JOBS, expected=[1, 0])
    # accuracy of women 1/2; of men: of 6 right answers 1, 4 are found, and of 6 right answers 0, 2
    assert found(report, "female")["AD"] == 0.0
    assert found(report, "female")["RD"] == pytest.approx(4 / 6 - 2 / 6)
    assert {"DCA", "TE", "SD", "GE"} <= set(found(report, "female"))


def test_two_facets_are_crossed():
    groups = SEX | {"origin": {"here": {"TOWN": ["Rome"]}, "far": {"TOWN": ["Oslo", "Lima"]}}}
    report = pellucid.probe_text(lambda texts: ["Rome" in t for t in texts], ["[NAME] of [TOWN]."], groups=groups)
    assert report.rows == 12
    assert found(report, "here")["DPPL"] == -1.0
    assert found(report, "female")["DPPL"] == 0.0


def test_a_table_of_sentences_is_probed_by_its_columns():
    table = pd.DataFrame({"sentence": ["He cooks.", "She cooks.", "He reads.", "She reads."], "who": list("mfmf")})
    report = pellucid.probe_text(
        lambda texts: ["He" in t for t in texts], table, text="sentence", facets={"who": ["f"]}
    )
    assert found(report, "f") == {"DPPL": 1.0, "DI": 0.0}
    right = table.assign(right=[1, 1, 0, 0])
    report = pellucid.probe_text(
        lambda texts: ["He" in t for t in texts], right, text="sentence", facets="who", expected="right"
    )
    assert found(report, "f")["RD"] == 1.0


def test_a_score_equal_to_the_threshold_is_not_positive():
    report = pellucid.probe_text(lambda texts: [0.5] * len(texts), ["[NAME]"], groups=SEX, threshold=0.5)
    assert found(report, "female")["DPPL"] == 0.0


def test_of_several_outputs_the_one_that_counts_is_named():
    def three(texts):
        return pd.DataFrame({"no": 0.1, "perhaps": 0.2, "yes": [0.7 * ("Bob" in text) for text in texts]})

    report = pellucid.probe_text(three, ["[NAME]"], groups=SEX, output="yes")
    assert found(report, "male")["DPPL"] == -0.5
    for output, message in (
        (None, "output: The model has 3 outputs. Name the one that counts; there are 'no', 'perhaps', 'yes'."),
        ("yess", "output: got 'yess'. Use an output of the model; did you mean 'yes'?"),
    ):
        with pytest.raises(ConfigError) as caught:
            pellucid.probe_text(three, ["[NAME]"], groups=SEX, output=output)
        assert str(caught.value) == message


WORDS = st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=3)


@given(st.lists(st.sampled_from(["[N] x", "y [N] [W]", "[W] [N] [W]"]), min_size=1, max_size=3), WORDS, WORDS, WORDS)
def test_every_combination_is_made_once_for_each_template(templates, women, men, others):
    made = filled_sentences(templates, {"sex": {"f": {"N": women}, "m": {"N": men}}}, {"W": others})
    expected = sum((len(women) + len(men)) * (len(others) if "[W]" in template else 1) for template in templates)
    assert len(made.texts) == len(made.templates) == len(made.groups["sex"]) == expected
    assert all("[" not in text for text in made.texts)


def test_a_placeholder_is_filled_with_the_same_word_throughout_a_sentence():
    made = filled_sentences(["[N] and [N]"], {"sex": {"f": {"N": ["a", "b"]}, "m": {"N": ["c"]}}}, {})
    assert made.texts == ("a and a", "b and b", "c and c")


@pytest.mark.parametrize(
    ("templates", "groups", "fillers", "message"),
    [
        (
            ["[NAM] works."],
            SEX,
            {},
            (
                "templates[0]: got '[NAM]'. No words are given for it; did you mean 'NAME'?\n"
                "templates[0]: got '[NAM] works.'. It says nothing of 'sex': it holds none of [NAME]."
            ),
        ),
        (
            ["[NAME]"],
            {"sex": {"female": {"NAME": ["Eve"]}}},
            {},
            "groups.sex: got ['female']. Give at least two groups to compare.",
        ),
        (
            ["[NAME]"],
            {"sex": {"f": {"NAME": ["Eve"]}, "m": {"NAM": ["Bob"]}}},
            {},
            "groups.sex: got {'f': ['NAME'], 'm': ['NAM']}. Every group of a facet fills the same placeholders, at least one, so that only the group differs.",
        ),
        (
            ["[NAME]"],
            {"sex": {"f": {"NAME": []}, "m": {"NAME": "Bob"}}},
            {"NAME": ["x"]},
            (
                'groups.sex.f.NAME: got []. Give a list of words, such as ["Eve", "Ann"].\n'
                'groups.sex.m.NAME: got \'Bob\'. Give a list of words, such as ["Eve", "Ann"].\n'
                "fillers.NAME: Words of a group fill this placeholder. Leave it out here."
            ),
        ),
        ("[NAME]", SEX, {}, "templates: got '[NAME]'. Give a list of sentences such as [\"[NAME] is a [JOB].\"]."),
        (["[NAME]"], {}, {}, "groups: got {}. Give at least one facet with two groups."),
        (
            ["[NAME] [A] [B]"],
            SEX,
            {"A": ["a"] * 1000, "B": ["b"] * 1000},
            "templates: They make 4,000,000 sentences, and 1,000,000 are the most. Give fewer words.",
        ),
    ],
)
def test_templates_and_words_that_do_not_fit_are_named(templates, groups, fillers, message):
    with pytest.raises(ConfigError) as caught:
        pellucid.probe_text(likes_bob, templates, groups=groups, fillers=fillers)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {},
            ConfigError,
            "groups: Give the words of groups for templates; for a table, its column of texts and its facets.",
        ),
        (
            {"text": "t"},
            ConfigError,
            "facets: Give the words of groups for templates; for a table, its column of texts and its facets.",
        ),
        (
            {"groups": SEX, "text": "t"},
            ConfigError,
            "groups: Words of groups are for templates, 'text' and 'facets' for a table. Give the one or the other.",
        ),
        (
            {"groups": SEX, "expected": [1, 0]},
            ConfigError,
            "expected: got [1, 0]. Give 1 or 0 for each of the 1 templates.",
        ),
        (
            {"groups": SEX, "metrics": ["RD"]},
            ConfigError,
            "metrics[0]: got 'RD'. Use a metric of predictions; there are 'DPPL', 'DI'. Others need right answers: give 'expected'.",
        ),
        (
            {"groups": {"outcome": SEX["sex"]}},
            ConfigError,
            "groups: got ['outcome']. These names are taken. Use other ones.",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_named(arguments, error, message):
    with pytest.raises(error) as caught:
        pellucid.probe_text(likes_bob, ["[NAME]"], **arguments)
    assert str(caught.value) == message


def test_right_answers_of_a_table_are_truths():
    table = pd.DataFrame({"t": ["a", "b"], "who": ["m", "f"], "right": ["yes", "no"]})
    with pytest.raises(DataError) as caught:
        pellucid.probe_text(likes_bob, table, text="t", facets="who", expected="right")
    assert str(caught.value) == "expected: got 'right'. Right answers are 1 or 0 for each sentence."


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"threshold": "high"}, "threshold: got 'high'. Use a finite number."),
        ({"seed": -1}, "seed: got -1. Use an integer of at least 0."),
        (
            {"groups": ["female", "male"]},
            """groups: got ['female', 'male']. Give words of groups by name, such as {"sex": {"female": {"NAME": ["Eve"]}, "male": {"NAME": ["Bob"]}}}.""",
        ),
    ],
)
def test_a_wrong_argument_is_told_before_the_model_is_asked(given, message):
    groups = {"sex": {"female": {"NAME": ["Eve"]}, "male": {"NAME": ["Bob"]}}}
    asked = []
    with pytest.raises(ConfigError) as raised:
        pellucid.probe_text(asked.append, ["[NAME] works."], **{"groups": groups, **given})
    assert str(raised.value) == message
    assert asked == []
