"""Asymmetric Shapley values: players join in a fixed order of groups, and in every order within a group.

Source: Frye, Rowat and Feige (2020), Asymmetric Shapley values. Where all orders are as likely within each group, and
the groups are ordered, the value of a player is the Shapley value of the game of its group, with all groups before it
present and all after it absent. The groups' games are small, so all coalitions of a group are asked where this costs no
more than the random orders that the budget allows; else random orders are drawn, each followed by its reverse.

A coalition is asked once, however many orders pass through it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import field
from numbers import Integral
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, Problem
from pellucid.explain.designs import stream
from pellucid.records import dataclass

__all__ = ["OrderedDesign", "OrderedPlan", "OrderedValues", "Scheme", "Sequences", "ordered_design", "random_orders"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Scheme = Literal["auto", "clarify"]
Sequences = Sequence[Sequence[Sequence[int]]]

ENUMERABLE = 16
"""Most players of a group whose coalitions are all asked."""
ORDERS = 6
"""First part of the place of a stream of random numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedPlan:
    """How to explain.

    Parameters
    ----------
    samples
        Random orders of each group, at least 1.
    seed
        At least 0. An equal seed gives equal numbers.
    scheme
        ``auto``: all coalitions of a group where they are no more than the prefixes of that many orders, else orders
        and their reverses. ``clarify``: independent random orders.

    Raises
    ------
    ConfigError
        A number is too small.
    """

    samples: int = 1
    seed: int = 0
    scheme: Scheme = "auto"

    def __post_init__(self) -> None:
        least: dict[str, tuple[Any, int]] = {"num_samples": (self.samples, 1), "seed": (self.seed, 0)}
        problems = [
            Problem(name, value, fix=f"Use an integer of at least {low}.")
            for name, (value, low) in least.items()
            if isinstance(value, bool) or not isinstance(value, Integral) or value < low
        ]
        if problems:
            raise ConfigError(problems)


@dataclass(frozen=True, slots=True, eq=False)
class OrderedValues:
    """Values of all players.

    Parameters
    ----------
    values
        Shape (players, outputs); their sum over the players is the full coalition's value minus the empty one's.
    standard_errors
        Shape (players, outputs): of the random orders; 0 where a value is exact, nan where too few orders tell.
    """

    values: Floats
    standard_errors: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Coalitions of one group, by their position in the design.

    Parameters
    ----------
    players
        Shape (size,).
    orders
        Shape (orders, size): places in ``players``; None where all subsets are asked.
    positions
        Of the prefixes of each order, shape (orders, size + 1); or of all subsets by their bits, shape (2**size,).
    paired
        Whether every second order is the reverse of the one before.
    """

    players: Integers
    orders: Integers | None
    positions: Integers
    paired: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class OrderedDesign:
    """The coalitions to ask, and how values follow from theirs.

    Parameters
    ----------
    coalitions
        Each once, shape (coalitions, players); the first is empty, ``full`` the position of the full one.
    plain_evaluations
        Coalitions that walking along every order would ask, nothing remembered.
    """

    coalitions: Booleans
    full: int
    plain_evaluations: int
    _sequences: tuple[tuple[_Group, ...], ...] = field(repr=False)

    def solve(self, values: Floats) -> OrderedValues:
        """Values of the players from those of the coalitions, shape (coalitions, outputs).

        Several sequences of groups count equally.
        """
        shape = (len(self._sequences), self.coalitions.shape[1], values.shape[1])
        found, errors = np.zeros(shape), np.zeros(shape)
        for place, groups in enumerate(self._sequences):
            for group in groups:
                solved = _by_subsets(group, values) if group.orders is None else _by_orders(group, group.orders, values)
                found[place, group.players], errors[place, group.players] = solved
        return OrderedValues(found.mean(axis=0), np.sqrt((errors**2).sum(axis=0)) / len(found))


def ordered_design(sequences: Sequences, plan: OrderedPlan, *, active: Booleans, place: int = 0) -> OrderedDesign:
    """The coalitions to ask.

    Parameters
    ----------
    sequences
        Groups of players in the order in which they join; several sequences are averaged.
    active
        Which players can change anything, shape (players,); the value of the others is 0, and they are never asked for.
    place
        Of the game in the work: random numbers depend on it and the seed only.

    Examples
    --------
    >>> design = ordered_design([[(0,), (1, 2)]], OrderedPlan(samples=2), active=np.ones(3, dtype=bool))
    >>> design.coalitions.astype(int).tolist()
    [[0, 0, 0], [1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]]
    >>> design.solve(np.array([[0.0], [2.0], [2.0], [4.0], [10.0]])).values.tolist()
    [[2.0], [5.0], [3.0]]
    """
    asked = _Asked(len(active))
    plain, built = 1, []
    for number, sequence in enumerate(sequences):
        present = np.zeros(len(active), dtype=bool)
        groups = []
        for which, members in enumerate(sequence):
            plain += len(members) * (plan.samples if len(members) > 1 else 1)
            players = np.array([player for player in members if active[player]], dtype=np.intp)
            if len(players):
                random = stream(plan.seed, ORDERS, place, number, which)
                groups.append(_group(asked, present, players, plan, random))
                present[players] = True
        built.append(tuple(groups))
    full = asked.position(active)
    return OrderedDesign(np.array(asked.masks), full, plain, tuple(built))


class _Asked:
    """Coalitions by the order in which they were first needed."""

    def __init__(self, players: int) -> None:
        self.masks: list[Booleans] = []
        self._known: dict[bytes, int] = {}
        self.position(np.zeros(players, dtype=bool))

    def position(self, mask: Booleans) -> int:
        """Where ``mask`` is asked."""
        key = np.packbits(mask).tobytes()
        if key not in self._known:
            self._known[key] = len(self.masks)
            self.masks.append(mask.copy())
        return self._known[key]


def _group(
    asked: _Asked, present: Booleans, players: Integers, plan: OrderedPlan, random: np.random.Generator
) -> _Group:
    size = len(players)
    affordable = size <= ENUMERABLE and 2**size - 2 <= plan.samples * (size - 1)
    if size == 1 or (plan.scheme == "auto" and affordable):
        subsets = ((np.arange(2**size)[:, None] >> np.arange(size)) & 1).astype(bool)
        return _Group(players, None, _positions(asked, present, players, subsets))
    paired = plan.scheme == "auto"
    orders = random_orders(size, plan.samples, random, reversed_too=paired)
    ranks = orders.argsort(axis=1)
    prefixes = (ranks[:, None, :] < np.arange(size + 1)[:, None]).reshape(-1, size)
    positions = _positions(asked, present, players, prefixes).reshape(len(orders), size + 1)
    return _Group(players, orders, positions, paired)


def _positions(asked: _Asked, present: Booleans, players: Integers, parts: Booleans) -> Integers:
    """Where the coalitions of those present and ``parts`` of the group are asked."""
    distinct, inverse = np.unique(parts, axis=0, return_inverse=True)
    by_size = np.argsort(distinct.sum(axis=1), kind="stable")
    found = np.empty(len(distinct), dtype=np.intp)
    for part in by_size.tolist():
        mask = present.copy()
        mask[players[distinct[part]]] = True
        found[part] = asked.position(mask)
    return found[inverse.ravel()]


def random_orders(size: int, samples: int, random: np.random.Generator, *, reversed_too: bool) -> Integers:
    """Random orders of ``size`` players, shape (samples, size); with ``reversed_too`` every second reverses the first.

    >>> orders = random_orders(3, 4, np.random.default_rng(0), reversed_too=True)
    >>> bool((orders[1::2] == orders[::2, ::-1]).all())
    True
    """
    drawn = -(-samples // 2) if reversed_too else samples
    orders = random.random((drawn, size)).argsort(axis=1)
    if reversed_too:
        orders = np.stack([orders, orders[:, ::-1]], axis=1).reshape(-1, size)[:samples]
    return orders


def _by_subsets(group: _Group, values: Floats) -> tuple[Floats, float]:
    """Shapley values of a group all of whose coalitions are known; exact, so their standard error is 0."""
    size = len(group.players)
    subsets = np.arange(2**size)
    members = np.array([int(subset).bit_count() for subset in subsets])
    weights = np.array([1 / (size * math.comb(size - 1, other)) for other in range(size)])
    found = np.empty((size, values.shape[1]))
    for player in range(size):
        without = subsets[(subsets >> player) & 1 == 0]
        gained = values[group.positions[without | (1 << player)]] - values[group.positions[without]]
        found[player] = weights[members[without]] @ gained
    return found, 0.0


def _by_orders(group: _Group, orders: Integers, values: Floats) -> tuple[Floats, Floats]:
    """Mean gain of every player over the orders, and its standard error."""
    gained = np.diff(values[group.positions], axis=1)
    by_player = np.empty_like(gained)
    np.put_along_axis(by_player, orders[:, :, None], gained, axis=1)
    return by_player.mean(axis=0), _standard_error(by_player, paired=group.paired)


def _standard_error(gained: Floats, *, paired: bool) -> Floats:
    """Of the mean of ``gained`` over the orders, shape (orders, players, outputs)."""
    number, pairs = len(gained), len(gained) // 2
    if (pairs if paired else number) < 2:
        return np.full(gained.shape[1:], np.nan)
    if not paired:
        return np.asarray(gained.std(axis=0, ddof=1) / math.sqrt(number))
    means = (gained[0 : 2 * pairs : 2] + gained[1 : 2 * pairs : 2]) / 2
    variance = 4 * pairs * means.var(axis=0, ddof=1)
    if number % 2:
        variance = variance + gained.var(axis=0, ddof=1)
    return np.asarray(np.sqrt(variance) / number)
