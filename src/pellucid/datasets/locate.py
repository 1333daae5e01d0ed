"""From an address to the files that hold the data, on this machine or on any file system that fsspec knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from pellucid.datasets.sources import CSV, IMAGES, JSON, JSON_LINES, PARQUET, DatasetSource
from pellucid.errors import ConfigError, DataError, MissingExtra, Problem, did_you_mean
from pellucid.records import dataclass

__all__ = ["Files", "dataset_type_of", "locate", "open_raw"]

EXTENSIONS = {
    CSV: (".csv", ".csv.gz"),
    JSON_LINES: (".jsonl", ".jsonl.gz"),
    JSON: (".json", ".json.gz"),
    PARQUET: (".parquet",),
}
LOCATED = {**EXTENSIONS, IMAGES: (".jpg", ".jpeg", ".png")}
"""Images are found in the same way, but are no table that can be read."""
# The SDK may write the configuration into the folder of the data, and an earlier run its results.
NEVER_DATA = frozenset({"analysis_config.json", "analysis.json", "pellucid.json", "evidence.json"})
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs", "abfs": "azure", "abfss": "azure", "az": "azure"}


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one data set, in the order they are read.

    Parameters
    ----------
    paths
        Local paths, or addresses with their protocol.
    filesystem
        The fsspec file system of the addresses; None for local files.
    """

    paths: tuple[str, ...]
    filesystem: Any = None

    @contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        """The bytes of ``path``, decompressed where its name ends in ``.gz``."""
        with Path(path).open("rb") if self.filesystem is None else self.filesystem.open(path, "rb") as raw:
            if not path.lower().endswith(".gz"):
                yield raw
                return
            import gzip

            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield cast("IO[bytes]", unpacked)

    def size(self) -> int:
        """Bytes of all files as stored."""
        if self.filesystem is None:
            return sum(Path(path).stat().st_size for path in self.paths)
        return sum(int(self.filesystem.size(path)) for path in self.paths)


@contextmanager
def open_raw(path: str) -> Iterator[IO[bytes]]:
    """The bytes of ``path`` as they are stored, local or behind an address that fsspec knows."""
    if "://" not in path or path.startswith("file://"):
        with Path(path.removeprefix("file://")).open("rb") as raw:
            yield raw
        return
    import fsspec

    with fsspec.open(path, "rb", compression=None) as raw:
        yield cast("IO[bytes]", raw)


def dataset_type_of(path: str) -> str:
    """Dataset type by the extension of ``path``.

    Raises
    ------
    DataError
        The extension is none of those that are read.

    Examples
    --------
    >>> dataset_type_of("s3://bucket/loans.csv.gz")
    'text/csv'
    """
    name = path.rstrip("/").lower()
    for dataset_type, extensions in EXTENSIONS.items():
        if name.endswith(extensions):
            return dataset_type
    known = ", ".join(sorted({extension for extensions in EXTENSIONS.values() for extension in extensions}))
    raise DataError(Problem("path", path, fix=f"Use a file whose name ends in one of {known}."))


def locate(source: DatasetSource) -> Files:
    """The files of ``source``: one file by its full name, or a folder read recursively in the order of names.

    In a folder only files with the extension of the dataset type count; configuration and result files never do.

    Raises
    ------
    ConfigError
        The dataset type is unknown.
    DataError
        There is no such file, or none of this type in the folder.
    MissingExtra
        The package for the protocol of the address is not installed.
    """
    if source.dataset_type not in LOCATED:
        fix = f"Use one of {', '.join(EXTENSIONS)}; {did_you_mean(source.dataset_type, list(EXTENSIONS))}"
        raise ConfigError(Problem("dataset_type", source.dataset_type, fix=fix))
    if source.uri.startswith("file://"):
        return _local(source, source.uri.removeprefix("file://"))
    if "://" in source.uri:
        return _remote(source)
    return _local(source, source.uri)


def _local(source: DatasetSource, uri: str) -> Files:
    path = Path(uri).expanduser()
    if path.is_file():
        return Files((str(path),))
    if path.is_dir():
        found = (file for file in path.rglob("*") if file.is_file())
        return Files(_of_type(source, [(str(file.relative_to(path)), str(file)) for file in found]))
    folder = path.parent
    if not folder.is_dir():
        raise DataError(Problem(source.where, source.uri, fix=f"There is no folder {str(folder)!r}."))
    nearest = did_you_mean(path.name, sorted(file.name for file in folder.iterdir()))
    raise DataError(Problem(source.where, source.uri, fix=f"There is no such file or folder; {nearest}"))


def _remote(source: DatasetSource) -> Files:
    filesystem, path = _filesystem(source)
    try:
        if filesystem.isfile(path):
            return Files((str(filesystem.unstrip_protocol(path)),), filesystem)
        found = [str(file) for file in filesystem.find(path)]
        there = bool(found) or bool(filesystem.exists(path))
    except Exception as error:  # noqa: BLE001 - every file system has errors of its own, such as for credentials
        reason = str(error).rstrip(".") or type(error).__name__
        fix = f"It cannot be read: {reason}. Check the address and your credentials."
        raise DataError(Problem(source.where, source.uri, fix=fix)) from None
    if not there:
        fix = "There is no such file or folder, or it cannot be reached. Check the address and your credentials."
        raise DataError(Problem(source.where, source.uri, fix=fix))
    prefix = path.rstrip("/") + "/"
    named = [(file.removeprefix(prefix), str(filesystem.unstrip_protocol(file))) for file in found]
    return Files(_of_type(source, named), filesystem)


def _filesystem(source: DatasetSource) -> tuple[Any, str]:
    import fsspec

    protocol = source.uri.partition("://")[0]
    try:
        filesystem, path = fsspec.url_to_fs(source.uri)
    except ImportError:
        extra = EXTRAS.get(protocol)
        how = f"pip install 'pellucid[{extra}]'" if extra else f"pip install 'fsspec[{protocol}]'"
        raise MissingExtra(
            f"{source.where}: the package that reads {protocol}:// is not installed. Run: {how}"
        ) from None
    except ValueError:
        fix = (
            f"The protocol {protocol}:// is unknown. Use a local path; s3://, gs:// or another one of fsspec; or a "
            "database by duckdb://, sqlite:// or postgresql://."
        )
        raise DataError(Problem(source.where, source.uri, fix=fix)) from None
    return filesystem, str(path)


def _of_type(source: DatasetSource, named: list[tuple[str, str]]) -> tuple[str, ...]:
    """The full paths, in the order of the names relative to the folder, of the files that are data of this type."""
    extensions = LOCATED[source.dataset_type]
    visible = [(name, path) for name, path in named if not any(part.startswith(".") for part in name.split("/"))]
    data = [
        (name, path)
        for name, path in visible
        if name.lower().endswith(extensions) and name.rpartition("/")[2] not in NEVER_DATA
    ]
    if data:
        return tuple(path for _, path in sorted(data))
    fix = f"No file in it ends in {' or '.join(extensions)}"
    fix += f"; {did_you_mean(extensions[0], sorted(name for name, _ in visible))}" if visible else "; it is empty."
    raise DataError(Problem(source.where, source.uri, fix=fix))
