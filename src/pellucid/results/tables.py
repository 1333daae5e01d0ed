"""A report as a data frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from pellucid.errors import MissingExtra

__all__ = ["frame_of"]

LIBRARIES = ("pandas", "polars", "pyarrow")

COLUMN_TYPES = {"value": "Float64", "low": "Float64", "high": "Float64", "p_value": "Float64"}


def frame_of(records: Sequence[Mapping[str, Any]], *, library: str | None = None) -> Any:
    """A data frame with one row per record, of ``library`` or of the first one installed.

    Raises
    ------
    MissingExtra
        No data frame library is installed.
    """
    import narwhals as nw

    chosen: Any = library or next((name for name in LIBRARIES if find_spec(name) is not None), None)
    if chosen is None:
        raise MissingExtra("A table needs a data frame library. Run: pip install 'pellucid[pandas]'")
    names = list(records[0]) if records else []
    data = {name: [record[name] for record in records] for name in names}
    schema = {name: getattr(nw, COLUMN_TYPES.get(name, "String"))() for name in names}
    return nw.from_dict(data, schema, backend=chosen).to_native()
