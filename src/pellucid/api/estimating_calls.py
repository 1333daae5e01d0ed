"""What jobs on images and on time series ask of their model: the number of inputs, and the time the model takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.config.analysis import AnalysisConfig
from pellucid.errors import ConfigError, Problem
from pellucid.jobs.workload import Calls, Range, Workload
from pellucid.nouns import counted

if TYPE_CHECKING:
    from pellucid.api.forecast_preflight import ForecastPreflight

__all__ = ["OWN_TIME", "SEGMENTS", "forecast_workload", "image_workload", "items_needed"]

SEGMENTS = "An image is taken to have at least half of the segments that are wanted."
OWN_TIME = "The time is that of the model; what is made for it and computed of it comes on top."
LOOKS = 3
"""At an image besides its coalitions: two looks, and its baseline."""


def image_workload(config: AnalysisConfig, images: float) -> Workload:
    """What a number of images asks of the model.

    An image has about as many segments as are wanted, or fewer; a detector is asked object by object.

    Raises
    ------
    ConfigError
        The budget does not fit the images, or keys do not fit each other.
    """
    from pellucid.jobs.explanations.image_request import image_request
    from pellucid.jobs.explanations.image_shap import share_of
    from pellucid.jobs.explanations.request import of_shap

    request = image_request(config)
    try:
        budget = share_of(request.plan, max(1, int(images))).budget
        samples = budget.samples_of(players=request.num_segments, rows=1, inputs_per_coalition=1)
    except ConfigError as error:
        raise ConfigError(of_shap(error)) from None
    few, many = (2 ** min(max(1, segments), 62) for segments in (request.num_segments // 2, request.num_segments))
    objects = 1 if request.detection is None else request.detection.max_objects
    least = 1 if request.detection is not None else min(samples, few)
    inputs = Range(least + LOOKS - 1, min(samples, many) * objects + LOOKS) * images
    return Workload(rows=images, columns=0, calls=Calls("explaining images", inputs))


def forecast_workload(ready: ForecastPreflight, items: float | None) -> tuple[Workload, tuple[str, ...]]:
    """What the items of a job on time series ask of the model, counted item by item.

    Parameters
    ----------
    items
        Number of items, in the place of those of the data set.

    Raises
    ------
    ConfigError
        The job has faults.
    """
    from pellucid.jobs.forecasts.explaining import REPETITIONS, planned_records

    if ready.job.problems or ready.request is None or not ready.items:
        raise ready.job.error()
    number = items or len(ready.items)
    records = planned_records(ready.items, ready.request) * number / len(ready.items) + REPETITIONS
    notes = (f"Counted in the data: {counted(len(ready.items), 'item')}.", *ready.job.notes)
    calls = Calls("explaining forecasts", Range(records, records))
    return Workload(rows=number, columns=0, calls=calls), notes


def items_needed(path: Path) -> ConfigError:
    """What to give where the items of time series cannot be counted."""
    fix = "What a time series asks of the model depends on its steps; give --data, and --rows for more items."
    return ConfigError(Problem("--data", known_as=f"{path.name} is for time series.", fix=fix))
