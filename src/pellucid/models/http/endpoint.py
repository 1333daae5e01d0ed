"""A model behind HTTP: SageMaker's container contract, ``POST /invocations`` on a server's base URL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from pellucid.errors import ModelError
from pellucid.jobs.predictions import stacked
from pellucid.models.http.connection import Answer, Connection, base_url
from pellucid.models.http.extraction import ResponseFormat, UnreadableRecord, extract
from pellucid.models.http.pace import LARGEST_BATCH, Pace
from pellucid.models.http.requests import Codec, RequestStream
from pellucid.models.http.settings import RequestSettings, Traffic
from pellucid.models.http.templates import RequestFormat
from pellucid.protocols.model import Batch, Scores
from pellucid.records import dataclass

__all__ = ["EndpointModel", "Exchange", "InvocationsCodec", "endpoint"]


@dataclass(frozen=True, slots=True)
class InvocationsCodec:
    """Requests and answers of the container contract."""

    request: RequestFormat
    response: ResponseFormat

    @property
    def most_records(self) -> int:
        """One where the template says ``$record``."""
        return 1 if self.request.one_record_per_request else LARGEST_BATCH

    def encode(self, batch: Batch) -> bytes:
        """Body of a request."""
        return self.request.encode(batch)

    def decode(self, answer: Answer, records: int) -> Scores:
        """Scores and labels in an answer.

        Raises
        ------
        ModelError
            The answer does not fit the format that was configured.
        """
        return extract(answer.body, answer.content_type, records, self.response)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, unshortened, and what was read from it.

    Parameters
    ----------
    scores
        What was extracted; None where it could not be.
    fault
        Why not, with the key to change.
    """

    url: str
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    response_headers: Mapping[str, str]
    response_body: bytes
    seconds: float
    scores: Scores | None
    fault: str | None


class EndpointModel:
    """A model behind one URL. Use it as a context manager, or `close` it.

    Parameters
    ----------
    url
        Where requests are posted.
    codec
        Their form and that of the answers.
    headers
        Of every request.
    settings
        How they are sent.
    """

    def __init__(
        self, url: str, codec: Codec, headers: Mapping[str, str], settings: RequestSettings | None = None
    ) -> None:
        settings = settings or RequestSettings()
        self.url = url
        self.codec = codec
        self.headers = dict(headers)
        self.traffic = Traffic()
        pace = Pace(settings, codec.most_records)
        self._connection = Connection(url, headers, settings, self.traffic, on_throttled=pace.throttled)
        self._stream = RequestStream(codec, self._connection, settings, self.traffic, pace)

    @property
    def identity(self) -> str:
        """What predictions depend on besides the rows: equal for equal models, as far as can be known from here."""
        return f"{self.url} {self.codec!r} {sorted(self.headers.items())!r}"

    def predict(self, batch: Batch) -> Scores:
        """Scores of every row of ``batch``, in order; nan for a record that was skipped.

        Raises
        ------
        ModelError
            The server does not answer, or a record has no score.
        """
        return stacked(list(self.predict_stream([(0, batch)])))

    def predict_stream(self, parts: Iterable[tuple[int, Batch]]) -> Iterator[Scores]:
        """Scores in row order, in pieces as they arrive that never span two parts.

        Parameters
        ----------
        parts
            Rows, each with the number of its first row in the data, which messages name.

        Raises
        ------
        ModelError
            As `predict`; the scores of the rows before have been given then.
        """
        return self._stream.scores(parts)

    def probe(self, batch: Batch) -> Exchange:
        """Send ``batch`` in one request, once, and show what went over the wire.

        Raises
        ------
        ModelError
            No answer comes at all.
        """
        body = self.codec.encode(batch)
        answer = self._connection.exchange(body)
        scores, fault = None, None
        if answer.status == 200:
            try:
                scores = self.codec.decode(answer, len(batch))
            except UnreadableRecord as error:
                fault = f"Row {error.record:,} (the first is 0): {error}"
            except ModelError as error:
                fault = str(error)
        else:
            fault = str(self._connection.refusal(answer))
        return Exchange(
            self.url,
            self._connection.sent_headers(),
            body,
            answer.status,
            answer.headers,
            answer.body,
            answer.seconds,
            scores,
            fault,
        )

    def close(self) -> None:
        """Give up what is in flight and close the connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def endpoint(
    url: str,
    request: RequestFormat,
    response: ResponseFormat,
    *,
    settings: RequestSettings | None = None,
    custom_attributes: str | None = None,
    target_model: str | None = None,
    key: str = "predictor.endpoint_name",
) -> EndpointModel:
    """A model behind a server that follows the container contract.

    Parameters
    ----------
    url
        Base of the server; ``/invocations`` is appended.
    custom_attributes, target_model
        Sent as ``X-Amzn-SageMaker-Custom-Attributes`` and ``X-Amzn-SageMaker-Target-Model``.
    key
        The key or option that holds the URL, for messages.

    Raises
    ------
    ConfigError
        ``url`` is not one of http or https.
    """
    headers = {"Content-Type": request.content_type, "Accept": response.accept_type}
    if custom_attributes is not None:
        headers["X-Amzn-SageMaker-Custom-Attributes"] = custom_attributes
    if target_model is not None:
        headers["X-Amzn-SageMaker-Target-Model"] = target_model
    return EndpointModel(f"{base_url(url, key)}/invocations", InvocationsCodec(request, response), headers, settings)
