"""Time what a report costs after the computing: the page, the print and the notebook of a job on the Adult data.

    python benchmarks/report.py --repeats 5

Two jobs: the demo, and one that also measures intersections, explains a boosted model of the rows by SHAP and draws
four partial dependences. Seconds from the results in memory to the files, each time in a new process (so that nothing
is kept from the time before); medians. The run fails if the median is above ``--at-most``, or a page larger than 2 MB.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import duckdb
import xgboost

from pellucid.api.job import run_job

ROWS = 2_000
"""Rows explained; a report holds as much of 2,000 as of a million."""

FEATURES = ("age", "education-num", "capital-gain", "capital-loss", "hours-per-week", "fnlwgt")

TIMED = """
import sys, time
from pathlib import Path
from pellucid.api.reporting import write_reports
from pellucid.reports.source import read_source
folder = Path(sys.argv[1])
source = read_source(folder)
start, busy = time.perf_counter(), time.process_time()
written = write_reports(folder, source)
print(time.perf_counter() - start, time.process_time() - busy, len(written.files), len(written.warnings))
"""


def main() -> None:
    """Run the jobs and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--at-most", type=float, default=5.0, help="Seconds.")
    asked = parser.parse_args()
    demo = Path(str(files("pellucid") / "demo"))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run_job(demo / "analysis_config.json", data=str(demo / "adult.parquet"), output=folder / "demo")
        run_job(explaining(folder, demo), output=folder / "explained")
        slow = [name for name in ("demo", "explained") if not timed(folder / name, asked.repeats, asked.at_most)]
    sys.exit(f"too slow or too large: {', '.join(slow)}" if slow else 0)


def explaining(folder: Path, demo: Path) -> Path:
    """The configuration of a job that explains a model as well, beside its data and its model."""
    names = ", ".join(f'"{name}"' for name in (*FEATURES, "sex", "race", "income"))
    rows = duckdb.sql(f"select {names} from '{demo / 'adult.parquet'}' limit {ROWS}")
    rows.write_csv(str(folder / "adult.csv"))
    table = rows.fetchnumpy()
    cells = list(zip(*(table[name] for name in FEATURES), strict=True))
    labels = [int(label == ">50K") for label in table["income"]]
    xgboost.XGBClassifier(n_estimators=50, max_depth=4).fit(cells, labels).save_model(folder / "income.ubj")
    config = json.loads((demo / "analysis_config.json").read_text(encoding="utf-8"))
    del config["predicted_label"], config["group_variable"]
    config["methods"] |= {
        "shap": {"num_clusters": 1, "num_samples": 200, "save_local_shap_values": True},
        "pdp": {"grid_resolution": 12, "top_k_features": 4},
    }
    config["methods"]["pre_training_bias"] = {"methods": ["CI", "DPL", "KL", "JS", "LP", "TVD", "KS"]}
    config["methods"]["post_training_bias"]["methods"].remove("CDDPL")
    config |= {
        "dataset_type": "text/csv",
        "dataset_uri": "adult.csv",
        "facet_intersections": True,
        "excluded_columns": ["sex", "race"],
        "predictor": {"model": "income.ubj", "label_headers": ["<=50K", ">50K"]},
    }
    path = folder / "explained.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def timed(folder: Path, repeats: int, at_most: float) -> bool:
    """Print the median time of the report on the results in ``folder``; whether it is short and the page small."""
    seconds, busy = [], []
    for _ in range(repeats + 1):  # the first run fills the caches of the machine
        done = subprocess.run([sys.executable, "-c", TIMED, str(folder)], check=True, capture_output=True, text=True)
        took, used, written, warnings = done.stdout.split()
        if (written, warnings) != ("3", "0"):
            sys.exit(f"{folder.name}: {written} files and {warnings} warnings")
        seconds.append(float(took))
        busy.append(float(used))
    sizes = {file.suffix: file.stat().st_size / 1e6 for file in folder.glob("report.*")}
    median = statistics.median(seconds[1:])
    shown = ", ".join(f"{suffix} {size:.2f} MB" for suffix, size in sorted(sizes.items()))
    spread = f"{min(seconds[1:]):.2f} to {max(seconds[1:]):.2f}"
    print(f"{folder.name:10} {median:5.2f} s ({spread}), {statistics.median(busy[1:]):.2f} s of CPU; {shown}")
    return median <= at_most and sizes[".html"] < 2


if __name__ == "__main__":
    main()
