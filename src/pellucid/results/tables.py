"""A report as a data frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.errors import MissingExtra

__all__ = ["LIBRARIES", "frame_of", "frame_of_columns"]

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

    chosen = _installed(library)
    names = list(records[0]) if records else []
    data = {name: [record[name] for record in records] for name in names}
    schema = {name: getattr(nw, COLUMN_TYPES.get(name, "String"))() for name in names}
    return nw.from_dict(data, schema, backend=chosen).to_native()


def frame_of_columns(columns: Mapping[str, npt.NDArray[Any]], *, library: str | None = None) -> Any:
    """A data frame of equally long columns of floats, whole numbers or text, of ``library`` or of the first installed.

    Raises
    ------
    MissingExtra
        No data frame library is installed.
    """
    import narwhals as nw

    types = {"f": nw.Float64(), "i": nw.Int64(), "O": nw.String()}
    schema = {name: types[values.dtype.kind] for name, values in columns.items()}
    data = {name: values.tolist() if values.dtype == np.object_ else values for name, values in columns.items()}
    return nw.from_dict(data, schema, backend=_installed(library)).to_native()


def _installed(library: str | None) -> Any:
    chosen = library or next((name for name in LIBRARIES if find_spec(name) is not None), None)
    if chosen is None:
        raise MissingExtra("A table needs a data frame library. Run: pip install 'pellucid[pandas]'")
    return chosen
