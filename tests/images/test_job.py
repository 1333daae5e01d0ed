"""Jobs on images: configuration and files in, pictures, arrays and explanations out."""

import json
import sys

import numpy as np
import pytest
from PIL import Image
from squares import quarters
from typer.testing import CliRunner

from pellucid.api.inspection import inspect
from pellucid.api.job import run_job
from pellucid.cli.commands import app
from pellucid.errors import ConfigError, DataError, ModelError

MODELS = """
import numpy as np

def colors(images):
    means = images.mean(axis=(1, 2)) / 255
    return np.column_stack([means[:, 0], means[:, 1] / 2, means[:, 2] / 4])

def boxes(images):
    half = images.shape[2] // 2
    left = images[:, :, :half].mean(axis=(1, 2, 3)) / 255
    right = images[:, :, half:].mean(axis=(1, 2, 3)) / 255
    return [[[0, a, 0, 0, 0.5, 1], [1, b, 0.5, 0, 1, 1], [-1] * 6] for a, b in zip(left, right)]

def broken(images):
    raise RuntimeError("out of memory")

def moody(images):
    if images.shape[1] == 8:
        raise RuntimeError("too small")
    return colors(images)
"""
HEADERS = ["red", "green", "blue"]
IMAGES = {"model_type": "IMAGE_CLASSIFICATION", "num_segments": 4}


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A configuration of a job, changed as wanted, beside a folder of photographs."""
    (tmp_path / "image_models.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "image_models", raising=False)
    (tmp_path / "photos" / "animals").mkdir(parents=True)
    Image.fromarray(quarters()).save(tmp_path / "photos" / "animals" / "cat_7.png")
    Image.fromarray(quarters(24)[::-1].copy()).save(tmp_path / "photos" / "dog.png")
    Image.new("RGB", (1, 1)).save(tmp_path / "black.png")

    def written(*, shap=None, images=IMAGES, predictor=None, **keys):
        predictor = {"model": "image_models:colors", "label_headers": HEADERS, "content_type": "image/png"} | (
            predictor or {}
        )
        config = {
            "dataset_type": "application/x-image",
            "dataset_uri": "photos",
            "methods": {"shap": {"baseline": "black.png", "image_config": images, "seed": 3} | (shap or {})},
            "predictor": predictor,
        }
        path = tmp_path / "analysis_config.json"
        path.write_text(json.dumps(config | keys))
        return path

    yield written
    sys.modules.pop("image_models", None)


def details(folder):
    return json.loads((folder / "pellucid.json").read_text())["explanations"]["image_shap"]


def test_a_classification_job_writes_a_picture_and_an_array_for_the_predicted_class_of_every_image(job, tmp_path):
    steps = []
    result = run_job(job(), output=tmp_path / "out", progress=steps.append)
    assert [file.name for file in result.files] == [
        "analysis.json",
        "pellucid.json",
        "shap_animals_cat_7_red.jpeg",
        "shap_animals_cat_7_red.npy",
        "animals_cat_7_segments.npy",
        "shap_dog_red.jpeg",
        "shap_dog_red.npy",
        "dog_segments.npy",
    ]
    assert steps[-3:] == [
        "explaining images: 1 of 2, animals/cat_7.png",
        "explaining images: 2 of 2, dog.png",
        "writing results",
    ]
    values = np.load(tmp_path / "out" / "shap_animals_cat_7_red.npy")
    assert values.shape == (16, 16)
    # Red lies in the first and in the white square: a quarter of 250 / 255 each.
    assert values[0, 0] == pytest.approx(250 / 255 / 4)
    assert values[0, 15] == values[15, 0] == 0
    with Image.open(tmp_path / "out" / "shap_dog_red.jpeg") as picture:
        assert picture.format == "JPEG"
    assert result.document["explanations"]["image_shap"]["images"][0] == {
        "image": "animals/cat_7.png",
        "outputs": [
            {
                "label": "red",
                "score": pytest.approx(250 / 255 / 2),
                "expected_value": 0.0,
                "heat_map": "shap_animals_cat_7_red.jpeg",
                "shap_values": "shap_animals_cat_7_red.npy",
            }
        ],
    }


def test_the_details_hold_values_errors_seeds_and_what_was_asked(job, tmp_path):
    run_job(job(), output=tmp_path / "out")
    found = details(tmp_path / "out")
    cat = found["images"][0]
    assert (found["seed"], found["estimator"], found["baseline"]) == (
        3,
        "auto",
        {"source": "given", "uri": "black.png"},
    )
    assert (cat["height"], cat["width"], cat["segments"], cat["files"]) == (
        16,
        16,
        4,
        {"segments": "animals_cat_7_segments.npy"},
    )
    output = cat["outputs"][0]
    assert sorted(output["values"]) == pytest.approx([0, 0, 250 / 255 / 4, 250 / 255 / 4])
    assert output["standard_errors"] == [0.0] * 4
    assert (output["method"], output["samples"]) == ("enumeration", 14)
    segments = np.load(tmp_path / "out" / "animals_cat_7_segments.npy")
    values = np.load(tmp_path / "out" / "shap_animals_cat_7_red.npy")
    np.testing.assert_array_equal(np.array(output["values"])[segments], values)
    # one first look, both ends, and 14 coalitions
    assert cat["model_images"] == 17
    assert found["failed"] == []


def test_equal_jobs_write_equal_bytes(job, tmp_path):
    for name in ("one", "two"):
        run_job(job(shap={"num_samples": 6}), output=tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name


def test_without_a_baseline_white_noise_is_drawn_with_the_seed(job, tmp_path):
    path = job()
    config = json.loads(path.read_text())
    del config["methods"]["shap"]["baseline"]
    for seed, name in ((3, "one"), (3, "two"), (4, "three")):
        config["methods"]["shap"]["seed"] = seed
        path.write_text(json.dumps(config))
        result = run_job(path, output=tmp_path / name)
    one, two, three = (np.load(tmp_path / name / "shap_dog_red.npy") for name in ("one", "two", "three"))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, three)
    assert "Absent segments show white noise, drawn with the seed of each image." in result.notes[-1]


def test_a_detection_job_writes_a_picture_per_object_and_one_of_all_boxes(job, tmp_path):
    Image.new("RGB", (16, 16), (10, 10, 10)).save(tmp_path / "photos" / "night.png")
    path = job(
        images={"model_type": "OBJECT_DETECTION", "num_segments": 4},
        predictor={"model": "image_models:boxes", "label_headers": ["cat", "dog"]},
        probability_threshold=0.3,
    )
    result = run_job(path, output=tmp_path / "out")
    assert [file.name for file in result.files if file.name.endswith("jpeg")] == [
        "shap_animals_cat_7_box1_object.jpeg",
        "shap_animals_cat_7_box2_object.jpeg",
        "animals_cat_7_objects.jpeg",
        "shap_dog_box1_object.jpeg",
        "shap_dog_box2_object.jpeg",
        "dog_objects.jpeg",
    ]
    found = details(tmp_path / "out")["images"]
    assert [(out["label"], out["box"]) for out in found[0]["outputs"]] == [
        ("dog", [0.5, 0.0, 1.0, 1.0]),
        ("cat", [0.0, 0.0, 0.5, 1.0]),
    ]
    assert found[0]["model_images"] == 17  # the objects share the masked images
    assert found[2]["notes"] == ["No object has a score of at least 0.3; the best one has 0.0392."]
    assert result.warnings == (
        "No object to explain was found in night.png; pellucid.json says what the best score was.",
    )


def test_images_that_cannot_be_explained_are_listed_and_the_others_are_explained(job, tmp_path):
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"no image")
    Image.fromarray(quarters(8)).save(tmp_path / "photos" / "tiny.png")
    result = run_job(job(predictor={"model": "image_models:moody"}), output=tmp_path / "out")
    assert details(tmp_path / "out")["failed"] == [
        {"image": "bad.jpg", "reason": "It cannot be read as an image: it is no JPEG or PNG image."},
        {"image": "tiny.png", "reason": "moody: predicting failed with RuntimeError: too small"},
    ]
    assert result.warnings == (
        (
            "2 of 4 images were not explained. bad.jpg: It cannot be read as an image: it is no JPEG or PNG image. "
            "tiny.png: moody: predicting failed with RuntimeError: too small"
        ),
    )


def test_a_model_that_always_fails_ends_the_job(job, tmp_path):
    for i in range(5):
        Image.fromarray(quarters()).save(tmp_path / "photos" / f"{i}.png")
    with pytest.raises(ModelError) as raised:
        run_job(job(predictor={"model": "image_models:broken"}), output=tmp_path / "out")
    assert str(raised.value) == (
        "The model fails on image after image; the last was 2.png. "
        "broken: predicting failed with RuntimeError: out of memory"
    )
    assert list((tmp_path / "out").iterdir()) == []


def test_a_job_of_nothing_but_unreadable_images_fails(job, tmp_path):
    for path in (tmp_path / "photos").rglob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(DataError) as raised:
        run_job(job(), output=tmp_path / "out")
    assert str(raised.value) == (
        "animals/cat_7.png: It cannot be read as an image: it is no JPEG or PNG image.\n"
        "dog.png: It cannot be read as an image: it is no JPEG or PNG image."
    )


def test_a_wrong_number_of_label_headers_is_told(job, tmp_path):
    with pytest.raises(ModelError) as raised:
        run_job(job(predictor={"label_headers": ["red", "green"]}), output=tmp_path / "out")
    assert str(raised.value) == (
        "dog.png: predictor.label_headers: got 2 names, and the model answers with 3 scores per image. Give one name "
        "per score, in the order of the scores."
    )


def test_pictures_of_an_earlier_job_do_not_stand_beside_new_ones(job, tmp_path):
    run_job(job(), output=tmp_path / "out")
    (tmp_path / "out" / "mine.jpeg").write_bytes(b"kept")
    (tmp_path / "photos" / "dog.png").unlink()
    run_job(job(), output=tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").glob("*.jpeg")) == [
        "mine.jpeg",
        "shap_animals_cat_7_red.jpeg",
    ]


def test_images_whose_names_would_meet_get_files_of_their_own(job, tmp_path):
    Image.fromarray(quarters()).save(tmp_path / "photos" / "animals_cat_7.png")
    run_job(job(), output=tmp_path / "out")
    assert {file.name for file in (tmp_path / "out").glob("shap_*.npy")} == {
        "shap_animals_cat_7_red.npy",
        "shap_animals_cat_7_2_red.npy",
        "shap_dog_red.npy",
    }


def test_debug_chooses_images_and_classes(job, tmp_path):
    debug = {"image_names": ["cat_7.png"], "class_ids": [1, 2]}
    run_job(job(images=IMAGES | {"debug": debug}), output=tmp_path / "out")
    assert {file.name for file in (tmp_path / "out").glob("*.jpeg")} == {
        "shap_animals_cat_7_green.jpeg",
        "shap_animals_cat_7_blue.jpeg",
    }


def test_debug_chooses_a_range_of_images(job, tmp_path):
    run_job(job(images=IMAGES | {"debug": {"sample_from": 1, "sample_to": 1}}), output=tmp_path / "out")
    assert [image["image"] for image in details(tmp_path / "out")["images"]] == ["dog.png"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"dataset_uri": "nowhere"}, "dataset_uri: got 'nowhere'. There is no such file or folder; "),
        ({"shap": {"baseline": "none.png"}}, "methods.shap.baseline: It cannot be opened: No such file or directory."),
        (
            {"images": IMAGES | {"debug": {"image_names": ["cow.png"]}}},
            "methods.shap.image_config.debug.image_names: got 'cow.png'. Use the name of an image; ",
        ),
        (
            {"images": IMAGES | {"debug": {"class_ids": [7]}}},
            "methods.shap.image_config.debug.class_ids[0]: got 7. Use positions from 0 to 2.",
        ),
        (
            {"images": IMAGES | {"debug": {"sample_from": 9}}},
            (
                "methods.shap.image_config.debug: got {'sample_from': 9}. No image is left of 2, which are counted "
                "from 0. Widen the choice."
            ),
        ),
        (
            {"images": {"model_type": "OBJECT_DETECTION"}, "shap": {"use_logit": True}},
            (
                "methods.shap.use_logit: got True. An object that is lost scores 0, which has no log-odds. Set it to "
                "false."
            ),
        ),
        (
            {"images": {"model_type": "OBJECT_DETECTION"}, "predictor": {"accept_type": "text/csv"}},
            "predictor.accept_type: got 'text/csv'. Detections are read from 'application/json'.",
        ),
        (
            {"shap": {"feature_groups": {"a": ["b"]}}},
            "methods.shap.feature_groups: got {'a': ('b',)}. It is for columns of tables. Remove this key.",
        ),
        (
            {"shap": {"budget": {"model_calls": 5}}},
            (
                "methods.shap.budget.model_calls: got 5. Use at least 8: 4 for each image, which are two looks at it, "
                "its baseline and a coalition."
            ),
        ),
    ],
)
def test_wrong_keys_are_named(job, tmp_path, keys, message):
    with pytest.raises(ConfigError) as raised:
        run_job(job(**keys), output=tmp_path / "out")
    assert str(raised.value).startswith(message)


def test_one_fault_does_not_bring_another_that_is_none(job, tmp_path):
    with pytest.raises(ConfigError) as raised:
        run_job(job(images={"num_segments": 4}), output=tmp_path / "out")
    assert str(raised.value) == (
        "methods.shap.image_config.model_type: This key is required. Use 'IMAGE_CLASSIFICATION' or 'OBJECT_DETECTION'."
    )


def test_doctor_lists_the_images_and_asks_the_model_for_the_first(job, tmp_path):
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"no image")
    found = inspect(job())
    assert found.problems == ()
    assert found.notes[0] == "3 images (height x width): animals/cat_7.png (16 x 16), dog.png (24 x 24) and 1 more."
    assert found.notes[1].startswith("The model was asked for animals/cat_7.png and answered in ")
    assert found.notes[1].endswith("3 scores, the highest 0.49 for 'red'.")
    assert found.warnings == (
        "bad.jpg: It cannot be read as an image: it is no JPEG or PNG image. It will be left out.",
    )


def test_doctor_tells_what_is_wrong_with_the_model(job):
    found = inspect(job(predictor={"model": "image_models:broken"}))
    assert [str(problem) for problem in found.problems] == [
        "predictor.model: broken: predicting failed with RuntimeError: out of memory"
    ]


def test_the_command_line_shows_what_was_explained(job, tmp_path):
    ran = CliRunner().invoke(app, ["run", str(job()), "--output", str(tmp_path / "out")])
    assert ran.exit_code == 0, ran.output
    assert "Heat maps of 2 images" in ran.output
    assert "animals/cat_7.png" in ran.output
    assert "exact" in ran.output


def test_the_report_holds_the_first_heat_maps_and_a_table(job, tmp_path):
    from pellucid.api.reporting import rebuild_reports
    from pellucid.reports.content import build_document
    from pellucid.reports.document import Picture, Table
    from pellucid.reports.source import read_source

    for i in range(7):
        Image.fromarray(np.roll(quarters(), i, axis=0)).save(tmp_path / "photos" / f"{i}.png")
    run_job(job(), output=tmp_path / "out")
    document = build_document(read_source(tmp_path / "out"))
    (explanations,) = (section for section in document.sections if section.anchor == "explanations")
    (images,) = explanations.sections
    pictures = [block for block in images.blocks if isinstance(block, Picture)]
    assert len(pictures) == 6
    assert pictures[0].description == "0.png: segments that raise or lower the score of red, 0.490"
    assert sum(len(picture.data) for picture in pictures) < 600_000
    (table,) = (block for block in images.blocks if isinstance(block, Table))
    assert len(table.rows) == 9
    assert [getattr(cell, "text", cell) for cell in table.rows[0]] == [
        "0.png",
        "red",
        "0.490",
        "0.00",
        "0.245",
        "exact",
    ]
    rebuild_reports(tmp_path / "out")
    assert (tmp_path / "out" / "report.html").stat().st_size < 2_000_000


@pytest.mark.slow
def test_a_job_with_report_writes_its_files_and_evidence(job, tmp_path):
    path = job()
    config = json.loads(path.read_text())
    config["methods"]["report"] = {"name": "photos", "title": "Photos"}
    path.write_text(json.dumps(config))
    result = run_job(path, output=tmp_path / "out", report=True)
    assert {file.name for file in result.files} >= {"photos.html", "photos.pdf", "photos.ipynb", "evidence.json"}
    assert result.warnings == ()
    evidence = json.loads((tmp_path / "out" / "evidence.json").read_text())
    assert evidence["model_rows"] == 34  # 14 coalitions, the first look and both ends, of two images
