"""Rows of Ibis tables: a database is read some rows at a time, and cells keep the types that the table says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

__all__ = ["arrow_batches", "is_ibis_table", "keeps_order", "knows_nan"]


def is_ibis_table(native: Any) -> bool:
    """Whether ``native`` is a table of Ibis."""
    return type(native).__module__.startswith("ibis.")


def keeps_order(table: Any) -> bool:
    """Whether every scan gives the rows in the same order; few databases promise that."""
    return table.get_backend().name in ("duckdb", "polars")


def knows_nan(table: Any) -> bool:
    """Whether a float may be not-a-number there; SQLite has none."""
    from ibis.expr.operations import IsNan

    return bool(table.get_backend().has_operation(IsNan))


def arrow_batches(table: Any, rows: int) -> Iterator[Any]:
    """The rows as Arrow tables of at most ``rows`` rows.

    Of SQLite, Ibis reads a result whole, through pandas, which takes integers with gaps for floats. Of DuckDB, it calls
    what newer versions have renamed.
    """
    import pyarrow as pa

    backend, schema = table.get_backend(), table.schema().to_pyarrow()
    if backend.name in ("duckdb", "sqlite"):
        # A query compiled by hand does not bring tables of memory along, and there is no public way to ask for them.
        backend._run_pre_execute_hooks(table)  # noqa: SLF001
    if backend.name == "duckdb":
        relation = backend.con.sql(backend.compile(table))
        read = relation.to_arrow_reader if hasattr(relation, "to_arrow_reader") else relation.fetch_arrow_reader
        for batch in read(rows):
            yield pa.Table.from_batches([batch]).cast(schema)
        return
    if backend.name != "sqlite":
        for batch in table.to_pyarrow_batches(chunk_size=rows):
            yield pa.Table.from_batches([batch]).cast(schema)
        return
    with closing(backend.con.execute(backend.compile(table))) as cursor:
        while fetched := cursor.fetchmany(rows):
            cells = zip(zip(*fetched, strict=True), schema.types, strict=True)
            yield pa.Table.from_arrays([_array(column, kind) for column, kind in cells], schema=schema)


def _array(cells: Sequence[Any], kind: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_boolean(kind):  # SQLite has 0 and 1
        return pa.array([None if cell is None else bool(cell) for cell in cells], kind)
    return pa.array(cells, kind)
