"""Games that remember what the model answered: rounds of samples ask for many of the same inputs.

Where a cell of a row equals that of a background row, coalitions with and without it stand for one input. A round asks
coalitions that no round before asked, but inputs of theirs may be known.
"""

from __future__ import annotations

from dataclasses import field
from functools import partial

import numpy as np
import numpy.typing as npt

from pellucid.explain.game import MaskedGames, distinct_inputs
from pellucid.protocols.game import Asked
from pellucid.records import dataclass

__all__ = ["RememberingGames"]

Floats = npt.NDArray[np.float64]

WORTH_REMEMBERING = 0.25
"""Share of inputs that repeat others of their round from which on they are looked for in further rounds."""


@dataclass(frozen=True, eq=False)
class RememberingGames(MaskedGames):
    """The games of a masker's rows; inputs that repeat those asked before are not asked again.

    Parameters
    ----------
    masker, predict, link, batch_rows
        As those of `MaskedGames`.
    """

    known: list[tuple[Asked, Floats]] = field(init=False, default_factory=list)

    @classmethod
    def of(cls, games: MaskedGames) -> RememberingGames:
        """The same games, of which nothing is known yet."""
        return cls(games.masker, games.predict, games.link, games.batch_rows)

    def _masked_scores(self, asked: Asked, repeating: bool) -> tuple[Floats, int]:
        """Linked scores of all inputs, shape (inputs, outputs), and the number of inputs that were asked."""
        before = self._known_of(asked)
        found = None if before is None else self._beyond(*before, asked)
        scores, cost = found or super()._masked_scores(asked, repeating)
        if found or cost <= (1 - WORTH_REMEMBERING) * len(scores):
            self.known.append((asked, scores))
        return scores, cost

    def _known_of(self, asked: Asked) -> tuple[Asked, Floats] | None:
        """Coalitions of the same rows that were asked before, and the scores of their inputs."""
        wanted = np.zeros(self.rows, dtype=bool)
        wanted[asked.rows] = True
        coalitions, scores = [], []
        for known, answers in self.known:
            chosen = wanted[known.rows]
            if chosen.any():
                coalitions.append(Asked(known.rows[chosen], known.coalitions[chosen]))
                scores.append(answers[np.repeat(chosen, self.inputs_per_coalition)])
        return (Asked.join(coalitions), np.concatenate(scores)) if coalitions else None

    def _beyond(self, known: Asked, scores: Floats, asked: Asked) -> tuple[Floats, int] | None:
        """Scores of what is asked, of which the known ones are not asked again; None where too few repeat."""
        both = Asked.join([known, asked])
        # Coalitions of a row stand together, as maskers know best which of their inputs are equal.
        order = np.argsort(both.rows, kind="stable")
        masked = self.masker.masked(Asked(both.rows[order], both.coalitions[order]))
        first, of_ordered = distinct_inputs(masked)
        if first is None or of_ordered is None:
            return None
        which = np.empty((len(both), self.inputs_per_coalition), dtype=np.intp)
        which[order] = of_ordered.reshape(which.shape)
        of_known, of_asked = which[: len(known)].ravel(), which[len(known) :].ravel()
        of_distinct, new = np.empty((len(first), scores.shape[1])), np.ones(len(first), dtype=bool)
        of_distinct[of_known], new[of_known] = scores, False
        ask = first[new]
        parts = [ask[start : start + self.batch_rows] for start in range(0, len(ask), self.batch_rows)]
        if parts:
            of_distinct[new] = np.concatenate([self._scores(partial(masked.batch, part)) for part in parts])
        return of_distinct[of_asked], len(ask)
