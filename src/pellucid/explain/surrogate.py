"""Shapley values by a surrogate of trees, corrected by what the model says beyond it.

A surrogate is fitted once for a whole job and explained exactly, against the whole background. What it leaves over,
model less surrogate, is a game too; its Shapley values are estimated from complement pairs of coalitions, each before a
single background row in the place of all, and added. Since pairs are drawn after the surrogate is fixed, the estimate
of the rest is right on average whatever the surrogate is, and its spread is what the standard errors tell. A good
surrogate makes the rest, and so the errors, small.

Source: surrogate plus regression on the residual, Witter, Liu and Musco (2025, arXiv 2506.11849); here the surrogate is
of inputs, not of coalitions, and shared by all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from pellucid.explain.attributions import Attributions
from pellucid.explain.designs import Design, enumeration, leverage, stream
from pellucid.explain.exact.tree_ensemble import TreeEnsemble
from pellucid.explain.exact.trees import TreeGame, tree_game
from pellucid.explain.game import BATCH_ROWS, LINKS, Link, checked_scores
from pellucid.explain.loadings import AGGREGATIONS, all_weights, normalised, of_block, widened
from pellucid.explain.maskers.tabular import TabularMasker
from pellucid.explain.plan import BLOCK_ROWS
from pellucid.explain.solve import solver
from pellucid.explain.standard_errors import Orders, Units, sampling_errors
from pellucid.protocols.game import Asked, runs
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = ["Codes", "Surrogate", "codes_of", "explained_by_surrogate", "training_inputs"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Score = Callable[[Batch], npt.NDArray[np.floating]]

DESIGN, BACKGROUND, TRAINING = range(11, 14)
"""First part of the place of a stream of random numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """How cells become numbers: of the columns named, every value has a number; other columns hold numbers.

    Parameters
    ----------
    names
        All columns, in order.
    of_column
        Numbers by value, by column.
    """

    names: tuple[str, ...]
    of_column: Mapping[str, Mapping[object, int]]

    def matrix(self, batch: Batch) -> Floats:
        """Cells as numbers, shape (rows, columns); nan for missing ones and for values that have no number."""
        columns = []
        for name in self.names:
            known, cells = self.of_column.get(name), batch.columns[name]
            if known is None and cells.dtype.kind in "biuf":
                columns.append(cells.astype(np.float64))
            elif known is None:
                numbers = [np.nan if cell is None else cell for cell in cells.tolist()]
                columns.append(np.array(numbers, dtype=np.float64))
            else:
                columns.append(np.array([known.get(cell, np.nan) for cell in cells.tolist()], dtype=np.float64))
        return np.column_stack(columns)


def codes_of(batch: Batch) -> Codes:
    """Codes of the columns that hold anything but numbers, truth values and missing cells, by first appearance.

    >>> codes = codes_of(Batch({"age": np.array([30.0]), "job": np.array(["cook"], dtype=object)}))
    >>> codes.matrix(Batch({"age": np.array([4.0]), "job": np.array(["baker"], dtype=object)})).tolist()
    [[4.0, nan]]
    """
    of_column: dict[str, dict[object, int]] = {}
    for name, column in batch.columns.items():
        cells = column.tolist()
        if column.dtype.kind not in "biuf" and any(not isinstance(cell, int | float | None) for cell in cells):
            known: dict[object, int] = {}
            for cell in cells:
                if cell is not None and cell == cell:
                    known.setdefault(cell, len(known))
            of_column[name] = known
    return Codes(batch.names, of_column)


@dataclass(frozen=True, slots=True, eq=False)
class Surrogate:
    """Trees that imitate a model.

    Parameters
    ----------
    codes
        How cells become what the trees compare.
    trees
        One ensemble per output, which gives the linked score.
    """

    codes: Codes
    trees: tuple[TreeEnsemble, ...]

    @property
    def identity(self) -> str:
        """A text that differs wherever two surrogates may differ."""
        digest = blake2b(repr((self.codes.names, self.codes.of_column)).encode(), digest_size=16)
        for ensemble in self.trees:
            for part in (ensemble.feature, ensemble.threshold, ensemble.left, ensemble.values, ensemble.missing_left):
                digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def scores(self, batch: Batch) -> Floats:
        """Shape (rows, outputs)."""
        cells = self.codes.matrix(batch)
        return np.column_stack([ensemble.scores(cells)[:, 0] for ensemble in self.trees])

    def games(self, background: Batch) -> tuple[TreeGame, ...]:
        """The trees before a background, one game per output."""
        cells = self.codes.matrix(background)
        return tuple(tree_game(ensemble, cells) for ensemble in self.trees)


def training_inputs(masker: TabularMasker, inputs: int, seed: int) -> Batch:
    """Inputs such as masking gives: of a random row, a random subset of any size, before a random background row.

    Parameters
    ----------
    masker
        Rows and background.
    inputs
        How many, at least 1.
    """
    draw = stream(seed, TRAINING)
    rows = np.sort(draw.integers(masker.rows, size=inputs))
    size = draw.integers(masker.players + 1, size=inputs)
    present = draw.random((inputs, masker.players)).argsort(axis=1).argsort(axis=1) < size[:, None]
    copies = masker.inputs_per_coalition
    return masker.masked(Asked(rows, present)).batch(np.arange(inputs) * copies + draw.integers(copies, size=inputs))


def explained_by_surrogate(
    masker: TabularMasker,
    score: Score,
    surrogate: Surrogate,
    *,
    link: Link,
    samples: int,
    seed: int,
    first: int = 0,
    block_rows: int = BLOCK_ROWS,
) -> Attributions:
    """Shapley values of a masker's rows, whose players are its columns, one each, in order.

    Parameters
    ----------
    score
        Scores of a batch of the model, shape (inputs,) or (inputs, outputs).
    samples
        Coalitions of a row, each before one background row; at least 4 per column, unless all fit.
    first
        Position of the first row among all.
    block_rows
        Rows that share a design.

    Raises
    ------
    ModelError
        The model does not answer with finite scores.
    """
    rest = _Rest(masker, score, surrogate, link)
    of_rows, of_background = rest.of(masker.explained), rest.of(masker.background)
    base = (of_background + surrogate.scores(masker.background)).mean(axis=0)
    games, cells = surrogate.games(masker.background), surrogate.codes.matrix(masker.explained)
    values = np.concatenate([game.explain(cells).values for game in games], axis=2)
    errors, loadings = np.zeros(values.shape), np.zeros((len(AGGREGATIONS), *values.shape))
    active = masker.active(range(masker.rows))
    taken, number = np.zeros(masker.rows, dtype=np.intp), active.sum(axis=1)
    blocks = (first + np.arange(masker.rows)) // block_rows
    for block, players in sorted(set(zip(blocks.tolist(), number.tolist(), strict=True))):
        rows = np.flatnonzero((blocks == block) & (number == players))
        which = np.nonzero(active[rows])[1].reshape(len(rows), players)
        if players == 1:
            values[rows, which[:, 0]] += of_rows[rows] - of_background.mean(axis=0)
        if players < 2:
            continue
        design = _design(players, samples, seed, block)
        copies = _background_rows(design, masker.inputs_per_coalition, rows + first, samples, seed)
        found, off, units = _rest_of_rows(rest, design, rows, which, copies, (of_rows[rows], of_background))
        values[rows[:, None], which] += found
        errors[rows[:, None], which] = off
        if units is not None:
            loadings[:, rows] = _loadings(units, values[rows[:, None], which], which, masker.players)
        taken[rows] = copies[0].size
    return Attributions(
        values=values,
        standard_errors=errors,
        base_values=np.tile(base, (masker.rows, 1)),
        predictions=base + values.sum(axis=1),
        samples=taken,
        blocks=blocks.astype(np.intp),
        estimators=("surrogate",) * masker.rows,
        model_rows=rest.asked,
        loadings=_of_blocks(loadings, values, errors, blocks, number) if errors.any() else None,
    )


def _loadings(units: Units | Orders, values: Floats, which: Integers, players: int) -> Floats:
    """Of rows that share a design, from the values of their active players, shape (rows, active players, outputs)."""
    weighted = all_weights(values)
    shared = units.covariances(weighted, which)
    return normalised(widened(shared, which, players), widened(weighted, which, players))


def _of_blocks(
    loadings: Floats, values: Floats, errors: Floats, blocks: Integers, number: Integers
) -> npt.NDArray[np.float32]:
    """Loadings of rows on the errors of their blocks; rows with equally many active players share a design there."""
    found = []
    for block in runs(blocks):
        distinct, draws = np.unique(number[block], return_inverse=True)
        of_all = of_block(loadings[:, block], values[block], errors[block], draws, np.eye(len(distinct)))
        found.append(of_all)
    return np.concatenate(found)


def _design(players: int, samples: int, seed: int, block: int) -> Design:
    if samples >= 2**players - 2:
        return enumeration(players)
    return leverage(players, samples, lambda size: stream(seed, DESIGN, block, players, size))


def _background_rows(design: Design, number: int, rows: Integers, samples: int, seed: int) -> Integers:
    """Background rows of every pair, the same for both of its coalitions, shape (rows, repetitions, coalitions).

    One for each; where all coalitions are asked and the samples are more, as many others as they are enough for. Each
    is taken about equally often, in an order of its own for every row.
    """
    every = design.scheme == "enumeration"
    times = max(1, min(number, samples // len(design.coalitions))) if every else 1
    begins = np.stack(
        [stream(seed, BACKGROUND, row).permuted(np.arange(design.pairs) % number) for row in rows.tolist()]
    )
    pairs = (begins[:, None, :] + np.arange(times)[:, None]) % number
    return np.concatenate([pairs, pairs], axis=2)


@dataclass(slots=True, eq=False)
class _Rest:
    """What a model says beyond its surrogate, and how often it was asked."""

    masker: TabularMasker
    score: Score
    surrogate: Surrogate
    link: Link
    asked: int = 0

    def of(self, batch: Batch) -> Floats:
        """Linked score of the model less that of the surrogate, shape (inputs, outputs)."""
        self.asked += len(batch)
        parts = []
        for start in range(0, len(batch), BATCH_ROWS):
            part = batch[slice(start, start + BATCH_ROWS)]
            parts.append(checked_scores(self.score(part), part, LINKS[self.link]))
        return np.asarray(np.concatenate(parts) - self.surrogate.scores(batch))


def _rest_of_rows(
    rest: _Rest,
    design: Design,
    rows: Integers,
    which: Integers,
    copies: Integers,
    ends: tuple[Floats, Floats],
) -> tuple[Floats, Floats, Units | Orders | None]:
    """Shapley values of the rest and their errors, shape (rows, active players, outputs), and what was sampled."""
    (of_rows, of_background), masker, coalitions = ends, rest.masker, len(design.coalitions)
    masked = masker.masked(Asked.of_active(rows, which, design.coalitions, masker.players))
    asked = np.arange(len(rows) * coalitions).reshape(len(rows), 1, coalitions)
    inputs = (asked * masker.inputs_per_coalition + copies).ravel()
    left = rest.of(masked.batch(inputs)).reshape(*copies.shape, -1)
    # A pair is a game before its own background row, moved so that its total is that before all of them.
    alone = of_background[copies]
    total = of_rows - of_background.mean(axis=0)
    shift = (of_rows[:, None, None] - alone - total[:, None, None]) * design.coalitions.mean(axis=1)[:, None]
    games = np.moveaxis((left - alone - shift).mean(axis=1), 2, 1).reshape(-1, coalitions)
    nothing, solved = np.zeros(len(games)), solver(design)
    shapley = solved.solve(games, nothing, total.ravel())
    # Which background row a pair meets is left to chance too, so that a pair sure to be drawn is no certainty.
    every = copies.shape[1] == masker.inputs_per_coalition
    chance = design if every else replace(design, inclusion=np.zeros(coalitions))
    errors, units = sampling_errors(chance, solved, games, nothing, shapley)
    shape = (len(rows), -1, design.players)
    return np.moveaxis(shapley.reshape(shape), 2, 1), np.moveaxis(errors.reshape(shape), 2, 1), units
