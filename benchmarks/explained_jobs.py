"""Jobs that explain Adult with a model that costs next to nothing, which the other scripts run and measure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from processes import ADULT, PELLUCID, query

__all__ = ["FEATURES", "command", "config_of", "rows_of"]

FEATURES = (
    "age",
    "fnlwgt",
    "education-num",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "workclass",
    "education",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "native-country",
)
NUMBERS = 6
"""The first features are numbers; of the others, each text is replaced by the number of its kind."""
MODEL = """
import numpy as np

WEIGHTS = np.cos(np.arange(14)) / 14


def predict(rows: np.ndarray):
    return 1 / (1 + np.exp(1 - np.log1p(np.abs(rows)) @ WEIGHTS[: rows.shape[1]]))
"""


def rows_of(folder: Path, rows: int) -> Path:
    """Adult's features as numbers, drawn with replacement, with a column that identifies the rows."""
    file = folder / f"adult-{rows}.parquet"
    if not file.exists():
        ranks = [f'(dense_rank() OVER (ORDER BY "{name}"))::DOUBLE AS "{name}"' for name in FEATURES[NUMBERS:]]
        numbers = [f'"{name}"' for name in FEATURES[:NUMBERS]]
        adult = f"(SELECT {', '.join(numbers + ranks)}, row_number() OVER () - 1 AS place FROM '{ADULT}')"
        drawn = f"SELECT i AS id, adult.* EXCLUDE (place) FROM range({rows}) drawn(i) JOIN {adult} adult"
        query(f"COPY ({drawn} ON place = hash(i) % 32561) TO '{file}' (FORMAT parquet)")
    return file


def config_of(
    folder: Path, *, samples: int, background: int, features: int = len(FEATURES), aggregation: str = "mean_abs"
) -> Path:
    """A configuration whose baseline are the first rows of Adult."""
    (folder / "cheap_model.py").write_text(MODEL)
    baseline = folder / f"baseline-{background}.parquet"
    if not baseline.exists():
        columns = ", ".join(f'"{name}"' for name in FEATURES)
        query(f"COPY (SELECT {columns} FROM '{rows_of(folder, background)}') TO '{baseline}' (FORMAT parquet)")
    document = {
        "dataset_type": "application/x-parquet",
        "joinsource_name_or_index": "id",
        "methods": {
            "shap": {
                "baseline": str(baseline),
                "num_samples": samples,
                "agg_method": aggregation,
                "save_local_shap_values": True,
                "features_to_explain": list(FEATURES[:features]),
            }
        },
        "predictor": {"model": "cheap_model:predict"},
    }
    path = folder / "analysis_config.json"
    path.write_text(json.dumps(document))
    return path


def command(config: Path, data: Path, output: Path, *options: str) -> Sequence[str]:
    """The job by the command line, without a report."""
    return [PELLUCID, "run", str(config), "--data", str(data), "--output", str(output), "--no-report", *options]
