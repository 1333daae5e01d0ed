"""CPU time of sampled Shapley values: Pellucid beside shap and shapiq, and beside the model's own time.

    python benchmarks/shapley_speed.py --reference-python /path/to/python/with/shap/and/shapiq

The other interpreter needs shap, shapiq and the same xgboost and scikit-learn. All explain the same function against
the same background with shap's default of 2048 + 2 M samples, one thread, formulas off: shap's KernelExplainer with
``l1_reg=0``, without which its feature selection leaves an error that no number of samples removes; shapiq's
TabularExplainer as it comes, over the whole background. Both take rows one by one, and so the first ones only; Pellucid
explains ``--rows`` of them, fewer where the model is asked for more, as rows of large tables share more of the work.
Printed for each case: CPU milliseconds per row, the ratios, relative squared errors against exact values, the share of
our time that is not the model's own on the distinct masked rows; the same of a bare numpy loop that is told for nothing
how many masked rows are distinct, and does no more than mask as many, ask the model and multiply by one matrix; with
``budget: precision``, the time for shap's own error. The precision is that of each row, and most rows end below it; so
it is raised from the root mean square of the relative errors of shap's rows, by a twentieth at a time, as long as the
error stays within shap's, of the rows that shap explains and of all. ``overhead`` needs no other interpreter: our own
time beside the model's, as it is by default and with the linear design, ``estimator="leverage"``, which leaves out the
odd terms that the default fits to the same samples. ``job`` compares ``pellucid run``, the median of five runs, with
the bare time of the model on as many masked rows; ``http`` counts the requests of such a job to a model behind a server
on loopback.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xgboost
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

import pellucid
from pellucid.api.job import run_job
from pellucid.explain.exact.logistic import logistic
from pellucid.explain.exact.trees import explain_trees
from pellucid.explain.game import BATCH_ROWS
from pellucid.models.serving.shadow import serving_command, shadow_server
from pellucid.models.tree_readers.read import read_trees

Floats = npt.NDArray[np.float64]
LARGEST = 0.1
"""Precision beyond which none is looked for."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

SHAP = """
import pickle, sys, time
import numpy as np, pandas as pd, shap, shapiq
case = pickle.load(open(sys.argv[1], "rb"))
model, rows, background = case["model"], case["rows"], case["background"]
if case["names"] is None:
    score = lambda x: model.inplace_predict(x, predict_type="margin")
else:
    names, types = case["names"], case["types"]
    score = lambda x: model.predict_proba(pd.DataFrame(x, columns=names).astype(types))[:, 1]
np.random.seed(0)
explainer = shap.KernelExplainer(score, background)
explainer.shap_values(rows[:1], silent=True, l1_reg=0)
start = time.process_time()
values = explainer.shap_values(rows, silent=True, l1_reg=0)
shap_took = time.process_time() - start
few = rows[:case["few"]]
explainer = shapiq.TabularExplainer(
    score, background, index="SV", max_order=1, sample_size=len(background), random_state=0
)
budget = 2 + min(2048 + 2 * rows.shape[1], 2 ** rows.shape[1] - 2)
start = time.process_time()
found = np.array([explainer.explain(row, budget=budget).get_n_order_values(1) for row in few])
pickle.dump((shap_took, values, time.process_time() - start, found), open(sys.argv[2], "wb"))
"""
PARTS = ("shap", "overhead", "closed", "job", "http")
FEW_ROWS = 8
"""Explained by shapiq."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A model, rows, a background and the exact values.

    Parameters
    ----------
    data, background
        Arrays, or frames for a model of frames.
    score
        The explained function.
    goal
        Wanted ratio of shap's time to ours.
    """

    name: str
    model: Any
    data: Any
    background: Any
    score: Callable[[Any], Floats]
    truth: Floats
    goal: float


def adult() -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """The demo's data: 14 columns, and who earns more."""
    people = pd.read_parquet(str(files("pellucid") / "demo" / "adult.parquet"))
    rich = people["income"].astype(str).str.contains(">50K").to_numpy().astype(np.int64)
    return people.drop(columns=["income", "predicted_income"]), rich


def coded(people: pd.DataFrame) -> Floats:
    """Text as numbers of categories."""
    columns = [
        column if column.dtype.kind in "if" else column.astype("category").cat.codes for _, column in people.items()
    ]
    return np.column_stack(columns).astype(np.float64)


def of_trees(name: str, cells: Floats, target: Any, explained: Floats, background: int, goal: float) -> Case:
    """Margins of XGBoost, whose exact values its trees tell; one background row is that of the medians."""
    settings = {"max_depth": 6, "nthread": 1, "objective": "binary:logistic"}
    booster = xgboost.train(settings, xgboost.DMatrix(cells, target), 100)
    draw = np.random.default_rng(1)
    absent = np.median(cells, axis=0)[None] if background == 1 else cells[draw.choice(len(cells), background, False)]
    return Case(
        name=f"{name}, background {background}",
        model=booster,
        data=explained,
        background=absent,
        score=lambda x: booster.inplace_predict(x, predict_type="margin"),
        truth=explain_trees(read_trees(booster, "model"), explained, absent).values[:, :, 0],
        goal=goal,
    )


def one_hot_pipeline(people: pd.DataFrame) -> Any:
    """Logistic regression behind one-hot encoded text and scaled numbers."""
    words = [name for name, column in people.items() if column.dtype.kind not in "if"]
    numbers = [name for name in people if name not in words]
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), numbers), sparse_threshold=0
    )
    return make_pipeline(encoder, LogisticRegression(max_iter=300))


def of_pipeline(rows: int, background: int) -> Case:
    """Probabilities of a logistic regression behind one-hot encoding: each of the 14 columns is a group of inputs."""
    people, rich = adult()
    model = one_hot_pipeline(people).fit(people, rich)
    encoder = model[0]
    draw = np.random.default_rng(2)
    explained, absent = (people.iloc[draw.choice(len(people), number, False)] for number in (rows, background))
    inputs = [name.partition("__")[2] for name in encoder.get_feature_names_out()]
    owner = [next(c for c in people if name == c or name.startswith(f"{c}_")) for name in inputs]
    member = np.array([[name == column for column in people] for name in owner], dtype=np.float64)
    added = [encoder.transform(part) * model[-1].coef_[0] @ member for part in (explained, absent)]
    truth = logistic(np.ones(len(people.columns)), float(model[-1].intercept_[0]), *added).values[:, :, 0]
    return Case(
        name=f"Adult, one-hot logistic pipeline, background {background}",
        model=model,
        data=explained,
        background=absent,
        score=lambda frame: model.predict_proba(frame)[:, 1],
        truth=truth,
        goal=6.0,
    )


def cases(rows: int) -> Iterator[Case]:
    """Every comparison, made when its turn comes, of so many rows, and fewer where a row is asked more."""
    people, rich = adult()
    cells = coded(people)
    order = np.random.default_rng(1).permutation(len(cells))
    for background, goal in ((1, 8.0), (10, 6.0), (100, 3.0)):
        yield of_trees(
            "Adult, XGBoost", cells, rich, cells[order[: rows * 10 // max(10, background)]], background, goal
        )
    draw = np.random.default_rng(0)
    wide = draw.normal(size=(5000, 60))
    target = (wide[:, :10].sum(axis=1) + wide[:, 10] * wide[:, 11] + draw.normal(size=5000) > 0).astype(int)
    explained = draw.normal(size=(rows, 60))
    # With 100 background rows the model alone takes two thirds of shap's time, for the same samples.
    for background, goal in ((1, 8.0), (10, 2.0), (100, 1.0)):
        yield of_trees(
            "60 numbers, XGBoost", wide, target, explained[: rows * 2 // max(2, background)], background, goal
        )
    yield of_pipeline(rows, 10)


def theirs(case: Case, rows: int, python: str) -> tuple[float, Floats, float, Floats]:
    """CPU seconds of shap, and its values of so many rows; those of shapiq for the first of them."""
    frames, some = isinstance(case.data, pd.DataFrame), case.data[:rows]
    request = {
        "model": case.model,
        "rows": some.to_numpy(dtype=object) if frames else some,
        "background": case.background.to_numpy(dtype=object) if frames else case.background,
        "names": list(case.data) if frames else None,
        "few": FEW_ROWS,
        "types": {name: "float64" for name, c in case.data.items() if c.dtype.kind in "if"} if frames else None,
    }
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "asked.pickle", Path(folder) / "answered.pickle"
        asked.write_bytes(pickle.dumps(request))
        command = [python, "-W", "ignore", "-c", SHAP, str(asked), str(answered)]
        subprocess.run(command, check=True, env={**os.environ, **ONE_THREAD}, capture_output=True)
        found: tuple[float, Floats, float, Floats] = pickle.loads(answered.read_bytes())  # noqa: S301
    return found


@dataclass(eq=False)
class Timed:
    """A function that tells how much CPU time was spent in it."""

    function: Callable[[Any], Floats]
    seconds: float = 0.0

    def __call__(self, rows: Any) -> Floats:
        """Its answer."""
        start = time.process_time()
        answer = self.function(rows)
        self.seconds += time.process_time() - start
        return answer


def ours(case: Case, budget: Any = None, estimator: Any = "auto") -> tuple[float, float, Any]:
    """CPU seconds, those of them spent in the model, and the explanation."""
    score, start = Timed(case.score), time.process_time()
    found = pellucid.explain(
        score, case.data, baseline=case.background, exact=False, budget=budget, estimator=estimator
    )
    return time.process_time() - start, score.seconds, found


def bare_loop(case: Case, samples: int, distinct: int) -> tuple[float, float]:
    """CPU seconds of the least that gives as many values from as many model rows, and those spent in the model.

    It is no explainer: coalitions are any, and the masked rows asked are the first ones, not the distinct ones.
    """
    rows, players = case.data.shape
    coalitions = np.random.default_rng(0).random((samples, players)) < 0.5
    on_values = np.linalg.pinv(coalitions.astype(np.float64))
    inputs = len(case.background)
    asked = max(1, round(distinct / rows / inputs))
    together, at_once = max(1, BATCH_ROWS // (asked * inputs)), max(1, BATCH_ROWS // inputs)
    score, start = Timed(case.score), time.process_time()
    for first in range(0, rows, together):
        some = case.data[first : first + together]
        values = np.zeros((len(some), samples))
        for begin in range(0, asked, at_once):
            part = coalitions[begin : min(begin + at_once, asked)]
            scores = score(masked(some, case.background, part))
            values[:, begin : begin + len(part)] = scores.reshape(len(some), len(part), inputs).mean(axis=2)
        values @ on_values.T
    return time.process_time() - start, score.seconds


def masked(rows: Any, background: Any, coalitions: Any) -> Any:
    """Every row in every coalition before every background row, as an array or a frame like the rows."""
    if isinstance(rows, pd.DataFrame):
        columns = {}
        for place, (name, column) in enumerate(rows.items()):
            both = pd.concat([column, background[name]]).array
            absent = len(rows) + np.arange(len(background))
            which = np.where(coalitions[None, :, None, place], np.arange(len(rows))[:, None, None], absent)
            columns[name] = both.take(which.ravel())
        return pd.DataFrame(columns)
    return np.where(coalitions[None, :, None], rows[:, None, None], background).reshape(-1, rows.shape[1])


def error(values: Floats, truth: Floats) -> float:
    """Relative squared error."""
    return float(((values - truth) ** 2).sum() / (truth**2).sum())


def precision_within(case: Case, others: float, shared: int, first: float) -> tuple[float, tuple[float, float, Any]]:
    """The largest precision, by steps of a twentieth, with which the error is at most that of others, and its run.

    Parameters
    ----------
    shared
        Number of rows that the others explained too, the first ones: neither their error nor that of all is larger.
    """

    def run(precision: float) -> tuple[float, float, Any] | None:
        found = ours(case, {"precision": precision})
        values = found[2].values[:, :, 0]
        reached = max(error(values[:rows], case.truth[:rows]) for rows in (shared, len(values)))
        return found if reached <= others else None

    precision, found = first, run(first)
    while found is None:
        precision /= 1.05
        found = run(precision)
    # With more than this, no more than the least samples are asked.
    while 1.05 * precision < LARGEST and (larger := run(1.05 * precision)) is not None:
        precision, found = 1.05 * precision, larger
    return precision, found


def compare(case: Case, shared: int, python: str) -> bool:
    """Print what a case gives beside others, who explain its first rows only; whether the goal was met."""
    rows, shared = len(case.data), min(shared, len(case.data))
    pellucid.explain(case.score, case.data[:1], baseline=case.background, exact=False)  # imports, caches
    mine, model, found = ours(case)
    bare, of_bare = bare_loop(case, round(found.samples.mean()), found.n_model_calls)
    reference, values, slow, few = theirs(case, shared, python)
    off, others = error(found.values[:shared, :, 0], case.truth[:shared]), error(values, case.truth[:shared])
    per_row, of_shap = mine / rows, reference / shared
    print(
        f"{case.name}, {rows:,} rows: {1e3 * per_row:.2f} ms a row, shap {1e3 * of_shap:.2f} ms, "
        f"{of_shap / per_row:.1f} x (goal {case.goal:g}); error {off:.1e}, shap {others:.1e}; "
        f"beside the model {100 * (mine - model) / model:.0f} % (model rows {found.n_model_calls:,}), "
        f"of a bare numpy loop {100 * (bare - of_bare) / of_bare:.0f} % ({1e3 * bare / rows:.2f} ms a row)",
        flush=True,
    )
    mine_there = error(found.values[: len(few), :, 0], case.truth[: len(few)])
    print(
        f"    shapiq {1e3 * slow / len(few):.2f} ms a row, {slow / len(few) / per_row:.1f} x; on its rows error "
        f"{error(few, case.truth[: len(few)]):.1e}, ours {mine_there:.1e}",
        flush=True,
    )
    if others > 1e-12:
        of_rows = ((values - case.truth[:shared]) ** 2).sum(axis=1) / (case.truth[:shared] ** 2).sum(axis=1)
        precision, run = precision_within(case, others, shared, float(np.sqrt(of_rows.mean())))
        quick, model, same = run
        reached = error(same.values[:shared, :, 0], case.truth[:shared])
        print(
            f"    to shap's error, by a precision of {precision:.1e}: {1e3 * quick / rows:.2f} ms a row, "
            f"{of_shap / (quick / rows):.1f} x (goal {3 * case.goal:g}); error {reached:.1e}; "
            f"samples {same.samples.mean():.0f} a row; model {1e3 * model / rows:.2f} ms a row "
            f"(model rows {same.n_model_calls:,})",
            flush=True,
        )
    return of_shap / per_row >= case.goal and off <= max(others, 1e-12)


def overhead(case: Case) -> bool:
    """Print our own time beside the model's on the distinct masked rows, by default and with the linear design."""
    rows, shares, printed = len(case.data), [], []
    pellucid.explain(case.score, case.data[:1], baseline=case.background, exact=False)  # imports, caches
    for estimator, title in (("auto", "by default"), ("leverage", "with the linear design")):
        spent, model, found = ours(case, estimator=estimator)
        shares.append(spent / model - 1)
        printed.append(
            f"{title} {100 * shares[-1]:.0f} % ({1e3 * (spent - model) / rows:.3f} ms a row beside "
            f"{1e3 * model / rows:.3f}, error {error(found.values[:, :, 0], case.truth):.1e})"
        )
    asked = found.n_model_calls
    print(
        f"{case.name}, {rows:,} rows, beside the model: {', '.join(printed)}, goal 15 %; model rows {asked:,}",
        flush=True,
    )
    return max(shares) <= 0.15


def closed_forms(rows: int) -> list[bool]:
    """Rows per second of the closed forms of logistic regression, 100 background rows, checked against the model."""
    people, rich = adult()
    cells = StandardScaler().fit_transform(coded(people))
    plain = LogisticRegression(max_iter=300).fit(cells, rich)
    encoded = one_hot_pipeline(people).fit(people, rich)
    met = []
    for name, model, data in (("14 numbers", plain, cells), ("one-hot pipeline", encoded, people)):
        for link, of in (("logit", "log-odds"), ("identity", "probability")):
            pellucid.explain(model, data[:2], baseline=data[-100:], link=link)  # imports, caches
            start = time.process_time()
            found = pellucid.explain(model, data[:rows], baseline=data[-100:], link=link)
            rate = rows / (time.process_time() - start)
            print(
                f"logistic regression, {name}, {of}, {rows:,} rows by {found.estimator}: {rate:,.0f} rows a CPU second",
                flush=True,
            )
            met.append(rate >= 1500 and set(found.estimators) <= {"exact: linear", "exact: logistic"})
    return met


def written_job(folder: str, rows: int, samples: int | None) -> tuple[xgboost.Booster, Floats]:
    """Write model, rows and ``job.json`` of an explained job with one baseline row; the model and all rows."""
    people, rich = adult()
    cells = coded(people)
    settings = {"max_depth": 6, "nthread": 1, "objective": "binary:logistic"}
    booster = xgboost.train(settings, xgboost.DMatrix(cells, rich), 100)
    booster.save_model(f"{folder}/model.ubj")
    names = [f"x{i}" for i in range(cells.shape[1])]
    pd.DataFrame(cells[:rows], columns=names).to_parquet(f"{folder}/rows.parquet")
    shap = {"baseline": [np.median(cells, axis=0).tolist()], "seed": 1}
    document = {
        "dataset_type": "application/x-parquet",
        "dataset_uri": f"{folder}/rows.parquet",
        "headers": names,
        "predictor": {"model": f"{folder}/model.ubj", "content_type": "text/csv"},
        "methods": {"shap": shap if samples is None else {**shap, "num_samples": samples}},
    }
    Path(folder, "job.json").write_text(json.dumps(document))
    document["predictor"] = {"endpoint_name": "income", "content_type": "text/csv"}
    Path(folder, "remote.json").write_text(json.dumps(document))
    return booster, cells


def job(rows: int, samples: int | None) -> bool:
    """``pellucid run`` with one baseline row, beside the model's bare time on as many masked rows."""
    with tempfile.TemporaryDirectory() as folder:
        booster, cells = written_job(folder, rows, samples)
        asked = rows * ((2 * cells.shape[1] + 2048 if samples is None else samples) + 1)
        # A batch at a time, as no model would be asked for all of them at once.
        draw = np.random.default_rng(0)
        batch = np.ascontiguousarray(cells[draw.choice(len(cells), 65_536)])
        start = time.process_time()
        for first in range(0, asked, len(batch)):
            booster.inplace_predict(batch[: min(len(batch), asked - first)])
        bare = time.process_time() - start
        run_job(f"{folder}/job.json", output=f"{folder}/first", workers=1)  # imports
        times = []
        for turn in range(5):
            start = time.process_time()
            run_job(f"{folder}/job.json", output=f"{folder}/turn{turn}", workers=1)
            times.append(time.process_time() - start)
        spent = statistics.median(times)
    print(
        f"job, {rows:,} rows, {samples or 'default'} samples, one baseline row: {spent:.2f} CPU s, the model alone on "
        f"{asked:,} masked rows {bare:.2f} s: {spent / bare:.2f} x (goal 1.25)",
        flush=True,
    )
    return spent <= 1.25 * bare


def remote_job(rows: int, samples: int | None) -> bool:
    """The same job with the model behind a server on loopback: how many requests it takes."""
    with tempfile.TemporaryDirectory() as folder:
        _, cells = written_job(folder, rows, samples)
        command = serving_command(f"{folder}/model.ubj", features=[f"x{i}" for i in range(cells.shape[1])])
        with shadow_server(command, log=Path(folder, "server.log")) as url:
            run = [sys.executable, "-m", "pellucid", "run", f"{folder}/remote.json", "--endpoint", f"income={url}"]
            subprocess.run([*run, "--output", f"{folder}/output"], check=True, capture_output=True)
        evidence = json.loads(Path(folder, "output", "evidence.json").read_text())
    requests, asked = evidence["model_requests"], evidence["model_rows"]
    print(
        f"job over HTTP, {rows:,} rows, {samples or 'default'} samples: {asked:,} masked rows, {requests:,} requests: "
        f"{rows / requests:.0f} x fewer than rows explained (goal 20), {asked / requests:,.0f} x fewer than rows asked",
        flush=True,
    )
    return requests * 20 <= rows


def main() -> int:
    """Print one line per case; 1 if a goal was missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--reference-python", help="interpreter with shap; without one nothing is compared with it")
    options.add_argument("--rows", type=int, default=16_384, help="rows that are explained")
    options.add_argument(
        "--reference-rows", type=int, default=256, help="rows that shap explains, which takes its time"
    )
    options.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    chosen = options.parse_args()
    met = []
    if "shap" in chosen.parts and chosen.reference_python:
        met += [compare(case, chosen.reference_rows, chosen.reference_python) for case in cases(chosen.rows)]
    if "overhead" in chosen.parts:
        met += [overhead(case) for case in cases(chosen.rows)]
    if "closed" in chosen.parts:
        met += closed_forms(2560)
    if "job" in chosen.parts:
        met += [job(30_162, 15), job(1_000, None)]
    if "http" in chosen.parts:
        met += [remote_job(30_162, 15), remote_job(1_000, None)]
    return int(not all(met))


if __name__ == "__main__":
    with threadpool_limits(limits=1):
        sys.exit(main())
