"""Time exact values of tree ensembles against shap.TreeExplainer, interventional, on the same rows and background.

    python benchmarks/tree_shap.py --reference-python /path/to/python/with/shap

The other interpreter needs shap and the same xgboost, lightgbm and scikit-learn. Both sides run in processes of their
own, in turn: first on one thread, for CPU seconds, then with all processors that the process may use, for seconds on
the clock; from a model in memory to the values, medians of ``--repeats``. (shap adds up on one thread in any case.)
Where there are few features, one row is also enumerated through all coalitions. The run fails if the median ratio of
CPU seconds is below ``--at-least``, if values differ from enumeration by more than 1e-10, or if ours depend on the
number of threads.
"""

from __future__ import annotations

import argparse
import itertools
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from math import factorial
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import xgboost
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor

from pellucid.explain.exact.trees import explain_trees
from pellucid.models.tree_readers.read import read_trees

Floats = npt.NDArray[np.float64]

LOADING = """
import pickle, sys, time
import numpy as np
model, rows, background = pickle.load(open(sys.argv[1], "rb"))
"""

OURS = """
from pellucid.explain.exact.trees import explain_trees
from pellucid.models.tree_readers.read import read_trees
clock, start = time.perf_counter(), time.process_time()
values = explain_trees(read_trees(model, "model"), rows, background).values[:, :, 0]
print(time.process_time() - start, time.perf_counter() - clock)
np.save(sys.argv[2], values)
"""

REFERENCE = """
import shap
clock, start = time.perf_counter(), time.process_time()
explainer = shap.TreeExplainer(model, background, feature_perturbation="interventional")
values = explainer.shap_values(rows, check_additivity=False)
values = values[:, :, -1] if values.ndim == 3 else values
print(time.process_time() - start, time.perf_counter() - clock)
np.save(sys.argv[2], values)
"""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
MOST_ENUMERATED = 14


def census(rows: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Fourteen columns like Adult's, half of them categories, in single precision as the libraries compare them."""
    categories = [rng.integers(0, number, rows) for number in (8, 16, 7, 15, 6, 5, 2, 41)]
    gains = rng.exponential(5000, rows) * (rng.random(rows) < 0.08)
    losses = rng.exponential(1800, rows) * (rng.random(rows) < 0.05)
    numbers = [rng.integers(17, 90, rows), rng.lognormal(12, 0.5, rows), rng.integers(1, 17, rows), gains, losses]
    people = np.column_stack([*numbers, rng.integers(1, 99, rows), *categories]).astype(np.float32)
    score = people[:, 0] / 30 + people[:, 2] * people[:, 8] / 30 + people[:, 3] / 5000 + people[:, 5] / 40
    return people.astype(np.float64), score + rng.normal(size=rows)


def wide(rows: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A hundred numeric columns."""
    cells = rng.normal(size=(rows, 100)).astype(np.float32).astype(np.float64)
    return cells, cells[:, 0] + cells[:, 1] * cells[:, 2] + np.sin(cells[:, 3:10]).sum(axis=1)


def models(rng: np.random.Generator) -> Iterator[tuple[str, Any, Floats]]:
    """Name, fitted model, rows that it may be asked of."""
    people, income = census(20_000, rng)
    accepted = (income > np.median(income)).astype(int)
    booster = {"nthread": 1, "objective": "binary:logistic"}
    data = xgboost.DMatrix(people, accepted)
    yield "census, XGBoost, 100 trees of depth 6", xgboost.train({"max_depth": 6, **booster}, data, 100), people
    for leaves in (31, 127):
        settings = {"num_leaves": leaves, "verbose": -1, "num_threads": 1}
        fitted = lightgbm.train(settings, lightgbm.Dataset(people, income), 100)
        yield f"census, LightGBM, 100 trees of {leaves} leaves", fitted, people
    boosting = HistGradientBoostingRegressor(max_iter=100, early_stopping=False).fit(people, income)
    yield "census, scikit-learn histogram boosting, 100 trees", boosting, people
    forest = RandomForestRegressor(100, max_depth=8, random_state=0).fit(people[:5000], income[:5000])
    yield "census, scikit-learn forest, 100 trees of depth 8", forest, people
    grown = RandomForestRegressor(10, min_samples_leaf=2, random_state=0).fit(people[:5000], income[:5000])
    yield "census, scikit-learn forest, 10 trees grown to the end", grown, people
    pure = RandomForestRegressor(10, random_state=0).fit(people[:5000], income[:5000])
    yield "census, scikit-learn forest, 10 trees grown to leaves of one row", pure, people
    voting = RandomForestClassifier(10, random_state=0).fit(people[:5000], accepted[:5000])
    yield "census, scikit-learn classification forest, 10 trees grown to the end", voting, people
    cells, target = wide(4000, rng)
    data = xgboost.DMatrix(cells, target)
    yield "100 features, XGBoost, 150 trees of depth 5", xgboost.train({"max_depth": 5, "nthread": 1}, data, 150), cells
    grown = RandomForestRegressor(5, random_state=0).fit(cells, target)
    yield "100 features, scikit-learn forest, 5 trees grown to leaves of one row", grown, cells


def run(python: str, script: str, case: Path, answer: Path, threads: dict[str, str]) -> tuple[float, float]:
    """CPU seconds and seconds on the clock of one side, whose values come to stand in ``answer``."""
    command = [python, "-W", "ignore", "-c", LOADING + script, str(case), str(answer)]
    around = {name: told for name, told in os.environ.items() if name not in ONE_THREAD}
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env={**around, **threads})
    cpu, clock = printed.stdout.split()[-2:]
    return float(cpu), float(clock)


def in_turn(reference_python: str, case: Path, answers: tuple[Path, Path], repeats: int) -> tuple[Floats, bool]:
    """Median CPU seconds on one thread and seconds on the clock on all, of both sides, and whether ours are the same.

    The times have shape (2, sides).
    """
    sides = ((sys.executable, OURS, answers[0]), (reference_python, REFERENCE, answers[1]))
    times, found = np.empty((repeats, 2, 2)), set()
    for repeat, (kind, threads) in itertools.product(range(repeats), enumerate((ONE_THREAD, {}))):
        for side, (python, script, answer) in enumerate(sides):
            times[repeat, kind, side] = run(python, script, case, answer, threads)[kind]
        found.add(answers[0].read_bytes())
    return np.median(times, axis=0), len(found) == 1


def enumeration_gap(model: Any, row: Floats, background: Floats) -> float:
    """Largest difference from all coalitions of one row, relative to its largest value."""
    ensemble, players = read_trees(model, "model"), len(row)
    present = (np.arange(1 << players)[:, None] >> np.arange(players)) & 1 == 1
    scores = [ensemble.scores(np.where(present, row, other))[:, 0] for other in background]
    value, size = np.mean(scores, axis=0), present.sum(axis=1)
    share = np.array([factorial(held) * factorial(players - 1 - held) for held in range(players)]) / factorial(players)
    absent = [np.flatnonzero(~present[:, player]) for player in range(players)]
    expected = [share[size[sets]] @ (value[sets | 1 << player] - value[sets]) for player, sets in enumerate(absent)]
    found = explain_trees(ensemble, row[None], background).values[0, :, 0]
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def main() -> int:
    """Print one line per model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference-python", required=True, help="interpreter with shap")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--background", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--at-least", type=float, default=5.0)
    options = parser.parse_args()
    ratios, gaps, same = [], [0.0], True
    with tempfile.TemporaryDirectory() as folder:
        case, ours, reference = (Path(folder) / name for name in ("case.pickle", "ours.npy", "reference.npy"))
        for name, model, cells in models(np.random.default_rng(0)):
            rows, background = cells[: options.rows], cells[-options.background :]
            case.write_bytes(pickle.dumps((model, rows, background)))
            times, unchanged = in_turn(options.reference_python, case, (ours, reference), options.repeats)
            same &= unchanged
            ratios.append(times[:, 1] / times[:, 0])
            values, others = np.load(ours), np.load(reference)
            apart = np.abs(values - others).max() / np.abs(values).max()
            line = f"{name}: apart {apart:.1e}"
            for kind, (mine, theirs), ratio in zip(("CPU", "clock"), times, ratios[-1], strict=True):
                line += f"; {kind} {mine:.3f} s, shap {theirs:.3f} s, {ratio:.1f} x"
            if cells.shape[1] <= MOST_ENUMERATED:
                gaps.append(enumeration_gap(model, rows[0], background[:5]))
                line += f"; from enumeration {gaps[-1]:.1e}"
            print(line, flush=True)
    cpu, clock = np.median(ratios, axis=0)
    print(f"median {cpu:.1f} x of CPU, {clock:.1f} x on the clock; at most {max(gaps):.1e} from enumeration")
    print(f"values on one thread and on all are {'the same' if same else 'different'}")
    return int(cpu < options.at_least or max(gaps) > 1e-10 or not same)


if __name__ == "__main__":
    sys.exit(main())
