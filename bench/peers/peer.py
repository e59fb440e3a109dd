"""What a peer is to the benchmark: it reads a log, may learn from an honest one, and scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Unit = Literal["groups", "accounts"]
"""What a peer flags: groups of accounts, or accounts one by one."""

Evenings = Literal["every", "some", "last"]
"""On how many evenings a peer is asked: it may be too slow for each, or see only whole logs."""


class View(Protocol):
    """What a peer reads from a log."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """Accounts of the log, in the order of its scores."""

    @property
    def party(self) -> NDArray[np.int64]:
        """Number of the declared party of each account, from 0."""

    @property
    def days(self) -> int:
        """Days of the log."""

    @property
    def rows(self) -> int:
        """Exchanges of the log."""


ViewT = TypeVar("ViewT", bound=View)
SettingT = TypeVar("SettingT")
ModelT = TypeVar("ModelT")


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Scored:
    """Scores on one evening; an account is flagged when its score reaches the threshold."""

    score: NDArray[np.float64]
    """Higher is more suspicious; minus infinity where the peer cannot judge, shape (accounts,)."""

    group: NDArray[np.int64]
    """Group of each account, whose members have equal scores, shape (accounts,)."""

    def keep(self, rows: NDArray[np.bool_]) -> Scored:
        """Return the accounts where `rows` is true."""
        return Scored(score=self.score[rows], group=self.group[rows])


def one_by_one(score: NDArray[np.float64]) -> Scored:
    """Score accounts each for itself; NaN stands for "cannot judge".

    Examples:
        >>> one_by_one(np.array([0.5, np.nan])).score.tolist()
        [0.5, -inf]
    """
    return Scored(score=np.where(np.isnan(score), -np.inf, score), group=np.arange(score.size))


def by_size(group: NDArray[np.int64], party: NDArray[np.int64]) -> Scored:
    """Score every account by how many parties its group holds; one party is no group.

    Parameters:
        group: Group of each account, from 0, shape (accounts,).
        party: Declared party of each account, from 0, shape (accounts,).

    Examples:
        >>> by_size(np.array([0, 0, 0, 1]), np.array([0, 1, 1, 2])).score.tolist()
        [2.0, 2.0, 2.0, -inf]
    """
    pairs = np.unique(np.stack([group, party]), axis=1)
    size = np.bincount(pairs[0], minlength=int(group.max(initial=-1)) + 1)[group]
    return Scored(score=np.where(size > 1, size, -np.inf), group=group)


@dataclass(frozen=True, kw_only=True)
class Peer(Generic[ViewT, SettingT, ModelT]):
    """One peer."""

    name: str
    source: str
    """Paper or package."""

    unit: Unit
    note: str
    """What a reader of the table must know: adaptations, subsamples."""

    settings: tuple[SettingT, ...]
    """Main parameters to choose from on the validation population."""

    evenings: Evenings
    read: Callable[[Path], ViewT]
    learn: Callable[[ViewT, NDArray[np.bool_], SettingT], ModelT]
    """From the validation population, told of half of its honest accounts that they are."""

    judge: Callable[[ViewT, ModelT, SettingT, Sequence[int]], list[Scored]]
    """Scores on the evenings (indices of days) that are asked for."""


def learns_nothing(_view: View, _honest: NDArray[np.bool_], _setting: object) -> None:
    """Stand for the learning of peers that need none."""
