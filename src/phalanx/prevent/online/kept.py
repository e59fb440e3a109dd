"""A watch on the disk: what it has seen outlives the process."""

from __future__ import annotations

import json
import math
import struct
import tokenize
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from phalanx.errors import ConfigError, InputError, reason_of
from phalanx.owned import written_whole
from phalanx.prevent.online.pool_watch import watch_of
from phalanx.prevent.online.raised import RaisedList, Shown
from phalanx.prevent.online.rows import USED
from phalanx.prevent.online.statistics import STATISTICS, SUMS
from phalanx.prevent.online.watch import Watch
from phalanx.prevent.state.snapshot import index_rows

FORMAT = "phalanx.gateway-watch/1"
_DAMAGED = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, RuntimeError, SyntaxError,
    TypeError, ValueError, struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What archives, heads of arrays and their contents raise that are not what they should be."""

_LATEST_US = 1 << 60
"""In the year 38,500: no clock says so, and sums with it hold in 64 bits."""


def write_watch(watch: Watch, key_id: str, path: Path) -> None:
    """Write what a watch has seen, whole or not at all, for its owner alone.

    Answers wait while it is copied: about 60 bytes an account.

    Parameters:
        watch: That goes on meanwhile.
        key_id: Name of the key under which accounts are hashed.
        path: Of the file.

    Raises:
        InputError: If it cannot be written.
    """
    with watch.lock:
        used = int(watch.rows.tally[USED])
        pools = list(watch.pools.values())
        head = {
            "format": FORMAT,
            "reference": watch.reference.digest,
            "key_id": key_id,
            "began_us": watch.began_us,
            "latest_us": watch.latest_us,
            "epoch": watch.epoch,
            "pools": [
                {"name": each.name, "scan": each.scan, "after_us": each.after_us,
                 "accounts": each.accounts}
                for each in pools
            ],
            "raised_accounts": _list_of(watch.raised_accounts),
            "raised_pools": _list_of(watch.raised_pools),
        }  # fmt: skip
        arrays: dict[str, npt.NDArray[Any]] = {
            "tally": watch.rows.tally.copy(),
            "identity": watch.rows.identity[:used].copy(),
            "sums": watch.rows.sums[:used].copy(),
            "rank": watch.rows.rank[:used].copy(),
            "pool_sums": np.concatenate([np.empty((0, SUMS), np.float32)]
                                        + [each.sums for each in pools]),
            "pool_rank": np.concatenate([np.empty((0, len(STATISTICS)), np.uint8)]
                                        + [each.rank for each in pools]),
        }  # fmt: skip
    said = np.frombuffer(json.dumps(head).encode(), np.uint8)
    try:
        with written_whole(path) as aside, aside.open("wb") as file:
            np.savez(file, allow_pickle=False, head=said, **arrays)
    except OSError as error:
        message = f"{path}: the watch cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Make room, or name another folder.") from error


def read_watch(watch: Watch, key_id: str, path: Path) -> None:
    """Fill a watch that has seen nothing from a file.

    Parameters:
        watch: With the reference that the file was made with.
        key_id: Name of the key under which accounts are hashed now.
        path: Of the file.

    Raises:
        InputError: If it cannot be read, or is no watch.
        ConfigError: If it was made with another reference, or under another key: its evidence
            cannot be continued.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        head: dict[str, Any] = json.loads(arrays["head"].tobytes())
        _fill(watch, head, arrays, key_id, path)
    except OSError as error:
        message = f"{path}: the watch cannot be read: {reason_of(error)}"
        raise InputError(message, next_step="Name the file of a watch.") from error
    except _DAMAGED as error:
        message = f"{path}: no watch of the gateway: it is damaged, or another file"
        raise InputError(message, next_step="Name another file; a new watch begins there.") from (
            error
        )


def _fill(
    watch: Watch,
    head: dict[str, Any],
    arrays: dict[str, npt.NDArray[Any]],
    key_id: str,
    path: Path,
) -> None:
    if head["format"] != FORMAT:
        raise ValueError(head["format"])
    for name, now in (("reference", watch.reference.digest), ("key_id", key_id)):
        if head[name] != now:
            message = f"{path}: the watch was made with another {name.replace('_id', '')}"
            raise ConfigError(message, next_step="Name that one, or another file.")
    rows, used = watch.rows, len(arrays["identity"])
    ranks = watch.reference.thresholds.shape[1]
    if used > rows.capacity or int(arrays["tally"][USED]) != used:
        message = "rows"
        raise ValueError(message)
    for name in ("identity", "sums", "rank"):
        getattr(rows, name)[:used] = _like(arrays[name], getattr(rows, name), used)
    np.minimum(rows.rank, ranks, out=rows.rank)
    rows.tally[:] = arrays["tally"]
    index_rows(rows.identity, rows.index, used)
    begin = 0
    for said in head["pools"]:
        made = watch_of(said["name"], said["scan"], said["after_us"], said["accounts"], ranks)
        part = slice(begin, begin + len(made.accounts))
        made.sums[:] = _like(arrays["pool_sums"][part], made.sums, len(made.accounts))
        made.rank[:] = np.minimum(arrays["pool_rank"][part], ranks)
        watch.take_up(made)
        begin = part.stop
    _set_clock(watch, head)
    for held, shown in (
        (watch.raised_accounts, head["raised_accounts"]),
        (watch.raised_pools, head["raised_pools"]),
    ):
        _take_up(held, shown)


def _set_clock(watch: Watch, head: dict[str, Any]) -> None:
    began_us, latest_us, epoch = head["began_us"], int(head["latest_us"]), int(head["epoch"])
    began = latest_us if began_us is None else int(began_us)
    if not (0 <= began <= latest_us <= _LATEST_US and 0 <= epoch <= _LATEST_US):
        message = "moments"
        raise ValueError(message)
    watch.began_us, watch.latest_us, watch.epoch = began_us, latest_us, epoch
    if began_us is not None:
        # Where the clock was set back meanwhile, time goes on from here.
        watch.clock.latest_us = latest_us


def _take_up(held: RaisedList, shown: list[list[Any]]) -> None:
    for name, epoch, is_raised, said in shown:
        if not (isinstance(name, str) and math.isfinite(said["log10_e"])):
            message = "evidence"
            raise ValueError(message)
        held.evidence[name, int(epoch)] = Shown(**said)
        if is_raised:
            held.raised.add((name, int(epoch)))


def _like(values: npt.NDArray[Any], array: npt.NDArray[Any], rows: int) -> npt.NDArray[np.generic]:
    if values.dtype != array.dtype or values.shape != (rows, *array.shape[1:]):
        message = "another kind of array"
        raise ValueError(message)
    if not np.isfinite(values).all():
        message = "no numbers"
        raise ValueError(message)
    return values


def _list_of(held: RaisedList) -> list[list[Any]]:
    return [[*key, key in held.raised, asdict(shown)] for key, shown in held.evidence.items()]
