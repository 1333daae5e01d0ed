import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from waiting import SECONDS_OF_A_HANG

from pellucid.cli.main import main

CONFIG = {
    "dataset_type": "text/csv",
    "headers": ["age", "sex", "region", "approved", "predicted"],
    "label": "approved",
    "predicted_label": "predicted",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}],
    "group_variable": "region",
    "methods": {
        "pre_training_bias": {"methods": ["CI", "DPL", "CDDL"]},
        "post_training_bias": {"methods": ["DPPL", "DI", "AD", "CDDPL"]},
    },
}


def people(rows=200):
    """Half the rows are women; 1 of 5 women and 2 of 5 men are approved, and the predictions agree."""
    lines = []
    for i in range(rows):
        sex, turn = "FM"[i % 2], (i // 2) % 5
        approved = int(turn == 0 or (sex == "M" and turn == 1))
        lines.append(f"{20 + turn},{sex},{'north' if i % 4 < 2 else 'south'},{approved},{approved}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Workplace:
    """A folder with a configuration and a data set, in which commands run."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def config(self, without=(), **keys):
        config = {key: value for key, value in {**CONFIG, **keys}.items() if key not in without}
        return self.file("analysis_config.json", json.dumps(config))

    def file(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, *arguments):
        """The job on the data set ``people.csv``, without its report."""
        return self.command("run", "analysis_config.json", "--data", "people.csv", "--no-report", *arguments)

    def command(self, *arguments):
        """A command in this process, with the folder as its working directory."""
        self.capture.readouterr()
        self.patch.chdir(self.folder)
        self.patch.setattr(sys, "argv", ["pellucid", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = self.capture.readouterr()
        return Ended(ended.value.code, said.out, said.err)

    def process(self, *arguments, **environment):
        """A command in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-c", "from pellucid.cli.main import entry; entry()", *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS_OF_A_HANG,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    def analysis(self, folder="output"):
        return json.loads((self.folder / folder / "analysis.json").read_text())


@pytest.fixture
def workplace(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    place = Workplace(tmp_path, capsys, monkeypatch)
    place.config()
    place.file("people.csv", people())
    return place
