"""The adapter for a model that is in memory already."""

from __future__ import annotations

import inspect
from typing import Any, cast

from pellucid.errors import UnusableModel
from pellucid.models.estimator import EstimatorModel
from pellucid.models.lightgbm import categories_of_lightgbm, lightgbm_model
from pellucid.models.loading import Loading
from pellucid.models.python_callable import PythonModel, Takes, rows_taken
from pellucid.models.xgboost import categories_of_xgboost, xgboost_model
from pellucid.protocols.model import Model

__all__ = ["as_model"]


def as_model(found: Any, loading: Loading, *, takes: Takes | None = None) -> Model:
    """The adapter for ``found``.

    Parameters
    ----------
    found
        A `Model` (known by the annotation `Batch` of what its ``predict`` takes), a booster of XGBoost or LightGBM, an
        MLflow pyfunc, an estimator or pipeline with scikit-learn's interface, or a function.
    takes
        What a function is called with; by its annotation if left out.

    Raises
    ------
    ModelError
        It is none of these.

    Examples
    --------
    >>> as_model(lambda rows: rows.sum(axis=1), Loading("sum")).takes
    'either'
    """
    if inspect.isclass(found):
        raise UnusableModel(
            f"{loading.name}: is the class {found.__name__}. Give a fitted instance of it, or a function."
        )
    kind = (type(found).__module__.partition(".")[0], type(found).__name__)
    if kind == ("xgboost", "Booster"):
        return xgboost_model(found, loading)
    if kind == ("lightgbm", "Booster"):
        return lightgbm_model(found, loading)
    if kind == ("mlflow", "PyFuncModel"):
        return PythonModel(found.predict, loading.name, "frame")
    if hasattr(found, "predict"):
        return cast("Model", found) if _takes_batch(found.predict) else _estimator(found, loading)
    if callable(found):
        return PythonModel(found, loading.name, takes or rows_taken(found))
    raise UnusableModel(
        f"{loading.name}: is a {type(found).__name__}, which is no model."
        " Give a function of rows, or a fitted estimator with `predict` or `predict_proba`."
    )


def _estimator(found: Any, loading: Loading) -> EstimatorModel:
    """An estimator; those of XGBoost and LightGBM with the categories of their boosters."""
    library, name = type(found).__module__.partition(".")[0], loading.name
    if library not in ("xgboost", "lightgbm") or not getattr(found, "__sklearn_is_fitted__", lambda: False)():
        return EstimatorModel(found, name)
    if library == "lightgbm":
        return EstimatorModel(found, name, categories=categories_of_lightgbm(found.booster_, loading), underscored=True)
    return EstimatorModel(found, name, categories=categories_of_xgboost(found.get_booster()), known_only=True)


def _takes_batch(method: Any) -> bool:
    try:
        first = next(iter(inspect.signature(method).parameters.values()), None)
    except (TypeError, ValueError):
        return False
    return first is not None and str(first.annotation).rpartition(".")[2].rstrip("'>") == "Batch"
