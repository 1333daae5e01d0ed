"""Cooperative games played by a masker and a model; each distinct input is asked once, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from pellucid.errors import ModelError
from pellucid.protocols.game import Answer, Asked, Masked, Masker, Merged, runs
from pellucid.protocols.model import Batch
from pellucid.records import dataclass

__all__ = ["BATCH_ROWS", "LINKS", "Distinct", "Link", "MaskedGames", "checked_scores", "distinct_inputs", "logit"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Link = Literal["identity", "logit"]

BATCH_ROWS = 65_536
"""Inputs per call of the model: models gain nothing from larger batches."""
BATCHES_AT_ONCE = 4
"""Batches among whose inputs repetitions are looked for."""
CELLS_AT_ONCE = 2**24
"""Values that are held at once, at most, unless a single coalition has more."""
PROBED = 4096
"""Inputs looked at to learn whether any repeat."""
WORTH_IT = 0.05
"""Estimated share of repeated inputs below which finding them costs more than it saves."""
SURELY = 0.25
"""Share of repeated inputs from which on the next ones, which are much like these, are not probed."""


def logit(probabilities: Floats) -> Floats:
    """Log-odds, of probabilities kept within [1e-15, 1 - 1e-15].

    >>> logit(np.array([0.5, 0.0])).round(2).tolist()
    [0.0, -34.54]
    """
    kept = np.clip(probabilities, 1e-15, 1 - 1e-15)
    return np.asarray(np.log(kept / (1 - kept)))


LINKS: dict[Link, Callable[[Floats], Floats]] = {"identity": lambda scores: scores, "logit": logit}


@dataclass(frozen=True, slots=True, eq=False)
class MaskedGames:
    """The games of a masker's rows: the value of a coalition is the mean, over its inputs, of the linked score.

    Parameters
    ----------
    masker
        Turns coalitions into inputs.
    predict
        Scores of a batch, shape (inputs,) or (inputs, outputs).
    link
        Applied to the scores before they are averaged over the background.
    batch_rows
        Most inputs per call of ``predict``, at least 1.
    """

    masker: Masker
    predict: Callable[[Batch], npt.NDArray[np.floating]]
    link: Link = "identity"
    batch_rows: int = BATCH_ROWS

    @property
    def rows(self) -> int:
        """Number of games."""
        return self.masker.rows

    @property
    def players(self) -> int:
        """Number of players."""
        return self.masker.players

    @property
    def inputs_per_coalition(self) -> int:
        """Model inputs that one coalition costs at most."""
        return self.masker.inputs_per_coalition

    @property
    def has_common_base(self) -> bool:
        """Whether the empty coalition is the same for all rows."""
        return self.masker.has_common_base

    def playing(self, rows: Sequence[int]) -> Booleans:
        """Which players the game of each row has, shape (rows, players)."""
        return self.masker.playing(rows)

    def active(self, rows: Sequence[int]) -> Booleans:
        """Which players can change anything, shape (rows, players)."""
        return self.masker.active(rows)

    def ends(self, rows: Sequence[int]) -> Answer:
        """Values of the empty and of the full coalition, shape (rows, 2, outputs)."""
        if self.masker.has_common_base:
            return self._ends_in_one_call(rows)
        empty = self.values(Asked(np.array(rows, dtype=np.intp), np.zeros((len(rows), self.players), dtype=bool)))
        full = self._scores(partial(self.masker.unmasked, rows))
        return Answer(np.stack([empty.values, full], axis=1), empty.model_rows + len(rows))

    def _ends_in_one_call(self, rows: Sequence[int]) -> Answer:
        """The same where all rows share the empty coalition: few inputs, which the model is asked for with the rows."""
        masked = self.masker.masked(Asked.of(rows[0], np.zeros((1, self.players), dtype=bool)))
        distinct = distinct_inputs(masked)

        def both() -> Batch:
            return _above(masked.batch(distinct.first), self.masker.unmasked(rows))

        scores = self._scores(both)
        bases, full = np.split(scores, [len(scores) - len(rows)])
        empty = distinct.means(bases, self.inputs_per_coalition)
        return Answer(np.stack(np.broadcast_arrays(empty, full), axis=1), len(scores))

    def values(self, asked: Asked) -> Answer:
        """Values of any coalitions, shape (coalitions, outputs).

        Raises
        ------
        ModelError
            The model answers another number of scores than it was asked for, or one that is not finite.
        """
        inputs = min(self.batch_rows * BATCHES_AT_ONCE, CELLS_AT_ONCE // self.masker.cells_per_input)
        parts, model_rows, repeating = [], 0, False
        for part in _parts(asked.rows, max(1, inputs // self.inputs_per_coalition)):
            values, cost = self._values_together(asked[part], repeating)
            parts.append(values)
            model_rows += cost
            repeating = cost < (1 - SURELY) * len(values) * self.inputs_per_coalition
        return Answer(np.concatenate(parts) if parts else np.empty((0, 1)), model_rows)

    def _values_together(self, asked: Asked, repeating: bool) -> tuple[Floats, int]:
        """Values of coalitions, shape (coalitions, outputs), and the number of inputs that were asked for them."""
        masked = self.masker.masked(asked)
        distinct = distinct_inputs(masked, repeating=repeating)
        if distinct.first is not None:
            first = distinct.first
            builds = [partial(masked.batch, first[part]) for part in _slices(len(first), self.batch_rows)]
        else:
            # A request at a time, so that the memory of one serves the next.
            builds = [partial(self._built, asked[part]) for part in _slices(len(asked), self._coalitions_per_batch)]
        scores = np.concatenate([self._scores(build) for build in builds])
        return distinct.means(scores, self.inputs_per_coalition), len(scores)

    def _built(self, asked: Asked) -> Batch:
        return self.masker.masked(asked).batch()

    @property
    def _coalitions_per_batch(self) -> int:
        return max(1, self.batch_rows // self.inputs_per_coalition)

    def _scores(self, build: Callable[[], Batch]) -> Floats:
        batch = build().given_away()
        return np.concatenate([self._scores_of(batch, part, build) for part in _slices(len(batch), self.batch_rows)])

    def _scores_of(self, batch: Batch, part: slice, build: Callable[[], Batch]) -> Floats:
        asked = batch[part]
        return checked_scores(self.predict(asked), asked, LINKS[self.link], unchanged=lambda: build()[part])


def checked_scores(
    answered: npt.NDArray[np.floating],
    batch: Batch,
    link: Callable[[Floats], Floats] = LINKS["identity"],
    *,
    unchanged: Callable[[], Batch] | None = None,
) -> Floats:
    """What a model answered to a batch, linked, shape (inputs, outputs).

    Parameters
    ----------
    unchanged
        Makes the batch anew for a message, where the model may have written into it.

    Raises
    ------
    ModelError
        There is not one score, or one row of scores, per input, or one is not finite.
    """
    numbers = np.asarray(answered, dtype=float)
    scores = numbers[:, None] if numbers.ndim == 1 else numbers
    if scores.ndim != 2 or len(scores) != len(batch):
        raise ModelError(
            f"The model was asked for {len(batch)} rows and answered an array of shape {numbers.shape}. "
            "Return one score per row, or one row of scores per row."
        )
    linked = link(scores)
    if not np.isfinite(linked).all():
        wrong = int(np.flatnonzero(~np.isfinite(linked).all(axis=1))[0])
        asked = batch if unchanged is None else unchanged()
        row = {name: _cell_shown(column[wrong]) for name, column in asked.columns.items()}
        raise ModelError(
            f"The model answered {scores[wrong].tolist()} for the row {row}. "
            "Explained scores must be finite numbers; check how the model treats such a row."
        )
    return linked


def _above(upper: Batch, lower: Batch) -> Batch:
    """Two batches of the same columns, one above the other."""
    return Batch({name: np.concatenate([upper.columns[name], column]) for name, column in lower.columns.items()})


def _cell_shown(cell: Any) -> Any:
    """A cell as it is quoted in a message; of an array, such as an image, its shape."""
    if isinstance(cell, np.ndarray):
        return f"array of shape {cell.shape}"
    return cell.item() if isinstance(cell, np.generic) else cell


class Distinct(NamedTuple):
    """Inputs that the model is asked for, and which of them its coalitions stand for.

    Parameters
    ----------
    first
        Positions of the inputs that are asked; None if all are.
    which
        For every input which of those that are asked it equals, or for every one that is left if some were merged; None
        if all of these are asked.
    merged
        Whom each of the inputs stands for that are left; None if all are.
    """

    first: Integers | None = None
    which: Integers | None = None
    merged: Merged | None = None

    def means(self, scores: Floats, inputs_per_coalition: int) -> Floats:
        """Means over the inputs of every coalition, shape (coalitions, outputs), from scores of what was asked."""
        of_left = scores if self.which is None else scores.take(self.which, axis=0)
        if self.merged is not None:
            return _means(self.merged.spread(of_left))
        if inputs_per_coalition == 1:
            return of_left
        by_coalition = of_left.reshape(-1, inputs_per_coalition, scores.shape[1])
        return _means(np.moveaxis(by_coalition, 1, 0).copy(order="C"))


def _means(scores: Floats) -> Floats:
    """Means over the first axis, of numbers that nobody needs afterwards.

    Halves are added to each other: fast, and the last digits of a mean depend on its own numbers only.
    """
    left = len(scores)
    while left > 1:
        half = left // 2
        scores[:half] += scores[left - half : left]
        left -= half
    means: Floats = scores[0] / len(scores)
    return means


def distinct_inputs(masked: Masked, *, repeating: bool = False) -> Distinct:
    """The distinct inputs, unless too few repeat.

    First inputs are merged that the masker knows to be equal. Whether too few of the others repeat is estimated from a
    sample, unless it is known that the inputs are ``repeating``.

    Examples
    --------
    >>> class Masked:
    ...     def __len__(self): return 3
    ...     def merged(self): return None
    ...     def words(self, inputs=None): return np.array([[7], [5], [7]])
    >>> first, which, _ = distinct_inputs(Masked())
    >>> which[0] == which[2] != which[1], len(first)
    (np.True_, 2)
    """
    merged = masked.merged()
    if merged is None:
        return Distinct(*_equal_inputs(masked, None, repeating))
    left, of_left = merged
    first, which = _equal_inputs(masked, left, repeating)
    return Distinct(left if first is None else left.take(first), which, of_left)


def _equal_inputs(
    masked: Masked, among: Integers | None, repeating: bool
) -> tuple[Integers, Integers] | tuple[None, None]:
    """Positions of distinct inputs among all or some, and which of them each equals, by their words."""
    n = len(masked) if among is None else len(among)
    if n < 2 or (not repeating and n > 4 * PROBED and _repeated_share(masked, among, n) < WORTH_IT):
        return None, None
    words = masked.words(among)
    stands_for = _equal_ones(_mixed(words))
    stands_for_itself = stands_for == np.arange(n)
    first, repeated = np.flatnonzero(stands_for_itself), np.flatnonzero(~stands_for_itself)
    which = np.cumsum(stands_for_itself) - 1
    which[repeated] = which[stands_for[repeated]]
    # Several words are mixed into one number, which different inputs could share: a chance of 2^-64 each, but checked.
    if words.shape[1] > 1 and not np.array_equal(words[stands_for[repeated]], words[repeated]):
        return None, None
    return first, which


def _equal_ones(numbers: npt.NDArray[np.uint64]) -> Integers:
    """For every number the position of one that equals it, the same for all equal ones, shape (numbers,).

    A table with a place for every number is filled and read again: no sorting, whatever the order of the numbers.
    """
    bits = len(numbers).bit_length() + 1
    table = np.empty(1 << bits, dtype=np.int32 if bits < 32 else np.int64)
    draw = np.random.default_rng(1)
    stands_for = np.arange(len(numbers))
    left, of_left = stands_for, numbers
    while len(left):
        odd = draw.integers(2**63, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        place = ((of_left * odd) >> np.uint64(64 - bits)).view(np.intp)
        table[place] = left
        met = table.take(place).astype(np.intp)
        # Others that fell on the same place are tried again with another multiplier.
        missed = np.flatnonzero(numbers.take(met) != of_left)
        if len(left) == len(numbers):
            stands_for = met
        else:
            stands_for[left] = met
        left, of_left = left[missed], of_left[missed]
    return stands_for


def _repeated_share(masked: Masked, among: Integers | None, n: int) -> float:
    """How many further copies an input has on average, estimated from pairs that meet in a sample."""
    sample = np.random.default_rng(0).integers(n, size=PROBED)
    sample.sort()
    sample = sample[np.diff(sample, prepend=-1) > 0]
    words = np.sort(_mixed(masked.words(sample if among is None else among[sample])))
    return 2 * int((words[1:] == words[:-1]).sum()) * n / len(sample) ** 2


def _mixed(words: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """One number per row of words, shape (inputs,); the word itself where there is one only."""
    unsigned = words.view(np.uint64)
    if unsigned.shape[1] == 1:
        return unsigned[:, 0]
    # The lower bits of a double that is a small whole number are all zero, and those of products with it too.
    unsigned = unsigned ^ (unsigned >> np.uint64(32))
    drawn = np.random.default_rng(0).integers(2**63, size=unsigned.shape[1], dtype=np.uint64)
    mixed: npt.NDArray[np.uint64] = unsigned @ (drawn * np.uint64(2) + np.uint64(1))
    return mixed


def _parts(rows: Integers, most: int) -> list[slice]:
    """Coalitions that are worked on together: whole rows, if one has at most ``most`` of them."""
    if len(rows) <= most:
        return [slice(0, len(rows))] if len(rows) else []
    parts = [slice(0, 0)]
    for run in runs(rows):
        if run.stop - parts[-1].start <= most:
            parts[-1] = slice(parts[-1].start, run.stop)
        else:
            parts += [slice(run.start + s.start, run.start + s.stop) for s in _slices(run.stop - run.start, most)]
    return [part for part in parts if part.stop > part.start]


def _slices(n: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, n)) for start in range(0, max(n, 1), size)] if n else []
