"""scikit-learn models in skops files, which name the types they hold before anything of them runs."""

from __future__ import annotations

from pathlib import Path

from pellucid.errors import ModelError, require
from pellucid.models.answers import library_errors
from pellucid.models.loading import Loading
from pellucid.models.objects import as_model
from pellucid.protocols.model import Model

__all__ = ["load_skops"]


def load_skops(path: Path, loading: Loading) -> Model:
    """The model in a skops file.

    Raises
    ------
    ModelError
        The file cannot be read, or holds types that skops does not trust and pickles are not allowed.
    MissingExtra
        skops is not installed.
    """
    skops = require("skops.io", extra="skops")
    with library_errors(loading.name, "loading"):
        untrusted = skops.get_untrusted_types(file=path)
    if untrusted and not loading.allow_pickle:
        raise ModelError(
            f"{loading.name}: holds types that skops does not trust: {', '.join(sorted(untrusted))}. Loading them can"
            " run code from the file. If you know where it comes from, allow it by --allow-pickle (allow_pickle=True)."
        )
    with library_errors(loading.name, "loading"):
        return as_model(skops.load(path, trusted=untrusted), loading)
