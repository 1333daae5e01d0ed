"""Tables in databases: counted where they are, so that only counts travel, and copied only where rows are needed."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final
from uuid import uuid4

from pellucid.datasets.database_address import DatabaseAddress, database_address
from pellucid.datasets.sources import DatasetSource
from pellucid.datasets.sql import identifier, literal
from pellucid.errors import DataError, Problem, did_you_mean, require
from pellucid.protocols.table import RowOrder
from pellucid.records import dataclass

__all__ = ["DatabaseRows", "database_rows"]

CONNECT_SECONDS = 10
"""How long a server may take to answer."""
EXTRA = "sql"
ARBITRARY: Final[RowOrder] = "arbitrary"
_DUCKDB_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseRows:
    """The rows of a table or query.

    Parameters
    ----------
    relation
        A DuckDB relation, or an Ibis table.
    order
        ``rows`` for a table of DuckDB, which keeps the order of its rows; else ``arbitrary``.
    file
        Of the database; None for a server.
    """

    relation: Any
    order: RowOrder
    file: str | None = None


def database_rows(connection: Any, source: DatasetSource) -> DatabaseRows:
    """The rows that an address names, opened for reading only; nothing is read but names, types and missing cells.

    An integer column with a missing cell is float, and decimals are, as in every other reader.

    Parameters
    ----------
    connection
        DuckDB's, which databases of DuckDB are attached to.

    Raises
    ------
    ConfigError
        The address is wrong.
    DataError
        The database does not let us in, or there is no such table.
    MissingExtra
        A package for this database is not installed.
    """
    address = database_address(source.uri, source.where)
    if address.product == "duckdb":
        return _duckdb_rows(connection, address)
    backend = _sqlite(address) if address.product == "sqlite" else _postgresql(address)
    with _faults_told(address, reading=True):
        table = _ibis_query(backend, address) if address.query is not None else _ibis_table(backend, address)
        table = _with_our_types(table)
        if address.product == "sqlite":
            _refuse_mixed_columns(table, address)
        table = _with_float_gaps(table)
    return DatabaseRows(relation=table, order="arbitrary", file=None if address.path is None else str(address.path))


# --- DuckDB -----------------------------------------------------------------------------------------------------------
def _duckdb_rows(connection: Any, address: DatabaseAddress) -> DatabaseRows:
    catalog = f"pellucid_{uuid4().hex}"
    with _faults_told(address):
        connection.execute(f"ATTACH {literal(str(address.path))} AS {catalog} (READ_ONLY)")
    with _faults_told(address, reading=True):
        if address.query is not None:
            # The query says table, not catalog.table; what we make ourselves still goes to memory.
            connection.execute(f"SET search_path = 'memory.main,{catalog}.main'")
            relation, order = connection.sql(f"SELECT * FROM ({address.query}) AS pellucid_query"), ARBITRARY
        else:
            relation, order = _duckdb_table(connection, catalog, address)
        relation = _with_floats(relation)
    return DatabaseRows(relation=relation, order=order, file=str(address.path))


def _duckdb_table(connection: Any, catalog: str, address: DatabaseAddress) -> tuple[Any, RowOrder]:
    listed = (
        "SELECT schema_name, table_name, 'rows' FROM duckdb_tables() WHERE database_name = $1 UNION ALL "
        "SELECT schema_name, view_name, 'arbitrary' FROM duckdb_views() WHERE database_name = $1 AND NOT internal"
    )
    found = {(place, name): order for place, name, order in connection.execute(listed, [catalog]).fetchall()}
    wanted = (address.schema or "main", address.table or "")
    if wanted not in found:
        raise _no_table(address, [name if place == "main" else f"{place}.{name}" for place, name in found])
    return connection.table(".".join(map(identifier, (catalog, *wanted)))), found[wanted]


def _with_floats(relation: Any) -> Any:
    """Integers with gaps and decimals as floats."""
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    integers = [name for name, kind in types.items() if kind in _DUCKDB_INTEGERS]
    counts = ", ".join(f"count(*) > count({identifier(name)})" for name in integers)
    gaps = relation.aggregate(counts).fetchall()[0] if integers else ()
    floats = [name for name, gap in zip(integers, gaps, strict=True) if gap]
    floats += [name for name, kind in types.items() if kind.startswith("DECIMAL")]
    casts = [f"CAST({identifier(name)} AS DOUBLE) AS {identifier(name)}" for name in floats]
    return relation.project(f"* REPLACE ({', '.join(casts)})") if casts else relation


# --- through Ibis -----------------------------------------------------------------------------------------------------
def _sqlite(address: DatabaseAddress) -> Any:
    import sqlite3
    from urllib.parse import quote

    ibis = require("ibis", EXTRA)
    with _faults_told(address):
        file = f"file:{quote(str(address.path))}?mode=ro"
        # What is closed by the garbage collector is closed in any thread.
        connection = sqlite3.connect(file, uri=True, timeout=CONNECT_SECONDS, check_same_thread=False)
        return _closed_with_its_tables(ibis.sqlite.from_connection(connection))


def _postgresql(address: DatabaseAddress) -> Any:
    ibis, psycopg = require("ibis", EXTRA), require("psycopg", EXTRA)
    with _faults_told(address):
        given = psycopg.conninfo.conninfo_to_dict(address.server)
        options = f"{given.pop('options', '')} -c default_transaction_read_only=on".strip()
        settings = {"connect_timeout": CONNECT_SECONDS, "application_name": "pellucid", **given, "options": options}
        return _closed_with_its_tables(ibis.postgres.from_connection(psycopg.connect(**settings, autocommit=True)))


def _closed_with_its_tables(backend: Any) -> Any:
    """The backend, whose connection is closed when nothing refers to it any more."""
    weakref.finalize(backend, backend.con.close)
    return backend


def _ibis_table(backend: Any, address: DatabaseAddress) -> Any:
    where = {} if address.schema is None else {"database": address.schema}
    names = backend.list_tables(**where)
    if address.table not in names:
        raise _no_table(address, [name if address.schema is None else f"{address.schema}.{name}" for name in names])
    return backend.table(address.table, **where)


def _ibis_query(backend: Any, address: DatabaseAddress) -> Any:
    query = f"SELECT * FROM ({address.query}) AS pellucid_query"
    if backend.name != "postgres":
        return backend.sql(query)
    import ibis

    # Ibis would make a view to learn the types, which a connection for reading only may not.
    kinds = backend.compiler.type_mapper
    with backend.con.cursor() as cursor:
        cursor.execute(f"{query} LIMIT 0")
        names = {part.name: backend.con.adapters.types.get(part.type_code) for part in cursor.description or ()}
    schema = {name: kinds.from_string("text" if kind is None else kind.name) for name, kind in names.items()}
    return backend.sql(query, schema=ibis.schema(schema))


def _with_our_types(table: Any) -> Any:
    """Decimals as floats, and types that only the database knows, such as its enumerations, as text."""
    casts = {}
    for name, kind in table.schema().items():
        if kind.is_decimal():
            casts[name] = "float64"
        elif kind.is_unknown() or kind.is_uuid() or kind.is_json() or kind.is_null():
            casts[name] = "string"
    return table.cast(casts) if casts else table


def _with_float_gaps(table: Any) -> Any:
    integers = [name for name, kind in table.schema().items() if kind.is_integer()]
    if not integers:
        return table
    counted = table.aggregate(
        pellucid_rows=table.count(), **{f"c{i}": table[n].count() for i, n in enumerate(integers)}
    )
    backend = table.get_backend()
    with closing(backend.con.execute(backend.compile(counted))) as cursor:
        rows, *present = cursor.fetchone()
    gaps = [name for name, count in zip(integers, present, strict=True) if count < rows]
    return table.cast(dict.fromkeys(gaps, "float64")) if gaps else table


_STORED = {"integer": "'integer'", "floating": "'integer', 'real'", "boolean": "'integer'", "string": "'text'"}


def _refuse_mixed_columns(table: Any, address: DatabaseAddress) -> None:
    """SQLite stores text in a column of integers without a word; a number counted from it would be wrong."""
    backend = table.get_backend()
    kinds = {}
    for name, kind in table.schema().items():
        family = next((family for family in _STORED if getattr(kind, f"is_{family}")()), None)
        if family is not None:
            kinds[name] = family
    if not kinds:
        return
    tests = []
    for name, family in kinds.items():
        test = f"typeof({identifier(name)}) NOT IN ('null', {_STORED[family]})"
        tests.append(f"total({test}{f' OR {identifier(name)} NOT IN (0, 1)' if family == 'boolean' else ''})")
    with closing(
        backend.con.execute(f"SELECT {', '.join(tests)} FROM ({backend.compile(table)}) AS pellucid_all")
    ) as cursor:
        counts = cursor.fetchone()
    problems = [
        Problem(
            address.where,
            address.shown,
            fix=f"Column {name!r} is of type {family} and holds something else in {int(count):,} rows. Mend it, or "
            "convert it with CAST in ?query=SELECT ...",
        )
        for (name, family), count in zip(kinds.items(), counts, strict=True)
        if count
    ]
    if problems:
        raise DataError(problems)


# --- faults -----------------------------------------------------------------------------------------------------------
def _no_table(address: DatabaseAddress, names: Sequence[str]) -> DataError:
    wanted = address.table if address.schema is None else f"{address.schema}.{address.table}"
    fix = f"There is no table {wanted!r} in it; {did_you_mean(wanted, sorted(names))}"
    return DataError(Problem(address.where, address.shown, fix=fix))


def _bad_query(address: DatabaseAddress, error: Exception) -> DataError:
    return DataError(
        Problem(address.where, address.query, fix=f"The database does not take this query: {_words(error)}")
    )


@contextmanager
def _faults_told(address: DatabaseAddress, *, reading: bool = False) -> Iterator[None]:
    """Within this context what a driver raises becomes a `DataError` without a password in it."""
    try:
        yield
    except Exception as error:
        driver = type(error).__module__.partition(".")[0].lstrip("_")
        if driver not in ("duckdb", "psycopg", "sqlite3", "sqlglot"):
            raise
        if reading and address.query is not None:
            raise _bad_query(address, error) from None
        raise DataError(Problem(address.where, address.shown, fix=_fix(address, error))) from None


def _fix(address: DatabaseAddress, error: Exception) -> str:
    said = _words(error)
    if "password" in said or "authentication" in said:
        return f"The server refuses: {said} Set PGPASSWORD or ~/.pgpass, or name another user in the address."
    if address.product == "postgresql":
        return f"The server cannot be asked: {said} Check host, port and name of the database, and that it runs."
    return f"It cannot be opened: {said}"


def _words(error: Exception) -> str:
    """What a driver says, as one sentence."""
    said = " ".join(str(error).strip().partition("\n")[0].split())
    return said if said.endswith((".", "!", "?")) else f"{said}."
