"""The pool as a member reaches it, through the hub."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeVar

import msgspec

from phalanx.errors import InputError, VerificationError
from phalanx.share.asking import Reply
from phalanx.share.client.server import TaxiiServer
from phalanx.share.pool.refusals import IS_OVER, SENT_BEFORE, refusal_in, refusal_of
from phalanx.share.pool.rounds import Round
from phalanx.share.pool.telling import Rule

_ROUNDS = "/x-pool/rounds/"
_MOST = msgspec.Meta(max_length=10_000)
_Answer = TypeVar("_Answer")


class _Shown(msgspec.Struct, frozen=True):
    name: str
    epoch: int
    closes_at: datetime
    slots: int
    rule: Rule
    submitted: bool
    evaluated: bool


class _Rounds(msgspec.Struct, frozen=True):
    rounds: Annotated[tuple[_Shown, ...], _MOST]


class ToldToken(msgspec.Struct, frozen=True):
    """What the member is told of a token, see `phalanx.share.pool.telling.Told`."""

    token: str
    without_you: bool
    without_any_one: bool
    under_any_dependence: bool


class _Report(msgspec.Struct, frozen=True):
    round: str
    told: Annotated[tuple[ToldToken, ...], _MOST]


class PoolServer:
    """The pool of a hub.

    Parameters:
        server: The hub, as `phalanx.share.client` connects to it.
    """

    def __init__(self, server: TaxiiServer) -> None:
        """Ask nothing yet."""
        self._server = server

    def open_round(self, name: str, now: datetime) -> Round:
        """Return what is agreed for a round in which the member may submit now.

        Raises:
            InputError: If there is no such round.
            PolicyError: If it is over, or the member has submitted.
            PhalanxError: As `TaxiiServer.ask`.
        """
        shown = _read(_Rounds, self._ask("GET", _ROUNDS).body).rounds
        for each in shown:
            if each.name == name:
                if each.submitted:
                    raise refusal_of(SENT_BEFORE)
                if each.evaluated or each.closes_at <= now:
                    raise refusal_of(IS_OVER)
                return Round(
                    name=name,
                    epoch=each.epoch,
                    closes_at=each.closes_at,
                    slots=each.slots,
                    rule=each.rule,
                )
        open_now = ", ".join(each.name for each in shown if not each.evaluated) or "none"
        message = f"{name[:70]}: the pool has no such round"
        raise InputError(message, next_step=f"Name one that is open: {open_now}.")

    def submit(self, name: str, batch: bytes) -> None:
        """Send the member's batch of a round; the same again changes nothing.

        Raises:
            NotTakenError: If the pool has not taken it.
            PhalanxError: As `TaxiiServer.ask`; then it may have been taken.
        """
        self._ask("PUT", f"{_ROUNDS}{name}/batch/", batch)

    def report(self, name: str) -> tuple[ToldToken, ...]:
        """Return what the member is told of an evaluated round.

        Raises:
            PhalanxError: As `TaxiiServer.ask`.
        """
        return _read(_Report, self._ask("GET", f"{_ROUNDS}{name}/report/").body).told

    def _ask(self, method: str, path: str, content: bytes | None = None) -> Reply:
        reply = self._server.try_asking(method, path, content)
        if 200 <= reply.status < 300:
            return reply
        raise refusal_in(reply.body) or self._server.error_of(reply, path)


def _read(kind: type[_Answer], body: bytes) -> _Answer:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        message = "the pool's answer cannot be read"
        raise VerificationError(message, next_step="Check the address of the hub.") from error
