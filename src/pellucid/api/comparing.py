"""Two folders of results compared, row by row where the rows are at hand."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.errors import DataError, PellucidError, Problem
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.bias.paired_rows import Outcomes
    from pellucid.reports.comparison import Compared
    from pellucid.reports.comparison.pairs import Paired
    from pellucid.reports.source import ReportSource

__all__ = ["Comparison", "compare"]

PREDICTIONS = "predictions.parquet"
AGREEING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two results compared.

    Parameters
    ----------
    files
        Of the report.
    notes
        Whether and why differences were not computed row by row.
    """

    compared: Compared
    files: tuple[Path, ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def compare(
    first: Path,
    second: Path,
    *,
    output: Path,
    data: str | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> Comparison:
    """Compare two folders of results and write the report on them.

    Parameters
    ----------
    first, second
        Folders that jobs wrote to; differences are the second minus the first.
    output
        Folder of the report.
    data
        The data set, if both results are about it; by default the one beside the results, if it is there. With it,
        metrics of predictions are compared row by row, which makes their intervals narrower.

    Raises
    ------
    DataError
        A folder holds no results, or ``data`` is not what both results are about.
    """
    from pellucid.api.reporting import write_document
    from pellucid.jobs.result_files import unwritable, write_files
    from pellucid.reports.comparison import COMPARISON, build_comparison, compare_sources, comparison_text
    from pellucid.reports.source import read_source

    missing = [
        Problem(name, str(folder), fix="There is no such folder. Give the one that a job wrote to.")
        for name, folder in (("DIR_A", first), ("DIR_B", second))
        if not folder.is_dir()
    ]
    if problems := [*missing, *unwritable(output)]:
        raise DataError(problems)
    progress("reading results")
    sources = read_source(first), read_source(second)
    names = _names(first, second)
    plain = compare_sources(*sources, names=names)
    paired: Paired = {}
    note = ""
    place = data or _beside(first, second, sources, same=plain.same_data)
    if place is None:
        note = "Intervals take the two results as independent. Where they are about the same rows, give --data."
    else:
        progress("comparing row by row")
        try:
            paired = _paired(first, second, sources, place, plain)
        except PellucidError as error:
            if data is not None:
                raise
            note = f"Differences were not computed row by row: {error}"
    compared = compare_sources(*sources, names=names, paired=paired) if paired else plain
    progress("writing the report")
    (numbers,) = write_files(output, {COMPARISON: comparison_text(compared)})
    written = write_document(output, build_comparison(compared))
    problems_found = tuple(
        f"{name}: {problem}" for name, source in zip(names, sources, strict=True) for problem in source.problems
    )
    return Comparison(
        compared=compared,
        files=(numbers, *written.files),
        warnings=(*problems_found, *written.warnings),
        notes=(note,) if note else (),
    )


def _names(first: Path, second: Path) -> tuple[str, str]:
    """What the results are called: the ends of their paths that differ."""
    parts = [path.resolve().parts for path in (first, second)]
    if parts[0] == parts[1]:
        return first.name or "first", second.name or "second"
    while len(parts[0]) > 1 and len(parts[1]) > 1 and parts[0][-1] == parts[1][-1]:
        parts = [path[:-1] for path in parts]
    return parts[0][-1], parts[1][-1]


def _beside(first: Path, second: Path, sources: tuple[ReportSource, ReportSource], *, same: bool | None) -> str | None:
    """The data set of both results, if they recorded the same one and it is in or beside their folders."""
    from pellucid.reports.reading import listed

    if not same or sources[0].evidence is None:
        return None
    files = [str(file["path"]) for file in listed(sources[0].evidence.get("inputs")) if file.get("role") == "data"]
    if len(files) != 1:
        return None
    places = (folder / files[0] for base in (first, second) for folder in (base, base.parent))
    return next((str(place) for place in places if place.is_file()), None)


def _paired(
    first: Path, second: Path, sources: tuple[ReportSource, ReportSource], data: str, plain: Compared
) -> Paired:
    """Differences of the metrics of predictions, from the rows."""
    from pellucid.bias.paired_rows import paired_differences
    from pellucid.reports.comparison import MetricKey

    outcomes = [_outcomes(folder, source, data) for folder, source in zip((first, second), sources, strict=True)]
    found = {
        MetricKey("post_training", facet, value, metric): difference
        for (facet, value), metric, difference in paired_differences(outcomes[0], outcomes[1], plain.confidence_level)
    }
    shared = {key: difference for key, difference in found.items() if key in plain.metrics}
    strangers = [key for key, (value, _) in shared.items() if abs(value - plain.metrics[key].value) > AGREEING]
    sizes = {side.rows for side in (plain.first, plain.second) if side.rows is not None}
    if strangers or not shared or sizes - {float(len(outcomes[0].positive))}:
        fix = "It is not what both results were computed from. Give the data set that they share, or leave --data out."
        raise DataError(Problem("--data", data, fix=fix))
    return shared


def _outcomes(folder: Path, source: ReportSource, data: str) -> Outcomes:
    """Groups, labels and predictions of one result, from its configuration and the rows."""
    from pellucid.api.preflight import asks_for_predictions, preflight, table_over
    from pellucid.api.table_job import comparing
    from pellucid.bias.paired_rows import outcomes_of
    from pellucid.datasets.predictions import with_predictions
    from pellucid.jobs.bias_request import bias_request

    if not source.asked:
        raise DataError(Problem(str(folder), fix="These results do not hold their configuration."))
    with tempfile.TemporaryDirectory() as aside:
        config = Path(aside) / "analysis_config.json"
        config.write_text(json.dumps(_plain(source.asked)), encoding="utf-8")
        job = preflight(config, data=data)
    predictions = folder / PREDICTIONS
    if asks_for_predictions(job.config):
        if not predictions.is_file():
            fix = "The model's predictions were not kept. Run the jobs with predictor.save_predictions to pair them."
            raise DataError(Problem(str(predictions), fix=fix))
        # What only concerns the model is not needed: it has answered.
        job = replace(job, problems=tuple(p for p in job.problems if not p.where.startswith("predictor")))
    if job.dataset is None or job.problems:
        raise job.error()
    # It is not made where anything is wrong, were it only a model that is not at hand.
    request = job.request or bias_request(job.config, job.dataset)
    if request.weights is not None:
        raise DataError(Problem("weights", request.weights, fix="Weighted rows are not compared row by row."))
    if not asks_for_predictions(job.config):
        return outcomes_of(request, table_over(job.dataset))
    dataset = job.dataset if job.dataset.settle is None else job.dataset.settle()
    joined, _ = with_predictions(dataset, predictions, "predicted_label")
    return outcomes_of(comparing(request, "predicted_label"), table_over(joined))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
