"""Exchanges written down as the native log that `phalanx scan` reads, with what was decided.

One JSON object a line, in files that end at a size and are for their owner alone. Identifiers stand
as the pseudonyms of the door, addresses and domains too: a scan of these files takes them as they
are (`--clear-identifiers`) and finds the accounts that the store knows. A scan ignores the columns
that begin with `gateway_`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import msgspec

from phalanx.errors import InputError, reason_of
from phalanx.owned import OWNER_ONLY
from phalanx.prevent.desk.exchange import Ending, Exchange

Hide = Callable[[str, str | None], str | None]
"""Column and identifier -> what stands for it, see `Door.hidden`."""


class ExchangeLog:
    """Writes exchanges into files of a folder, one after the other.

    Parameters:
        folder: Made if it is missing.
        most_bytes: Of a file; the exchange that exceeds it begins the next.
        hide: Hides what the door did not: addresses and domains.
        failed: Called with what went wrong where an exchange could not be written: what was decided
            holds all the same.
        now: The clock, for the names of files; moments have a time zone.

    Raises:
        InputError: If the folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        most_bytes: int,
        hide: Hide,
        failed: Callable[[InputError], None],
        now: Callable[[], datetime],
    ) -> None:
        """Open the first file."""
        self._folder = folder
        self._most_bytes = most_bytes
        self._hide = hide
        self._failed = failed
        self._now = now
        self._lock = Lock()
        self._encoder = msgspec.json.Encoder()
        self._descriptor: int | None = None
        self._written = 0
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._begin()
        except OSError as error:
            message = f"{folder}: exchanges cannot be written there: {reason_of(error)}"
            raise InputError(message, next_step="Name a folder that can be written.") from error

    def write(self, exchange: Exchange, ending: Ending) -> None:
        """Write down an exchange that has ended."""
        line = self._encoder.encode(record_of(exchange, ending, self._hide)) + b"\n"
        with self._lock:
            try:
                self._put(line, self._file_for(len(line)))
            except OSError as error:
                # A line that was cut is rejected by a scan: the next one begins a new file.
                self._end()
                message = f"{self._folder}: an exchange was not written: {reason_of(error)}"
                self._failed(InputError(message, next_step="Make room."))

    def close(self) -> None:
        """End the last file."""
        with self._lock:
            self._end()

    def _file_for(self, size: int) -> int:
        """Return the file that a line of so many bytes goes into."""
        is_full = self._written > 0 and self._written + size > self._most_bytes
        return self._begin() if self._descriptor is None or is_full else self._descriptor

    def _begin(self) -> int:
        self._end()
        moment = self._now().astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = self._folder / f"exchanges-{moment}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open(path, flags, OWNER_ONLY)
        self._written = os.fstat(self._descriptor).st_size
        return self._descriptor

    def _put(self, line: bytes, descriptor: int) -> None:
        left = memoryview(line)
        while left:
            count = os.write(descriptor, left)
            self._written += count
            left = left[count:]

    def _end(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._written = None, 0


def record_of(exchange: Exchange, ending: Ending, hide: Hide) -> dict[str, object]:
    """Return a line of the log, without what is not known.

    Parameters:
        exchange: As it was decided.
        ending: As it ended.
        hide: Hides addresses and domains; accounts and owners were hidden at the door.
    """
    request, decision = exchange.request, exchange.decision
    prompt = request.prompt
    if exchange.messages is not None:
        prompt = msgspec.json.encode(exchange.messages).decode()
    said: dict[str, object] = {
        "timestamp": exchange.arrived_at,
        "exchange_id": request.exchange_id,
        "account_id": request.account_id,
        "organisation": request.organisation,
        "model": request.model,
        "prompt": prompt,
        "system_prompt": None if exchange.messages is not None else request.system_prompt,
        "endpoint": request.endpoint,
        "client_ip": hide("client_ip", request.client_ip),
        "asn": request.asn,
        "country": request.country,
        "user_agent": request.user_agent,
        "email_domain": hide("email_domain", request.email_domain),
        "account_created_at": request.account_created_at,
        "max_tokens": request.max_tokens,
        "n": request.n,
        "temperature": request.temperature,
        "logprobs": request.logprobs,
        "stream": request.stream,
        "status": ending.status,
        "output_tokens": ending.output_tokens,
        "gateway_how": ending.how,
        "gateway_value": ending.value,
        "gateway_action": decision.action,
        "gateway_in_force": decision.in_force,
        "gateway_stage": decision.stage,
        "gateway_reasons": [each.code for each in decision.reasons],
        "gateway_rules": [each.rule for each in decision.reasons if each.rule],
        "gateway_key_id": decision.key_id,
        "gateway_grants": decision.grants or None,
        "gateway_appeal": decision.appeal or None,
        "gateway_policy_digest": decision.policy_digest,
    }
    return {name: value for name, value in said.items() if value is not None}
