"""Jobs on more data than memory: peak memory of one process, whatever the number of rows.

    python benchmarks/out_of_core.py bias --data /path/with/2GB
    python benchmarks/out_of_core.py explanations --data /path/with/4GB

``bias``: a CSV file ten times as large as the memory that DuckDB may take. ``explanations``: a million rows of 14
features, a background of 100 rows, a model that costs next to nothing, local values kept; wanted: less than 2 GiB.
A tenth of the rows is measured as well, so that what grows with them shows. The files are removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from explained_jobs import command, config_of, rows_of
from hundred_million import CONFIG
from processes import ADULT, PELLUCID, measured, query

MEMORY = 128 * 2**20
BYTES_OF_A_ROW = 104


def bias(folder: Path, rows: int | None) -> None:
    """Count a CSV file that is ten times as large as the limit."""
    config = folder / "analysis_config.json"
    config.write_text(json.dumps({**CONFIG, "dataset_type": "text/csv"}))
    largest = rows or 10 * MEMORY // BYTES_OF_A_ROW
    for number in (largest // 10, largest):
        file = folder / "adult.csv"
        adult = f"(SELECT *, row_number() OVER () - 1 AS place FROM '{ADULT}')"
        drawn = f"SELECT adult.* EXCLUDE (place) FROM range({number}) drawn(i) JOIN {adult} adult"
        query(f"COPY ({drawn} ON place = hash(i) % 32561) TO '{file}' (HEADER)")
        limit = f"{MEMORY // 2**20}MiB"
        job = [PELLUCID, "run", str(config), "--data", str(file), "--output", str(folder / "out"), "--no-report"]
        found = measured([*job, "--memory", limit])
        print(f"{number:>12,} rows, {file.stat().st_size / 2**20:,.0f} MB of CSV, --memory {limit}: {found}")


def explanations(folder: Path, rows: int | None) -> None:
    """Explain a million rows in one process."""
    config = config_of(folder, samples=8, background=100)
    for number in ((rows or 1_000_000) // 10, rows or 1_000_000):
        job = command(config, rows_of(folder, number), folder / "out", "--workers", "1", "--memory", "512MiB")
        found = measured(job, PYTHONPATH=str(folder))
        sizes = {file.name: file.stat().st_size / 2**20 for file in (folder / "out" / "explanations_shap").iterdir()}
        written = ", ".join(f"{name} {size:,.0f} MB" for name, size in sorted(sizes.items()))
        print(f"{number:>12,} rows: {found}; {written}", flush=True)


def main() -> None:
    """Measure one part, or both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["bias", "explanations"])
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()), help="folder with 4 GB to spare")
    parser.add_argument("--rows", type=int)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pellucid-out-of-core-", dir=asked.data))
    try:
        {"bias": bias, "explanations": explanations}[asked.part](folder, asked.rows)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
