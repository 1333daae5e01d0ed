"""Kernel SHAP over the units of texts, beside the columns that hold none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

import numpy as np
import numpy.typing as npt

from pellucid.explain.attributions import Attributions
from pellucid.explain.estimate import explain_blocks
from pellucid.explain.maskers.text import TextMasker, groups_of, leaves
from pellucid.explain.nested import explain_nested
from pellucid.explain.plan import Plan
from pellucid.protocols.game import Games
from pellucid.protocols.text import Span, Split
from pellucid.records import dataclass

__all__ = ["MAX_UNITS", "TextColumns", "UnitsOfText", "by_column", "text_attributions", "units_of"]

Floats = npt.NDArray[np.float64]

MAX_UNITS = 512
"""Most units of a text, unless said otherwise: solving for 1,000 takes seconds for each text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextColumns:
    """Columns that are explained by their units.

    Parameters
    ----------
    names
        At least one.
    split
        Gives the units of a text.
    outer
        Gives the parts that are explained first, where this is done in two steps.
    max_units
        Most units of a text; neighbours are put together where it has more.
    are_words
        Whether a unit is a word.
    kinds
        ``numerical`` or ``categorical``, of the other features.
    """

    names: tuple[str, ...]
    split: Split
    outer: Split | None = None
    max_units: int = MAX_UNITS
    are_words: bool = True
    kinds: Mapping[str, str] = field(default_factory=dict)


def text_attributions(
    masker: TextMasker,
    games: Games,
    plan: Plan,
    blocks: Sequence[int],
    *,
    outer: Split | None,
    clock: Callable[[], float],
) -> Attributions:
    """Attributions of columns and units, as the masker places them.

    Parameters
    ----------
    games
        Of the masker, by the position of a row among all.
    blocks
        Of the masker's rows.
    outer
        Gives the parts of a text that are explained first; None for one step.
    clock
        Seconds from some moment on, for a budget in seconds.

    Raises
    ------
    ConfigError
        The budget does not fit.
    ModelError
        The model does not answer with finite scores.
    """
    if outer is None:
        return Attributions.join(list(explain_blocks(games, plan, blocks, clock=clock)))
    groups = [groups_of(masker, row, outer) for row in range(masker.rows)]
    return explain_nested(games, plan, groups, blocks)


@dataclass(frozen=True, slots=True, eq=False)
class UnitsOfText:
    """Units of one text with their values.

    Parameters
    ----------
    spans
        Where they lie.
    values, standard_errors
        Shape (units, outputs).
    """

    spans: Sequence[Span]
    values: Floats
    standard_errors: Floats


def units_of(masker: TextMasker, found: Attributions, row: int, column: str) -> UnitsOfText:
    """Units of a row's text in a column."""
    place, spans = masker.places(row)[column], masker.spans[column][row]
    values, errors = found.values[row, place], found.standard_errors[row, place]
    own, first = leaves(spans, values)
    return UnitsOfText(own, values[first], errors[first])


def by_column(masker: TextMasker, found: Attributions, features: Sequence[str]) -> Attributions:
    """The same with one value for each column: that of a text is the sum of its units' values.

    The error of a sum is that of its units, or of all that is not in it, whichever is smaller: together they have none,
    since all values add up to a difference of two predictions. Errors of single units are taken as uncorrelated.

    Parameters
    ----------
    features
        Names of the columns, or of groups of columns without text, in order.
    """
    plain = [] if masker.others is None else list(masker.others.columns_of)
    # What belongs to the unit before it has no value of its own; one without a known error makes that of a sum unknown.
    owned = ~np.isnan(found.values)
    values, squares = np.where(owned, found.values, 0.0), np.where(owned, found.standard_errors**2, 0.0)
    shape = (len(values), len(features), values.shape[2])
    summed, own = np.zeros(shape), np.zeros(shape)
    for at, name in enumerate(features):
        if name not in masker.spans:
            summed[:, at], own[:, at] = values[:, plain.index(name)], squares[:, plain.index(name)]
            continue
        for row in range(masker.rows):
            place = masker.places(row)[name]
            summed[row, at], own[row, at] = values[row, place].sum(axis=0), squares[row, place].sum(axis=0)
    others = np.stack([np.delete(own, at, axis=1).sum(axis=1) for at in range(len(features))], axis=1)
    is_text = np.array([name in masker.spans for name in features])[None, :, None]
    errors = np.sqrt(np.where(is_text, np.fmin(own, others), own))
    return replace(found, values=summed, standard_errors=errors, loadings=None, odd_parts=None)
