"""Numbers and times of Pellucid against smclarify and against the bare work of reading and counting.

    python benchmarks/against_smclarify.py agree --reference-python /path/to/python
    python benchmarks/against_smclarify.py all --data /path/with/space --reference-python /path/to/python

Every time is that of a whole process, from start to end; contenders take turns and the median of all turns is printed.
`benchmarks/README.md` says how to make the reference environment and what each part does.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ADULT = Path(__file__).parents[1] / "src" / "pellucid" / "demo" / "adult.parquet"
PELLUCID = str(Path(sys.executable).with_name("pellucid"))
WITHOUT_FLIP_TEST = ["AD", "CDDPL", "DAR", "DCA", "DCR", "DI", "DPPL", "DRR", "GE", "RD", "SD", "TE"]
STAGES = ("pre_training_bias_metrics", "post_training_bias_metrics")
MEGABYTE_OF_MAXRSS = 2**20 if sys.platform == "darwin" else 2**10

SEX = {"name_or_index": "sex", "value_or_threshold": ["Female"]}
RACE = {"name_or_index": "race", "value_or_threshold": ["Black"]}
AGE = {"name_or_index": "age", "value_or_threshold": [40]}
CELLS_OF_SEX = 'income,predicted_income,"marital-status",sex'
"""Columns that a job with this facet counts by."""

DUCKDB = "import duckdb, sys; print(duckdb.sql(sys.argv[1]).fetchall())"
POLARS = """
import polars, sys
print(polars.scan_csv(sys.argv[1]).group_by(sys.argv[2].split(",")).len().collect(engine="streaming"))
"""
# This process stays small: on Linux the peak memory of a child starts from that of the process that made it.


# --- data and configurations -----------------------------------------------------------------------------------------
def query(statement: str) -> None:
    """Run one DuckDB statement in a process of its own."""
    subprocess.run([sys.executable, "-c", DUCKDB, statement], check=True, stdout=subprocess.DEVNULL)


def make(path: Path, select: str) -> Path:
    """Write the rows of ``select`` to ``path`` (CSV or Parquet by its ending), unless it is there already."""
    if not path.exists():
        partial = path.with_name(f"partial-{path.name}")
        options = "FORMAT parquet, COMPRESSION zstd" if path.suffix == ".parquet" else "FORMAT csv, HEADER"
        query(f"COPY ({select}) TO '{partial}' ({options})")
        partial.rename(path)
    return path


def adult_like(folder: Path, rows: int, ending: str) -> Path:
    """UCI Adult drawn with replacement up to ``rows`` rows, the same rows every time."""
    drawn = (
        f"SELECT adult.* EXCLUDE (row) FROM range({rows}) drawn(i)"
        f" JOIN (SELECT *, row_number() OVER () - 1 AS row FROM '{ADULT}') adult ON adult.row = hash(i) % 32561"
        " ORDER BY i"  # else the copies of a row stand together and everything compresses and counts too well
    )
    return make(folder / f"adult-{rows}.{ending}", drawn)


def encoded_adult(folder: Path) -> Path:
    """The 30,162 rows of UCI Adult without ``?``, every text replaced by its rank among the column's texts."""
    texts = ["workclass", "education", "marital-status", "occupation", "relationship", "race", "sex", "native-country"]
    labels = ["income", "predicted_income"]
    numbers = ["age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
    ranks = [f'dense_rank() OVER (ORDER BY "{text}") - 1 AS "{text}"' for text in texts + labels]
    casts = [f'"{number}"::BIGINT AS "{number}"' for number in numbers]
    known = " AND ".join(f"\"{text}\" <> '?'" for text in texts)
    return make(folder / "adult-encoded.parquet", f"SELECT {', '.join(casts + ranks)} FROM '{ADULT}' WHERE {known}")


def config(
    folder: Path,
    name: str,
    data: Path,
    facets: Sequence[Mapping[str, Any]],
    *,
    positive: object = ">50K",
    group: str = "marital-status",
    post_training: object = WITHOUT_FLIP_TEST,
) -> Path:
    """Write an analysis configuration of Clarify's for ``data``."""
    path = folder / f"{name}.json"
    methods = {"pre_training_bias": {"methods": "all"}, "post_training_bias": {"methods": post_training}}
    document = {
        "dataset_type": "application/x-parquet" if data.suffix == ".parquet" else "text/csv",
        "label": "income",
        "predicted_label": "predicted_income",
        "label_values_or_threshold": [positive],
        "facet": list(facets),
        "group_variable": group,
        "methods": methods,
    }
    path.write_text(json.dumps(document, indent=4))
    return path


# --- contenders ------------------------------------------------------------------------------------------------------
Command = Sequence[str]


def pellucid(config: Path, data: Path, output: Path, *options: str) -> Command:
    """The job of ``config`` by Pellucid's command line, without the report, which the others do not write."""
    return [PELLUCID, "run", str(config), "--data", str(data), "--output", str(output), "--no-report", *options]


def smclarify(python: str, config: Path, data: Path, output: Path) -> Command:
    """The job of ``config`` by smclarify, run by its own interpreter."""
    return [python, __file__, "reference", str(config), str(data), str(output)]


def duckdb_group_by(data: Path, columns: str) -> Command:
    """Read and count, and nothing else."""
    return [sys.executable, "-c", DUCKDB, f"SELECT {columns}, count(*) FROM '{data}' GROUP BY {columns}"]


def polars_group_by(data: Path, columns: str) -> Command:
    """Read and count a CSV file, and nothing else."""
    return [sys.executable, "-c", POLARS, str(data), columns.replace('"', "")]


def reference(config: Path, data: Path, output: Path) -> None:
    """Run the bias part of ``config`` with smclarify; called in the reference environment."""
    import pandas as pd
    from smclarify.bias import report

    job = json.loads(config.read_text())
    frame = pd.read_parquet(data) if data.suffix == ".parquet" else pd.read_csv(data)
    observed, predicted = (
        report.LabelColumn(job[key], frame[job[key]], job["label_values_or_threshold"])
        for key in ("label", "predicted_label")
    )
    features = frame.drop(columns=[job["label"], job["predicted_label"]])

    def stage(name: str, stage_type: report.StageType) -> dict[str, Any]:
        asked = job["methods"][name]["methods"]
        return {
            "facets": {
                facet["name_or_index"]: report.bias_report(
                    features,
                    report.FacetColumn(facet["name_or_index"], facet.get("value_or_threshold")),
                    observed,
                    stage_type,
                    predicted,
                    metrics=["all"] if asked == "all" else asked,
                    group_variable=features[job["group_variable"]],
                )
                for facet in job["facet"]
            }
        }

    output.mkdir(parents=True, exist_ok=True)
    analysis = {
        "pre_training_bias_metrics": stage("pre_training_bias", report.StageType.PRE_TRAINING),
        "post_training_bias_metrics": stage("post_training_bias", report.StageType.POST_TRAINING),
    }
    (output / "analysis.json").write_text(json.dumps(analysis))


# --- measuring -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Usage:
    """What one process took: seconds on the clock, seconds of all its threads, peak memory in MB."""

    wall: float
    cpu: float
    peak: float


def measure(command: Command) -> Usage:
    """Run ``command`` to its end; a failure ends the benchmark with what it said."""
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)}\nended with {process.returncode}:\n{said.read().decode()[-4000:]}")
    return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / MEGABYTE_OF_MAXRSS)


def compare(title: str, contenders: Mapping[str, Command], repeat: int, once: Sequence[str] = ()) -> None:
    """Let the contenders take turns and print medians, and ratios to the first one; those in ``once`` run one time."""
    usages: dict[str, list[Usage]] = {name: [] for name in contenders}
    for turn in range(repeat):
        for name, command in contenders.items():
            if turn == 0 or name not in once:
                usages[name].append(measure(command))
    width = max(map(len, contenders))
    print(f"\n{title}")
    print(
        f"  {'':{width}}  {'n':>2} {'wall s':>8} {'cpu s':>8} {'peak MB':>8}   {'x wall':>7} {'x cpu':>7} {'x peak':>7}"
    )
    first: Usage | None = None
    for name, runs in usages.items():
        median = Usage(*(statistics.median(getattr(run, part) for run in runs) for part in ("wall", "cpu", "peak")))
        first = first or median
        print(
            f"  {name:{width}}  {len(runs):>2} {median.wall:8.3f} {median.cpu:8.3f} {median.peak:8.0f}"
            f" {median.wall / first.wall:8.2f} {median.cpu / first.cpu:8.2f} {median.peak / first.peak:8.2f}"
        )


def metric_values(output: Path) -> dict[tuple[str, ...], float | None]:
    """All bias metrics of an ``analysis.json`` by (stage, facet, value, metric)."""
    analysis = json.loads((output / "analysis.json").read_text())
    return {
        (stage, facet, group["value_or_threshold"], metric["name"]): (
            None if metric["value"] is None else float(str(metric["value"]))
        )
        for stage in STAGES
        for facet, groups in analysis[stage]["facets"].items()
        for group in groups
        for metric in group["metrics"]
    }


def check_agreement(ours: Path, theirs: Path, tolerance: float = 1e-12) -> None:
    """Print the largest difference of any metric; end with an error above ``tolerance``."""
    here, there = metric_values(ours), metric_values(theirs)
    if here.keys() != there.keys():
        sys.exit(f"Not the same metrics: {sorted(here.keys() ^ there.keys())}")
    differences = {key: difference(here[key], there[key]) for key in here}
    worst = max(differences, key=lambda key: differences[key])
    print(f"  {len(differences)} metrics, largest difference {differences[worst]:.2g} ({' '.join(worst)})")
    if differences[worst] > tolerance:
        sys.exit(f"More than {tolerance:g} apart: " + str([key for key, gap in differences.items() if gap > tolerance]))


def difference(one: float | None, other: float | None) -> float:
    """Distance of two values; 0 for two equal infinities and for two missing values."""
    if one == other:
        return 0.0
    return math.inf if one is None or other is None else abs(one - other)


# --- parts -----------------------------------------------------------------------------------------------------------
def agree(options: argparse.Namespace) -> None:
    """All 21 metrics of 30,162 rows of Adult, label-encoded, facet sex = Female, group age: equal to 1e-12."""
    folder: Path = options.data
    data = encoded_adult(folder)
    female = {"name_or_index": "sex", "value_or_threshold": [0]}
    job = config(folder, "agree", data, [female], positive=1, group="age", post_training="all")
    contenders = {
        "pellucid": pellucid(job, data, folder / "agree"),
        "smclarify": smclarify(options.reference_python, job, data, folder / "agree-reference"),
    }
    compare("agree: Adult, 30,162 rows, label-encoded Parquet, all 21 metrics", contenders, options.repeat)
    check_agreement(folder / "agree", folder / "agree-reference")


def parquet(options: argparse.Namespace) -> None:
    """Parquet to analysis.json against a bare group-by, with one facet and with three."""
    folder: Path = options.data
    rows = options.rows or 10_000_000
    data = adult_like(folder, rows, "parquet")
    one = config(folder, "parquet-one", data, [SEX])
    three = config(folder, "parquet-three", data, [SEX, RACE, AGE])
    contenders: dict[str, Command] = {
        "DuckDB group-by, 1 facet": duckdb_group_by(data, CELLS_OF_SEX),
        "pellucid, 1 facet": pellucid(one, data, folder / "one"),
        "pellucid --strict, 1 facet": pellucid(one, data, folder / "one-strict", "--strict"),
        "DuckDB group-by, 3 facets": duckdb_group_by(data, f"{CELLS_OF_SEX}, race, (age > 40)"),
        "pellucid, 3 facets": pellucid(three, data, folder / "three"),
        "pellucid --strict, 3 facets": pellucid(three, data, folder / "three-strict", "--strict"),
    }
    if options.with_smclarify_10m:
        contenders["smclarify, 1 facet"] = smclarify(options.reference_python, one, data, folder / "one-reference")
    compare(f"parquet: {rows:,} rows, 20 metrics", contenders, options.repeat, once=["smclarify, 1 facet"])
    if options.with_smclarify_10m:
        check_agreement(folder / "one", folder / "one-reference")


def csv_reference(options: argparse.Namespace) -> None:
    """CSV to analysis.json against smclarify and bare group-bys, with one facet and with three."""
    folder: Path = options.data
    rows = options.rows or 1_000_000
    data = adult_like(folder, rows, "csv")
    facets = {"1 facet": [SEX], "3 facets": [SEX, RACE, AGE]}
    counted = {"1 facet": CELLS_OF_SEX, "3 facets": f"{CELLS_OF_SEX},race,age"}
    for name, chosen in facets.items():
        job = config(folder, f"csv-reference-{len(chosen)}", data, chosen)
        ours, theirs = folder / f"csv-ours-{len(chosen)}", folder / f"csv-reference-{len(chosen)}"
        contenders = {
            "pellucid": pellucid(job, data, ours),
            "Polars group-by": polars_group_by(data, counted[name]),
            "DuckDB group-by": duckdb_group_by(data, counted[name]),
            "smclarify": smclarify(options.reference_python, job, data, theirs),
        }
        once = () if options.smclarify_every_turn else ("smclarify",)
        compare(f"csv-reference: {rows:,} rows of CSV, 20 metrics, {name}", contenders, options.repeat, once=once)
        check_agreement(ours, theirs)


def csv(options: argparse.Namespace) -> None:
    """CSV to analysis.json against bare group-bys of DuckDB and Polars."""
    folder: Path = options.data
    rows = options.rows or 10_000_000
    data = adult_like(folder, rows, "csv")
    job = config(folder, "csv", data, [SEX])
    contenders = {
        "Polars group-by": polars_group_by(data, CELLS_OF_SEX),
        "DuckDB group-by": duckdb_group_by(data, CELLS_OF_SEX),
        "pellucid": pellucid(job, data, folder / "csv"),
    }
    compare(f"csv: {rows:,} rows of CSV, 20 metrics, 1 facet", contenders, options.repeat)


def small(options: argparse.Namespace) -> None:
    """A small job from the start of the process to analysis.json, against smclarify where its interpreter is given."""
    folder: Path = options.data
    data = make(folder / "adult-30162.parquet", f"SELECT * FROM '{ADULT}' LIMIT 30162")
    job = config(folder, "small", data, [SEX])
    contenders = {
        "pellucid": pellucid(job, data, folder / "small"),
        "pellucid --strict": pellucid(job, data, folder / "small-strict", "--strict"),
    }
    if options.reference_python:
        contenders["smclarify"] = smclarify(options.reference_python, job, data, folder / "small-reference")
    compare("small: Adult, 30,162 rows of Parquet, 20 metrics, 1 facet", contenders, options.repeat)


def start(options: argparse.Namespace) -> None:
    """Start of the interpreter, of the package and of the command line."""
    contenders = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import pellucid": [sys.executable, "-c", "import pellucid"],
        "pellucid --help": [PELLUCID, "--help"],
    }
    compare("start", contenders, max(options.repeat, 5))


PARTS: Mapping[str, Callable[[argparse.Namespace], None]] = {
    "start": start,
    "small": small,
    "agree": agree,
    "csv-reference": csv_reference,
    "parquet": parquet,
    "csv": csv,
}
NEED_REFERENCE = ("agree", "csv-reference")


def parse_arguments() -> argparse.Namespace:
    """Read the command line; ends with a message where a part lacks its interpreter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=[*PARTS, "all"])
    parser.add_argument("--reference-python", help="an interpreter that has smclarify 0.5 and pandas 2")
    parser.add_argument("--rows", type=int, help="rows of the generated data instead of those of the part")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(tempfile.gettempdir()) / "pellucid-benchmark",
        help="folder for data and outputs, data are made once (1.5 GB for all parts); default %(default)s",
    )
    parser.add_argument("--repeat", type=int, default=3, help="turns of each contender, default %(default)s")
    parser.add_argument(
        "--smclarify-every-turn", action="store_true", help="part csv-reference: smclarify too runs --repeat times"
    )
    parser.add_argument(
        "--with-smclarify-10m", action="store_true", help="part parquet: smclarify too (about 250 s and 7 GB of memory)"
    )
    arguments = parser.parse_args()
    needed = arguments.part in NEED_REFERENCE or arguments.with_smclarify_10m
    if needed and not arguments.reference_python:
        parser.error("name the interpreter of an environment with smclarify by --reference-python")
    return arguments


def main() -> None:
    """Run one part, or all that can be run."""
    if sys.argv[1:2] == ["reference"]:
        reference(*map(Path, sys.argv[2:5]))
        return
    options = parse_arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    for name in PARTS if options.part == "all" else [options.part]:
        if name in NEED_REFERENCE and not options.reference_python:
            print(f"\n{name}: left out, it needs --reference-python")
        else:
            PARTS[name](options)


if __name__ == "__main__":
    main()
