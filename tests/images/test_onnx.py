"""ONNX models of images: colors first or last, bytes or floats, one image at a time or many."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from squares import quarter_segments, quarters

import pellucid
from pellucid.api.job import run_job
from pellucid.errors import ConfigError, ModelError


def saved(path, shape, kind=TensorProto.FLOAT):
    """A model whose two scores are the mean red of the left half and the mean of everything, of any such input."""
    first = shape[1] == 3
    spatial = [2, 3] if first else [1, 2]
    nodes = [
        helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["colors"], axes=spatial, keepdims=0),
        helper.make_node("Gather", ["colors", "places"], ["scores"], axis=1),
    ]
    places = helper.make_tensor("places", TensorProto.INT64, [2], [0, 2])
    graph = helper.make_graph(
        nodes,
        "colors",
        [helper.make_tensor_value_info("image", kind, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [shape[0], 2])],
        [places],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return str(path)


@pytest.mark.parametrize("shape", [["n", 3, 16, 16], ["n", 16, 16, 3], [1, 3, "h", "w"], [4, 16, 16, 3]])
def test_every_layout_is_fed_alike(tmp_path, shape):
    model = saved(tmp_path / "colors.onnx", shape)
    found = pellucid.explain_images(
        model,
        quarters(),
        baseline=(0, 0, 0),
        segments=quarter_segments(),
        labels=[0, 1],
        image_input={"scale": 1 / 255, "mean": [0.5] * 3, "std": [0.25] * 3},
    )
    quarter = 250 / 255 / 0.25 / 4
    assert found[0].base_values.tolist() == pytest.approx([-2, -2])
    np.testing.assert_allclose(found[0].values, [[quarter, 0], [0, 0], [0, quarter], [quarter, quarter]], atol=1e-6)


def test_a_model_of_bytes_takes_pixels_as_they_are_and_images_of_another_size_are_resized(tmp_path):
    model = saved(tmp_path / "bytes.onnx", ["n", 8, 8, 3], TensorProto.UINT8)
    found = pellucid.explain_images(model, quarters(), baseline=(0, 0, 0), segments=quarter_segments(), labels=[0])
    assert found[0].values[:, 0].tolist() == pytest.approx([62.5, 0, 0, 62.5], abs=0.3)


def test_a_model_of_floats_must_be_told_how_it_takes_pixels(tmp_path):
    model = saved(tmp_path / "colors.onnx", ["n", 3, 16, 16])
    with pytest.raises(ConfigError) as raised:
        pellucid.explain_images(model, quarters())
    assert str(raised.value) == (
        f"image_input: {model} takes floats, and does not say how pixels become these. Give what it was trained with, "
        'such as {"scale": 0.00392157, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}.'
    )


def test_a_model_that_takes_no_images_is_told(tmp_path):
    model = saved(tmp_path / "rows.onnx", ["n", 5, 16, 16])
    with pytest.raises(ModelError, match=r"rows.onnx: takes 'image' of tensor\(float\) with the shape .* and not one"):
        pellucid.explain_images(model, quarters(), image_input={})


def test_a_missing_file_and_another_kind_of_file_are_told(tmp_path):
    (tmp_path / "model.pkl").write_bytes(b"")
    saved(tmp_path / "colors.onnx", ["n", 3, 16, 16])
    with pytest.raises(ModelError, match=r"color.onnx: there is no such file; did you mean 'colors.onnx'\?"):
        pellucid.explain_images(str(tmp_path / "color.onnx"), quarters())
    with pytest.raises(ModelError, match=r"model.pkl: is no model of images that can be loaded. Give an ONNX file"):
        pellucid.explain_images(str(tmp_path / "model.pkl"), quarters())


def test_a_job_takes_image_input_from_the_predictor(tmp_path):
    (tmp_path / "photos").mkdir()
    Image.fromarray(quarters()).save(tmp_path / "photos" / "squares.png")
    Image.new("RGB", (1, 1)).save(tmp_path / "black.png")
    config = {
        "dataset_type": "application/x-image",
        "dataset_uri": str(tmp_path / "photos"),
        "methods": {
            "shap": {
                "baseline": str(tmp_path / "black.png"),
                "image_config": {"model_type": "IMAGE_CLASSIFICATION", "num_segments": 4},
            }
        },
        "predictor": {"model": saved(tmp_path / "colors.onnx", ["n", 3, 16, 16]), "label_headers": ["red", "blue"]},
    }
    path = tmp_path / "analysis_config.json"
    path.write_text(json.dumps(config))
    with pytest.raises(ConfigError, match=r"^predictor.image_input: "):
        run_job(path, output=tmp_path / "out")
    config["predictor"]["image_input"] = {"scale": 1}
    path.write_text(json.dumps(config))
    run_job(path, output=tmp_path / "out")
    assert np.load(tmp_path / "out" / "shap_squares_red.npy")[0, 0] == pytest.approx(62.5, abs=1e-3)


def digits_model(path, coefficients, intercepts):
    """A classifier of 8 x 8 pictures of digits, colors first, pixels from 0 to 16: one score per digit."""
    weights = helper.make_tensor("weights", TensorProto.FLOAT, [64, 10], coefficients.T.astype(np.float32).ravel())
    added = helper.make_tensor("added", TensorProto.FLOAT, [10], intercepts.astype(np.float32))
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [-1, 64])
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["gray"], axes=[1], keepdims=0),
        helper.make_node("Reshape", ["gray", "shape"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "added"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 10])],
        [weights, added, shape],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def test_a_trained_classifier_of_ten_classes_is_explained_by_its_weights_on_the_strokes(tmp_path):
    pixels, labels = load_digits(return_X_y=True)
    ridge = RidgeClassifier().fit(pixels, labels)
    digits_model(tmp_path / "digits.onnx", ridge.coef_, ridge.intercept_)
    (tmp_path / "photos").mkdir()
    for i in range(3):
        gray = np.round(pixels[i].reshape(8, 8) * 255 / 16).astype(np.uint8)
        Image.fromarray(gray).save(tmp_path / "photos" / f"{i}.png")
    Image.new("RGB", (1, 1)).save(tmp_path / "black.png")
    config = {
        "dataset_type": "application/x-image",
        "dataset_uri": str(tmp_path / "photos"),
        "methods": {
            "shap": {
                "baseline": str(tmp_path / "black.png"),
                "image_config": {"model_type": "IMAGE_CLASSIFICATION", "num_segments": 12, "segment_compactness": 1},
            }
        },
        "predictor": {
            "model": str(tmp_path / "digits.onnx"),
            "label_headers": [f"digit {number}" for number in range(10)],
            "image_input": {"scale": 16 / 255},
        },
    }
    (tmp_path / "analysis_config.json").write_text(json.dumps(config))
    found = run_job(tmp_path / "analysis_config.json", output=tmp_path / "out").document
    images = found["explanations"]["image_shap"]["images"]
    assert [image["outputs"][0]["label"] for image in images] == ["digit 0", "digit 1", "digit 2"]
    for i, image in enumerate(images):
        segments = np.load(tmp_path / "out" / f"{i}_segments.npy")
        gray = np.asarray(Image.open(tmp_path / "photos" / f"{i}.png")) / 255 * 16
        weighted = np.bincount(segments.ravel(), (ridge.coef_[i].reshape(8, 8) * gray).ravel())
        heat = np.load(tmp_path / "out" / image["outputs"][0]["shap_values"])
        np.testing.assert_allclose(heat, weighted[segments], atol=1e-5)
        assert image["outputs"][0]["expected_value"] == pytest.approx(ridge.intercept_[i], abs=1e-5)
