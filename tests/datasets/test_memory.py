"""How much memory DuckDB may take in a job, and what becomes of rows that do not fit."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest

from pellucid.api.job import run_job
from pellucid.config.sizes import bytes_of
from pellucid.datasets.local_values import write_values_in_parquet
from pellucid.datasets.memory import memory_limited
from pellucid.datasets.parts import connect
from pellucid.errors import ConfigError


def setting(name):
    return connect().sql(f"SELECT current_setting('{name}')").fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "size"),
    [("1GiB", 2**30), ("500MB", 500_000_000), ("1.5 gb", 1_500_000_000), ("128MiB", 2**27), ("2TiB", 2**41)],
)
def test_sizes_have_a_number_and_a_unit(text, size):
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "1", "GiB", "-1GiB", "1 pound", "127MiB", "1e9B", 10**9, None, True])
def test_other_texts_are_no_sizes(text):
    assert bytes_of(text) is None


def test_every_connection_has_the_limit_and_the_folder_goes_with_the_job():
    with memory_limited(2**28):
        assert setting("memory_limit") == "256.0 MiB"
        folder = Path(setting("temp_directory"))
        assert folder.is_dir()
    assert not folder.exists()
    assert setting("memory_limit") != "256.0 MiB"


def test_rows_that_do_not_fit_go_to_disk_and_are_counted_all_the_same():
    with memory_limited(2**27):
        connection = connect()
        rows = connection.sql("SELECT i, hash(i) AS h, hash(i + 1) AS k, hash(i + 2) AS l FROM range(8_000_000) t(i)")
        rows.create("larger_than_the_limit")
        assert connection.sql("SELECT count(*), max(i) FROM larger_than_the_limit").fetchall() == [
            (8_000_000, 7_999_999)
        ]
        assert any(Path(setting("temp_directory")).iterdir())


def test_a_long_query_shows_no_progress_of_its_own_among_the_results():
    assert setting("enable_progress_bar") is False


HOLDS = """
import sys
from pellucid.datasets.memory import connection_settings, memory_limited
from contextlib import nullcontext
with memory_limited(None) if sys.argv[1] == "job" else nullcontext():
    print(connection_settings()["temp_directory"], flush=True)
    sys.stdin.read()
"""


def process_with_a_folder(kind):
    command = [sys.executable, "-c", HOLDS, kind]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    folder = Path(process.stdout.readline().strip())
    assert folder.is_dir()
    return process, folder


def made_long_ago(*folders):
    for folder in folders:
        os.utime(folder, (time.time() - 3600,) * 2)


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["job", "library"])
def test_the_folder_of_a_process_that_was_killed_goes_with_the_next_job(temporary, kind):
    killed, abandoned = process_with_a_folder(kind)
    working, held = process_with_a_folder(kind)
    assert abandoned.name.startswith(f"pellucid-duckdb-{killed.pid}-")
    made_long_ago(abandoned, held)
    with memory_limited(None):
        assert abandoned.is_dir()
    killed.kill()
    killed.communicate()
    with memory_limited(None):
        assert not abandoned.exists()
        assert held.is_dir()
    working.communicate()
    assert not held.exists()
    assert list(temporary.iterdir()) == []


FORKS = """
import os, sys
from pathlib import Path
from pellucid.datasets.memory import connection_settings
folder = Path(connection_settings()["temp_directory"])
child = os.fork()
if child == 0:
    sys.exit()
os.waitpid(child, 0)
print(folder.is_dir())
"""


def test_a_fork_that_ends_does_not_take_the_folder_with_it(temporary):
    said = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKS], capture_output=True, text=True, check=True)
    assert said.stdout == "True\n"
    assert list(temporary.iterdir()) == []


def test_folders_that_were_just_made_or_are_of_others_stay(temporary):
    names = ["pellucid-duckdb-12-about_to_be_held", "pellucid-duckdb-unnumbered", "another-duckdb-1-a"]
    for name in names:
        (temporary / name).mkdir()
    made_long_ago(*(temporary / name for name in names[1:]))
    (temporary / "pellucid-duckdb-13-link").symlink_to(temporary / names[1])
    with memory_limited(None):
        pass
    assert sorted(path.name for path in temporary.iterdir()) == sorted([*names, "pellucid-duckdb-13-link"])


def test_what_a_job_spills_is_for_no_other_user(temporary):
    with memory_limited(None):
        assert Path(setting("temp_directory")).stat().st_mode & 0o777 == 0o700


def job(folder, **toml):
    (folder / "rows.csv").write_text("sex,hired\nF,0\nM,1\nF,1\n")
    methods = {"pre_training_bias": {"methods": "all"}}
    facet = [{"name_or_index": "sex", "value_or_threshold": ["F"]}]
    keys = {"label": "hired", "label_values_or_threshold": [1], "facet": facet, "methods": methods}
    (folder / "analysis_config.json").write_text(json.dumps({"dataset_type": "text/csv", **keys}))
    if toml:
        (folder / "pellucid.toml").write_text("[engine]\n" + "\n".join(f'{key} = "{toml[key]}"' for key in toml))
    return folder / "analysis_config.json"


def test_a_size_that_is_none_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(ConfigError) as error:
        run_job(job(tmp_path), data="nowhere.csv", output=tmp_path / "out", memory="plenty")
    assert str(error.value) == (
        "--memory: got 'plenty'. Write a number and a unit, at least 128MiB: 500MB, 1GiB, 1.5GB."
    )


def test_the_option_comes_before_the_project_file(tmp_path):
    config = job(tmp_path, memory="1GiB")
    seen = []

    def progress(step):
        seen.append(setting("memory_limit"))

    run_job(config, data=str(tmp_path / "rows.csv"), output=tmp_path / "out", progress=progress)
    run_job(config, data=str(tmp_path / "rows.csv"), output=tmp_path / "out", progress=progress, memory="2GiB")
    assert set(seen) == {"1.0 GiB", "2.0 GiB"}


def test_what_does_not_fit_even_so_is_told_with_the_option(tmp_path):
    from pellucid.datasets import translate_scan_errors

    error = duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data of size 2.0 MiB")
    assert str(translate_scan_errors(error)) == (
        "data set: It does not fit into the memory that DuckDB may take. Allow more with --memory, such as "
        "--memory 4GiB."
    )


# --- local values in Parquet ------------------------------------------------------------------------------------------
def test_parquet_holds_the_numbers_of_the_csv_to_the_last_bit_in_its_order(tmp_path):
    numbers = [0.1, 1e-308, -0.0, 123456789.123456789, 5e-324]
    lines = [f'{number!r},{-number!r},"{i:03d}, b"' for i, number in enumerate(numbers)]
    (tmp_path / "out.csv").write_text("\n".join(["a_label0,B_label0,id", *lines, ""]))
    assert write_values_in_parquet(tmp_path / "out.csv", tmp_path / "out.parquet", join_type="text")
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pydict()
    assert list(table) == ["a_label0", "B_label0", "id"]
    assert [number.hex() for number in table["a_label0"]] == [number.hex() for number in numbers]
    assert table["id"] == [f"{i:03d}, b" for i in range(5)]


def test_parts_with_a_header_each_become_one_file(tmp_path):
    (tmp_path / "out.csv").mkdir()
    for part in range(3):
        (tmp_path / "out.csv" / f"part-{part:05d}.csv").write_text(f"a_label0,id\n{part}.5,{part}\n")
    assert write_values_in_parquet(tmp_path / "out.csv", tmp_path / "out.parquet", join_type="integer")
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pydict() == {
        "a_label0": [0.5, 1.5, 2.5],
        "id": [0, 1, 2],
    }


def test_names_that_parquet_readers_take_for_one_are_not_written(tmp_path):
    (tmp_path / "out.csv").write_text("a_b,A_b\n1.0,2.0\n")
    assert not write_values_in_parquet(tmp_path / "out.csv", tmp_path / "out.parquet", join_type=None)
    assert not (tmp_path / "out.parquet").exists()
