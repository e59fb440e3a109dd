"""Online detection of a gateway that runs: kept on the disk, shown, and its alerts told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from phalanx.errors import ConfigError
from phalanx.logs.pseudonym import key_id
from phalanx.prevent.desk.gauges import Gauges
from phalanx.prevent.online.alerts import Alert
from phalanx.prevent.online.kept import read_watch, write_watch
from phalanx.prevent.online.reference import read_reference
from phalanx.prevent.online.watch import Watch, WatchCounts
from phalanx.prevent.policy.document import ValueWeights

_SHOWN: Mapping[str, tuple[str, Callable[[WatchCounts], float]]] = {
    "online_epoch": ("Epoch of the reference, from 0.", lambda now: now.epoch),
    "online_over": ("1 once the reference is used up.", lambda now: now.is_over),
    "online_accounts": ("Accounts watched in this epoch.", lambda now: now.accounts),
    "online_unwatched_answers": (
        "Answers of accounts beyond those that may be watched.", lambda now: now.unwatched_answers
    ),
    "online_pools": ("Undeclared pools watched in this epoch.", lambda now: now.pools),
    "online_unwatched_pools": (
        "Pools beyond those that may be watched.", lambda now: now.unwatched_pools
    ),
    "online_raised_accounts": (
        "Accounts raised since the reference is used.", lambda now: now.raised_accounts
    ),
    "online_raised_pools": (
        "Pools raised since the reference is used.", lambda now: now.raised_pools
    ),
    "online_reference_fits": (
        "0 while so many accounts are far out that nobody is raised.", lambda now: now.fits
    ),
}  # fmt: skip


class RunningWatch:
    """A watch, its file, and the log that its alerts are told to.

    Parameters:
        reference: From `phalanx gateway calibrate`.
        value: How the policy counts information value.
        key: Secret of the deployment.
        snapshot: Of the state, beside which the watch is kept; null keeps it in memory only.
        log: Of structlog.

    Raises:
        InputError: If a file is not what it should be.
        ConfigError: If the reference, or the file, was made otherwise.
    """

    def __init__(
        self,
        reference: Path,
        value: ValueWeights,
        key: bytes,
        snapshot: Path | None,
        log: Any,  # noqa: ANN401 - structlog's loggers have no common type
    ) -> None:
        """Go on where the file ends."""
        self._log = log
        self._key_id = key_id(key)
        self._value = value
        self.watch = Watch(read_reference(reference), value.model_dump(mode="json"), self._raised)
        self._path = None if snapshot is None else snapshot.with_name(f"{snapshot.name}.watch")
        if self._path is not None and self._path.exists():
            read_watch(self.watch, self._key_id, self._path)

    def keep(self) -> None:
        """Write what was seen.

        Raises:
            InputError: If it cannot be written; what was written before stays.
        """
        if self._path is not None:
            write_watch(self.watch, self._key_id, self._path)

    def counts_as(self, value: ValueWeights) -> bool:
        """Tell whether a policy counts information value as the reference does."""
        return value == self._value

    def show(self, gauges: Gauges) -> None:
        """Show how the watch stands."""
        for name, (meaning, of) in _SHOWN.items():
            gauges.show(name, meaning, partial(self._number, of))

    def _number(self, of: Callable[[WatchCounts], float]) -> float:
        return float(of(self.watch.counts()))

    def _raised(self, alert: Alert) -> None:
        self._log.warning("raised online", **asdict(alert) | {"at": alert.at.isoformat()})


def other_value() -> ConfigError:
    """Return what is told where a policy that was taken counts value otherwise."""
    message = "the policy counts information value otherwise than the reference of online detection"
    return ConfigError(message, next_step="Calibrate again with this policy, and start again.")
