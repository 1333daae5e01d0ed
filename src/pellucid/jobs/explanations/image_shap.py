"""Kernel SHAP over the segments of an image, for a classifier or a detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pellucid.errors import ConfigError, ModelError, Problem
from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import Budget, default_samples, note
from pellucid.explain.detections import DetectedObject, as_detections, objects_in, scores_of_objects
from pellucid.explain.estimate import explain_games
from pellucid.explain.game import Link, MaskedGames
from pellucid.explain.image_background import background_for, image_seed, within_context
from pellucid.explain.maskers.image import COLUMN, ImageMasker
from pellucid.explain.plan import Plan
from pellucid.explain.segmentation import slic_segments
from pellucid.nouns import counted
from pellucid.records import dataclass
from pellucid.results.image_explanation import ExplainedImage, ImageOutput

__all__ = ["Ask", "DetectionRequest", "ImageRequest", "explained_image", "first_look", "share_of"]

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Ask = Callable[[Bytes], object]
"""The model: images of shape (images, height, width, 3) in; scores of shape (images,) or (images, classes) out, or of a
detector a list of detections for each image, see `pellucid.explain.detections`."""
LOOKS = 4
"""Images that the model is asked for at least to explain one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionRequest:
    """Which objects are explained, and when an object of a changed image is the same one.

    Parameters
    ----------
    max_objects
        Most objects of an image.
    iou_threshold
        Least overlap (intersection over union) of two boxes of the same object.
    context
        1: the whole image takes part; 0: the outside of the box always shows the baseline.
    probability_threshold
        Least score of an object.
    """

    max_objects: int = 3
    iou_threshold: float = 0.5
    context: float = 1.0
    probability_threshold: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """How images are explained.

    Parameters
    ----------
    classes
        Classes to explain, by position; without, the predicted class, or objects of any class.
    label_headers
        Names of the classes, in the order of the scores.
    detection
        For a detector; None for a classifier.
    batch_images
        Most images per call of the model.
    """

    plan: Plan
    link: Link = "identity"
    num_segments: int = 20
    compactness: float = 5
    classes: tuple[int, ...] | None = None
    label_headers: tuple[str, ...] | None = None
    detection: DetectionRequest | None = None
    batch_images: int = 64


def share_of(plan: Plan, parts: int) -> Plan:
    """The plan for one of several images that share a budget.

    Raises
    ------
    ConfigError
        The model calls do not make a few for every image.
    """
    budget = plan.budget
    least = LOOKS * parts
    if budget.model_calls is not None and budget.model_calls < least:
        fix = f"Use at least {least}: {LOOKS} for each image, which are two looks at it, its baseline and a coalition."
        raise ConfigError(Problem("budget.model_calls", budget.model_calls, fix=fix))
    calls = None if budget.model_calls is None else budget.model_calls // parts
    seconds = None if budget.seconds is None else max(budget.seconds / parts, 1e-9)
    return replace(plan, budget=replace(budget, model_calls=calls, seconds=seconds))


def explained_image(
    name: str,
    pixels: Bytes,
    baseline: Bytes | None,
    ask: Ask,
    request: ImageRequest,
    *,
    clock: Callable[[], float],
    segments: Integers | None = None,
) -> ExplainedImage:
    """Shapley values of the segments of one image.

    Parameters
    ----------
    pixels
        Shape (height, width, 3).
    baseline
        Images that show what an absent segment looks like, shape (images, height, width, 3); None for white noise.
    request
        Its budget is that of this image.
    clock
        Seconds from some moment on, for a budget in seconds: it is spent by the time that the first look takes.
    segments
        Segment of every pixel, from 0; by default found by SLIC.

    Raises
    ------
    ConfigError
        The budget does not fit the number of segments, or there is no such class.
    ModelError
        The model does not answer with finite scores or detections.
    """
    seed = image_seed(request.plan.seed, pixels)
    background = background_for(pixels, baseline, seed)
    if segments is None:
        segments = slic_segments(pixels, request.num_segments, request.compactness)
    begun = clock()
    answer = ask(pixels[None])
    plan = replace(
        request.plan,
        seed=seed,
        budget=_affordable(request.plan.budget, clock() - begun, len(background), int(segments.max()) + 1),
    )
    image = _Image(name, pixels, background, segments, replace(request, plan=plan))
    if request.detection is None:
        return _classified(image, ask, answer)
    return _detected(image, ask, answer, request.detection)


def first_look(pixels: Bytes, ask: Ask, request: ImageRequest) -> str:
    """What the model says of an image as it is, in words.

    Raises
    ------
    ModelError
        The model does not answer with scores or detections.
    """
    answer, wanted = ask(pixels[None]), request.detection
    if wanted is None:
        scores = _class_scores(answer, 1)[0]
        names = _class_names(request.label_headers, len(scores))
        return f"{counted(len(scores), 'score')}, the highest {scores.max():.3g} for {names[int(scores.argmax())]!r}."
    (found,) = as_detections(answer, 1)
    objects = objects_in(
        found, threshold=wanted.probability_threshold, most=wanted.max_objects, classes=request.classes
    )
    if not objects:
        return _no_object(found, wanted, request)
    listed = ", ".join(f"{_class_name(request, one)!r} {one.score:.3g}" for one in objects)
    return f"{counted(len(found), 'detection')}; explained would be {listed}."


def _affordable(budget: Budget, look: float, copies: int, players: int) -> Budget:
    """The budget after the first look at the image, which took ``look`` seconds; what is left of time in samples."""
    calls = None if budget.model_calls is None else budget.model_calls - 1
    if budget.seconds is None:
        return replace(budget, model_calls=calls)
    in_time = int((budget.seconds - look) / max(look, 1e-9) / copies)
    most = min(default_samples(players) if budget.samples is None else budget.samples, max(1, in_time))
    return replace(budget, model_calls=calls, seconds=None, samples=most)


@dataclass(frozen=True, slots=True, eq=False)
class _Played:
    """What a game of one row gives, and the number of segments that could change anything."""

    found: Attributions
    active: int


@dataclass(frozen=True, slots=True, eq=False)
class _Image:
    """One image and how it is explained."""

    name: str
    pixels: Bytes
    background: Bytes
    segments: Integers
    request: ImageRequest

    def played(
        self, score: Callable[[Bytes], Floats], *, pixels: Bytes | None = None, plan: Plan | None = None
    ) -> _Played:
        """The game of this image, or of a variant of it, with the scores of masked images for outputs."""
        masker = ImageMasker(self.pixels if pixels is None else pixels, self.background, self.segments)
        request = self.request
        games = MaskedGames(masker, lambda batch: score(batch.columns[COLUMN]), request.link, request.batch_images)
        active = masker.players if request.plan.estimator == "clarify" else int(masker.active([0]).sum())
        return _Played(explain_games(games, plan or request.plan), active)

    def explained(
        self, outputs: Sequence[ImageOutput], games: Sequence[_Played], notes: Sequence[str]
    ) -> ExplainedImage:
        """The result of games whose outputs, one after another, are ``outputs``."""
        players = int(self.segments.max()) + 1
        nothing, none = np.zeros((players, 0)), np.zeros(0)
        parts = [game.found for game in games]
        per_part = [part.values.shape[2] for part in parts]
        samples = [int(part.samples[0]) for part in parts]
        told = [
            note(game.active, most, self.request.plan.estimator)
            for game, most in zip(games, samples, strict=True)
            if game.active > 1
        ]
        return ExplainedImage(
            name=self.name,
            pixels=self.pixels,
            segments=self.segments,
            outputs=tuple(outputs),
            values=np.column_stack([nothing, *(part.values[0] for part in parts)]),
            standard_errors=np.column_stack([nothing, *(part.standard_errors[0] for part in parts)]),
            base_values=np.concatenate([none, *(part.base_values[0] for part in parts)]),
            predictions=np.concatenate([none, *(part.predictions[0] for part in parts)]),
            methods=tuple(part.estimators[0] for part, n in zip(parts, per_part, strict=True) for _ in range(n)),
            samples=tuple(of_part for of_part, n in zip(samples, per_part, strict=True) for _ in range(n)),
            model_images=1 + sum(part.model_rows for part in parts),
            seed=self.request.plan.seed,
            link=self.request.link,
            notes=(*notes, *dict.fromkeys(_of_segments(text) for text in told if text)),
        )


def _of_segments(text: str) -> str:
    return text.replace("features", "segments").replace("feature", "segment")


# --- classification ---------------------------------------------------------------------------------------------------
def _classified(image: _Image, ask: Ask, answer: object) -> ExplainedImage:
    """The predicted class, or the classes asked for, as outputs of one game."""
    scores = _class_scores(answer, 1)[0]
    names = _class_names(image.request.label_headers, len(scores))
    chosen = list(image.request.classes or (int(scores.argmax()),))
    unknown = [number for number in chosen if not 0 <= number < len(scores)]
    if unknown:
        fix = f"The model gives {counted(len(scores), 'score')}. Use positions from 0 to {len(scores) - 1}."
        raise ConfigError(Problem("classes", unknown[0], fix=fix))
    found = image.played(lambda images: _class_scores(ask(images), len(images))[:, chosen])
    outputs = [ImageOutput(label=names[number], class_id=number, score=float(scores[number])) for number in chosen]
    return image.explained(outputs, [found], ())


def _class_scores(answer: object, images: int) -> Floats:
    """Scores of shape (images, classes)."""
    try:
        scores = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelError(
            f"The model answered {type(answer).__name__} that is no array of numbers. "
            "Return one score, or one row of class scores, for each image."
        ) from None
    if scores.ndim not in (1, 2) or len(scores) != images or not scores.size:
        raise ModelError(
            f"The model was asked for {counted(images, 'image')} and answered an array of shape {scores.shape}. "
            "Return one score, or one row of class scores, for each image."
        )
    return scores[:, None] if scores.ndim == 1 else scores


def _class_names(label_headers: Sequence[str] | None, classes: int) -> tuple[str, ...]:
    if label_headers is None:
        return tuple(f"label{i}" for i in range(classes))
    if len(label_headers) != classes:
        names = counted(len(label_headers), "name")
        raise ModelError(
            f"predictor.label_headers: got {names}, and the model answers with {classes} "
            f"{'score' if classes == 1 else 'scores'} per image. Give one name per score, in the order of the scores."
        )
    return tuple(label_headers)


# --- detection --------------------------------------------------------------------------------------------------------
def _detected(image: _Image, ask: Ask, answer: object, wanted: DetectionRequest) -> ExplainedImage:
    """The best objects: outputs of one game where they see the same masked images, else each of its own."""
    (found,) = as_detections(answer, 1)
    threshold, request = wanted.probability_threshold, image.request
    objects = objects_in(found, threshold=threshold, most=wanted.max_objects, classes=request.classes)
    if not objects:
        return image.explained((), (), [_no_object(found, wanted, request)])

    def score(images: Bytes, of: Sequence[DetectedObject]) -> Floats:
        return scores_of_objects(as_detections(ask(images), len(images)), of, wanted.iou_threshold)

    if wanted.context == 1:
        parts = [image.played(lambda images: score(images, objects))]
    else:
        plan = _share_of_object(request.plan, len(objects))
        background = image.background[0]
        parts = [
            image.played(
                lambda images, one=one: score(images, [one]),  # type: ignore[misc]
                pixels=within_context(image.pixels, background, one.box, wanted.context),
                plan=plan,
            )
            for one in objects
        ]
    outputs = [
        ImageOutput(label=_class_name(request, one), class_id=one.class_id, score=one.score, box=one.box)
        for one in objects
    ]
    return image.explained(outputs, parts, _lost(outputs, parts, wanted))


def _share_of_object(plan: Plan, objects: int) -> Plan:
    """Samples and model calls of one of several objects of an image, at least what one needs."""
    calls = plan.budget.model_calls
    each = None if calls is None else max(LOOKS - 1, calls // objects)
    return replace(plan, budget=replace(plan.budget, model_calls=each))


def _class_name(request: ImageRequest, found: DetectedObject) -> str:
    names = request.label_headers or ()
    return names[found.class_id] if 0 <= found.class_id < len(names) else f"label{found.class_id}"


def _no_object(found: Floats, wanted: DetectionRequest, request: ImageRequest) -> str:
    classes = "" if request.classes is None else f" of the classes {list(request.classes)}"
    best = objects_in(found, threshold=-np.inf, most=1, classes=request.classes)
    there = f"the best one has {best[0].score:.3g}" if best else "the model detects nothing"
    return f"No object{classes} has a score of at least {wanted.probability_threshold:g}; {there}."


def _lost(outputs: Sequence[ImageOutput], parts: Sequence[_Played], wanted: DetectionRequest) -> list[str]:
    """Objects that the model does not find again although no segment is hidden."""
    predictions = np.concatenate([part.found.predictions[0] for part in parts])
    lost = [str(i) for i, found in enumerate(predictions.tolist(), start=1) if not found and outputs[i - 1].score]
    if not lost:
        return []
    why = (
        f"with context {wanted.context:g} their surroundings are hidden"
        if wanted.context < 1
        else "the model answers the same image differently each time"
    )
    return [f"Object {', '.join(lost)}: not found again in the image with all segments shown: {why}."]
