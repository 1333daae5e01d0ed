"""Time prediction through the adapters against the library alone, on rows in chunks.

    python benchmarks/model_adapters.py --rows 1000000

The library predicts on an array that was prepared before the clock started, the adapter on columns as a reader gives
them. Both predict each chunk in turn, the order changing from chunk to chunk. The scores must be equal. Memory is that
of the process after the first pass and after the last.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pellucid.models.load import load_model
from pellucid.models.loading import available_cpus
from pellucid.protocols.model import Batch, Model

Floats = npt.NDArray[np.float64]
Prepared = npt.NDArray[np.float32]
Library = Callable[[Prepared], npt.NDArray[np.float32]]


def adult_like(rows: int, rng: np.random.Generator) -> Batch:
    """Fourteen columns: six of measures with decimals, eight of whole numbers."""
    measures = {f"measure_{number}": rng.normal(size=rows) for number in range(6)}
    return Batch(measures | {f"code_{number}": rng.integers(0, 16, size=rows) for number in range(8)})


def prepared(batch: Batch) -> Prepared:
    """The columns as one array, as the libraries read it fastest."""
    return np.column_stack([values.astype(np.float32) for values in batch.columns.values()])


def xgboost_case(folder: Path, training: Prepared, labels: npt.NDArray[np.bool_]) -> tuple[Model, Library]:
    """A hundred trees of depth six."""
    import xgboost

    data = xgboost.DMatrix(training, labels)
    path = folder / "model.ubj"
    xgboost.train({"objective": "binary:logistic", "max_depth": 6}, data, 100).save_model(path)
    booster = xgboost.Booster(model_file=path)
    booster.set_param({"nthread": available_cpus()})
    return load_model(str(path)), booster.inplace_predict


def onnx_case(folder: Path, training: Prepared, labels: npt.NDArray[np.bool_], kind: str) -> tuple[Model, Library]:
    """A forest of fifty trees of depth eight, or a logistic regression."""
    import onnxruntime
    from skl2onnx import to_onnx
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    forest = RandomForestClassifier(n_estimators=50, max_depth=8, random_state=0)
    fitted = (forest if kind == "forest" else LogisticRegression(max_iter=1000)).fit(training, labels)
    path = folder / f"{kind}.onnx"
    path.write_bytes(to_onnx(fitted, training[:1], options={"zipmap": False}).SerializeToString())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = available_cpus()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return load_model(str(path)), lambda rows: session.run(["probabilities"], {name: rows})[0][:, 1]


def seconds(run: Callable[[], object]) -> tuple[float, object]:
    """Time of one call, and its value."""
    start = time.perf_counter()
    value = run()
    return time.perf_counter() - start, value


def one_pass(model: Model, library: Library, batches: list[Batch], arrays: list[Prepared]) -> tuple[float, float]:
    """Seconds of the adapter and of the library for all chunks; ends the run where their scores differ."""
    ours = alone = 0.0
    for number, (batch, array) in enumerate(zip(batches, arrays, strict=True)):
        runs = [lambda batch=batch: model.predict(batch).values[:, 0], lambda array=array: library(array)]
        order = (0, 1) if number % 2 else (1, 0)
        timed = {which: seconds(runs[which]) for which in order}
        ours, alone = ours + timed[0][0], alone + timed[1][0]
        if not np.array_equal(timed[0][1], timed[1][1]):
            sys.exit("The adapter and the library give different scores.")
    return ours, alone


def memory() -> float:
    """Peak of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Make rows and models, predict with both, print one line a model."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--chunk", type=int, default=65_536)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    rows = adult_like(chosen.rows, np.random.default_rng(chosen.seed))
    batches = [rows[slice(start, start + chosen.chunk)] for start in range(0, chosen.rows, chosen.chunk)]
    arrays = [prepared(batch) for batch in batches]
    training = arrays[0][:20_000]
    labels = training[:, 0] + training[:, 6] / 8 > 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = {
            "XGBoost, 100 trees": xgboost_case(folder, training, labels),
            "ONNX, forest of 50 trees": onnx_case(folder, training, labels, "forest"),
            "ONNX, logistic regression": onnx_case(folder, training, labels, "logistic"),
        }
        for title, (model, library) in cases.items():
            one_pass(model, library, batches, arrays)
            before = memory()
            passes = [one_pass(model, library, batches, arrays) for _ in range(chosen.repeats)]
            ours, alone = (statistics.median(side) for side in zip(*passes, strict=True))
            grown = memory() - before
            print(f"{title:28} {ours:8.3f} s  library {alone:8.3f} s  x {ours / alone:5.3f}  memory +{grown:.0f} MiB")


if __name__ == "__main__":
    main()
