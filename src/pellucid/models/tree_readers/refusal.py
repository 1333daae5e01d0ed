"""What plain trees cannot say, as one error."""

from __future__ import annotations

from collections.abc import Iterable

from pellucid.errors import ModelError

__all__ = ["refuse"]


def refuse(reasons: Iterable[str], name: str) -> None:
    """Raise one error that lists ``reasons``, if there are any.

    Raises
    ------
    ModelError
        There are.

    Examples
    --------
    >>> refuse([], "credit")
    >>> refuse(["it has linear leaves", "it is unfitted"], "credit")
    Traceback (most recent call last):
    pellucid.errors.ModelError: credit: cannot be explained exactly: it has linear leaves; it is unfitted. Explain by
    sampling.
    """
    found = "; ".join(reasons)
    if found:
        raise ModelError(f"{name}: cannot be explained exactly: {found}. Explain by sampling.")
