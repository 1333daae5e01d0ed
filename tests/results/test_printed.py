"""What is printed of a result: a head, a table that fits, nothing that the terminal would obey."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

import pellucid
from pellucid.results.printed import MOST_LINES


def people(rows: int = 200) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    sex = np.where(draw.random(rows) < 0.5, "F", "M")
    return pd.DataFrame({"sex": sex, "hired": (draw.random(rows) < np.where(sex == "F", 0.3, 0.6)).astype(int)})


def test_a_bias_report_prints_every_metric_with_its_interval() -> None:
    frame = people()
    report = pellucid.bias(frame, label="hired", positive=[1], facets={"sex": ["F"]}, metrics=["CI", "DPL"])
    lines = str(report).splitlines()
    assert lines[0] == "Bias report: 200 rows, 95 % intervals; all of it: .to_frame(), .findings, .to_dict()"
    assert lines[1].split() == ["group", "stage", "metric", "value", "95", "%", "interval", "adjusted", "p", "state"]
    found = {record["metric"]: record for record in report.records()}
    dpl = found["DPL"]
    assert [line.split()[4] for line in lines[2:]] == ["CI", "DPL"]
    numbers = [f"{dpl['value']:#.3g}", f"{dpl['low']:#.3g}", "to", f"{dpl['high']:#.3g}"]
    assert lines[3].split()[5:9] == numbers
    assert lines[3].endswith("  ok")
    assert lines[2].index(" to ") == lines[3].index(" to ")  # the columns stand under each other


def test_a_metric_without_a_value_stays_empty_and_says_its_state_and_why() -> None:
    frame = people().assign(note="text", predicted=people()["hired"])
    facets = {"sex": ["F"]}
    report = pellucid.bias(frame, label="hired", positive=[1], facets=facets, predicted="predicted", metrics=["FT"])
    *_, row, reason = str(report).splitlines()
    assert row.split() == ["sex", "=", "F", "post_training", "FT", "insufficient_evidence"]
    assert reason == "Not computed: FT: FlipTest does not support non-numeric columns"


def test_metrics_without_a_value_for_the_same_reason_stand_in_one_line() -> None:
    report = pellucid.bias(people(), label="hired", positive=[1], facets=["sex"], predicted="hired")
    assert "\nNot computed: CDDPL, CDDL: Group variable is empty or not provided\n" in f"{report}\n"


def test_warnings_are_printed_below_the_table() -> None:
    frame = people()
    frame.loc[3, "hired"] = None
    report = pellucid.bias(
        frame, label="hired", positive=[1], facets="sex", metrics=["CI"], column_types={"hired": "categorical"}
    )
    assert str(report).splitlines()[-1] == "Warning: 1 row has no value in 'hired': it counts as not positive."


def test_a_long_table_is_cut_and_says_how_much_is_left_out() -> None:
    frame = people(3000).assign(town=[f"t{i % 30:02}" for i in range(3000)])
    report = pellucid.bias(frame, label="hired", positive=[1], facets={"town": None})
    lines = str(report).splitlines()[: 1 + 1 + MOST_LINES + 1]
    assert lines[-1] == f"  and {len(report.records()) - MOST_LINES:,} more"


def test_names_that_a_terminal_would_obey_are_quoted() -> None:
    frame = people().replace({"sex": {"F": "\x1b[31mF\n"}})
    report = pellucid.bias(frame, label="hired", positive=[1], facets={"sex": ["\x1b[31mF\n"]}, metrics=["CI"])
    assert "\x1b" not in str(report)
    assert len(str(report).splitlines()) == 3


def test_an_explanation_prints_its_features_by_importance() -> None:
    rows = pd.DataFrame({"age": [1.0, 2.0, 3.0, 3.0], "pay": [30.0, 10.0, 20.0, 30.0], "idle": [0.0, 1.0, 0.0, 0.0]})
    model = LinearRegression().fit(rows, 2 * rows["age"] - 0.1 * rows["pay"])
    found = pellucid.explain(model, rows, baseline=rows.iloc[:1])
    lines = str(found).splitlines()
    assert lines[0] == (
        f"Explanation: 4 rows, 3 features; exact: linear; {found.n_model_calls} rows asked of the model; all of it: "
        ".values, .standard_errors, .to_frame(), .global_importance(), .plot"
    )
    assert [line.split() for line in lines[1:4]] == [
        ["output", "rank", "feature", "mean", "|value|", "95", "%", "interval"],
        [found.outputs[0], "1", "age", "2.50", "exact"],
        [found.outputs[0], "2", "pay", "0.750", "exact"],
    ]
    assert lines[5:] == list(found.notes)


def test_features_beyond_the_most_important_are_counted() -> None:
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(30, 20))
    found = pellucid.explain(LinearRegression().fit(rows, rows @ np.arange(20.0)), rows, baseline=rows[:1])
    assert "and 5 features more" in str(found)


def test_partial_dependence_prints_how_far_predictions_move() -> None:
    rows = pd.DataFrame({"age": [0.0, 1.0, 2.0], "pay": [1.0, 0.0, 1.0]})
    model = LinearRegression().fit(rows, 3 * rows["age"])
    found = pellucid.partial_dependence(model, rows, ["age"], grid_resolution=3)
    assert [line.split() for line in str(found).splitlines()[1:]] == [
        ["feature", "kind", "points", "output", "lowest", "mean", "highest", "mean"],
        ["age", "numeric", "3", found.outputs[0], "1.00", "5.00"],
    ]


def test_texts_print_their_predictions_and_strongest_units() -> None:
    def shouting(texts: list[str]) -> list[float]:
        return [float(text.count("!")) for text in texts]

    found = pellucid.explain_text(shouting, ["well done!", "a\tlong story that goes on and on and never ends"])
    lines = str(found).splitlines()
    assert lines[0].startswith("Text explanation: 2 texts, units: ")
    assert lines[2].split()[:2] == ["well", "done!"]
    assert "1.00" in lines[2]
    assert repr(found) == (
        f"TextExplanation(texts=2, outputs=1, granularity={found.granularity!r}, model_rows={found.model_rows})"
    )
    assert lines[3].startswith("  'a\\tlong story that goes on and on and nev...'")


def test_images_print_their_outputs() -> None:
    def brightness(pixels: np.ndarray) -> np.ndarray:
        return pixels.reshape(len(pixels), -1).mean(axis=1) / 255

    draw = np.random.default_rng(0)
    found = pellucid.explain_images(brightness, [draw.integers(0, 255, size=(32, 32, 3), dtype=np.uint8)])
    lines = str(found).splitlines()
    assert lines[0].startswith("Image explanation: 1 image; ")
    assert f"{float(found.predictions[0][0]):#.3g}" in lines[2]
    assert repr(found) == f"ImageExplanation(images=1, model_images={found.model_images})"
