"""What sentences, tables and charts call a group of rows."""

from __future__ import annotations

__all__ = ["named", "shown_value"]

NO_ROW = "(no row)"


def named(column: str, printed: str, *, rows: float | None = None) -> str:
    """The rows with a value, with one of several values, or in an interval.

    Parameters
    ----------
    printed
        Value or interval as Clarify prints it: an empty interval as nothing, just as an empty text.
    rows
        How many there are, where that is known: an empty text stands in a row, an empty interval has none.

    Examples
    --------
    >>> named("sex", "F"), named("age", "(40, 75]"), named("town", ""), named("age", "", rows=0)
    ('sex = F', 'age in (40, 75]', "town = ''", 'age = (no row)')
    """
    if printed.startswith("(") and printed.endswith("]"):
        return f"{column} in {printed}"
    return f"{column} = {shown_value(printed, rows=rows)}"


def shown_value(printed: str, *, rows: float | None = None) -> str:
    r"""A value as it stands; in quotes where it could not be told from another, or breaks the line.

    Parameters
    ----------
    printed, rows
        As for `named`.

    Examples
    --------
    >>> [shown_value(value) for value in ("New York", "", " Ulm", "two\nlines")]
    ['New York', "''", "' Ulm'", "'two\\nlines'"]
    """
    if rows == 0 and not printed:
        return NO_ROW
    plain = printed and printed == printed.strip() and len(printed.splitlines()) == 1
    return printed if plain else repr(printed)
