"""Texts within an explanation job: which columns hold them, what absence looks like, and the files they get."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import narwhals as nw
import numpy as np

from pellucid.api.preflight import table_over
from pellucid.config.analysis import AnalysisConfig
from pellucid.datasets import Dataset
from pellucid.errors import ConfigError, Problem
from pellucid.jobs.explanations.clusters import FEW_VALUES, SAMPLED_ROWS, computed_baseline, is_numeric
from pellucid.jobs.explanations.part_files import line_parts, lines_file
from pellucid.jobs.explanations.request import ExplanationRequest, ShapRequest, TextRequest, explanation_request
from pellucid.jobs.explanations.rows import joined, sampled
from pellucid.jobs.explanations.shap_job import ShapTask
from pellucid.jobs.explanations.text_results import TextResults
from pellucid.jobs.explanations.texts import TextColumns
from pellucid.protocols.model import Batch
from pellucid.protocols.table import LocalTable
from pellucid.text_units import splitter

__all__ = ["TEXTS_FILE", "baseline_beside_texts", "text_columns", "text_results", "with_texts_filled"]

TEXTS_FILE = "out.jsonl"
WHERE = "methods.shap.text_config"
OF_TEXT = ("text", "category")
"""Types of columns that can be split."""


def text_columns(request: ExplanationRequest, shap: ShapRequest, table: LocalTable, total: int) -> TextColumns | None:
    """Columns that are split into units; None where the configuration asks for none.

    Raises
    ------
    ConfigError
        No column holds text.
    MissingExtra
        A package for the language is not installed.
    """
    asked = shap.text
    if asked is None:
        return None
    names = asked.columns if asked.columns is not None else _free_text(request, shap, table, total)
    if not names:
        fix = (
            "No feature of the model holds free text: strings of which at least 5 % are distinct. Name the columns to "
            "split in 'columns', or remove this key to explain columns as a whole."
        )
        raise ConfigError(Problem(WHERE, fix=fix))
    wrong = [name for name in names if table.columns[name] not in OF_TEXT]
    if wrong:
        raise ConfigError(
            Problem(
                f"{WHERE}.columns", name, fix=f"The column holds {table.columns[name]} values. Name columns of text."
            )
            for name in wrong
        )
    return TextColumns(
        names=tuple(names),
        split=splitter(asked.language, asked.granularity),
        outer=splitter(asked.language, "sentence") if asked.hierarchical else None,
        max_units=asked.max_units,
        are_words=asked.granularity == "token",
        kinds=_kinds(request, shap, table, names),
    )


def _free_text(request: ExplanationRequest, shap: ShapRequest, table: LocalTable, total: int) -> list[str]:
    """Columns of strings that are no categories by Clarify's rule and explained by themselves."""
    alone = {columns[0] for columns in shap.players.values() if len(columns) == 1}
    return [
        name
        for name in request.features
        if name in alone
        and table.columns[name] == "text"
        and request.column_types.get(name) != "categorical"
        and table.distinct(name) >= FEW_VALUES * total
    ]


def _kinds(
    request: ExplanationRequest, shap: ShapRequest, table: LocalTable, texts: tuple[str, ...] | list[str]
) -> dict[str, str]:
    found = {}
    for player, columns in shap.players.items():
        if player not in texts:
            numeric = True
            for name in columns:
                column = joined(list(table.batches([name]))).columns[name]
                numeric &= is_numeric(column, request.column_types.get(name))
            found[player] = "numerical" if numeric else "categorical"
    return found


def baseline_beside_texts(
    request: ExplanationRequest, shap: ShapRequest, table: LocalTable, total: int, texts: TextColumns
) -> Batch:
    """A computed baseline: centres of clusters of the other columns, and an empty mask in each column of text."""
    others = [name for name in request.features if name not in texts.names]
    columns, centres = {}, 1
    if others:
        rows = sampled(table.batches(others), total, SAMPLED_ROWS, shap.plan.seed)
        found = computed_baseline(
            rows, number=shap.num_clusters, seed=shap.plan.seed, column_types=request.column_types
        )
        columns, centres = dict(found.columns), len(found)
    empty = np.full(centres, "", dtype=object)
    return Batch({name: columns.get(name, empty) for name in request.features})


def with_texts_filled(config: AnalysisConfig, dataset: Dataset) -> Dataset:
    """The data set as a model is asked with it: in columns that are explained as text, a missing text is an empty one.

    Every step of a job asks with these rows, so that a model sees a missing text in one way only.
    """
    request = None
    if config.methods.shap is not None and config.methods.shap.text_config is not None:
        with suppress(ConfigError):  # told by those who explain
            request = explanation_request(config, dataset)
    if request is None or request.shap is None or request.shap.text is None:
        return dataset
    table, asked = table_over(dataset), request.shap.text
    total = sum(len(batch) for batch in table.batches(request.features[:1]))
    names = asked.columns if asked.columns is not None else _free_text(request, request.shap, table, total)
    texts = [name for name in names if table.columns[name] in OF_TEXT]
    if not texts:
        return dataset
    frame = nw.from_native(dataset.frame).lazy().with_columns(nw.col(name).fill_null("") for name in texts)
    return replace(dataset, rows_of=frame.to_native())


@contextmanager
def text_results(
    task: ShapTask, asked: TextRequest | None, aside: Path, join: str | None, *, in_parts: bool
) -> Iterator[TextResults | None]:
    """What gathers explained rows with texts; its file, or folder of files, is open for the length of the block."""
    texts = task.texts
    if asked is None or texts is None:
        yield None
        return
    results = TextResults(task, texts, splitter(asked.language, "token"), join=join)
    if not task.request.save_local:
        yield results
        return
    place = aside / TEXTS_FILE
    with line_parts(place) if in_parts else lines_file(place) as file:
        results.file = file
        yield results
