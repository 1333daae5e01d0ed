"""How often the intervals of sampled Shapley values hold the exact ones, and how large the errors look beside the true.

    python benchmarks/shapley_coverage.py --reference-python /path/to/python/with/shap

For every game and several budgets, the linear design (``leverage``) and the one with odd terms (``auto``): coverage of
the 95 % intervals over rows, columns and seeds, and the root mean square of the standard errors over that of the true
errors. shap is needed for the exact values of games of more than 20 columns only.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from shapley_games import Case, cases, reference

from pellucid.explain.budget import Budget
from pellucid.explain.estimate import explain_games
from pellucid.explain.plan import Plan


def coverage(case: Case, truth: npt.NDArray[np.float64], plans: list[Plan]) -> tuple[float, float]:
    """Share of intervals that hold the truth, and rms(standard error) / rms(error), where anything was sampled."""
    values, errors, exact = [], [], []
    for plan in plans:
        explained = explain_games(case.games(), plan)
        sampled = explained.standard_errors[:, :, 0] > 0
        values.append(explained.values[:, :, 0][sampled])
        errors.append(explained.standard_errors[:, :, 0][sampled])
        exact.append(truth[sampled])
    off = np.concatenate(values) - np.concatenate(exact)
    sizes = np.concatenate(errors)
    return float((np.abs(off) <= 1.96 * sizes).mean()), float(np.sqrt((sizes**2).mean() / (off**2).mean()))


def main() -> None:
    """Read the options, go through the games."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--reference-python", type=Path, required=True, help="an interpreter with shap and lightgbm")
    options.add_argument("--rows", type=int, default=4)
    options.add_argument("--seeds", type=int, default=8)
    options.add_argument("--per-column", type=int, nargs="+", default=[4, 10, 30])
    options.add_argument("--games", nargs="+", default=None)
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    worst: dict[str, list[tuple[float, float]]] = {"leverage": [], "auto": []}
    for name, make in cases(chosen.rows).items():
        if chosen.games is not None and name not in chosen.games:
            continue
        case = make()
        truth = reference(case, chosen.reference_python, {}, [], 0)["truth"] if case.margin else case.enumerated()
        for estimator, found in worst.items():
            cells = []
            for factor in chosen.per_column:
                budget = Budget(samples=factor * case.d)
                plans = [Plan(estimator=estimator, budget=budget, seed=seed) for seed in range(chosen.seeds)]
                found.append(coverage(case, truth, plans))
                cells.append(f"{factor:3} d: {found[-1][0]:.3f} / {found[-1][1]:.2f}")
            print(f"{name:15} {estimator:10} {'   '.join(cells)}", flush=True)
    for estimator, found in worst.items():
        shares, sizes = zip(*found, strict=True)
        print(
            f"{estimator}: coverage {min(shares):.3f} to {max(shares):.3f}, ratio {min(sizes):.2f} to {max(sizes):.2f}"
        )


if __name__ == "__main__":
    main()
