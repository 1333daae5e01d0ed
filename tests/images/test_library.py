"""pellucid.explain_images: closed forms, laws, arguments, and models that were trained."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier

import pellucid
from pellucid.errors import ConfigError, DataError, ModelError
from pellucid.explain.budget import Budget
from pellucid.explain.plan import Plan
from pellucid.explain.segmentation import slic_segments
from pellucid.jobs.explanations.image_shap import ImageRequest, explained_image


def means_of(segments):
    """Mean brightness of every segment, shape (images, segments)."""

    def means(images):
        flat = images.mean(axis=3).reshape(len(images), -1)
        places = np.eye(segments.max() + 1)[segments.ravel()]
        return flat @ places / places.sum(axis=0)

    return means


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), players=st.integers(1, 30), outputs=st.integers(1, 3))
def test_a_model_linear_in_mean_brightness_of_segments_is_explained_exactly(seed, players, outputs):
    rng = np.random.default_rng(seed)
    image, baseline = rng.integers(0, 256, (2, 12, 10, 3), dtype=np.uint8)
    segments = np.sort(rng.permutation(np.arange(120) % players)).reshape(12, 10)
    weights, means = rng.normal(size=(players, outputs)), means_of(segments)
    found = pellucid.explain_images(
        lambda images: means(images) @ weights,
        [image],
        baseline=baseline,
        segments=segments,
        labels=list(range(outputs)),
        seed=seed,
        budget={"samples": 200},
    )
    expected = (means(image[None]) - means(baseline[None])).T * weights
    np.testing.assert_allclose(found[0].values, expected, atol=1e-9 * 255)
    np.testing.assert_allclose(found[0].values.sum(0), found[0].predictions - found[0].base_values, atol=1e-9 * 255)


def test_an_interaction_of_two_segments_is_shared_by_them():
    segments = np.array([[0, 1, 2]])
    white = np.full((1, 3, 3), 255, dtype=np.uint8)

    def both(images):
        return (images[:, 0, 0, 0] > 0) & (images[:, 0, 1, 0] > 0)

    found = pellucid.explain_images(both, white, baseline=(0, 0, 0), segments=segments)
    assert found[0].values[:, 0].tolist() == pytest.approx([0.5, 0.5, 0.0])
    assert found[0].methods == ("enumeration",)
    assert found[0].standard_errors.tolist() == [[0.0]] * 3


def test_several_baseline_images_are_averaged_over():
    white = np.full((1, 1, 3), 200, dtype=np.uint8)
    baselines = np.array([0, 100], dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 3), dtype=np.uint8)
    found = pellucid.explain_images(lambda images: images[:, 0, 0, 0], white, baseline=baselines, segments=[[0]])
    assert (found[0].base_values[0], found[0].values[0, 0]) == (50.0, 150.0)


def test_the_predicted_class_is_explained_by_default_and_others_on_request():
    image = np.full((2, 2, 3), 100, dtype=np.uint8)

    def model(images):
        return np.stack([images.mean((1, 2, 3)) / 300, images.mean((1, 2, 3)) / 200], axis=1)

    names = ["cat", "dog"]
    found = pellucid.explain_images(model, [image], label_headers=names, segments=[[0, 0], [1, 1]])
    assert [(out.label, out.class_id, out.score) for out in found[0].outputs] == [("dog", 1, 0.5)]
    found = pellucid.explain_images(model, [image], label_headers=names, labels=["cat", 1], segments=[[0, 0], [1, 1]])
    assert [out.label for out in found[0].outputs] == ["cat", "dog"]


def test_equal_seeds_give_equal_numbers_and_an_image_the_same_ones_in_any_company():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 256, (2, 20, 20, 3), dtype=np.uint8)
    segments = np.arange(400).reshape(20, 20) // 20

    def model(images):
        return np.sin(images.mean(axis=(2, 3)) / 40).prod(axis=1) * 1e3

    alone = pellucid.explain_images(model, [second], segments=segments, budget={"samples": 60}, seed=3)
    together = pellucid.explain_images(
        model, [first, second], segments=segments, budget={"samples": 60}, seed=3, batch_images=7
    )
    np.testing.assert_array_equal(alone[0].values, together[1].values)
    other = pellucid.explain_images(model, [second], segments=segments, budget={"samples": 60}, seed=4)
    assert not np.array_equal(alone[0].values, other[0].values)


def test_a_budget_of_model_calls_is_kept_over_all_images():
    images = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 3), dtype=np.uint8)
    asked = []

    def model(batch):
        asked.append(len(batch))
        return batch.mean(axis=(1, 2, 3))

    segments = np.arange(400).reshape(20, 20) // 20
    found = pellucid.explain_images(model, images, segments=segments, budget={"model_calls": 200})
    assert sum(asked) == found.model_images <= 200


def test_a_budget_of_seconds_is_spent_by_the_speed_of_the_first_look():
    seconds = 0.0

    def model(images):
        nonlocal seconds
        seconds += 0.1 * len(images)
        return images.mean(axis=(1, 2, 3))

    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    segments = np.arange(400).reshape(20, 20) // 20
    request = ImageRequest(plan=Plan(budget=Budget(seconds=20.1)))
    found = explained_image("noise", image, None, model, request, clock=lambda: seconds, segments=segments)
    assert 150 <= found.model_images <= 203


def test_digits_are_explained_by_the_pixels_of_their_strokes():
    digits, labels = load_digits(return_X_y=True)
    model = RidgeClassifier().fit(digits / 16, labels)
    image = np.repeat((digits[0] * 255 / 16).astype(np.uint8).reshape(8, 8, 1), 3, axis=2)

    def scores(images):
        return model.decision_function(images[:, :, :, 0].reshape(len(images), 64) / 255)

    found = pellucid.explain_images(
        scores, image, baseline=(0, 0, 0), segments=np.arange(64).reshape(8, 8), budget={"samples": 400}
    )
    assert found[0].outputs[0].class_id == labels[0] == 0
    np.testing.assert_allclose(found.pixel_map(0), model.coef_[0].reshape(8, 8) * image[:, :, 0] / 255, atol=1e-9)


@pytest.mark.slow
def test_the_objects_of_a_detector_share_the_masked_images_and_each_is_explained_by_its_own_place():
    from layout_detector import CLASSES, detect, page

    found = pellucid.explain_images(
        detect,
        page(),
        detection=True,
        label_headers=CLASSES,
        num_segments=12,
        compactness=30,
        baseline=(255, 255, 255),
        probability_threshold=0.5,
        budget={"samples": 40},
    )
    assert [out.label for out in found[0].outputs] == ["figure", "text", "figure"]
    assert found[0].model_images <= 43
    assert found[0].base_values.tolist() == [0.0, 0.0, 0.0]
    for i, out in enumerate(found[0].outputs):
        assert found[0].predictions[i] == pytest.approx(out.score)
        assert found[0].values[:, i].sum() == pytest.approx(out.score)


def boxes_by_brightness(images):
    """A detector of two objects, whose scores are the brightness of the left and of the right half."""
    half = images.shape[2] // 2
    left, right = (part.mean(axis=(1, 2, 3)) / 255 for part in (images[:, :, :half], images[:, :, half:]))
    return [[[0, a, 0, 0, 0.5, 1], [1, b, 0.5, 0, 1, 1], [-1, 0, 0, 0, 0, 0]] for a, b in zip(left, right, strict=True)]


def test_the_values_of_an_object_are_those_of_its_own_score():
    image = np.zeros((2, 2, 3), dtype=np.uint8)
    image[:, 0], image[:, 1] = 204, 153
    found = pellucid.explain_images(
        boxes_by_brightness,
        image,
        detection=True,
        label_headers=["cat", "dog"],
        baseline=(0, 0, 0),
        segments=[[0, 1]] * 2,
    )
    assert [(out.label, out.box) for out in found[0].outputs] == [("cat", (0, 0, 0.5, 1)), ("dog", (0.5, 0, 1, 1))]
    np.testing.assert_allclose(found[0].values, [[0.8, 0.0], [0.0, 0.6]])


def test_without_context_the_outside_of_a_box_always_shows_the_baseline():
    image = np.zeros((2, 2, 3), dtype=np.uint8)
    image[:, 0], image[:, 1] = 204, 153

    def whole(images):
        return [[[0, brightness, 0, 0, 0.5, 1]] for brightness in images.mean(axis=(1, 2, 3)) / 255]

    found = pellucid.explain_images(
        whole, image, detection=True, baseline=(0, 0, 0), segments=[[0, 1]] * 2, context=0.0, probability_threshold=0.1
    )
    np.testing.assert_allclose(found[0].values, [[0.4], [0.0]])
    assert found[0].outputs[0].score == pytest.approx(0.7)
    assert found[0].predictions[0] == pytest.approx(0.4)


def test_an_image_without_objects_has_no_outputs_and_says_so():
    found = pellucid.explain_images(boxes_by_brightness, np.full((2, 2, 3), 51, np.uint8), detection=True)
    assert found[0].outputs == ()
    assert found[0].values.shape == (4, 0)
    assert found[0].notes == ("No object has a score of at least 0.5; the best one has 0.2.",)


def test_segments_are_connected_and_about_as_many_as_wanted():
    found = slic_segments(data.chelsea()[:150, :200], 40, 30)
    assert 20 <= found.max() + 1 <= 60
    assert set(np.unique(found)) == set(range(found.max() + 1))


def test_gray_arrays_and_files_are_explained_and_what_was_converted_is_told(tmp_path):
    Image.fromarray(np.full((4, 4), 100, dtype=np.uint8)).save(tmp_path / "gray.png")
    found = pellucid.explain_images(
        lambda images: images.mean((1, 2, 3)),
        [np.full((4, 4), 50, np.uint8), str(tmp_path / "gray.png")],
        num_segments=2,
    )
    assert [float(image.predictions[0]) for image in found.images] == [50.0, 100.0]
    assert found.notes[:2] == (
        "images[0]: gray, shown in three equal colors",
        f"{tmp_path}/gray.png: gray, shown in three equal colors",
    )


@pytest.mark.parametrize(
    "image",
    [
        np.full((4, 4, 4), (0, 0, 0, 0), dtype=np.uint8),
        Image.new("RGBA", (4, 4), (0, 0, 0, 0)),
        [Image.new("RGBA", (4, 4), (0, 0, 0, 0))],
    ],
    ids=["array", "picture", "list"],
)
def test_transparent_parts_are_laid_over_white(image):
    found = pellucid.explain_images(lambda images: images.mean((1, 2, 3)), image, num_segments=2)
    assert found[0].predictions.tolist() == [255.0]
    assert found.notes[0] == "images[0]: transparent parts laid over white"


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            np.zeros((3, 8, 9), np.uint8),
            (
                "images: got 'uint8 of shape (3, 8, 9)'. Colors come last: use numpy.moveaxis(image, 0, -1). Of three "
                "gray images give a list."
            ),
        ),
        (
            None,
            (
                "images: got 'NoneType'. Give a list of images, or one: an array, a picture of Pillow, or the path of "
                "a file."
            ),
        ),
        ([], "images: got []. Give at least one image."),
    ],
    ids=["colors first", "nothing", "none"],
)
def test_what_are_no_images_is_told(images, message):
    with pytest.raises(DataError) as raised:
        pellucid.explain_images(len, images)
    assert str(raised.value) == message


def test_all_wrong_images_are_named_together(tmp_path):
    (tmp_path / "notes.jpg").write_text("no image")
    with pytest.raises(DataError) as raised:
        pellucid.explain_images(len, [np.zeros((4, 4, 3)), str(tmp_path / "notes.jpg"), str(tmp_path / "none.png")])
    assert str(raised.value).splitlines() == [
        (
            "images[0]: got 'float64 of shape (4, 4, 3)'. Give uint8 arrays of shape (height, width, 3), colors from 0 "
            "to 255; or gray ones, (height, width)."
        ),
        f"{tmp_path}/notes.jpg: It cannot be read as an image: it is no JPEG or PNG image.",
        f"{tmp_path}/none.png: It cannot be opened: No such file or directory.",
    ]


SMALL = np.zeros((2, 2, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_segments": 0}, "num_segments: got 0. Use an integer of at least 1."),
        ({"compactness": 0}, "compactness: got 0. Use a number above 0."),
        (
            {"labels": "cta", "label_headers": ["cat"]},
            "labels: got 'cta'. Use a position or a label header; did you mean 'cat'?",
        ),
        ({"labels": [3]}, "classes: got 3. The model gives 1 score. Use positions from 0 to 0."),
        (
            {"segments": [[0, 1, 2]]},
            "segments[0]: got (1, 3). The image has the shape (2, 2). Give as many pixels.",
        ),
        (
            {"baseline": 0.5},
            (
                "baseline: got 'float64 of shape ()'. Give an image of shape (height, width, 3), a color such as "
                "(128, 128, 128), or the path of an image."
            ),
        ),
        (
            {"detection": True, "link": "logit"},
            "link: got 'logit'. An object that is lost scores 0, which has no log-odds. Use 'identity'.",
        ),
        (
            {"budget": {"model_calls": 3}},
            (
                "budget.model_calls: got 3. Use at least 4: 4 for each image, which are two looks at it, its baseline "
                "and a coalition."
            ),
        ),
        (
            {"image_input": {"scale": 1}},
            (
                "image_input: It is for ONNX files. A function gets pixels from 0 to 255 and scales them itself; leave "
                "it out."
            ),
        ),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ConfigError) as raised:
        pellucid.explain_images(lambda images: images.mean((1, 2, 3)), SMALL, **arguments)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            lambda images: images,
            (
                "images[0]: The model was asked for 1 image and answered an array of shape (1, 2, 2, 3). Return one "
                "score, or one row of class scores, for each image."
            ),
        ),
        (
            lambda images: [0.2, 0.8],
            (
                "images[0]: The model was asked for 1 image and answered an array of shape (2,). Return one score, or "
                "one row of class scores, for each image."
            ),
        ),
        (
            lambda images: 1 / 0,
            "images[0]: <lambda>: predicting failed with ZeroDivisionError: division by zero",
        ),
        (
            lambda images: images.mean((1, 2, 3)) * np.nan,
            (
                "images[0]: The model answered [nan] for the row {'image': 'array of shape (2, 2, 3)'}. Explained "
                "scores must be finite numbers; check how the model treats such a row."
            ),
        ),
        (
            lambda images: np.ones((len(images), 3)),
            (
                "images[0]: label_headers: got 1 name, and the model answers with 3 scores per image. Give one name "
                "per score, in the order of the scores."
            ),
        ),
    ],
)
def test_an_answer_that_is_no_score_is_told_with_the_image(model, message):
    headers = ["only"] if "label_headers" in message else None
    with pytest.raises(ModelError) as raised:
        pellucid.explain_images(model, SMALL, segments=[[0, 1]] * 2, label_headers=headers)
    assert str(raised.value) == message


def explained():
    image = np.zeros((40, 60, 3), dtype=np.uint8)
    image[:20], image[20:] = 200, 100

    def model(images):
        return images[:, :20].mean((1, 2, 3)) / 255 - images[:, 20:].mean((1, 2, 3)) / 510

    return pellucid.explain_images(
        model, [image], baseline=(0, 0, 0), segments=np.repeat([0, 1], 20)[:, None] * np.ones((1, 60), int)
    )


def test_a_pixel_map_shows_the_value_of_the_segment_or_spreads_it():
    found = explained()
    assert found.pixel_map(0)[0, 0] == pytest.approx(200 / 255)
    assert found.pixel_map(0, spread=True).sum() == pytest.approx(float(found[0].values.sum()))


def test_an_overlay_is_blue_where_the_score_is_raised_and_hatched_red_where_it_is_lowered():
    picture = np.asarray(explained().overlay(0)).astype(int)
    right = picture[:, picture.shape[1] // 2 :]
    blue = (right[:, :, 2] > right[:, :, 0] + 40).sum()
    red = right[(right[:, :, 0] > right[:, :, 2] + 15)]
    assert blue > 10_000
    assert len(red) > 10_000
    assert len(np.unique(red[:, 0] // 12)) > 1  # lines darker than the ground


def test_a_png_and_a_notebook_view_are_given():
    found = explained()
    assert found.to_png(0).startswith(b"\x89PNG")
    html = found._repr_html_()
    assert html.count("data:image/jpeg;base64,") == 1
    assert "images[0]: segments that raise or lower the score of label0" in html


def test_a_frame_has_a_row_per_segment():
    frame = explained().to_frame()
    assert list(frame.columns) == ["image", "output", "segment", "pixels", "value", "standard_error", "low", "high"]
    assert frame["pixels"].tolist() == [1200, 1200]
    assert frame["value"].tolist() == pytest.approx([200 / 255, -100 / 510])


def test_with_shap_its_own_explanation_is_made():
    import matplotlib as mpl
    import shap

    mpl.use("Agg")
    found = explained().to_shap()
    assert found.data.shape == (1, 40, 60, 3)
    assert found.values.shape == (1, 40, 60, 3, 1)
    assert found.values.sum() == pytest.approx(200 / 255 - 100 / 510)
    shap.plots.image(found, show=False)  # which refuses what it cannot tell the outputs of
    both = pellucid.explain_images(lambda images: images[:, 0, 0, :2], [SMALL, SMALL], labels=[0, 1]).to_shap()
    assert both.values.shape == (2, 2, 2, 3, 2)
    shap.plots.image(both, show=False)


def test_images_of_different_sizes_do_not_fit_into_one_explanation_of_shap():
    found = pellucid.explain_images(
        lambda images: images.mean((1, 2, 3)), [SMALL, np.zeros((3, 2, 3), np.uint8)], num_segments=1
    )
    with pytest.raises(ConfigError) as raised:
        found.to_shap()
    assert str(raised.value) == (
        "images: got ['2 x 2 with 1 outputs', '3 x 2 with 1 outputs']. shap holds images of one size and equally many "
        "outputs. Explain such images together."
    )


def test_log_odds_are_explained_on_request():
    image = np.full((1, 2, 3), 200, dtype=np.uint8)

    def model(images):
        return 1 / (1 + np.exp(-(images[:, 0, :, 0] @ np.array([0.01, -0.005]))))

    found = pellucid.explain_images(model, image, baseline=(0, 0, 0), segments=[[0, 1]], link="logit")
    assert found[0].values[:, 0].tolist() == pytest.approx([2.0, -1.0])
    assert (found[0].base_values[0], found[0].predictions[0]) == pytest.approx((0.0, 1.0))
    assert found[0].outputs[0].score == pytest.approx(1 / (1 + np.exp(-1)))
