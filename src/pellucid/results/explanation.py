"""What explaining some rows gives: Shapley values, how sure they are, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from pellucid.argument_kinds import TEXT
from pellucid.critical_value import critical_value
from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.results.plots import ExplanationPlots

__all__ = ["Aggregation", "Explanation", "FeatureImportance"]

Aggregation = Literal["mean_abs", "median", "mean_sq"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureImportance:
    """How much a feature moves an output over all explained rows.

    Parameters
    ----------
    output, feature
        Their names.
    value
        The plain aggregate of the local values, as Clarify's.
    corrected
        The same without what the noise of sampling adds to it; equal to ``value`` where the local values are exact.
    standard_error
        Of ``corrected``: 0 where the local values are exact, nan where their errors are not known.
    interval
        Of ``corrected``, at the confidence level of the explanation. It covers the noise of sampling coalitions, not
        the choice of the rows or of the background.
    rank
        Among the features of the output, by falling ``value``, from 1.
    tied
        Whether the place beside that of the feature ranked before or after is not certain: the intervals of all
        features up to the one do not lie above those of all others, or are not known.
    """

    output: str
    feature: str
    value: float
    corrected: float
    standard_error: float
    interval: tuple[float, float]
    rank: int
    tied: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation:
    """Shapley values of the predictions of some rows, with standard errors.

    Over the features, the values of a row and an output add up to its prediction minus its base value. Rows, features
    and outputs are chosen as in ``found[rows, features, outputs]``, by position or name.

    Parameters
    ----------
    values
        Shape (rows, features, outputs), also with one output.
    standard_errors
        Shape (rows, features, outputs): 0 where a value is exact, nan where the estimator gives no error. They cover
        the sampling of coalitions, not the choice of the background.
    base_values
        Mean prediction over the background, shape (rows, outputs). Rows differ only if some columns are not explained.
    predictions
        Shape (rows, outputs), in the space of ``link``. Where a formula was used, what it adds up to: the model's own
        prediction without the rounding of single precision.
    features
        Names of the explained features or groups of them.
    outputs
        Names of the outputs.
    data
        The explained rows, by column of the model; shape (rows,) each.
    estimators
        How each row was explained: ``exact: linear``, ``exact: logistic``, ``exact: trees``, ``enumeration``,
        ``leverage``, ``odd terms``, ``border``, ``clarify``, ``permutation``, or ``shap`` if it is shap's.
    samples
        Coalitions asked of each row besides the empty and the full one, shape (rows,); 0 where a formula was used.
    n_model_calls
        Rows that the model was asked for in all.
    seed
        Of every random number drawn.
    link
        ``identity``, or ``logit`` where log-odds are explained.
    confidence_level
        Of the intervals.
    importances
        What `global_importance` returns, by way of aggregation.
    notes
        What a reader should know: how rows were explained and why, and what a short budget means for the numbers.
    """

    values: Floats
    standard_errors: Floats
    base_values: Floats
    predictions: Floats
    features: tuple[str, ...]
    outputs: tuple[str, ...]
    data: Mapping[str, npt.NDArray[Any]]
    estimators: tuple[str, ...]
    samples: npt.NDArray[np.intp]
    n_model_calls: int
    seed: int
    link: str
    confidence_level: float
    importances: Mapping[Aggregation, tuple[FeatureImportance, ...]] = field(repr=False)
    notes: tuple[str, ...] = ()
    frame_library: str | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """Its size and how it was made: thousands of numbers would say less."""
        rows, features, outputs = self.values.shape
        return (
            f"Explanation(rows={rows}, features={features}, outputs={outputs}, estimator={self.estimator!r}, "
            f"n_model_calls={self.n_model_calls})"
        )

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.values)

    def __iter__(self) -> Iterator[Explanation]:
        """Each row as an explanation of its own."""
        return (self[row] for row in range(len(self)))

    def __getitem__(self, key: Any) -> Explanation:
        """Some of the rows, features and outputs: ``found[0]``, ``found[:, "age"]``, ``found[rows["age"] > 60]``.

        All axes stay, so that ``found[0].values`` has the shape (1, features, outputs); global importances are those of
        the rows that are left. Features that are left out are told as one step in a waterfall.

        Parameters
        ----------
        key
            Rows (a position, a slice, positions, or a truth value for each), features and outputs (names or positions,
            one or several), in this order; ``found[..., "yes"]`` chooses outputs alone.

        Raises
        ------
        ConfigError
            There is no such row, feature or output.
        """
        from pellucid.results.parts import part_of

        return part_of(self, key)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'Explanation' object has no attribute {name!r}{_of_shap(name)}")

    def cohorts(self, by: Any) -> dict[Any, Explanation]:
        """The rows by cohort, the largest first and rows without one last: ``found.cohorts("sex")["Female"]``.

        Parameters
        ----------
        by
            A column of the rows, or the cohort of every row, such as ``pandas.cut(rows["age"], [0, 30, 60, 120])``.

        Raises
        ------
        ConfigError
            There is no such column, it has more than 20 values, or there is not one for each row.

        Examples
        --------
        >>> import pellucid
        >>> found = pellucid.explain(lambda rows: rows.sum(axis=1), np.eye(3), baseline=np.zeros((1, 3)))
        >>> parts = found.cohorts(["first", "others", "others"])
        >>> {cohort: [round(one.value, 1) for one in part.global_importance()] for cohort, part in parts.items()}
        {'others': [0.5, 0.5, 0.0], 'first': [1.0, 0.0, 0.0]}
        """
        from pellucid.results.parts import cohorts_of

        return cohorts_of(self, by)

    @property
    def estimator(self) -> str:
        """How the rows were explained, the most frequent way first, such as ``exact: trees, leverage``."""
        distinct = dict.fromkeys(self.estimators)
        return ", ".join(sorted(distinct, key=self.estimators.count, reverse=True))

    @property
    def margins(self) -> Floats:
        """Half the width of the confidence interval of every value, shape (rows, features, outputs)."""
        return critical_value(self.confidence_level) * self.standard_errors

    def global_importance(self, method: Aggregation = "mean_abs") -> tuple[FeatureImportance, ...]:
        """Features of every output, the most important first.

        Parameters
        ----------
        method
            ``mean_abs``: mean of the absolute values; ``median``: of the signed values; ``mean_sq``: mean of squares.

        Raises
        ------
        ConfigError
            There is no such way of aggregation.
        """
        if not TEXT.holds(method) or method not in self.importances:
            fix = f"Use a way of aggregation; {did_you_mean(method, get_args(Aggregation))}"
            raise ConfigError(Problem("method", method, fix=fix))
        return self.importances[method]

    @property
    def plot(self) -> ExplanationPlots:
        """Plots: ``importance()``, ``beeswarm()``, ``waterfall(row)``, ``dependence(feature)``."""
        from pellucid.results.plots import ExplanationPlots

        return ExplanationPlots(self)

    def to_frame(self) -> Any:
        """A long table with one row per explained row, output and feature, in that order.

        Columns: row (from 0), output, feature, value, standard_error, low, high; the ends are those of the confidence
        interval. It is of the data frame library of the rows explained; where these came as an array or from a file,
        of the first of pandas, Polars and Arrow that is installed.

        Raises
        ------
        MissingExtra
            None of them is installed.
        """
        from pellucid.results.tables import frame_of_columns

        rows, features, outputs = self.values.shape
        margins = self.margins
        numbers = {
            "value": self.values,
            "standard_error": self.standard_errors,
            "low": self.values - margins,
            "high": self.values + margins,
        }
        return frame_of_columns(
            {
                "row": np.repeat(np.arange(rows), features * outputs),
                "output": np.tile(np.repeat(np.array(self.outputs, dtype=object), features), rows),
                "feature": np.tile(np.array(self.features, dtype=object), rows * outputs),
                **{name: array.transpose(0, 2, 1).ravel() for name, array in numbers.items()},
            },
            library=self.frame_library,
        )

    def to_shap(self) -> Any:
        """A ``shap.Explanation`` for shap's plots; with one output, its values have the shape (rows, features).

        Raises
        ------
        MissingExtra
            shap is not installed.
        """
        from pellucid.results.shap_explanation import shap_package

        shap = shap_package()
        one = len(self.outputs) == 1
        return shap.Explanation(
            values=self.values[:, :, 0] if one else self.values,
            base_values=self.base_values[:, 0] if one else self.base_values,
            data=self._cells(),
            feature_names=list(self.features),
            output_names=None if one else list(self.outputs),
        )

    @classmethod
    def from_shap(cls, explanation: Any, *, link: str = "identity", confidence_level: float = 0.95) -> Self:
        """An explanation made by shap, for the tables and plots of this package.

        Standard errors are nan, since shap gives none. Predictions are base values plus values.

        Parameters
        ----------
        explanation
            A ``shap.Explanation`` with values of shape (rows, features) or (rows, features, outputs), or of one row.
        link
            ``logit`` where it explains log-odds, as of a boosted classifier.
        confidence_level
            Of the intervals, in (0, 1); they are nan as well.

        Raises
        ------
        ConfigError
            Values are no numbers of such a shape (those of text, images and interactions are not), or base values or
            names do not fit them.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> shap = SimpleNamespace(values=np.array([[1.0, -3.0]]), base_values=np.array([2.0]), data=np.array([[5, 6]]),
        ...                        feature_names=["a", "b"], output_names=None)
        >>> found = Explanation.from_shap(shap)
        >>> found.predictions.item(), [importance.feature for importance in found.global_importance()]
        (0.0, ['b', 'a'])
        """
        from pellucid.results.shap_explanation import fields_of

        return cls(**fields_of(explanation), link=link, confidence_level=confidence_level)

    def _cells(self) -> npt.NDArray[Any] | None:
        """Cells of the explained features, shape (rows, features); None where a feature is a group of columns."""
        if not all(name in self.data for name in self.features):
            return None
        columns = [self.data[name] for name in self.features]
        numeric = all(column.dtype.kind in "biuf" for column in columns)
        return np.column_stack([column.astype(float if numeric else object) for column in columns])

    def __str__(self) -> str:
        from pellucid.results.printed import printed_explanation

        return printed_explanation(self)

    def _repr_html_(self) -> str:
        from pellucid.results.importance_table import html_of

        return html_of(self)


IN_SHAP = {
    "abs": "abs(found.values) are its sizes, found.global_importance() their means with intervals",
    "display_data": "found.data holds the rows",
    "error_std": "found.standard_errors",
    "feature_names": "found.features",
    "hclustering": "columns that belong together are explained together: feature_groups of pellucid.explain",
    "mean": "found.values.mean(axis=0), or found.global_importance() with intervals",
    "output_names": "found.outputs",
    "sample": "found[rows] chooses rows",
    "shape": "found.values.shape",
    "sum": "found.values.sum(axis=1); groups of columns: feature_groups of pellucid.explain",
}
"""What stands here for an attribute of shap's explanations."""


def _of_shap(name: str) -> str:
    return f", which shap's has: {IN_SHAP[name]}" if name in IN_SHAP else ""
