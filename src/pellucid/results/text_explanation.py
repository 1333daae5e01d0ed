"""What explaining texts gives: Shapley values of their units, how sure they are, and what they cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import field
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.argument_kinds import TEXT, refuse_other_kinds, whole_number
from pellucid.critical_value import critical_value
from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.records import dataclass
from pellucid.results.explanation import Aggregation

__all__ = ["ExplainedText", "TextExplanation", "TextUnit", "UnitImportance"]

Floats = npt.NDArray[np.float64]

AGGREGATIONS = {
    "mean_abs": lambda values: float(np.abs(values).mean()),
    "median": lambda values: float(np.median(values)),
    "mean_sq": lambda values: float(np.square(values).mean()),
}


@dataclass(frozen=True, slots=True)
class TextUnit:
    """A part of a text.

    Parameters
    ----------
    text
        As it stands there.
    start
        Position of its first character.
    """

    text: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitImportance:
    """What a unit is worth wherever it occurs.

    Parameters
    ----------
    value
        Aggregate of the values of its occurrences.
    occurrences
        How often it occurs in the texts.
    """

    output: str
    unit: str
    value: float
    occurrences: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExplainedText:
    """One text; the values of an output add up to its prediction minus its base value.

    Parameters
    ----------
    units
        Parts of the text that were present or masked, in order. In two steps, a sentence of little effect is one unit.
    values
        Shapley values, shape (units, outputs).
    standard_errors
        Shape (units, outputs): 0 where a value is exact, nan where its error is not known.
    base_values, predictions
        Of the text with every unit masked and of the text itself, shape (outputs,).
    method
        ``enumeration``, ``leverage``, ``odd terms``, ``border``, ``clarify``, ``permutation`` or ``nested``.
    samples
        Coalitions asked besides the empty and the full one.
    """

    text: str
    units: tuple[TextUnit, ...]
    values: Floats
    standard_errors: Floats
    base_values: Floats
    predictions: Floats
    method: str
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextExplanation:
    """Shapley values of the units of some texts, with standard errors.

    Parameters
    ----------
    texts
        In the order in which they were given.
    outputs
        Names of the outputs.
    granularity, language, mask
        What a unit is, and what stands in its place where it is absent.
    model_rows
        Texts that the model was asked for in all.
    seed
        Of every random number drawn.
    link
        ``identity``, or ``logit`` where log-odds are explained.
    confidence_level
        Of the intervals.
    notes
        What a reader should know: how texts were explained, and which have nothing to explain.
    """

    texts: tuple[ExplainedText, ...]
    outputs: tuple[str, ...]
    granularity: str
    language: str
    mask: str
    model_rows: int
    seed: int
    link: str
    confidence_level: float
    notes: tuple[str, ...] = ()
    frame_library: str | None = field(default=None, repr=False)

    @property
    def reach(self) -> float:
        """Half the width of an interval, in standard errors."""
        return critical_value(self.confidence_level)

    def top_units(self, number: int = 50, *, method: Aggregation = "mean_abs") -> tuple[UnitImportance, ...]:
        """Units of every output with the largest values over all their occurrences, case kept.

        Parameters
        ----------
        number
            Most units of an output.
        method
            ``mean_abs``: mean of the absolute values; ``median``: of the signed values; ``mean_sq``: mean of squares.

        Raises
        ------
        ConfigError
            There is no such way of aggregation, or the number is below 1.
        """
        refuse_other_kinds(("number", number, whole_number(1)))
        if not TEXT.holds(method) or method not in AGGREGATIONS:
            fix = f"Use a way of aggregation; {did_you_mean(method, list(AGGREGATIONS))}"
            raise ConfigError(Problem("method", method, fix=fix))
        occurring: dict[str, list[Floats]] = defaultdict(list)
        for text in self.texts:
            for unit, values in zip(text.units, text.values, strict=True):
                occurring[unit.text].append(values)
        found: list[UnitImportance] = []
        for place, output in enumerate(self.outputs):
            of_output = [
                UnitImportance(
                    output=output,
                    unit=unit,
                    value=AGGREGATIONS[method](np.array(values)[:, place]),
                    occurrences=len(values),
                )
                for unit, values in occurring.items()
            ]
            found += sorted(of_output, key=lambda one: -one.value)[:number]
        return tuple(found)

    def to_frame(self) -> Any:
        """A long table with one row per text, output and unit, in that order.

        Columns: row (from 0), output, unit, start, value, standard_error, low, high; the ends are those of the
        confidence interval. It is of the data frame library of the texts; where these came as a list, of the first of
        pandas, Polars and Arrow that is installed.

        Raises
        ------
        MissingExtra
            None of them is installed.
        """
        from pellucid.results.tables import frame_of_columns

        rows, names, units, starts = [], [], [], []
        values, errors = [np.empty(0)], [np.empty(0)]
        for row, text in enumerate(self.texts):
            for place, output in enumerate(self.outputs):
                rows += [row] * len(text.units)
                names += [output] * len(text.units)
                units += [unit.text for unit in text.units]
                starts += [unit.start for unit in text.units]
                values.append(text.values[:, place])
                errors.append(text.standard_errors[:, place])
        value, error = np.concatenate(values), np.concatenate(errors)
        return frame_of_columns(
            {
                "row": np.array(rows, dtype=np.int64),
                "output": np.array(names, dtype=object),
                "unit": np.array(units, dtype=object),
                "start": np.array(starts, dtype=np.int64),
                "value": value,
                "standard_error": error,
                "low": value - self.reach * error,
                "high": value + self.reach * error,
            },
            library=self.frame_library,
        )

    def to_shap(self) -> Any:
        """A ``shap.Explanation`` for ``shap.plots.text`` and ``shap.plots.bar``; units carry what follows them.

        Raises
        ------
        MissingExtra
            shap is not installed.
        """
        from pellucid.results.shap_explanation import shap_package

        shap = shap_package()
        one = len(self.outputs) == 1
        pieces = [np.array(pieces_of(text), dtype=object) for text in self.texts]
        return shap.Explanation(
            values=_ragged([text.values[:, 0] if one else text.values for text in self.texts]),
            base_values=np.array([text.base_values[0] if one else text.base_values for text in self.texts]),
            data=_ragged(pieces),
            feature_names=[list(of_text) for of_text in pieces],
            output_names=None if one else list(self.outputs),
        )

    def __repr__(self) -> str:
        """Its size and what it took: thousands of numbers would say less."""
        return (
            f"TextExplanation(texts={len(self.texts)}, outputs={len(self.outputs)}, granularity={self.granularity!r}, "
            f"model_rows={self.model_rows})"
        )

    def __str__(self) -> str:
        from pellucid.results.printed import printed_texts

        return printed_texts(self)

    def _repr_html_(self) -> str:
        from pellucid.results.marked_texts import html_of

        return html_of(self)


def pieces_of(text: ExplainedText) -> list[str]:
    """Units of a text with all that stands between them, so that together they are the text.

    What precedes the first unit goes with it.
    """
    starts = [unit.start for unit in text.units[1:]]
    return [text.text[a:b] for a, b in zip([0, *starts], [*starts, len(text.text)], strict=True)] if text.units else []


def _ragged(parts: list[npt.NDArray[Any]]) -> npt.NDArray[np.object_]:
    """Arrays of any lengths side by side; NumPy would stack equal ones."""
    found = np.empty(len(parts), dtype=object)
    for place, part in enumerate(parts):
        found[place] = part
    return found
