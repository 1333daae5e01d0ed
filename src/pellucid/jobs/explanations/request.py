"""From a configuration and the columns of its data set to what is to be explained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pellucid.config.analysis import AnalysisConfig
from pellucid.config.bias_request import ColumnType
from pellucid.config.methods import Shap
from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.explain.aggregate import Aggregation
from pellucid.explain.budget import Budget
from pellucid.explain.game import Link
from pellucid.explain.maskers.tabular import players_of
from pellucid.explain.plan import Estimator, Plan, SurrogateSettings
from pellucid.jobs.bias_request import model_features, resolved
from pellucid.protocols.dataset import DatasetColumns
from pellucid.records import dataclass

__all__ = [
    "ExplanationRequest",
    "PdpRequest",
    "ShapRequest",
    "TextRequest",
    "explanation_problems",
    "explanation_request",
    "of_shap",
    "shap_budget",
    "shap_plan",
]

SHAP, PDP = "methods.shap", "methods.pdp"
ENGINE_KEYS = ("budget", "estimator", "seed", "feature_groups", "features_to_explain", "surrogate")
"""Keys of ``shap`` that the engine names without saying where they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRequest:
    """What `methods.shap.text_config` asks for.

    Parameters
    ----------
    language
        Code.
    columns
        Columns that are split into units; None leaves them to the data.
    hierarchical
        Whether sentences are explained first.
    """

    granularity: str
    language: str
    max_top_tokens: int
    columns: tuple[str, ...] | None
    hierarchical: bool
    max_units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapRequest:
    """What `methods.shap` asks for.

    Parameters
    ----------
    players
        Columns of every explained feature, by the feature's name.
    num_clusters
        Rows of a computed baseline; None leaves the number to the data.
    save_local
        Whether the values of each row are kept.
    text
        How columns of text are explained; None explains them as a whole.
    """

    players: Mapping[str, tuple[str, ...]]
    plan: Plan
    link: Link
    aggregation: Aggregation
    num_clusters: int | None
    save_local: bool
    text: TextRequest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PdpRequest:
    """What `methods.pdp` asks for; without ``features`` the first ``top`` ones by their global SHAP value.

    Parameters
    ----------
    ice
        Rows whose curves are kept.
    ale
        Whether local effects are accumulated as well.
    seed
        Draws the rows.
    """

    features: tuple[str, ...] | None
    resolution: int
    top: int
    ice: int = 0
    ale: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationRequest:
    """What is to be explained, in names of columns.

    Parameters
    ----------
    features
        Columns that the model is asked with, in order.
    join
        Column that identifies the rows, written beside local values.
    label_headers
        Names of the model's outputs.
    column_types
        Columns whose type is given, not guessed.
    threshold
        Scores greater than this are predicted positive.
    """

    features: tuple[str, ...]
    join: str | None
    label_headers: tuple[str, ...] | None
    column_types: Mapping[str, ColumnType]
    confidence_level: float
    shap: ShapRequest | None = None
    pdp: PdpRequest | None = None
    threshold: float = 0.5


def explanation_problems(config: AnalysisConfig, dataset: DatasetColumns) -> list[Problem]:
    """What keys of ``shap`` and ``pdp`` ask for and the columns, or other keys, do not allow."""
    try:
        explanation_request(config, dataset)
    except ConfigError as error:
        return list(error.problems)
    return []


def explanation_request(
    config: AnalysisConfig, dataset: DatasetColumns, *, strict: bool = False, seed: int | None = None
) -> ExplanationRequest | None:
    """What is to be explained; None where the configuration asks for neither method.

    Parameters
    ----------
    strict
        Clarify's own estimator.
    seed
        In the place of the configuration's.

    Raises
    ------
    ConfigError
        Keys name columns that are not there, or do not fit each other; all of them are named.
    """
    shap, pdp = config.methods.shap, config.methods.pdp
    if shap is None and pdp is None:
        return None
    features = model_features(config, dataset)
    problems = _unknown_features(config, dataset, features)
    request = None
    try:
        if shap is not None and not problems:
            drawn = config.explanation_seed if seed is None else seed
            request = _shap_request(shap, dataset, features, strict=strict, seed=drawn)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return ExplanationRequest(
        features=features,
        join=dataset.join,
        label_headers=_label_headers(config),
        column_types=config.column_types,
        confidence_level=config.confidence_level,
        shap=request,
        threshold=config.probability_threshold,
        pdp=None
        if pdp is None
        else PdpRequest(
            features=_names(pdp.features, dataset) if pdp.features else None,
            resolution=pdp.grid_resolution,
            top=pdp.top_k_features,
            ice=pdp.ice or 0,
            ale=pdp.ale,
            seed=config.seed if seed is None else seed,
        ),
    )


def of_shap(error: ConfigError) -> list[Problem]:
    """The problems, those that the engine found under the key of the configuration that they belong to."""
    return [
        replace(problem, where=f"{SHAP}.{problem.where}") if problem.where.partition(".")[0] in ENGINE_KEYS else problem
        for problem in error.problems
    ]


def _shap_request(
    shap: Shap, dataset: DatasetColumns, features: Sequence[str], *, strict: bool, seed: int
) -> ShapRequest:
    groups = {name: _names(columns, dataset) for name, columns in shap.feature_groups.items()}
    only = None if shap.features_to_explain is None else _names(shap.features_to_explain, dataset)
    problems = _faults_of_surrogate(shap)
    if problems:
        raise ConfigError(problems)
    try:
        return ShapRequest(
            players=players_of(features, groups=groups, only=only),
            plan=_plan(shap, "clarify" if strict else shap.estimator, seed),
            link="logit" if shap.use_logit else "identity",
            aggregation=shap.agg_method,
            num_clusters=shap.num_clusters,
            save_local=shap.save_local_shap_values,
            text=_text_request(shap, dataset),
        )
    except ConfigError as error:
        raise ConfigError(of_shap(error)) from None


def _faults_of_surrogate(shap: Shap) -> list[Problem]:
    """Keys that do not go with the estimator, which explains single columns, all of them."""
    if shap.estimator != "surrogate":
        if shap.surrogate is None:
            return []
        fix = "It is for the estimator 'surrogate' only. Set 'estimator', or remove this key."
        return [Problem(f"{SHAP}.surrogate", dict(shap.surrogate.model_dump()), fix=fix)]
    fix = "The estimator 'surrogate' explains single columns, all of them. Use 'auto', or remove this key."
    asked = {
        "feature_groups": sorted(shap.feature_groups),
        "features_to_explain": list(shap.features_to_explain or ()),
        "text_config": [] if shap.text_config is None else ["text"],
    }
    return [
        Problem(f"{SHAP}.{key}", fix=fix) if key == "text_config" else Problem(f"{SHAP}.{key}", value, fix=fix)
        for key, value in asked.items()
        if value
    ]


def _text_request(shap: Shap, dataset: DatasetColumns) -> TextRequest | None:
    asked = shap.text_config
    if asked is None:
        return None
    columns = None if asked.columns is None else _names(asked.columns, dataset)
    problems = _faults_of_text(shap, columns, dataset)
    if problems:
        raise ConfigError(problems)
    return TextRequest(
        granularity=asked.granularity,
        language=asked.language,
        max_top_tokens=asked.max_top_tokens,
        columns=columns,
        hierarchical=asked.hierarchical,
        max_units=asked.max_units,
    )


def _faults_of_text(shap: Shap, columns: tuple[str, ...] | None, dataset: DatasetColumns) -> list[Problem]:
    asked, where, problems = shap.text_config, f"{SHAP}.text_config", []
    if asked is not None and asked.hierarchical:
        if asked.granularity != "token":
            fix = f"Units of {asked.granularity!r} are explained in one step. Use 'token', or remove this key."
            problems.append(Problem(f"{where}.hierarchical", True, fix=fix))
        for bound in ("seconds", "precision"):
            value = None if shap.budget is None else getattr(shap.budget, bound)
            if value is not None:
                fix = "Explanations in two steps take 'samples' or 'model_calls'. Use one of these."
                problems.append(Problem(f"{SHAP}.budget.{bound}", value, fix=fix))
    if columns == ():
        problems.append(Problem(f"{where}.columns", [], fix="Name at least one column, or leave the key out."))
    grouped = {column: group for group, of_group in shap.feature_groups.items() for column in _names(of_group, dataset)}
    for i, column in enumerate(columns or ()):
        if column in grouped:
            fix = f"The column belongs to the feature group {grouped[column]!r}. Take it out of the group."
            problems.append(Problem(f"{where}.columns[{i}]", column, fix=fix))
    return problems


def shap_plan(shap: Shap) -> Plan:
    """How rows are explained, but for the seed.

    Raises
    ------
    ConfigError
        The budget contradicts itself or the estimator.
    """
    try:
        return _plan(shap, shap.estimator, Plan().seed)
    except ConfigError as error:
        raise ConfigError(of_shap(error)) from None


def _plan(shap: Shap, estimator: Estimator, seed: int) -> Plan:
    settings = SurrogateSettings() if shap.surrogate is None else SurrogateSettings(**shap.surrogate.model_dump())
    return Plan(estimator=estimator, budget=shap_budget(shap), seed=seed, surrogate=settings)


def shap_budget(shap: Shap) -> Budget:
    """What SHAP may cost, by `num_samples` and `budget`.

    Raises
    ------
    ConfigError
        Both say how many samples a row gets; the key is named without ``methods.shap``.
    """
    bounds = {} if shap.budget is None else shap.budget.model_dump(exclude_none=True)
    if shap.num_samples is not None:
        if "samples" in bounds:
            fix = "'num_samples' says how many samples a row gets already. Keep one of the two keys."
            raise ConfigError(Problem("budget.samples", bounds["samples"], fix=fix))
        bounds["samples"] = shap.num_samples
    return Budget.of(bounds)


def _unknown_features(config: AnalysisConfig, dataset: DatasetColumns, features: Sequence[str]) -> list[Problem]:
    shap, pdp = config.methods.shap, config.methods.pdp
    named: list[tuple[str, int | str, tuple[str, ...]]] = []
    if shap is not None:
        groups = tuple(shap.feature_groups)
        named += _numbered(f"{SHAP}.features_to_explain", shap.features_to_explain, groups)
        if shap.text_config is not None:
            named += _numbered(f"{SHAP}.text_config.columns", shap.text_config.columns)
        for group, columns in shap.feature_groups.items():
            named += _numbered(f"{SHAP}.feature_groups.{group}", columns)
    if pdp is not None:
        named += _numbered(f"{PDP}.features", pdp.features)
    problems = []
    for key, column, groups in named:
        name = resolved(column, dataset.columns)
        if name not in features and column not in groups:
            problems.append(Problem(key, column, fix=_fix(name, column, dataset, (*features, *groups))))
    if shap is not None and shap.features_to_explain == ():
        problems.append(
            Problem(f"{SHAP}.features_to_explain", [], fix="Name at least one column, or leave the key out.")
        )
    return problems


def _fix(name: str | None, column: int | str, dataset: DatasetColumns, known: Sequence[str]) -> str:
    if name is not None:
        return f"The model is not asked with column {name!r}. Use one of its features; {did_you_mean(name, known)}"
    if isinstance(column, int):
        return f"Use an index from 0 to {len(dataset.columns) - 1}, or the name of a column."
    return f"Use a feature of the model; {did_you_mean(column, known)}"


def _label_headers(config: AnalysisConfig) -> tuple[str, ...] | None:
    headers = None if config.predictor is None else config.predictor.label_headers
    return None if headers is None else tuple(map(str, headers))


def _numbered(
    key: str, columns: Iterable[int | str] | None, groups: tuple[str, ...] = ()
) -> Iterator[tuple[str, int | str, tuple[str, ...]]]:
    for i, column in enumerate(columns or ()):
        yield f"{key}[{i}]", column, groups


def _names(columns: Iterable[int | str], dataset: DatasetColumns) -> tuple[str, ...]:
    """Names of columns; what is no column is the name of a group."""
    return tuple(resolved(column, dataset.columns) or str(column) for column in columns)
