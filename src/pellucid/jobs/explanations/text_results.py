"""What explained rows with texts leave behind: lines of local values, the top words, a few texts for the report."""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import DataError, Problem
from pellucid.explain.aggregate import Aggregation
from pellucid.explain.attributions import Attributions
from pellucid.explain.maskers.text import TextMasker, text_masker
from pellucid.jobs.explanations.part_files import LineParts
from pellucid.jobs.explanations.shap_job import Explained, ShapTask
from pellucid.jobs.explanations.texts import TextColumns, UnitsOfText, by_column, units_of
from pellucid.protocols.model import Batch
from pellucid.protocols.text import Split
from pellucid.records import dataclass

__all__ = ["TextResults", "is_punctuation"]

Floats = npt.NDArray[np.float64]

FIRST_TEXTS = 3
"""First rows whose texts are kept for the report, beside those with the highest and the lowest prediction."""
LONGEST_TEXT = 4_000
"""Characters of a text that is kept."""


def is_punctuation(word: str) -> bool:
    r"""Whether nothing in a word is more than punctuation, or what joins and modifies characters unseen.

    >>> is_punctuation("..."), is_punctuation("n't"), is_punctuation("$"), is_punctuation("\u200d")
    (True, False, False, True)
    """
    return all(unicodedata.category(character).startswith(("P", "Z", "C", "M")) for character in word)


@dataclass(slots=True, eq=False)
class TopWords:
    """Values of words over all their occurrences in a column; their sum is held, or each of them for a median."""

    aggregation: Aggregation
    _sums: dict[str, Floats] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _all: dict[str, list[Floats]] = field(default_factory=lambda: defaultdict(list))

    def add(self, word: str, values: Floats) -> None:
        """One occurrence, with values of shape (outputs,)."""
        self._counts[word] += 1
        if self.aggregation == "median":
            self._all[word].append(values)
            return
        moved = np.abs(values) if self.aggregation == "mean_abs" else values**2
        self._sums[word] = self._sums[word] + moved if word in self._sums else moved

    def largest(self, output: int, number: int) -> dict[str, float]:
        """The words of the largest values, descending; equal ones in the order of their first occurrence."""
        if self.aggregation == "median":
            found = {word: float(np.median([one[output] for one in values])) for word, values in self._all.items()}
        else:
            found = {word: float(total[output]) / self._counts[word] for word, total in self._sums.items()}
        return dict(sorted(found.items(), key=lambda item: -item[1])[:number])


@dataclass(slots=True, eq=False)
class _Kept:
    """One row's text, for the report."""

    row: int
    column: str
    text: str
    units: UnitsOfText
    base: Floats
    prediction: Floats


@dataclass(slots=True, eq=False)
class TextResults:
    """Gathers explained rows.

    Parameters
    ----------
    task
        With columns of texts.
    texts
        Those columns.
    words
        Gives the words of a unit.
    file
        ``out.jsonl``, open for text, or a folder of parts; None where local values are not kept.
    join
        Column that identifies the rows.
    """

    task: ShapTask
    texts: TextColumns
    words: Split
    file: IO[str] | LineParts | None = None
    join: str | None = None
    rows: int = 0
    units: int = 0
    empty: int = 0
    full: int = 0
    _top: dict[str, TopWords] = field(default_factory=dict)
    _first: list[_Kept] = field(default_factory=list)
    _extremes: dict[tuple[str, str], _Kept] = field(default_factory=dict)

    def add(self, part: Explained) -> Explained:
        """Gather some rows, which follow those before; give them with one value for each column."""
        request, columns = self.task.request, self.texts
        rows = Batch({name: part.rows.columns[name] for name in self.task.features})
        masker = text_masker(
            rows, self.task.baseline, request.players, columns.names, columns.split, max_units=columns.max_units
        )
        summed = by_column(masker, part.attributions, tuple(request.players))
        for row in range(masker.rows):
            entries = {name: units_of(masker, part.attributions, row, name) for name in columns.names}
            for name, units in entries.items():
                self._see(masker, part.attributions, row, name, units)
            if self.file is not None:
                self._write(part.rows, masker, summed.values[row], row, entries)
        self.rows += masker.rows
        return replace(part, attributions=summed)

    def _see(self, masker: TextMasker, found: Attributions, row: int, name: str, units: UnitsOfText) -> None:
        text, spans = masker.texts[name][row], masker.spans[name][row]
        self.units += len(units.spans)
        self.empty += not units.spans
        self.full += len(spans) == self.texts.max_units
        top = self._top.setdefault(name, TopWords(self.task.request.aggregation))
        single = set() if len(spans) == self.texts.max_units or not self.texts.are_words else set(spans)
        for span, values in zip(units.spans, units.values, strict=True):
            unit = text[slice(*span)]
            words = [unit] if span in single else [unit[start:end] for start, end in self.words(unit)]
            for word in words:
                if not is_punctuation(word):
                    top.add(word, values / len(words))
        if 0 < len(text) <= LONGEST_TEXT:
            kept = _Kept(self.rows + row, name, text, units, found.base_values[row], found.predictions[row])
            self._keep(kept)

    def _keep(self, kept: _Kept) -> None:
        if kept.row < FIRST_TEXTS:
            self._first.append(kept)
        for which, better in (("highest", 1.0), ("lowest", -1.0)):
            best = self._extremes.get((which, kept.column))
            if best is None or better * (kept.prediction[0] - best.prediction[0]) > 0:
                self._extremes[which, kept.column] = kept

    def _write(
        self, rows: Batch, masker: TextMasker, values: Floats, row: int, entries: Mapping[str, UnitsOfText]
    ) -> None:
        explanations = []
        for place, name in enumerate(self.task.request.players):
            if name in entries:
                units = entries[name]
                attributions = [
                    {
                        "attribution": of_unit,
                        "description": {"partial_text": masker.texts[name][row][start:end], "start_idx": start},
                    }
                    for (start, end), of_unit in zip(units.spans, units.values.tolist(), strict=True)
                ]
                kind = "free_text"
            else:
                attributions, kind = [{"attribution": values[place].tolist()}], self.texts.kinds[name]
            explanations.append({"attributions": attributions, "data_type": kind, "feature_name": name})
        line: dict[str, Any] = {"explanations": explanations}
        if self.join is not None:
            line.setdefault(self.join, _plain(rows.columns[self.join][row]))
        try:
            if self.file is not None:
                self.file.write(json.dumps(line, sort_keys=True) + "\n")
        except OSError as error:
            fix = f"{error.strerror or error}. Give a folder that can be written with --output."
            raise DataError(Problem("--output", fix=fix)) from None

    def top_words(self, labels: Sequence[str], number: int) -> dict[str, dict[str, dict[str, float]]]:
        """``global_top_shap_text`` by label and column."""
        return {
            label: {name: top.largest(place, number) for name, top in self._top.items()}
            for place, label in enumerate(labels)
        }

    def to_details(self, labels: Sequence[str]) -> dict[str, Any]:
        """What ``pellucid.json`` holds of texts, under ``texts``."""
        kept = {(one.row, one.column): one for one in (*self._first, *self._extremes.values())}
        return {
            "columns": list(self.texts.names),
            "units": self.units,
            "texts_without_units": self.empty,
            "records": [_record(kept[place], labels) for place in sorted(kept)],
        }

    def notes(self) -> list[str]:
        """What a reader should know."""
        notes = []
        if self.empty:
            cells = "1 text is" if self.empty == 1 else f"{self.empty:,} texts are"
            notes.append(f"methods.shap.text_config: {cells} missing or without any unit; nothing is attributed there.")
        if self.full:
            cells = "1 text was" if self.full == 1 else f"{self.full:,} texts were"
            notes.append(
                f"methods.shap.text_config.max_units: {cells} explained in {self.texts.max_units:,} units, the most "
                "that are allowed: where a text has more, neighbours are put together."
            )
        return notes


def _record(kept: _Kept, labels: Sequence[str]) -> dict[str, Any]:
    errors = kept.units.standard_errors
    return {
        "row": kept.row,
        "column": kept.column,
        "text": kept.text,
        "units": [list(span) for span in kept.units.spans],
        "labels": {
            label: {
                "base_value": float(kept.base[place]),
                "prediction": float(kept.prediction[place]),
                "values": kept.units.values[:, place].tolist(),
                "standard_errors": [float(e) if np.isfinite(e) else None for e in errors[:, place]],
            }
            for place, label in enumerate(labels)
        },
    }


def _plain(cell: Any) -> Any:
    value = cell.item() if isinstance(cell, np.generic) else cell
    return None if value is None or value != value else value
