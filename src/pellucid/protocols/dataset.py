"""What a job must know of a data set besides its rows."""

from __future__ import annotations

from typing import Protocol

__all__ = ["DatasetColumns"]


class DatasetColumns(Protocol):
    """The columns of a data set and the part each plays, as its reader resolved them."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in order."""
        ...

    @property
    def label(self) -> str | None:
        """Column of the observed label."""
        ...

    @property
    def predicted_label(self) -> str | None:
        """Column of the predicted label."""
        ...

    @property
    def join(self) -> str | None:
        """Column that identifies the rows."""
        ...

    @property
    def features(self) -> tuple[str, ...]:
        """Columns a model may be asked with."""
        ...

    @property
    def facet_columns(self) -> tuple[str, ...]:
        """All columns of the data set of facets, in its order; those but the join column stand in ``columns`` too."""
        ...
