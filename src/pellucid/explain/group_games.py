"""Games of players in groups: of whole groups, and of the members of one among sets of the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pellucid.protocols.game import Answer, Asked, Games
from pellucid.records import dataclass

__all__ = ["GroupGames", "Groups", "MemberGames"]

Booleans = npt.NDArray[np.bool_]
Groups = Sequence[npt.NDArray[np.intp]]
"""Players of each group of a row; every player that the row has is in one."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupGames:
    """Games of groups of players, of some rows.

    Parameters
    ----------
    games
        Of single players.
    of
        Positions of the rows among those of ``games``.
    groups
        By row.
    """

    games: Games
    of: Sequence[int]
    groups: Sequence[Groups]

    @property
    def rows(self) -> int:
        """Number of rows, each of which is a game."""
        return len(self.groups)

    @property
    def players(self) -> int:
        """Most groups of a row."""
        return max((len(of_row) for of_row in self.groups), default=0)

    @property
    def inputs_per_coalition(self) -> int:
        """Model inputs that a coalition of groups costs."""
        return self.games.inputs_per_coalition

    @property
    def has_common_base(self) -> bool:
        """Whether the empty coalition is the same for all rows."""
        return self.games.has_common_base

    def playing(self, rows: Sequence[int]) -> Booleans:
        """Which groups each row has, shape (rows, groups)."""
        return np.array([[place < len(self.groups[row]) for place in range(self.players)] for row in rows], dtype=bool)

    def active(self, rows: Sequence[int]) -> Booleans:
        """Which groups have a member that can change anything, shape (rows, groups)."""
        found = np.zeros((len(rows), self.players), dtype=bool)
        of_members = self.games.active([self.of[row] for row in rows])
        for at, (row, of_row) in enumerate(zip(rows, of_members, strict=True)):
            found[at, : len(self.groups[row])] = [of_row[members].any() for members in self.groups[row]]
        return found

    def ends(self, rows: Sequence[int]) -> Answer:
        """Values without any group, and with all, shape (rows, 2, outputs)."""
        return self.games.ends([self.of[row] for row in rows])

    def values(self, asked: Asked) -> Answer:
        """Values of coalitions of groups, shape (coalitions, outputs)."""
        opened = [Asked.of(self.of[row], self.opened(row, asked.coalitions[part])) for row, part in asked.by_row()]
        return self.games.values(Asked.join(opened))

    def opened(self, row: int, coalitions: Booleans) -> Booleans:
        """Coalitions of groups as coalitions of their members."""
        found = np.zeros((len(coalitions), self.games.players), dtype=bool)
        for members, present in zip(self.groups[row], coalitions.T, strict=False):
            found[:, members] = present[:, None]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class MemberGames:
    """Games of the members of single groups, each surrounded by sets of other groups.

    Parameters
    ----------
    games
        Of single players.
    items
        Row and members of every game.
    around
        Players of other groups that are present, of every game, shape (sets, players).
    """

    games: Games
    items: Sequence[tuple[int, npt.NDArray[np.intp]]]
    around: Sequence[Booleans]

    @property
    def rows(self) -> int:
        """Number of groups, each of which is a game."""
        return len(self.items)

    @property
    def players(self) -> int:
        """Most members of a group."""
        return max((len(members) for _, members in self.items), default=0)

    @property
    def inputs_per_coalition(self) -> int:
        """Model inputs that a coalition of members costs, which is tried in every set of other groups."""
        return self.games.inputs_per_coalition * len(self.around[0])

    @property
    def has_common_base(self) -> bool:
        """False: other groups are present beside the empty coalition."""
        return False

    def playing(self, rows: Sequence[int]) -> Booleans:
        """Which members each game has, shape (games, members)."""
        return np.array([np.arange(self.players) < len(self.items[item][1]) for item in rows], dtype=bool)

    def active(self, rows: Sequence[int]) -> Booleans:
        """Which members can change anything, shape (games, members)."""
        found = np.zeros((len(rows), self.players), dtype=bool)
        for at, item in enumerate(rows):
            row, members = self.items[item]
            found[at, : len(members)] = self.games.active([row])[0, members]
        return found

    def ends(self, rows: Sequence[int]) -> Answer:
        """Values without any member, and with all, shape (games, 2, outputs)."""
        both = np.array([np.zeros(self.players), np.ones(self.players)], dtype=bool)
        answer = self.values(Asked.join([Asked.of(row, both) for row in rows]))
        return Answer(answer.values.reshape(len(rows), 2, -1), answer.model_rows)

    def values(self, asked: Asked) -> Answer:
        """Values of coalitions of members, means over the sets of other groups, shape (coalitions, outputs)."""
        surrounded = [self._surrounded(item, asked.coalitions[part]) for item, part in asked.by_row()]
        answer = self.games.values(Asked.join(surrounded))
        sets, outputs = len(self.around[0]), answer.values.shape[1]
        return Answer(answer.values.reshape(-1, sets, outputs).mean(axis=1), answer.model_rows)

    def _surrounded(self, item: int, of_members: Booleans) -> Asked:
        row, members = self.items[item]
        coalitions = np.repeat(self.around[item][None], len(of_members), axis=0)
        coalitions[:, :, members] = of_members[:, None, : len(members)]
        return Asked.of(row, coalitions.reshape(-1, coalitions.shape[2]))
