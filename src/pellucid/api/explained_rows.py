"""Explain rows by a formula where one is believed, by coalitions elsewhere, and say which way each row went."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace

import numpy as np
import numpy.typing as npt

from pellucid.api.exact_dispatch import believed, formula_of, reason_of
from pellucid.api.exact_rows import TITLES
from pellucid.api.explanation_notes import unsteady_note
from pellucid.api.pace import Pace, PredictionsTold, most_predictions
from pellucid.api.scoring import ScoredModel
from pellucid.api.spark_explaining import OpenPool
from pellucid.errors import ModelError
from pellucid.explain.aggregate import AGGREGATIONS, Aggregation, aggregate, ranks_with_ties
from pellucid.explain.attributions import Attributions
from pellucid.explain.budget import few_samples
from pellucid.explain.estimate import bases_of, explain_blocks
from pellucid.explain.game import BATCH_ROWS, Link, MaskedGames
from pellucid.explain.maskers.tabular import TabularMasker
from pellucid.explain.one_thread import one_thread
from pellucid.explain.plan import Plan
from pellucid.explain.repeated_answers import RepeatedAnswers
from pellucid.nouns import counted
from pellucid.records import dataclass
from pellucid.results.explanation import Explanation, FeatureImportance
from pellucid.results.rounding import significant

__all__ = ["Question", "explained_rows"]

Integers = npt.NDArray[np.intp]
Progress = Callable[[str], None]

MIXED_BATCH_ROWS = 2 * BATCH_ROWS
"""Inputs per call of a model of more than numbers: what frames and their encoders do once a call takes that long."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is to be explained, and how.

    Parameters
    ----------
    masker
        Rows, background and players.
    model
        Gives their scores.
    plan
        How to sample.
    link
        Space of the values.
    """

    masker: TabularMasker
    model: ScoredModel
    plan: Plan
    link: Link

    @property
    def games(self) -> MaskedGames:
        """One game per row."""
        batch_rows = MIXED_BATCH_ROWS if self.masker.numbers is None else BATCH_ROWS
        return MaskedGames(self.masker, self.model.predict, self.link, batch_rows)

    def of_rows(self, rows: Integers, asked: int) -> Question:
        """The same of some of the rows, with what the budget has left after so many rows asked."""
        budget = self.plan.budget
        if budget.model_calls is not None:
            budget = replace(budget, model_calls=max(1, budget.model_calls - asked))
        some = replace(self.masker, explained=self.masker.explained[rows])
        return replace(self, masker=some, plan=replace(self.plan, budget=budget))


def explained_rows(
    question: Question,
    *,
    use_formula: bool,
    confidence_level: float,
    notes: Sequence[str] = (),
    library: str | None = None,
    open_pool: OpenPool | None = None,
    progress: Progress = lambda step: None,
) -> Explanation:
    """Explain all rows.

    Parameters
    ----------
    use_formula
        Whether to look for a formula.
    notes
        What was found out before.
    library
        Data frame library of the tables made of the result.
    open_pool
        Opens what asks for coalitions; None for this process.
    """
    found_out = list(notes)
    exact, done = _by_formula(question, found_out, progress) if use_formula else (None, np.array([], dtype=np.intp))
    left = np.setdiff1d(np.arange(question.masker.rows), done)
    parts = [exact] if exact is not None else []
    if question.plan.estimator == "surrogate":
        sampled = _by_surrogate(question, confidence_level, found_out, progress)
        parts.append(sampled)
    elif len(left):
        rest = question.of_rows(left, exact.model_rows if exact is not None else 0)
        sampled = _by_coalitions(rest, progress) if open_pool is None else _by_pool(rest, open_pool, progress)
        found_out += _worth(rest, sampled)
        parts.append(sampled)
    chosen = question.model.explained
    together = Attributions.join(parts).in_order(np.argsort(np.concatenate([done, left]))).of_outputs(chosen)
    ways = Counter(together.estimators).most_common()
    ways_noted = "; ".join(f"{number:,} {'row' if number == 1 else 'rows'} by {way}" for way, number in ways)
    players = tuple(question.masker.columns_of)
    outputs = tuple(question.model.outputs[position] for position in chosen)
    return Explanation(
        values=together.values,
        standard_errors=together.standard_errors,
        base_values=together.base_values,
        predictions=together.predictions,
        features=players,
        outputs=outputs,
        data=question.masker.explained.columns,
        estimators=together.estimators,
        samples=together.samples,
        n_model_calls=together.model_rows,
        seed=question.plan.seed,
        link=question.link,
        confidence_level=confidence_level,
        importances=_Importances(together, confidence_level, players, outputs),
        notes=(f"Explained: {ways_noted}.", *found_out),
        frame_library=library,
    )


def _by_formula(question: Question, notes: list[str], progress: Progress) -> tuple[Attributions | None, Integers]:
    """Rows with a believed formula and their positions; None if no row was tried. Model rows count either way."""
    nothing = np.array([], dtype=np.intp)
    masker, budget = question.masker, question.plan.budget
    formula = formula_of(question.model.model, masker.background, masker.columns_of, question.link)
    if isinstance(formula, str):
        notes.append(f"No formula was used: {formula}.")
        return None, nothing
    samples = budget.samples_of(
        players=masker.players,
        rows=masker.rows,
        inputs_per_coalition=masker.inputs_per_coalition,
        bases=bases_of(masker.rows, question.plan.block_rows, common=masker.has_common_base),
    )
    if formula.dearer_than(samples, masker.rows):
        notes.append(f"No formula was used: it would cost more than {samples:,} samples per row.")
        return None, nothing
    progress(f"exact values by the formula for {TITLES[formula.name]}")
    try:
        found = formula.explain(masker.explained)
    except ModelError as error:
        notes.append(f"No formula was used: {reason_of(error)}.")
        return None, nothing
    ends = question.games.ends(range(question.masker.rows))
    empty, full = np.moveaxis(np.array(ends.values), 1, 0)
    if found.values.shape[2] != full.shape[1]:
        notes.append(f"No formula was used: it has {found.values.shape[2]} outputs, and the model {full.shape[1]}.")
        return _some(np.zeros((0, question.masker.players, full.shape[1])), full, nothing, "", ends.model_rows), nothing
    holds = believed(found, empty, full, formula=formula, link=question.link)
    rows = np.flatnonzero(holds)
    if len(rows) < len(holds):
        notes.append(
            f"The formula for {TITLES[formula.name]} does not add up to what the model predicts for "
            f"{len(holds) - len(rows):,} of {len(holds):,} rows; so it was not used there."
        )
    return _some(found.values, found.base, rows, f"exact: {formula.name}", ends.model_rows), rows


def _some(
    values: npt.NDArray[np.float64], base: npt.NDArray[np.float64], rows: Integers, method: str, model_rows: int
) -> Attributions:
    """Exact values of some rows; predictions are what they add up to, so to rounding the model's own."""
    return Attributions(
        values=values[rows],
        standard_errors=np.zeros(values[rows].shape),
        base_values=base[rows],
        predictions=base[rows] + values[rows].sum(axis=1),
        samples=np.zeros(len(rows), dtype=np.intp),
        blocks=np.zeros(len(rows), dtype=np.intp),
        estimators=(method,) * len(rows),
        model_rows=model_rows,
    )


def _by_coalitions(question: Question, progress: Progress) -> Attributions:
    parts, games = [], question.games
    pace = Pace(games.rows, time.monotonic)
    most, begun = most_predictions(games, question.plan), pace.line("explaining", 0)
    told = PredictionsTold(question.model.predict, progress, most, begun)
    progress(begun)
    for part in explain_blocks(replace(games, predict=told), question.plan, clock=time.monotonic):
        parts.append(part)
        told.at = pace.line("explaining", len(part.values))
        progress(told.at)
    return Attributions.join(parts)


def _by_surrogate(question: Question, level: float, notes: list[str], progress: Progress) -> Attributions:
    from pellucid.api.surrogate import TRAINED_ROWS, fitted_surrogate
    from pellucid.explain.surrogate import explained_by_surrogate

    masker, plan, score = question.masker, question.plan, question.model.predict
    progress("fitting the surrogate")
    inputs = masker.inputs_per_coalition
    samples = plan.samples_beside_surrogate(players=masker.players, rows=masker.rows, background=inputs)
    order = np.random.default_rng([plan.seed, masker.rows]).permutation(masker.rows)
    sample = masker.explained[order[: max(TRAINED_ROWS, plan.surrogate.audit_rows)]]
    with one_thread():
        fitted = fitted_surrogate(
            sample,
            masker,
            score,
            plan,
            link=question.link,
            confidence_level=level,
            total=masker.rows,
            background=inputs,
        )
        notes.append(fitted.note())
        progress(f"explaining {counted(masker.rows, 'row')}")
        found = explained_by_surrogate(
            masker, score, fitted.surrogate, link=question.link, samples=samples, seed=plan.seed
        )
    asked = found.model_rows + fitted.training_rows + (0 if fitted.audit is None else fitted.audit.model_rows)
    return replace(found, model_rows=asked)


def _by_pool(question: Question, open_pool: OpenPool, progress: Progress) -> Attributions:
    from pellucid.jobs.explanations.request import ShapRequest
    from pellucid.jobs.explanations.shap_job import ShapTask, shap_units
    from pellucid.jobs.explanations.unit_store import UnitStore
    from pellucid.jobs.explanations.units import settled

    rows, masker = question.masker.explained, question.masker
    question.model.predict(rows[:1])  # tells the names of the outputs to this process
    request = ShapRequest(
        players=masker.columns_of,
        plan=question.plan,
        link=question.link,
        aggregation="mean_abs",
        num_clusters=None,
        save_local=False,
    )
    task = ShapTask(features=rows.names, total=len(rows), baseline=masker.background, request=request)
    parts, pace = [], Pace(len(rows), time.monotonic)
    with open_pool(task) as pool:
        units = shap_units([rows], task, clock=time.monotonic, at_once=lambda: pool.at_once)
        for unit in settled(units, pool, UnitStore(None, "")):
            parts.append(unit.result.attributions)
            progress(pace.line("explaining", len(unit.unit.rows)))
    return Attributions.join(parts)


def _worth(question: Question, sampled: Attributions) -> list[str]:
    """What the samples mean for the numbers: too few, no errors, not as precise as wanted."""
    players = question.masker.active(range(question.masker.rows)).sum(axis=1)
    asked = zip(players.tolist(), sampled.samples.tolist(), sampled.estimators, strict=True)
    few = few_samples(asked, question.plan.estimator, question.plan.budget.precision)
    notes = [few] if few else []
    answers = RepeatedAnswers()
    if question.masker.has_common_base:
        answers.add(sampled)
    if answers.difference:
        told = unsteady_note(answers.difference)
        notes.append(f"{told[0].upper()}{told[1:]}")
    unknown = int(np.isnan(sampled.standard_errors).any(axis=(1, 2)).sum())
    if unknown:
        notes.append(f"{unknown:,} of {question.masker.rows:,} sampled rows have no standard errors.")
    wanted = question.plan.budget.precision
    reached = sampled.relative_errors
    bounded = question.plan.budget.model_calls is not None or question.plan.budget.seconds is not None
    known = reached[np.isfinite(reached).all(axis=1)].max(axis=1)
    if wanted is None and bounded and known.any():
        typical, most = (significant(100 * float(error), 2) for error in (np.median(known), known.max()))
        notes.append(
            f"The budget allowed a relative standard error of {typical} % in the median row, and of {most} % at most."
        )
    if wanted is not None:
        short = ~(reached <= wanted).all(axis=1)
        if short.any():
            worst = ""
            if not np.isnan(reached).all():
                worst = f"; the largest relative error is {significant(float(np.nanmax(reached)), 3)}"
            missed = f"{int(short.sum()):,} of {counted(question.masker.rows, 'row')}"
            notes.append(f"{missed} did not reach the precision {wanted:g}{worst}.")
    return notes


@dataclass(frozen=True, slots=True, eq=False)
class _Importances(Mapping[Aggregation, tuple[FeatureImportance, ...]]):
    """Importances by way of aggregation, found when somebody asks: for few rows they take longer than the values."""

    found: Attributions
    level: float
    players: Sequence[str]
    outputs: Sequence[str]
    known: dict[Aggregation, tuple[FeatureImportance, ...]] = field(default_factory=dict)

    def __getitem__(self, way: Aggregation) -> tuple[FeatureImportance, ...]:
        if way not in AGGREGATIONS:
            raise KeyError(way)
        if way not in self.known:
            self.known[way] = _importances(self.found, way, self.level, self.players, self.outputs)
        return self.known[way]

    def of_rows(self, rows: Integers) -> _Importances:
        """Those of the rows at these positions, whose errors are taken to move together within a block."""
        # How the errors of rows move with that of their block is known of whole blocks only.
        return replace(self, found=replace(self.found.in_order(rows), loadings=None), known={})

    def __iter__(self) -> Iterator[Aggregation]:
        return iter(AGGREGATIONS)

    def __len__(self) -> int:
        return len(AGGREGATIONS)


def _importances(
    found: Attributions, way: Aggregation, level: float, players: Sequence[str], outputs: Sequence[str]
) -> tuple[FeatureImportance, ...]:
    importance = aggregate(
        found.values,
        found.standard_errors,
        method=way,
        confidence_level=level,
        blocks=found.blocks,
        loadings=found.loadings_for(way),
        odd_parts=found.odd_parts,
        learnt=found.learnt,
        noise_shares=found.noise_shares,
    )
    listed = []
    for output, name in enumerate(outputs):
        order, with_next = ranks_with_ties(importance, output)
        tied = with_next | np.append(False, with_next[:-1])
        for rank, player in enumerate(order.tolist()):
            listed.append(
                FeatureImportance(
                    output=name,
                    feature=players[player],
                    value=float(importance.value[player, output]),
                    corrected=float(importance.corrected[player, output]),
                    standard_error=float(importance.standard_error[player, output]),
                    interval=(float(importance.low[player, output]), float(importance.high[player, output])),
                    rank=rank + 1,
                    tied=bool(tied[rank]),
                )
            )
    return tuple(listed)
