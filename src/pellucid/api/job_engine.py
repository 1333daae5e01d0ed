"""Where a job computes: on this machine, or on a Spark cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.api.model_access import ModelSource
from pellucid.api.preflight import Preflight, asks_for_predictions, table_over
from pellucid.config.project_file import load_project_file
from pellucid.config.sizes import SIZE_FIX, bytes_of
from pellucid.datasets import Dataset
from pellucid.datasets.sources import PARQUET
from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.jobs.explanations.exact_rows import Exactly
    from pellucid.jobs.explanations.shap_job import ShapTask
    from pellucid.protocols.model import Model
    from pellucid.protocols.pool import Pool, Workers
    from pellucid.protocols.table import Table

__all__ = ["ENGINES", "JobEngine", "engine_problems", "job_engine", "memory_of", "with_one_thread"]

ENGINES = ("local", "spark")
SPARK_LOG = "spark.log"
STAGED = "rows.parquet"
READABLE = "readable.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEngine:
    """What counts and explains.

    Parameters
    ----------
    workers
        Processes of this machine that explain; None where the time of the first rows decides.
    session
        A Spark session; None on this machine alone.
    staging
        Folder that all machines see, for data that Spark could not read as the local engine reads them.
    """

    workers: int | None = None
    session: Any = None
    staging: Path = Path()

    @property
    def distributed(self) -> bool:
        """Whether results are written as a distributed job of Clarify writes them."""
        return self.session is not None

    @property
    def others(self) -> Workers | None:
        """Processes of other machines that do any work; None where the processors of this one do it as threads."""
        if self.session is None:
            return None
        from pellucid.engines.spark_pool import spark_pool

        return partial(spark_pool, self.session)

    def table(self, job: Preflight, dataset: Dataset) -> Table:
        """The rows of a data set, ready to be counted.

        Spark reads Parquet itself. Other formats, Parquet with a column of a type that Spark cannot read, and data sets
        that were joined, are read once by the local engine, so that every cell has the type and value that it has
        there, and handed to Spark as Parquet. What Spark would count in another way is counted here.

        Raises
        ------
        DataError
            The workers of Spark do not see the files.
        """
        if self.session is None:
            return table_over(dataset)
        from pellucid.engines.spark_table import SparkTable, counted_alike, readable_by_spark, spark_frame

        settled = dataset if dataset.settle is None else dataset.settle()
        types = dict(zip(settled.frame.columns, map(str, settled.frame.types), strict=True))
        readable = {name: kind for name, kind in types.items() if readable_by_spark(kind)}
        alike = frozenset(name for name, kind in readable.items() if counted_alike(kind))
        local, files = table_over(settled), settled.files
        if not alike:
            return local
        if not _read_by_spark(job):
            local, files = self._staged(settled)
        if len(readable) < len(types):
            files = (self._without_the_unreadable(settled, readable),)
        return SparkTable(local, spark_frame(self.session, files, readable), alike)

    def pool(
        self,
        task: ShapTask | None,
        model: Model,
        source: ModelSource,
        *,
        allow_pickle: bool,
        total: int,
        exactly: Exactly | None = None,
    ) -> AbstractContextManager[Pool]:
        """Who explains.

        A model that answers over HTTP is asked by this process alone, which has many requests under way as it is.

        Parameters
        ----------
        task
            What is the same for all units of SHAP values; None where there are none.
        model
            What ``source`` was opened to.
        total
            Number of units.
        exactly
            Exact values by the formula of ``model``, where the task says that it has one.
        """
        from pellucid.api.unit_recipe import unit_recipe
        from pellucid.engines.processes import local_pool
        from pellucid.jobs.explanations.scoring import scorer
        from pellucid.jobs.explanations.units import UnitWork
        from pellucid.processors import available_cpus

        asked_here = source.remote or source.served
        if self.session is not None and not asked_here:
            from pellucid.engines.spark_pool import spark_pool

            recipe = unit_recipe(source.uri, task, allow_pickle=allow_pickle, ship=_has_other_machines(self.session))
            return spark_pool(self.session, recipe)
        score = scorer(model if asked_here else with_one_thread(model, source, allow_pickle=allow_pickle))
        return local_pool(
            UnitWork(task, score, exactly),
            None if asked_here else unit_recipe(source.uri, task, allow_pickle=allow_pickle, ship=False),
            workers=self.workers,
            processors=available_cpus(),
            total=total,
        )

    def _staged(self, dataset: Dataset) -> tuple[Any, tuple[str, ...]]:
        from pellucid.datasets import read_path, scan_errors_translated
        from pellucid.engines.frames import FrameTable

        self.staging.mkdir(parents=True, exist_ok=True)
        path = str(self.staging / STAGED)
        with scan_errors_translated():
            dataset.frame.write_parquet(path)
        return FrameTable(read_path(path), scan_errors_translated, dataset.order), (path,)

    def _without_the_unreadable(self, dataset: Dataset, readable: Iterable[str]) -> str:
        """The path of a file with the columns that Spark can read."""
        from pellucid.datasets import scan_errors_translated
        from pellucid.datasets.sql import identifier

        self.staging.mkdir(parents=True, exist_ok=True)
        path = str(self.staging / READABLE)
        with scan_errors_translated():
            dataset.frame.project(", ".join(map(identifier, readable))).write_parquet(path)
        return path


def engine_problems(name: str, workers: int | None) -> tuple[Problem, ...]:
    """What is wrong with the options that choose an engine."""
    problems = []
    if name not in ENGINES:
        problems.append(Problem("--engine", name, fix=f"Use 'local' or 'spark'; {did_you_mean(name, ENGINES)}"))
    if workers is not None and workers < 1:
        problems.append(Problem("--workers", workers, fix="Use an integer of at least 1."))
    elif workers is not None and name == "spark":
        fix = "Workers are processes of this machine. How many Spark has is for its master to say, as in local[4]."
        problems.append(Problem("--workers", workers, fix=fix))
    return tuple(problems)


def memory_of(given: str | None, config: Path) -> int | None:
    """Bytes that DuckDB may take, by the option, else by the ``pellucid.toml`` of ``config``; None where neither says.

    Raises
    ------
    ConfigError
        The option is no size, or ``pellucid.toml`` is wrong.
    """
    if given is None:
        return bytes_of(load_project_file(Path.cwd(), config.parent).engine.memory)
    size = bytes_of(given)
    if size is None:
        raise ConfigError(Problem("--memory", given, fix=SIZE_FIX))
    return size


@contextmanager
def job_engine(
    name: str, workers: int | None, config: Path, *, folder: Path, progress: Callable[[str], None]
) -> Iterator[JobEngine]:
    """The engine called ``name`` for the length of the block.

    Parameters
    ----------
    config
        Path of the configuration, beside which a ``pellucid.toml`` may be.
    folder
        For what lasts as long as the job.

    Raises
    ------
    ConfigError
        ``pellucid.toml`` is wrong, or names a master that does not answer.
    MissingExtra
        PySpark or Java is missing.
    """
    own = load_project_file(Path.cwd(), config.parent).engine
    if name == "local":
        yield JobEngine(workers=own.workers if workers is None else workers)
        return
    from pellucid.engines.spark_session import SparkSettings, spark_session

    progress("starting Spark")
    settings = SparkSettings(master=own.master, startup_seconds=own.startup_seconds)
    with (
        _staging(own.staging, folder) as staging,
        spark_session(settings, log=folder / SPARK_LOG) as session,
    ):
        yield JobEngine(session=session, staging=staging)
    for file in (SPARK_LOG, STAGED, READABLE):
        (folder / file).unlink(missing_ok=True)
    with suppress(OSError):  # what else is in the folder belongs to others
        folder.rmdir()


@contextmanager
def _staging(shared: str | None, folder: Path) -> Iterator[Path]:
    """A folder of this job."""
    if shared is None:
        yield folder
        return
    import tempfile

    try:
        Path(shared).mkdir(parents=True, exist_ok=True)
        own = tempfile.TemporaryDirectory(prefix="pellucid-", dir=shared)
    except OSError as error:
        fix = f"{error.strerror or error}. Give a folder that every machine of the cluster sees and this one can write."
        raise ConfigError(Problem("pellucid.toml [engine] staging", shared, fix=fix)) from None
    with own as path:
        Path(path).chmod(0o755)  # workers may run as another user
        yield Path(path)


def _read_by_spark(job: Preflight) -> bool:
    """Whether the data set is files of Parquet and nothing else."""
    config = job.config
    joined = config.facet_dataset_uri is not None or config.predicted_label_dataset_uri is not None
    predicted = job.model is not None and asks_for_predictions(config)
    in_files = config.dataset_type == PARQUET and job.dataset is not None and not job.dataset.from_database
    return in_files and not joined and not predicted


def _has_other_machines(session: Any) -> bool:
    from pellucid.engines.spark_session import context_of

    context = context_of(session)
    return context is None or not str(context.master).startswith("local")


def with_one_thread(model: Model, source: ModelSource, *, allow_pickle: bool) -> Model:
    """The model as worker processes load it.

    Threads that wait for each other at every batch are slow where processors are shared, and in ONNX Runtime their
    number changes the last digit of an answer.
    """
    from pellucid.models.lightgbm import LightGBMModel
    from pellucid.models.load import load_model
    from pellucid.models.onnx import OnnxModel
    from pellucid.models.xgboost import XGBoostModel

    threaded = isinstance(model, LightGBMModel | XGBoostModel) and Path(source.uri).expanduser().is_file()
    if not (threaded or isinstance(model, OnnxModel)):
        return model
    return load_model(source.uri, allow_pickle=allow_pickle, threads=1)
