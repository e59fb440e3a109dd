"""What a broker decides: whether the key of a release goes to a machine, and that it is recorded.

A challenge is used once, whatever comes of it. The count rises and the decision is kept in one
transaction; then the decision is entered into the log; then the key is wrapped for the machine. A
break in between costs a use, and never hands out a key that is not in the log.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update

from phalanx.errors import (
    ConfigError,
    InputError,
    PhalanxError,
    PolicyError,
    ServiceError,
    VerificationError,
)
from phalanx.release.attested import CHALLENGE_BYTES, KeyRequest, bound_to, nonce_of
from phalanx.release.broker.policy import TokenPolicy, rules_text, token_policy
from phalanx.release.broker.tables import CHALLENGES, DECISIONS, RELEASES
from phalanx.release.broker.tokens import refuse_token
from phalanx.release.demands import Trusted
from phalanx.release.encoding import from_text
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.envelopes.statement import (
    Digest,
    Moment,
    Predicate,
    Text,
    digest_of,
    parse_payload,
    payload_of,
)
from phalanx.release.logged.book import LogBook
from phalanx.release.packages.package import Package
from phalanx.release.packages.record import BROKERED
from phalanx.release.parties.identity import Identity
from phalanx.release.parties.party_keys import PartyKeys
from phalanx.release.sealing.wrapping import WRAPPED_BYTES, unwrap, wrap
from phalanx.serving.limits import LimitReachedError

CHALLENGE_SECONDS = 300
MOST_CHALLENGES = 100
"""Of one grant at a time."""


class Decision(Predicate):
    """What a broker decided on one request."""

    type_uri: ClassVar[str] = "urn:phalanx:release:key-decision:1"

    grant: Digest
    request: Digest
    """SHA-256 of the payload of the request."""

    outcome: Literal["released", "refused"]
    reason: Text
    use: int
    """Which use of the key it was, from 1; 0 where it was refused."""

    decided_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A broker that runs. Keys, time and chance come from here."""

    keys: PartyKeys
    engine: Engine
    book: LogBook
    now: Callable[[], datetime]
    random: Callable[[int], bytes]
    trusted: Callable[[], Trusted | None] = lambda: None
    """Fresh roots, if any were pinned: what they revoke is not handed out."""

    def add(self, package: Package, parties: tuple[Identity, Identity], said: TokenPolicy) -> None:
        """Take a release over, or another policy for one that was taken before.

        Parameters:
            package: Whose signatures were verified.
            parties: Issuer and recipient, as they were pinned.
            said: Under what its key is handed out.

        Raises:
            PolicyError: If its key is not with a broker.
            VerificationError: If it is with another one.
        """
        grant, record = package.agreed.digest, package.record
        if record.wrapping != BROKERED:
            message = "the key of the release is in the release, not with a broker"
            raise PolicyError(message, next_step="Seal it with --broker.")
        self._content_key(grant, record.wrapped)
        terms = package.agreed.grant.terms
        row = {
            "record_digest": package.digest,
            "issuer": json.dumps(parties[0].as_json()),
            "recipient": json.dumps(parties[1].as_json()),
            "wrapped_key": record.wrapped_key,
            "rules": rules_text(said.rules),
            "key_set": said.key_set,
            "begins_at": terms.begins_at.isoformat(),
            "expires_at": terms.expires_at.isoformat(),
            "most_releases": said.rules.most_releases,
        }
        with self.engine.begin() as connection:
            changed = connection.execute(
                update(RELEASES).where(RELEASES.c.grant_digest == grant).values(**row)
            )
            if not changed.rowcount:
                connection.execute(insert(RELEASES).values(grant_digest=grant, released=0, **row))

    def challenge(self, grant: str) -> bytes:
        """Return a new challenge for a release.

        Raises:
            InputError: If there is no such release.
            LimitReachedError: If too many of its challenges wait.
        """
        now = int(self.now().timestamp())
        made = self.random(CHALLENGE_BYTES)
        with self.engine.begin() as connection:
            connection.execute(delete(CHALLENGES).where(CHALLENGES.c.expires_at <= now))
            self._release(connection, grant, alone=True)
            waiting = select(func.count()).where(CHALLENGES.c.grant_digest == grant)
            if connection.execute(waiting).scalar_one() >= MOST_CHALLENGES:
                raise LimitReachedError(limit="release", wait_seconds=CHALLENGE_SECONDS)
            connection.execute(
                insert(CHALLENGES).values(
                    challenge=made.hex(), grant_digest=grant, expires_at=now + CHALLENGE_SECONDS
                )
            )
        return made

    def release(self, envelope: Envelope, token: str) -> tuple[bytes, Decision]:
        """Hand out the key of a release to an attested machine.

        Parameters:
            envelope: The recipient's request.
            token: Of the attester.

        Returns:
            The key, wrapped for the machine, and the decision, which is in the log.

        Raises:
            VerificationError: If nobody who may ask signed the request; nothing is recorded.
            PolicyError: If it is refused; the decision is in the log.
            InputError: If there is no such release.
        """
        said, _, grant = parse_payload(envelope.payload, KeyRequest, "the request")
        with self.engine.connect() as connection:
            row = self._release(connection, said.grant)
        recipient = Identity.from_json(json.loads(row["recipient"]))
        envelope.refuse_unsigned(recipient, "the request")
        if grant != said.grant or said.recipient.fingerprint != recipient.fingerprint:
            message = "the request contradicts itself"
            raise VerificationError(message, next_step="Ask with the keys that the grant names.")
        machine = said.wrapping_key
        try:
            self._refuse_unfit(said, row, recipient, token)
        except (PolicyError, VerificationError) as error:
            self._record(envelope, said, "refused", str(error), use=0)
            raise PolicyError(str(error), next_step=error.next_step) from error
        use = self._count(said.grant)
        if use is None:
            reason = "the key was handed out as often as the policy allows"
            self._record(envelope, said, "refused", reason, use=0)
            raise PolicyError(reason, next_step="Ask the issuer for more.")
        decision = self._record(envelope, said, "released", "all rules are met", use=use)
        content_key = self._content_key(
            said.grant, from_text(row["wrapped_key"], "a key", WRAPPED_BYTES)
        )
        try:
            wrapped = wrap(
                content_key,
                machine,
                purpose="attested",
                bound_to=bound_to(said.grant, bytes.fromhex(said.challenge)),
            )
        except ValueError as error:
            message = "nothing can be wrapped for the key of the machine"
            raise PolicyError(message, next_step="Make another one.") from error
        return wrapped, decision

    def _refuse_unfit(
        self, said: KeyRequest, row: RowMapping, recipient: Identity, token: str
    ) -> None:
        now = self.now()
        if not self._use_challenge(said, now):
            message = "the challenge was used, is over, or is of another release"
            raise PolicyError(message, next_step="Ask for a new one.")
        policy = token_policy(json.loads(row["rules"]), row["key_set"].encode())
        begins, expires = (
            datetime.fromisoformat(row[name]) for name in ("begins_at", "expires_at")
        )
        if not begins <= now < min(expires, policy.rules.not_after):
            message = "the grant or the policy of the broker is over, or has not begun"
            raise PolicyError(message, next_step="Ask the issuer for a new grant.")
        if abs(now - said.asked_at) > timedelta(seconds=CHALLENGE_SECONDS):
            message = "the request is of another time"
            raise PolicyError(message, next_step="Compare the clocks.")
        if (trusted := self._trusted()) is not None:
            issuer = Identity.from_json(json.loads(row["issuer"]))
            trusted.roots.refuse_untrusted(issuer, recipient, said.grant, now)
        if said.token != _digest(token):
            message = "the token is not the one that the request names"
            raise PolicyError(message, next_step="Send both as they were made.")
        nonce = nonce_of(bytes.fromhex(said.challenge), said.receiving_bytes)
        refuse_token(token, policy, nonce, now)

    def _use_challenge(self, said: KeyRequest, now: datetime) -> bool:
        with self.engine.begin() as connection:
            used = connection.execute(
                delete(CHALLENGES).where(
                    CHALLENGES.c.challenge == said.challenge,
                    CHALLENGES.c.grant_digest == said.grant,
                    CHALLENGES.c.expires_at > int(now.timestamp()),
                )
            )
        return used.rowcount == 1

    def _count(self, grant: str) -> int | None:
        """Count one use, unless all are used; the database does both in one step."""
        with self.engine.begin() as connection:
            counted = connection.execute(
                update(RELEASES)
                .where(
                    RELEASES.c.grant_digest == grant,
                    RELEASES.c.released < RELEASES.c.most_releases,
                )
                .values(released=RELEASES.c.released + 1)
                .returning(RELEASES.c.released)
            ).scalar_one_or_none()
        return None if counted is None else int(counted)

    def _record(
        self,
        envelope: Envelope,
        said: KeyRequest,
        outcome: Literal["released", "refused"],
        reason: str,
        *,
        use: int,
    ) -> Decision:
        decision = Decision(
            grant=said.grant,
            request=digest_of(envelope.payload),
            outcome=outcome,
            reason=reason,
            use=use,
            decided_at=self.now().replace(microsecond=0),
        )
        payload = payload_of(decision, "grant", said.grant)
        signed = Envelope(payload=payload).signed(self.keys.signing)
        with self.engine.begin() as connection:
            connection.execute(
                insert(DECISIONS).values(
                    grant_digest=said.grant, outcome=outcome, statement=signed.as_bytes().decode()
                )
            )
        try:
            self.book.enter((digest_of(payload),), self.random, int(self.now().timestamp()))
        except PhalanxError as error:
            raise ServiceError(str(error), next_step=error.next_step) from error
        return decision

    def _trusted(self) -> Trusted | None:
        try:
            return self.trusted()
        except (InputError, ConfigError) as error:
            raise ServiceError(str(error), next_step=error.next_step) from error

    def _content_key(self, grant: str, wrapped: bytes) -> bytes:
        return unwrap(wrapped, self.keys.receiving, purpose="broker", bound_to=bytes.fromhex(grant))

    @staticmethod
    def _release(connection: Connection, grant: str, *, alone: bool = False) -> RowMapping:
        wanted = select(RELEASES).where(RELEASES.c.grant_digest == grant)
        # Who counts the challenges of a release is alone with it, also where rows are locked.
        row = connection.execute(wanted.with_for_update() if alone else wanted).mappings()
        if (found := row.one_or_none()) is None:
            message = "there is no such release here"
            raise InputError(message, next_step="Ask the issuer which broker has its key.")
        return found


def _digest(token: str) -> str:
    return digest_of(token.encode(errors="replace"))
