"""Time prediction through the adapters against the library alone, on rows in chunks.

    python benchmarks/model_adapters.py --rows 1000000

The library predicts on an array that was prepared before the clock started. The adapter gets a batch of the same array,
as explanations and calls with an array hand it over. Both do so again from columns, as a reader of files gives them:
the adapter takes the columns, the library an array that NumPy makes of them while the clock runs, which somebody has
to. All predict each chunk in turn, in an order that changes from chunk to chunk and is as often the reverse; a pass
goes over all chunks, medians of passes are printed, ratios are medians over the passes, and after each stands that of
the fastest passes, which other work on the machine disturbs least. The scores must be equal. Memory is that of the
process after the first pass and after the last.
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
from pellucid.processors import available_cpus
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


def seconds(run: Callable[[], npt.NDArray[np.floating]]) -> tuple[float, npt.NDArray[np.floating]]:
    """Time of one call, and its value."""
    start = time.perf_counter()
    value = run()
    return time.perf_counter() - start, value


def one_pass(model: Model, library: Library, batches: list[Batch], arrays: list[Prepared]) -> list[float]:
    """Seconds for all chunks: of adapter and library on an array, then of both on columns.

    Ends the run where their scores differ.
    """
    total = [0.0] * 4
    for number, (batch, array) in enumerate(zip(batches, arrays, strict=True)):
        side_by_side = Batch.of_matrix(batch.names, array, [values.dtype for values in batch.columns.values()])
        runs = [
            lambda side_by_side=side_by_side: model.predict(side_by_side).values[:, 0],
            lambda array=array: library(array),
            lambda batch=batch: model.predict(batch).values[:, 0],
            lambda batch=batch: library(prepared(batch)),
        ]
        # Every second chunk backwards: whoever comes second finds the array in the cache.
        order = [which % 4 for which in range(number // 2, number // 2 + 4)][:: -1 if number % 2 else 1]
        timed = {which: seconds(runs[which]) for which in order}
        total = [sofar + timed[which][0] for which, sofar in enumerate(total)]
        if not all(np.array_equal(timed[0][1], timed[which][1]) for which in (1, 2, 3)):
            sys.exit("The adapter and the library give different scores.")
    return total


def memory() -> float:
    """Peak of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Make rows and models, predict with both, print one line a model."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--chunk", type=int, default=65_536)
    options.add_argument("--repeats", type=int, default=9)
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
            ours, alone, columns, whole = zip(*passes, strict=True)
            print(
                f"{title:26} on an array {compared(ours, alone)}   on columns {compared(columns, whole)}"
                f"   memory +{memory() - before:.0f} MiB"
            )


def compared(ours: tuple[float, ...], library: tuple[float, ...]) -> str:
    """Times of both, and what ours cost in comparison."""
    ratio = statistics.median(one / two for one, two in zip(ours, library, strict=True))
    return (
        f"{statistics.median(ours):7.3f} s, library {statistics.median(library):7.3f} s:"
        f" {ratio:5.3f} x (fastest {min(ours) / min(library):5.3f} x)"
    )


if __name__ == "__main__":
    main()
