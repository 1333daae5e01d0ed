"""Addresses of tables in databases, such as ``postgresql://ada@host/bank?table=loans``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from pellucid.errors import ConfigError, DataError, Problem, did_you_mean
from pellucid.records import dataclass

__all__ = ["SCHEMES", "DatabaseAddress", "database_address", "is_database", "shown_address", "without_secrets"]

Product = Literal["duckdb", "sqlite", "postgresql"]
SCHEMES: Final[dict[str, Product]] = {
    "duckdb": "duckdb",
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
}
_OWN = ("table", "query")
_ONE_OF = "Say which rows: end the address with ?table=NAME, ?table=SCHEMA.NAME or ?query=SELECT ..."


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAddress:
    """What an address says.

    Parameters
    ----------
    product
        Kind of the database.
    where
        Key or option that holds the address.
    shown
        The address for messages: without the password.
    path
        Of the database file; None for a server.
    server
        What the driver of a server connects to, with the password if there is one.
    table, schema
        The table, and the schema it is in where one is given; None where there is a query.
    query
        A ``SELECT``; None where there is a table.
    """

    product: Product
    where: str
    shown: str
    path: Path | None = None
    server: str = field(default="", repr=False)
    table: str | None = None
    schema: str | None = None
    query: str | None = None


def is_database(uri: str) -> bool:
    """Whether ``uri`` is the address of a database.

    >>> is_database("sqlite:///loans.db?table=loans"), is_database("s3://bucket/loans.parquet")
    (True, False)
    """
    scheme, separator, _ = uri.partition("://")
    return bool(separator) and scheme.lower() in SCHEMES


def shown_address(uri: str) -> str:
    """The address without its password, wherever that stands.

    >>> shown_address("postgresql://ada:secret@host/bank?table=loans&password=secret&sslmode=require")
    'postgresql://ada@host/bank?table=loans&sslmode=require'
    """
    address, _, search = uri.partition("?")
    scheme, _, rest = address.partition("://")
    server, slash, path = rest.partition("/")
    user, at, host = server.rpartition("@")
    kept = "&".join(pair for pair in search.split("&") if pair and not _is_secret(pair.partition("=")[0]))
    return f"{scheme}://{user.partition(':')[0]}{at}{host}{slash}{path}{'?' if kept else ''}{kept}"


def without_secrets(document: Any) -> Any:
    """The same JSON document, with every address of a database as `shown_address` shows it.

    >>> without_secrets({"dataset_uri": "postgres://ada:secret@host/bank?table=loans", "methods": [1]})
    {'dataset_uri': 'postgres://ada@host/bank?table=loans', 'methods': [1]}
    """
    if isinstance(document, Mapping):
        return {key: without_secrets(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [without_secrets(value) for value in document]
    return shown_address(document) if isinstance(document, str) and is_database(document) else document


def database_address(uri: str, where: str) -> DatabaseAddress:
    """Take the address apart.

    Parameters
    ----------
    where
        Key or option that holds it.

    Raises
    ------
    ConfigError
        It says neither table nor query, or both, or what it says means nothing.
    DataError
        There is no such database file.

    Examples
    --------
    >>> address = database_address("postgresql://ada:secret@host:5433/bank?table=risk.loans", "--data")
    >>> address.schema, address.table, address.server
    ('risk', 'loans', 'postgresql://ada:secret@host:5433/bank')
    """
    parts = urlsplit(uri)
    product, shown = SCHEMES[parts.scheme.lower()], shown_address(uri)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    own = {name: given.pop(name) for name in _OWN if name in given}
    if len(own) != 1 or not next(iter(own.values())).strip():
        raise ConfigError(Problem(where, shown, fix=_ONE_OF))
    if product != "postgresql" and given:
        key = next(iter(given))
        fix = f"The address says {key!r}, which means nothing here; {did_you_mean(key, _OWN)}"
        raise ConfigError(Problem(where, shown, fix=fix))
    schema, _, table = own.get("table", "").rpartition(".")
    is_server = product == "postgresql"
    server = urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(given, quote_via=quote), ""))
    return DatabaseAddress(
        product=product,
        where=where,
        shown=shown,
        path=None if is_server else _file(parts.netloc + parts.path, shown, where),
        server=server if is_server else "",
        table=table or None,
        schema=schema or None,
        query=own.get("query", "").strip().rstrip(";") or None,
    )


def _file(path: str, shown: str, where: str) -> Path:
    """``///a/b`` is meant from here or, where nothing is there, from the root; ``////a/b`` from the root."""
    path = unquote(path)
    relative = Path(path.removeprefix("/"))
    found = relative if relative.is_file() or path.startswith("//") else Path(path)
    if found.is_file():
        return found
    folder = relative.parent if relative.parent.is_dir() else found.parent
    near = sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []
    raise DataError(Problem(where, shown, fix=f"There is no such database file; {did_you_mean(relative.name, near)}"))


def _is_secret(key: str) -> bool:
    return unquote(key).lower() in ("password", "sslpassword", "passfile")
