"""Error against the number of coalitions: Pellucid's ``auto`` beside shap and shapiq, on games of known values.

    python benchmarks/shapley_accuracy.py --reference-python /path/to/python/with/shap/and/shapiq

For every game, at shap's default of 2048 + 2 M coalitions: the relative squared error (sum of squared errors over sum
of squared values) of Pellucid, of shap's KernelExplainer as shipped and with its feature selection off (l1_reg=0), and
of shapiq's approximators; the ratios; and the number of coalitions with which Pellucid first has the peer's error.
Nothing is timed.
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

OPTIONS = {"shap, shipped": {}, "shap, l1_reg=0": {"l1_reg": 0}}
APPROXIMATORS = {
    "shapiq, KernelSHAP": ("KernelSHAP", {}),
    "shapiq, KernelSHAP in pairs": ("KernelSHAP", {"pairing_trick": True}),
    "shapiq, kADDSHAP": ("kADDSHAP", {"max_order": 2}),
    "shapiq, PermutationSamplingSV": ("PermutationSamplingSV", {}),
    "shapiq, SVARM": ("SVARM", {}),
    "shapiq, UnbiasedKernelSHAP": ("UnbiasedKernelSHAP", {}),
}
"""The first is what shapiq chooses for Shapley values."""
PEERS = (*OPTIONS, *APPROXIMATORS)
SHARES = (0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.55, 0.75, 1.0)


def error(values: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> float:
    """Relative squared error over rows and seeds, of values of shape (seeds, rows, columns)."""
    return float(((values - truth) ** 2).sum() / ((truth**2).sum() * len(values)))


def ours(case: Case, truth: npt.NDArray[np.float64], samples: int, seeds: int) -> float:
    """Error of ``auto``."""
    plans = [Plan(budget=Budget(samples=samples), seed=seed) for seed in range(seeds)]
    return error(np.array([explain_games(case.games(), plan).values[:, :, 0] for plan in plans]), truth)


def compare(name: str, case: Case, options: argparse.Namespace) -> dict[str, tuple[float, float]]:
    """Print the lines of a game; return error ratio and ratio of coalitions against each peer."""
    most = default_samples(case.d)
    peer = reference(case, options.reference_python, OPTIONS, [most], options.seeds, APPROXIMATORS)
    truth = peer["truth"] if case.margin else case.enumerated()
    curve = {max(1, int(share * most)): 0.0 for share in SHARES}
    curve = {samples: ours(case, truth, samples, options.seeds) for samples in curve}
    print(f"{name}, {case.d} columns, {most:,} coalitions: error {curve[most]:.1e}")
    ratios = {}
    for name_of_peer in PEERS:
        theirs = error(peer[name_of_peer, most], truth)
        enough = next((samples for samples in sorted(curve) if curve[samples] <= theirs), 2**62)
        ratios[name_of_peer] = theirs / curve[most], most / enough
        times, fewer = ratios[name_of_peer]
        ratio = f"{times:8.1f} x ours, which needs {enough:5,} for it ({fewer:5.1f} x fewer)"
        print(f"    {name_of_peer:30} {theirs:8.1e}: {ratio}", flush=True)
    return ratios


def main() -> None:
    """Read the options, compare game by game, print medians."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument(
        "--reference-python", type=Path, required=True, help="an interpreter with shap, shapiq and lightgbm"
    )
    options.add_argument("--rows", type=int, default=4)
    options.add_argument("--seeds", type=int, default=2)
    options.add_argument("--games", nargs="+", default=None)
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    made = {name: make for name, make in cases(chosen.rows).items() if chosen.games is None or name in chosen.games}
    ratios = [compare(name, make(), chosen) for name, make in made.items()]
    for peer in PEERS:
        errors, samples = zip(*(of_game[peer] for of_game in ratios), strict=True)
        print(
            f"against {peer}: error {statistics.median(errors):.1f} x lower (least {min(errors):.1f}), "
            f"same error from {statistics.median(samples):.1f} x fewer coalitions (least {min(samples):.1f}); medians"
        )


if __name__ == "__main__":
    main()
