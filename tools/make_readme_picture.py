"""Make docs/images/demo.svg, the picture in the README: the beginning of what ``pellucid demo`` prints.

Run from the root of the repository: python tools/make_readme_picture.py
"""

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.segment import Segment, Segments

from pellucid.api.job import JobResult, run_job
from pellucid.cli.summary import summary

PICTURE = Path("docs/images/demo.svg")
DEMO = Path("src/pellucid/demo")
WIDTH = 100


def main() -> None:
    """Write the picture."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print("$ pellucid demo", highlight=False)
    console.print(Segments(first_group(console, demo())), end="")
    picture = console.export_svg(title="pellucid demo", unique_id="demo")
    # no font from elsewhere: the page that shows the picture has a monospaced one
    picture = re.sub(r"\s*@font-face \{.*?\}", "", picture, flags=re.DOTALL).replace(
        "Fira Code, monospace", "monospace"
    )
    picture = picture.replace("<svg ", '<svg xml:space="preserve" ', 1)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(picture, encoding="utf-8")


def demo() -> JobResult:
    """The result of the job that the demo runs."""
    with tempfile.TemporaryDirectory() as output:
        return run_job(DEMO / "analysis_config.json", output=output, data=str(DEMO / "adult.parquet"))


def first_group(console: Console, result: JobResult) -> list[Segment]:
    """The summary to the end of the first group's tables."""
    lines = console.render_lines(summary(result), pad=False, new_lines=True)
    texts = ["".join(part.text for part in line) for line in lines]
    second = [i for i, text in enumerate(texts) if re.match(r"\S.*: [\d,]+ rows .* others$", text)][1]
    return [part for line in lines[: second - 1] for part in line]


if __name__ == "__main__":
    main()
