"""How often the intervals hold the truth: simulated data of known disparity, every metric of Clarify.

    python benchmarks/coverage.py --trials 400

Draws data sets from populations over a grid of sizes, rates, disparities, qualities of prediction and strata. For every
metric it prints, where the state is ok: the coverage of the 95 % intervals (over all draws, and in the worst
population), their median width, and the share of p < 0.05 where there is no disparity (all, and the worst). The worst
of many is partly bad luck, so those populations are drawn anew, more often, and that is printed. Then how many draws
were insufficient evidence, with the coverage there, and how many had no interval. ``--bootstrap`` adds the coverage of
percentile bootstrap intervals on the same draws, ``--weighted`` gives the rows log-normal weights.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from pellucid.bias.estimates import METHODS
from pellucid.bias.evidence import evidence
from pellucid.bias.group_table import GroupTable, counts_of
from pellucid.bias.intervals import critical_value, paired_difference
from pellucid.bias.metrics import METRICS, Metric

Array = npt.NDArray[np.float64]

SIZES = ((50, 50), (200, 50), (1000, 200), (10_000, 1000))
RATES = (0.02, 0.1, 0.3, 0.5)
DISPARITIES = {"none": 1.0, "moderate": 0.7, "large": 0.3}
QUALITIES = {"good": (0.9, 0.05), "fair": (0.6, 0.2)}
STRATA = (1, 6)
MOSTLY = 0.9
"""Share of draws in the state ok below which a population is not ranked: the few that are ok were picked by chance."""
AGAIN = 8
"""How many times as often the worst population of a metric is drawn again."""
REPLICATES = 999


@dataclass(frozen=True)
class Population:
    """Shares of (group, stratum, observed, predicted), shape (2, strata, 2, 2), and the rows of a draw."""

    name: str
    shares: Array
    rows: int

    def table(self, rng: np.random.Generator, *, weighted: bool) -> GroupTable:
        """One draw."""
        rows = rng.multinomial(self.rows, self.shares.ravel()).reshape(self.shares.shape)
        if not weighted:
            return GroupTable(rows, rows.astype(float), rows.astype(float))
        weight, squared = np.zeros(rows.shape), np.zeros(rows.shape)
        for cell in np.ndindex(rows.shape):
            drawn = rng.lognormal(0.0, 0.7, rows[cell])
            weight[cell], squared[cell] = drawn.sum(), (drawn**2).sum()
        return GroupTable(rows, weight, squared)

    def value(self, metric: Metric) -> float:
        """The metric in the population."""
        return float(_values(metric, self.shares))


def _values(metric: Metric, cells: Array) -> Array:
    """The metric on cells of shape (..., 2, strata, 2, 2)."""
    if metric.compute is None:
        raise ValueError("the flip test is no function of counts")
    cells = cells if metric.conditional else cells.sum(axis=-3)
    a, d = np.moveaxis(cells, -4 if metric.conditional else -3, 0)
    return np.asarray(metric.compute(counts_of(a), counts_of(d)))


def population(size: tuple[int, int], rate: float, disparity: str, quality: str, strata: int) -> Population:
    """Group ``d`` has ``disparity`` times the odds of a positive label, and of a positive prediction given it."""
    n_a, n_d = size
    tpr, fpr = QUALITIES[quality]
    shares = np.zeros((2, strata, 2, 2))
    spread = np.linspace(-0.5, 0.5, strata) if strata > 1 else np.zeros(1)
    for group, share, factor in ((0, n_a, 1.0), (1, n_d, DISPARITIES[disparity])):
        for stratum in range(strata):
            weight = share / (n_a + n_d) * (1 + (spread[stratum] if group else -spread[stratum])) / strata
            label = _odds_times(rate, factor * np.exp(2 * spread[stratum]))
            for observed, positive in ((1, _odds_times(tpr, factor)), (0, _odds_times(fpr, factor))):
                cell = weight * (label if observed else 1 - label)
                shares[group, stratum, observed] = cell * (1 - positive), cell * positive
    name = f"{n_a}+{n_d} rate {rate} {disparity} {quality} {strata} strata"
    return Population(name, shares, n_a + n_d)


def _odds_times(share: float, factor: float) -> float:
    odds = share / (1 - share) * factor
    return odds / (1 + odds)


@dataclass
class Tally:
    """What happened to one metric in one population."""

    ok: int = 0
    covered: int = 0
    rejected: int = 0
    insufficient: int = 0
    covered_insufficient: int = 0
    without_interval: int = 0
    bootstrap_covered: int = 0
    width: float = 0.0

    @property
    def draws(self) -> int:
        """All draws."""
        return self.ok + self.insufficient + self.without_interval

    @property
    def mostly_ok(self) -> bool:
        """Whether the draws that are ok stand for the population."""
        return self.ok >= MOSTLY * self.draws


Drawn = dict[str, Tally]
"""One tally per metric."""


def simulate(where: Population, trials: int, rng: np.random.Generator, *, weighted: bool, bootstrap: bool) -> Drawn:
    """Draw ``trials`` data sets and judge the interval of every metric by the value in the population."""
    metrics = [metric for metric in METRICS.values() if metric.compute is not None]
    truth = {metric.name: where.value(metric) for metric in metrics}
    tallies = {metric.name: Tally() for metric in metrics}
    widths: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    z = critical_value(0.95)
    for _ in range(trials):
        table = where.table(rng, weighted=weighted)
        replicates = None
        if bootstrap:
            drawn = rng.multinomial(where.rows, table.rows.ravel() / where.rows, REPLICATES)
            replicates = drawn.reshape(REPLICATES, *where.shares.shape).astype(float)
        for metric in metrics:
            tally, target = tallies[metric.name], truth[metric.name]
            at = METHODS[metric.name].prepare(table) if metric.undefined(*table.groups) is None else None
            if at is None:
                tally.without_interval += 1
                continue
            interval = at(z)
            covered = interval.low - 1e-12 <= target <= interval.high + 1e-12
            if evidence(metric, table) is not None:
                tally.insufficient += 1
                tally.covered_insufficient += covered
                continue
            tally.ok += 1
            tally.covered += covered
            tally.rejected += metric.parity not in interval
            widths[metric.name].append(interval.high - interval.low)
            if replicates is not None:
                low, high = percentile_interval(metric, replicates)
                tally.bootstrap_covered += bool(low <= target <= high)
    for name, seen in widths.items():
        tallies[name].width = float(np.median(seen)) if seen else np.nan
    return tallies


def percentile_interval(metric: Metric, replicates: Array) -> tuple[float, float]:
    """Ends of the percentile bootstrap interval; replicates have the shape (replicates, 2, strata, 2, 2)."""
    values = np.broadcast_to(_values(metric, replicates), len(replicates))
    low, high = np.quantile(values, [0.025, 0.975], method="inverted_cdf")
    return float(low), float(high)


def grid() -> Iterator[Population]:
    """All populations."""
    for size, rate, disparity, quality, strata in product(SIZES, RATES, DISPARITIES, QUALITIES, STRATA):
        yield population(size, rate, disparity, quality, strata)


def flip_test(trials: int, rng: np.random.Generator) -> None:
    """Coverage of the flip test's interval, and false positives where flips balance."""
    z = critical_value(0.95)
    coverage: list[float] = []
    false: list[float] = []
    for rows, to_negative, to_positive in product((30, 50, 200, 1000), (0.01, 0.05, 0.2), (0.01, 0.05, 0.2)):
        shares = [to_negative, to_positive, 1 - to_negative - to_positive]
        drawn, times = np.unique(rng.multinomial(rows, shares, AGAIN * trials), axis=0, return_counts=True)
        found = [paired_difference(float(n), float(p), rows, z) for n, p, _ in drawn]
        held = [to_negative - to_positive in interval for interval in found]
        coverage.append(float(np.average(held, weights=times)))
        if to_negative == to_positive:
            false.append(1 - coverage[-1])
    print(f"{'FT':6}{percent(coverage)} {min(coverage):7.1%} {'':9}{percent(false)} {max(false):7.1%}")


def percent(shares: Sequence[float]) -> str:
    """Their mean, printed."""
    return f"{sum(shares) / len(shares):7.1%}" if shares else "      -"


def report(populations: list[Population], results: list[Drawn], again: Callable[[Population], Drawn]) -> None:
    """Print one line per metric."""
    print("metric  cover   worst     width  false+   worst  insuff. (cover)   none  bootstrap  worst population")
    for name in results[0]:
        tallies = [(where, result[name]) for where, result in zip(populations, results, strict=True)]
        ok, all_draws = sum(t.ok for _, t in tallies), sum(t.draws for _, t in tallies)
        insufficient = sum(t.insufficient for _, t in tallies)
        mostly = [(where, t) for where, t in tallies if t.mostly_ok]
        null = [(where, t) for where, t in mostly if is_null(where, METRICS[name])]
        worst = min(mostly, key=lambda pair: pair[1].covered / pair[1].ok)[0]
        confirmed = again(worst)[name]
        false = [t.rejected / t.ok for _, t in null]
        most_false = "      -"
        if null:
            where = max(null, key=lambda pair: pair[1].rejected / pair[1].ok)[0]
            most_false = percent([again(where)[name].rejected / again(where)[name].ok])
        resampled = sum(t.bootstrap_covered for _, t in tallies) / ok
        bootstrap = percent([resampled] if resampled else [])
        width = np.nanmedian([t.width for _, t in tallies])
        print(
            f"{name:6}{sum(t.covered for _, t in tallies) / ok:7.1%} {confirmed.covered / confirmed.ok:7.1%} "
            f"{width:9.4f}{percent(false)} {most_false} {insufficient / all_draws:7.1%} "
            f"({sum(t.covered_insufficient for _, t in tallies) / max(insufficient, 1):6.1%}) "
            f"{sum(t.without_interval for _, t in tallies) / all_draws:6.1%}  {bootstrap}   {worst.name}"
        )


def is_null(where: Population, metric: Metric) -> bool:
    """Whether there is no disparity in the population."""
    return metric.name != "GE" and abs(where.value(metric) - metric.parity) < 1e-12


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200, help="data sets drawn from every population")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bootstrap", action="store_true", help="compare with percentile bootstrap intervals")
    parser.add_argument("--weighted", action="store_true", help="log-normal row weights")
    chosen = parser.parse_args()
    rng, started = np.random.default_rng(chosen.seed), time.perf_counter()

    def draw(where: Population, trials: int) -> Drawn:
        return simulate(where, trials, rng, weighted=chosen.weighted, bootstrap=chosen.bootstrap)

    again: dict[str, Drawn] = {}

    def draw_again(where: Population) -> Drawn:
        if where.name not in again:
            again[where.name] = draw(where, AGAIN * chosen.trials)
        return again[where.name]

    populations = list(grid())
    report(populations, [draw(where, chosen.trials) for where in populations], draw_again)
    flip_test(chosen.trials, rng)
    print(f"{len(populations)} populations, {chosen.trials} draws each, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
