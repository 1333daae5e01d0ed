"""Which features of a LightGBM model its pandas categories belong to: the model names the values, not the features.

It keeps one list of values for each categorical column of the training frame, in the order of the columns, and of
every feature what its cells were: codes of categories, a range of numbers (also that of the codes of *ordered*
categories), or nothing at all where no tree can use it. So lists are laid to features in order; what fits in one way
only is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pellucid.errors import ModelError
from pellucid.records import dataclass

__all__ = ["categories_of_features"]

UNUSED = "none"


@dataclass(frozen=True, slots=True)
class _Feature:
    """A feature, as ``feature_infos`` of a model describes it."""

    name: str
    cells: str

    @property
    def unused(self) -> bool:
        """Whether no tree can use it, so that its cells change nothing."""
        return self.cells == UNUSED

    @property
    def numeric(self) -> bool:
        """Whether it was a number in training, which codes of ordered categories are too."""
        return self.cells.startswith("[")

    def may_be(self, values: Sequence[Any]) -> bool:
        """Whether its cells can be codes of these values."""
        if self.unused:
            return True
        ends = self.cells.strip("[]").split(":")
        codes = [float(end) for end in ends]
        least = 0 if self.numeric else -1  # which stands for whatever is no category
        return all(code.is_integer() and least <= code < len(values) for code in codes)


def categories_of_features(
    names: Sequence[str],
    cells: Sequence[str],
    known: Sequence[Sequence[Any]],
    model: str,
    columns: Collection[str] = (),
) -> dict[str, Sequence[Any]]:
    """The values of the features that were categories of pandas.

    Parameters
    ----------
    names, cells
        Of all features, in order; cells as ``feature_infos`` writes them.
    known
        Values of each categorical column, in the order of the columns.
    model
        Begins the message.
    columns
        Those of a frame at hand that are categories of pandas: if they can be the ones of the training, they are, as
        LightGBM takes them itself.

    Raises
    ------
    ModelError
        The values fit the features in no way, or in several that differ.

    Examples
    --------
    >>> categories_of_features(["age", "size"], ["[18:79]", "[0:2]"], [["S", "M", "L"]], "shop")
    {'size': ['S', 'M', 'L']}
    """
    features = [_Feature(*pair) for pair in zip(names, cells, strict=True)]
    at_hand = {column.replace(" ", "_") for column in columns}
    chosen = [feature for feature in features if feature.name.replace(" ", "_") in at_hand]
    if len(chosen) == len(known) and all(one.may_be(values) for one, values in zip(chosen, known, strict=True)):
        return {feature.name: values for feature, values in zip(chosen, known, strict=True)}
    marked = sum(not feature.numeric and not feature.unused for feature in features)
    # Each unordered category is one, unless integers were named as categories beside them.
    ways = _Ways(features, known, every_category=marked <= len(known), numbers=marked != len(known))
    if not ways.possible():
        ways = _Ways(features, known, every_category=False, numbers=True)
    unsure = list(ways.unsure())
    if not ways.possible() or unsure:
        raise ModelError(_refusal(model, known, unsure))
    return ways.first()


class _Ways:
    """The ways in which lists of values can be laid to features, each in its order.

    Parameters
    ----------
    every_category
        Whether every feature of categories gets a list.
    numbers
        Whether numeric features may get one.
    """

    def __init__(
        self, features: Sequence[_Feature], known: Sequence[Sequence[Any]], *, every_category: bool, numbers: bool
    ) -> None:
        self._features, self._known = features, known
        self._every, self._numbers = every_category, numbers
        # What is possible before a feature, and from it on, with so many lists given to the features before.
        self._before = [{0}]
        for feature in features:
            self._before.append({used + took for used in self._before[-1] for took in self._choices(feature, used)})
        self._after = [{len(known)}]
        for feature in reversed(features):
            later = self._after[-1]
            self._after.append(
                {
                    used
                    for used in range(len(known) + 1)
                    if any(used + took in later for took in self._choices(feature, used))
                }
            )
        self._after.reverse()

    def _choices(self, feature: _Feature, used: int) -> Iterator[int]:
        """0 for no list and 1 for the next one."""
        forced = self._every and not feature.numeric and not feature.unused
        if not forced:
            yield 0
        allowed = self._numbers or not feature.numeric
        if allowed and used < len(self._known) and feature.may_be(self._known[used]):
            yield 1

    def possible(self) -> bool:
        """Whether there is any way."""
        return len(self._known) in self._before[-1]

    def _of(self, place: int) -> set[tuple[int, int]]:
        """Lists given before a feature, and whether it gets one, in all ways."""
        return {
            (used, took)
            for used in self._before[place]
            for took in self._choices(self._features[place], used)
            if used + took in self._after[place + 1]
        }

    def unsure(self) -> Iterator[str]:
        """Names of the features that trees use and that get different lists in different ways."""
        for place, feature in enumerate(self._features):
            lists = {used if took else None for used, took in self._of(place)}
            if len(lists) > 1 and not feature.unused:
                yield feature.name

    def first(self) -> dict[str, Sequence[Any]]:
        """The values by feature, in the first way."""
        found: dict[str, Sequence[Any]] = {}
        for place, feature in enumerate(self._features):
            used = len(found)
            took = max(took for before, took in self._of(place) if before == used)
            if took:
                found[feature.name] = self._known[used]
        return found


def _refusal(model: str, known: Sequence[Sequence[Any]], unsure: Sequence[str]) -> str:
    lists = "; ".join(_listed(values) for values in known)
    columns = "a column" if len(known) == 1 else f"{len(known)} columns"
    fix = (
        "Give a function that makes the frame it was trained on and asks it, such as"
        " `lambda rows: model.predict_proba(rows.astype(training_frame.dtypes))`."
    )
    if not unsure:
        return f"{model}: holds pandas categories of {columns} ({lists}), which fit none of its features. {fix}"
    return (
        f"{model}: holds pandas categories of {columns} ({lists}) and does not say of which: "
        f"{', '.join(map(repr, unsure))} hold codes of ordered categories or whole numbers. {fix}"
    )


def _listed(values: Sequence[Any], most: int = 4) -> str:
    more = ", ..." if len(values) > most else ""
    return f"{', '.join(map(repr, values[:most]))}{more}"
