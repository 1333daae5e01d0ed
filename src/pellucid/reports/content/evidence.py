"""How the results came about, for somebody who was not there: digests, versions, cost; and the configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pellucid.reports.content.context import Context
from pellucid.reports.document import Block, Code, Column, Facts, Notice, Paragraph, Section, Table
from pellucid.reports.numbers import count
from pellucid.reports.reading import listed, mapping, number_in
from pellucid.results.evidence import REPORTS

__all__ = ["configuration_section", "evidence_section", "moment"]

MOST_FILES = 200


def evidence_section(context: Context) -> Section:
    """Digests, versions and cost as the evidence file has them."""
    if context.evidence is None:
        seed = number_in(context.details.get("seed"))
        notice = "There is no evidence file beside these results, so that nothing can be verified."
        blocks: tuple[Block, ...] = (Notice("information", notice),)
        if seed is not None:
            blocks = (*blocks, Facts((("Seed of random numbers", f"{seed:.0f}"),)))
    else:
        blocks = tuple(_evidence(context.evidence))
    return Section(title="Evidence", anchor="evidence", blocks=blocks)


def _evidence(evidence: Mapping[str, Any]) -> Iterator[Block]:
    yield Paragraph(
        "A digest is a fingerprint of a file: if one byte changes, it does. Run pellucid verify with the folder of the "
        "results to see whether a file was changed since. The command makes the same results from the same inputs."
    )
    yield Facts(tuple(_facts(evidence)))
    if isinstance(evidence.get("command"), str):
        yield Code(str(evidence["command"]), language="shell")
    for key, caption in (("inputs", "What went in"), ("results", "What came out")):
        # A report cannot hold its own digest; those of report files stand in the evidence file alone.
        files = [file for file in listed(evidence.get(key)) if not str(file.get("path")).endswith(REPORTS)]
        if files:
            yield Table(
                caption=caption,
                columns=(
                    Column(title="File"),
                    Column(title="Part"),
                    Column(title="Bytes", align="right"),
                    Column(title="SHA-256"),
                ),
                rows=tuple(
                    (
                        str(file.get("path")),
                        str(file.get("role")),
                        count(number_in(file.get("bytes"))),
                        str(file.get("sha256")),
                    )
                    for file in files[:MOST_FILES]
                ),
            )
    versions = mapping(evidence.get("versions"))
    if versions:
        yield Table(
            caption="Versions",
            columns=(Column(title="Package"), Column(title="Version")),
            rows=tuple((str(name), str(version)) for name, version in versions.items()),
        )


def _facts(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if isinstance(evidence.get("started"), str):
        yield "Begun", moment(str(evidence["started"]))
    if isinstance(evidence.get("model"), str):
        yield "Model", str(evidence["model"])
    seconds = number_in(evidence.get("seconds"))
    if seconds is not None:
        yield "Took", f"{seconds:,.1f} s"
    for title, key in (("Rows asked of the model", "model_rows"), ("Requests to the model", "model_requests")):
        found = number_in(evidence.get(key))
        if found is not None:
            yield title, count(found)
    seed = number_in(evidence.get("seed"))
    if seed is not None:
        yield "Seed of random numbers", f"{seed:.0f}"


def moment(given: str) -> str:
    """A moment as people write it; what is none, as it stands.

    >>> moment("2026-03-01T12:00:05+00:00")
    '2026-03-01 12:00:05 UTC'
    """
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        return given
    return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname() or ''}".strip()


def configuration_section(context: Context) -> Section:
    """The configuration, as it was given."""
    if not context.asked:
        blocks: tuple[Block, ...] = (Notice("missing", "These files do not hold the configuration of the job."),)
    else:
        text = json.dumps(context.asked, indent=2, ensure_ascii=False, default=str)
        blocks = (Code(text, language="json"),)
    return Section(title="Appendix: configuration", anchor="configuration", blocks=blocks)
