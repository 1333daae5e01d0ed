"""Library calls on a Spark frame, computed by the workers of its session."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

from pellucid.errors import ModelError
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.api.scoring import ScoredModel
    from pellucid.jobs.explanations.shap_job import ShapTask
    from pellucid.protocols.pool import Pool, Workers

__all__ = ["OpenPool", "SentModel", "is_spark_frame", "pool_beside", "workers_beside"]

OpenPool = Callable[["ShapTask | None"], AbstractContextManager["Pool"]]
"""Opens a pool that explains, and sums predictions; without a task it does the latter only."""


def is_spark_frame(data: Any) -> bool:
    """Whether ``data`` is a frame of Spark, classic or Connect."""
    return type(data).__module__.startswith("pyspark.sql") and hasattr(data, "sparkSession")


def workers_beside(data: Any) -> Workers | None:
    """The workers of the session of ``data``, for any work; None where it is no frame of Spark."""
    if not is_spark_frame(data):
        return None
    from pellucid.engines.spark_pool import spark_pool

    return partial(spark_pool, data.sparkSession)


def pool_beside(data: Any, given: Any, model: ScoredModel, *, allow_pickle: bool) -> OpenPool | None:
    """How the workers of the session of ``data`` explain; None where it is no frame of Spark.

    Parameters
    ----------
    given
        The model as the user gave it.
    model
        What it was opened to.
    """
    if not is_spark_frame(data):
        return None

    def opened(task: ShapTask | None) -> AbstractContextManager[Pool]:
        from pellucid.engines.spark_pool import spark_pool

        if isinstance(given, str | os.PathLike):
            from pellucid.api.unit_recipe import unit_recipe

            return spark_pool(
                data.sparkSession, unit_recipe(os.fspath(given), task, allow_pickle=allow_pickle, ship=True)
            )
        return spark_pool(data.sparkSession, SentModel(task, _pickled(model)))

    return opened


@dataclass(frozen=True, slots=True, eq=False)
class SentModel:
    """Sets up the work with a model that was in memory.

    Parameters
    ----------
    task
        What is the same for all units of SHAP values; None where there are none.
    model
        A pickled `ScoredModel`.
    """

    task: ShapTask | None
    model: bytes

    def opened(self) -> Callable[[Any], Any]:
        """The work, with a copy of the model.

        Raises
        ------
        ModelError
            The model needs a module that is not here.
        """
        import pickle

        from pellucid.jobs.explanations.units import UnitWork

        try:
            model: ScoredModel = pickle.loads(self.model)  # noqa: S301 - written by our own driver
        except ImportError as error:
            raise ModelError(
                f"A worker of Spark cannot load the model: {error}. Install there what it needs, or name a function of "
                "a single file as 'module:attribute', which is sent along."
            ) from None
        return UnitWork(self.task, model.predict)


def _pickled(model: ScoredModel) -> bytes:
    from pyspark import cloudpickle

    try:
        pickled: bytes = cloudpickle.dumps(model)  # type: ignore[no-untyped-call]
    except Exception as error:
        name = getattr(model.model, "name", type(model.model).__name__)
        raise ModelError(
            f"{name}: cannot be sent to the workers of Spark: {error}. Give the path of a model file, or name a "
            "function that they can import as 'module:attribute'."
        ) from error
    return pickled
