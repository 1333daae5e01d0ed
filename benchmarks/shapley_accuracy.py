"""Error against the number of coalitions: Pellucid's ``auto`` beside shap's KernelExplainer, on games of known values.

    python benchmarks/shapley_accuracy.py --reference-python /path/to/python/with/shap

For every game, at shap's default of 2048 + 2 M coalitions: the relative squared error (sum of squared errors over sum
of squared values) of KernelExplainer as shipped, with its feature selection off (l1_reg=0), and of Pellucid; the
ratios; and the number of coalitions with which Pellucid first has shap's error. Nothing is timed.
"""

from __future__ import annotations

import argparse
import statistics
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from shapley_games import Case, cases, reference

from pellucid.explain.budget import Budget, default_samples
from pellucid.explain.estimate import explain_games
from pellucid.explain.plan import Plan

OPTIONS = {"shipped": {}, "l1_reg=0": {"l1_reg": 0}}
SHARES = (0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.55, 0.75, 1.0)


def error(values: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> float:
    """Relative squared error over rows and seeds, of values of shape (seeds, rows, columns)."""
    return float(((values - truth) ** 2).sum() / ((truth**2).sum() * len(values)))


def ours(case: Case, truth: npt.NDArray[np.float64], samples: int, seeds: int) -> float:
    """Error of ``auto``."""
    plans = [Plan(budget=Budget(samples=samples), seed=seed) for seed in range(seeds)]
    return error(np.array([explain_games(case.games(), plan).values[:, :, 0] for plan in plans]), truth)


def compare(name: str, case: Case, options: argparse.Namespace) -> dict[str, tuple[float, float]]:
    """Print a line of the table; return error ratio and ratio of coalitions against each of shap's options."""
    most = default_samples(case.d)
    peer = reference(case, options.reference_python, OPTIONS, [most], options.seeds)
    truth = peer["truth"] if case.margin else case.enumerated()
    curve = {max(1, int(share * most)): 0.0 for share in SHARES}
    curve = {samples: ours(case, truth, samples, options.seeds) for samples in curve}
    line, ratios = f"{name:15} {case.d:4} {curve[most]:9.1e}", {}
    for option in OPTIONS:
        theirs = error(peer[option, most], truth)
        enough = next((samples for samples in sorted(curve) if curve[samples] <= theirs), 2**62)
        ratios[option] = theirs / curve[most], most / enough
        line += f"   {option} {theirs:8.1e} {ratios[option][0]:9.1f} x {enough:5} ({ratios[option][1]:5.1f} x fewer)"
    print(line, flush=True)
    return ratios


def main() -> None:
    """Read the options, compare game by game, print medians."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--reference-python", type=Path, required=True, help="an interpreter with shap and lightgbm")
    options.add_argument("--rows", type=int, default=4)
    options.add_argument("--seeds", type=int, default=2)
    options.add_argument("--games", nargs="+", default=None)
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    print("game               d      ours   then per option of shap: its error, ratio, coalitions that we need for it")
    made = {name: make for name, make in cases(chosen.rows).items() if chosen.games is None or name in chosen.games}
    ratios = [compare(name, make(), chosen) for name, make in made.items()]
    for option in OPTIONS:
        errors, samples = zip(*(of_game[option] for of_game in ratios), strict=True)
        print(
            f"against {option}: error {statistics.median(errors):.1f} x lower (least {min(errors):.1f}), "
            f"same error from {statistics.median(samples):.1f} x fewer coalitions (least {min(samples):.1f}); medians"
        )


if __name__ == "__main__":
    main()
