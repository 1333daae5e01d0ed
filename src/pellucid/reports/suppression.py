"""Which counts to hide so that small ones can neither be read nor computed from those that are shown.

A set of rows is shown with its counts in some cells, such as observed positive and negative. Whoever reads several sets
can add and subtract them: what is shown of all rows less what is shown of women is what holds for everyone else. So a
small count is hidden (primary suppression), and then further ones (complementary suppression), until no small count is
a linear combination of counts shown. Rates, differences and intervals of a set are functions of its counts, and are
hidden with them.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from pellucid.records import dataclass

__all__ = ["CountedSet", "determined", "hidden", "is_small", "small_shares"]

Floats = npt.NDArray[np.float64]

LARGEST = 400
"""With more sets than this the ones that can be hidden are hidden where any of them is small."""

ZERO = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedSet:
    """Rows that would be shown with their counts.

    Parameters
    ----------
    atoms
        The disjoint parts of all rows that it is made of.
    counts
        Rows in each cell; all sets have the same cells.
    margin
        Whether it is hidden only where hiding the others is not enough, as all rows together.
    harmless
        Whether it may be small, as the rows without a value.
    """

    key: Hashable
    atoms: frozenset[Hashable]
    counts: tuple[float, ...]
    margin: bool = False
    harmless: bool = False


def is_small(counts: Iterable[float], minimum: float) -> bool:
    """Whether any cell holds fewer than ``minimum`` rows; no rows at all identify nobody.

    A cell of no rows is small where the others hold some: it tells the outcome of everybody in the set.

    >>> is_small([12, 9], 10), is_small([12, 0], 10), is_small([0, 0], 10), is_small([12, 30], 10)
    (True, True, False, False)
    """
    cells = [round(count) for count in counts]
    return sum(cells) > 0 and min(cells) < minimum


def hidden(sets: Sequence[CountedSet], minimum: float, *, already: Collection[Hashable] = ()) -> frozenset[Hashable]:
    """Keys of the sets that must not be shown.

    Parameters
    ----------
    minimum
        The least number of rows in a cell that may be known; 1 or less hides nothing.
    already
        Keys that are not shown for other reasons.

    Notes
    -----
    Of every small count that follows from what is shown, the smallest set that it follows from is hidden next. What is
    asked for are the counts of every atom, set, complement of a set and of what one set has more than another. That a
    reader may know a count from elsewhere, or may narrow it down to a range, is not prevented.

    Examples
    --------
    >>> rows = {"a": 4, "b": 30, "c": 50}
    >>> sets = [CountedSet(key=name, atoms=frozenset(name), counts=(number,)) for name, number in rows.items()]
    >>> sorted(hidden([*sets, CountedSet(key="all", atoms=frozenset("abc"), counts=(84,), margin=True)], 10))
    ['a', 'b']
    """
    gone = {found.key for found in sets if found.key in already}
    if minimum <= 1:
        return frozenset(gone)
    gone |= {found.key for found in sets if not found.harmless and is_small(found.counts, minimum)}
    everyone = frozenset(_atoms(sets))
    if any(found.key in gone and found.atoms == everyone for found in sets):
        return frozenset(found.key for found in sets)  # how many rows there are is known all the same
    if _are_disjoint(sets, everyone):
        return _hidden_parts(sets, everyone, minimum, gone)
    if len(sets) > LARGEST:
        every = {found.key for found in sets if not found.margin}
        return frozenset(gone | every) if gone else frozenset()
    questions = _questions(sets)
    while True:
        shown = [found for found in sets if found.key not in gone]
        more = _further(shown, questions, minimum)
        if not more:
            return frozenset(gone)
        gone |= more


def determined(sets: Sequence[CountedSet], asked: Collection[Hashable]) -> tuple[float, ...] | None:
    """The counts of the rows in the atoms ``asked`` for, if they follow from those of ``sets``.

    >>> everyone = CountedSet(key="all", atoms=frozenset("ab"), counts=(84, 3))
    >>> determined([everyone, CountedSet(key="b", atoms=frozenset("b"), counts=(80, 1))], {"a"})
    (4, 2)
    >>> determined([everyone], {"a"}) is None
    True
    """
    if not sets:
        return None
    atoms = _atoms(sets)
    if not set(asked) <= set(atoms):
        return None
    known, counts, _ = _solved(sets, atoms, _indicators([frozenset(asked)], atoms))
    return tuple(round(count) for count in counts[0].tolist()) if known[0] else None


def small_shares(shares: Sequence[float], rows: float, minimum: float) -> frozenset[int]:
    """Positions of the shares of ``rows`` that must not be shown beside the others, which add up to a known whole.

    >>> sorted(small_shares([0.5, 0.3, 0.16, 0.04], 100, 10))
    [2, 3]
    """
    sets = [CountedSet(key=i, atoms=frozenset({i}), counts=(share * rows,)) for i, share in enumerate(shares)]
    everyone = CountedSet(key=-1, atoms=frozenset(range(len(shares))), counts=(sum(shares) * rows,), margin=True)
    return frozenset(key for key in hidden([*sets, everyone], minimum) if isinstance(key, int) and key >= 0)


# --- parts of a whole ------------------------------------------------------------------------------------------------
def _are_disjoint(sets: Sequence[CountedSet], everyone: frozenset[Hashable]) -> bool:
    """Whether no two sets overlap, other than all rows and sets of the same rows."""
    parts = {found.atoms for found in sets} - {everyone}
    return sum(map(len, parts)) == len(frozenset().union(*parts))


def _hidden_parts(
    sets: Sequence[CountedSet], everyone: frozenset[Hashable], minimum: float, gone: set[Hashable]
) -> frozenset[Hashable]:
    """What to hide of disjoint parts and their whole: then all that follows is the rest, and what is not in a part."""
    whole = next((found for found in sets if found.atoms == everyone), None)
    if whole is None:
        return frozenset(gone)
    shown = {found.atoms: found for found in sets if found.atoms != everyone}
    for found in sets:
        if found.key in gone:
            shown.pop(found.atoms, None)
    rest = whole.counts
    for found in shown.values():
        rest = _less(rest, found.counts)
    for atoms in sorted(shown, key=lambda atoms: (sum(shown[atoms].counts), repr(sorted(map(repr, atoms))))):
        if not is_small(rest, minimum):
            break
        rest = tuple(a + b for a, b in zip(rest, shown.pop(atoms).counts, strict=True))
    return frozenset(gone | {found.key for found in sets if found.atoms != everyone and found.atoms not in shown})


def _less(counts: tuple[float, ...], part: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(a - b for a, b in zip(counts, part, strict=True))


# --- what follows from what is shown ---------------------------------------------------------------------------------
def _atoms(sets: Iterable[CountedSet]) -> list[Hashable]:
    return list(dict.fromkeys(atom for found in sets for atom in sorted(found.atoms, key=repr)))


def _indicators(parts: Sequence[frozenset[Hashable]], atoms: Sequence[Hashable]) -> Floats:
    place = {atom: i for i, atom in enumerate(atoms)}
    found = np.zeros((len(parts), len(atoms)))
    for row, part in enumerate(parts):
        found[row, [place[atom] for atom in part]] = 1.0
    return found


def _questions(sets: Sequence[CountedSet]) -> list[frozenset[Hashable]]:
    """Parts of the rows whose counts must not be found out where they are small."""
    harmless = {found.atoms for found in sets if found.harmless}
    everyone = frozenset(_atoms(sets))
    distinct = list(dict.fromkeys(found.atoms for found in sets))
    asked = [frozenset({atom}) for atom in _atoms(sets)] + distinct + [everyone - part for part in distinct]
    asked += [one - other for one in distinct for other in distinct if other < one]
    return [part for part in dict.fromkeys(asked) if part and part not in harmless]


def _further(shown: Sequence[CountedSet], questions: Sequence[frozenset[Hashable]], minimum: float) -> set[Hashable]:
    """Of every small count that follows from the sets shown, one set that it follows from."""
    if not shown:
        return set()
    atoms = _atoms(shown)
    inside = set(atoms)
    asked = [part for part in questions if part <= inside]
    known, counts, terms = _solved(shown, atoms, _indicators(asked, atoms))
    found: set[Hashable] = set()
    for i in np.flatnonzero(known):
        if not is_small(counts[i].tolist(), minimum):
            continue
        taking_part = [part for part, term in zip(shown, terms[i], strict=True) if abs(term) > ZERO]
        if not any(part.key in found for part in taking_part):
            found.add(min(taking_part, key=lambda part: (part.margin, sum(part.counts))).key)
    return found


def _solved(
    shown: Sequence[CountedSet], atoms: Sequence[Hashable], asked: Floats
) -> tuple[npt.NDArray[np.bool_], Floats, Floats]:
    """Whether each question follows from the sets, its counts if so, and the part of each set in the answer."""
    matrix = _indicators([found.atoms for found in shown], atoms)
    terms: Floats = asked @ np.linalg.pinv(matrix)
    known = np.abs(terms @ matrix - asked).max(axis=1, initial=0.0) < ZERO
    return known, terms @ np.array([found.counts for found in shown], dtype=float), terms
