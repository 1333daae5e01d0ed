"""Explain forecasts: coalitions of many items are asked of the model together, and solved item by item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from zlib import crc32

import numpy as np
import numpy.typing as npt

from pellucid.errors import DataError
from pellucid.explain.maskers.series import SeriesMasker
from pellucid.explain.ordered import OrderedDesign, ordered_design
from pellucid.jobs.forecasts.request import ForecastRequest
from pellucid.protocols.forecaster import Forecaster, SeriesRecord
from pellucid.records import dataclass
from pellucid.results.forecast import ForecastItem, LeftOut

__all__ = ["REPETITIONS", "Repetition", "explained_items", "planned_records", "repeated"]

Floats = npt.NDArray[np.float64]

RECORDS_AT_ONCE = 8_192
"""Records asked for together, unless a single item has more."""
CELLS_AT_ONCE = 2**24
"""Values held in records at once, unless a single item has more."""

REPETITIONS = 2
"""Times that the first item is asked for to see whether the model answers alike."""


@dataclass(frozen=True, slots=True, eq=False)
class _Game:
    """The game of one item and the coalitions to ask."""

    masker: SeriesMasker
    design: OrderedDesign

    @property
    def cells(self) -> int:
        item = self.masker.actual
        return len(self.design.coalitions) * (len(item.target) + item.related.size + len(item.static))


@dataclass(frozen=True, slots=True)
class Repetition:
    """How far two answers of the model to one and the same record are apart.

    Parameters
    ----------
    difference
        Largest absolute difference over the horizon; inf where the answers differ in length.
    """

    difference: float


def explained_items(
    items: Iterable[SeriesRecord],
    request: ForecastRequest,
    forecaster: Forecaster,
    *,
    progress: Callable[[int], None] = lambda done: None,
    records_at_once: int = RECORDS_AT_ONCE,
) -> Iterator[ForecastItem | LeftOut]:
    """Scores of every item in order, or why there are none.

    Parameters
    ----------
    progress
        Told how many items are done.
    records_at_once
        Records asked for together; the numbers do not depend on it.

    Raises
    ------
    ModelError
        The model does not answer with finite forecasts.
    """
    done = 0
    for together in _portions((_game(item, request) for item in items), records_at_once):
        yield from _explained_together(together, request, forecaster)
        done += len(together)
        progress(done)


def planned_records(items: Iterable[SeriesRecord], request: ForecastRequest) -> int:
    """Records that the model will be asked for."""
    games = (_game(item, request) for item in items)
    return sum(len(game.design.coalitions) for game in games if isinstance(game, _Game))


def repeated(item: SeriesRecord, forecaster: Forecaster) -> Repetition:
    """Ask twice for one item: a model that answers differently makes every score as noisy."""
    first, second = (forecaster.forecast([item])[0] for _ in range(REPETITIONS))
    if first is None or second is None:
        return Repetition(0.0)
    if first.shape != second.shape:
        return Repetition(float("inf"))
    return Repetition(float(np.abs(first - second).max(initial=0.0)))


def _game(item: SeriesRecord, request: ForecastRequest) -> _Game | LeftOut:
    try:
        absent = request.baseline.absent(item)
    except DataError as error:
        return LeftOut(item.item_id, " ".join(problem.fix for problem in error.problems))
    masker = SeriesMasker(item, absent, request.granularity)
    # Not by the item's place in the file: its scores are the same whatever other items there are.
    place = crc32(str(item.item_id).encode())
    design = ordered_design(masker.sequences(request.direction), request.plan, active=masker.active(), place=place)
    return _Game(masker, design)


def _portions(games: Iterable[_Game | LeftOut], records_at_once: int) -> Iterator[list[_Game | LeftOut]]:
    """Consecutive games that are asked for together."""
    portion: list[_Game | LeftOut] = []
    records = cells = 0
    for game in games:
        portion.append(game)
        if isinstance(game, _Game):
            records += len(game.design.coalitions)
            cells += game.cells
        if records >= records_at_once or cells >= CELLS_AT_ONCE:
            yield portion
            portion, records, cells = [], 0, 0
    if portion:
        yield portion


def _explained_together(
    waiting: Sequence[_Game | LeftOut], request: ForecastRequest, forecaster: Forecaster
) -> Iterator[ForecastItem | LeftOut]:
    games = [game for game in waiting if isinstance(game, _Game)]
    records = [record for game in games for record in game.masker.records(game.design.coalitions)]
    forecasts = iter(forecaster.forecast(records) if records else [])
    for game in waiting:
        if isinstance(game, LeftOut):
            yield game
        else:
            yield _solved(game, list(islice(forecasts, len(game.design.coalitions))), request)


def _solved(game: _Game, forecasts: Sequence[Floats | None], request: ForecastRequest) -> ForecastItem | LeftOut:
    item, design = game.masker.actual, game.design
    answered = [forecast for forecast in forecasts if forecast is not None]
    if len(answered) < len(forecasts):
        missing = len(forecasts) - len(answered)
        return LeftOut(item.item_id, f"The model rejected {missing} of the {len(forecasts)} records made of it.")
    lengths = sorted({len(forecast) for forecast in answered})
    if len(lengths) > 1:
        told = f"from {lengths[0]} to {lengths[-1]} steps"
        return LeftOut(item.item_id, f"The model's forecasts for records of this item have different lengths, {told}.")
    values = np.array(answered)
    solved = design.solve(values)
    masker = game.masker
    return ForecastItem(
        item_id=item.item_id,
        elements=request.names.elements(item, request.granularity, masker.steps),
        scores=solved.values,
        standard_errors=solved.standard_errors,
        offset=values[0],
        forecast=values[design.full],
        model_records=len(design.coalitions),
        plain_records=design.plain_evaluations,
    )
