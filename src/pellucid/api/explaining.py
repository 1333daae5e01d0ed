"""Explanations for users of the library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

from pellucid.errors import ConfigError, InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from pellucid.explain.budget import Budget
    from pellucid.explain.game import Link
    from pellucid.explain.plan import Estimator, Plan
    from pellucid.protocols.model import Batch
    from pellucid.results.explanation import Explanation

__all__ = ["explain", "plan_of"]

BACKGROUND_ROWS = 100


def explain(
    model: Any,
    rows: Any,
    *,
    baseline: Any = None,
    outputs: Sequence[str | int] | str | int | None = None,
    estimator: Estimator = "auto",
    budget: Mapping[str, Any] | Budget | None = None,
    link: Link = "identity",
    surrogate: Mapping[str, int] | None = None,
    feature_groups: Mapping[str, Sequence[str]] | None = None,
    features: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    seed: int = 0,
    confidence_level: float = 0.95,
    exact: bool = True,
    allow_pickle: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> Explanation:
    """Shapley values of the predictions of some rows, with standard errors.

    A feature that is absent shows the values of background rows, one after another, and the predictions are averaged
    (interventional values). Where the model has a formula, and this adds up to what the model predicts, values are
    exact; else coalitions of features are asked of the model, all of them where the budget allows.

    Parameters
    ----------
    model
        A fitted estimator or pipeline with scikit-learn's interface, a booster of XGBoost or LightGBM, a function of
        rows that returns scores of shape (rows,) or (rows, outputs), a `Model`, or the path or address of a model.
        Classifiers explain probabilities, regressions predictions. An unannotated function gets an array if ``rows``
        is one, else a pandas frame.
    rows
        Rows to explain: a pandas or Polars frame, an Arrow table, a DuckDB relation, a NumPy array of shape (rows,
        columns), a file's path, or a Spark frame, whose rows are gathered here and explained by the workers of its
        session. Cells reach the model as they are.
    baseline
        Rows that show what an absent feature looks like, with the same columns as ``rows``; or such rows as lists, or
        a single row as a list or an array, in the order of the columns. By default 100 of the rows
        to explain drawn without replacement (all, if there are no more), which are real rows: centres of clusters
        would hold fractions of whole numbers.
    outputs
        Names or positions of the outputs to explain, such as classes; all by default. It changes no number and asks
        the model for nothing less.
    estimator
        ``auto``, which alone uses formulas; ``enumeration``, ``leverage``, ``border``, ``permutation``; or ``clarify``,
        Clarify's own scheme; or ``surrogate``, exact values of boosted trees that imitate the model, corrected by 20
        samples per feature, each before one background row: far fewer rows asked of a slow model.
    budget
        ``{"samples": m}``: coalitions of every row besides the empty and the full one, so that the model is asked for
        at most rows x (m + 2) x baseline rows; ``model_calls``: rows asked in all; ``seconds``; ``precision``: wanted
        relative error. By default 2048 + 2 x features samples.
    link
        ``logit`` explains log-odds: it is applied to each score before these are averaged over the background.
    surrogate
        ``{"training_calls": 20000, "audit_rows": 10}``: rows of the model that fit it, and explained rows that are
        also computed without it, whose difference ``notes`` tell.
    feature_groups
        Columns that act as one feature, such as those of a one-hot encoding, by the name of the group.
    features
        Features or groups to explain; all others keep the values of the row explained. All by default.
    columns
        Columns of ``rows`` that the model takes, in order; all by default.
    seed
        An equal seed gives equal numbers.
    confidence_level
        Of intervals, in (0, 1).
    exact
        Whether formulas may be used.
    allow_pickle
        Whether model files may be loaded that run code of theirs.
    progress
        Told what is being done.

    Returns
    -------
    Explanation
        Frozen; ``values`` has the shape (rows, features, outputs).

    Raises
    ------
    ConfigError
        An argument is wrong.
    DataError
        Rows or columns are missing, or there is a column that is no feature.
    ModelError
        The model cannot be loaded or asked, or does not answer with finite scores.

    Examples
    --------
    >>> import numpy as np
    >>> weigh = lambda rows: 2 * rows[:, 0] - rows[:, 1]
    >>> found = explain(weigh, np.array([[3.0, 1.0]]), baseline=np.zeros((1, 2)))
    >>> found.values.tolist(), found.base_values.tolist(), found.estimator
    ([[[6.0], [-1.0]]], [[0.0]], 'enumeration')
    """
    from pellucid.api.explained_rows import Question, explained_rows
    from pellucid.api.rows import batch_of, library_of
    from pellucid.api.scoring import ScoredModel, check_features, features_known, opened
    from pellucid.api.spark_explaining import pool_beside
    from pellucid.explain.maskers.tabular import TabularMasker, players_of

    plan = plan_of(estimator, budget, seed, link, confidence_level, surrogate=surrogate)
    wanted = _listed(features)
    if wanted == []:
        raise ConfigError(Problem("features", wanted, fix="Name at least one column or group, or leave it out."))
    asked = [outputs] if isinstance(outputs, str | int) else None if outputs is None else list(outputs)
    if asked == []:
        raise ConfigError(Problem("outputs", asked, fix="Name at least one output, or leave it out."))
    found = opened(model, rows=rows, allow_pickle=allow_pickle, baseline=baseline)
    known = features_known(found)
    given = batch_of(rows, "rows", columns=columns, known=known)
    check_features(given.names, known, "rows")
    notes: list[str] = []
    if baseline is None:
        absent = _default_background(given, seed, notes)
    else:
        absent = batch_of(_rows_of(baseline), "baseline", columns=columns, known=given.names)
    with _keys_of_the_library():
        masker = TabularMasker(given, absent, players_of(given.names, groups=feature_groups, only=wanted))
    if plan.estimator == "surrogate" and (feature_groups or wanted is not None):
        fix = "The surrogate explains single columns, all of them. Leave out 'feature_groups' and 'features'."
        raise ConfigError(Problem("estimator", plan.estimator, fix=fix))
    question = Question(masker, ScoredModel(found, probabilities=link == "logit", wanted=asked), plan, link)
    return explained_rows(
        question,
        use_formula=exact and estimator == "auto",
        confidence_level=confidence_level,
        notes=notes,
        library=library_of(rows),
        open_pool=pool_beside(rows, model, question.model, allow_pickle=allow_pickle),
        progress=progress,
    )


# --- arguments -------------------------------------------------------------------------------------------------------
def plan_of(
    estimator: Estimator,
    budget: Any,
    seed: Any,
    link: Link,
    confidence_level: float,
    *,
    surrogate: Mapping[str, int] | None = None,
) -> Plan:
    """How to explain; all faults of these arguments are reported together."""
    from pellucid.explain.budget import Budget
    from pellucid.explain.game import LINKS
    from pellucid.explain.plan import Plan, SurrogateSettings

    problems: list[Problem] = []
    if link not in LINKS:
        problems.append(Problem("link", link, fix=f"Use a link; {did_you_mean(link, list(LINKS))}"))
    if not isinstance(confidence_level, int | float) or not 0 < confidence_level < 1:
        problems.append(Problem("confidence_level", confidence_level, fix="Use a number between 0 and 1."))
    bounds, plan = Budget(), Plan()
    if not (budget is None or isinstance(budget, Mapping | Budget)):
        problems.append(Problem("budget", budget, fix='Give bounds by name, such as {"samples": 500}.'))
        budget = None
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        problems.append(Problem("seed", seed, fix="Use an integer of at least 0."))
        seed = 0
    try:
        bounds = Budget.of(budget)
    except ConfigError as error:
        problems += error.problems
    try:
        plan = Plan(estimator=estimator, budget=bounds, seed=int(seed), surrogate=SurrogateSettings.of(surrogate))
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return plan


def _default_background(rows: Batch, seed: int, notes: list[str]) -> Batch:
    import numpy as np

    if len(rows) < 2:
        fix = "Give rows that show what an absent feature looks like; a single row to explain cannot stand for them."
        raise ConfigError(Problem("baseline", fix=fix))
    chosen = np.arange(len(rows))
    if len(rows) > BACKGROUND_ROWS:
        chosen = np.sort(np.random.default_rng(seed).choice(len(rows), BACKGROUND_ROWS, replace=False))
    drawn = "all rows" if len(chosen) == len(rows) else f"{len(chosen)} of the {len(rows):,} rows, drawn with the seed"
    notes.append(f"No background was given: absent features show the values of {drawn}.")
    return rows[chosen]


def _rows_of(baseline: Any) -> Any:
    """Rows in place, as a configuration gives them, or a single one, as an array of rows."""
    import numpy as np

    listed = np.array(baseline, dtype=object) if isinstance(baseline, list | tuple) else baseline
    return listed[None, :] if isinstance(listed, np.ndarray) and listed.ndim == 1 else listed


@contextmanager
def _keys_of_the_library() -> Iterator[None]:
    """Faults that are named by keys of a configuration file get the names of our arguments."""
    arguments = {"features_to_explain": "features"}
    try:
        yield
    except InputError as error:
        raise type(error)(
            replace(problem, where=arguments.get(problem.where, problem.where)) for problem in error.problems
        ) from None


def _listed(features: Sequence[str] | str | None) -> list[str] | None:
    return [features] if isinstance(features, str) else None if features is None else list(features)
