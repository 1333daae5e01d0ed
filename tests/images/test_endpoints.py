"""Endpoints that take JPEG and PNG files or arrays, on loopback."""

import json

import numpy as np
import pytest
from PIL import Image
from squares import quarters

from pellucid.api.job import run_job
from pellucid.errors import ModelError


def brightness(images):
    means = images.mean(axis=(1, 2, 3)) / 255
    return np.column_stack([means, 1 - means]).tolist()


@pytest.fixture
def job(tmp_path):
    (tmp_path / "photos").mkdir()
    for i in range(2):
        Image.fromarray(np.roll(quarters(), i, axis=1)).save(tmp_path / "photos" / f"{i}.png")
    Image.new("RGB", (1, 1)).save(tmp_path / "black.png")

    def written(url, content_type, images=None, **predictor):
        images = {"model_type": "IMAGE_CLASSIFICATION", "num_segments": 4} | (images or {})
        config = {
            "dataset_type": "application/x-image",
            "dataset_uri": str(tmp_path / "photos"),
            "methods": {"shap": {"baseline": str(tmp_path / "black.png"), "image_config": images}},
            "predictor": {"endpoint_name": url, "label_headers": ["bright", "dark"], "content_type": content_type}
            | predictor,
        }
        (tmp_path / "analysis_config.json").write_text(json.dumps(config))
        return tmp_path / "analysis_config.json"

    return written


def first(folder):
    return json.loads((folder / "pellucid.json").read_text())["explanations"]["image_shap"]["images"][0]


@pytest.mark.parametrize("content_type", ["image/png", "image/jpeg", "image/jpg", "application/x-npy"])
def test_all_formats_of_requests_give_the_same_explanation(job, endpoint, tmp_path, content_type):
    with endpoint(lambda images: brightness(images) if len(images) > 1 else brightness(images)[0]) as server:
        run_job(job(server.url, content_type), output=tmp_path / "out")
    sent = "image/jpeg" if content_type == "image/jpg" else content_type
    assert set(server.content_types) == {sent}
    assert (max(server.images) > 1) == (content_type == "application/x-npy")
    found = first(tmp_path / "out")
    output = found["outputs"][0]
    assert output["label"] == "dark"
    assert sum(server.images) == 2 * found["model_images"] == 34
    # Of each square one color of three is 250, of the white one all; a quarter of the image is a square.
    expected = [-250 / 255 / 12] * 3 + [-250 / 255 / 4]
    lossy = 0.01 if sent == "image/jpeg" else 1e-9
    assert sorted(output["values"], reverse=True) == pytest.approx(expected, abs=lossy)


def detected(images):
    half = images.shape[2] // 2
    left, right = (part.mean(axis=(1, 2, 3)) / 255 for part in (images[:, :, :half], images[:, :, half:]))
    return [[[0, a, 0, 0, 0.5, 1], [1, b, 0.5, 0, 1, 1], [-1] * 6] for a, b in zip(left, right, strict=True)]


DETECTION = {"model_type": "OBJECT_DETECTION", "max_objects": 2}


@pytest.mark.parametrize(
    ("content_type", "answer", "keys"),
    [
        ("image/jpeg", lambda images: detected(images)[0], {}),
        ("image/png", lambda images: {"prediction": detected(images)[0]}, {"probability": "prediction"}),
        ("image/png", lambda images: {"prediction": detected(images)}, {"probability": "prediction"}),
        ("application/x-npy", detected, {}),
    ],
)
def test_detections_come_in_all_documented_forms(job, endpoint, tmp_path, content_type, answer, keys):
    with endpoint(answer) as server:
        path = job(server.url, content_type, DETECTION, **keys)
        config = json.loads(path.read_text()) | {"probability_threshold": 0.3}
        path.write_text(json.dumps(config))
        run_job(path, output=tmp_path / "out")
    outputs = first(tmp_path / "out")["outputs"]
    assert [output["label"] for output in outputs] == ["dark", "bright"]
    assert [output["prediction"] for output in outputs] == pytest.approx([250 / 255 * 2 / 3, 250 / 255 / 3], abs=0.02)


def test_one_detection_alone_is_read_as_one(job, endpoint, tmp_path):
    with endpoint(lambda images: [[0, 0.9, 0.0, 0.0, 1.0, 1.0]]) as server:
        run_job(job(server.url, "image/png", DETECTION), output=tmp_path / "out")
    assert first(tmp_path / "out")["outputs"][0]["score"] == 0.9


@pytest.mark.parametrize(
    ("answer", "images", "message"),
    [
        (
            [0.1, 0.2, 0.7],
            {},
            (
                "predictor.label_headers: got 2 names, and the model answers with 3 scores per record. Give one name "
                "per score, in the order of the scores. The answer: '[0.1, 0.2, 0.7]'"
            ),
        ),
        (
            {"boxes": []},
            DETECTION,
            (
                "The answer holds an object with the keys 'boxes' where detections are expected. Set "
                "predictor.probability to where they are. The answer: '{\"boxes\": []}'"
            ),
        ),
        (
            [[0, 0.5]],
            DETECTION,
            (
                "The model answered an array of shape (1, 2) for an image. Return for each image a list of detections "
                "[class, score, left, top, right, bottom], edges as shares of 1. The answer: '[[0, 0.5]]'"
            ),
        ),
    ],
)
def test_answers_of_another_form_are_told(job, endpoint, tmp_path, answer, images, message):
    with endpoint(lambda sent: answer) as server, pytest.raises(ModelError) as raised:
        run_job(job(server.url, "image/png", images), output=tmp_path / "out")
    assert str(raised.value) == f"1.png: {message}"


def test_strict_jobs_write_pictures_and_arrays_and_no_key_of_ours(job, endpoint, tmp_path):
    with endpoint(lambda images: brightness(images)[0]) as server:
        result = run_job(job(server.url, "image/png"), output=tmp_path / "out", strict=True)
    assert result.document == {"version": "1.0", "explanations": {}}
    assert sorted(file.name for file in result.files if file.suffix in (".json", ".jpeg")) == [
        "analysis.json",
        "shap_0_dark.jpeg",
        "shap_1_dark.jpeg",
    ]


def test_a_closed_port_is_told(job, tmp_path):
    with pytest.raises(ModelError, match=r"^1\.png: "):
        run_job(job("http://127.0.0.1:9", "image/png", max_retries=0), output=tmp_path / "out")


def test_pictures_of_an_earlier_strict_job_do_not_stand_beside_new_ones(job, endpoint, tmp_path):
    with endpoint(lambda images: brightness(images)[0]) as server:
        run_job(job(server.url, "image/png"), output=tmp_path / "out", strict=True)
        (tmp_path / "out" / "shap_mine.jpeg").write_bytes(b"kept: no array beside it")
        (tmp_path / "photos" / "1.png").unlink()
        run_job(job(server.url, "image/png"), output=tmp_path / "out", strict=True)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "0_segments.npy",
        "analysis.json",
        "shap_0_dark.jpeg",
        "shap_0_dark.npy",
        "shap_mine.jpeg",
    ]


def test_pictures_do_not_stand_beside_the_results_of_a_job_on_a_table(job, endpoint, tmp_path):
    with endpoint(lambda images: brightness(images)[0]) as server:
        run_job(job(server.url, "image/png"), output=tmp_path / "out")
    (tmp_path / "people.csv").write_text("sex,hired\nf,0\nm,1\nf,1\nm,1\n")
    config = {
        "dataset_type": "text/csv",
        "dataset_uri": "people.csv",
        "label": "hired",
        "label_values_or_threshold": [1],
        "column_types": {"hired": "categorical"},
        "facet": [{"name_or_index": "sex", "value_or_threshold": ["f"]}],
        "methods": {"pre_training_bias": {"methods": ["DPL"]}},
    }
    (tmp_path / "table.json").write_text(json.dumps(config))
    run_job(tmp_path / "table.json", output=tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["analysis.json", "pellucid.json"]
