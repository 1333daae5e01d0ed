"""One request after another to one server: sent, waited for, sent again where that may help.

Requests run on an event loop in a thread of its own, so that those in flight can be given up at once when a job ends.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from pellucid.errors import ConfigError, ModelError, Problem
from pellucid.models.http.answers import shown
from pellucid.models.http.breaker import CircuitBreaker
from pellucid.models.http.settings import RequestSettings, Traffic
from pellucid.records import dataclass

if TYPE_CHECKING:
    import httpx

__all__ = ["Answer", "Connection", "Rejected", "TooLarge", "TooSlow", "base_url"]

MODEL_ERRORS = frozenset({400, 422, 424, 500})
"""Statuses with which a server says that the model cannot answer these records; smaller requests may find which."""
AWAY = frozenset({502, 503, 504})
MODEL_ERROR_RETRIES = 3
"""A model that fails on a record fails again: few retries, then smaller requests."""
BREAKER_FAILURES = 3
SECONDS_TO_CLOSE = 2.0

FIXES = {
    401: "Give the endpoint credentials that it accepts.",
    403: "Give the endpoint credentials that it accepts.",
    404: "Check the URL: it is the server's base, to which /invocations is appended.",
    405: "Check the URL: it is the server's base, to which /invocations is appended.",
    406: "Set predictor.accept_type to a format that the model answers in.",
    415: "Set predictor.content_type to a format that the model takes.",
}


class Rejected(ModelError):
    """The model cannot answer these records; ``reason`` says what it answered instead."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The model rejected a request with {reason}")


class TooLarge(ModelError):
    """The server refuses a body of this size."""


class TooSlow(ModelError):
    """No answer within the time-out."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Parameters
    ----------
    seconds
        From sending to the last byte, without earlier tries.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def content_type(self) -> str | None:
        """The Content-Type header, if there is one."""
        return self.headers.get("content-type")


def base_url(url: str, key: str) -> str:
    """The base of a server's URL, without a slash or ``/invocations`` at its end.

    Raises
    ------
    ConfigError
        It is no URL of http or https; ``key`` is the key or option that holds it.

    Examples
    --------
    >>> base_url("http://127.0.0.1:8080/invocations", "--endpoint")
    'http://127.0.0.1:8080'
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(Problem(key, url, fix="Use the base URL of a server, such as 'http://127.0.0.1:8080'."))
    return url.rstrip("/").removesuffix("/invocations")


class Connection:
    """A pool of connections to one URL.

    Parameters
    ----------
    url, headers
        Of every request.
    on_throttled
        Called when the server asks for fewer requests.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        settings: RequestSettings,
        traffic: Traffic,
        *,
        on_throttled: Callable[[], None] = lambda: None,
    ) -> None:
        self._url = url
        self._headers = dict(headers)
        self._settings = settings
        self._traffic = traffic
        self._on_throttled = on_throttled
        self._rng = np.random.default_rng(settings.seed)
        self._breaker = CircuitBreaker(
            failures=BREAKER_FAILURES, first_pause=settings.backoff_seconds, longest_pause=settings.max_backoff_seconds
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: httpx.AsyncClient | None = None

    def submit(self, body: bytes, records: int) -> Future[Answer]:
        """Send ``body``, which holds ``records`` records; the future raises what `post` raises."""
        return asyncio.run_coroutine_threadsafe(self._post(body, records), self._running_loop())

    def post(self, body: bytes, records: int) -> Answer:
        """Send ``body`` and wait for the answer.

        Raises
        ------
        Rejected
            The server says that the model cannot answer these records.
        TooLarge, TooSlow
            The server refuses a body of this size; or does not answer in time.
        ModelError
            The server does not answer, or refuses all requests of this kind.
        """
        return self.submit(body, records).result()

    def exchange(self, body: bytes) -> Answer:
        """Send ``body`` once and give back whatever comes, an error status too.

        Raises
        ------
        ModelError
            Nothing comes.
        """
        import httpx

        try:
            return asyncio.run_coroutine_threadsafe(self._once(body), self._running_loop()).result()
        except (httpx.RequestError, TimeoutError) as error:
            raise self._unavailable(_cause(error, self._settings), tries=1) from None

    def get(self, url: str) -> Answer:
        """What a GET of ``url`` answers.

        Raises
        ------
        ModelError
            Nothing comes.
        """
        import httpx

        try:
            return asyncio.run_coroutine_threadsafe(self._once(b"", "GET", url), self._running_loop()).result()
        except (httpx.RequestError, TimeoutError) as error:
            raise self._unavailable(_cause(error, self._settings), tries=1) from None

    def refusal(self, answer: Answer) -> ModelError:
        """What an answer with an error status means."""
        return self._failure(answer, records=1).error(1)

    def sent_headers(self) -> dict[str, str]:
        """The headers of a request, those that the client adds included."""
        return self._headers if self._client is None else dict(self._client.headers)

    def close(self) -> None:
        """Give up what is in flight and close the connections."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        client, self._client = self._client, None

        async def end() -> None:
            # What is cancelled may start something to clean up, which is waited for in turn.
            while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            if client is not None:
                await client.aclose()
            loop.stop()

        asyncio.run_coroutine_threadsafe(end(), loop)
        if self._thread is not None:
            self._thread.join(SECONDS_TO_CLOSE)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=_run, args=(self._loop,), name="pellucid-requests", daemon=True)
            self._thread.start()
        return self._loop

    async def _post(self, body: bytes, records: int) -> Answer:
        tries = 0
        while True:
            await self._admission()
            outcome = await self._try(body, records)
            if isinstance(outcome, Answer):
                return outcome
            tries += 1
            away = self._breaker.away_seconds(time.monotonic())
            waits_for_return = self._breaker.is_open and away < self._settings.outage_seconds
            if not waits_for_return and tries > outcome.retries:
                raise outcome.error(tries)
            self._traffic.retries += 1
            await asyncio.sleep(max(outcome.wait, self._backoff(tries)))

    async def _admission(self) -> None:
        while (wait := self._breaker.wait(time.monotonic())) > 0:
            await asyncio.sleep(wait)

    def _backoff(self, tries: int) -> float:
        longest: float = min(self._settings.max_backoff_seconds, self._settings.backoff_seconds * 2.0 ** (tries - 1))
        return longest * (0.5 + 0.5 * self._rng.random())

    async def _try(self, body: bytes, records: int) -> Answer | _Failure:
        """One request, and what its outcome means."""
        import httpx

        try:
            answer = await self._once(body)
        except (TimeoutError, httpx.TimeoutException) as error:
            cause = _cause(error, self._settings)
            retries = self._settings.max_retries if records == 1 else 0
            return _Failure(retries, lambda tries: TooSlow(str(self._unavailable(cause, tries))))
        except httpx.RequestError as error:
            cause = _cause(error, self._settings)
            self._breaker.failed(time.monotonic())
            return _Failure(self._settings.max_retries, lambda tries: self._unavailable(cause, tries))
        if answer.status in AWAY:
            self._breaker.failed(time.monotonic())
        else:
            self._breaker.succeeded()
        if answer.status == 200:
            return answer
        return self._failure(answer, records)

    async def _once(self, body: bytes, method: str = "POST", url: str | None = None) -> Answer:
        import httpx

        if self._client is None:
            # A server on this machine is never behind the proxy that the environment names.
            local = urlsplit(self._url).hostname in ("localhost", "127.0.0.1", "::1")
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=self._settings.max_concurrency)
            self._client = httpx.AsyncClient(
                headers=self._headers,
                timeout=self._settings.timeout_seconds,
                trust_env=not local,
                limits=limits,
                # Reading the certificates of the system takes longer than many a job; without TLS nothing needs them.
                verify=urlsplit(self._url).scheme == "https",
            )
        self._traffic.requests += 1
        self._traffic.bytes_sent += len(body)
        start = time.perf_counter()
        async with asyncio.timeout(self._settings.timeout_seconds):
            response = await self._client.request(method, url or self._url, content=body or None)
        self._traffic.bytes_received += len(response.content)
        return Answer(response.status_code, response.headers, response.content, time.perf_counter() - start)

    def _model_error_retries(self, status: int, records: int) -> int:
        if status in (400, 422):
            return 0
        most = self._settings.max_retries
        # The last word on a record ends the job, so a server that fails now and then gets every try it is allowed.
        ends_the_job = records == 1 and self._settings.on_record_error == "fail"
        return most if ends_the_job else min(MODEL_ERROR_RETRIES, most)

    def _failure(self, answer: Answer, records: int) -> _Failure:
        said = f"status {answer.status}: {shown(answer.body)}"
        if answer.status in MODEL_ERRORS:
            return _Failure(self._model_error_retries(answer.status, records), lambda tries: Rejected(said))
        if answer.status == 413:
            return _Failure(0, lambda tries: TooLarge(f"The server refuses a body of this size with {said}"))
        if answer.status == 429 or answer.status >= 500:
            if answer.status == 429:
                self._on_throttled()
            wait = min(_retry_after(answer.headers.get("retry-after")), self._settings.outage_seconds)
            return _Failure(self._settings.max_retries, lambda tries: self._unavailable(said, tries), wait)
        fix = FIXES.get(answer.status, "Check the URL and the keys of 'predictor' against what the server takes.")
        if 300 <= answer.status < 400:
            fix = f"It points to {answer.headers.get('location')!r}. Use the URL of the model itself."
        message = f"The model at {self._shown_url} refuses the request with {said} {fix}"
        return _Failure(0, lambda tries: ModelError(message))

    def _unavailable(self, cause: str, tries: int) -> ModelError:
        times = "once" if tries == 1 else f"{tries} times"
        return ModelError(
            f"The model at {self._shown_url} does not answer ({cause}), asked {times}. Check that the server runs and "
            "can be reached from here; predictor.timeout_seconds and predictor.max_retries say how long is waited."
        )

    @property
    def _shown_url(self) -> str:
        parts = urlsplit(self._url)
        return self._url.replace(f"{parts.netloc}", parts.netloc.rpartition("@")[2], 1)


@dataclass(frozen=True, slots=True)
class _Failure:
    """What may be done about a try that brought no answer: retry up to ``retries`` times, or raise ``error(tries)``."""

    retries: int
    error: Callable[[int], ModelError]
    wait: float = 0.0


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


def _cause(error: Any, settings: RequestSettings) -> str:
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return f"no answer within {settings.timeout_seconds:g} seconds"
    return str(error) or type(error).__name__


def _retry_after(value: str | None) -> float:
    """Seconds that a Retry-After header asks for: a number, or a date.

    >>> _retry_after("2"), _retry_after(None), _retry_after("Thu, 01 Jan 1970 00:00:00 GMT")
    (2.0, 0.0, 0.0)
    """
    if value is None:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
