"""Explanations of an earlier job in the folder of the results, which must not stand beside those of another one."""

from __future__ import annotations

from pathlib import Path

from pellucid.jobs.forecasts.writers import FORECAST_FILES

__all__ = ["earlier_explanations"]

OF_TABLES = tuple(f"explanations_shap/{name}" for name in ("baseline.csv", "out.csv", "out.parquet", "out.jsonl"))


def earlier_explanations(folder: Path) -> tuple[str, ...]:
    """Files of explanations that a job may find in its output folder, by their place there."""
    return (*OF_TABLES, *FORECAST_FILES, *_left_by_images(folder))


def _left_by_images(folder: Path) -> tuple[str, ...]:
    """Files of an earlier job on images: heat maps that stand beside their arrays, and what belongs to them.

    Nothing else tells them where a job was strict, as Clarify writes no list of its pictures.
    """
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    stems = {name.removesuffix(".npy") for name in names if name.startswith("shap_") and name.endswith(".npy")}
    maps = sorted(stem for stem in stems if f"{stem}.jpeg" in names)
    found = [f"{stem}{end}" for stem in maps for end in (".jpeg", ".npy")]
    of_images = {name.removesuffix("_segments.npy") for name in names if name.endswith("_segments.npy")}
    for image in sorted(of_images):
        if any(stem.startswith(f"shap_{image}_") for stem in maps):
            found += [name for name in (f"{image}_segments.npy", f"{image}_objects.jpeg") if name in names]
    return tuple(found)
