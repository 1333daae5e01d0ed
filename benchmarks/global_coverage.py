"""How often the intervals of sampled global values hold the exact ones, and how large the errors look beside the true.

    python benchmarks/global_coverage.py

Two models of twelve census-like columns, and one of columns of which most are the same in nearly all rows, are
tabulated: every coalition of every row before three background rows. So the exact global values are known, and many
seeds cost little. For every estimator, number of rows and aggregation: coverage of the 95 % intervals over seeds and
columns, and standard errors over true errors, each in root mean square over the seeds, in the median column; in
brackets, the same if errors of rows that share coalitions were taken to move fully together. `with its link` explains
two outputs: the score, and its logit or, of a margin, the probability. `precision` is asked of the models themselves,
before ten background rows in strata.
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
LINKED = {"odd terms, 200": PLANS["odd terms, 200"]}
SLOW = {"clarify, 200": Plan(estimator="clarify", budget=Budget(samples=200))}
PRECISION = {"precision 0.05": Plan(budget=Budget(precision=0.05))}


class TabledGames:
    """Games of known values, shape (rows, coalitions[, outputs]); coalitions are binary numbers of their columns."""

    inputs_per_coalition = 1
    has_common_base = True
    players = COLUMNS

    def __init__(self, values: Array) -> None:
        self.table = values if values.ndim == 3 else values[:, :, None]
        self.rows = len(values)

    def playing(self, rows: Sequence[int]) -> npt.NDArray[np.bool_]:
        """All columns."""
        return np.ones((len(rows), COLUMNS), dtype=bool)

    active = playing

    def ends(self, rows: Sequence[int]) -> Answer:
        """Values of the empty and of the full coalition."""
        return Answer(self.table[list(rows)][:, [0, -1]], 0)

    def values(self, asked: Asked) -> Answer:
        """Values of any coalitions."""
        return Answer(self.table[asked.rows, numbers(asked.coalitions)], len(asked))


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
    """Shapley values of all rows, shape (rows, columns, outputs)."""
    design = enumeration(COLUMNS)
    asked, outputs = numbers(design.coalitions), values[:, :, None] if values.ndim == 2 else values
    of_outputs = [solver(design).solve(of[:, asked], of[:, 0], of[:, -1]) for of in np.moveaxis(outputs, 2, 0)]
    return np.stack(of_outputs, axis=2)


def with_link(values: Array, *, margin: bool) -> Array:
    """The values, and their link: of margins the probability, of probabilities the logit."""
    linked = 1 / (1 + np.exp(-values)) if margin else np.log(values / (1 - values))
    return np.stack([values, linked], axis=2)


def rare_columns(data: Array) -> Array:
    """Six of the columns, two of which are 0 in most rows, and indicators of six categories that few rows have."""
    categories = ((7, 6), (7, 8), (13, 20), (13, 30), (9, 6), (9, 9))
    indicators = [(data[:, column] == category).astype(float) for column, category in categories]
    return np.column_stack([*data[:, [0, 2, 5, 3, 4, 8]].T, *indicators])


def before_rare(case: Case) -> Case:
    """The same before background rows of which each has something that is rare."""
    background = case.background.copy()
    background[[0, 1, 2], [6, 10, 3]] = 1.0, 1.0, 7298.0
    return replace(case, background=background)


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
    found = [explain_games(make(), replace(plan, seed=seed).of_table(len(truth))) for seed in range(seeds)]
    lines = {method: line(found, truth, method) for method in AGGREGATIONS}
    cells = [f"{method} {held:.3f} / {now:.2f} ({before:.1f})" for method, (held, now, before) in lines.items()]
    print(f"{title:42} {'   '.join(cells)}", flush=True)
    return [(held, now) for held, now, _ in lines.values()]


def tables(
    name: str, values: Array, plans: dict[str, Plan], rows: Sequence[int], seeds: int
) -> list[tuple[float, float]]:
    """Lines of a tabulated model, by estimator and number of rows."""
    results = []
    for label, plan in plans.items():
        for some in rows:
            games = TabledGames(values[:some])
            title = f"{name}, {label}, {some} rows"
            results += report(title, lambda games=games: games, exact(values[:some]), plan, seeds)
    return results


def main() -> None:
    """Read the options, go through models, estimators and numbers of rows."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, nargs="+", default=[10, 64, 200, 1000])
    options.add_argument("--seeds", type=int, default=60)
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    most, few = max(chosen.rows), [rows for rows in chosen.rows if rows <= 200]
    data, target = adult_like(max(4000, 2 * most), np.random.default_rng(1))
    census, results = data[:, :COLUMNS], []
    for name, model, margin in (("trees", trees(), True), ("network", network(), False)):
        values = tabled(case_of(name, census, target, model, margin=margin, rows=most, background=3))
        both, linked = f"{name} with its link", with_link(values, margin=margin)
        results += tables(name, values, PLANS, chosen.rows, chosen.seeds)
        results += tables(both, linked, LINKED, chosen.rows, chosen.seeds)
        results += tables(name, values, SLOW, few, chosen.seeds)
        for label, plan in PRECISION.items():
            for rows in few:
                strata = case_of(name, census, target, model, margin=margin, rows=rows)
                title = f"{name}, {label}, {rows} rows"
                results += report(title, strata.games, exact(tabled(strata)), plan, chosen.seeds // 2)
    rare = case_of("rare columns", rare_columns(data), target, trees(), margin=True, rows=most, background=3)
    results += tables(rare.name, tabled(before_rare(rare)), PLANS, chosen.rows, chosen.seeds)
    held, ratios = zip(*results, strict=True)
    print(
        f"coverage {min(held):.3f} to {max(held):.3f}, {np.mean(held):.3f} in the mean; "
        f"told over true error {min(ratios):.2f} to {max(ratios):.2f}, {np.median(ratios):.2f} in the median"
    )


if __name__ == "__main__":
    main()
