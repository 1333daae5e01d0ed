"""Results appear all at once or not at all."""

import math

import pytest

from pellucid.errors import DataError
from pellucid.jobs.result_files import json_text, unwritable, write_files


def test_files_are_written_into_a_folder_that_is_made(tmp_path):
    written = write_files(tmp_path / "a" / "b", {"one.json": "1", "two.json": "2"})
    assert [path.read_text() for path in written] == ["1", "2"]
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == ["one.json", "two.json"]


def test_stale_files_go_once_the_new_ones_are_there(tmp_path):
    write_files(tmp_path, {"old.json": "0", "kept.json": "0"})
    write_files(tmp_path, {"new.json": "1"}, stale=("old.json", "never.json"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.json", "new.json"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError) as caught:
        write_files(tmp_path / "file", {"one.json": "1"})
    folder = str(tmp_path / "file")
    assert (
        str(caught.value) == f"--output: got {folder!r}. File exists. Give a folder that can be written with --output."
    )


def test_a_file_in_the_way_is_found_before_anything_is_written(tmp_path):
    (tmp_path / "file").write_text("")
    place, file = str(tmp_path / "file" / "deeper"), str(tmp_path / "file")
    assert [str(problem) for problem in unwritable(tmp_path / "file" / "deeper")] == [
        f"--output: got {place!r}. {file!r} is a file. Give a folder."
    ]
    assert unwritable(tmp_path / "new" / "deeper") == ()


def test_a_number_that_json_does_not_have_is_never_written():
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        json_text({"value": math.nan})
