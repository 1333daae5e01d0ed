"""From sources to one data set: read each by its format, then join."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pellucid.datasets.database_address import shown_address
from pellucid.datasets.duckdb_engine import with_relations
from pellucid.datasets.locate import dataset_type_of
from pellucid.datasets.parts import Part, bare_connection, connect, read_part
from pellucid.datasets.scan import Scan, relation_of
from pellucid.datasets.scan_errors import is_early_type
from pellucid.datasets.sources import CSV, JSON, JSON_LINES, PARQUET, Dataset, DatasetSource, LeftOut
from pellucid.errors import ConfigError, DataError, Problem

if TYPE_CHECKING:
    from pellucid.datasets.database import DatabaseRows
    from pellucid.datasets.join import Joined, Side

__all__ = ["compute_on", "read_database", "read_dataset", "read_path"]

PREDICTED_LABEL = "predicted_label"

T = TypeVar("T")


def read_dataset(
    main: DatasetSource,
    *,
    facets: DatasetSource | None = None,
    predictions: DatasetSource | None = None,
    join: str | int | None = None,
    lazy_types: bool = True,
) -> Dataset:
    """Read the main data set, and beside its rows the facet columns and predictions of other data sets.

    Parameters
    ----------
    main
        The data set whose rows are analysed.
    facets
        Data set with the facet columns; all its columns but the join column are taken.
    predictions
        Data set with the predicted label, by default its column ``predicted_label`` or its only one; nothing else is
        taken from it.
    join
        Column that identifies the rows, for an inner join, by name or by index in ``main``. Without it rows are matched
        by position.
    lazy_types
        Whether the types of a large CSV file may be taken from its first rows; use the result through `compute_on`
        then. With False they are decided over all rows at once, which costs one more scan.

    Raises
    ------
    ConfigError
        A key of the configuration does not fit the data.
    DataError
        Files cannot be read or joined.
    MissingExtra
        An optional package is needed to reach the files.
    """
    connection = bare_connection()
    optional = ((facets, "facet_dataset_uri"), (predictions, "predicted_label_dataset_uri"))
    sources = [_expecting(join, source, where) for source, where in optional if source is not None]
    part = read_part(connection, _expecting(join, main, main.where), lazy=lazy_types and not sources)
    others = [read_part(connection, source) for source in sources]
    _refuse_parts_without_key([part, *others], join)
    _refuse_joins_in_no_order([part, *others])
    key = None if join is None else _key_name(join, [part, *others])
    if key is not None and part.types_from == "all rows":
        part, *others = _with_identifiers(connection, [part, *others], key)
    features = tuple(name for name in part.columns if name not in (part.label, part.predicted_label, key))
    if not features:
        fix = "All its columns are labels or the join column. Add the columns that describe the rows."
        raise DataError(Problem(main.where, known_as="Data must contain features.", fix=fix))
    rows_of, notes, predicted_label = part.rows_of, part.notes, part.predicted_label
    facet_columns: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    for other in others:
        if other.source.where == "facet_dataset_uri":
            wanted = _facet_columns(part, other, key)
            facet_columns = other.columns
        else:
            predicted_label, wanted = _prediction_column(part, other, key, facet_columns)
        together = _joined(connection, _side(rows_of, part), _side(other.rows_of, other), key, wanted)
        rows_of, left_out = together.relation, (*left_out, *together.left_out)
        notes += other.notes + together.notes
    return Dataset(
        rows_of=rows_of,
        columns=tuple(rows_of.types) if isinstance(rows_of, Scan) else tuple(rows_of.columns),
        label=part.label,
        predicted_label=predicted_label,
        join=key,
        features=features,
        facet_columns=facet_columns,
        notes=notes,
        left_out=left_out,
        files=sum((other.files for other in others), part.files),
        rows=part.rows if key is None or not others else None,
        settle=partial(read_dataset, main, join=join, lazy_types=False) if part.types_from == "first rows" else None,
        order=part.order,
        plain=part.plain,
        from_database=part.from_database,
    )


def compute_on(dataset: Dataset, compute: Callable[[Dataset], T]) -> T:
    """``compute(dataset)``, once more with settled types where a late row shows that the first rows misled.

    The types of the columns of a large CSV file are taken from its first rows. Every scan checks the columns it uses;
    where a cell contradicts (text among numbers, or a missing cell among integers, which makes a column float), the
    file is read to its end to decide all types, and ``compute`` starts again. It must therefore have no side effects.

    Parameters
    ----------
    dataset
        What `read_dataset` returned.
    compute
        Everything that scans ``dataset.frame``; a lazy result must be collected in it.

    Raises
    ------
    DataError
        The file cannot be read to its end.
    """
    try:
        return compute(dataset)
    except Exception as error:
        if dataset.settle is None or not is_early_type(error):
            raise
    return compute(dataset.settle())


def _expecting(join: str | int | None, source: DatasetSource, where: str) -> DatasetSource:
    """``source`` with the join column among the names to expect in its header row."""
    names = (join,) if isinstance(join, str) else ()
    return replace(source, where=where, expected_names=(*source.expected_names, *names))


def _with_identifiers(connection: Any, parts: Sequence[Part], key: str) -> list[Part]:
    """The parts with their join columns as identifiers; as text where some of them hold text, for 007 is not 7 then."""
    from pellucid.datasets.join import JOIN_KEY

    found = [_identified(connection, part, replace(part.source, identifier=key)) for part in parts]
    types = [part.rows_of.types[key] if isinstance(part.rows_of, Scan) else "" for part in found]
    if "VARCHAR" not in types or "BIGINT" not in types:
        return found
    note = f"{JOIN_KEY}: {key} is a number in one data set and text in another; it was compared as it is written."
    told = [replace(found[0], notes=(*found[0].notes, note)), *found[1:]]
    return [
        _identified(connection, part, replace(part.source, identifier_as_text=True)) if kind == "BIGINT" else part
        for part, kind in zip(told, types, strict=True)
    ]


def _identified(connection: Any, part: Part, source: DatasetSource) -> Part:
    """``part`` as ``source`` says, read again where that changes it."""
    if source.dataset_type != CSV or part.from_database or not isinstance(part.rows_of, Scan):
        return part
    whole = part.rows_of.types[source.identifier or ""] != "DOUBLE"
    if whole and not source.identifier_as_text:
        return replace(part, source=source)
    return replace(read_part(connection, source), notes=part.notes)


def _key_name(join: str | int, parts: Sequence[Part]) -> str:
    from pellucid.datasets.join import key_name

    return key_name(join, [_side(part.rows_of, part) for part in parts])


def _joined(connection: Any, left: Side, right: Side, key: str | None, wanted: dict[str, str]) -> Joined:
    from pellucid.datasets.join import joined

    return joined(with_relations(connection), left, right, key, wanted)


def _side(rows_of: Any, part: Part) -> Side:
    from pellucid.datasets.join import Side

    return Side(relation=relation_of(rows_of), where=part.source.where)


def _refuse_parts_without_key(parts: Sequence[Part], join: str | int | None) -> None:
    if join is not None or len(parts) == 1:
        return
    split = [part.source.where for part in parts if len(part.files) > 1]
    if split:
        from pellucid.datasets.join import JOIN_KEY

        are = "is" if len(split) == 1 else "are"
        fix = f"Name the column that identifies the rows: {' and '.join(split)} {are} split over several files."
        raise ConfigError(Problem(JOIN_KEY, fix=fix))


def _refuse_joins_in_no_order(parts: Sequence[Part]) -> None:
    """A database joins its tables better than we could; by position they cannot be joined at all."""
    fix = "A database joins best itself: name the columns of all its tables with ?query=SELECT ... JOIN ..."
    unordered = [part.source for part in parts if part.order == "arbitrary"]
    if unordered and len(parts) > 1:
        raise ConfigError(Problem(source.where, shown_address(source.uri), fix=fix) for source in unordered)


def _facet_columns(main: Part, facets: Part, key: str | None) -> dict[str, str]:
    wanted = {name: name for name in facets.columns if name != key}
    _refuse_shared(main, facets, wanted.values())
    return wanted


def _prediction_column(
    main: Part, predictions: Part, key: str | None, facet_columns: Sequence[str]
) -> tuple[str, dict[str, str]]:
    """The name of the predicted label in the joined data set, and its column in the data set of predictions."""
    columns = [name for name in predictions.columns if name != key]
    column = predictions.predicted_label
    if column is None and PREDICTED_LABEL not in columns and len(columns) != 1:
        fix = f"Name the column of {predictions.source.where} that holds the predicted label; there are {columns}."
        raise ConfigError(Problem("predicted_label", fix=fix))
    column = column or (PREDICTED_LABEL if PREDICTED_LABEL in columns else columns[0])
    # A generated name may well exist in the main data set too, and says nothing.
    name = PREDICTED_LABEL if column.startswith("column_") else column
    _refuse_shared(main, predictions, [name], more=facet_columns)
    return name, {column: name}


def _refuse_shared(main: Part, other: Part, names: Iterable[str], more: Sequence[str] = ()) -> None:
    known = {name.lower() for name in (*main.columns, *more)}
    fix = f"{main.source.where} has a column of this name too. Rename it, for example in {other.source.headers_key}."
    problems = [Problem(other.source.where, name, fix=fix) for name in names if name.lower() in known]
    if problems:
        raise DataError(problems)


def read_database(uri: str) -> DatabaseRows:
    """The rows that the address of a database names, such as ``sqlite:///bank.db?table=loans``.

    Raises
    ------
    InputError
        See `pellucid.datasets.database.database_rows`.
    MissingExtra
        A package for this database is not installed.
    """
    from pellucid.datasets.database import database_rows

    return database_rows(connect(), DatasetSource(uri=uri, dataset_type=PARQUET, where="path"))


def read_path(path: str, *, lazy_types: bool = False, as_text: bool = False) -> Any:
    """The rows of a file or of what an fsspec address names, the format taken from its extension.

    A CSV file must have a header row. The records of JSON Lines and JSON are objects whose keys name the columns, or
    lists.

    Parameters
    ----------
    path
        Path or address that ends in ``.csv``, ``.jsonl``, ``.json`` (each also with ``.gz``) or ``.parquet``.
    lazy_types
        Whether a large CSV file may be typed by its first rows; a scan then stops at a cell that contradicts, see
        `compute_on`.
    as_text
        Whether the cells of CSV and JSON files stay the text that they are.

    Returns
    -------
    duckdb.DuckDBPyRelation
        A lazy frame that `narwhals.from_native` accepts.

    Raises
    ------
    DataError
        The file cannot be read, or a CSV file has no header row.
    """
    dataset_type = dataset_type_of(path)
    records = {JSON: "@", JSON_LINES: "@"}.get(dataset_type)
    source = DatasetSource(uri=path, dataset_type=dataset_type, features=records, where="path", as_text=as_text)
    return read_part(bare_connection(), source, named=True, lazy=lazy_types).relation
