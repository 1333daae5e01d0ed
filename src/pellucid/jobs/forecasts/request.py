"""From a configuration to what is to be explained of forecasts, and how."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.config.analysis import AnalysisConfig
from pellucid.config.methods import AsymmetricShapleyBaseline, AsymmetricShapleyValue
from pellucid.errors import ConfigError, Problem
from pellucid.explain.maskers.series import Direction, TimeGranularity
from pellucid.explain.ordered import OrderedPlan
from pellucid.jobs.forecasts.baselines import Baseline
from pellucid.jobs.forecasts.locators import last_name
from pellucid.protocols.forecaster import SeriesRecord
from pellucid.records import dataclass
from pellucid.results.forecast import Element

__all__ = ["ForecastRequest", "SeriesNames", "forecast_request", "request_problems", "usual_samples"]

METHOD = "methods.asymmetric_shapley_value"
STATIC = f"{METHOD}.baseline.static_covariates"


@dataclass(frozen=True, slots=True)
class SeriesNames:
    """Names of the target, the related series and the static covariates."""

    target: str
    related: tuple[str, ...] = ()
    static: tuple[str, ...] = ()

    def elements(self, item: SeriesRecord, granularity: TimeGranularity, steps: int) -> tuple[Element, ...]:
        """What has scores, in the order of the players.

        Parameters
        ----------
        steps
            Time steps that hold a value.
        """
        if granularity == "timewise":
            return tuple(Element(None, stamp) for stamp in item.timestamps[:steps])
        observed = item.timestamps[: len(item.target)]
        return (
            *(Element(self.target, stamp) for stamp in observed),
            *(Element(name, stamp) for name in self.related for stamp in item.timestamps),
            *(Element(name, None, timed=False) for name in self.static),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRequest:
    """What `methods.asymmetric_shapley_value` asks for."""

    direction: Direction
    granularity: TimeGranularity
    plan: OrderedPlan
    baseline: Baseline
    names: SeriesNames

    @property
    def samples(self) -> int | None:
        """Random orders that are allowed; None where no order is random."""
        return self.plan.samples if self.granularity == "fine_grained" else None


def usual_samples(related: int, static: int) -> int:
    """Random orders by the rule of thumb that AWS gives, (1 + the larger number)^2.

    >>> usual_samples(related=3, static=1)
    16
    """
    return int((1 + max(related, static)) ** 2)


def forecast_request(
    config: AnalysisConfig,
    baseline: AsymmetricShapleyBaseline | None,
    *,
    strict: bool = False,
    seed: int | None = None,
) -> ForecastRequest:
    """What is to be explained.

    Parameters
    ----------
    baseline
        That of the configuration, read from its file where it names one; None where it has none, which is zero.
    strict
        Clarify's own sampling scheme.
    seed
        In the place of the configuration's.

    Raises
    ------
    ConfigError
        Keys are missing or do not fit each other; all of them are named.
    """
    problems = request_problems(config, baseline)
    method = config.methods.asymmetric_shapley_value
    if problems or method is None:
        raise ConfigError(problems or [Problem(METHOD, fix="Say how forecasts are explained.")])
    given = baseline or AsymmetricShapleyBaseline()
    return ForecastRequest(
        direction=method.direction,
        granularity=method.granularity,
        plan=OrderedPlan(
            samples=method.num_samples or 1,
            seed=config.seed if seed is None else seed,
            scheme="clarify" if strict else "auto",
        ),
        baseline=Baseline(
            target=given.target_time_series,
            related=given.related_time_series or "zero",
            static=given.static_covariates if _sends_static(config) else None,
        ),
        names=_names(config),
    )


def request_problems(config: AnalysisConfig, baseline: AsymmetricShapleyBaseline | None) -> list[Problem]:
    """What does not fit, beyond what the configuration's own rules see."""
    series, method = config.time_series_data_config, config.methods.asymmetric_shapley_value
    problems: list[Problem] = []
    if series is None or method is None:
        return problems
    columns = 3 + len(series.related_time_series) + len(series.static_covariates)
    if config.headers is not None and len(config.headers) != columns:
        problems.append(
            Problem(
                "headers",
                list(config.headers),
                known_as="Headers in config do not match with the number of columns in the dataset.",
                fix=f"Give {columns} names: item id, timestamp, target, each related series, each static covariate.",
            )
        )
    problems += _static_problems(config, method, baseline)
    return problems


def _static_problems(
    config: AnalysisConfig, method: AsymmetricShapleyValue, baseline: AsymmetricShapleyBaseline | None
) -> list[Problem]:
    """Values for covariates: needed where the model is given them, as many as there are."""
    series = config.time_series_data_config
    count = 0 if series is None else len(series.static_covariates)
    given = None if baseline is None else baseline.static_covariates
    if given is None:
        template = (config.predictor.record_template if config.predictor is not None else None) or ""
        told_already = "$static_covariates" in template and not isinstance(method.baseline, str)
        if count and _sends_static(config) and not told_already:
            return [Problem(STATIC, fix="The model is given static covariates: give one value per covariate for each.")]
        return []
    if not isinstance(method.baseline, str):  # the configuration's own rules have seen it
        return []
    if not count:
        return [Problem(STATIC, fix="'time_series_data_config' names no static covariates. Remove this key.")]
    said = "value" if count == 1 else "values"
    return [
        Problem(f"{STATIC}.{item}", list(values), fix=f"Give {count} {said}, one per static covariate.")
        for item, values in given.items()
        if len(values) != count
    ]


def _sends_static(config: AnalysisConfig) -> bool:
    """Whether the model is given covariates: by the template, or as a function, which gets everything."""
    template = None if config.predictor is None else config.predictor.record_template
    return template is None or "$static_covariates" in template


def _names(config: AnalysisConfig) -> SeriesNames:
    """Names from ``headers``; else the last names of the paths, where these tell all parts apart."""
    series = config.time_series_data_config
    if series is None:
        return SeriesNames("target_time_series")
    related, static = len(series.related_time_series), len(series.static_covariates)
    if config.headers is not None:
        return _split(config.headers[2:], related)
    paths = (series.target_time_series, *series.related_time_series, *series.static_covariates)
    names = [last_name(path) for path in paths]
    if len(set(names)) == len(names) and all(names):
        return _split([name or "" for name in names], related)
    return SeriesNames(
        "target_time_series",
        tuple(f"related_time_series_{i}" for i in range(related)),
        tuple(f"static_covariate_{i}" for i in range(static)),
    )


def _split(names: Sequence[str], related: int) -> SeriesNames:
    return SeriesNames(names[0], tuple(names[1 : 1 + related]), tuple(names[1 + related :]))
