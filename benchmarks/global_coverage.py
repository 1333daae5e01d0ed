"""How often the intervals of sampled global values hold the exact ones, and how large the errors look beside the true.

    python benchmarks/global_coverage.py

Two models of twelve census-like columns are tabulated: every coalition of every row before three background rows. So
the exact global values are known, and many seeds cost little. For every estimator, number of rows and aggregation:
coverage of the 95 % intervals over seeds and columns, and standard errors over true errors, each in root mean square
over the seeds, in the median column; in brackets, the same if errors of rows that share coalitions were taken to move
fully together. `precision` is asked of the models themselves, before ten background rows in strata.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from shapley_games import Array, Case, adult_like
from shapley_games import _case as case_of
from shapley_games import _network as network
from shapley_games import _trees as trees

from pellucid.explain.aggregate import AGGREGATIONS, Aggregation, GlobalValues, aggregate
from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget
from pellucid.explain.designs import enumeration
from pellucid.explain.estimate import explain_games
from pellucid.explain.plan import Plan
from pellucid.explain.solve import solver
from pellucid.protocols.game import Answer, Asked, Games

COLUMNS = 12
ROUNDING = 1e-12
PLANS = {
    "leverage, 60 samples": Plan(estimator="leverage", budget=Budget(samples=60)),
    "leverage, 200": Plan(estimator="leverage", budget=Budget(samples=200)),
    "odd terms, 200": Plan(budget=Budget(samples=200)),
    "permutation, 440": Plan(estimator="permutation", budget=Budget(samples=440)),
}
PRECISION = {"precision 0.05": Plan(budget=Budget(precision=0.05))}


class TabledGames:
    """Games whose values are known, shape (rows, coalitions); coalitions count as binary numbers of their columns."""

    inputs_per_coalition = 1
    has_common_base = True
    players = COLUMNS

    def __init__(self, values: Array) -> None:
        self.table = values
        self.rows = len(values)

    def playing(self, rows: Sequence[int]) -> npt.NDArray[np.bool_]:
        """All columns."""
        return np.ones((len(rows), COLUMNS), dtype=bool)

    active = playing

    def ends(self, rows: Sequence[int]) -> Answer:
        """Values of the empty and of the full coalition."""
        return Answer(self.table[list(rows)][:, [0, -1], None], 0)

    def values(self, asked: Asked) -> Answer:
        """Values of any coalitions."""
        return Answer(self.table[asked.rows, numbers(asked.coalitions)][:, None], len(asked))


def numbers(coalitions: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Coalitions as binary numbers."""
    return np.asarray(coalitions @ (1 << np.arange(COLUMNS)))


def tabled(case: Case) -> Array:
    """The value of every coalition of every row."""
    present = (np.arange(2**COLUMNS)[:, None] >> np.arange(COLUMNS)) & 1 == 1
    values = np.empty((len(case.rows), len(present)))
    for place, row in enumerate(case.rows):
        masked = np.where(present[:, None, :], row, case.background).reshape(-1, COLUMNS)
        values[place] = case.score(masked).reshape(len(present), -1).mean(axis=1)
    return values


def exact(values: Array) -> Array:
    """Shapley values of all rows, shape (rows, columns, 1)."""
    design = enumeration(COLUMNS)
    return solver(design).solve(values[:, numbers(design.coalitions)], values[:, 0], values[:, -1])[:, :, None]


def told(found: Attributions, method: Aggregation, *, together: bool) -> GlobalValues:
    """Global values, with errors that are known to be shared or taken to be."""
    loadings = None if together else found.loadings_for(method)
    return aggregate(
        found.values,
        found.standard_errors,
        method=method,
        blocks=found.blocks,
        loadings=loadings,
        odd_parts=found.odd_parts,
        learnt=found.learnt,
        noise_shares=found.noise_shares,
    )


def line(found: Sequence[Attributions], truth: Array, method: Aggregation) -> tuple[float, float, float]:
    """Coverage, and how many times too large errors look, without and with errors taken to move together."""
    target = aggregate(truth, np.zeros(truth.shape), method=method).value
    ratios = []
    for together in (True, False):
        values = [told(one, method, together=together) for one in found]
        off = np.sqrt(np.mean([(one.corrected - target) ** 2 for one in values], axis=0))
        size = np.sqrt(np.mean([one.standard_error**2 for one in values], axis=0))
        ratios.append(float(np.median(size / off)))
    held = np.mean([(one.low - ROUNDING <= target) & (target <= one.high + ROUNDING) for one in values])
    return float(held), ratios[1], ratios[0]


def report(title: str, make: Callable[[], Games], truth: Array, plan: Plan, seeds: int) -> list[tuple[float, float]]:
    """Print the lines of an estimator and a number of rows."""
    found = [explain_games(make(), replace(plan, seed=seed)) for seed in range(seeds)]
    lines = {method: line(found, truth, method) for method in AGGREGATIONS}
    cells = [f"{method} {held:.3f} / {now:.2f} ({before:.1f})" for method, (held, now, before) in lines.items()]
    print(f"{title:42} {'   '.join(cells)}", flush=True)
    return [(held, now) for held, now, _ in lines.values()]


def main() -> None:
    """Read the options, go through models, estimators and numbers of rows."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, nargs="+", default=[10, 64, 200, 1000])
    options.add_argument("--seeds", type=int, default=60)
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    data, target = adult_like(4000, np.random.default_rng(1))
    data, results = data[:, :COLUMNS], []
    for name, model, margin in (("trees", trees(), True), ("network", network(), False)):
        case = case_of(name, data, target, model, margin=margin, rows=max(chosen.rows), background=3)
        values = tabled(case)
        for label, plan in PLANS.items():
            for rows in chosen.rows:
                games = TabledGames(values[:rows])
                title = f"{name}, {label}, {rows} rows"
                results += report(title, lambda games=games: games, exact(values[:rows]), plan, chosen.seeds)
        for label, plan in PRECISION.items():
            for rows in [rows for rows in chosen.rows if rows <= 200]:
                strata = case_of(name, data, target, model, margin=margin, rows=rows)
                title = f"{name}, {label}, {rows} rows"
                results += report(title, strata.games, exact(tabled(strata)), plan, chosen.seeds // 2)
    held, ratios = zip(*results, strict=True)
    print(
        f"coverage {min(held):.3f} to {max(held):.3f}, {np.mean(held):.3f} in the mean; "
        f"told over true error {min(ratios):.2f} to {max(ratios):.2f}, {np.median(ratios):.2f} in the median"
    )


if __name__ == "__main__":
    main()
