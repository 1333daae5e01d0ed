"""Explanations within a job: baseline, SHAP values and partial dependence of the model that the job opened."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pellucid.config.analysis import AnalysisConfig
from pellucid.datasets import Dataset, DatasetSource, read_dataset
from pellucid.engines.frames import FrameTable
from pellucid.errors import ConfigError, DataError, Problem
from pellucid.jobs.explanations.baseline import BASELINE, baseline_rows
from pellucid.jobs.explanations.clusters import SAMPLED_ROWS, computed_baseline
from pellucid.jobs.explanations.pdp_job import Plot, grid_of, plots, top_features
from pellucid.jobs.explanations.request import ExplanationRequest, ShapRequest, of_shap
from pellucid.jobs.explanations.rows import joined, reading, sampled
from pellucid.jobs.explanations.scoring import output_names, scorer
from pellucid.jobs.explanations.shap_job import explained_rows
from pellucid.jobs.explanations.totals import ShapResult, Totals
from pellucid.jobs.explanations.writers import FOLDER, LocalValues, local_values_file, write_baseline
from pellucid.protocols.model import Batch, Model

__all__ = ["EXPLANATION_FILES", "JobExplanations", "explained_job", "given_baseline"]

BASELINE_FILE, VALUES_FILE = f"{FOLDER}/baseline.csv", f"{FOLDER}/out.csv"
EXPLANATION_FILES = (BASELINE_FILE, VALUES_FILE)
"""Files beside ``analysis.json``, by their place in the folder of the results."""


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
    written
        Files written aside, by the name that they get.
    """

    labels: tuple[str, ...] = ()
    shap: ShapResult | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    plots: tuple[Plot, ...] | None = None
    further: Mapping[str, Any] = field(default_factory=dict)
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


def given_baseline(config: AnalysisConfig, config_path: Path, dataset: Dataset, table: FrameTable) -> Batch | None:
    """The baseline of the configuration: rows in place, a file, or records shaped like those of the data set.

    Returns
    -------
    None where it is to be computed.

    Raises
    ------
    InputError
        It cannot be read, or does not fit the features.
    """
    from pellucid.jobs.bias_request import model_features

    given = None if config.methods.shap is None else config.methods.shap.baseline
    if given is None:
        return None
    features = model_features(config, dataset)
    types = {name: table.columns[name] for name in features}
    if isinstance(given, tuple) and all(isinstance(row, tuple) for row in given):
        return baseline_rows([tuple(row) for row in given], types)
    if isinstance(given, str):
        beside = config_path.parent / given
        found = str(beside) if "://" not in given and not Path(given).exists() and beside.exists() else given
        return _baseline_file(found, config, features, types)
    if config.features is None:
        shown = given if isinstance(given, Mapping) else list(given)
        fix = "Objects are for JSON data sets. Use a list of rows such as [[0, 5], [1, 7]]."
        raise ConfigError(Problem(BASELINE, shown, fix=fix))
    whole = isinstance(given, Mapping) or config.dataset_type == "application/json"
    lines: list[Any] = [given] if whole else list(given)
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write("\n".join(json.dumps(_plain(line)) for line in lines))
        file.flush()
        return _baseline_file(file.name, config, features, types)


def _baseline_file(uri: str, config: AnalysisConfig, features: tuple[str, ...], types: Mapping[str, Any]) -> Batch:
    source = DatasetSource(
        uri=uri,
        dataset_type=config.dataset_type,
        headers=None if config.dataset_type == "application/x-parquet" else features,
        features=config.features,
        where=BASELINE,
        expected_names=features,
    )
    read = read_dataset(source, lazy_types=False)
    missing = [name for name in features if name not in read.columns]
    if missing or len(read.columns) != len(features):
        fix = f"Give the {len(features)} features of the model, no label, in this order: {', '.join(features[:12])}."
        raise DataError(Problem(BASELINE, list(read.columns), fix=fix))
    rows = joined(list(FrameTable(read.frame).batches(features)))
    return baseline_rows(list(zip(*(column.tolist() for column in rows.columns.values()), strict=True)), types)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple | list) else value


def explained_job(
    request: ExplanationRequest,
    baseline: Batch | None,
    table: FrameTable,
    model: Model,
    *,
    aside: Path,
    progress: Callable[[str], None],
) -> JobExplanations:
    """Explain all rows of a data set.

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
    job = _Job(request, table, total, scorer(model), aside, progress)
    found = JobExplanations()
    if request.shap is not None:
        if baseline is None:
            progress("computing the baseline")
        used = baseline if baseline is not None else job.computed(request.shap)
        found = job.shap(request.shap, used, source="computed" if baseline is None else "given")
    return job.with_plots(found) if request.pdp is not None else found


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """What all steps need."""

    request: ExplanationRequest
    table: FrameTable
    total: int
    score: Callable[[Batch], Any]
    aside: Path
    progress: Callable[[str], None]

    def computed(self, shap: ShapRequest) -> Batch:
        seed = shap.plan.seed
        rows = sampled(self.table.batches(self.request.features), self.total, SAMPLED_ROWS, seed)
        return computed_baseline(rows, number=shap.num_clusters, seed=seed, column_types=self.request.column_types)

    def shap(self, shap: ShapRequest, baseline: Batch, *, source: str) -> JobExplanations:
        """SHAP values of all rows; a file of them where they are to be kept."""
        try:
            result, written, warning = self._explained(shap, baseline)
        except ConfigError as error:
            raise ConfigError(of_shap(error)) from None
        details = {
            "estimator": shap.plan.estimator,
            "seed": shap.plan.seed,
            "link": shap.link,
            "baseline": {"source": source, "rows": len(baseline)},
            **result.to_details(),
        }
        return JobExplanations(
            labels=result.labels,
            shap=result,
            details={"kernel_shap": details},
            warnings=(*warning, *_shap_warnings(result, shap.plan.budget.precision)),
            notes=(_shap_note(result),),
            written=written,
        )

    def _explained(self, shap: ShapRequest, baseline: Batch) -> tuple[ShapResult, dict[str, Path], tuple[str, ...]]:
        """Global results, files written aside, and a warning on the names of the outputs."""
        written = {BASELINE_FILE: self.aside / "baseline.csv"}
        write_baseline(written[BASELINE_FILE], baseline)
        players, join = tuple(shap.players), self.request.join
        opened: AbstractContextManager[LocalValues | None] = nullcontext()
        if shap.save_local:
            written[VALUES_FILE] = self.aside / "out.csv"
            opened = local_values_file(written[VALUES_FILE], players, join)
        columns = [*self.request.features, *([] if join is None else [join])]
        totals, warning = Totals(shap.plan.estimator, shap.plan.budget.precision), ""
        labels: tuple[str, ...] = ()
        self.progress(f"explaining {self.total:,} rows")
        with opened as file, reading(self.table.batches(columns)) as batches:
            for part in explained_rows(
                batches, self.request.features, self.total, baseline, shap, self.score, clock=time.monotonic
            ):
                totals.add(part)
                values = part.attributions.values
                labels, warning = output_names(values.shape[2], self.request.label_headers)
                if file is not None:
                    file.write(values, labels, None if join is None else part.rows.columns[join])
                self.progress(f"explaining: {totals.rows:,} rows of {self.total:,}")
        result = totals.result(players, labels, shap.aggregation, self.request.confidence_level)
        return result, written, (warning,) if warning else ()

    def with_plots(self, found: JobExplanations) -> JobExplanations:
        """Partial dependence of the features asked for, or of those that SHAP found to matter most."""
        drawn = self._plots(found.shap)
        labels, told = found.labels, [*found.warnings]
        outputs = next((len(plot.predictions) for plot in drawn if plot.predictions is not None), None)
        if outputs is not None and not labels:
            labels, warning = output_names(outputs, self.request.label_headers)
            told += [warning] if warning else []
        return replace(found, labels=labels, plots=tuple(drawn), warnings=(*told, *_plot_warnings(drawn)))

    def _plots(self, shap: ShapResult | None) -> list[Plot]:
        asked, request = self.request.pdp, self.request
        if asked is None:
            return []
        features = asked.features or ()
        if asked.features is None and shap is not None and request.shap is not None:
            features = top_features(shap, request.shap.players, asked.top)
        empty = []
        for feature in features:
            column = joined(list(self.table.batches([feature]))).columns[feature]
            empty.append(grid_of(feature, column, asked.resolution, request.column_types.get(feature)))
        self.progress(f"partial dependence on {len(features)} features")
        with reading(self.table.batches(request.features)) as batches:
            return plots(empty, batches, self.score)


def _shap_warnings(found: ShapResult, precision: float | None) -> list[str]:
    warnings = [f"methods.shap: {found.note}"] if found.note else []
    if found.imprecise:
        rows = "1 row" if found.imprecise == 1 else f"{found.imprecise:,} rows"
        warnings.append(
            f"methods.shap.budget.precision: got {precision:g}, and the samples ended before {rows} of {found.rows:,} "
            "reached it. pellucid.json holds the precision that was reached. Allow more samples for the wanted one."
        )
    return warnings


def _shap_note(found: ShapResult) -> str:
    least, most = found.samples
    samples = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    return (
        f"SHAP: {found.rows:,} rows, {samples} samples per row ({', '.join(found.estimators)}), "
        f"{found.model_rows:,} rows asked of the model."
    )


def _plot_warnings(found: Sequence[Plot]) -> list[str]:
    return [
        f"methods.pdp: {plot.feature!r} holds free text, as 5 % of its values or more are distinct. If it holds "
        f'categories, set column_types to {{{json.dumps(plot.feature)}: "categorical"}}.'
        if plot.kind == "free_text"
        else f"methods.pdp: {plot.error}"
        for plot in found
        if plot.error
    ]
