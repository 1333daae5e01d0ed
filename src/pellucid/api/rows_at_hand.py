"""Rows of a database, copied once where a job needs rows and not only counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

from pellucid.api.preflight import Preflight, table_over
from pellucid.datasets import Dataset, scan_errors_translated
from pellucid.nouns import counted

__all__ = ["copied", "needs_rows", "with_rows_at_hand"]

FLIP_TEST = "FT"


def needs_rows(job: Preflight, engine: str) -> bool:
    """Whether counts are not enough: the flip test compares rows, a model is asked with them, Spark reads them."""
    asked = job.request.post_training if job.request is not None else None
    return job.model is not None or engine != "local" or FLIP_TEST in (asked or ())


def with_rows_at_hand(job: Preflight, engine: str, progress: Callable[[str], None]) -> Preflight:
    """The job, with the rows of a database copied where it needs them.

    Raises
    ------
    DataError
        The database breaks off.
    """
    if job.dataset is None or job.dataset.order != "arbitrary" or not needs_rows(job, engine):
        return job
    progress("copying the rows of the database")
    dataset = copied(job.dataset)
    copies = f"{counted(dataset.rows or 0, 'row')} {'was' if dataset.rows == 1 else 'were'} copied"
    note = f"{copies} from the database, as counts are not enough for this job."
    return replace(job, dataset=dataset, table=table_over(dataset), notes=(*job.notes, note))


def copied(dataset: Dataset) -> Dataset:
    """The data set with its rows in a table of DuckDB, sorted by all columns; on disk where memory does not hold them.

    A database gives rows in an order of the moment. Sorted, they are the same rows in the same order whenever and by
    whichever database they are given.

    Raises
    ------
    DataError
        The database breaks off.
    """
    from pellucid.engines.ibis_tables import is_ibis_table

    relation, name = dataset.frame, f"pellucid_{uuid4().hex}"
    with scan_errors_translated():
        relation = _inserted(relation) if is_ibis_table(relation) else relation
        relation.query("pellucid_rows", f"CREATE TABLE {name} AS SELECT * FROM pellucid_rows ORDER BY ALL NULLS FIRST")
        frame = relation.query("pellucid_rows", f"SELECT * FROM {name}")
        rows = int(frame.aggregate("count(*)").fetchall()[0][0])
    return replace(dataset, rows_of=frame, rows=rows, order="values")


def _inserted(table: Any) -> Any:
    """The rows of an Ibis table as a relation of DuckDB."""
    from pellucid.datasets.parts import connect
    from pellucid.engines.batches import BATCH_ROWS
    from pellucid.engines.ibis_tables import arrow_batches

    connection = connect()
    connection.register("pellucid_batch", table.schema().to_pyarrow().empty_table())
    connection.execute("CREATE TABLE pellucid_unsorted AS SELECT * FROM pellucid_batch")
    for batch in arrow_batches(table, BATCH_ROWS):
        connection.register("pellucid_batch", batch)
        connection.execute("INSERT INTO pellucid_unsorted SELECT * FROM pellucid_batch")
    connection.unregister("pellucid_batch")
    return connection.table("pellucid_unsorted")
