"""Time the flip test against scikit-learn alone and against smclarify, on rows like those of the Adult census.

    python benchmarks/flip_test.py --rows 100000 --reference-python /path/to/python/with/smclarify
    python benchmarks/flip_test.py --rows 1000000 --spark --data /tmp --variants raw standardised

Every engine must give the same value; the first that does not ends the run. Medians of ``--repeats`` runs.

``--spark``: whole jobs on eight numeric columns, on this machine and on Spark with the master of ``--master``, each in
a process of its own: seconds of the flip test with the reading of its rows, and the peak memory of the process that
starts the job, without Java and the workers. The files that the jobs write must be equal.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.neighbors import KNeighborsClassifier

from pellucid.bias.flip_test import count_flips

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

# Per cent of each category in Adult, most frequent first.
WORKCLASS = (70, 7.8, 6.4, 5.6, 4, 3.4, 2.9, 0.1)
EDUCATION = (32.3, 22.4, 16.4, 5.3, 4.2, 3.6, 3.3, 2.9, 2, 1.8, 1.6, 1.3, 1.3, 1, 0.5, 0.2)
YEARS_OF_EDUCATION = (9, 10, 13, 14, 11, 7, 12, 6, 4, 15, 5, 8, 16, 3, 2, 1)
MARITAL_STATUS = (46, 33, 13.6, 3.1, 3, 1.3, 0.1)
OCCUPATION = (12.7, 12.6, 12.5, 11.6, 11.2, 10.1, 6.1, 5.7, 4.9, 4.2, 3.1, 2.9, 2, 0.5, 0.1)
RELATIONSHIP = (40.5, 25.5, 15.6, 10.6, 4.8, 3)
RACE = (85.4, 9.6, 3.2, 1, 0.8)
GAINS = (15024, 7688, 7298, 99999, 3103, 5178, 5013, 4386, 8614, 3325, 2174)
LOSSES = (1902, 1977, 1887, 1848, 1485, 1590, 1602, 1740, 1876, 1672, 2415)

REFERENCE = """
import sys, time
import numpy as np, pandas as pd
from smclarify.bias.metrics.posttraining import FT
rows = np.load(sys.argv[1])
arguments = pd.DataFrame(rows["features"]), pd.Series(rows["in_d"]), pd.Series(rows["positive"])
for _ in range(int(sys.argv[2])):
    start = time.perf_counter(), time.process_time()
    value = FT(*arguments)
    print(time.perf_counter() - start[0], time.process_time() - start[1], repr(float(value)))
"""


def adult_like(rows: int, rng: np.random.Generator) -> tuple[Floats, Booleans, Booleans]:
    """Twelve numeric columns with Adult's skew, who is in facet ``d`` (a third), and whom the model accepts."""

    def category(per_cent: tuple[float, ...]) -> npt.NDArray[np.int64]:
        return rng.choice(len(per_cent), size=rows, p=np.array(per_cent) / sum(per_cent))

    age = np.clip(17 + rng.gamma(2.6, 8.5, rows), 17, 90).round()
    final_weight = np.clip(rng.lognormal(12.0, 0.55, rows), 12_285, 1_484_705).round()
    education = category(EDUCATION)
    years = np.array(YEARS_OF_EDUCATION)[education]
    gain = np.where(rng.random(rows) < 0.083, rng.choice(GAINS, rows), 0)
    loss = np.where(rng.random(rows) < 0.047, rng.choice(LOSSES, rows), 0)
    hours = np.where(rng.random(rows) < 0.47, 40, np.clip(rng.normal(41, 13, rows), 1, 99)).round()
    people = [age, category(WORKCLASS), final_weight, education, years, category(MARITAL_STATUS), category(OCCUPATION)]
    people += [category(RELATIONSHIP), category(RACE), gain, loss, hours]
    in_d = rng.random(rows) < 0.33
    score = 0.35 * (years - 10) + 0.03 * (age - 38) + 0.03 * (hours - 40) + gain / 5000 - 1.6 - 0.6 * in_d
    return np.column_stack(people).astype(np.float64), in_d, score + rng.logistic(size=rows) > 0


def ours(features: Floats, in_d: Booleans, positive: Booleans) -> float:
    """Pellucid's flip test."""
    return count_flips(features[~in_d], positive[~in_d], features[in_d], positive[in_d]).value


def scikit_learn(features: Floats, in_d: Booleans, positive: Booleans) -> float:
    """The classifier alone, which is the least that the definition asks for."""
    neighbours = KNeighborsClassifier(5).fit(features[~in_d], positive[~in_d]).predict(features[in_d])
    return float((positive[in_d].astype(int) - neighbours).sum() / in_d.sum())


class Timed(NamedTuple):
    """Median seconds on the clock and of all threads, and the value."""

    wall: float
    cpu: float
    value: float


def timed(run: Callable[[], float], repeats: int) -> Timed:
    """Run so often, after a first run that loads what is needed."""
    value = run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        value = run()
        seconds.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return Timed(*(statistics.median(taken) for taken in zip(*seconds, strict=True)), value)


def smclarify(python: Path, features: Floats, in_d: Booleans, positive: Booleans, repeats: int) -> Timed:
    """``smclarify``'s FT in its own interpreter; reading the rows is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.npz"
        np.savez(rows, features=features, in_d=in_d, positive=positive)
        command = [str(python), "-c", REFERENCE, str(rows), str(repeats)]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    runs = [tuple(map(float, line.split())) for line in lines]
    return Timed(*(statistics.median(run[place] for run in runs) for place in (0, 1)), runs[-1][2])


def compare(variant: str, features: Floats, in_d: Booleans, positive: Booleans, options: argparse.Namespace) -> None:
    """Print one line per engine."""
    results = {"pellucid": timed(lambda: ours(features, in_d, positive), options.repeats)}
    if not options.alone:
        results["scikit-learn"] = timed(lambda: scikit_learn(features, in_d, positive), options.repeats)
    if options.reference_python:
        results["smclarify"] = smclarify(options.reference_python, features, in_d, positive, options.repeats)
    least = results["pellucid"]
    for engine, other in results.items():
        print(
            f"{variant:14} {engine:14} {other.wall:9.3f} s  x {other.wall / least.wall:6.1f}"
            f"   CPU {other.cpu:9.3f} s  x {other.cpu / least.cpu:6.1f}   FT {other.value:+.9f}",
            flush=True,
        )
        if other.value != least.value:
            sys.exit(f"{engine} says {other.value!r}, Pellucid {least.value!r}.")


# --- jobs on Spark ----------------------------------------------------------------------------------------------------
EIGHT = [0, 2, 4, 5, 6, 9, 10, 11]
JOB = {
    "dataset_type": "application/x-parquet",
    "label": "accepted",
    "predicted_label": "predicted",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "group", "value_or_threshold": ["d"]}],
    "methods": {"post_training_bias": {"methods": ["FT"]}},
}

ONE_JOB = """
import sys, time
from pathlib import Path
from pellucid.api.job import run_job

engine, folder, steps = sys.argv[1], Path(sys.argv[2]), []
def noted(step):
    steps.append((step, time.perf_counter()))
if __name__ == "__main__":
    data = str(folder / "rows.parquet")
    run_job(folder / "config.json", data=data, output=folder / engine, engine=engine, progress=noted)
    begun = next(place for place, step in enumerate(steps) if step[0].startswith("post-training bias"))
    seconds = steps[begun + 1][1] - steps[begun][1]
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 2**10
    told = [step for step, _ in steps if step.startswith("flip test on this machine")]
    print(f"{seconds:9.1f} s, {peak:6,.0f} MB of this process", *told)
"""
"""In a process without the packages of this script. Its peak is Linux's own count: getrusage's begins with that of the
process that started it."""


def jobs(variant: str, features: Floats, in_d: Booleans, positive: Booleans, options: argparse.Namespace) -> None:
    """Print one line per engine: a job in a process of its own."""
    columns = {f"f{place}": features[:, place] for place in EIGHT}
    if variant == "raw":  # whole numbers, as in the census
        columns = {name: column.astype(np.int64) for name, column in columns.items()}
    flags = {"accepted": positive.astype(np.int64), "predicted": positive.astype(np.int64)}
    with tempfile.TemporaryDirectory(dir=options.data) as name:
        folder = Path(name)
        rows = pl.DataFrame({**columns, **flags, "group": np.where(in_d, "d", "a")})
        rows.write_parquet(folder / "rows.parquet")
        (folder / "config.json").write_text(json.dumps(JOB))
        (folder / "pellucid.toml").write_text(f'[engine]\nmaster = "{options.master}"\n')
        for engine in ("local", "spark"):
            command = [sys.executable, "-c", ONE_JOB, engine, str(folder)]
            lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
            print(f"{variant:14} {engine:14} {lines[-1]}", flush=True)
        for file in ("analysis.json", "pellucid.json"):
            if (folder / "local" / file).read_bytes() != (folder / "spark" / file).read_bytes():
                sys.exit(f"{file} differs between the engines.")


def main() -> None:
    """Read the options, make the rows, compare on raw and on standardised columns."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--variants", nargs="+", default=["raw", "no weight", "standardised"])
    options.add_argument("--alone", action="store_true", help="time Pellucid only")
    options.add_argument("--reference-python", type=Path, help="an interpreter that has smclarify 0.5")
    options.add_argument("--spark", action="store_true", help="whole jobs, on this machine and on Spark")
    options.add_argument("--master", default="local[*]", help="of Spark")
    options.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()), help="folder for the rows of jobs")
    chosen = options.parse_args()
    features, in_d, positive = adult_like(chosen.rows, np.random.default_rng(chosen.seed))
    variants = {
        "raw": features,
        "no weight": np.delete(features, 2, axis=1),
        "standardised": (features - features.mean(axis=0)) / features.std(axis=0),
    }
    for variant in chosen.variants:
        (jobs if chosen.spark else compare)(variant, variants[variant], in_d, positive, chosen)
    if not chosen.spark:
        print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
