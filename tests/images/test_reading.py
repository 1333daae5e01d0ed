"""Images as they lie in folders and manifests, in every form that files have."""

import json
import struct
import zlib

import fsspec
import numpy as np
import pytest
from PIL import Image

from pellucid.datasets.images import image_files, read_image
from pellucid.errors import DataError


def picture(path, color=(10, 20, 30), size=(3, 2), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path, **options)


def test_a_folder_is_read_recursively_in_the_order_of_names(tmp_path):
    for name in ("b.png", "a/cat_7.jpg", "a/deep/dog.JPEG"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / ".hidden").mkdir()
    picture(tmp_path / ".hidden" / "c.png")
    found = image_files(str(tmp_path))
    assert [image.name for image in found] == ["a/cat_7.jpg", "a/deep/dog.JPEG", "b.png"]
    assert all(read_image(image.address).pixels.shape == (2, 3, 3) for image in found)


def test_one_file_is_a_data_set_of_one_image(tmp_path):
    picture(tmp_path / "cat.png")
    assert [image.name for image in image_files(str(tmp_path / "cat.png"))] == ["cat.png"]


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(DataError) as raised:
        image_files(str(tmp_path))
    assert (
        str(raised.value)
        == f"dataset_uri: got {str(tmp_path)!r}. No file in it ends in .jpg or .jpeg or .png; it is empty."
    )


def test_addresses_of_fsspec_are_read(tmp_path):
    picture(tmp_path / "cat.png")
    files = fsspec.filesystem("memory")
    for name in ("photos/a/cat.png", "photos/dog.png"):
        files.pipe(f"/{name}", (tmp_path / "cat.png").read_bytes())
    found = image_files("memory://photos")
    assert [image.name for image in found] == ["a/cat.png", "dog.png"]
    assert read_image(found[0].address).pixels[0, 0].tolist() == [10, 20, 30]


@pytest.mark.parametrize(
    "manifest",
    [
        '["a/cat.png", "dog.png"]',
        '[{{"prefix": "{folder}/"}}, "a/cat.png", "dog.png"]',
        '{{"source-ref": "{folder}/a/cat.png", "class": 1}}\n{{"source-ref": "{folder}/dog.png"}}\n',
    ],
)
def test_a_manifest_lists_images_in_either_form_of_sagemaker(tmp_path, manifest):
    picture(tmp_path / "a" / "cat.png")
    picture(tmp_path / "dog.png", color=(9, 9, 9))
    path = tmp_path / "images.manifest"
    path.write_text(manifest.format(folder=tmp_path) if "folder" in manifest else manifest)
    found = image_files(str(path))
    assert [image.name for image in found] == ["a/cat.png", "dog.png"]
    assert [int(read_image(image.address).pixels[0, 0, 0]) for image in found] == [10, 9]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "age,job",
            (
                "It is neither a JPEG or PNG image nor a manifest of them. A manifest is a JSON list, "
                '[{"prefix": "s3://bucket/cats/"}, "a.jpg", "b.jpg"], or has a line '
                '{"source-ref": "s3://bucket/cats/a.jpg"} per image.'
            ),
        ),
        ("[]", "The manifest lists no image."),
    ],
)
def test_what_is_no_manifest_is_told(tmp_path, text, message):
    path = tmp_path / "list.manifest"
    path.write_text(text)
    with pytest.raises(DataError) as raised:
        image_files(str(path))
    assert str(raised.value) == f"dataset_uri: got {str(path)!r}. {message}"


def test_images_are_turned_upright_as_exif_says(tmp_path):
    wide = Image.new("RGB", (4, 2), "white")
    exif = wide.getexif()
    exif[0x0112] = 6
    wide.save(tmp_path / "turned.jpg", exif=exif)
    found = read_image(str(tmp_path / "turned.jpg"))
    assert found.pixels.shape == (4, 2, 3)
    assert found.converted == "turned upright as its EXIF data says"


@pytest.mark.parametrize(
    ("mode", "color", "expected", "converted"),
    [
        ("RGB", (1, 2, 3), [1, 2, 3], ""),
        ("L", 77, [77, 77, 77], "gray, shown in three equal colors"),
        ("1", 1, [255, 255, 255], "gray, shown in three equal colors"),
        ("LA", (0, 0), [255, 255, 255], "transparent parts laid over white"),
        ("RGBA", (0, 0, 0, 0), [255, 255, 255], "transparent parts laid over white"),
        ("RGBA", (10, 20, 30, 255), [10, 20, 30], "transparent parts laid over white"),
        ("P", 0, [0, 0, 0], ""),
    ],
)
def test_png_files_of_every_kind_become_three_colors(tmp_path, mode, color, expected, converted):
    Image.new(mode, (2, 2), color).save(tmp_path / "image.png")
    found = read_image(str(tmp_path / "image.png"))
    assert found.pixels[0, 0].tolist() == expected
    assert found.pixels.dtype == np.uint8
    assert found.converted == converted


def test_gray_levels_of_16_bits_keep_their_brightness(tmp_path):
    Image.fromarray(np.array([[0, 32_896], [65_535, 257]], dtype=np.uint16)).save(tmp_path / "x-ray.png")
    found = read_image(str(tmp_path / "x-ray.png"))
    assert found.pixels[:, :, 0].tolist() == [[0, 128], [255, 1]]
    assert found.converted == "gray of 16 bits, shown in three equal colors of 8 bits"


def test_jpeg_files_in_cmyk_are_converted_and_told(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "print.jpg", quality=95)
    found = read_image(str(tmp_path / "print.jpg"))
    red, green, blue = found.pixels[4, 4].tolist()
    assert red > 200
    assert max(green, blue) < 60
    assert found.converted == "converted from CMYK to RGB"


def test_a_file_that_was_cut_off_is_told(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:3000])
    with pytest.raises(DataError, match=r"cut.jpg: It cannot be read as an image: image file is truncated"):
        read_image(str(tmp_path / "cut.jpg"))


@pytest.mark.parametrize("size", [(10_000, 9_000), (20_000, 10_000)])
def test_an_image_of_too_many_pixels_is_not_unpacked(tmp_path, size):
    picture(tmp_path / "bomb.png", size=(5, 3))
    content = bytearray((tmp_path / "bomb.png").read_bytes())
    content[16:24] = struct.pack(">II", *size)  # what its header says, and the checksum of that
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    (tmp_path / "bomb.png").write_bytes(content)
    with pytest.raises(DataError) as raised:
        read_image(str(tmp_path / "bomb.png"), where="bomb.png")
    assert str(raised.value) == "bomb.png: It has more than 89,478,485 pixels. Reduce it first."


def test_a_manifest_may_not_list_other_files(tmp_path):
    (tmp_path / "list.manifest").write_text(json.dumps(["a.png", "b.gif"]))
    with pytest.raises(DataError, match=r"lists files that are no \.jpg, \.jpeg, \.png\. Remove them\."):
        image_files(str(tmp_path / "list.manifest"))
