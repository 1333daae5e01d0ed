"""What a model must be able to do: take rows, give scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from pellucid.errors import DataError, Problem
from pellucid.records import dataclass

__all__ = ["Batch", "Model", "Repeated", "Scores"]

_COLUMN_TYPES = {"b": np.dtype(np.bool_), "i": np.dtype(np.int64), "u": np.dtype(np.int64), "f": np.dtype(np.float64)}


class Repeated(NamedTuple):
    """A column of objects: some cells, not all of them missing, and which of them each row has.

    Parameters
    ----------
    cells
        All str or else all int or float, but for None where a cell is missing; in any order, some perhaps twice, or in
        no row.
    which
        Positions among them, shape (rows,), of any type of whole numbers.
    """

    cells: npt.NDArray[np.object_]
    which: npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some rows of a data set, column by column, as they were read.

    Parameters
    ----------
    columns
        One array of shape (rows,) per feature, in the model's order: int64, float64 or bool for columns of numbers, and
        object arrays of str for text. Missing values are nan in float columns and None in object columns; whole numbers
        and booleans with missing values come as object arrays. Images are one column: (images, height, width, 3).
    repeated
        Columns of objects again, of which it is known that their cells come from few: what is made of such a column is
        made of these, and then repeated.
    """

    columns: Mapping[str, npt.NDArray[Any]]
    repeated: Mapping[str, Repeated] = field(default_factory=dict)

    @classmethod
    def of_matrix(
        cls, names: Sequence[str], matrix: npt.NDArray[Any], types: Sequence[npt.DTypeLike] | None = None
    ) -> Batch:
        """Rows of numbers that are side by side already, so that a model which takes a matrix gets this one.

        Columns are taken out of it when somebody asks for them. Neither side may write into it.

        Parameters
        ----------
        names
            One per column, all different.
        matrix
            Shape (rows, features): of floats, whole numbers or booleans.
        types
            int64, float64 or bool for each column, where that is not the type of the whole matrix; its cells must hold
            every value exactly, so whole numbers stay below 2**53 in float64 and below 2**24 in float32.

        Raises
        ------
        DataError
            The cells are no numbers, or there is not one name and type, of these three, for every column.

        Examples
        --------
        >>> batch = Batch.of_matrix(["age", "wage"], np.array([[30, 9.5], [40, 12]]), [np.int64, np.float64])
        >>> batch.columns["age"], batch[1:].matrix
        (array([30, 40]), array([[40., 12.]]))
        """
        return cls(_Matrix.of(names, matrix, types))

    @classmethod
    def of_cells(cls, columns: Mapping[str, npt.NDArray[Any] | Repeated]) -> Batch:
        """Columns of which some are known by their few cells, and made when somebody asks for them.

        Examples
        --------
        >>> job = Repeated(np.array(["cook", "baker"], dtype=object), np.array([1, 0, 1]))
        >>> Batch.of_cells({"age": np.array([30, 40, 50]), "job": job})[1:].columns["job"].tolist()
        ['cook', 'baker']
        """
        return cls(_Cells(columns), {name: one for name, one in columns.items() if isinstance(one, Repeated)})

    @property
    def matrix(self) -> npt.NDArray[Any] | None:
        """All cells, shape (rows, features), where they were given side by side; None where they were not."""
        return self.columns.cells if isinstance(self.columns, _Matrix) else None

    @property
    def is_disposable(self) -> bool:
        """Whether whoever takes the cells may write into them."""
        return isinstance(self.columns, _Matrix | _Cells) and self.columns.disposable

    def given_away(self) -> Batch:
        """The same rows, whose cells nobody else reads again, so that a function may compute in place."""
        return self._handed_on(disposable=True)

    def kept(self) -> Batch:
        """The same rows, whose cells are read again, so that a function that computes in place gets a copy."""
        return self._handed_on(disposable=False)

    def _handed_on(self, *, disposable: bool) -> Batch:
        if not isinstance(self.columns, _Matrix | _Cells):
            return self
        return replace(self, columns=replace(self.columns, disposable=disposable))

    def selected(self, names: Mapping[str, str]) -> Batch:
        """Some columns in a given order, by new names, each of which tells the old one.

        >>> batch = Batch({"age": np.array([30]), "job": np.array(["cook"], dtype=object)})
        >>> batch.selected({"work": "job", "age": "age"}).names
        ('work', 'age')
        """
        if isinstance(self.columns, _Cells):
            given = self.columns.given
            some = Batch.of_cells({new: given[old] for new, old in names.items()})
            return some.given_away() if self.is_disposable else some
        repeated = {new: self.repeated[old] for new, old in names.items() if old in self.repeated}
        return Batch({new: self.columns[old] for new, old in names.items()}, repeated)

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names, in order."""
        return tuple(self.columns)

    def __len__(self) -> int:
        if isinstance(self.columns, _Matrix):
            return len(self.columns.cells)
        if isinstance(self.columns, _Cells):
            return self.columns.rows
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, rows: slice | npt.NDArray[Any]) -> Batch:
        if isinstance(self.columns, _Matrix):
            return Batch(replace(self.columns, cells=self.columns.cells[rows]))
        if isinstance(self.columns, _Cells):
            some = Batch.of_cells({name: _some(column, rows) for name, column in self.columns.given.items()})
            return some.given_away() if self.is_disposable else some
        return Batch(
            {name: values[rows] for name, values in self.columns.items()},
            {name: Repeated(found.cells, found.which[rows]) for name, found in self.repeated.items()},
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Matrix(Mapping[str, npt.NDArray[Any]]):
    """Columns of a matrix by name: views where they have its type, else made anew at every look."""

    place: Mapping[str, int]
    cells: npt.NDArray[Any]
    types: tuple[np.dtype[Any], ...]
    disposable: bool = False

    @classmethod
    def of(cls, names: Sequence[str], cells: npt.NDArray[Any], types: Sequence[npt.DTypeLike] | None) -> _Matrix:
        place = {name: position for position, name in enumerate(names)}
        own = _COLUMN_TYPES.get(cells.dtype.kind, cells.dtype)
        known = tuple(own for _ in names) if types is None else tuple(np.dtype(kind) for kind in types)
        if cells.shape[1:] != (len(place),) or len(names) != len(place) or len(known) != len(names):
            shapes = f"{len(names)} names, {len(known)} types, cells of shape {cells.shape}"
            raise DataError(Problem("matrix", shapes, fix="Give one name and type, all names different, per column."))
        if not {own, *known} <= set(_COLUMN_TYPES.values()):
            kinds = ", ".join(sorted({str(cells.dtype), *map(str, known)}))
            raise DataError(Problem("matrix", kinds, fix="Give numbers, whose columns are int64, float64 or bool."))
        return cls(place, cells, known)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        position = self.place[name]
        return self.cells[:, position].astype(self.types[position], copy=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self.place)

    def __len__(self) -> int:
        return len(self.place)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells(Mapping[str, npt.NDArray[Any]]):
    """Columns by name; those of few cells are made at the first look."""

    given: Mapping[str, npt.NDArray[Any] | Repeated]
    disposable: bool = False
    made: dict[str, npt.NDArray[Any]] = field(default_factory=dict, init=False)

    @property
    def rows(self) -> int:
        first = next(iter(self.given.values()), ())
        return len(first.which if isinstance(first, Repeated) else first)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        if name not in self.made:
            column = self.given[name]
            self.made[name] = column.cells.take(column.which) if isinstance(column, Repeated) else column
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)


def _some(column: npt.NDArray[Any] | Repeated, rows: slice | npt.NDArray[Any]) -> npt.NDArray[Any] | Repeated:
    return Repeated(column.cells, column.which[rows]) if isinstance(column, Repeated) else column[rows]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What a model says of a batch.

    Parameters
    ----------
    values
        Scores, shape (rows, outputs).
    outputs
        Names of the outputs, if the model knows them: class names of a classifier, in the order of the scores.
    labels
        Predicted labels, shape (rows,), where the model answers with labels; scores may then have no columns.
    """

    values: npt.NDArray[np.float64]
    outputs: Sequence[str] | None = None
    labels: npt.NDArray[Any] | None = None


class Model(Protocol):
    """A model, wherever it runs."""

    def predict(self, batch: Batch) -> Scores:
        """Scores of every row of ``batch``, in order.

        Raises
        ------
        ModelError
            The model does not answer, or answers something that is no score for every row.
        """
        ...
