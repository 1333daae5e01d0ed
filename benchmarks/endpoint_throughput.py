"""Time predictions from an endpoint against what its server can do: a load script with the same bytes, ready-made.

    python benchmarks/endpoint_throughput.py --rows 300000

With ``--mlflow PATH`` the server is ``mlflow models serve`` of that program, asked in JSON.

A model of XGBoost for rows like those of the Adult census is served on loopback by our own server. The load script
posts bodies built beforehand and reads nothing from the answers; it runs at several batch sizes and numbers of requests
in flight, ``--repeats`` times each, and its best median counts. Ours builds the bodies, reads the scores and finds
batch size and concurrency by itself, once with a store and once without. Then the best load script and ours take
``--turns`` turns, forwards and backwards, so that the best is not picked from the runs that it is compared by. Medians
are printed, with that of the ratios turn by turn, the ratio of the fastest runs, which other work on the machine
disturbs least, and the median CPU time of the client. The scores must equal those of the library itself.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import xgboost

from pellucid.jobs.prediction_store import PredictionStore
from pellucid.jobs.predictions import predict_all
from pellucid.models.http.endpoint import endpoint
from pellucid.models.http.extraction import ResponseFormat
from pellucid.models.http.templates import RequestFormat
from pellucid.models.serving.shadow import serving_command, shadow_server
from pellucid.protocols.model import Batch

CARDINALITIES = {
    "workclass": 9,
    "education": 16,
    "education_num": 16,
    "marital_status": 7,
    "occupation": 15,
    "relationship": 6,
    "race": 5,
    "sex": 2,
    "native_country": 42,
}
MLFLOW = (
    RequestFormat(
        content_type="application/json",
        content_template='{"dataframe_split": {"columns": $feature_names, "data": $records}}',
        record_template="$features",
    ),
    ResponseFormat(accept_type="application/json", probability="predictions"),
)
BATCH_SIZES = (1_000, 4_000, 16_000)
IN_FLIGHT = (1, 2, 4)


def adult_like(rows: int, rng: np.random.Generator) -> Batch:
    """Rows with the columns of Adult, categories as codes."""
    columns = {
        "age": rng.integers(17, 91, rows),
        "fnlwgt": rng.integers(12_285, 1_490_400, rows),
        **{name: rng.integers(0, values, rows) for name, values in CARDINALITIES.items()},
        "capital_gain": np.where(rng.random(rows) < 0.08, rng.integers(114, 99_999, rows), 0),
        "capital_loss": np.where(rng.random(rows) < 0.05, rng.integers(155, 4_356, rows), 0),
        "hours_per_week": rng.integers(1, 100, rows),
    }
    return Batch(columns)


def matrix(batch: Batch) -> np.ndarray:
    """The columns side by side."""
    return np.column_stack(list(batch.columns.values())).astype(float)


def trained(folder: Path, rng: np.random.Generator) -> tuple[xgboost.Booster, Path]:
    """A model of 100 trees, and the file it is saved in."""
    batch = adult_like(20_000, rng)
    rows = matrix(batch)
    label = rows[:, 0] + rows[:, -1] + 20 * rng.standard_normal(len(rows)) > 110
    data = xgboost.DMatrix(rows, label, feature_names=list(batch.names))
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 6, "nthread": 1}, data, 100)
    path = folder / "adult.ubj"
    booster.save_model(path)
    return booster, path


async def post_all(url: str, bodies: list[bytes], in_flight: int, content_type: str) -> None:
    """The load script: nothing but requests."""
    waiting = iter(bodies)
    # Certificates, which nothing here needs, take longer to read than many a run.
    async with httpx.AsyncClient(timeout=600, trust_env=False, verify=url.startswith("https")) as client:

        async def worker() -> None:
            for body in waiting:
                answer = await client.post(f"{url}/invocations", content=body, headers={"Content-Type": content_type})
                answer.raise_for_status()

        await asyncio.gather(*(worker() for _ in range(in_flight)))


def plain(url: str, batch: Batch, size: int, in_flight: int, request: RequestFormat) -> Callable[[], object]:
    """The load script on bodies built here, outside of the time."""
    bodies = [request.encode(batch[start : start + size]) for start in range(0, len(batch), size)]
    return lambda: asyncio.run(post_all(url, bodies, in_flight, request.content_type))


def ours(
    url: str, batch: Batch, folder: Path | None, request: RequestFormat, response: ResponseFormat
) -> Callable[[], np.ndarray]:
    """Pellucid's way from rows to scores, kept in a store below ``folder`` if there is one."""
    parts = [batch[start : start + 65_536] for start in range(0, len(batch), 65_536)]

    def run() -> np.ndarray:
        store = None if folder is None else PredictionStore(folder / ".resume", "benchmark")
        with endpoint(url, request, response) as model:
            scores = np.concatenate([part.values for part in predict_all(model, parts, store)])
        if store is None:
            print("   ", model.traffic.line(), f"{model.traffic.batch_records:,} a request")
        else:
            store.discard()
        return scores[:, 0]

    return run


def mlflow_command(program: str, booster: xgboost.Booster, folder: Path) -> list[str]:
    """The command that serves ``booster``, saved as an MLflow model."""
    import mlflow.xgboost

    mlflow.xgboost.save_model(booster, folder)
    return [program, "models", "serve", "-m", str(folder), "--env-manager", "local", "-h", "127.0.0.1", "-p", "{port}"]


def seconds(contender: Callable[[], object]) -> tuple[float, float]:
    """How long a contender takes, and how much CPU time the client of it."""
    start, cpu = time.perf_counter(), time.process_time()
    contender()
    return time.perf_counter() - start, time.process_time() - cpu


def main() -> None:
    """Run the contenders in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--mlflow", metavar="PATH", help="serve with this mlflow program in the place of our server")
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        booster, path = trained(folder, rng)
        batch = adult_like(given.rows, rng)
        expected = booster.predict(xgboost.DMatrix(matrix(batch), feature_names=list(batch.names)))
        request, response = RequestFormat(), ResponseFormat()
        command = serving_command(str(path), features=batch.names)
        if given.mlflow:
            request, response = MLFLOW
            command = mlflow_command(given.mlflow, booster, folder / "mlflow")
        path_first = {"PATH": f"{Path(command[0]).parent}:{os.environ['PATH']}"}  # mlflow looks for uvicorn there
        with shadow_server(command, log=folder / "log", environment=path_first) as url:
            if not np.allclose(ours(url, batch, None, request, response)(), expected, atol=1e-6):
                raise SystemExit("The scores differ from those of XGBoost itself.")
            loads = {
                f"load script, {size:,} rows a request, {flying} in flight": plain(url, batch, size, flying, request)
                for size in BATCH_SIZES
                for flying in IN_FLIGHT
            }
            tried = in_turns(loads, given.repeats)
            best = min(tried, key=lambda name: median(tried[name]))
            contenders = {
                best: loads[best],
                "Pellucid": ours(url, batch, None, request, response),
                "Pellucid, kept in a store": ours(url, batch, folder, request, response),
            }
            compared = in_turns(contenders, given.turns)
    for times in (tried, compared):
        table(times, times[best], given.rows)


def in_turns(contenders: dict[str, Callable[[], object]], turns: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds and CPU seconds of every turn of every contender."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for turn in range(turns):
        for name in list(contenders)[:: 1 if turn % 2 else -1]:
            times[name].append(seconds(contenders[name]))
    return times


def median(measured: list[tuple[float, float]]) -> float:
    """Of the seconds."""
    return statistics.median(wall for wall, _ in measured)


def table(times: dict[str, list[tuple[float, float]]], best: list[tuple[float, float]], rows: int) -> None:
    """Print a line for each contender, compared with ``best``."""
    for name, measured in times.items():
        ratio = statistics.median(one / two for (one, _), (two, _) in zip(measured, best, strict=True))
        cpu = statistics.median(cpu for _, cpu in measured)
        print(
            f"{name:46} {median(measured):6.2f} s {rows / median(measured):9,.0f} rows/s {ratio:5.2f} x"
            f"  fastest {min(measured)[0] / min(best)[0]:5.2f} x  client {cpu:5.2f} s"
        )
    print()


if __name__ == "__main__":
    main()
