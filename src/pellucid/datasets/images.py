"""Image data sets: JPEG and PNG files under a prefix, or those that a manifest lists; each read as it is asked for."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pellucid.datasets.locate import Files, locate, open_raw
from pellucid.datasets.sources import IMAGES, DatasetSource
from pellucid.errors import DataError, Problem, require, shorten
from pellucid.records import dataclass

__all__ = ["ImageFile", "ReadImage", "as_rgb", "image_files", "read_image"]

EXTENSIONS = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image of a data set.

    Parameters
    ----------
    name
        Its place in the folder of the data set, with slashes.
    address
        Path or address to read it from.
    """

    name: str
    address: str


@dataclass(frozen=True, slots=True, eq=False)
class ReadImage:
    """An image as models take it.

    Parameters
    ----------
    pixels
        Shape (height, width, 3), uint8.
    converted
        What was done to get there, as a phrase; empty where nothing was.
    """

    pixels: npt.NDArray[np.uint8]
    converted: str = ""


def image_files(uri: str, *, where: str = "dataset_uri") -> tuple[ImageFile, ...]:
    """The images of a data set, in the order of their names; a manifest's in its own order.

    Parameters
    ----------
    uri
        A folder, read recursively; one image; or a manifest: a JSON list of names that may begin with
        ``{"prefix": address}`` (SageMaker's ManifestFile), or a line ``{"source-ref": address}`` for each image
        (AugmentedManifestFile).

    Raises
    ------
    DataError
        There is nothing there, or no image, or the manifest cannot be read.
    MissingExtra
        The package for the protocol of the address is not installed.
    """
    files = locate(DatasetSource(uri=uri, dataset_type=IMAGES, where=where))
    if len(files.paths) == 1 and not files.paths[0].lower().endswith(EXTENSIONS):
        return _listed_in(files, files.paths[0], where)
    root = uri.removeprefix("file://").rstrip("/") + "/"
    if files.paths == (uri.removeprefix("file://"),):
        root = uri.rpartition("/")[0] + "/"
    return tuple(ImageFile(_below(path, root), path) for path in files.paths)


def _below(path: str, root: str) -> str:
    """The place of ``path`` below ``root``, or its name where it lies elsewhere."""
    if "://" not in path:
        try:
            return Path(path).relative_to(Path(root).expanduser()).as_posix()
        except ValueError:
            return Path(path).name
    # An address may be written with and without a host, so what follows the protocol is compared.
    bare, start = path.partition("://")[2].lstrip("/"), root.partition("://")[2].lstrip("/")
    return bare.removeprefix(start) if bare.startswith(start) else bare.rpartition("/")[2]


def _listed_in(files: Files, path: str, where: str) -> tuple[ImageFile, ...]:
    with files.open(path) as file:
        raw = file.read()
    try:
        text = raw.decode("utf-8-sig")
        named = _of_list(json.loads(text)) if text.lstrip().startswith("[") else _of_lines(text)
    except (UnicodeDecodeError, ValueError, TypeError, KeyError):
        fix = (
            'It is neither a JPEG or PNG image nor a manifest of them. A manifest is a JSON list, [{"prefix": '
            '"s3://bucket/cats/"}, "a.jpg", "b.jpg"], or has a line {"source-ref": "s3://bucket/cats/a.jpg"} per image.'
        )
        raise DataError(Problem(where, path, fix=fix)) from None
    if not named:
        raise DataError(Problem(where, path, fix="The manifest lists no image."))
    folder = path.rpartition("/")[0]
    found = tuple(
        ImageFile(name, address if _is_absolute(address) else f"{folder}/{address}") for name, address in named
    )
    wrong = [image.address for image in found if not image.address.lower().endswith(EXTENSIONS)]
    if wrong:
        fix = f"The manifest {shorten(path)} lists files that are no {', '.join(EXTENSIONS)}. Remove them."
        raise DataError(Problem(where, wrong[0], fix=fix))
    return found


def _is_absolute(address: str) -> bool:
    return "://" in address or address.startswith(("/", "~"))


def _of_list(entries: Sequence[Any]) -> list[tuple[str, str]]:
    """Names and addresses of a ManifestFile."""
    prefix, names = "", list(entries)
    if names and isinstance(names[0], dict):
        prefix, names = str(names[0]["prefix"]), names[1:]
    if not all(isinstance(name, str) for name in names):
        raise TypeError
    return [(name if not _is_absolute(name) else name.rpartition("/")[2], f"{prefix}{name}") for name in names]


def _of_lines(text: str) -> list[tuple[str, str]]:
    """Names and addresses of an AugmentedManifestFile; names keep what the addresses do not have in common."""
    addresses = [str(json.loads(line)["source-ref"]) for line in text.splitlines() if line.strip()]
    folders = {address.rpartition("/")[0] for address in addresses}
    common = next(iter(folders)) if len(folders) == 1 else _common_folder(sorted(folders))
    return [(address.removeprefix(common).lstrip("/"), address) for address in addresses]


def _common_folder(folders: Sequence[str]) -> str:
    parts = [folder.split("/") for folder in (folders[0], folders[-1])]
    shared = 0
    while shared < min(map(len, parts)) and parts[0][shared] == parts[1][shared]:
        shared += 1
    return "/".join(parts[0][:shared])


def read_image(address: str, *, where: str = "") -> ReadImage:
    """An image in three colors, upright.

    Raises
    ------
    DataError
        It cannot be opened, or is no image that can be read; ``where`` names it in the message, by default the address.
    MissingExtra
        Pillow is not installed, or the package for the protocol of the address.
    """
    images = require("PIL.Image", extra="images")
    try:
        with open_raw(str(Path(address).expanduser()) if "://" not in address else address) as file:
            raw = file.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(Problem(where or address, fix=f"It cannot be opened: {reason}.")) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", images.DecompressionBombWarning)
            with images.open(io.BytesIO(raw), formats=("JPEG", "PNG")) as picture:
                picture.load()
                return as_rgb(picture)
    except (images.DecompressionBombWarning, images.DecompressionBombError):
        fix = f"It has more than {images.MAX_IMAGE_PIXELS:,} pixels. Reduce it first."
        raise DataError(Problem(where or address, fix=fix)) from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        told = "it is no JPEG or PNG image" if type(error).__name__ == "UnidentifiedImageError" else str(error)
        raise DataError(Problem(where or address, fix=f"It cannot be read as an image: {told}.")) from None


def as_rgb(picture: Any) -> ReadImage:
    """A picture of Pillow in three colors of a byte each, turned upright as its EXIF data says.

    Transparent pixels are laid over white; gray levels become three equal colors, those of 16 bits are divided by 257.

    Raises
    ------
    DataError
        Its numbers are no colors.
    """
    operations = require("PIL.ImageOps", extra="images")
    done = []
    upright = operations.exif_transpose(picture)
    if _orientation(picture) not in (None, 1):
        done.append("turned upright as its EXIF data says")
    mode = upright.mode
    if mode in ("F", "I") and picture.format not in (None, "PNG"):
        raise DataError(Problem("image", mode, fix="Its numbers are no colors. Save it as a PNG of 8 or 16 bits."))
    if mode.startswith("I") or mode == "F":
        return _gray(upright, mode, done)
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in upright.info:
        done.append("transparent parts laid over white")
        images = require("PIL.Image", extra="images")
        shown = upright.convert("RGBA")
        upright = images.alpha_composite(images.new("RGBA", shown.size, (255, 255, 255, 255)), shown)
    elif mode in ("L", "1"):
        done.append("gray, shown in three equal colors")
    elif mode not in ("RGB", "P"):
        done.append(f"converted from {mode} to RGB")
    return ReadImage(np.asarray(upright.convert("RGB")).copy(), "; ".join(done))


def _orientation(picture: Any) -> int | None:
    found = picture.getexif().get(0x0112)
    return int(found) if isinstance(found, int) and 1 <= found <= 8 else None


def _gray(picture: Any, mode: str, done: list[str]) -> ReadImage:
    levels = np.asarray(picture)
    if mode == "F" or levels.min() < 0 or levels.max() > 65_535:
        raise DataError(Problem("image", mode, fix="Its numbers are no colors. Save it as a PNG of 8 or 16 bits."))
    gray = np.rint(levels / 257).astype(np.uint8)
    done.append("gray of 16 bits, shown in three equal colors of 8 bits")
    return ReadImage(np.repeat(gray[:, :, None], 3, axis=2), "; ".join(done))
