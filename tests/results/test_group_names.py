"""Names of groups: in sentences, on the terminal and in the report, whatever the values are."""

import json

import polars as pl
import pytest

import pellucid
from pellucid.api.job import run_job
from pellucid.api.reporting import rebuild_reports
from pellucid.errors import AnalysisError


def towns(values):
    """Rows of towns by turns, every third of them approved, and predictions that say no."""
    count = 30 * len(values)
    return pl.DataFrame(
        {
            "town": [values[i % len(values)] for i in range(count)],
            "approved": ["yes" if i % 3 == 0 else "no" for i in range(count)],
            "predicted": ["no"] * count,
        }
    )


@pytest.mark.parametrize(
    ("value", "shown"), [("", "''"), (" Ulm", "' Ulm'"), ("Ulm", "Ulm"), ("Neu\nUlm", "'Neu\\nUlm'"), ("'", "'")]
)
def test_a_value_that_would_not_show_stands_in_quotes(value, shown):
    options = {"label": "approved", "positive": ["yes"], "facets": {"town": [value]}, "metrics": ["CI"]}
    report = pellucid.bias(towns([value, "Bonn"]), **options)
    assert report.findings[0].startswith(f"town = {shown} makes up 50.0 % of the rows")
    assert report.groups[0].value_or_threshold == value


def test_an_interval_without_rows_is_no_empty_text():
    people = towns(["Ulm"]).with_columns(age=pl.int_range(30).cast(pl.Float64))
    report = pellucid.bias(people, label="approved", positive=["yes"], facets={"age": [29.0]}, metrics=["CI"])
    assert report.findings == ("CI could not be computed for age = (no row): no row belongs to it.",)


def test_an_empty_text_is_the_favourable_outcome_by_name():
    rows = towns(["Ulm", "Bonn"]).with_columns(pl.col("approved").replace("yes", ""))
    report = pellucid.bias(rows, label="approved", positive=[""], facets={"town": ["Ulm"]}, metrics=["DPL"])
    assert report.findings[0].startswith("town = Ulm has approved = '' about as often as all others")


def test_a_text_that_is_never_predicted_is_told_as_such():
    options = {"label": "approved", "positive": ["yes"], "facets": ["town"], "predicted": "predicted"}
    with pytest.raises(AnalysisError) as error:
        pellucid.bias(towns(["Ulm", "Bonn"]), **options)
    assert error.value.fix.startswith("No row of 'predicted' is predicted approved = yes. ")


def test_terminal_and_report_show_the_empty_text_as_a_group(tmp_path):
    towns(["", "Bonn"]).write_parquet(tmp_path / "rows.parquet")
    config = {
        "dataset_type": "application/x-parquet",
        "label": "approved",
        "label_values_or_threshold": ["yes"],
        "facet": [{"name_or_index": "town"}],
        "methods": {"pre_training_bias": {"methods": ["CI", "DPL"]}},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    run_job(tmp_path / "config.json", data=str(tmp_path / "rows.parquet"), output=tmp_path / "out")
    written = rebuild_reports(tmp_path / "out")
    assert written.warnings == ()
    page = (tmp_path / "out" / "report.html").read_text()
    assert "town = &#39;&#39;" in page
    assert "(no value)" not in page
    assert "(blank)" not in page
    assert "(no row)" not in page
