"""What a reader is given and what it hands on: frozen values that know nothing of files or engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final, Literal

from pellucid.datasets.scan import relation_of
from pellucid.protocols.table import RowOrder
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.datasets.plain_csv import PlainCsv

__all__ = ["CSV", "IMAGES", "JSON", "JSON_LINES", "PARQUET", "Dataset", "DatasetSource", "LeftOut", "TypesFrom"]

CSV: Final = "text/csv"
JSON_LINES: Final = "application/jsonlines"
JSON: Final = "application/json"
PARQUET: Final = "application/x-parquet"
IMAGES: Final = "application/x-image"

TypesFrom = Literal["all rows", "first rows"]

_HEADERS_KEY = {
    "dataset_uri": "headers",
    "facet_dataset_uri": "facet_headers",
    "predicted_label_dataset_uri": "predicted_label_headers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSource:
    """Where one data set is and what the configuration says about it.

    Parameters
    ----------
    uri
        File or folder, or any address that fsspec knows (``s3://``, ``gs://``, ``memory://``).
    dataset_type
        ``text/csv``, ``application/jsonlines``, ``application/json`` or ``application/x-parquet``.
    headers
        Column names in file order; for the JSON formats features, then label, then predicted label.
    label, predicted_label
        Column by name or zero-based index (CSV), name (Parquet) or JMESPath (JSON formats).
    features
        JMESPath to the features (JSON formats only).
    where
        Key of the configuration that holds ``uri``, named in errors.
    expected_names
        Column names that the configuration mentions; they help to recognise a header row.
    as_text
        Whether the cells of CSV and JSON files stay the text that they are, for a reader that knows their types from
        elsewhere: a file of few rows does not show that ``007`` is no number, nor that 7 beside 2.5 stays ``7``.
    identifier
        Column of a CSV file that identifies the rows: whole numbers stay whole there, also where one is missing.
    identifier_as_text
        Whether its cells stay the text that they are.
    """

    uri: str
    dataset_type: str
    headers: tuple[str, ...] | None = None
    label: str | int | None = None
    predicted_label: str | int | None = None
    features: str | None = None
    where: str = "dataset_uri"
    expected_names: tuple[str, ...] = ()
    as_text: bool = False
    identifier: str | None = None
    identifier_as_text: bool = False

    @property
    def headers_key(self) -> str:
        """Key of the configuration that holds ``headers``."""
        return _HEADERS_KEY.get(self.where, "headers")

    @property
    def known_names(self) -> tuple[str, ...]:
        """Column names that the configuration mentions, the labels among them."""
        labels = (label for label in (self.label, self.predicted_label) if isinstance(label, str))
        return (*self.expected_names, *labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Rows that were read and take no part.

    Parameters
    ----------
    where
        Key of the configuration that names their data set.
    """

    where: str
    rows: int
    cause: str

    @property
    def note(self) -> str:
        """The same as a sentence.

        >>> LeftOut(where="dataset_uri", rows=1, cause="id is missing").note
        'dataset_uri: 1 row was left out, id is missing.'
        """
        counted = "1 row was" if self.rows == 1 else f"{self.rows:,} rows were"
        return f"{self.where}: {counted} left out, {self.cause}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Rows that can be scanned, and the part each column plays.

    Parameters
    ----------
    rows_of
        A DuckDB relation, an Ibis table, or a `Scan`.
    columns
        All columns of ``frame`` in order.
    label, predicted_label, join
        Their column names; None where there is none.
    features
        Columns that a model may be asked with: all but label, predicted label, join and facet columns.
    facet_columns
        All columns of the facet data set in its order, the join column among them: what an index of a facet counts in.
    notes
        What was decided or left out while reading and must be told.
    left_out
        Rows that take no part.
    files
        The files read, in order.
    rows
        Number of rows where reading has counted them already.
    settle
        Reads the data set again with types decided over all rows; None where they are. See `compute_on`.
    order
        Of the rows.
    from_database
        Whether the rows stand in a database and not in files.
    plain
        Counts the rows of ``plain.scan`` by another way than scanning it.
    """

    rows_of: Any
    columns: tuple[str, ...]
    label: str | None = None
    predicted_label: str | None = None
    join: str | None = None
    features: tuple[str, ...] = ()
    facet_columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    files: tuple[str, ...] = ()
    rows: int | None = None
    settle: Callable[[], Dataset] | None = field(default=None, repr=False, compare=False)
    order: RowOrder = "rows"
    from_database: bool = False
    plain: PlainCsv | None = field(default=None, repr=False, compare=False)

    @property
    def frame(self) -> Any:
        """The rows as a lazy frame that `narwhals.from_native` accepts."""
        return relation_of(self.rows_of)
