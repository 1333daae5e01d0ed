"""The flip test: how often the most similar people of the other group are treated otherwise.

Source: Amazon SageMaker Clarify, *Flip Test (FT)*, after Black, Yeom and Fredrikson, *FlipTest: Fairness Testing via
Optimal Transport* (2020), read as the job computes it. It is the one bias metric that needs rows, not counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import AnalysisError, ConfigError, Problem
from pellucid.protocols.pool import Workers
from pellucid.records import dataclass

__all__ = ["Flips", "count_flips"]

Matrix = npt.NDArray[Any]
Booleans = npt.NDArray[np.bool_]

NEIGHBOURS = 5
FEW_ROWS = 9
"""With no more rows of facet ``a`` than this, the nearest one alone decides."""


@dataclass(frozen=True, slots=True)
class Flips:
    """Rows of facet ``d`` that their neighbours in facet ``a`` would have decided otherwise.

    Parameters
    ----------
    rows
        Rows of ``d`` compared, at least 1.
    to_negative
        The model accepts, the neighbours were rejected.
    to_positive
        The model rejects, the neighbours were accepted.
    population
        All rows of ``d``; more than ``rows`` where a sample of them was compared, and 0 stands for ``rows``.

    Examples
    --------
    >>> Flips(rows=5, to_negative=1, to_positive=2).value
    -0.2
    """

    rows: int
    to_negative: int
    to_positive: int
    population: int = 0

    @property
    def value(self) -> float:
        """The metric, (to_negative - to_positive) / rows, [-1, 1]; negative is to the harm of ``d``."""
        return (self.to_negative - self.to_positive) / self.rows

    @property
    def standard_error(self) -> float:
        """How far ``value`` typically is from that of all rows of ``d``; 0 where all were compared, nan for one row.

        Of a sample without replacement, s / sqrt(rows) * sqrt(1 - rows / population), where s is the standard
        deviation of the outcomes 1, 0 and -1 (Cochran, *Sampling Techniques*, section 2.6).

        >>> round(Flips(rows=100, to_negative=10, to_positive=15, population=400).standard_error, 4)
        0.0433
        """
        if self.population in (0, self.rows):
            return 0.0
        if self.rows == 1:
            return math.nan
        variance = ((self.to_negative + self.to_positive) / self.rows - self.value**2) / (self.rows - 1)
        return math.sqrt(variance * (1 - self.rows / self.population))


def count_flips(
    features_a: Matrix,
    positive_a: Booleans,
    features_d: Matrix,
    positive_d: Booleans,
    *,
    sample: int | None = None,
    rng: np.random.Generator | None = None,
    workers: Workers | None = None,
) -> Flips:
    """Compare the decision on each row of facet ``d`` with those on the rows of facet ``a`` most similar to it.

    The neighbours are the 5 nearest rows of ``a`` (the nearest one, where ``a`` has fewer than 10) by Euclidean
    distance on the features as they are, neither scaled nor encoded; most of them decide. Ties are broken as
    scikit-learn's ``KNeighborsClassifier`` breaks them, so that each row gets the answer that Clarify's gets.

    Parameters
    ----------
    features_a, features_d
        Features of the rows of each facet, finite, shapes (n_a, m) and (n_d, m) with m >= 1. Give integers where all
        columns hold integers: scikit-learn breaks ties in other ways there.
    positive_a, positive_d
        Whether the model accepts, shapes (n_a,) and (n_d,).
    sample
        Compare this many rows of ``d``, drawn without replacement, at least 1. All of them by default.
    rng
        Draws the sample. Equal generators draw equal samples.
    workers
        Other processes that find the neighbours; they change no answer.

    Raises
    ------
    AnalysisError
        A facet is empty, or a feature is missing or infinite, or there are none: Clarify's text, and the remedy.
    ConfigError
        The shapes do not go together, or ``sample`` cannot be drawn.
    MissingExtra
        The workers lack a package.

    Examples
    --------
    >>> a = np.array([[0.0], [1], [2], [3], [4], [10], [11], [12], [13], [14]])
    >>> d = np.array([[1.2], [2.2], [12.4], [11.6], [12.9]])
    >>> count_flips(a, a[:, 0] >= 10, d, np.array([False, True, False, True, False])).value
    -0.2
    """
    problems = [*_shape_problems(features_a, positive_a, features_d, positive_d), *_sample_problems(sample, rng)]
    if problems:
        raise ConfigError(problems)
    _refuse_what_clarify_refuses(features_a, features_d)
    population = len(features_d)
    if sample is not None and rng is not None and sample < population:
        drawn = np.sort(rng.choice(population, size=sample, replace=False))
        features_d, positive_d = features_d[drawn], positive_d[drawn]
    k = NEIGHBOURS if len(features_a) > FEW_ROWS else 1
    from pellucid.bias.neighbours import majority_of_neighbours

    neighbours = majority_of_neighbours(features_a, positive_a, features_d, k, workers=workers)
    return Flips(
        rows=len(features_d),
        to_negative=int(np.count_nonzero(positive_d & ~neighbours)),
        to_positive=int(np.count_nonzero(~positive_d & neighbours)),
        population=population,
    )


def _shape_problems(
    features_a: Matrix, positive_a: Booleans, features_d: Matrix, positive_d: Booleans
) -> Iterator[Problem]:
    for facet, features, positive in (("a", features_a, positive_a), ("d", features_d, positive_d)):
        if features.ndim != 2:
            yield Problem(f"features_{facet}.shape", features.shape, fix="Use a row per person, a column per feature.")
        elif positive.shape != features.shape[:1]:
            fix = f"Use one truth value for each of the {len(features)} rows of features_{facet}."
            yield Problem(f"positive_{facet}.shape", positive.shape, fix=fix)
    if features_a.ndim == features_d.ndim == 2 and features_a.shape[1] != features_d.shape[1]:
        fix = f"Use the {features_a.shape[1]} columns of features_a, in their order."
        yield Problem("features_d.shape", features_d.shape, fix=fix)


def _sample_problems(sample: int | None, rng: np.random.Generator | None) -> Iterator[Problem]:
    if sample is None:
        return
    if sample < 1:
        yield Problem("sample", sample, fix="Use an integer of at least 1, or None for all rows.")
    if rng is None:
        yield Problem("rng", None, fix="Give a numpy.random.Generator to draw the sample with.")


def _refuse_what_clarify_refuses(features_a: Matrix, features_d: Matrix) -> None:
    if not len(features_d):
        raise AnalysisError("Facet set is empty", "No row has the facet's value; check facet.value_or_threshold.")
    if not len(features_a):
        raise AnalysisError("Negated Facet set is empty", "Every row has the facet's value; give fewer values.")
    for features in (features_a, features_d):
        if not features.shape[1]:
            raise AnalysisError(_refusal(features), "Keep a feature besides the facet to find similar rows by.")
        finite = np.isfinite(features).all(axis=1)
        if not finite.all():
            number = np.count_nonzero(~finite)
            hold = "1 row holds" if number == 1 else f"{number:,} rows hold"
            fix = f"{hold} such a value; fill in or leave out what is missing."
            raise AnalysisError(_refusal(features[~finite]), fix)


def _refusal(features: Matrix) -> str:
    """What the neighbour search of Clarify says to ``features``, which it refuses."""
    from sklearn.neighbors import KNeighborsClassifier

    try:
        with np.errstate(over="ignore", invalid="ignore"):  # it adds everything up before it looks closer
            KNeighborsClassifier(1).fit(features, np.zeros(len(features), dtype=bool))
    except ValueError as error:
        return str(error)
    return "The nearest-neighbours search does not accept these features."
