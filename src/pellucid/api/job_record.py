"""What is kept of a job beside its results: evidence, and the report that is made of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.api.model_access import ModelSource
from pellucid.datasets.database_address import without_secrets
from pellucid.errors import DataError
from pellucid.records import dataclass
from pellucid.results.file_names import EVIDENCE, REPORTS

if TYPE_CHECKING:
    from pellucid.api.evidence import Gathering
    from pellucid.api.job_explanations import JobExplanations
    from pellucid.api.job_result import JobResult
    from pellucid.api.preflight import Preflight

__all__ = ["JobRecord", "recorded", "with_report"]


@dataclass(slots=True, eq=False)
class JobRecord:
    """Told by a job, as it runs, what its evidence and its report are made of.

    Parameters
    ----------
    command
        The command that repeats the job.
    digests
        None where neither evidence nor report is wanted.
    details
        Everything of ours, whether or not it is written to ``pellucid.json``.
    configuration
        As it was given.
    model_rows, model_requests
        What was asked of the model.
    """

    command: str
    digests: Gathering | None
    details: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] | None = None
    source: ModelSource | None = None
    model_rows: int | None = None
    model_requests: int | None = None
    seed: int = 0

    def begins(self, job: Preflight, *, data: str | None, seed: int | None, strict: bool) -> None:
        """A job whose preflight found no fault begins: its inputs are digested while it runs.

        Under ``strict`` there is a report only where the configuration asks for one, as Clarify has it.
        """
        if self.digests is None or job.loaded is None:
            return
        config = job.config
        if strict and config.methods.report is None:
            self.digests = None
            return
        self.configuration = without_secrets(job.loaded.document)
        self.seed = config.explanation_seed if seed is None else seed
        self.digests.read("configuration", str(job.config_path), job.config_path.name)
        named = data or config.dataset_uri
        if job.dataset is not None:
            self.digests.read_all("data", job.dataset.files, named)
        elif job.images is not None:
            self.digests.read_all("data", [image.address for image in job.images], named)
        if job.model is not None:
            self.source = job.model
            self.digests.model(job.model)

    def answered(self, model: object, explained: JobExplanations | None) -> None:
        """What the model was asked for: rows in all, and of a server its requests."""
        traffic = getattr(model, "traffic", None)
        requests, records = getattr(traffic, "requests", None), getattr(traffic, "records", None)
        self.model_requests = requests if isinstance(requests, int) else None
        self.model_rows = records if isinstance(records, int) else None
        if self.model_rows is None and explained is not None and explained.shap is not None:
            self.model_rows = explained.shap.model_rows


@contextmanager
def recorded(command: str | None) -> Iterator[JobRecord]:
    """A record for the length of a job; one that keeps nothing without the command that repeats it."""
    if command is None:
        yield JobRecord("", None)
        return
    from pellucid.api.evidence import gathering

    with gathering() as digests:
        yield JobRecord(command, digests)


def with_report(result: JobResult, record: JobRecord, folder: Path, progress: Callable[[str], None]) -> JobResult:
    """Write report and evidence beside the results; the result with their files and warnings."""
    import json

    _remove_earlier(folder)
    digests = record.digests
    if digests is None:
        return result
    from pellucid.api.reporting import renew_evidence, write_reports
    from pellucid.reports.source import ReportSource, pictures_in

    progress("writing the report")
    found = digests.evidence(
        folder,
        result.files,
        command=record.command,
        model=record.source,
        model_rows=record.model_rows,
        model_requests=record.model_requests,
        seed=record.seed,
    ).to_dict()
    source = ReportSource(
        analysis=result.document,
        details=record.details,
        configuration=record.configuration,
        evidence=found,
        pictures=pictures_in(folder, result.document),
    )
    evidence = folder / EVIDENCE
    evidence.write_text(f"{json.dumps(found, indent=4)}\n", encoding="utf-8")
    written = write_reports(folder, source)
    renew_evidence(folder, written.files)
    return replace(
        result,
        files=(*result.files, *written.files, evidence),
        warnings=(*result.warnings, *digests.unread(), *written.warnings),
    )


def _remove_earlier(folder: Path) -> None:
    """Remove evidence and report of an earlier job, which must not stand beside these results."""
    file = folder / EVIDENCE
    if not file.is_file():
        return
    import json

    from pellucid.results.evidence import evidence_from

    with suppress(OSError, ValueError, DataError):
        for found in evidence_from(json.loads(file.read_text(encoding="utf-8"))).results:
            if "/" not in found.path and found.path.endswith(REPORTS):
                (folder / found.path).unlink(missing_ok=True)
    file.unlink(missing_ok=True)
