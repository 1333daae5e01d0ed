"""Types of a pandas frame that its cells alone do not have: categories, and moments in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["columns_of_categories_in", "frame_types"]


def frame_types(*tables: Any) -> Mapping[str, Any]:
    """The types with which a function must get the cells of pandas frames to get them as they are.

    Parameters
    ----------
    tables
        What cells are taken from; other tables than pandas frames have no such types.

    Returns
    -------
    Mapping
        Types of pandas by column; one of categories holds those of all frames, those of the first one first.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"job": pd.Categorical(["pilot"]), "age": [30]})
    >>> {name: list(found.categories) for name, found in frame_types(rows, None).items()}
    {'job': ['pilot']}
    """
    frames = [table for table in tables if type(table).__module__.partition(".")[0] == "pandas"]
    frames = [frame for frame in frames if getattr(frame, "ndim", 0) == 2]
    if not frames:
        return {}
    import pandas as pd

    found: dict[str, Any] = {}
    for name, kind in frames[0].dtypes.items():
        others = [frame.dtypes[name] for frame in frames[1:] if name in frame.columns]
        if isinstance(kind, pd.CategoricalDtype):
            more = [other.categories for other in others if isinstance(other, pd.CategoricalDtype) and other != kind]
            known = dict.fromkeys([*kind.categories, *(value for values in more for value in values)])
            found[str(name)] = kind if not more else pd.CategoricalDtype(list(known))
        elif pd.api.types.is_datetime64_any_dtype(kind) and all(_are_alike(kind, other) for other in others):
            found[str(name)] = kind
    return found


def _are_alike(moments: Any, other: Any) -> bool:
    """Whether another column may stand beside moments in time: text that is read, or both with or without a zone."""
    return getattr(other, "kind", "O") != "M" or (getattr(moments, "tz", None) is None) == (
        getattr(other, "tz", None) is None
    )


def columns_of_categories_in(rows: Any) -> tuple[str, ...]:
    """Columns of a pandas frame or an Arrow table whose type is one of categories, be these texts or whole numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> columns_of_categories_in(pd.DataFrame({"grade": pd.Categorical([3, 5]), "age": [30, 40]}))
    ('grade',)
    """
    library = type(rows).__module__.partition(".")[0]
    if library == "pandas":
        return tuple(name for name, kind in frame_types(rows).items() if kind.kind == "O")
    if library == "pyarrow" and hasattr(rows, "schema"):
        import pyarrow as pa

        return tuple(field.name for field in rows.schema if pa.types.is_dictionary(field.type))
    return ()
