"""The library that draws the charts is bundled once and kept; a damaged copy is made anew."""

import gzip
from base64 import b64decode
from importlib.metadata import version

import pytest
from platformdirs import user_cache_path

from pellucid.reports.html.library import chart_library, source_hash


@pytest.fixture
def cache_folder(tmp_path, monkeypatch):
    for variable in ("HOME", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    chart_library.cache_clear()
    yield user_cache_path("pellucid")
    chart_library.cache_clear()


def kept(folder):
    (file,) = folder.iterdir()
    return file


@pytest.mark.slow
def test_the_bundle_is_kept_in_the_cache_folder_and_read_from_there(cache_folder):
    made = chart_library()
    source = gzip.decompress(b64decode(made.compressed)).decode()
    assert "vegaEmbed" in source
    assert made.source_hash == source_hash(source)

    kept(cache_folder).write_bytes(gzip.compress(b"another library"))
    chart_library.cache_clear()
    assert chart_library().source_hash == source_hash("another library")


@pytest.mark.slow
@pytest.mark.parametrize("damaged", [b"", gzip.compress(b"cut off" * 100, mtime=0)[:-9]], ids=["empty", "cut off"])
def test_a_damaged_copy_is_made_anew(cache_folder, damaged):
    cache_folder.mkdir(parents=True)
    file = cache_folder / f"vega-{version('vl-convert-python')}.js.gz"
    file.write_bytes(damaged)
    assert b64decode(chart_library().compressed) == file.read_bytes()
    assert "vegaEmbed" in gzip.decompress(file.read_bytes()).decode()


@pytest.mark.slow
def test_a_cache_folder_that_cannot_be_made_is_no_fault(cache_folder):
    cache_folder.parent.mkdir(parents=True, exist_ok=True)
    cache_folder.write_text("a file stands in its place")
    assert chart_library().compressed
