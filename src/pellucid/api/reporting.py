"""Reports written beside the results that they are made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pellucid.errors import DataError, PellucidError, Problem
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.reports.document import Document
    from pellucid.reports.source import ReportSource

__all__ = ["FORMATS", "Written", "rebuild_reports", "renew_evidence", "write_document", "write_reports"]

FORMATS = ("html", "pdf", "ipynb")
"""Extensions of a report's files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files of a report.

    Parameters
    ----------
    warnings
        Which of them could not be made, and why.
    """

    files: tuple[Path, ...]
    warnings: tuple[str, ...] = ()


def write_reports(folder: Path, source: ReportSource) -> Written:
    """Write the report on ``source`` as a page, as print and as a notebook.

    What cannot be rendered is told and keeps no other file from being written: results must not depend on it.
    """
    from pellucid.reports.content import build_document

    try:
        document = build_document(source)
    except Exception as error:  # noqa: BLE001 - the results stand, whatever becomes of their report
        return Written(files=(), warnings=(_failed("The report", error),))
    return write_document(folder, document, notebook=_from_files(folder))


def write_document(folder: Path, document: Document, *, notebook: Document | None = None) -> Written:
    """Write a document in every format, under its name.

    Parameters
    ----------
    notebook
        What the cells of a notebook in ``folder`` find when they run again, where that may be less than the document.
    """
    documents = {"ipynb": notebook or document}
    with ThreadPoolExecutor(len(FORMATS)) as threads:
        made = [threads.submit(_rendered, documents.get(extension, document), extension) for extension in FORMATS]
    files, warnings = [], []
    for extension, rendering in zip(FORMATS, made, strict=True):
        file = folder / f"{_stem(document)}.{extension}"
        try:
            file.write_bytes(rendering.result())
            files.append(file)
        except Exception as error:  # noqa: BLE001 - as above
            file.unlink(missing_ok=True)  # of an earlier job
            warnings.append(_failed(file.name, error))
    return Written(files=tuple(files), warnings=tuple(warnings))


def rebuild_reports(folder: Path, *, progress: Callable[[str], None] = lambda step: None) -> Written:
    """Write the report on a folder of results anew, from the files in it alone.

    Raises
    ------
    DataError
        The folder holds no results, or cannot be written.
    """
    from pellucid.jobs.result_files import unwritable
    from pellucid.reports.source import read_source

    if not folder.is_dir():
        raise DataError(Problem("DIR", str(folder), fix="There is no such folder. Give the one that a job wrote to."))
    if problems := unwritable(folder):
        raise DataError(problems)
    progress("reading results")
    source = read_source(folder)
    progress("writing the report")
    written = write_reports(folder, source)
    renew_evidence(folder, written.files)
    return Written(files=written.files, warnings=(*source.problems, *written.warnings))


def renew_evidence(folder: Path, reports: tuple[Path, ...]) -> None:
    """Put the digests of new report files into the evidence; those of results stay what they were."""
    from pellucid.jobs.evidence import digests_below
    from pellucid.results.evidence import EVIDENCE, evidence_from

    file = folder / EVIDENCE
    try:
        evidence = evidence_from(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, DataError):
        return  # there is none, or the report says that it was edited
    fresh = {digest.path: digest for digest in digests_below(folder, reports)}
    kept = {digest.path: digest for digest in evidence.results}
    results = sorted((kept | fresh).values(), key=lambda digest: PurePosixPath(digest.path))
    renewed = replace(evidence, results=tuple(results))
    file.write_text(f"{json.dumps(renewed.to_dict(), indent=4)}\n", encoding="utf-8")


def _from_files(folder: Path) -> Document | None:
    """The document that the files in ``folder`` give; None where they give none."""
    from pellucid.reports.notebook import load_report

    try:
        return load_report(folder).document
    except DataError:
        return None


def _rendered(document: Document, extension: str) -> bytes:
    match extension:
        case "html":
            from pellucid.reports.html import render_html

            return render_html(document).encode()
        case "pdf":
            from pellucid.reports.pdf import render_pdf

            return render_pdf(document)
    import nbformat

    from pellucid.reports.notebook import render_notebook

    return f"{nbformat.writes(render_notebook(document))}\n".encode()  # type: ignore[no-untyped-call]


def _stem(document: Document) -> str:
    """A name for files, whatever ``methods.report.name`` holds."""
    return "".join("_" if sign in '/\\:*?"<>|\0' else sign for sign in document.name).strip(". ") or "report"


def _failed(what: str, error: Exception) -> str:
    if isinstance(error, PellucidError):
        return f"{what} could not be made: {error}"
    if isinstance(error, OSError) and error.strerror:  # such as a full disk
        return f"{what} could not be made: {error.strerror}"
    reason = f"{type(error).__name__}: {error}"
    return f"{what} could not be made: {reason}"
