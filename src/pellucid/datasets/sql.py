"""Names and texts quoted for DuckDB's SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

__all__ = ["exact_path", "identifier", "literal", "literals", "struct"]

_PATTERN = re.compile(r"[*?\[]")


def identifier(name: str) -> str:
    """``name`` as a quoted SQL identifier.

    Examples
    --------
    >>> print(identifier('the "net" gain'))
    "the ""net"" gain"
    """
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def literal(text: str) -> str:
    """``text`` as a quoted SQL string."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def literals(texts: Iterable[str]) -> str:
    """``texts`` as an SQL list of strings.

    Examples
    --------
    >>> print(literals(["a.csv", "it's.csv"]))
    ['a.csv', 'it''s.csv']
    """
    return f"[{', '.join(literal(text) for text in texts)}]"


def exact_path(path: str) -> str:
    """``path`` so that DuckDB reads this one file; it would take ``*``, ``?`` and ``[`` for a pattern of names.

    Examples
    --------
    >>> exact_path("loans[2].csv")
    'loans[[]2].csv'
    """
    return _PATTERN.sub(r"[\g<0>]", path)


def struct(fields: Mapping[str, str]) -> str:
    """``fields`` as an SQL struct of strings, as ``read_csv(columns = ...)`` wants it."""
    return f"{{{', '.join(f'{literal(name)}: {literal(value)}' for name, value in fields.items())}}}"
