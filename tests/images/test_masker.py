"""Masked images, against choosing pixel by pixel."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pellucid.explain.game import MaskedGames, distinct_inputs
from pellucid.explain.image_background import background_for, image_seed, within_context
from pellucid.explain.maskers.image import ImageMasker
from pellucid.protocols.game import Asked


@given(
    seed=st.integers(0, 10_000),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    copies=st.integers(1, 3),
    players=st.integers(1, 80),
)
def test_a_pixel_shows_the_image_where_its_segment_is_present_and_the_background_elsewhere(
    seed, height, width, copies, players
):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    background = rng.integers(0, 256, (copies, height, width, 3), dtype=np.uint8)
    _, numbers = np.unique(rng.integers(0, players, (height, width)), return_inverse=True)
    segments = numbers.reshape(height, width)
    masker = ImageMasker(image, background, segments)
    coalitions = rng.random((5, masker.players)) < 0.5
    masked = masker.masked(Asked.join([Asked.of(0, coalitions[:2]), Asked.of(0, coalitions[2:])]))
    expected = np.where(coalitions[:, segments][:, None, :, :, None], image, background[None])
    expected = expected.reshape(-1, height, width, 3)
    np.testing.assert_array_equal(masked.batch().columns["image"], expected)
    np.testing.assert_array_equal(masked.batch(np.array([len(masked) - 1, 0])).columns["image"], expected[[-1, 0]])


def test_a_segment_is_active_where_any_color_of_any_pixel_differs_from_the_background():
    image = np.zeros((1, 4, 3), dtype=np.uint8)
    background = image[None].copy()
    background[0, 0, 3, 2] = 1
    masker = ImageMasker(image, background, np.array([[0, 0, 1, 1]]))
    assert masker.active([0]).tolist() == [[False, True]]


def test_equal_coalitions_of_more_than_64_segments_are_asked_once():
    image = np.zeros((1, 70, 3), dtype=np.uint8)
    masker = ImageMasker(image, image[None] + np.uint8(1), np.arange(70)[None, :])
    coalitions = np.zeros((4, 70), dtype=bool)
    coalitions[1, 69] = coalitions[3, 69] = coalitions[2, 0] = True
    first, which, _ = distinct_inputs(masker.masked(Asked.of(0, coalitions)))
    assert len(first) == 3
    assert which[1] == which[3] != which[2]


def test_masked_images_are_built_in_batches_of_bounded_size():
    image = np.zeros((256, 256, 3), dtype=np.uint8)
    largest = []

    def score(batch):
        largest.append(batch.columns["image"].shape[0])
        assert batch.columns["image"].base is None or batch.columns["image"].base.nbytes <= 128 * 2**20
        return np.zeros(len(batch))

    segments = np.arange(256)[:, None] * np.ones((1, 256), dtype=np.intp)
    games = MaskedGames(ImageMasker(image, image[None] + np.uint8(9), segments), score, batch_rows=16)
    rng = np.random.default_rng(0)
    games.values(Asked.of(0, rng.random((100, 256)) < 0.5))
    assert max(largest) == 16


def test_white_noise_and_coalitions_depend_on_seed_and_pixels_only():
    image = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    other = image[::-1].copy()
    assert image_seed(1, image) == image_seed(1, image.copy())
    assert (
        len({image_seed(1, image), image_seed(2, image), image_seed(1, other), image_seed(1, image[None][0, :2])}) == 4
    )
    noise = background_for(np.zeros((90, 90, 3), np.uint8), None, 5)
    np.testing.assert_array_equal(noise, background_for(np.zeros((90, 90, 3), np.uint8), None, 5))
    assert abs(noise.mean() - 127.5) < 3
    assert (noise.min(), noise.max()) == (0, 255)


def test_a_baseline_of_another_size_is_resized():
    small = np.full((1, 2, 2, 3), 7, dtype=np.uint8)
    assert background_for(np.zeros((5, 4, 3), np.uint8), small, 0).shape == (1, 5, 4, 3)


def test_context_blends_what_lies_outside_the_box_into_the_background():
    image, background = np.full((2, 4, 3), 200, np.uint8), np.full((2, 4, 3), 100, np.uint8)
    left_half = (0.0, 0.0, 0.5, 1.0)
    for context, outside in ((1.0, 200), (0.25, 125), (0.0, 100)):
        found = within_context(image, background, left_half, context)
        assert found[:, :, 0].tolist() == [[200, 200, outside, outside]] * 2
