"""The container contract around a model: ``GET /ping``, ``POST /invocations``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from pellucid.errors import require
from pellucid.models.serving.bodies import BadRequest, accepted_type, decode_rows, encode_scores
from pellucid.protocols.model import Model
from pellucid.records import dataclass

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["Answering", "ServedModel", "create_app"]

logger = logging.getLogger(__name__)


class Answering(Protocol):
    """Whatever answers requests."""

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Body and type of the answer.

        Raises
        ------
        BadRequest
            The request cannot be read or answered in the form asked for.
        """
        ...


@dataclass(frozen=True, slots=True)
class ServedModel:
    """Any model of ours, asked over HTTP.

    Parameters
    ----------
    features
        Names of its columns, for requests that bring none.
    """

    model: Model
    features: Sequence[str] | None = None

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Scores of the rows in ``body``."""
        kind = accepted_type(accept, content_type)
        return encode_scores(self.model.predict(decode_rows(body, content_type, self.features)), kind), kind


def create_app(served: Answering, *, threads: int = 1) -> Starlette:
    """The application around what answers.

    Parameters
    ----------
    threads
        Requests that the model answers at a time; more than one only where it is known to stand it.

    Raises
    ------
    MissingExtra
        Starlette is not installed.
    """
    require("starlette", extra="serve")
    from anyio import CapacityLimiter
    from anyio.to_thread import run_sync
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route

    limiter = CapacityLimiter(threads)

    async def ping(request: Request) -> Response:
        return Response()

    async def invocations(request: Request) -> Response:
        body = await request.body()
        content_type = request.headers.get("content-type", "text/csv")
        try:
            # Not on the event loop: /ping and other requests are heard while the model works.
            answer, kind = await run_sync(
                served.answer, body, content_type, request.headers.get("accept", ""), limiter=limiter
            )
        except BadRequest as error:
            return PlainTextResponse(str(error), status_code=error.status)
        except Exception as error:
            logger.exception("The model failed on a request")
            return PlainTextResponse(f"{type(error).__name__}: {error}", status_code=500)
        return Response(answer, media_type=kind)

    return Starlette(
        routes=[Route("/ping", ping), Route("/invocations", invocations, methods=["POST"])],
    )
