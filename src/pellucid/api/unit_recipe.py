"""What a worker process is told to set up the work of an explanation job: where the model is, what is asked of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pellucid.errors import ModelError
from pellucid.jobs.explanations.shap_job import ShapTask
from pellucid.records import dataclass

__all__ = ["MOST_SHIPPED", "UnitRecipe", "unit_recipe"]

MOST_SHIPPED = 2**28
"""Bytes of a model file that are sent to the workers of a cluster; a larger one must be where they see it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitRecipe:
    """Sets up the work of an explanation job in any process.

    Parameters
    ----------
    task
        What is the same for all units of SHAP values; None where there are none.
    uri
        Address of the model, as `pellucid.models.load.load_model` takes it.
    allow_pickle
        Load model files too that run code of theirs.
    folders
        Where the modules of the user are looked for.
    shipped
        Name and content of the model's file, or of the module that it is named by, for machines that do not have it.
    """

    task: ShapTask | None
    uri: str
    allow_pickle: bool = False
    folders: tuple[str, ...] = ()
    shipped: tuple[str, bytes] | None = None

    def opened(self) -> Callable[[Any], Any]:
        """The work, with a model of its own that takes one thread.

        Raises
        ------
        ModelError, MissingExtra
            The model cannot be loaded in this process.
        """
        from pellucid.jobs.explanations.scoring import scorer
        from pellucid.jobs.explanations.units import UnitWork
        from pellucid.models.load import load_model

        uri = self.uri
        folders = [folder for folder in self.folders if Path(folder).is_dir()]
        if self.shipped is not None:
            written = _written(*self.shipped)
            if self.shipped[0].endswith(".py"):
                folders.insert(0, str(written.parent))
            else:
                uri = str(written)
        sys.path[:0] = [folder for folder in folders if folder not in sys.path]
        try:
            model = load_model(uri, allow_pickle=self.allow_pickle, threads=1)
        except ModelError as error:
            raise ModelError(f"A worker cannot load the model. {str(error).replace(uri, self.uri)}") from error
        exactly = None
        if self.task is not None and self.task.by_formula:
            from pellucid.api.exact_rows import formula_rows

            found = formula_rows(model, self.task)
            exactly = None if isinstance(found, str) else found
        return UnitWork(self.task, scorer(model), exactly)


def unit_recipe(uri: str, task: ShapTask | None, *, allow_pickle: bool, ship: bool) -> UnitRecipe:
    """The recipe for the model at ``uri``, which this process can load.

    Parameters
    ----------
    ship
        Whether workers may be on other machines, which have no files of this one.
    """
    local = Path(uri.removeprefix("file://")).expanduser()
    if local.exists():
        shipped = None
        if ship and local.is_file() and local.stat().st_size <= MOST_SHIPPED:
            shipped = (local.name, local.read_bytes())
        return UnitRecipe(
            task=task,
            uri=str(local.absolute()),
            allow_pickle=allow_pickle,
            folders=(str(Path.cwd()),),
            shipped=shipped,
        )
    module = sys.modules.get(uri.partition(":")[0])
    origin = getattr(module, "__file__", None)
    if "://" in uri or origin is None:
        return UnitRecipe(task=task, uri=uri, allow_pickle=allow_pickle, folders=(str(Path.cwd()),))
    file = Path(origin)
    alone = "." not in uri.partition(":")[0] and file.name != "__init__.py"
    return UnitRecipe(
        task=task,
        uri=uri,
        allow_pickle=allow_pickle,
        folders=(str(Path.cwd()), str(file.parents[uri.partition(":")[0].count(".") + (file.name == "__init__.py")])),
        shipped=(file.name, file.read_bytes()) if ship and alone and file.suffix == ".py" else None,
    )


def _written(name: str, content: bytes) -> Path:
    from pellucid.models.fetch import temporary_folder

    path = temporary_folder() / name
    path.write_bytes(content)
    return path
