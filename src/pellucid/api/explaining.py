"""Explanations for users of the library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from pellucid.errors import ConfigError, InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from pellucid.api.steps import Progress
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
    progress: Progress = None,
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
        a single row as a list or an array, in the order of the columns. Cells of lists and of files are read as those
        of ``rows``. By default 100 of the rows to explain drawn without replacement (all, if there are no more), which
        are real rows: centres of clusters would hold fractions of whole numbers.
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
        Work of more than two seconds shows how far it is on a terminal and in a notebook. A function, such as
        ``print``, is told everything instead; False shows nothing.

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
    from pellucid.api.background import background_of
    from pellucid.api.explained_rows import Question, explained_rows
    from pellucid.api.rows import batch_of, library_of
    from pellucid.api.scoring import ScoredModel, check_features, features_known, opened
    from pellucid.api.spark_explaining import pool_beside
    from pellucid.api.steps import steps_told
    from pellucid.argument_kinds import (
        COLUMNS,
        NAMES_OR_POSITIONS,
        PROGRESS,
        SWITCH,
        listed,
        mapping,
        optional,
        other_kinds,
    )
    from pellucid.explain.maskers.tabular import TabularMasker, players_of

    groups = mapping("columns", '{"city": ["city=Rome", "city=Oslo"]}', of=COLUMNS)
    problems = other_kinds(
        ("outputs", outputs, optional(NAMES_OR_POSITIONS)),
        ("feature_groups", feature_groups, optional(groups)),
        ("features", features, optional(COLUMNS)),
        ("columns", columns, optional(COLUMNS)),
        ("exact", exact, SWITCH),
        ("allow_pickle", allow_pickle, SWITCH),
        ("progress", progress, PROGRESS),
    )
    plan = plan_of(estimator, budget, seed, link, confidence_level, surrogate=surrogate, problems=problems)
    wanted = None if features is None else listed(features)
    if wanted == []:
        raise ConfigError(Problem("features", wanted, fix="Name at least one column or group, or leave it out."))
    asked = None if outputs is None else listed(outputs)
    if asked == []:
        raise ConfigError(Problem("outputs", asked, fix="Name at least one output, or leave it out."))
    found = opened(model, rows=rows, allow_pickle=allow_pickle, baseline=baseline)
    known = features_known(found)
    taken = None if columns is None else listed(columns)
    given = batch_of(rows, "rows", columns=taken, known=known)
    check_features(given.names, known, "rows")
    notes: list[str] = []
    if baseline is None:
        absent = _default_background(given, seed, notes)
    else:
        absent = background_of(baseline, given, columns=taken)
    with _keys_of_the_library():
        masker = TabularMasker(given, absent, players_of(given.names, groups=_columns_of(feature_groups), only=wanted))
    if plan.estimator == "surrogate" and (feature_groups or wanted is not None):
        fix = "The surrogate explains single columns, all of them. Leave out 'feature_groups' and 'features'."
        raise ConfigError(Problem("estimator", plan.estimator, fix=fix))
    scored = ScoredModel(found, probabilities=link == "logit", wanted=asked)
    question = Question(masker, scored, plan.of_table(masker.rows), link)
    with steps_told(progress) as step:
        return explained_rows(
            question,
            use_formula=exact and estimator == "auto",
            confidence_level=confidence_level,
            notes=notes,
            library=library_of(rows),
            open_pool=pool_beside(rows, model, question.model, allow_pickle=allow_pickle),
            progress=step,
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
    problems: Sequence[Problem] = (),
) -> Plan:
    """How to explain.

    Parameters
    ----------
    problems
        Faults of other arguments, which are reported with those of values that are of a wrong kind.

    Raises
    ------
    ConfigError
        There are such faults; or else a value is wrong, and all that are so are reported together.
    """
    from pellucid.argument_kinds import SHARE, mapping, one_of, optional, other_kinds, whole_number
    from pellucid.explain.budget import Budget
    from pellucid.explain.game import LINKS
    from pellucid.explain.plan import Estimator, Plan, SurrogateSettings

    kinds = other_kinds(
        ("estimator", estimator, one_of(get_args(Estimator), "one of the estimators")),
        ("budget", None if isinstance(budget, Budget) else budget, optional(mapping("bounds", '{"samples": 500}'))),
        ("link", link, one_of(LINKS, "a link")),
        ("surrogate", surrogate, optional(mapping("settings", '{"training_calls": 20000}'))),
    )
    wrong_share = other_kinds(("confidence_level", confidence_level, SHARE))
    wrong_seed = other_kinds(("seed", seed, whole_number(0)))
    if problems or kinds:
        raise ConfigError([*problems, *kinds, *wrong_share, *wrong_seed])
    wrong = [] if link in LINKS else [Problem("link", link, fix=f"Use a link; {did_you_mean(link, list(LINKS))}")]
    wrong += wrong_share
    bounds, plan = Budget(), Plan()
    try:
        bounds = Budget.of(budget)
    except ConfigError as error:
        wrong += error.problems
    try:
        settings = SurrogateSettings.of(surrogate)
        plan = Plan(estimator=estimator, budget=bounds, seed=0 if wrong_seed else int(seed), surrogate=settings)
    except ConfigError as error:
        wrong += error.problems
    if wrong or wrong_seed:
        raise ConfigError([*wrong, *wrong_seed])
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


def _columns_of(groups: Mapping[str, Sequence[str]] | None) -> Mapping[str, Sequence[str]] | None:
    from pellucid.argument_kinds import listed

    return None if groups is None else {group: listed(columns) for group, columns in groups.items()}
