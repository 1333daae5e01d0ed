"""Suppression: no count of few people can be read from a report, nor computed from what it shows."""

import copy
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pellucid
from pellucid.api.job import run_job
from pellucid.bias.metrics import METRICS
from pellucid.counts import Counts
from pellucid.reports.content import build_document
from pellucid.reports.document import Chart
from pellucid.reports.source import read_source
from pellucid.reports.suppressed import suppressed, without_single_rows
from pellucid.reports.suppression import CountedSet, determined, hidden, is_small, small_shares

MINIMUM = 10
CELLS = ("tp", "fp", "fn", "tn")


def counts(cells):
    tp, fp, fn, tn = cells
    return {"positive": tp + fn, "negative": fp + tn, "confusion_matrix": list(cells)}


def rates(cells):
    tp, fp, fn, tn = cells
    parts = {
        "positive_labels": (tp + fn, sum(cells)),
        "positive_predictions": (tp + fp, sum(cells)),
        "recall": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "precision": (tp, tp + fp),
        "negative_predictive_value": (tn, tn + fn),
        "accuracy": (tp + tn, sum(cells)),
    }
    return [
        {"name": name, "value": part / whole if whole else None, "interval": None, "rows": whole}
        for name, (part, whole) in parts.items()
    ]


def group(facet, value, cells, total):
    others = tuple(a - b for a, b in zip(total, cells, strict=True))
    return {
        "facet": facet,
        "value_or_threshold": value,
        "rows": sum(cells),
        "proportion": sum(cells) / sum(total),
        "observed_label_distribution": [0.5, 0.5],
        "confusion_matrix": [cell / max(1, sum(cells)) for cell in cells],
        "counts": counts(cells),
        "others_counts": counts(others),
        "rates": rates(cells),
        "others_rates": rates(others),
    }


def metrics(cells, total, names):
    others = Counts(*(a - b for a, b in zip(total, cells, strict=True)))
    own = Counts(*cells)
    return [
        {
            "name": name,
            "description": name,
            "value": float(METRICS[name].compute(others, own)),
            "n": {"a": others.n, "d": own.n},
            "state": "ok",
            "finding": "...",
        }
        for name in names
        if METRICS[name].undefined(others, own) is None
    ]


def documents(groups):
    """Both documents of one facet, the values of which are ``groups``, each with its four cells."""
    total = tuple(map(sum, zip(*groups.values(), strict=True)))
    stages = {
        key: {
            "label": "y",
            "facets": {
                "f": [
                    {"value_or_threshold": value, "metrics": metrics(cells, total, names)}
                    for value, cells in groups.items()
                ]
            },
            "label_value_or_threshold": "1",
        }
        for key, names in (
            ("pre_training_bias_metrics", ("CI", "DPL")),
            ("post_training_bias_metrics", ("DPPL", "DI", "AD", "RD", "SD", "DAR", "DRR")),
        )
    }
    values = [{"value": value, "rows": sum(cells)} for value, cells in groups.items()]
    details = {
        "rows": sum(total),
        "groups": [group("f", value, cells, total) for value, cells in groups.items()],
        "model_performance": {"binary_confusion_matrix": [cell / sum(total) for cell in total]},
        "dataset": {
            "distributions": [{"column": "f", "role": "facet", "values": values, "other_rows": 0, "missing": 0}]
        },
    }
    return stages, details


# --- what an attacker computes --------------------------------------------------------------------------------------
class Attack:
    """Everything that the shown documents say of the unknown cells, as linear equations; known counts are multiplied.

    An attacker knows the number of all rows and which values there are.
    """

    def __init__(self, groups):
        self.places = {(value, cell): i for i, (value, cell) in enumerate((v, c) for v in groups for c in CELLS)}
        self.groups = groups
        self.rows, self.answers = [], []

    def of(self, values, weights):
        row = np.zeros(len(self.places))
        for value in values:
            for cell, weight in weights.items():
                row[self.places[value, cell]] += weight
        return row

    def learn(self, row, answer):
        self.rows.append(row)
        self.answers.append(answer)

    def read(self, analysis, details):
        everyone = list(self.groups)
        self.learn_rows(everyone, details["rows"])
        shares = details["model_performance"]["binary_confusion_matrix"]
        for cell, share in zip(CELLS, shares or [], strict=False):
            self.learn(self.of(everyone, {cell: 1.0}), share * details["rows"])
        for value in details["dataset"]["distributions"][0]["values"]:
            self.learn_rows([value["value"]], value["rows"])
        for found in details["groups"]:
            own = found["value_or_threshold"]
            rest = [value for value in everyone if value != own]
            share = found["proportion"]
            self.learn_rows([own], found["rows"])
            self.learn_rows([own], None if share is None else share * details["rows"])
            for side, values in (("", [own]), ("others_", rest)):
                self.read_side(values, found[f"{side}counts"], found[f"{side}rates"])
        for stage in analysis.values():
            for entry in stage["facets"]["f"]:
                for metric in entry["metrics"]:
                    self.read_metric(entry["value_or_threshold"], metric)

    def learn_rows(self, values, rows):
        if rows is not None:
            self.learn(self.of(values, dict.fromkeys(CELLS, 1.0)), rows)

    def read_side(self, values, shown, rates_shown):
        if shown["positive"] is not None:
            self.learn(self.of(values, {"tp": 1, "fn": 1}), shown["positive"])
            self.learn(self.of(values, {"fp": 1, "tn": 1}), shown["negative"])
        for cell, number in zip(CELLS, shown["confusion_matrix"] or [], strict=False):
            self.learn(self.of(values, {cell: 1}), number)
        parts = {
            "positive_labels": ("tp fn", "tp fp fn tn"),
            "positive_predictions": ("tp fp", "tp fp fn tn"),
            "recall": ("tp", "tp fn"),
            "specificity": ("tn", "tn fp"),
            "precision": ("tp", "tp fp"),
            "negative_predictive_value": ("tn", "tn fn"),
            "accuracy": ("tp tn", "tp fp fn tn"),
        }
        for rate in rates_shown:
            part, whole = (dict.fromkeys(cells.split(), 1.0) for cells in parts[rate["name"]])
            if rate["rows"] is not None:
                self.learn(self.of(values, whole), rate["rows"])
            if rate["value"] is not None:  # part - rate * whole = 0, whatever the whole is
                self.learn(self.of(values, part) - rate["value"] * self.of(values, whole), 0.0)

    def read_metric(self, own, metric):
        """A difference of shares is linear once both wholes are known, which a metric's ``n`` says."""
        if metric["n"] is not None:
            self.learn(self.of([own], dict.fromkeys(CELLS, 1.0)), metric["n"]["d"])
        if metric["value"] is None or metric["n"] is None:
            assert metric["value"] is None
            return
        rest = [value for value in self.groups if value != own]
        n_a, n_d = metric["n"]["a"], metric["n"]["d"]
        part = {"DPL": "tp fn", "DPPL": "tp fp", "AD": "tp tn"}.get(metric["name"])
        if part is not None and n_a and n_d:
            chosen = dict.fromkeys(part.split(), 1.0)
            self.learn(self.of(rest, chosen) / n_a - self.of([own], chosen) / n_d, metric["value"])
        elif metric["name"] == "DI" and n_a and n_d and math.isfinite(float(metric["value"])):
            chosen = dict.fromkeys(("tp", "fp"), 1.0)
            self.learn(self.of([own], chosen) / n_d - metric["value"] * self.of(rest, chosen) / n_a, 0.0)

    def known(self, values, weights):
        """The number that follows; None where it does not."""
        matrix, target = np.array(self.rows), self.of(values, weights)
        scale = np.abs(matrix).max(axis=1, keepdims=True)
        terms, *_ = np.linalg.lstsq((matrix / scale).T, target, rcond=1e-10)
        if np.abs(terms @ (matrix / scale) - target).max() > 1e-6:
            return None
        return float(terms @ (np.array(self.answers) / scale[:, 0]))


PARTS = [{cell: 1.0} for cell in CELLS]
PARTS += [dict.fromkeys(pair, 1.0) for pair in (("tp", "fn"), ("fp", "tn"), ("tp", "fp"), ("fn", "tn"), CELLS)]


def leaks(groups, minimum=MINIMUM):
    """Small counts of single groups, and of all but one, that follow from what is shown."""
    attack = Attack(groups)
    attack.read(*suppressed(*documents(groups), minimum))
    found = []
    sides = [[value] for value in groups] + [[v for v in groups if v != value] for value in groups]
    for values in sides:
        for part in PARTS:
            number = sum(groups[value][CELLS.index(cell)] for value in values for cell in part)
            rows = sum(sum(groups[value]) for value in values)
            known = attack.known(values, part)
            if rows and number < minimum and known is not None:
                found.append((values, part, number, known))
    return found


CELL = st.one_of(st.integers(0, 25), st.integers(0, 400))


@settings(max_examples=60)
@given(
    st.dictionaries(st.sampled_from("abcde"), st.tuples(CELL, CELL, CELL, CELL), min_size=2, max_size=5).filter(
        lambda groups: sum(map(sum, groups.values())) > 0
    )
)
def test_no_small_count_follows_from_all_that_is_shown_together(groups):
    assert leaks(groups) == []


def test_the_attack_finds_what_primary_suppression_alone_would_leave_open():
    groups = {"a": (40, 30, 20, 50), "b": (60, 30, 20, 50), "c": (30, 4, 20, 50)}
    _, details = documents(groups)
    details["groups"][2] |= {"counts": {"positive": None, "negative": None, "confusion_matrix": None}, "rates": []}
    attack = Attack(groups)
    attack.read({}, details)
    assert attack.known(["c"], {"fp": 1.0}) == pytest.approx(4)


def test_where_nothing_is_small_everything_is_shown():
    groups = {"a": (40, 30, 20, 50), "b": (60, 30, 20, 50)}
    before = documents(groups)
    assert suppressed(*before) == before


# --- which sets are hidden --------------------------------------------------------------------------------------------
def sets(total=None, **rows):
    found = [CountedSet(key=name, atoms=frozenset(name), counts=(number,)) for name, number in rows.items()]
    everyone = CountedSet(key="all", atoms=frozenset("".join(rows)), counts=(total or sum(rows.values()),), margin=True)
    return [*found, everyone]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"a": 40, "b": 30}, set()),
        ({"a": 4, "b": 30, "c": 50}, {"a", "b"}),  # else a = all - b - c
        ({"a": 4, "b": 5, "c": 50}, {"a", "b", "c"}),  # else both together are known to be 9
        ({"a": 4, "b": 7, "c": 50}, {"a", "b"}),
        ({"a": 4, "b": 300}, {"a", "b"}),
        ({"a": 0, "b": 30}, set()),  # nobody there
    ],
)
def test_a_small_group_takes_the_smallest_other_along(rows, expected):
    assert hidden(sets(**rows), MINIMUM) == expected


def test_rows_outside_all_groups_are_protected_as_well():
    of_a = CountedSet(key="a", atoms=frozenset("a"), counts=(95,))
    everyone = CountedSet(key="all", atoms=frozenset("ar"), counts=(99,), margin=True)
    assert hidden([of_a, everyone], MINIMUM) == {"a"}


def test_an_intersection_is_not_computed_from_its_margins():
    def table(my):
        rows = {"Fx": 55, "Fy": 45, "Mx": 35, "My": my}
        parts = {"all": "Fx Fy Mx My", "F": "Fx Fy", "x": "Fx Mx"} | {name: name for name in rows}
        return [
            CountedSet(
                key=key,
                atoms=frozenset(atoms.split()),
                counts=(sum(rows[atom] for atom in atoms.split()),),
                margin=" " in atoms,
            )
            for key, atoms in parts.items()
        ]

    assert hidden(table(my=65), MINIMUM) == frozenset()
    gone = hidden(table(my=4), MINIMUM)
    assert {"My"} < gone
    assert "all" not in gone
    assert determined([found for found in table(my=4) if found.key not in gone], {"My"}) is None


def test_the_middle_of_two_thresholds_is_protected():
    above_40 = CountedSet(key="40", atoms=frozenset({"40-60", "60-90"}), counts=(100,))
    above_60 = CountedSet(key="60", atoms=frozenset({"60-90"}), counts=(95,))
    everyone = CountedSet(key="all", atoms=frozenset({"0-40", "40-60", "60-90"}), counts=(500,), margin=True)
    assert hidden([above_40, above_60, everyone], MINIMUM) == {"60"}


def test_a_minimum_of_one_hides_nothing():
    assert hidden(sets(a=1, b=0, c=50), 1) == frozenset()


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6))
def test_whatever_stays_shown_determines_no_small_count(rows):
    shown = sets(**{chr(97 + i): number for i, number in enumerate(rows)})
    gone = hidden(shown, MINIMUM)
    left = [found for found in shown if found.key not in gone]
    for i, number in enumerate(rows):
        known = determined(left, {chr(97 + i)})
        assert known is None or not is_small(known, MINIMUM)
        assert known is None or known == (number,)


def test_more_sets_than_can_be_solved_are_hidden_together_where_one_is_small():
    many = sets(**{chr(200 + i): 50 for i in range(420)})
    assert hidden(many, MINIMUM) == frozenset()
    few = [*many[:-1], CountedSet(key="few", atoms=frozenset({"few"}), counts=(3,)), many[-1]]
    assert hidden(few, MINIMUM) == {found.key for found in few if not found.margin}


def test_shares_of_few_rows_take_another_share_along():
    assert small_shares([0.6, 0.36, 0.04], 100, MINIMUM) == {1, 2}
    assert small_shares([0.6, 0.4], 100, MINIMUM) == frozenset()


# --- documents --------------------------------------------------------------------------------------------------------
def test_a_hidden_metric_keeps_its_keys_and_says_so():
    groups = {"a": (40, 30, 20, 50), "b": (60, 30, 20, 50), "c": (1, 1, 1, 1)}
    analysis, details = suppressed(*documents(groups))
    entries = analysis["pre_training_bias_metrics"]["facets"]["f"]
    assert entries[2]["metrics"][1] == {
        "name": "DPL",
        "description": "DPL",
        "value": None,
        "n": None,
        "state": "suppressed",
        "finding": None,
        "error": "Suppressed: it tells, or lets compute, counts of fewer than 10 rows.",
        "suppressed": True,
    }
    assert [found["rows"] for found in details["groups"]] == [None, 160, None]
    assert [found.get("suppressed") for found in details["groups"]] == [
        ["size", "labels", "predictions", "confusion"],
        None,
        ["size", "labels", "predictions", "confusion"],
    ]


def test_what_is_hidden_is_told_apart_by_what_it_tells():
    groups = {"a": (40, 30, 20, 50), "b": (14, 4, 11, 242)}  # a false positive cell of 4
    analysis, details = suppressed(*documents(groups))
    metrics_of_b = analysis["post_training_bias_metrics"]["facets"]["f"][1]["metrics"]
    assert {metric["name"]: metric["value"] is None for metric in metrics_of_b} == {
        "DPPL": False,
        "DI": False,
        "AD": True,
        "RD": True,
        "SD": True,
        "DAR": True,
        "DRR": True,
    }
    assert details["groups"][1]["counts"] == {"positive": 25, "negative": 246, "confusion_matrix": None}


def test_the_documents_given_stay_as_they_are():
    given_documents = documents({"a": (4, 3, 2, 5), "b": (60, 30, 20, 50)})
    before = copy.deepcopy(given_documents)
    suppressed(*given_documents)
    assert given_documents == before


def test_flips_of_few_rows_are_hidden():
    analysis, details = documents({"a": (40, 30, 20, 50), "b": (60, 30, 20, 50)})
    for rejected, accepted, value in (("5 are", "25 are", None), ("25 are", "1 is", None), ("15 are", "10 are", -0.1)):
        said = (
            f"Of 160 rows of f = b, {rejected} rejected where similar rows of all others are accepted, "
            f"and {accepted} accepted where similar ones are rejected."
        )
        metric = {"name": "FT", "description": "Flip Test (FT)", "value": -0.1, "finding": said}
        analysis["post_training_bias_metrics"]["facets"]["f"][1]["metrics"] = [metric]
        shown, _ = suppressed(analysis, details)
        assert shown["post_training_bias_metrics"]["facets"]["f"][1]["metrics"][0]["value"] == value


def test_of_clarifys_own_files_metrics_of_few_rows_cannot_be_told():
    metric = {"name": "DPL", "description": "...", "value": 0.25}
    stage = {"label": "y", "facets": {"f": [{"value_or_threshold": "a", "metrics": [metric]}]}}
    assert suppressed({"pre_training_bias_metrics": stage}, {})[0]["pre_training_bias_metrics"] == stage


@pytest.mark.parametrize("few", [1, 7])
def test_warnings_do_not_tell_how_many_rows_a_value_selects(few):
    frame = pd.DataFrame({"y": [1.0] * few + [0.0] * 90, "sex": ["F", "M"] * 45 + ["F"] * few})
    threshold = pellucid.bias(frame, label="y", positive=[0.5], facets="sex", metrics=["CI"])
    cut = pellucid.bias(frame.astype({"y": int}), label="y", positive=[0.5], facets="sex", metrics=["CI"])
    told = [*threshold.warnings, *cut.warnings]
    assert f"selects the {'one row' if few == 1 else '7 rows'} with y = 1.0" in told[0]
    assert "which selects y = 0 (90 rows)" in told[1]  # and so all others are few
    _, details = suppressed({}, {"warnings": told})
    assert "selects the rows with y = 1.0" in details["warnings"][0]
    assert "which selects y = 0. If a threshold is meant" in details["warnings"][1]


def test_a_segment_of_few_rows_takes_another_along_and_the_others_are_shown():
    _, details = documents({"a": (40, 30, 20, 50), "b": (60, 30, 20, 50)})
    details["segments"] = [{"name_or_index": "g", "rows": rows} for rows in (200, 95, 5)]
    _, shown = suppressed({}, details)
    assert [segment["rows"] for segment in shown["segments"]] == [200, None, None]


@pytest.mark.parametrize(("fewest", "is_shown"), [(9, False), (10, True)])
def test_a_confusion_matrix_of_classes_with_a_small_cell_is_hidden(fewest, is_shown):
    _, details = documents({"a": (40, 30, 20, 50), "b": (60, 30, 20, 50)})
    matrix = {"x": {"x": 90, "z": fewest}, "z": {"x": 70, "z": 131}}
    details["model_performance"]["confusion_matrix"] = matrix
    _, shown = suppressed({}, details)
    assert shown["model_performance"]["confusion_matrix"] == (matrix if is_shown else None)


def test_as_many_rows_as_the_minimum_are_not_few():
    assert not is_small([10, 30], 10)
    assert is_small([9, 30], 10)


def test_groups_among_the_values_not_listed_are_all_that_these_are():
    # 4 of a, 160 of b and 36 of z, which only the groups name: 36 other rows. Beside b and z, a would follow.
    groups = {"a": (1, 1, 1, 1), "b": (60, 30, 20, 50), "z": (9, 9, 9, 9)}
    _, details = documents(groups)
    column = details["dataset"]["distributions"][0]
    column["values"], column["other_rows"] = column["values"][:2], 36
    _, shown = suppressed({}, details)
    assert [found["rows"] for found in shown["groups"]] == [None, 160, None]
    assert [value["rows"] for value in shown["dataset"]["distributions"][0]["values"]] == [None, 160]
    assert shown["dataset"]["distributions"][0]["other_rows"] is None


def test_a_few_rows_without_a_value_take_no_group_along():
    sets = [
        CountedSet(key="all", atoms=frozenset("a?"), counts=(100,), margin=True),
        CountedSet(key="a", atoms=frozenset("a"), counts=(97,)),
        CountedSet(key="missing", atoms=frozenset("?"), counts=(3,), harmless=True),
    ]
    assert hidden(sets, 10) == frozenset()


def test_shares_of_few_rows_at_a_point_of_partial_dependence_are_hidden():
    plot = {"feature_name": "age", "data_distribution": [0.5, 0.46, 0.04], "model_predictions": [[1, 2, 3]]}
    analysis, _ = suppressed({"explanations": {"pdp": [plot]}}, {"dataset": {"rows": 100}})
    assert analysis["explanations"]["pdp"][0]["data_distribution"] == [0.5, None, None]


def test_single_rows_can_be_left_out():
    shap = {"rows": 3000, "sample": {"rows": [1]}, "single_rows": {"y": []}}
    assert without_single_rows({"explanations": {"kernel_shap": shap}}) == {
        "explanations": {"kernel_shap": {"rows": 3000, "sample": None, "single_rows": None, "suppressed": True}}
    }


def test_texts_of_single_rows_can_be_left_out():
    shap = {"rows": 3000, "texts": {"columns": ["review"], "units": 9, "records": [{"row": 0, "text": "I, Ann Lee"}]}}
    left = {"columns": ["review"], "units": 9, "records": []}
    assert without_single_rows({"explanations": {"kernel_shap": shap}}) == {
        "explanations": {"kernel_shap": {"rows": 3000, "texts": left, "suppressed": True}}
    }


def test_panels_of_which_nothing_may_be_shown_are_left_to_the_table(tmp_path):
    """4 of 12 women who have the outcome are predicted to have it: recall tells that, shares of labels do not."""
    women = [("F", int(i < 12), int(i % 3 == 0)) for i in range(40)]
    rows = women + [("M", int(i < 30), int(i < 45)) for i in range(60)]
    lines = "\n".join(f"{sex},{label},{predicted}" for sex, label, predicted in rows)
    (tmp_path / "rows.csv").write_text(f"sex,y,p\n{lines}\n")
    config = {
        "dataset_type": "text/csv",
        "label": "y",
        "predicted_label": "p",
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}],
        "methods": {"pre_training_bias": {"methods": "all"}, "post_training_bias": {"methods": ["DPPL", "RD"]}},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    run_job(tmp_path / "config.json", data=str(tmp_path / "rows.csv"), output=tmp_path / "out")
    document = build_document(read_source(tmp_path / "out"))
    (facet,) = (section for section in document.sections if section.anchor == "facet-1")
    rates, confusion = (
        next(section for section in facet.sections if section.title == title)
        for title in ("Groups and their rates", "Right and wrong predictions of each group")
    )
    drawn = [block.description for block in rates.blocks if isinstance(block, Chart)]
    assert len(drawn) == 1
    assert drawn[0].startswith("Favourable label: from 30.0 % (F) to 50.0 % (all others).")
    assert "Recall" not in drawn[0]
    assert [type(block).__name__ for block in confusion.blocks] == ["Paragraph", "Table"]
    assert {getattr(cell, "text", cell) for row in confusion.blocks[1].rows for cell in row[1:]} == {"suppressed"}
