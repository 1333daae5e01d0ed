"""Explanations of texts for users of the library."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from pellucid.errors import ConfigError, DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pellucid.api.steps import Progress
    from pellucid.explain.attributions import Attributions
    from pellucid.explain.budget import Budget
    from pellucid.explain.game import Link
    from pellucid.explain.maskers.text import TextMasker
    from pellucid.explain.plan import Estimator, Plan
    from pellucid.protocols.model import Model
    from pellucid.results.text_explanation import ExplainedText, TextExplanation
    from pellucid.text_units.split import Splitter

__all__ = ["explain_text", "opened_text_model", "text_cells"]

COLUMN = "text"
"""Name of the one column of the batches that models are asked with."""


def explain_text(
    model: Any,
    texts: Any,
    *,
    granularity: str = "token",
    language: str = "en",
    mask: str = "",
    estimator: Estimator = "auto",
    budget: Mapping[str, Any] | Budget | None = None,
    outputs: Sequence[str] | None = None,
    link: Link = "identity",
    seed: int = 0,
    confidence_level: float = 0.95,
    hierarchical: bool = False,
    max_units: int = 512,
    allow_pickle: bool = False,
    progress: Progress = None,
) -> TextExplanation:
    """Shapley values of the words, sentences or paragraphs of texts, with standard errors.

    A unit that is absent shows the mask in its place; what stands between units stays. The values of a text add up to
    its prediction minus that of the text with every unit masked. The model is asked with texts alone: jobs explain
    models of texts and other columns.

    Parameters
    ----------
    model
        A function of a list of texts that returns scores of shape (texts,) or (texts, outputs), a fitted estimator or
        pipeline of scikit-learn, a `Model` (asked with one column, ``text``), or the path of a model or its address in
        MLflow. Classifiers explain probabilities, regressions predictions. Models behind HTTP are explained by jobs,
        or by a function that asks them.
    texts
        A list, array or column of texts; a missing one is explained as an empty one. A single text is a list of one.
    granularity
        ``token``, ``sentence`` or ``paragraph``.
    language
        Name or code: "german", "de"; "xx" for several languages at once.
    mask
        Stands in the place of an absent unit; an empty one leaves a gap.
    estimator, link, seed, confidence_level, allow_pickle, progress
        As for `pellucid.explain`.
    budget
        ``{"samples": m}``: coalitions of every text besides the empty and the full one; ``samples_per_player``: for
        each unit of a text; ``model_calls``, ``seconds`` and ``precision``: for all texts. By default 2048 + 2 x units
        samples.
    outputs
        Names of the model's outputs; by default what the model calls them.
    hierarchical
        Whether sentences are explained first, and words only in those that matter (Owen values): the words of a
        sentence add up to the value of the sentence. Needs ``granularity="token"``.
    max_units
        Most units of a text; neighbours are put together where it has more.

    Returns
    -------
    TextExplanation
        Frozen; ``texts`` holds one `ExplainedText` per text.

    Raises
    ------
    ConfigError
        An argument is wrong.
    DataError
        There is no text.
    ModelError
        The model cannot be loaded or asked, or does not answer with finite scores.
    MissingExtra
        A package for the language is not installed.

    Examples
    --------
    >>> count = lambda texts: [text.count("good") - text.count("bad") for text in texts]
    >>> found = explain_text(count, ["A good, good start."])
    >>> [(unit.text, round(value)) for unit, value in zip(found.texts[0].units, found.texts[0].values[:, 0].tolist())]
    [('A', 0), ('good', 1), (',', 0), ('good', 1), ('start', 0), ('.', 0)]
    """
    from pellucid.api.explaining import plan_of
    from pellucid.api.pace import PredictionsTold, most_predictions
    from pellucid.api.rows import library_of
    from pellucid.api.scoring import ScoredModel
    from pellucid.api.steps import steps_told
    from pellucid.argument_kinds import NAMES, PROGRESS, SWITCH, TEXT, Kind, listed, one_of, optional, other_kinds
    from pellucid.config.methods import Granularity
    from pellucid.explain.estimate import blocks_of
    from pellucid.explain.game import MaskedGames
    from pellucid.explain.maskers.text import text_masker
    from pellucid.jobs.explanations.texts import text_attributions
    from pellucid.nouns import counted
    from pellucid.protocols.model import Batch

    problems = other_kinds(
        ("granularity", granularity, one_of(get_args(Granularity), "a unit of text")),
        ("language", language, Kind(TEXT.holds, "Use the name or the code of a language, such as 'german' or 'de'.")),
        ("outputs", outputs, optional(NAMES)),
        ("hierarchical", hierarchical, SWITCH),
        ("allow_pickle", allow_pickle, SWITCH),
        ("progress", progress, PROGRESS),
    )
    plan = plan_of(estimator, budget, seed, link, confidence_level, problems=problems)
    split, outer = _splitters(granularity, language, mask, hierarchical=hierarchical, max_units=max_units)
    cells, missing = text_cells(texts)
    scored = ScoredModel(opened_text_model(model, allow_pickle=allow_pickle), probabilities=link == "logit")
    rows, baseline = Batch({COLUMN: cells}), Batch({COLUMN: _objects([mask])})
    masker = text_masker(rows, baseline, {COLUMN: (COLUMN,)}, [COLUMN], split, max_units=max_units)
    games = MaskedGames(masker, scored.predict, link)
    line = f"explaining {counted(len(cells), 'text')}"
    with steps_told(progress) as step:
        step(line)
        told = PredictionsTold(scored.predict, step, most_predictions(games, plan) if outer is None else None, line)
        games = replace(games, predict=told)
        found = text_attributions(masker, games, plan, blocks_of(len(cells)), outer=outer, clock=time.monotonic)
    return _explanation(
        masker,
        found,
        plan,
        outputs=scored.outputs if outputs is None else tuple(listed(outputs)),
        notes=_notes(masker, found, plan, missing, max_units),
        granularity=granularity,
        language=split.language,
        mask=mask,
        link=link,
        confidence_level=confidence_level,
        library=library_of(texts),
    )


def text_cells(texts: Any, where: str = "texts") -> tuple[npt.NDArray[np.object_], list[int]]:
    """Texts as a column, missing ones empty, and the positions of those.

    Raises
    ------
    ConfigError
        It is a single text, or no list of texts.
    DataError
        There is none, or a cell is no text.
    """
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable) or isinstance(texts, Mapping):
        raise ConfigError(Problem(where, texts, fix="Give a list of texts; a single one is [text]."))
    if hasattr(texts, "columns"):
        raise ConfigError(
            Problem(where, type(texts).__name__, fix="Give one column of the table, with the texts in it.")
        )
    from pellucid.engines.cells import plain

    listed = texts.to_pylist() if hasattr(texts, "to_pylist") else texts
    cells = [None if plain(cell) is None else cell for cell in listed]
    wrong = [place for place, cell in enumerate(cells) if not (cell is None or isinstance(cell, str))]
    if wrong:
        fix = f"Give texts only; there are {len(wrong)} other cells of {len(cells)}."
        raise DataError(Problem(f"{where}[{wrong[0]}]", cells[wrong[0]], fix=fix))
    if not cells:
        raise DataError(Problem(where, [], fix="Give at least one text."))
    missing = [place for place, cell in enumerate(cells) if cell is None]
    return _objects(["" if cell is None else cell for cell in cells]), missing


def opened_text_model(model: Any, *, allow_pickle: bool = False) -> Model:
    """The model that the user means, to be asked with one column of texts.

    Raises
    ------
    ModelError
        It is no model, or cannot be loaded.
    """
    from pellucid.models.estimator import EstimatorModel
    from pellucid.models.load import load_model
    from pellucid.models.loading import Loading
    from pellucid.models.objects import as_model
    from pellucid.models.python_callable import PythonModel
    from pellucid.models.text_callable import TextModel

    if isinstance(model, str | os.PathLike):
        found = load_model(os.fspath(model), allow_pickle=allow_pickle)
    else:
        found = as_model(model, Loading(getattr(model, "__name__", None) or type(model).__name__))
    if isinstance(found, PythonModel) and found.takes == "either":
        return TextModel(found.function, found.name)
    if isinstance(found, EstimatorModel) and not hasattr(found.estimator, "n_features_in_"):
        return replace(found, texts=True)
    return found


def _objects(cells: Sequence[Any]) -> npt.NDArray[np.object_]:
    import numpy as np

    found = np.empty(len(cells), dtype=object)
    found[:] = cells
    return found


def _splitters(
    granularity: str, language: str, mask: Any, *, hierarchical: bool, max_units: Any
) -> tuple[Splitter, Splitter | None]:
    """What gives units, and what gives the parts that are explained first; all faults are reported together."""
    from pellucid.text_units import splitter

    problems: list[Problem] = []
    if not isinstance(mask, str):
        problems.append(Problem("mask", mask, fix="Use a text, such as '[MASK]' or ''."))
    if isinstance(max_units, bool) or not isinstance(max_units, int) or max_units < 1:
        problems.append(Problem("max_units", max_units, fix="Use an integer of at least 1."))
    if hierarchical and granularity in ("sentence", "paragraph"):
        fix = "Words are explained in two steps, sentences first. Use 'token', or hierarchical=False."
        problems.append(Problem("granularity", granularity, fix=fix))
    try:
        found = splitter(language, granularity), splitter(language, "sentence") if hierarchical else None
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from None
    if problems:
        raise ConfigError(problems)
    return found


def _explanation(
    masker: TextMasker, found: Attributions, plan: Plan, *, outputs: tuple[str, ...], library: str | None, **said: Any
) -> TextExplanation:
    from pellucid.results.text_explanation import TextExplanation

    if len(outputs) != found.values.shape[2]:
        scores = found.values.shape[2]
        fix = f"Name each output of the model once, or leave this out; the number of its scores for a text is {scores}."
        raise ConfigError(Problem("outputs", list(outputs), fix=fix))
    return TextExplanation(
        texts=tuple(_explained(masker, found, row) for row in range(masker.rows)),
        outputs=outputs,
        model_rows=found.model_rows,
        seed=plan.seed,
        frame_library=library,
        **said,
    )


def _explained(masker: TextMasker, found: Attributions, row: int) -> ExplainedText:
    from pellucid.jobs.explanations.texts import units_of
    from pellucid.results.text_explanation import ExplainedText, TextUnit

    text, units = masker.texts[COLUMN][row], units_of(masker, found, row, COLUMN)
    return ExplainedText(
        text=text,
        units=tuple(TextUnit(text[start:end], start) for start, end in units.spans),
        values=units.values,
        standard_errors=units.standard_errors,
        base_values=found.base_values[row],
        predictions=found.predictions[row],
        method=found.estimators[row],
        samples=int(found.samples[row]),
    )


def _notes(
    masker: TextMasker, found: Attributions, plan: Plan, missing: Sequence[int], max_units: int
) -> tuple[str, ...]:
    from collections import Counter

    from pellucid.jobs.explanations.text_notes import notes_on_texts

    ways = Counter(found.estimators).most_common()
    told = "; ".join(f"{number:,} {'text' if number == 1 else 'texts'} by {way}" for way, number in ways)
    return (f"Explained: {told}.", *notes_on_texts(masker, found, plan, missing=missing, max_units=max_units))
