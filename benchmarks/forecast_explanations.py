"""Count what explaining forecasts asks of a model, against walking along every order with nothing remembered.

    python benchmarks/forecast_explanations.py

Series have 24 observed steps, 4 to forecast and three related series; explanations are fine-grained, with
(1 + 3)^2 = 16 random orders per step, AWS's rule of thumb. Three contenders:

* along every order: the definition, one record per element and order, drawn with the same random numbers;
* remembered: the same orders (``--strict`` in a job), each coalition asked once;
* default: all coalitions of a step, which are fewer than the orders need; exact.

The first two must agree to 1e-9; the distance of their scores from the exact ones is printed. Then the same records go
to a server on loopback, many to a request and one to a request.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zlib import crc32

import numpy as np
import numpy.typing as npt

from pellucid.explain.designs import stream
from pellucid.explain.maskers.series import SeriesMasker
from pellucid.explain.ordered import ORDERS, OrderedPlan, Scheme, random_orders
from pellucid.jobs.forecasts.baselines import Baseline
from pellucid.jobs.forecasts.explaining import explained_items
from pellucid.jobs.forecasts.request import ForecastRequest, SeriesNames
from pellucid.models.forecast_function import ForecastFunction
from pellucid.models.http.forecasts import EndpointForecaster, SeriesFormat
from pellucid.protocols.forecaster import Forecaster, SeriesRecord
from pellucid.results.forecast import ForecastItem

Floats = npt.NDArray[np.float64]
OBSERVED, HORIZON, RELATED, SAMPLES = 24, 4, 3, 16
NAMES = SeriesNames("sales", ("price", "promotion", "weather"))
WEIGHTS = np.random.default_rng(1).normal(size=(1 + RELATED, OBSERVED + HORIZON))


def forecast(target: Floats, related: Floats) -> list[float]:
    """A forecaster with interactions within and between steps."""
    hidden = np.tanh(
        WEIGHTS[0, : len(target)] * target + (WEIGHTS[1:, : len(target)] * related[:, : len(target)]).sum(0)
    )
    return [float(hidden[step:].sum() * (1 + related[0, OBSERVED + step])) for step in range(HORIZON)]


def local(records: list[SeriesRecord]) -> list[list[float]]:
    """The forecaster in this process."""
    return [forecast(record.target, record.related) for record in records]


class _Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer one request."""
        records = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        means = [{"mean": forecast(np.array(one["y"]), np.array(one["x"]))} for one in records]
        body = json.dumps({"predictions": means}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def served(content_template: str) -> Iterator[EndpointForecaster]:
    """The forecaster behind a server on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    form = SeriesFormat(
        content_template=content_template,
        record_template='{"y": $target_time_series, "x": $related_time_series}',
        forecast="predictions[*].mean",
    )
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    model = EndpointForecaster(f"http://127.0.0.1:{server.server_address[1]}/invocations", form, headers)
    try:
        yield model
    finally:
        model.close()
        server.shutdown()
        server.server_close()


def drawn(number: int) -> list[SeriesRecord]:
    """Series of random numbers."""
    random = np.random.default_rng(0)
    return [
        SeriesRecord(
            item_id=item,
            timestamps=tuple(range(OBSERVED + HORIZON)),
            target=random.normal(size=OBSERVED),
            related=random.normal(size=(RELATED, OBSERVED + HORIZON)),
        )
        for item in range(number)
    ]


def request(scheme: Scheme) -> ForecastRequest:
    """Fine-grained and chronological."""
    return ForecastRequest(
        direction="chronological",
        granularity="fine_grained",
        plan=OrderedPlan(samples=SAMPLES, seed=0, scheme=scheme),
        baseline=Baseline(target="mean", related="mean"),
        names=NAMES,
    )


def along_every_order(items: Sequence[SeriesRecord], asked: ForecastRequest) -> tuple[list[Floats], int]:
    """By the definition: element after element, order after order; scores, and records asked."""
    found, records = [], 0
    for item in items:
        masker = SeriesMasker(item, asked.baseline.absent(item), "fine_grained")
        [groups] = masker.sequences("chronological")
        scores = np.zeros((masker.players, HORIZON))
        present = np.zeros(masker.players, dtype=bool)
        value = np.array(local(masker.records(present[None]))[0])
        records += 1
        for which, group in enumerate(groups):
            random = stream(asked.plan.seed, ORDERS, crc32(str(item.item_id).encode()), 0, which)
            orders = random_orders(len(group), SAMPLES, random, reversed_too=False)
            for order in orders:
                mask, before = present.copy(), value
                for player in np.array(group)[order]:
                    mask[player] = True
                    after = np.array(local(masker.records(mask[None]))[0])
                    records += 1
                    scores[player] += (after - before) / SAMPLES
                    before = after
            present[list(group)] = True
            value = before
        found.append(scores)
    return found, records


def timed(items: Sequence[SeriesRecord], scheme: Scheme, model: Forecaster) -> tuple[list[ForecastItem], float]:
    """Explained items and seconds."""
    begun = time.perf_counter()
    found = [one for one in explained_items(items, request(scheme), model) if isinstance(one, ForecastItem)]
    return found, time.perf_counter() - begun


def asked_of(items: Sequence[ForecastItem]) -> int:
    """Records asked for all items."""
    return sum(item.model_records for item in items)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--single-items", type=int, default=5, help="Items sent one record to a request.")
    arguments = parser.parse_args()
    items, model = drawn(arguments.items), ForecastFunction(local, "local")
    begun = time.perf_counter()
    plain, records = along_every_order(items, request("clarify"))
    print(f"along every order   {records:>9,} records  {time.perf_counter() - begun:7.1f} s")
    kept, seconds = timed(items, "clarify", model)
    apart = max(float(np.abs(one.scores - scores).max()) for one, scores in zip(kept, plain, strict=True))
    share = asked_of(kept) / records
    print(f"remembered          {asked_of(kept):>9,} records  {seconds:7.1f} s  {share:.3f} of them, apart {apart:.1e}")
    exact, seconds = timed(items, "auto", model)
    share = asked_of(exact) / records
    rms = float(np.sqrt(np.mean([np.mean((a.scores - b.scores) ** 2) for a, b in zip(kept, exact, strict=True)])))
    size = float(np.sqrt(np.mean([np.mean(one.scores**2) for one in exact])))
    print(f"default, exact      {asked_of(exact):>9,} records  {seconds:7.1f} s  {share:.3f} of them")
    print(f"error of 16 orders: {rms:.2e} (root mean square), where scores are {size:.2e}")
    for template, part in (
        ('{"instances": $records}', items),
        ('{"instances": [$record]}', items[: arguments.single_items]),
    ):
        with served(template) as endpoint:
            found, seconds = timed(part, "auto", endpoint)
            rate, requests = asked_of(found) / seconds, endpoint.traffic.requests
            print(f"{template:26} {requests:>7,} requests, {asked_of(found):>9,} records, {rate:9,.0f} records/s")
    if apart > 1e-9 or asked_of(kept) > records / 2:
        raise SystemExit("The remembered orders must give the same scores with at most half the records.")


if __name__ == "__main__":
    main()
