"""Text masker: players are units of texts, and columns of anything else; an absent unit shows a mask in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.explain.maskers.masked_rows import MaskedRows, codes
from pellucid.explain.maskers.tabular import TabularMasker
from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch
from pellucid.protocols.text import Span, Split
from pellucid.records import dataclass

__all__ = ["TextMasker", "groups_of", "leaves", "merged_spans", "text_masker", "unit_spans"]

Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.intp]
Objects = npt.NDArray[np.object_]
Spans = Sequence[Span]

CHARACTERS_PER_CELL = 8
"""Memory is bounded in cells of tables, which are numbers of eight bytes."""


def merged_spans(spans: Spans, most: int) -> list[Span]:
    """Neighbours put together into at most ``most`` runs of equal length, give or take one.

    >>> merged_spans([(0, 1), (2, 3), (4, 5)], 2)
    [(0, 3), (4, 5)]
    """
    if len(spans) <= most:
        return list(spans)
    size, longer = divmod(len(spans), most)
    last = np.cumsum([size + 1] * longer + [size] * (most - longer)).tolist()
    return [(spans[first][0], spans[stop - 1][1]) for first, stop in zip([0, *last], last, strict=False)]


def unit_spans(texts: Objects, split: Split, most: int) -> list[list[Span]]:
    """Units of every text, at most ``most`` each; a missing text has none."""
    return [merged_spans(split(text), most) if text else [] for text in texts.tolist()]


def groups_of(masker: TextMasker, row: int, outer: Split) -> list[Integers]:
    """Players of a row in groups: each column by itself, and the units that lie in the same part of their text.

    Parameters
    ----------
    outer
        Gives the parts of a text, such as its sentences; a unit belongs to the part in which it begins.
    """
    groups = [np.array([player]) for player in range(masker.plain_players)]
    for name, place in masker.places(row).items():
        spans = masker.spans[name][row]
        if spans:
            starts = [start for start, _ in outer(masker.texts[name][row])]
            part = np.searchsorted(starts, [start for start, _ in spans], side="right")
            groups += [place.start + np.flatnonzero(part == number) for number in np.unique(part)]
    return groups


def leaves(spans: Spans, values: npt.NDArray[np.float64]) -> tuple[list[Span], Integers]:
    """Units with a value of their own: one whose values are nan belongs to the unit before it.

    Parameters
    ----------
    values
        Shape (units, outputs).

    Returns
    -------
    spans
        Of the units put together.
    first
        Position of the first unit of each, where its value stands.

    Examples
    --------
    >>> leaves([(0, 2), (3, 5), (6, 9)], np.array([[0.5], [np.nan], [0.1]]))
    ([(0, 5), (6, 9)], array([0, 2]))
    """
    first = np.flatnonzero(~np.isnan(values).all(axis=1))
    last = np.append(first, len(spans))[1:] - 1
    return [(spans[a][0], spans[b][1]) for a, b in zip(first.tolist(), last.tolist(), strict=True)], first


def text_masker(
    rows: Batch,
    baseline: Batch,
    players: Mapping[str, tuple[str, ...]],
    columns: Sequence[str],
    split: Split,
    *,
    max_units: int,
) -> TextMasker:
    """A masker that splits some columns into units.

    Parameters
    ----------
    rows, baseline
        Rows to explain, and what absence looks like: other columns' values, and the mask in text columns.
    players
        Columns of every player, as `players_of` gives them.
    columns
        Those of text; each is a player by itself.
    split
        Gives the units of a text.
    max_units
        Most units of a text; neighbours are put together where it has more.

    Examples
    --------
    >>> rows = Batch({"stars": np.array([4]), "review": np.array(["So good!"], dtype=object)})
    >>> baseline = Batch({"stars": np.array([0]), "review": np.array(["?"], dtype=object)})
    >>> players = {"stars": ("stars",), "review": ("review",)}
    >>> masker = text_masker(rows, baseline, players, ["review"], lambda text: [(0, 2), (3, 7), (7, 8)], max_units=9)
    >>> masked = masker.masked(Asked.of(0, np.array([[True, False, True, False]]))).batch()
    >>> {name: column.tolist() for name, column in masked.columns.items()}
    {'stars': [4], 'review': ['? good?']}
    """
    texts = {name: _as_text(rows.columns[name]) for name in columns}
    masks = {name: tuple(_as_text(baseline.columns[name]).tolist()) for name in columns}
    others = [name for name in rows.names if name not in texts]
    tabular = None
    if others:
        tabular = TabularMasker(
            Batch({name: rows.columns[name] for name in others}),
            Batch({name: baseline.columns[name] for name in others}),
            {player: its for player, its in players.items() if not set(its) & set(columns)},
        )
    spans = {name: unit_spans(column, split, max_units) for name, column in texts.items()}
    return TextMasker(rows.names, texts, masks, spans, tabular)


def _as_text(column: npt.NDArray[Any]) -> Objects:
    """Cells as text; a missing one is empty, as it is in a CSV file."""
    found = np.empty(len(column), dtype=object)
    found[:] = ["" if cell is None or cell != cell else str(cell) for cell in column.tolist()]
    return found


@dataclass(frozen=True, eq=False)
class TextMasker:
    """Rows with texts; see `text_masker`.

    Players are the columns that hold no text, then the units of each text; rows have places for as many units as the
    longest row has.

    Parameters
    ----------
    names
        Columns in the model's order.
    texts
        Texts by column, shape (rows,); none is missing.
    masks
        What stands in the place of an absent unit, by column, one for every row of the baseline.
    spans
        Units by column, of every row.
    others
        Columns that hold no text.
    """

    names: tuple[str, ...]
    texts: Mapping[str, Objects]
    masks: Mapping[str, tuple[str, ...]]
    spans: Mapping[str, Sequence[Spans]]
    others: TabularMasker | None = None

    @property
    def rows(self) -> int:
        """Number of rows to explain."""
        return len(next(iter(self.texts.values())))

    @cached_property
    def plain_players(self) -> int:
        """Number of players that are no units."""
        return 0 if self.others is None else self.others.players

    @cached_property
    def units(self) -> Integers:
        """Number of units of each row, shape (rows,)."""
        return np.asarray(sum(np.array([len(spans) for spans in of_rows]) for of_rows in self.spans.values()))

    @property
    def players(self) -> int:
        """Number of players of the row that has most."""
        return self.plain_players + int(self.units.max(initial=0))

    @property
    def inputs_per_coalition(self) -> int:
        """Number of rows of the baseline."""
        return len(next(iter(self.masks.values())))

    @cached_property
    def cells_per_input(self) -> int:
        """Size of the longest input, in numbers of eight bytes."""
        longest = sum(max(map(len, column.tolist()), default=0) for column in self.texts.values())
        return len(self.names) + longest // CHARACTERS_PER_CELL

    @property
    def has_common_base(self) -> bool:
        """False: the empty coalition holds a mask for each unit of the row, and what stands between them."""
        return False

    def places(self, row: int) -> dict[str, slice]:
        """Where the units of each text of a row stand among its players."""
        found, start = {}, self.plain_players
        for name, of_rows in self.spans.items():
            found[name] = slice(start, start + len(of_rows[row]))
            start = found[name].stop
        return found

    def playing(self, rows: Sequence[int]) -> Booleans:
        """Which places each row fills, shape (rows, players)."""
        filled = self.plain_players + self.units[list(rows)]
        return np.asarray(np.arange(self.players) < filled[:, None])

    def active(self, rows: Sequence[int]) -> Booleans:
        """Columns that differ from the baseline, and units that differ from the mask, shape (rows, players)."""
        differs = np.zeros((len(rows), self.players), dtype=bool)
        if self.others is not None:
            differs[:, : self.plain_players] = self.others.active(rows)
        for at, row in enumerate(rows):
            for name, place in self.places(row).items():
                text, masks = self.texts[name][row], set(self.masks[name])
                differs[at, place] = [masks != {text[start:end]} for start, end in self.spans[name][row]]
        return differs

    def unmasked(self, rows: Sequence[int]) -> Batch:
        """The rows themselves."""
        columns = {} if self.others is None else dict(self.others.unmasked(rows).columns)
        columns |= {name: column[list(rows)] for name, column in self.texts.items()}
        return Batch({name: columns[name] for name in self.names})

    def masked(self, asked: Asked) -> MaskedTexts:
        """Every coalition before every row of the baseline, coalition after coalition."""
        parts: dict[str, list[str]] = {name: [] for name in self.texts}
        for row, part in asked.by_row():
            for name, place in self.places(row).items():
                parts[name] += self._filled(name, row, asked.coalitions[part, place])
        columns = {name: np.array([*texts, None], dtype=object)[:-1] for name, texts in parts.items()}
        plain = None
        if self.others is not None:
            plain = self.others.masked(Asked(asked.rows, asked.coalitions[:, : self.plain_players]))
        return MaskedTexts(self.names, columns, plain)

    def _filled(self, name: str, row: int, present: Booleans) -> list[str]:
        """The text of a row with units present or not, for every coalition and mask."""
        text, spans, masks = self.texts[name][row], self.spans[name][row], self.masks[name]
        if not spans:
            return [text] * (len(present) * len(masks))
        ends = [start for start, _ in spans[1:]] + [len(text)]
        # What follows a unit up to the next one goes with it, present or not.
        shown = np.array([text[start:end] for (start, _), end in zip(spans, ends, strict=True)], dtype=object)
        before = text[: spans[0][0]]
        gaps = [text[last:end] for (_, last), end in zip(spans, ends, strict=True)]
        absent = np.array([[mask + gap for gap in gaps] for mask in masks], dtype=object)
        filled = np.where(present[:, None, :], shown, absent)
        return [before + "".join(pieces) for pieces in filled.reshape(-1, len(spans)).tolist()]


@dataclass(frozen=True, eq=False)
class MaskedTexts:
    """Inputs of some coalitions.

    Parameters
    ----------
    names
        Columns in the model's order.
    texts
        Masked texts by column, shape (inputs,).
    others
        Inputs of the columns that hold no text, not yet built.
    """

    names: tuple[str, ...]
    texts: Mapping[str, Objects]
    others: MaskedRows | None

    def __len__(self) -> int:
        return len(next(iter(self.texts.values())))

    def merged(self) -> None:
        """Nothing is known beforehand."""

    def batch(self, inputs: Integers | None = None) -> Batch:
        """The inputs, or those at the positions given."""
        columns = {} if self.others is None else dict(self.others.batch(inputs).columns)
        columns |= {name: texts if inputs is None else texts[inputs] for name, texts in self.texts.items()}
        return Batch({name: columns[name] for name in self.names})

    @cached_property
    def numbers(self) -> npt.NDArray[np.int64]:
        """A number for every distinct text of a column, shape (inputs, columns of text)."""
        return np.column_stack([codes(texts)[0] for texts in self.texts.values()]).astype(np.int64)

    def words(self, inputs: Integers | None = None) -> npt.NDArray[np.int64]:
        """Equal exactly where the inputs are equal, shape (inputs, words)."""
        numbers = self.numbers if inputs is None else self.numbers[inputs]
        return numbers if self.others is None else np.column_stack([numbers, self.others.words(inputs)])
