"""Time jobs on Spark against what no implementation can avoid: a group-by, and explaining in one process.

    python benchmarks/spark_engine.py --data /path/to/adult-10000000.parquet
    python benchmarks/spark_engine.py --rows 1000000

Bias: one facet, all metrics but the flip test, against a group-by of the same four columns written by hand, in one
session with the master local[*]; the two take turns, and the median is printed. A first turn of each is not counted:
it pays for Java's compiler. Explanations: rows of Adult's six columns of numbers and a booster of XGBoost with 62
samples a row, by one process and by Spark; start-up is what the same job takes on 32 rows. Values must be equal.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from pellucid.api.job import run_job
from pellucid.engines.spark_session import SparkSettings, spark_session

ADULT = Path(__file__).parents[1] / "src" / "pellucid" / "demo" / "adult.parquet"
NUMBERS = ["age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
COUNTED = ["income", "predicted_income", "sex", "marital-status"]
WITHOUT_FLIP_TEST = ["AD", "CDDPL", "DAR", "DCA", "DCR", "DI", "DPPL", "DRR", "GE", "RD", "SD", "TE"]
TURNS = 5


def adult_like(folder: Path, rows: int) -> Path:
    """UCI Adult drawn with replacement, the same rows every time."""
    path = folder / f"adult-{rows}.parquet"
    drawn = (
        f"SELECT adult.* EXCLUDE (row) FROM range({rows}) drawn(i)"
        f" JOIN (SELECT *, row_number() OVER () - 1 AS row FROM '{ADULT}') adult ON adult.row = hash(i) % 32561"
        " ORDER BY i"
    )
    duckdb.sql(f"COPY ({drawn}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    return path


def bias_config(folder: Path) -> Path:
    """One facet, all metrics but the flip test."""
    document = {
        "dataset_type": "application/x-parquet",
        "label": "income",
        "predicted_label": "predicted_income",
        "label_values_or_threshold": [">50K"],
        "facet": [{"name_or_index": "sex", "value_or_threshold": ["Female"]}],
        "group_variable": "marital-status",
        "methods": {
            "pre_training_bias": {"methods": "all"},
            "post_training_bias": {"methods": WITHOUT_FLIP_TEST},
        },
    }
    path = folder / "bias.json"
    path.write_text(json.dumps(document))
    return path


def explanation_config(folder: Path) -> Path:
    """Sampled values of a booster on Adult's columns of numbers."""
    import xgboost

    rows = duckdb.sql(f"SELECT * FROM '{ADULT}'").fetchnumpy()
    data = xgboost.DMatrix(
        np.column_stack([rows[name] for name in NUMBERS]), rows["income"] == ">50K", feature_names=NUMBERS
    )
    xgboost.train({"objective": "binary:logistic", "max_depth": 6}, data, 100).save_model(folder / "model.ubj")
    document = {
        "dataset_type": "application/x-parquet",
        "methods": {"shap": {"num_clusters": 1, "save_local_shap_values": True}},
        "predictor": {"model": str(folder / "model.ubj")},
    }
    path = folder / "explanations.json"
    path.write_text(json.dumps(document))
    return path


def seconds(work: Callable[[], Any]) -> float:
    """What ``work`` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def compare_bias(session: Any, data: Path, folder: Path) -> None:
    """Our job and the group-by in turns."""
    config = bias_config(folder)

    def ours() -> None:
        run_job(config, data=str(data), output=folder / "bias", engine="spark")

    def by_hand() -> None:
        session.read.parquet(str(data)).groupBy(*COUNTED).count().collect()

    by_hand()
    ours()
    times = [(seconds(by_hand), seconds(ours)) for _ in range(TURNS)]
    hand, job = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"group-by written by hand {hand:6.2f} s\nwhole bias job           {job:6.2f} s   {job / hand:.2f} times")


def compare_explanations(session: Any, rows: int, folder: Path) -> None:
    """One process and Spark, each less its start-up."""
    config = explanation_config(folder)
    names = ", ".join(f'"{name}"' for name in NUMBERS)
    copies = -(-rows // 32_561)
    many, few = folder / "many.parquet", folder / "few.parquet"
    drawn = f"SELECT {names} FROM '{ADULT}', range({copies}) ORDER BY hash(fnlwgt, range) LIMIT "
    for path, number in ((many, rows), (few, 32)):
        duckdb.sql(f"COPY ({drawn}{number}) TO '{path}' (FORMAT parquet)")
    found = {}
    for engine, keys in (("local", {"workers": 1}), ("spark", {})):
        output = folder / engine

        def job(data: Path, engine: str = engine, keys: dict[str, Any] = keys, output: Path = output) -> None:
            run_job(config, data=str(data), output=output, engine=engine, **keys)

        first, started = seconds(lambda: job(few)), seconds(lambda: job(few))
        taken = seconds(lambda: job(many))
        found[engine] = (taken - started) / rows
        print(
            f"{engine:5} first job of 32 rows {first:5.2f} s, a later one {started:5.2f} s; "
            f"{rows:,} rows {taken:6.2f} s, {1e6 * found[engine]:.1f} microseconds a row"
        )
    print(f"time a row on Spark      {found['spark'] / found['local']:.2f} times that of one process")
    local, spark = ((folder / name / "analysis.json").read_bytes() for name in ("local", "spark"))
    if local != spark:
        raise SystemExit("The values differ.")


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="Parquet file of Adult's columns; drawn if left out")
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows to draw")
    parser.add_argument("--explained", type=int, default=200_000, help="rows to explain")
    parser.add_argument("--only", choices=["bias", "explanations"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begun = time.perf_counter()
        with spark_session(SparkSettings("local[*]"), log=folder / "spark.log") as session:
            print(f"session                  {time.perf_counter() - begun:6.2f} s")
            if arguments.only != "explanations":
                compare_bias(session, arguments.data or adult_like(folder, arguments.rows), folder)
            if arguments.only != "bias":
                compare_explanations(session, arguments.explained, folder)


if __name__ == "__main__":
    main()
