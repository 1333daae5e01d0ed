"""Whether a model of texts treats groups alike: bias metrics of predictions for sentences that differ in the group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pellucid.errors import ConfigError, DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pellucid.config.bias_request import FacetRequest
    from pellucid.results.bias import BiasReport

__all__ = ["probe_text"]

PREDICTED, LABEL = "predicted", "outcome"
BATCH_TEXTS = 4096
"""Texts per call of the model."""
WITHOUT_LABELS = ("DPPL", "DI")
"""Metrics that need no label."""


def probe_text(
    model: Any,
    templates: Any,
    *,
    groups: Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]] | None = None,
    fillers: Mapping[str, Sequence[str]] | None = None,
    text: str | None = None,
    facets: Mapping[str, Any] | Sequence[str] | str | None = None,
    expected: Sequence[int] | str | None = None,
    output: str | None = None,
    threshold: float = 0.5,
    metrics: Sequence[str] | None = None,
    confidence_level: float = 0.95,
    seed: int = 0,
    allow_pickle: bool = False,
) -> BiasReport:
    """Bias metrics of what a model of texts predicts for sentences about different groups.

    A sentence is predicted positive if its score is greater than the threshold. Made sentences are no sample of what
    people write: intervals say how sure the numbers are for sentences like these.

    Parameters
    ----------
    model
        As for `explain_text`.
    templates
        Sentences with placeholders in brackets, ``["[NAME] is a [JOB]."]``; or a table of whole sentences.
    groups
        Words that stand for each group, by facet, group and placeholder:
        ``{"sex": {"female": {"NAME": ["Eve"]}, "male": {"NAME": ["Bob"]}}}``. Every combination is made.
    fillers
        Words of placeholders that do not depend on a group: ``{"JOB": ["nurse", "engineer"]}``.
    text, facets
        For a table: its column of texts, and the columns that name groups, as `pellucid.bias` takes them.
    expected
        Right answers, 1 or 0: one for each template, or the column of a table. Without them only metrics are computed
        that need none.
    output
        Output of the model whose score counts, if it has several.
    threshold
        Scores greater than this are predicted positive.
    metrics
        Names of post-training metrics; by default all that are possible.
    confidence_level, seed, allow_pickle
        As for `pellucid.bias` and `pellucid.explain`.

    Returns
    -------
    BiasReport
        As of `pellucid.bias`; the facets are those of ``groups``, or the columns named.

    Raises
    ------
    ConfigError
        An argument is wrong; all faults are named.
    DataError
        The table has no such column, or a given group does not occur.
    ModelError
        The model cannot be loaded or asked, or does not answer with finite scores.

    Examples
    --------
    >>> strict = lambda texts: [0.9 if "Bob" in text or "engineer" in text else 0.1 for text in texts]
    >>> report = probe_text(
    ...     strict,
    ...     ["[NAME] is a good [JOB]."],
    ...     groups={"sex": {"female": {"NAME": ["Eve"]}, "male": {"NAME": ["Bob"]}}},
    ...     fillers={"JOB": ["nurse", "engineer"]},
    ... )
    >>> {found["metric"]: found["value"] for found in report.records() if found["value_or_threshold"] == "female"}
    {'DI': 0.5, 'DPPL': 0.5}
    """
    from pellucid.api.bias_arguments import check_request
    from pellucid.api.library import table_of
    from pellucid.api.rows import library_of
    from pellucid.argument_kinds import (
        FACETS,
        NAMES,
        SWITCH,
        TEXT,
        mapping,
        number,
        optional,
        refuse_other_kinds,
    )
    from pellucid.bias.analysis import analyse
    from pellucid.config.bias_request import BiasRequest
    from pellucid.results.tables import frame_of_columns

    words = mapping("words", '{"JOB": ["nurse", "engineer"]}', of=NAMES)
    by_group = mapping(
        "words of groups",
        '{"sex": {"female": {"NAME": ["Eve"]}, "male": {"NAME": ["Bob"]}}}',
        of=mapping("words", "", of=words),
    )
    refuse_other_kinds(
        ("groups", groups, optional(by_group)),
        ("fillers", fillers, optional(words)),
        ("text", text, optional(TEXT)),
        ("facets", facets, optional(FACETS)),
        ("output", output, optional(TEXT)),
        ("threshold", threshold, number()),
        ("metrics", metrics, optional(NAMES)),
        ("allow_pickle", allow_pickle, SWITCH),
    )
    if groups is not None and (text is not None or facets is not None):
        fix = "Words of groups are for templates, 'text' and 'facets' for a table. Give the one or the other."
        raise ConfigError(Problem("groups", fix=fix))
    if groups is not None:
        columns, answers, texts = _made(templates, groups, fillers or {}, expected)
        facets = list(columns)
    else:
        columns, answers, texts = _given(templates, text, facets, fillers, expected)
    taken = [name for name in (PREDICTED, LABEL) if name in columns]
    if taken:
        raise ConfigError(
            Problem("groups" if groups else "facets", taken, fix="These names are taken. Use other ones.")
        )
    wanted = _metrics(metrics, known=answers is not None)
    request = BiasRequest(
        label=LABEL,
        positive=(1,),
        facets=_facets(facets),
        predicted_label=PREDICTED,
        post_training=wanted,
        column_types={PREDICTED: "categorical", LABEL: "categorical"},
        confidence_level=confidence_level,
        seed=seed,
        # That no sentence is predicted positive is an answer here: groups are treated alike.
        on_degenerate="report",
    )
    check_request(request)
    predicted = _positive(model, texts, output, threshold, allow_pickle=allow_pickle)
    labels = predicted if answers is None else answers
    request = replace(request, allow_unseen_values=not labels.any())
    frame = frame_of_columns({**columns, PREDICTED: predicted, LABEL: labels})
    return replace(analyse(request, table_of(frame)), frame_library=library_of(frame))


def _facets(facets: Any) -> tuple[FacetRequest, ...]:
    from pellucid.config.bias_request import FacetRequest

    named = facets if isinstance(facets, Mapping) else dict.fromkeys([facets] if isinstance(facets, str) else facets)
    return tuple(FacetRequest(column=column, values=_values(values)) for column, values in named.items())


def _values(values: Any) -> tuple[Any, ...]:
    if values is None:
        return ()
    return (values,) if isinstance(values, str) or not isinstance(values, Iterable) else tuple(values)


def _made(
    templates: Any, groups: Mapping[str, Any], fillers: Mapping[str, Sequence[str]], expected: Any
) -> tuple[dict[str, Any], npt.NDArray[np.int64] | None, list[str]]:
    """Columns of the facets, right answers, and the sentences."""
    import numpy as np

    from pellucid.argument_kinds import NAMES, Kind, refuse_other_kinds
    from pellucid.jobs.text_templates import filled_sentences

    fix = 'Give a list of sentences such as ["[NAME] is a [JOB]."].'
    refuse_other_kinds(("templates", templates, Kind(NAMES.holds, fix)))
    sentences = templates if isinstance(templates, str) else list(templates)
    right = [] if expected is None else _right_answers(expected, len(sentences))
    made = filled_sentences(sentences, groups, fillers)
    columns: dict[str, Any] = {facet: np.array(found, dtype=object) for facet, found in made.groups.items()}
    answers = None if expected is None else np.array([right[number] for number in made.templates])
    return columns, answers, list(made.texts)


def _right_answers(expected: Any, templates: int) -> list[int]:
    import numpy as np

    several = isinstance(expected, Iterable) and not isinstance(expected, str | Mapping)
    answers = list(expected) if several else []
    if len(answers) != templates or not all(np.ndim(answer) == 0 and answer in (0, 1) for answer in answers):
        raise ConfigError(Problem("expected", expected, fix=f"Give 1 or 0 for each of the {templates} templates."))
    return [int(answer) for answer in answers]


def _given(
    table: Any, text: str | None, facets: Any, fillers: Any, expected: Any
) -> tuple[dict[str, Any], npt.NDArray[np.int64] | None, list[str]]:
    """Columns of facets of a table, right answers, and its texts."""
    import numpy as np

    from pellucid.api.rows import batch_of
    from pellucid.api.text_explaining import text_cells

    problems = []
    if text is None or facets is None:
        fix = "Give the words of groups for templates; for a table, its column of texts and its facets."
        problems.append(Problem("groups" if text is None else "facets", fix=fix))
    if fillers is not None:
        problems.append(Problem("fillers", fix="They fill templates. Give 'groups' as well, or leave this out."))
    if expected is not None and not isinstance(expected, str):
        problems.append(Problem("expected", expected, fix="Name the column of right answers."))
    if problems:
        raise ConfigError(problems)
    named = [facets] if isinstance(facets, str) else list(facets)
    wanted = [*named, str(text), *([] if expected is None else [expected])]
    batch = batch_of(table, "templates", columns=list(dict.fromkeys(wanted)))
    columns = {name: batch.columns[name] for name in named}
    answers = None
    if expected is not None:
        answers = batch.columns[expected]
        if not np.isin(answers, (0, 1)).all():
            fix = "Right answers are 1 or 0 for each sentence."
            raise DataError(Problem("expected", expected, fix=fix))
    cells, _ = text_cells(batch.columns[str(text)].tolist(), str(text))
    return columns, None if answers is None else answers.astype(np.int64), cells.tolist()


def _positive(
    model: Any, texts: Sequence[str], output: str | None, threshold: float, *, allow_pickle: bool
) -> npt.NDArray[np.int64]:
    """Whether each text is predicted positive, 1 or 0."""
    import numpy as np

    from pellucid.api.scoring import ScoredModel
    from pellucid.api.text_explaining import COLUMN, opened_text_model
    from pellucid.protocols.model import Batch

    scored = ScoredModel(opened_text_model(model, allow_pickle=allow_pickle))
    cells = np.array([*texts, None], dtype=object)[:-1]
    scores = np.concatenate(
        [scored.predict(Batch({COLUMN: cells[at : at + BATCH_TEXTS]})) for at in range(0, len(cells), BATCH_TEXTS)]
    )
    if output is None and len(scored.outputs) > 1:
        fix = f"The model has {len(scored.outputs)} outputs. Name the one that counts; {_listed(scored.outputs)}"
        raise ConfigError(Problem("output", fix=fix))
    if output is not None and output not in scored.outputs:
        fix = f"Use an output of the model; {did_you_mean(output, scored.outputs)}"
        raise ConfigError(Problem("output", output, fix=fix))
    place = 0 if output is None else scored.outputs.index(output)
    return np.asarray(scores[:, place] > threshold).astype(np.int64)


def _listed(outputs: Sequence[str]) -> str:
    return f"there are {', '.join(map(repr, outputs[:12]))}."


def _metrics(wanted: Sequence[str] | None, *, known: bool) -> tuple[str, ...]:
    from pellucid.bias.metrics import POST_TRAINING

    # The flip test compares rows by their features, and conditional metrics need strata: sentences have neither.
    possible = [metric.name for metric in POST_TRAINING if metric.name not in ("FT", "CDDPL")]
    possible = possible if known else list(WITHOUT_LABELS)
    listed = possible if wanted is None else [wanted] if isinstance(wanted, str) else list(wanted)
    without = "" if known else " Others need right answers: give 'expected'."
    problems = [
        Problem(f"metrics[{i}]", name, fix=f"Use a metric of predictions; {did_you_mean(name, possible)}{without}")
        for i, name in enumerate(listed)
        if name not in possible
    ]
    if problems:
        raise ConfigError(problems)
    return tuple(listed)
