"""How the time of a job grows: with rows, features, samples, background and workers.

    python benchmarks/scaling_curves.py --data /path/with/1GB

Adult and a model that costs next to nothing, so that what shows is Pellucid's own work: making masked rows, asking
equal ones once, solving. One number changes at a time. Whole processes are measured, turns alternate, and medians are
printed with their ratio to the line before. Seconds of all threads tell more than those on the clock where others use
the machine too; what a process takes before its first row is measured first and taken off.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path

from explained_jobs import FEATURES, command, config_of, rows_of
from hundred_million import CONFIG, drawn
from processes import PELLUCID, Measured, measured

BASE = {"rows": 4_000, "features": 14, "samples": 64, "background": 10, "workers": 1}
CURVES = {
    "rows": (4_000, 16_000, 64_000),
    "features": (7, 14),
    "samples": (64, 256, 1024),
    "background": (1, 10, 100),
    "workers": (1, 2),
}


def explained(folder: Path, asked: dict[str, int]) -> tuple[Measured, int]:
    """One job; what it took, and the rows that its model was asked for."""
    config = config_of(
        folder, samples=asked["samples"], background=asked["background"], features=min(asked["features"], len(FEATURES))
    )
    options = ("--workers", str(asked["workers"]))
    found = measured(command(config, rows_of(folder, asked["rows"]), folder / "out", *options), PYTHONPATH=str(folder))
    return found, _model_rows(json.loads((folder / "out" / "pellucid.json").read_text()))


def _model_rows(details: object) -> int:
    if isinstance(details, dict):
        return details["model_rows"] if "model_rows" in details else max(map(_model_rows, details.values()), default=0)
    return 0


def curve(folder: Path, name: str, repeat: int, start: float) -> None:
    """One number changes, the others keep their place."""
    turns: dict[int, list[Measured]] = {value: [] for value in CURVES[name]}
    asked: dict[int, int] = {}
    base = {**BASE, "rows": 16_000, "samples": 1024} if name == "workers" else BASE
    for _ in range(repeat):
        for value, done in turns.items():
            found, asked[value] = explained(folder, {**base, name: value})
            done.append(found)
    before = None
    for value, done in turns.items():
        seconds = statistics.median(turn.seconds for turn in done)
        own = statistics.median(turn.processor_seconds for turn in done) - start
        peak = max(turn.peak for turn in done)
        compared = seconds if name == "workers" else own
        ratio = "" if before is None else f"{compared / before:5.2f} times"
        print(f"{name:>10} {value:>9,} {seconds:7.1f} s {own:7.1f} s own {peak:5,.0f} MB {asked[value]:>12,} {ratio}")
        before = compared


def counted(folder: Path, repeat: int) -> None:
    """Bias of more and more rows."""
    config = folder / "bias.json"
    config.write_text(json.dumps(CONFIG))
    for rows in (1_000_000, 10_000_000, 30_000_000):
        file = drawn(folder, rows)
        job = [PELLUCID, "run", str(config), "--data", str(file), "--output", str(folder / "out"), "--no-report"]
        done = [measured(job) for _ in range(repeat)]
        seconds = statistics.median(turn.seconds for turn in done)
        own = statistics.median(turn.processor_seconds for turn in done)
        print(f"bias {rows:>12,} rows {seconds:6.1f} s {own:6.1f} s of all threads {done[-1].peak:5,.0f} MB")


def main() -> None:
    """Measure all curves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()), help="folder with 1 GB to spare")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--curves", nargs="*", default=[*CURVES, "bias"], choices=[*CURVES, "bias"])
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pellucid-scaling-", dir=asked.data))
    try:
        smallest = {**BASE, "rows": 64, "samples": 16, "background": 1}
        start = statistics.median(explained(folder, smallest)[0].processor_seconds for _ in range(asked.repeat))
        print(f"a job of 64 rows: {start:.1f} s of all threads, taken off below")
        for name in asked.curves:
            counted(folder, asked.repeat) if name == "bias" else curve(folder, name, asked.repeat, start)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
