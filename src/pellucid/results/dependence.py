"""How predictions move with single features: partial dependence, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, Problem, did_you_mean

if TYPE_CHECKING:
    from pellucid.results.plots import PartialDependencePlots

__all__ = ["FeatureDependence", "PartialDependence"]

Floats = npt.NDArray[np.float64]


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
        Prediction of every row, shape (rows, outputs, points), if it was asked for.
    """

    feature: str
    kind: Literal["numeric", "categorical"]
    points: npt.NDArray[Any]
    distribution: Floats
    predictions: Floats
    individual: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartialDependence:
    """Partial dependence of a model on some features; ``found["age"]`` is that on one.

    Parameters
    ----------
    features
        What was found, in the order asked for.
    outputs
        Names of the outputs.
    model_rows
        Rows that the model was asked for.
    """

    features: tuple[FeatureDependence, ...]
    outputs: tuple[str, ...]
    model_rows: int
    frame_library: str | None = field(default=None, repr=False)

    def __getitem__(self, feature: str) -> FeatureDependence:
        found = {dependence.feature: dependence for dependence in self.features}
        if feature not in found:
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
