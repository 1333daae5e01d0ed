"""Pictures as the typesetter takes them, and whether it can decode them, asked before the pages are set."""

from __future__ import annotations

import json
from typing import Literal

from pellucid.reports.pdf.typesetting import typeset

__all__ = ["as_file", "format_of", "is_printable"]

MediaType = Literal["image/png", "image/jpeg"]

SOURCE = (
    b'#set document(title: "Picture")\n#image(bytes(json("picture.json")), format: sys.inputs.format, alt: "picture")'
)


def as_file(data: bytes) -> bytes:
    """The picture as a JSON list of its bytes: files that are compiled from memory have to be text."""
    return json.dumps(list(data), separators=(",", ":")).encode()


def is_printable(data: bytes, media_type: MediaType) -> bool:
    """Whether ``data`` is an image of its kind that can be decoded."""
    import typst

    try:
        typeset({"main.typ": SOURCE, "picture.json": as_file(data)}, inputs={"format": format_of(media_type)})
    except typst.TypstError:
        return False
    return True


def format_of(media_type: MediaType) -> str:
    """The typesetter's name of a kind of picture."""
    return {"image/png": "png", "image/jpeg": "jpg"}[media_type]
