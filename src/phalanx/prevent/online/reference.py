"""What honest accounts show, as a few of their largest statistics.

A reference holds no account and no text: of each statistic the largest value, the 2nd, 4th, 8th,
... largest that accounts reached in an epoch. That is all that p-values are read from.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, TypeAdapter, ValidationError

from phalanx.errors import ConfigError, InputError, reason_of
from phalanx.evidence import anchors, bet_on_levels, tail_bounds
from phalanx.evidence.pool import BETS
from phalanx.json_text import parse_object
from phalanx.owned import written_whole
from phalanx.prevent.online.budget import Budget
from phalanx.prevent.online.statistics import STATISTICS, WEIGHTS

REFERENCE_SCHEMA_ID: Literal["phalanx.gateway-online-reference/1"] = (
    "phalanx.gateway-online-reference/1"
)
_MOST_BYTES = 1 << 20
_POOL_SIZE = 50
"""Accounts of the pool that a reference has to be able to tell."""

_Value = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a watch compares with."""

    size: int
    """Accounts, one of each declared owner."""

    begins: datetime
    ends: datetime
    """Of the logs that it was made of."""

    epoch_days: int
    """Days that each account was looked at, and will be in each epoch."""

    largest: dict[str, tuple[_Value, ...]]
    """Statistic -> its largest values, as `phalanx.evidence.anchors` ranks them, falling."""

    value_weights: dict[str, Any]
    """Of the policy under which information value was counted."""

    budget: Budget
    left_out: dict[str, int]
    """Reason -> accounts of the logs that are no part of it."""

    schema: Literal["phalanx.gateway-online-reference/1"] = REFERENCE_SCHEMA_ID

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what it says, by which alerts name it."""
        return hashlib.sha256(_bytes_of(self)).hexdigest()

    @property
    def bounds(self) -> npt.NDArray[np.float64]:
        """Return the p-value beyond each of the largest values, the same for all statistics."""
        return tail_bounds(self.size, self.budget.failure)

    @property
    def thresholds(self) -> npt.NDArray[np.float64]:
        """Return the largest values, shape (statistics, anchors)."""
        return np.array([self.largest[name] for name in STATISTICS])

    @property
    def account_reaches(self) -> float:
        """Return the largest evidence that an account can show, log10."""
        return float(bet_on_levels(self.bounds)[0]) - math.log10(self.budget.epochs)

    @property
    def accounts_needed(self) -> int | None:
        """Return how many accounts must show it together to be listed; null if no number does."""
        needed = math.ceil(
            self.budget.accounts / (self.budget.list_rate * 10**self.account_reaches)
        )
        return needed if needed <= self.budget.accounts else None

    @property
    def pool_reaches(self) -> float:
        """Return the evidence of 50 accounts of a pool that are all beyond the reference, log10."""
        log_p = _POOL_SIZE * math.log(self.bounds[0])
        return pool_log10_e_of(log_p, _POOL_SIZE) - math.log10(self.budget.epochs)

    @property
    def pool_level(self) -> float:
        """Return what one pool alone has to show to be listed, log10."""
        return math.log10(self.budget.pools / self.budget.list_rate)


def pool_log10_e_of(log_p_sum: float, members: int) -> float:
    """Return the evidence of a pool that behaves like sqrt(n) independent users.

    It is `phalanx.evidence.pool_log10_e`, from the sum of natural logarithms of p-values.

    Examples:
        >>> round(pool_log10_e_of(50 * math.log(0.005), 50), 1)
        7.5
    """
    bets = np.array(BETS)
    log_bets = members * np.log(bets) + (bets - 1.0) * log_p_sum
    power = 1.0 / math.sqrt(members)
    mean = float(np.logaddexp.reduce(power * log_bets)) - math.log(bets.size)
    return mean / math.log(10.0)


def fitted(  # noqa: PLR0913, PLR0917 - what a reference says of itself
    statistics: npt.NDArray[np.float64],
    begins: datetime,
    ends: datetime,
    epoch_days: int,
    value_weights: dict[str, Any],
    budget: Budget,
    left_out: dict[str, int],
) -> Reference:
    """Make a reference of what honest accounts reached.

    Parameters:
        statistics: Largest value of each statistic of each account, shape (accounts, statistics).
        begins: First request of the logs.
        ends: Last one.
        epoch_days: Whole days that accounts were looked at, at least 1.
        value_weights: Of the policy, as JSON has them.
        budget: Of the watch.
        left_out: Reason -> accounts that are no part of it.

    Raises:
        ConfigError: If there are so few accounts that even a pool of 50, each beyond all of them,
            could not be listed.
    """
    size = len(statistics)
    ranks = anchors(size) if size else np.zeros(0, dtype=np.int64)
    falling = -np.sort(-statistics, axis=0)
    made = Reference(
        size=size,
        begins=begins,
        ends=ends,
        epoch_days=epoch_days,
        largest={
            name: tuple(falling[ranks - 1, place].tolist()) for place, name in enumerate(STATISTICS)
        },
        value_weights=value_weights,
        budget=budget,
        left_out=left_out,
    )
    if not size or made.pool_reaches + math.log10(WEIGHTS.max()) < made.pool_level:
        message = (
            f"a reference of {size:,} accounts is too small: a pool of {_POOL_SIZE} accounts "
            "that are all beyond it could not be listed"
        )
        raise ConfigError(message, next_step="Give more logs, a larger rate, or fewer pools.")
    return made


def write_reference(reference: Reference, path: Path) -> None:
    """Write a reference.

    Raises:
        InputError: If it cannot be written.
    """
    try:
        with written_whole(path) as aside:
            aside.write_bytes(_bytes_of(reference))
    except OSError as error:
        message = f"{path}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Name another file.") from error


def read_reference(path: Path) -> Reference:
    """Read a reference.

    Raises:
        InputError: If it cannot be read, or is none.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        message = f"{path}: the reference cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="`phalanx gateway calibrate` makes one.") from error
    if len(content) > _MOST_BYTES:
        raise _no_reference(path, "it is too long")
    try:
        found = _ADAPTER.validate_python(parse_object(content, str(path)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(each) for each in first["loc"])
        raise _no_reference(path, f"{where[:100]}: {first['msg']}") from error
    if found.size < 1 or found.epoch_days < 1 or tuple(found.largest) != STATISTICS:
        raise _no_reference(path, "its statistics are not those of this version")
    for values in found.largest.values():
        falls = all(one >= other for one, other in pairwise(values))
        if len(values) != anchors(found.size).size or not falls:
            raise _no_reference(path, "its values do not fit its size")
    return found


_ADAPTER = TypeAdapter(Reference)


def _bytes_of(reference: Reference) -> bytes:
    said = asdict(reference) | {
        "begins": reference.begins.isoformat(),
        "ends": reference.ends.isoformat(),
    }
    return (json.dumps(said, indent=1, allow_nan=False) + "\n").encode()


def _no_reference(path: Path, reason: str) -> InputError:
    message = f"{path}: no reference of online detection: {reason}"
    return InputError(message, next_step="`phalanx gateway calibrate` makes one.")
