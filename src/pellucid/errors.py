"""Every error Pellucid raises on purpose: one base class, one child per thing a caller may want to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from types import ModuleType
from typing import ClassVar

from pellucid.records import dataclass

__all__ = [
    "AnalysisError",
    "ConfigError",
    "DataError",
    "InputError",
    "MissingExtra",
    "ModelError",
    "PellucidError",
    "Problem",
    "UnknownModel",
    "did_you_mean",
    "require",
    "which_column",
]


class PellucidError(Exception):
    """Base of all errors that Pellucid raises on purpose; ``exit_code`` is what the command line ends with."""

    exit_code: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in what the user gave: where it is, what stands there, how to mend it.

    Parameters
    ----------
    where
        Key of the configuration (``methods.shap.num_samples``), column, or file with its line.
    value
        What was found there. Leave it out where there is nothing to show, such as a missing key.
    fix
        What to do, as full sentences.
    known_as
        Clarify's own wording for this fault, where it has one that users search for.

    Examples
    --------
    >>> print(Problem("methods.shap.num_samples", 0, fix="Use an integer of at least 1."))
    methods.shap.num_samples: got 0. Use an integer of at least 1.
    >>> print(Problem("label", fix="Name the column that holds the observed label."))
    label: Name the column that holds the observed label.
    """

    where: str
    value: object = ...
    fix: str = ""
    known_as: str = ""

    def __str__(self) -> str:
        found = "" if self.value is ... else f" got {shorten(self.value)}."
        known_as = f" {_closed(self.known_as)}" if self.known_as else ""
        return f"{self.where}:{found}{known_as} {self.fix}".rstrip()


class InputError(PellucidError):
    """What the user gave cannot be used; all faults found are listed at once.

    Examples
    --------
    >>> error = InputError(Problem("label", "incom", fix="Use a column of the data set; did you mean 'income'?"))
    >>> str(error)
    "label: got 'incom'. Use a column of the data set; did you mean 'income'?"
    """

    exit_code = 2

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ConfigError(InputError):
    """The configuration file or an argument is wrong.

    Parameters
    ----------
    problems
        The faults found.
    heading
        A line above them: Clarify's own wording for the whole, which users search for.

    Examples
    --------
    >>> print(ConfigError(Problem("label", fix="Name a column."), heading="The file is not valid."))
    The file is not valid.
    label: Name a column.
    """

    def __init__(self, problems: Problem | Iterable[Problem], *, heading: str = "") -> None:
        super().__init__(problems)
        self.heading = heading

    def __str__(self) -> str:
        return "\n".join(line for line in (self.heading, super().__str__()) if line)


class DataError(InputError):
    """The data set cannot be read, or does not hold what the configuration names."""


class AnalysisError(PellucidError):
    """The analysis cannot be carried out on this data, as Clarify's own job would fail on it.

    Parameters
    ----------
    message
        Clarify's text, letter for letter.
    fix
        The cause found and what to change.
    partial
        What could be computed all the same.
    """

    def __init__(self, message: str, fix: str = "", *, partial: object = None) -> None:
        self.message = message
        self.fix = fix
        self.partial = partial
        super().__init__(f"{_closed(message)} {fix}" if fix else message)


class ModelError(PellucidError):
    """A model cannot be loaded, does not answer, or answers what cannot be read as scores."""


class UnusableModel(ModelError):
    """What the user names as the model cannot be loaded, which is wrong input, unlike a model that fails when asked."""

    exit_code = 2


class UnknownModel(UnusableModel):
    """No model is where the user says that one is."""


class MissingExtra(PellucidError):
    """An optional package is needed for what was asked and is not installed."""

    exit_code = 2


def require(module: str, extra: str) -> ModuleType:
    """Import an optional dependency, or say how to install it.

    Only a *missing* package is translated; one that is installed but broken keeps its own traceback.

    Raises
    ------
    MissingExtra
        ``module`` is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        package = module.partition(".")[0]
        raise MissingExtra(f"{package} is not installed. Run: pip install 'pellucid[{extra}]'") from None


def _near(value: str, texts: Sequence[str]) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(value, texts, n=1, cutoff=0.6)


def which_column(value: str, columns: Sequence[str]) -> str:
    """As `did_you_mean`, of a name of a column; a text of digits may have been meant as an index.

    >>> which_column("1", ["age", "sex"])
    "there are 'age', 'sex'. For 'sex', the column at index 1, write 1 without quotes."
    """
    named = did_you_mean(value, columns)
    if not value.isdecimal() or int(value) >= len(columns):
        return named
    index = int(value)
    return f"{named} For {columns[index]!r}, the column at index {index}, write {index} without quotes."


def did_you_mean(value: object, candidates: Sequence[object], *, listed: int = 12) -> str:
    """A clause that names the nearest candidate, or lists the candidates when none is near.

    Two values that differ only in type, case or surrounding blanks are near whatever their length, and of names that
    begin with the value the first is nearer than any that is only spelt alike.

    Examples
    --------
    >>> did_you_mean("gendre", ["age", "gender"])
    "did you mean 'gender'?"
    >>> did_you_mean("mean", ["mean_abs", "median", "mean_sq"])
    "did you mean 'mean_abs'?"
    >>> did_you_mean(">50K", ["<=50K", " >50K"])
    "did you mean ' >50K'?"
    >>> did_you_mean("x", ["age", "gender"])
    "there are 'age', 'gender'."
    """
    text = str(value).strip().casefold()
    alike = [candidate for candidate in candidates if str(candidate).strip().casefold() == text]
    begun = [candidate for candidate in candidates if len(text) >= 3 and str(candidate).casefold().startswith(text)]
    texts = {str(candidate): candidate for candidate in candidates}
    near = alike or begun or [texts[match] for match in _near(str(value), list(texts))]
    if near:
        return f"did you mean {near[0]!r}?"
    if not candidates:
        return "there are none."
    more = f" and {len(candidates) - listed} more" if len(candidates) > listed else ""
    return f"there are {', '.join(repr(candidate) for candidate in candidates[:listed])}{more}."


def _closed(text: str) -> str:
    """Clarify's text as a sentence that another one can follow."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def shorten(value: object, *, limit: int = 120) -> str:
    """``repr(value)``, cut in the middle where it is longer than ``limit`` characters."""
    text = repr(value)
    if len(text) <= limit:
        return text
    half = (limit - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"
