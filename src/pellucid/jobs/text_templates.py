"""Sentences made from templates: the same words about different groups of people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

from pellucid.errors import ConfigError, Problem, did_you_mean
from pellucid.records import dataclass

__all__ = ["MOST_SENTENCES", "Fillers", "Sentences", "filled_sentences"]

Fillers = Mapping[str, Sequence[str]]
"""Words by the placeholder that they fill."""

MOST_SENTENCES = 1_000_000
"""Sentences that are made at most."""
_PLACEHOLDER = re.compile(r"\[([^\[\]\s]+)\]")


@dataclass(frozen=True, slots=True)
class Sentences:
    """Filled templates.

    Parameters
    ----------
    texts
        The sentences.
    templates
        Number of the template of each, from 0.
    groups
        Group of each sentence, by facet.
    """

    texts: tuple[str, ...]
    templates: tuple[int, ...]
    groups: Mapping[str, tuple[str, ...]]


def filled_sentences(
    templates: Sequence[str], groups: Mapping[str, Mapping[str, Fillers]], fillers: Fillers
) -> Sentences:
    """Every template with every choice of words for every group.

    Parameters
    ----------
    templates
        Sentences with placeholders in brackets: ``"[NAME] is a [JOB]."``
    groups
        By facet and group, the words that stand for the group: ``{"sex": {"female": {"NAME": ["Eve"]}, "male": ...}}``.
        All groups of a facet fill the same placeholders.
    fillers
        Words that do not depend on a group, by placeholder.

    Raises
    ------
    ConfigError
        Placeholders and words do not fit each other; all faults are named.

    Examples
    --------
    >>> made = filled_sentences(["[NAME] bakes."], {"sex": {"f": {"NAME": ["Eve"]}, "m": {"NAME": ["Bob"]}}}, {})
    >>> made.texts, made.groups
    (('Eve bakes.', 'Bob bakes.'), {'sex': ('f', 'm')})
    """
    problems = [*_faults_of_groups(groups), *_faults_of_words(groups, fillers)]
    if not problems:
        problems += _faults_of_templates(templates, groups, fillers)
    if problems:
        raise ConfigError(problems)
    texts: list[str] = []
    numbers: list[int] = []
    of_facets: dict[str, list[str]] = {facet: [] for facet in groups}
    for number, template in enumerate(templates):
        for chosen in product(*(groups[facet] for facet in groups)):
            words = dict(fillers)
            for facet, group in zip(groups, chosen, strict=True):
                words |= groups[facet][group]
            made = _filled(template, words)
            texts += made
            numbers += [number] * len(made)
            for facet, group in zip(groups, chosen, strict=True):
                of_facets[facet] += [group] * len(made)
    return Sentences(tuple(texts), tuple(numbers), {facet: tuple(found) for facet, found in of_facets.items()})


def _filled(template: str, words: Fillers) -> list[str]:
    used = list(dict.fromkeys(_PLACEHOLDER.findall(template)))
    return [
        _with_words(template, dict(zip(used, choice, strict=True)))
        for choice in product(*(words[name] for name in used))
    ]


def _with_words(template: str, word_of: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: word_of[match[1]], template)


def _faults_of_groups(groups: Mapping[str, Mapping[str, Fillers]]) -> list[Problem]:
    problems = [] if groups else [Problem("groups", {}, fix="Give at least one facet with two groups.")]
    owner: dict[str, str] = {}
    for facet, of_facet in groups.items():
        where = f"groups.{facet}"
        if len(of_facet) < 2:
            problems.append(Problem(where, list(of_facet), fix="Give at least two groups to compare."))
        names = {frozenset(words) for words in of_facet.values()}
        if len(names) > 1 or frozenset() in names:
            fix = "Every group of a facet fills the same placeholders, at least one, so that only the group differs."
            problems.append(Problem(where, {group: sorted(words) for group, words in of_facet.items()}, fix=fix))
        for name in sorted(frozenset().union(*names)) if names else []:
            if name in owner:
                fix = f"Facet {owner[name]!r} fills this placeholder already. Use another one."
                problems.append(Problem(where, name, fix=fix))
            owner.setdefault(name, facet)
    return problems


def _faults_of_words(groups: Mapping[str, Mapping[str, Fillers]], fillers: Fillers) -> list[Problem]:
    placed = [(f"fillers.{name}", words) for name, words in fillers.items()]
    grouped: set[str] = set()
    for facet, of_facet in groups.items():
        for group, words in of_facet.items():
            placed += [(f"groups.{facet}.{group}.{name}", listed) for name, listed in words.items()]
            grouped |= set(words)
    problems = [
        Problem(where, words, fix='Give a list of words, such as ["Eve", "Ann"].')
        for where, words in placed
        if isinstance(words, str) or not words or not all(isinstance(word, str) for word in words)
    ]
    fix = "Words of a group fill this placeholder. Leave it out here."
    return problems + [Problem(f"fillers.{name}", fix=fix) for name in fillers if name in grouped]


def _faults_of_templates(
    templates: Sequence[str], groups: Mapping[str, Mapping[str, Fillers]], fillers: Fillers
) -> list[Problem]:
    if isinstance(templates, str) or not templates:
        return [Problem("templates", templates, fix='Give a list of sentences such as ["[NAME] is a [JOB]."].')]
    of_facet = {facet: set(next(iter(named.values()))) for facet, named in groups.items()}
    known = [*fillers, *(name for names in of_facet.values() for name in sorted(names))]
    problems, made = [], 0
    for number, template in enumerate(templates):
        used = set(_PLACEHOLDER.findall(template))
        problems += [
            Problem(f"templates[{number}]", f"[{name}]", fix=f"No words are given for it; {did_you_mean(name, known)}")
            for name in sorted(used - set(known))
        ]
        problems += [
            Problem(
                f"templates[{number}]",
                template,
                fix=f"It says nothing of {facet!r}: it holds none of {_bracketed(names)}.",
            )
            for facet, names in of_facet.items()
            if not used & names
        ]
        made += _number_of(used, groups, fillers)
    if made > MOST_SENTENCES:
        fix = f"They make {made:,} sentences, and {MOST_SENTENCES:,} are the most. Give fewer words."
        problems.append(Problem("templates", fix=fix))
    return problems


def _bracketed(names: set[str]) -> str:
    return ", ".join(f"[{name}]" for name in sorted(names))


def _number_of(used: set[str], groups: Mapping[str, Mapping[str, Fillers]], fillers: Fillers) -> int:
    number = 1
    for name in used & set(fillers):
        number *= len(fillers[name])
    for of_facet in groups.values():
        number *= sum(prod(len(words[name]) for name in used & set(words)) for words in of_facet.values())
    return number
