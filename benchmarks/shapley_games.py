"""Games of known Shapley values for the benchmarks of the estimators: real and made data, several kinds of model.

Truth comes from the full enumeration where there are at most 20 columns, else from shap's interventional TreeExplainer
on LightGBM margins, run in the interpreter that has shap (the two agree to 1e-8 where both can be had).
"""

from __future__ import annotations

import pickle
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_breast_cancer, load_digits, load_wine, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pellucid.explain.designs import enumeration
from pellucid.explain.game import MaskedGames
from pellucid.explain.maskers.tabular import TabularMasker, players_of
from pellucid.explain.solve import solver
from pellucid.protocols.game import Asked
from pellucid.protocols.model import Batch

Array = npt.NDArray[np.float64]

SHAP = """
import pickle, sys
import numpy as np, shap
request = pickle.load(open(sys.argv[1], "rb"))
model, rows, background, seeds = request["model"], request["rows"], request["background"], request["seeds"]
def score(x):
    if request["margin"]:
        return model.predict(x, raw_score=True, num_threads=1)
    return model.predict_proba(x)[:, 1]
answer = {}
if request["margin"]:
    explainer = shap.TreeExplainer(model, background, feature_perturbation="interventional", model_output="raw")
    answer["truth"] = np.asarray(explainer.shap_values(rows)).reshape(rows.shape)
for name, options in request["options"].items():
    for samples in request["samples"]:
        values = []
        for seed in seeds:
            np.random.seed(seed)
            explainer = shap.KernelExplainer(score, background, keep_index=False)
            values.append(explainer.shap_values(rows, nsamples=samples, silent=True, **options))
        answer[name, samples] = np.array(values)
def game(row):
    def value(coalitions):
        masked = np.where(np.atleast_2d(coalitions)[:, None, :], row, background)
        return score(masked.reshape(-1, len(row))).reshape(masked.shape[:2]).mean(axis=1)
    return value
if request["approximators"]:
    import shapiq
for name, (approximator, options) in request["approximators"].items():
    for samples in request["samples"]:
        values = []
        for seed in seeds:
            made = getattr(shapiq, approximator)(n=rows.shape[1], random_state=seed, **options)
            values.append([made.approximate(samples + 2, game(row)).get_n_order_values(1) for row in rows])
        answer[name, samples] = np.array(values)
pickle.dump(answer, open(sys.argv[2], "wb"))
"""


@dataclass(frozen=True, eq=False)
class Case:
    """A model, rows to explain and a background."""

    name: str
    model: Any
    rows: Array
    background: Array
    margin: bool = False

    @property
    def d(self) -> int:
        """Number of columns."""
        return self.rows.shape[1]

    def score(self, x: Array) -> Array:
        """The explained score."""
        if self.margin:
            return np.asarray(self.model.predict(x, raw_score=True, num_threads=1))
        return np.asarray(self.model.predict_proba(x)[:, 1])

    def games(self) -> MaskedGames:
        """The games of its rows."""
        names = [f"x{i}" for i in range(self.d)]
        rows, background = (
            Batch({name: x[:, i] for i, name in enumerate(names)}) for x in (self.rows, self.background)
        )
        masker = TabularMasker(rows, background, players_of(names))
        return MaskedGames(masker, lambda batch: self.score(np.column_stack(list(batch.columns.values()))))

    def enumerated(self) -> Array:
        """Exact Shapley values by enumeration, shape (rows, columns)."""
        games = self.games()
        truth = np.zeros(self.rows.shape)
        for row, active in enumerate(games.active(range(len(self.rows)))):
            players = np.flatnonzero(active)
            design = enumeration(len(players))
            coalitions = np.zeros((len(design.coalitions), self.d), dtype=bool)
            coalitions[:, players] = design.coalitions
            empty, full = games.ends([row]).values[0][:, 0]
            values = games.values(Asked.of(row, coalitions)).values[:, 0]
            truth[row, players] = solver(design).solve(values[None], np.array([empty]), np.array([full]))[0]
        return truth


def reference(
    case: Case,
    python: Path,
    options: dict[str, dict[str, Any]],
    samples: list[int],
    seeds: int,
    approximators: dict[str, tuple[str, dict[str, Any]]] | None = None,
) -> Any:
    """What shap and shapiq say, for every option or approximator and number of samples; the truth of LightGBM margins.

    Parameters
    ----------
    options
        Of shap's KernelExplainer, by name.
    samples
        Coalitions besides the empty and the full one.
    approximators
        Classes of shapiq and what they are given, by name; they play the same game of masked rows.
    """
    request = {
        "model": case.model, "rows": case.rows, "background": case.background, "margin": case.margin,
        "options": options, "samples": samples, "seeds": list(range(seeds)), "approximators": approximators or {},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "asked.pickle", Path(folder) / "answered.pickle"
        asked.write_bytes(pickle.dumps(request))
        subprocess.run([str(python), "-W", "ignore", "-c", SHAP, str(asked), str(answered)], check=True)
        return pickle.loads(answered.read_bytes())  # noqa: S301


def adult_like(rows: int, rng: np.random.Generator) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Fourteen columns like those of the Adult census, eight of them codes of categories, and who earns more."""
    sizes = (8, 16, 7, 14, 6, 5, 2, 40)
    categories = [np.minimum(rng.geometric(min(0.7, 2.2 / size), rows) - 1, size - 1) for size in sizes]
    age = np.clip(17 + rng.gamma(2.6, 8.5, rows), 17, 90).round()
    weight = rng.lognormal(12.0, 0.55, rows).round()
    years = np.clip(rng.normal(10, 2.5, rows), 1, 16).round()
    gain = np.where(rng.random(rows) < 0.083, rng.choice([15024, 7688, 7298, 3103, 5178], rows), 0)
    loss = np.where(rng.random(rows) < 0.047, rng.choice([1902, 1977, 1887, 1848], rows), 0)
    hours = np.where(rng.random(rows) < 0.47, 40, np.clip(rng.normal(41, 13, rows), 1, 99)).round()
    score = 0.35 * (years - 10) + 0.03 * (age - 38) + 0.03 * (hours - 40) + gain / 5000 - 1.3
    score = score - 0.6 * categories[6] + 0.9 * (categories[2] == 0) * (age > 30) - 0.1 * categories[3]
    columns = [age, weight, years, gain, loss, hours, *categories]
    return np.column_stack(columns).astype(float), score + rng.logistic(size=rows) > 0


def _trees(seed: int = 0) -> Any:
    return lightgbm.LGBMClassifier(
        n_estimators=100, num_leaves=31, learning_rate=0.1, random_state=seed, n_jobs=1, verbose=-1, deterministic=True
    )


def _network() -> Any:
    return make_pipeline(StandardScaler(), MLPClassifier((64, 32), max_iter=400, alpha=1e-3, random_state=0))


def _logistic() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))


def _case(
    name: str, x: Array, y: Any, model: Any, *, margin: bool = False, rows: int = 4, background: int = 10
) -> Case:
    order = np.random.default_rng(7).permutation(len(x))
    model.fit(x[order[50:]], y[order[50:]])
    return Case(name, model, x[order[:rows]], x[order[-background:]], margin)


def cases(rows: int) -> dict[str, Callable[[], Case]]:
    """Every game by name, made when called for."""

    def real(
        name: str, load: Callable[..., Any], model: Any, target: Any, columns: int | None = None, **options: Any
    ) -> Any:
        def make() -> Case:
            x, y = load(return_X_y=True)
            return _case(name, x[:, :columns], target(y), model, rows=rows, **options)

        return make

    def census(name: str, model: Any, **options: Any) -> Any:
        return lambda: _case(name, *adult_like(4000, np.random.default_rng(1)), model, rows=rows, **options)

    def made(name: str, d: int, **shape: Any) -> Any:
        def make() -> Case:
            x, y = make_classification(3000, d, random_state=0, **shape)
            return _case(name, x, y, _trees(), margin=True, rows=rows)

        return make

    return {
        "wine13_mlp": real("wine13_mlp", load_wine, _network(), lambda y: y == 1),
        "adult14_lgbm": census("adult14_lgbm", _trees(), margin=True),
        "adult14_logit": census("adult14_logit", _logistic()),
        "adult14_mlp": census("adult14_mlp", _network()),
        "bc18_mlp": real("bc18_mlp", load_breast_cancer, _network(), lambda y: y == 1, 18, background=3),
        "bc30_lgbm": real("bc30_lgbm", load_breast_cancer, _trees(), lambda y: y == 1, margin=True),
        "digits64_lgbm": real("digits64_lgbm", load_digits, _trees(), lambda y: y % 2 == 0, margin=True),
        "syn60_lgbm": made("syn60_lgbm", 60, n_informative=20, n_redundant=10),
        "syn100_lgbm": made("syn100_lgbm", 100, n_informative=30, n_redundant=30),
    }
