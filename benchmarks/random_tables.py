"""Random tables by Pellucid and by smclarify: every printed value, metric, error text and failure must be the same.

Each table is small and leans towards the edges of the rules: few rows, one value only, missing values, thresholds at
the largest value, values in another type than the column's. All tables go through smclarify in one process of its own
interpreter. Pellucid reads the same table as a pandas, Polars, Arrow or DuckDB table in turn.

    python benchmarks/random_tables.py --reference-python /tmp/reference/bin/python --tables 1000
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

TOLERANCE = 1e-12
STAGES = ("pre_training", "post_training")
MISSING = None

Job = dict[str, Any]
"""A table and what is asked of it: ``columns`` (name -> type and values), ``facets`` (column and values), and names."""

Result = dict[str, Any]
"""What either library found: ``failures``, or the ``stages`` and the model's ``performance``."""


# --- tables ----------------------------------------------------------------------------------------------------------
POOLS: Mapping[str, Sequence[Sequence[Any]]] = {
    "int": ([0, 1], [0, 1], [0, 1, 2], [-3, -1, 0], [1], range(18, 76), range(-30, 31)),
    "text": (["F", "M"], ["yes", "no"], ["a", "b", "c"], ["0", "1"], ["0.0", "1.0"], [" x", "x "], ["True", "False"]),
    "bool": ([True, False], [True, False], [True]),
    "float": ([0.0, 1.0], [0.0, 1.0, 2.0], [-1.5, -0.5], [k / 8 for k in range(-20, 60)]),
    "category": (["F", "M"], ["a", "b", "c"], [0, 1], [1, 2, 3]),
}
WHOLE_NUMBERS_AS_TEXT = [str(k) for k in range(1, 60)]
SIZES = (1, 2, 3, 5, 8, 12, 19, 20, 21, 39, 40, 41, 60, 60, 120, 300)


def table(rng: random.Random) -> Job:
    """One job with its rows, ready for JSON."""
    rows = rng.choice(SIZES)
    label = column(rng, rows)
    while label["type"] == "int" and len(set(label["values"])) == 1:
        label = column(rng, rows)
    positive = given_values(rng, label, required=True)
    if label["type"] in ("int", "float") and len(positive) == 1 and rng.random() < 0.8:
        positive = [min(0 if value is MISSING else value for value in label["values"])]
    columns = {"y": label, "p": predictions(rng, label, rows)}
    facets = []
    for name in ("f", "g")[: rng.choice((1, 1, 2))]:
        columns[name] = column(rng, rows)
        facets.append({"column": name, "values": given_values(rng, columns[name])})
    for k in range(rng.choice((0, 1, 1, 2, 3, 17))):
        columns[f"x{k}"] = feature(rng, rows)
    group = None
    if rng.random() < 0.7:
        group = rng.choice(("f", "h", "h", "h"))
        if group == "h":
            columns["h"] = column(rng, rows, kinds=("int", "int", "text", "float", "bool"))
    return {"columns": columns, "label": "y", "predicted": "p", "positive": positive, "facets": facets, "group": group}


def column(
    rng: random.Random, rows: int, kinds: Sequence[str] = ("int", "int", "text", "bool", "float", "category")
) -> Job:
    """A column of one type whose values come from a small pool, some of them missing."""
    kind = rng.choice(kinds)
    pool = list(rng.choice(POOLS[kind]))
    if kind == "text" and rng.random() < 0.15:
        pool = WHOLE_NUMBERS_AS_TEXT
    if rng.random() < 0.1:
        pool = pool[:1]
    values = [rng.choice(pool) for _ in range(rows)]
    return {"type": kind, "values": with_gaps(rng, values)}


def with_gaps(rng: random.Random, values: list[Any]) -> list[Any]:
    """Now and then some values are missing, rarely all of them."""
    share = rng.choice((0, 0, 0, 0, 0, 0, 0, 0.1, 0.5))
    if rng.random() < 0.005:
        share = 1
    return [MISSING if rng.random() < share else value for value in values]


def feature(rng: random.Random, rows: int) -> Job:
    """A column for the flip test: mostly numbers, mostly complete."""
    kind = "text" if rng.random() < 0.03 else rng.choice(("int", "int", "float", "float", "bool"))
    draw = {
        "int": lambda: rng.randrange(5),
        "float": lambda: rng.choice((round(rng.gauss(0, 1), 2), float(rng.randrange(4)))),
        "bool": lambda: rng.random() < 0.5,
        "text": lambda: rng.choice("ab"),
    }[kind]
    values: list[Any] = [draw() for _ in range(rows)]
    return {"type": kind, "values": with_gaps(rng, values) if rng.random() < 0.05 else values}


def predictions(rng: random.Random, label: Job, rows: int) -> Job:
    """Mostly the label with some rows exchanged, now and then in another type or without relation to it."""
    chance = rng.random()
    if chance < 0.05:
        return column(rng, rows)
    present = [value for value in label["values"] if value is not MISSING] or [MISSING]
    error = rng.choice((0, 0.2, 0.2, 0.5, 1))
    values = [rng.choice(present) if rng.random() < error else value for value in label["values"]]
    if chance < 0.1:
        values = [present[0]] * rows
    if chance > 0.93:
        other = rng.choice(("int", "text", "bool", "float"))
        converted = [in_type(other, value) for value in values]
        if None not in converted:
            return {"type": other, "values": converted}
    return {"type": label["type"], "values": with_gaps(rng, values) if rng.random() < 0.05 else values}


def in_type(kind: str, value: Any) -> Any:
    """``value`` in another type, None where it does not go."""
    try:
        match kind:
            case "int":
                return int(value)
            case "float":
                return float(value) + 0.5 * (float(value) > 1)
            case "bool":
                return bool(int(value))
        return str(value) if value is not None else None
    except (TypeError, ValueError):
        return None


def given_values(rng: random.Random, of: Job, *, required: bool = False) -> list[Any]:
    """Values or a threshold for a column: present ones, ends of its range, absent ones, and in other types."""
    present = list(dict.fromkeys(value for value in of["values"] if value is not MISSING)) or [1]
    if not required and rng.random() < 0.25:
        return []
    if isinstance(present[0], bool):
        values: list[Any] = rng.choice(([0], [1], [1], ["true"], ["False"], ["yes"], [0, 1]))
    else:
        values = [rng.choice(present)]
        if rng.random() < 0.15:
            values = rng.sample(present, min(len(present), rng.choice((2, 3, 99))))
        if isinstance(values[0], int | float) and rng.random() < 0.25:
            values = [rng.choice((max(present), min(present), max(present) + 1, min(present) - 1, -max(present)))]
    if rng.random() < 0.15:
        other = rng.choice(("int", "float", "text"))
        values = [in_type(other, value) if in_type(other, value) is not None else value for value in values]
    if rng.random() < 0.05:
        values = [*values[: rng.randrange(2)], rng.choice((7, "7", "unknown", 0.5, "0.5", "1", 1, 1.0))]
    return values


# --- Pellucid --------------------------------------------------------------------------------------------------------
ENGINES = ("pandas", "polars", "pyarrow", "duckdb")


def ours(job: Job, engine: str) -> Result:
    """The analysis by Pellucid."""
    from pellucid.bias.analysis import analyse
    from pellucid.bias.metrics import POST_TRAINING, PRE_TRAINING
    from pellucid.config.bias_request import BiasRequest, FacetRequest
    from pellucid.engines.frames import FrameTable
    from pellucid.errors import PellucidError

    request = BiasRequest(
        label=job["label"],
        positive=tuple(job["positive"]),
        facets=tuple(FacetRequest(column=f["column"], values=tuple(f["values"])) for f in job["facets"]),
        predicted_label=job["predicted"],
        group_variable=job["group"],
        features=tuple(name for name in job["columns"] if name not in (job["label"], job["predicted"])),
        pre_training=tuple(metric.name for metric in PRE_TRAINING),
        post_training=tuple(metric.name for metric in POST_TRAINING),
        statistics=False,
        allow_unseen_values=True,
    )
    try:
        report = analyse(request, FrameTable(native(job["columns"], engine)))
    except PellucidError as error:
        return {"failures": [getattr(error, "message", str(error))]}
    found = json.loads(json.dumps(report.to_dict()))
    return {
        "stages": {stage: found[f"{stage}_bias_metrics"] for stage in STAGES},
        "groups": [group.to_dict() for group in report.groups],
        "performance": None if report.performance is None else report.performance.to_dict(),
    }


def native(columns: Mapping[str, Job], engine: str) -> Any:
    """The rows as a table of ``engine``."""
    import duckdb
    import pandas as pd
    import polars as pl

    if engine == "pandas":
        return pd.DataFrame({name: pandas_series(given) for name, given in columns.items()})
    types = {"int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean, "text": pl.String}
    frame = pl.DataFrame(
        {
            name: pl.Series(name, list(map(str, given["values"])), pl.Categorical)
            if given["type"] == "category" and all(isinstance(value, str) for value in given["values"])
            else pl.Series(name, given["values"], types.get(given["type"]))
            for name, given in columns.items()
        }
    )
    return {"polars": frame, "pyarrow": frame.to_arrow(), "duckdb": duckdb.from_arrow(frame.to_arrow())}[engine]


def pandas_series(given: Job) -> Any:
    """A column as pandas reads it from a CSV file: whole numbers with gaps become floats."""
    import pandas as pd

    values = [math.nan if value is MISSING else value for value in given["values"]]
    if given["type"] == "category":
        return pd.Series(values, dtype="category")
    if given["type"] == "float" or (given["type"] == "int" and MISSING in given["values"]):
        return pd.Series(values, dtype=float)
    if given["type"] == "text" or MISSING in given["values"]:
        return pd.Series(values, dtype=object)
    return pd.Series(values)


# --- smclarify -------------------------------------------------------------------------------------------------------
def reference(source: Path, target: Path) -> None:
    """The same analyses by smclarify; called in the reference environment."""
    import logging
    import warnings

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with target.open("w") as lines:
        for line in source.open():
            lines.write(json.dumps(theirs(json.loads(line))) + "\n")


def theirs(job: Job) -> Result:
    """The analysis by smclarify: the failures of its parts, or all results."""
    import pandas as pd
    from smclarify.bias import report

    frame = pd.DataFrame({name: pandas_series(given) for name, given in job["columns"].items()})
    features = frame.drop(columns=[job["label"], job["predicted"]])
    failures: list[str] = []

    def attempt(part: Any, *arguments: Any, **options: Any) -> Any:
        label = report.LabelColumn(job["label"], frame[job["label"]], list(job["positive"]))
        predicted = report.LabelColumn(job["predicted"], frame[job["predicted"]])
        try:
            return part(*arguments, label, *options.pop("before", ()), predicted_label_column=predicted, **options)
        except Exception as error:  # noqa: BLE001 - whatever it raises is what its job says
            failures.append(str(error))
            return []

    group = None if job["group"] is None else frame[job["group"]]
    stages: dict[str, Any] = {}
    groups: list[Any] = []
    for stage in STAGES:
        facets: dict[str, Any] = {}
        for facet in job["facets"]:
            chosen = report.FacetColumn(facet["column"], list(facet["values"]))
            stage_type = {"before": (report.StageType(stage),)}
            facets[facet["column"]] = attempt(report.bias_report, features, chosen, **stage_type, group_variable=group)
            if stage == "post_training":
                groups += attempt(report.bias_basic_stats, features, chosen, **stage_type)
        try:
            printed = report.label_value_or_threshold(frame[job["label"]], list(job["positive"]))
        except Exception as error:  # noqa: BLE001
            failures.append(str(error))
            printed = ""
        stages[stage] = {"label": job["label"], "facets": facets, "label_value_or_threshold": printed}
    performance = attempt(report.model_performance_report, features)
    if failures:
        return {"failures": failures}
    return {"stages": stages, "groups": groups, "performance": performance}


# --- comparison ------------------------------------------------------------------------------------------------------
MIXED = re.compile(r"'<' not supported between instances of '(str|float)' and '(str|float)'")
LIBRARY_FAULT = "cannot access local variable 'metric_description'"


def disagreements(here: Result, there: Result) -> Iterator[str]:
    """What differs, one line each."""
    if "failures" in here or "failures" in there:
        mine, wanted = here.get("failures"), there.get("failures")
        if mine is None or wanted is None or mine[0] not in wanted:
            yield f"failure: {mine} instead of {sorted(set(wanted or [])) or wanted}"
        return
    for stage in STAGES:
        yield from differences(here["stages"][stage], there["stages"][stage], stage)
    yield from differences(
        [group_basics(group) for group in here["groups"]], list(map(basics, there["groups"])), "group"
    )
    mine, wanted = here["performance"], there["performance"]
    for part in ("model_performance_metrics", "binary_confusion_matrix"):
        yield from differences(mine[part], wanted[part], part)
    if "error" not in wanted.get("confusion_matrix", {"error": None}):
        yield from differences(mine.get("confusion_matrix"), wanted["confusion_matrix"], "confusion_matrix")


def group_basics(group: Mapping[str, Any]) -> list[Any]:
    """Value, proportion, label distribution and confusion matrix of a group, as we give them."""
    names = ("value_or_threshold", "proportion", "observed_label_distribution", "confusion_matrix")
    return [group[name] for name in names]


def basics(group: Mapping[str, Any]) -> list[Any]:
    """The same as smclarify gives them; None where it has an error."""
    return [group["value_or_threshold"], *(metric["value"] for metric in group["metrics"])]


def differences(mine: Any, wanted: Any, where: str) -> Iterator[str]:
    """Where two JSON values differ by more than the tolerance."""
    if isinstance(mine, dict) and isinstance(wanted, dict) and mine.keys() == wanted.keys():
        name = f"{where}.{wanted['name']}" if "name" in wanted else where
        for key in wanted:
            yield from differences(mine[key], wanted[key], f"{name}.{key}")
    elif isinstance(mine, list) and isinstance(wanted, list) and len(mine) == len(wanted):
        for i, (one, other) in enumerate(zip(mine, wanted, strict=True)):
            yield from differences(one, other, f"{where}[{i}]")
    elif not same(mine, wanted):
        yield f"{where}: {mine!r}\n        instead of {wanted!r}"


def same(mine: Any, wanted: Any) -> bool:
    """Equal, or numbers within the tolerance; the order in which a mixture of types fails to sort is of no account."""
    if isinstance(mine, str) and isinstance(wanted, str) and MIXED.fullmatch(mine) and MIXED.fullmatch(wanted):
        return True
    if isinstance(mine, int | float) and isinstance(wanted, int | float):
        return type(mine) is type(wanted) and math.isclose(mine, wanted, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(mine == wanted)


def expected(job: Job, there: Result) -> str | None:
    """Why a difference is meant; None where there must be none."""
    columns = job["columns"]
    asked = [(job["label"], job["positive"]), (job["predicted"], job["positive"])]
    asked += [(facet["column"], facet["values"]) for facet in job["facets"]]
    if any(LIBRARY_FAULT in failure for failure in there.get("failures", [])):
        return "smclarify fails with an unrelated message where facet values cannot be converted"
    for name, values in asked:
        cells = columns[name]["values"]
        if columns[name]["type"] == "bool" and any(isinstance(value, str) for value in values):
            return "text is read as a boolean on a boolean column"
        found = any(value in cells for value in values) and columns[name]["type"] != "bool"
        if cells[0] is MISSING and values and not found:
            return "values are converted to the type of the column, not to that of a missing first cell"
    observed = {value for value in columns[job["label"]]["values"] if value is not MISSING}
    predicted = columns[job["predicted"]]
    floats = predicted["type"] == "float" or (predicted["type"] == "int" and MISSING in predicted["values"])
    if floats and observed <= {0, 1}:
        return "floats predicted for labels 0 and 1 are scores"
    strata = columns.get(job["group"], {"type": "", "values": []})
    if any(
        columns[facet["column"]]["type"] == "bool"
        and MISSING in columns[facet["column"]]["values"]
        and not facet["values"]
        for facet in job["facets"]
    ):
        return "smclarify reads a missing value of a boolean facet as True"
    if strata["type"] == "bool" and MISSING in strata["values"]:
        return "smclarify counts strata several times that it cannot sort: booleans with missing values"
    return None


def compare(jobs: Sequence[Job], results: Sequence[Result], *, shown: int) -> int:
    """Print every difference that is not expected, and counts; how many tables differ."""
    outcomes: Counter[str] = Counter()
    bad = 0
    for number, (job, there) in enumerate(zip(jobs, results, strict=True)):
        engine = engine_of(number, job)
        found = list(disagreements(ours(job, engine), there))
        reason = expected(job, there) if found else None
        outcomes["the same failure" if "failures" in there and not found else reason or "the same"] += (
            not found or bool(reason)
        )
        if found and reason is None:
            bad += 1
            if bad <= shown:
                describe(number, engine, job, found)
    print(f"{len(jobs)} tables, {bad} disagree")
    for reason, tables in outcomes.most_common():
        print(f"  {tables:6} {reason}")
    return bad


def engine_of(number: int, job: Job) -> str:
    """Engines take turns; categories of numbers exist in pandas only."""
    categories = [given for given in job["columns"].values() if given["type"] == "category"]
    plain = all(isinstance(value, str) for given in categories for value in given["values"])
    return ENGINES[number % len(ENGINES)] if plain and not categories else ENGINES[number % 2] if plain else "pandas"


def describe(number: int, engine: str, job: Job, found: Sequence[str]) -> None:
    """A table and how its results differ."""
    print(f"--- table {number}, {engine}: positive {job['positive']}, facets {job['facets']}, group {job['group']}")
    for name, given in job["columns"].items():
        values = given["values"]
        print(f"    {name} {given['type']:8} {len(values)} rows {values[:14]}{' ...' if len(values) > 14 else ''}")
    for line in found[:6]:
        print(f"    {line}")


def main() -> None:
    """Draw the tables, run both libraries, compare."""
    if sys.argv[1:2] == ["reference"]:
        reference(*map(Path, sys.argv[2:4]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference-python", required=True, help="an interpreter that has smclarify 0.5 and pandas 2")
    parser.add_argument("--tables", type=int, default=1000, help="default %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default %(default)s")
    parser.add_argument("--shown", type=int, default=20, help="disagreements printed in full, default %(default)s")
    options = parser.parse_args()
    jobs = [table(random.Random(f"{options.seed} {number}")) for number in range(options.tables)]  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "jobs.jsonl", Path(folder) / "results.jsonl"
        source.write_text("".join(json.dumps(job) + "\n" for job in jobs))
        subprocess.run([options.reference_python, __file__, "reference", str(source), str(target)], check=True)
        results = [json.loads(line) for line in target.read_text().splitlines()]
    sys.exit(1 if compare(jobs, results, shown=options.shown) else 0)


if __name__ == "__main__":
    main()
