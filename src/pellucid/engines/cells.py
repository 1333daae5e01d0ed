"""Cells as plain Python values, whatever the engine calls a number or a missing one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.counts import Value

__all__ = ["plain", "whole_numbers"]


def plain(value: Any) -> Value:
    """A cell as any engine gives it, as a plain Python value; not-a-number is missing.

    Examples
    --------
    >>> plain(np.int64(3)), plain(float("nan")), plain(None), plain(np.str_("x"))
    (3, None, None, 'x')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return None if value != value else value
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if type(value).__name__ == "Decimal":
        return float(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def whole_numbers(values: npt.NDArray[np.integer]) -> npt.NDArray[Any]:
    """Whole numbers of any width as int64; as doubles if any is too large for that, and would turn negative.

    Examples
    --------
    >>> whole_numbers(np.array([3], dtype=np.uint8)), whole_numbers(np.array([2**63], dtype=np.uint64))
    (array([3]), array([9.22337204e+18]))
    """
    too_large = values.dtype == np.uint64 and (values > np.iinfo(np.int64).max).any()
    return values.astype(np.float64 if too_large else np.int64, copy=False)
