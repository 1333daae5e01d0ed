"""Many rows to one server: cut into requests, several in flight, in smaller parts where the model fails, in order."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import field
from typing import Protocol

import numpy as np

from pellucid.errors import ModelError
from pellucid.models.http.answers import shown
from pellucid.models.http.connection import Answer, Connection, Rejected, TooLarge, TooSlow
from pellucid.models.http.extraction import UnreadableRecord, WrongCount
from pellucid.models.http.pace import Pace
from pellucid.models.http.settings import RequestSettings, Traffic
from pellucid.protocols.model import Batch, Scores
from pellucid.records import dataclass

__all__ = ["Codec", "RequestStream"]

logger = logging.getLogger(__name__)

LOOKAHEAD = 4
"""Answers kept for one that is late, per request in flight."""
PARTS_OF_A_FAILURE = 8
"""A batch that the model fails on is sent again in so many parts: few levels down to the record at fault."""
REJECTED_FROM_THE_START = 20
"""So many rejected records before the first accepted one mean that the requests are wrong, not the rows."""
NAMED_RECORDS = 20
"""Skipped records that are named one by one; the closing line counts all."""


class Codec(Protocol):
    """How rows become the body of a request, and an answer becomes scores."""

    @property
    def most_records(self) -> int:
        """Records that a request can hold by its format."""
        ...

    def encode(self, batch: Batch) -> bytes:
        """Body of a request."""
        ...

    def decode(self, answer: Answer, records: int) -> Scores:
        """Scores of ``records`` records.

        Raises
        ------
        ModelError
            The answer cannot be read as such.
        """
        ...


@dataclass(slots=True, eq=False)
class _Failed:
    """A request that the model failed on, and what became of its parts."""

    records: int
    open_parts: int = 1
    largest_answered: int = 0
    any_rejected: bool = False


@dataclass(slots=True, eq=False)
class _Piece:
    """The rows of one request, and what became of them."""

    start: int
    batch: Batch
    origin: _Failed | None = None
    body: bytes = b""
    scores: Scores | None = None
    error: ModelError | None = None
    skipped: bool = False

    def __len__(self) -> int:
        return len(self.batch)

    @property
    def row(self) -> str:
        return f"Row {self.start:,} (the first is 0)"


@dataclass(slots=True, eq=False)
class RequestStream:
    """Scores for a stream of rows, over one connection.

    One stream is for one run over the data at a time; what it learns (the pace) stays for the next.
    """

    codec: Codec
    connection: Connection
    settings: RequestSettings
    traffic: Traffic
    pace: Pace
    _columns: int | None = field(default=None, init=False)
    _has_labels: bool = field(default=False, init=False)
    _outputs: tuple[str, ...] | None = field(default=None, init=False)
    _warned: bool = field(default=False, init=False)
    _order: deque[_Piece] = field(default_factory=deque, init=False)
    _again: deque[_Piece] = field(default_factory=deque, init=False)
    _flying: dict[Future[Answer], _Piece] = field(default_factory=dict, init=False)

    def scores(self, parts: Iterable[tuple[int, Batch]]) -> Iterator[Scores]:
        """Scores in row order, in pieces of any length that never span two parts.

        Parameters
        ----------
        parts
            Rows, each with the number of its first row in the data.

        Raises
        ------
        ModelError
            The server does not answer, or a record has no score. Scores of the rows before it have been given.
        """
        self._order.clear()
        self._again.clear()
        source = self._cut(parts)
        since = time.perf_counter()
        try:
            while self._launch(source) or self._order:
                while self._order and (ready := self._ready(self._order[0])) is not None:
                    self._order.popleft()
                    yield ready
                if self._flying:
                    for future in wait(self._flying, return_when=FIRST_COMPLETED).done:
                        self._land(self._flying.pop(future), future)
        finally:
            self.traffic.seconds += time.perf_counter() - since
            for future in self._flying:
                future.cancel()
            self._flying.clear()

    def _cut(self, parts: Iterable[tuple[int, Batch]]) -> Iterator[_Piece]:
        for first, batch in parts:
            start = records = 0
            while start < len(batch):
                # Read anew for every piece: the pace changes while answers come in.
                records = self.pace.next_records(len(batch) - start, records)
                yield _Piece(first + start, batch[start : start + records])
                start += records

    def _launch(self, source: Iterator[_Piece]) -> bool:
        """Fill up the requests in flight; False when there was nothing to do and nothing is going on."""
        while len(self._flying) < self.pace.concurrency:
            if self._again:
                piece = self._again.popleft()
            elif len(self._order) >= LOOKAHEAD * self.pace.concurrency or any(piece.error for piece in self._order):
                break
            else:
                fresh = next(source, None)
                if fresh is None:
                    break
                piece = fresh
                self._order.append(piece)
            self._send(piece)
        self.traffic.concurrency = max(self.traffic.concurrency, len(self._flying))
        return bool(self._flying)

    def _send(self, piece: _Piece) -> None:
        try:
            piece.body = self.codec.encode(piece.batch)
        except ModelError as error:
            self._end(piece, error)
            return
        self.pace.measured(len(piece), len(piece.body))
        limit = self.settings.payload_limit_bytes
        if len(piece.body) <= limit:
            self._flying[self.connection.submit(piece.body, len(piece))] = piece
        elif len(piece) > 1:
            self._split(piece, 2)
        else:
            self._end(
                piece,
                ModelError(
                    f"{piece.row} takes {len(piece.body):,} bytes, more than predictor.payload_limit_bytes, which is "
                    f"{limit:,}. Raise it if the server takes more. The record: {shown(piece.body)}"
                ),
            )

    def _land(self, piece: _Piece, future: Future[Answer]) -> None:
        """What a request brought: an answer, or a reason to send less at a time, or the end."""
        try:
            answer = future.result()
        except TooLarge as error:
            self.pace.limit_bytes(len(piece.body), len(piece))
            self._split_or_end(piece, error, 2)
        except TooSlow as error:
            self.pace.limit_records(len(piece) // 4)
            self._split_or_end(piece, error, 4)
        except Rejected as error:
            self._retry_in_parts(piece, error)
        except ModelError as error:
            self._end(piece, error)
        else:
            self._read(piece, answer)

    def _read(self, piece: _Piece, answer: Answer) -> None:
        skips = self.settings.on_record_error == "skip"
        try:
            scores = self._aligned(self.codec.decode(answer, len(piece)))
        except WrongCount as error:
            self._retry_in_parts(piece, error)
        except UnreadableRecord as error:
            if skips:
                self._retry_in_parts(piece, error)
            else:
                at = piece.start + error.record
                record = self.codec.encode(piece.batch[error.record : error.record + 1])
                self._end(piece, ModelError(f"Row {at:,} (the first is 0): {error} It was sent: {shown(record)}"))
        except ModelError as error:
            # Among records that were answered, one whose answer cannot be read is at fault itself.
            if skips and len(piece) == 1 and self._columns is not None:
                self._retry_in_parts(piece, error)
            else:
                self._end(piece, error)
        else:
            self.pace.answered(len(piece), answer.seconds, time.perf_counter())
            self.traffic.records += len(piece)
            self.traffic.batch_records = max(self.traffic.batch_records, len(piece))
            piece.scores, piece.body = scores, b""
            self._close(piece, answered=len(piece))

    def _retry_in_parts(self, piece: _Piece, error: ModelError) -> None:
        """Find the record that the model cannot answer, or the size of batch that it can."""
        if len(piece) > 1:
            if not self._warned:
                self._warned = True
                logger.warning("Fallback to per-record prediction because of model error. %s", error)
            if piece.origin is None:
                piece.origin = _Failed(len(piece))
            self._split(piece, PARTS_OF_A_FAILURE)
            return
        reason = f"the model rejected this record with {error.reason}" if isinstance(error, Rejected) else str(error)
        message = f"{piece.row}: {reason} It was sent: {shown(piece.body)}"
        if self.settings.on_record_error == "skip":
            self._skip(piece, message)
        else:
            fix = "Correct the row or the model, or set predictor.on_record_error to 'skip' to go on without such rows."
            self._end(piece, ModelError(f"{message} {fix}"))

    def _skip(self, piece: _Piece, message: str) -> None:
        self.traffic.skipped += 1
        if self.traffic.skipped <= NAMED_RECORDS:
            logger.warning("Skipped. %s", message)
        if self._columns is None and self.traffic.skipped >= REJECTED_FROM_THE_START:
            raise ModelError(
                f"The model rejected the first {self.traffic.skipped} records, so none was skipped. {message}"
            )
        piece.skipped = True
        self._close(piece, rejected=True)

    def _split_or_end(self, piece: _Piece, error: ModelError, parts: int) -> None:
        if len(piece) > 1:
            self._split(piece, parts)
        else:
            self._end(piece, ModelError(f"{piece.row}: {error} It was sent: {shown(piece.body)}"))

    def _split(self, piece: _Piece, parts: int) -> None:
        """Put parts of the piece in its place, to be sent before anything new."""
        self.traffic.split += 1
        step = -(-len(piece) // parts)
        pieces = [
            _Piece(piece.start + start, piece.batch[start : start + step], piece.origin)
            for start in range(0, len(piece), step)
        ]
        if piece.origin is not None:
            piece.origin.open_parts += len(pieces) - 1
        at = self._order.index(piece)
        del self._order[at]
        for offset, part in enumerate(pieces):
            self._order.insert(at + offset, part)
        self._again.extendleft(reversed(pieces))

    def _end(self, piece: _Piece, error: ModelError) -> None:
        piece.error = error
        self._close(piece, rejected=True)

    def _close(self, piece: _Piece, *, answered: int = 0, rejected: bool = False) -> None:
        """Note what became of a part; when all of a failed request are done and none was at fault, its size was."""
        failed = piece.origin
        if failed is None:
            return
        failed.open_parts -= 1
        failed.largest_answered = max(failed.largest_answered, answered)
        failed.any_rejected |= rejected
        too_many = failed.largest_answered < self.pace.batch_records
        if failed.open_parts == 0 and not failed.any_rejected and too_many:
            self.pace.limit_records(failed.largest_answered)
            logger.warning(
                "The model failed on %d records in one request and took %d: requests hold no more from now on.",
                failed.records,
                failed.largest_answered,
            )

    def _ready(self, piece: _Piece) -> Scores | None:
        """Scores of the piece at the head, None while they are not there yet."""
        if piece.error is not None:
            raise piece.error
        if not piece.skipped:
            return piece.scores
        if self._columns is None:
            if self._flying or self._again:
                return None
            raise ModelError("The model rejected every record; there is nothing to go on with.")
        labels = np.array([None] * len(piece), dtype=object) if self._has_labels else None
        return Scores(np.full((len(piece), self._columns), np.nan), self._outputs, labels)

    def _aligned(self, scores: Scores) -> Scores:
        """The same scores with their columns in the order of the first answer."""
        columns, has_labels = scores.values.shape[1], scores.labels is not None
        outputs = None if scores.outputs is None else tuple(scores.outputs)
        if self._columns is None:
            self._columns, self._has_labels, self._outputs = columns, has_labels, outputs
        if (columns, has_labels) != (self._columns, self._has_labels):
            raise ModelError(
                f"The model answered {_shape(self._columns, self._has_labels)} per record before, and "
                f"{_shape(columns, has_labels)} now. It must answer every request in one form."
            )
        if outputs == self._outputs or outputs is None or self._outputs is None:
            return scores
        if set(outputs) != set(self._outputs) or len(set(outputs)) != len(outputs):
            return Scores(scores.values, None, scores.labels)
        order = [outputs.index(name) for name in self._outputs]
        return Scores(scores.values[:, order], self._outputs, scores.labels)


def _shape(columns: int, has_labels: bool) -> str:
    scores = "1 score" if columns == 1 else f"{columns} scores"
    return f"{scores} and a label" if has_labels else scores
