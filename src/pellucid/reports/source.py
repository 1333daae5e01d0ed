"""What a report is made of: the files of a job as they are found, whatever became of them, or results in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from pellucid.errors import DataError, Problem
from pellucid.records import dataclass
from pellucid.reports.checking import inconsistencies
from pellucid.results.evidence import EVIDENCE, REPORTS, evidence_from

__all__ = ["ANALYSIS", "DETAILS", "EVIDENCE", "ReportSource", "pictures_in", "read_source"]

ANALYSIS, DETAILS, CONFIGURATION = "analysis.json", "pellucid.json", "analysis_config.json"

PICTURES = 6
"""Heat maps of images in a report: each takes some 40 kB of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSource:
    """What a report is made of.

    Parameters
    ----------
    analysis
        What stands in ``analysis.json``; empty where there is none.
    details
        What stands in ``pellucid.json``; empty where there is none, as after Clarify's own job.
    configuration
        The analysis configuration; None where nobody kept it.
    evidence
        What stands in ``evidence.json``.
    problems
        What is missing, cannot be read, or was changed since; sentences for the reader of the report.
    pictures
        JPEG files, reduced, by the names that ``analysis`` gives heat maps of images.

    Examples
    --------
    >>> ReportSource(analysis={"version": "1.0"}, details={"configuration": {"version": "1.0"}}).asked
    {'version': '1.0'}
    """

    analysis: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] | None = None
    evidence: Mapping[str, Any] | None = None
    problems: tuple[str, ...] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def asked(self) -> Mapping[str, Any]:
        """The configuration, from wherever it is known; empty where it is not."""
        kept = self.details.get("configuration")
        found = self.configuration if self.configuration is not None else kept
        return found if isinstance(found, Mapping) else {}


def read_source(folder: Path) -> ReportSource:
    """Read a folder of results, as much of it as can be read.

    Parameters
    ----------
    folder
        Of a job of ours or of Clarify.

    Raises
    ------
    DataError
        There is no readable ``analysis.json`` and no ``pellucid.json``: this is no folder of results.
    """
    problems: list[str] = []
    documents = {name: _object(folder / name, problems) for name in (ANALYSIS, DETAILS, EVIDENCE, CONFIGURATION)}
    analysis, details = documents[ANALYSIS], documents[DETAILS]
    if analysis is None and details is None:
        fix = f"It holds no {ANALYSIS} that can be read. Give the folder that a job wrote its results to."
        raise DataError(Problem("results", str(folder), fix=fix))
    if analysis is None and not any(ANALYSIS in problem for problem in problems):
        problems.append(f"{ANALYSIS} is missing: bias metrics and explanations cannot be shown.")
    told = any(problem.startswith(f"{ANALYSIS} is missing") for problem in problems)
    changed = _changed(folder, documents[EVIDENCE])
    problems += [problem for problem in changed if not (told and problem == f"{ANALYSIS} is missing.")]
    problems += inconsistencies(analysis or {}, details or {})
    return ReportSource(
        analysis=analysis or {},
        details=details or {},
        configuration=None if details is not None and "configuration" in details else documents[CONFIGURATION],
        evidence=documents[EVIDENCE],
        problems=tuple(dict.fromkeys(problems)),
        pictures=pictures_in(folder, analysis or {}),
    )


def pictures_in(folder: Path, analysis: Mapping[str, Any]) -> dict[str, bytes]:
    """The first heat maps that ``analysis`` names and the folder holds, reduced to what a report can carry."""
    from pellucid.jobs.explanations.image_files import heat_maps_named, preview

    found: dict[str, bytes] = {}
    for name in heat_maps_named(analysis):
        if len(found) == PICTURES:
            break
        small = preview(folder / name)
        if small is not None:
            found[name] = small
    return found


def _object(file: Path, problems: list[str]) -> dict[str, Any] | None:
    """The JSON object in a file; None where there is none, with a problem if it cannot be read."""
    if not file.is_file():
        return None
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        problems.append(f"{file.name} is not UTF-8 text (byte {error.start:,}): it was damaged, and is left out.")
    except json.JSONDecodeError as error:
        place = f"line {error.lineno:,}, column {error.colno:,}"
        problems.append(f"{file.name} is not JSON ({error.msg}, {place}): it was cut or edited, and is left out.")
    except (OSError, RecursionError) as error:
        problems.append(f"{file.name} cannot be read ({error}), and is left out.")
    else:
        if isinstance(document, dict):
            return document
        problems.append(f"{file.name} holds no JSON object: it was edited, and is left out.")
    return None


def _changed(folder: Path, evidence: Mapping[str, Any] | None) -> list[str]:
    """What the digests in the evidence tell of the other files."""
    if evidence is None:
        return []
    from pellucid.jobs.evidence import verified

    try:
        # Inputs are for `pellucid verify`: a report is made of results alone, and data may be large.
        checked = verified(folder, replace(evidence_from(evidence), inputs=()), {})
    except DataError as error:
        return [str(error)]
    except OSError as error:
        return [f"{EVIDENCE} could not be compared with the files: {error.strerror or error}."]
    said = {"changed": "was changed after the job had written it", "missing": "is missing"}
    return [
        f"{found.path} {said[found.state]}."
        for found in checked
        if found.state in said and not found.path.endswith(REPORTS)
    ]
