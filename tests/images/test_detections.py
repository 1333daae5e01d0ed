"""Objects of a detector, and when they are found again, by hand."""

import numpy as np
import pytest

from pellucid.errors import ModelError
from pellucid.explain.detections import DetectedObject, as_detections, objects_in, overlaps, scores_of_objects

CAT = [0, 0.9, 0.0, 0.0, 0.5, 0.5]
DOG = [1, 0.8, 0.5, 0.5, 1.0, 1.0]
FAINT = [0, 0.3, 0.0, 0.5, 0.5, 1.0]
PADDING = [-1, 0, 0, 0, 0, 0]


def test_lists_of_different_lengths_are_padded_and_padding_in_answers_is_dropped():
    found = as_detections([[CAT, PADDING], [], [DOG, FAINT]], images=3)
    assert found.shape == (3, 2, 6)
    assert found[:, :, 0].tolist() == [[0, -1], [-1, -1], [1, 0]]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            [[CAT]],
            (
                "The model was asked for 2 images and answered 1 lists. Return for each image a list of detections "
                "[class, score, left, top, right, bottom], edges as shares of 1."
            ),
        ),
        (
            [[[0, 0.9]], []],
            (
                "The model answered an array of shape (1, 2) for an image. Return for each image a list of detections "
                "[class, score, left, top, right, bottom], edges as shares of 1."
            ),
        ),
        (
            [["cat"], []],
            (
                "The model answered what is no array of numbers for an image. Return for each image a list of "
                "detections [class, score, left, top, right, bottom], edges as shares of 1."
            ),
        ),
        (
            [[[0, float("nan"), 0, 0, 1, 1]], []],
            "The model answered the detection [0.0, nan, 0.0, 0.0, 1.0, 1.0]. Its numbers must be finite.",
        ),
    ],
)
def test_an_answer_of_another_shape_is_told(answer, message):
    with pytest.raises(ModelError) as raised:
        as_detections(answer, images=2)
    assert str(raised.value) == message


def test_objects_are_those_of_the_best_scores_from_the_threshold_on():
    (found,) = as_detections([[FAINT, DOG, CAT, PADDING]], images=1)
    assert [one.class_id for one in objects_in(found, threshold=0.5, most=3)] == [0, 1]
    assert [one.score for one in objects_in(found, threshold=0.3, most=3)] == [0.9, 0.8, 0.3]
    assert [one.score for one in objects_in(found, threshold=0.3, most=1)] == [0.9]
    assert [one.score for one in objects_in(found, threshold=0.3, most=3, classes=[1])] == [0.8]
    assert objects_in(found, threshold=0.95, most=3) == ()


def test_overlap_is_intersection_over_union():
    boxes = np.array([[0.0, 0.0, 0.5, 0.5], [0.25, 0.0, 0.75, 0.5], [0.5, 0.5, 1.0, 1.0]])
    assert overlaps(boxes, (0.0, 0.0, 0.5, 0.5)).tolist() == pytest.approx([1.0, 1 / 3, 0.0])


def test_an_object_is_found_again_where_the_best_overlap_of_its_class_reaches_the_threshold():
    cat = DetectedObject(0, 0.9, (0.0, 0.0, 0.5, 0.5))
    moved = [0, 0.7, 0.25, 0.0, 0.75, 0.5]
    near = [0, 0.2, 0.01, 0.0, 0.5, 0.5]
    images = [[CAT], [moved], [[1, 0.9, 0.0, 0.0, 0.5, 0.5]], [], [moved, near]]
    found = as_detections(images, images=5)
    assert scores_of_objects(found, [cat], 0.5)[:, 0].tolist() == [0.9, 0.0, 0.0, 0.0, 0.2]
    assert scores_of_objects(found, [cat], 0.3)[:, 0].tolist() == [0.9, 0.7, 0.0, 0.0, 0.2]


def test_a_threshold_of_0_still_needs_some_overlap():
    cat = DetectedObject(0, 0.9, (0.0, 0.0, 0.5, 0.5))
    assert scores_of_objects(as_detections([[FAINT]], 1), [cat], 0.0).tolist() == [[0.0]]
