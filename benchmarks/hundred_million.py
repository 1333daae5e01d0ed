"""Bias of 100 million rows within 1 GiB, against the rate of 10 million rows.

    python benchmarks/hundred_million.py --data /path/with/2GB

Rows are drawn with replacement from UCI Adult, so that facets, label and prediction have its joint distribution, and
written to Parquet a column at a time. All metrics but the flip test are computed, which compares rows with one another.
Whole processes are measured; turns alternate, and medians are printed. The files are removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path

from processes import ADULT, PELLUCID, Measured, measured, query

COLUMNS = "sex, race, education, income, predicted_income"
POST_TRAINING = ["AD", "CDDPL", "DAR", "DCA", "DCR", "DI", "DPPL", "DRR", "GE", "RD", "SD", "TE"]
CONFIG = {
    "dataset_type": "application/x-parquet",
    "label": "income",
    "predicted_label": "predicted_income",
    "label_values_or_threshold": [">50K"],
    "facet": [
        {"name_or_index": "sex", "value_or_threshold": ["Female"]},
        {"name_or_index": "race", "value_or_threshold": ["Black"]},
    ],
    "group_variable": "education",
    "methods": {"pre_training_bias": {"methods": "all"}, "post_training_bias": {"methods": POST_TRAINING}},
}


def drawn(folder: Path, rows: int) -> Path:
    """UCI Adult drawn with replacement up to ``rows`` rows, the same rows every time."""
    file = folder / f"adult-{rows}.parquet"
    adult = f"(SELECT {COLUMNS}, row_number() OVER () - 1 AS place FROM '{ADULT}')"
    rows_drawn = f"SELECT {COLUMNS} FROM range({rows}) drawn(i) JOIN {adult} ON place = hash(i) % 32561"
    query(f"COPY ({rows_drawn}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    return file


def main() -> None:
    """Draw, measure, remove."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()), help="folder with 2 GB to spare")
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--memory", default="1GiB")
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pellucid-hundred-million-", dir=asked.data))
    try:
        config = folder / "analysis_config.json"
        config.write_text(json.dumps(CONFIG))
        files = {rows: drawn(folder, rows) for rows in (asked.rows // 10, asked.rows)}
        for rows, file in files.items():
            print(f"{rows:>13,} rows, {file.stat().st_size / 2**20:7.0f} MB of Parquet")
        turns: dict[int, list[Measured]] = {rows: [] for rows in files}
        for _ in range(asked.repeat):
            for rows, file in files.items():
                command = [PELLUCID, "run", str(config), "--data", str(file), "--output", str(folder / "out")]
                turns[rows].append(measured([*command, "--no-report", "--memory", asked.memory]))
                print(f"{rows:>13,} rows {turns[rows][-1]}")
        rates = {rows: rows / statistics.median(turn.seconds for turn in done) for rows, done in turns.items()}
        small, large = rates.values()
        print(f"rows per second: {small:,.0f} and {large:,.0f}, a ratio of {large / small:.2f} (wanted: 0.7 or more)")
        results = {rows: json.loads((folder / "out" / "analysis.json").read_text()) for rows in list(files)[-1:]}
        print(f"metrics of the last job: {sum(map(len, _metrics(results[asked.rows])))}")
    finally:
        shutil.rmtree(folder)


def _metrics(analysis: dict) -> list[list[dict]]:
    stages = ("pre_training_bias_metrics", "post_training_bias_metrics")
    return [group["metrics"] for name in stages for groups in analysis[name]["facets"].values() for group in groups]


if __name__ == "__main__":
    main()
