"""The JavaScript that draws the charts: Vega, Vega-Lite and Vega-Embed as one compressed script."""

from __future__ import annotations

import gzip
import os
import tempfile
import zlib
from base64 import b64encode
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from pellucid.records import dataclass

__all__ = ["ChartLibrary", "chart_library", "source_hash"]


@dataclass(frozen=True, slots=True)
class ChartLibrary:
    """The library, as a page holds it.

    Parameters
    ----------
    compressed
        Its source, by gzip and base64: 400 kB in the place of 900, which a browser unpacks in milliseconds.
    source_hash
        By which a Content-Security-Policy allows the source and nothing else.
    """

    compressed: str
    source_hash: str


def source_hash(source: str) -> str:
    """A script or style as the source expression of a Content-Security-Policy.

    Examples
    --------
    >>> source_hash("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


@cache
def chart_library() -> ChartLibrary:
    """The library of the installed vl-convert, so that a page draws what the PDF shows.

    Bundling it takes a second, so the result is kept in the user's cache folder.
    """
    import vl_convert
    from platformdirs import user_cache_path

    file = user_cache_path("pellucid") / f"vega-{version('vl-convert-python')}.js.gz"
    compressed = _cached(file)
    if compressed is None:
        # in a function of its own, so that its hundreds of short names do not become the page's
        source = f"(() => {{{vl_convert.javascript_bundle('window.vegaEmbed = vegaEmbed;')}}})();"
        compressed = gzip.compress(source.encode(), compresslevel=9, mtime=0)
        _keep(file, compressed)
    return ChartLibrary(b64encode(compressed).decode(), source_hash(gzip.decompress(compressed).decode()))


def _cached(file: Path) -> bytes | None:
    """What an earlier report left there; None if it is missing or damaged."""
    try:
        compressed = file.read_bytes()
        whole = gzip.decompress(compressed)
    except (OSError, EOFError, zlib.error):
        return None
    return compressed if whole else None


def _keep(file: Path, content: bytes) -> None:
    """Write the file in one step, as another process may read it; a folder that cannot be written is no fault."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=file.name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).replace(file)
