"""How predictions move with single features: partial dependence and accumulated local effects, frozen."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from pellucid.argument_kinds import TEXT
from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.results.plots import PartialDependencePlots

__all__ = ["AccumulatedCurve", "FeatureDependence", "PartialDependence", "on_scale_of_predictions"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccumulatedCurve:
    """Accumulated local effects of a feature (Apley and Zhu, 2020); all but ``edges`` have the shape (outputs, edges).

    Parameters
    ----------
    edges
        Values of the feature, shape (edges,); between them the curve is a line.
    effects
        In units of the prediction; their mean over all rows is 0.
    standard_errors
        What other rows with the same values of this feature would give; nan where not known.
    low, high
        Ends of the intervals.
    """

    edges: npt.NDArray[Any]
    effects: Floats
    standard_errors: Floats
    low: Floats
    high: Floats


def on_scale_of_predictions(
    points: npt.NDArray[Any], predictions: Floats, distribution: Floats, edges: npt.NDArray[Any], effects: Floats
) -> Floats:
    """Accumulated effects at the points of a partial dependence, moved to the mean of it over the rows.

    Parameters
    ----------
    points, distribution
        Of the partial dependence, shape (points,).
    predictions
        Shape (outputs, points).
    edges
        Shape (edges,).
    effects
        Shape (outputs, edges).

    Examples
    --------
    >>> on_scale_of_predictions(np.array([1.0, 2.0]), np.array([[5.0, 7.0]]), np.array([0.5, 0.5]),
    ...                         np.array([0.0, 4.0]), np.array([[-4.0, 4.0]])).tolist()
    [[5.0, 7.0]]
    """
    share = distribution / (distribution.sum() or 1.0)
    curves = np.stack([np.interp(points.astype(float), edges.astype(float), curve) for curve in effects])
    return np.asarray(curves + ((predictions - curves) @ share)[:, None])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureDependence:
    """Predictions with one feature set to one value after another.

    Parameters
    ----------
    feature
        Its name.
    kind
        ``numeric``: the points are centres of buckets of equal width; ``categorical``: the values that occur.
    points
        Values the feature was set to, shape (points,).
    distribution
        Share of the rows in the bucket of each point, or with its value, shape (points,).
    predictions
        Mean prediction over all rows, shape (outputs, points).
    individual
        Predictions of single rows, shape (rows, outputs, points), if they were asked for.
    rows
        Positions of these rows, shape (rows,).
    accumulated
        Accumulated local effects of a number, if they were asked for.
    """

    feature: str
    kind: Literal["numeric", "categorical"]
    points: npt.NDArray[Any]
    distribution: Floats
    predictions: Floats
    individual: Floats | None = field(default=None, repr=False)
    rows: npt.NDArray[np.intp] | None = field(default=None, repr=False)
    accumulated: AccumulatedCurve | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartialDependence:
    """Partial dependence of a model on some features; ``found["age"]`` is that on one.

    Parameters
    ----------
    features
        What was found, in the order asked for.
    outputs
        Names of the outputs.
    n_model_calls
        Rows that the model was asked for.
    """

    features: tuple[FeatureDependence, ...]
    outputs: tuple[str, ...]
    n_model_calls: int
    frame_library: str | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """What it holds, without the curves."""
        names = [found.feature for found in self.features]
        return f"PartialDependence(features={names}, outputs={list(self.outputs)}, n_model_calls={self.n_model_calls})"

    def __str__(self) -> str:
        from pellucid.results.printed import printed_dependence

        return printed_dependence(self)

    def __getitem__(self, feature: str) -> FeatureDependence:
        found = {dependence.feature: dependence for dependence in self.features}
        if not TEXT.holds(feature) or feature not in found:
            fix = f"Use a feature that was asked for; {did_you_mean(feature, list(found))}"
            raise ConfigError(Problem("feature", feature, fix=fix))
        return found[feature]

    @property
    def plot(self) -> PartialDependencePlots:
        """Plots: ``partial_dependence(feature)``."""
        from pellucid.results.plots import PartialDependencePlots

        return PartialDependencePlots(self)

    def to_frame(self) -> Any:
        """A long table with one row per feature, output and point, of the library of the data.

        Columns: feature, output, point (as text), prediction, distribution.

        Raises
        ------
        MissingExtra
            No data frame library is installed.
        """
        from pellucid.results.tables import frame_of_columns

        each = [(dependence, output) for dependence in self.features for output in range(len(self.outputs))]
        repeated = [(dependence.feature, self.outputs[output], len(dependence.points)) for dependence, output in each]
        return frame_of_columns(
            {
                "feature": np.array([name for name, _, points in repeated for _ in range(points)], dtype=object),
                "output": np.array([name for _, name, points in repeated for _ in range(points)], dtype=object),
                "point": np.array([str(point) for found, _ in each for point in found.points.tolist()], dtype=object),
                "prediction": np.concatenate([found.predictions[output] for found, output in each]),
                "distribution": np.concatenate([found.distribution for found, _ in each]),
            },
            library=self.frame_library,
        )
