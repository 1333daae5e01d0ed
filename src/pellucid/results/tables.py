"""A report as a data frame, and as a table in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pellucid.errors import MissingExtra

if TYPE_CHECKING:
    from pellucid.results.bias import BiasReport

__all__ = ["frame_of", "html_of"]

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


def html_of(report: BiasReport) -> str:
    """A table for notebooks; all text of the data is escaped."""
    head = "".join(f"<th>{title}</th>" for title in ("Facet", "Group", "Metric", "Value", "Interval", "Finding"))
    rows = "".join(_row(record) for record in report.records())
    level = f"{100 * report.confidence_level:.4g} %"
    warnings = "".join(f"<p><b>Warning.</b> {escape(text)}</p>" for text in report.warnings)
    return (
        f"<div><p><b>Bias report</b>: {report.rows:,} rows, {level} intervals</p>{warnings}"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(record: Mapping[str, Any]) -> str:
    interval = "" if record["low"] is None else f"{_short(record['low'])} to {_short(record['high'])}"
    cells = (
        escape(str(record["facet"])),
        escape(str(record["value_or_threshold"])),
        escape(str(record["metric"])),
        _short(record["value"]),
        interval,
        escape(record["finding"] or ""),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
