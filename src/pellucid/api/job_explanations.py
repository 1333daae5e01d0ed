"""Explanations within a job: baseline, SHAP values and partial dependence of the model that the job opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.api.exact_rows import FormulaRows, formula_details, formula_rows
from pellucid.api.explanation_notes import plot_warnings, shap_note, shap_warnings
from pellucid.api.job_engine import JobEngine
from pellucid.api.job_plots import Plotting, plot_details
from pellucid.api.job_texts import TEXTS_FILE as LINES
from pellucid.api.job_texts import baseline_beside_texts, text_columns, text_results
from pellucid.api.model_access import ModelSource
from pellucid.api.pace import Pace
from pellucid.api.surrogate import FittedSurrogate, surrogate_of_job
from pellucid.config.bias_request import ColumnType as GivenType
from pellucid.errors import ConfigError, DataError, Problem
from pellucid.explain.plan import Plan
from pellucid.jobs.explanations.clusters import SAMPLED_ROWS, computed_baseline
from pellucid.jobs.explanations.part_files import LocalValueParts, local_value_parts
from pellucid.jobs.explanations.pdp_job import ROWS_AT_ONCE, Plot
from pellucid.jobs.explanations.picked_rows import PickedRows
from pellucid.jobs.explanations.request import ExplanationRequest, PdpRequest, ShapRequest, of_shap
from pellucid.jobs.explanations.rows import pieces_of, reading, sampled
from pellucid.jobs.explanations.scoring import output_names
from pellucid.jobs.explanations.shap_job import ROWS_AT_ONCE as ROWS_OF_A_PIECE
from pellucid.jobs.explanations.shap_job import Explained, ShapTask, shap_units, units_expected
from pellucid.jobs.explanations.text_results import TextResults
from pellucid.jobs.explanations.texts import TextColumns
from pellucid.jobs.explanations.totals import ShapResult, Totals
from pellucid.jobs.explanations.unit_store import UnitStore, task_identity
from pellucid.jobs.explanations.units import settled
from pellucid.jobs.explanations.writers import FOLDER, LocalValues, local_values_file, write_baseline
from pellucid.models.categories import columns_of_categories
from pellucid.protocols.model import Batch, Model
from pellucid.protocols.pool import Pool
from pellucid.protocols.table import LocalTable
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.jobs.explanations.image_results import ImageSummary
    from pellucid.jobs.forecasts.totals import ForecastSummary

__all__ = [
    "VALUES_FILE",
    "VALUES_IN_PARQUET",
    "JobExplanations",
    "Means",
    "explained_job",
]

BASELINE_FILE, VALUES_FILE, TEXTS_FILE = f"{FOLDER}/baseline.csv", f"{FOLDER}/out.csv", f"{FOLDER}/{LINES}"
VALUES_IN_PARQUET = f"{FOLDER}/out.parquet"


@dataclass(frozen=True, kw_only=True, eq=False)
class JobExplanations:
    """What a job explained.

    Parameters
    ----------
    labels
        Names of the model's outputs.
    shap
        Global SHAP values, if asked for.
    plots
        Partial dependence, if asked for.
    further
        Sections of ``explanations`` in ``analysis.json`` by other methods.
    forecasts
        What moves forecasts most, in a job on time series.
    images
        Explained images, in a job on images.
    confidence_level
        Of the intervals that people are shown.
    written
        Files written aside, by the name that they get.
    """

    labels: tuple[str, ...] = ()
    shap: ShapResult | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    plots: tuple[Plot, ...] | None = None
    further: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[ImageSummary, ...] = ()
    confidence_level: float = 0.95
    forecasts: ForecastSummary | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    written: Mapping[str, Path] = field(default_factory=dict)

    def section(self) -> dict[str, Any]:
        """What stands in ``analysis.json`` under ``explanations``."""
        found: dict[str, Any] = {}
        if self.shap is not None:
            found["kernel_shap"] = self.shap.to_clarify()
        if self.plots is not None:
            found["pdp"] = [plot.to_clarify(self.labels) for plot in self.plots]
        return {**found, **self.further}


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a job explains with.

    Parameters
    ----------
    source
        Where the model is, for processes that open it themselves.
    resume
        Folder for what a job that was killed need not compute again.
    identity
        A text that differs wherever predictions for equal rows may differ.
    """

    engine: JobEngine
    source: ModelSource
    allow_pickle: bool
    resume: Path
    identity: str


def explained_job(
    request: ExplanationRequest,
    baseline: Batch | None,
    table: LocalTable,
    model: Model,
    *,
    means: Means,
    aside: Path,
    progress: Callable[[str], None],
) -> JobExplanations:
    """Explain all rows of a data set; what an earlier job of the same output folder found is not computed again.

    Parameters
    ----------
    baseline
        Rows that show what an absent feature looks like; None where they are to be computed.
    table
        Rows whose types are settled.
    aside
        Folder for files that are moved into place at the end.

    Raises
    ------
    InputError
        The budget does not fit the data, or there are no rows.
    ModelError
        The model does not answer with finite scores.
    """
    total = sum(len(batch) for batch in table.batches(request.features[:1]))
    if not total:
        raise DataError(Problem("dataset_uri", fix="It holds no row to explain."))
    request = _with_types_of(model, request)
    task, units, fitted = None, 0, None
    formula: FormulaRows | str = ""
    if request.shap is not None:
        texts = text_columns(request, request.shap, table, total)
        if baseline is None:
            progress("computing the baseline")
        used = baseline if baseline is not None else _computed(request, request.shap, table, total, texts)
        task = ShapTask(
            features=request.features,
            total=total,
            baseline=used,
            request=replace(request.shap, plan=_plan(request.shap, total, texts)),
            texts=texts,
            asked_here=means.source.remote or means.source.served,
        )
        formula = _formula_rows(model, task)
        task = replace(task, by_formula=not isinstance(formula, str))
        if request.shap.plan.estimator == "surrogate":
            progress("fitting the surrogate")
            fitted = surrogate_of_job(task, table.batches(request.features), model, request.confidence_level)
            task = replace(task, surrogate=fitted.surrogate)
        units += _units_expected(task, table)
    units += -(-total // ROWS_AT_ONCE) if request.pdp is not None else 0
    store = UnitStore(means.resume, f"{means.identity} {task_identity(task)}")
    exactly = None if isinstance(formula, str) else formula
    opened = means.engine.pool(task, model, means.source, allow_pickle=means.allow_pickle, total=units, exactly=exactly)
    with opened as pool:
        job = _Job(request, table, total, pool, store, means.engine.distributed, aside, progress)
        found = JobExplanations(confidence_level=request.confidence_level)
        if task is not None:
            found = job.shap(task, source="computed" if baseline is None else "given", formula=formula)
        if fitted is not None:
            found = _with_surrogate(found, fitted)
        return found if request.pdp is None else job.with_plots(found, request.pdp)


def _with_types_of(model: Model, request: ExplanationRequest) -> ExplanationRequest:
    """The request with columns as categorical that were so in training, where the configuration says nothing else."""
    types: dict[str, GivenType] = dict.fromkeys(columns_of_categories(model, request.features), "categorical")
    return replace(request, column_types={**types, **request.column_types})


def _computed(
    request: ExplanationRequest, shap: ShapRequest, table: LocalTable, total: int, texts: TextColumns | None
) -> Batch:
    if texts is not None:
        return baseline_beside_texts(request, shap, table, total, texts)
    rows = sampled(table.batches(request.features), total, SAMPLED_ROWS, shap.plan.seed)
    return computed_baseline(rows, number=shap.num_clusters, seed=shap.plan.seed, column_types=request.column_types)


def _plan(shap: ShapRequest, total: int, texts: TextColumns | None) -> Plan:
    return shap.plan if texts is not None else shap.plan.of_table(total)


def _with_surrogate(found: JobExplanations, fitted: FittedSurrogate) -> JobExplanations:
    details = {**found.details["kernel_shap"], "surrogate": fitted.to_details()}
    return replace(found, details={**found.details, "kernel_shap": details}, notes=(*found.notes, fitted.note()))


def _formula_rows(model: Model, task: ShapTask) -> FormulaRows | str:
    try:
        return formula_rows(model, task)
    except ConfigError as error:
        raise ConfigError(of_shap(error)) from None


def _units_expected(task: ShapTask, table: LocalTable) -> int:
    def first() -> Batch:
        with reading(table.batches(task.features, ROWS_OF_A_PIECE)) as batches:
            return next(pieces_of(batches, ROWS_OF_A_PIECE))

    try:
        return units_expected(task, first)
    except ConfigError as error:
        raise ConfigError(of_shap(error)) from None


@dataclass(frozen=True, slots=True)
class _Told:
    """What a reader is told beside the results."""

    warnings: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """What all steps need."""

    request: ExplanationRequest
    table: LocalTable
    total: int
    pool: Pool
    store: UnitStore
    in_parts: bool
    aside: Path
    progress: Callable[[str], None]

    def shap(self, task: ShapTask, *, source: str, formula: FormulaRows | str) -> JobExplanations:
        """SHAP values of all rows; a file of them where they are to be kept."""
        shap = task.request
        picked = PickedRows(self.total, shap.plan.seed, shap.players, shap.link, self.request.threshold)
        try:
            with text_results(task, shap.text, self.aside, self.request.join, in_parts=self.in_parts) as texts:
                result, written, told = self._explained(task, picked, texts)
        except ConfigError as error:
            raise ConfigError(of_shap(error)) from None
        details = {
            "estimator": shap.plan.estimator,
            "seed": shap.plan.seed,
            "link": shap.link,
            "baseline": {"source": source, "rows": len(task.baseline)},
            **formula_details(formula, task),
            **result.to_details(),
            **picked.to_details(result.labels, result.values.value),
            **({} if texts is None else {"texts": texts.to_details(result.labels)}),
        }
        return JobExplanations(
            confidence_level=self.request.confidence_level,
            labels=result.labels,
            shap=result,
            details={"kernel_shap": details},
            warnings=(*told.warnings, *shap_warnings(result, shap.plan.budget.precision)),
            notes=(shap_note(result), *told.notes),
            written=written,
        )

    def _explained(
        self, task: ShapTask, picked: PickedRows, texts: TextResults | None
    ) -> tuple[ShapResult, dict[str, Path], _Told]:
        """Global results, files written aside, and what is to be told."""
        shap, written = task.request, self._files(task)
        if BASELINE_FILE in written:
            write_baseline(written[BASELINE_FILE], task.baseline)
        join, warning, kept = self.request.join, "", 0
        labels: tuple[str, ...] = ()
        columns = [*self.request.features, *([] if join is None else [join])]
        self.progress(f"explaining {self.total:,} rows")
        pace = Pace(self.total, time.monotonic)
        with (
            Totals(shap.plan.estimator, shap.aggregation, shap.plan.budget.precision, self.aside) as totals,
            self._values_file(shap) as file,
            reading(self.table.batches(columns)) as batches,
        ):
            units = shap_units(batches, task, clock=time.monotonic, at_once=lambda: self.pool.at_once)
            for unit in settled(units, self.pool, self.store):
                found = unit.result
                part = Explained(unit.unit.rows, found.attributions, found.active, found.common_base)
                part = part if texts is None else texts.add(part)
                totals.add(part)
                picked.add(part)
                values = part.attributions.values
                labels, warning = output_names(values.shape[2], self.request.label_headers)
                if file is not None:
                    file.write(values, labels, None if join is None else part.rows.columns[join])
                kept += len(values) if unit.kept else 0
                self.progress(pace.line("explaining", len(values), kept=unit.kept))
            result = totals.result(tuple(shap.players), labels, self.request.confidence_level)
        if texts is not None and shap.text is not None:
            result = replace(result, top_text=texts.top_words(labels, shap.text.max_top_tokens))
        notes = [f"{kept:,} of {self.total:,} rows were explained by an earlier run and not again."] if kept else []
        notes += [] if texts is None else texts.notes()
        return result, written, _Told((warning,) if warning else (), tuple(notes))

    def _files(self, task: ShapTask) -> dict[str, Path]:
        """Files to write aside, by the name that they get."""
        if task.texts is not None:
            return {TEXTS_FILE: self.aside / LINES} if task.request.save_local else {}
        local = {VALUES_FILE: self.aside / "out.csv"} if task.request.save_local else {}
        return {BASELINE_FILE: self.aside / "baseline.csv", **local}

    def _values_file(self, shap: ShapRequest) -> AbstractContextManager[LocalValues | LocalValueParts | None]:
        if not shap.save_local or shap.text is not None:
            return nullcontext()
        players, join = tuple(shap.players), self.request.join
        if self.in_parts:
            return local_value_parts(self.aside / "out.csv", players, join)
        return local_values_file(self.aside / "out.csv", players, join)

    def with_plots(self, found: JobExplanations, asked: PdpRequest) -> JobExplanations:
        """The same with partial dependence."""
        plotting = Plotting(self.request, self.table, self.total, self.pool, self.store, self.progress)
        drawn = plotting.plots(asked, found.shap)
        labels, told = found.labels, [*found.warnings]
        outputs = next((len(plot.predictions) for plot in drawn if plot.predictions is not None), None)
        if outputs is not None and not labels:
            labels, warning = output_names(outputs, self.request.label_headers)
            told += [warning] if warning else []
        level = self.request.confidence_level
        return replace(
            found,
            labels=labels,
            plots=tuple(drawn),
            details={**found.details, **plot_details(asked, drawn, labels, total=self.total, confidence_level=level)},
            warnings=(*told, *plot_warnings(drawn)),
        )
