"""The page of a large job: what it holds does not grow with the rows explained."""

from importlib.resources import files

import numpy as np
import pytest

from pellucid.api.job import run_job
from pellucid.explain.attributions import Attributions
from pellucid.jobs.explanations.picked_rows import PickedRows
from pellucid.jobs.explanations.shap_job import Explained
from pellucid.protocols.model import Batch
from pellucid.reports.content import build_document
from pellucid.reports.document import Chart
from pellucid.reports.html import render_html
from pellucid.reports.sections import sections_of
from pellucid.reports.source import ReportSource, read_source

pytestmark = pytest.mark.slow

ROWS, AT_ONCE = 1_000_000, 50_000
NAMES = [f"a feature with a name of usual length {i}" for i in range(60)]
OUTPUTS = ("approved", "rejected")


def kept_of_a_million_rows():
    """What the job keeps of its single rows, shown the same 50,000 of them twenty times."""
    rng = np.random.default_rng(1)
    rows = Batch({name: rng.normal(size=AT_ONCE) for name in NAMES})
    values = rng.normal(size=(AT_ONCE, len(NAMES), len(OUTPUTS))) / np.arange(1, 61)[:, None]
    part = Explained(
        rows,
        Attributions(
            values=values,
            standard_errors=np.full_like(values, 0.0123456789),
            base_values=np.zeros((AT_ONCE, len(OUTPUTS))),
            predictions=values.sum(axis=1),
            samples=np.full(AT_ONCE, 2048, dtype=np.intp),
            blocks=np.arange(AT_ONCE) // 32,
            estimators=("leverage",) * AT_ONCE,
            model_rows=AT_ONCE,
        ),
        np.full(AT_ONCE, len(NAMES)),
        True,
    )
    picked = PickedRows(ROWS, 0, {name: (name,) for name in NAMES}, "identity", 0.5)
    for _ in range(ROWS // AT_ONCE):
        picked.add(part)
    importance = np.abs(values).mean(axis=0)
    return picked.to_details(OUTPUTS, importance), importance


def explained():
    details, importance = kept_of_a_million_rows()
    shap = {
        output: {"global_shap_values": dict(zip(NAMES, importance[:, i].tolist(), strict=True)), "expected_value": 0.0}
        for i, output in enumerate(OUTPUTS)
    }
    labels = {
        output: {
            "features": {
                name: {"value": value, "corrected": value, "standard_error": 0.01, "interval": [value / 2, value]}
                for name, value in entry["global_shap_values"].items()
            }
        }
        for output, entry in shap.items()
    }
    points = np.linspace(0, 1, 15)
    pdp = [
        {
            "feature_name": name,
            "data_type": "numerical",
            "feature_values": points.tolist(),
            "model_predictions": [(points**2 / 3).tolist(), (points**3 / 7).tolist()],
            "label_headers": list(OUTPUTS),
            "data_distribution": [1 / 15] * 15,
        }
        for name in NAMES[:10]
    ]
    kernel = {"labels": labels, "rows": ROWS, "aggregation": "mean_abs", **details}
    return {"kernel_shap": shap, "pdp": pdp}, {"kernel_shap": kernel}


def test_the_page_of_a_million_rows_and_sixty_features_is_smaller_than_two_megabytes(tmp_path):
    demo = files("pellucid") / "demo"
    run_job(str(demo / "analysis_config.json"), output=tmp_path, data=str(demo / "adult.parquet"))
    bias = read_source(tmp_path)
    explanations, details = explained()
    assert len(details["kernel_shap"]["sample"]["rows"]) == 400
    document = build_document(
        ReportSource(
            analysis={**bias.analysis, "explanations": explanations},
            details={**bias.details, "explanations": details},
        )
    )
    charts = [block for section in sections_of(document) for block in section.blocks if isinstance(block, Chart)]
    titles = " ".join(chart.title for chart in charts)
    assert "400 rows of 1,000,000, drawn at random" in titles
    assert all(f"Mean prediction by {name}" in titles for name in NAMES[:10])
    assert len(render_html(document).encode()) < 2_000_000
