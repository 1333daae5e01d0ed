"""A report as a notebook that was run: texts as Markdown, charts and tables as cells that run again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from pellucid.records import dataclass
from pellucid.reports.document import Block, Chart, Disclosure, Document, MarkedText, Picture, Section, Table
from pellucid.reports.legible import visible
from pellucid.reports.notebook.markdown import escaped, markdown_of
from pellucid.reports.notebook.shown import Shown, shown
from pellucid.reports.sections import sections_of

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["render_notebook"]

LOADING = """from pellucid.reports.notebook import load_report

report = load_report(".")  # the folder of the results"""

METHODS = {Chart: "chart", Table: "table", Picture: "picture", MarkedText: "marked_text"}
"""Of a loaded report, by the kind of block that they show."""


def render_notebook(document: Document) -> NotebookNode:
    """The report as a notebook, with the outputs that running its cells gives.

    Parameters
    ----------
    document
        Of the results that stand in the folder to which the notebook is going to be written: its first cell loads
        them again. The same document gives the same notebook.

    Returns
    -------
    NotebookNode
        To be written with ``nbformat.write``.
    """
    import nbformat

    writer = _Writer({section.anchor: section.title for section in sections_of(document)})
    writer.text(f"# {escaped(document.title)}\n\n{escaped(document.subtitle)}")
    writer.code(LOADING)
    for section in document.sections:
        writer.section(section, level=2)
    writer.text(_continuing(writer.called))
    writer.flush()
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "title": visible(document.title)}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": writer.cells}
    notebook: NotebookNode = nbformat.from_dict(content)  # type: ignore[no-untyped-call]
    return notebook


@dataclass(slots=True)
class _Writer:
    """Writes cells in reading order; texts that follow each other share one."""

    titles: Mapping[str, str]
    cells: list[dict[str, Any]] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _run: int = 0

    def section(self, section: Section, level: int) -> None:
        self.text(f"{'#' * min(level, 6)} {escaped(section.title)}")
        self._blocks(section.blocks, section.anchor)
        for child in section.sections:
            self.section(child, level + 1)

    def text(self, markdown: str) -> None:
        self._texts.append(markdown)

    def flush(self) -> None:
        if self._texts:
            self._cell("markdown", "\n\n".join(self._texts))
            self._texts.clear()

    def code(self, source: str, output: Shown | None = None) -> None:
        """A cell that was run; ``output`` is what its last line gives."""
        self.flush()
        self._run += 1
        outputs = []
        if output is not None:
            bundle = output._repr_mimebundle_()
            result = {"output_type": "execute_result", "data": bundle, "metadata": {}, "execution_count": self._run}
            outputs = [result]
        self._cell("code", source, execution_count=self._run, outputs=outputs)

    def _cell(self, kind: str, source: str, **more: Any) -> None:
        name = f"cell-{len(self.cells) + 1}"
        self.cells.append({"cell_type": kind, "id": name, "metadata": {}, "source": source, **more})

    def _blocks(self, blocks: Sequence[Block], anchor: str) -> None:
        for block in blocks:
            if isinstance(block, Chart | Table | Picture | MarkedText):
                self._shown(block, anchor)
                if isinstance(block, Chart) and block.table is not None:
                    self._shown(block.table, anchor)
            elif isinstance(block, Disclosure):
                self.text(f"**{escaped(block.title)}**")
                self._blocks(block.blocks, anchor)
            else:
                self.text(markdown_of(block, self.titles))

    def _shown(self, block: Chart | Table | Picture | MarkedText, anchor: str) -> None:
        if isinstance(block, Chart):
            self.text(f"**{escaped(block.title)}**<br>{escaped(block.description)}")
        method = METHODS[type(block)]
        self._counts[anchor, method] += 1
        number = self._counts[anchor, method]
        arguments = json.dumps(anchor) if number == 1 else f"{json.dumps(anchor)}, {number}"
        call = f"report.{method}({arguments})"
        self.called.append(call)
        self.code(call, shown(block))


def _continuing(called: Sequence[str]) -> str:
    """What can be done next, with calls that stand in cells above."""
    first = {
        method: next((call for call in called if call.startswith(f"report.{method}(")), "")
        for method in METHODS.values()
    }
    lines = [
        "report.bias_metrics()  # every bias metric, unrounded, as a data frame",
        "report.global_shap_values()  # every global attribution, where predictions were explained",
        *([f"{first['table']}.to_frame()  # any table above, as a data frame"] if first["table"] else []),
        *([f"{first['chart']}.to_altair()  # any chart above, to be changed with Altair"] if first["chart"] else []),
    ]
    return "\n".join(["## Go on from here", "", "```python", *lines, "```"])
