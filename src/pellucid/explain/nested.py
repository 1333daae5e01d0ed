"""Owen values: players in groups, such as the words of a sentence, whose values add up to the value of the group.

Groups play first. The value of a group is its Shapley value among all groups. Members of a group that matters then play
for it: a coalition of them is worth what it adds to sets of other groups, drawn as Shapley's formula weighs them
(Owen, 1977). Members of other groups are not told apart, which saves their samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, Problem
from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget
from pellucid.explain.designs import stream
from pellucid.explain.estimate import bases_of, explain_games, rows_of_block
from pellucid.explain.group_games import GroupGames, Groups, MemberGames
from pellucid.explain.plan import PER_PLAYER, Plan
from pellucid.protocols.game import Games
from pellucid.records import dataclass

__all__ = ["explain_nested"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
FOR_GROUPS = 1 / 3
"""Share of the samples that groups may take."""
MATTERS = 0.95
"""Groups are opened, the largest first, until they hold this share of all absolute values, for every output."""
EXACT = 3
"""Other groups up to which their sets are all used."""
SURROUNDINGS = (12, 6, 4, 2)
"""Sets of other groups that a member's coalitions are tried in, as many as the budget allows."""
SETS = 7
"""Part of the place of a stream of random numbers."""


def explain_nested(games: Games, plan: Plan, groups: Sequence[Groups], blocks: Sequence[int]) -> Attributions:
    """Owen values of the rows of some blocks.

    Parameters
    ----------
    games
        One game per row, by the row's position among all.
    plan
        Its budget bounds the coalitions of single players; the coalitions asked of a row are no more, unless they were
        too few for its groups.
    groups
        Of the rows of these blocks, in order.
    blocks
        As `pellucid.explain.estimate.explain_blocks` takes them; numbers of a block do not depend on the others.

    Returns
    -------
    Attributions
        The value of a group that was not opened stands at its first member, and nan at its others. Standard errors of
        members cover the coalitions of members; they are nan where the sets of other groups were drawn.

    Raises
    ------
    ConfigError
        The budget is in seconds or a precision.
    ModelError
        The model does not answer with finite scores.
    """
    problems = [
        Problem(f"budget.{bound}", value, fix="Explanations in two steps take 'samples' or 'model_calls'.")
        for bound in ("seconds", "precision")
        if (value := getattr(plan.budget, bound)) is not None
    ]
    if problems:
        raise ConfigError(problems)
    done, parts = 0, []
    for block in blocks:
        rows = rows_of_block(games, plan, block)
        parts.append(_Block(games, plan, block, rows, groups[done : done + len(rows)]).explained())
        done += len(rows)
    return Attributions.join(parts)


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Rows of one block."""

    games: Games
    plan: Plan
    block: int
    rows: range
    groups: Sequence[Groups]

    def explained(self) -> Attributions:
        players = self.games.playing(list(self.rows)).sum(axis=1).tolist()
        allowed = [self._samples(number) for number in players]
        outer = self._of_groups(allowed)
        found = _closed(outer, self.groups, self.games.players)
        for affordable, items in self._to_open(outer, allowed).items():
            self._enter(found, outer, items, affordable)
        return found.attributions(outer, self.block)

    def _samples(self, players: int) -> int:
        return self.plan.budget.samples_of(
            players=players,
            rows=self.games.rows,
            inputs_per_coalition=self.games.inputs_per_coalition,
            bases=bases_of(self.games.rows, self.plan.block_rows, common=self.games.has_common_base),
        )

    def _of_groups(self, allowed: Sequence[int]) -> Attributions:
        """Values of groups; rows with about as many samples share requests."""
        levels = np.array([min(samples, _power_of_two(FOR_GROUPS * samples)) for samples in allowed])
        parts, order = [], []
        for level in np.unique(levels).tolist():
            chosen = np.flatnonzero(levels == level).tolist()
            games = GroupGames(self.games, [self.rows[at] for at in chosen], [self.groups[at] for at in chosen])
            plan = replace(self.plan, budget=Budget(samples=level), seed=self._seed(0, level))
            parts.append(_widened(explain_games(games, plan), max(map(len, self.groups))))
            order += chosen
        together, place = Attributions.join(parts), np.argsort(order)
        return replace(
            together,
            values=together.values[place],
            standard_errors=together.standard_errors[place],
            base_values=together.base_values[place],
            predictions=together.predictions[place],
            samples=together.samples[place],
        )

    def _to_open(self, outer: Attributions, allowed: Sequence[int]) -> dict[tuple[int, int], list[tuple[int, int]]]:
        """Groups that matter, as (row, place), by (sets of others, samples per member) that the budget leaves them."""
        found: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for at, of_row in enumerate(self.groups):
            sizes = np.abs(outer.values[at, : len(of_row)]).max(axis=1)
            chosen = sorted(_that_matter(outer.values[at, : len(of_row)], of_row), key=lambda p: -sizes[p])
            left = allowed[at] - int(outer.samples[at])
            opened, affordable = _affordable([len(of_row[place]) for place in chosen], len(of_row) - 1, left)
            if opened:
                found.setdefault(affordable, []).extend((at, place) for place in sorted(chosen[:opened]))
        return dict(sorted(found.items()))

    def _enter(
        self, found: _Found, outer: Attributions, items: Sequence[tuple[int, int]], affordable: tuple[int, int]
    ) -> None:
        sets, per_member = affordable
        around = [self._around(at, place, sets) for at, place in items]
        games = MemberGames(self.games, [(self.rows[at], self.groups[at][place]) for at, place in items], around)
        plan = replace(self.plan, budget=Budget(samples_per_player=per_member), seed=self._seed(sets, per_member))
        inner = explain_games(games, plan)
        found.model_rows += inner.model_rows
        for number, (at, place) in enumerate(items):
            members, others = self.groups[at][place], len(self.groups[at]) - 1
            values, errors = inner.values[number, : len(members)], inner.standard_errors[number, : len(members)]
            found.values[at, members] = _fitted(values, outer.values[at, place])
            found.errors[at, members] = errors if _all_sets(others, sets) else np.nan
            found.samples[at] += inner.samples[number] * _distinct_sets(others, sets)

    def _around(self, at: int, place: int, sets: int) -> Booleans:
        """Members of other groups that are present, shape (sets, players)."""
        of_row = self.groups[at]
        others = [members for i, members in enumerate(of_row) if i != place]
        rng = stream(self.plan.seed, SETS, self.block, at, place)
        chosen = every_set(len(others)) if _all_sets(len(others), sets) else drawn_sets(len(others), sets, rng)
        found = np.zeros((sets, self.games.players), dtype=bool)
        for members, present in zip(others, chosen.T, strict=True):
            found[:, members] = present[:, None]
        return found

    def _seed(self, *part: int) -> int:
        return int(stream(self.plan.seed, SETS, self.block, *part).integers(2**31))


@dataclass(slots=True, eq=False)
class _Found:
    """Values of members while groups are opened."""

    values: Floats
    errors: Floats
    samples: npt.NDArray[np.intp]
    model_rows: int

    def attributions(self, outer: Attributions, block: int) -> Attributions:
        return replace(
            outer,
            values=self.values,
            standard_errors=self.errors,
            samples=self.samples,
            blocks=np.full(len(self.values), block, dtype=np.intp),
            estimators=("nested",) * len(self.values),
            model_rows=self.model_rows,
        )


def _closed(outer: Attributions, groups: Sequence[Groups], players: int) -> _Found:
    """Values of groups at their first members."""
    values = np.zeros((len(groups), players, outer.values.shape[2]))
    errors = np.zeros(values.shape)
    for at, of_row in enumerate(groups):
        for place, members in enumerate(of_row):
            values[at, members] = errors[at, members] = np.nan
            values[at, members[0]] = outer.values[at, place]
            errors[at, members[0]] = outer.standard_errors[at, place]
    return _Found(values, errors, outer.samples.copy(), outer.model_rows)


def _that_matter(values: Floats, groups: Groups) -> list[int]:
    """Groups of several members that hold most of what groups hold, of any output, in their order."""
    sizes, chosen = np.abs(values), np.zeros(len(values), dtype=bool)
    for of_output in sizes.T:
        order = np.argsort(-of_output, kind="stable")
        before = np.concatenate([[0.0], np.cumsum(of_output[order])[:-1]])
        chosen[order[(before < MATTERS * of_output.sum()) & (of_output[order] > 0)]] = True
    return [place for place, members in enumerate(groups) if chosen[place] and len(members) > 1]


def _affordable(members: Sequence[int], others: int, left: int) -> tuple[int, tuple[int, int]]:
    """How many groups can be opened, the first of those with so many members; with how many sets and samples each.

    >>> _affordable([3, 3], others=1, left=1000), _affordable([3, 3], others=1, left=20), _affordable([3], 1, 5)
    ((2, (12, 64)), (1, (2, 2)), (0, (2, 2)))
    """
    for opened in range(len(members), 0, -1):
        share = left / sum(members[:opened])
        while _cost(members[:opened], others, *_sets_and_samples(share, others)) > left and share >= 1:
            share /= 2
        affordable = _sets_and_samples(share, others)
        if _cost(members[:opened], others, *affordable) <= left:
            return opened, affordable
    return 0, _sets_and_samples(0, others)


def _cost(members: Sequence[int], others: int, sets: int, per_member: int) -> int:
    """Coalitions that are asked at most to open groups: those of members and their ends, in each set of others."""
    return _distinct_sets(others, sets) * sum(2 + min(per_member * number, (1 << number) - 2) for number in members)


def _sets_and_samples(per_member: float, others: int) -> tuple[int, int]:
    """Sets of other groups, and samples per member in each, a power of two so that rows can share requests."""
    for sets in SURROUNDINGS:
        level = per_member / _distinct_sets(others, sets)
        if level >= PER_PLAYER or sets == SURROUNDINGS[-1]:
            break
    return sets, _power_of_two(level)


def _power_of_two(number: float) -> int:
    """The largest one that is no larger, at least 2."""
    return 1 << max(1, int(math.log2(max(number, 2))))


def _widened(found: Attributions, players: int) -> Attributions:
    """The same with places for more players; groups of the same place are not alike, and have no error in common."""
    missing = ((0, 0), (0, players - found.values.shape[1]), (0, 0))
    values, errors = np.pad(found.values, missing), np.pad(found.standard_errors, missing)
    return replace(found, values=values, standard_errors=errors, loadings=None, odd_parts=None)


def _all_sets(others: int, sets: int) -> bool:
    return others == 0 or (others <= EXACT and sets == SURROUNDINGS[0])


def _distinct_sets(others: int, sets: int) -> int:
    return min(sets, 1 << min(others, 10))


def every_set(others: int) -> Booleans:
    """All sets of at most `EXACT` other groups, each as often as Shapley's formula weighs it; shape (12, groups).

    >>> every_set(1).sum(axis=0).tolist()
    [6]
    """
    rows = []
    for size in range(others + 1):
        times = SURROUNDINGS[0] * math.factorial(size) * math.factorial(others - size) // math.factorial(others + 1)
        for members in combinations(range(others), size):
            rows += [[place in members for place in range(others)]] * times
    return np.array(rows, dtype=bool).reshape(SURROUNDINGS[0], others)


def drawn_sets(others: int, sets: int, rng: np.random.Generator) -> Booleans:
    """Sets of other groups with their complements; sizes are spread evenly over all, as Shapley's formula has them."""
    pairs = sets // 2
    sizes = ((np.arange(pairs) + rng.random(pairs)) / pairs * (others + 1)).astype(int)
    half = rng.random((pairs, others)).argsort(axis=1) < sizes[:, None]
    return np.concatenate([half, ~half])


def _fitted(values: Floats, total: Floats) -> Floats:
    """Values of members, moved in proportion to their size so that they add up to that of the group."""
    gap, sizes = total - values.sum(axis=0), np.abs(values)
    share = np.divide(sizes, sizes.sum(axis=0), out=np.full(values.shape, 1 / len(values)), where=sizes.sum(axis=0) > 0)
    return np.asarray(values + share * gap)
