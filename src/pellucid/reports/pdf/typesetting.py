"""The typesetter: files in memory to a tagged PDF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["typeset"]


def typeset(
    files: Mapping[str, bytes], *, system_fonts: bool = False, inputs: Mapping[str, str] | None = None
) -> bytes:
    """Set ``main.typ`` of ``files``, which are texts, as PDF/UA-1.

    Parameters
    ----------
    files
        By their names; what ``main.typ`` reads has to be among them.
    system_fonts
        Whether to use the fonts of the machine where the embedded ones lack a character.
    inputs
        Values for ``sys.inputs``.

    Raises
    ------
    typst.TypstError
        The source is wrong, an image cannot be decoded, or no font holds a character.
    """
    import typst

    # The package takes a dictionary of files, which its type hints do not know.
    source: Any = dict(files)
    return typst.compile(
        source,
        ignore_system_fonts=not system_fonts,
        pdf_standards=["ua-1"],
        sys_inputs=dict(inputs or {}),
        # Without a time of its own, the file is the same whenever it is made.
        timestamp=0,
    )
